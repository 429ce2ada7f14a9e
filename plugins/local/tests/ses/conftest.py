"""
A local SES, unmodified boto3 clients and an HTTP endpoint that collects what SNS posts.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import threading

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pytest

from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mailcore_local.ses import LocalSes


if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

# DER of the DigestInfo before the digest: RFC 8017, 9.2, note 1.
_DIGEST_INFO = {
    "1": (hashlib.sha1, bytes.fromhex("3021300906052b0e03021a05000414")),
    "2": (hashlib.sha256, bytes.fromhex("3031300d060960864801650304020105000420")),
}


def signature_holds(signed_text: bytes, envelope: Mapping[str, str], certificate: bytes) -> bool:
    """RSA PKCS#1 v1.5 by arithmetic, on nothing that the signing code uses."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    signature = int.from_bytes(base64.b64decode(envelope["Signature"]), "big")
    opened = pow(signature, numbers.e, numbers.n).to_bytes(size, "big")
    digest, prefix = _DIGEST_INFO[envelope["SignatureVersion"]]
    payload = prefix + digest(signed_text).digest()
    return opened == b"\x00\x01" + b"\xff" * (size - len(payload) - 3) + b"\x00" + payload


def text_to_sign(envelope: Mapping[str, str]) -> bytes:
    """SNS's canonical text, written down from its documentation."""
    lines = ["Message", envelope["Message"], "MessageId", envelope["MessageId"]]
    if envelope["Type"] == "Notification":
        if "Subject" in envelope:
            lines += ["Subject", envelope["Subject"]]
        lines += ["Timestamp", envelope["Timestamp"]]
    else:
        lines += ["SubscribeURL", envelope["SubscribeURL"], "Timestamp", envelope["Timestamp"]]
        lines += ["Token", envelope["Token"]]
    lines += ["TopicArn", envelope["TopicArn"], "Type", envelope["Type"]]
    return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True)
class Post:
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def event(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.json["Message"])
        return document


@dataclass
class Endpoint:
    """Collects posts; answers `statuses` one after the other, then 200; confirms subscriptions."""

    url: str
    statuses: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    confirms: bool = True
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def notifications(self) -> list[Post]:
        return [p for p in self.posts if p.headers["x-amz-sns-message-type"] == "Notification"]

    def wait_for_notifications(self, count: int) -> list[Post]:
        """Wait until so many have come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.notifications) >= count, timeout=10)
            return self.notifications

    @property
    def events(self) -> list[dict[str, Any]]:
        return [post.event for post in self.notifications]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An HTTP endpoint that confirms its subscription and collects what it gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            post = Post({k.lower(): v for k, v in self.headers.items()}, body)
            with collected.arrived:
                collected.posts.append(post)
                collected.arrived.notify_all()
            status = collected.statuses.pop(0) if collected.statuses else 200
            if (
                post.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
                and status == 200
                and collected.confirms
            ):
                with urlopen(post.json["SubscribeURL"]) as response:
                    response.read()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collected = Endpoint(f"http://127.0.0.1:{server.server_port}/hook?x=1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        yield collected
        server.shutdown()
        thread.join()


@pytest.fixture
def start() -> Iterator[Callable[..., LocalSes]]:
    """Start a local SES with options; it stops with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(LocalSes(**options))


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all clients: making one costs more than a test."""
    return boto3.Session(
        aws_access_key_id="AKIDLOCAL", aws_secret_access_key="secret", region_name="eu-west-1"
    )


@pytest.fixture
def connect(session: boto3.Session) -> Callable[[LocalSes], SESV2Client]:
    """An unmodified sesv2 client, with botocore's retries off."""

    def client(ses: LocalSes, **options: Any) -> SESV2Client:
        config = Config(retries={"mode": "standard", "total_max_attempts": 1}, **options)
        return session.client("sesv2", endpoint_url=ses.url, config=config)

    return client


@pytest.fixture
def connect_sns(session: boto3.Session) -> Callable[[LocalSes], SNSClient]:
    """An unmodified SNS client."""
    return lambda ses: session.client("sns", endpoint_url=ses.url)


@pytest.fixture(scope="module")
def shared_ses() -> Iterator[LocalSes]:
    """One local SES for tests that leave nothing behind but messages."""
    with LocalSes(region_name="eu-west-1") as ses:
        yield ses


@pytest.fixture(scope="module")
def shared_client(session: boto3.Session, shared_ses: LocalSes) -> SESV2Client:
    """A client of the shared local SES."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return session.client("sesv2", endpoint_url=shared_ses.url, config=config)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@pytest.fixture
def http_request() -> Callable[..., Reply]:
    """A request made by hand, without boto3's help; `signed` adds a signature nobody checks."""

    def request(
        url: str,
        method: str = "GET",
        body: bytes | dict[str, Any] | None = None,
        *,
        signed: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        parts = urlsplit(url)
        assert parts.hostname
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        payload = json.dumps(body).encode() if isinstance(body, dict) else body
        sent = dict(headers or {})
        if signed:
            sent["Authorization"] = (
                "AWS4-HMAC-SHA256 Credential=AKID/20261121/eu-west-1/ses/aws4_request,"
                f" SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
            )
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target or "/", payload, sent)
            response = connection.getresponse()
            found = {k.lower(): v for k, v in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    return request


@pytest.fixture
def verified() -> Callable[[Mapping[str, str], bytes], bool]:
    """Whether an SNS envelope's signature holds, by an implementation of the test's own."""
    return lambda envelope, pem: signature_holds(text_to_sign(envelope), envelope, pem)


@pytest.fixture
def opens() -> Callable[[bytes, Mapping[str, str], bytes], bool]:
    """Whether a signature covers exactly this text."""
    return signature_holds
