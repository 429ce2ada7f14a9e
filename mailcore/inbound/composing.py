"""
Bytes of a mail from what a provider took apart: the way back for webhooks that have no raw MIME.

Providers hand over header fields, bodies and files of received mail as JSON or forms. Written as a
mail again, they are read by :func:`mailcore.inbound.message.parse_inbound` like any other, and can
be stored, queued and forwarded. The same input always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

from mailcore.address.address import parse_address_list
from mailcore.errors import MessageError
from mailcore.inbound.base64 import base64_of_octets, base64_of_text, blocks_of, decoded_blocks
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.words import clean, header_text
from mailcore.message.headers import ADDRESS_HEADERS
from mailcore.mime.encoding import quoted_printable
from mailcore.mime.headers import address_field, header_field
from mailcore.mime.parameters import content_disposition_field, content_type_field


__all__ = ["ReceivedFile", "compose_inbound"]

_REPLACED = frozenset(["content-type", "content-transfer-encoding", "mime-version"])
_ADDRESS_FIELDS = ADDRESS_HEADERS | {"cc", "bcc"}

_NOT_IN_NAMES = re.compile(r"[^!-9;-~]+")
_MAX_NAME = 126
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTES = re.compile(r"[\"\\]")
_CHUNK = re.compile(r"[ ]*[^ ]+")
_MAX_LINE = 76
# Longer ones are written as they are: taking addresses apart is not free.
_MAX_ADDRESS_FIELD = 10_000

_TOKEN = re.compile(r"[A-Za-z0-9!#$&'+.^_`{|}~-]{1,100}")
_TYPE = re.compile(r"[a-z0-9!#$&'+.^_`{|}~-]{1,127}/[a-z0-9!#$&'+.^_`{|}~-]{1,127}")
_MAX_CONTENT_TYPE = 500
_DEFAULT_TYPE = "application/octet-stream"
# File systems take no longer ones.
_MAX_FILENAME = 255
_MAX_EXTENSION = 20

# Longer texts are written as base64, because quoted-printable takes several times its result.
_MAX_QUOTED_CHARACTERS = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """
    A file of a received mail, as a provider hands it over.

    Args:
        content: The octets of the file.
        content_base64: The file in base64, in place of `content`: it is not decoded where that is
            not needed. Line breaks and what else is no base64 are passed over, padding may be
            missing, both alphabets of RFC 4648 are read; what does not decode leaves an incomplete
            file, never none.
        filename: The name that the sender wrote; of more than 255 characters the extension and the
            first are kept.
        content_type: The media type with parameters or without; one that is none, or that of a
            multipart, becomes ``application/octet-stream``.
        content_id: What the HTML refers to as ``cid:…``, with angle brackets or without.
        inline: Whether it is meant to be shown within the message.
    """

    content: bytes | None = field(default=None, repr=False)
    content_base64: str | None = field(default=None, repr=False)
    filename: str | None = field(default=None, repr=False)
    content_type: str = _DEFAULT_TYPE
    content_id: str | None = field(default=None, repr=False)
    inline: bool = False


class _Entity(NamedTuple):
    """A body with the fields that describe it (RFC 2045, section 2.4), in pieces made as needed."""

    fields: str
    body: Iterable[bytes]


def compose_inbound(
    headers: Iterable[tuple[str, str]],
    *,
    text: str | None = None,
    html: str | None = None,
    files: Iterable[ReceivedFile] = (),
) -> bytes:
    r"""
    Write a mail of which :func:`~mailcore.inbound.message.parse_inbound` gives the parts back.

    Whatever strangers put into the values, this raises nothing, and no value becomes a header
    field or a part of its own: line breaks and control characters in headers become spaces.

    Args:
        headers: Names and values in order, repeated ones too: decoded, or as they were received,
            with RFC 2047 words or 8-bit text. Content-Type, Content-Transfer-Encoding and
            MIME-Version describe what was taken apart: they are replaced. Characters that no name
            may have become hyphens. In addresses, names outside ASCII are encoded and then need no
            quotes.
        text: The plain text body; None if the mail had none.
        html: The HTML. Without it, `text` and `files`, the mail has an empty text.
        files: Inline ones with a Content-ID are put beside the HTML, as mail clients do it.

    Returns:
        The mail (RFC 5322), lines ending in CRLF. Attached messages stand there as they are, and
        header fields that RFC 2047 cannot encode in UTF-8 (RFC 6532), such as addresses outside
        ASCII; the rest is 7-bit.

    Example:
        >>> from mailcore.inbound import parse_inbound
        >>> raw = compose_inbound([("Subject", "Grüße"), ("From", "ada@example.com")], text="Hi")
        >>> mail = parse_inbound(raw)
        >>> mail.subject, mail.text
        ('Grüße', 'Hi')
    """
    pairs = [(_name(name), _line(value)) for name, value in headers]
    pairs = [(name, value) for name, value in pairs if name.lower() not in _REPLACED]
    entity = _content(text, html, list(files))
    describes = any(name.lower().startswith("content-") for name, _ in pairs)
    if describes and not entity.fields.startswith("Content-Type: multipart/"):
        # Content-Disposition of the whole mail would hide a body that stands alone.
        entity = _multipart("mixed", _NO_TOKEN, [entity])
    fields = [_field(name, value) for name, value in pairs]
    fields.append(f"MIME-Version: 1.0\r\n{entity.fields}\r\n")
    # BytesIO hands out what it wrote without a copy, and grows by an eighth: a list of pieces
    # would need room for everything twice.
    sink = BytesIO()
    sink.write("".join(fields).encode("utf-8"))
    sink.writelines(entity.body)
    return sink.getvalue()


def _content(text: str | None, html: str | None, files: list[ReceivedFile]) -> _Entity:
    token = _boundary_token(files)
    shown = [file for file in files if html is not None and file.inline and file.content_id]
    rest = [file for file in files if not (html is not None and file.inline and file.content_id)]
    bodies = [_text("plain", text)] if text is not None else []
    if html is not None:
        entity = _text("html", html)
        if shown:
            related = [entity, *(_file(file, text, html) for file in shown)]
            entity = _multipart("related", token, related, '; type="text/html"')
        bodies.append(entity)
    elif text is None and not files:
        bodies.append(_text("plain", ""))
    parts = bodies if len(bodies) < 2 else [_multipart("alternative", token, bodies)]
    if not rest:
        return parts[0]
    return _multipart("mixed", token, [*parts, *(_file(file, text, html) for file in rest)])


def _text(subtype: str, text: str) -> _Entity:
    held = _SURROGATE.sub("\ufffd", _as_text(text))
    if len(held) <= _MAX_QUOTED_CHARACTERS:
        encoding, body = "quoted-printable", iter([quoted_printable(held)])
    else:
        encoding = "base64"
        canonical = held.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        body = base64_of_octets(blocks_of(canonical.encode("utf-8")))
    return _Entity(
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n",
        body,
    )


def _file(file: ReceivedFile, text: str | None, html: str | None) -> _Entity:
    kind, parameters = _content_type(file.content_type)
    filename = _filename(file.filename) or None
    missing = {"text/plain": text, "text/html": html}
    # A part without a name that is shown and has the type of a body that is not there is one.
    is_inline = file.inline and (filename is not None or missing.get(kind, "") is not None)
    fields = content_type_field(kind, parameters=parameters)
    body: Iterable[bytes]
    if kind.startswith("message/"):
        # RFC 2046, section 5.2.1, allows no encoding.
        encoding, body = "binary", _octets(file)
    elif file.content is None:
        encoding, body = "base64", base64_of_text(_as_text(file.content_base64))
    else:
        encoding, body = "base64", base64_of_octets(_octets(file))
    fields += f"Content-Transfer-Encoding: {encoding}\r\n"
    content_id = _line(file.content_id).removeprefix("<").removesuffix(">").strip()
    if content_id:
        fields += _field("Content-ID", f"<{content_id}>")
    fields += content_disposition_field("inline" if is_inline else "attachment", filename)
    return _Entity(fields, body)


def _content_type(given: str) -> tuple[str, dict[str, str]]:
    line = _line(given)
    read = read_parameters(line.encode("utf-8"))
    if not _TYPE.fullmatch(read.value) or read.value.startswith("multipart/"):
        return _DEFAULT_TYPE, {}
    if len(line) > _MAX_CONTENT_TYPE:
        return read.value, {}
    kept = {name: value for name, value in read.parameters.items() if _TOKEN.fullmatch(name)}
    return read.value, kept


def _filename(given: str | None) -> str:
    name = clean(_SURROGATE.sub("\ufffd", _as_text(given)))
    if len(name) <= _MAX_FILENAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION:
        return name[:_MAX_FILENAME]
    return stem[: _MAX_FILENAME - len(dot + extension)] + dot + extension


# No encoded body has "=_" in it (see mime_encoding), so nothing has to be searched for this.
_NO_TOKEN = "mailcore"  # noqa: S105  # part of a boundary


def _boundary_token(files: Iterable[ReceivedFile]) -> str:
    """
    Something that no attached message has in it.

    These are written as they are, and come from strangers who know this code: only a digest of the
    content itself cannot stand in the content.
    """
    digest = None
    for file in files:
        if _content_type(file.content_type)[0].startswith("message/"):
            digest = digest or hashlib.sha256()
            for block in _octets(file):
                digest.update(block)
    return _NO_TOKEN if digest is None else digest.hexdigest()[:40]


def _multipart(
    subtype: str, token: str, entities: Iterable[_Entity], parameters: str = ""
) -> _Entity:
    boundary = f"=_{subtype}_{token}"
    fields = f'Content-Type: multipart/{subtype}{parameters};\r\n boundary="{boundary}"\r\n'
    if token != _NO_TOKEN:
        # RFC 2045, section 6.4: as the widest of its parts.
        fields += "Content-Transfer-Encoding: binary\r\n"
    return _Entity(fields, _joined(boundary, entities))


def _joined(boundary: str, entities: Iterable[_Entity]) -> Iterator[bytes]:
    start = f"--{boundary}\r\n"
    for entity in entities:
        yield f"{start}{entity.fields}\r\n".encode()
        yield from entity.body
        start = f"\r\n--{boundary}\r\n"
    yield f"\r\n--{boundary}--\r\n".encode("ascii")


def _octets(file: ReceivedFile) -> Iterator[bytes]:
    if file.content is not None:
        return blocks_of(file.content)
    return decoded_blocks(_as_text(file.content_base64))


def _name(given: str) -> str:
    return _NOT_IN_NAMES.sub("-", _as_text(given))[:_MAX_NAME] or "X-Unnamed"


def _line(given: str | None) -> str:
    return clean(_SURROGATE.sub("\ufffd", _as_text(given))).strip(" ")


def _as_text(given: object) -> str:
    """A text; JSON of strangers may have anything in its place."""
    if isinstance(given, str):
        return given
    return str(given) if isinstance(given, (int, float)) else ""


def _field(name: str, value: str) -> str:
    if value.isascii():
        return _written(header_field, name, value) or _raw_field(name, value)
    if name.lower() not in _ADDRESS_FIELDS:
        return _written(header_field, name, value) or _raw_field(name, value)
    written = _written(_addresses, name, value) if len(value) <= _MAX_ADDRESS_FIELD else ""
    # What else than quotes is not the same once it is encoded, comments say, is left as it is.
    read = header_text(written.partition(":")[2].encode("ascii"))[0]
    is_same = written and _QUOTES.sub("", read) == _QUOTES.sub("", value)
    return written if is_same else _raw_field(name, value)


def _addresses(name: str, value: str) -> str:
    return address_field(name, parse_address_list(value, field=name))


def _written(write: Callable[[str, str], str], name: str, value: str) -> str:
    try:
        return write(name, value)
    except MessageError:
        return ""


def _raw_field(name: str, value: str) -> str:
    """In UTF-8 (RFC 6532), folded where there are spaces, however long the words are."""
    lines = [f"{name}:"]
    for chunk in _CHUNK.findall(f" {value}"):
        if len(lines[-1]) + len(chunk) <= _MAX_LINE or lines[-1] == f"{name}:":
            lines[-1] += chunk
        else:
            lines.append(chunk)
    return "\r\n".join([*lines, ""])
