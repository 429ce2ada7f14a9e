"""
The hooks that extensions may implement.

Each implementation has :data:`hookimpl` before it::

    from mailcore import hookimpl

    @hookimpl
    def mailcore_message_sent(message, result):
        metrics.increment("mail.sent", len(result.accepted))

A module with such functions is installed through the entry-point group ``mailcore.extensions``,
or registered with ``Registry.register_extension``. All hooks are synchronous and must not block:
async mailers call them in the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pluggy


if TYPE_CHECKING:
    import argparse

    from mailcore.errors import MailcoreError, Problem
    from mailcore.events import Event
    from mailcore.flow import Transport
    from mailcore.message.message import Message
    from mailcore.provider import Provider
    from mailcore.result import SendResult
    from mailcore.webhook.request import WebhookRequest

PROJECT = "mailcore"

SubParsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What :func:`mailcore_register_commands` adds a command to: argparse's own class has no name."""

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)
"""Stands before each implementation, as ``@hookimpl`` or with options of pluggy's."""


@hookspec
def mailcore_register_providers() -> Iterable[type[Provider[Any, Any]]]:  # type: ignore[empty-body]  # a spec
    """Return further provider classes. Called once, when a provider is looked up."""


@hookspec
def mailcore_register_middleware() -> Mapping[str, Callable[..., Any]]:  # type: ignore[empty-body]  # a spec
    """
    Return middleware factories by name.

    Called when a mailer names middleware; none of it runs until a mailer names it.
    """


@hookspec
def mailcore_register_commands(cli: SubParsers) -> None:
    """
    Add commands to the ``mailcore`` command line.

    Called when the command line starts. Add a parser, and set its default ``run`` to a function
    that takes the parsed arguments and returns the exit code. The arguments have ``registry``, the
    registry of this run. Names of mailcore's own commands are taken.
    """


@hookspec(firstresult=True)
def mailcore_create_transport(provider: Provider[Any, Any]) -> Transport | None:
    """
    Return the transport for a provider, or None for its own.

    Called once per provider, and again in a process that was forked.
    """


@hookspec
def mailcore_check_features(  # type: ignore[empty-body]  # a spec
    provider: Provider[Any, Any], message: Message
) -> Iterable[Problem]:
    """
    Return why a message must not be sent: a policy of yours.

    Called before each send, after the provider's declaration was enforced; its own ``check`` is
    one implementation.
    """


@hookspec(firstresult=True)
def mailcore_build_payload(  # type: ignore[empty-body]  # a spec
    provider: Provider[Any, Any], message: Message
) -> Sequence[Any]:
    """
    Return the requests that send a message; the provider's ``build`` is the last implementation.

    Use a wrapper (``hookimpl(wrapper=True)``) to look at or change its requests.
    """


@hookspec(firstresult=True)
def mailcore_parse_events(  # type: ignore[empty-body]  # a spec
    provider: Provider[Any, Any], request: WebhookRequest
) -> Sequence[Event]:
    """
    Return the events in a verified request; the provider's ``parse_webhook`` is the last.

    Use a wrapper (``hookimpl(wrapper=True)``) to look at or change its events.
    """


@hookspec
def mailcore_before_send(provider: Provider[Any, Any], message: Message) -> Message | None:
    """
    Return another message to send instead, or None; raise ``CancelSend`` to send nothing.

    Called once for each send, before checks; each implementation gets what the one before
    returned. Implementations registered later come first; wrappers are not allowed here.
    """


@hookspec
def mailcore_message_sent(message: Message, result: SendResult) -> None:
    """Called after a provider took a message. What it raises is logged, never passed on."""


@hookspec
def mailcore_message_failed(
    message: Message,
    error: MailcoreError,
    final: bool,  # noqa: FBT001  # pluggy passes every argument by name
) -> None:
    """
    Called after a send failed.

    `final` is False if a policy such as :class:`~mailcore.middleware.Retry` will send the message
    again, or the part of it that failed: this is not the last that is heard of it, and what counts
    lost messages leaves it out. Without such a policy it is True.

    A send that is cut off, because its task was cancelled or the process told to stop, comes here
    as :class:`~mailcore.errors.SendInterrupted`; ``maybe_accepted`` once writing began.

    What it raises is logged, never passed on.
    """


@hookspec
def mailcore_event_received(event: Event) -> None:
    """
    Called with each verified event of a webhook, after its handler was done with it.

    **An observer that raises has lost the event**: the error is logged, and the provider does not
    send the event again. An event that must not be lost belongs into a handler (``on_event`` of
    ``receive()``, an application, an :class:`~mailcore.webhook.EventRouter` with several), whose
    exceptions make the provider send it again. An event that a handler fails with does not come
    here until the handler succeeds.
    """
