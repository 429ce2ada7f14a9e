"""Attachments and alternative bodies."""

from __future__ import annotations

import base64
import os
import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mailcore.errors import InvalidMessage, InvalidMessageType, Problem, raise_problems
from mailcore.redaction import shown_size, shown_text
from mailcore.suggesting import unknown as unknown_name


if TYPE_CHECKING:
    from email.message import Message as StdlibMessage
    from pathlib import Path

Disposition = Literal["attachment", "inline"]

_ATOM = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_MIME_TYPE = re.compile(rf"{_ATOM}/{_ATOM}")
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*(?P<name>{_ATOM})[ \t]*=[ \t]*(?:\"(?P<quoted>[^\"\\]*)\"|(?P<bare>{_ATOM}))"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTENT_ID = re.compile(r"[!-;=?-~]+")

# Neither can be folded everywhere, and a line holds 998 octets (RFC 5322, section 2.1.1).
_MAX_CONTENT_TYPE = 900
_MAX_CONTENT_ID = 900

_FROM_PATH = "use Attachment.from_path(path), which reads the file"
# How much of a path, and how many keys, an error shows.
_LONGEST_PATH = 300
_MOST_UNKNOWN_KEYS = 5


def parameters_of(content_type: str) -> dict[str, str]:
    """Parameters of a content type, names in lower case: ``text/plain; charset=x`` → charset."""
    start = _MIME_TYPE.match(content_type)
    return _parameters(content_type, start.end() if start else 0)[0]


def _parameters(content_type: str, position: int) -> tuple[dict[str, str], int]:
    """The parameters from *position* on, and where they end."""
    found: dict[str, str] = {}
    while match := _PARAMETER.match(content_type, position):
        quoted = match["quoted"]
        found[match["name"].lower()] = match["bare"] if quoted is None else quoted
        position = match.end()
    return found, position


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """
    A file that comes with a message, or an image shown within its HTML.

    Args:
        filename: As the recipient sees it; None for a part without a name.
        content: Bytes; text becomes UTF-8, and its content type says so.
        content_type: ``type/subtype`` with parameters; guessed from the file name if not given.
        content_id: What the HTML refers to as ``cid:…``, without angle brackets; makes the
            attachment inline unless `disposition` says otherwise.
        disposition: ``attachment`` or ``inline``.

    Raises:
        InvalidMessage: With everything that is wrong.
    """

    filename: str | None
    content: bytes = field(repr=False)
    content_type: str
    content_id: str | None
    disposition: Disposition

    def __init__(
        self,
        filename: str | None,
        content: bytes | bytearray | memoryview | str,
        content_type: str | None = None,
        *,
        content_id: str | None = None,
        disposition: Disposition | None = None,
    ) -> None:
        problems: list[Problem] = []
        is_text = isinstance(content, str)
        data = _bytes_of(content, problems)
        _check_filename(filename, problems)
        if is_text and _names_the_file(content, filename):
            reason = "content of the attachment is the name of a file, not what is in it"
            problems.append(Problem("content", reason, _FROM_PATH))
        kind = _content_type(filename, content_type, problems, is_text=is_text)
        given: object = disposition
        if given not in (None, "attachment", "inline"):
            reason = f"disposition must be 'attachment' or 'inline', not <{shown_size(given)}>"
            problems.append(Problem("disposition", reason))
        content_id = _content_id(content_id, problems)
        if disposition is None:
            disposition = "inline" if content_id is not None else "attachment"
        if problems:
            raise_problems(problems, InvalidMessage)
        vars(self).update(
            filename=filename,
            content=data,
            content_type=kind,
            # Clients treat a part with a Content-ID as an image of the HTML and hide it from
            # the list of files, so a plain attachment has none.
            content_id=content_id if disposition == "inline" else None,
            disposition=disposition,
        )

    @property
    def inline(self) -> bool:
        """Whether it is shown within the message."""
        return self.disposition == "inline"

    @property
    def mime_type(self) -> str:
        """``type/subtype`` in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @classmethod
    def from_path(
        cls,
        path: str | os.PathLike[str],
        content_type: str | None = None,
        *,
        content_id: str | None = None,
        disposition: Disposition | None = None,
    ) -> Attachment:
        """
        Read a file.

        Raises:
            InvalidMessage: If it cannot be read, naming the file.
        """
        from pathlib import Path

        try:
            file = Path(path)
        except TypeError:
            reason = f"path of an attachment must be str or PathLike, not {type(path).__name__}"
            raise InvalidMessageType([Problem("attachments", reason, kind="type")]) from None
        try:
            content = file.read_bytes()
        except (OSError, ValueError) as error:
            # Not chained: the cause repeats the path, with whatever stands in it.
            why = getattr(error, "strerror", None) or "it is no path"
            path_shown = file.name or str(file) if file.is_absolute() else str(file)
            reason = f"cannot read attachment '{_shown_path(path_shown)}': {why}"
            raise InvalidMessage([Problem("attachments", reason, _path_hint(file))]) from None
        return cls(file.name, content, content_type, content_id=content_id, disposition=disposition)

    @classmethod
    def inline_image(
        cls,
        filename: str | None,
        content: bytes,
        content_type: str | None = None,
        *,
        content_id: str | None = None,
    ) -> Attachment:
        """An image for the HTML: ``f'<img src="cid:{image.content_id}">'``."""
        # A constant domain: the host's name is nobody's business.
        made = f"{os.urandom(12).hex()}@inline"
        return cls(
            filename, content, content_type, content_id=content_id or made, disposition="inline"
        )

    @classmethod
    def from_message(
        cls, message: bytes | StdlibMessage[Any, Any], filename: str | None = None
    ) -> Attachment:
        """Forward a message as ``message/rfc822``; its line ends become CRLF."""
        from email.message import Message as StdlibMessage

        if isinstance(message, StdlibMessage):
            message = message.as_bytes()
        if not isinstance(message, bytes):
            reason = f"a forwarded message must be bytes, not {type(message).__name__}"
            raise InvalidMessageType([Problem("attachments", reason, kind="type")])
        data = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
        return cls(filename, data, "message/rfc822")

    def to_dict(self) -> dict[str, object]:
        """Plain JSON, the content in base64."""
        return {
            "filename": self.filename,
            "content_base64": base64.b64encode(self.content).decode("ascii"),
            "content_type": self.content_type,
            "content_id": self.content_id,
            "disposition": self.disposition,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attachment:
        """
        Read :meth:`to_dict`'s output; ``content`` may give text instead of ``content_base64``.

        Raises:
            InvalidMessage: If a key is unknown or a value cannot be read.
        """
        known = ("filename", "content", "content_base64", "content_type", "content_id")
        _require_keys(data, "an attachment", "attachments", (*known, "disposition"))
        content: Any = data.get("content", "")
        if "content_base64" in data:
            try:
                content = base64.b64decode(data["content_base64"], validate=True)
            except (ValueError, TypeError):
                reason = "content_base64 of an attachment is not base64"
                raise InvalidMessage([Problem("attachments", reason)]) from None
        return cls(
            data.get("filename"),
            content,
            data.get("content_type"),
            content_id=data.get("content_id"),
            disposition=data.get("disposition"),
        )


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """
    A further form of the body: a calendar invitation, AMP.

    Args:
        content: The text.
        content_type: ``type/subtype`` with parameters, such as ``text/calendar; method=REQUEST``.
            The charset is always UTF-8.

    Raises:
        InvalidMessage: With everything that is wrong.
    """

    content: str = field(repr=False)
    content_type: str

    def __init__(self, content: str, content_type: str) -> None:
        problems: list[Problem] = []
        if not isinstance(content, str):
            reason = f"content of an alternative must be str, not {type(content).__name__}"
            problems.append(Problem("alternatives", reason, kind="type"))
        elif not _encodable(content):
            problems.append(Problem("alternatives", "content holds a lone surrogate"))
        if content_type is None:
            reason = "content_type of an alternative must be str, not NoneType"
            problems.append(Problem("alternatives", reason, kind="type"))
        kind = _content_type(None, content_type, problems, is_text=False)
        if problems:
            raise_problems(problems, InvalidMessage)
        vars(self).update(content=content, content_type=kind)

    @property
    def mime_type(self) -> str:
        """``type/subtype`` in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {"content": self.content, "content_type": self.content_type}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
        """
        Read :meth:`to_dict`'s output.

        Raises:
            InvalidMessage: If a key is unknown or a value cannot be read.
        """
        _require_keys(data, "an alternative", "alternatives", ("content", "content_type"))
        return cls(data.get("content", ""), data.get("content_type", ""))


def _require_keys(data: object, kind: str, field: str, known: tuple[str, ...]) -> None:
    if not isinstance(data, Mapping):
        reason = f"{kind} must be a mapping, not {type(data).__name__}"
        raise InvalidMessageType([Problem(field, reason, kind="type")])
    unknown = [key for key in data if key not in known]
    if unknown:
        told = [f"{kind} has no key {unknown_name(key, known)}" for key in unknown]
        raise InvalidMessage([Problem(field, text) for text in told[:_MOST_UNKNOWN_KEYS]])


def _names_the_file(content: object, filename: object) -> bool:
    """Whether a text is a path of that name: nobody attaches a file that says its own name."""
    if not isinstance(filename, str) or not filename or not isinstance(content, str):
        return False
    return len(content) <= _LONGEST_PATH and re.split(r"[/\\]", content.strip())[-1] == filename


def _path_hint(file: Path) -> str:
    """Where it was looked for, if that is not what the path says."""
    from pathlib import Path

    try:
        return "" if file.is_absolute() else f"looked for in {_shown_path(str(Path.cwd()))}"
    except OSError:
        return "the directory of this process is gone"


def _shown_path(path: str) -> str:
    return shown_text(path, _LONGEST_PATH)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bytes_of(content: object, problems: list[Problem]) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, (bytearray, memoryview)):
        return bytes(content)
    if isinstance(content, str):
        if _encodable(content):
            return content.encode("utf-8")
        problems.append(Problem("content", "content holds a lone surrogate"))
        return b""
    reason = f"content of an attachment must be bytes or str, not {type(content).__name__}"
    hint = _FROM_PATH if isinstance(content, os.PathLike) else "read the file first"
    problems.append(Problem("content", reason, hint, kind="type"))
    return b""


def _check_filename(filename: object, problems: list[Problem]) -> None:
    if filename is None:
        return
    if not isinstance(filename, str):
        reason = f"file name must be str, not {type(filename).__name__}"
        hint = _FROM_PATH if isinstance(filename, os.PathLike) else ""
        problems.append(Problem("filename", reason, hint, kind="type"))
    elif not filename or len(filename) > 255:
        problems.append(Problem("filename", "file name must have 1 to 255 characters"))
    else:
        control = _CONTROL.search(filename)
        if control:
            code = f"U+{ord(control.group()):04X}"
            problems.append(Problem("filename", f"file name holds the character {code}"))


def _content_type(
    filename: object, content_type: object, problems: list[Problem], *, is_text: bool
) -> str:
    if content_type is None:
        content_type = _guess(filename) or ("text/plain" if is_text else "application/octet-stream")
    if not isinstance(content_type, str):
        reason = f"content_type must be str, not {type(content_type).__name__}"
        problems.append(Problem("content_type", reason, kind="type"))
        return ""
    kind = content_type.strip(" \t").removesuffix(";").rstrip(" \t")
    start = _MIME_TYPE.match(kind)
    parameters, end = _parameters(kind, start.end()) if start else ({}, 0)
    if not start or end != len(kind) or _CONTROL.search(kind) or end > _MAX_CONTENT_TYPE:
        reason = f"content_type <{shown_size(content_type)}> is not type/subtype"
        problems.append(Problem("content_type", reason, "for example 'application/pdf'"))
        return ""
    if kind.lower().startswith("multipart/"):
        problems.append(
            Problem("content_type", "content_type multipart cannot be given as content")
        )
    if is_text and "charset" not in parameters:
        kind = f'{kind}; charset="utf-8"'
    return kind


def _guess(filename: object) -> str | None:
    if not isinstance(filename, str):
        return None
    import mimetypes

    # A path, because guess_type() takes a name such as "data:..." for a URL.
    guessed, encoding = mimetypes.guess_type(f"./{filename}")
    if encoding is not None:
        # The type of what is packed is not the type of the file.
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return guessed


def _content_id(content_id: object, problems: list[Problem]) -> str | None:
    if content_id is None:
        return None
    if not isinstance(content_id, str):
        reason = f"content_id must be str, not {type(content_id).__name__}"
        problems.append(Problem("content_id", reason, kind="type"))
        return None
    bare = content_id.removeprefix("<").removesuffix(">")
    if not _CONTENT_ID.fullmatch(bare) or len(bare) > _MAX_CONTENT_ID:
        reason = f"content_id <{shown_size(content_id)}> is not an RFC 2392 id"
        hint = f"up to {_MAX_CONTENT_ID} characters of printable ASCII without spaces and < >"
        problems.append(Problem("content_id", reason, hint))
        return None
    return bare
