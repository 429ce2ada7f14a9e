"""
Keeping a message: it is written within the caller's transaction, and sent once that is committed.

What is rolled back was never there. Outside of a transaction the message is written by one of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import Error, IntegrityError, connections, router, transaction

from mailcore import ConfigurationError, Message
from mailcore.errors import IdempotencyKeyReused, Problem, StoreError
from mailcore.outbox import OutboxRow, new_row, same_message
from mailcore_django.conf import SETTING, OutboxSettings, get_settings
from mailcore_django.configured import (
    DEFAULT_ALIAS,
    configuration_of,
    get_mailer,
    known_aliases,
    options_of,
)
from mailcore_django.conversion import to_mailcore
from mailcore_django.outbox.columns import digest_of, read_row, recipients_of, values_of
from mailcore_django.outbox.models import OutboxMessage, OutboxRecipient
from mailcore_django.outbox.transactions import told


__all__ = ["keep", "keep_for", "outbox_databases", "outbox_settings", "write_row"]


def keep(
    message: EmailMessage | Message,
    *,
    using: str = DEFAULT_ALIAS,
    key: str | None = None,
    not_before: datetime | timedelta | None = None,
    priority: int = 0,
    database: str | None = None,
) -> OutboxRow:
    """
    Keep a message in the outbox, within the transaction that is open.

    Args:
        message: Django's, or mailcore's own.
        using: The alias of the mailer that is to send it.
        key: A name of your own for it, of up to 200 characters: a second message with it is not
            kept. The message's ``idempotency_key`` if None.
        not_before: When it may be sent at the earliest: a datetime with time zone, or how long from
            now.
        priority: A number from -100 to 100; what is due with a larger number is sent first.
        database: The alias of the database whose transaction it belongs to, which needs the tables
            and has to be among ``MAILCORE["OUTBOX"]["databases"]`` for workers to look into it. By
            default the one of those whose transaction is open.

    Returns:
        The row that was written; the one that was there, if the same message has this key.

    Raises:
        MessageError: The message is wrong, or its provider cannot express it.
        IdempotencyKeyReused: Another message has this key.
        CancelSend: An extension calls it off.
        StoreError: It could not be written.
        ConfigurationError: If an argument or a setting is wrong, or the tables are missing.
    """
    mailer = get_mailer(using)
    mail = to_mailcore(message, mailer.provider) if isinstance(message, EmailMessage) else message
    row = new_row(mail, key=key, not_before=not_before, priority=priority)
    # Who gives it learns at once what the provider cannot express, as without an outbox.
    mailer.preview(mail)
    return _added(row, using, _database(database))


def keep_for(options: Mapping[str, object], mail: Message, *, alias: str | None) -> OutboxRow:
    """
    Keep a message for an email backend.

    Args:
        options: What the backend was made with.
        mail: The message as the mailer will be given it.
        alias: The alias that the backend has; None if it was made without one.

    Raises:
        ConfigurationError: If no mailer of the settings has these options: a worker could not make
            it, since options hold secrets and are not kept.
    """
    return keep(mail, using=_alias_of(options) if alias is None else alias)


def outbox_settings() -> OutboxSettings:
    """``MAILCORE["OUTBOX"]``, or all of its defaults."""
    return get_settings().outbox or OutboxSettings()


def outbox_databases() -> Sequence[str]:
    """The aliases of the databases that mail is kept in: at least one."""
    return outbox_settings().databases or (router.db_for_write(OutboxMessage),)


def _alias_of(options: Mapping[str, object]) -> str:
    wanted = configuration_of(options)
    for alias in known_aliases():
        try:
            if configuration_of(options_of(alias), alias=alias) == wanted:
                return alias
        except ConfigurationError:
            # A mailer of another backend, or one that is wrong.
            continue
    raise ConfigurationError(
        "a mailer that stands in no settings cannot keep mail in the outbox, since its options are "
        "not kept: name it in MAILERS, or send at once with outbox=False"
    )


def _database(given: str | None) -> str:
    if given is not None:
        return given
    chosen = outbox_databases()
    open_ones = [
        each.alias for each in connections.all(initialized_only=True) if each.in_atomic_block
    ]
    ours = [each for each in chosen if each in open_ones]
    if len(ours) > 1:
        raise StoreError(
            f"transactions are open in {' and '.join(map(repr, ours))}: say which one the mail "
            "belongs to, keep(…, database=…)"
        )
    if open_ones and not ours and not outbox_settings().databases:
        raise StoreError(
            f"a transaction is open in the database {open_ones[0]!r}, and the outbox is in "
            f"{chosen[0]!r}: the mail would be sent even if that is rolled back. Name the "
            f"databases of the outbox in {SETTING}['OUTBOX']['databases']"
        )
    return ours[0] if ours else chosen[0]


def _added(row: OutboxRow, alias: str, database: str) -> OutboxRow:
    try:
        try:
            with transaction.atomic(using=database):
                write_row(row, alias, database)
        except IntegrityError:
            rows = OutboxMessage._base_manager.using(database)
            kept = rows.filter(key_digest=digest_of(row.key)).first() if row.key else None
            if kept is None:
                raise
            return _same(kept, row, alias)
    except Error as error:
        raise told(error) from error
    return row


def write_row(row: OutboxRow, alias: str, database: str) -> None:
    """
    Write a row as it is.

    Args:
        row: The row that is to be there.
        alias: The alias of the mailer that is to send it.
        database: The alias of the database.
    """
    written = OutboxMessage(
        **values_of(row.to_columns()),
        mailer=alias,
        key_digest=None if row.key is None else digest_of(row.key),
    )
    written.save(using=database, force_insert=True)
    OutboxRecipient._base_manager.using(database).bulk_create(recipients_of(row))


def _same(kept: OutboxMessage, row: OutboxRow, alias: str) -> OutboxRow:
    if kept.mailer != alias:
        reason = "a message of another mailer is in the outbox with this key"
        raise IdempotencyKeyReused([Problem("key", reason, "a key stands for one message")])
    return same_message(read_row(kept), row)
