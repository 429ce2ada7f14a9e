"""
A message of Send API v3.1, and its limits.

`guides/_send-api.md` of https://github.com/mailjet/api-documentation and
https://dev.mailjet.com/reference/email/send-emails/ (read 2026-11-30). Unknown properties are
passed over.
"""

from __future__ import annotations

import re

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailcore_local.composing import is_address


MAX_MESSAGES = 50
MAX_RECIPIENTS = 50
MAX_FILE_BYTES = 15 * 1024 * 1024

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class Model(BaseModel):
    """
    An object of the API: its types are taken as they are, unknown properties are not looked at.
    """

    model_config = ConfigDict(extra="ignore", strict=True)


def _email(text: str) -> str:
    if not is_address(text):
        # The code of the error stands first.
        raise ValueError(f'mj-0013 "{text[:100]}" is an invalid email address.')
    return text


def _base64(text: str) -> str:
    if not _BASE64.fullmatch(text) or len(text) % 4:
        raise ValueError("mj-0005 The content must be base64.")
    return text


Email = Annotated[str, Field(min_length=1), AfterValidator(_email)]
Text = Annotated[str, Field(min_length=1)]
Base64 = Annotated[str, AfterValidator(_base64)]


class Person(Model):
    """
    An address with a name; the name must not be null.
    """

    email: Annotated[Email, Field(alias="Email")]
    name: Annotated[str, Field(alias="Name")] = ""


class File(Model):
    """
    An attachment.
    """

    content_type: Annotated[Text, Field(alias="ContentType")]
    filename: Annotated[Text, Field(alias="Filename")]
    content: Annotated[Base64, Field(alias="Base64Content")]


class InlinedFile(File):
    """
    A picture that the HTML shows.
    """

    content_id: Annotated[str, Field(alias="ContentID")] = ""


class Message(Model):
    """
    One entry of ``Messages``, with what ``Globals`` has.
    """

    sender: Annotated[Person | None, Field(alias="From")] = None
    real_sender: Annotated[Person | None, Field(alias="Sender")] = None
    to: Annotated[list[Person], Field(alias="To", min_length=1)]
    cc: Annotated[list[Person], Field(alias="Cc", min_length=1)] = []
    bcc: Annotated[list[Person], Field(alias="Bcc", min_length=1)] = []
    reply_to: Annotated[Person | None, Field(alias="ReplyTo")] = None
    subject: Annotated[str, Field(alias="Subject", min_length=1, max_length=255)] = ""
    text: Annotated[Text, Field(alias="TextPart")] = ""
    html: Annotated[Text, Field(alias="HTMLPart")] = ""
    template_id: Annotated[int | None, Field(alias="TemplateID")] = None
    template_language: Annotated[bool, Field(alias="TemplateLanguage")] = False
    error_reporting: Annotated[Person | None, Field(alias="TemplateErrorReporting")] = None
    error_deliver: Annotated[bool, Field(alias="TemplateErrorDeliver")] = False
    attachments: Annotated[list[File], Field(alias="Attachments", min_length=1)] = []
    inlined: Annotated[list[InlinedFile], Field(alias="InlinedAttachments", min_length=1)] = []
    priority: Annotated[int, Field(alias="Priority", ge=0, le=3)] = 2
    custom_campaign: Annotated[str, Field(alias="CustomCampaign", min_length=1, max_length=255)] = (
        ""
    )
    deduplicate: Annotated[bool, Field(alias="DeduplicateCampaign")] = False
    track_opens: Annotated[
        Literal["account_default", "enabled", "disabled"], Field(alias="TrackOpens")
    ] = "account_default"
    track_clicks: Annotated[
        Literal["account_default", "enabled", "disabled"], Field(alias="TrackClicks")
    ] = "account_default"
    custom_id: Annotated[str, Field(alias="CustomID")] = ""
    event_payload: Annotated[str, Field(alias="EventPayload")] = ""
    url_tags: Annotated[str, Field(alias="URLTags", max_length=256)] = ""
    monitoring_category: Annotated[str, Field(alias="MonitoringCategory")] = ""
    headers: Annotated[dict[str, str], Field(alias="Headers")] = {}
    variables: Annotated[dict[str, Any], Field(alias="Variables")] = {}


class Shared(Message):
    """
    The object ``Globals``: a message that needs nobody to go to.
    """

    to: Annotated[list[Person], Field(alias="To", min_length=1)] = []


class Template(Model):
    """
    The body of ``POST /v3/REST/template``.
    """

    name: Annotated[Text, Field(alias="Name")]


class TemplateContent(Model):
    """
    The body of ``/v3/REST/template/{id}/detailcontent``.
    """

    html: Annotated[str | None, Field(alias="Html-part")] = None
    text: Annotated[str | None, Field(alias="Text-part")] = None
    headers: Annotated[dict[str, Any] | None, Field(alias="Headers")] = None
