"""Nothing is sent to addresses of your own suppression list."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar

from mailcore.account.suppressions import MANUAL
from mailcore.errors import RecipientsRefused
from mailcore.flow import Flow
from mailcore.message.message import Message, MessageFields
from mailcore.middleware.asking import (
    WhenDown,
    asked,
    checked_when_down,
    require_store,
    told_down,
    unavailable,
)
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.middleware.remaining import addresses_among, entries_among
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.sending.delivery import Middleware, Send
from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL, Scopes, reader_of
from mailcore.stores.suppressions import SuppressionEntry, SuppressionStore


__all__ = ["Suppression"]

CODE = "suppressed"
_NOBODY_LEFT = RecipientStatus(
    SendStatus.REJECTED,
    code=CODE,
    detail="nobody of `to` is left, of whose mail this would have been a copy",
)


_SILENT = RecipientStatus(SendStatus.UNKNOWN, detail="what sent the message does not say")


class Suppression(Policy):
    """
    Takes recipients out of a message that are on your own suppression list.

    They are ``rejected`` in the result, with the code ``suppressed`` and the reason; the others get
    the message without them in To and Cc. If nobody is left, nothing is sent, and
    :class:`~mailcore.errors.RecipientsRefused` is raised, as if a provider had refused everybody;
    the same if nobody in ``to`` of a batch is left, since all others get copies.

    What an entry blocks is its scope: see :mod:`mailcore.stores.scopes`.

    Args:
        store: Where the entries are: a :class:`~mailcore.stores.suppressions.SuppressionStore`.
        scopes: Which lists a message is for: those of its tags that are named here, or what a
            function of yours says of the message.
        when_down: What becomes of a message while the store cannot be asked: ``refuse``
            (:class:`~mailcore.errors.StoreUnavailable` is raised, and nothing was sent), or
            ``send`` it to everybody, which is logged.

    Raises:
        ConfigurationError: If an argument is wrong.

    Example:
        >>> from mailcore import Mailer, Message
        >>> from mailcore.stores import MemorySuppressionStore, SuppressionEntry
        >>> gone = SuppressionEntry(email_address="ada@example.net", reason="BOUNCE")
        >>> mailer = Mailer("null", middleware=[Suppression(MemorySuppressionStore([gone]))])
        >>> both = ["Ada@example.net", "bob@example.net"]
        >>> result = mailer.send(Message(from_email="me@example.com", to=both, text="Hello"))
        >>> [str(each.status) for each in result.recipients.values()]
        ['rejected', 'sent']
    """

    place: ClassVar[Place] = Place.SUPPRESSION

    def __init__(
        self,
        store: SuppressionStore,
        *,
        scopes: Scopes = (),
        when_down: WhenDown = "refuse",
    ) -> None:
        require_store(store, "Suppression", ("find",), "SqliteSuppressionStore(path)")
        self._store = store
        self._sends_when_down = checked_when_down(when_down)
        self._scopes_of = reader_of(scopes)

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        return partial(self._sending, sender.provider.name)

    def describe(self) -> str:
        """Say which store it asks, and what happens if that is down."""
        down = "sends without asking" if self._sends_when_down else "refuses"
        return (
            f"rejects recipients on the list of {type(self._store).__name__}; {down} while it is "
            "down"
        )

    def _sending(self, provider: str, message: Message, send: Send) -> Flow[SendResult]:
        try:
            entries = yield from self._entries(message)
        except Exception as error:
            if not self._sends_when_down:
                raise unavailable("suppressions", provider, error) from error
            told_down("suppressions", error)
            entries = ()
        blocked = self._blocked(message, entries)
        if not blocked:
            return (yield from send(message))
        left = _without(message, blocked.keys())
        if not left.recipients or (message.is_batch and not left.to):
            raise _refused(provider, message, blocked)
        try:
            result = yield from send(left)
        except RecipientsRefused as error:
            if error.result is not None:
                error.result = _completed(error.result, message, blocked)
            raise
        return _completed(result, message, blocked)

    def _entries(self, message: Message) -> Flow[Iterable[SuppressionEntry]]:
        keys = [address.key for address in message.deliveries.everybody]
        return (yield from asked(self._store, partial(self._store.find, keys)))

    def _blocked(
        self, message: Message, entries: Iterable[SuppressionEntry]
    ) -> dict[str, SuppressionEntry]:
        """Why each recipient that gets nothing does not, by the key of its address."""
        found = list(entries)
        if not found:
            return {}
        lists = self._scopes_of(message)
        scopes = {ALL_MAIL, *lists}
        if lists or message.unsubscribe is not None or "List-Unsubscribe" in message.headers:
            scopes.add(ALL_LISTS)
        blocked: dict[str, SuppressionEntry] = {}
        for entry in found:
            if entry.scope in scopes:
                blocked.setdefault(entry.email_address, entry)
        return blocked


def _without(message: Message, gone: Iterable[str]) -> Message:
    keys = {address.key for address in message.deliveries.everybody}.difference(gone)
    fields: MessageFields = {
        "to": addresses_among(message.to, keys),
        "cc": addresses_among(message.cc, keys),
        "bcc": addresses_among(message.bcc, keys),
    }
    if message.is_batch:
        fields["merge_data"] = entries_among(message.merge_data, keys)
        fields["merge_metadata"] = entries_among(message.merge_metadata, keys)
        fields["merge_headers"] = entries_among(message.merge_headers, keys)
    return message.replace(**fields)


def _status(entry: SuppressionEntry) -> RecipientStatus:
    words = "by hand" if entry.reason == MANUAL else entry.reason.lower()
    by = f", from {entry.source}" if entry.source else ""
    return RecipientStatus(
        SendStatus.REJECTED,
        code=CODE,
        detail=f"on the suppression list: {words}, {entry.since:%Y-%m-%d}, for {entry.scope}{by}",
    )


def _completed(
    result: SendResult, message: Message, blocked: Mapping[str, SuppressionEntry]
) -> SendResult:
    """The result with everybody of the message as it was given, in that order."""
    statuses: dict[str, RecipientStatus] = {}
    for address in message.deliveries.everybody:
        entry = blocked.get(address.key)
        spelled = address.addr_spec
        told = result.recipients.get(spelled, _SILENT)
        statuses[spelled] = _status(entry) if entry is not None else told
    return dataclasses.replace(result, recipients=RecipientStatuses(statuses))


def _refused(
    provider: str, message: Message, blocked: Mapping[str, SuppressionEntry]
) -> RecipientsRefused:
    statuses = {
        address.addr_spec: _status(blocked[address.key]) if address.key in blocked else _NOBODY_LEFT
        for address in message.deliveries.everybody
    }
    count = len(blocked)
    return RecipientsRefused(
        f"nothing was sent: {count} of {len(statuses)} recipients "
        f"{'is' if count == 1 else 'are'} on the suppression list, and nobody is left",
        result=SendResult(provider=provider, recipients=RecipientStatuses(statuses)),
        provider=provider,
        category=CODE,
    )
