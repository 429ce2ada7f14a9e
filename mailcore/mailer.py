"""Mailers: a provider, its transport, and the policy of how to use them."""

from __future__ import annotations

import logging
import os

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
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
from mailcore.flow import Flow, Transport, arun, run
from mailcore.foundation.threads import Threads
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
from mailcore.sending.many import Manner, OnProgress, Outcome, Sent, asent, sent
from mailcore.sending.preview import Preview


if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self, TypeVar

    from mailcore.middleware.policy import Policy
    from mailcore.middleware.stacks import Policies

    ProviderT_co = TypeVar(
        "ProviderT_co", bound=Provider[Any, Any], default=Provider[Any, Any], covariant=True
    )
else:
    # Nobody looks at its bound and its default but type checkers, and typing_extensions costs time.
    from typing import TypeVar

    ProviderT_co = TypeVar("ProviderT_co", covariant=True)

__all__ = ["URL_VARIABLE", "AsyncMailer", "Mailer", "Middleware", "connect"]


logger = logging.getLogger("mailcore.mailer")

URL_VARIABLE = "MAILCORE_URL"
"""The environment variable that has a provider's URL, for ``from_env()`` and the command line."""

_THREADS = 32
"""How many threads an event loop has for a transport that does not say how much it can carry."""


class _BaseMailer(Generic[ProviderT_co]):
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
        self: _BaseMailer[AnyProvider],
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
        if member.transport is not None:
            return member.transport
        return self._registry.transport_for(member.provider)

    def _channels(self) -> list[Transport]:
        """The transports of all that may send."""
        return [self._channel(member) for member in self._members]

    def _close(self) -> None:
        if self._own_provider and self._transport is None:
            self._registry.close(self.provider)
        elif isinstance(self.provider, CompositeProvider):
            for made in made_by(self.provider):
                self._registry.close(made)

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


class Mailer(_BaseMailer[ProviderT_co]):
    """
    Sends messages through a provider.

    Safe to share between threads; make one and keep it: connections are reused.

    Args:
        provider: A name such as ``"console"``, or a provider.
        transport: Instead of the provider's own, for tests.
        defaults: What every message has unless it says otherwise: fields of a message, or
            :class:`~mailcore.message.defaults.Defaults`.
        middleware: Policies and flows around each send, the outermost first; or names that
            extensions registered.
        policies: The name of a stack of policies, ``"production"``, or policies in any order, which
            find their own place: :mod:`mailcore.middleware.stacks`. They are around `middleware`.
        unsupported: What to do with features that the provider lacks, such as
            ``{"track_opens": "drop"}``; the default is to raise.
        refused: What to do when the provider takes a message for nobody: ``raise``
            :class:`~mailcore.errors.RecipientsRefused`, or ``return`` the result that it would
            have; its ``status`` and the recipients' say what happened. A failure of another kind is
            raised all the same, and ``mailcore_message_failed`` is told in both cases.
        registry: Where to look the provider up.
        options: The provider's options, by name. Those that are not given may stand in the
            environment: see :mod:`mailcore.registry.option_variables`.

    Attributes:
        provider: The provider that it sends through.
        middleware: All policies and functions around its sends, the outermost first.

    Raises:
        ProviderNotFound: If no provider has that name.
        ConfigurationError: If an option is wrong, or policies contradict each other.
    """

    def send(self, message: Message) -> SendResult:
        """
        Send one message.

        Returns:
            A status for every recipient; at least one was accepted, or may be. With
            ``refused="return"``, perhaps none.

        Raises:
            MessageError: The message is wrong for this provider; nothing was sent.
            SendError: Nobody was accepted, or nobody knows (``maybe_accepted``).
            CancelSend: A hook called it off.
        """
        return run(self._sending(message))

    def send_many(
        self,
        messages: Iterable[Message],
        *,
        concurrency: int = 1,
        messages_per_call: int = 1,
        on_progress: OnProgress | None = None,
    ) -> Iterator[Outcome]:
        """
        Send messages, lazily: one that fails does not stop the others.

        Args:
            messages: Taken as they are needed: one by one, or as many at a time as go into one
                call; with *concurrency*, up to twice as many as may be under way. What they raise
                is raised when all that came before has its outcome.
            concurrency: How many calls may be under way at once, each in a thread. Who leaves the
                iterator early waits for those that are; no other begins.
            messages_per_call: How many messages one call may carry, at most, with providers whose
                API takes several. If the answer to such a call is lost, all of them may be on
                their way.
            on_progress: Is called after each outcome with the count of them so far.

        Yields:
            For each message, in order, its result or its error.
        """
        manner = self._manner(concurrency, messages_per_call, on_progress, ordered=True)
        for each in sent(self._outcomes, messages, manner):
            yield each.outcome

    def send_unordered(
        self,
        messages: Iterable[Message],
        *,
        concurrency: int = 10,
        messages_per_call: int = 1,
        on_progress: OnProgress | None = None,
    ) -> Iterator[Sent]:
        """
        Send messages as :meth:`send_many` does; outcomes come as they are there.

        Yields:
            Each message with its number, from 0, and its result or its error.
        """
        manner = self._manner(concurrency, messages_per_call, on_progress, ordered=False)
        yield from sent(self._outcomes, messages, manner)

    def _outcomes(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        if len(messages) == 1:
            return [self._outcome(messages[0])]
        return run(self._sending_together(messages))

    def _outcome(self, message: Message) -> Outcome:
        attempt = Attempt()
        try:
            return run(self._sending(message, attempt))
        except Exception as error:  # noqa: BLE001  # the next message is not to blame
            return self._told(error, attempt)

    def close(self) -> None:
        """Close the connections of a provider that this mailer made."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncMailer(_BaseMailer[ProviderT_co]):
    """The same as :class:`Mailer`, for use in an event loop."""

    def _submit(self, function: Callable[[], Any]) -> Future[Any]:
        return self._threads.submit(function, self._width)

    def _width(self) -> int:
        # Of a pool's members each may be the one that takes all the mail.
        return max(getattr(each, "connections", _THREADS) for each in self._channels())

    async def send(self, message: Message) -> SendResult:
        """Send one message: see :meth:`Mailer.send`."""
        return await arun(self._sending(message), submit=self._submit)

    async def send_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        concurrency: int = 10,
        messages_per_call: int = 1,
        on_progress: OnProgress | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """
        Send messages, lazily, with up to *concurrency* calls at once.

        Args:
            messages: The messages, taken as they are needed, as for :meth:`Mailer.send_many`; they
                may be awaited.
            concurrency: How many calls, at most.
            messages_per_call: How many messages go together in a call, as for
                :meth:`Mailer.send_many`.
            on_progress: Is called after each outcome with the count of them so far.

        Yields:
            For each message, in the order given, its result or its error.
        """
        manner = self._manner(concurrency, messages_per_call, on_progress, ordered=True)
        several = self._sent(messages, manner)
        try:
            async for each in several:
                yield each.outcome
        finally:
            await several.aclose()

    async def send_unordered(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        concurrency: int = 10,
        messages_per_call: int = 1,
        on_progress: OnProgress | None = None,
    ) -> AsyncGenerator[Sent, None]:
        """
        Send messages as :meth:`send_many` does; outcomes come as they are there.

        Yields:
            Each message with its number, from 0, and its result or its error.
        """
        manner = self._manner(concurrency, messages_per_call, on_progress, ordered=False)
        several = self._sent(messages, manner)
        try:
            async for each in several:
                yield each
        finally:
            await several.aclose()

    def _sent(
        self, messages: Iterable[Message] | AsyncIterable[Message], manner: Manner
    ) -> AsyncGenerator[Sent, None]:
        self._threads.at_least(manner.concurrency)
        for channel in self._channels():
            widen = getattr(channel, "at_least", None)
            if widen is not None:
                widen(manner.concurrency)
        return asent(self._outcomes, messages, manner)

    async def _outcomes(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        if len(messages) == 1:
            return [await self._outcome(messages[0])]
        return await arun(self._sending_together(messages), submit=self._submit)

    async def _outcome(self, message: Message) -> Outcome:
        attempt = Attempt()
        try:
            return await arun(self._sending(message, attempt), submit=self._submit)
        except Exception as error:  # noqa: BLE001  # the next message is not to blame
            return self._told(error, attempt)

    async def aclose(self) -> None:
        """Close the connections of a provider that this mailer made."""
        import asyncio

        await asyncio.to_thread(self._close)
        self._threads.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def connect(url: str, **settings: Any) -> Mailer:
    """
    Make a mailer from a URL such as ``console://`` or ``provider://?option=value``.

    Raises:
        ConfigurationError: If the URL, the provider or an option is wrong.
    """
    return Mailer.from_url(url, **settings)
