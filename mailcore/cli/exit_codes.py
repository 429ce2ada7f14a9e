"""Exit codes, and which error gets which: the table is in :mod:`mailcore.cli`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailcore.errors import (
    CancelSend,
    ConfigurationError,
    MessageError,
    SendError,
    StoreError,
    WebhookError,
)


if TYPE_CHECKING:
    from mailcore.result import SendResult

__all__ = [
    "BAD_WEBHOOK",
    "INTERNAL",
    "INTERRUPTED",
    "INVALID_MESSAGE",
    "MAYBE_ACCEPTED",
    "NOT_SENT",
    "OK",
    "OUTPUT_FAILED",
    "PARTIAL",
    "READER_GONE",
    "TRY_LATER",
    "USAGE",
    "epilog",
    "of_error",
]


OK = 0
"""Done; every recipient was accepted."""
NOT_SENT = 1
"""The provider refused it, or an extension called it off."""
USAGE = 2
"""An option, a file that cannot be read, a provider that is unknown or broken."""
INVALID_MESSAGE = 3
"""The message is invalid, or the provider cannot express it."""
BAD_WEBHOOK = 4
"""The webhook request is malformed, or not proven to come from the provider."""
PARTIAL = 5
"""Some recipients were accepted, or some of several messages."""
MAYBE_ACCEPTED = 6
"""Nobody knows whether it was accepted."""
INTERNAL = 70
"""A fault in mailcore or in a plugin (EX_SOFTWARE of sysexits.h)."""
OUTPUT_FAILED = 74
"""The output could not be written (EX_IOERR)."""
TRY_LATER = 75
"""Not sent, but the same may succeed later (EX_TEMPFAIL)."""
INTERRUPTED = 130
"""Ctrl-C."""
READER_GONE = 141
"""Whoever read the output has stopped reading."""

EPILOG = """\
exit codes:
  0    done; every recipient was accepted
  1    not sent: the provider refused it, or an extension called it off
  2    usage or configuration: an option, an unreadable file, an unknown or broken provider
  3    the message is invalid, or the provider cannot express it; nothing was sent
  4    the webhook request is malformed, or not proven to come from the provider
  5    accepted in part: some recipients, or some of several messages
  6    nobody knows whether it was accepted: sending again may deliver twice
  70   a fault in mailcore or in a plugin; --debug shows where
  74   the output could not be written
  75   not sent, but the same may succeed later
  130  interrupted
  141  whoever read the output has stopped reading
"""


def epilog(*examples: str) -> str:
    """What the help of a command ends with: examples, each a command line without ``mailcore``."""
    lines = "".join(f"  mailcore {example}\n" for example in examples)
    return f"examples:\n{lines}\n`mailcore --help` lists the exit codes.\n"


def of_error(error: BaseException) -> int:
    """The code of an error."""
    if isinstance(error, SendError):
        if error.maybe_accepted:
            return MAYBE_ACCEPTED
        return TRY_LATER if error.retryable else NOT_SENT
    if isinstance(error, MessageError):
        return INVALID_MESSAGE
    if isinstance(error, WebhookError):
        return BAD_WEBHOOK
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, StoreError):
        return TRY_LATER
    return NOT_SENT if isinstance(error, CancelSend) else INTERNAL


def of_result(result: SendResult) -> int:
    """The code of a send that raised nothing."""
    if not result.refused:
        return OK
    # A result in which nobody was accepted is one of which the provider says nothing.
    return PARTIAL if result.accepted else MAYBE_ACCEPTED


def of_several(codes: Iterable[int]) -> int:
    """The code of several sends."""
    found = set(codes)
    if found <= {OK}:
        return OK
    if found & {OK, PARTIAL}:
        return PARTIAL
    if MAYBE_ACCEPTED in found:
        return MAYBE_ACCEPTED
    return found.pop() if len(found) == 1 else NOT_SENT
