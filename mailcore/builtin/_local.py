"""What the built-in providers have in common: whole messages as requests, an id as the answer."""

from __future__ import annotations

import secrets

from dataclasses import dataclass, field

from mailcore.features import NO, YES, Feature, Features, yes
from mailcore.flow import Request
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import RecipientStatus, SendStatus


_RECEIVING = (Feature.EVENT_WEBHOOKS, Feature.WEBHOOK_VERIFICATION, Feature.INBOUND)

_KEPT = {
    Feature.SEND_AT: yes("kept with the message; nothing waits"),
    Feature.IDEMPOTENCY_KEY: yes("kept with the message; every send counts"),
}

KEEPS_ALL = Features(
    **{
        feature.value: NO("it reports nothing")
        if feature in _RECEIVING
        else _KEPT.get(feature, YES)
        for feature in Feature
    }
)
"""A whole message can express whatever a message can say."""


@dataclass(frozen=True, kw_only=True)
class MessageRequest(Request):
    """A request that is the message itself."""

    message: Message = field(repr=False)


class LocalProvider(Provider[MessageRequest, str]):
    """Hands messages to its transport, which answers with an id."""

    features = KEEPS_ALL
    reaches_out = False

    def build(self, message: Message) -> list[MessageRequest]:
        """One request with the message."""
        return [MessageRequest(message=message, recipients=message.recipients)]

    def parse(self, request: MessageRequest, response: str) -> dict[str, RecipientStatus]:
        """Every recipient was sent to."""
        return dict.fromkeys(
            request.recipients, RecipientStatus(SendStatus.SENT, message_id=response)
        )


def new_message_id() -> str:
    """An id that no other message has."""
    return secrets.token_hex(12)
