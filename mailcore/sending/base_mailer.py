"""What mailers have in common: how one message is prepared, checked, sent, and told about."""

from __future__ import annotations

import logging
import os

from collections.abc import (
    Sequence,
)
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, overload

from mailcore.errors import (
    CancelSend,
    ConfigurationError,
    InvalidMessageType,
    MailcoreError,
    MessageRejected,
    Problem,
    RecipientsRefused,
    SendError,
    UnsupportedFeature,
)
from mailcore.features import UnsupportedPolicy, checked_policy
from mailcore.flow import Flow, Transport
from mailcore.foundation.threads import Threads
from mailcore.http.redirect_variable import redirect_target
from mailcore.http.redirecting import tell_of_redirect
from mailcore.message.defaults import Defaults
from mailcore.message.message import Message, MessageFields
from mailcore.middleware.policy import Sender, advice_of, attached
from mailcore.pools.composite import (
    CompositeProvider,
    Member,
    Via,
    leaves,
    made_by,
    nobody_can,
)
from mailcore.provider import AnyProvider, Provider
from mailcore.registry.options import options_from_url
from mailcore.registry.registry import Registry, default_registry
from mailcore.result import SendResult
from mailcore.sending.arguments import (
    checked_concurrency,
    checked_middleware,
    checked_transport,
    given_policies,
    made_provider,
    middleware_of_members,
    require_namespaces,
    require_reachable_defaults,
    returns_refused,
)
from mailcore.sending.checking import Checked, check, telling_what_was_dropped
from mailcore.sending.combining import together
from mailcore.sending.delivery import Attempt, Middleware, Send, deliver
from mailcore.sending.many import Manner, OnProgress, Outcome
from mailcore.sending.preview import Preview


if TYPE_CHECKING:
    from typing_extensions import Self, TypeVar

    from mailcore.middleware.policy import Policy
    from mailcore.middleware.stacks import Policies

    ProviderT_co = TypeVar(
        "ProviderT_co", bound=Provider[Any, Any], default=Provider[Any, Any], covariant=True
    )
else:
    # Only type checkers look at its bound and its default, and importing typing_extensions costs
    # time (benchmarks/imports.py).
    from typing import TypeVar

    ProviderT_co = TypeVar("ProviderT_co", covariant=True)

logger = logging.getLogger("mailcore.mailer")

URL_VARIABLE = "MAILCORE_URL"
"""The environment variable that has a provider's URL, for ``from_env()`` and the command line."""


class BaseMailer(Generic[ProviderT_co]):
    """A mailer that does not send yet: see :class:`~mailcore.mailer.Mailer`."""

    @overload
    def __init__(
        self,
        provider: ProviderT_co,
        *,
        transport: Transport | None = None,
        defaults: Defaults | MessageFields | None = None,
        middleware: Sequence[Middleware | Policy | str] = (),
        policies: Policies | None = None,
        unsupported: UnsupportedPolicy | None = None,
        refused: Literal["raise", "return"] = "raise",
        registry: Registry | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: BaseMailer[AnyProvider],
        provider: str,
        *,
        transport: Transport | None = None,
        defaults: Defaults | MessageFields | None = None,
        middleware: Sequence[Middleware | Policy | str] = (),
        policies: Policies | None = None,
        unsupported: UnsupportedPolicy | None = None,
        refused: Literal["raise", "return"] = "raise",
        registry: Registry | None = None,
        **options: object,
    ) -> None: ...
    def __init__(
        self,
        provider: str | Provider[Any, Any],
        *,
        transport: Transport | None = None,
        defaults: Defaults | MessageFields | None = None,
        middleware: Sequence[Middleware | Policy | str] = (),
        policies: Policies | None = None,
        unsupported: UnsupportedPolicy | None = None,
        refused: Literal["raise", "return"] = "raise",
        registry: Registry | None = None,
        **options: object,
    ) -> None:
        self._registry = registry if registry is not None else default_registry()
        self._registry.load_extensions()
        self.provider: Final[ProviderT_co] = made_provider(provider, options, self._registry)
        self._own_provider = self.provider is not provider
        self._transport: Transport | None = checked_transport(transport, self.provider)
        self._unsupported = checked_policy(unsupported)
        self._returns_refused = returns_refused(refused)
        self._defaults = defaults if isinstance(defaults, Defaults) else Defaults(defaults)
        require_reachable_defaults(self._defaults, self.provider)
        self._sender = Sender(
            provider=self.provider, registry=self._registry, own_transport=self._transport
        )
        self.middleware: Final[tuple[Middleware | Policy, ...]] = (
            *given_policies(policies),
            *checked_middleware(middleware, self._registry.hooks.register_middleware),
        )
        self._middleware: list[Middleware] = attached(self.middleware, self._sender)
        self._threads = Threads()
        self._itself = Member(provider=self.provider, transport=self._transport)
        is_pool = isinstance(self.provider, CompositeProvider)
        self._members = list(leaves(self.provider)) if is_pool else [self._itself]
        self._middleware_of = middleware_of_members(self.provider, self._registry)
        self._told_of_redirect = False
        self._tell_of_redirect()
        self.provider.prepare()

    @classmethod
    def from_url(cls, url: str, *, registry: Registry | None = None, **settings: Any) -> Self:
        """
        Make a mailer from ``provider://?option=value&…``, and from the environment.

        Args:
            url: May hold secrets: keep it where you keep those.
            registry: Where to look the provider up.
            settings: Further arguments of the mailer; options override the URL's.

        Raises:
            ConfigurationError: If the URL, the provider or an option is wrong.
        """
        chosen = registry if registry is not None else default_registry()
        provider_class = chosen.class_of_url(url)
        options = options_from_url(provider_class, url, given=settings)
        return cls(provider_class.name, registry=chosen, **{**options, **settings})

    @classmethod
    def from_env(cls, variable: str = URL_VARIABLE, **settings: Any) -> Self:
        """
        Make a mailer from the URL in an environment variable.

        Raises:
            ConfigurationError: If the variable is not set, or its URL is wrong.
        """
        url = os.environ.get(variable, "").strip()
        if not url:
            raise ConfigurationError(
                f"environment variable {variable} is not set: give it a URL "
                f"such as console:// or provider://?option=value"
            )
        return cls.from_url(url, **settings)

    def advice(self) -> tuple[str, ...]:
        """Say what whoever runs this mailer should know of its policies, a sentence each."""
        return tuple(advice_of(self.middleware, self._sender))

    def preview(self, message: Message) -> Preview:
        """
        Say what :meth:`send` would do with a message, without I/O.

        The defaults are applied, then ``mailcore_before_send`` of the extensions and the policy for
        unsupported features, and the message is checked as a send does it. Middleware is left out:
        it may do I/O, and what it does is its own.

        Returns:
            The message as it would be sent, and the requests that would send it.

        Raises:
            MessageError: As :meth:`send` does: the message is wrong for this provider.
            CancelSend: A hook calls it off.
        """
        provider, checked, passed_over = self._chosen(self.provider, self._prepared(message))
        return Preview(
            provider=provider.name,
            message=checked.message,
            requests=self._registry.hooks.build_payload(provider, checked.message),
            dropped=checked.dropped,
            passed_over=passed_over,
        )

    def _chosen(
        self, provider: AnyProvider, message: Message
    ) -> tuple[AnyProvider, Checked, tuple[UnsupportedFeature, ...]]:
        """Who would be asked first to send a message, of a pool, and who would be passed over."""
        if not isinstance(provider, CompositeProvider):
            return provider, self._checked(provider, message), ()
        refusals: list[UnsupportedFeature] = []
        for member in provider.order(message):
            try:
                chosen, checked, before = self._chosen(member.provider, message)
            except UnsupportedFeature as error:
                refusals.append(error)
            else:
                return chosen, checked, (*refusals, *before)
        raise nobody_can(provider, refusals)

    def _channel(self, member: Member) -> Transport:
        if member.provider.reaches_out and not self._told_of_redirect:
            self._tell_of_redirect()
        return self._registry.transport_for(member.provider, member.transport)

    def _tell_of_redirect(self) -> None:
        target = redirect_target()
        if target is not None and any(each.provider.reaches_out for each in self._members):
            self._told_of_redirect = True
            tell_of_redirect(self.provider.name, target)

    def _channels(self) -> list[Transport]:
        """The transports of all that may send."""
        return [self._channel(member) for member in self._members]

    def _close(self) -> None:
        if self._own_provider and self._transport is None:
            self._registry.close(self.provider)
        elif isinstance(self.provider, CompositeProvider):
            with ExitStack() as all_of_them:
                for made in made_by(self.provider):
                    all_of_them.callback(self._registry.close, made)

    def _sending(self, message: Message, attempt: Attempt | None = None) -> Flow[SendResult]:
        _require_message(message)
        hooks = self._registry.hooks
        attempt = attempt if attempt is not None else Attempt()
        send: Send = partial(self._leaf, attempt)
        for middleware in reversed(self._middleware):
            send = _around(middleware, send)
        try:
            message = self._prepared(message)
            result = yield from send(message)
        except CancelSend:
            raise
        except MailcoreError as error:
            hooks.message_failed(message, error, final=True)
            refused = _refused(error) if self._returns_refused else None
            if refused is None:
                raise
            return refused
        except Exception:
            raise
        except BaseException:
            # Of whoever drives the flow, mostly: it is closed while it waits.
            interrupted = attempt.interrupted(self.provider.name)
            maybe = "maybe accepted" if interrupted.maybe_accepted else "not sent"
            logger.warning("%s (%s)", interrupted, maybe)
            hooks.message_failed(message, interrupted, final=True)
            raise
        attempt.end(result.recipients.values())
        hooks.message_sent(message, result)
        return result

    def _leaf(self, attempt: Attempt, message: Message) -> Flow[SendResult]:
        return self._sent_by(attempt, self._itself, message)

    def _through(self, attempt: Attempt, member: Member, message: Message) -> Flow[SendResult]:
        """Send through a member of a pool, with what only that one has around a send."""
        send: Send = partial(self._sent_by, attempt, member)
        for middleware in reversed(self._middleware_of.get(id(member), ())):
            send = _around(middleware, send)
        return send(message)

    def _sent_by(self, attempt: Attempt, member: Member, message: Message) -> Flow[SendResult]:
        hooks, provider = self._registry.hooks, member.provider
        if isinstance(provider, CompositeProvider):
            failed = partial(hooks.message_failed, final=False)
            return provider.sending(
                message, Via(send=partial(self._through, attempt), failed=failed)
            )
        checked = self._checked(provider, message)
        if self._registry.outlet is not None and member.transport is None:
            sending = self._registry.outlet(provider, checked, hooks)
        else:
            sending = deliver(provider, checked.message, hooks, self._channel(member), attempt)
        if not checked.dropped:
            return sending
        return telling_what_was_dropped(provider, checked.dropped, sending)

    def _prepared(self, message: Message) -> Message:
        """The message as the middleware gets it."""
        _require_message(message)
        message = self._defaults.apply(message, self.provider.name)
        return self._registry.hooks.before_send(self.provider, message)

    def _checked(self, provider: AnyProvider, message: Message) -> Checked:
        """The message as a provider gets it."""
        require_namespaces(message, provider, self._registry)
        return check(provider, message, self._registry.hooks, self._unsupported)

    def _manner(
        self,
        concurrency: int,
        messages_per_call: int,
        on_progress: OnProgress | None,
        *,
        ordered: bool,
    ) -> Manner:
        if messages_per_call < 1:
            reason = f"messages_per_call must be at least 1, not {messages_per_call}"
            raise ConfigurationError(reason)
        return Manner(
            concurrency=checked_concurrency(concurrency),
            messages_per_call=min(messages_per_call, self.provider.max_messages_per_call),
            ordered=ordered,
            on_progress=on_progress,
        )

    def _sending_together(self, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        attempts = [Attempt() for _ in messages]
        flows = [self._sending(*each) for each in zip(messages, attempts, strict=True)]
        outcomes = yield from together(flows, self.provider)
        return [self._told(*each) for each in zip(outcomes, attempts, strict=True)]

    def _told(self, outcome: SendResult | Exception, attempt: Attempt) -> Outcome:
        if isinstance(outcome, (SendResult, MailcoreError)):
            return outcome
        # What a hook or middleware raised, which send() passes on as it is.
        fault = SendError(
            f"{type(outcome).__name__} while sending",
            provider=self.provider.name,
            category="fault",
            maybe_accepted=attempt.maybe_accepted,
        )
        fault.__cause__ = outcome
        return fault

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.provider.name!r})"


def _require_message(message: object) -> None:
    if not isinstance(message, Message):
        reason = f"a mailer takes a mailcore.Message, not {type(message).__name__}"
        raise InvalidMessageType([Problem("message", reason, kind="type")])


def _refused(error: MailcoreError) -> SendResult | None:
    """The result of a message that was refused to everybody, and failed for no other reason."""
    if not isinstance(error, RecipientsRefused):
        return None
    only_refused = all(isinstance(each, MessageRejected) for each in error.errors)
    return error.result if only_refused else None


def _around(middleware: Middleware, send: Send) -> Send:
    return lambda message: middleware(message, send)
