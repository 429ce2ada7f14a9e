"""Calls over our own HTTP: which they are, and what is sent."""

from __future__ import annotations

import os

from dataclasses import replace
from datetime import datetime
from typing import Any

import botocore.handlers
import pytest

from mailcore.flow import HttpResponse
from mailcore.http import USER_AGENT
from mailcore_ses.aws import AwsCall
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.direct import DirectCalls, json_of, response_of
from mailcore_ses.aws.sigv4 import Keys, prepare, signed_headers


KEYS = {"aws_access_key_id": "ID", "aws_secret_access_key": "secret"}
CALL = AwsCall(service="sesv2", operation="SendEmail", params={"Content": {}}, is_valid=True)
GIVEN: dict[str, Any] = {"region_name": "eu-west-1", "session_parameters": KEYS}
SES = "https://email.eu-west-1.amazonaws.com"
LOCAL = "http://127.0.0.1:8005/ses"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """Credentials and a region in files, which are not simply given; no mock of another test."""
    own = [each for each in botocore.handlers.BUILTIN_HANDLERS if each[0] != "before-send"]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", own)
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    keys = "[default]\naws_access_key_id = FILE\naws_secret_access_key = of-file\n"
    (tmp_path / "credentials").write_text(keys)
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def calls(*, way: str = "auto", is_hooked: bool = False, **settings: Any) -> DirectCalls:
    """What decides, with settings."""
    return DirectCalls(ClientSettings(**settings), way, lambda: is_hooked)


SETTINGS: dict[str, tuple[dict[str, Any], str | None, bool, bool]] = {
    # settings, where a call goes without waiting, whether boto3 is not needed at all, whether a
    # call goes over HTTP at last
    "given": (GIVEN, SES, True, True),
    "an endpoint": ({**GIVEN, "endpoint_urls": {"sesv2": LOCAL}}, LOCAL, True, True),
    "an endpoint of the client": (
        *({**GIVEN, "client_parameters": {"endpoint_url": LOCAL}}, LOCAL),
        *(True, True),
    ),
    "an endpoint of another service": (
        *({**GIVEN, "endpoint_urls": {"sns": LOCAL}}, SES),
        *(True, True),
    ),
    "a region of a file": (
        *({"session_parameters": KEYS}, SES.replace("west", "north"), False, True),
    ),
    "keys of a file": ({"region_name": "eu-west-1"}, None, False, True),
    "a region of another partition": ({**GIVEN, "region_name": "cn-north-1"}, None, False, False),
    "an endpoint there": (
        *({**GIVEN, "region_name": "cn-north-1", "endpoint_urls": {"sesv2": LOCAL}}, LOCAL),
        *(True, True),
    ),
    "half a pair": (
        *({**GIVEN, "session_parameters": {"aws_access_key_id": "ID"}}, None),
        *(False, False),
    ),
    "boto3": ({**GIVEN, "way": "boto3"}, None, False, False),
    "a hook": ({**GIVEN, "is_hooked": True}, None, False, False),
    "a hook that is passed by": ({**GIVEN, "is_hooked": True, "way": "http"}, SES, True, True),
    "a session": ({**GIVEN, "session": object()}, None, False, False),
}


@pytest.mark.parametrize(
    ("settings", "ready_url", "needs_no_boto3", "is_sent"), SETTINGS.values(), ids=SETTINGS
)
def test_who_sends(settings, ready_url, needs_no_boto3, is_sent):
    """At once where all is given; elsewhere when the call is made, or never."""
    direct = calls(**settings)

    assert (ready_url, needs_no_boto3) == (direct.ready_url(CALL), direct.needs_no_boto3())
    assert is_sent == (direct.request(CALL) is not None)


@pytest.mark.parametrize(
    ("changes", "is_sent"),
    [
        ({}, True),
        ({"operation": "SendBulkEmail"}, True),
        ({"operation": "GetAccount"}, False),
        ({"service": "ses", "operation": "SendEmail"}, False),
        ({"is_valid": False}, False),
        ({"params": {"EndpointId": "abc.def"}}, False),
        ({"params": {"EndpointId": ""}}, True),
    ],
)
def test_which_calls_are_sent(changes, is_sent):
    """Those that send, by API v2, and that fit its model."""
    direct, call = calls(**GIVEN), replace(CALL, **changes)

    assert is_sent == (direct.ready_url(call) is not None)
    assert is_sent == (direct.request(call) is not None)


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ({}, "email.eu-central-1.amazonaws.com:443 (region eu-central-1)"),
        ({"sesv2": "http://127.0.0.1"}, "127.0.0.1:80 (region eu-central-1)"),
        ({"sesv2": "https://ses.example:8443/X/"}, "ses.example:8443 (region eu-central-1)"),
    ],
)
@pytest.mark.parametrize("operation", ["SendEmail", "SendBulkEmail"])
def test_request(endpoint, place, operation):
    """Everything that is told to who sends it."""
    settings = {**GIVEN, "connect_timeout_seconds": 3.0, "read_timeout_seconds": 7.0}
    call = replace(CALL, operation=operation, region_name="eu-central-1", max_response_bytes=1234)
    request = calls(**settings, endpoint_urls=endpoint).request(call)

    assert request is not None
    path = {"SendEmail": "emails", "SendBulkEmail": "bulk-emails"}[operation]
    base = endpoint.get("sesv2", "https://email.eu-central-1.amazonaws.com").rstrip("/")
    assert (f"{base}/v2/email/outbound-{path}", "POST", b'{"Content":{}}') == (
        *(request.url, request.method, request.body),
    )
    assert (7.0, 3.0, 1234, place) == (
        *(request.timeout_seconds, request.connect_timeout_seconds),
        *(request.max_response_bytes, request.place),
    )
    moment = datetime.strptime(f"{request.headers['X-Amz-Date']}+0000", "%Y%m%dT%H%M%SZ%z")
    signed = signed_headers(
        *("POST", request.url, {"Content-Type": "application/json"}, request.body),
        keys=Keys(access_key_id="ID", secret_access_key="secret"),
        region_name="eu-central-1",
        service="ses",
        now=moment,
    )
    assert signed["Authorization"] == request.headers["Authorization"]
    assert (USER_AGENT, "application/json") == (
        *(request.headers["User-Agent"], request.headers["Content-Type"]),
    )


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"a": b"abc", "b": "x"}, b'{"a":"YWJj","b":"x"}'),
        ({"a": [bytearray(b"a"), memoryview(b"b")]}, b'{"a":["YQ==","Yg=="]}'),
        ({"a": b""}, b'{"a":""}'),
        ({"a": b"\n" * 60}, b'{"a":"' + b"CgoK" * 20 + b'"}'),
        ({"a": ("b", 1, None, True)}, b'{"a":["b",1,null,true]}'),
        ({"a": {"b"}, "c": frozenset({1})}, b'{"a":["b"],"c":[1]}'),
        ({"a": "\N{SNOWMAN}"}, b'{"a":"\\u2603"}'),
    ],
)
def test_parameters_in_json(params, expected):
    """Octets in Base64 on one line, the rest as JSON has it, in ASCII."""
    assert expected == json_of(params)


@pytest.mark.parametrize(
    ("status_code", "body", "expected"),
    [
        # botocore knows neither code nor message.
        (300, b'{"MessageId": "1", "message": "choose"}', ("300", "choose")),
        # Nor does it read what is nested beyond all measure.
        (400, b'{"message":' * 100_000, ("400", '{"message":' * 100_000)),
        (299, b'{"MessageId": "1"}', ("", "")),
        (599, b"", ("599", "")),
    ],
    ids=["choices", "deep", "accepted", "unknown"],
)
def test_answers(status_code, body, expected):
    """What is not read as botocore reads it."""
    headers = {"x-amzn-requestid": "r", "retry-after": "7"}
    answer = response_of(HttpResponse(status_code=status_code, body=body, headers=headers))

    assert (status_code < 300, *expected) == (answer.ok, answer.error_code, answer.error_message)
    assert (status_code, headers) == (answer.status_code, answer.headers)


def test_what_is_prepared_changes_nothing():
    """It may be done whenever, and as often as one likes."""
    direct = calls(**GIVEN)
    prepare()
    prepare()

    assert direct.request(CALL) is not None


def test_what_is_no_parameter():
    """Nothing is written in a way that SES would not read."""
    with pytest.raises(TypeError, match="no parameter of an AWS call: object"):
        json_of({"a": object()})
