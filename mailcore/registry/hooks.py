"""The typed façade over the hooks: nothing else calls pluggy."""

from __future__ import annotations

import functools
import logging

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from mailcore.errors import ConfigurationError, MailcoreError, PluginLoadError, Problem
from mailcore.message.message import Message
from mailcore.registry import hookspecs
from mailcore.registry.hookspecs import hookimpl


if TYPE_CHECKING:
    import argparse

    from mailcore.events import Event
    from mailcore.flow import Transport
    from mailcore.provider import Provider
    from mailcore.result import SendResult
    from mailcore.webhook.request import WebhookRequest

logger = logging.getLogger("mailcore.hooks")

_LOST = ": it has lost this event, which does not come again; a handler of the webhook would get it"
_CALLED_ONE_BY_ONE = (
    "mailcore_register_providers",
    "mailcore_register_middleware",
    "mailcore_before_send",
    "mailcore_message_sent",
    "mailcore_message_failed",
    "mailcore_event_received",
)


class _ProviderItself:
    """The provider as the last implementation of the hooks that an extension may wrap."""

    @hookimpl(trylast=True)
    def mailcore_create_transport(self, provider: Provider[Any, Any]) -> Transport:
        return provider.create_transport()

    @hookimpl(trylast=True)
    def mailcore_check_features(
        self, provider: Provider[Any, Any], message: Message
    ) -> Sequence[Problem]:
        return tuple(provider.check(message))

    @hookimpl(trylast=True)
    def mailcore_build_payload(
        self, provider: Provider[Any, Any], message: Message
    ) -> Sequence[Any]:
        return provider.build(message)

    @hookimpl(trylast=True)
    def mailcore_parse_events(
        self, provider: Provider[Any, Any], request: WebhookRequest
    ) -> Sequence[Event]:
        return provider.parse_webhook(request)


class Hooks:
    """The hooks of one registry; :mod:`mailcore.registry.hookspecs` documents each method."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(_ProviderItself(), name="mailcore: the provider itself")
        self._call = self._manager.hook

    def register(self, extension: object, name: str) -> None:
        """
        Add an extension: a module or object with hook implementations.

        Raises:
            PluginLoadError: If it implements a hook that does not exist, with other arguments,
                or with a wrapper where none is allowed.
        """
        registered = self._manager.has_plugin(name)
        try:
            self._manager.register(extension, name=name)
            self._manager.check_pending()
            self._refuse_wrappers(extension)
        except (pluggy.PluginValidationError, ValueError) as error:
            if not registered and self._manager.get_plugin(name) is extension:
                self._manager.unregister(extension)
            raise PluginLoadError(f"extension {name!r}: {error}", name=name) from error

    def _refuse_wrappers(self, extension: object) -> None:
        for hook in _CALLED_ONE_BY_ONE:
            for implementation in getattr(self._call, hook).get_hookimpls():
                wraps = implementation.wrapper or implementation.hookwrapper
                if implementation.plugin is extension and wraps:
                    raise ValueError(f"{hook} cannot be wrapped")

    def register_providers(
        self,
    ) -> Iterator[tuple[str, Callable[[], Iterable[type[Provider[Any, Any]]]]]]:
        """Pairs of the extension's name and what returns its provider classes."""
        return self._each("mailcore_register_providers")

    def register_middleware(self) -> dict[str, Callable[..., Any]]:
        """
        Middleware factories by name.

        Raises:
            ConfigurationError: If two extensions register one name, or one of them fails.
        """
        factories: dict[str, Callable[..., Any]] = {}
        for extension, offer in self._each("mailcore_register_middleware"):
            try:
                found = dict(offer())
            except Exception as error:
                text = f"extension {extension!r} cannot register middleware: {error}"
                raise PluginLoadError(text, name=extension) from error
            for name, factory in found.items():
                if name in factories:
                    raise ConfigurationError(f"middleware {name!r} is registered twice")
                factories[name] = factory
        return factories

    def register_commands(
        self, cli: argparse._SubParsersAction[Any]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Pairs of the extension's name and what adds its commands to the command line."""
        for name, add in self._functions("mailcore_register_commands"):
            yield name, functools.partial(add, cli=cli)

    def create_transport(self, provider: Provider[Any, Any]) -> Transport:
        """The first transport that anybody offers."""
        transport: Transport = self._call.mailcore_create_transport(provider=provider)
        return transport

    def check_features(self, provider: Provider[Any, Any], message: Message) -> list[Problem]:
        """Everybody's problems with the message, the provider's first."""
        if _is_alone(self._call.mailcore_check_features):
            return list(provider.check(message))
        found = self._call.mailcore_check_features(provider=provider, message=message)
        return [problem for problems in reversed(found) for problem in problems]

    def build_payload(self, provider: Provider[Any, Any], message: Message) -> Sequence[Any]:
        """The requests that send the message."""
        if _is_alone(self._call.mailcore_build_payload):
            return provider.build(message)
        requests: Sequence[Any] = self._call.mailcore_build_payload(
            provider=provider, message=message
        )
        return requests

    def parse_events(
        self, provider: Provider[Any, Any], request: WebhookRequest
    ) -> Sequence[Event]:
        """The events in a verified request."""
        if _is_alone(self._call.mailcore_parse_events):
            return provider.parse_webhook(request)
        events: Sequence[Event] = self._call.mailcore_parse_events(
            provider=provider, request=request
        )
        return events

    def before_send(self, provider: Provider[Any, Any], message: Message) -> Message:
        """The message, or what an extension makes of it."""
        if not self._call.mailcore_before_send.get_hookimpls():
            return message
        for extension, function in self._functions("mailcore_before_send"):
            replacement = function(provider=provider, message=message)
            if replacement is None:
                continue
            if not isinstance(replacement, Message):
                text = f"mailcore_before_send returned {type(replacement).__name__}, not a Message"
                raise PluginLoadError(f"extension {extension!r}: {text}", name=extension)
            message = replacement
        return message

    def message_sent(self, message: Message, result: SendResult) -> None:
        """Tell the observers."""
        self._observe("mailcore_message_sent", message=message, result=result)

    def message_failed(self, message: Message, error: MailcoreError, *, final: bool) -> None:
        """Tell the observers."""
        self._observe("mailcore_message_failed", message=message, error=error, final=final)

    def event_received(self, event: Event) -> None:
        """Tell the observers."""
        self._observe("mailcore_event_received", _LOST, event=event)

    def _each(self, hook: str) -> Iterator[tuple[str, Any]]:
        for implementation in getattr(self._call, hook).get_hookimpls():
            yield implementation.plugin_name, implementation.function

    def _functions(self, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        # One by one, because each gets what the one before returned, or must not stop the next.
        for implementation in reversed(getattr(self._call, hook).get_hookimpls()):
            yield implementation.plugin_name, _with_arguments(implementation)

    def _observe(self, hook: str, told: str = "", **arguments: object) -> None:
        for implementation in reversed(getattr(self._call, hook).get_hookimpls()):
            try:
                _with_arguments(implementation)(**arguments)
            except Exception:
                name = implementation.plugin_name
                logger.exception("observer %s of %s failed%s", hook, name, told)


def _is_alone(hook: pluggy.HookCaller) -> bool:
    """Whether only the provider implements the hook: it can be asked without pluggy's detour."""
    return len(hook.get_hookimpls()) == 1


def _with_arguments(implementation: Any) -> Callable[..., Any]:
    """The function of an implementation, called with those arguments that it names."""

    def call(**arguments: object) -> Any:
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    return call


def extension_name(extension: object) -> str:
    """What to call an extension that was registered without a name."""
    if isinstance(extension, ModuleType):
        return extension.__name__
    return f"{type(extension).__module__}.{type(extension).__qualname__}"
