"""
Keys by which Brevo tells a call that it has had.

https://developers.brevo.com/docs/heterogenous-versions-batch-emails (as of 2026-11-30):
``idempotencyKey``, spelled so, among the headers of the JSON; a UUID, one for each call, which
counts for 30 minutes. A second call with the same is refused with ``duplicate_parameter``: it sends
nothing, and the answer does not have the ids of the first. As a header of HTTP, or spelled
otherwise, it does nothing (https://github.com/getbrevo/brevo-node/issues/94, read 2026-11-30).
"""

from __future__ import annotations

import uuid

from mailcore.message import Message


KEY_HEADER = "idempotencyKey"
# Of this plugin, for names that are no UUID themselves (RFC 9562, section 5.5).
_NAMESPACE = uuid.UUID("8f0c3d4e-6d8a-5f0b-9a57-2a7a5b0b6c41")


def key_of_call(message: Message, position: int = 0, calls: int = 1) -> str | None:
    """
    The UUID of one call of a message; None if the message has no key.

    The same message has the same ones: its own key if that is a UUID and there is one call, else
    one that is made of it (UUID version 5).

    Args:
        message: The message that is sent.
        position: Which of the calls.
        calls: How many calls there are.
    """
    key = message.idempotency_key
    if key is None:
        return None
    if calls == 1:
        own = _as_uuid(key)
        return own or str(uuid.uuid5(_NAMESPACE, key))
    return str(uuid.uuid5(_NAMESPACE, f"{position}/{calls} {key}"))


def _as_uuid(key: str) -> str | None:
    try:
        return str(uuid.UUID(key)) if len(key) == 36 else None  # with hyphens
    except ValueError:
        return None
