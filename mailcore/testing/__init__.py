"""
What tests of mail need: of programs that send it, and of providers.

* :class:`Outbox` with :func:`capture`, and the pytest fixture ``mailcore_outbox``: messages that a
  program sends are checked and built as ever, then kept instead of sent.
* :class:`Script`: a transport that answers what the test wrote down.
* :func:`drive` with :class:`VirtualClock`: runs a flow without waiting.
* :class:`ProviderSuite`: the conformance suite that every provider subclasses.

Nothing here needs pytest: checks raise :class:`AssertionError`, whatever runs them. Names are
loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from mailcore.testing.canaries import Canary, token
    from mailcore.testing.capturing import capture
    from mailcore.testing.clock import VirtualClock, drive
    from mailcore.testing.decoding import Finding, decode_request
    from mailcore.testing.inbound_checks import received_mail
    from mailcore.testing.outbox import Outbox
    from mailcore.testing.script import Script
    from mailcore.testing.suite import ProviderSuite
    from mailcore.testing.suite_values import Notice, TransportFault

__all__ = [
    "Canary",
    "Finding",
    "Notice",
    "Outbox",
    "ProviderSuite",
    "Script",
    "TransportFault",
    "VirtualClock",
    "capture",
    "decode_request",
    "drive",
    "received_mail",
    "token",
]

_MODULES = {
    "Canary": "canaries",
    "Finding": "decoding",
    "Notice": "suite_values",
    "Outbox": "outbox",
    "ProviderSuite": "suite",
    "Script": "script",
    "TransportFault": "suite_values",
    "VirtualClock": "clock",
    "capture": "capturing",
    "decode_request": "decoding",
    "drive": "clock",
    "received_mail": "inbound_checks",
    "token": "canaries",
}


def __getattr__(name: str) -> object:
    # The pytest plugin is loaded by every pytest run where mailcore is installed, so this
    # package loads nothing before somebody asks.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
