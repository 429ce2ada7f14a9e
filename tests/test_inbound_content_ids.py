"""Files and the Content-IDs that a service tells apart from them: neither is lost."""

from __future__ import annotations

import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import ReceivedFile, read_repeating_json, received_files


FILES = [
    ("attachment-1", ReceivedFile(content=b"1", filename="a.png", content_type="image/png")),
    ("attachment-2", ReceivedFile(content=b"2", filename="b.png", content_type="image/png")),
]


@pytest.mark.parametrize(
    ("given_map", "expected", "defect"),
    [
        ('{"<a@b>": "attachment-2"}', [None, "<a@b>"], None),
        ({"<a@b>": "attachment-1"}, ["<a@b>", None], None),
        (None, [None, None], None),
        ('{"<a>": "attachment-1", "<a>": "attachment-2"}', ["<a>", "<a>"], "more than once"),
        ('{"<a>": "attachment-1", "<b>": "attachment-1"}', ["<a>", None], "more than once"),
        ('{"<a>": "attachment-7"}', [None, None], "not there"),
        ('{"<a>": 5}', [None, None], "not there"),
        ("[]", [None, None], "not a JSON object"),
        ("{", [None, None], "not a JSON object"),
        (5, [None, None], "not a JSON object"),
    ],
)
def test_files_get_their_content_ids(given_map, expected, defect):
    """By the names that the map has for them; two files may have one."""
    defects = []

    files = list(received_files(FILES, given_map, defects, field="map"))

    assert expected == [file.content_id for file in files]
    assert [each is not None for each in expected] == [file.inline for file in files]
    assert [b"1", b"2"] == [file.content for file in files]
    assert bool(defect) is bool(defects)
    assert all(defect in each and each.startswith("`map` ") for each in defects)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_no_map_loses_a_file(value):
    """Whatever a stranger writes there."""
    for given_map in (value, json.dumps(value), str(value)):
        assert 2 == len(list(received_files(FILES, given_map, [], field="map")))


def test_repeated_names_are_kept():
    """As pairs; as a dict the last one counts, as in every reader."""
    document = read_repeating_json('{"a": 1, "a": 2}')

    assert ({"a": 2}, (("a", 1), ("a", 2))) == (document, document.pairs)
