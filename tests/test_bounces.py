"""Whether an address may be written to again: what servers answer, and what it means."""

from __future__ import annotations

import functools
import re
import time

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import BounceClass, EventType, RejectReason, TrackingEvent
from mailcore.bounces import Cause, enhanced_status, judge, reply_code
from mailcore.bounces.index import Index
from mailcore.bounces.words import order
from mailcore.inbound import RecipientReport


ANSWERS = Path(__file__).parent / "fixtures" / "answers"
"""What servers say, one answer a line, in a file for each class."""


def answers(bounce_class):
    """The answers of a class, for a table."""
    lines = (ANSWERS / f"{bounce_class.value}.txt").read_text("utf-8").splitlines()
    return [pytest.param(line, bounce_class, id=line[:60]) for line in lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [row for bounce_class in BounceClass for row in answers(bounce_class)],
)
def test_answers_of_servers(text, expected):
    """What a server says decides, in the words of those that are in use."""
    assert expected == judge(None, text).bounce_class


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        ("5.1.1", None, "no_mailbox"),
        ("5.1.1 (bad mailbox)", None, "no_mailbox"),
        ("5.1.2", None, "no_domain"),
        ("5.1.3", "", "no_mailbox"),
        ("5.1.6", None, "moved"),
        ("5.1.7", None, "sender"),
        ("5.1.8", None, "sender"),
        ("5.1.10", None, "accepts_no_mail"),
        ("5.2.1", None, "disabled"),
        ("5.2.2", None, "full"),
        ("5.2.3", None, "too_large"),
        ("5.3.4", None, "too_large"),
        ("5.4.1", None, "network"),
        ("5.4.4", None, "no_domain"),
        ("5.4.6", None, "system"),
        ("5.4.7", None, "expired"),
        ("5.5.2", None, "system"),
        ("5.6.0", None, "content"),
        ("5.6.1", None, "content"),
        ("5.7.1", None, "policy"),
        ("5.7.17", None, "no_mailbox"),
        ("5.7.26", None, "policy"),
        ("4.4.7", None, "expired"),
        ("4.2.2", None, "temporary"),
        ("5.0.0", None, "unclear"),
        # The status is vague: the words decide, then the text's own status.
        ("5.0.0", "550 Unknown user", "no_mailbox"),
        ("5.0.0", "550 5.2.2 no", "full"),
        ("5.5.0", "550 Requested action not taken: mailbox unavailable", "no_mailbox"),
        ("5.2.0", "550 5.2.0 Message size exceeds limit", "too_large"),
        # The words are plain, whatever the status.
        ("5.7.1", "550 5.7.1 Recipient address rejected: User unknown", "no_mailbox"),
        ("5.1.1", "550 5.1.1 Message blocked due to spam content", "spam"),
        ("5.1.1", "552 5.1.1 mailbox is full", "full"),
        # The words only describe a refusal, and the status says of what.
        ("5.1.1", "550 5.1.1 rejected for policy reasons", "no_mailbox"),
        ("5.1.1", "550 5.1.1 mailbox disabled", "no_mailbox"),
        ("4.4.1", "connect to mx.b.example: Operation timed out", "network"),
        ("4.1.1", "450 4.1.1 user unknown", "no_mailbox"),
        ("4.2.0", "450 Requested action not taken: mailbox unavailable", "temporary"),
        (None, "450 Requested action not taken: mailbox unavailable", "temporary"),
        (None, "smtp; 552", "full"),
        (None, "556", "accepts_no_mail"),
        # An address or a host in the text is no word of it.
        ("5.1.1", "550 5.1.1 <spam.virus@blocked.example>", "no_mailbox"),
        ("5.1.1", "host spam.example[192.0.2.1] said: 550 5.1.1 <a@b.example>", "no_mailbox"),
    ],
)
def test_statuses_and_words(status, text, expected):
    """Words before codes; a code that names an address before words that only refuse."""
    assert expected == judge(status, text).cause.value


@pytest.mark.parametrize(
    ("status", "text", "told", "expected"),
    [
        (None, None, BounceClass.HARD, BounceClass.HARD),
        ("5.0.0", "550", BounceClass.HARD, BounceClass.HARD),
        ("5.2.1", "550 5.2.1 disabled", BounceClass.HARD, BounceClass.HARD),
        ("5.2.2", "552 5.2.2 mailbox full", BounceClass.HARD, BounceClass.SOFT),
        ("5.1.1", "550 5.1.1 user unknown", BounceClass.SOFT, BounceClass.HARD),
        (None, None, BounceClass.SOFT, BounceClass.SOFT),
        (None, None, BounceClass.UNDETERMINED, BounceClass.UNDETERMINED),
    ],
)
def test_permanent_or_temporary_as_told(status, text, told, expected):
    """A provider that says no more than *permanent* is believed where the server says nothing."""
    assert expected == judge(status, text, told=told).bounce_class


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (None, BounceClass.HARD, ("unclear", "hard", RejectReason.BOUNCED)),
        (None, BounceClass.SOFT, ("unclear", "soft", RejectReason.OTHER)),
        ("5.2.1", BounceClass.HARD, ("disabled", "hard", RejectReason.BOUNCED)),
        ("5.2.1", BounceClass.SOFT, ("disabled", "soft", RejectReason.OTHER)),
        ("5.2.1", None, ("disabled", "undetermined", RejectReason.OTHER)),
    ],
)
def test_reason_of_what_is_told(status, told, expected):
    """The cause stays what the server said; class and reason follow the provider."""
    verdict = judge(status, None, told=told)

    assert expected == (verdict.cause.value, verdict.bounce_class.value, verdict.reject_reason)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        (None, 552, "full"),
        ("556", 552, "full"),
        ("550", 450, "temporary"),
        # No replies of SMTP (RFC 5321, 4.2.1): the text's own counts.
        ("552", 199, "full"),
        ("552", 600, "full"),
        ("552", 200, "unclear"),
        ("552", 599, "unclear"),
    ],
)
def test_reply_code_beside_the_text(text, code, expected):
    """A reply code that is known wins over one in the text."""
    assert expected == judge(None, text, code=code).cause.value


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        # Neither status is vague: the one that is known counts.
        ("5.1.1", "550 5.2.2 no", "no_mailbox"),
        (None, "550 can\u2019t relay", "relaying"),
        (None, "550 see https://x.example/user-unknown", "unclear"),
        (None, "550 <x:user-unknown@c.example>", "unclear"),
        (None, "550 <a@x:user-unknown@c.example>", "unclear"),
        (None, "550 <a@c.example>:user unknown", "no_mailbox"),
    ],
)
def test_what_is_no_word(status, text, expected):
    """Apostrophes, URLs and addresses are left out of the words; what follows an address is not."""
    assert expected == judge(status, text).cause.value


THREE = (
    (Cause.SPAM, ((" one ", " two ", " three "),)),
    (Cause.FULL, ((" abc",),)),
    (Cause.RATE, ((" a",),)),
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (" one two three ", Cause.SPAM),
        (" two one three ", None),
        (" one two ", None),
        (f" one {'x' * 59} two three ", Cause.SPAM),
        (f" one {'x' * 60} two three ", None),
        (f" one two {'x' * 59} three ", Cause.SPAM),
        (f" one two {'x' * 60} three ", None),
        # The first of each part counts.
        (" one two three one ", Cause.SPAM),
        (f" one two {'x' * 40} two {'x' * 40} three ", None),
        # A phrase that others begin with.
        (" a ", Cause.RATE),
        (" abd ", Cause.RATE),
        (" abc ", Cause.FULL),
        (" b ", None),
    ],
)
def test_parts_that_are_near(words, expected):
    """Each part stands behind the one before, with at most 60 characters from space to space."""
    assert (expected, None) == Index(THREE).find(words)
    assert (None, expected) == Index((), THREE).find(words)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("550 5.1.1 no", "5.1.1", "550"),
        ("smtp; 550-5.7.26 no", "5.7.26", "550"),
        ("5.1.1 (bad mailbox)", "5.1.1", None),
        ("no mailbox (#5.1.1)", "5.1.1", None),
        ("X-Notes; 5.1.1", "5.1.1", None),
        ("Postfix 5.1.1.2 said 550", None, "550"),
        ("250 2.0.0 OK", "2.0.0", "250"),
        ("5501 items", None, None),
        ("", None, None),
    ],
)
def test_codes_in_text(text, status, code):
    """Codes are found where a server puts them, and not in numbers of versions."""
    assert (status, code) == (enhanced_status(text), reply_code(text))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"action": "failed", "status": "5.1.1"}, ("hard", RejectReason.BOUNCED, False)),
        ({"action": "failed", "status": "5.2.2"}, ("soft", RejectReason.OTHER, True)),
        (
            {"action": "failed", "status": "5.0.0", "diagnostic": "550 Unknown user"},
            ("hard", RejectReason.BOUNCED, False),
        ),
        ({"action": "failed"}, ("undetermined", RejectReason.OTHER, None)),
        ({"action": "failed", "status": "4.4.7"}, ("soft", RejectReason.TIMED_OUT, True)),
        ({"action": "delayed", "status": "4.4.1"}, ("soft", None, True)),
        ({"action": "delivered", "status": "2.0.0"}, ("undetermined", None, True)),
        ({"action": "relayed"}, ("undetermined", None, True)),
        ({"action": "unknown", "status": "5.1.1"}, ("hard", RejectReason.BOUNCED, False)),
        (
            {"action": "unknown", "diagnostic": "550 user unknown"},
            ("hard", RejectReason.BOUNCED, False),
        ),
        ({"action": "unknown"}, ("undetermined", None, None)),
        ({"action": "unknown", "status": "2.0.0"}, ("undetermined", None, None)),
    ],
)
def test_delivery_reports(fields, expected):
    """A report is judged where delivery failed, and says that it is all right where it did not."""
    report = RecipientReport(**fields)
    got = (report.bounce_class.value, report.reject_reason, report.may_write_again)
    assert expected == got


PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "webhooks.md"
TOLD = {"True": True, "False": False, "None": None}


def answers_of_the_page():
    """What the page on webhooks says of each type, where neither class nor reason decides."""
    rows = re.findall(r"^\| (.*) \| (True|False|None) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {
        **{word: TOLD[answer] for words, answer in rows for word in re.findall(r"`(\w+)`", words)},
        **dict.fromkeys(["bounced", "rejected"]),
    }


@pytest.mark.parametrize("event_type", [each for each in EventType if each != EventType.INBOUND])
def test_every_type_of_event_answers(event_type):
    """The type answers as the page says, where there is no bounce class; else the class does."""

    def may_write_again(**fields):
        return TrackingEvent(provider="toy", event_type=event_type, **fields).may_write_again

    assert answers_of_the_page()[event_type] is may_write_again()
    assert may_write_again(bounce_class=BounceClass.HARD) is False
    assert may_write_again(bounce_class=BounceClass.SOFT) is True
    assert may_write_again(bounce_class=BounceClass.UNDETERMINED) is None
    assert may_write_again(recipient="a@example.com", recipient_certain=False) is None


@pytest.mark.parametrize("reason", list(RejectReason))
def test_rejected_for_what_was_before(reason):
    """A provider that refuses an address for an earlier bounce or complaint goes on refusing it."""
    event = TrackingEvent(provider="toy", event_type=EventType.REJECTED, reject_reason=reason)

    gone = {"bounced", "spam", "unsubscribed", "invalid"}
    assert (False if reason.value in gone else None) is event.may_write_again
    assert event.to_dict()["may_write_again"] is event.may_write_again


@given(st.one_of(st.none(), st.text()), st.text())
def test_any_text_is_judged(status, text):
    """Nothing that a stranger writes raises."""
    judge(status, text)


TABLES = {"words": order.words(), "fallback": order.fallback_words()}


@functools.cache
def index():
    """Made within a test, so that a fault of making it fails the test."""
    return Index(*TABLES.values())


LINES = [
    line
    for bounce_class in BounceClass
    for line in (ANSWERS / f"{bounce_class.value}.txt").read_text("utf-8").splitlines()
]
PARTS = sorted(
    {part.strip() for table in TABLES.values() for _, rows in table for row in rows for part in row}
)


def walk(table, words):
    """The first cause with a phrase in the words, one phrase after the other."""
    for cause, phrases in table:
        for first, *others in phrases:
            at = words.find(first)
            if at < 0:
                continue
            end = at + len(first) - 1
            for part in others:
                found = words[end : end + len(part) + 60].find(part)
                if found < 0:
                    break
                end += found + len(part) - 1
            else:
                return cause
    return None


def walk_both(words):
    """What the index is to find."""
    cause = walk(TABLES["words"], words)
    return (cause, None) if cause else (None, walk(TABLES["fallback"], words))


def as_words(text):
    """Lower case, with one space before, between and after words."""
    return f" {re.sub('[^a-z0-9]+', ' ', text.lower()).strip()} "


def test_index_finds_what_a_walk_finds():
    """The index finds what a walk through the tables finds, in each answer and for each phrase."""
    phrases = [" ".join(row) for table in TABLES.values() for _, rows in table for row in rows]
    apart = [
        f" {'x' * width}".join(row)
        for table in TABLES.values()
        for _, rows in table
        for row in rows
        for width in range(57, 61)
        if len(row) > 1
    ]
    texts = [as_words(text) for text in (*LINES, *PARTS, *phrases, *apart)]

    assert [walk_both(text) for text in texts] == [index().find(text) for text in texts]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PARTS) | st.sampled_from(LINES) | st.from_regex("[a-z0-9]{1,60}"),
            st.sampled_from([" ", "", "s ", f" {'x' * 57} ", f" {'x' * 58} ", f" {'x' * 59} "]),
        ),
        max_size=6,
    )
)
def test_index_finds_what_a_walk_finds_in_combinations(pieces):
    """Phrases side by side, run together and at the edge of nearness: as a walk finds them."""
    words = as_words("".join(text + behind for text, behind in pieces))

    assert walk_both(words) == index().find(words)


@pytest.mark.parametrize(
    "piece", ["a@", "550 5.1.1-", "host x ", "user ", "5.4.1 ", "said:", "550-"]
)
def test_long_texts_take_no_time(piece):
    """A text of a megabyte costs what its beginning costs."""
    started = time.perf_counter()
    judge(None, piece * 200_000)
    assert time.perf_counter() - started < 0.5
