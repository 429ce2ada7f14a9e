"""Workers of the outbox: what is kept is sent, what became of it is told and can be found."""

from __future__ import annotations

import json
import unittest

from datetime import datetime, timedelta, timezone
from io import StringIO

import django
import pytest

from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import TestCase

from mailcore import EventType, RecipientsRefused, TrackingEvent
from mailcore_django import MailcoreMessage, get_provider, send
from mailcore_django.log.models import SentMessage
from mailcore_django.outbox.models import OutboxAttempt, OutboxMessage, OutboxReceipt
from mailcore_django.outbox.store import DatabaseOutboxStore
from mailcore_django.outbox.working import made_workers, work_off
from mailcore_django.signals import post_send, send_failed


ADA, BEN = "ada@example.net", "ben@example.net"
BACKEND = "mailcore_django.EmailBackend"
HAS_MAILERS = django.VERSION >= (6, 1)


@pytest.fixture
def project(mailcore_settings, django_settings, transactional_database):
    """The settings of a project that keeps mail in its database."""

    def change(**keys):
        mailcore_settings(**{"PROVIDER": "memory", "OUTBOX": {}, **keys})
        if HAS_MAILERS:
            django_settings(MAILERS={"default": {"BACKEND": BACKEND, "OPTIONS": {}}})
        else:
            django_settings(EMAIL_BACKEND=BACKEND)

    change()
    return change


@pytest.fixture
def told():
    """What the signals say, in order."""
    found = []

    def on_sent(**named):
        found.append(("post_send", named))

    def on_failed(**named):
        found.append(("send_failed", named))

    post_send.connect(on_sent)
    send_failed.connect(on_failed)
    yield found
    post_send.disconnect(on_sent)
    send_failed.disconnect(on_failed)


def message(subject="Hi", to=(ADA,), **arguments):
    """A message of Django's."""
    return MailcoreMessage(subject, "Hello", "Shop <shop@example.com>", list(to), **arguments)


def run(*arguments, code=0):
    """Run a command; what it writes."""
    out = StringIO()
    try:
        call_command("mailcore", *arguments, stdout=out)
        left = 0
    except SystemExit as end:
        left = end.code
    assert code == left, out.getvalue()
    return out.getvalue()


def work():
    """Have a worker send what is due."""
    return run("work", "--once")


def test_what_is_kept_is_sent(project):
    """After the commit, by a worker; the id of the row travels with it."""
    with transaction.atomic():
        made = message(tags=["order"], metadata={"order": 17})
        made.send()

    assert "1 sent\n" == work()

    (given,) = get_provider().outbox
    assert ("Hi", ("order",)) == (given.subject, given.tags)
    assert {"order": 17, "mailcore_outbox_id": made.mailcore_outbox_id} == dict(given.metadata)
    row = OutboxMessage.objects.get()
    assert ("sent", 1, None, "memory") == (row.state, row.attempts, row.document, row.provider)
    assert "nothing was due\n" == work()


def answered(project, answer, *messages, **keys):
    """Keep messages, and have a worker send them with a middleware of the tests."""
    project(MIDDLEWARE=[answer if "." in answer else f"shop_log.{answer}"], **keys)
    made = list(messages) or [message()]
    for each in made:
        each.send()
    return made, work()


def test_signals(project, told):
    """A receiver gets a message of Django's that says the same, and the result; once it is over."""
    made = message(to=["Ada <ada@example.net>"], tags=["order"], cc=[BEN])
    made.attach("a.txt", "text", "text/plain")
    answered(project, "known_ids", made)

    ((name, named),) = told
    again = named["message"]
    assert ("post_send", "memory", "default", "m-1") == (
        name,
        named["provider"],
        named["using"],
        named["result"].recipients[ADA].message_id,
    )
    assert (made.subject, made.body, made.from_email, made.to, made.cc, made.tags) == (
        again.subject,
        again.body,
        again.from_email,
        again.to,
        again.cc,
        again.tags,
    )
    assert ("a.txt", b"text") == tuple(again.attachments[0])[:2]
    assert made.mailcore_outbox_id == again.mailcore_outbox_id
    assert {"queued", "rejected"} == again.anymail_status.status


def test_a_refusal(project, told):
    """Told as it is without an outbox: the result, then the error; the row says why."""
    answered(project, "shop_middleware.failing", message("refused"))

    assert ["post_send", "send_failed"] == [name for name, _ in told]
    assert isinstance(told[1][1]["error"], RecipientsRefused)
    assert "failed" == OutboxMessage.objects.get().state


def test_an_error(project, told):
    """Told with its category; there is no result."""
    answered(project, "rejecting")

    ((name, named),) = told
    assert ("send_failed", False, None) == (
        name,
        named["error"].maybe_accepted,
        named["message"].mailcore_result,
    )
    assert ("Hi", "Hi") == (named["message"].subject, named["mail"].subject)
    assert named["error"].category == OutboxMessage.objects.get().error_category


def test_nobody_knows(project, told):
    """It is not sent again by itself; an event says what became of it."""
    _, shown = answered(project, "timing_out")

    assert "1 unknown\n" == shown
    ((name, named),) = told
    assert ("send_failed", True) == (name, named["error"].maybe_accepted)
    assert "nothing was due\n" == work()


def test_a_failure_for_now(project, told):
    """It waits for its next attempt; no signal before that."""
    _, shown = answered(project, "shop_middleware.failing", message("down"))

    assert ("1 postponed\n", []) == (shown, told)
    row = OutboxMessage.objects.get()
    assert ("pending", 1) == (row.state, row.attempts)
    assert row.due_at > row.created_at
    assert row.document


def test_the_log(project, connected_log):
    """It has what workers send as it has all other mail."""
    answered(project, "known_ids", message("Hi", tags=["order"]))

    (row,) = SentMessage.objects.all()
    assert ("Hi", "all_accepted", "default", ["order"]) == (
        row.subject,
        row.status,
        row.mailer,
        row.tags,
    )


def test_a_receiver_that_fails(project, told, caplog):
    """It is logged; the message is not concerned."""

    def fail(**named):
        raise ZeroDivisionError

    post_send.connect(fail)
    try:
        answered(project, "known_ids")
    finally:
        post_send.disconnect(fail)

    assert "fail' of a signal failed" in caplog.text
    assert "sent" == OutboxMessage.objects.get().state


def event(row_id="", **fields):
    """What a provider reports."""
    given = {"event_type": EventType.DELIVERED, "recipient": ADA, "dedupe_key": "toy:1", **fields}
    metadata = {"mailcore_outbox_id": row_id} if row_id else {}
    return TrackingEvent(provider="memory", metadata=metadata, **given)


@pytest.fixture
def hearing():
    """The outbox hears of events."""
    from mailcore_django.outbox import listening

    listening.connect()
    yield
    listening.disconnect()


def test_an_event_says_what_became_of_it(project, hearing):
    """By the id of the row; the receipt is kept once, however often it comes."""
    from mailcore_django.webhooks.receivers import deliver

    (made,), _ = answered(project, "timing_out")

    for _ in range(2):
        deliver(event(made.mailcore_outbox_id), get_provider())

    row = OutboxMessage.objects.get()
    assert "sent" == row.state
    assert [("delivered", ADA)] == list(
        OutboxReceipt.objects.values_list("event_type", "recipient")
    )


def test_an_event_finds_a_message_by_its_id(project, hearing):
    """The provider's, which it was given when it was sent; other mail is passed over."""
    from mailcore_django.webhooks.receivers import deliver

    answered(project, "known_ids")

    deliver(event(message_id="m-1", event_type=EventType.BOUNCED), get_provider())
    deliver(event(message_id="m-2", dedupe_key="toy:2"), get_provider())

    assert ["bounced"] == list(OutboxReceipt.objects.values_list("event_type", flat=True))


def test_each_mailer_sends_its_own(project):
    """One worker for each; --mailer chooses some, and what has no mailer any more is told."""
    project(MAILERS={"news": {"OPTIONS": {"provider": "memory", "defaults": {"tags": ["n"]}}}})
    message("Shop").send()
    send(message("News"), using="news")

    assert "1 sent\n" == run("work", "--once", "--mailer", "news")
    assert ["News"] == [each.subject for each in get_provider("news").outbox]
    send(message("Orphan"), using="news")
    project()
    shown = run("work", "--once")
    assert "1 messages wait for 'news', and no mailer has that alias" in shown
    assert "1 sent" in shown


def test_status(project):
    """Numbers for people and programs; the exit code says whether somebody works."""
    message().send()

    assert "pending" in run("status")
    counts = json.loads(run("status", "--json"))["default"]
    assert (1, 1, 0) == (counts["pending"], counts["due"], counts["sent"])
    OutboxMessage.objects.update(due_at="2026-01-01T00:00Z")
    assert "is `manage.py mailcore work` running?" in run("status", code=1)


def test_showing(project):
    """By id, key or address; the body only if it is asked for."""
    made = message(idempotency_key="order-17")
    made.send()
    work()

    for what in (made.mailcore_outbox_id, "order-17", "ADA@example.net"):
        shown = run("show", what)
        assert "sent" in shown
        assert ADA in shown
        assert "Hello" not in shown
    (document,) = json.loads(run("show", "order-17", "--json", "--body"))
    assert ("Hi", None, 1) == (
        document["subject"],
        document["message"],
        len(document["attempts"]),
    )
    assert "no such message" in run("show", "eve@example.net", code=1)


def test_sending_again_and_calling_off(project):
    """By ids, or all of a state; what is in another state is left, and told."""
    (made,), _ = answered(project, "rejecting")
    project()

    assert "0 cancelled\n1 left" in run("cancel", made.mailcore_outbox_id, code=1)
    assert "1 sent again" in run("retry", made.mailcore_outbox_id)
    assert "1 cancelled" in run("cancel", "--state", "pending")
    assert "0 sent again" in run("retry", "--state", "cancelled", "--tag", "x")
    assert "there is no message nonsense" in run("retry", "nonsense", code=1)


def test_messages_of_a_newer_release(project, capsys):
    """What can be read is shown, called off and erased; of the rest it says that it is there."""
    newer, plain = message(), message()
    for each in (newer, plain):
        each.send()
    OutboxMessage.objects.filter(pk=newer.mailcore_outbox_id).update(document_version=99)
    ids = [newer.mailcore_outbox_id, plain.mailcore_outbox_id]

    shown = run("show", ADA, code=1)
    assert [False, True] == [each in shown for each in ids]
    assert "1 more, kept by a newer release" in capsys.readouterr().err
    assert "" == run("show", ids[0], code=1)
    assert "1 cancelled\n" == run("cancel", *ids, code=1)
    assert "1 sent again\n" == run("retry", ids[1])
    assert "1 cancelled\n" == run("cancel", "--state", "pending", code=1)
    assert 2 == capsys.readouterr().err.count("1 more, kept by a newer release") - 1
    erased = run("erase", ADA, code=1)
    assert "outbox: 1 messages without the address, 1 were kept by a newer release" in erased


def test_erasing_and_pruning(project):
    """As the other apps: by `manage.py mailcore erase` and `prune`."""
    message(to=[ADA, BEN]).send()
    work()

    assert "outbox: 1 messages without the address" in run("erase", "ADA@example.net")
    row = OutboxMessage.objects.get()
    assert ADA not in f"{row.recipients}{row.statuses}"
    assert BEN in row.recipients
    assert "outbox: 0 messages deleted" in run("prune")
    OutboxMessage.objects.update(changed_at="2026-01-01T00:00Z")
    assert "outbox: 1 messages deleted" in run("prune")
    assert not OutboxAttempt.objects.exists()


def test_without_the_app(project, django_settings):
    """The commands say what is missing."""
    from django.conf import settings

    apps = [each for each in settings.INSTALLED_APPS if each != "mailcore_django.outbox"]
    django_settings(INSTALLED_APPS=apps)

    with pytest.raises(CommandError, match=r"mailcore_django\.outbox"):
        call_command("mailcore", "status")


def test_without_a_mailer(project, django_settings):
    """A worker has nothing to send with."""
    if HAS_MAILERS:
        other = {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        django_settings(MAILERS={"default": other})
    else:
        django_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend")

    with pytest.raises(CommandError, match="no mailer of the settings"):
        call_command("mailcore", "work", "--once")


def test_a_database_that_is_not_there(project, capsys):
    """The ones that there are."""
    assert "" == run("work", "--once", "--database", "nowhere", code=2)
    assert "'nowhere' (choose from" in capsys.readouterr().err


def test_a_claim_that_is_lost_is_not_remembered(project):
    """Somebody calls a message off between the claim and its send; its text is let go."""
    from mailcore.outbox import cancel
    from mailcore_django.outbox.telling import TellingStore

    message().send()
    store = TellingStore(using="default", mailer="default", provider=get_provider())
    now = datetime.now(timezone.utc) + timedelta(seconds=1)
    (row,) = store.claim("w", limit=1, now=now, until=now + timedelta(minutes=1))
    cancel(TellingStore(using="default", mailer="default", provider=get_provider()), row.id)

    done = store.advance("w", conclusions=[], begin=[row.id], provider="memory", now=now, until=now)

    assert (frozenset(), {}) == (done.begun, store._claimed)


def test_without_time_zones(project, django_settings):
    """Times are in UTC in the table whatever USE_TZ says, and in the project's zone for people."""
    django_settings(USE_TZ=False)

    made = message()
    made.send()
    row = OutboxMessage.objects.get()
    assert abs((datetime.now(timezone.utc).replace(tzinfo=None) - row.due_at).total_seconds()) < 600
    assert "1 sent\n" == work()
    assert made.mailcore_outbox_id in run("show", made.mailcore_outbox_id)
    assert 0 == json.loads(run("status", "--json"))["default"]["due"]


def test_a_test_of_a_project(project, outbox):
    """Django's TestCase is a transaction around the test: a worker may work in it."""
    found = unittest.TestResult()

    class ShopTests(TestCase):
        def test_order(self):
            message().send()
            assert 1 == work_off(made_workers()).sent

    unittest.defaultTestLoader.loadTestsFromTestCase(ShopTests).run(found)

    assert (1, [], []) == (found.testsRun, found.errors, found.failures)
    assert not OutboxMessage.objects.exists()


def test_a_claim_reads_what_is_due_and_no_more(project):
    """By the index, in its order: neither what was sent nor what waits for later is looked at."""
    rows = OutboxMessage.objects.filter(
        state="pending", mailer="default", priority=0, due_at__lte=datetime.now(timezone.utc)
    ).order_by("due_at", "pk")

    plan = rows.values_list("pk")[:10].explain()

    assert "mailcore_outbox_due (state=? AND mailer=? AND priority=? AND due_at<?)" in plan
    assert "TEMP B-TREE" not in plan


def test_claims_that_ran_out_are_for_workers_of_the_same_mailer(project):
    """Whether a message may be sent again depends on its provider."""
    message().send()
    now = datetime.now(timezone.utc) + timedelta(seconds=1)
    mine, other = DatabaseOutboxStore(), DatabaseOutboxStore(mailer="news")
    (row,) = mine.claim("w", limit=1, now=now, until=now)
    late = now + timedelta(minutes=1)

    assert [] == list(other.claim("x", limit=1, now=now, until=now))
    assert ([], [row.id]) == (
        list(other.expired(now=late, limit=9)),
        list(mine.expired(now=late, limit=9)),
    )
    # A worker that waits for what is due next would wait no moment.
    assert (None, now) == (other.next_due_at(), mine.next_due_at())
