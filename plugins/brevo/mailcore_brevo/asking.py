"""Calls of Brevo's API that send nothing: asked, repeated where there were too many, and read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from mailcore.errors import SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import JSON_HEADERS, ask, json_bytes, not_understood, read_json, settled
from mailcore_brevo.errors import api_error, code_of, status_error, words_of
from mailcore_brevo.options import BrevoOptions


PROVIDER = "brevo"


def call(
    options: BrevoOptions,
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    payload: object = None,
) -> Flow[HttpResponse]:
    """
    Make a call; an answer of status 404 is one.

    Args:
        options: The options of the provider, with the key.
        method: The HTTP method in capitals.
        path: The path of the call, encoded, behind the version of the API.
        query: The parameters in the URL.
        payload: The document of the body.

    Raises:
        SendError: If Brevo does not answer, or refuses; never `maybe_accepted`.
    """
    parameters = f"?{urlencode(query)}" if query else ""
    request = HttpRequest(
        method=method,
        url=f"{options.api_url}{path}{parameters}",
        headers={**JSON_HEADERS, **options.authorization},
        body=b"" if payload is None else json_bytes(payload),
        timeout_seconds=options.timeout_seconds,
    )
    response: HttpResponse = yield from ask(request, provider=PROVIDER, error_of=_error_of)
    return response


def read(
    response: HttpResponse, name: str, *, may_be_missing: bool = False
) -> list[dict[str, Any]]:
    """
    The objects of an array in an answer.

    Args:
        response: The answer that has the array.
        name: The name of the array.
        may_be_missing: Whether none are no array, as long as the answer says that they are 0.

    Raises:
        SendError: If it is none.
    """
    document = read_success(response)
    items = document.get(name)
    if items is None and may_be_missing and document.get("count") == 0:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise settled(not_understood(f"has an unreadable {name}", response), PROVIDER)
    return items


def read_success(response: HttpResponse) -> dict[str, Any]:
    """
    The object of an answer.

    Raises:
        SendError: If there is none.
    """
    error: SendError
    if not 200 <= response.status_code < 300:
        error = _refused(response)
    else:
        try:
            document = read_json(response)
        except SendError as unreadable:
            error = unreadable
        else:
            if isinstance(document, dict):
                return document
            error = not_understood("is no object", response)
    raise settled(error, PROVIDER)


def require_success(response: HttpResponse) -> None:
    """
    Refuse an answer that is no success; what it says otherwise is not looked at.

    Raises:
        SendError: If it is none.
    """
    if not 200 <= response.status_code < 300:
        raise settled(_refused(response), PROVIDER)


def _error_of(response: HttpResponse) -> SendError | None:
    if 200 <= response.status_code < 300 or response.status_code == 404:
        return None
    return _refused(response)


def _refused(response: HttpResponse) -> SendError:
    try:
        document = read_json(response)
    except SendError:
        document = None
    code = code_of(document)
    return api_error(code, words_of(document), response) if code else status_error(response)
