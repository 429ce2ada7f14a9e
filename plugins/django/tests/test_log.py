"""The log: what is recorded, what states events lead to, what is kept, and what is forgotten."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re

from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.utils import timezone as django_timezone
from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    BounceClass,
    ConfigurationError,
    EventType,
    InvalidAddress,
    MailcoreError,
    Message,
    NetworkError,
    Problem,
    RecipientStatus,
    RejectReason,
    SendResult,
    SendStatus,
    SendTimeout,
    TrackingEvent,
)
from mailcore.result import RecipientStatuses
from mailcore_django import EmailBackend, MailcoreMessage
from mailcore_django.conf import LogSettings
from mailcore_django.forgetting import erase_command, prune_command
from mailcore_django.log import listening
from mailcore_django.log.checks import check_seen
from mailcore_django.log.erasing import Erased, erase
from mailcore_django.log.models import Event, Recipient, SentMessage
from mailcore_django.log.pruning import Pruned, prune
from mailcore_django.log.recording import _short, record_event, record_message
from mailcore_django.log.sending_again import send_again
from mailcore_django.log.sendings import About, Sending
from mailcore_django.log.states import below, weightier
from mailcore_django.signals import tracking


ADA, BEN = "Ada@Example.net", "ben@example.net"
AT = datetime(2026, 11, 30, 10, 0, tzinfo=timezone.utc)


@pytest.fixture
def log(mailcore_settings, database, connected_log):
    """Sends through the backend; the settings have the log keep what a test says."""

    def send(*to, answer="known_ids", subject="Hi", keep=None, body="Hello", **message):
        mailcore_settings(
            PROVIDER="memory", MIDDLEWARE=[f"shop_log.{answer}"], LOG=keep or {"bodies": True}
        )
        mail = EmailMessage(subject, body, "Shop <shop@example.com>", to or (ADA,), **message)
        try:
            EmailBackend().send_messages([mail])
        except MailcoreError as error:
            send.error = error
        return SentMessage.objects.order_by("pk").last()

    return send


def event(event_type=EventType.DELIVERED, recipient=ADA, **fields):
    """An event about m-1."""
    fields = {
        "message_id": "m-1",
        "timestamp": AT,
        "dedupe_key": f"{event_type}{recipient}",
        **fields,
    }
    return TrackingEvent(provider="memory", event_type=event_type, recipient=recipient, **fields)


def states():
    """The state of each recipient."""
    return dict(Recipient.objects.values_list("address", "state"))


def test_a_message_is_recorded(log):
    """With each recipient's own status; addresses as they were written, and no body by default."""
    row = log(ADA, BEN, keep={"keep_days": 30})

    assert ("memory", "m-1", "some_accepted", "Hi") == (
        row.provider,
        row.message_id,
        row.status,
        row.subject,
    )
    assert ("Shop <shop@example.com>", "", "", False) == (
        row.from_email,
        row.body,
        row.error,
        row.maybe_accepted,
    )
    assert [(ADA, "ada@example.net", "queued"), (BEN, BEN, "rejected")] == list(
        row.recipients.values_list("address", "key", "status")
    )
    assert "ben@example.net is inactive" == row.recipients.get(key=BEN).detail


def test_all_that_is_recorded_of_a_message(mailcore_settings, database, connected_log):
    """Of the message, and of each recipient."""
    mailcore_settings(PROVIDER="memory", MIDDLEWARE=["shop_log.known_ids"], LOG={"bodies": True})
    mail = MailcoreMessage(
        "Hi", "Hello", "shop@example.com", [ADA, BEN], template_id="welcome", tags=["a", "b"]
    )
    EmailBackend(alias="news").send_messages([mail])

    row = SentMessage.objects.get()
    assert ("news", "memory", "m-1", "shop@example.com", "Hi", "welcome", ["a", "b"]) == (
        row.mailer,
        row.provider,
        row.message_id,
        row.from_email,
        row.subject,
        row.template_id,
        row.tags,
    )
    assert (None, "some_accepted", "", False) == (
        row.again_of,
        row.status,
        row.error,
        row.maybe_accepted,
    )
    assert [(ADA, BEN)] == [Message.from_dict(json.loads(row.body)).recipients]
    names = ("key", "message_id", "status", "state", "code", "detail", "retryable")
    assert [
        ("ada@example.net", "m-1", "queued", "queued", "", "", False),
        (BEN, "", "rejected", "rejected", "406", f"{BEN} is inactive", False),
    ] == list(row.recipients.values_list(*names))


def test_hearing_of_what_is_sent(log):
    """Once, however often it was asked for; and no more after the end."""
    listening.connect()
    log(ADA)
    assert 1 == SentMessage.objects.count()

    listening.disconnect()
    log(ADA)
    assert 1 == SentMessage.objects.count()


def test_a_body_is_kept_with_its_letters(log):
    """So that an address in it can be found."""
    assert "käthe@exämple.net" in log("käthe@exämple.net").body


def test_all_that_is_recorded_of_an_event(database):
    """Each in its column."""
    fields = {
        "message_id": "m-1",
        "reject_reason": RejectReason.SPAM,
        "bounce_class": BounceClass.HARD,
        "smtp_status": "5.1.1",
        "mta_response": "550 no such user",
        "description": "The mailbox is not there",
        "timestamp": AT,
        "received_at": AT + timedelta(minutes=1),
        "recipient": ADA,
        "recipient_certain": False,
    }
    record_event(event(EventType.BOUNCED, **fields), LogSettings())

    row = Event.objects.get()
    assert ("memory", "bounced", "ada@example.net") == (
        row.provider,
        row.event_type,
        row.recipient_key,
    )
    found = {name: getattr(row, name) for name in fields}
    assert {name: str(value) for name, value in fields.items()} == {
        name: str(value) for name, value in found.items()
    }


def test_an_event_that_says_little(database):
    """What it does not say is empty; it was received now."""
    before = django_timezone.now()
    record_event(TrackingEvent(provider="toy", event_type=EventType.UNKNOWN), LogSettings())

    row = Event.objects.get()
    assert before <= row.received_at <= django_timezone.now()
    assert {""} == {
        getattr(row, name)
        for name in ("message_id", "recipient", "recipient_key", "bounce_class", "reject_reason")
    } | {
        getattr(row, name)
        for name in ("smtp_status", "mta_response", "description", "click_url", "ip_address")
    }


@pytest.fixture
def second(databases, tmp_path):
    """The alias of a second database, with the tables of the log."""
    # A file: Django does not close one in memory.
    place = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "log.db")}
    connections.databases["second"] = {**connections.databases["default"], **place}
    try:
        call_command("migrate", "mailcore_log", database="second", verbosity=0)
        yield "second"
    finally:
        connections["second"].close()
        del connections["second"]
        del connections.databases["second"]


@pytest.mark.slow
def test_the_database_that_the_routers_name(second, log, django_settings):
    """It has all of the log, and the other one nothing."""
    django_settings(DATABASE_ROUTERS=["shop_log.ToSecond"])
    log(ADA, BEN)
    record_event(event(), LogSettings())
    row = SentMessage.objects.using(second).get()
    assert {ADA: "delivered", BEN: "rejected"} == dict(
        Recipient.objects.using(second).values_list("address", "state")
    )
    send_again(row, only_refused=True, times_before=0)
    assert 2 == SentMessage.objects.using(second).count()

    assert Erased(messages=0, events=1, blanked=1) == erase(ADA)
    SentMessage.objects.using(second).update(created_at=AT - timedelta(days=60))
    assert Pruned(messages=2, events=0) == prune(30)
    for model in (SentMessage, Recipient, Event):
        assert 0 == model.objects.using("default").count()


@pytest.mark.parametrize(
    ("answer", "name", "status", "maybe"),
    [
        ("timing_out", "SendTimeout: ", "unknown", True),
        ("rejecting", "MessageRejected: ", "failed", False),
    ],
)
def test_a_failure_is_recorded(log, answer, name, status, maybe):
    """Whether it may have arrived is the first thing that whoever looks wants to know."""
    row = log(ADA, answer=answer)

    assert ("failed", maybe) == (row.status, row.maybe_accepted)
    assert row.error.startswith(name)
    assert [(status, maybe)] == list(row.recipients.values_list("status", "maybe_accepted"))


def test_what_everybody_was_refused(log):
    """Once, with the reason for each."""
    log(BEN)

    (row,) = SentMessage.objects.all()
    assert "all_refused" == row.status
    assert ["406"] == [each.code for each in row.recipients.all()]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("refused", ("all_refused", "", "rejected")),
        ("down", ("failed", "ProviderUnavailable: provider_unavailable", "failed")),
    ],
)
def test_what_is_raised_is_recorded_once(
    mailcore_settings, database, connected_log, subject, expected
):
    """Whether each recipient was refused, which two signals tell, or all of it failed."""
    mailcore_settings(PROVIDER="memory", MIDDLEWARE=["shop_middleware.failing"])
    mail = EmailMessage(subject, "Hello", "shop@example.com", [f"Ada <{ADA}>"])
    with pytest.raises(MailcoreError):
        EmailBackend(alias="news").send_messages([mail])

    row = SentMessage.objects.get()
    (recipient,) = row.recipients.all()
    assert expected == (row.status, row.error, recipient.status)
    assert ("news", "memory", ADA) == (row.mailer, row.provider, recipient.address)


def test_what_cannot_be_read(log):
    """What Django knows of a message that the core refuses."""
    row = log("no address at all", subject="Broken")

    assert ("failed", "Broken", "") == (row.status, row.subject, row.body)
    assert ("", "memory", "Shop <shop@example.com>") == (row.mailer, row.provider, row.from_email)
    assert "InvalidAddress" == row.error
    assert ["no address at all"] == list(row.recipients.values_list("address", flat=True))

    nothing = EmailMessage(to=["no address at all"])
    nothing.from_email = nothing.subject = None
    with pytest.raises(InvalidAddress):
        EmailBackend(alias="news").send_messages([nothing])
    row = SentMessage.objects.order_by("pk").last()
    assert ("news", "", "") == (row.mailer, row.from_email, row.subject)


def test_bodies_only_if_asked_for(log):
    """As JSON that sends again; subjects can be left out."""
    row = log(ADA, keep={"bodies": True, "subjects": False})

    assert "Hello" == json.loads(row.body)["text"]
    assert "" == row.subject


def test_a_log_that_fails_loses_no_mail(log, caplog, monkeypatch):
    """The mail has gone: nothing is raised, and a transaction around it goes on."""

    def fail(*arguments):
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column FROM mailcore_log_recipient")

    monkeypatch.setattr("mailcore_django.log.recording._apply_events_to", fail)
    log.error = None
    with transaction.atomic():
        assert log(ADA) is None
        assert 0 == SentMessage.objects.count()

    assert log.error is None
    assert ["the log cannot be written; the message is not concerned"] == [
        each.message for each in caplog.records if each.levelno == logging.ERROR
    ]


def test_a_log_that_fails_after_the_commit(
    mailcore_settings, transactional_database, connected_log, monkeypatch
):
    """Whoever committed hears nothing of it, and what else waits for the commit is done."""
    calls, done = [], []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise DatabaseError

    monkeypatch.setattr("mailcore_django.log.recording._apply_events_to", fail)
    mailcore_settings(PROVIDER="memory")
    with transaction.atomic():
        EmailBackend().send_messages([EmailMessage("Hi", "Hello", "shop@example.com", [ADA])])
        transaction.on_commit(lambda: done.append(len(calls)))

    assert [2] == done
    assert [(SentMessage.objects.get().pk, "default")] * 2 == calls
    assert ["Hi"] == list(SentMessage.objects.values_list("subject", flat=True))


def test_an_event_that_is_heard_of(mailcore_settings, database, connected_log):
    """With what the settings have kept of it."""
    mailcore_settings(PROVIDER="memory", LOG={"details": True})
    clicked = event(EventType.CLICKED, user_agent="Browser")
    tracking.send(None, event=clicked, esp_name="Memory", provider="memory")

    assert "Browser" == Event.objects.get().user_agent


def test_a_log_that_fails_has_the_event_come_again(monkeypatch):
    """What it raises answers the webhook with 500."""

    def fail(*arguments):
        raise DatabaseError

    monkeypatch.setattr(listening, "record_event", fail)
    with pytest.raises(DatabaseError):
        listening.on_event(event=event())


def test_sent_in_an_event_loop(mailcore_settings, transactional_database, connected_log):
    """As from a coroutine function."""
    mailcore_settings(PROVIDER="memory")
    message = EmailMessage("Hi", "Hello", "shop@example.com", [ADA])

    asyncio.run(EmailBackend().asend_messages([message]))

    assert ["Hi"] == list(SentMessage.objects.values_list("subject", flat=True))


def test_events_change_the_state(log):
    """Of their own recipient, however the address is spelled."""
    log(ADA, "cleo@example.net")
    record_event(event(recipient="ADA@example.NET"), LogSettings())

    assert {ADA: "delivered", "cleo@example.net": "queued"} == states()


def test_the_order_of_events_does_not_matter(log):
    """Events come in any order, before the message as well: the state is the same in the end."""
    types = [EventType.SENT, EventType.DELIVERED, EventType.OPENED]
    for order, before in itertools.product(itertools.permutations(types), (0, 2)):
        with transaction.atomic():
            for each in order[:before]:
                record_event(event(each), LogSettings())
            log(ADA)
            for each in order[before:]:
                record_event(event(each), LogSettings())
            assert {ADA: "opened"} == states()
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("delivered", "bounced", "bounced"),
        ("bounced", "delivered", "bounced"),
        ("deferred", "delivered", "delivered"),
        ("clicked", "opened", "clicked"),
        ("opened", "complained", "complained"),
        ("complained", "bounced", "complained"),
        ("rejected", "delivered", "delivered"),
        ("queued", "autoresponded", "queued"),
        ("queued", "subscribed", "queued"),
        ("queued", "unknown", "queued"),
        ("unknown", "autoresponded", "unknown"),
    ],
)
def test_weights(first, second, expected):
    """Of two words the weightier one, alike for one recipient and for the database's statement."""
    assert expected == weightier(first, [second])
    assert (expected != first) == (first in below(second))


@pytest.mark.parametrize("word", ["autoresponded", "subscribed", "inbound", "nonsense", "unknown"])
def test_what_is_no_state(word):
    """It changes none, not even the least."""
    assert [] == below(word)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"from_email": "Shop <shop@example.com>", "subject": "Hi", "text": "Hi"},
            ("Shop <shop@example.com>", "Hi", "", ()),
        ),
        ({"template_id": "welcome", "tags": ["a"]}, ("", "", "welcome", ("a",))),
    ],
)
def test_what_is_known_before_a_send(fields, expected):
    """What a message does not say is empty."""
    about = About.message_of(Message(to=[ADA], **fields), mailer="", provider="memory")

    assert expected == (about.from_email, about.subject, about.template_id, about.tags)


def test_what_is_known_after_a_send():
    """One id or none; whether any may have it; whether a failure may pass by itself."""
    about = About(mailer="", provider="memory")
    unsure = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
    refused = RecipientStatus(SendStatus.REJECTED)
    for statuses, ids, expected in [
        ({ADA: refused, BEN: unsure}, ("1", "2"), ("", True)),
        ({ADA: refused}, ("1",), ("1", False)),
        ({ADA: refused}, (), ("", False)),
    ]:
        result = SendResult("memory", RecipientStatuses(statuses), message_ids=ids)
        found = Sending.with_result(about, result)
        assert expected == (found.message_id, found.maybe_accepted)
    for error, expected in [
        (InvalidAddress([Problem("to", "it is wrong")]), ("InvalidAddress", False, False)),
        (NetworkError("no answer", provider="memory"), ("NetworkError: network", True, False)),
        (
            SendTimeout("no answer", provider="memory", maybe_accepted=True),
            ("SendTimeout: timeout", True, True),
        ),
    ]:
        found = Sending.with_error(about, error, [ADA])
        status = found.recipients[ADA]
        assert expected == (found.error, status.retryable, status.maybe_accepted)
        assert status.maybe_accepted is found.maybe_accepted


def test_every_event_has_a_weight_or_none_on_purpose():
    """A type that the core adds is seen here."""
    assert {"autoresponded", "subscribed", "inbound", "queued", "unknown"} == {
        str(each) for each in EventType if not below(each.value) or below(each.value) == ["unknown"]
    }


def test_an_event_that_is_about_one_of_several(log):
    """It is kept, and changes nobody's state."""
    log(ADA)
    record_event(event(EventType.COMPLAINED, recipient_certain=False), LogSettings())

    assert {ADA: "queued"} == states()
    assert 1 == Event.objects.count()


def test_an_event_that_comes_twice(log):
    """It is there once; one without a key cannot be told, and is there twice."""
    for _ in range(2):
        record_event(event(), LogSettings())
        record_event(event(EventType.OPENED, dedupe_key=""), LogSettings())

    assert ["delivered", "opened", "opened"] == sorted(
        Event.objects.values_list("event_type", flat=True)
    )


def test_what_is_kept_of_an_event(database):
    """Link, address and browser of a person only if asked for."""
    clicked = event(
        EventType.CLICKED,
        click_url="https://shop.example/reset/token",
        user_agent="Browser",
        ip_address="203.0.113.9",
        bounce_class=BounceClass.SOFT,
    )
    record_event(clicked, LogSettings())
    record_event(replace_key(clicked, "2"), LogSettings(details=True))
    plain, detailed = Event.objects.order_by("pk")

    assert ("", "", "", "soft") == (
        plain.click_url,
        plain.user_agent,
        plain.ip_address,
        plain.bounce_class,
    )
    assert ("https://shop.example/reset/token", "Browser", "203.0.113.9") == (
        detailed.click_url,
        detailed.user_agent,
        detailed.ip_address,
    )


def replace_key(given, key):
    """The same event with another key."""
    return TrackingEvent(**{**vars(given), "dedupe_key": key})


def test_hostile_values_of_a_message_fit(database):
    """Each column is filled, and not more; what has no end is kept whole."""
    odd = "\0\ud800" + "x" * 5000
    about = About(
        mailer=odd, provider=odd, from_email=odd, subject=odd, template_id=odd, tags=(odd,)
    )
    status = RecipientStatus(SendStatus.SENT, message_id=odd, code=odd, detail=odd)
    sending = Sending(
        about=about, status="sent", recipients={odd: status}, message_id=odd, error=odd
    )
    row = record_message(sending, LogSettings())

    row.refresh_from_db()
    (recipient,) = row.recipients.all()
    for model, name in [
        *((row, name) for name in ("mailer", "provider", "message_id", "error", "template_id")),
        *((recipient, name) for name in ("address", "key", "message_id", "code")),
    ]:
        assert len(getattr(model, name)) == model._meta.get_field(name).max_length
    assert {5002} == set(map(len, (row.from_email, row.subject, *row.tags, recipient.detail)))


def test_hostile_values_fit(database):
    """NUL, surrogates and very long texts: kept as far as a column can."""
    odd = "\0\ud800" + "x" * 5000
    record_event(
        event(
            recipient=f"{odd}@example.net",
            message_id=odd,
            smtp_status=odd,
            mta_response=odd,
            ip_address=odd,
            dedupe_key=odd,
        ),
        LogSettings(details=True),
    )

    row = Event.objects.get()
    for field in Event._meta.get_fields():
        value = getattr(row, field.name)
        if isinstance(value, str) and field.max_length:
            assert len(value) <= field.max_length
    assert 5002 == len(row.mta_response)


@given(st.text(st.characters(), max_size=200), st.integers(1, 150))
def test_any_text_fits_its_column(text, longest):
    """As UTF-8 without NUL, not longer than the column; two ids that differ stay two."""
    short = _short(text, longest)

    assert len(short) <= longest
    assert "\0" not in short.encode("utf-8").decode()
    if longest > 99:
        other = _short(f"{text}x", longest)
        assert short != other


def test_without_time_zones(database, django_settings):
    """USE_TZ = False: databases then take no time zone."""
    django_settings(USE_TZ=False, TIME_ZONE="UTC")
    record_event(event(), LogSettings())

    assert AT.replace(tzinfo=None) == Event.objects.get().timestamp


def test_pruning(log):
    """What is older goes, recipients with it; what is younger stays."""
    now = django_timezone.now()
    for days in (29, 31):
        row = log(ADA)
        SentMessage.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))
        record_event(
            event(dedupe_key=str(days), received_at=now - timedelta(days=days)), LogSettings()
        )

    assert Pruned(messages=1, events=1) == prune(30)
    assert (1, 1, 1) == (
        SentMessage.objects.count(),
        Recipient.objects.count(),
        Event.objects.count(),
    )


def test_pruning_more_than_at_once(log, monkeypatch):
    """All that is older goes, some at a time, and all are counted."""
    monkeypatch.setattr("mailcore_django.log.pruning._AT_ONCE", 2)
    for _ in range(5):
        log(ADA)
    SentMessage.objects.update(created_at=AT - timedelta(days=60))

    assert Pruned(messages=5, events=0) == prune(30)
    assert 0 == SentMessage.objects.count()


def test_erasing_an_address(log):
    """What is about it alone is deleted; what is about others too stays without its texts."""
    log(ADA, subject="Only Ada")
    log(ADA, BEN, subject="Both")
    log(BEN, subject="About ada@example.net", body="ada@example.net has written")
    log(BEN, subject="About xada@example.net, and ada@example.network")
    record_event(event(), LogSettings())
    record_event(
        event(EventType.BOUNCED, BEN, mta_response="<ADA@example.net> is unknown"), LogSettings()
    )

    erased = erase("ada@EXAMPLE.net")

    assert Erased(messages=1, events=1, blanked=4) == erased
    assert not has_ada()
    assert [("Both", ""), ("", "")] == list(
        SentMessage.objects.order_by("pk").values_list("subject", "body")
    )[:2]
    last = SentMessage.objects.order_by("pk").last()
    assert last.subject.startswith("About xada")
    assert last.body
    assert {BEN} == set(Recipient.objects.values_list("address", flat=True))
    assert Erased(messages=0, events=0, blanked=0) == erase("ada@example.net")


@pytest.mark.parametrize("address", ["", " ", "Hi"])
def test_erasing_what_is_no_address(log, address):
    """It is refused: an empty text stands in every text, and a word in many."""
    log(ADA)
    record_event(event(recipient=""), LogSettings())

    with pytest.raises(InvalidAddress, match="it has no @") as caught:
        erase(address)
    assert [("address", True)] == [(each.field, each.is_address) for each in caught.value.problems]

    assert ["Hi"] == list(SentMessage.objects.values_list("subject", flat=True))
    assert 1 == Event.objects.count()


def has_ada():
    """Whether the address stands anywhere in the tables, but within a longer one."""
    for model in (SentMessage, Recipient, Event):
        for values in model.objects.values_list():
            text = " ".join(map(str, values)).lower()
            text = text.replace("xada@example.net", "").replace("ada@example.network", "")
            if "ada@example.net" in text:
                return True
    return False


def test_erasing_spellings(log):
    """Punycode and letters are one address; tags, templates and codes are looked through."""
    row = log("käthe@exämple.net")
    SentMessage.objects.filter(pk=log(BEN).pk).update(tags=["käthe@exämple.net"])
    assert 1 == erase("käthe@xn--exmple-cua.net").messages
    assert not SentMessage.objects.filter(pk=row.pk).exists()
    assert [[]] == list(SentMessage.objects.values_list("tags", flat=True))
    log(BEN, subject="Was it käthe@exämple.net?", body="x", keep={"bodies": False})
    assert Erased(messages=0, events=0, blanked=1) == erase("Käthe@exämple.net")
    assert SentMessage.objects.order_by("pk").last().subject == ""


def test_erasing_where_no_body_was_kept(log):
    """There is nothing to be emptied; rows of others stay whoever has the same number."""
    log("cleo@example.net", BEN, keep={"bodies": False})
    log(ADA, BEN, keep={"bodies": False})
    log("dora@example.net", subject="Dora")

    assert Erased(messages=0, events=0, blanked=0) == erase(ADA)
    row = log("eve@example.net")
    assert Erased(messages=1, events=0, blanked=0) == erase("eve@example.net")
    assert not SentMessage.objects.filter(pk=row.pk).exists()
    assert 3 == SentMessage.objects.count()


def test_the_commands(log):
    """`erase ADDRESS` and `prune`: each app that keeps something says what it has forgotten."""
    out = StringIO()
    row = log(ADA)
    call_command("mailcore", "erase", f"Ada <{ADA}>", stdout=out)
    log(BEN)
    SentMessage.objects.update(created_at=AT - timedelta(days=60))
    call_command("mailcore", "prune", stdout=out)

    assert not SentMessage.objects.filter(pk=row.pk).exists()
    assert [
        "log: 1 messages deleted, 0 events deleted, 0 texts emptied",
        "log: 1 messages deleted, 0 events deleted",
    ] == [line for line in out.getvalue().splitlines() if line.startswith("log:")]
    assert "seen: 0 events forgotten" in out.getvalue()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (erase_command, []),
        (erase_command, ["ada"]),
        (erase_command, [ADA, BEN]),
        (prune_command, ["now"]),
    ],
)
def test_the_commands_misused(command, arguments):
    """How they are used; nothing is forgotten."""
    out = StringIO()

    assert 2 == command(arguments, out)
    assert out.getvalue().startswith("usage: manage.py mailcore ")


def test_the_commands_without_tables(monkeypatch):
    """What to do, instead of a traceback."""

    def prune():
        raise OperationalError("no such table: ada@example.net")

    monkeypatch.setattr("mailcore_django.forgetting.keepers", {"log": SimpleNamespace(prune=prune)})

    with pytest.raises(CommandError, match=r"run `manage\.py migrate`") as caught:
        call_command("mailcore", "prune")
    assert (75, False) == (caught.value.returncode, ADA in str(caught.value))


def test_the_commands_where_nothing_is_kept(monkeypatch):
    """Said, so that nobody believes that an address is forgotten."""
    monkeypatch.setattr("mailcore_django.forgetting.keepers", {})

    for command, arguments in ((erase_command, [ADA]), (prune_command, [])):
        with pytest.raises(ConfigurationError, match="INSTALLED_APPS"):
            command(arguments, StringIO())


def test_the_check_of_the_other_app(django_settings):
    """The log needs the table of events that were handled."""
    from django.conf import settings

    assert [] == check_seen()
    apps = [app for app in settings.INSTALLED_APPS if app != "mailcore_django.seen"]
    django_settings(INSTALLED_APPS=apps)
    assert ["mailcore_log.E001"] == [each.id for each in check_seen()]


def test_no_migration_is_missing(databases):
    """The models are what the migrations make."""
    told = StringIO()

    call_command("makemigrations", "mailcore_log", check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()


def test_the_reference_names_every_field():
    """docs/reference/django.md has a line for each model."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "django.md").read_text("utf-8")

    for model in (SentMessage, Recipient, Event):
        (line,) = [each for each in page.splitlines() if each.startswith(f"| `{model.__name__}`")]
        named = set(re.findall(r"`(\w+)`", line)) - {model.__name__}
        assert {field.name for field in model._meta.get_fields()} - {"id"} == named
