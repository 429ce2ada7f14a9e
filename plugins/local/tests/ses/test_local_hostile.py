from __future__ import annotations

import base64
import http.client
import json
import socket
import time

from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore_local.serving import Visitors
from mailcore_local.ses import LocalSes


SEND = "/v2/email/outbound-emails"
DATA = base64.b64encode(b"From: a@example.com\r\nTo: b@example.net\r\n\r\nx").decode()
VALID = {"Content": {"Raw": {"Data": DATA}}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "BadRequestException"),
        (b"{}", "BadRequestException"),
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"\xff\xfe", "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        (b"x" * 5_000_000, "SerializationException"),
        ({"Content": 1}, "SerializationException"),
        ({"Content": {"Raw": {"Data": "no base64!"}}}, "SerializationException"),
        ({"Content": {"Raw": {"Data": 7}}}, "SerializationException"),
        ({**VALID, "Destination": {"ToAddresses": "a@b.c"}}, "SerializationException"),
        ({**VALID, "FromEmailAddress": 1}, "SerializationException"),
        ({**VALID, "FromEmailAddress": "\ud800@example.com"}, "SerializationException"),
        ({**VALID, "EmailTags": [None]}, "SerializationException"),
        ({**VALID, "Colour": "red"}, "BadRequestException"),
        ({"Content": {"Raw": {"Data": DATA, "Colour": {}}}}, "BadRequestException"),
        ({**VALID, "TenantName": ""}, "BadRequestException"),
    ],
    ids=lambda each: str(each)[:60],
)
def test_bad_bodies(shared_ses, http_request, body: Any, code: str):
    """Whatever is in the body, the answer is a 400 with a code and a message."""
    answer = http_request(f"{shared_ses.url}{SEND}", "POST", body, signed=True)

    assert 400 == answer.status
    assert code == answer.headers["x-amzn-errortype"]
    assert answer.json["message"]
    assert "Traceback" not in answer.json["message"]


def test_unknown_member_is_named(shared_ses, http_request):
    """A misspelt member is refused by its name."""
    answer = http_request(
        f"{shared_ses.url}{SEND}", "POST", {**VALID, "Destinations": {}}, signed=True
    )

    assert "Destinations" in answer.json["message"]


def test_nulls_are_left_out(shared_ses, http_request):
    """A JSON null is an absent member, as with AWS."""
    answer = http_request(
        f"{shared_ses.url}{SEND}", "POST", {**VALID, "TenantName": None}, signed=True
    )

    assert 200 == answer.status
    assert "TenantName" not in shared_ses.messages[-1].parameters


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/email/nothing", 404, "UnknownOperationException"),
        ("GET", "//evil.example/v2", 404, "UnknownOperationException"),
        ("GET", "/favicon.ico", 404, "UnknownOperationException"),
        ("PATCH", SEND, 405, "MethodNotAllowed"),
        ("PUT", "/", 404, "UnknownOperationException"),
        ("GET", "/v2/email/suppression/addresses?PageSize=many", 400, "SerializationException"),
        ("GET", "/v2/email/suppression/addresses?StartDate=soon", 400, "SerializationException"),
        ("GET", "/v2/email/contact-lists", 501, "NotImplementedByLocalSes"),
    ],
)
def test_bad_paths(shared_ses, http_request, method: str, path: str, status: int, code: str):
    """Unknown paths, methods and queries have a JSON error."""
    answer = http_request(f"{shared_ses.url}{path}", method, signed=True)

    assert (status, code) == (answer.status, answer.headers["x-amzn-errortype"])
    assert answer.json["message"]


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "MissingAuthenticationToken"),
        ("Basic YTpi", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=x", "IncompleteSignature"),
    ],
)
def test_unsigned_requests(shared_ses, http_request, authorization: str | None, code: str):
    """A request without a signature is 403."""
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = http_request(f"{shared_ses.url}{SEND}", "POST", VALID, headers=headers)

    assert (403, code) == (answer.status, answer.headers["x-amzn-errortype"])


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("AKID", "right", None),
        ("AKID", "wrong", "SignatureDoesNotMatch"),
        ("OTHER", "right", "UnrecognizedClientException"),
    ],
)
def test_signatures_are_checked_when_asked_for(start, key: str, secret: str, code: str | None):
    """With a key pair, boto3's signatures are verified: paths, queries, bodies, SNS too."""
    ses = start(access_key_id="AKID", secret_access_key="right")
    session = boto3.Session(key, secret, region_name="eu-west-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = session.client("sesv2", endpoint_url=ses.url, config=config)
    sns = session.client("sns", endpoint_url=ses.url, config=config)
    calls = [
        lambda: client.put_suppressed_destination(EmailAddress="a+b/ü@x.example", Reason="BOUNCE"),
        lambda: client.put_suppressed_destination(EmailAddress="a+b/~'@x.example", Reason="BOUNCE"),
        lambda: client.get_suppressed_destination(EmailAddress="a+b/~'@x.example"),
        lambda: client.list_suppressed_destinations(
            Reasons=["COMPLAINT", "BOUNCE"], PageSize=5, StartDate="2026-01-01T00:00:00Z"
        ),
        lambda: client.send_email(Content={"Raw": {"Data": base64.b64decode(DATA)}}),
        lambda: sns.publish(TopicArn=ses.topic_arn, Message="a b+ü&="),
    ]
    found: list[str | None] = []

    for call in calls:
        try:
            call()
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        else:
            found.append(None)

    expected = [code] * len(calls)
    expected[0] = code or "BadRequestException"  # No SMTPUTF8; the signature was right.
    assert expected == found


@pytest.mark.parametrize(
    ("url", "body", "code"),
    [
        ("/", b"Action=Nothing", "InvalidAction"),
        ("/", b"", "InvalidAction"),
        ("/", b"Action=Publish&Version=2010-12-01", "InvalidAction"),
        ("/", b"x" * 5_000_000, "InvalidAction"),
        ("/", b"&".join(b"a=%d" % n for n in range(2000)), "MalformedQueryString"),
        ("/", b"Action=Publish", "InvalidParameter"),
        ("/", b"Action=Publish&Message.x=1", "SerializationException"),
        ("/", b"Action=CreateTopic&Name=t&Attributes.entry.x.key=1", "SerializationException"),
        ("/", b"Action=CreateTopic&Name=t&Attributes=1", "SerializationException"),
        ("/", b"Action=CreateTopic&Name=t&Colour=1", "InvalidParameter"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_bad_sns_requests(shared_ses, http_request, url: str, body: bytes, code: str):
    """Bad SNS requests have an XML error."""
    answer = http_request(f"{shared_ses.url}{url}", "POST", body, signed=True)

    assert 400 == answer.status
    assert f"<Code>{code}</Code>".encode() in answer.body


def test_unsigned_sns(shared_ses, http_request):
    """All SNS operations but those with a token of their own need a signature."""
    url = f"{shared_ses.url}/?Action=ListTopics"

    assert b"<Code>MissingAuthenticationToken</Code>" in http_request(url).body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_sites(shared_ses, http_request, headers: Any, status: int):
    """A page that the developer happens to visit cannot use the local SES."""
    body = {"script": []}

    answer = http_request(f"{shared_ses.url}/_local/faults", "POST", body, headers=headers)

    assert status == answer.status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/_local/messages"),
        ("DELETE", "/_local/messages"),
        ("POST", "/_local/faults"),
        ("POST", "/"),
        ("GET", "/?Action=ListTopics"),
        ("POST", SEND),
        ("OPTIONS", SEND),
        ("GET", "/nothing"),
    ],
)
def test_a_name_that_leads_here_by_dns_alone(shared_ses, http_request, method: str, path: str):
    """A site that points its own name at loopback reads nothing, wherever it asks."""
    answer = http_request(
        f"{shared_ses.url}{path}", method, {}, headers={"Host": "rebind.example:8005"}
    )

    assert 403 == answer.status
    assert b"rebind.example" in answer.body
    assert b"Local SES" not in answer.body


@pytest.mark.parametrize(
    ("hosts", "headers", "status"),
    [
        (["127.0.0.1"], "", 200),
        (["127.0.0.1:1"], "", 200),
        (["127.8.9.1"], "", 200),
        (["localhost"], "", 200),
        (["LocalHost.:80"], "", 200),
        (["ses.localhost:8005"], "", 200),
        (["[::1]:8005"], "", 200),
        ([], "", 400),
        (["localhost:8005"], "Origin: http://localhost:8005", 200),
        (["localhost:8005"], "Origin: http://localhost:8006", 403),
        (["localhost:8005"], "Origin: http://evil.example", 403),
        (["evil.example"], "Origin: http://evil.example", 403),
        (["evil.example"], "Sec-Fetch-Site: same-origin", 403),
        (["127.0.0.1", "evil.example"], "", 400),
        (["evil.example", "127.0.0.1"], "", 400),
        (["127.0.0.1.evil.example"], "", 403),
        (["localhost.evil.example"], "", 403),
        (["notlocalhost"], "", 403),
        (["evil.example@127.0.0.1"], "", 200),
        (["127.0.0.1@evil.example"], "", 403),
        (["10.0.0.1"], "", 403),
        (["[::ffff:10.0.0.1]"], "", 403),
        (["[::1"], "", 403),
        ([""], "", 403),
        ([":80"], "", 403),
    ],
)
def test_which_hosts_are_served(shared_ses, hosts: list[str], headers: str, status: int):
    """Loopback under any of its names, and nothing that only looks like it."""
    lines = ["GET /_local/messages HTTP/1.1", *(f"Host: {host}" for host in hosts), headers]
    request = "\r\n".join([*filter(None, lines), "Connection: close", "", ""])

    answer = exchange(shared_ses, request.encode())

    assert f"HTTP/1.1 {status} ".encode() == answer[:13]


@pytest.mark.parametrize(
    ("host", "public_url", "asked", "served"),
    [
        ("0.0.0.0", "http://ses:8005", "ses:8005", True),
        ("0.0.0.0", "https://Ses.example/ses", "ses.example", True),
        ("0.0.0.0", None, "ses:8005", False),
        ("0.0.0.0", None, "10.0.0.1:8005", True),
        ("::", None, "[fd00::1]", True),
        ("mail.internal", None, "mail.internal:80", True),
        ("127.0.0.1", "http://ses:8005", "10.0.0.1", False),
    ],
)
def test_hosts_of_a_server_that_others_reach(host, public_url, asked, served):
    """Its interface and its public URL; addresses where it listens on all of them."""
    assert served == Visitors(host, public_url or "http://127.0.0.1:8005").serves(asked)


def test_long_subject_of_raw_mail(shared_ses, connect):
    """What the standard library's decoder needs minutes for is shown as it was written."""
    subject = "=?a?q?x " * 25_000
    lines = "\r\n ".join(subject[i : i + 900] for i in range(0, len(subject), 900))
    raw = f"From: a@example.com\r\nTo: b@example.net\r\nSubject: {lines}\r\n\r\nx".encode()

    started = time.process_time()
    connect(shared_ses).send_email(Content={"Raw": {"Data": raw}})

    assert time.process_time() - started < 5
    assert shared_ses.messages[-1].subject.startswith("=?a?q?x")


def test_nested_comments_of_raw_mail(shared_ses, connect):
    """A field that the standard library gives up on, or reads as no address, is refused."""
    sender = "\r\n ".join(["(" * 900] * 20)

    with pytest.raises(
        ClientError, match=r"BadRequestException.*(nested comments|final '@domain')"
    ):
        connect(shared_ses).send_email(
            Content={"Raw": {"Data": f"From: {sender}\r\nTo: b@example.net\r\n\r\nx".encode()}}
        )


def exchange(ses: LocalSes, request: bytes) -> bytes:
    """Octets there, octets back."""
    parts = urlsplit(ses.url)
    assert parts.port
    with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"HTTP/1.1 505"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 400"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ten\r\n\r\n", b"HTTP/1.1 400"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nx",
            b"HTTP/1.1 413",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 400",
        ),
        (b"GET /" + b"x" * 70_000, b"HTTP/1.1 400"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_bad_http(shared_ses, request_: bytes, status: bytes):
    """Broken HTTP is answered with 4xx or 5xx, or cut off; never with a traceback."""
    answer = exchange(shared_ses, request_)

    assert b"Traceback" not in answer
    assert b" 200 " not in answer[:20]
    assert answer.startswith(status)


def test_a_request_that_breaks_off(start, caplog):
    """A client that hangs up in the middle of its body is no news, and gets no answer."""
    ses = start()
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue"
    with socket.create_connection(("127.0.0.1", urlsplit(ses.url).port or 0), 5) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"x")
        connection.shutdown(socket.SHUT_WR)
        assert b"" == connection.recv(65536)
    ses.stop()

    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_client_that_asks_before_it_sends(shared_ses):
    """The body of a request with Expect is asked for."""
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    parts = urlsplit(shared_ses.url)
    assert parts.port
    with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as connection:
        connection.sendall(request)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"x")
        assert connection.recv(65536).startswith(b"HTTP/1.1 403")


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(shared_ses, chunked: bool):
    """It is read and refused: answering under a client that still sends would reset it."""
    size = 60 * 1024 * 1024 + 1
    parts = urlsplit(shared_ses.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=20)
    body = (b"x" * size,) if chunked else b"x" * size

    connection.request("POST", SEND, body, encode_chunked=chunked)
    answer = connection.getresponse()

    assert 413 == answer.status
    assert "The request is too large." == json.load(answer)["message"]
    connection.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "Content",
        "Destination",
        "EmailTags",
        "FromEmailAddress",
        "ReplyToAddresses",
        "Raw",
        "Simple",
        "Template",
    ]
)


@pytest.mark.slow
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=st.dictionaries(MEMBERS, st.dictionaries(MEMBERS, JSON) | JSON, max_size=4))
def test_no_document_is_an_internal_error(shared_ses, http_request, document: Any):
    """Arbitrary JSON under the right names is refused, never a 500."""
    answer = http_request(
        f"{shared_ses.url}{SEND}", "POST", json.dumps(document).encode(), signed=True
    )

    assert 400 == answer.status


def test_options_that_are_refused():
    """The constructor names a wrong option."""
    for options, text in (
        ({"signature_version": "3"}, "signature_version is '1' or '2'"),
        ({"access_key_id": "x"}, "go together"),
        ({"port": 70_000}, "port is a number"),
    ):
        with pytest.raises(ValueError, match=text):
            LocalSes(**options)


def test_port_that_is_taken(shared_ses):
    """A second server on the same port is an OSError, and leaves nothing behind."""
    with pytest.raises(OSError, match="in use"), LocalSes(port=urlsplit(shared_ses.url).port or 0):
        pass


def test_life_cycle():
    """Before the start there is nothing to ask; it starts once and stops as often as one likes."""
    ses = LocalSes()
    with pytest.raises(RuntimeError, match="was not started"):
        ses.url  # noqa: B018
    ses.stop()
    ses.start()
    with pytest.raises(RuntimeError, match="was started already"):
        ses.start()
    ses.stop()
    ses.stop()
    assert [] == ses.messages
