"""
Forms as services post them: URL-encoded, and multipart with files. Both come from strangers.

Values stay bytes until somebody asks for text: a field may hold a mail, and mails have any bytes.

Reading ``multipart/form-data`` takes python-multipart: a plugin whose service posts such forms
depends on ``mailcore-esp[forms]``.

RFC 7578 and https://url.spec.whatwg.org/#urlencoded-parsing (from memory, 2026-11-21).
"""

from __future__ import annotations

import re

from binascii import a2b_qp
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from mailcore.errors import ConfigurationError, MalformedWebhook
from mailcore.foundation.computing import cached_property
from mailcore.webhook.request import WebhookRequest


MAX_FIELDS = 2_000
"""Some services post every header field of a mail as a field of its own."""
MAX_PART_HEADER_BYTES = 16 * 1024
MAX_BROKEN_ESCAPES = 1_000
"""Services write none; each of millions would take many times its room, and seconds in all."""

_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """
    A file in a form.

    Attributes:
        name: The name of the field of the form.
        filename: The name that the sender wrote, paths and all; empty if there is none.
        content_type: The media type with parameters or without; empty if there is none.
        content: The octets of the file.
    """

    name: str
    filename: str = field(repr=False)
    content_type: str = ""
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Form:
    """
    The fields and files of a form, in order; names may repeat.

    Attributes:
        fields: The names and values of the fields, in order.
        files: What was posted as a file.
    """

    fields: tuple[tuple[str, bytes], ...] = field(repr=False)
    files: tuple[Upload, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for name, value in self.fields:
            found.setdefault(name, []).append(value)
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def names(self) -> Iterable[str]:
        """The names of the fields, each once."""
        return self._by_name.keys()

    def octets(self, name: str) -> bytes | None:
        """The first value of a field; None if there is no such field."""
        values = self._by_name.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str | None:
        """The first value of a field, in UTF-8; None if there is no such field."""
        value = self.octets(name)
        return None if value is None else value.decode("utf-8", "replace")

    def last_text(self, name: str) -> str | None:
        """The last value of a field, in UTF-8; None if there is no such field."""
        values = self.texts(name)
        return values[-1] if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a field, in UTF-8."""
        return tuple(value.decode("utf-8", "replace") for value in self._by_name.get(name, ()))

    def digest(
        self, *, without: Iterable[str] = (), without_values: Iterable[tuple[str, str]] = ()
    ) -> str:
        """
        What two forms with the same fields and files have in common, whatever their encoding.

        Args:
            without: Names of fields that do not count.
            without_values: Names and values of fields that do not count.
        """
        names = frozenset(without)
        values = {(name, value.encode("utf-8", "replace")) for name, value in without_values}
        state = sha256()
        counted = [field for field in self.fields if field[0] not in names and field not in values]
        for name, value in sorted(counted):
            encoded = name.encode("utf-8", "replace")
            state.update(b"%d:%b=%d:%b;" % (len(encoded), encoded, len(value), value))
        for file in self.files:
            described = f"{file.name}\0{file.filename}\0{file.content_type}"
            encoded = described.encode("utf-8", "replace")
            state.update(b"%d:%b=%d:" % (len(encoded), encoded, len(file.content)))
            state.update(file.content)
        return state.hexdigest()

    def to_dict(self) -> dict[str, object]:
        """
        The form as plain JSON: texts, and lists of texts where a name repeats.

        Files are listed by name and size under ``files``, their content left out.
        """
        plain: dict[str, object] = {}
        for name in self.names():
            texts = self.texts(name)
            plain[name] = texts[0] if len(texts) == 1 else list(texts)
        if self.files:
            plain["files"] = [
                {
                    "name": file.name,
                    "filename": file.filename,
                    "content-type": file.content_type,
                    "size": len(file.content),
                }
                for file in self.files
            ]
        return plain


def is_form(request: WebhookRequest) -> bool:
    """Whether a request says that it brings a form."""
    if request.headers.get("content-type") == "application/json":
        return False
    return _content_type(request) in (URLENCODED, MULTIPART)


def read_form(request: WebhookRequest) -> Form:
    """
    Take apart a request that :func:`is_form`: once, for verifying and for parsing.

    Raises:
        MalformedWebhook: If it is no such form, or has more than `MAX_FIELDS` fields or
            `MAX_BROKEN_ESCAPES` percent signs in a value that are no escapes.
        ConfigurationError: The extra ``mailcore-esp[forms]`` is not installed.
    """
    held = vars(request)
    form: Form | None = held.get("_form")
    if form is None:
        is_multipart = _content_type(request) == MULTIPART
        form = _multipart(request) if is_multipart else Form(_urlencoded(request.body))
        held["_form"] = form
    return form


def _content_type(request: WebhookRequest) -> str:
    given = request.headers.get("content-type", "")
    return given if given == URLENCODED else given.partition(";")[0].strip().lower()


def _urlencoded(body: bytes) -> tuple[tuple[str, bytes], ...]:
    if body.count(b"&") >= MAX_FIELDS:
        raise MalformedWebhook(f"the form has more than {MAX_FIELDS} fields")
    pairs = []
    for piece in body.split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            pairs.append((_unquoted(name).decode("utf-8", "replace"), _unquoted(value)))
    if len(pairs) == 1 and b"=" not in body:
        # Any text would be a form with one field that has no value.
        raise MalformedWebhook("the body is no form")
    return tuple(pairs)


def _unquoted(value: bytes) -> bytes:
    """
    What percent signs stand for; those that stand for nothing stay.

    :func:`urllib.parse.unquote_to_bytes` gives the same and takes ten times as long, seconds for
    what anybody may post. Quoted-printable has the same escapes, and a decoder in C.

    Raises:
        MalformedWebhook: If more than `MAX_BROKEN_ESCAPES` stand for nothing.
    """
    if b"%" not in value:
        return value
    escaped = value.replace(b"=", b"=3D") if b"=" in value else value
    quoted = escaped.replace(b"%", b"=")
    found = a2b_qp(quoted)
    # Each escape that stands for something takes two octets less, and nothing else takes as many
    # but a line end: looking for those that do not takes longer (benchmarks/webhooks.py).
    taken = len(quoted) - len(found)
    if taken == 2 * quoted.count(b"=") and b"\n" not in value and b"\r" not in value:
        return found
    escaped, broken = _NO_ESCAPE.subn(b"=25", escaped, MAX_BROKEN_ESCAPES + 1)
    if broken > MAX_BROKEN_ESCAPES:
        raise MalformedWebhook(f"the form has more than {MAX_BROKEN_ESCAPES} broken escapes")
    return a2b_qp(escaped.replace(b"%", b"="))


def _multipart(request: WebhookRequest) -> Form:
    try:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser, parse_options_header
    except ImportError:
        reason = "forms with files need python-multipart: pip install 'mailcore-esp[forms]'"
        raise ConfigurationError(reason) from None
    try:
        _, options = parse_options_header(request.header("content-type") or "")
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise MalformedWebhook("the form has no boundary")
        collector = _Collector()
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collector.on_part_begin,
                "on_header_field": collector.on_header_field,
                "on_header_value": collector.on_header_value,
                "on_header_end": collector.on_header_end,
                "on_part_data": collector.on_part_data,
                "on_part_end": collector.on_part_end,
                "on_end": collector.on_end,
            },
        )
        parser.write(request.body)
        parser.finalize()
    except (FormParserError, UnicodeError) as error:
        # Its words repeat what a stranger sent.
        raise MalformedWebhook(f"the form cannot be read ({type(error).__name__})") from None
    if not collector.is_complete:
        raise MalformedWebhook("the form is cut off")
    return Form(tuple(collector.fields), tuple(collector.files))


class _Collector:
    """Puts together what the parser finds."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, bytes]] = []
        self.files: list[Upload] = []
        self.is_complete = False
        self._count = 0

    def on_part_begin(self) -> None:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise MalformedWebhook(f"the form has more than {MAX_FIELDS} fields")
        self._headers: dict[str, bytes] = {}
        self._header_bytes = 0
        self._name = b""
        self._value = b""
        self._pieces: list[bytes] = []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._measure(end - start)
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._measure(end - start)
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers.setdefault(self._name.decode("latin-1").lower(), self._value)
        self._name = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def on_part_end(self) -> None:
        name, filename = _names(self._headers.get("content-disposition", b""))
        content = b"".join(self._pieces)
        self._pieces = []
        if filename is None:
            self.fields.append((name, content))
            return
        content_type = self._headers.get("content-type", b"").decode("utf-8", "replace")
        self.files.append(
            Upload(name=name, filename=filename, content_type=content_type, content=content)
        )

    def on_end(self) -> None:
        self.is_complete = True

    def _measure(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_PART_HEADER_BYTES:
            raise MalformedWebhook("a part of the form has too many headers")


def _names(disposition: bytes) -> tuple[str, str | None]:
    """The name of the field and that of the file; None where the part is no file."""
    from python_multipart.multipart import parse_options_header

    # latin-1, as it wants it; the names within are in UTF-8 (RFC 7578, section 5.1).
    _, options = parse_options_header(disposition.decode("latin-1"))
    name = options.get(b"name")
    if name is None:
        raise MalformedWebhook("a part of the form has no name")
    filename = options.get(b"filename")
    return (
        name.decode("utf-8", "replace"),
        None if filename is None else _unescaped(filename.decode("utf-8", "replace")),
    )


def _unescaped(filename: str) -> str:
    # As browsers write quotes and line ends in names:
    # https://html.spec.whatwg.org/multipage/form-control-infrastructure.html (from memory).
    return filename.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
