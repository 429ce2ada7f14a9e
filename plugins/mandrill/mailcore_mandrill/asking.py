"""
Calls that look after an account and send nothing: JSON with the API key in it.

Errors are those of sending, but that nothing is on its way, whatever became of a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.account import AccountCalls
from mailcore.errors import ProviderUnavailable, SendError
from mailcore.flow import Flow, HttpResponse
from mailcore.http import Meaning, read_json
from mailcore_mandrill.errors import ERRORS, api_error, error_in, error_of
from mailcore_mandrill.options import MandrillOptions


PROVIDER = "mandrill"

_MEANINGS: Mapping[str, Meaning] = {
    **ERRORS,
    "GeneralError": Meaning(ProviderUnavailable, "failed"),
}


class MandrillCalls(AccountCalls):
    """
    Calls that look after an account: JSON with the key in it.

    Args:
        options: The options of the provider.
        api_key: API key of the account.
    """

    def __init__(self, options: MandrillOptions, api_key: str) -> None:
        super().__init__(
            PROVIDER,
            options.base_url,
            {},
            error_of=lambda response: error_of(response, _MEANINGS),
            error_in=_error_in,
            timeout_seconds=options.timeout_seconds,
        )
        self._api_key = api_key

    def make(self, path: str, **parameters: object) -> Flow[tuple[Any, HttpResponse]]:
        """
        Make a call.

        Returns:
            The JSON of the answer, and the answer.

        Raises:
            SendError: If Mandrill refuses it, or the answer is not JSON.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        response = yield from self.ask("POST", f"/{path}.json", {"key": self._api_key, **given})
        return read_json(response), response

    def flag(self, document: object, name: str, response: HttpResponse) -> bool:
        """
        Whether an answer says that it did what it was asked for.

        Raises:
            UnexpectedResponse: If it says neither.
        """
        value = document.get(name) if isinstance(document, dict) else None
        if type(value) is not bool:
            raise self.unreadable(f"has no {name}", response)
        return value


def _error_in(response: HttpResponse) -> SendError | None:
    try:
        error = error_in(read_json(response))
    except SendError as unread:
        return unread
    return None if error is None else api_error(error, response, _MEANINGS)
