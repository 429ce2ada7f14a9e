"""
What Mandrill's error answers mean: which exception, whether to retry, what to do.

An error has a name, which decides: its number and the HTTP status changed over the years, and an
error of the caller's may come with status 500. The names are those of Mandrill's own client
(``ROOT_ERROR_MAP`` of mandrill 1.0.60 for Python, from memory) and of its OpenAPI description
1.4.0; statuses: https://mailchimp.com/developer/release-notes/ (2023-02-23 and 2023-07-03; read
2026-11-30).
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
    json_or_none,
    meaning_of_status,
    text_in,
    unexplained_error,
)


_SENDER = Meaning(
    MessageRejected, "sender_not_verified", "verify the sender's domain at Mandrill, DKIM too"
)
_OTHER_API = Meaning(
    MessageRejected, "not_an_error_of_sending", "check base_url: is it Mandrill's API?"
)

ERRORS: Mapping[str, Meaning] = {
    "Invalid_Key": Meaning(AuthenticationFailed, hint="check api_key: a key of Mandrill's"),
    "PaymentRequired": Meaning(QuotaExceeded, "payment_required", "this needs a paid plan"),
    "ValidationError": Meaning(MessageRejected, "invalid_request"),
    "Unknown_Template": Meaning(
        MessageRejected, "template_not_found", "template_id is the slug of a stored template"
    ),
    "Invalid_Template": Meaning(MessageRejected, "template_invalid"),
    "Unknown_Subaccount": Meaning(
        MessageRejected, "subaccount_not_found", "make the subaccount first"
    ),
    "Unknown_Sender": _SENDER,
    "Invalid_Tag_Name": Meaning(MessageRejected, "invalid_tag"),
    "Metadata_FieldLimit": Meaning(MessageRejected, "metadata_limit"),
    "RequestLimitExceeded": Meaning(RateLimited),
    "ServiceUnavailable": Meaning(ProviderUnavailable),
    # Nobody knows how far it got.
    "GeneralError": Meaning(
        ProviderUnavailable,
        "outcome_unknown",
        "the message may be on its way: look for it in Mandrill's activity",
        retryable=False,
        maybe_accepted=True,
    ),
    **dict.fromkeys(
        (
            *("Unknown_Message", "Invalid_Reject", "Unknown_Url", "Unknown_TrackingDomain"),
            *("Unknown_Webhook", "Unknown_InboundDomain", "Unknown_InboundRoute"),
            *("Unknown_Export", "IP_ProvisionLimit", "Unknown_Pool", "NoSendingHistory"),
            *("PoorReputation", "Unknown_IP", "Invalid_EmptyDefaultPool"),
            *("Invalid_DeleteDefaultPool", "Invalid_DeleteNonEmptyPool", "Invalid_CustomDNS"),
            *("Invalid_CustomDNSPending", "Unknown_MetadataField"),
        ),
        _OTHER_API,
    ),
}
"""Errors by their names."""

REFUSED_SENDERS: Mapping[str, Meaning] = {
    "invalid-sender": _SENDER,
    "unsigned": _SENDER,
    "recipient-domain-mismatch": Meaning(
        MessageRejected,
        "recipient_domain_mismatch",
        "a demo account sends to addresses of its own verified domains only",
    ),
    "test-mode-limit": Meaning(QuotaExceeded, "test_mode_limit", "the test key is used up"),
    "rule": Meaning(MessageRejected, "rule", "a rule of the account refuses it"),
}
"""
Reasons of status ``rejected`` that are about the message or the account, and not the recipient.

``reject_reason`` of MessagesSendResult in the OpenAPI description 1.4.0, and
``recipient-domain-mismatch`` as django-anymail's users saw it (read 2026-11-30).
"""

_BY_STATUS: Mapping[int, Meaning] = {
    401: ERRORS["Invalid_Key"],
    402: ERRORS["PaymentRequired"],
    404: Meaning(UnexpectedResponse, "not_found", "check base_url"),
    500: ERRORS["GeneralError"],
}


def error_in(document: object) -> Mapping[str, Any] | None:
    """The error that an answer tells, whatever its HTTP status; None if it tells of none."""
    if isinstance(document, dict) and document.get("status") == "error":
        return document
    return None


def api_error(
    document: Mapping[str, Any], response: HttpResponse, known: Mapping[str, Meaning] = ERRORS
) -> SendError:
    """
    The exception for an answer with an error in it.

    Args:
        document: The error, as :func:`error_in` found it.
        response: The answer that holds it.
        known: The meanings of names.
    """
    code = text_in(document, "name")
    return error_answer(
        response,
        known.get(code) or _meaning_of(response.status_code),
        text_in(document, "message"),
        code=code[:100],
    )


def error_of(response: HttpResponse, known: Mapping[str, Meaning] = ERRORS) -> SendError:
    """
    The exception for an answer that is no success.

    Args:
        response: The answer: Mandrill's error, or the page of something in between.
        known: The meanings of names.
    """
    document = error_in(json_or_none(response))
    if document is not None:
        return api_error(document, response, known)
    return unexplained_error(response, _meaning_of(response.status_code), "Mandrill's error")


def _meaning_of(status_code: int) -> Meaning:
    if 200 <= status_code < 300:
        # It says that it is an error, and not which: nothing was sent.
        return Meaning(MessageRejected)
    return meaning_of_status(status_code, _BY_STATUS)
