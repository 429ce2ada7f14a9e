"""What became of each recipient of a message, over several sends of it or of parts of it."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.address.domain import address_key
from mailcore.errors import SendError, UnsupportedFeature
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.sending.copies import likelihood
from mailcore.sending.delivery import refused_to_all
from mailcore.sending.failed import failed_for


class Outcomes:
    """
    The statuses of all recipients of a message, joined.

    Of two for one address the one by which it is likelier to be on its way stays, and of two that
    are alike the later one; an acceptance stays as it was first.

    Args:
        recipients: All addresses of the whole message.
    """

    def __init__(self, recipients: Sequence[str]) -> None:
        self._order = {address_key(address): address for address in recipients}
        self._statuses: dict[str, RecipientStatus] = {}
        self._answers: list[Any] = []
        self._errors: tuple[SendError, ...] = ()
        self._first: SendResult | None = None
        self._accepting: SendResult | None = None

    def add(self, result: SendResult) -> None:
        """Join the result of a send."""
        self._first = self._first or result
        if result.accepted:
            self._accepting = result
        if isinstance(result.raw, (tuple, list)):
            self._answers += result.raw
        self._errors = result.errors
        self._join(result.recipients)

    def add_failure(self, recipients: Sequence[str], error: SendError) -> None:
        """
        Join what a send that failed says of all of its recipients.

        Args:
            recipients: The addresses that it was for: all of them, or some.
            error: What the send raised.
        """
        self._errors = (error,)
        self._join(failed_for(recipients, error))

    def _join(self, statuses: Mapping[str, RecipientStatus]) -> None:
        for address, status in statuses.items():
            key = address_key(address)
            before = self._statuses.get(key)
            if before is None or _replaces(status, before):
                self._statuses[key] = status

    def status_of(self, address: str) -> RecipientStatus:
        """What all sends together say of an address that one of them was about."""
        return self._statuses[address_key(address)]

    @property
    def nobody(self) -> bool:
        """Whether nobody was accepted."""
        return not any(status.accepted for status in self._statuses.values())

    @property
    def all_known(self) -> bool:
        """Whether something is known of each recipient."""
        found = self._statuses.values()
        return all(status.status is not SendStatus.UNKNOWN for status in found)

    def result(self) -> SendResult:
        """What became of the whole message."""
        last = self._accepting or self._first
        if last is None:
            provider = self._errors[0].provider if self._errors else ""
            last = SendResult(provider=provider, recipients=RecipientStatuses())
        silent = RecipientStatus(SendStatus.UNKNOWN, detail="the provider's answer does not say")
        recipients = {
            address: self._statuses.get(key, silent) for key, address in self._order.items()
        }
        ids = dict.fromkeys(each.message_id for each in recipients.values() if each.message_id)
        return dataclasses.replace(
            last,
            recipients=RecipientStatuses(recipients),
            message_ids=tuple(ids),
            errors=self._errors,
            raw=tuple(self._answers),
        )

    def refusal(self, errors: Sequence[SendError]) -> SendError:
        """
        The error that says that nobody was accepted.

        Args:
            errors: What failed, in order.
        """
        return refused_to_all(self.result(), errors)


def _replaces(status: RecipientStatus, before: RecipientStatus) -> bool:
    return not before.accepted and likelihood(status) >= likelihood(before)


def with_attempts(
    result: SendResult, failures: Sequence[SendError | UnsupportedFeature]
) -> SendResult:
    """
    The result with what failed before it, ahead of what it has itself.

    Args:
        result: What became of the message.
        failures: What failed before, in order.
    """
    if not failures:
        return result
    return dataclasses.replace(result, attempts=(*failures, *result.attempts))
