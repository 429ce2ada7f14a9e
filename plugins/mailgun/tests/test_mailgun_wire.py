"""Mailgun's forms and answers in the log `mailcore.wire`: over real HTTP, redacted."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from mailcore import AsyncMailer, Attachment, HttpResponse, Mailer, Message, SendError
from mailcore.http import wire
from mailcore.http.wire_http import answer_text


TOKEN = "sk_live_51Hq/T0kEn9x=="
ADA = "victim.name@x.example"
HIDDEN = (
    TOKEN[:12],
    "T0kEn9x",
    "victim.name",
    "One-time code",
    "key-secret",
    "YXBpOmtleS1zZWNyZXQ",
)
MESSAGE = Message(
    from_email="Shop <victim.name@example.com>",
    to=[ADA],
    subject="One-time code",
    text="One-time code",
    tags=[TOKEN],
    metadata={"order": TOKEN},
    headers={"X-Auth-Token": "One-time code", "X-Note": f"see https://shop.example/{TOKEN}"},
    attachments=[Attachment("a.txt", b"One-time code", "text/plain")],
)


@pytest.fixture
def records(caplog, monkeypatch):
    """What the log of the wire says, once it is on."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    wire.logger.setLevel(logging.DEBUG)
    yield caplog
    wire.logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, "subject=<13 characters>&text=<13 characters>"),
        ({"headers": {"To": "victim.name@friends.example"}}, "message=<"),
        (
            {"merge_data": {ADA: {"a": "One-time code"}}},
            "recipient-variables=<49 characters>",
        ),
        ({"template_id": "welcome", "text": None}, 'template="welcome"'),
    ],
    ids=["form", "mime", "batch", "template"],
)
def test_calls_and_answers_are_told_without_secrets(records, mailgun, kind, changes, seen):
    """The fields of the form; files and what the mail says by their size."""
    options = {"api_key": "key-secret", "base_url": mailgun.base_url}
    message = MESSAGE.replace(**changes)

    async def send():
        async with AsyncMailer("mailgun", **options) as mailer:
            return await mailer.send(message)

    if kind == "async":
        asyncio.run(send())
    else:
        with Mailer("mailgun", **options) as mailer:
            mailer.send(message)

    asked, answered = records.messages
    assert f"POST {mailgun.base_url}/v3/example.com/messages" in asked
    assert seen in asked
    assert '"message": "Queued. Thank you."' in answered
    for record in records.messages:
        assert not [hidden for hidden in HIDDEN if hidden in record], record


def test_a_key_that_an_answer_repeats_is_hidden(records, mailgun):
    """The service's words are shown, without what the request brought."""
    mailgun.answers.append(
        (401, {"Content-Type": "text/plain"}, b"Invalid key key-secret (YXBpOmtleS1zZWNyZXQ=)")
    )
    with (
        Mailer("mailgun", api_key="key-secret", base_url=mailgun.base_url) as mailer,
        pytest.raises(SendError),
    ):
        mailer.send(MESSAGE)

    assert '"Invalid key <secret> (<secret>)"' in records.messages[1]


def test_stored_mail_is_told_by_its_size():
    """Who asks for it gets headers without the subject, and no text."""
    stored = {
        "recipients": ADA,
        "subject": "One-time code",
        "body-plain": "One-time code",
        "stripped-html": "One-time code",
        "body-mime": "One-time code",
        "message-headers": [["Subject", "One-time code"], ["To", ADA]],
        "attachments": [{"url": f"https://storage.example/{TOKEN}", "name": "a.gif", "size": 3}],
    }
    body = json.dumps(stored).encode()

    text = answer_text(HttpResponse(status_code=200, body=body), ())

    assert not [hidden for hidden in HIDDEN if hidden in text]
    assert '"message-headers": [["Subject", <13 characters>], ["To", "v***@x.example"]]' in text
