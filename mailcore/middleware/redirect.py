"""Mail of a staging system: to one inbox, but for those who may be written to."""

from __future__ import annotations

import dataclasses
import logging
import uuid

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from mailcore.address.address import Address, AddressInput, parse_addresses
from mailcore.address.domain import address_key
from mailcore.errors import (
    ConfigurationError,
    InvalidAddress,
    MailcoreError,
    MessageError,
    RecipientsRefused,
    SendError,
)
from mailcore.features import Feature
from mailcore.flow import Flow
from mailcore.foundation.redaction import redact
from mailcore.message.message import Message, MessageFields
from mailcore.middleware.outcomes import Outcomes
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.middleware.remaining import entries_among
from mailcore.result import RecipientStatuses, SendResult


if TYPE_CHECKING:
    from mailcore.sending.delivery import Middleware, Send

__all__ = ["Redirect"]

logger = logging.getLogger("mailcore.redirect")

HEADER = "X-Original-To"
_MOST_SHOWN = 20
_TAKES_HEADERS = frozenset(["yes", "advisory"])
# For keys that are made of others (RFC 9562, section 5.5).
_NAMESPACE = uuid.UUID("b5a4f0ce-6f5f-58c5-8f4c-7b0b2f0f2b11")


class Redirect(Policy):
    """
    Sends every message to one inbox, for systems that must not write to anybody.

    Recipients that are not allowed are replaced by the inbox, wherever they stand; those that are
    allowed stay. A batch becomes a mail to the inbox for each that is not, with their own values.
    Where the provider takes headers, ``X-Original-To`` says whom it was for: those of ``to`` and
    ``cc``. The result has the recipients of the message, each with the status of what was sent for
    them.

    Args:
        to: The address that gets the mail.
        allow: Who may be written to all the same: addresses, and domains such as ``example.com``,
            without those below them.

    Raises:
        ConfigurationError: If an address or domain is wrong.
    """

    place: ClassVar[Place] = Place.REDIRECT

    def __init__(self, to: AddressInput, *, allow: Iterable[str] = ()) -> None:
        try:
            (self.to,) = parse_addresses([to], field="to")
        except (InvalidAddress, ValueError):
            raise ConfigurationError("Redirect takes one address to send everything to") from None
        if isinstance(allow, str):
            raise ConfigurationError('allow must be a list, not str: write allow=["example.com"]')
        allowed = [_allowed(each) for each in allow]
        self._addresses = frozenset(each for each in allowed if not each.startswith("@"))
        self._domains = frozenset(each for each in allowed if each.startswith("@"))

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        shows = sender.provider.features[Feature.HEADERS].kind in _TAKES_HEADERS

        def redirecting(message: Message, send: Send) -> Flow[SendResult]:
            strangers = [each for each in message.deliveries.everybody if not self.allows(each)]
            if not strangers:
                return (yield from send(message))
            logger.info("%d recipients replaced by %s", len(strangers), redact(self.to.addr_spec))
            if not (message.is_batch and message.to):
                part = self._redirected(message, shows=shows)
                return (yield from _mapped(part, send))
            outcomes = Outcomes(message.recipients)
            errors: list[SendError] = []
            for part in self._parts(message, shows=shows):
                yield from _joined(part, send, outcomes, errors)
            if outcomes.nobody and (errors or outcomes.all_known):
                raise outcomes.refusal(errors)
            return outcomes.result()

        return redirecting

    def describe(self) -> str:
        """Say in one line what it does."""
        count = len(self._addresses) + len(self._domains)
        but = f", but for {count} addresses and domains that are allowed" if count else ""
        return f"everything to {redact(self.to.addr_spec)}{but}"

    def allows(self, address: Address) -> bool:
        """Whether an address is written to as it is."""
        key = address.key
        if key == self.to.key or key in self._addresses:
            return True
        return f"@{key.rpartition('@')[2]}" in self._domains

    def _redirected(self, message: Message, *, shows: bool) -> _Part:
        """A message that everybody gets alike."""
        changes: MessageFields = {}
        seen: set[str] = set()
        for name in ("to", "cc", "bcc"):
            replaced = [each if self.allows(each) else self.to for each in getattr(message, name)]
            changes[name] = list(_unseen(replaced, seen))
        if shows:
            changes["headers"] = _telling(message, [*message.to, *message.cc])
        return _Part(message.replace(**changes), self._names(message.recipients))

    def _names(self, recipients: Sequence[str]) -> dict[str, str]:
        """Whom each recipient of a message stands for."""
        inbox = self.to.addr_spec
        return {each: each if self.allows(Address(each)) else inbox for each in recipients}

    def _parts(self, message: Message, *, shows: bool) -> Iterator[_Part]:
        """The mails of a batch: those who are allowed together, each of the others alone."""
        to = message.deliveries.to
        allowed = [each for each in to if self.allows(each)]
        named = _specs(to)
        others = {
            each: stands
            for each, stands in self._names(message.recipients).items()
            if each not in named
        }
        if allowed:
            names = {each: each for each in _specs(allowed)}
            keys = {each.key for each in allowed}
            cc, bcc = self._copies(message, set(keys))
            changes: MessageFields = {
                "to": allowed,
                "cc": cc,
                "bcc": bcc,
                "merge_data": entries_among(message.merge_data, keys),
                "merge_metadata": entries_among(message.merge_metadata, keys),
                "merge_headers": entries_among(message.merge_headers, keys),
            }
            yield _Part(message.replace(**changes), {**names, **others})
        cc, bcc = self._copies(message, {self.to.key, *(each.key for each in allowed)})
        for stranger in to:
            if not self.allows(stranger):
                alone = self._alone(message.replace(cc=cc, bcc=bcc), stranger, shows=shows)
                yield _Part(alone, {stranger.addr_spec: self.to.addr_spec, **others})

    def _copies(self, message: Message, seen: set[str]) -> tuple[list[Address], list[Address]]:
        """Cc and bcc of each mail of a batch, without those who have been seen."""
        cc, bcc = (
            list(_unseen([each if self.allows(each) else self.to for each in given], seen))
            for given in (message.cc, message.bcc)
        )
        return cc, bcc

    def _alone(self, message: Message, stranger: Address, *, shows: bool) -> Message:
        changes: MessageFields = {
            "to": [self.to],
            "merge_data": _for_one(message.merge_data, stranger, self.to),
            "merge_metadata": _for_one(message.merge_metadata, stranger, self.to),
            "merge_headers": _for_one(message.merge_headers, stranger, self.to),
        }
        if shows:
            changes["headers"] = _telling(message, [stranger])
        if message.idempotency_key is not None:
            name = f"{message.idempotency_key} {stranger.key}"
            changes["idempotency_key"] = str(uuid.uuid5(_NAMESPACE, name))
        return message.replace(**changes)


class _Part(NamedTuple):
    """A message that is sent, and whose status stands for which recipient of the first."""

    message: Message
    names: dict[str, str]

    def told(self, result: SendResult) -> SendResult:
        """The result, with the recipients of the first message."""
        statuses = {
            name: result.recipients[sent]
            for name, sent in self.names.items()
            if sent in result.recipients
        }
        return dataclasses.replace(result, recipients=RecipientStatuses(statuses))


def _mapped(part: _Part, send: Send) -> Flow[SendResult]:
    try:
        result = yield from send(part.message)
    except RecipientsRefused as error:
        if error.result is not None:
            error.result = part.told(error.result)
        raise
    return part.told(result)


def _joined(part: _Part, send: Send, outcomes: Outcomes, errors: list[SendError]) -> Flow[None]:
    """Send a part, and join what becomes of it."""
    try:
        result = yield from _mapped(part, send)
    except RecipientsRefused as error:
        errors.append(error)
        if error.result is not None:
            outcomes.add(error.result)
            return
        outcomes.add_failure(tuple(part.names), error)
    except SendError as error:
        errors.append(error)
        outcomes.add_failure(tuple(part.names), error)
    except MailcoreError as error:
        if outcomes.nobody and outcomes.all_known:
            raise
        # Others have theirs, or may have: what is wrong with this one is its own.
        category = "message" if isinstance(error, MessageError) else ""
        failure = SendError(str(error), category=category)
        errors.append(failure)
        outcomes.add_failure(tuple(part.names), failure)
    else:
        outcomes.add(result)


def _allowed(given: object) -> str:
    if not isinstance(given, str) or not given.strip("@ "):
        raise ConfigurationError("allow takes addresses and domains, as text")
    is_domain = "@" not in given.strip().lstrip("@")
    text = f"a@{given.strip().lstrip('@')}" if is_domain else given
    try:
        (address,) = parse_addresses([text], field="allow")
    except (InvalidAddress, ValueError):
        raise ConfigurationError("allow has an item that is no address and no domain") from None
    return address_key(address.addr_spec)[1:] if is_domain else address.key


def _unseen(addresses: Iterable[Address], seen: set[str]) -> Iterator[Address]:
    for address in addresses:
        if address.key not in seen:
            seen.add(address.key)
            yield address


def _specs(addresses: Iterable[Address]) -> list[str]:
    return [each.addr_spec for each in addresses]


def _telling(message: Message, originals: Sequence[Address]) -> Mapping[str, str]:
    """The headers of the message, with whom it was for."""
    shown = ", ".join(each.addr_spec for each in originals[:_MOST_SHOWN])
    more = len(originals) - _MOST_SHOWN
    text = f"{shown} and {more} more" if more > 0 else shown
    return message.headers.merged({HEADER: text}) if text else message.headers


def _for_one(
    given: Mapping[str, Any] | None, stranger: Address, inbox: Address
) -> dict[str, Any] | None:
    if given is None:
        return None
    own = [value for name, value in given.items() if address_key(name) == stranger.key]
    return {inbox.addr_spec: own[-1]} if own else {}
