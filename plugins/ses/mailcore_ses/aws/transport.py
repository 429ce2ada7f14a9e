"""
Calls of AWS: nothing sent twice, and the truth about what was sent.

What sends mail goes over our own HTTP where nothing asks for boto3 (:mod:`mailcore_ses.aws.way`);
everything else through its clients, those of :mod:`mailcore_ses.aws.clients`. Importing boto3 waits
until the first is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mailcore.errors import MailcoreError, NetworkError, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse, progress_of_exchange
from mailcore.http import (
    AiohttpTransport,
    HttpTransport,
    default_transport,
    redirected_url,
    wire,
    without_credentials,
)
from mailcore_ses.aws import sigv4
from mailcore_ses.aws.call import SES, AwsCall, AwsResponse
from mailcore_ses.aws.clients import Clients, ClientSettings, load
from mailcore_ses.aws.direct import DirectCalls, response_of
from mailcore_ses.aws.endpoints import place_of
from mailcore_ses.aws.half_pairs import half_pair_of
from mailcore_ses.aws.way import Way
from mailcore_ses.aws.wire import logged_call, logged_call_async


if TYPE_CHECKING:
    from mailcore_ses.aws.connections import CallState

__all__ = ["AwsTransport", "ClientSettings"]


class AwsTransport:
    """
    Sends :class:`~mailcore_ses.aws.AwsCall` over HTTP or through boto3, HTTP requests over HTTP.

    Args:
        settings: How clients are made.
        way: Who makes the calls that send.
    """

    def __init__(self, settings: ClientSettings, way: Way = "auto") -> None:
        self._settings = settings
        self._clients = Clients(settings)
        self.direct = DirectCalls(settings, way, lambda: self._clients.is_hooked)
        self.connections = settings.max_pool_connections
        self._http = default_transport(pool_size=settings.max_pool_connections)

    def exchange(self, request: AwsCall | HttpRequest) -> AwsResponse | HttpResponse:
        """
        Make a call.

        Returns:
            The answer, a streamed body read to its end; AWS's errors are answers, and so is every
            other answer with a status that is an error.

        Raises:
            SendError: If there is no answer, or none that can be read, or no call could be made.
            ConfigurationError: If the settings make no client.
        """
        if isinstance(request, HttpRequest):
            return self._http.exchange(self._moved(request))
        if wire.is_on():
            return logged_call(request, self._called)
        return self._called(request)

    def blocks(self, request: AwsCall | HttpRequest) -> bool:
        """Whether a request is to be sent in a thread, by :meth:`exchange`."""
        http = self._http
        if not isinstance(http, AiohttpTransport):
            return True
        if isinstance(request, HttpRequest):
            return http.blocks(self._moved(request))
        url = self.direct.ready_url(request)
        return url is None or http.blocks(HttpRequest(method="POST", url=url))

    async def aexchange(self, request: AwsCall | HttpRequest) -> AwsResponse | HttpResponse:
        """Make a call from an event loop that does not block: see :meth:`exchange`."""
        http = self._http
        assert isinstance(http, AiohttpTransport)
        if isinstance(request, HttpRequest):
            return await http.aexchange(self._moved(request))
        if wire.is_on():
            return await logged_call_async(request, self._acalled)
        return await self._acalled(request)

    async def _acalled(self, request: AwsCall) -> AwsResponse:
        direct = self._request_of(request)
        if direct is None or not isinstance(self._http, AiohttpTransport):
            import asyncio

            return await asyncio.to_thread(self._called, request)
        return response_of(await self._http.asend(direct))

    def _moved(self, request: HttpRequest) -> HttpRequest:
        if self._settings.redirected_to is None:
            return request
        target, _, name = self._settings.redirected_to.rpartition("/")
        url = redirected_url(request.url, target, name)
        return replace(without_credentials(request), url=url, place="")

    def _called(self, request: AwsCall) -> AwsResponse:
        direct = self._request_of(request)
        if direct is not None:
            return response_of(self._http.send(direct))
        return self._called_by_boto3(request)

    def _request_of(self, request: AwsCall) -> HttpRequest | None:
        # A message that is written when it is sent may be refused yet.
        progress_of_exchange().began = False
        return self.direct.request(request)

    def _called_by_boto3(self, request: AwsCall) -> AwsResponse:
        method = self._clients.method(
            request.service,
            request.operation,
            request.region_name,
            validates=not request.is_valid,
        )
        # Imported with the client.
        from botocore.exceptions import ClientError

        from mailcore.http.connection import following
        from mailcore_ses.aws.connections import CallState

        state = CallState(progress_of_exchange())
        try:
            with following(state):
                body = method(**request.params)
                body = _with_content(body, request.max_response_bytes)
        except ClientError as error:
            return _error_response(error)
        except MailcoreError:
            # Ours already: a message that is written when it is sent, an object that is too large.
            raise
        except Exception as error:  # noqa: BLE001  # botocore's parsers raise whatever they meet
            return self._answer_to(request, error, state)
        metadata = body.get("ResponseMetadata", {})
        return AwsResponse(
            status_code=metadata.get("HTTPStatusCode", 200),
            body=body,
            headers=metadata.get("HTTPHeaders", {}),
        )

    def prepare(self) -> None:
        """Load what the first call that sends will need: boto3 only if that makes it."""
        HttpTransport.prepare()
        sigv4.prepare()
        if not self.direct.needs_no_boto3():
            load()

    def client(self, service: str = SES, region_name: str | None = None) -> Any:
        """The boto3 client for a service, made at first use."""
        return self._clients.get(service, region_name)

    def close(self) -> None:
        """Close all connections but those of a client that was given."""
        self._clients.close()
        self._http.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings!r})"

    def _answer_to(self, request: AwsCall, error: Exception, state: CallState) -> AwsResponse:
        """What an exception means of which botocore makes no answer."""
        from mailcore_ses.aws import call_errors

        validates = not request.is_valid or self._clients.is_hooked
        client = self._clients.get(request.service, request.region_name, validates=validates)
        place = place_of(str(client.meta.endpoint_url), client.meta.region_name)
        status_code = state.status_code
        if status_code is not None and not isinstance(error, call_errors.NETWORK_ERRORS):
            if status_code >= 300:
                # It says no in words that botocore cannot read, such as a firewall's page.
                return AwsResponse(status_code=status_code, error_code=str(status_code))
            raise UnexpectedResponse(
                f"the answer of {place} cannot be read ({type(error).__name__})",
                status_code=status_code,
                maybe_accepted=True,
            ) from None
        writing = state.began if self._clients.is_watched(client) else None
        half = half_pair_of(client) if not writing else None
        if half is not None:
            raise half from None
        # Not chained: an exception of botocore may repeat parameters, headers and URLs.
        raise call_errors.of_call(error, place=place, writing=writing) from None


def _with_content(body: Mapping[str, Any], max_bytes: int) -> Mapping[str, Any]:
    """The answer with its stream, if it has one, replaced by what is in it."""
    from botocore.response import StreamingBody

    stream = body.get("Body")
    if not isinstance(stream, StreamingBody):
        return body
    import urllib3.exceptions

    with closing(stream):
        if body.get("ContentLength", 0) > max_bytes:
            raise _too_large(max_bytes)
        try:
            content = stream.read(max_bytes + 1)
            if len(content) > max_bytes:
                raise _too_large(max_bytes)
            # Length and checksum are verified only when nothing is left.
            stream.read(1)
        except urllib3.exceptions.HTTPError as error:
            raise NetworkError(
                f"the connection to AWS was lost ({type(error).__name__})",
                retryable=False,
                maybe_accepted=True,
            ) from error
    return {**body, "Body": content}


def _too_large(max_bytes: int) -> UnexpectedResponse:
    return UnexpectedResponse(f"more than {max_bytes} bytes", category="too_large")


def _error_response(error: Any) -> AwsResponse:
    metadata = error.response.get("ResponseMetadata", {})
    details = error.response.get("Error", {})
    return AwsResponse(
        status_code=int(metadata.get("HTTPStatusCode") or 400),
        error_code=str(details.get("Code") or "Unknown"),
        error_message=str(details.get("Message") or ""),
        headers=metadata.get("HTTPHeaders", {}),
    )
