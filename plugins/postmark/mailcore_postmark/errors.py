"""
What Postmark's error answers mean: which exception, whether to retry, what to do.

https://postmarkapp.com/developer/api/overview#error-codes (as of 2026-11-21; the list was read in
several clients' copies of it, older ones for the codes that the current list no longer has).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from mailcore.http import Meaning, error_answer, meaning_of_status, text_in, unexplained_error


INVALID, INACTIVE = 300, 406
MULTIPLE = 11
"""Several errors at once, which stand in ``Errors`` of the answer (2026-11-30)."""

_BAD_REQUEST = Meaning(MessageRejected, "bad_request")
_TOKEN = Meaning(AuthenticationFailed, hint="check server_token: the API token of the server")
_SENDER = Meaning(
    MessageRejected,
    "sender_not_verified",
    "confirm the sender's address or domain at Postmark",
)
_TOO_LARGE = Meaning(
    MessageRejected, "too_large", "Postmark takes 10 MB with a message, 50 MB in a call"
)
_STREAM = Meaning(
    MessageRejected, "message_stream_not_found", "check message_stream, and the server it is on"
)
_STREAM_TYPE = Meaning(
    MessageRejected, "message_stream_cannot_send", "use a transactional or broadcast stream"
)
_TEMPLATE = Meaning(MessageRejected, "template_invalid", "check the template and its model")
_PENDING = Meaning(
    MessageRejected,
    "account_pending",
    "until Postmark approves the account, recipients need the sender's domain",
)
_MAINTENANCE = Meaning(ProviderUnavailable, "maintenance")
_OUTCOME_UNKNOWN = Meaning(
    ProviderUnavailable,
    "outcome_unknown",
    "the message may be on its way: look for it in Postmark's activity",
    retryable=False,
    maybe_accepted=True,
)
_OTHER_API = Meaning(
    MessageRejected, "not_an_error_of_sending", "check base_url: is it Postmark's API?"
)

_SENDING = {
    10: _TOKEN,
    MULTIPLE: Meaning(MessageRejected, "multiple_errors"),
    14: Meaning(AuthenticationFailed, "access_denied", "Postmark has to allow this endpoint"),
    100: _MAINTENANCE,
    # An internal error, of which nobody knows how far it got (2026-11-30).
    101: _OUTCOME_UNKNOWN,
    300: Meaning(MessageRejected, "invalid_request"),
    400: _SENDER,
    401: _SENDER,
    402: Meaning(MessageRejected, "invalid_json"),
    403: Meaning(MessageRejected, "invalid_fields", "check esp_extra: a field has no such type"),
    405: Meaning(QuotaExceeded, "no_credits", "buy more credits at Postmark"),
    406: Meaning(MessageRejected, "inactive_recipient", "see the suppressions of the stream"),
    409: _BAD_REQUEST,
    410: Meaning(MessageRejected, "too_many_messages", "Postmark takes 500 messages in a call"),
    411: Meaning(
        MessageRejected, "attachment_type", "Postmark refuses files of this type: send a link"
    ),
    412: _PENDING,
    413: Meaning(AuthenticationFailed, "account_not_approved", "ask Postmark to approve sending"),
    422: Meaning(AuthenticationFailed, "invalid_server", "check server_token, and its server"),
    429: Meaning(RateLimited),
    612: Meaning(MessageRejected, "invalid_track_links", "check TrackLinks in esp_extra"),
    614: Meaning(QuotaExceeded, "plan_limit", "this needs another plan at Postmark"),
    1101: Meaning(
        MessageRejected, "template_not_found", "check template_id, and the server it is on"
    ),
    1105: Meaning(QuotaExceeded, "template_limit"),
    1109: _TEMPLATE,
    1120: _TEMPLATE,
    1121: _TEMPLATE,
    1122: _TEMPLATE,
    1123: _TEMPLATE,
    1131: _TEMPLATE,
    1221: _STREAM_TYPE,
    1222: _STREAM,
    1226: _STREAM,
    1227: _STREAM,
    1235: _STREAM,
    1236: _STREAM_TYPE,
    1480: Meaning(
        AuthenticationFailed, "ip_not_allowed", "add this machine's IP address at Postmark"
    ),
}

# Of the APIs for bulk sends, signatures, domains, servers, messages, triggers, statistics, bounces,
# templates, streams, GDPR, webhooks, suppressions and tokens: no answer to sending.
_ELSEWHERE = (
    *(12, 13, *range(500, 509), *range(510, 517), *range(520, 524)),
    *(*range(600, 612), 613, 615, *range(700, 704), 709),
    *(800, 801, 803, *range(808, 814), 900, *range(1000, 1004)),
    *(1100, 1124, 1125, 1130, 1220, *range(1223, 1226), *range(1228, 1235), *range(1237, 1242)),
    *(*range(1300, 1303), *range(1350, 1365), *range(1400, 1412)),
    *(*range(1450, 1461), *range(1500, 1503)),
)

_BY_CODE: dict[int, Meaning] = {**dict.fromkeys(_ELSEWHERE, _OTHER_API), **_SENDING}

_BY_STATUS = {
    401: _TOKEN,
    # https://postmarkapp.com/support/article/getting-a-403-that-doesnt-look-like-a-postmark-error
    # (read 2026-11-21): HTML from a security layer, which stopped the request before the API.
    403: Meaning(
        ProviderUnavailable,
        "blocked",
        "a firewall in front of Postmark stopped the request: write to Postmark's support",
        retryable=False,
    ),
    404: Meaning(UnexpectedResponse, "not_found", "check base_url"),
    413: _TOO_LARGE,
    # "In most cases the message is lost", says Postmark.
    500: _OUTCOME_UNKNOWN,
    503: _MAINTENANCE,
}


def meaning_of(code: int, status_code: int) -> Meaning:
    """
    What an error code of Postmark's means.

    Args:
        code: The ``ErrorCode`` of the answer.
        status_code: The HTTP status of the answer, for codes that are not documented.
    """
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status_code == 422 or 200 <= status_code < 300:
        return Meaning(MessageRejected)
    return meaning_of_status(status_code, _BY_STATUS)


def errors_of(item: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Codes and words of the single errors of an answer, or an item of it, with several."""
    listed = item.get("Errors")
    found = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, str):
            found.append((0, each))
        elif isinstance(each, Mapping):
            code = each.get("ErrorCode", each.get("Code"))
            found.append((code if type(code) is int else 0, text_in(each, "Message")))
    return found


def multiple_error(item: Mapping[str, Any], words: str, response: HttpResponse) -> SendError:
    """
    The exception for several errors at once: that of the single errors, if they mean the same.

    Its text has the words of each. If any of them leaves the outcome open, so does this.
    """
    errors = errors_of(item)
    meanings = [meaning_of(code, response.status_code) for code, _ in errors if code]
    open_ones = [meaning for meaning in meanings if meaning.maybe_accepted]
    meaning = _SENDING[MULTIPLE]
    if open_ones:
        meaning = open_ones[0]
    elif meanings and len(set(meanings)) == 1 and len(meanings) == len(errors):
        meaning = meanings[0]
    told = "; ".join(f"{code}: {said}" if code else said for code, said in errors)
    return error_answer(response, meaning, f"{words} {told}".strip(), code=str(MULTIPLE))


def api_error(code: int, words: str, response: HttpResponse) -> SendError:
    """The exception for an answer, or an item of it, with an error code."""
    meaning = meaning_of(code, response.status_code)
    if code == INVALID and words.startswith(("Invalid 'From'", "Error parsing 'From'")):
        meaning = _SENDER
    return error_answer(response, meaning, words, code=str(code))


def status_error(response: HttpResponse) -> SendError:
    """The exception for an answer that is no success and has no error code."""
    meaning = meaning_of_status(response.status_code, _BY_STATUS)
    return unexplained_error(response, meaning, "Postmark's ErrorCode")
