"""
Forms, as `multipart/form-data` or URL-encoded, with repeated fields and files.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from mailcore_local.mailgun.errors import MailgunError


# 1,000 recipients may stand in fields of their own.
_MAX_FIELDS = 5000
_MAX_FILES = 1000


@dataclass(frozen=True, kw_only=True, repr=False)
class FormFile:
    """
    One file of a form.

    Attributes:
        name: The name of the field.
        filename: The name of the file, as it was given.
        content_type: The type of the file, or an empty text.
        content: The octets of the file.
    """

    name: str
    filename: str
    content_type: str
    content: bytes


class Form:
    """
    The fields and files of a request.

    Args:
        fields: Names and values in order, repeated ones too.
        files: The files in order.
    """

    def __init__(
        self, fields: Iterable[tuple[str, str]] = (), files: Iterable[FormFile] = ()
    ) -> None:
        self.fields = list(fields)
        self.files = list(files)

    def get(self, name: str) -> str:
        """
        The last value of a field, or an empty text.
        """
        values = self.all(name)
        return values[-1] if values else ""

    def all(self, name: str) -> list[str]:
        """
        The values of a field, in order.
        """
        return [value for each, value in self.fields if each == name]

    def starting(self, prefix: str) -> list[tuple[str, str]]:
        """
        Names behind a prefix, in any case, and values.
        """
        size = len(prefix)
        return [(n[size:], v) for n, v in self.fields if n[:size].lower() == prefix]

    def file(self, name: str) -> FormFile | None:
        """
        The first file of a field, or `None`.
        """
        return next((each for each in self.files if each.name == name), None)


async def read_form(content_type: str, body: bytes) -> Form:
    """
    The form in a body.

    Args:
        content_type: The content type of the request.
        body: The whole body of the request.

    Raises:
        MailgunError: It is no form.
    """
    kind = content_type.partition(";")[0].strip().lower()
    headers = Headers({"content-type": content_type})
    try:
        if kind == "multipart/form-data":
            data = await MultiPartParser(
                headers,
                _chunks(body),
                max_files=_MAX_FILES,
                max_fields=_MAX_FIELDS,
                max_part_size=len(body) + 1,
            ).parse()
        elif kind == "application/x-www-form-urlencoded":
            data = await FormParser(headers, _chunks(body)).parse()
        elif not body:
            return Form()
        else:
            raise MailgunError("Content-Type must be multipart/form-data", status_code=400)
    except (MultiPartException, KeyError, ValueError) as error:
        # The parsers raise what their parts raise: a boundary that is missing is a KeyError.
        if isinstance(error, MailgunError):
            raise
        raise MailgunError(f"The form cannot be read: {error}") from None
    fields: list[tuple[str, str]] = []
    files: list[FormFile] = []
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            files.append(
                FormFile(
                    name=_clean(name),
                    filename=_clean(value.filename or ""),
                    content_type=value.content_type or "",
                    content=content,
                )
            )
        else:
            fields.append((_clean(name), _clean(value)))
    return Form(fields, files)


async def _chunks(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
    yield b""


def _clean(text: str) -> str:
    # Half of a surrogate pair cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode()
