"""
The email backend: ``BACKEND`` of an entry of ``MAILERS``, or ``EMAIL_BACKEND``.

Django makes one for each send. It holds nothing but what it was made with, so that messages which
keep it (up to Django 6.0) can be copied and pickled; connections belong to the mailer of the
process, see :mod:`mailcore_django.configured`.
"""

from __future__ import annotations

import logging

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.dispatch import Signal

from mailcore import (
    CancelSend,
    ConfigurationError,
    MailcoreError,
    Message,
    RecipientsRefused,
    SendResult,
)
from mailcore.provider import Provider
from mailcore_django.conf import get_settings
from mailcore_django.configured import Mailers, configuration_of, keeps, mailers_of
from mailcore_django.conversion import to_mailcore
from mailcore_django.errors import MailerMisconfigured
from mailcore_django.signals import post_send, pre_send, send_failed
from mailcore_django.status import AnymailStatus


__all__ = ["EmailBackend"]

logger = logging.getLogger("mailcore.django")

# Whether this thread or task is telling of a message that failed: a handler of the log may send
# mail, which fails as well.
_telling: ContextVar[bool] = ContextVar("mailcore_django_telling", default=False)


class EmailBackend(BaseEmailBackend):
    """
    Sends through a provider of mailcore.

    Args:
        fail_silently: Whether a message that cannot be sent is logged instead of raised; wrong
            settings are raised all the same.
        alias: The name of the entry in ``MAILERS``.
        kwargs: The options: ``provider``, ``defaults``, ``defaults_by_provider``,
            ``unsupported``, ``policies``, ``middleware``, ``refused``, ``outbox``, and those of the
            provider. What is not
            given stands in ``MAILCORE``.

    Raises:
        MailerMisconfigured: If an option is wrong; Django's ``InvalidMailer`` as well.
    """

    def __init__(
        self, *, fail_silently: bool = False, alias: str | None = None, **kwargs: Any
    ) -> None:
        of_base: dict[str, Any] = {} if alias is None else {"alias": alias}
        # Of a deprecated call on Django 6.1: names that the base is not to complain about.
        if "_ignore_unknown_kwargs" in kwargs:
            of_base["_ignore_unknown_kwargs"] = kwargs.pop("_ignore_unknown_kwargs")
        super().__init__(**of_base)
        self.alias = alias
        self.options = kwargs
        self._found: Mailers | None = None
        try:
            self.fail_silently = bool(fail_silently) or get_settings().fail_silently
            # Now, so that wrong settings are found where the backend is made.
            self._mailers()
            self.keeps = keeps(kwargs, alias=alias)
        except ConfigurationError as error:
            raise MailerMisconfigured(str(error), alias=alias) from error
        self._is_open = False

    def _mailers(self) -> Mailers:
        # Looked up anew once a setting has changed.
        if self._found is None or self._found.is_closed:
            self._found = mailers_of(configuration_of(self.options, alias=self.alias))
        return self._found

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_found": None}

    @property
    def provider(self) -> Provider[Any, Any]:
        """The provider of the core."""
        return self._mailers().provider

    @property
    def esp_name(self) -> str:
        """What people call the provider: ``Amazon SES``."""
        return self.provider.label

    def open(self) -> bool | None:
        """
        Say whether this call opened the connection: whoever opened closes.

        Connections are opened by the first message, and kept for the process, whoever closes.
        """
        opened = not self._is_open
        self._is_open = True
        return opened

    def close(self) -> None:
        """End what :meth:`open` says. The connections stay: others use them."""
        self._is_open = False

    def send_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """
        Send messages; one that fails does not keep the others from being sent.

        Returns:
            How many were given to the provider, or kept in the outbox.

        Raises:
            MailcoreError: The first failure, after all were tried, unless ``fail_silently``. Each
                message has its ``mailcore_result``.
        """
        batch = _Batch(self)
        for message in email_messages:
            try:
                batch.count += self._send(message)
            except Exception as error:  # noqa: BLE001  # the next message is not to blame
                batch.failed(error)
        return batch.end()

    async def asend_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Send messages in an event loop: see :meth:`send_messages`."""
        batch = _Batch(self)
        for message in email_messages:
            try:
                batch.count += await self._asend(message)
            except Exception as error:  # noqa: BLE001  # the next message is not to blame
                batch.failed(error)
        return batch.end()

    def _deliver(self, mailers: Mailers, mail: Message, message: EmailMessage) -> SendResult | None:
        """
        Give a message to its provider; the backend for tests does otherwise.

        Returns:
            What became of it; None if it was kept in the outbox, and is sent later.
        """
        if self.keeps:
            self._put_aside(mail, message)
            return None
        return mailers.mailer.send(mail)

    async def _adeliver(
        self, mailers: Mailers, mail: Message, message: EmailMessage
    ) -> SendResult | None:
        """The same in an event loop."""
        if self.keeps:
            # In the thread that has the connections of Django's own asynchronous methods.
            await sync_to_async(self._put_aside)(mail, message)
            return None
        return await mailers.async_mailer.send(mail)

    def _put_aside(self, mail: Message, message: EmailMessage) -> None:
        # It needs the apps, which are not there yet when settings name this class.
        from mailcore_django.outbox.keeping import keep_for

        kept: Any = message
        kept.mailcore_outbox_id = keep_for(self.options, mail, alias=self.alias).id

    def _send(self, message: EmailMessage) -> bool:
        sending = _Sending(self, message)
        try:
            pre_send.send(**sending.told)
            if not message.recipients():
                return False
            result = self._deliver(sending.mailers, sending.convert(), message)
        except CancelSend:
            return False
        except MailcoreError as error:
            sending.fail(error)
            raise
        if result is not None:
            sending.succeed(result)
        return True

    async def _asend(self, message: EmailMessage) -> bool:
        sending = _Sending(self, message)
        try:
            await pre_send.asend(**sending.told)
            if not message.recipients():
                return False
            result = await self._adeliver(sending.mailers, sending.convert(), message)
        except CancelSend:
            return False
        except MailcoreError as error:
            await sync_to_async(sending.fail)(error)
            raise
        if result is not None:
            await sync_to_async(sending.succeed)(result)
        return True


class _Sending:
    """One message on its way."""

    def __init__(self, backend: EmailBackend, message: EmailMessage) -> None:
        self.backend = backend
        self.message: Any = message
        self.mailers = backend._mailers()
        self.mail: Message | None = None
        provider = self.mailers.provider
        self.told: dict[str, Any] = {
            "sender": type(backend),
            "message": message,
            "provider": provider.name,
            "esp_name": provider.label,
            "using": backend.alias,
        }
        self._keep(None)

    def _keep(self, result: SendResult | None) -> None:
        self.message.mailcore_result = result
        self.message.anymail_status = AnymailStatus(result)

    def convert(self) -> Message:
        self.mail = to_mailcore(self.message, self.mailers.provider)
        return self.mail

    def succeed(self, result: SendResult) -> None:
        self._keep(result)
        self._tell(post_send, result=result, status=self.message.anymail_status)

    def fail(self, error: MailcoreError) -> None:
        # What handlers of django-anymail's errors look at.
        told: Any = error
        told.email_message = self.message
        told.backend = self.backend
        told.esp_name = self.told["esp_name"]
        told.response = getattr(error, "raw", None)
        if isinstance(error, RecipientsRefused) and error.result is not None:
            self.succeed(error.result)
        self._tell(send_failed, error=error)

    def _tell(self, signal: Signal, **what: object) -> None:
        for receiver, answer in signal.send_robust(**self.told, mail=self.mail, **what):
            if isinstance(answer, Exception):
                logger.error(
                    "receiver %r of a signal failed; the message is not concerned",
                    getattr(receiver, "__qualname__", type(receiver).__name__),
                    exc_info=answer,
                )


class _Batch:
    """What became of the messages of one call."""

    def __init__(self, backend: EmailBackend) -> None:
        self._is_silent = backend.fail_silently
        self._first: Exception | None = None
        self.count = 0

    def failed(self, error: Exception) -> None:
        """Keep the first failure that is to be raised; the log has the others."""
        is_hidden = isinstance(error, MailcoreError) and not isinstance(error, ConfigurationError)
        if self._is_silent and is_hidden:
            _note(error)
        elif self._first is None:
            self._first = error
        else:
            _note(error)

    def end(self) -> int:
        if self._first is not None:
            raise self._first
        return self.count


def _note(error: Exception) -> None:
    """Tell the log of a failure, and not of failures to mail what the log was told."""
    if _telling.get():
        return
    token = _telling.set(True)
    try:
        logger.warning("a message was not sent: %s", error)
    finally:
        _telling.reset(token)
