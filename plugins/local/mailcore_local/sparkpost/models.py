"""
Transmissions as the API takes them.

https://developers.sparkpost.com/api/transmissions/, https://developers.sparkpost.com/api/recipient-lists/
and https://developers.sparkpost.com/api/templates/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com). Unknown fields are passed over.
"""

from __future__ import annotations

import json
import re

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from mailcore_local.sparkpost.errors import Problem, SparkPostError


MAX_CAMPAIGN_BYTES = 64
MAX_NAME_BYTES = 255
MAX_METADATA_BYTES = 10 * 1024
MAX_SUBSTITUTION_BYTES = 100 * 1024
MAX_CONTENT_BYTES = 20 * 1024 * 1024

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)")


class Model(BaseModel):
    """
    An object of the API: its types are taken as they are, unknown fields are not looked at.
    """

    model_config = ConfigDict(extra="ignore", strict=True)


def _base64(text: str) -> str:
    if not _BASE64.fullmatch(text) or len(text) % 4:
        raise ValueError("must be base64 without line breaks")
    return text


def _short(text: str) -> str:
    if len(text.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"must have up to {MAX_NAME_BYTES} bytes")
    return text


def _campaign(text: str) -> str:
    if len(text.encode()) > MAX_CAMPAIGN_BYTES:
        raise ValueError(f"must have up to {MAX_CAMPAIGN_BYTES} bytes")
    return text


def _moment(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("must be a time as YYYY-MM-DDTHH:MM:SS+-HH:MM")
    return text


def _metadata(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values).encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"must have up to {MAX_METADATA_BYTES} bytes")
    return values


Base64 = Annotated[str, AfterValidator(_base64)]
Name = Annotated[str, AfterValidator(_short)]
Metadata = Annotated[dict[str, Any], AfterValidator(_metadata)]


class Address(Model):
    """
    An address as an object.
    """

    email: str
    name: str | None = None
    header_to: str | None = None


class Recipient(Model):
    """
    One entry of ``recipients``, whose address is looked at apart.
    """

    metadata: Metadata | None = None
    substitution_data: dict[str, Any] | None = None
    tags: list[str] | None = None
    return_path: str | None = None


class Sender(Model):
    """
    The object ``from``.
    """

    email: str
    name: str | None = None


class File(Model):
    """
    An attachment, or an inline image with its Content-ID as the name.
    """

    name: Name
    type: str
    data: Base64


class Content(Model):
    """
    The object ``content``.
    """

    template_id: str | None = None
    use_draft_template: bool | None = None
    ab_test_id: str | None = None
    email_rfc822: str | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    amp_html: str | None = None
    reply_to: str | None = None
    headers: dict[str, str] | None = None
    attachments: list[File] | None = None
    inline_images: list[File] | None = None


class Options(Model):
    """
    The object ``options``.
    """

    start_time: Annotated[str, AfterValidator(_moment)] | None = None
    open_tracking: bool | None = None
    click_tracking: bool | None = None
    initial_open: bool | None = None
    transactional: bool | None = None
    sandbox: bool | None = None
    skip_suppression: bool | None = None
    inline_css: bool | None = None
    perform_substitutions: bool | None = None
    ip_pool: str | None = None


class Transmission(Model):
    """
    What a transmission has beside its recipients.
    """

    options: Options = Options()
    campaign_id: Annotated[str, AfterValidator(_campaign)] | None = None
    description: str | None = None
    metadata: Metadata | None = None
    substitution_data: dict[str, Any] | None = None
    return_path: str | None = None


class Template(Model):
    """
    The body of the calls that store a template.
    """

    id: str | None = None
    name: str | None = None
    description: str | None = None
    published: bool | None = None
    options: Options = Options()


class Suppression(Model):
    """
    One entry of ``PUT /suppression-list``.
    """

    recipient: str
    type: str | None = None
    description: str | None = None


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


def read(model: type[Any], value: object, where: str) -> Any:
    """
    A value as a model has it.

    Args:
        model: The model to read by.
        value: What the request has.
        where: The name of the field, for the error.

    Raises:
        SparkPostError: It is not as the model has it.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise SparkPostError(problems_of(error, where)) from None


def problems_of(error: ValidationError, where: str) -> list[Problem]:
    """
    What a model found, as entries of ``errors``.
    """
    found = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        path = (
            ".".join([where, *map(str, each["loc"])]) if where else ".".join(map(str, each["loc"]))
        )
        missing = each["type"] == "missing"
        said = "is required" if missing else str(each["msg"])
        found.append(Problem(code=1400 if missing else 1300, description=f"{path}: {said}"))
    return found


def merged_data(*given: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Values by name, the later ones before the earlier ones.
    """
    found: dict[str, Any] = {}
    for values in given:
        found.update(values or {})
    return found
