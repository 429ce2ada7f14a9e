"""
What tests of mail need: of programs that send it, and of providers.

* :class:`Outbox` with :func:`capture`, and the pytest fixture ``mailcore_outbox``: messages that a
  program sends are checked and built as ever, then kept instead of sent.
* :class:`Script`: a transport that answers what the test wrote down.
* :func:`drive` with :class:`VirtualClock`: runs a flow without waiting.
* :class:`ProviderSuite`: the conformance suite that every provider subclasses.
* :class:`SuppressionStoreSuite`, :class:`IdempotencyStoreSuite`: the same for stores of policies.
* :class:`OutboxStoreSuite`: the same for what keeps an outbox.

Nothing here needs pytest: checks raise :class:`AssertionError`, whatever runs them. Names are
loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.testing.canaries import Canary, token
    from mailcore.testing.capturing import capture
    from mailcore.testing.clock import VirtualClock, drive
    from mailcore.testing.decoding import Finding, decode_request
    from mailcore.testing.inbound_checks import received_mail
    from mailcore.testing.outbox import Outbox
    from mailcore.testing.outbox_checks import OutboxStoreSuite
    from mailcore.testing.script import Script
    from mailcore.testing.store_checks import IdempotencyStoreSuite, SuppressionStoreSuite
    from mailcore.testing.suite import ProviderSuite
    from mailcore.testing.suite_values import Notice, TransportFault
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Canary": "testing.canaries",
            "Finding": "testing.decoding",
            "IdempotencyStoreSuite": "testing.store_checks",
            "Notice": "testing.suite_values",
            "Outbox": "testing.outbox",
            "OutboxStoreSuite": "testing.outbox_checks",
            "ProviderSuite": "testing.suite",
            "Script": "testing.script",
            "SuppressionStoreSuite": "testing.store_checks",
            "TransportFault": "testing.suite_values",
            "VirtualClock": "testing.clock",
            "capture": "testing.capturing",
            "decode_request": "testing.decoding",
            "drive": "testing.clock",
            "received_mail": "testing.inbound_checks",
            "token": "testing.canaries",
        },
    )

__all__ = [
    "Canary",
    "Finding",
    "IdempotencyStoreSuite",
    "Notice",
    "Outbox",
    "OutboxStoreSuite",
    "ProviderSuite",
    "Script",
    "SuppressionStoreSuite",
    "TransportFault",
    "VirtualClock",
    "capture",
    "decode_request",
    "drive",
    "received_mail",
    "token",
]
