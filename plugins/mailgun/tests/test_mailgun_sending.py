"""A mailer and real HTTP: connections, timeouts, refusals, and nothing sent twice."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading

from urllib.parse import urlsplit

import pytest

from mailcore import (
    AsyncMailer,
    Attachment,
    AuthenticationFailed,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    SendStatus,
    SendTimeout,
    UnexpectedResponse,
    UnsupportedFeature,
)
from mailcore.testing.faults import closed_port


ID = "<20261121.1@example.com>"


def message(**fields: object) -> Message:
    """A short message with the fields given."""
    plain = {
        "from_email": "Shop <shop@example.com>",
        "to": ["ada@example.net"],
        "subject": "Grüße",
        "text": "Hello",
    }
    return Message(**{**plain, **fields})


@pytest.fixture
def mailer(mailgun, monkeypatch):
    """A mailer that sends to the server of the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Mailer(
        "mailgun", api_key="key-secret", base_url=mailgun.base_url, timeout_seconds=10
    ) as made:
        yield made


def test_accepted_message(mailer, mailgun):
    """What goes out is the form, what comes back the id for every recipient."""
    result = mailer.send(message(cc=["bob@example.net"], tags=["a", "b"]))

    assert ID == result.message_id
    assert {SendStatus.QUEUED} == {status.status for status in result.recipients.values()}
    ((path, headers, form),) = mailgun.received
    assert "/v3/example.com/messages" == path
    assert headers["content-type"].startswith(("application/x-www-form", "multipart/form-data"))
    assert "application/json" == headers["accept"]
    assert headers["user-agent"].startswith("mailcore/")
    assert ["Grüße"] == form.fields["subject"]
    assert ["a", "b"] == form.fields["o:tag"]


def test_several_sends_share_a_connection(mailer, mailgun):
    """One session, one TCP connection: forms, files and mails written here alike."""
    mailer.send(message())
    mailer.send(
        message(attachments=[Attachment("Übersicht.pdf", b"\xff\x00\r\n", "application/pdf")])
    )
    mailer.send(message(headers={"To": "Friends <friends@example.org>"}))
    mailer.send(message(to=["ada@example.net", "bob@example.net"], merge_data={}))

    assert 4 == len(mailgun.received)
    assert 1 == mailgun.connections


def test_files_arrive_as_they_are(mailer, mailgun):
    """Octets, names in any script and content types survive the form."""
    content = bytes(range(256)) * 3 + b"\r\n--boundary\r\n"
    mailer.send(message(attachments=[Attachment('Ü "1".bin', content, "application/x-own")]))

    ((_, headers, form),) = mailgun.received
    assert headers["content-type"].startswith("multipart/form-data")
    assert [
        {
            "field": "attachment",
            "filename": 'Ü "1".bin',
            "content_type": "application/x-own",
            "content": content,
        }
    ] == form.files


def test_mail_written_here_arrives_whole(mailer, mailgun):
    """``messages.mime`` gets the envelope in ``to``, and a mail without Bcc."""
    mailer.send(message(headers={"To": "Friends <friends@example.org>"}, bcc=["bob@example.net"]))

    ((path, _, form),) = mailgun.received
    assert "/v3/example.com/messages.mime" == path
    assert ["ada@example.net", "bob@example.net"] == form.fields["to"]
    assert "Friends <friends@example.org>" == form.mail["To"]
    assert "Grüße" == form.mail["Subject"]
    assert "bob@" not in form.mail.as_string()


def test_batch_of_many_calls(mailer, mailgun):
    """Recipients of all calls are in one result, each with the id of their call."""
    mailgun.answers += [
        json_answer(200, {"id": f"<{number}@example.com>", "message": "Queued. Thank you."})
        for number in range(2)
    ]
    to = [f"r{number}@example.net" for number in range(1500)]

    result = mailer.send(message(to=to, merge_data={}))

    assert ("<0@example.com>", "<1@example.com>") == result.message_ids
    assert "<0@example.com>" == result.recipients["r999@example.net"].message_id
    assert "<1@example.com>" == result.recipients["r1000@example.net"].message_id
    assert 1 == mailgun.connections


def test_refused_call_of_a_batch_loses_no_other(mailer, mailgun):
    """A recipient whom Mailgun refuses does not undo those before and after."""
    mailgun.answers += [
        json_answer(200, {"id": ID, "message": "Queued. Thank you."}),
        json_answer(400, {"message": "'to' parameter is not a valid address"}),
        json_answer(200, {"id": ID, "message": "Queued. Thank you."}),
    ]
    to = ["a@example.net", "b@example.net", "c@example.net"]

    result = mailer.send(message(to=to, cc=["copy@example.org"], merge_data={}))

    assert ("a@example.net", "c@example.net", "copy@example.org") == result.accepted
    assert SendStatus.FAILED is result.recipients["b@example.net"].status
    assert "invalid_recipient" == result.recipients["b@example.net"].code


def json_answer(status_code: int, body: object):
    """An answer of the server."""
    return status_code, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.mark.parametrize(
    ("planned", "expected", "maybe_accepted"),
    [
        (json_answer(400, {"message": "no"}), MessageRejected, False),
        (json_answer(429, {"message": "slow"}), RateLimited, False),
        (json_answer(500, {"message": "sorry"}), ProviderUnavailable, True),
        ((503, {"Content-Type": "text/html"}, b"<html>503</html>"), ProviderUnavailable, False),
        ((504, {}, b""), ProviderUnavailable, True),
        ((302, {"Location": "/v3/example.com/messages"}, b""), UnexpectedResponse, True),
        ((307, {"Location": "/v3/example.com/messages"}, b""), UnexpectedResponse, False),
        ((200, {"Content-Type": "text/html"}, b"<html>Login</html>"), UnexpectedResponse, True),
        ((200, {"Content-Type": "application/json"}, b'{"id": "<a@ex'), UnexpectedResponse, True),
    ],
    ids=["400", "429", "500", "503 HTML", "504", "302", "307", "200 HTML", "200 truncated"],
)
def test_refusal_is_sent_once(mailer, mailgun, planned, expected, maybe_accepted):
    """No retry and no redirect: the server sees one request, whatever it answers."""
    mailgun.answers.append(planned)

    with pytest.raises(expected) as caught:
        mailer.send(message())

    assert maybe_accepted is caught.value.maybe_accepted
    assert 1 == len(mailgun.received)


def test_no_answer_in_time_may_be_accepted(mailgun, monkeypatch):
    """After the request was written, nobody knows what became of it; it is sent once."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def wait():
        mailgun.released.wait(30)
        return 200, {}, b""

    mailgun.answers.append(wait)
    options = {"api_key": "key-secret", "base_url": mailgun.base_url, "timeout_seconds": 0.2}
    with Mailer("mailgun", **options) as mailer, pytest.raises(SendTimeout) as caught:
        mailer.send(message())

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert 1 == len(mailgun.received)


def test_a_client_that_leaves(mailgun, capsys):
    """The stand-in of these tests says nothing of it: a traceback would look like a failure."""
    arrived = threading.Event()

    def wait():
        arrived.set()
        mailgun.released.wait(30)
        return 200, {}, b"x"

    mailgun.answers.append(wait)
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(mailgun.base_url).port), 30) as client:
        # Closing resets the connection, so that the answer cannot be written.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"POST /v3/example.com/messages HTTP/1.1\r\nHost: x\r\n" + form)
        assert arrived.wait(30)
    mailgun.released.set()

    assert mailgun.left.wait(30)
    assert "" == capsys.readouterr().err


def test_nobody_listens(monkeypatch):
    """Where no connection was made, nothing was sent, and sending again is safe."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with (
        closed_port() as base_url,
        Mailer("mailgun", api_key="key-secret", base_url=base_url) as mailer,
        pytest.raises(NetworkError) as caught,
    ):
        mailer.send(message())

    assert (False, True) == (caught.value.maybe_accepted, caught.value.retryable)
    assert "mailgun" == caught.value.provider


@pytest.mark.parametrize(
    ("options", "expected", "category"),
    [
        ({"api_key": "key-wrong"}, AuthenticationFailed, "credentials"),
        ({"sender_domain": "elsewhere.example"}, MessageRejected, "domain_not_found"),
        ({"path": "/nowhere"}, UnexpectedResponse, "wrong_url"),
    ],
)
def test_wrong_settings_are_named(mailgun, monkeypatch, options, expected, category):
    """A wrong key, a domain of somebody else and a URL that leads nowhere."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    base_url = mailgun.base_url + options.get("path", "")
    given = {"api_key": "key-secret", **{k: v for k, v in options.items() if k != "path"}}
    with (
        Mailer("mailgun", base_url=base_url, **given) as mailer,
        pytest.raises(expected) as caught,
    ):
        mailer.send(message())

    assert category == caught.value.category
    assert given["api_key"] not in str(caught.value)


def test_message_that_cannot_be_expressed_is_not_sent(mailer, mailgun):
    """All problems at once, and no request."""
    with pytest.raises(UnsupportedFeature) as caught:
        mailer.send(message(from_email="grüße@example.com", template_id="welcome"))

    assert ["from_email", "text"] == [problem.field for problem in caught.value.problems]
    assert [] == mailgun.received


def test_async_is_the_same(mailgun, monkeypatch):
    """The async mailer sends the same form, and has the same result."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    options = {"api_key": "key-secret", "base_url": mailgun.base_url}

    async def send():
        async with AsyncMailer("mailgun", **options) as mailer:
            return await mailer.send(message(tags=["a"]))

    ours = asyncio.run(send())
    with Mailer("mailgun", **options) as mailer:
        other = mailer.send(message(tags=["a"]))

    assert other == ours
    first, second = (form for _, _, form in mailgun.received)
    assert first == second
