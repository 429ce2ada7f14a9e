"""Code that was written for django-anymail: its names, its attributes, its signals."""

from __future__ import annotations

import datetime as dt

import pytest

from mailcore import (
    EventType,
    InboundEvent,
    MailcoreError,
    RejectReason,
    SendResult,
    TrackingEvent,
)
from mailcore.result import RecipientStatuses
from mailcore_django import EmailBackend, signals
from mailcore_django.compat.anymail import exceptions, inbound, message
from mailcore_django.compat.anymail import signals as anymail


# What its documentation names (https://anymail.dev/en/stable/, version 15.2; read 2026-11-30).
DOCUMENTED = {
    message: (
        "AnymailMessage AnymailMessageMixin AnymailStatus AnymailRecipientStatus "
        "attach_inline_image attach_inline_image_file"
    ),
    exceptions: (
        "AnymailError AnymailAPIError AnymailRequestsAPIError AnymailRecipientsRefused "
        "AnymailInvalidAddress AnymailUnsupportedFeature AnymailSerializationError "
        "AnymailCancelSend AnymailConfigurationError AnymailInvalidMailer "
        "AnymailImproperlyInstalled AnymailWebhookValidationFailure AnymailWarning "
        "AnymailInsecureWebhookWarning AnymailDeprecationWarning"
    ),
    anymail: (
        "pre_send post_send tracking inbound AnymailTrackingEvent AnymailInboundEvent EventType "
        "RejectReason"
    ),
    inbound: "AnymailInboundMessage",
}
ATTRIBUTES = [
    "envelope_sender",
    "esp_extra",
    "merge_data",
    "merge_global_data",
    "merge_headers",
    "merge_metadata",
    "metadata",
    "send_at",
    "tags",
    "template_id",
    "track_clicks",
    "track_opens",
]

RAW = b"""From: Ada <ada@example.net>\r
To: shop@example.com\r
Subject: Hello\r
Date: Mon, 30 Nov 2026 10:00:00 +0000\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
The text.\r
--b\r
Content-Type: text/csv\r
Content-Disposition: attachment; filename="a.csv"\r
\r
1;2\r
--b--\r
"""


@pytest.mark.parametrize("module", DOCUMENTED, ids=lambda module: module.__name__)
def test_documented_names(module):
    """Each can be imported from the module of the same name."""
    assert [] == [name for name in DOCUMENTED[module].split() if not hasattr(module, name)]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_documented_attributes(name):
    """Arguments of the message, which is unset until given; the object survives a copy."""
    made = message.AnymailMessage(**{name: "given"})

    assert "given" == getattr(made, name)
    assert getattr(message.AnymailMessage(), name) is message.UNSET


def test_a_program_written_for_it():
    """Send, look at the status, handle errors."""
    mail = message.AnymailMessage(
        subject="Hi", body="Hello", from_email="shop@example.com", to=["ada@example.net"]
    )
    mail.attach_alternative("<p>Hello</p>", "text/html")
    mail.metadata, mail.tags, mail.track_clicks = {"order": 1}, ["a"], True

    EmailBackend(provider="memory").send_messages([mail])

    status = mail.anymail_status
    assert {"sent"} == status.status <= set(message.ANYMAIL_STATUSES)
    assert status.message_id == status.recipients["ada@example.net"].message_id
    assert "AnymailStatus<status={'sent'}, 1 message id, 1 recipients>" == repr(status)


def test_an_error_is_caught_by_its_name():
    """With the attributes that handlers look at."""
    mail = message.AnymailMessage("down", "x", "shop@example.com", ["ada@example.net"])
    backend = EmailBackend(provider="memory", middleware=["shop_middleware.failing"])

    with pytest.raises(exceptions.AnymailAPIError) as caught:
        backend.send_messages([mail])

    assert (503, mail, "Memory") == (
        caught.value.status_code,
        caught.value.email_message,
        caught.value.esp_name,
    )


def test_the_status_of_several_recipients():
    """Ids and statuses in sets; None before anything was sent."""
    status = message.AnymailStatus()
    assert (None, None, {}) == (status.message_id, status.status, status.recipients)
    assert (None, "AnymailStatus<status=None>") == (status.esp_response, repr(status))

    status.set_recipient_status(
        {
            "a@example.net": message.AnymailRecipientStatus("1", "sent"),
            "b@example.net": message.AnymailRecipientStatus("2", "rejected"),
        }
    )

    assert ({"1", "2"}, {"sent", "rejected"}) == (status.message_id, status.status)
    told = "AnymailStatus<status={'rejected', 'sent'}, 2 message ids, 2 recipients>"
    assert told == repr(status)
    with pytest.raises(ValueError, match="status must be"):
        message.AnymailRecipientStatus("1", "lost")


def test_the_status_of_a_recipient():
    """It is a value: equal ones are the same in a set."""
    statuses = [
        message.AnymailRecipientStatus(message_id, status)
        for message_id, status in [("1", "sent"), ("1", "sent"), ("2", "sent"), ("1", None)]
    ]

    assert [True, True, False, False] == [statuses[0] == each for each in statuses]
    assert len(set(statuses)) == 3
    assert statuses[0] != ("1", "sent")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(None, None), ([], None), (["one"], "one"), (("one", "two"), ("one", "two")), ("one", "one")],
)
def test_the_answer_of_the_service(raw, expected):
    """That of one request, or a tuple of those of several."""
    status = message.AnymailStatus(SendResult("memory", RecipientStatuses({}), raw=raw))

    assert expected == status.esp_response


def test_its_errors_are_ours():
    """What mailcore raises is caught by its names."""
    found = [getattr(exceptions, name) for name in exceptions.__all__]

    errors = [each for each in found if not issubclass(each, Warning)]
    assert [] == [each for each in errors if not issubclass(each, MailcoreError)]
    assert issubclass(exceptions.AnymailUnsupportedFeature, ValueError)
    assert issubclass(exceptions.AnymailSerializationError, TypeError)


def test_tracking():
    """A receiver of its signal gets an event with its attributes."""
    told = []

    def receiver(sender, event, esp_name, **_):
        told.append((event, esp_name))

    anymail.tracking.connect(receiver)
    event = TrackingEvent(
        provider="postmark",
        event_type=EventType.BOUNCED,
        recipient="ada@example.net",
        timestamp=dt.datetime(2026, 11, 30, tzinfo=dt.timezone.utc),
        message_id="1",
        metadata={"order": 1},
        tags=["a"],
        reject_reason=RejectReason.BOUNCED,
    )
    signals.tracking.send(EmailBackend, event=event, esp_name="Postmark", provider="postmark")
    anymail.tracking.disconnect(receiver)

    ((got, esp_name),) = told
    assert ("Postmark", "bounced", anymail.EventType.BOUNCED) == (
        esp_name,
        got.event_type,
        got.event_type,
    )
    assert ({"order": 1}, ["a"], "bounced") == (got.metadata, got.tags, got.reject_reason)


def test_inbound():
    """The message has its attributes, and files that Django's fields take."""
    told = []

    def receiver(sender, event, **_):
        told.append(event.message)

    anymail.inbound.connect(receiver)
    event = InboundEvent(
        provider="postmark",
        content=RAW,
        envelope_sender="ada@example.net",
        envelope_recipients=("shop@example.com",),
        spam=False,
        spam_score=0.5,
    )
    signals.inbound.send(EmailBackend, event=event, esp_name="Postmark", provider="postmark")
    anymail.inbound.disconnect(receiver)

    (mail,) = told
    assert ("ada@example.net", "Ada", "Hello", "The text.") == (
        mail.from_email.addr_spec,
        mail.from_email.display_name,
        mail.subject,
        mail.text.strip(),
    )
    assert ("ada@example.net", "shop@example.com", False, 0.5) == (
        mail.envelope_sender,
        mail.envelope_recipient,
        mail.spam_detected,
        mail.spam_score,
    )
    assert ("Hello", "none") == (mail["Subject"], mail.get("X-No", "none"))
    (attached,) = mail.attachments
    assert ("a.csv", "text/csv", b"1;2", "1;2") == (
        attached.get_filename(),
        attached.get_content_type(),
        attached.get_content_bytes().strip(),
        attached.get_content_text().strip(),
    )
    file = attached.as_uploaded_file()
    assert ("a.csv", "text/csv", b"1;2") == (file.name, file.content_type, file.read().strip())


def test_a_receiver_that_fails():
    """It is not swallowed: the webhook answers 500."""

    def receiver(sender, **_):
        raise ZeroDivisionError

    anymail.tracking.connect(receiver)
    event = TrackingEvent(provider="x", event_type=EventType.OPENED, recipient="a@example.net")
    try:
        with pytest.raises(ZeroDivisionError):
            signals.tracking.send(EmailBackend, event=event, esp_name="X", provider="x")
    finally:
        anymail.tracking.disconnect(receiver)


def test_events_that_its_users_make_in_tests():
    """As its documentation advises."""
    event = anymail.AnymailTrackingEvent(event_type="opened", recipient="a@example.net")
    mail = inbound.AnymailInboundMessage.parse_raw_mime(RAW.decode())

    assert ("opened", [], {}) == (event.event_type, event.tags, event.metadata)
    assert (
        "Hello" == anymail.AnymailInboundEvent(event_type="inbound", message=mail).message.subject
    )
