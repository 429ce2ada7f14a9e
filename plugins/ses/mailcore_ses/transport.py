"""
boto3 behind the transport protocol: one client per service and region, nothing sent twice.

botocore's own retries are off: its default re-sends after a read timeout, when SES may have sent
the mail already. Importing boto3 waits until the first call.
"""

from __future__ import annotations

import threading

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    NetworkError,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.transport import USER_AGENT, RequestsTransport
from mailcore_ses.aws import SES, SES_V1, AwsCall, AwsResponse


__all__ = ["SES", "SES_V1", "AwsTransport", "ClientSettings"]


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """
    How to make boto3 clients; see :class:`~mailcore_ses.provider.SesProvider` for each.

    Credentials may be among them, so the repr shows the region only.
    """

    region_name: str | None = None
    endpoint_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: Any = field(default=None, repr=False)
    session_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    client: Any = field(default=None, repr=False)
    client_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0
    max_pool_connections: int = 50


class AwsTransport:
    """Sends :class:`~mailcore_ses.aws.AwsCall` through boto3, HTTP requests through requests."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._session = settings.session
        self._clients: dict[tuple[str, str | None, bool], Any] = {}
        self._methods: dict[tuple[str, str, str | None, bool], Any] = {}
        self._http: RequestsTransport | None = None

    def exchange(self, request: AwsCall | HttpRequest) -> AwsResponse | HttpResponse:
        """
        Make a call.

        Returns:
            The answer, a streamed body read to its end; AWS's errors are answers.

        Raises:
            SendError: If there is no answer, or no call could be made.
        """
        if isinstance(request, HttpRequest):
            return self._http_transport().exchange(request)
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            body = self._method(request)(**request.params)
            body = _with_content(body, request.max_response_bytes)
        except ClientError as error:
            return _error_response(error)
        except ResponseParserError as error:
            raise UnexpectedResponse("AWS's answer cannot be read", maybe_accepted=True) from error
        except BotoCoreError as error:
            raise _send_error(error) from error
        metadata = body.get("ResponseMetadata", {})
        return AwsResponse(
            status_code=metadata.get("HTTPStatusCode", 200),
            body=body,
            headers=metadata.get("HTTPHeaders", {}),
        )

    def client(self, service: str = SES, region_name: str | None = None) -> Any:
        """The boto3 client for a service: made at first use."""
        return self._client(service, region_name, validates=True)

    def _client(self, service: str, region_name: str | None, *, validates: bool) -> Any:
        key = (service, region_name, validates)
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = self._new_client(service, region_name, validates=validates)
                    self._clients[key] = client
        return client

    def close(self) -> None:
        """Close all connections but those of a client that was given."""
        with self._lock:
            clients = [c for c in self._clients.values() if c is not self._settings.client]
            self._clients.clear()
            self._methods.clear()
            http, self._http = self._http, None
        for client in clients:
            client.close()
        if http is not None:
            http.close()

    def _http_transport(self) -> RequestsTransport:
        with self._lock:
            if self._http is None:
                self._http = RequestsTransport()
            return self._http

    def _method(self, call: AwsCall) -> Any:
        key = (call.service, call.operation, call.region_name, not call.is_valid)
        method = self._methods.get(key)
        if method is None:
            from botocore import xform_name

            client = self._client(call.service, call.region_name, validates=not call.is_valid)
            method = getattr(client, xform_name(call.operation))
            self._methods[key] = method
        return method

    def _new_client(self, service: str, region_name: str | None, *, validates: bool) -> Any:
        settings = self._settings
        if _is_of(settings.client, service):
            return _without_retries(settings.client)
        import boto3

        if self._session is None:
            self._session = boto3.session.Session(**settings.session_parameters)
        parameters = dict(settings.client_parameters)
        config = _config(settings, parameters.pop("config", None), validates=validates)
        parameters.setdefault("region_name", settings.region_name)
        if service in (SES, SES_V1) and settings.client is not None:
            # Both versions of the API live at one address.
            given = settings.client.meta
            parameters |= {"region_name": given.region_name, "endpoint_url": given.endpoint_url}
        elif parameters["region_name"] is None and settings.client is not None:
            parameters["region_name"] = settings.client.meta.region_name
        if region_name is not None:
            parameters["region_name"] = region_name
        # An endpoint is one service's: SES's must not receive what is meant for SNS.
        endpoint_url = parameters.pop("endpoint_url", None)
        if service in (SES, SES_V1):
            endpoint_url = settings.endpoint_urls.get(SES, endpoint_url)
        else:
            endpoint_url = settings.endpoint_urls.get(service)
        return self._session.client(service, config=config, endpoint_url=endpoint_url, **parameters)


def _config(settings: ClientSettings, given: Any, *, validates: bool) -> Any:
    """Our defaults, overridden by the user's Config or dict, but never retries."""
    import boto3
    import botocore

    from botocore.config import Config

    versions = f"boto3/{boto3.__version__} botocore/{botocore.__version__}"
    config = Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        max_pool_connections=settings.max_pool_connections,
        # Made once: botocore would put its own together twice for each call.
        user_agent=f"{USER_AGENT} {versions}",
    )
    if given is not None:
        config = config.merge(Config(**given) if isinstance(given, Mapping) else given)
    if not validates:
        config = config.merge(Config(parameter_validation=False))
    return config.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


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


def _is_of(client: Any, service: str) -> bool:
    return client is not None and client.meta.service_model.service_name == service


def _without_retries(client: Any) -> Any:
    """Switch off the retries of a client that was given: they could send a mail twice."""
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(
        f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}"
    )
    return client


def _error_response(error: Any) -> AwsResponse:
    metadata = error.response.get("ResponseMetadata", {})
    details = error.response.get("Error", {})
    return AwsResponse(
        status_code=int(metadata.get("HTTPStatusCode") or 400),
        error_code=str(details.get("Code") or "Unknown"),
        error_message=str(details.get("Message") or ""),
        headers=metadata.get("HTTPHeaders", {}),
    )


def _send_error(error: Exception) -> SendError:
    """
    What a botocore exception means for the mail.

    Texts of botocore may quote parameters, so ours name the exception only.
    """
    from botocore import exceptions as boto

    name = type(error).__name__
    if isinstance(error, boto.ConnectTimeoutError):
        return SendTimeout(f"no connection to AWS in time ({name})")
    if isinstance(error, boto.ReadTimeoutError):
        return SendTimeout(
            f"no answer from AWS in time ({name})", retryable=False, maybe_accepted=True
        )
    if isinstance(error, boto.SSLError):
        return NetworkError(f"TLS with AWS failed: check certificates ({name})", retryable=False)
    if isinstance(error, (boto.EndpointConnectionError, boto.ProxyConnectionError)):
        return NetworkError(f"cannot connect to AWS ({name})")
    if isinstance(error, (boto.HTTPClientError, boto.IncompleteReadError)):
        return NetworkError(
            f"the connection to AWS was lost ({name})", retryable=False, maybe_accepted=True
        )
    if isinstance(error, boto.ParamValidationError):
        return MessageRejected(
            f"not valid parameters of the operation: {_parameters(error)}",
            category="invalid_parameters",
        )
    if isinstance(error, (boto.NoRegionError, boto.InvalidRegionError)):
        return SendError("no AWS region: set region_name or AWS_DEFAULT_REGION", category="region")
    return _setup_error(error, name)


def _setup_error(error: Exception, name: str) -> SendError:
    from botocore import exceptions as boto

    without_credentials = (
        boto.NoCredentialsError,
        boto.NoAuthTokenError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.TokenRetrievalError,
        boto.SSOError,
        getattr(boto, "LoginError", boto.SSOError),  # botocore 1.41 and later
        boto.ProfileNotFound,
    )
    if isinstance(error, without_credentials):
        return AuthenticationFailed(f"no AWS credentials ({name})", category="credentials")
    if isinstance(error, boto.MetadataRetrievalError):
        return AuthenticationFailed(
            f"AWS credentials cannot be fetched ({name})", category="credentials", retryable=True
        )
    return SendError(f"boto3 could not make the call ({name})", category="configuration")


def _parameters(error: Any) -> str:
    """The report's parameter names and complaints, without the values."""
    report = str(error.kwargs.get("report", ""))
    return "; ".join(line.partition(", value:")[0].strip() for line in report.splitlines())
