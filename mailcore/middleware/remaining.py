"""Whom to send to again, and the message that does it."""

from __future__ import annotations

import uuid

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mailcore.address.address import Address
from mailcore.address.domain import address_key
from mailcore.errors import RecipientsRefused
from mailcore.features import Feature, Features
from mailcore.message.message import Message, MessageFields
from mailcore.middleware.outcomes import Outcomes
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult


if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

# For keys that are made of others (RFC 9562, section 5.5).
_NAMESPACE = uuid.UUID("0d6cfb1e-0d0f-5c6e-8a27-0f4c1f6f5d57")
_HAS_IT = frozenset(["yes", "advisory"])


@dataclass(frozen=True)
class Remaining:
    """
    The recipients of a result that may be sent to again.

    Args:
        addresses: The addresses as the result has them.
        is_open: Whether of any of them it is not known that it was not accepted.
    """

    addresses: tuple[str, ...]
    is_open: bool

    @classmethod
    def of(cls, result: SendResult, outcomes: Outcomes, *, may_repeat: bool) -> Remaining:
        """
        Find whom a result leaves to be sent to again.

        A repetition that is refused says nothing of the send before it, so that what all sends say
        of a recipient counts: who was accepted once is not left, whose answer was lost stays open.

        Args:
            result: What became of each recipient in the last send.
            outcomes: What became of them in all sends, the last one included.
            may_repeat: Whether what may be on its way may be sent again.
        """
        found = {
            address: joined
            for address, status in result.recipients.items()
            if _is_left(status, may_repeat=may_repeat)
            and not (joined := outcomes.status_of(address)).accepted
        }
        return cls(tuple(found), any(joined.maybe_accepted for joined in found.values()))

    def refusal(self, result: SendResult) -> RecipientsRefused:
        """The error that stands for their part of a result, for observers and `attempts`."""
        statuses = {address: result.recipients[address] for address in self.addresses}
        some = f"{len(statuses)} of {len(result.recipients)} recipients refused for now"
        return RecipientsRefused(
            some,
            result=SendResult(provider=result.provider, recipients=RecipientStatuses(statuses)),
            errors=result.errors,
            provider=result.provider,
            retryable=not self.is_open,
            maybe_accepted=self.is_open,
            retry_after_seconds=longest_wait_seconds(result),
        )


def longest_wait_seconds(result: SendResult) -> float | None:
    """How long the provider asks to wait, of all that failed as a whole; None if it does not."""
    return max((each.retry_after_seconds or 0.0 for each in result.errors), default=0.0) or None


def _is_left(status: RecipientStatus, *, may_repeat: bool) -> bool:
    return may_repeat if status.maybe_accepted else status.retryable


def only_for(message: Message, addresses: Iterable[str], features: Features) -> Message | None:
    """
    The message for some of its recipients.

    Of a batch the mails to these; those in ``cc`` and ``bcc`` get a copy of each mail, and so of
    these too. Of another message the recipients that are left; its To header stays as it was where
    the provider lets a message have one of its own. What has an idempotency key gets another, made
    of it: the service has seen the first with other recipients.

    Args:
        message: The message that was sent to all.
        addresses: The recipients that it is to be sent to again.
        features: What the provider can do.

    Returns:
        The message itself if nobody is left out; None if no message to these can be made.
    """
    keys = {address_key(address) for address in addresses}
    if message.is_batch:
        to = addresses_among(message.to, keys)
        if not to:
            return None
        if len(to) == len(message.to):
            return message
        fields: MessageFields = {
            "to": to,
            "merge_data": entries_among(message.merge_data, keys),
            "merge_metadata": entries_among(message.merge_metadata, keys),
            "merge_headers": entries_among(message.merge_headers, keys),
        }
    else:
        to, cc, bcc = (
            addresses_among(each, keys) for each in (message.to, message.cc, message.bcc)
        )
        if (to, cc, bcc) == (message.to, message.cc, message.bcc):
            return message
        fields = {"to": to, "cc": cc, "bcc": bcc}
        shows_to = features[Feature.SPOOFED_TO].kind in _HAS_IT
        if shows_to and message.to and "to" not in message.headers:
            shown = ", ".join(address.format() for address in message.to)
            fields["headers"] = message.headers.merged({"To": shown})
    if message.idempotency_key is not None:
        name = " ".join([message.idempotency_key, *sorted(keys)])
        fields["idempotency_key"] = str(uuid.uuid5(_NAMESPACE, name))
    return message.replace(**fields)


def addresses_among(addresses: tuple[Address, ...], keys: AbstractSet[str]) -> tuple[Address, ...]:
    """The addresses whose keys are in a set."""
    return tuple(address for address in addresses if address.key in keys)


def entries_among(given: Mapping[str, T] | None, keys: AbstractSet[str]) -> dict[str, Any] | None:
    """What a message has for recipients by address, for those whose keys are among these."""
    if given is None:
        return None
    return {address: value for address, value in given.items() if address_key(address) in keys}
