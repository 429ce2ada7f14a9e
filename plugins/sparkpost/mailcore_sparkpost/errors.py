"""
What SparkPost's error answers mean: which exception, whether to retry, what to do.

https://github.com/SparkPost/support-docs, content/docs/tech-resources/extended-error-codes.md, and
https://developers.sparkpost.com/api/ (read 2026-11-30). That an answer with 500 or 503 accepted
nothing, and one with 504 may have: content/docs/user-guide/transmission-best-practices.md.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import Meaning, error_answer, meaning_of_status, not_understood


SUPPRESSED, NOBODY = 1902, 5002

_KEY = Meaning(
    AuthenticationFailed, hint="check api_key, and whether it is of this region and subaccount"
)
_DENIED = Meaning(
    AuthenticationFailed,
    "access_denied",
    "the key lacks the permission 'Transmissions: Read/Write'",
)
_URL = Meaning(UnexpectedResponse, "wrong_url", "check base_url: it is no SparkPost API")
_NOT_FOUND = Meaning(
    MessageRejected, "not_found", "check template_id, and the subaccount and region that it is of"
)
_UNAVAILABLE = Meaning(ProviderUnavailable)
_INVALID = Meaning(MessageRejected, "invalid_request")
_COMBINATION = Meaning(
    MessageRejected, "invalid_combination", "check esp_extra: two of its fields exclude each other"
)
_CONTENT = Meaning(
    MessageRejected, "invalid_content", "check the template language in texts and template"
)
_GENERATION = Meaning(MessageRejected, "generation_failed")
_DOMAIN = Meaning(
    MessageRejected, "sender_not_verified", "verify the sending domain at SparkPost, in this region"
)
_TEMPLATE = Meaning(MessageRejected, "template_not_found", "publish the template, or its draft")
_OTHER_API = Meaning(
    MessageRejected, "not_an_error_of_sending", "check base_url: is it SparkPost's API?"
)
_TOO_LARGE = Meaning(MessageRejected, "too_large", "SparkPost takes 20 MB of content")

BY_CODE: Mapping[int, Meaning] = {
    1100: _DENIED,
    1101: _URL,
    1102: _URL,
    1103: _URL,
    1200: _INVALID,
    1300: _INVALID,
    1301: _COMBINATION,
    1303: _KEY,
    1304: _KEY,
    1305: _INVALID,
    1400: _INVALID,
    1401: _INVALID,
    1500: _UNAVAILABLE,
    1501: _UNAVAILABLE,
    1502: _UNAVAILABLE,
    1600: _NOT_FOUND,
    1601: Meaning(AuthenticationFailed, "no_license", "the account's plan lacks this"),
    1602: Meaning(MessageRejected, "in_use", retryable=True),
    1603: _NOT_FOUND,
    1700: _INVALID,
    1800: _INVALID,
    1900: _UNAVAILABLE,
    1901: _GENERATION,
    SUPPRESSED: Meaning(MessageRejected, "generation_rejected"),
    1910: _GENERATION,
    2001: _OTHER_API,
    2002: Meaning(MessageRejected, "too_large", "merge data are too large: 100 KB for each"),
    2003: _OTHER_API,
    2004: _TEMPLATE,
    2005: _TEMPLATE,
    2006: _OTHER_API,
    2007: _INVALID,
    2008: _INVALID,
    2101: Meaning(RateLimited, "hourly_limit", "nobody was sent to: the limit is over in an hour"),
    2102: Meaning(QuotaExceeded, "daily_limit", "nobody was sent to"),
    2103: Meaning(QuotaExceeded, "sandbox_limit", "send from a domain of your own"),
    2105: Meaning(QuotaExceeded, "monthly_limit", "nobody was sent to"),
    2106: Meaning(MessageRejected, "sandbox_template", "the sandbox has one template only"),
    3000: _CONTENT,
    3001: _CONTENT,
    3002: Meaning(MessageRejected, "invalid_header", "check the headers of the message"),
    **dict.fromkeys((3010, 3020, 3040, 3050, 3051), _CONTENT),
    3030: _OTHER_API,
    5000: _OTHER_API,
    5001: _OTHER_API,
    NOBODY: Meaning(MessageRejected, "invalid_recipient", "no address is one that SparkPost takes"),
    6100: _OTHER_API,
    6200: _OTHER_API,
    7000: Meaning(MessageRejected, "sender_blocked", "SparkPost has blocked the sending domain"),
    7001: _DOMAIN,
    10000: _OTHER_API,
    10001: _OTHER_API,
    10002: _OTHER_API,
}
"""What each code means."""

BY_STATUS: Mapping[int, Meaning] = {
    401: _KEY,
    403: _DENIED,
    404: _URL,
    413: _TOO_LARGE,
    # The limits of the account; Python's HTTPStatus has no such number.
    420: Meaning(QuotaExceeded, "sending_limit", "nobody was sent to"),
    500: _UNAVAILABLE,
}
"""What a status means in an answer without a code that is known."""


_CODE = re.compile(r"\d{1,8}", re.ASCII)


class ApiError(NamedTuple):
    """
    One of the errors of an answer.

    Attributes:
        code: The code of the error; 0 if it has none.
        words: Message and description.
    """

    code: int
    words: str


def errors_in(document: object, name: str = "errors") -> list[ApiError]:
    """The errors of an answer, as far as they can be read."""
    listed = document.get(name) if isinstance(document, dict) else None
    return list(_read(listed if isinstance(listed, list) else []))


def _read(listed: list[Any]) -> Iterator[ApiError]:
    for each in listed:
        if isinstance(each, Mapping):
            said = [each.get("message"), each.get("description")]
            words = ": ".join(text for text in said if isinstance(text, str) and text)
            yield ApiError(_code(each.get("code")), words)
        elif isinstance(each, str):
            yield ApiError(0, each)


def _code(value: object) -> int:
    """Codes come as texts and as numbers: https://github.com/SparkPost/php-sparkpost/issues/127."""
    if type(value) is int:
        return value
    found = _CODE.fullmatch(value) if isinstance(value, str) else None
    return int(found[0]) if found else 0


def error_of(response: HttpResponse, errors: list[ApiError]) -> SendError:
    """
    The exception for an answer that accepts nothing.

    Args:
        response: An answer that is no success, or one that has errors and no results.
        errors: The errors in it; the first whose code is known decides.
    """
    words = "; ".join(error.words for error in errors if error.words)
    for error in errors:
        meaning = BY_CODE.get(error.code)
        if meaning is not None:
            return error_answer(response, meaning, words, code=str(error.code))
    status_code = response.status_code
    if 200 <= status_code < 300:
        if not errors:
            return not_understood("has neither results nor errors", response)
        meaning = Meaning(MessageRejected)
    else:
        meaning = meaning_of_status(status_code, BY_STATUS)
    code = next((str(error.code) for error in errors if error.code), "")
    return error_answer(response, meaning, words, code=code)
