from __future__ import annotations

import copy
import enum
import inspect
import json
import pickle

from collections import UserString
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mailcore import (
    Address,
    Alternative,
    Attachment,
    Headers,
    InvalidMessage,
    InvalidMessageType,
    Message,
    MessageError,
    Unsubscribe,
)
from mailcore.message import MESSAGE_FIELDS
from mailcore.testing.canaries import samples


# A field that is new is here by its sample.
FULL = {
    **samples(),
    "from_email": "Shop <shop@example.com>",
    "other_authors": ["Warehouse <warehouse@example.com>"],
    "to": ["Ada <ada@example.net>", ("Bob", "bob@example.net")],
    "cc": ["cc@example.net"],
    "bcc": [Address("bcc@example.net")],
    "reply_to": ["help@example.com"],
    "subject": "Grüße",
    "text": "Hello\n",
    "html": "<p>Hello</p>",
    "alternatives": [("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")],
    "attachments": [
        ("a.txt", "text"),
        ("b.bin", b"\x00\xff", "application/x-b"),
        Attachment("c.png", b"png", content_id="logo@inline"),
    ],
    "headers": {"X-Num": 5, "X-Two": "2", "Sender": "s@example.com"},
    "envelope_sender": "bounces@example.com",
    "metadata": {"user": 42, "vip": True, "none": None, "rate": 1.5},
    "tags": ["welcome", "Cohort 12/2017"],
    "track_opens": True,
    "track_clicks": False,
    "send_at": datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5.5))),
    "template_id": "t-1",
    "merge_data": {"ada@example.net": {"name": "Ada", "list": [1, {"a": None}]}},
    "merge_global_data": {"shop": {"name": "S"}},
    "merge_metadata": {"ada@example.net": {"n": 1}},
    "merge_headers": {"ada@example.net": {"X-One": "1"}},
    "unsubscribe": {"url": "https://example.com/u?t=1", "mailto": "u@example.com"},
    "idempotency_key": "order-1",
    "esp_extra": {"ses": {"ConfigurationSetName": "x", "Tags": [{"a": 1}]}},
}


class Anything:
    """An object that no field takes."""


@pytest.fixture
def full() -> Message:
    """A message with every field."""
    return Message(**FULL)


def test_example_uses_every_field():
    """The tests below speak for all fields only if none is left out."""
    assert set(MESSAGE_FIELDS) == set(FULL)


def test_coerces_what_people_write(full):
    """Text, pairs, tuples and mappings become the values that a message holds."""
    assert Address("shop@example.com", "Shop") == full.from_email
    assert (Address("ada@example.net", "Ada"), Address("bob@example.net", "Bob")) == full.to
    assert (Alternative("BEGIN:VCALENDAR", "text/calendar; method=REQUEST"),) == full.alternatives
    assert ("a.txt", b"text") == (full.attachments[0].filename, full.attachments[0].content)
    assert "5" == full.headers["x-num"]
    assert Unsubscribe(url="https://example.com/u?t=1", mailto="u@example.com") == full.unsubscribe
    assert (1, {"a": None}) == full.merge_data["ada@example.net"]["list"]


def test_one_item_may_hold_several_addresses():
    """Case 2: a text with commas is several recipients."""
    message = Message(to=["first@example.com, second@example.com"])

    assert ("first@example.com", "second@example.com") == message.recipients


@pytest.mark.parametrize(
    "copied",
    [
        pytest.param(lambda m: pickle.loads(pickle.dumps(m)), id="pickle"),
        pytest.param(lambda m: Message.from_dict(m.to_dict()), id="dict"),
        pytest.param(lambda m: Message.from_dict(json.loads(json.dumps(m.to_dict()))), id="json"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda m: m.replace(), id="replace"),
    ],
)
def test_copies_are_equal(full, copied):
    """Whatever way a message travels, it arrives as it was: fields, hash and what was given."""
    other = copied(full)

    assert full == other
    assert hash(full) == hash(other)
    assert full.given() == other.given()
    assert full.declined == other.declined


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_every_field_counts_for_equality(full, name):
    """A message without a field differs from one with it."""
    assert full != full.replace(**{name: None})


def test_is_frozen(full):
    """Neither fields nor what they hold can change."""
    with pytest.raises(AttributeError):
        full.subject = "other"
    with pytest.raises(AttributeError):
        del full.subject
    with pytest.raises(TypeError, match="immutable"):
        full.metadata["user"] = 43
    with pytest.raises(TypeError, match="immutable"):
        full.merge_data["ada@example.net"]["name"] = "Eve"
    with pytest.raises(TypeError):
        full.headers["X-Num"] = "6"


def test_objects_of_the_caller_are_neither_kept_nor_changed():
    """Case 30: what a caller does to a list or dict later is not seen, and it stays as it was."""
    to = ["ada@example.net"]
    metadata = {"user": 1}
    merge_data = {"ada@example.net": {"items": [1]}}
    content = bytearray(b"abc")
    given = {"to": to, "metadata": metadata, "merge_data": merge_data}
    before = copy.deepcopy(given)
    message = Message(**given, attachments=[("a", content, "a/b")])

    assert before == given
    to.append("eve@example.net")
    metadata["user"] = 2
    merge_data["ada@example.net"]["items"].append(2)
    content[0] = 0

    assert ("ada@example.net",) == message.recipients
    assert {"user": 1} == message.metadata
    assert (1,) == message.merge_data["ada@example.net"]["items"]
    assert b"abc" == message.attachments[0].content


def test_three_states():
    """Not given, refused (None) and given are told apart, and all three travel."""
    message = Message(subject=None, text="x", tags=[])

    assert frozenset({"subject"}) == message.declined
    assert {"subject": None, "text": "x", "tags": ()} == message.given()
    assert message.subject is None
    assert message.html is None
    assert {"subject": None, "text": "x", "tags": []} == message.to_dict()
    assert message == Message.from_dict(message.to_dict())
    assert Message() != Message(subject=None)


def test_replace_changes_only_what_it_names(full):
    """The copy has the change, the original has not; None declines; validation runs again."""
    changed = full.replace(subject="New", tags=None)

    assert ("New", (), frozenset({"tags"})) == (changed.subject, changed.tags, changed.declined)
    assert FULL["subject"] == full.subject
    assert changed.replace(tags=["t"]).declined == frozenset()
    with pytest.raises(InvalidMessage, match="subject"):
        full.replace(subject="a\nb")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"merge_data": {}}, True),
        ({"merge_metadata": {}}, True),
        ({"merge_headers": {}}, True),
        ({"merge_global_data": {}}, False),
        ({"merge_global_data": {"a": 1}}, False),
        ({"merge_data": None}, False),
    ],
)
def test_what_makes_a_batch(fields, expected):
    """Case 34: a mapping by recipient makes a batch even if it is empty; global data does not."""
    assert expected == Message(to=["a@example.com"], **fields).is_batch


def test_recipients_are_each_named_once():
    """An address in several fields or spellings is one recipient, spelled as at first."""
    message = Message(
        to=["Ada@example.net", "a@faß.example"],
        cc=["ada@EXAMPLE.net"],
        bcc=["a@xn--fa-hia.example"],
    )

    assert ("Ada@example.net", "a@faß.example") == message.recipients


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"reply_to": ["attr@example.com"], "headers": {"REPLY-to": "h@example.com", "X": "1"}},
            {"reply_to": "h@example.com", "headers": ["X"]},
            id="22 Reply-To wins over reply_to",
        ),
        pytest.param(
            {"reply_to": None, "headers": {"Reply-To": "h@example.com"}},
            {"reply_to": "h@example.com", "headers": []},
            id="23 Reply-To with reply_to=None",
        ),
        pytest.param(
            {"from_email": "f@example.com", "headers": {"From": "H <h@example.com>"}},
            {"from_email": "H <h@example.com>", "envelope_sender": "f@example.com", "headers": []},
            id="24 From wins, from_email becomes the envelope sender",
        ),
        pytest.param(
            {
                "from_email": "f@example.com",
                "envelope_sender": "e@example.com",
                "headers": {"from": "h@example.com"},
            },
            {"from_email": "h@example.com", "envelope_sender": "e@example.com", "headers": []},
            id="24 a given envelope sender stays",
        ),
        pytest.param(
            {
                "from_email": "f@example.com",
                "envelope_sender": None,
                "headers": {"From": "h@x.org"},
            },
            {"from_email": "h@x.org", "envelope_sender": None, "headers": []},
            id="24 a refused envelope sender stays refused",
        ),
        pytest.param(
            {"from_email": None, "headers": {"From": "h@example.com"}},
            {"from_email": "h@example.com", "envelope_sender": None, "headers": []},
            id="24 From with from_email=None",
        ),
        pytest.param(
            {"to": ["a@example.com"], "headers": {"To": "List <list@example.com>"}},
            {"to": "a@example.com", "headers": ["To"]},
            id="25 To stays a header",
        ),
    ],
)
def test_address_headers(fields, expected):
    """Cases 22 to 25: where From, Reply-To and To of `headers` end up."""
    message = Message(**fields)

    def shown(name):
        value = getattr(message, name)
        if name == "headers":
            return list(value)
        return ", ".join(map(str, value)) if isinstance(value, tuple) else value and str(value)

    assert expected == {name: shown(name) for name in expected}
    assert message == Message.from_dict(message.to_dict())
    assert not message.declined & {n for n, v in message.given().items() if v is not None}


def test_list_unsubscribe_is_given_once():
    """The header and the field contradict each other."""
    fields = {"headers": {"List-Unsubscribe": "<https://x.example/>"}}

    with pytest.raises(InvalidMessage, match="both given"):
        Message(**fields, unsubscribe="https://x.example/")
    assert "list-unsubscribe" in Message(**fields).headers


def test_all_problems_are_told_at_once():
    """Every field that is wrong is named by one error."""
    with pytest.raises(InvalidMessageType) as caught:
        Message(
            from_email="x",
            to=["ok@example.com", "oops"],
            subject="a\r\nb",
            text=5,
            tags=["ok", ""],
            headers={"From": "worse", "Bcc": "b@example.com", "X-A": "a\nb"},
            metadata={"a": object()},
            attachments=[("f\n", b"")],
            send_at="tomorrow",
        )

    expected = {
        *("from_email", "to", "subject", "text", "tags[1]", "headers['From']", "headers['Bcc']"),
        *("headers['X-A']", "metadata['a']", "attachments[0]", "send_at"),
    }
    assert expected == {problem.field for problem in caught.value.problems}
    for field in ("`from_email`", "`subject`", "`tags[1]`", "'Bcc'", "'X-A'", "`metadata['a']`"):
        assert field in str(caught.value)


NAIVE = datetime(2027, 1, 1)  # noqa: DTZ001  # what is wrong with it
WRONG = {
    "address": [5, b"a@example.com", [], {}, Anything(), "", "a", "a@b@c", "a@example.com\n", True],
    "addresses": [
        "a@example.com",
        b"a",
        5,
        True,
        Anything(),
        [5],
        [b"a@b.c"],
        ["a"],
        [[]],
        [("a",)],
    ],
    "line": [5, b"a", [], True, Anything(), "a\nb", "a\rb", "\x00", "\ud800", "a\u2028b"],
    "word": [5, b"a", [], True, Anything(), "", "a\nb", "\ud800", UserString("")],
    "body": [5, b"a", [], True, Anything(), "\ud800"],
    "flag": [5, 0, 1, "yes", "", [], Anything()],
    "instant": [
        *("2027-01-01", NAIVE, NAIVE.date(), Anything(), [], timedelta(1), True, Decimal(10**9)),
        *(
            -1,
            -0.5,
            0,
            3600,
            999_999_999,
            1e12,
            10**400,
            float("nan"),
            float("inf"),
            1_800_000_000_000,
        ),
    ],
    "template": [5.0, b"a", [], True, False, 0, -1, 10**5000, Anything(), "", "a\nb", "\ud800"],
    "mapping": [5, "a", [("a", 1)], {1: 2}, True, Anything(), b"a", {"a": Anything()}, {"a": b""}],
    "metadata": [{"": 1}, {"a\nb": 1}, {"a": []}, {"a": {}}, {"a": float("nan")}, {"a": "\ud800"}],
    "by_recipient": [{"": {}}, {"x": {}}, {"a@b.org": 5}, {"a@b.org": [1]}, {"a@b.org": "x"}],
    "parts": [5, "a", b"a", True, Anything(), [5], ["a"], [()], [("a",)], [(1, 2, 3, 4)], [(5, 5)]],
}
FIELDS = {
    "from_email": ["address"],
    "other_authors": ["addresses"],
    "to": ["addresses"],
    "cc": ["addresses"],
    "bcc": ["addresses"],
    "reply_to": ["addresses"],
    "subject": ["line"],
    "text": ["body"],
    "html": ["body"],
    "alternatives": ["parts"],
    "attachments": ["parts"],
    "headers": [],
    "envelope_sender": ["address"],
    "metadata": ["mapping", "metadata"],
    "tags": [],
    "track_opens": ["flag"],
    "track_clicks": ["flag"],
    "send_at": ["instant"],
    "template_id": ["template"],
    "merge_data": ["mapping", "by_recipient"],
    "merge_global_data": ["mapping"],
    "merge_metadata": ["mapping", "by_recipient"],
    "merge_headers": ["mapping", "by_recipient"],
    "unsubscribe": [],
    "idempotency_key": ["word"],
    "esp_extra": ["mapping"],
}
OWN = {
    "headers": [
        *(5, "a", b"a", True, Anything(), ["a"], [("a",)], [("a", "b", "c")], {1: "a"}, {"": "a"}),
        *({10**5000: "a"}, {"a" * 5000: "a"}),
        *({"a:b": "c"}, {"ä": "c"}, {"a b": "c"}, {"A": "1", "a": "2"}, {"X": None}, {"X": []}),
        *({"X": True}, {"X": b"b"}, {"X": "a\nb"}, {"X": "\ud800"}, {"X": 10**5000}),
        *({"Subject": "s"}, {"cc": "a@b.org"}, {"Content-Type": "a/b"}, {"X": "a" * 1000}),
        *({"Reply-To": "x"}, {"To": ""}, {"Sender": "x"}, {"Sender": "a@b.org, c@d.org"}),
    ],
    "from_email": [[5], [None], ["a@b.org", "x"], ["a@b.org", None], "a@b.org, x", [[]], {"a": 1}],
    "tags": [5, "abc", b"abc", UserString("abc"), True, Anything(), [5], [""], ["a\nb"], [None]],
    "unsubscribe": [
        *(5, True, Anything(), [], {}, {"x": 1}, {1: 2}, "http://example.com/", "ftp://x.org", ""),
        *("https://", "https://exa mple.org/", "https://é.org/", "https://x.org/\n", "x"),
        *({"url": 5}, {"mailto": "x"}, {"mailto": 5}, {"url": "https://x.org", "one_click": "no"}),
        *("https://x.org/" + "a" * 1000, {"mailto": "ä@x.org"}, "https://[x/"),
    ],
    "merge_global_data": [{"a": float("inf")}, {"\ud800": 1}, {"a": {1: 2}}, {"a": 10**5000}],
    "esp_extra": [{"ses": 5}, {"ses": None}, {"ses": ["a"]}, {"ses": "a"}],
    "merge_data": [{"a@b.org": {}, "A <A@B.org>": {}}, {"a@b.org, c@d.org": {}}],
    "merge_headers": [{"a@b.org": {"X": "a\nb"}}, {"a@b.org": {"Bcc": "x"}}],
    "attachments": [
        [("a/b", b"", "x")],
        [("a", b"", "a/b;\r\n x=y")],
        [("a\nb", b"")],
        [("", b"")],
    ],
    "alternatives": [[("\ud800", "a/b")], [("a", "b")], [("a", None)], [("a", "text/x", "c")]],
}
WRONG_VALUES = [
    pytest.param(name, value, id=f"{name}-{number}")
    for name in FIELDS
    for number, value in enumerate(
        [*(value for kind in FIELDS[name] for value in WRONG[kind]), *OWN.get(name, [])]
    )
]
WRONG_VALUES += [pytest.param(name, Anything(), id=f"{name}-anything") for name in MESSAGE_FIELDS]


@pytest.mark.parametrize(("name", "value"), WRONG_VALUES)
def test_wrong_values_are_refused_by_name(name, value):
    """Whatever is wrong with a field, one error names it."""
    with pytest.raises(InvalidMessage) as caught:
        Message(**{name: value})

    for problem in caught.value.problems:
        assert name == problem.field.partition("[")[0].partition(".")[0], problem
        assert name in str(problem) or "header " in str(problem)


@pytest.mark.parametrize("value", ["abc", b"abc", UserString("abc")], ids=["str", "bytes", "lazy"])
@pytest.mark.parametrize("name", ["to", "cc", "bcc", "reply_to", "tags"])
def test_text_is_no_list(name, value):
    """Cases 21 and 118: a text is not taken for a list of its characters."""
    with pytest.raises(TypeError, match="must be a list or other iterable"):
        Message(**{name: value})


class SafeText(str):
    """Text that frameworks mark as safe."""

    __slots__ = ()


@pytest.mark.parametrize("kind", [UserString, SafeText])
@pytest.mark.parametrize("name", ["subject", "text", "html", "template_id", "idempotency_key"])
def test_texts_of_frameworks_become_plain(name, kind):
    """Lazily translated and marked texts are read when the message is made."""
    assert str is type(getattr(Message(**{name: kind("x")}), name))


def test_values_of_subclasses_become_plain():
    """Numbers and texts within data hold nothing that would not travel."""
    data = Message(merge_global_data={"a": SafeText("x"), SafeText("b"): [SafeText("y")]})

    assert {"a": "x", "b": ("y",)} == data.merge_global_data
    assert [str, str] == [type(key) for key in data.merge_global_data]
    assert str is type(data.merge_global_data["a"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("form_email", "no field 'form_email': did you mean 'from_email'"),
        ("extra_headers", "no field 'extra_headers': did you mean 'headers'"),
        ("html_message", "did you mean 'html'"),
        ("ReplyToAddresses", "no field <16 characters>: did you mean 'reply_to'"),
        ("template_variables", "did you mean 'merge_global_data'"),
        ("tag", "did you mean 'tags'"),
    ],
)
def test_unknown_field_is_named_with_the_likely_one(given, told):
    """A typing error is not ignored, nor what others call the same."""
    with pytest.raises(TypeError, match=told):
        Message(**{given: "x"})


def test_signature_tells_the_fields():
    """help() and other readers of signatures see every field."""
    assert list(MESSAGE_FIELDS) == list(inspect.signature(Message).parameters)


@pytest.mark.parametrize("depth", [51, 60, 100_000])
def test_nesting_has_an_end(depth):
    """Data nested too deeply is refused, and never ends the interpreter."""
    data: object = 1
    for _ in range(depth):
        data = [data]

    with pytest.raises(InvalidMessage, match="nested deeper than 50"):
        Message(merge_global_data={"a": data})


def test_cycle_is_refused():
    """Data that holds itself is nested too deeply."""
    data: dict[str, object] = {}
    data["a"] = data

    with pytest.raises(InvalidMessage, match="nested deeper"):
        Message(merge_global_data=data)


def test_time_zone_rules_become_an_offset():
    """Also in the hour that autumn repeats, a message equals its copy."""
    berlin = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    message = Message(send_at=berlin)

    assert "2026-10-25T02:30:00+01:00" == message.to_dict()["send_at"]
    assert message == Message.from_dict(message.to_dict())
    assert berlin.timestamp() == message.send_at.timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_800_000_000, "2027-01-15T08:00:00+00:00"),
        (1_800_000_000.25, "2027-01-15T08:00:00.250000+00:00"),
        (1_800_000_000.000001, "2027-01-15T08:00:00.000001+00:00"),
        (1_000_000_000, "2001-09-09T01:46:40+00:00"),
        (253_402_300_799, "9999-12-31T23:59:59+00:00"),
    ],
)
def test_send_at_takes_unix_seconds(value, expected):
    """They become a time in UTC, from code and from documents alike."""
    message = Message(send_at=value)

    assert expected == message.to_dict()["send_at"]
    assert message == Message(send_at=datetime.fromisoformat(expected))
    assert message == Message.from_dict({"send_at": value})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (NAIVE, ["no time zone", "send_at.replace(tzinfo=timezone.utc)", "send_at.astimezone()"]),
        (NAIVE.date(), ["not date", "datetime(2027, 1, 1, 9, tzinfo=timezone.utc)"]),
        (1_800_000_000_000, ["no time in Unix seconds", "divided by 1000"]),
        (3600, ["no time in Unix seconds", "datetime.now(timezone.utc) + timedelta(hours=1)"]),
        ("in an hour", ["not str", "datetime.now(timezone.utc) + timedelta(hours=1)"]),
    ],
)
def test_send_at_says_what_it_would_have_to_be(value, told):
    """What is no moment is refused with the way to make it one."""
    with pytest.raises(InvalidMessage) as caught:
        Message(send_at=value)

    for text in told:
        assert text in str(caught.value)


class Template(enum.IntEnum):
    WELCOME = 7


@pytest.mark.parametrize("value", [7, "7", Template.WELCOME, UserString("7")])
def test_template_id_takes_whole_numbers(value):
    """An id is text, whatever its service counts with: equal messages are equal."""
    message = Message(template_id=value)

    assert "7" == message.template_id
    assert str is type(message.template_id)
    assert message == Message.from_dict({"template_id": value})


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2027-01-02T03:04:05Z", 0),
        ("2027-01-02T03:04:05+00:00", 0),
        ("2027-01-02T03:04:05.5Z", 500_000),
        ("2027-01-02T03:04:05.678Z", 678_000),
        ("2027-01-02T03:04:05.6789012+00:00", 678_901),
    ],
)
def test_times_in_json(text, microsecond):
    """ISO 8601 as others write it is read alike on every Python."""
    expected = datetime(2027, 1, 2, 3, 4, 5, microsecond, tzinfo=timezone.utc)

    assert expected == Message.from_dict({"send_at": text}).send_at


@pytest.mark.parametrize(
    "fields",
    [
        {"merge_data": {"ada@example.net": 5}},
        {"metadata": {"ada@example.net": object()}},
        {"esp_extra": {"ada@example.net": 5}},
        {"merge_global_data": {"ada@example.net": {"bob@example.net": object()}}},
        {"to": ["ada@example.net", "ada@example.net@x"]},
        {"merge_data": {"ada@example.net": {}, "ADA@example.net": {}}},
    ],
)
def test_errors_are_redacted(fields):
    """Case 37: addresses stay out of the texts of errors."""
    with pytest.raises(MessageError) as caught:
        Message(**fields)

    assert "ada@" not in str(caught.value).lower()
    assert "bob@" not in str(caught.value).lower()


def test_repr_is_redacted(full):
    """Neither addresses nor contents stand in the repr."""
    shown = repr(full)

    assert (
        "Message(recipients=['a***@example.net', 'b***@example.net', 'c***@example.net'] and 1"
        in shown
    )
    for secret in ("ada@", "shop@", "Hello", "order-1"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (None, "message"),
        ([], "message"),
        ("x", "message"),
        ({"nope": 1}, "'nope'"),
        ({5: 1}, "Message has no field"),
        ({"to": {}}, "to"),
        ({"to": [{}]}, "to[0]"),
        ({"to": ["a@b.org", {"addr_spec": 5}]}, "to[1]"),
        ({"to": [{"addr_spec": "a@b.org", "x": 1}]}, "to[0]"),
        ({"from_email": {"addr_spec": "x"}}, "from_email"),
        ({"from_email": []}, "from_email"),
        ({"send_at": "tomorrow"}, "send_at"),
        ({"send_at": "2027-01-01T00:00:00"}, "send_at"),
        ({"attachments": {}}, "attachments"),
        ({"attachments": [{"filename": "a", "content_base64": "!"}]}, "attachments[0]"),
        ({"attachments": [{"filename": "a", "content_base64": 5}]}, "attachments[0]"),
        ({"attachments": [{"filename": "a", "content_base64": "ä"}]}, "attachments[0]"),
        ({"attachments": [{"filename": "a", 5: "", "x": 1}]}, "attachments[0]"),
        ({"attachments": [{"filename": [], "disposition": []}]}, "attachments[0]"),
        (
            {"alternatives": [{"content": "x", "content_type": "text/x", "more": 1}]},
            "alternatives[0]",
        ),
        ({"alternatives": [{}]}, "alternatives[0]"),
        ({"headers": [["X", "1", "2"]]}, "headers"),
        ({"headers": [5]}, "headers"),
        ({"unsubscribe": {"url": []}}, "unsubscribe"),
        ({"merge_headers": {"a@b.org": [["X"]]}}, "merge_headers"),
        ({"tags": {"a": 5}, "metadata": []}, "metadata"),
    ],
)
def test_documents_of_the_wrong_shape(data, named):
    """At whatever node a document is wrong, one MessageError names it."""
    with pytest.raises(MessageError) as caught:
        Message.from_dict(data)

    assert named in str(caught.value)


def test_documents_tell_all_problems():
    """Unknown fields, wrong shapes and wrong values of a document come in one error."""
    with pytest.raises(MessageError) as caught:
        Message.from_dict(
            {
                "nope": 1,
                "to": [{"addr_spec": "x"}, {"addr_spec": "y"}],
                "attachments": [{"filename": "a", "content_base64": "!"}, {"x": 1}],
                "subject": 5,
                "send_at": "x",
            }
        )

    expected = ["attachments[0]", "attachments[1]", "nope", "send_at", "subject", "to[0]", "to[1]"]
    assert expected == sorted(problem.field for problem in caught.value.problems)


def test_documents_written_by_hand():
    """Addresses may be text, attachments text, times end in Z."""
    message = Message.from_dict(
        {
            "from_email": "a@example.com",
            "to": ["Ada <ada@example.net>"],
            "attachments": [{"filename": "a.txt", "content": "hi"}],
            "send_at": "2027-01-01T00:00:00Z",
            "headers": {"X-A": "1"},
            "unsubscribe": "https://example.com/u",
        }
    )

    assert b"hi" == message.attachments[0].content
    assert datetime(2027, 1, 1, tzinfo=timezone.utc) == message.send_at
    assert Headers({"X-A": "1"}) == message.headers
