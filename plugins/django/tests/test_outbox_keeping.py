"""Mail that is kept with the transaction that is open, and what becomes of it if that is undone."""

from __future__ import annotations

import asyncio

from datetime import datetime, timedelta, timezone

import django
import pytest

from django.core import mail
from django.core.mail import EmailMessage, send_mail
from django.db import connections, transaction

from mailcore import ConfigurationError, Message, MessageError, StoreError
from mailcore.errors import IdempotencyKeyReused
from mailcore_django import EmailBackend, MailcoreMessage, asend, get_provider, send
from mailcore_django.conf import get_settings
from mailcore_django.outbox.checks import check_outbox, check_workers
from mailcore_django.outbox.columns import read_row
from mailcore_django.outbox.keeping import keep
from mailcore_django.outbox.models import OutboxMessage
from mailcore_django.signals import post_send
from mailcore_django.test import override_mailers, sent


ADA = "ada@example.net"
BACKEND = "mailcore_django.EmailBackend"
HAS_MAILERS = django.VERSION >= (6, 1)


@pytest.fixture
def project(mailcore_settings, django_settings, transactional_database):
    """The settings of a project that keeps mail in its database."""

    def change(options=None, **keys):
        given = {"PROVIDER": "memory", "OUTBOX": {}, **keys}
        mailcore_settings(**given)
        if HAS_MAILERS:
            django_settings(MAILERS={"default": {"BACKEND": BACKEND, "OPTIONS": options or {}}})
        else:
            django_settings(EMAIL_BACKEND=BACKEND)

    change()
    return change


def message(subject="Hi", **arguments):
    """A message of Django's."""
    return MailcoreMessage(subject, "Hello", "shop@example.com", [ADA], **arguments)


def kept():
    """The subjects in the outbox."""
    return list(OutboxMessage.objects.order_by("created_at").values_list("subject", flat=True))


def undone(subject):
    """Send within a transaction that is rolled back."""
    with transaction.atomic():
        send_mail(subject, "Hello", "shop@example.com", [ADA])
        transaction.set_rollback(True)


def test_it_is_kept_with_the_transaction(project):
    """Committed with the order, undone with it, or with the part of it that is undone."""
    with transaction.atomic():
        assert 1 == send_mail("Committed", "Hello", "shop@example.com", [ADA])
        undone("Undone in part")
    undone("Undone")
    send_mail("Without a transaction", "Hello", "shop@example.com", [ADA])

    assert ["Committed", "Without a transaction"] == kept()
    assert [] == get_provider().outbox


def test_what_the_sender_sees(project):
    """The id of the row; no result yet, and no signal that it was sent."""
    told = []
    made = message(tags=["order"])
    post_send.connect(lambda **named: told.append(named), weak=False, dispatch_uid="test")
    try:
        assert 1 == made.send()
    finally:
        post_send.disconnect(dispatch_uid="test")

    (row,) = OutboxMessage.objects.all()
    assert (row.pk, None, []) == (made.mailcore_outbox_id, made.mailcore_result, told)
    read = read_row(row)
    assert ("default", "pending", (ADA,), ("order",)) == (
        row.mailer,
        read.state,
        read.recipients,
        read.tags,
    )
    assert ("Hi", "Hello") == (read.message().subject, read.message().text)


def test_what_the_provider_cannot_express_is_told_at_once(project):
    """As without an outbox: whoever gives the message learns it, and not a worker at night."""
    project(PROVIDER="postmark", OPTIONS={"server_token": "x"})

    with pytest.raises(MessageError, match="send_at"):
        message(send_at=datetime(2027, 1, 1, tzinfo=timezone.utc)).send()

    assert [] == kept()


def test_a_mailer_that_sends_at_once(project):
    """By its options: the mail of the log, say."""
    project(MAILERS={"log": {"OPTIONS": {"outbox": False}}, "news": {}})

    assert 1 == send(message("At once"), using="log")
    assert 1 == send(message("Later"), using="news")

    assert ["At once"] == [each.subject for each in get_provider("log").outbox]
    assert [("Later", "news")] == list(OutboxMessage.objects.values_list("subject", "mailer"))


def test_a_mailer_that_keeps_alone(mailcore_settings, transactional_database):
    """Without `OUTBOX`, mail is sent at once, but for mailers that say otherwise."""
    mailcore_settings(PROVIDER="memory", MAILERS={"news": {"OPTIONS": {"outbox": True}}})

    EmailBackend().send_messages([message("At once")])
    send(message("Later"), using="news")

    assert ["Later"] == kept()


def test_an_option_that_is_wrong(project):
    """Told where the backend is made."""
    with pytest.raises(ConfigurationError, match=r"\['outbox'\] must be True or False, not str"):
        EmailBackend(outbox="yes")


def test_a_backend_without_an_alias(project):
    """The mailer of the settings that has its options; with others there is none."""
    project(MAILERS={"news": {"OPTIONS": {"provider": "memory", "defaults": {"tags": ["news"]}}}})

    EmailBackend(fail_silently=False).send_messages([message()])
    EmailBackend(provider="memory", defaults={"tags": ["news"]}).send_messages([message()])

    assert ["default", "news"] == list(
        OutboxMessage.objects.order_by("created_at").values_list("mailer", flat=True)
    )
    with pytest.raises(ConfigurationError, match="outbox=False"):
        EmailBackend(provider="postmark", server_token="x").send_messages([message()])
    EmailBackend(provider="null", outbox=False).send_messages([message()])
    assert 2 == len(kept())


def test_a_message_with_a_key_is_kept_once(project):
    """The same one again is no second mail; another one under the key is an error."""
    with transaction.atomic():
        first = message(idempotency_key="order-17")
        again = message(idempotency_key="order-17")
        assert [1, 1] == [first.send(), again.send()]
        with pytest.raises(IdempotencyKeyReused):
            message("Other", idempotency_key="order-17").send()
        # The transaction goes on.
        message("Another").send()

    assert ["Hi", "Another"] == kept()
    assert first.mailcore_outbox_id == again.mailcore_outbox_id
    project(MAILERS={"news": {}})
    with pytest.raises(IdempotencyKeyReused, match="of another mailer"):
        send(message(idempotency_key="order-17"), using="news")


def test_keeping_by_hand(project):
    """With what an email backend has no words for; messages of mailcore as well."""
    made = Message(from_email="s@example.com", to=[ADA], subject="Later", text="x")

    row = keep(made, not_before=timedelta(hours=1), priority=10, key="k")

    (found,) = OutboxMessage.objects.all()
    assert row == read_row(found)
    assert timedelta(hours=1) == row.due_at - row.created_at
    assert (10, "k") == (found.priority, found.key)
    assert row == keep(made, key="k")
    with pytest.raises(
        ConfigurationError, match="no mailer has the alias 'newz'; known are: default"
    ):
        keep(made, using="newz")
    with pytest.raises(ConfigurationError, match="time zone"):
        keep(made, not_before=datetime(2027, 1, 1))  # noqa: DTZ001  # that is the mistake


def test_in_an_event_loop(project):
    """The database is asked in a thread."""
    assert 1 == asyncio.run(asend(message()))
    assert ["Hi"] == kept()


def test_without_recipients(project):
    """Nothing is kept, as nothing would be sent."""
    made = EmailMessage("Hi", "Hello", "shop@example.com", [])
    assert 0 == EmailBackend().send_messages([made])
    assert [] == kept()


def test_projects_that_are_tested(project, outbox):
    """`mailcore_django.test` keeps what would be sent in `mail.outbox`, and not in the database."""
    with override_mailers():
        send_mail("Hi", "Hello", "shop@example.com", [ADA])

        assert ["Hi"] == [each.subject for each in mail.outbox]
        sent().assert_sent(count=1, to=ADA)
    assert [] == kept()


@pytest.fixture
def other(tmp_path):
    """A second database, without the tables."""
    name = str(tmp_path / "other.db")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    connections.databases["other"] = {**connections.databases["default"], **database}
    try:
        yield "other"
    finally:
        connections["other"].close()
        del connections["other"]
        del connections.databases["other"]


def test_a_transaction_of_another_database(project, other):
    """The mail would go even if that one is rolled back: it is refused, with the way out."""
    with transaction.atomic(using=other):
        with pytest.raises(StoreError, match=r"'other', and the outbox is in 'default'"):
            message().send()
        keep(message("By name"), database="default")
        project(OUTBOX={"databases": ["default"]})
        message("By setting").send()
    with transaction.atomic(using=other), transaction.atomic():
        message("With both open").send()

    assert ["By name", "By setting", "With both open"] == kept()


def test_the_database_whose_transaction_is_open(project, other):
    """Of several outboxes it is chosen; with two of them open, somebody has to say."""
    from django.core.management import call_command

    call_command("migrate", "mailcore_outbox", database=other, verbosity=0)
    project(OUTBOX={"databases": ["default", other]})

    with transaction.atomic(using=other):
        message("Other").send()
    message("First").send()
    with (
        transaction.atomic(),
        transaction.atomic(using=other),
        pytest.raises(StoreError, match="say which one"),
    ):
        message().send()

    assert ["First"] == kept()
    assert ["Other"] == [each.subject for each in OutboxMessage.objects.using(other)]


def test_a_database_without_the_tables(project, other):
    """One clear error."""
    with pytest.raises(ConfigurationError, match=r"run `manage.py migrate`"):
        keep(message(), database=other)


def test_without_the_app(project, django_settings):
    """Told where the backend is made, and by name."""
    from django.conf import settings

    apps = [each for each in settings.INSTALLED_APPS if each != "mailcore_django.outbox"]
    django_settings(INSTALLED_APPS=apps)

    with pytest.raises(ConfigurationError, match=r"INSTALLED_APPS does not have"):
        EmailBackend()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"attempts": 0}, "attempts"),
        ({"atempts": 3}, "did you mean 'attempts'"),
        ({"keep_days": 0}, "['keep_days'] must be a whole number"),
        ({"databases": "default"}, "['databases'] must be a list"),
        ({"keep_bodies": "no"}, "['keep_bodies'] must be True or False"),
        ([], "must be a dict"),
    ],
)
def test_settings_that_are_wrong(django_settings, given, told):
    """All by the name of the setting."""
    django_settings(MAILCORE={"OUTBOX": given})

    with pytest.raises(ConfigurationError) as caught:
        get_settings()

    assert told in str(caught.value)
    assert "MAILCORE['OUTBOX']" in str(caught.value)


def named(found):
    """The ids of the messages of a check."""
    return [each.id.partition(".")[2] for each in found]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"OUTBOX": None}, ["W001"]),
        ({"OUTBOX": {"databases": ["default", "nowhere"]}}, ["E001"]),
        ({"OUTBOX": {"databases": "x"}}, []),
        ({"WEBHOOKS": {"postmark": {"webhook_secrets": ["a:b"]}}}, []),
    ],
)
def test_what_is_checked(project, settings, expected):
    """What is wrong with the setting itself another check says."""
    project(**settings)

    assert expected == named(check_outbox())


def test_webhooks_without_the_app_of_seen_events(project, django_settings):
    """An event that could not be kept would come again to everybody."""
    from django.conf import settings

    project(WEBHOOKS={"postmark": {"webhook_secrets": ["a:b"]}})
    apps = [each for each in settings.INSTALLED_APPS if each != "mailcore_django.seen"]
    django_settings(INSTALLED_APPS=apps)

    assert ["W002"] == named(check_outbox())


def test_nobody_works(project, other):
    """Mail is due for long: told if that database is asked, and it has the tables."""
    message().send()
    assert [] == check_workers(databases=["default"])
    OutboxMessage.objects.update(due_at="2026-01-01T00:00Z")

    assert ["W003"] == named(check_workers(databases=["default"]))
    assert [] == check_workers(databases=None)
    project(OUTBOX={"databases": [other]})
    assert [] == check_workers(databases=["default", other])
