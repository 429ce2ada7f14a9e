"""Mail that SendGrid received: forms in, an event and a mail out, in pairs of files."""

from __future__ import annotations

import base64
import json

from pathlib import Path
from typing import Any

import pytest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore import InboundEvent, WebhookRequest, fetch_inbound
from mailcore.errors import MalformedWebhook
from mailcore.http import FormFile, form_request
from mailcore_sendgrid import SendGridProvider
from mailcore_sendgrid.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
ENVELOPE = ("envelope", '{"to":["order7@in.example.com"],"from":"zoe@example.net"}')
BOUNDARY = b"xYzZY"


def octets(value: Any) -> bytes:
    """A value of a fixture."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def multipart(fields: list[Any], files: list[Any]) -> WebhookRequest:
    """A form, written here: its texts have any bytes."""
    pieces = []
    for name, value in fields:
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        pieces.append(head + octets(value))
    for name, filename, kind, value in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        head += f"Content-Type: {kind}\r\n\r\n"
        pieces.append(head.encode() + octets(value))
    body = b"".join(b"--" + BOUNDARY + b"\r\n" + piece + b"\r\n" for piece in pieces)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    return WebhookRequest("POST", headers, body + b"--" + BOUNDARY + b"--\r\n")


def received(request: WebhookRequest) -> InboundEvent:
    """The one event of a form."""
    (event,) = parse_events("sendgrid", request)
    assert isinstance(event, InboundEvent)
    return event


def told(event: InboundEvent) -> dict[str, Any]:
    """What an event and its mail say, without what is empty."""
    mail = fetch_inbound(SendGridProvider(api_key="SG.secret"), event)
    document = event.to_dict()
    del document["content_base64"], document["dedupe_key"], document["version"]
    document["mail"] = {
        "subject": mail.subject,
        "from": str(mail.from_email),
        "text": mail.text,
        "html": mail.html,
        "files": [
            [
                part.filename,
                part.content_type,
                part.content_id,
                base64.b64encode(part.content).decode(),
            ]
            for part in (*mail.attachments, *mail.inlines)
        ],
    }
    return {key: value for key, value in document.items() if value not in (None, [], {}, "")}


@pytest.mark.parametrize("name", NAMES)
def test_form_becomes_the_mail(name: str) -> None:
    """Each form becomes the event and the mail beside it."""
    form = json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    assert expected == told(received(multipart(form["fields"], form["files"])))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("{@example.com : pass}", "pass"),
        ("{@example.com : pass, @example.net : PASS}", "pass"),
        ("{@example.com : fail, @example.net : pass}", None),
        ("none", None),
        ("", None),
    ],
)
def test_dkim_is_the_verdict_on_all_signatures(text: str, verdict: str | None) -> None:
    """Of several that differ, none: anybody can add one that passes."""
    assert verdict == received(multipart([("dkim", text), ("text", "a"), ENVELOPE], [])).dkim


def test_the_raw_mail_stays_as_it_came() -> None:
    """To the last byte, whatever they are."""
    raw = b"From: zoe@example.net\r\nSubject: \xff\xfe\r\n\r\n\x00\x80--xYzZ\r\n.\r\n"
    field = ["email", {"base64": base64.b64encode(raw).decode()}]

    assert raw == received(multipart([field, ENVELOPE], [])).content


def test_a_mail_that_is_posted_again_is_known() -> None:
    """Whatever boundary the form has; another recipient's is another."""
    fields = [("headers", "From: a@example.net\n"), ("text", "Hi"), ENVELOPE]
    first, again = (
        form_request("https://example.com", fields, headers={}, multipart=True) for _ in range(2)
    )
    keys = [
        received(WebhookRequest("POST", each.headers, each.body)).dedupe_key
        for each in (first, again)
    ]
    other = [*fields[:2], ("envelope", ENVELOPE[1].replace("order7", "order8"))]

    assert first.body != again.body
    assert keys[0] == keys[1] != received(multipart(other, [])).dedupe_key


@pytest.mark.parametrize(
    "request_",
    [
        WebhookRequest("POST", {"Content-Type": "multipart/form-data"}, b"--b--"),
        WebhookRequest("POST", {"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n"),
        WebhookRequest("POST", {"Content-Type": "multipart/form-data; boundary=b"}, b"\xff" * 99),
        WebhookRequest("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"text"),
    ],
    ids=["no boundary", "cut off", "other octets", "no form"],
)
def test_a_form_that_cannot_be_read_is_malformed(request_: WebhookRequest) -> None:
    """One typed error."""
    with pytest.raises(MalformedWebhook):
        parse_events("sendgrid", request_)


def test_what_senders_write_becomes_no_header() -> None:
    """A line end in a name of a file, or in a text, makes no field of the mail."""
    evil = "a\r\nBcc: eve@example.org"
    info = json.dumps({"attachment1": {"filename": evil, "type": "text/plain"}})
    request = form_request(
        "https://example.com",
        [
            ("subject", evil),
            ("from", f"{evil} <a@example.net>"),
            ("attachment-info", info),
            ENVELOPE,
        ],
        [FormFile(name="attachment1", filename="a", content=b"x", content_type="text/plain")],
        headers={},
    )
    event = received(WebhookRequest("POST", request.headers, request.body))
    mail = fetch_inbound(SendGridProvider(api_key="SG.secret"), event)

    assert "Bcc" not in mail.headers
    assert event.content is not None
    assert b"\nBcc" not in event.content


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *("headers", "envelope", "charsets", "attachment-info", "content-ids", "text"),
                    *("html", "email", "dkim", "SPF", "spam_score", "attachments", "subject"),
                ]
            ),
            TEXT
            | st.sampled_from(['{"to": 7}', '{"to": [null, "a"]}', '{"text": "x-no"}', "[" * 999]),
        ),
        max_size=8,
    )
)
def test_any_form_becomes_a_mail(fields: list[tuple[str, str]]) -> None:
    """With what is wrong told in words."""
    request = form_request("https://example.com", fields, headers={}, multipart=True)
    if not fields:
        return
    event = received(WebhookRequest("POST", request.headers, request.body))

    assert event.content is not None
    event.to_dict()
