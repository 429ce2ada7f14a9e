"""Reading the fields of a webhook: a value or a defect, and never an exception."""

from __future__ import annotations

import json

from datetime import datetime, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.webhook import Fields, addr_spec_in, bracketed_id, digest_of, parse_epoch


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
TOLERANT = ("text", "number", "flag", "within", "texts", "mapping")


@given(JSON)
def test_a_field_is_read_or_told_of(value):
    """A value that is not what it should be is a defect that names the field; one that is, none."""
    for reader in (*TOLERANT, "required", "time", "each"):
        fields = Fields({"Name": value})
        found = getattr(fields, reader)("Name")
        if reader == "each":
            found = list(found)
        if fields.defects:
            assert all(defect.startswith("`Name` ") for defect in fields.defects)
        elif value not in (None, "", [], {}) or reader in ("required", "time"):
            assert found not in (None, (), [])


@given(JSON)
def test_what_is_missing_is_no_defect_unless_it_is_required(value):
    """Null and missing are the same to every reader."""
    for document in ({}, {"Name": None}, {"Other": value}):
        fields = Fields(document)
        assert [None, None, None, {}, (), {}] == [
            found.document if isinstance(found, Fields) else found
            for found in (getattr(fields, reader)("Name") for reader in TOLERANT)
        ]
        assert list(fields.each("Name")) == []
        assert fields.defects == []

        assert fields.required("Name") is None
        assert ["`Name` is missing"] == fields.defects


@pytest.mark.parametrize(
    ("reader", "value", "expected", "defect"),
    [
        ("text", "a", "a", None),
        ("text", "", None, None),
        ("text", 5, None, "is not a string"),
        ("required", "", None, "is missing"),
        ("required", ["a"], None, "is not a string"),
        ("number", 7, "7", None),
        ("number", "0007", "0007", None),
        ("number", True, None, "is not a number"),
        ("number", 1.5, None, "is not a number"),
        ("flag", False, False, None),
        ("flag", 0, None, "is not a boolean"),
        ("texts", ["a", "b"], ("a", "b"), None),
        ("texts", ["a", 1], ("a",), "has an entry that is not a string"),
        ("texts", "a", (), "is not an array"),
        ("mapping", {"a": [1]}, {"a": (1,)}, None),
        ("mapping", [], {}, None),
        ("mapping", "a", {}, "is not an object"),
        ("time", "2026-11-30T10:00:00Z", datetime(2026, 11, 30, 10, tzinfo=timezone.utc), None),
        ("time", 5, None, "cannot be read"),
    ],
)
def test_each_reader(reader, value, expected, defect):
    """What it makes of what it gets."""
    fields = Fields({"Name": value})

    assert expected == getattr(fields, reader)("Name")
    assert ([f"`Name` {defect}"] if defect else []) == fields.defects


def test_fields_within_name_their_place_and_share_the_defects():
    """At any depth, and in arrays."""
    fields = Fields({"Geo": {"Place": {"City": 1}}, "To": [{"Email": 2}, "b@example.net"]})

    assert fields.within("Geo").within("Place").text("City") is None
    assert [None] == [each.required("Email") for each in fields.each("To")]
    assert (
        "`Geo.Place.City` is not a string",
        "`To[].Email` is not a string",
        "`To` has what is no object",
    ) == fields.distinct_defects


def test_pairs_are_read_in_their_order_and_what_is_no_text_is_told_of():
    """An array has several values of one name."""
    fields = Fields({"h": {"To": "a", "Received": ["2", 5, "1"], "Date": None, "X": [], "Y": ""}})

    assert [("To", "a"), ("Received", "2"), ("Received", "1"), ("Y", "")] == fields.within(
        "h"
    ).pairs()
    assert ["`h.Received` is not a string", "`h.Date` is not a string"] == fields.defects


def test_metadata_cannot_be_changed():
    """An event holds it for as long as somebody holds the event."""
    for metadata in ({"a": "b"}, {"a": {"b": 1}}):
        with pytest.raises(TypeError):
            Fields({"Metadata": metadata}).mapping("Metadata")["a"] = "c"


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_digest_does_not_depend_on_the_order(document):
    """And differs from that of another document."""
    turned = dict(reversed(document.items()))

    assert digest_of(document) == digest_of(turned) == digest_of(json.loads(json.dumps(document)))
    assert digest_of({**document, "one more": 1}) != digest_of(document)


@given(JSON | st.integers() | st.floats())
def test_seconds_since_1970_are_read_or_none(value):
    """Numbers beyond what a datetime holds, too."""
    found = parse_epoch(value)

    assert found is None or found.tzinfo is timezone.utc


def test_seconds_since_1970():
    """As a number and as its text."""
    expected = datetime(2026, 11, 30, 10, 40, tzinfo=timezone.utc)

    assert [expected] * 3 == list(map(parse_epoch, (1796035200, 1796035200.0, "1796035200")))
    assert parse_epoch(True) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a@b", "<a@b>"),
        ("<a@b>", "<a@b>"),
        (" <a@b ", "<a@b>"),
        ("a@b>", "<a@b>"),
        ("no-id", "no-id"),
        ("<>", None),
        ("", None),
        (None, None),
    ],
)
def test_an_id_in_one_spelling(given, expected):
    """In the brackets that answers have and events leave out."""
    assert expected == bracketed_id(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" Ada@x.example ", "Ada@x.example"),
        ("Ada <Ada@x.example>", "Ada@x.example"),
        ('"<b@x.example>" <Ada@x.example>', "Ada@x.example"),
        ("<>", ""),
        ("", ""),
        ("no address", "no address"),
        ("broken <Ada", "Ada"),
        ("broken <Ada@> ?", "Ada@"),
    ],
)
def test_the_address_in_a_text(given, expected):
    """As it is spelled; what is none stays as it is."""
    assert expected == addr_spec_in(given)
