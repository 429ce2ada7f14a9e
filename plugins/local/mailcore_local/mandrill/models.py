"""
The requests of Mandrill's API, and their limits.

The fields and types are those of the OpenAPI description of Mailchimp Transactional 1.4.0
(https://github.com/mailchimp/mailchimp-client-lib-codegen, spec/transactional.openapi.json; read
2026-11-30). Fields that it does not have are passed over.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


# https://mailchimp.com/developer/transactional/docs/tags-metadata/ (read 2026-11-30)
MAX_TAG_CHARACTERS = 50
MAX_METADATA_BYTES = 250
_MAX_DAYS_AHEAD = 366
_TIME = "%Y-%m-%d %H:%M:%S"


class Model(BaseModel):
    """
    An object of the API: its types are taken as they are, unknown fields are not looked at.
    """

    model_config = ConfigDict(extra="ignore", strict=True)


def _tag(text: str) -> str:
    if len(text) > MAX_TAG_CHARACTERS:
        raise ValueError(f"Tags may have up to {MAX_TAG_CHARACTERS} characters")
    if text.startswith("_"):
        raise ValueError("Tags beginning with an underscore are reserved")
    return text


def _base64(text: str) -> str:
    if not text.isascii():
        raise ValueError("The content must be base64")
    return text


def _moment(text: str) -> str:
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        raise ValueError("Please enter a UTC timestamp in YYYY-MM-DD HH:MM:SS format") from None
    if moment > datetime.now(timezone.utc) + timedelta(days=_MAX_DAYS_AHEAD):
        raise ValueError("Emails can be scheduled up to one year ahead")
    return text


def _variable(text: str) -> str:
    if not text or text.startswith("_"):
        raise ValueError("Names of merge variables must not be empty or begin with an underscore")
    return text


Tag = Annotated[str, AfterValidator(_tag)]
Base64 = Annotated[str, AfterValidator(_base64)]
Moment = Annotated[str, AfterValidator(_moment)]
Json = str | int | float | bool | list[Any] | dict[str, Any] | None
Scalar = str | int | float | bool | None


class Recipient(Model):
    """
    One entry of ``to``.
    """

    email: str
    name: str | None = None
    type: Literal["to", "cc", "bcc"] | None = "to"


class Variable(Model):
    """
    A merge variable; handlebars takes nested values as well.
    """

    name: Annotated[str, AfterValidator(_variable)]
    content: Json = ""


class RecipientVariables(Model):
    """
    The merge variables of one recipient.
    """

    rcpt: str
    vars: list[Variable] = []


class RecipientMetadata(Model):
    """
    The metadata of one recipient.
    """

    rcpt: str
    values: dict[str, Scalar] | list[Any] = {}


class File(Model):
    """
    An attachment, or an image with its Content-ID as the name.
    """

    type: str
    name: str = ""
    content: Base64


class Image(File):
    """
    A picture that the HTML shows.
    """

    type: Annotated[str, Field(pattern="^image/")]


class Message(Model):
    """
    The object ``message``.
    """

    html: str | None = None
    text: str | None = None
    subject: Annotated[str, Field(max_length=998)] | None = None
    from_email: str | None = None
    from_name: str | None = None
    to: list[Recipient] = []
    headers: dict[str, Scalar | list[str]] | list[Any] = {}
    important: bool | None = None
    track_opens: bool | None = None
    track_clicks: bool | None = None
    auto_text: bool | None = None
    auto_html: bool | None = None
    preserve_recipients: bool | None = None
    bcc_address: str | None = None
    return_path_domain: str | None = None
    merge: bool | None = None
    merge_language: Literal["mailchimp", "handlebars"] | None = "mailchimp"
    global_merge_vars: list[Variable] | None = None
    merge_vars: list[RecipientVariables] | None = None
    tags: list[Tag] | None = None
    subaccount: str | None = None
    metadata: dict[str, Scalar] | list[Any] | None = None
    recipient_metadata: list[RecipientMetadata] | None = None
    attachments: list[File] | None = None
    images: list[Image] | None = None


class Send(Model):
    """
    The body of ``messages/send``.
    """

    message: Message
    send_async: Annotated[bool | None, Field(alias="async")] = None
    ip_pool: str | None = None
    send_at: Moment | None = None


class Content(Model):
    """
    What stands in one editable region of a template.
    """

    name: str
    content: str | None = ""


class SendTemplate(Send):
    """
    The body of ``messages/send-template``.
    """

    template_name: str
    template_content: list[Content]


class SendRaw(Model):
    """
    The body of ``messages/send-raw``.
    """

    raw_message: str
    from_email: str | None = None
    from_name: str | None = None
    to: list[str] | None = None
    send_async: Annotated[bool | None, Field(alias="async")] = None
    send_at: Moment | None = None


class OneMessage(Model):
    """
    The body of ``messages/info``.
    """

    id: str


class ListAddresses(Model):
    """
    The body of ``rejects/list`` and ``allowlists/list``.
    """

    email: str | None = None
    include_expired: bool | None = False


class AddAddress(Model):
    """
    The body of ``rejects/add`` and ``allowlists/add``.
    """

    email: str
    comment: str | None = None


class DeleteAddress(Model):
    """
    The body of ``rejects/delete`` and ``allowlists/delete``.
    """

    email: str


class Template(Model):
    """
    The body of ``templates/add`` and ``templates/update``.
    """

    name: str
    from_email: str | None = None
    from_name: str | None = None
    subject: str | None = None
    code: str | None = None
    text: str | None = None
    publish: bool | None = True


class OneTemplate(Model):
    """
    The body of ``templates/info`` and ``templates/delete``.
    """

    name: str


class RenderTemplate(Model):
    """
    The body of ``templates/render``.
    """

    template_name: str
    template_content: list[Content]
    merge_vars: list[Variable] | None = None


class SendInbound(Model):
    """
    The body of ``inbound/send-raw``.
    """

    raw_message: str
    to: list[str] | None = None
    mail_from: str | None = None


def parsed_moment(text: str) -> datetime:
    """
    The time that a checked ``send_at`` names.
    """
    return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)


def moment_text(moment: datetime) -> str:
    """
    A time as Mandrill writes it.
    """
    return moment.astimezone(timezone.utc).strftime(_TIME)
