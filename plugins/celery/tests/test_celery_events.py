"""Events through an app whose tasks run where they are called."""

from __future__ import annotations

import pytest

from mailcore import (
    EventType,
    FetchError,
    InboundEvent,
    RateLimited,
    SendTimeout,
    TrackingEvent,
)
from mailcore.outbox import OutboxPolicy
from mailcore.webhook import MemorySeenStore
from mailcore_celery import MailcoreCelery, handle_later
from mailcore_celery.handling import Handling


POLICY = OutboxPolicy(attempts=4, first_wait_seconds=10, jitter=lambda: 1.0)
BOUNCE = TrackingEvent(
    provider="toy",
    event_type=EventType.BOUNCED,
    recipient="ada@example.net",
    message_id="m-1",
    dedupe_key="d-1",
    metadata={"order": "17"},
)


def handling(handler, **settings) -> Handling:
    """What a worker does with events."""
    return Handling(**{"handler": handler, "seen": None, "policy": POLICY, **settings})


@pytest.mark.parametrize("event", [BOUNCE, InboundEvent(provider="toy", content=b"Subject: Hi\n")])
def test_events_are_handled(in_memory, event):
    """They are equal to those that came."""
    came = []
    mail = MailcoreCelery(in_memory, on_event=came.append)
    assert mail.handle_later(event).get() is None

    assert [event] == came


def test_coroutine_functions_and_the_current_app(in_memory):
    """A handler may be one; code may do without the project's object."""
    came = []

    async def on_event(event):
        came.append(event)

    MailcoreCelery(in_memory, on_event=on_event)
    in_memory.set_current()
    handle_later(BOUNCE)

    assert [BOUNCE] == came


def test_an_event_that_came_twice(in_memory):
    """A store of seen events has it handled once, and only when it succeeded."""
    came = []

    def on_event(event):
        came.append(event)
        if len(came) == 1:
            raise ConnectionError

    policy = OutboxPolicy(first_wait_seconds=0)
    mail = MailcoreCelery(in_memory, on_event=on_event, seen=MemorySeenStore(), policy=policy)
    mail.handle_later(BOUNCE).get()
    mail.handle_later(BOUNCE).get()

    assert [BOUNCE, BOUNCE] == came


@pytest.mark.parametrize(
    ("error", "failed", "wait"),
    [
        (ConnectionError("database"), 0, 10.0),
        (ConnectionError("database"), 2, 40.0),
        (ConnectionError("database"), 3, None),
        (RateLimited("slow", retry_after_seconds=5), 0, 15.0),
        (SendTimeout("lost", maybe_accepted=True), 0, None),
        (FetchError("gone", retryable=False), 0, None),
        (FetchError("network", retryable=True), 0, 10.0),
    ],
)
def test_handlers_that_fail(error, failed, wait, caplog):
    """They are asked again if that may help, with the provider's hint; the log has the type."""

    def on_event(event):
        raise error

    if wait is None:
        with pytest.raises(type(error)):
            handling(on_event).handle(BOUNCE.to_dict(), failed)
    else:
        assert wait == handling(on_event).handle(BOUNCE.to_dict(), failed)
        assert f"failed ({type(error).__name__}); again in {wait:.0f} s" in caplog.text
        assert str(error) not in caplog.text


def test_events_of_a_newer_release(caplog):
    """They wait for a worker that can read them."""
    came = []
    document = {**BOUNCE.to_dict(), "event_type": "teleported"}

    assert 10.0 == handling(came.append).handle(document, 0)
    assert [] == came


def test_without_a_handler_extensions_see_the_event(in_memory):
    """Nothing fails."""
    assert MailcoreCelery(in_memory).handle_later(BOUNCE).get() is None
