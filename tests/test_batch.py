"""The recipients of a batch, and what is only for them."""

from __future__ import annotations

import email
import logging

import pytest

from mailcore import InvalidMessage, Message, Request
from mailcore.mime import write_message
from mailcore.sending import (
    IndividualRequests,
    copied,
    entries_of,
    own_message,
    requests_for_each,
    with_copies_once,
)


TO = ["Ada <Ada@x.example>", "bob@bücher.example", "ada@X.example"]


def batch(**fields):
    """A batch to two, one of them named twice."""
    return Message(**{"from_email": "f@x.example", "to": TO, "text": "Hi", **fields})


def test_recipients_come_once_with_what_is_theirs():
    """In their order, found by any spelling of the address; who has nothing gets nothing."""
    message = batch(
        merge_data={"ADA@x.example": {"n": 1}},
        merge_metadata={"bob@xn--bcher-kva.example": {"m": 2}},
        merge_headers={"ada@x.example": {"X-A": "3"}},
    )

    ada, bob = entries_of(message)

    assert ("Ada@x.example", "Ada") == (ada.address.addr_spec, ada.address.display_name)
    assert ({"n": 1}, {}, {"X-A": "3"}) == (ada.data, ada.metadata, dict(ada.headers))
    assert ({}, {"m": 2}, {}) == (bob.data, bob.metadata, dict(bob.headers))


@pytest.mark.parametrize("field", ["merge_data", "merge_metadata", "merge_headers"])
def test_strangers_are_logged(field, caplog):
    """Values for somebody who is no recipient stand in a warning, without the address."""
    with caplog.at_level(logging.WARNING, "mailcore.batch"):
        entries_of(batch(**{field: {"eve@x.example": {"X-A": "1"}}}))

    (record,) = caplog.records
    assert f"{field}: not among the recipients: e***@x.example (1)" == record.getMessage()


def test_who_gets_copies():
    """Those of cc and bcc, each once, who get no mail of their own."""
    message = batch(
        merge_data={}, cc=["c@x.example", "bob@BÜCHER.example"], bcc=["C@x.example", "d@x.example"]
    )

    assert ("c@x.example", "d@x.example") == copied(message)
    assert () == copied(batch(merge_data={}))


def test_who_has_an_own_mail_gets_no_copies():
    """In a batch too, to wins over cc, and cc over bcc; what names nobody twice stays as it is."""
    plain = batch(merge_data={}, cc=["c@x.example"], bcc=["d@x.example"])
    message = batch(
        merge_data={},
        cc=["c@x.example", "bob@BÜCHER.example"],
        bcc=["C@x.example", "D <d@x.example>"],
    )

    found = with_copies_once(message)

    assert ["c@x.example"] == [address.addr_spec for address in found.cc]
    assert ["D <d@x.example>"] == [str(address) for address in found.bcc]
    assert message.to == found.to
    assert plain is with_copies_once(plain)


def test_the_message_of_one_recipient():
    """It is no batch; what is theirs wins over what is everybody's."""
    message = batch(
        headers={"X-A": "all", "X-B": "all"},
        metadata={"m": "all", "n": "all"},
        unsubscribe="https://x.example/all",
        merge_headers={
            "ada@x.example": {"X-A": "own", "List-Unsubscribe": "<https://x.example/ada>"}
        },
        merge_metadata={"ada@x.example": {"m": "own"}},
    )
    ada, bob = entries_of(message)

    own, others = own_message(message, ada, subject="Ada"), own_message(message, bob)

    assert not own.is_batch
    assert ("Ada@x.example",) == own.recipients
    assert ("own", "all") == (own.headers["X-A"], own.headers["X-B"])
    assert "<https://x.example/ada>" == own.headers["List-Unsubscribe"]
    assert own.unsubscribe is None
    assert {"m": "own", "n": "all"} == own.metadata
    assert "Ada" == own.subject
    assert (message.unsubscribe, {"m": "all", "n": "all"}) == (others.unsubscribe, others.metadata)


def test_requests_are_written_when_they_are_looked_at():
    """Each is for its recipient; those who get copies belong to the first, and are named by all."""
    written = []

    def write(entry):
        written.append(entry.address.addr_spec)
        return Request()

    requests = IndividualRequests(batch(merge_data={}, cc=["c@x.example"]), write)

    assert ([], 2) == (written, len(requests))
    assert ("Ada@x.example", "c@x.example") == requests[0].recipients
    assert ("bob@bücher.example",) == requests[-1].recipients
    assert [("c@x.example",)] * 2 == [request.copied for request in requests]
    assert [("bob@bücher.example",)] == [request.recipients for request in requests[1:]]
    assert {"Ada@x.example", "bob@bücher.example"} == set(written)
    with pytest.raises(IndexError):
        requests[2]


@pytest.mark.parametrize("has_attempt", [False, True])
def test_each_request_is_tried_out_before_the_first(has_attempt):
    """With the fields that take no time; what fails does so before anything is sent."""
    built, tried = [], []

    def build(message):
        built.append((message.to[0].addr_spec, message.text))
        return Request()

    message = batch(merge_data={}, text="long")
    attempt = tried.append if has_attempt else None
    requests = requests_for_each(message, build, attempt=attempt, text="")

    assert [entry.address.addr_spec for entry in entries_of(message)] == [
        *(each.to[0].addr_spec for each in tried),
        *(to for to, _ in built),
    ]
    assert {""} == {each.text for each in tried} | {text for _, text in built}
    assert ("Ada@x.example",) == requests[0].recipients
    assert ("Ada@x.example", "long") == built[-1]

    def fails(message):
        raise InvalidMessage("wrong")

    with pytest.raises(InvalidMessage):
        requests_for_each(message, build, attempt=fails)


OWN_URL = {"List-Unsubscribe": "<https://example.com/ada>"}
POST = "List-Unsubscribe-Post"


@pytest.mark.parametrize(
    ("own", "fields", "expected"),
    [
        (OWN_URL, {}, "List-Unsubscribe=One-Click"),
        (
            {"list-unsubscribe": "<mailto:a@b.example>, <HTTPS://b.example>"},
            {},
            "List-Unsubscribe=One-Click",
        ),
        (OWN_URL, {"unsubscribe": "https://example.com/all"}, "List-Unsubscribe=One-Click"),
        (OWN_URL, {"unsubscribe": {"mailto": "a@b.example"}}, "List-Unsubscribe=One-Click"),
        (OWN_URL, {"headers": {POST: "own"}}, "own"),
        ({**OWN_URL, POST: "own"}, {}, "own"),
        (OWN_URL, {"unsubscribe": {"url": "https://b.example", "one_click": False}}, None),
        ({"List-Unsubscribe": "<http://example.com/ada>"}, {}, None),
        ({"List-Unsubscribe": "<mailto:a@b.example>"}, {}, None),
        ({"List-Unsubscribe": "<mailto:a@b.example>"}, {"unsubscribe": "https://b.example"}, None),
        ({"X-A": "1"}, {}, None),
        ({"X-A": "1"}, {"unsubscribe": "https://b.example"}, "List-Unsubscribe=One-Click"),
    ],
)
def test_one_click_of_a_recipient(own, fields, expected):
    """RFC 8058: a URL of one's own is unsubscribed from as that of all would be."""
    message = Message(
        from_email="f@example.com",
        to=["ada@example.net"],
        merge_headers={"ada@example.net": own},
        **fields,
    )
    (entry,) = entries_of(message)
    mail = email.message_from_bytes(write_message(own_message(message, entry)))

    assert [expected] == (mail.get_all(POST) or [None])
