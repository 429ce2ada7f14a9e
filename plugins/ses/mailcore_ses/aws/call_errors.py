"""
What the exceptions of boto3 mean: whether the mail may be on its way, and what to do.

False is told only of what comes before the request for certain: setting up, finding and connecting
to the endpoint, its certificate. How far a call had come is known from its connection
(:mod:`mailcore_ses.aws.connections`), not from the class of the exception.

Texts of botocore may quote parameters and headers, so ours name the exception only, and none of
ours is chained to one of botocore's that holds them.
"""

from __future__ import annotations

import configparser
import re
import ssl

from typing import Any

from botocore import exceptions as boto

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    NetworkError,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)


_WITHOUT_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.NoAuthTokenError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    getattr(boto, "LoginError", boto.SSOError),  # botocore 1.41 and later
    boto.ProfileNotFound,
)
NETWORK_ERRORS = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)
"""What came of the connection, and not of the answer."""
_NEVER_CONNECTED = (
    boto.ConnectTimeoutError,
    boto.EndpointConnectionError,
    boto.ProxyConnectionError,
)


def of_call(error: Exception, *, place: str, writing: bool | None) -> SendError:
    """
    The error of a call that has no answer.

    Args:
        error: The exception that boto3 raised.
        place: Where the call went, from :func:`~mailcore_ses.aws.endpoints.place_of`.
        writing: Whether a byte of the request may have left; None if nobody knows.
    """
    if isinstance(error, boto.IncompleteReadError):
        return _lost(error, place)
    if isinstance(error, NETWORK_ERRORS):
        never = writing is None and isinstance(error, _NEVER_CONNECTED)
        return _not_sent(error, place) if writing is False or never else _lost(error, place)
    if isinstance(error, boto.BotoCoreError):
        return of_setup(error)
    name = type(error).__name__
    if writing is False:
        return _of_boto3(name)
    return UnexpectedResponse(f"the answer of {place} cannot be read ({name})", maybe_accepted=True)


def _lost(error: Exception, place: str) -> SendError:
    name = type(error).__name__
    if isinstance(error, boto.ReadTimeoutError) or isinstance(_reason(error), TimeoutError):
        return SendTimeout(
            f"no answer from {place} in time ({name})", retryable=False, maybe_accepted=True
        )
    return NetworkError(
        f"the connection to {place} was lost ({name})", retryable=False, maybe_accepted=True
    )


def _not_sent(error: Exception, place: str) -> SendError:
    name, reason = type(error).__name__, _reason(error)
    if isinstance(error, boto.ProxyConnectionError):
        return NetworkError(f"cannot connect to {place} through the proxy ({name})")
    if isinstance(error, boto.EndpointConnectionError):
        return NetworkError(f"cannot connect to {place}: check region and network ({name})")
    if isinstance(error, (boto.ConnectTimeoutError, boto.ReadTimeoutError)):
        return SendTimeout(f"no connection to {place} in time ({name})")
    if isinstance(error, boto.SSLError):
        found = _certificate_fault(reason)
        return NetworkError(
            f"TLS with {place} failed{found}: check the certificates, and those that `verify` "
            f"among client_parameters, AWS_CA_BUNDLE or REQUESTS_CA_BUNDLE name ({name})",
            retryable=False,
        )
    if isinstance(error, boto.ConnectionClosedError):
        return NetworkError(f"the connection to {place} was lost before the request ({name})")
    if isinstance(reason, OSError):
        return NetworkError(
            f"cannot connect to {place} ({type(reason).__name__}): check `verify` among "
            "client_parameters, AWS_CA_BUNDLE and REQUESTS_CA_BUNDLE",
            retryable=False,
        )
    return SendError(
        f"not a request that can be sent to {place} ({type(reason).__name__}): check the "
        "credentials and endpoint for line breaks and other control characters",
        category="configuration",
    )


def _certificate_fault(reason: BaseException | None) -> str:
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f", {reason.verify_message}"
        inner = next((each for each in reason.args if isinstance(each, BaseException)), None)
        reason = inner or reason.__cause__
    return ""


def _reason(error: Exception) -> BaseException | None:
    """What lies behind an exception of botocore."""
    reason: BaseException | None = getattr(error, "kwargs", {}).get("error")
    while reason is not None:
        inner = next((each for each in reason.args if isinstance(each, BaseException)), None)
        if inner is None:
            return reason
        reason = inner
    return None


def of_setup(error: Exception) -> SendError:
    """The error of botocore for what it found before any connection."""
    name = type(error).__name__
    if isinstance(error, boto.ParamValidationError):
        return MessageRejected(
            f"not valid parameters of the operation: {_parameters(error)}",
            category="invalid_parameters",
        )
    if isinstance(error, boto.InvalidRegionError):
        return SendError(
            "no name of an AWS region: check region_name and AWS_DEFAULT_REGION for spaces and "
            "spelling",
            category="region",
        )
    if isinstance(error, boto.NoRegionError):
        return SendError("no AWS region: set region_name or AWS_DEFAULT_REGION", category="region")
    if isinstance(error, boto.ConfigParseError):
        return AuthenticationFailed(f"{_broken_file(error)} ({name})", category="credentials")
    if isinstance(error, boto.ProfileNotFound):
        profile = error.kwargs.get("profile")
        return AuthenticationFailed(
            f"no AWS credentials: no profile {profile!r} in AWS's files: check AWS_PROFILE and "
            f"profile_name among session_parameters ({name})",
            category="credentials",
        )
    if isinstance(error, boto.PartialCredentialsError):
        place, missing = error.kwargs.get("provider"), error.kwargs.get("cred_var")
        return AuthenticationFailed(
            f"no AWS credentials: {missing} is missing beside the other one, in {place} ({name})",
            category="credentials",
        )
    if isinstance(error, _WITHOUT_CREDENTIALS):
        return AuthenticationFailed(f"no AWS credentials ({name})", category="credentials")
    if isinstance(error, boto.MetadataRetrievalError):
        return AuthenticationFailed(
            f"AWS credentials cannot be fetched ({name})", category="credentials", retryable=True
        )
    return _of_boto3(name)


def _of_boto3(name: str) -> SendError:
    return SendError(
        f"boto3 could not make the call ({name}): check the region, the endpoint and the options "
        "of the client; what it said is in the log of botocore at level DEBUG",
        category="configuration",
    )


def _broken_file(error: Any) -> str:
    """Which of AWS's files cannot be read, and where: not what stands there."""
    path, reason = error.kwargs.get("path", ""), error.kwargs.get("error")
    numbers = [number for number, _ in getattr(reason, "errors", ())]
    line = numbers[0] if numbers else getattr(reason, "lineno", None)
    place = f"line {line} of {path}" if line is not None else f"a line of {path}"
    if isinstance(reason, UnicodeDecodeError):
        return f"the file of AWS's settings {path} is no text: write it anew, in UTF-8"
    if isinstance(reason, (configparser.DuplicateOptionError, configparser.DuplicateSectionError)):
        return f"a name stands twice in AWS's settings: remove {place}, or the one before it"
    return (
        f"AWS's settings cannot be read: {place} is neither [section] nor name = value: correct it"
    )


def setup_text(service: str, error: Exception) -> str:
    """What a :class:`~mailcore.errors.ConfigurationError` says of a client that cannot be made."""
    return (
        f"ses: boto3 makes no client for {service} ({type(error).__name__}): check its endpoint "
        "URL, region_name, session_parameters and client_parameters"
    )


# The forms of botocore.validate.ValidationErrors up to the first value.
_COMPLAINT = re.compile(
    r"^(?:Invalid \w+ for (?:document )?parameter [\w.\[\]]+(?=, value: )"
    r'|Missing required parameter in [\w.\[\]]+: "\w+"$'
    r'|Unknown parameter in [\w.\[\]]+: "\w+"(?=, must be one of: )'
    r"|Invalid number of parameters set for tagged union structure [\w.\[\]]+(?=\. )"
    r"|Must set one of the following keys for tagged unionstructure [\w.\[\]]+(?=: ))",
    re.ASCII | re.MULTILINE,
)


def _parameters(error: Any) -> str:
    """The report's complaints without values, whose further lines are no complaints."""
    report = str(error.kwargs.get("report", ""))
    return "; ".join(_COMPLAINT.findall(report)[:10]) or "botocore names none"
