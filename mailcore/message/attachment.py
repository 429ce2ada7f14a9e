"""Attachments: files, and images that the HTML shows."""

from __future__ import annotations

import base64
import os
import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mailcore.errors import (
    InvalidMessage,
    InvalidMessageType,
    MessageError,
    Problem,
    raise_problems,
)
from mailcore.foundation.redaction import shown_size
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.calendar_method import CALENDAR, with_method
from mailcore.message.content_id import content_id_of, url_of
from mailcore.message.content_type import content_and_type, mime_type_of
from mailcore.message.documents import require_keys
from mailcore.message.files import names_the_file, read_file
from mailcore.message.mime_objects import is_mime_object


if TYPE_CHECKING:
    from email.message import Message as StdlibMessage

    from mailcore.message.mime_parts import Described

__all__ = ["Attachment", "Disposition", "inline_image"]

Disposition = Literal["attachment", "inline"]
"""How a part is meant: as a file, or to be shown within the message."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_FROM_PATH = "use Attachment.from_path(path), which reads the file"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """
    A file that comes with a message, or an image shown within its HTML.

    Args:
        filename: The name that the recipient sees; None for a part without a name.
        content: Bytes, or text, which is encoded in the charset of its type: see
            :mod:`mailcore.message.content_type`.
        content_type: ``type/subtype`` with parameters; if not given, what the file name says
            (:mod:`mailcore.message.file_types`), and of a picture whose name says nothing, what its
            first bytes say (:mod:`mailcore.message.image_types`).
        content_id: What the HTML refers to as ``cid:…``, with or without that scheme or angle
            brackets; makes the attachment inline unless `disposition` says otherwise. Each part
            of a message has its own.
        disposition: How mail programs show the file: ``attachment`` below the text, ``inline`` in
            it.

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
        name = _filename(filename, problems)
        data, kind = content_and_type(content, content_type, name, problems)
        if is_text(content) and names_the_file(plain_text(content), name):
            reason = "content of the attachment is the name of a file, not what is in it"
            problems.append(Problem("content", reason, _FROM_PATH))
        if "method" in kind.lower() and mime_type_of(kind) == CALENDAR:
            kind = with_method(kind, data.decode("utf-8", "replace"), problems)
        if content_id is not None:
            content_id = content_id_of(content_id, problems)
        if disposition is None:
            disposition = "inline" if content_id is not None else "attachment"
        else:
            disposition = _disposition(disposition, problems)
        if problems:
            raise_problems(problems, InvalidMessage)
        vars(self).update(
            filename=name,
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
    def cid_url(self) -> str:
        """
        What the HTML shows it by: ``cid:`` and the Content-ID, encoded for a URL (RFC 2392).

        Raises:
            InvalidMessage: It has no Content-ID.
        """
        if self.content_id is None:
            reason = "the attachment has no Content-ID that HTML could name"
            hint = "make it with inline_image(...), or give content_id"
            raise InvalidMessage([Problem("content_id", reason, hint)])
        return url_of(self.content_id)

    @property
    def mime_type(self) -> str:
        """``type/subtype`` in lower case, without parameters."""
        return mime_type_of(self.content_type)

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
        name, content = read_file(path)
        return cls(name, content, content_type, content_id=content_id, disposition=disposition)

    @classmethod
    def inline_image(
        cls,
        filename: str | None,
        content: bytes,
        content_type: str | None = None,
        *,
        content_id: str | None = None,
    ) -> Attachment:
        """
        An image for the HTML: ``f'<img src="{image.cid_url}">'``.

        :func:`mailcore.inline_image` is the shorter way, and reads files.

        Raises:
            InvalidMessage: With everything that is wrong; also if neither the arguments nor the
                content say what kind of picture it is.
        """
        # A constant domain: the host's name is nobody's business.
        made = f"{os.urandom(12).hex()}@inline"
        image = cls(
            filename, content, content_type, content_id=content_id or made, disposition="inline"
        )
        if content_type is None and not image.mime_type.startswith("image/"):
            reason = "neither the file name nor the content say what kind of image it is"
            hint = "give content_type, for example 'image/png'"
            raise InvalidMessage([Problem("content_type", reason, hint)])
        return image

    @classmethod
    def from_message(
        cls,
        message: bytes | bytearray | memoryview | StdlibMessage[Any, Any],
        filename: str | None = None,
    ) -> Attachment:
        """
        Forward a message as ``message/rfc822``: its octets, whatever they are.

        Line ends become CRLF, and the line is dropped that mbox files put before a message. An
        object of the standard library is not written anew: a signature in it stays valid.

        Raises:
            InvalidMessage: The object cannot be written.
        """
        from email.message import Message as StdlibMessage

        from mailcore.message.forwarding import octets_of, with_crlf

        if isinstance(message, StdlibMessage):
            message = octets_of(message)
        elif not isinstance(message, (bytes, bytearray, memoryview)):
            reason = f"a forwarded message must be bytes, not {type(message).__name__}"
            raise InvalidMessageType([Problem("attachments", reason, kind="type")])
        return cls(filename, with_crlf(bytes(message)), "message/rfc822")

    @classmethod
    def from_mime(cls, part: StdlibMessage[Any, Any]) -> Attachment:
        """
        Take over a part that was made with the standard library.

        :mod:`mailcore.message.mime_parts` says what becomes of it.
        ``attachments=[part]`` does the same.

        Args:
            part: ``MIMEPart``, ``MIMEImage``, ``MIMEBase`` and the like; no mail with a header of
                its own and no multipart.

        Raises:
            InvalidMessage: With everything about it that an attachment cannot hold.
        """
        from mailcore.message.mime_parts import described_object

        if not is_mime_object(part):
            reason = f"a part must be an object of `email.message`, not {type(part).__name__}"
            raise InvalidMessageType([Problem("attachments", reason, kind="type")])
        return attachment_of(described_object(part))

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
        require_keys(data, "an attachment", "attachments", (*known, "disposition"))
        content: Any = data.get("content", "")
        if "content_base64" in data:
            encoded = data["content_base64"]
            try:
                text = plain_text(encoded) if is_text(encoded) else encoded
                content = base64.b64decode(text, validate=True)
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


def inline_image(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    content_id: str | None = None,
) -> Attachment:
    """
    An image that the HTML of a message shows, with a Content-ID of its own.

    Args:
        source: The path of a file, or the image itself.
        filename: What the recipient sees; if not given, the name of the file, and none for bytes.
        content_type: If not given, what the file name says, and else what the first bytes say.
        content_id: If not given, a random one. For HTML that is kept in a file, give it.

    Returns:
        What goes into ``attachments``; its ``cid_url`` goes into the HTML.

    Raises:
        InvalidMessage: The file cannot be read, it is no image, or an argument is wrong.

    Example:
        >>> image = inline_image(b"GIF89a", content_id="dot@shop")
        >>> f'<img src="{image.cid_url}" alt="">', image.content_type
        ('<img src="cid:dot@shop" alt="">', 'image/gif')
    """
    content: bytes | bytearray | memoryview
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = source
    else:
        name, content = read_file(source)
        filename = name if filename is None else filename
    return Attachment.inline_image(filename, bytes(content), content_type, content_id=content_id)


def attachment_of(part: Described) -> Attachment:
    """
    Make an attachment of a part of a mail.

    Raises:
        InvalidMessage: With everything about it that an attachment cannot hold.
    """
    problems = list(part.problems)
    try:
        attachment = Attachment(
            part.filename,
            part.content,
            part.content_type,
            content_id=part.content_id,
            disposition=part.disposition,
        )
    except MessageError as error:
        problems += error.problems
    if problems:
        raise_problems(problems, InvalidMessage)
    return attachment


def _filename(filename: object, problems: list[Problem]) -> str | None:
    if filename is None:
        return None
    if not is_text(filename):
        reason = f"file name must be str, not {type(filename).__name__}"
        hint = _FROM_PATH if isinstance(filename, os.PathLike) else ""
        problems.append(Problem("filename", reason, hint, kind="type"))
        return None
    name = plain_text(filename)
    if not name or len(name) > 255:
        problems.append(Problem("filename", "file name must have 1 to 255 characters"))
    else:
        control = _CONTROL.search(name)
        if control:
            code = f"U+{ord(control.group()):04X}"
            problems.append(Problem("filename", f"file name holds the character {code}"))
    return name


def _disposition(given: object, problems: list[Problem]) -> Disposition | None:
    text = plain_text(given) if is_text(given) else None
    if text == "inline":
        return "inline"
    if text == "attachment":
        return "attachment"
    reason = f"disposition must be 'attachment' or 'inline', not <{shown_size(given)}>"
    problems.append(Problem("disposition", reason))
    return None
