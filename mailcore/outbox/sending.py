"""One row through a mailer: the message as it is sent, and an outcome whatever happens."""

from __future__ import annotations

import logging

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailcore.errors import MailcoreError, MessageRejected, SendError, UnsupportedFeature
from mailcore.features import Feature
from mailcore.message.message import Message
from mailcore.middleware.idempotency import Idempotency
from mailcore.middleware.remaining import only_for
from mailcore.outbox.rows import OutboxRow
from mailcore.result import SendResult


if TYPE_CHECKING:
    from mailcore.mailer import Mailer

logger = logging.getLogger("mailcore.outbox")

METADATA_KEY = "mailcore_outbox_id"
"""The name under which the id of a row travels: 18 characters, and some services allow 20."""


class RowSender:
    """
    Sends rows through a mailer.

    Args:
        mailer: The mailer with its own defaults and policies.
        metadata_key: The name of the metadata under which the id of the row travels; None where it
            is not to travel.
    """

    def __init__(self, mailer: Mailer[Any], metadata_key: str | None) -> None:
        self._mailer = mailer
        self._metadata_key = metadata_key
        provider = mailer.provider
        self._features = provider.features
        self._has_metadata = self._features[Feature.METADATA].kind != "no"
        self._is_native = provider.idempotency == "native"
        self._keeps_keys = any(isinstance(each, Idempotency) for each in mailer.middleware)

    def send(self, rows: Sequence[OutboxRow]) -> list[SendResult | MailcoreError]:
        """
        Send rows, in one call where the provider takes several.

        Args:
            rows: The rows, whose sends have begun.

        Returns:
            What became of each; nothing is raised.
        """
        outcomes: dict[str, SendResult | MailcoreError] = {}
        messages: dict[str, Message] = {}
        for row in rows:
            try:
                messages[row.id] = self._message(row)
            except MailcoreError as error:
                outcomes[row.id] = error
            except Exception:
                logger.exception("row %s cannot be read", row.id)
                reason = "the row cannot be read"
                outcomes[row.id] = MessageRejected(reason, category="unreadable_row")
        marked = {row_id: self._marked(row_id, message) for row_id, message in messages.items()}
        for row_id, outcome in zip(marked, self._sent(list(marked.values())), strict=True):
            outcomes[row_id] = outcome
            if _has_no_room(outcome) and marked[row_id] is not messages[row_id]:
                # Events find it by the provider's id alone.
                (outcomes[row_id],) = self._sent([messages[row_id]])
        return [outcomes[row.id] for row in rows]

    def _message(self, row: OutboxRow) -> Message:
        """The message of a row, to those that its next send is for."""
        message = row.message()
        if self._is_native and message.idempotency_key is None:
            message = message.replace(idempotency_key=row.id)
        elif message.idempotency_key is not None and not self._is_native and not self._keeps_keys:
            # The outbox has seen to it that the message is there once.
            message = message.replace(idempotency_key=None)
        if row.remaining is None:
            return message
        narrowed = only_for(message, row.remaining, self._features)
        if narrowed is None:
            reason = "no message can be made for those who are left: all of them get copies"
            raise MessageRejected(reason, category="no_message")
        # Not again to those whom the defaults of the mailer add, who were sent to with the others.
        return narrowed.replace(cc=narrowed.cc or None, bcc=narrowed.bcc or None)

    def _marked(self, row_id: str, message: Message) -> Message:
        """The message with the id of its row, if the provider brings metadata back."""
        name = self._metadata_key
        if name is None or not self._has_metadata or "metadata" in message.declined:
            return message
        return message.replace(metadata={**message.metadata, name: row_id})

    def _sent(self, messages: Sequence[Message]) -> list[SendResult | MailcoreError]:
        if not messages:
            return []
        outcomes: list[SendResult | MailcoreError] = []
        try:
            outcomes += self._mailer.send_many(messages, messages_per_call=len(messages))
        except BaseException as fault:
            # A mailer makes an outcome of every exception; this one is none, such as SystemExit.
            logger.exception("%s while sending", type(fault).__name__)
        missing = len(messages) - len(outcomes)
        return [*outcomes, *(self._fault() for _ in range(missing))]

    def _fault(self) -> SendError:
        return SendError(
            "the send was cut off",
            provider=self._mailer.provider.name,
            category="fault",
            maybe_accepted=True,
        )


def _has_no_room(outcome: SendResult | MailcoreError) -> bool:
    """Whether the message was refused, unsent, because of its metadata."""
    return isinstance(outcome, UnsupportedFeature) and any(
        problem.feature == Feature.METADATA.value or problem.field.startswith("metadata")
        for problem in outcome.problems
    )
