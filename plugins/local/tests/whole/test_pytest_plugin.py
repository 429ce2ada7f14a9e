"""The fixture `local_mail`, as a program's own tests use it."""

from __future__ import annotations

import pytest

from mailcore import Mailer, Message, RecipientsRefused, SendError


def send(to: str, provider: str = "postmark", **options: str) -> None:
    """What a program does, unchanged."""
    options = options or {"server_token": "sk_live_1"}
    with Mailer(provider, **options) as mailer:
        mailer.send(Message(from_email="shop@example.com", to=[to], subject="Hello", text="Hi"))


def test_a_mail(local_mail):
    """It is there at once, without the key."""
    send("ada@example.com")
    mail = local_mail.latest("to:ada@example.com")

    assert ("postmark", "Hello") == (mail.face, mail.subject)
    assert "sk_live_1" not in repr(vars(mail.request))


def test_each_test_has_its_own(local_mail):
    """Nothing is left of the one before."""
    assert 0 == len(local_mail.mails)


def test_several_providers(local_mail):
    """By HTTP and by SMTP: one variable for all."""
    send("ada@example.com")
    send("bob@example.com", "smtp", host="smtp.example.com", username="u", password="sk_live_2")

    assert ["postmark", "smtp"] == [mail.face for mail in local_mail.mails.mails()]


def test_faults(local_mail):
    """What a program does when its provider fails is tried out."""
    local_mail.hub.faults("postmark").script("error503")
    with pytest.raises(SendError):
        send("ada@example.com")
    with pytest.raises(RecipientsRefused):
        send("bounce@example.com", "smtp", host="smtp.example.com")
    assert 0 == len(local_mail.mails)
