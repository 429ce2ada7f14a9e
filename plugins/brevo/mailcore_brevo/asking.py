"""Calls of Brevo's API that look after the account."""

from __future__ import annotations

from mailcore.account import AccountCalls
from mailcore.errors import SendError
from mailcore.flow import HttpResponse
from mailcore.http import JSON_HEADERS, json_or_none
from mailcore_brevo.errors import api_error, code_of, status_error, words_of
from mailcore_brevo.options import BrevoOptions


PROVIDER = "brevo"


def calls_of(options: BrevoOptions) -> AccountCalls:
    """
    Calls by a provider's key.

    Args:
        options: The options of the provider, with the key.
    """
    return AccountCalls(
        PROVIDER,
        options.api_url,
        {**JSON_HEADERS, **options.authorization},
        error_of=_error_of,
        timeout_seconds=options.timeout_seconds,
    )


def _error_of(response: HttpResponse) -> SendError:
    document = json_or_none(response)
    code = code_of(document)
    return api_error(code, words_of(document), response) if code else status_error(response)
