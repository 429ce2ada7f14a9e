"""
Calls that look after an account and send nothing: JSON with the API key in it.

Errors are those of sending, but that nothing is on its way, whatever became of a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.errors import ProviderUnavailable, SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import Meaning, ask, json_request, not_understood, read_json, settled
from mailcore_mandrill.errors import ERRORS, api_error, error_in, error_of
from mailcore_mandrill.options import MandrillOptions


PROVIDER = "mandrill"

_MEANINGS: Mapping[str, Meaning] = {
    **ERRORS,
    "GeneralError": Meaning(ProviderUnavailable, "failed"),
}


class AccountCalls:
    """
    Calls that look after an account: JSON with the key in it.

    Args:
        options: The options of the provider.
        api_key: API key of the account.
    """

    def __init__(self, options: MandrillOptions, api_key: str) -> None:
        self._options = options
        self._api_key = api_key

    def ask(self, path: str, **parameters: object) -> Flow[tuple[Any, HttpResponse]]:
        """
        Make a call.

        Returns:
            The JSON of the answer, and the answer.

        Raises:
            SendError: If Mandrill refuses it, or the answer is none.
        """
        response = yield from ask(
            self._request(path, parameters), provider=PROVIDER, error_of=_error_of
        )
        return read_json(response), response

    def _request(self, path: str, parameters: Mapping[str, object]) -> HttpRequest:
        given = {name: value for name, value in parameters.items() if value is not None}
        return json_request(
            f"{self._options.base_url}/{path}.json",
            {"key": self._api_key, **given},
            headers={},
            timeout_seconds=self._options.timeout_seconds,
        )


def _error_of(response: HttpResponse) -> SendError | None:
    if not 200 <= response.status_code < 300:
        return error_of(response, _MEANINGS)
    try:
        error = error_in(read_json(response))
    except SendError as unread:
        return unread
    return None if error is None else api_error(error, response, _MEANINGS)


def flag(document: object, name: str, response: HttpResponse) -> bool:
    """
    Whether an answer says that it did what it was asked for.

    Raises:
        UnexpectedResponse: If it says neither.
    """
    value = document.get(name) if isinstance(document, dict) else None
    if type(value) is not bool:
        raise settled(not_understood(f"has no {name}", response), PROVIDER)
    return value
