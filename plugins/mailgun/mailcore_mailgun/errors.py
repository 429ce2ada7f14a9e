"""
What Mailgun's error answers mean: which exception, whether to retry, what to do.

The statuses: https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses and the
section on errors of ``source/api-intro.rst`` in https://github.com/mailgun/documentation (read
2026-11-21). Mailgun documents hardly any of its texts, and has no codes; those below are what
users of its API report, in issues and tests of public repositories (read 2026-11-21).
"""

from __future__ import annotations

import dataclasses
import re

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import Meaning, error_answer, headers_with_reset, json_or_none, meaning_of_status


WRONG_URL = Meaning(
    UnexpectedResponse, "wrong_url", "check base_url and the sender domain: they lead nowhere"
)
_SUSPENDED = Meaning(
    AuthenticationFailed, "account_disabled", "Mailgun has disabled sending: see its control panel"
)
_TOO_LARGE = Meaning(MessageRejected, "too_large", "Mailgun takes 25 MB, after encoding")

# In this order: the first text that occurs decides, where the status has several meanings. All in
# lower case.
_BY_WORDS: tuple[tuple[str, Meaning], ...] = (
    (
        "sandbox subdomains are for test purposes",
        Meaning(
            MessageRejected,
            "sandbox_recipient_not_authorized",
            "add the recipient to the authorized recipients, or send through a domain of your own",
        ),
    ),
    (
        "free accounts are for test purposes",
        Meaning(
            MessageRejected,
            "sandbox_recipient_not_authorized",
            "add the recipient to the authorized recipients, or upgrade the account",
        ),
    ),
    (
        "recipients per request is allowed",
        Meaning(MessageRejected, "too_many_recipients", "the account is on probation: send to few"),
    ),
    ("sending too fast", Meaning(RateLimited, "sending_rate", "send more slowly")),
    ("requests-per-", Meaning(RateLimited)),
    (
        "limit exceeded",
        Meaning(QuotaExceeded, "recipient_limit", "the allowance of the account is used up"),
    ),
    (
        "activate your mailgun account",
        Meaning(AuthenticationFailed, "account_not_activated", "activate the account at Mailgun"),
    ),
    ("account disabled", _SUSPENDED),
    ("domain disabled", _SUSPENDED),
    ("account inactivity", _SUSPENDED),
    ("temporarily disabled", _SUSPENDED),
    ("is not allowed to send", _SUSPENDED),
    (
        "domain not found",
        Meaning(
            MessageRejected,
            "domain_not_found",
            "check the sender domain, and whether it is of this region",
        ),
    ),
    (
        "'from' parameter is not a valid address",
        Meaning(MessageRejected, "invalid_sender", "check from_email"),
    ),
    (
        "parameter is not a valid address",
        Meaning(MessageRejected, "invalid_recipient", "check the addresses: nobody was sent to"),
    ),
    (
        "need at least one of",
        Meaning(MessageRejected, "no_content", "give text, html or template_id"),
    ),
    ("parameter is missing", Meaning(MessageRejected, "invalid_parameter")),
)
_TEMPLATE = Meaning(
    MessageRejected, "template_not_found", "check the template's name, version, domain and region"
)
_DELIVERY_TIME = Meaning(
    MessageRejected, "delivery_time", "send_at is too far ahead for the account"
)

_BY_STATUS = {
    401: Meaning(
        AuthenticationFailed, "credentials", "check api_key, and whether it is of this domain"
    ),
    402: Meaning(MessageRejected, "request_failed", "see the account at Mailgun"),
    404: WRONG_URL,
    413: _TOO_LARGE,
    # In no documentation; users' tests have it with the words "limit exceeded".
    420: Meaning(RateLimited),
}

# Whatever the words are. A 429 is a rate limit too, which the words only refine: it says "Domain …
# is not allowed to send: account-requests-per-sec limit exceeded, try again after 120 seconds"
# (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, read
# 2026-11-30), which is over soon.
_DECIDED_BY_STATUS = frozenset({401, 413})

_MAX_WORDS = 500
_RETRY_AT = re.compile(r"try again after ([A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} [\d:]{8} \w+)")
_RETRY_IN = re.compile(
    r"try again (?:after|in) (\d{1,9}(?:\.\d{1,6})?) ?(second|sec|minute|min|hour|s\b|m\b|h\b)",
    re.ASCII | re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def error_of(response: HttpResponse) -> SendError:
    """The exception for an answer that is no success; its text says what to do."""
    words = _words(response)
    headers = _with_retry_after(response, words)
    return error_answer(response, _meaning(response.status_code, words), words, headers=headers)


def _meaning(status_code: int, words: str) -> Meaning:
    if 400 <= status_code < 500 and status_code not in _DECIDED_BY_STATUS:
        said = words.lower()
        for text, meaning in _BY_WORDS:
            if text in said and (status_code != 429 or meaning.error is RateLimited):
                return _dated(meaning, said)
        if status_code == 429:
            return meaning_of_status(status_code)
        if "template" in said and ("not found" in said or "does not exist" in said):
            return _TEMPLATE
        if "deliverytime" in said or "delivery time" in said or "schedul" in said:
            return _DELIVERY_TIME
        if "too large" in said or "too big" in said or "size limit" in said:
            return _TOO_LARGE
    return meaning_of_status(status_code, _BY_STATUS)


def _dated(meaning: Meaning, said: str) -> Meaning:
    """A limit that Mailgun says the end of is over by itself."""
    if meaning.error is QuotaExceeded and "try again after" in said:
        return dataclasses.replace(meaning, retryable=True)
    return meaning


def _words(response: HttpResponse) -> str:
    """What Mailgun says: ``message`` of JSON, or a line of text such as ``Forbidden``."""
    document = json_or_none(response)
    if isinstance(document, str):
        return document[:_MAX_WORDS]
    if isinstance(document, dict):
        for key in ("message", "Error", "error"):
            if isinstance(document.get(key), str):
                return str(document[key])
    text = response.body[:_MAX_WORDS].decode("utf-8", "replace").strip()
    if document is not None or text.startswith(("<", "{", "[")):
        return ""
    return text


def _with_retry_after(response: HttpResponse, words: str) -> dict[str, str]:
    """
    The headers, with a Retry-After if Mailgun says otherwise when to try again.

    The documentation has neither header for sending, and no text; both are read if they are there:
    ``X-RateLimit-Reset``, and "try again after" a date or a number of seconds.
    """
    headers = dict(response.headers)
    if "retry-after" in headers:
        return headers
    date, wait = _RETRY_AT.search(words), _RETRY_IN.search(words)
    if date is not None:
        headers["retry-after"] = date[1].replace("UTC", "GMT")
    elif wait is not None:
        headers["retry-after"] = f"{float(wait[1]) * _SECONDS[wait[2][0].lower()]:.3f}"
    elif response.status_code in (420, 429):
        return headers_with_reset(response)
    return headers
