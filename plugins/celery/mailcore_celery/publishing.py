"""Tasks into the broker, and one error where it does not take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kombu.exceptions import OperationalError

from mailcore import ConfigurationError
from mailcore_celery.errors import BrokerUnavailable


if TYPE_CHECKING:
    from celery import Celery, Task
    from celery.result import AsyncResult

JSON = "json"
SHOWN = "<not shown>"
"""What Celery's log and its events have in place of arguments: messages have addresses."""

_DOWN = (OperationalError, OSError)
# It makes the queue that results come back through when a task is published.
_NEEDS_QUEUE = "rpc"


def require_json(app: Celery) -> None:
    """
    Refuse an app whose workers would throw the tasks away.

    Raises:
        ConfigurationError: If its workers do not take JSON.
    """
    accepted = app.conf.accept_content
    if accepted and not {JSON, "application/json"} & set(accepted):
        raise ConfigurationError(
            "the workers of this Celery app do not take JSON, and would throw mail away: add "
            "'json' to its setting accept_content"
        )


def require_moment(countdown: object, eta: object) -> None:
    """
    Refuse a time that says two things, or no moment.

    Raises:
        ConfigurationError: If both are given, or one of them is not a moment.
    """
    if countdown is not None and eta is not None:
        raise ConfigurationError("give countdown or eta, not both")
    if eta is not None and (not isinstance(eta, datetime) or eta.utcoffset() is None):
        raise ConfigurationError("eta must be a datetime with time zone")
    is_number = isinstance(countdown, (int, float)) and not isinstance(countdown, bool)
    if countdown is not None and not (is_number and 0 <= float(str(countdown)) < float("inf")):
        raise ConfigurationError("countdown must be a number of seconds, 0 or more")


def publish(
    task: Task[Any, Any],
    arguments: Mapping[str, object],
    *,
    task_id: str,
    key: str = "",
    **options: Any,
) -> AsyncResult[Any]:
    """
    Put a task into the broker.

    Args:
        task: The task that a worker is to run.
        arguments: What it is called with, by name: plain JSON.
        task_id: The id that the task gets.
        key: The ``idempotency_key`` of the message that is sent by it, for the error.
        options: What ``apply_async()`` takes; those that are None are left out.

    Raises:
        BrokerUnavailable: If the broker does not take it.
        ConfigurationError: If the workers do not take JSON.
    """
    app: Celery = task.app
    require_json(app)
    given = {name: value for name, value in options.items() if value is not None}
    given = {
        "argsrepr": SHOWN,
        "kwargsrepr": SHOWN,
        "task_id": task_id,
        **given,
    }
    kwargs = dict(arguments)
    if app.conf.task_always_eager:
        return task.apply_async(kwargs=kwargs, **given)
    if not str(app.conf.result_backend or "").startswith(_NEEDS_QUEUE):
        # Celery subscribes to the result of each task that it publishes: web processes that never
        # ask have thousands of subscriptions after a while, and while the result backend is down,
        # nothing is published for 20 seconds. Who asks for a result subscribes then.
        given |= {"ignore_result": True, "headers": {"ignore_result": bool(task.ignore_result)}}
    with app.producer_or_acquire() as producer:
        with _telling(key, maybe_accepted=False):
            producer.connection.ensure_connection(**_retries(app))
        with _telling(key, maybe_accepted=True):
            task.apply_async(kwargs=kwargs, producer=producer, **given)
    return app.AsyncResult(task_id)


@contextmanager
def _telling(key: str, *, maybe_accepted: bool) -> Iterator[None]:
    try:
        yield
    except _DOWN as error:
        # Its text may hold the broker's URL, and that a password.
        what = "it may have taken it all the same" if maybe_accepted else "nothing was queued"
        raise BrokerUnavailable(
            f"Celery's broker did not take the task ({type(error).__name__}): {what}; check "
            "broker_url, and that the broker runs",
            idempotency_key=key,
            maybe_accepted=maybe_accepted,
        ) from error


def _retries(app: Celery) -> dict[str, Any]:
    """How often to try to connect: as often as Celery tries to publish."""
    policy = app.conf.task_publish_retry_policy or {}
    names = ("interval_start", "interval_step", "interval_max")
    known = {name: policy[name] for name in names if policy.get(name) is not None}
    # No number means for ever.
    most = policy.get("max_retries") if app.conf.task_publish_retry else 1
    return {"max_retries": max(1, int(3 if most is None else most)), **known}
