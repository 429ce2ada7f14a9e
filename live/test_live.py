"""One message and one event for each provider, with the service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from live.events import CannotAsk, NoEvent, wait_for_event
from mailcore import ResultStatus, TrackingEvent


if TYPE_CHECKING:
    from live.conftest import Sent


def test_message_is_accepted(sent: Sent) -> None:
    """The service takes the message for everybody, and says under which id."""
    assert sent.result.status is ResultStatus.ALL_ACCEPTED
    assert sent.result.message_id


def test_event_comes_back(sent: Sent) -> None:
    """What the service says about the message is read without a gap, and names the message."""
    try:
        event = wait_for_event(sent.account, sent.mailer.provider, sent.result)
    except CannotAsk as error:
        pytest.skip(str(error))
    except NoEvent as error:
        pytest.fail(str(error), pytrace=False)

    assert isinstance(event, TrackingEvent)
    assert event.message_id in sent.result.message_ids
    assert event.defects == ()
    assert event.timestamp is not None
    assert event.dedupe_key
