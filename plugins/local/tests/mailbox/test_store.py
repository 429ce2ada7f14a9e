"""The store: order, search, bounds, waiting, changes, and what is on disk."""

from __future__ import annotations

import stat
import threading

from dataclasses import replace

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
    MailQuery,
    MailStore,
    NotKept,
    WebhookOutcome,
    tables,
)
from mailcore_local.mailbox.changes import ChangeLog


def mail(*to: str, **more: object) -> CapturedMail:
    """A mail."""
    addresses = to or ("ada@example.com",)
    fields: dict[str, object] = {
        "face": "acme",
        "envelope_sender": "shop@example.com",
        "from_email": "Shop <shop@example.com>",
        "to": addresses,
        "subject": "Hello",
        "raw": b"Subject: Hello\r\n\r\nHi\r\n",
        "recipients": tuple(
            CapturedRecipient(address=each, message_id=f"id-{each}") for each in addresses
        ),
        "request": CapturedRequest(method="POST", path="/send", headers=(("A", "b"),), body=b"{}"),
    }
    return CapturedMail(**{**fields, **more})


@pytest.fixture(params=["fts5", "plain"])
def store(request, monkeypatch):
    """A store, with SQLite's full text search and as if it were missing."""
    if request.param == "plain":
        monkeypatch.setattr(tables, "WORDS_TABLE", "CREATE VIRTUAL TABLE words USING missing")
    kept = MailStore()
    yield kept
    kept.close()


def test_what_is_kept_comes_back(store):
    """Every field, and the octets."""
    given_ = mail(
        "ada@example.com",
        cc=("Bob <bob@example.com>",),
        bcc=("eve@example.com",),
        tags=("a", "b"),
        metadata={"order": "17"},
        facts={"stream": "outbound", "nested": {"a": [1, None]}},
        raw=bytes(range(256)),
        failure="no template",
    )
    store.add(given_)

    assert given_ == store.get(given_.id)
    assert [given_.summary()] == list(store.list())
    assert store.get("0" * 16) is None


def test_half_a_surrogate_pair(store):
    """Callers' JSON may hold one, and SQLite's text cannot: it is replaced."""
    odd = mail(subject="\ud800", from_email="\udfff <a@example.com>", tags=("\ud800",))
    store.add(odd)

    kept = store.get(odd.id)
    assert ("?", ("\ud800",)) == (kept.subject, kept.tags)


def test_pages(store):
    """The last one first, and what was before one of them."""
    mails = [mail(subject=str(number)) for number in range(7)]
    for each in mails:
        store.add(each)
    pages = [store.list(limit=3)]
    while pages[-1]:
        pages.append(store.list(before=pages[-1][-1].id, limit=3))

    assert ["6", "5", "4", "3", "2", "1", "0"] == [m.subject for page in pages for m in page]
    with pytest.raises(KeyError):
        store.list(before="0" * 16)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2]),
        ("invoice", [0]),
        ("INVOICE", [0]),
        ("inv", [0]),
        ("from:shop", [0, 1, 2]),
        ("from:ada", []),
        ("to:ada", [0, 2]),
        ("to:ada@example.com", [0]),
        ("to:ada@example.org", [2]),
        ('to:"ada lovelace"', [0]),
        ("to:bcc@example.com", [1]),
        ("subject:your subject:invoice", [0]),
        ("subject:über", [1]),
        ("tag:welcome", [1]),
        ("metadata:order", [0]),
        ('metadata:"order 17"', [0]),
        ("17", [0]),
        ("provider:acme", [0, 1]),
        ("provider:other", [2]),
        ("state:bounced", [1]),
        ("is:accepted", [0, 2]),
        ("state:bounced tag:welcome", [1]),
        ("state:bounced provider:other", []),
        ("https://example.com", []),
    ],
)
def test_search(store, query, found):
    """By words of each field, their beginnings too, in any case; all terms have to fit."""
    order = {"order": "17"}
    mails = [
        mail(to=("Ada Lovelace <ada@example.com>",), subject="Your invoice", metadata=order),
        mail("bob@example.com", bcc=("bcc@example.com",), subject="Über uns", tags=("welcome",)),
        mail("ada@example.org", face="other", subject="Hello"),
    ]
    for each in mails:
        store.add(each)
    bounce = MailEvent(kind=EventKind.BOUNCED, recipient="bob@example.com")
    store.record(mails[1].id, [bounce])
    parsed = MailQuery.parse(query)

    expected = [mails[index].id for index in reversed(found)]
    assert expected == [each.id for each in store.list(parsed)]
    assert len(found) == store.count(parsed)


@given(st.text(max_size=60))
def test_any_search(text):
    """Whatever is typed, it is a query, or the state is unknown: SQLite never complains."""
    try:
        query = MailQuery.parse(text)
    except ValueError as error:
        assert "state" in str(error)  # noqa: PT017
        return
    store = MailStore()
    store.add(mail())
    store.list(query)
    store.close()


def test_the_first_one_goes(store):
    """When there is one too many, or when there are too many bytes."""
    store.max_messages = 3
    mails = [mail() for _ in range(5)]
    for each in mails:
        store.add(each)
    assert [each.id for each in reversed(mails[2:])] == [each.id for each in store.list()]
    store.max_bytes = 1_000
    large = mail(raw=b"x" * 990)
    store.add(large)

    assert [large.id] == [each.id for each in store.list()]
    assert [large.id] == [each.id for each in store.list(MailQuery(words="hello"))]
    with pytest.raises(NotKept):
        store.add(mail(raw=b"x" * 1_001))
    assert 1 == len(store)


def test_the_timeline(store):
    """Events in order, with what webhooks answered, and the states that follow."""
    kept = mail("ada@example.com", "bob@example.com")
    store.add(kept)
    events = [
        MailEvent(kind=EventKind.DELIVERED, recipient="ADA@example.com"),
        MailEvent(kind=EventKind.BOUNCED, recipient="bob@example.com", status="5.1.1"),
    ]
    store.record(kept.id, events)
    outcome = WebhookOutcome(endpoint="http://x/", event_type="Bounce", state="pending")
    store.record_post(kept.id, "post", [events[1].id], outcome)
    outcome = replace(outcome, state="delivered", attempts=("503", "200"), answer="ok")
    store.record_post(kept.id, "post", [events[1].id], outcome)

    found = store.get(kept.id)
    assert ("delivered", "bounced") == found.states
    assert events == [entry.event for entry in found.timeline]
    assert [(), (outcome,)] == [entry.webhooks for entry in found.timeline]
    assert not store.record("0" * 16, events)


def test_a_timeline_ends(store):
    """A loop of a caller fills no memory."""
    kept = mail()
    store.add(kept)
    event = MailEvent(kind=EventKind.OPENED, recipient="ada@example.com")
    store.record(kept.id, [replace(event, id=str(number)) for number in range(1_000)])

    with pytest.raises(NotKept):
        store.record(kept.id, [event])
    assert 1_000 == len(store.get(kept.id).timeline)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ("", "accepted"),
        ("SENT", "accepted"),
        ("SENT DEFERRED", "deferred"),
        ("SENT DEFERRED DELIVERED", "delivered"),
        ("DELIVERED DEFERRED", "deferred"),
        ("OPENED DELIVERED", "opened"),
        ("DELIVERED CLICKED OPENED", "clicked"),
        ("COMPLAINED OPENED", "complained"),
        ("OPENED BOUNCED", "bounced"),
        ("DELIVERED AUTO_REPLIED", "delivered"),
        ("SOFT_BOUNCED DELIVERED", "delivered"),
        ("REJECTED", "rejected"),
        ("RENDERING_FAILED", "failed"),
    ],
)
def test_states(store, kinds, state):
    """What a person did stays, and a bounce may come late."""
    kept = mail()
    store.add(kept)
    for kind in kinds.split():
        event = MailEvent(kind=EventKind[kind], recipient="ada@example.com")
        store.record(kept.id, [event])

    assert (state,) == store.get(kept.id).states
    assert [(state,)] == [each.states for each in store.list()]


def test_deleting(store):
    """Nothing of a mail is left; what is gone is not there."""
    kept = mail()
    store.add(kept)
    store.record(kept.id, [MailEvent(kind=EventKind.OPENED, recipient="ada@example.com")])

    assert store.delete(kept.id)
    assert not store.delete(kept.id)
    assert [] == list(store.list(MailQuery(words="hello")))
    for table in ("mails", "contents", "recipients", "words", "events", "posts"):
        statement = f"SELECT count(*) FROM {table}"
        assert (0,) == store._database.execute(statement).fetchone()


def test_waiting(store):
    """For a mail that is there, for one that comes, and in vain."""
    first = mail(subject="first")
    store.add(first)
    assert first.id == store.wait_for(MailQuery(subject="first"), 0).id
    second = mail(subject="second")
    threading.Timer(0.01, store.add, [second]).start()

    assert second.id == store.wait_for(lambda each: each.subject == "second", 30).id
    with pytest.raises(TimeoutError, match="2 others"):
        store.wait_for(MailQuery(subject="third"), 0)


def test_waiting_ends_with_the_store(store):
    """Nobody waits for what cannot come."""
    threading.Timer(0.01, store.close).start()
    with pytest.raises(TimeoutError):
        store.wait_for(MailQuery(subject="first"), 30)
    with pytest.raises(NotKept):
        store.add(mail())


def test_changes(store):
    """In order, to listeners and to those who ask later."""
    told = []
    one, other = mail(), mail()
    with store.listening(told.append):
        store.add(one)
        version = store.version
        store.record(one.id, [MailEvent(kind=EventKind.OPENED, recipient="ada@example.com")])
        store.max_messages = 1
        store.add(other)
    store.clear()

    expected = [("added", one.id), ("updated", one.id), ("deleted", one.id), ("added", other.id)]
    assert expected == [(change.kind, change.mail_id) for change in told]
    changes = store.changes_since(version)
    assert ["updated", "deleted", "added", "cleared"] == [change.kind for change in changes]
    assert [] == store.changes_since(store.version)
    assert store.changes_since(store.version + 1) is None


def test_changes_that_are_forgotten(store, monkeypatch):
    """Who asks too late is told to read everything anew."""
    store._changes = ChangeLog(kept=2)
    for _ in range(3):
        store.add(mail())

    assert store.changes_since(0) is None
    assert 2 == len(store.changes_since(1))


def test_on_disk(tmp_path):
    """It is there again, for this user only, with its bounds."""
    path = tmp_path / "mail.db"
    with MailStore(path) as store:
        mails = [mail(subject=str(number)) for number in range(3)]
        for each in mails:
            store.add(each)
        assert 1_000_000 == store.max_messages
    with MailStore(path, max_messages=3) as again:
        assert mails == list(again.mails())
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        again.add(mail())
        assert 3 == len(again)


@pytest.mark.parametrize("content", [b"", b"{", b"no database" * 100])
def test_other_files(tmp_path, content):
    """An empty file becomes a mailbox, another one is left as it is."""
    path = tmp_path / "mail.db"
    path.write_bytes(content)
    if not content:
        MailStore(path).close()
        return
    with pytest.raises(ValueError, match=r"mail\.db"):
        MailStore(path)
    assert content == path.read_bytes()


def test_a_file_of_another_version(tmp_path):
    """It is told of, and left as it is."""
    path = tmp_path / "mail.db"
    with MailStore(path) as store:
        store._database.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="version"):
        MailStore(path)


def test_many_threads(store):
    """All of what they add is there."""
    threads = [
        threading.Thread(target=lambda: [store.add(mail()) for _ in range(20)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 160 == len(store) == len({each.id for each in store.list(limit=500)})
