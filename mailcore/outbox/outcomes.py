"""What a mailer returned or raised, read as a status for everybody and as a reason."""

from __future__ import annotations

import re

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mailcore.errors import (
    AuthenticationFailed,
    ConfigurationError,
    MailcoreError,
    QuotaExceeded,
    RecipientsRefused,
    SendError,
    StoreError,
)
from mailcore.foundation.redaction import redact
from mailcore.middleware.remaining import longest_wait_seconds
from mailcore.outbox.evidence import is_unsure
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.sending.failed import failed_for


LONGEST_TEXT = 1000
"""How many characters of an error are kept."""
LONGEST_CODE = 100
"""How many characters of a category, a code and the name of a provider are kept."""
LONGEST_ID = 300
"""How many characters of a provider's id of a message are kept."""

_CAPITALS = re.compile(r"(?<!^)(?=[A-Z])")
_SILENT = RecipientStatus(SendStatus.UNKNOWN, detail="the provider's answer does not say")

# Of the account, the worker or the database: the next message will not fare better, and this one
# will be fine once somebody has seen to it.
_PATIENT = (AuthenticationFailed, QuotaExceeded, ConfigurationError, StoreError)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """
    Why a send did not reach everybody.

    Args:
        category: A word for programs; empty if it did reach everybody.
        code: The provider's own code.
        text: What happened, in words without addresses.
        wait_seconds: How long the provider asks to wait.
        is_patient: Whether the message is not to blame and waits until somebody has seen to it.
        waiting: Whom that is about, where others of the message had outcomes of their own; empty
            if it is about everybody.
    """

    category: str = ""
    code: str = ""
    text: str = ""
    wait_seconds: float = 0.0
    is_patient: bool = False
    waiting: frozenset[str] = field(default=frozenset(), repr=False)

    def spares(self, address: str) -> bool:
        """Whether it was not the message to this recipient that was refused."""
        return self.is_patient and (not self.waiting or address in self.waiting)


def read_outcome(
    outcome: SendResult | MailcoreError, asked: Sequence[str]
) -> tuple[SendResult, Cause]:
    """
    Read what a mailer returned or raised.

    Args:
        outcome: The result or the error.
        asked: The addresses that the send was for.

    Returns:
        A result with a status for each of them, and why some were not reached.
    """
    if isinstance(outcome, SendResult):
        return _complete(outcome, asked), _cause_of_result(outcome)
    if isinstance(outcome, RecipientsRefused) and outcome.result is not None:
        wait = outcome.retry_after_seconds or longest_wait_seconds(outcome.result) or 0.0
        cause = _patient_in_part(replace(_cause(outcome), wait_seconds=wait), outcome.result)
        return _complete(outcome.result, asked), cause
    cause = _cause(outcome)
    if isinstance(outcome, SendError):
        error, provider = outcome, outcome.provider
    else:
        error = SendError(cause.text, category=cause.category)
        provider = str(getattr(outcome, "provider", ""))
    statuses = RecipientStatuses(failed_for(asked, error))
    return SendResult(provider=provider, recipients=statuses), cause


def kept_text(text: str, longest: int) -> str:
    """
    A text as an outbox keeps it beside a message: without addresses, and such as databases take.

    Args:
        text: A text of any kind.
        longest: How many characters of it.
    """
    return plain_text(redact(text), longest)


def plain_text(text: str, longest: int) -> str:
    """
    A text such as databases take, which refuse NUL and halves of surrogate pairs.

    Args:
        text: A text of any kind.
        longest: How many characters of it.
    """
    shown = text[:longest].replace("\0", "\ufffd")
    return shown.encode("utf-8", "replace").decode("utf-8")


def _complete(result: SendResult, asked: Sequence[str]) -> SendResult:
    """The result with a status for each address that was asked, spelled as it was asked."""
    known = {address: result.recipients.get(address, _SILENT) for address in asked}
    # Where the answer is silent nobody knows, as where it was lost: a refusal of the next attempt
    # says nothing of this one.
    whole = {
        each: replace(status, maybe_accepted=True) if is_unsure(status) else status
        for each, status in {**known, **result.recipients}.items()
    }
    return replace(result, recipients=RecipientStatuses(whole))


def _cause_of_result(result: SendResult) -> Cause:
    if not result.refused:
        return Cause()
    if result.errors:
        wait = longest_wait_seconds(result) or 0.0
        cause = replace(_cause(result.errors[0]), wait_seconds=wait, is_patient=False)
        return _patient_in_part(cause, result)
    status = result.recipients[result.refused[0]]
    return Cause(
        category=status.status.value,
        code=kept_text(status.code, LONGEST_CODE),
        text=kept_text(status.detail, LONGEST_TEXT),
    )


def _patient_in_part(cause: Cause, result: SendResult) -> Cause:
    """
    The cause, with those to whom a request failed as a whole for a reason that passes.

    They have the status that the delivery made of its error; what the provider said of a single
    recipient is another one, and stays the last word on it.
    """
    errors = [each for each in result.errors if isinstance(each, _PATIENT)]
    of_requests = [failed_for([""], each)[""] for each in errors]
    waiting = frozenset(
        address for address, status in result.recipients.items() if status in of_requests
    )
    return replace(cause, is_patient=True, waiting=waiting) if waiting else cause


def _cause(error: MailcoreError) -> Cause:
    category = error.category if isinstance(error, SendError) else _snake(type(error).__name__)
    return Cause(
        category=kept_text(category, LONGEST_CODE),
        code=kept_text(error.code, LONGEST_CODE) if isinstance(error, SendError) else "",
        text=kept_text(str(error), LONGEST_TEXT),
        wait_seconds=(error.retry_after_seconds or 0.0) if isinstance(error, SendError) else 0.0,
        is_patient=isinstance(error, _PATIENT),
    )


def _snake(name: str) -> str:
    return _CAPITALS.sub("_", name).lower()
