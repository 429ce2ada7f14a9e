"""What each exception of boto3 becomes: the class, what may be repeated, what stays unsaid."""

from __future__ import annotations

import socket
import ssl

from types import SimpleNamespace

import pytest

from botocore import exceptions as boto
from botocore.configloader import load_config
from botocore.credentials import Credentials

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    NetworkError,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore_ses.aws.call_errors import of_call, of_setup, setup_text
from mailcore_ses.aws.endpoints import place_of
from mailcore_ses.aws.half_pairs import half_pair_of


URL = "https://secret.example/path"
PLACE = "email.example:443 (region eu-west-1)"


def behind(reason: BaseException) -> Exception:
    """An exception as urllib3 wraps one: the cause is an argument, beside a text."""
    return Exception("pool", Exception(reason))


def certificate_fault(words: str = "certificate has expired") -> ssl.SSLCertVerificationError:
    """What OpenSSL says of a certificate."""
    fault = ssl.SSLCertVerificationError(1, "failed")
    fault.verify_message = words
    return fault


@pytest.mark.parametrize(
    ("endpoint_url", "expected"),
    [
        ("https://a.example", "a.example:443"),
        ("http://a.example/x", "a.example:80"),
        ("http://a.example:8080", "a.example:8080"),
        ("https://a.example:1", "a.example:1"),
        ("https://user:word@a.example", "a.example:443"),
        ("https://a.example:port", "the endpoint"),
    ],
)
def test_place(endpoint_url, expected):
    """The host with its port, and the region; no path and no password."""
    assert f"{expected} (region eu-west-1)" == place_of(endpoint_url, "eu-west-1")


TIMED_OUT = (SendTimeout, False, True, f"no answer from {PLACE} in time (")
LOST = (NetworkError, False, True, f"the connection to {PLACE} was lost (")
REFUSED = (NetworkError, True, False, f"cannot connect to {PLACE}: check region and network (")


@pytest.mark.parametrize(
    ("error", "writing", "expected"),
    [
        # Nobody knows whether a byte left: only what comes before a connection is certain.
        (boto.EndpointConnectionError(endpoint_url=URL, error=OSError()), None, REFUSED),
        (
            boto.ProxyConnectionError(proxy_url=URL, error=OSError()),
            None,
            (NetworkError, True, False, f"cannot connect to {PLACE} through the proxy ("),
        ),
        (
            boto.ConnectTimeoutError(endpoint_url=URL, error=TimeoutError()),
            None,
            (SendTimeout, True, False, f"no connection to {PLACE} in time ("),
        ),
        (boto.ReadTimeoutError(endpoint_url=URL, error=None), None, TIMED_OUT),
        (boto.ConnectionClosedError(endpoint_url=URL), None, LOST),
        (boto.SSLError(endpoint_url=URL, error=OSError()), None, LOST),
        (boto.HTTPClientError(error=behind(TimeoutError())), None, TIMED_OUT),
        (boto.HTTPClientError(error=behind(ConnectionResetError())), None, LOST),
        (boto.HTTPClientError(error=Exception()), None, LOST),
        # A byte of the request had left.
        (boto.EndpointConnectionError(endpoint_url=URL, error=OSError()), True, LOST),
        (boto.ConnectTimeoutError(endpoint_url=URL, error=TimeoutError()), True, TIMED_OUT),
        (boto.ConnectionClosedError(endpoint_url=URL), True, LOST),
        # The answer began, so the request had left, whatever else is known.
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), False, LOST),
        # No byte of the request had left.
        (boto.EndpointConnectionError(endpoint_url=URL, error=OSError()), False, REFUSED),
        (
            boto.ReadTimeoutError(endpoint_url=URL, error=None),
            False,
            (SendTimeout, True, False, f"no connection to {PLACE} in time ("),
        ),
        (
            boto.ConnectionClosedError(endpoint_url=URL),
            False,
            (
                NetworkError,
                True,
                False,
                f"the connection to {PLACE} was lost before the request (",
            ),
        ),
        (
            boto.SSLError(endpoint_url=URL, error=OSError()),
            False,
            (NetworkError, False, False, f"TLS with {PLACE} failed: check the certificates,"),
        ),
        (
            boto.SSLError(endpoint_url=URL, error=behind(certificate_fault())),
            False,
            (NetworkError, False, False, f"TLS with {PLACE} failed, certificate has expired: "),
        ),
        (
            boto.HTTPClientError(error=behind(FileNotFoundError())),
            False,
            (NetworkError, False, False, f"cannot connect to {PLACE} (FileNotFoundError): check "),
        ),
        (
            boto.HTTPClientError(error=behind(ValueError())),
            False,
            (SendError, False, False, f"not a request that can be sent to {PLACE} (ValueError): "),
        ),
    ],
)
def test_what_came_of_the_connection(error, writing, expected):
    """Repeated is only what cannot have been sent; who may have sent it says so."""
    error_class, retryable, maybe_accepted, words = expected

    found = of_call(error, place=PLACE, writing=writing)

    assert error_class is type(found)
    assert (retryable, maybe_accepted) == (found.retryable, found.maybe_accepted)
    assert words in str(found)
    assert "secret.example" not in str(found)
    if words.endswith("("):
        assert f"({type(error).__name__})" in str(found)


def test_a_request_that_http_refuses_is_a_fault_of_the_settings():
    """Such as a line break in a credential."""
    found = of_call(boto.HTTPClientError(error=ValueError("x")), place=PLACE, writing=False)

    assert "configuration" == found.category


@pytest.mark.parametrize(
    ("error", "writing", "error_class", "category", "maybe_accepted"),
    [
        (KeyError("a"), False, SendError, "configuration", False),
        (KeyError("a"), None, UnexpectedResponse, "unexpected_response", True),
        (KeyError("a"), True, UnexpectedResponse, "unexpected_response", True),
        (boto.NoCredentialsError(), True, AuthenticationFailed, "credentials", False),
    ],
)
def test_what_came_of_something_else(error, writing, error_class, category, maybe_accepted):
    """Botocore's own comes before the request; a fault of its parsers after it, if it had begun."""
    found = of_call(error, place=PLACE, writing=writing)

    assert error_class is type(found)
    assert (category, maybe_accepted) == (found.category, found.maybe_accepted)
    assert type(error).__name__ in str(found)
    if maybe_accepted:
        assert PLACE in str(found)


@pytest.mark.parametrize(
    "cause",
    [
        certificate_fault("unknown issuer"),
        behind(certificate_fault("unknown issuer")),
        Exception("pool", certificate_fault("unknown issuer")),
    ],
)
def test_the_fault_of_a_certificate_behind_a_cause(cause):
    """`requests` chains exceptions by `from`, urllib3 by arguments: both are followed."""
    outer = OSError("TLS")
    outer.__cause__ = cause

    found = of_call(boto.SSLError(endpoint_url=URL, error=outer), place=PLACE, writing=False)

    assert f"TLS with {PLACE} failed, unknown issuer: " in str(found)


@pytest.mark.parametrize(
    ("error", "error_class", "category", "retryable"),
    [
        (boto.NoRegionError(), SendError, "region", False),
        (boto.InvalidRegionError(region_name="a b"), SendError, "region", False),
        (boto.NoCredentialsError(), AuthenticationFailed, "credentials", False),
        (boto.ProfileNotFound(profile="x"), AuthenticationFailed, "credentials", False),
        (
            boto.CredentialRetrievalError(provider="x", error_msg="y"),
            AuthenticationFailed,
            "credentials",
            False,
        ),
        (
            boto.MetadataRetrievalError(error_msg="y"),
            AuthenticationFailed,
            "credentials",
            True,
        ),
        (boto.UnknownServiceError(service_name="a", known_service_names="b"), SendError, "", False),
        (
            boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            AuthenticationFailed,
            "credentials",
            False,
        ),
        (boto.ConfigParseError(path="x"), AuthenticationFailed, "credentials", False),
        (socket.gaierror("x"), SendError, "configuration", False),
    ],
)
def test_what_was_found_before_any_connection(error, error_class, category, retryable):
    """Region, credentials and the rest of the settings are told apart."""
    found = of_setup(error)

    assert error_class is type(found)
    assert (category or "configuration", retryable) == (found.category, found.retryable)
    assert not found.maybe_accepted
    if category != "region":
        assert f"({type(error).__name__})" in str(found)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[default\nsecret = hidden\n", "line 1 of {path} is neither [section] nor name = value"),
        (b"[default]\nhidden\n", "line 2 of {path} is neither [section] nor name = value"),
        (
            b"[a]\nx = 1\nx = hidden\n",
            "a name stands twice in AWS's settings: remove line 3 of {path}",
        ),
        (b"[a]\nx = 1\n[a]\n", "a name stands twice in AWS's settings: remove line 3 of {path}"),
        (b"\xff\xfe", "{path} is no text"),
        (b"[a]\ns3 =\n  hidden\n", "a line of {path} is neither [section] nor name = value"),
    ],
    ids=["section", "no value", "twice", "two sections", "octets", "nested"],
)
def test_a_file_of_aws_that_is_broken(tmp_path, content, told):
    """Which file, which line, what to do; not what stands there."""
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(boto.ConfigParseError) as caught:
        load_config(str(path))

    found = of_setup(caught.value)

    assert told.format(path=path) in str(found)
    assert "hidden" not in str(found)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            boto.ProfileNotFound(profile="shop"),
            "no profile 'shop' in AWS's files: check AWS_PROFILE",
        ),
        (
            boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "AWS_SECRET_ACCESS_KEY is missing beside the other one, in env",
        ),
    ],
    ids=["profile", "half a pair"],
)
def test_which_credentials_are_missing(error, told):
    """By the names that people give them."""
    assert told in str(of_setup(error))


@pytest.mark.parametrize(
    ("pair", "method", "told"),
    [
        (
            ("A", ""),
            "shared-credentials-file",
            "aws_secret_access_key in the file ~/.aws/credentials",
        ),
        (("", "s3cret"), "config-file", "aws_access_key_id in the file /etc/aws"),
        (("", ""), "iam-role", "aws_access_key_id and aws_secret_access_key in iam-role"),
    ],
    ids=["secret", "key", "both"],
)
def test_half_empty_credentials_of_a_client(monkeypatch, pair, method, told):
    """Botocore signs with them, or raises an error of the CRT that says nothing."""
    monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/etc/aws")
    client = SimpleNamespace(
        _request_signer=SimpleNamespace(_credentials=Credentials(*pair, None, method))
    )

    found = half_pair_of(client)

    assert isinstance(found, AuthenticationFailed)
    assert told in str(found)
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    "credentials", [Credentials("A", "s"), None, object()], ids=["whole", "none", "other"]
)
def test_other_credentials_are_not_to_blame(credentials):
    """Nor those that would be fetched by looking."""
    client = SimpleNamespace(_request_signer=SimpleNamespace(_credentials=credentials))

    assert half_pair_of(client) is None
    assert half_pair_of(object()) is None


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (
            "Invalid type for parameter Destination.ToAddresses, value: a@b.example, type: x\n2\n",
            "Invalid type for parameter Destination.ToAddresses",
        ),
        (
            'Missing required parameter in a: "B"\nUnknown parameter in a: "C", must be one of: D',
            'Missing required parameter in a: "B"; Unknown parameter in a: "C"',
        ),
        ("ada@example.net", "botocore names none"),
        (
            "\n".join(f'Missing required parameter in a[{n}]: "b"' for n in range(12)),
            "; ".join(f'Missing required parameter in a[{n}]: "b"' for n in range(10)),
        ),
    ],
)
def test_complaints_about_parameters(report, expected):
    """At most ten, in botocore's words up to the first value."""
    found = of_setup(boto.ParamValidationError(report=report))

    assert MessageRejected is type(found)
    assert "invalid_parameters" == found.category
    assert not found.retryable
    assert str(found).endswith(f"not valid parameters of the operation: {expected}")


def test_a_report_that_is_missing():
    """Is none that names parameters."""
    error = boto.ParamValidationError(report="x")
    error.kwargs = {}

    assert str(of_setup(error)).endswith(": botocore names none")


def test_a_client_that_cannot_be_made():
    """The service and the kind of the exception are named, and not what it says."""
    words = setup_text("sesv2", ValueError("https://user:word@a.example"))

    assert words.startswith("ses: boto3 makes no client for sesv2 (ValueError): ")
    assert "word" not in words
