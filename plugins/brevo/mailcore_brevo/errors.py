"""
What Brevo's error answers mean: which exception, whether to retry, what to do.

The codes are those of `errorModel` in ``api/swagger.yaml`` of https://github.com/getbrevo/brevo-go
(of 2025-02-07, read 2026-11-30). Brevo does not say which code goes with which status, and its own
client brevo-python 5.1.0 knows further ones that are sentences: what is not in the table is judged
by the status.
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
from mailcore.http import (
    Meaning,
    error_answer,
    headers_with_reset,
    meaning_of_status,
    text_in,
    unexplained_error,
)


DUPLICATE = "duplicate_parameter"

_KEY = Meaning(
    AuthenticationFailed,
    hint="check api_key (keys for Brevo's SMTP server are others), and the account's list of "
    "authorised IP addresses",
)
_DENIED = Meaning(
    AuthenticationFailed, "access_denied", "the account, or its plan, does not allow this"
)
_CREDITS = Meaning(QuotaExceeded, "no_credits", "buy more credits at Brevo, or wait for the next")
_BAD_REQUEST = Meaning(MessageRejected, "bad_request")
_INVALID = Meaning(MessageRejected, "invalid_request")
_NOT_FOUND = Meaning(MessageRejected, "not_found", "check template_id, and whether it is active")
_WRONG_URL = Meaning(UnexpectedResponse, "not_found", "check base_url: is it Brevo's API?")
_OTHER_API = Meaning(
    MessageRejected, "not_an_error_of_sending", "check base_url: is it Brevo's API?"
)

BY_CODE: dict[str, Meaning] = {
    "invalid_parameter": _INVALID,
    "missing_parameter": _INVALID,
    "out_of_range": Meaning(MessageRejected, "out_of_range"),
    "campaign_processing": _OTHER_API,
    "campaign_sent": _OTHER_API,
    "document_not_found": _NOT_FOUND,
    "reseller_permission_denied": _DENIED,
    "not_enough_credits": _CREDITS,
    "permission_denied": _DENIED,
    # Beside an idempotency key it is no error: see mailcore_brevo.answers.
    DUPLICATE: Meaning(MessageRejected, "duplicate"),
    # Not said of what; it may be that the same is on its way already.
    "duplicate_request": Meaning(MessageRejected, "duplicate", maybe_accepted=True),
    "method_not_allowed": _WRONG_URL,
    "unauthorized": _KEY,
    "account_under_validation": Meaning(
        AuthenticationFailed, "account_not_approved", "Brevo has to approve the account first"
    ),
    "not_acceptable": _BAD_REQUEST,
    "bad_request": _BAD_REQUEST,
    "unprocessable_entity": _INVALID,
}

_BY_STATUS = {
    401: _KEY,
    402: _CREDITS,
    403: _DENIED,
    404: _WRONG_URL,
    405: _WRONG_URL,
    413: Meaning(MessageRejected, "too_large", "Brevo takes 20 MB, and 4 MB with a template"),
    # Nothing is documented of what becomes of the mail.
    500: Meaning(
        ProviderUnavailable,
        "outcome_unknown",
        "the message may be on its way: look for it in Brevo's log",
        retryable=False,
        maybe_accepted=True,
    ),
}


def code_of(document: Any) -> str:
    """The code of an answer that says that it is an error, else an empty text."""
    return text_in(document, "code")


def words_of(document: Any) -> str:
    """What an answer says is wrong."""
    return text_in(document, "message")


def meaning_of(code: str, status_code: int) -> Meaning:
    """
    What an error code of Brevo's means.

    Args:
        code: The ``code`` of the answer.
        status_code: The HTTP status of the answer, which counts more where it says "not now", and
            for codes that are not documented.
    """
    if status_code == 429 or status_code >= 500:
        return meaning_of_status(status_code, _BY_STATUS)
    return BY_CODE.get(code) or meaning_of_status(status_code, _BY_STATUS)


def api_error(code: str, words: str, response: HttpResponse) -> SendError:
    """The exception for an answer with an error code."""
    meaning = meaning_of(code, response.status_code)
    headers = _headers(response, meaning)
    # Some codes are sentences.
    return error_answer(response, meaning, words, code=code[:60], headers=headers)


def status_error(response: HttpResponse) -> SendError:
    """The exception for an answer that is no success and has no error code."""
    meaning = meaning_of_status(response.status_code, _BY_STATUS)
    headers = _headers(response, meaning)
    return unexplained_error(response, meaning, "Brevo's code", headers=headers)


def _headers(response: HttpResponse, meaning: Meaning) -> Mapping[str, str]:
    if meaning.error is not RateLimited:
        return response.headers
    # https://developers.brevo.com/docs/limit-headers (as of 2026-11-30): the time that is left
    # until the limit is reset, and no moment.
    return headers_with_reset(response, "x-sib-ratelimit-reset")
