"""What became of a message: one status for every recipient."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from mailcore.address.domain import address_key
from mailcore.foundation.redaction import redact


if TYPE_CHECKING:
    from mailcore.errors import Problem, SendError, UnsupportedFeature

__all__ = ["RecipientStatus", "RecipientStatuses", "ResultStatus", "SendResult", "SendStatus"]


class SendStatus(str, Enum):
    """What the provider said of one recipient."""

    SENT = "sent"
    """Handed to the recipient's mail server."""
    QUEUED = "queued"
    """Accepted by the provider, not yet sent."""
    INVALID = "invalid"
    """Not an address that the provider accepts."""
    REJECTED = "rejected"
    """On a suppression list, or refused for what it is."""
    FAILED = "failed"
    """Not accepted for another reason."""
    UNKNOWN = "unknown"
    """The provider did not say, or its answer was lost."""

    def __str__(self) -> str:
        return self.value

    @property
    def accepted(self) -> bool:
        """Whether the provider took the message for this recipient."""
        return self in (SendStatus.SENT, SendStatus.QUEUED)


class ResultStatus(str, Enum):
    """What became of a message, in one word."""

    ALL_ACCEPTED = "all_accepted"
    """The provider took it for every recipient."""
    SOME_ACCEPTED = "some_accepted"
    """It took it for some of them: the others were refused, or nothing is known of them."""
    ALL_REFUSED = "all_refused"
    """It took it for nobody, and said so."""
    UNKNOWN = "unknown"
    """Nobody is known to be accepted, and of somebody nothing is known."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """
    The outcome for one recipient.

    Args:
        status: What became of the message for this recipient, as the provider said it.
        message_id: The provider's id of this recipient's message, as its events will name it.
        code: The provider's own error code.
        detail: The provider's own words; they may hold the address, so the repr leaves them out.
        retryable: Whether this recipient may be sent to again later.
        maybe_accepted: Whether the message may be on its way although no acceptance was seen.
    """

    status: SendStatus
    message_id: str | None = None
    code: str = ""
    detail: str = field(default="", repr=False)
    retryable: bool = False
    maybe_accepted: bool = False

    @classmethod
    def of_error(cls, error: SendError, detail: str | None = None) -> RecipientStatus:
        """
        The outcome for a recipient of a request that failed.

        Args:
            error: The exception that the request failed with.
            detail: The provider's own words; the text of the exception if None.
        """
        return cls(
            SendStatus.UNKNOWN if error.maybe_accepted else SendStatus.FAILED,
            code=error.code or error.category,
            detail=str(error) if detail is None else detail,
            retryable=error.retryable,
            maybe_accepted=error.maybe_accepted,
        )

    @property
    def accepted(self) -> bool:
        """Whether the provider took the message for this recipient."""
        return self.status.accepted


class RecipientStatuses(Mapping[str, RecipientStatus]):
    """
    Statuses by address: keys as they were sent, look-ups without regard to case or punycode.

    Providers report addresses lower-cased or with an encoded domain; ``result.recipients[address]``
    works with any of these spellings.
    """

    __slots__ = ("_as_sent", "_by_key")

    def __init__(self, statuses: Mapping[str, RecipientStatus] | None = None) -> None:
        self._as_sent: dict[str, RecipientStatus] = {}
        self._by_key: dict[str, RecipientStatus] = {}
        spelling: dict[str, str] = {}
        for address, status in (statuses or {}).items():
            key = address_key(address)
            self._by_key[key] = status
            self._as_sent[spelling.setdefault(key, address)] = status

    def __getitem__(self, address: str) -> RecipientStatus:
        # The spelling that was sent is the one that is mostly asked for.
        status = self._as_sent.get(address)
        return self._by_key[address_key(address)] if status is None else status

    def __iter__(self) -> Iterator[str]:
        return iter(self._as_sent)

    def __len__(self) -> int:
        return len(self._by_key)

    def items(self) -> ItemsView[str, RecipientStatus]:
        """Pairs of the address as it was sent, and its status."""
        return self._as_sent.items()

    def values(self) -> ValuesView[RecipientStatus]:
        """The statuses, in the order of the addresses."""
        return self._as_sent.values()

    def __repr__(self) -> str:
        inner = ", ".join(
            f"{redact(address)}: {status.status}" for address, status in self._as_sent.items()
        )
        return f"{{{inner}}}"


@dataclass(frozen=True)
class SendResult:
    """
    What became of one message.

    Args:
        provider: Name of the provider that took it.
        recipients: A status for every address of the message.
        message_ids: The provider's ids, each once, in the order of the recipients.
        attempts: What failed before this send, in order: of a policy that sends again, and of
            providers that are made of others, where a member that was passed over has its
            UnsupportedFeature. It is empty where nothing failed.
        errors: The errors of requests that failed as a whole, where others of the message were
            accepted, in order.
        dropped: What the provider could not express and the mailer's policy let go, in order; the
            ``remedy`` of each says what was done.
        raw: The provider's answers, one for each request, as they came. Those of HTTP providers are
            :class:`mailcore.HttpResponse`, whose ``json()`` reads them.
    """

    provider: str
    recipients: RecipientStatuses
    message_ids: tuple[str, ...] = ()
    attempts: tuple[SendError | UnsupportedFeature, ...] = ()
    errors: tuple[SendError, ...] = field(default=(), compare=False)
    dropped: tuple[Problem, ...] = ()
    raw: Any = field(default=None, repr=False, compare=False)

    @property
    def message_id(self) -> str | None:
        """The provider's id, if the message has exactly one."""
        return self.message_ids[0] if len(self.message_ids) == 1 else None

    @property
    def status(self) -> ResultStatus:
        """All recipients in one word: see :class:`ResultStatus`."""
        found = self.statuses
        accepted = {status for status in found if status.accepted}
        if accepted:
            return ResultStatus.SOME_ACCEPTED if found - accepted else ResultStatus.ALL_ACCEPTED
        if not found or SendStatus.UNKNOWN in found:
            return ResultStatus.UNKNOWN
        return ResultStatus.ALL_REFUSED

    @property
    def statuses(self) -> frozenset[SendStatus]:
        """Every status that some recipient has, each once: ``{SendStatus.QUEUED}``, mostly."""
        return frozenset(status.status for status in self.recipients.values())

    @property
    def accepted(self) -> tuple[str, ...]:
        """Addresses that the provider took."""
        return tuple(a for a, status in self.recipients.items() if status.accepted)

    @property
    def refused(self) -> tuple[str, ...]:
        """Addresses that the provider did not take, or of which nothing is known."""
        return tuple(a for a, status in self.recipients.items() if not status.accepted)

    @property
    def retryable(self) -> tuple[str, ...]:
        """Addresses that were refused for now and may be sent to again."""
        return tuple(a for a, status in self.recipients.items() if status.retryable)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: what a log, a queue or a script wants; `raw` is left out."""
        return {
            "provider": self.provider,
            "status": self.status.value,
            "message_id": self.message_id,
            "message_ids": list(self.message_ids),
            "attempts": [str(error) for error in self.attempts],
            "errors": [str(error) for error in self.errors],
            "dropped": [
                {
                    "field": problem.field,
                    "feature": problem.feature,
                    "reason": problem.reason,
                    "done": str(problem.remedy),
                }
                for problem in self.dropped
            ],
            "recipients": {
                address: {
                    "status": status.status.value,
                    "message_id": status.message_id,
                    "code": status.code,
                    "detail": status.detail,
                    "retryable": status.retryable,
                    "maybe_accepted": status.maybe_accepted,
                }
                for address, status in self.recipients.items()
            },
        }
