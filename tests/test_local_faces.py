"""
The plugins against the local stand-ins of their services, end to end: each tests the other.

A stand-in is written from the service's documentation, and shares no code with the plugin.
"""

from __future__ import annotations

import re
import threading

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests

from mailcore import (
    Attachment,
    AuthenticationFailed,
    BounceClass,
    Event,
    EventType,
    InboundEvent,
    Mailer,
    Message,
    MessageRejected,
    QuotaExceeded,
    RateLimited,
    RejectReason,
    SendError,
    TrackingEvent,
    WebhookError,
    WebhookRequest,
    connect,
    fetch_inbound,
    receive,
)
from mailcore.webhook import WsgiWebhook
from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope, FaceSettings
from mailcore_local.known_faces import make_faces
from mailcore_local.mailgun.forms import Form


# `mailcore_url` says to each of them whom to believe, with nothing else configured.
FACES = ("brevo", "mailjet", "mandrill", "sparkpost", "postmark", "mailgun", "sendgrid")
# The reason with which people may put an address on the list.
PUT_BY_HAND = {
    "postmark": "MANUAL",
    "mailgun": "UNSUBSCRIBE",
    "sendgrid": "UNSUBSCRIBE",
    "mandrill": "MANUAL",
    "sparkpost": "MANUAL",
}
# What looking after suppressions needs beside it.
# And the URL that a signature covers.
FURTHER = {
    "mailgun": "&sender_domain=example.com",
    "mandrill": "&webhook_urls={url}",
}
# Whose template language leaves values as they are.
UNESCAPED = ("mailjet", "mandrill")
# Whose API has no list of suppressions.
LISTLESS = ("mailjet",)
ADA, BOB = "ada@example.net", "bob@example.net"
FIELDS: dict[str, Any] = {"from_email": "Shop <shop@example.com>", "subject": "Grüße", "text": "Hi"}


@dataclass
class Application:
    """What a user's application does with webhooks: it verifies, parses and keeps the events."""

    provider: Any = None
    url: str = ""
    events: list[Event] = field(default_factory=list)
    refused: list[WebhookError] = field(default_factory=list)

    def tracked(self, kind: EventType) -> TrackingEvent:
        """The first event of a kind."""
        return next(
            each
            for each in self.events
            if isinstance(each, TrackingEvent) and each.event_type is kind
        )


@dataclass
class Setting:
    """One service: the stand-in, a mailer that sends there, and an application behind it."""

    name: str
    local: LocalMail
    mailer: Mailer
    application: Application

    def send(self, **fields: Any) -> Any:
        """Send a message, and wait until all of its events are told."""
        result = self.mailer.send(Message(**{**FIELDS, "to": [ADA], **fields}))
        self.local.hub.drain(30)
        return result


@pytest.fixture(scope="module", params=sorted(FACES))
def running(request: pytest.FixtureRequest) -> Iterator[Setting]:
    """A stand-in with a mailer and an application, for all tests of one service."""
    name = request.param
    application = Application()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = WebhookRequest("POST", dict(self.headers), body)
            status = 200
            try:
                receive(application.provider, asked, application.events.append)
            except WebhookError as error:
                application.refused.append(error)
                status = 403
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        with (
            LocalMail(
                faces=make_faces([name]),
                webhooks={name: url},
                inbound_webhooks={name: url},
            ) as local,
            connect(local.mailcore_url(name) + FURTHER.get(name, "").format(url=url)) as mailer,
        ):
            application.provider = mailer.provider
            yield Setting(name, local, mailer, application)
        server.shutdown()
        thread.join()


@pytest.fixture
def setting(running: Setting) -> Setting:
    """The same, with nothing in it."""
    running.local.hub.drain(30)
    running.local.mails.clear()
    running.application.events.clear()
    running.application.refused.clear()
    return running


def test_a_message_arrives_as_it_was_written(setting: Setting) -> None:
    """All that a receiver sees, and what the service keeps beside it."""
    # Brevo has no Content-ID, and headers in ASCII.
    shows, own = setting.name != "brevo", "Wert" if setting.name == "brevo" else "Wert ü"
    logo = Attachment("logo.png", b"\x89PNG", "image/png", content_id="logo")
    result = setting.send(
        to=["Ada Lovelace <ada@example.net>"],
        cc=['"Babbage, Ch." <b@example.net>'],
        bcc=["c@example.net"],
        reply_to=["help@example.com"],
        html='<img src="cid:logo">' if shows else "<p>Hi</p>",
        headers={"X-Own": own},
        tags=["welcome"],
        metadata={"order": "17"},
        attachments=[
            *([logo] if shows else []),
            Attachment("a.pdf", b"%PDF \xff", "application/pdf"),
        ],
    )

    (mail,) = setting.local.mails.mails()
    read = mail.parsed
    assert {"queued"} == {status.status for status in result.recipients.values()}
    assert [ADA, "b@example.net", "c@example.net"] == [each.address for each in mail.recipients]
    assert ("Grüße", "Hi", own) == (read.subject, (read.text or "").strip(), read["X-Own"])
    assert ("Shop", "shop@example.com") == (
        read.from_email and read.from_email.display_name,
        read.from_email and read.from_email.addr_spec,
    )
    assert ["Ada Lovelace"] == [each.display_name for each in read.to]
    assert ["Babbage, Ch."] == [each.display_name for each in read.cc]
    assert ["help@example.com"] == [each.addr_spec for each in read.reply_to]
    assert () == read.bcc
    assert [("a.pdf", b"%PDF \xff")] == [(each.filename, each.content) for each in read.attachments]
    assert ([b"\x89PNG"] if shows else []) == [inline.content for inline in read.inlines]
    assert all(f"cid:{inline.content_id}" in (read.html or "") for inline in read.inlines)
    assert ("welcome",) == mail.tags
    assert "17" == mail.metadata["order"]
    assert "local" not in str(mail.request.headers)


def test_what_is_told_of_a_delivery(setting: Setting) -> None:
    """The webhook is verified, and the event has what the message had."""
    result = setting.send(tags=["welcome"], metadata={"order": "17"})

    event = setting.application.tracked(EventType.DELIVERED)
    assert [] == setting.application.refused
    assert ADA == event.recipient
    assert result.recipients[ADA].message_id == event.message_id
    assert (("welcome",), "17") == (event.tags, event.metadata["order"])
    assert () == event.defects
    (entry,) = [
        each
        for each in setting.local.mails.mails()[0].timeline
        if each.event.kind is EventKind.DELIVERED
    ]
    assert [("delivered", ("200",))] == [(w.state, w.attempts) for w in entry.webhooks]


def test_a_bounce(setting: Setting) -> None:
    """A hard one, with the reason and the answer of the receiving server."""
    result = setting.send(to=["bounce+7@example.net"])

    event = setting.application.tracked(EventType.BOUNCED)
    assert "bounce+7@example.net" == event.recipient
    assert result.recipients["bounce+7@example.net"].message_id == event.message_id
    assert BounceClass.HARD is event.bounce_class
    assert event.reject_reason in (RejectReason.BOUNCED, RejectReason.INVALID)
    assert "5.1.1" in (event.mta_response or event.description or "")
    assert event.smtp_status in ("5.1.1", None)
    assert [] == setting.application.refused


def test_what_people_do(setting: Setting) -> None:
    """Opening, following a link, complaining: by the page's buttons or the API."""
    eve = "eve@example.net"
    setting.send(to=[eve], html='<a href="https://example.com/?a=1&amp;b=2">x</a>')
    (mail,) = setting.local.mails.mails()
    for kind in (EventKind.OPENED, EventKind.CLICKED, EventKind.COMPLAINED):
        setting.local.hub.make_event(mail.id, eve, kind)
    setting.local.hub.drain(30)

    assert eve == setting.application.tracked(EventType.OPENED).recipient
    clicked = setting.application.tracked(EventType.CLICKED)
    assert "https://example.com/?a=1&b=2" == clicked.click_url
    assert eve == setting.application.tracked(EventType.COMPLAINED).recipient
    assert [] == setting.application.refused


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("softbounce@example.net", {EventType.BOUNCED, EventType.DEFERRED}),
        ("deferred@example.net", {EventType.DEFERRED}),
        ("unsubscribe@example.net", {EventType.UNSUBSCRIBED, EventType.SUBSCRIBED}),
    ],
)
def test_other_addresses_of_the_common_set(
    setting: Setting, address: str, kinds: set[EventType]
) -> None:
    """Each is told, as the service tells it."""
    setting.send(to=[address])

    told = {e.event_type for e in setting.application.events if isinstance(e, TrackingEvent)}
    assert told & kinds, told
    assert [] == setting.application.refused


def test_a_webhook_that_was_changed_is_refused(setting: Setting) -> None:
    """The fault `tamper` breaks what proves who posts."""
    setting.local.hub.faults(setting.name).script("tamper")
    setting.send()

    assert [] == setting.application.events
    assert setting.application.refused


def test_a_batch(setting: Setting) -> None:
    """Everybody gets a mail of their own, with their own values."""
    result = setting.send(
        to=["Ada <ada@example.net>", BOB],
        merge_data={ADA: {}, BOB: {}},
        merge_metadata={ADA: {"n": "1"}, BOB: {"n": "2"}},
    )

    mails = setting.local.mails.mails()
    assert [[ADA], [BOB]] == [[each.addr_spec for each in mail.parsed.to] for mail in mails]
    assert {status.status for status in result.recipients.values()} <= {"queued", "sent"}
    delivered = {
        each.recipient: each.message_id
        for each in setting.application.events
        if isinstance(each, TrackingEvent) and each.event_type is EventType.DELIVERED
    }
    assert {to: result.recipients[to].message_id for to in (ADA, BOB)} == delivered
    assert ["1", "2"] == [mail.metadata["n"] for mail in mails]


def stored(setting: Setting) -> str:
    """The id of a template that greets; each service has its own way to make one."""
    face: Any = setting.local.hub.face(setting.name)
    if setting.name == "postmark":
        made = {"Name": "G", "Alias": "greeting", "Subject": "For {{name}}", "HtmlBody": "{{name}}"}
        if not face.templates.all():
            face.templates.add(made)
        return "greeting"
    if setting.name == "mailjet":
        asked = {"auth": ("local", "local"), "timeout": 30}
        url = f"{setting.local.face_url('mailjet')}/v3/REST/template"
        number = requests.post(url, json={"Name": "G"}, **asked).json()["Data"][0]["ID"]
        content = {"Html-part": "{{var:name}}", "Headers": {"Subject": "For {{var:name}}"}}
        requests.post(f"{url}/{number}/detailcontent", json=content, **asked)
        return str(number)
    if setting.name == "brevo":
        made = {"templateName": "G", "subject": "For you", "htmlContent": "{{ params.name }}"}
        made |= {"sender": {"email": "shop@example.com"}, "isActive": True}
        asked = {"headers": {"api-key": "local"}, "timeout": 30}
        url = f"{setting.local.face_url('brevo')}/v3/smtp/templates"
        return str(requests.post(url, json=made, **asked).json()["id"])
    if setting.name == "mandrill":
        made = {"key": "local", "name": "Greeting", "code": "*|NAME|*", "subject": "For *|NAME|*"}
        url = f"{setting.local.face_url('mandrill')}/api/1.0/templates/add"
        requests.post(url, json=made, timeout=30)
        return "greeting"
    if setting.name == "sparkpost":
        content = {"from": "shop@example.com", "subject": "For {{name}}", "html": "{{name}}"}
        made = {"id": "greeting", "published": True, "content": content}
        url = f"{setting.local.face_url('sparkpost')}/api/v1/templates"
        requests.post(url, json=made, headers={"Authorization": "local"}, timeout=30)
        return "greeting"
    if setting.name == "sendgrid":
        template = face.templates.add({"name": "G", "generation": "dynamic"})
        made = {"subject": "For {{name}}", "html_content": "{{name}}", "plain_content": "{{name}}"}
        face.templates.add_version(template.id, made)
        return str(template.id)
    fields = [("name", "greeting"), ("template", "{{name}}"), ("headers", '{"Subject": "G"}')]
    if not face.templates.all("example.com"):
        face.templates.add("example.com", Form(fields))
    return "greeting"


def test_a_template_of_the_service(setting: Setting) -> None:
    """Is rendered for each recipient by the service, with the values of the message."""
    setting.send(
        to=[ADA, BOB],
        subject="For you" if setting.name == "mailgun" else None,
        text=None,
        **({"from_email": None} if setting.name == "sparkpost" else {}),
        template_id=stored(setting),
        merge_data={ADA: {"name": "Ada & Co"}, BOB: {"name": "Bob"}},
    )

    mails = setting.local.mails.mails()
    ada = "Ada & Co" if setting.name in UNESCAPED else "Ada &amp; Co"
    assert [(ADA, ada), (BOB, "Bob")] == [
        (mail.parsed.to[0].addr_spec, (mail.html or "").strip()) for mail in mails
    ]


def test_many_messages(setting: Setting) -> None:
    """In as few calls as the service allows; each has a result of its own."""
    messages = [Message(**FIELDS, to=[f"user{n}@example.net"]) for n in range(20)]
    outcomes = list(setting.mailer.send_many(messages))

    assert {"all_accepted"} == {outcome.status.value for outcome in outcomes}
    assert 20 == setting.local.mails.count()


@pytest.mark.parametrize(
    ("fault", "expected"), [("throttle", RateLimited), ("error500", SendError)]
)
def test_errors_of_the_service(setting: Setting, fault: str, expected: type[Exception]) -> None:
    """Each has the class that says what to do."""
    setting.local.hub.faults(setting.name).script(fault)

    with pytest.raises(expected):
        setting.send()


@pytest.mark.parametrize(
    ("name", "fault", "expected"),
    [("brevo", "credits", QuotaExceeded), ("sparkpost", "quota", RateLimited)],
)
def test_limits_of_an_account(name: str, fault: str, expected: type[SendError]) -> None:
    """What is used up has a class of its own, and another one where it comes back."""
    with (
        LocalMail(faces=make_faces([name])) as local,
        connect(local.mailcore_url(name)) as mailer,
    ):
        local.hub.faults(name).script(fault)
        with pytest.raises(expected) as raised:
            mailer.send(Message(**FIELDS, to=[ADA]))

        assert type(raised.value) is expected
        assert 0 == local.mails.count()


class Silent(WSGIRequestHandler):
    """Writes nothing to the terminal."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("name", "trials"), [("mandrill", 2), ("sparkpost", 1)])
def test_the_address_of_a_webhook_is_tried(name: str, trials: int) -> None:
    """Mailcore's own application passes, and believes the events that follow, the URL included."""
    events: list[Event] = []
    with (
        LocalMail(faces=make_faces([name])) as local,
        connect(local.mailcore_url(name)) as mailer,
        make_server(
            "127.0.0.1", 0, WsgiWebhook(mailer.provider, events.append), handler_class=Silent
        ) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        local.hub.set_webhooks(name, [f"http://127.0.0.1:{server.server_port}/hook?a=%2F"])
        local.hub.drain(30)
        tried = [(each.is_trial, each.attempts) for each in local.hub.posts]
        mailer.send(Message(**FIELDS, to=[ADA]))
        local.hub.drain(30)
        server.shutdown()
        thread.join()

    assert [(True, ("200",))] * trials == tried
    assert EventType.DELIVERED in {
        each.event_type for each in events if isinstance(each, TrackingEvent)
    }


def test_some_recipients_are_refused() -> None:
    """Mandrill says so of each in its answer; the others get their mail."""
    refused = "suppressed@example.net"
    with (
        LocalMail(faces=make_faces(["mandrill"])) as local,
        connect(local.mailcore_url("mandrill")) as mailer,
    ):
        result = mailer.send(Message(**FIELDS, to=[ADA, refused]))

        assert ["sent", "rejected"] == [result.recipients[a].status for a in (ADA, refused)]
        states = {r.address: r.state for m in local.mails.mails() for r in m.recipients}
        assert {ADA: "delivered", refused: "rejected"} == states


def test_a_call_that_is_made_twice() -> None:
    """Brevo sends nothing at the second one with the same key, and does not tell the id again."""
    key = "3f0e7c9a-1b2d-4c3e-8f4a-5b6c7d8e9f00"
    with (
        LocalMail(faces=make_faces(["brevo"])) as local,
        connect(local.mailcore_url("brevo")) as mailer,
    ):
        message = Message(**FIELDS, to=[ADA], idempotency_key=key)
        first, second = mailer.send(message), mailer.send(message)

        assert 1 == local.mails.count()
        assert "queued" == second.recipients[ADA].status
        assert first.message_id
        assert second.recipients[ADA].message_id is None


def test_a_refused_message(setting: Setting) -> None:
    """By the service's own validation, in its own form."""
    template = {"template_id": "4711", "text": None, "subject": None}
    with pytest.raises(MessageRejected):
        setting.send(**template)


def test_a_wrong_key() -> None:
    """Every service says so in its own way."""
    found = {}
    for name in FACES:
        faces = make_faces([name], {name: FaceSettings(api_key="right")})
        with LocalMail(faces=faces) as local:
            url = local.mailcore_url(name).replace("right", "wrong")
            with connect(url) as mailer, pytest.raises(AuthenticationFailed) as raised:
                mailer.send(Message(**FIELDS, to=[ADA]))
            found[name] = type(raised.value)

    assert set(FACES) == set(found)


def test_production_code_is_redirected(running: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MAILCORE_REDIRECT` alone sends everything here, and the real key stays at home."""
    name = running.name
    # What one has in production: without the address of a stand-in.
    url = re.sub(r"\bbase_url=[^&]*&?", "", running.local.mailcore_url(name))
    monkeypatch.setenv("MAILCORE_REDIRECT", running.local.url)
    with connect(url) as mailer:
        mailer.send(Message(**FIELDS, to=["redirected@example.net"]))
    running.local.hub.drain(30)

    mail = running.local.latest("to:redirected@example.net")
    assert mail is not None
    assert name == mail.face
    assert "local" not in f"{mail.request.headers[1:]}{mail.request.body!r}"


def test_the_list_of_suppressions(setting: Setting) -> None:
    """What bounced is on the list, is not sent to, and can be taken off."""
    if setting.name in LISTLESS:
        assert not hasattr(setting.mailer.provider, "account")
        return
    setting.send(to=["hans@example.net"])
    (mail,) = setting.local.mails.mails()
    setting.local.hub.make_event(mail.id, "hans@example.net", EventKind.BOUNCED)
    setting.local.hub.drain(30)
    account = setting.mailer.provider.account  # type: ignore[attr-defined]

    entry = account.get_suppressed("hans@example.net")
    assert entry is not None
    assert "BOUNCE" == entry.reason
    assert "hans@example.net" in [each.email_address for each in account.suppressed()]
    assert account.delete_suppressed("hans@example.net")
    assert account.get_suppressed("hans@example.net") is None
    reason = PUT_BY_HAND.get(setting.name)
    if reason is None:
        return
    account.put_suppressed("left@example.net", reason)
    put = account.get_suppressed("left@example.net")
    assert put is not None
    assert reason == put.reason
    assert account.delete_suppressed("left@example.net")


RAW = (
    b"From: Ada <ada@example.net>\r\nTo: in@example.com\r\nSubject: Re: Gr\xc3\xbc\xc3\x9fe\r\n"
    b"Message-ID: <a@example.net>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\x9cber\r\n--b\r\n"
    b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n1,2\r\n'
    b"--b--\r\n"
)


def test_mail_that_comes_in(setting: Setting) -> None:
    """Is verified, and read as the mail that it was."""
    envelope = Envelope(sender="ada@example.net", recipients=("in@example.com",))
    setting.local.hub.receive(RAW, envelope)
    setting.local.hub.drain(30)

    assert [] == setting.application.refused
    (event,) = setting.application.events
    assert isinstance(event, InboundEvent)
    mail = fetch_inbound(setting.mailer.provider, event)
    assert ("Re: Grüße", "Über") == (mail.subject, (mail.text or "").strip())
    assert [("a.csv", b"1,2")] == [(p.filename, p.content.strip()) for p in mail.attachments]
    assert ("in@example.com",) == event.envelope_recipients
