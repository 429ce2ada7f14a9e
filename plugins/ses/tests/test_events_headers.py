"""Metadata and tags come back as they were given, whatever happened to their headers."""

from __future__ import annotations

import json
import pickle

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_ses.events import parse_ses_event
from mailcore_ses.events.message_headers import decode_words
from mailcore_ses.payload import encode_tag


URL = "https://shop.example/" + "a" * 110


def event_with(headers, **mail):
    """The event of a Send with these headers."""
    payload = {
        "eventType": "Send",
        "send": {},
        "mail": {
            "timestamp": "2026-11-20T09:15:01.902Z",
            "messageId": "m-1",
            "destination": ["ada@example.net"],
            "headers": headers,
            **mail,
        },
    }
    (event,) = parse_ses_event("ses", payload)
    return event


def header(name, value):
    """A header, as SES repeats it."""
    return {"name": name, "value": value}


METADATA = [
    pytest.param('{"user": 42}', {"user": 42}, id="72: a number stays one"),
    pytest.param(json.dumps({"url": URL}), {"url": URL}, id="97: a long token"),
    pytest.param('{"a": "b\r\n c"}', {"a": "b c"}, id="97: folded inside a text"),
    pytest.param('{"a": 1,\r\n "b": 2}', {"a": 1, "b": 2}, id="97: folded between items"),
    pytest.param(
        '{"url": "=?utf-8?q?https=3A//shop=2Eexample/?= =?utf-8?q?x?="}',
        {"url": "=?utf-8?q?https=3A//shop=2Eexample/?= =?utf-8?q?x?="},
        id="97: raw first: what only looks encoded stays",
    ),
    pytest.param(
        "=?utf-8?q?=7B=22a=22=3A?=\r\n =?utf-8?q?_=22=C3=A9=22=7D?=",
        {"a": "é"},
        id="97: encoded by a relay",
    ),
    pytest.param('{"line": "a\\nb"}', {"line": "a\nb"}, id="54: an escaped line break"),
    pytest.param('{"deep": {"list": [1, [2]]}}', {"deep": {"list": (1, (2,))}}, id="nested"),
]


@pytest.mark.parametrize(("value", "expected"), METADATA)
@pytest.mark.parametrize("name", ["X-Metadata", "x-metadata"])
def test_metadata(name, value, expected):
    """Metadata is read raw, or else unfolded and decoded."""
    event = event_with([header(name, value)])

    assert expected == dict(event.metadata)
    assert () == event.defects


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("[1, 2]", id="136: a list"),
        pytest.param('{"user": 42', id="97: cut off"),
        pytest.param("", id="empty"),
        pytest.param("NaN", id="not JSON"),
        pytest.param('{"a": NaN}', id="NaN"),
        pytest.param('{"a": ' + "9" * 5000 + "}", id="a huge number"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"a":' * 150 + "1" + "}" * 150, id="deep object"),
    ],
)
def test_unreadable_metadata_is_a_defect(value):
    """Metadata that cannot be read is told, not silently nothing."""
    tags = {"campaign": ["spring"]}
    headers = [header("X-Metadata", value)]
    for event, expected in (
        (event_with(headers, tags=tags), "spring"),
        (event_with([*headers, header("X-Tag", "own")], tags=tags), "own"),
    ):
        assert ({}, (expected,)) == (event.metadata, event.tags)
        assert 1 == len(event.defects)
        assert "X-Metadata" in event.defects[0]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [header("X-Metadata", '{"a": 1}')],
        [header("X-Metadata", '{"a": 1}'), header("X-Tag", "first")],
    ],
    ids=len,
)
@pytest.mark.parametrize("truncated", [True, False, None, "true"])
def test_truncated_headers_are_a_defect(headers, truncated):
    """Metadata and tags that SES cut off are told: all, or the last of them."""
    event = event_with(headers, headersTruncated=truncated)

    expected = ("SES truncated the headers: metadata and tags may be missing",)
    assert (expected if truncated is True else ()) == event.defects


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["a", "b"], ("a", "b"), id="72: two, in order"),
        pytest.param(["Cohort 12/2017"], ("Cohort 12/2017",), id="55"),
        pytest.param(["=?utf-8?q?caf=C3=A9?="], ("café",), id="99"),
        pytest.param(["=?utf-8?b?Y2Fmw6k=?="], ("café",), id="base64"),
        pytest.param(["=?UTF-8?B?Y2Fmw6k?="], ("café",), id="base64 without padding"),
        pytest.param(["=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9?="], ("café",), id="character split"),
        pytest.param(["a =?utf-8?q?=C3=A9?= b"], ("a é b",), id="word in text"),
        pytest.param(["=?utf-8?q?a?= =?iso-8859-1?q?=E9?="], ("aé",), id="85: two charsets"),
        pytest.param(["=?utf-8?q?=FF?="], ("\ufffd",), id="85: illegal byte"),
        pytest.param(["=?idna?q?a?="], ("=?idna?q?a?=",), id="no charset of mail"),
        pytest.param(["=?utf-8?b?!!?="], ("=?utf-8?b?!!?=",), id="broken base64"),
        pytest.param(["=?iso-8859-99?q?a?="], ("=?iso-8859-99?q?a?=",), id="unknown charset"),
        pytest.param(["=?utf-8?q?a"], ("=?utf-8?q?a",), id="unfinished"),
        pytest.param([""], ("",), id="empty"),
        pytest.param(["a =?utf-8?q?b?= c =?utf-8?q?d?= e"], ("a b c d e",), id="words in text"),
        pytest.param([" =?utf-8?q?a?=\t=?utf-8?q?b?= "], (" ab ",), id="spaces at the edges"),
        pytest.param(
            ["=?utf-8?q?a?= =?utf-8?b?!!?= =?utf-8?q?b?="],
            ("a =?utf-8?b?!!?= b",),
            id="one broken between two",
        ),
        pytest.param(
            ["x =?utf-8?b?!!?= =?utf-8?q?b?="], ("x =?utf-8?b?!!?= b",), id="the first broken"
        ),
        pytest.param(["=?UTF8*en?Q?=C3?= =?utf8?q?=A9?="], ("é",), id="a language, two spellings"),
        pytest.param(
            ["=?us-ascii?q?a_b?= =?windows-1252?b?gA==?="], ("a b€",), id="other charsets"
        ),
        pytest.param(["=?utf-8?q?=FF?= =?us-ascii?q?a?="], ("\ufffda",), id="illegal"),
        pytest.param(
            ["=?utf-8?q?a?= =?utf-8?q?b?= c =?utf-8?q?d?="], ("ab c d",), id="joined, then text"
        ),
        pytest.param(["a\n b\r\n\tc\nd"], ("a b\tc\nd",), id="folds, and what is none"),
        pytest.param(["=?utf-8?q?=\u00e9?="], ("=?utf-8?q?=\u00e9?=",), id="octets in no ASCII"),
    ],
)
def test_tags(values, expected):
    """Each X-Tag header is a tag, decoded."""
    event = event_with([header("X-Tag", value) for value in values])

    assert expected == event.tags


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_tags_round_trip(tag):
    """What the payload builder encodes is read back unchanged."""
    assert tag == decode_words(encode_tag(tag)) or ("\r" in tag or "\n" in tag)


@given(st.text())
def test_decoding_words_never_fails(text):
    """Any header value can be decoded."""
    assert isinstance(decode_words(text), str)
    assert isinstance(decode_words(f"=?utf-8?q?{text}?= =?iso-8859-7?b?{text}?="), str)


@pytest.mark.parametrize(
    ("headers", "tags", "metadata"),
    [
        pytest.param([], ("spring",), {"campaign": "spring"}, id="neither header"),
        pytest.param([header("X-Tag", "own")], ("own",), {"campaign": "spring"}, id="tag"),
        pytest.param([header("X-Metadata", '{"a": 1}')], ("spring",), {"a": 1}, id="metadata"),
        pytest.param(
            [header("X-Metadata", '{"a": 1}'), header("X-Tag", "own")],
            ("own",),
            {"a": 1},
            id="both",
        ),
    ],
)
def test_message_tags_stand_in_for_missing_headers(headers, tags, metadata):
    """SES's message tags count where a header is missing, and SES's own ones never."""
    event = event_with(headers, tags={"ses:operation": ["SendEmail"], "campaign": ["spring"]})

    assert (tags, metadata) == (event.tags, event.metadata)


@pytest.mark.parametrize(
    ("tags", "expected", "metadata"),
    [
        ({"a": ["x", "y"], "b": ["z"]}, ("x", "y", "z"), {"a": ("x", "y"), "b": "z"}),
        ({"ses:a": ["x"], "session": ["y"], "a": []}, ("y",), {"session": "y"}),
        ({}, (), {}),
        (None, (), {}),
    ],
)
@pytest.mark.parametrize("headers", [[], None])
def test_message_tags(headers, tags, expected, metadata):
    """Each value is a tag, and what its name has is metadata: one text, or several."""
    event = event_with(headers, tags=tags)

    assert (expected, metadata, ()) == (event.tags, event.metadata, event.defects)


def test_entries_that_are_no_headers():
    """They are told, and the others count."""
    event = event_with(["x", header("X-Tag", "t"), {"name": "X-Tag"}, header("X-Tag", "u")])

    assert ("t", "u") == event.tags
    assert ("`mail.headers` has an entry without name and value",) == event.defects


@pytest.mark.parametrize("value", [5, None, ["a"]])
def test_headers_that_are_no_text(value):
    """They are passed over: the next of that name counts."""
    headers = [header(name, value) for name in ("X-Metadata", "X-Tag")]
    headers += [header("X-Metadata", '{"a": 1}'), header("X-TAG", "t"), header("x-metadata", "{}")]
    event = event_with(headers)

    assert ({"a": 1}, ("t",)) == (event.metadata, event.tags)


def test_events_share_nothing_that_can_change():
    """137: two events of one notification cannot be changed through each other."""
    payload = {
        "eventType": "Send",
        "send": {},
        "mail": {
            "destination": ["a@example.net", "b@example.net"],
            "headers": [header("X-Metadata", '{"list": [1], "deep": {"x": 1}}')],
        },
    }

    first, _ = parse_ses_event("ses", payload)

    with pytest.raises(TypeError):
        first.metadata["list"] = 1
    with pytest.raises(TypeError):
        first.metadata["deep"]["x"] = 2
    assert isinstance(first.metadata["list"], tuple)


READERS = [
    pytest.param(lambda value: value["mail"], id="item"),
    pytest.param(lambda value: value.get("mail"), id="get"),
    pytest.param(lambda value: dict(value)["mail"], id="dict()"),
    pytest.param(lambda value: {**value}["mail"], id="**"),
    pytest.param(lambda value: (value | {})["mail"], id="|"),
    pytest.param(lambda value: ({} | value)["mail"], id="reversed |"),
    pytest.param(lambda value: value.copy()["mail"], id="copy"),
    pytest.param(lambda value: dict(value.items())["mail"], id="items"),
    pytest.param(lambda value: next(iter(value.values())), id="values"),
    pytest.param(lambda value: pickle.loads(pickle.dumps(value))["mail"], id="pickle"),
    pytest.param(lambda value: next(map(value.__getitem__, value)), id="iteration"),
]


@pytest.mark.parametrize("read", READERS)
def test_esp_event_cannot_change(read):
    """137: whichever way esp_event is read, nothing in it can be changed."""
    payload = {"mail": {"destination": ["a@example.net"]}, "eventType": "Odd"}
    (event,) = parse_ses_event("ses", payload)

    mail = read(event.esp_event)

    assert {"destination": ("a@example.net",)} == mail
    with pytest.raises(TypeError):
        mail["destination"] = ()
    with pytest.raises(TypeError):
        event.esp_event["x"] = 1
    assert payload == {"mail": {"destination": ["a@example.net"]}, "eventType": "Odd"}
