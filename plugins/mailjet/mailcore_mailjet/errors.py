"""
What Mailjet's errors mean: which exception, whether to retry, what to do.

The codes of Send API v3.1, with their HTTP statuses: _send-api.md in
https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30). ``send-0018`` is
not among them (https://github.com/mailjet/MailjetSwiftMailer/issues/26, read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import Meaning, error_answer, meaning_of_status, text_in, unexplained_error


INVALID_ADDRESS = "mj-0013"

_INVALID = Meaning(MessageRejected, "invalid_request")
_EXTRA = Meaning(MessageRejected, "invalid_request", "check esp_extra: no such value there")
_SENDER = Meaning(
    MessageRejected,
    "sender_not_verified",
    "confirm the sender's address or domain at Mailjet",
)
_SENDER_HEADER = Meaning(
    MessageRejected,
    "sender_not_permitted",
    "Mailjet has to permit the option sender: leave it out, or ask its support",
)
_RECIPIENTS = Meaning(
    MessageRejected, "too_many_recipients", "Mailjet takes 50 in to, cc and bcc of a message"
)
_TOO_LARGE = Meaning(MessageRejected, "too_large", "Mailjet takes 15 MB of files with a message")
# It locks out the IP address for about an hour, after some calls with wrong keys:
# https://github.com/mailjet/mailjet-apiv3-php/issues/169 (read 2026-11-30).
_KEYS = Meaning(
    AuthenticationFailed,
    hint="check api_key and secret_key, and do not try again before: Mailjet locks addresses out",
)

ERRORS: Mapping[str, Meaning] = {
    "send-0003": Meaning(MessageRejected, "no_content", "give text, html or template_id"),
    "send-0004": Meaning(
        MessageRejected, "template_and_content", "give template_id, or text and html"
    ),
    "send-0006": _SENDER_HEADER,
    "send-0007": _SENDER_HEADER,
    "send-0008": _SENDER,
    "send-0010": Meaning(
        MessageRejected, "template_not_found", "check template_id, and its API key"
    ),
    "send-0011": Meaning(MessageRejected, "header_not_allowed", "leave the header out"),
    "send-0012": Meaning(
        MessageRejected, "campaign_missing", "deduplicate_campaign needs a tag, the campaign"
    ),
    "send-0013": Meaning(
        MessageRejected, "monitoring_category_not_found", "check monitoring_category"
    ),
    "send-0015": _RECIPIENTS,
    "send-0016": Meaning(
        MessageRejected,
        "template_language_missing",
        "template_error_reporting and template_error_deliver need template_language",
    ),
    "send-0018": _EXTRA,
    "mj-0001": Meaning(AuthenticationFailed, "account_suspended", "ask Mailjet's support"),
    "mj-0002": Meaning(MessageRejected, "invalid_json"),
    "mj-0003": _INVALID,
    "mj-0004": _EXTRA,
    "mj-0005": _EXTRA,
    "mj-0006": Meaning(MessageRejected, "too_long", "shorten the field that it names"),
    "mj-0007": _INVALID,
    "mj-0008": _RECIPIENTS,
    "mj-0011": _TOO_LARGE,
    "mj-0012": _INVALID,
    INVALID_ADDRESS: Meaning(MessageRejected, "invalid_address"),
    "mj-0015": _KEYS,
}
"""Errors by Mailjet's code; what is not here is known by its HTTP status."""

_BY_STATUS = {
    401: _KEYS,
    404: Meaning(UnexpectedResponse, "not_found", "check base_url"),
    413: _TOO_LARGE,
    # Neither the limit nor when to come back are told: https://dev.mailjet.com (two of its pages
    # differ; read 2026-11-30).
    429: Meaning(RateLimited),
}
_SEVERAL = Meaning(MessageRejected, "multiple_errors")


class ApiError(NamedTuple):
    """
    One error of an answer.

    Attributes:
        code: The code, such as ``mj-0013``; empty if it has none.
        words: What Mailjet says, with these fields.
        related: The fields that it is about, as Mailjet names them.
        status_code: The HTTP status that it stands for.
    """

    code: str
    words: str
    related: tuple[str, ...]
    status_code: int

    @property
    def meaning(self) -> Meaning:
        """What the code means, or else the status."""
        return ERRORS.get(self.code) or _of_status(self.status_code)


def _of_status(status_code: int) -> Meaning:
    if 200 <= status_code < 300:
        return Meaning(MessageRejected)
    return meaning_of_status(status_code, _BY_STATUS)


def is_error(document: Any) -> bool:
    """Whether a JSON value is one error: an object with a code, an id or words of it."""
    return isinstance(document, dict) and any(
        isinstance(document.get(name), str) and document[name]
        for name in ("ErrorCode", "ErrorIdentifier", "ErrorMessage")
    )


def error_of(item: Mapping[str, Any], response: HttpResponse) -> ApiError:
    """Read an error, whatever of it is missing."""
    code, status = item.get("ErrorCode"), item.get("StatusCode")
    listed = item.get("ErrorRelatedTo")
    related = (
        tuple(text for text in listed if isinstance(text, str)) if type(listed) is list else ()
    )
    said = text_in(item, "ErrorMessage")
    return ApiError(
        code=code[:40] if isinstance(code, str) and code.isprintable() else "",
        words=f"{said} ({', '.join(related[:5])})" if related else said,
        related=related,
        # 300 and more are errors; a status of the answer that is one says more than none.
        status_code=status if type(status) is int and status >= 300 else response.status_code,
    )


def errors_of(item: Mapping[str, Any], response: HttpResponse) -> list[ApiError]:
    """The errors of a message, or of ``Globals``."""
    listed = item.get("Errors")
    return [
        error_of(each, response)
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict)
    ]


def send_error_of(errors: list[ApiError], response: HttpResponse) -> SendError:
    """
    The exception for the errors of a message: that of all of them, if they mean the same.

    If any of them leaves open whether the message was taken, so does this.
    """
    if not errors:
        return status_error(response)
    meanings = list(dict.fromkeys(error.meaning for error in errors))
    unclear = [meaning for meaning in meanings if meaning.maybe_accepted]
    meaning = unclear[0] if unclear else meanings[0] if len(meanings) == 1 else _SEVERAL
    words = errors[0].words
    if len(errors) > 1:
        words = "; ".join(f"{error.code}: {error.words}".lstrip(": ") for error in errors)
    return error_answer(response, meaning, words, code=errors[0].code)


def status_error(response: HttpResponse) -> SendError:
    """The exception for an answer that is no success, and does not say why."""
    return unexplained_error(response, _of_status(response.status_code), "Mailjet's errors")
