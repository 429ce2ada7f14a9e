"""`MAILCORE_REDIRECT`: calls go to a mailbox on this machine, and nothing that is secret does."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import threading

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import mailcore

from mailcore import AsyncMailer, ConfigurationError, MailcoreError, Mailer, Message
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import HttpTransport, redirect_target, redirected_url, without_credentials
from mailcore.pools import Failover
from mailcore.provider import Provider
from mailcore.registry import default_registry
from mailcore.testing import Script


CANARY = "CANARY0123456789abcdef"
OPTIONS: dict[str, dict[str, Any]] = {
    "brevo": {"api_key": f"xkeysib-{CANARY}"},
    "mailgun": {"api_key": CANARY, "sender_domain": "mg.example.com"},
    "mailjet": {"api_key": CANARY, "secret_key": f"secret{CANARY}"},
    "mandrill": {"api_key": CANARY},
    "postmark": {"server_token": CANARY},
    "sendgrid": {"api_key": f"SG.{CANARY}"},
    "ses": {
        "access_key_id": CANARY,
        "secret_access_key": f"secret{CANARY}",
        "session_token": f"token{CANARY}",
        "region_name": "eu-west-1",
    },
    "smtp": {"host": "smtp.example.com", "username": "shop", "password": CANARY},
    "sparkpost": {"api_key": CANARY},
}
PEM = (
    ed25519.Ed25519PrivateKey.generate()
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)
MESSAGE = Message(from_email="shop@example.com", to=["ada@example.net"], subject="s", text="Hello")


@dataclass
class Mailbox:
    """A server that keeps the octets of all that it is asked, and what came by SMTP."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    octets: bytes = b""
    smtp: list[bytes] = field(default_factory=list)
    smtp_port: int = 0


@pytest.fixture
def mailbox(monkeypatch) -> Iterator[Mailbox]:
    """A mailbox that refuses all, with the variable that names it."""
    kept = Mailbox()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            kept.paths.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.octets += f"{self.requestline}\n{self.headers}\n".encode() + body
            status, text = 400, "{}"
            if self.path == "/smtp/address" and kept.smtp_port:
                status = 200
                text = json.dumps({"host": "127.0.0.1", "port": kept.smtp_port})
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("MAILCORE_REDIRECT", kept.url)
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def smtp(mailbox) -> Iterator[Mailbox]:
    """The same with an SMTP server that would take any password, and keeps what is said to it."""

    class Handler:
        async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
            mailbox.smtp.append(envelope.original_content)
            return "250 OK"

    def authenticator(server, session, envelope, mechanism, data) -> AuthResult:
        mailbox.octets += repr(data).encode()
        return AuthResult(success=True)

    class AnyPort(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = AnyPort(
        Handler(), hostname="127.0.0.1", port=0, authenticator=authenticator, auth_require_tls=False
    )
    controller.start()
    mailbox.smtp_port = controller.port
    yield mailbox
    controller.stop()


def decoded(octets: bytes) -> bytes:
    """All that is there, and what it is where it is base64."""
    words = re.findall(rb"[A-Za-z0-9+/]{8,}", octets)
    return octets + b"".join(base64.b64decode(word[: len(word) // 4 * 4]) for word in words)


def send(name: str, **more: Any) -> None:
    """Send by a provider; the mailbox refuses it."""
    with Mailer(name, **OPTIONS[name], **more) as mailer, pytest.raises(MailcoreError):
        mailer.send(MESSAGE)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_no_key_arrives(name, mailbox):
    """Neither as it is nor in base64, in no header, no URL and no body; nor a signature by it."""
    send(name)

    assert mailbox.paths
    assert all(path.startswith(f"/{name}/") for path in mailbox.paths)
    assert CANARY.encode() not in decoded(mailbox.octets)
    assert b"ada@example.net" in decoded(mailbox.octets) or name == "smtp"


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_in_an_event_loop(name, mailbox):
    """The same by the other mailer."""

    async def sending() -> None:
        async with AsyncMailer(name, **OPTIONS[name]) as mailer:
            with pytest.raises(MailcoreError):
                await mailer.send(MESSAGE)

    asyncio.run(sending())

    assert all(path.startswith(f"/{name}/") for path in mailbox.paths)
    assert CANARY.encode() not in decoded(mailbox.octets)


def test_smtp(smtp):
    """It goes to the server that the mailbox names, without TLS and without the password."""
    with Mailer("smtp", **OPTIONS["smtp"]) as mailer:
        mailer.send(MESSAGE)
        mailer.send(MESSAGE)

    assert 2 == len(smtp.smtp)
    assert ["/smtp/address"] == smtp.paths
    assert CANARY.encode() not in decoded(smtp.octets)


@pytest.mark.parametrize("name", ["smtp", "ses"])
def test_no_dkim_signature_arrives(name, smtp, monkeypatch):
    """Nobody but the receiver's server could tell it from a real one."""
    dkim = {
        "dkim_domain": "example.com",
        "dkim_selector": "s",
        "dkim_private_key": PEM,
    }
    message = Message(
        from_email="shop@example.com", to=["ada@example.net"], text="t", headers={"X-A": "b"}
    )
    with Mailer(name, **OPTIONS[name], **dkim) as mailer:
        requests = mailer.preview(message).requests
        assert "DKIM-Signature" not in repr([vars(each) for each in requests])
        if name == "smtp":
            mailer.send(message)
    assert not any(b"DKIM-Signature" in mail for mail in smtp.smtp)
    monkeypatch.delenv("MAILCORE_REDIRECT")
    with Mailer(name, **OPTIONS[name], **dkim) as mailer:
        requests = mailer.preview(message).requests
        assert "DKIM-Signature" in repr([vars(each) for each in requests])


def test_an_smtp_server_elsewhere(mailbox, monkeypatch):
    """What is no mailbox, or names a server of the network, is not believed."""
    with pytest.raises(ConfigurationError, match="takes no SMTP"):
        Mailer("smtp", **OPTIONS["smtp"]).send(MESSAGE)
    from mailcore_smtp import redirecting

    monkeypatch.setattr(
        redirecting.HttpTransport,
        "exchange",
        lambda *_: HttpResponse(
            status_code=200, headers={}, body=b'{"host": "mail.example.com", "port": 25}'
        ),
    )
    with pytest.raises(ConfigurationError, match="elsewhere"):
        Mailer("smtp", **OPTIONS["smtp"]).send(MESSAGE)


@pytest.mark.parametrize("send_with", ["http", "boto3"])
def test_ses_either_way(send_with, mailbox):
    """By mailcore's own HTTP and by boto3."""
    send("ses", send_with=send_with)

    assert ["/ses/v2/email/outbound-emails"] == mailbox.paths
    assert b"replaced-by-mailcore/" in mailbox.octets


def test_ses_with_a_client_that_was_given(mailbox):
    """Its credentials and its address are left alone, and it is not used."""
    import boto3

    client = boto3.client(
        "sesv2",
        region_name="eu-west-1",
        aws_access_key_id=CANARY,
        aws_secret_access_key=CANARY,
    )
    with Mailer("ses", client=client) as mailer, pytest.raises(MailcoreError):
        mailer.send(MESSAGE)
    client.close()

    assert ["/ses/v2/email/outbound-emails"] == mailbox.paths
    assert CANARY.encode() not in decoded(mailbox.octets)


def test_credentials_of_the_environment(mailbox, monkeypatch):
    """What boto3 would find itself does not arrive either."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CANARY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", CANARY)
    with Mailer("ses") as mailer, pytest.raises(MailcoreError):
        mailer.send(MESSAGE)

    assert ["/ses/v2/email/outbound-emails"] == mailbox.paths
    assert CANARY.encode() not in decoded(mailbox.octets)


def test_a_transport_that_was_given(mailbox):
    """It is not used: it would have sent the mail."""
    script = Script(otherwise=HttpResponse(status_code=200, headers={}, body=b"{}"))
    with (
        Mailer("sendgrid", **OPTIONS["sendgrid"], transport=script) as mailer,
        pytest.raises(MailcoreError),
    ):
        mailer.send(MESSAGE)

    assert ["/sendgrid/v3/mail/send"] == mailbox.paths


def test_an_account(mailbox):
    """Calls that send nothing go there too."""
    provider = default_registry().get_provider("postmark", **OPTIONS["postmark"])
    with pytest.raises(MailcoreError):
        provider.account.get_suppressed("ada@example.net")

    assert mailbox.paths[0].startswith("/postmark/")
    assert CANARY.encode() not in decoded(mailbox.octets)


def test_no_proxy_is_used(mailbox, monkeypatch):
    """Whatever the environment says of one."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    send("sendgrid")
    send("ses", send_with="boto3")

    assert ["/sendgrid/v3/mail/send", "/ses/v2/email/outbound-emails"] == mailbox.paths


def test_each_mailer_says_so_once(mailbox, caplog):
    """A warning with the name of the provider and where its calls go."""
    for _ in range(2):
        with Mailer("sendgrid", **OPTIONS["sendgrid"]) as mailer:
            for _ in range(2):
                with pytest.raises(MailcoreError):
                    mailer.send(MESSAGE)
    text = (
        f"MAILCORE_REDIRECT is set: the calls of sendgrid go to {mailbox.url}, without credentials,"
        " and reach nobody else"
    )

    told = [r for r in caplog.records if r.name == "mailcore.redirect"]
    assert [(logging.WARNING, text)] * 2 == [(r.levelno, r.getMessage()) for r in told]


def test_set_after_the_mailer_was_made(mailbox, monkeypatch, caplog):
    """It counts from then on, and is told of; and ends when it is unset."""
    monkeypatch.delenv("MAILCORE_REDIRECT")
    accepted = HttpResponse(status_code=202, headers={"x-message-id": "1"}, body=b"")
    script = Script(otherwise=accepted)
    mailer = Mailer("sendgrid", **OPTIONS["sendgrid"], transport=script)
    mailer.send(MESSAGE)
    assert [] == mailbox.paths
    monkeypatch.setenv("MAILCORE_REDIRECT", mailbox.url)
    with pytest.raises(MailcoreError):
        mailer.send(MESSAGE)
    assert 1 == len(mailbox.paths)
    assert ["mailcore.redirect"] == [
        r.name for r in caplog.records if r.name == "mailcore.redirect"
    ]
    monkeypatch.delenv("MAILCORE_REDIRECT")
    mailer.send(MESSAGE)

    assert 1 == len(mailbox.paths)
    assert 2 == len(script.requests)


def test_what_reaches_nobody_stays(mailbox, caplog):
    """Providers without a service do what they do, and no warning is needed."""
    with Mailer("memory") as mailer:
        mailer.send(MESSAGE)
        assert 1 == len(mailer.provider.outbox)

    assert [] == mailbox.paths
    assert [] == [r for r in caplog.records if r.name == "mailcore.redirect"]


def test_a_pool(mailbox, caplog):
    """Each member's calls go below its own name."""
    members = [
        default_registry().get_provider(name, **OPTIONS[name]) for name in ("sendgrid", "brevo")
    ]
    with Mailer(Failover(members)) as mailer, pytest.raises(MailcoreError):
        mailer.send(MESSAGE)

    assert mailbox.paths[0].startswith("/sendgrid/")
    assert 1 == len([r for r in caplog.records if r.name == "mailcore.redirect"])


def test_a_provider_that_speaks_something_else(mailbox):
    """It is refused rather than let through."""

    class Post(Provider[str, str]):
        name = "post"
        label = "Post"
        features = mailcore.Features()

        def build(self, message):
            return ["a letter"]

        def parse(self, request, response):
            return {}

        def create_transport(self):
            raise AssertionError

    with pytest.raises(ConfigurationError, match="post does not say how a str is redirected"):
        Mailer(Post()).send(MESSAGE)


@pytest.mark.parametrize(
    "value",
    [
        "http://mailbox.example.com:8025",
        "http://10.0.0.1:8025",
        "http://0.0.0.0:8025",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "https://127.0.0.1:8025",
        "http://user:password@127.0.0.1:8025",
        "http://127.0.0.1:8025/?to=elsewhere",
        "http://127.0.0.1:8025/#x",
        "http://127.0.0.1:99999",
        "http://[::1",
        "127.0.0.1:8025",
        "1",
        "true",
    ],
)
def test_addresses_that_are_refused(value, monkeypatch):
    """Only http of this machine is taken; the text is not repeated, and no mail is sent."""
    monkeypatch.setenv("MAILCORE_REDIRECT", value)
    with pytest.raises(ConfigurationError, match="MAILCORE_REDIRECT") as caught:
        Mailer("sendgrid", **OPTIONS["sendgrid"])

    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("", None),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://127.0.0.1:8025/", "http://127.0.0.1:8025"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8025", "http://[::1]:8025"),
        ("http://localhost:8025/mail/", "http://localhost:8025/mail"),
    ],
)
def test_addresses_that_are_taken(value, target, monkeypatch):
    """Of this machine, with a path before the names if there is one."""
    monkeypatch.setenv("MAILCORE_REDIRECT", value)

    assert target == redirect_target()


@pytest.mark.parametrize(
    ("url", "redirected"),
    [
        ("https://api.acme.example/v1/send", "http://x:1/acme/v1/send"),
        ("https://api.acme.example/v1/send?a=b%20c", "http://x:1/acme/v1/send?a=b%20c"),
        ("https://key:secret@api.acme.example:444/", "http://x:1/acme/"),
        ("https://api.acme.example", "http://x:1/acme"),
        ("http://x:1/acme/v1/send", "http://x:1/acme/v1/send"),
        ("http://x:1/other/send", "http://x:1/acme/other/send"),
    ],
)
def test_urls(url, redirected):
    """Path and query stay, all before them goes."""
    assert redirected == redirected_url(url, "http://x:1", "acme")


def test_headers():
    """All are replaced but what is known to be harmless; the scheme of Authorization stays."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bearer secret",
        "X-Unheard-Of": "secret",
    }
    request = HttpRequest(method="POST", url="https://api.acme.example/", headers=headers)
    expected = {
        "Content-Type": "application/json",
        "Authorization": "Bearer replaced-by-mailcore",
        "X-Unheard-Of": "replaced-by-mailcore",
    }

    assert expected == without_credentials(request).headers
    for scheme in ("AWS4-HMAC-SHA256 Credential=secret", "secret"):
        other = HttpRequest(
            method="GET", url="https://api.acme.example/", headers={"authorization": scheme}
        )
        assert {"authorization": "replaced-by-mailcore"} == without_credentials(other).headers


def test_nothing_is_redirected_by_default(monkeypatch):
    """Without the variable, the transport is the provider's own, or the one that was given."""
    monkeypatch.delenv("MAILCORE_REDIRECT", raising=False)
    provider = default_registry().get_provider("sendgrid", **OPTIONS["sendgrid"])
    given = Script()

    assert isinstance(default_registry().transport_for(provider), HttpTransport)
    assert given is default_registry().transport_for(provider, given)
