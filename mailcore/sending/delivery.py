"""One message through one provider: check it, build its requests, send them, read the answers."""

from __future__ import annotations

import logging
import traceback

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.errors import (
    MailcoreError,
    MessageRejected,
    RecipientsRefused,
    SendError,
    SendInterrupted,
    UnexpectedResponse,
)
from mailcore.features import UnsupportedPolicy
from mailcore.flow import Exchange, Flow, Transport
from mailcore.message.message import Message
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.sending.checking import check
from mailcore.sending.copies import keep_likelier, likelihood
from mailcore.sending.failed import failed_for


if TYPE_CHECKING:
    from mailcore.provider import Provider
    from mailcore.registry.hooks import Hooks

logger = logging.getLogger("mailcore.delivery")

Send: TypeAlias = Callable[[Message], Flow[SendResult]]
"""What a middleware is given to go on with: it sends the message, by the middleware behind it."""
Middleware: TypeAlias = Callable[[Message, Send], Flow[SendResult]]
"""
A flow around a send: ``result = yield from send(message)``, with what it likes before and after.
"""


def checked(
    provider: Provider[Any, Any],
    message: Message,
    hooks: Hooks,
    policy: UnsupportedPolicy,
) -> Message:
    """
    The message as this provider can send it.

    Raises:
        InvalidMessage: If it has no recipients, or neither a sender nor a template that may have
            one.
        UnsupportedFeature: With everything that the provider cannot express, and every
            reference to a merge value that the message does not have.
    """
    return check(provider, message, hooks, policy).message


class Attempt:
    """What is known of one send while it runs, for whoever cuts it off."""

    def __init__(self) -> None:
        self._pending: Exchange | None = None
        self._maybe_accepted = False

    def begin(self, exchange: Exchange) -> None:
        """Wait for the answer to a request."""
        self._pending = exchange

    def end(self, statuses: Iterable[RecipientStatus]) -> None:
        """Note that the answer came, or that an error did."""
        self._pending = None
        self._maybe_accepted |= any(each.accepted or each.maybe_accepted for each in statuses)

    @property
    def maybe_accepted(self) -> bool:
        """Whether anything may be on its way if the send ends now."""
        pending = self._pending
        return self._maybe_accepted or (pending is not None and pending.progress.maybe_accepted)

    def interrupted(self, provider: str) -> SendInterrupted:
        """The error that says what is known when the send is cut off now."""
        return SendInterrupted(
            "the send was cut off: its task was cancelled, or the process told to stop",
            provider=provider,
            maybe_accepted=self.maybe_accepted,
        )


def deliver(
    provider: Provider[Any, Any],
    message: Message,
    hooks: Hooks,
    transport: Transport,
    attempt: Attempt,
) -> Flow[SendResult]:
    """
    Send a checked message.

    Of several requests, one that fails does not undo those accepted before it: the result keeps
    them and reports the rest as failed. After a failure that concerns more than its own request
    the remaining ones are not attempted.

    Args:
        provider: Builds the requests and reads the answers.
        message: The message that is sent.
        hooks: The hooks of the registry's extensions.
        transport: The provider's transport.
        attempt: Is told what is known while the flow runs.

    Returns:
        A status for every recipient. Where the provider answers without saying who was accepted,
        all of them may be unknown.

    Raises:
        SendError: If nobody was accepted.
    """
    requests = hooks.build_payload(provider, message)
    if not requests:
        reason = "nothing was sent: the provider made no request of the message"
        raise SendError(reason, provider=provider.name, category="no_request")
    statuses: dict[str, RecipientStatus] = {}
    copies: dict[str, RecipientStatus] = {}
    answers: list[Any] = []
    errors: list[SendError] = []
    for position, request in enumerate(requests):
        exchange = Exchange(request, transport)
        attempt.begin(exchange)
        outcome = yield from _exchanged(provider, exchange)
        error: SendError | None = None
        if isinstance(outcome, MailcoreError):
            accepted = any(status.accepted for status in statuses.values())
            if not isinstance(outcome, SendError) and not accepted:
                raise outcome
            error = _as_send_error(outcome, provider.name)
            errors.append(error)
            found = failed_for(request.recipients, error)
        else:
            response, found = outcome
            answers.append(response)
        attempt.end(found.values())
        statuses.update(found)
        _note_copies(copies, request.copied, found)
        if error is not None and not isinstance(error, MessageRejected):
            statuses = {**_not_attempted(requests[position + 1 :], error), **statuses}
            break
    statuses.update(copies)
    result = _result(provider.name, message, statuses, answers, errors)
    if not result.accepted and (errors or _is_known(result)):
        refusal = _refusal(result, requests, errors)
        if refusal in errors:
            # As it was raised, with its own cause: `from None` would take that away.
            raise refusal
        raise refusal from next(iter(errors), None)
    return result


def _is_known(result: SendResult) -> bool:
    return all(each.status is not SendStatus.UNKNOWN for each in result.recipients.values())


def _note_copies(
    copies: dict[str, RecipientStatus],
    addresses: Sequence[str],
    found: Mapping[str, RecipientStatus],
) -> None:
    """Keep of each copy that status by which it is the likeliest to be on its way."""
    for address in addresses:
        told = found.get(address) or max(found.values(), key=likelihood, default=None)
        if told is not None:
            keep_likelier(copies, {address: told})


def _exchanged(
    provider: Provider[Any, Any], exchange: Exchange
) -> Flow[tuple[Any, dict[str, RecipientStatus]] | MailcoreError]:
    """The response to a request with what it says of each recipient, or the error it ends with."""
    try:
        response = yield exchange
    except MailcoreError as error:
        return error
    except AssertionError:
        # A test's own word, of a scripted transport: it must fail the test.
        raise
    except Exception as fault:  # noqa: BLE001  # whatever it is, the mail may be on its way
        maybe_accepted = exchange.progress.began
        return _fault(SendError, "the exchange", fault, provider, maybe_accepted=maybe_accepted)
    try:
        return response, _statuses(provider.parse(exchange.request, response))
    except MailcoreError as error:
        return error
    except Exception as fault:  # noqa: BLE001  # there was an answer, nobody knows which
        unread = _fault(UnexpectedResponse, "reading the answer", fault, provider)
        unread.raw = response
        return unread


def _statuses(found: Mapping[str, RecipientStatus]) -> dict[str, RecipientStatus]:
    statuses = dict(found)
    for status in statuses.values():
        if not isinstance(status, RecipientStatus):
            raise TypeError(f"parse() gave a {type(status).__name__} for a recipient")
    return statuses


def _fault(
    kind: type[SendError],
    doing: str,
    fault: Exception,
    provider: Provider[Any, Any],
    *,
    maybe_accepted: bool = True,
) -> SendError:
    """
    The error for what a plugin or a library below should not have raised, yet without a provider.

    Neither its text nor itself goes on: it may hold what the message or the answer holds.
    """
    frames = traceback.extract_tb(fault.__traceback__)
    lines = "".join(frames.format())
    logger.error("%s: %s raised %s\n%s", provider.name, doing, type(fault).__name__, lines)
    last = frames[-1] if frames else None
    place = f" in {Path(last.filename).name}:{last.lineno}" if last else ""
    return kind(
        f"{doing} raised {type(fault).__name__}{place}",
        category="fault",
        maybe_accepted=maybe_accepted,
    )


def _as_send_error(error: MailcoreError, provider: str) -> SendError:
    if isinstance(error, SendError):
        error.provider = error.provider or provider
        return error
    # What was accepted before must not be lost to a fault of the set-up.
    logger.error("sending through %s ended early: %s", provider, error)
    # Not its own words, which may hold what was configured.
    reason = f"{type(error).__name__} while sending: see the log of mailcore.delivery"
    return UnexpectedResponse(reason, provider=provider, maybe_accepted=True)


def _not_attempted(requests: Sequence[Any], error: SendError) -> dict[str, RecipientStatus]:
    status = RecipientStatus(
        SendStatus.FAILED,
        code="not_attempted",
        detail=f"not attempted after: {error}",
        retryable=True,
    )
    return {recipient: status for request in requests for recipient in request.recipients}


_SILENT = RecipientStatus(SendStatus.UNKNOWN, detail="the provider's answer does not say")


def _result(
    provider: str,
    message: Message,
    statuses: dict[str, RecipientStatus],
    answers: list[Any],
    errors: list[SendError],
) -> SendResult:
    addresses = message.recipients
    # Most providers are asked in the message's own spelling, and answer in it.
    reported: Mapping[str, RecipientStatus] = statuses
    if not statuses.keys() >= set(addresses):
        reported = RecipientStatuses(statuses)
    recipients = {address: reported.get(address, _SILENT) for address in addresses}
    ids = dict.fromkeys(s.message_id for s in recipients.values() if s.message_id)
    return SendResult(
        provider=provider,
        recipients=RecipientStatuses(recipients),
        message_ids=tuple(ids),
        errors=tuple(errors),
        raw=tuple(answers),
    )


def _refusal(result: SendResult, requests: Sequence[Any], errors: Sequence[SendError]) -> SendError:
    if len(errors) == 1 and len(requests) == 1:
        return errors[0]
    return refused_to_all(result, errors)


def refused_to_all(result: SendResult, errors: Sequence[SendError]) -> RecipientsRefused:
    """
    The error for a result in which nobody was accepted.

    Args:
        result: What became of each recipient.
        errors: The errors of the requests that failed as a whole, in order.
    """
    statuses = result.recipients.values()
    return RecipientsRefused(
        f"nobody was accepted: {_counts(result)}",
        result=result,
        errors=errors,
        provider=result.provider,
        retryable=all(s.retryable for s in statuses),
        maybe_accepted=any(s.maybe_accepted for s in statuses),
        status_code=errors[0].status_code if errors else None,
        code=errors[0].code if errors else "",
        retry_after_seconds=max((e.retry_after_seconds or 0 for e in errors), default=0) or None,
    )


def _counts(result: SendResult) -> str:
    counts: dict[str, int] = {}
    for status in result.recipients.values():
        label = f"{status.status}{f' ({status.code})' if status.code else ''}"
        counts[label] = counts.get(label, 0) + 1
    return ", ".join(f"{count} {label}" for label, count in counts.items())
