"""
The requests of Brevo's API, and their limits.

`sendSmtpEmail` and its parts in `api/swagger.yaml` of https://github.com/getbrevo/brevo-go, of
2025-02-07, and https://developers.brevo.com/docs/batch-send-transactional-emails (read 2026-11-30).
Unknown fields are passed over.
"""

from __future__ import annotations

import json
import re
import uuid

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailcore_local.composing import is_address


MAX_NAME_CHARACTERS = 70
MAX_VERSIONS = 1000
MAX_RECIPIENTS = 2000
MAX_RECIPIENTS_OF_A_VERSION = 99
MAX_PARAMS_BYTES = 100 * 1024
MAX_ALL_PARAMS_BYTES = 1000 * 1024
MAX_BYTES = 20 * 1024 * 1024
MAX_HOURS_AHEAD = 72

# The extensions that the description of `attachment` lists.
EXTENSIONS = frozenset(
    [
        "xlsx",
        "xls",
        "ods",
        "docx",
        "docm",
        "doc",
        "csv",
        "pdf",
        "txt",
        "gif",
        "jpg",
        "jpeg",
        "png",
        "tif",
        "tiff",
        "rtf",
        "bmp",
        "cgm",
        "css",
        "shtml",
        "html",
        "htm",
        "zip",
        "xml",
        "ppt",
        "pptx",
        "tar",
        "ez",
        "ics",
        "mobi",
        "msg",
        "pub",
        "eps",
        "odt",
        "mp3",
        "m4a",
        "m4v",
        "wma",
        "ogg",
        "flac",
        "wav",
        "aif",
        "aifc",
        "aiff",
        "mp4",
        "mov",
        "avi",
        "mkv",
        "mpeg",
        "mpg",
        "wmv",
        "pkpass",
        "xlsm",
    ]
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class Model(BaseModel):
    """
    An object of the API: its types are taken as they are, unknown fields are not looked at.
    """

    model_config = ConfigDict(extra="ignore", strict=True)


def _email(text: str) -> str:
    if not is_address(text):
        raise ValueError("is no address")
    return text


def _base64(text: str) -> str:
    if not _BASE64.fullmatch(text):
        raise ValueError("is no base64")
    return text


def _uuid(text: str) -> str:
    if uuid.UUID(text).version != 4:
        raise ValueError("is no UUIDv4")
    return text


def _moment(text: str) -> str:
    moment = parsed_time(text)
    if moment is None or moment > datetime.now(timezone.utc) + timedelta(hours=MAX_HOURS_AHEAD):
        raise ValueError("is no time of the next days")
    return text


def _params(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values).encode()) > MAX_PARAMS_BYTES:
        raise ValueError("is too large")
    return values


Email = Annotated[str, AfterValidator(_email)]
Name = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
Params = Annotated[dict[str, Any], AfterValidator(_params)]


class Person(Model):
    """
    An address with a name.
    """

    email: Email
    name: Name | None = None


class Sender(Model):
    """
    The object ``sender``: an address, or the id of one.
    """

    email: Email | None = None
    name: Name | None = None
    id: int | None = None


class Attachment(Model):
    """
    A file: its octets, or where they are.
    """

    name: str | None = None
    content: Annotated[str, AfterValidator(_base64)] | None = None
    url: str | None = None


class Version(Model):
    """
    What may differ between the mails of a batch.
    """

    to: list[Person]
    cc: list[Person] | None = None
    bcc: list[Person] | None = None
    reply_to: Annotated[Person | None, Field(alias="replyTo")] = None
    subject: str | None = None
    html: Annotated[str | None, Field(alias="htmlContent")] = None
    text: Annotated[str | None, Field(alias="textContent")] = None
    params: Params | None = None
    template_id: Annotated[int | None, Field(alias="templateId")] = None
    headers: dict[str, Any] | None = None


class Send(Model):
    """
    The body of ``/smtp/email``.
    """

    sender: Sender | None = None
    to: list[Person] | None = None
    cc: list[Person] | None = None
    bcc: list[Person] | None = None
    reply_to: Annotated[Person | None, Field(alias="replyTo")] = None
    subject: str | None = None
    html: Annotated[str | None, Field(alias="htmlContent")] = None
    text: Annotated[str | None, Field(alias="textContent")] = None
    attachment: list[Attachment] | None = None
    headers: dict[str, Any] | None = None
    template_id: Annotated[int | None, Field(alias="templateId")] = None
    params: Params | None = None
    versions: Annotated[
        list[Version] | None, Field(alias="messageVersions", min_length=1, max_length=MAX_VERSIONS)
    ] = None
    tags: list[str] | None = None
    scheduled_at: Annotated[
        Annotated[str, AfterValidator(_moment)] | None, Field(alias="scheduledAt")
    ] = None
    batch_id: Annotated[Annotated[str, AfterValidator(_uuid)] | None, Field(alias="batchId")] = None


class Template(Model):
    """
    The body of the calls that store a template.
    """

    name: Annotated[str | None, Field(alias="templateName")] = None
    sender: Sender | None = None
    subject: str | None = None
    html: Annotated[str | None, Field(alias="htmlContent")] = None
    is_active: Annotated[bool | None, Field(alias="isActive")] = None
    reply_to: Annotated[str | None, Field(alias="replyTo")] = None
    tag: str | None = None


def parsed_time(text: str) -> datetime | None:
    """
    A time with its offset; None if the text is none.
    """
    for form in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M%z"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - every form has %z
        except ValueError:
            continue
    return None
