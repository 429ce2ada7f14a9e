"""Mail and events on a Celery app: the two tasks, and what puts them into the queue."""

from __future__ import annotations

import logging

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from celery import Celery, current_app
from celery.exceptions import Reject
from celery.utils import uuid

from mailcore import (
    ConfigurationError,
    Event,
    Mailer,
    Message,
    RecipientStatus,
    SendResult,
    SendStatus,
)
from mailcore.flow import Call, Flow
from mailcore.outbox import OutboxPolicy, OutboxState, new_row
from mailcore.result import RecipientStatuses
from mailcore.stores import IdempotencyStore
from mailcore.webhook import Handler, SeenStore
from mailcore_celery import course as courses
from mailcore_celery.errors import SendTaskFailed
from mailcore_celery.handling import Handling
from mailcore_celery.mailers import Mailers
from mailcore_celery.outcome import MailOutcome
from mailcore_celery.publishing import SHOWN, publish, require_moment
from mailcore_celery.sending import Again, Sending


if TYPE_CHECKING:
    from celery import Task
    from celery.result import AsyncResult

    from mailcore.sending import Send

    _Decorator: TypeAlias = Callable[[Callable[..., Any]], Task[Any, Any]]


__all__ = ["MailcoreCelery", "handle_later", "send_later"]

logger = logging.getLogger("mailcore.celery")

_ATTRIBUTE = "_mailcore"
"""Where an app has what was made for it, by name."""


class MailcoreCelery:
    """
    The tasks ``mailcore.send`` and ``mailcore.handle_event`` of a Celery app.

    Make one where the app is made, so that those who put mail into the queue and the workers have
    the same one. It connects to nothing: the mailer is made by the worker, in each of its
    processes, when the first message is sent.

    A task is acknowledged when it is done, so that one whose worker dies is handed out again. That
    a send has begun is written down first, by the policy
    :class:`~mailcore.middleware.idempotency.Idempotency`; so the second time, a message whose first
    send was not finished ends as ``UNKNOWN``, and is not sent twice.

    Args:
        app: The Celery app. Its broker keeps the tasks, its result backend the outcomes.
        mailer: What workers send through: a mailer, a function that makes one in each process, or
            the URL of a provider; the URL in ``MAILCORE_URL`` if None. A mailer of your own needs
            ``Idempotency`` with a store that all processes share.
        store: Where the keys of messages are kept, for a mailer that is made of a URL.
        policy: How often a message is sent, or an event handed to its handler, and after which
            waits.
        lease_seconds: How many seconds a send may take. A message whose send has begun earlier,
            and is not known to have ended, is ``UNKNOWN``.
        on_event: What workers hand events to: a function or a coroutine function.
        seen: What remembers events that were handled, shared by all workers.
        queue: The name of the queue; where Celery's routing leads to if None.
        name: What the names of the tasks begin with; another one for a second mailer of one app.

    Attributes:
        send: The task that sends a message: its argument ``message`` is what
            :meth:`mailcore.Message.to_dict` returns.
        handle_event: The task that hands an event to `on_event`: its argument ``event`` is what
            ``to_dict()`` of an event returns.

    Raises:
        ConfigurationError: If an argument is wrong, or the app has such tasks already.
    """

    send: Task[Any, Any]
    handle_event: Task[Any, Any]

    def __init__(
        self,
        app: Celery,
        *,
        mailer: Mailer[Any] | Callable[[], Mailer[Any]] | str | None = None,
        store: IdempotencyStore | None = None,
        policy: OutboxPolicy | None = None,
        lease_seconds: float = 300.0,
        on_event: Handler | None = None,
        seen: SeenStore | None = None,
        queue: str | None = None,
        name: str = "mailcore",
    ) -> None:
        if not isinstance(app, Celery):
            raise ConfigurationError(f"app must be a Celery app, not {type(app).__name__}")
        policy = policy if policy is not None else OutboxPolicy()
        if policy.accept_duplicates:
            raise ConfigurationError(
                "a policy with accept_duplicates changes nothing here: Idempotency sends a message "
                "once; leave it out"
            )
        self.app = app
        self._queue = queue
        self._mailers = Mailers(mailer, store)
        self._sending = Sending(
            mailer=self._mailer,
            policy=policy,
            lease_seconds=_checked_lease(lease_seconds),
            now=lambda: datetime.now(timezone.utc),
        )
        self._handling = Handling(handler=on_event, seen=seen, policy=policy)
        _register(self, app, name)
        options: dict[str, Any] = {
            "bind": True,
            # Else every app of the process would have them.
            "shared": False,
            "acks_late": True,
            "reject_on_worker_lost": True,
            "serializer": "json",
            "max_retries": None,
            # Celery's log and events have the beginning of what a task returns: addresses.
            "resultrepr_maxsize": 1,
        }

        # Functions and not methods, which Celery could not bind to their tasks.
        def send(
            task: Task[Any, Any],
            message: Mapping[str, object],
            course: Mapping[str, object] | None = None,
        ) -> dict[str, object]:
            return self._run_send(task, message, course)

        def handle_event(task: Task[Any, Any], event: Mapping[str, object]) -> None:
            self._run_handle_event(task, event)

        made_send: _Decorator = app.task(name=f"{name}.send", **options)
        made_handle: _Decorator = app.task(
            name=f"{name}.handle_event", ignore_result=True, **options
        )
        self.send = made_send(send)
        self.handle_event = made_handle(handle_event)

    def send_later(
        self,
        message: Message,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        priority: int | None = None,
        task_id: str | None = None,
    ) -> AsyncResult[dict[str, object]]:
        """
        Put a message into the queue.

        Args:
            message: The message as the worker's mailer gets it, whose defaults apply there.
            countdown: After how many seconds it may be sent at the earliest.
            eta: When it may be sent at the earliest, with time zone. (The `send_at` of a message
                has the provider wait.)
            priority: What the broker makes of it is its own: see Celery's documentation.
            task_id: The id of the task; a random one if None.

        Returns:
            What Celery knows the task by. :meth:`outcome` reads what became of it.

        Raises:
            BrokerUnavailable: If the broker does not take it.
            InvalidMessage: If the message has nobody to be sent to.
            SerializationError: If JSON cannot hold a value of it.
            ConfigurationError: If another argument is wrong, or the workers do not take JSON.
        """
        require_moment(countdown, eta)
        own_id = task_id if task_id is not None else uuid()
        wait = timedelta(seconds=countdown) if countdown is not None else None
        if isinstance(message, Message):
            message = courses.keyed(message, own_id)
        row = new_row(message, not_before=eta or wait)
        return publish(
            self.send,
            courses.written(row),
            key=row.key or "",
            task_id=own_id,
            countdown=countdown,
            eta=eta,
            priority=priority,
            queue=self._queue,
        )

    def handle_later(self, event: Event) -> AsyncResult[None]:
        """
        Put an event into the queue: give this to :func:`mailcore.receive`, or to a webhook app.

        If the broker is down, what it raises reaches the provider as a 500, and it posts the event
        again.

        Args:
            event: The event, without what brought it (`esp_event`, `notification`).

        Raises:
            BrokerUnavailable: If the broker does not take it.
            SerializationError: If JSON cannot hold a value of it.
        """
        return publish(
            self.handle_event, {"event": event.to_dict()}, task_id=uuid(), queue=self._queue
        )

    def outcome(self, result: AsyncResult[Any] | str) -> MailOutcome | None:
        """
        Say what became of a message.

        Args:
            result: What :meth:`send_later` returned, or the id of the task.

        Returns:
            What became of it; None while it is on its way, or if the result backend has forgotten
            it.

        Raises:
            ConfigurationError: If the app has no result backend, or the task is another one.
        """
        if not self.app.conf.result_backend:
            raise ConfigurationError("the Celery app has no result_backend, which keeps outcomes")
        found = self.app.AsyncResult(result if isinstance(result, str) else result.id)
        state: str = found.state
        value: object = found.result
        if state == "SUCCESS":
            return MailOutcome.from_dict(value)
        if state == "REVOKED":
            return MailOutcome(state=OutboxState.CANCELLED, error_category="revoked")
        if state != "FAILURE":
            return None
        told = value.outcome if isinstance(value, SendTaskFailed) else None
        if told is not None:
            return told
        # A time limit, or a fault: the text may hold anything.
        what = type(value).__name__
        return MailOutcome(
            state=OutboxState.UNKNOWN,
            error_category="task_failed",
            error_text=f"{what} in its task",
        )

    def middleware(self, message: Message, send: Send) -> Flow[SendResult]:
        """
        Put what a mailer is given into the queue instead of sending it, for its `middleware`.

        Every recipient is ``QUEUED``, and ``raw`` of the result is what :meth:`send_later` returns.
        The mailer of the workers must be another one.
        """
        queued = yield Call(lambda: self.send_later(message))
        status = RecipientStatus(SendStatus.QUEUED, detail="in the queue of Celery")
        return SendResult(
            provider="celery",
            recipients=RecipientStatuses(dict.fromkeys(message.recipients, status)),
            raw=queued,
        )

    def _mailer(self) -> Any:
        return self._mailers.get(one_process=bool(self.app.conf.task_always_eager))

    def _run_send(
        self,
        task: Task[Any, Any],
        message: Mapping[str, object],
        course: Mapping[str, object] | None,
    ) -> dict[str, object]:
        task_id = str(task.request.id)
        policy = self._sending.policy
        try:
            row = courses.read(message, course, key=task_id)
            done = self._sending.attempt(row)
        except courses.NewerTask as error:
            if task.request.retries >= policy.attempts:
                raise
            logger.warning("task %s waits for another worker: %s", task_id, error)
            carried = {"message": message, "course": course}
            raise _put_back(task, carried, policy.longest_wait_seconds) from None
        if isinstance(done, Again):
            raise _put_back(task, courses.written(done.row), done.wait_seconds)
        if done.state in (OutboxState.SENT, OutboxState.CANCELLED):
            return done.to_dict()
        raise SendTaskFailed(str(done), done.to_dict())

    def _run_handle_event(self, task: Task[Any, Any], event: Mapping[str, object]) -> None:
        wait = self._handling.handle(event, task.request.retries)
        if wait is not None:
            raise _put_back(task, {"event": event}, wait)


def send_later(
    message: Message,
    *,
    countdown: float | None = None,
    eta: datetime | None = None,
    priority: int | None = None,
    task_id: str | None = None,
) -> AsyncResult[dict[str, object]]:
    """
    Put a message into the queue of the current Celery app: see :meth:`MailcoreCelery.send_later`.

    Raises:
        ConfigurationError: If no :class:`MailcoreCelery` was made for it.
    """
    return _current().send_later(
        message, countdown=countdown, eta=eta, priority=priority, task_id=task_id
    )


def handle_later(event: Event) -> AsyncResult[None]:
    """
    Put an event into the queue of the current app: see :meth:`MailcoreCelery.handle_later`.

    Raises:
        ConfigurationError: If no :class:`MailcoreCelery` was made for it.
    """
    return _current().handle_later(event)


def _current() -> MailcoreCelery:
    app = cast("Any", current_app)._get_current_object()
    found: dict[str, MailcoreCelery] = getattr(app, _ATTRIBUTE, {})
    if not found:
        raise ConfigurationError(
            "the current Celery app has no mail: make MailcoreCelery(app, …) where the app is "
            "made, and import that module"
        )
    return next(iter(found.values()))


def _register(mail: MailcoreCelery, app: Celery, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ConfigurationError("name must be a text")
    of_app: dict[str, MailcoreCelery] = vars(app).setdefault(_ATTRIBUTE, {})
    if name in of_app:
        raise ConfigurationError(
            f"this Celery app has the tasks of {name!r} already: give a second mailer another name"
        )
    of_app[name] = mail


def _checked_lease(lease_seconds: object) -> float:
    if isinstance(lease_seconds, (int, float)) and not isinstance(lease_seconds, bool):
        seconds = float(lease_seconds)
        if 0 < seconds < float("inf"):
            return seconds
    raise ConfigurationError("lease_seconds must be a number of seconds above 0")


def _put_back(
    task: Task[Any, Any], arguments: Mapping[str, object], wait_seconds: float
) -> Exception:
    """What a task raises so that it is handed out again later, with other arguments."""
    # What celery-types do not know of.
    options: dict[str, Any] = {"argsrepr": SHOWN, "kwargsrepr": SHOWN}
    try:
        return task.retry(
            args=(), kwargs=dict(arguments), countdown=wait_seconds, throw=False, **options
        )
    except Reject as error:
        # The broker did not take it. Celery would throw the task away, and the mail with it; so it
        # stays with the broker, unacknowledged, until somebody can be asked.
        return Reject(error, requeue=True)
