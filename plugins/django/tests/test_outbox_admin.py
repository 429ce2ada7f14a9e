"""The outbox in the admin: who sees what, what is found, sending again, calling off."""

from __future__ import annotations

import pytest

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mailcore_django import EmailBackend, MailcoreMessage
from mailcore_django.outbox.forgetting import erase_address
from mailcore_django.outbox.models import OutboxMessage
from mailcore_django.outbox.working import made_workers, work_off


ADA, BEN = "ada@example.net", "ben@example.net"
LIST = "/admin/mailcore_outbox/outboxmessage/"


@pytest.fixture
def keep(mailcore_settings, django_settings, transactional_database):
    """Keeps messages, and has a worker send them with a middleware of the tests."""

    def keep(*to, answer=None, **message):
        middleware = [f"shop_log.{answer}"] if answer else []
        mailcore_settings(
            PROVIDER="memory", OUTBOX={}, MIDDLEWARE=middleware, MAILERS={"default": {}}
        )
        message = {"subject": "Hi", "body": "Hello <b>you</b>", **message}
        made = MailcoreMessage(from_email="s@example.com", to=list(to) or [ADA], **message)
        EmailBackend().send_messages([made])
        if answer:
            work_off(made_workers(mailers=["default"]))
        return OutboxMessage.objects.get(pk=made.mailcore_outbox_id)

    yield keep
    User.objects.all().delete()


@pytest.fixture
def as_user(transactional_database):
    """A client of a member of staff who has these permissions and no more."""

    def client(*permissions):
        user = User.objects.create_user("staff", is_staff=True)
        for codename in permissions:
            user.user_permissions.add(
                Permission.objects.get(codename=codename, content_type__app_label="mailcore_outbox")
            )
        client = Client(enforce_csrf_checks=False)
        client.force_login(user)
        return client

    return client


def page_of(row):
    """The page of a message."""
    return reverse("admin:mailcore_outbox_outboxmessage_change", args=[row.pk])


def action(client, name, *rows, **more):
    """Choose messages, and an action; the page that follows."""
    keys = [row.pk for row in rows]
    given = {"action": name, "_selected_action": keys, **more}
    return client.post(LIST, given, follow=True).content.decode()


def test_pages(keep, as_user):
    """The list, and a message with its recipients and attempts; bodies by a permission."""
    row = keep(ADA, BEN, "cleo@example.net", "dan@example.net", answer="known_ids")
    client = as_user("view_outboxmessage")

    listed = client.get(LIST).content.decode()
    assert "ada@example.net, ben@example.net, cleo@example.net and 1 more" in listed
    page = client.get(page_of(row)).content.decode()
    assert " is inactive" in page
    assert "rejected" in page
    assert "nothing so far" in page
    assert "Hello" not in page


def test_bodies(keep, as_user):
    """With a permission of its own, as long as they are there."""
    row = keep()
    client = as_user("view_outboxmessage", "view_body")

    assert "Hello &lt;b&gt;you&lt;/b&gt;" in client.get(page_of(row)).content.decode()
    OutboxMessage.objects.update(document=None)
    assert "not kept" in client.get(page_of(row)).content.decode()


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("ADA@example.net", 1),
        ("ada@example", 0),
        ("m-1", 1),
        ("order-17", 1),
        ("order", 0),
        ("Hi", 1),
        ("eve", 0),
    ],
)
def test_searching(keep, as_user, term, found):
    """By subject, and by the whole of an address, a key, or an id."""
    row = keep(ADA, BEN, answer="known_ids", idempotency_key="order-17")
    client = as_user("view_outboxmessage")

    page = client.get(LIST, {"q": term}).content.decode()

    assert found == page.count('class="field-to"')
    assert 1 == client.get(LIST, {"q": row.pk}).content.decode().count('class="field-to"')


def test_a_list_asks_the_database_a_fixed_number_of_times(keep, as_user):
    """However many messages it shows."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_user("view_outboxmessage")
    counts = []
    for _ in range(2):
        keep()
        keep()
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_may_do_what(keep, as_user):
    """Nothing without a permission; nobody may change or delete."""
    row = keep(answer="rejecting")
    assert 403 == as_user().get(LIST).status_code
    User.objects.all().delete()
    client = as_user("view_outboxmessage")
    text = client.get(LIST).content.decode()
    assert "send_again" not in text
    assert 'value="cancel"' not in text
    action(client, "send_again", row, confirmed="yes")
    assert "failed" == OutboxMessage.objects.get().state
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert 403 == root.get(f"{LIST}add/").status_code
    assert 403 == root.post(page_of(row), {"subject": "x"}).status_code
    assert 403 == root.post(f"{page_of(row)[:-7]}delete/", {"post": "yes"}).status_code
    assert "delete_selected" not in root.get(LIST).content.decode()


def test_sending_again_asks_first(keep, as_user):
    """With everything that speaks against it; nothing changes by asking."""
    row = keep(answer="timing_out")
    client = as_user("view_outboxmessage", "send_again")

    page = action(client, "send_again", row)

    assert "It may have arrived: nobody knows whether the provider took it." in page
    assert "unknown" == OutboxMessage.objects.get().state
    page = action(client, "send_again", row, confirmed="yes")
    assert "Sent again: 1." in page
    assert "pending" == OutboxMessage.objects.get().state
    (done,) = LogEntry.objects.all()
    assert ("staff", f"message {row.pk}", "Sent again.") == (
        done.user.username,
        done.object_repr,
        done.get_change_message(),
    )
    page = action(client, "send_again", row, confirmed="yes")
    assert "cannot be sent again" in page


def test_calling_off(keep, as_user):
    """What waits; what was sent stays, and that is told."""
    client = as_user("view_outboxmessage", "cancel")
    sent = keep(answer="known_ids")
    waiting = keep()

    page = action(client, "cancel", sent, waiting)

    assert "Cancelled: 1." in page
    assert "1 of the messages cannot be cancelled: it is too late." in page
    assert ["cancelled", "sent"] == sorted(OutboxMessage.objects.values_list("state", flat=True))


def test_what_a_newer_release_has_kept(keep, as_user):
    """It is listed; only its own workers and pages know more."""
    row = keep()
    OutboxMessage.objects.update(document_version=99)
    client = as_user("view_outboxmessage", "cancel", "view_body")

    assert "kept by a newer release" in client.get(LIST).content.decode()
    assert 200 == client.get(page_of(row)).status_code
    assert "kept by a newer release" in action(client, "cancel", row)
    assert "pending" == OutboxMessage.objects.get().state


def test_an_address_that_was_erased(keep, as_user):
    """The page shows the others."""
    row = keep(ADA, BEN, answer="known_ids")
    erase_address(ADA)

    page = as_user("view_outboxmessage", "view_body").get(page_of(row)).content.decode()

    assert ADA not in page
    assert BEN in page
