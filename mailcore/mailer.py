"""Mailers: a provider, its transport, and the policy of how to use them."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from typing import TYPE_CHECKING, Any

from mailcore.flow import arun, run
from mailcore.message.message import Message
from mailcore.result import SendResult
from mailcore.sending.base_mailer import URL_VARIABLE, BaseMailer, ProviderT_co
from mailcore.sending.delivery import Attempt, Middleware
from mailcore.sending.many import Manner, OnProgress, Outcome, Sent, asent, sent


if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self


__all__ = ["URL_VARIABLE", "AsyncMailer", "Mailer", "Middleware", "connect"]


_THREADS = 32
"""How many threads an event loop has for a transport that does not say how much it can carry."""


class Mailer(BaseMailer[ProviderT_co]):
    """
    Sends messages through a provider.

    Safe to share between threads; make one and keep it: connections are reused.

    Args:
        provider: A name such as ``"console"``, or a provider.
        transport: What does the I/O instead of the provider's own transport, for tests.
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

        Nothing is sent until the iterator that this returns is gone through.

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


class AsyncMailer(BaseMailer[ProviderT_co]):
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

        Nothing is sent until the iterator that this returns is gone through.

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

        try:
            await asyncio.to_thread(self._close)
        finally:
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
