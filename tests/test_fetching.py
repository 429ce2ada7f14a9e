"""Getting the mail of an inbound event, whatever the provider."""

from __future__ import annotations

import asyncio

import pytest

from mailcore import (
    ConfigurationError,
    FetchError,
    InboundEvent,
    afetch_inbound,
    fetch_inbound,
    get_provider,
)
from mailcore.builtin.null import NullProvider


MAIL = b"From: ada@example.com\r\nSubject: Hi\r\n\r\nHello!\r\n"
EVENT = InboundEvent(provider="null", content=MAIL)


class Deleting(NullProvider):
    """A provider that notes what it deletes."""

    def __init__(self):
        super().__init__()
        self.deleted = []

    def delete_inbound(self, event):
        self.deleted.append(event)
        return
        yield


def fetch(*arguments, **options):
    """Fetch in an event loop."""
    return asyncio.run(afetch_inbound(*arguments, **options))


both = pytest.mark.parametrize("fetch", [fetch_inbound, fetch], ids=["sync", "async"])


@both
def test_content_of_the_event(fetch):
    """A notification that brings the mail along needs no further provider support."""
    mail = fetch(get_provider("null"), EVENT)

    assert ("Hi", "Hello!\n") == (mail.subject, mail.text)


@both
def test_event_without_content(fetch):
    """A provider that keeps no mail cannot fetch any: the error says so, and which it is."""
    with pytest.raises(FetchError, match=r"^null: the event has no content") as caught:
        fetch(get_provider("null"), InboundEvent(provider="null"))

    assert ("no_content", False) == (caught.value.category, caught.value.retryable)


@both
def test_empty_content_is_a_mail(fetch):
    """No bytes are a broken mail, which is no error."""
    assert b"" == fetch(get_provider("null"), InboundEvent(provider="null", content=b"")).raw


@both
@pytest.mark.parametrize("delete_after", [False, True])
def test_handler_comes_before_deleting(fetch, delete_after):
    """The mail is deleted once the handler is done, and if that is wanted."""
    provider, seen = Deleting(), []
    fetch(
        provider,
        EVENT,
        lambda mail: seen.append((mail.subject, list(provider.deleted))),
        delete_after=delete_after,
    )

    assert [("Hi", [])] == seen
    assert [EVENT] * delete_after == provider.deleted


@both
def test_handler_that_fails(fetch):
    """What the handler raises reaches the caller; nothing is deleted."""
    provider = Deleting()
    with pytest.raises(ZeroDivisionError):
        fetch(provider, EVENT, lambda mail: 1 // 0, delete_after=True)

    assert [] == provider.deleted


async def handle(mail):
    """A handler that awaits."""
    await asyncio.sleep(0)
    handled.append(mail.subject)


handled: list[str] = []


def test_coroutine_function():
    """It is awaited where that is possible, and refused where not; then nothing is deleted."""
    handled.clear()
    provider = Deleting()
    with pytest.raises(ConfigurationError, match="afetch_inbound"):
        fetch_inbound(provider, EVENT, handle, delete_after=True)
    assert ([], []) == (handled, provider.deleted)

    fetch(provider, EVENT, handle, delete_after=True)
    assert (["Hi"], [EVENT]) == (handled, provider.deleted)
