"""Each mailbox gets one delivery, however often a message names it."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Mailer, Message
from mailcore.mime import write_message


ADA = "Ada <ada@example.net>"


def message(**fields):
    """A message that lacks recipients."""
    return Message(from_email="shop@example.com", subject="Hi", text="Hello", **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"to": [ADA]}, ([ADA], [], []), id="one"),
        pytest.param({"cc": [ADA]}, ([], [ADA], []), id="cc alone"),
        pytest.param({"to": [ADA], "cc": ["ADA@example.net"]}, ([ADA], [], []), id="to wins"),
        pytest.param(
            {"to": ["a@example.net"], "cc": [ADA], "bcc": ["ada@EXAMPLE.net", "b@example.net"]},
            (["a@example.net"], [ADA], ["b@example.net"]),
            id="cc wins",
        ),
        pytest.param(
            {"to": [ADA, "Other name <ADA@EXAMPLE.NET>"]}, ([ADA], [], []), id="twice in to"
        ),
        pytest.param(
            {"bcc": ["x@bücher.example", "x@xn--bcher-kva.example"]},
            ([], [], ["x@bücher.example"]),
            id="punycode",
        ),
        pytest.param(
            {"to": ["ada+a@example.net"], "cc": ["ada@example.net"]},
            (["ada+a@example.net"], ["ada@example.net"], []),
            id="a detail makes another mailbox",
        ),
    ],
)
def test_the_first_of_to_cc_and_bcc_wins(fields, expected):
    """Compared without regard to case and punycode; names and spelling are those of the first."""
    made = message(**fields)

    found = tuple([str(address) for address in addresses] for addresses in made.deliveries)

    assert expected == found
    assert made.recipients == tuple(address.addr_spec for address in made.deliveries.everybody)


@given(
    st.tuples(*[st.lists(st.sampled_from(["a@x.example", "A@X.example", "b@x.example"]))] * 3),
)
def test_nobody_is_lost_and_nobody_twice(lists):
    """The mailboxes of a message are those of its deliveries, each once."""
    made = message(to=lists[0], cc=lists[1], bcc=lists[2])

    keys = [address.key for address in made.deliveries.everybody]

    assert len(keys) == len(set(keys))
    assert {address.lower() for each in lists for address in each} == set(keys)


def test_the_visible_headers_stay():
    """A mail that is written here shows To and Cc as the message has them."""
    raw = write_message(message(to=[ADA], cc=["ADA@example.net"], bcc=["ada@example.net"]))

    assert b"\r\nTo: Ada <ada@example.net>\r\nCc: ADA@example.net\r\n" in raw


def test_the_status_appears_once():
    """One status for one mailbox, found by each of its spellings."""
    result = Mailer("memory").send(message(to=[ADA], cc=["ADA@example.net"], bcc=[ADA]))

    assert ("ada@example.net",) == result.accepted
    assert result.recipients["Ada@Example.net"].accepted
