"""
What SendGrid's error answers mean: which exception, whether to retry, what to do.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors and
https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors (read
2026-11-30): errors have words and the field that is wrong, no codes, and nearly all have the status
400. Words that these pages do not have are what users report, in issues of SendGrid's own clients:
https://github.com/sendgrid/sendgrid-nodejs/issues/1032 for the credits (read 2026-11-30).
"""

from __future__ import annotations

import re

from typing import NamedTuple

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import (
    Meaning,
    error_answer,
    headers_with_reset,
    json_or_none,
    meaning_of_status,
    text_in,
)


INVALID_ADDRESS = Meaning(
    MessageRejected, "invalid_recipient", "check the addresses: nobody was sent to"
)
_SENDER = Meaning(
    MessageRejected, "sender_not_verified", "verify the sender's address or domain at SendGrid"
)
_CREDITS = Meaning(QuotaExceeded, "no_credits", "the credits of the account are used up")
_CREDENTIALS = Meaning(
    AuthenticationFailed, "credentials", "check api_key, and whether its region is this one"
)
_FORBIDDEN = Meaning(
    AuthenticationFailed,
    "access_denied",
    "the key needs the scope mail.send; after many bad requests SendGrid refuses all for a while",
)
_TOO_LARGE = Meaning(MessageRejected, "too_large", "SendGrid takes 30 MB in a call")
_TEMPLATE = Meaning(
    MessageRejected, "template_invalid", "check template_id, and that it has an active version"
)
_WRONG_URL = Meaning(UnexpectedResponse, "wrong_url", "check base_url: it leads nowhere")

# In this order: the first text that occurs decides. All in lower case.
_BY_WORDS: tuple[tuple[str, Meaning], ...] = (
    ("maximum credits exceeded", _CREDITS),
    ("credits exceeded", _CREDITS),
    ("verified sender identity", _SENDER),
    ("too many requests", Meaning(RateLimited)),
    ("limit of 1000 total recipients", Meaning(MessageRejected, "too_many_recipients")),
    ("limited to 1000 personalizations", Meaning(MessageRejected, "too_many_recipients")),
    (
        "should be unique",
        Meaning(MessageRejected, "repeated_recipient", "name each address once in to, cc and bcc"),
    ),
)

# The field that is wrong, without the numbers in its path; the first that it begins with decides.
_BY_FIELD: tuple[tuple[str, Meaning], ...] = (
    ("template_id", _TEMPLATE),
    ("from", Meaning(MessageRejected, "invalid_sender", "check from_email")),
    ("reply_to", Meaning(MessageRejected, "invalid_reply_to", "check reply_to")),
    ("subject", Meaning(MessageRejected, "invalid_subject", "give a subject")),
    ("content", Meaning(MessageRejected, "invalid_content", "check text, html and alternatives")),
    ("attachments", Meaning(MessageRejected, "invalid_attachment", "check the attachments")),
    ("headers", Meaning(MessageRejected, "invalid_headers", "check the headers")),
    ("categories", Meaning(MessageRejected, "invalid_tags", "SendGrid takes 10 tags in ASCII")),
    (
        "custom_args",
        Meaning(MessageRejected, "invalid_metadata", "SendGrid takes 10,000 bytes of metadata"),
    ),
    ("send_at", Meaning(MessageRejected, "send_at", "SendGrid takes mail 72 hours ahead")),
    ("batch_id", Meaning(MessageRejected, "batch_id", "check batch_id")),
    ("asm", Meaning(MessageRejected, "unsubscribe_group", "check unsubscribe_group")),
    ("ip_pool_name", Meaning(MessageRejected, "ip_pool", "check ip_pool")),
    ("mail_settings", Meaning(MessageRejected, "mail_settings", "check the options")),
    ("tracking_settings", Meaning(MessageRejected, "tracking_settings", "check the options")),
    ("personalizations.substitutions", Meaning(MessageRejected, "invalid_merge_data")),
    ("personalizations.dynamic_template_data", Meaning(MessageRejected, "invalid_merge_data")),
    ("personalizations.custom_args", Meaning(MessageRejected, "invalid_metadata")),
    ("personalizations.headers", Meaning(MessageRejected, "invalid_headers")),
    ("personalizations.to", INVALID_ADDRESS),
    ("personalizations.cc", INVALID_ADDRESS),
    ("personalizations.bcc", INVALID_ADDRESS),
)

_BY_STATUS = {
    401: _CREDENTIALS,
    403: _FORBIDDEN,
    404: _WRONG_URL,
    405: _WRONG_URL,
    # "Missing Accept header", which is always sent.
    406: _WRONG_URL,
    413: _TOO_LARGE,
}

_WORDS_DECIDE = (400, 401, 403, 429)
_MAX_FAULTS = 20
_NUMBERS = re.compile(r"\.\d+")
_ADDRESS_PATH = re.compile(
    r"personalizations\.(\d{1,4})\.(to|cc|bcc)\.(\d{1,4})(?:\.email)?", re.ASCII
)


class Fault(NamedTuple):
    """
    One of the errors of an answer.

    Attributes:
        words: What SendGrid says is wrong.
        field: The path of the field in the body, such as ``personalizations.0.to.0.email``; empty
            if it is about none.
    """

    words: str
    field: str

    @property
    def place_of_address(self) -> tuple[int, str, int] | None:
        """Which personalization, list and place in it, if the fault is one address."""
        found = _ADDRESS_PATH.fullmatch(self.field)
        return None if found is None else (int(found[1]), found[2], int(found[3]))


def faults_of(response: HttpResponse) -> tuple[Fault, ...]:
    """
    The errors in an answer, whatever its status; none if it has no list of them.

    ``errors`` is a list of objects. Other forms occur, as users of the API report: a text in its
    place, one object, and ``error`` with a text.
    """
    document = json_or_none(response)
    if not isinstance(document, dict):
        return ()
    given = document.get("errors", document.get("error"))
    listed = given if isinstance(given, list) else [given]
    return tuple(_fault(each) for each in listed[:_MAX_FAULTS] if each)


def _fault(given: object) -> Fault:
    if isinstance(given, str):
        return Fault(given, "")
    return Fault(text_in(given, "message"), text_in(given, "field"))


def error_of(response: HttpResponse, faults: tuple[Fault, ...] | None = None) -> SendError:
    """
    The exception for an answer that is no success; its text has the words of each error.

    Args:
        response: The answer that is no success.
        faults: The errors of the answer; read here if None.
    """
    found = faults_of(response) if faults is None else faults
    told = "; ".join(f"{each.field}: {each.words}" if each.field else each.words for each in found)
    # A 429 has X-RateLimit-Reset, in seconds since 1970:
    # https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    # (read 2026-11-30).
    headers = headers_with_reset(response) if response.status_code == 429 else None
    return error_answer(response, _meaning(response.status_code, found), told, headers=headers)


def _meaning(status_code: int, faults: tuple[Fault, ...]) -> Meaning:
    if status_code in _WORDS_DECIDE:
        said = " ".join(each.words for each in faults).lower()
        for text, meaning in _BY_WORDS:
            if text in said:
                return meaning
    if status_code == 400:
        meanings = {_meaning_of_field(each.field) for each in faults}
        if len(meanings) == 1 and (only := meanings.pop()) is not None:
            return only
        return Meaning(MessageRejected, "multiple_errors" if len(faults) > 1 else "")
    return meaning_of_status(status_code, _BY_STATUS)


def _meaning_of_field(field: str) -> Meaning | None:
    path = _NUMBERS.sub("", field)
    return next((meaning for begin, meaning in _BY_FIELD if path.startswith(begin)), None)
