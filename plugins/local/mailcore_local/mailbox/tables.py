"""
The tables of the store, and how a mail is written into them and read from them.
"""

from __future__ import annotations

import json
import sqlite3

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from mailcore_local.engine import EventKind
from mailcore_local.mailbox.mail import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
    MailSummary,
    TimelineEntry,
    WebhookOutcome,
)


VERSION = 1

# What a list shows stands apart from what one mail shows: lists read no page of a large content.
SCHEMA = """
CREATE TABLE mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, face TEXT NOT NULL,
    accepted_at INTEGER NOT NULL, from_email TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, tags TEXT NOT NULL, states TEXT NOT NULL, size INTEGER NOT NULL,
    kept INTEGER NOT NULL, failure TEXT NOT NULL
);
CREATE INDEX mails_of_a_face ON mails (face, number);
CREATE TABLE contents (
    number INTEGER PRIMARY KEY, document TEXT NOT NULL, raw BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE recipients (
    mail INTEGER NOT NULL, position INTEGER NOT NULL, address TEXT NOT NULL,
    message_id TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (mail, position)
) WITHOUT ROWID;
CREATE INDEX recipients_by_state ON recipients (state, mail);
CREATE INDEX recipients_by_message_id ON recipients (message_id);
CREATE TABLE events (
    position INTEGER PRIMARY KEY, mail INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
);
CREATE INDEX events_of_a_mail ON events (mail, position);
CREATE TABLE posts (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, mail INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX posts_of_a_mail ON posts (mail, position);
"""

WORDS_TABLE = """
CREATE VIRTUAL TABLE words USING fts5 (
    sender, recipient, subject, tag, metadata, tokenize = "unicode61 remove_diacritics 2"
)
"""
# The same columns where SQLite was built without FTS5: they are scanned then.
PLAIN_WORDS_TABLE = """
CREATE TABLE words (rowid INTEGER PRIMARY KEY, sender, recipient, subject, tag, metadata)
"""

SUMMARY_COLUMNS = (
    "mails.id, mails.face, mails.accepted_at, mails.from_email, mails.recipients,"
    " mails.subject, mails.tags, mails.states, mails.size, mails.failure"
)


def insert_mail(database: sqlite3.Connection, mail: CapturedMail, kept_bytes: int) -> int:
    """
    Write a mail, without its timeline.

    Returns:
        Its number, which orders the mails.
    """
    cursor = database.execute(
        "INSERT INTO mails (id, face, accepted_at, from_email, recipients, subject, tags, states,"
        " size, kept, failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            mail.id,
            mail.face,
            _milliseconds(mail.accepted_at),
            _text(mail.from_email),
            as_json(mail.to),
            _text(mail.subject),
            as_json(mail.tags),
            as_json(mail.states),
            mail.size_bytes,
            kept_bytes,
            _text(mail.failure),
        ),
    )
    number = int(cursor.lastrowid or 0)
    document = {
        "envelope_sender": mail.envelope_sender,
        "cc": mail.cc,
        "bcc": mail.bcc,
        "metadata": dict(mail.metadata),
        "facts": dict(mail.facts),
        "method": mail.request.method,
        "path": mail.request.path,
        "headers": mail.request.headers,
    }
    database.execute(
        "INSERT INTO contents (number, document, raw, body) VALUES (?, ?, ?, ?)",
        (number, as_json(document), mail.raw, mail.request.body),
    )
    database.executemany(
        "INSERT INTO recipients (mail, position, address, message_id, state) VALUES (?,?,?,?,?)",
        [
            (number, position, _text(each.address), each.message_id, each.state)
            for position, each in enumerate(mail.recipients)
        ],
    )
    people = (*mail.to, *mail.cc, *mail.bcc, *(each.address for each in mail.recipients))
    metadata = [f"{name} {value}" for name, value in mail.metadata.items()]
    database.execute(
        "INSERT INTO words (rowid, sender, recipient, subject, tag, metadata)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            number,
            _words(mail.from_email),
            _words(*dict.fromkeys(people)),
            _words(mail.subject),
            _words(*mail.tags),
            _words(*metadata),
        ),
    )
    return number


def delete_mails(database: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """
    Remove mails and everything about them.
    """
    one = [(number,) for number in numbers]
    database.executemany("DELETE FROM mails WHERE number = ?", one)
    database.executemany("DELETE FROM contents WHERE number = ?", one)
    database.executemany("DELETE FROM recipients WHERE mail = ?", one)
    database.executemany("DELETE FROM words WHERE rowid = ?", one)
    database.executemany("DELETE FROM events WHERE mail = ?", one)
    database.executemany("DELETE FROM posts WHERE mail = ?", one)


def read_summary(row: Sequence[Any]) -> MailSummary:
    """
    A row of `SUMMARY_COLUMNS` as a summary.
    """
    id_, face, accepted_at, from_email, to, subject, tags, states, size, failure = row
    return MailSummary(
        id=id_,
        face=face,
        accepted_at=_moment(accepted_at),
        from_email=from_email,
        to=tuple(json.loads(to)),
        subject=subject,
        tags=tuple(json.loads(tags)),
        states=tuple(json.loads(states)),
        size_bytes=size,
        failure=failure,
    )


def read_mail(database: sqlite3.Connection, number: int) -> CapturedMail:
    """
    The mail with a number, with its timeline.
    """
    row = database.execute(
        f"SELECT {SUMMARY_COLUMNS} FROM mails WHERE number = ?",  # noqa: S608 - a constant
        (number,),
    ).fetchone()
    summary = read_summary(row)
    text, raw, body = database.execute(
        "SELECT document, raw, body FROM contents WHERE number = ?", (number,)
    ).fetchone()
    document = json.loads(text)
    recipients = database.execute(
        "SELECT address, message_id, state FROM recipients WHERE mail = ? ORDER BY position",
        (number,),
    )
    return CapturedMail(
        id=summary.id,
        face=summary.face,
        accepted_at=summary.accepted_at,
        envelope_sender=document["envelope_sender"],
        from_email=summary.from_email,
        to=summary.to,
        cc=tuple(document["cc"]),
        bcc=tuple(document["bcc"]),
        subject=summary.subject,
        raw=raw,
        recipients=tuple(
            CapturedRecipient(address=address, message_id=message_id, state=state)
            for address, message_id, state in recipients
        ),
        request=CapturedRequest(
            method=document["method"],
            path=document["path"],
            headers=tuple((name, value) for name, value in document["headers"]),
            body=body,
        ),
        tags=summary.tags,
        metadata=document["metadata"],
        facts=document["facts"],
        failure=summary.failure,
        timeline=_timeline(database, number),
    )


def insert_event(database: sqlite3.Connection, number: int, event: MailEvent) -> None:
    """
    Add an event to the timeline of a mail.
    """
    document = {
        "kind": event.kind.value,
        "recipient": event.recipient,
        "at": _milliseconds(event.at),
        "detail": event.detail,
        "status": event.status,
        "url": event.url,
        "suppressed": event.suppressed,
        "by_hand": event.by_hand,
    }
    database.execute(
        "INSERT INTO events (mail, id, document) VALUES (?, ?, ?)",
        (number, event.id, as_json(document)),
    )


def put_post(
    database: sqlite3.Connection,
    number: int,
    post_id: str,
    event_ids: Sequence[str],
    outcome: WebhookOutcome,
) -> None:
    """
    Write what came of a request to a webhook, or write it anew.
    """
    document = {
        "events": list(event_ids),
        "endpoint": outcome.endpoint,
        "event_type": outcome.event_type,
        "state": outcome.state,
        "attempts": outcome.attempts,
        "answer": outcome.answer,
        "body": outcome.body,
    }
    database.execute(
        "INSERT INTO posts (id, mail, document) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        (post_id, number, as_json(document)),
    )


def _timeline(database: sqlite3.Connection, number: int) -> tuple[TimelineEntry, ...]:
    posts: dict[str, list[WebhookOutcome]] = {}
    for (text,) in database.execute(
        "SELECT document FROM posts WHERE mail = ? ORDER BY position", (number,)
    ):
        document = json.loads(text)
        outcome = WebhookOutcome(
            endpoint=document["endpoint"],
            event_type=document["event_type"],
            state=document["state"],
            attempts=tuple(document["attempts"]),
            answer=document["answer"],
            body=document["body"],
        )
        for event_id in document["events"]:
            posts.setdefault(event_id, []).append(outcome)
    events = database.execute(
        "SELECT id, document FROM events WHERE mail = ? ORDER BY position", (number,)
    )
    return tuple(
        TimelineEntry(event=_event(id_, json.loads(text)), webhooks=tuple(posts.get(id_, ())))
        for id_, text in events
    )


def _event(id_: str, document: Mapping[str, Any]) -> MailEvent:
    return MailEvent(
        id=id_,
        kind=EventKind(document["kind"]),
        recipient=document["recipient"],
        at=_moment(document["at"]),
        detail=document["detail"],
        status=document["status"],
        url=document["url"],
        suppressed=document["suppressed"],
        by_hand=document["by_hand"],
    )


def as_json(document: object) -> str:
    """
    A document as text.
    """
    # In ASCII, so that half of a surrogate pair can be kept, which SQLite's text cannot hold.
    return json.dumps(document)


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8")


def _words(*texts: str) -> str:
    return _text("\n".join(texts)).casefold()


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
