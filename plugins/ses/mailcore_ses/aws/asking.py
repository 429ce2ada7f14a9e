"""
Calls that look after the account: none of them sends mail, so each may be repeated.

Where a lost connection leaves open whether a mail was sent, here it leaves open nothing that a
repetition would not settle. AWS takes one such call per second and operation, so a call that was
throttled is made again after a pause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from mailcore.errors import RateLimited, SendError, UnexpectedResponse
from mailcore.flow import Exchange, Flow, Sleep
from mailcore.http import settled as settled_for
from mailcore_ses.aws.call import PROVIDER, AwsCall, AwsResponse
from mailcore_ses.errors import error_of


T = TypeVar("T")

_NOT_FOUND = "NotFoundException"
# "All other API actions ... are throttled at 1 request per second":
# https://docs.aws.amazon.com/ses/latest/dg/quotas.html (read 2026-11-21).
_PAUSES_SECONDS = (1.0, 2.0, 4.0)


def call(
    operation: str, parameters: Mapping[str, Any] | None = None, *, service: str
) -> Flow[Mapping[str, Any]]:
    """
    Make a call that may be repeated, and wait where AWS throttles.

    Args:
        operation: The operation, as the service's API reference names it.
        parameters: The parameters of the operation.
        service: The service, as boto3 names it.

    Returns:
        What the operation returns.

    Raises:
        SendError: As :func:`mailcore_ses.errors.error_of` reads it; never `maybe_accepted`.
    """
    found = yield from find(operation, parameters, service=service, absent_code="")
    assert found is not None
    return found


def find(
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    service: str,
    absent_code: str = _NOT_FOUND,
) -> Flow[Mapping[str, Any] | None]:
    """
    Make a call about something that need not exist.

    Args:
        operation: The operation, as for :func:`call`.
        parameters: The parameters of the operation, as for :func:`call`.
        service: The service, as for :func:`call`.
        absent_code: The error that says it does not exist.

    Returns:
        What the operation returns; None if the thing does not exist.

    Raises:
        SendError: As :func:`call`.
    """
    request = AwsCall(service=service, operation=operation, params=parameters or {})
    pauses = iter(_PAUSES_SECONDS)
    while True:
        response = yield from exchange(request)
        if response.ok:
            return response.body
        if absent_code and response.error_code.rpartition("#")[2] == absent_code:
            return None
        error = settled(error_of(response))
        pause = next(pauses, None) if isinstance(error, RateLimited) else None
        if pause is None:
            raise error
        yield Sleep(max(pause, error.retry_after_seconds or 0.0))


def exchange(request: AwsCall) -> Flow[AwsResponse]:
    """
    Make a call that sends nothing, once.

    Returns:
        The answer, an error among them.

    Raises:
        SendError: If there is none; never `maybe_accepted`.
    """
    try:
        response: AwsResponse = yield Exchange(request)
    except SendError as error:
        settled(error)
        raise
    return response


def settled(error: SendError) -> SendError:
    """The same error of a call that sends nothing: what it leaves open, asking again settles."""
    return settled_for(error, PROVIDER)


def require(body: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """
    A member of an answer.

    Raises:
        UnexpectedResponse: If it is missing, or of another type.
    """
    value = body.get(name)
    if not isinstance(value, kind):
        raise UnexpectedResponse(f"AWS's answer has no {name}", provider=PROVIDER)
    return value


def structure(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """
    A member of an answer that has members itself; empty if it is missing.

    Raises:
        UnexpectedResponse: If it is of another type.
    """
    return {} if body.get(name) is None else require(body, name, dict)


def entries(body: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """
    A list of such members; empty if it is missing.

    Raises:
        UnexpectedResponse: If it is of another type.
    """
    return tuple(_each(body, name, dict))


def texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """
    A list of texts; empty if it is missing.

    Raises:
        UnexpectedResponse: If it is of another type.
    """
    return tuple(_each(body, name, str))


def text(body: Mapping[str, Any], name: str) -> str:
    """
    A text; empty if it is missing.

    Raises:
        UnexpectedResponse: If it is of another type.
    """
    return "" if body.get(name) is None else require(body, name, str)


def _each(body: Mapping[str, Any], name: str, kind: type[T]) -> Iterator[T]:
    for value in () if body.get(name) is None else require(body, name, list):
        if not isinstance(value, kind):
            raise UnexpectedResponse(f"AWS's answer has an unreadable {name}", provider=PROVIDER)
        yield value


def require_number(body: Mapping[str, Any], name: str) -> float:
    """
    A number of an answer, which JSON may have written without a decimal point.

    Raises:
        UnexpectedResponse: If it is missing, or no number.
    """
    value = body.get(name)
    return float(value) if isinstance(value, int) else require(body, name, float)
