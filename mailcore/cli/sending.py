"""A mailer for one run of the command line."""

from __future__ import annotations

import argparse
import contextlib
import sys

from collections.abc import Iterator, Sequence

from mailcore.cli import output
from mailcore.cli.choosing import Chosen
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.middleware.policy import Policy
from mailcore.registry.registry import Registry
from mailcore.result import SendResult


@contextlib.contextmanager
def open_mailer(
    arguments: argparse.Namespace, chosen: Chosen, middleware: Sequence[Policy] = ()
) -> Iterator[Mailer]:
    """A mailer whose connections are closed at the end."""
    registry: Registry = arguments.registry
    try:
        yield Mailer(chosen.provider, registry=registry, middleware=middleware)
    finally:
        registry.close(chosen.provider)


def send(mailer: Mailer, message: Message, *, stdout_is_json: bool) -> SendResult:
    """
    Send one message.

    Args:
        mailer: The mailer that sends it.
        message: The message that is sent.
        stdout_is_json: Whether nobody else may write to standard output: a provider that prints,
            such as ``console``, prints to standard error then.

    Raises:
        MailcoreError: As :meth:`mailcore.Mailer.send` does.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr if stdout_is_json else sys.stdout):
            return mailer.send(message)
    except KeyboardInterrupt:
        output.note("interrupted while sending: the message may be on its way", always=True)
        raise
