"""
Every exception that mailcore raises, in one tree.

The tree::

    MailcoreError
    ├─ ConfigurationError             the set-up is wrong; no message will ever go out like this
    │    ├─ ProviderNotFound          nothing installed by that name (.similar, .install_hint)
    │    └─ PluginLoadError           installed, but broken (.name, .distribution)
    ├─ CancelSend                     raise it in `mailcore_before_send` to call off a send
    ├─ MessageError (ValueError)      the message is wrong (.problems has all); nothing was sent
    │    ├─ InvalidMessage
    │    │    ├─ InvalidMessageType   (also a TypeError)
    │    │    └─ InvalidAddress       an address is among the problems
    │    │         └─ InvalidAddressType  (also an InvalidMessageType)
    │    ├─ UnsupportedFeature        the provider cannot express it
    │    ├─ IdempotencyKeyReused      another message was sent with its idempotency_key
    │    └─ SerializationError        a value that JSON cannot hold; a document that cannot be read
    ├─ SendError                      it was not taken (.category, .retryable, .maybe_accepted)
    │    ├─ AuthenticationFailed
    │    ├─ RateLimited               retryable
    │    ├─ QuotaExceeded
    │    ├─ MessageRejected
    │    ├─ ProviderUnavailable       retryable
    │    ├─ NetworkError              retryable, unless the request may have arrived
    │    │    └─ SendTimeout
    │    ├─ SendInterrupted           a send was cut off; for `mailcore_message_failed` only
    │    ├─ UnexpectedResponse        the answer was not understood
    │    ├─ OutcomeUnknown            it was begun before, and nobody knows what became of it
    │    ├─ StoreUnavailable          retryable; a policy could not ask its store
    │    ├─ RecipientsRefused         nobody was accepted (.result has each recipient)
    │    └─ FailoverError             every route failed (.attempts)
    ├─ StoreError                     a store of a policy, or of events, cannot be used
    ├─ FetchError                     a received mail could not be fetched (.category, .retryable)
    ├─ HandlersFailed                 some handlers of an event failed (.failures)
    └─ WebhookError                   (.response is ready to return)
         ├─ WebhookRejected           401, 403: not who it says it is
         └─ MalformedWebhook          400, 413: cannot be read

Exceptions are small, picklable and redacted: neither secrets nor full addresses nor raw payloads
stand in ``str()``. What a handler needs beyond the text is in the attributes.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn


if TYPE_CHECKING:
    from mailcore.message.remedies import Remedy
    from mailcore.result import SendResult
    from mailcore.webhook.response import WebhookResponse

__all__ = [
    "AuthenticationFailed",
    "CancelSend",
    "ConfigurationError",
    "FailoverError",
    "FetchError",
    "HandlersFailed",
    "IdempotencyKeyReused",
    "InvalidAddress",
    "InvalidAddressType",
    "InvalidMessage",
    "InvalidMessageType",
    "MailcoreError",
    "MalformedWebhook",
    "MessageError",
    "MessageRejected",
    "NetworkError",
    "OutcomeUnknown",
    "PluginLoadError",
    "Problem",
    "ProviderNotFound",
    "ProviderUnavailable",
    "QuotaExceeded",
    "RateLimited",
    "RecipientsRefused",
    "SendError",
    "SendInterrupted",
    "SendTimeout",
    "SerializationError",
    "StoreError",
    "StoreUnavailable",
    "UnexpectedResponse",
    "UnsupportedFeature",
    "WebhookError",
    "WebhookRejected",
    "raise_problems",
]


@dataclass(frozen=True)
class Problem:
    """
    One thing that is wrong with a message: where, what, and what to do.

    Args:
        field: The attribute or header concerned, for example ``to`` or ``headers['Sender']``.
        reason: What is wrong, a full text without addresses or secrets.
        hint: What to do about it; empty if the reason says it.
        feature: The value of the :class:`~mailcore.features.Feature` that a provider lacks, if
            that is the problem.
        kind: ``type`` when a value of the wrong Python type was given.
        is_address: Whether what is wrong is an email address.
        remedy: How the message goes without it, for a mailer that is told to drop `feature`; None
            if it must not be dropped, and raises.
    """

    field: str
    reason: str
    hint: str = ""
    feature: str = ""
    kind: Literal["type", "value"] = "value"
    is_address: bool = False
    remedy: Remedy | None = dataclasses.field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.reason} ({self.hint})" if self.hint else self.reason


class MailcoreError(Exception):
    """The root: catching it catches everything that mailcore raises on purpose."""


class ConfigurationError(MailcoreError):
    """The set-up is wrong: an option, a credential, an environment variable, a plugin."""


class ProviderNotFound(ConfigurationError):
    """
    No installed provider has that name.

    The text lists what is installed, what is spelled similarly and what to ``pip install``.
    """

    def __init__(
        self,
        message: str,
        *,
        name: str = "",
        installed: Iterable[str] = (),
        similar: Iterable[str] = (),
        install_hint: str = "",
    ) -> None:
        super().__init__(message)
        self.name = name
        self.installed: tuple[str, ...] = tuple(installed)
        self.similar: tuple[str, ...] = tuple(similar)
        self.install_hint = install_hint


class PluginLoadError(ConfigurationError):
    """A plugin is installed but cannot be loaded; ``__cause__`` is what it raised."""

    def __init__(self, message: str, *, name: str = "", distribution: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.distribution = distribution


class CancelSend(MailcoreError):
    """Raised by an implementation of ``mailcore_before_send`` to call off one send."""


class MessageError(MailcoreError, ValueError):
    """
    The message is wrong. Nothing was sent, and sending it again will not help.

    Args:
        problems: Everything that was found, not just the first.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = (Problem("message", problems),)
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{len(self.problems)} problems:{lines}"


class InvalidMessage(MessageError):
    """A field of a message, attachment or header has a value that no mail can have."""


class InvalidMessageType(InvalidMessage, TypeError):
    """A field was given a value of the wrong Python type."""


class InvalidAddress(InvalidMessage):
    """
    An email address cannot be parsed, or holds what no address may hold.

    Raised for a message if an address is one of its problems (``is_address``), whatever the others
    are.
    """


class InvalidAddressType(InvalidAddress, InvalidMessageType):
    """An address is wrong, and a value (it, or another one) has the wrong Python type."""


class UnsupportedFeature(MessageError):
    """
    The provider cannot express the message; ``problems`` has each reason.

    Where all of them have a ``remedy``, the text says which policy of a mailer would send it.
    """

    provider: str = ""

    def __init__(self, problems: Iterable[Problem] | str, *, provider: str = "") -> None:
        super().__init__(problems)
        self.provider = provider

    def __str__(self) -> str:
        text = super().__str__()
        if self.problems and all(problem.remedy is not None for problem in self.problems):
            # Only then would it help.
            names = dict.fromkeys(problem.feature or "*" for problem in self.problems)
            policy = ", ".join(f"'{name}': 'drop'" for name in names)
            separator = " " if len(self.problems) == 1 else "\n"
            text += f"{separator}(a mailer with unsupported={{{policy}}} sends it without)"
        return f"{self.provider} cannot send this message: {text}" if self.provider else text


class SerializationError(MessageError):
    """
    A value cannot be written as JSON, so it cannot travel; or a document is none of mailcore's.

    ``problems`` names each key that is wrong.
    """


class IdempotencyKeyReused(MessageError):
    """
    Another message was sent with the same ``idempotency_key``; this one was not.

    For the policy :class:`~mailcore.middleware.idempotency.Idempotency`. A key stands for one
    message: give this one a key of its own.
    """


def raise_problems(
    problems: Iterable[Problem], default: type[MessageError] = InvalidMessage
) -> NoReturn:
    """
    Raise one exception for all problems.

    Raises:
        InvalidAddress: If any of them is an address.
        InvalidMessageType: If any of them is a wrong Python type.
        InvalidAddressType: If both are the case.
        MessageError: Otherwise, as the class that *default* names.
    """
    found = tuple(problems)
    has_address = any(problem.is_address for problem in found)
    if any(problem.kind == "type" for problem in found):
        raise (InvalidAddressType if has_address else InvalidMessageType)(found)
    raise (InvalidAddress if has_address else default)(found)


class SendError(MailcoreError):
    """
    A provider did not take the message, or nobody knows whether it did.

    Attributes:
        provider: The name of the provider that the message was sent through.
        category: Machine-readable cause, ``snake_case``, finer than the class: providers add
            their own, such as ``sending_paused``.
        retryable: Whether the same message may succeed later without anybody doing anything.
        maybe_accepted: Whether the message may be on its way all the same: after a read timeout,
            or a connection lost once the request was written, nobody knows. Sending again may
            deliver twice, so retries and failover stop here.
        retry_after_seconds: How long the provider asks to wait, if it says so.
        status_code: HTTP status, if there was an answer.
        code: The provider's own error code.
        raw: The provider's answer, for a debugger; never part of the text.
        attempts: What failed before this, in order, where a policy sent the message again or a
            pool asked another member.
    """

    default_category: ClassVar[str] = "failed"
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        category: str = "",
        retryable: bool | None = None,
        maybe_accepted: bool = False,
        retry_after_seconds: float | None = None,
        status_code: int | None = None,
        code: str = "",
        raw: Any = None,
        attempts: Iterable[SendError | UnsupportedFeature] = (),
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.category: str = category or self.default_category
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        self.maybe_accepted = maybe_accepted
        self.retry_after_seconds = retry_after_seconds
        self.status_code = status_code
        self.code = code
        self.raw = raw
        self.attempts: tuple[SendError | UnsupportedFeature, ...] = tuple(attempts)

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else self.category
        return f"{self.provider}: {text}" if self.provider else text


class AuthenticationFailed(SendError):
    """The provider does not accept the credentials, or they may not do this."""

    default_category = "authentication"


class RateLimited(SendError):
    """Too many requests or messages at once: wait, then send again."""

    default_category = "rate_limited"
    default_retryable = True


class QuotaExceeded(SendError):
    """An allowance (per day, per month, per account) is used up."""

    default_category = "quota_exceeded"


class MessageRejected(SendError):
    """The provider understood the message and refuses it."""

    default_category = "message_rejected"


class ProviderUnavailable(SendError):
    """The provider answers that it cannot work just now."""

    default_category = "provider_unavailable"
    default_retryable = True


class NetworkError(SendError):
    """The provider could not be reached, or the connection was lost."""

    default_category = "network"
    default_retryable = True


class SendTimeout(NetworkError):
    """No answer came in time."""

    default_category = "timeout"


class SendInterrupted(SendError):
    """
    A send was cut off from outside: its task was cancelled, or the process told to stop.

    Only ``mailcore_message_failed`` and the log are told. What cut the send off goes on:
    ``CancelledError``, ``KeyboardInterrupt`` and the like.
    """

    default_category = "interrupted"


class UnexpectedResponse(SendError):
    """The provider's answer is not what its documentation says."""

    default_category = "unexpected_response"


class RecipientsRefused(SendError):
    """
    Every recipient was refused; ``result`` says why for each.

    Attributes:
        result: A status for every recipient.
        errors: The errors of the requests that failed as a whole, in order. It is empty if the
            provider spoke of single recipients only.
    """

    default_category = "recipients_refused"

    def __init__(
        self,
        message: str,
        *,
        result: SendResult | None = None,
        errors: Iterable[SendError] = (),
        **attributes: Any,
    ) -> None:
        super().__init__(message, **attributes)
        self.result = result
        self.errors: tuple[SendError, ...] = tuple(errors)


class OutcomeUnknown(SendError):
    """
    A message with this ``idempotency_key`` was begun before, and nobody knows what became of it.

    Whoever began it has died, is still at it, or could not tell itself: ``maybe_accepted`` is True.
    It is raised by the policy :class:`~mailcore.middleware.idempotency.Idempotency`, which sends
    nothing then.

    Attributes:
        under_way_seconds: How many seconds ago it was begun, where whoever began it may still be at
            it; None where that one has said that it does not know.
    """

    default_category = "outcome_unknown"

    def __init__(
        self, message: str, *, under_way_seconds: float | None = None, **attributes: Any
    ) -> None:
        super().__init__(message, **attributes)
        self.under_way_seconds = under_way_seconds


class StoreUnavailable(SendError):
    """
    A policy could not ask its store, and so nothing was sent; the cause says what went wrong.

    Of the policies :class:`~mailcore.middleware.suppression.Suppression` and
    :class:`~mailcore.middleware.idempotency.Idempotency`, unless they are told
    ``when_down="send"``.
    """

    default_category = "store_unavailable"
    default_retryable = True


class FailoverError(SendError):
    """
    Nobody in a pool of providers took the message.

    ``retryable`` if a member may take it later; ``maybe_accepted`` if one may have it, in a pool
    that accepts duplicates.

    Attributes:
        attempts: Why each member did not, in the order in which they were asked: what its send
            raised, UnsupportedFeature if it cannot express the message.
    """

    default_category = "failover_exhausted"


class StoreError(MailcoreError):
    """
    A store of events, suppressions or idempotency keys cannot be read or written just now.

    The text says which one and why, and ``__cause__`` is what the database or its client raised.
    """


class FetchError(MailcoreError):
    """
    A received mail could not be fetched, or not be removed afterwards: it is still where it was.

    Attributes:
        provider: The name of the provider that received the mail.
        category: Machine-readable cause, ``snake_case``: ``no_content`` if the event leads to no
            mail, ``not_found``, ``access_denied``, ``too_large``, ``decryption``, ``network``,
            ``failed``.
        retryable: Whether the same may succeed later without anybody doing anything.
        status_code: HTTP status, if there was an answer.
        code: The provider's own error code.
        raw: The provider's answer, for a debugger; never part of the text.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        category: str = "failed",
        retryable: bool = False,
        status_code: int | None = None,
        code: str = "",
        raw: Any = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.category = category
        self.retryable = retryable
        self.status_code = status_code
        self.code = code
        self.raw = raw

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else self.category
        return f"{self.provider}: {text}" if self.provider else text


class HandlersFailed(MailcoreError):
    """
    Some of the handlers of an event failed; the others ran.

    The text has the names of the handlers and of the types of what they raised, no more.

    Args:
        failures: What each of them raised, by the handler's name. They do not travel in a pickle.
    """

    def __init__(self, message: str, *, failures: Mapping[str, Exception] | None = None) -> None:
        super().__init__(message)
        self.failures: dict[str, Exception] = dict(failures or {})

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.args


class WebhookError(MailcoreError):
    """
    A webhook request is not to be trusted or cannot be read.

    The text is for the operator's log. The sender gets ``response``, which says nothing more than
    its status: details would help an attacker.

    Args:
        message: What is wrong with the request, for the log.
        status_code: The HTTP status to answer with.
        headers: Further headers of the answer, such as ``WWW-Authenticate``.
    """

    default_status_code: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status_code: int = status_code or self.default_status_code
        self.headers: dict[str, str] = dict(headers or {})

    @property
    def response(self) -> WebhookResponse:
        """The answer to return to the sender."""
        from mailcore.webhook.response import WebhookResponse

        return WebhookResponse(status_code=self.status_code, headers=self.headers)


class WebhookRejected(WebhookError):
    """The request is not proven to come from the provider: answered with 401 or 403."""

    default_status_code = 403


class MalformedWebhook(WebhookError):
    """The request cannot be what the provider sends: answered with 400, or 413 if too large."""
