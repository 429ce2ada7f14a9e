"""The log in the admin: who sees what, what is found, and how a message is sent again."""

from __future__ import annotations

import contextlib
import json

from datetime import datetime, timezone

import pytest

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from mailcore import EventType, MailcoreError, Message, RecipientsRefused, TrackingEvent
from mailcore_django import EmailBackend, get_provider
from mailcore_django.conf import LogSettings
from mailcore_django.log.models import SentMessage
from mailcore_django.log.recording import record_event
from mailcore_django.log.sending_again import CannotSendAgain, doubts, message_of, send_again


ADA, BEN = "ada@example.net", "ben@example.net"
LIST = "/admin/mailcore_log/sentmessage/"
EVENTS = "/admin/mailcore_log/event/"


@pytest.fixture
def send(mailcore_settings, database, connected_log):
    """Sends through the backend, so that the log has it; bodies are kept."""

    def send(*to, answer="known_ids", keep=None, again="known_ids", **message):
        middleware = [f"shop_log.{answer}"]
        mailcore_settings(PROVIDER="memory", MIDDLEWARE=middleware, LOG=keep or {"bodies": True})
        message = {
            "subject": "Hi",
            "body": "Hello <b>you</b>",
            "from_email": "s@example.com",
            **message,
        }
        with contextlib.suppress(MailcoreError):
            EmailBackend().send_messages([EmailMessage(to=to or (ADA,), **message)])
        # What it is sent again with.
        mailcore_settings(
            PROVIDER="memory", MIDDLEWARE=[f"shop_log.{again}"], LOG=keep or {"bodies": True}
        )
        return SentMessage.objects.order_by("pk").last()

    return send


@pytest.fixture
def as_user(database):
    """A client of a member of staff who has these permissions and no more."""

    def client(*permissions):
        user = User.objects.create_user("staff", is_staff=True)
        for codename in permissions:
            user.user_permissions.add(
                Permission.objects.get(codename=codename, content_type__app_label="mailcore_log")
            )
        client = Client(enforce_csrf_checks=False)
        client.force_login(user)
        return client

    return client


def page_of(row):
    """The page of a message."""
    return reverse("admin:mailcore_log_sentmessage_change", args=[row.pk])


def listed(page):
    """How many messages a list shows."""
    return page.content.decode().count('class="field-to"')


def outbox():
    """What the provider was given since the settings changed."""
    return get_provider().outbox


def test_pages(send, as_user):
    """The list, a message with its recipients and its timeline, and the events."""
    row = send(ADA, BEN, "cleo@example.net", "dan@example.net")
    bounced = TrackingEvent(
        provider="memory",
        timestamp=datetime(2026, 11, 30, 23, 30, tzinfo=timezone.utc),
        event_type=EventType.BOUNCED,
        recipient=ADA,
        message_id="m-1",
        mta_response="550 <script>no</script>",
        dedupe_key="1",
    )
    record_event(bounced, LogSettings())
    client = as_user("view_sentmessage", "view_event", "view_body")

    listed = client.get(LIST).content.decode()
    assert "ada@example.net, ben@example.net, cleo@example.net and 1 more" in listed
    assert "bounced, queued, rejected" in listed
    page = client.get(page_of(row)).content.decode()
    assert "550 &lt;script&gt;no&lt;/script&gt;" in page
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in page
    assert f"{BEN} is inactive" in page
    # In the time zone of the settings.
    assert "Dec. 1, 2026, 12:30 a.m." in page
    assert ADA in client.get(EVENTS).content.decode()


@pytest.mark.parametrize(
    ("term", "found"),
    [("ADA@example", 1), ("m-1", 1), ("m-", 0), ("Hi", 1), ("s@example.com", 1), ("eve", 0)],
)
def test_searching(send, as_user, term, found):
    """By address, subject, sender, and the whole message id."""
    send(ADA, BEN)
    assert found == listed(as_user("view_sentmessage").get(LIST, {"q": term}))


def test_filters(send, as_user):
    """By state of a recipient, each message once."""
    send(ADA, "ada2@example.net")
    client = as_user("view_sentmessage")

    for state, found in (("queued", 1), ("bounced", 0)):
        page = client.get(LIST, {"recipients__state__exact": state})
        assert found == listed(page)


def test_a_list_asks_the_database_a_fixed_number_of_times(send, as_user):
    """However many messages it shows."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_user("view_sentmessage")
    counts = []
    for _ in range(2):
        send()
        send()
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_sees_what(send, as_user):
    """Each by a permission of its own: nothing, the log, the bodies."""
    row = send()

    assert 403 == as_user().get(LIST).status_code
    User.objects.all().delete()
    client = as_user("view_sentmessage")
    page = client.get(page_of(row)).content.decode()
    assert ADA in page
    assert "Hello" not in page
    assert 403 == client.get(EVENTS).status_code


def test_nothing_can_be_changed(send, as_user):
    """Not by those who may do anything, either."""
    row = send()
    client = Client()
    client.force_login(User.objects.create_superuser("root"))

    assert 403 == client.get(f"{LIST}add/").status_code
    assert 403 == client.post(page_of(row), {"subject": "x"}).status_code
    assert 403 == client.post(f"{page_of(row)[:-7]}delete/", {"post": "yes"}).status_code
    assert "delete_selected" not in client.get(LIST).content.decode()
    assert "Hi" == SentMessage.objects.get().subject


def action(client, *rows, **confirmed):
    """Choose messages, and the action."""
    keys = [row.pk for row in rows]
    return client.post(LIST, {"action": "send_again", "_selected_action": keys, **confirmed})


def test_sending_again_asks_first(send, as_user):
    """With everything that speaks against it; nothing is sent by asking."""
    row = send(answer="timing_out")
    client = as_user("view_sentmessage", "send_again")

    page = action(client, row)

    text = page.content.decode()
    assert "It may have arrived: nobody knows whether the provider took it." in text
    assert f'name="times_before_{row.pk}" value="0"' in text
    assert f"{ADA}: unknown, may have arrived" in text
    assert [] == outbox()


def test_sending_again(send, as_user):
    """To all, as it was; the log has the new one beside the old one."""
    row = send(ADA, answer="rejecting")
    client = as_user("view_sentmessage", "send_again")
    known = {"confirmed": "yes", f"times_before_{row.pk}": 0}

    page = client.post(
        LIST, {"action": "send_again", "_selected_action": [row.pk], **known}, follow=True
    )

    assert "Sent again: 1." in page.content.decode()
    (mail,) = outbox()
    assert ("Hi", (ADA,)) == (mail.subject, mail.recipients)
    again = SentMessage.objects.get(again_of=row)
    assert ("all_accepted", "", False) == (again.status, again.error, again.maybe_accepted)
    assert ["It was accepted for 1 of 1 recipients."] == doubts(again)
    (done,) = LogEntry.objects.all()
    assert ("staff", f"message {row.pk}", f"Sent again, as message {again.pk}.") == (
        done.user.username,
        done.object_repr,
        done.get_change_message(),
    )
    assert ["It was sent again before."] == doubts(row)


def test_sending_again_twice(send, as_user):
    """Two people at once, or a double click: the second one is told, and sends nothing."""
    row = send(answer="rejecting")
    client = as_user("view_sentmessage", "send_again")
    known = {"confirmed": "yes", f"times_before_{row.pk}": 0}

    action(client, row, **known)
    page = client.post(
        LIST, {"action": "send_again", "_selected_action": [row.pk], **known}, follow=True
    )

    assert "somebody else has sent it again meanwhile" in page.content.decode()
    assert 1 == len(outbox())


def test_sending_again_to_those_it_was_refused_for(send):
    """Who has it, or may have it, does not get it twice; nor are their merge values sent along."""
    row = send(ADA, BEN, cc=["cleo@example.net"])

    send_again(row, only_refused=True, times_before=0)

    assert [(BEN,)] == [mail.recipients for mail in outbox()]
    merged = Message(
        from_email="s@example.com",
        to=[ADA, BEN],
        text=".",
        merge_data={ADA: {"a": 1}, BEN: {"a": 2}},
    )
    row.body = json.dumps(merged.to_dict())
    assert {BEN} == set(message_of(row, only_refused=True).merge_data)
    assert {ADA, BEN} == set(message_of(row, only_refused=False).merge_data)


def test_what_is_sent_again_is_new_to_the_provider(send):
    """It has no key, by which nothing would be sent, and no date, which may be past."""
    row = send()
    kept = Message.from_dict(json.loads(row.body)).replace(
        idempotency_key="order-17", send_at=datetime(2026, 12, 1, tzinfo=timezone.utc), tags=["a"]
    )
    row.body = json.dumps(kept.to_dict())

    made = message_of(row, only_refused=False)

    assert (None, None, ("a",)) == (made.idempotency_key, made.send_at, made.tags)
    assert {"idempotency_key", "send_at"} <= made.declined


def test_doubts(send):
    """What speaks against sending again, in sentences."""
    row = send(ADA, BEN)
    assert ["It was accepted for 1 of 2 recipients."] == doubts(row)

    SentMessage.objects.create(again_of=row)
    assert "It was sent again before." == doubts(row)[1]
    SentMessage.objects.create(again_of=row)
    assert "It was sent again 2 times before." == doubts(row)[1]

    row.maybe_accepted = True
    told = "It may have arrived: nobody knows whether the provider took it."
    assert [doubts(row)[0], told, doubts(row)[2]] == doubts(row)
    row.recipients.all().delete()
    SentMessage.objects.filter(again_of=row).delete()
    row.maybe_accepted = False
    assert [] == doubts(row)


def test_nobody_is_left(send):
    """It was accepted for everybody: said, and not sent."""
    with pytest.raises(CannotSendAgain, match="accepted for all"):
        send_again(send(), only_refused=True, times_before=0)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"version": 99}', '{"nonsense": 1}'])
def test_a_body_that_cannot_be_sent(send, body):
    """None was kept, or another version wrote it."""
    row = send()
    row.body = body

    with pytest.raises(CannotSendAgain):
        message_of(row, only_refused=False)


def test_without_a_body(send, as_user):
    """The page says why."""
    row = send(keep={"bodies": False})
    client = as_user("view_sentmessage", "send_again")

    page = client.post(LIST, {"action": "send_again", "_selected_action": [row.pk]}, follow=True)

    assert "their bodies were not kept" in page.content.decode()


def test_it_fails_again(send):
    """The error is raised, and is in the log in place of the note that it is being sent."""
    row = send(answer="rejecting", again="timing_out")

    with pytest.raises(MailcoreError):
        send_again(row, only_refused=False, times_before=0)

    again = SentMessage.objects.get(again_of=row)
    assert ("failed", True) == (again.status, again.maybe_accepted)
    assert again.error.startswith("SendTimeout")


def test_all_are_refused_again(send):
    """The reason of each is in the log, in place of the note that it is being sent."""
    row = send(answer="rejecting", again="refusing")

    with pytest.raises(RecipientsRefused):
        send_again(row, only_refused=False, times_before=0)

    again = SentMessage.objects.get(again_of=row)
    assert ("all_refused", "", "memory", row.mailer) == (
        again.status,
        again.error,
        again.provider,
        again.mailer,
    )
    assert ["no"] == [each.code for each in again.recipients.all()]


def test_it_is_noted_before_it_is_sent(send, monkeypatch):
    """A process that dies meanwhile leaves a message that may have arrived."""

    def die(*arguments, **named):
        raise KeyboardInterrupt

    row = send(answer="rejecting")
    monkeypatch.setattr("mailcore.Mailer.send", die)
    with pytest.raises(KeyboardInterrupt):
        send_again(row, only_refused=False, times_before=0)

    again = SentMessage.objects.get(again_of=row)
    assert ("unknown", True, "being sent again") == (
        again.status,
        again.maybe_accepted,
        again.error,
    )
    (recipient,) = again.recipients.all()
    assert (ADA, "unknown", True) == (
        recipient.address,
        recipient.status,
        recipient.maybe_accepted,
    )


def test_who_may_send_again(send, as_user):
    """Not everybody who may look."""
    row = send(answer="rejecting")
    client = as_user("view_sentmessage", "view_body")

    assert "send_again" not in client.get(LIST).content.decode()
    action(client, row, confirmed="yes", **{f"times_before_{row.pk}": 0})
    assert [] == outbox()
