"""SMTP as a face, by Python's own client."""

from __future__ import annotations

import smtplib
import socket

from email.message import EmailMessage

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.smtp import SmtpFace


@pytest.fixture
def local(acme, webhook):
    """A mailbox with SMTP, and Acme for what comes in."""
    faces = [acme, SmtpFace()]
    with LocalMail(
        faces=faces,
        inbound_webhooks={"acme": webhook.url},
        inbound_domains={"In.example.com": "acme"},
    ) as running:
        yield running


@pytest.fixture
def client(local):
    """A connection."""
    with smtplib.SMTP(*local.smtp_address, timeout=30) as connection:
        yield connection


def message(**more: str) -> EmailMessage:
    """A mail."""
    mail = EmailMessage()
    fields = {"From": "Shop <shop@example.com>", "To": "Ada <ada@example.com>", "Subject": "Hello"}
    for name, value in {**fields, **more}.items():
        mail[name] = value
    mail.set_content("Hi")
    return mail


def test_a_mail_is_kept(local, client):
    """With its envelope: who is not in a header is in Bcc. Any password will do."""
    client.login("somebody", "sk_live_1")
    client.send_message(message(), to_addrs=["ada@example.com", "bob@example.com"])
    mail = local.wait_for("to:bob provider:smtp", timeout_seconds=30)

    assert ("Shop <shop@example.com>", "shop@example.com") == (
        mail.from_email,
        mail.envelope_sender,
    )
    assert (("Ada <ada@example.com>",), ("bob@example.com",)) == (mail.to, mail.bcc)
    assert ("delivered", "delivered") == mail.states
    assert "Hi\n" == mail.text
    assert ("MAIL FROM", "<shop@example.com> SIZE=") == (
        mail.request.headers[2][0],
        mail.request.headers[2][1].partition("=")[0] + "=",
    )
    assert "sk_live" not in repr(mail.request.headers)


def test_international_addresses(local, client):
    """SMTPUTF8, in the envelope and the headers."""
    client.send_message(message(To="用户@例え.example"))

    assert "用户@例え.example" == local.wait_for(timeout_seconds=30).recipients[0].address


def test_the_null_sender(local, client):
    """As bounces have it."""
    client.sendmail("", ["ada@example.com"], message().as_bytes())

    assert "" == local.wait_for(timeout_seconds=30).envelope_sender


@pytest.mark.parametrize(
    ("address", "code", "text"),
    [
        ("bounce@example.com", 550, b"5.1.1"),
        ("bounce+7@example.com", 550, b"5.1.1"),
        ("softbounce@example.com", 452, b"4.2.2"),
        ("deferred@example.com", 450, b"4.2.1"),
        ("reject@example.com", 550, b"5.7.1"),
        ("complaint@example.com", 250, b"2.1.5"),
        ("slow+0@example.com", 250, b"2.1.5"),
    ],
)
def test_test_addresses_are_answered(client, address, code, text):
    """What other providers tell by webhooks, SMTP tells at once."""
    client.ehlo()
    client.mail("shop@example.com")

    answer_code, answer = client.rcpt(address)
    assert (code, text) == (answer_code, answer[:5])


def test_some_are_refused(local, client):
    """The mail goes to the others, and the mailbox shows both."""
    refused = client.send_message(message(), to_addrs=["ada@example.com", "bounce@example.com"])
    mail = local.wait_for("state:bounced", timeout_seconds=30)

    assert {"bounce@example.com": (550, b"5.1.1 User unknown")} == refused
    states = {each.address: each.state for each in mail.recipients}
    assert {"ada@example.com": "delivered", "bounce@example.com": "bounced"} == states


@pytest.mark.parametrize(
    ("fault", "code"), [("throttle", 451), ("error500", 451), ("error503", 421), ("refuse", 554)]
)
def test_answers_by_script(local, client, fault, code):
    """The mail is refused, and not kept."""
    local.hub.faults("smtp").script(fault)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        client.send_message(message())

    assert code == caught.value.smtp_code
    assert 0 == len(local.mails)


@pytest.mark.parametrize(
    ("fault", "kept"),
    [("reset", 0), ("reset_after_accept", 1), ("half_answer", 1), ("garbage", 1)],
)
def test_connections_that_break(local, client, fault, kept):
    """Before the mail is taken or after: the client cannot know."""
    local.hub.faults("smtp").script(fault)
    with pytest.raises((smtplib.SMTPException, OSError)):
        client.send_message(message())

    assert kept == len(local.mails)


def test_what_is_too_large(client):
    """It is announced, and refused at MAIL FROM."""
    client.ehlo()

    assert str(40 * 1024 * 1024) == client.esmtp_features["size"]
    assert 552 == client.mail("shop@example.com", ["SIZE=50000000"])[0]


def test_inbound_mail(local, client, webhook):
    """What goes to a domain of a provider is handed to its webhook, and not kept."""
    client.send_message(message(To="reply+17@in.example.com"))
    local.hub.wait_for_posts(1, 30)

    assert b"reply+17@in.example.com" in webhook.received[0].body
    assert 0 == len(local.mails)
    client.send_message(message(), to_addrs=["ada@example.com", "reply@in.example.com"])
    local.hub.wait_for_posts(2, 30)
    assert ["ada@example.com"] == [
        each.address for each in local.wait_for(timeout_seconds=30).recipients
    ]


def test_inbound_mail_without_a_webhook(local, client):
    """It is refused, and says why."""
    local.hub.set_inbound_webhooks("acme", [])
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        client.send_message(message(To="reply@in.example.com"))

    (answer,) = caught.value.recipients.values()
    assert (550, b"5.7.1 No webhook for the inbound mail of acme") == answer


def test_mailcore_url(local):
    """It names the port."""
    host, port = local.smtp_address

    assert f"smtp://{host}:{port}?security=none" == local.mailcore_url("smtp")


def test_a_port_that_is_taken(acme):
    """Nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        local = LocalMail(faces=[acme, SmtpFace()], smtp_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="port"):
            local.start()
    assert local.mails.closed


def test_stopping_with_clients(local):
    """Connections that say nothing do not hold it up."""
    clients = [smtplib.SMTP(*local.smtp_address, timeout=30) for _ in range(3)]
    local.stop()
    for client in clients:
        with pytest.raises((smtplib.SMTPException, OSError)):
            client.noop()
        client.close()
