"""
SES's calls over our own HTTP, signed here: what sends most mail, without boto3.

SendEmail and SendBulkEmail of API v2 only; their requests are JSON in the words of the parameters
(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and
…/API_SendBulkEmail.html, read 2026-11-30). An answer is read as botocore reads it, so that nobody
above knows who made the call.
"""

from __future__ import annotations

import binascii
import http.client
import json
import secrets

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mailcore.errors import ConfigurationError, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import USER_AGENT
from mailcore_ses.aws.call import SES, AwsCall, AwsResponse
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.endpoints import place_of
from mailcore_ses.aws.identity import Identity
from mailcore_ses.aws.sigv4 import Keys, signed_headers
from mailcore_ses.aws.way import (
    Way,
    endpoint_of,
    reason_now,
    reason_of_environment,
    reason_of_settings,
)


PATHS = {
    "SendEmail": "/v2/email/outbound-emails",
    "SendBulkEmail": "/v2/email/outbound-bulk-emails",
}
_SIGNING_NAME = "ses"


class DirectCalls:
    """
    Decides which calls need no boto3, and makes them signed requests.

    Args:
        settings: How clients would be made.
        way: Who makes the calls that send.
        is_hooked: Says whether a handler is registered with a client that was made.

    Raises:
        ConfigurationError: If they are to go over our own HTTP, and something asks for boto3.
    """

    def __init__(self, settings: ClientSettings, way: Way, is_hooked: Callable[[], bool]) -> None:
        self._is_hooked = is_hooked
        self._settings = settings
        self._way = way
        self._of_settings = reason_of_settings(settings)
        self._identity = Identity(settings)
        if way == "http" and self._of_settings:
            raise ConfigurationError(
                f"ses: send_with='http' cannot be kept, since {self._of_settings}: leave send_with "
                "at 'auto'"
            )

    def reason(self) -> str:
        """Why boto3 makes the calls at this moment, for people; empty if it does not."""
        if self._way == "boto3":
            return "send_with is 'boto3'"
        if self._way == "http":
            return ""
        if self._is_hooked():
            return "a handler is registered with its client"
        return self._of_settings or reason_of_environment() or reason_now()

    def needs_no_boto3(self) -> bool:
        """Whether nothing of AWS's library is needed for calls that send, as far as is known."""
        _, keys = self._identity.simple_keys()
        region_name = self._identity.simple_region_name()
        if self.reason() or keys is None or region_name is None:
            return False
        return endpoint_of(self._settings, region_name) is not None

    def ready_url(self, call: AwsCall) -> str | None:
        """Where :meth:`request` sends this call, and makes the request of it without waiting."""
        if not _is_one(call) or self.reason():
            return None
        _, keys = self._identity.simple_keys()
        place = self._place(call) if keys is not None else None
        return None if place is None else place[0]

    def request(self, call: AwsCall) -> HttpRequest | None:
        """
        A call as a signed request; None if boto3 is to make it.

        This may take a while, where credentials are fetched.

        Raises:
            AuthenticationFailed: If the credentials that were found are half empty.
            MessageError: As a message does that is written when it is sent.
        """
        if not _is_one(call) or self.reason():
            return None
        place, keys = self._place(call), self._identity.keys()
        # boto3 says best what is missing.
        if place is None or keys is None:
            return None
        endpoint_url, region_name = place
        return request_of(
            call,
            endpoint_url=endpoint_url,
            region_name=region_name,
            keys=keys,
            timeout_seconds=self._settings.read_timeout_seconds,
            connect_timeout_seconds=self._settings.connect_timeout_seconds,
        )

    def _place(self, call: AwsCall) -> tuple[str, str] | None:
        region_name = call.region_name or self._identity.region_name()
        endpoint_url = endpoint_of(self._settings, region_name) if region_name else None
        return None if endpoint_url is None or region_name is None else (endpoint_url, region_name)


def _is_one(call: AwsCall) -> bool:
    # What is not known to fit the operation's model is checked by botocore; a global endpoint wants
    # signatures that only the AWS Common Runtime makes.
    return (
        call.service == SES
        and call.operation in PATHS
        and call.is_valid
        and not call.params.get("EndpointId")
    )


def request_of(
    call: AwsCall,
    *,
    endpoint_url: str,
    region_name: str,
    keys: Keys,
    timeout_seconds: float,
    connect_timeout_seconds: float,
) -> HttpRequest:
    """
    A call as a signed request.

    Args:
        call: A call of one of the two operations.
        endpoint_url: The URL of the service that is called.
        region_name: The region that is asked.
        keys: The access keys that the call is signed with.
        timeout_seconds: How many seconds the answer may take.
        connect_timeout_seconds: How many seconds connecting may take.

    Raises:
        MessageError: As a message does that is written when it is sent.
    """
    url = f"{endpoint_url.rstrip('/')}{PATHS[call.operation]}"
    body = json_of(call.params)
    signed = signed_headers(
        "POST",
        url,
        {"Content-Type": "application/json"},
        body,
        keys=keys,
        region_name=region_name,
        service=_SIGNING_NAME,
    )
    return HttpRequest(
        method="POST",
        url=url,
        headers={**signed, "User-Agent": USER_AGENT},
        body=body,
        timeout_seconds=timeout_seconds,
        connect_timeout_seconds=connect_timeout_seconds,
        max_response_bytes=call.max_response_bytes,
        place=place_of(endpoint_url, region_name),
    )


def json_of(params: Mapping[str, Any]) -> bytes:
    """
    The parameters of a call in JSON; octets in Base64, as botocore writes them.

    What is large is copied once: into Base64.

    Args:
        params: The parameters, by their names.

    Raises:
        TypeError: If a value is none that a parameter may have.
    """
    octets: list[bytes | bytearray | memoryview] = []

    def plain(value: Any) -> object:
        if isinstance(value, (bytes, bytearray, memoryview)):
            octets.append(value)
            return _PLACE
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, (tuple, set, frozenset)):
            return list(value)
        raise TypeError(f"no parameter of an AWS call: {type(value).__name__}")

    text = json.dumps(dict(params), default=plain, separators=(",", ":")).encode("ascii")
    if not octets:
        return text
    first, *others = text.split(_PLACE_IN_JSON)
    pieces = [first]
    for value, after in zip(octets, others, strict=True):
        pieces += (b'"', binascii.b2a_base64(value, newline=False), b'"', after)
    return b"".join(pieces)


# Nobody knows it, so that nobody can write it into a message.
_PLACE = f"octets-{secrets.token_hex(16)}"
_PLACE_IN_JSON = f'"{_PLACE}"'.encode("ascii")


def response_of(answer: HttpResponse) -> AwsResponse:
    """
    The answer to a call, read as botocore 1.44 reads it.

    Raises:
        UnexpectedResponse: If it says yes in a way that cannot be read: the mail may be accepted.
    """
    if answer.status_code >= 300:
        return _error_of(answer)
    body: Any = None
    with suppress(UnicodeDecodeError):
        text = answer.body.decode("utf-8")
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = {}
    if not isinstance(body, dict):
        raise UnexpectedResponse(
            "the answer of SES cannot be read: it is no object of JSON",
            status_code=answer.status_code,
            maybe_accepted=True,
        )
    return AwsResponse(status_code=answer.status_code, body=body, headers=answer.headers)


def _error_of(answer: HttpResponse) -> AwsResponse:
    status = answer.status_code
    text = answer.body.strip()
    if status >= 500 and (not text or text.startswith(b"<html>")):
        code, message = str(status), http.client.responses.get(status, "")
    else:
        try:
            code, message = _words_of(answer)
        except (TypeError, AttributeError, UnicodeDecodeError):
            # It says no in words that botocore cannot read.
            code, message = str(status), ""
    return AwsResponse(
        status_code=status, error_code=code, error_message=message, headers=answer.headers
    )


def _words_of(answer: HttpResponse) -> tuple[str, str]:
    text = answer.body.decode("utf-8")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = {"message": text}
    message = body.get("message", body.get("Message"))
    code: Any = body.get("__type", str(answer.status_code))
    if code is not None:
        code = _name_in(code)
    given = body.get("code", body.get("Code"))
    given = answer.headers.get("x-amzn-errortype", given)
    if given is not None:
        code = _name_in(given) if isinstance(given, str) else given
    hash(code)  # botocore looks it up
    return str(code or "Unknown"), str(message or "")


def _name_in(code: Any) -> Any:
    """The name of an error that stands there with a namespace before it or a URL after it."""
    # A list that has neither is no error to botocore, which then looks at the header.
    if ":" in code:
        code = code.partition(":")[0]
    return code.rpartition("#")[2] if "#" in code else code
