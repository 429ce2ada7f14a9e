"""What is known of a message that was sent, or could not be: what the log is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from typing_extensions import Self

from mailcore import MailcoreError, Message, RecipientStatus, SendError, SendResult, SendStatus
from mailcore_django.log.models import FAILED, SentMessage


__all__ = ["About", "Sending"]


@dataclass(frozen=True, kw_only=True)
class About:
    """
    What is known before a message is sent.

    Args:
        mailer: The alias of its mailer; empty if it has none.
        provider: Name of its provider.
        from_email: The header field, as text.
        subject: The header field, as text.
        template_id: Names a template at the provider.
        tags: The tags that the message was given.
        message: The message, for its body where bodies are kept; None if it could not be read.
        again_of: The message in the log that it is sent again of.
    """

    mailer: str
    provider: str
    from_email: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    template_id: str = ""
    tags: tuple[str, ...] = ()
    message: Message | None = field(default=None, repr=False)
    again_of: SentMessage | None = None

    @classmethod
    def message_of(
        cls, message: Message, *, mailer: str, provider: str, again_of: SentMessage | None = None
    ) -> Self:
        """What a message says of itself."""
        return cls(
            mailer=mailer,
            provider=provider,
            from_email=message.from_email.format() if message.from_email else "",
            subject=message.subject or "",
            template_id=message.template_id or "",
            tags=tuple(message.tags or ()),
            message=message,
            again_of=again_of,
        )


@dataclass(frozen=True, kw_only=True)
class Sending:
    """
    What became of a message.

    Args:
        about: What was known before.
        status: What became of it, in one word.
        recipients: What became of it for each recipient, by address.
        message_id: The provider's id, if there is exactly one.
        error: The class of the error and its category; empty if it was sent.
        maybe_accepted: Whether it may be on its way although no acceptance was seen.
    """

    about: About
    status: str
    recipients: Mapping[str, RecipientStatus] = field(repr=False)
    message_id: str = ""
    error: str = ""
    maybe_accepted: bool = False

    @classmethod
    def with_result(cls, about: About, result: SendResult) -> Self:
        """A message that the provider answered about, whatever it said of each recipient."""
        return cls(
            about=about,
            status=result.status.value,
            recipients=result.recipients,
            message_id=result.message_id or "",
            maybe_accepted=any(each.maybe_accepted for each in result.recipients.values()),
        )

    @classmethod
    def with_error(cls, about: About, error: MailcoreError, addresses: Iterable[str]) -> Self:
        """A message that failed as a whole, or of which nobody knows."""
        told, retryable, maybe_accepted = type(error).__name__, False, False
        if isinstance(error, SendError):
            told = f"{told}: {error.category}"
            retryable, maybe_accepted = error.retryable, error.maybe_accepted
        status = RecipientStatus(
            SendStatus.UNKNOWN if maybe_accepted else SendStatus.FAILED,
            retryable=retryable,
            maybe_accepted=maybe_accepted,
        )
        return cls(
            about=about,
            status=FAILED,
            recipients=dict.fromkeys(addresses, status),
            error=told,
            maybe_accepted=maybe_accepted,
        )
