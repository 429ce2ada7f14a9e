"""
Calls of AWS as the log of the wire shows them: see :mod:`mailcore.http.wire`.

They are told as the operation and its parameters, before they are signed: what signs them is not
there to be hidden. boto3's own logs (``botocore``, ``urllib3``) have signed requests in full.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailcore.http import Sheet, logged
from mailcore.http.wire import logged_async
from mailcore_ses.aws.call import AwsCall, AwsResponse


def logged_call(call: AwsCall, exchange: Callable[[AwsCall], AwsResponse]) -> AwsResponse:
    """Make a call, with a record before it and one after it."""
    return logged(
        lambda: exchange(call),
        request=lambda: call_text(call),
        answer=response_text,
    )


async def logged_call_async(
    call: AwsCall, exchange: Callable[[AwsCall], Awaitable[AwsResponse]]
) -> AwsResponse:
    """The same as :func:`logged_call`, of a call that is awaited."""
    return await logged_async(
        lambda: exchange(call), request=lambda: call_text(call), answer=response_text
    )


def call_text(call: AwsCall) -> str:
    """A call in one line: service, operation, parameters."""
    sheet = Sheet()
    region = f" in {call.region_name}" if call.region_name else ""
    sheet.write(f"{call.service} {call.operation}{region} | ")
    sheet.value(call.params)
    return sheet.text


def response_text(response: AwsResponse) -> str:
    """An answer in one line: status, request id, and what the operation returned or the error."""
    sheet = Sheet(of_answer=True)
    sheet.write(f"{response.status_code} | x-amzn-requestid: ")
    sheet.value(response.headers.get("x-amzn-requestid"), "request_id")
    sheet.write(" | ")
    sheet.value(response.json())
    return sheet.text
