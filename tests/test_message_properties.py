"""What holds of every message, looked for by Hypothesis."""

from __future__ import annotations

import json
import pickle

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, Message, MessageError
from mailcore.message import MESSAGE_FIELDS
from mailcore.testing.canaries import samples


lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
words = lines.filter(bool)
bodies = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn"]), max_size=20
)
addr_specs = st.builds(
    "{}@{}".format,
    st.sampled_from(["ada", "Bob.B+tag", "відправник", '"a b"', "x" * 64]),
    st.sampled_from(["example.com", "faß.example", "xn--fa-hia.example", "[192.0.2.1]", "a_b.org"]),
)
addresses = st.tuples(names, addr_specs)
address_lists = st.lists(addresses, max_size=3)
numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | bodies
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
header_names = st.text("abcXYZ-", min_size=1, max_size=8).map("X-{}".format)
headers = st.dictionaries(header_names, lines | st.integers(-9, 9), max_size=3).filter(
    lambda given: len(given) == len({name.lower() for name in given})
)
content_types = st.sampled_from([None, "text/plain; format=flowed", 'a/b; x="y; z"', "image/PNG"])
attachments = st.builds(
    Attachment,
    st.none() | words,
    st.binary(max_size=20) | bodies,
    content_types,
    content_id=st.none() | st.sampled_from(["logo@inline", "<a.b>"]),
    disposition=st.sampled_from([None, "attachment", "inline"]),
)
instants = st.datetimes(
    datetime(1900, 1, 2),  # noqa: DTZ001  # Hypothesis adds the time zone
    datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from(
        [timezone.utc, timezone(timedelta(hours=-3, seconds=7)), ZoneInfo("Europe/Berlin")]
    ),
)
metadata = st.dictionaries(words, scalars, max_size=3)


def by_recipient(values):
    """Mappings by address."""
    one = st.sampled_from(["ada@example.com", "Bob <bob@faß.example>", "відправник@example.com"])
    return st.dictionaries(one, values, max_size=3)


# A field that is new is here by its sample.
VALUES = {
    **{name: st.just(value) for name, value in samples().items()},
    "from_email": addresses,
    "other_authors": address_lists,
    "to": address_lists,
    "cc": address_lists,
    "bcc": address_lists,
    "reply_to": address_lists,
    "subject": lines,
    "text": bodies,
    "html": bodies,
    "alternatives": st.lists(st.tuples(bodies, st.just("text/calendar; method=REQUEST"))),
    "attachments": st.lists(
        attachments, max_size=2, unique_by=lambda part: part.content_id or object()
    ),
    "headers": headers,
    "envelope_sender": addresses,
    "metadata": metadata,
    "tags": st.lists(words, max_size=3),
    "track_opens": st.booleans(),
    "track_clicks": st.booleans(),
    "send_at": instants | st.integers(10**9, 10**11) | st.floats(10**9, 10**11),
    "template_id": words | st.integers(1, 10**30),
    "merge_data": by_recipient(st.dictionaries(words, documents, max_size=2)),
    "merge_global_data": st.dictionaries(words, documents, max_size=2),
    "merge_metadata": by_recipient(metadata),
    "merge_headers": by_recipient(headers),
    "unsubscribe": st.sampled_from(
        [
            "https://x.example/u?a=1",
            {"mailto": "u@faß.example"},
            {"url": "http://x", "one_click": False},
        ]
    ),
    "idempotency_key": words,
    "esp_extra": st.dictionaries(
        st.sampled_from(["ses", "acme"]), st.dictionaries(words, documents, max_size=2)
    ),
}
messages = st.fixed_dictionaries(
    {}, optional={name: st.none() | values for name, values in VALUES.items()}
)


@given(messages)
def test_messages_travel_unchanged(fields):
    """Through JSON text, pickle and replace(), every message stays itself."""
    message = Message(**fields)

    assert message == Message.from_dict(json.loads(json.dumps(message.to_dict(), allow_nan=False)))
    assert message == pickle.loads(pickle.dumps(message))
    assert message == message.replace()
    assert hash(message) == hash(Message.from_dict(message.to_dict()))
    assert message.given() == Message.from_dict(message.to_dict()).given()
    assert message.declined == {name for name, value in fields.items() if value is None}


def made_or_refused(make):
    """The message, or the error that refuses it; any other error is raised."""
    try:
        return make()
    except MessageError as error:
        return error


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=20)
    | st.datetimes()
    | st.complex_numbers()
    | st.sampled_from([object(), Message, int, ..., NotImplemented, 10**4000, range(3)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(st.text(max_size=3), max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(MESSAGE_FIELDS), anything, min_size=1, max_size=3))
def test_any_value_gives_a_message_or_a_message_error(fields):
    """Whatever a field is given, the answer is a message or one typed error."""
    message = made_or_refused(lambda: Message(**fields))

    if isinstance(message, Message):
        assert message == Message.from_dict(json.loads(json.dumps(message.to_dict())))
    else:
        named = {problem.field.partition("[")[0].partition(".")[0] for problem in message.problems}
        assert named
        assert named <= set(fields)


shapes = st.sampled_from(["addr_spec", "display_name", "content", "content_base64", "content_type"])
shapes |= st.sampled_from(["filename", "content_id", "disposition", "url", "mailto", "one_click"])
nodes = st.recursive(
    anything,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(shapes, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(MESSAGE_FIELDS) | st.text(max_size=3), nodes, max_size=3))
def test_any_document_gives_a_message_or_a_message_error(document):
    """Whatever shape a document has, reading it ends with a message or one typed error."""
    message = made_or_refused(lambda: Message.from_dict(document))

    if isinstance(message, Message):
        assert message == Message.from_dict(message.to_dict())
    else:
        assert message.problems


@given(st.text(st.characters(), max_size=40))
def test_any_content_type_is_one_line_or_refused(text):
    """What passes as a content type cannot break a header."""
    try:
        kept = Attachment("a", b"", text).content_type
    except MessageError:
        return
    assert 1 == len(kept.splitlines())
    assert kept == Attachment("a", b"", kept).content_type
