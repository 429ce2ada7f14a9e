"""
Calls of a service's HTTP API that look after an account: asked, repeated, and read.

None of them sends mail, so each may be made again, and no error of theirs is `maybe_accepted`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from mailcore.errors import SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http.answers import not_understood, read_json
from mailcore.http.repeatable import ask, settled
from mailcore.http.requests import JSON_HEADERS, json_bytes


_ACCEPT = {"Accept": "application/json"}
_MAX_RESPONSE_BYTES = 64 * 1024 * 1024


def is_not_found(response: HttpResponse) -> bool:
    """Whether the status of an answer is 404."""
    return response.status_code == 404


class AccountCalls:
    """
    Calls of one account's API.

    Args:
        provider: Name of the provider, for errors.
        base_url: The URL that the paths of calls are added to.
        headers: Header fields of every request, the credentials among them.
        error_of: The exception for an answer that is no success.
        error_in: The error in an answer that is a success by its status; None if there is none, or
            if the service has no such answers.
        is_absent: Tells an answer that says that what was asked about is not there, for
            :meth:`find`.
        timeout_seconds: How many seconds each request may take, as in
            :class:`~mailcore.flow.HttpRequest`.
        max_response_bytes: A larger answer is an error; lists may be long.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        error_of: Callable[[HttpResponse], SendError],
        error_in: Callable[[HttpResponse], SendError | None] | None = None,
        is_absent: Callable[[HttpResponse], bool] = is_not_found,
        timeout_seconds: float = 30.0,
        max_response_bytes: int = _MAX_RESPONSE_BYTES,
    ) -> None:
        self.provider = provider
        self._base_url = base_url
        self._headers = headers
        self._error_of = error_of
        self._error_in = error_in
        self._is_absent = is_absent
        self._timeout_seconds = timeout_seconds
        self._max_response_bytes = max_response_bytes

    def ask(
        self,
        method: str,
        path: str,
        payload: object = None,
        *,
        query: Mapping[str, object] | None = None,
    ) -> Flow[HttpResponse]:
        """
        Make a call, and again after a pause where the service says that it was one too many.

        Args:
            method: The HTTP method in capitals.
            path: What follows the base URL, encoded; or a whole URL that the service gave, which
                the caller has looked at: the credentials go there.
            payload: The document of the body; None for none.
            query: Names and values of the parameters in the URL.

        Raises:
            SendError: If there is no answer, or no success.
        """
        request = self._request(method, path, payload, query)
        return (yield from ask(request, provider=self.provider, error_of=self._refusal))

    def find(
        self,
        method: str,
        path: str,
        payload: object = None,
        *,
        query: Mapping[str, object] | None = None,
    ) -> Flow[HttpResponse | None]:
        """
        As :meth:`ask`, for what need not be there.

        Returns:
            The answer; None if it says that it is not there.
        """
        request = self._request(method, path, payload, query)
        response: HttpResponse = yield from ask(
            request, provider=self.provider, error_of=self._refusal_of_found
        )
        return None if self._is_absent(response) else response

    def read(self, response: HttpResponse) -> Any:
        """
        The JSON of an answer.

        Raises:
            UnexpectedResponse: If the answer is not JSON.
        """
        try:
            return read_json(response)
        except SendError as error:
            raise settled(error, self.provider) from None

    def read_object(self, response: HttpResponse) -> Mapping[str, Any]:
        """
        The JSON object of an answer.

        Raises:
            UnexpectedResponse: If the answer is not a JSON object.
        """
        document = self.read(response)
        if not isinstance(document, dict):
            raise self.unreadable("is no object", response)
        return document

    def objects(self, listed: object, what: str, response: HttpResponse) -> list[Mapping[str, Any]]:
        """
        A value of an answer that is to be a list of objects.

        Args:
            listed: A value of the answer's document.
            what: What follows "the answer" if it is something else.
            response: The answer that it is of.

        Raises:
            UnexpectedResponse: If it is something else.
        """
        if isinstance(listed, list) and all(isinstance(each, dict) for each in listed):
            return listed
        raise self.unreadable(what, response)

    def unreadable(self, what: str, response: HttpResponse) -> SendError:
        """
        The exception for an answer that the service's documentation does not have.

        Args:
            what: What is wrong with it, following "the answer".
            response: The answer that could not be read.
        """
        return settled(not_understood(what, response), self.provider)

    def _request(
        self, method: str, path: str, payload: object, query: Mapping[str, object] | None
    ) -> HttpRequest:
        url = path if path.startswith(("https://", "http://")) else f"{self._base_url}{path}"
        has_body = payload is not None
        return HttpRequest(
            method=method,
            url=f"{url}?{urlencode(query)}" if query else url,
            headers={**(JSON_HEADERS if has_body else _ACCEPT), **self._headers},
            body=json_bytes(payload) if has_body else b"",
            timeout_seconds=self._timeout_seconds,
            max_response_bytes=self._max_response_bytes,
        )

    def _refusal(self, response: HttpResponse) -> SendError | None:
        if not 200 <= response.status_code < 300:
            return self._error_of(response)
        return None if self._error_in is None else self._error_in(response)

    def _refusal_of_found(self, response: HttpResponse) -> SendError | None:
        return None if self._is_absent(response) else self._refusal(response)
