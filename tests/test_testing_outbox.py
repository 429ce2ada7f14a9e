"""The outbox and its assertions."""

from __future__ import annotations

import pytest

from mailcore import Alternative, Attachment, Mailer, Message, Registry, SendResult
from mailcore.builtin.memory import MemoryProvider
from mailcore.result import RecipientStatuses
from mailcore.testing.outbox import Outbox


WELCOME = Message(
    from_email="shop@example.com",
    to=["Ada <ada@example.net>"],
    cc=["copy@bücher.example"],
    bcc=["Hidden@example.org"],
    subject="Welcome, Ada",
    text="Press the button",
    html="<p>Press the <b>button</b></p>",
    alternatives=[Alternative("BEGIN:VCALENDAR", "text/calendar")],
    attachments=[Attachment("terms.pdf", b"%PDF"), Attachment(None, b"x", content_id="a@b")],
    tags=["welcome", "new"],
)
RECEIPT = Message(from_email="shop@example.com", to=["bob@example.net"], template_id="receipt")


@pytest.fixture
def outbox() -> Outbox:
    """Two messages."""
    filled = Outbox()
    filled.record(WELCOME)
    filled.record(RECEIPT)
    return filled


def test_numbered_templates_are_found_by_number():
    """As a message takes the number of a template, so does the outbox."""
    outbox = Outbox()
    outbox.record(Message(to=["bob@example.net"], template_id=4711))

    assert 1 == len(outbox.matching(template_id=4711))
    assert outbox.assert_sent(template_id="4711") == outbox.assert_sent(template_id=4711)


FOUND = [
    # what is asked for, how many there are
    ({}, 2),
    ({"to": "ada@example.net"}, 1),
    ({"to": "ADA@Example.Net"}, 1),
    ({"to": "copy@bücher.example"}, 1),
    ({"to": "copy@xn--bcher-kva.example"}, 1),
    ({"to": "hidden@example.org"}, 1),
    ({"to": "ada@example"}, 0),
    ({"subject": "Welcome, Ada"}, 1),
    ({"subject": "Welcome"}, 0),
    ({"subject_contains": "Welcome"}, 1),
    ({"subject_contains": "welcome"}, 0),
    ({"body_contains": "the button"}, 1),
    ({"body_contains": "<b>button</b>"}, 1),
    ({"body_contains": "VCALENDAR"}, 1),
    ({"body_contains": "lever"}, 0),
    ({"tag": "new"}, 1),
    ({"tag": "ne"}, 0),
    ({"template_id": "receipt"}, 1),
    ({"template_id": "rec"}, 0),
    ({"attachment": "terms.pdf"}, 1),
    ({"attachment": "terms"}, 0),
    ({"to": "ada@example.net", "tag": "welcome", "attachment": "terms.pdf"}, 1),
    ({"to": "bob@example.net", "tag": "welcome"}, 0),
]


@pytest.mark.parametrize(("asked", "count"), FOUND)
def test_messages_are_found_by_what_is_asked_for(outbox, asked, count) -> None:
    """A message matches if it is all that is asked for; assert_sent() agrees with matching()."""
    found = outbox.matching(**asked)

    assert count == len(found)
    assert found == outbox.assert_sent(count=count, **asked)
    for wrong in (count - 1, count + 1):
        with pytest.raises(AssertionError, match=f"found {count}; sent so far: 2"):
            outbox.assert_sent(count=wrong, **asked)


@pytest.mark.parametrize(("asked", "count"), FOUND)
def test_without_a_count_one_is_enough(outbox, asked, count) -> None:
    """Without a count at least one message must match."""
    if count:
        assert count == len(outbox.assert_sent(**asked))
    else:
        with pytest.raises(AssertionError, match="expected at least one message with"):
            outbox.assert_sent(**asked)


def test_failures_list_what_was_sent(outbox) -> None:
    """The text of a failure has what was asked for, and each message with full addresses."""
    with pytest.raises(AssertionError) as failure:
        outbox.assert_sent(to="eve@example.net", subject="Welcome")

    expected = (
        "expected at least one message with to='eve@example.net', subject='Welcome', found 0; "
        "sent so far: 2"
        "\n  1. to ada@example.net, copy@bücher.example, Hidden@example.org; "
        "subject 'Welcome, Ada'; tags welcome, new; attachments terms.pdf, (no name)"
        "\n  2. to bob@example.net; template_id 'receipt'"
    )
    assert expected == str(failure.value)


def test_nothing_sent() -> None:
    """An empty outbox satisfies assert_nothing_sent(), and says so to others."""
    outbox = Outbox()
    outbox.assert_nothing_sent()

    with pytest.raises(AssertionError, match="found 0; nothing was sent"):
        outbox.assert_sent()
    with pytest.raises(AssertionError, match="nothing was sent"):
        outbox.last  # noqa: B018  # a property that raises


def test_something_sent(outbox) -> None:
    """assert_nothing_sent() lists what was sent."""
    with pytest.raises(AssertionError, match=r"expected no message; sent so far: 2\n  1. to ada@"):
        outbox.assert_nothing_sent()


def test_it_is_a_sequence(outbox) -> None:
    """An outbox has a length, items, slices, an order, and a last message."""
    assert 2 == len(outbox)
    assert [WELCOME, RECEIPT] == list(outbox)
    assert (WELCOME, RECEIPT, (RECEIPT,)) == (outbox[0], outbox[-1], outbox[1:])
    assert RECEIPT == outbox.last
    assert (RECEIPT,) == outbox.to("BOB@example.net")
    assert WELCOME in outbox


def test_clear_forgets(outbox) -> None:
    """After clear() nothing was sent, and there are no results."""
    outbox.record(WELCOME, SendResult(provider="x", recipients=RecipientStatuses()))
    outbox.clear()

    outbox.assert_nothing_sent()
    assert [] == outbox.results


def test_it_watches_the_memory_provider() -> None:
    """Over the list of a memory provider it sees what is sent later; clearing clears the list."""
    provider = MemoryProvider()
    outbox = Outbox(provider.outbox)
    mailer = Mailer(provider, registry=Registry(autoload=False))
    mailer.send(WELCOME)

    assert (WELCOME,) == outbox.assert_sent(count=1, to="ada@example.net")
    outbox.clear()
    assert [] == provider.outbox


def test_repr_shows_no_address(outbox) -> None:
    """The repr counts."""
    assert "<Outbox: 2 messages>" == repr(outbox)
