"""Reading JSON of strangers."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle

from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import MalformedWebhook
from mailcore.foundation import thaw
from mailcore.webhook import ReadOnlyJson, json_reading, read_object, read_objects
from mailcore.webhook.json_reading import MAX_DEPTH


# The beginning of an object that has a long text in it.
LONG = b'{"text": "' + b"x" * 5000 + b'", '
OBJECTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    ),
    max_size=4,
)


@pytest.fixture(params=["standard library", "orjson"])
def reader(request, monkeypatch) -> None:
    """Both readers; orjson stands in the environment of the tests."""
    if request.param == "orjson":
        assert json_reading.fast_loads() is not None
    else:
        monkeypatch.setattr(json_reading, "fast_loads", lambda: None)


@given(OBJECTS, st.booleans(), st.booleans())
def test_objects_are_read(document: dict[str, Any], is_bytes: bool, is_ascii: bool) -> None:
    """An object is read from text and from bytes, escaped or not."""
    text = json.dumps(document, ensure_ascii=is_ascii)
    given_text: str | bytes = text
    if is_bytes:
        given_text = text.encode("utf-8", "replace")
        document = json.loads(given_text)

    assert document == read_object(given_text, "it")
    assert document == json_reading._read(given_text, "it")


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"<html></html>", "not JSON"),
        (b"[]", "not an array"),
        (b'"text"', "not a string"),
        (b"7", "not a number"),
        (b"7.5", "not a number"),
        (b"true", "not a boolean"),
        (b"null", "not null"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": -Infinity}', "not JSON"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": [-1e999]}', "too large"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested too deeply"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
        (b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "nested too deeply"),
        (LONG + b'"list": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "nested too deeply"),
        (
            LONG + b'"object":' + b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH + b"}",
            "nested too deeply",
        ),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_object(text: bytes, complaint: str) -> None:
    """Whatever else it is, it is one typed error that names it and repeats nothing of it."""
    with pytest.raises(MalformedWebhook, match=complaint) as error:
        read_object(text, "the body")

    assert str(error.value).startswith("the body ")
    assert 400 == error.value.response.status_code
    assert 100 > len(str(error.value))


@pytest.mark.usefixtures("reader")
def test_a_huge_integer_is_no_fault() -> None:
    """Numbers of thousands of digits end in a typed error, or are read."""
    with contextlib.suppress(MalformedWebhook):
        assert ["a"] == list(read_object(b'{"a": ' + b"9" * 5_000 + b"}", "the body"))


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("text", "document"),
    [
        (' \r\n\t{"a": 1}\n', {"a": 1}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": "\\ud83c\\udf89"}', {"a": "🎉"}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ("{}", {}),
        (b'{"a": "\xc3\xbc"}', {"a": "ü"}),
        (json.dumps({"a": [[]] * 1_000}), {"a": [[]] * 1_000}),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_an_object(text: str | bytes, document: Any) -> None:
    """Duplicates, escapes and white space are read as everywhere; many brackets are not deep."""
    value = read_object(text, "it")

    assert document == value


@pytest.mark.usefixtures("reader")
def test_the_deepest_that_is_read() -> None:
    """An object of MAX_DEPTH levels."""
    value = read_object('{"a": ' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}", "it")

    levels = 1
    inner = value["a"]
    while inner:
        (inner,) = inner
        levels += 1
    assert MAX_DEPTH == levels + 1


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("[]", []),
        (' [{"a": 1}, {}]\n', [{"a": 1}, {}]),
        (b'{"a": [1]}', [{"a": [1]}]),
        (b"[" + b",".join([b'{"a": [[]]}'] * 200) + b"]", [{"a": [[]]}] * 200),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_array_of_objects(text: str | bytes, documents: list[Any]) -> None:
    """Objects in their order; one without an array is the only one."""
    assert documents == read_objects(text, "it")


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "not JSON"),
        (b"null", "array of objects, not null"),
        (b'"a"', "array of objects, not a string"),
        (b"7", "array of objects, not a number"),
        (b"[{}, []]", "item 1 of the body must be an object, not an array"),
        (b"[null]", "item 0 of the body must be an object, not null"),
        (b'[{"a": NaN}]', "NaN is not JSON"),
        (b"[" * 50_000 + b"]" * 50_000, "nested too deeply"),
        (b'[{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}]", "nested too deeply"),
        (b"[" + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"]", "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_array_of_objects(text: bytes, complaint: str) -> None:
    """One of them that is none spoils the whole, in one typed error."""
    with pytest.raises(MalformedWebhook, match=complaint) as error:
        read_objects(text, "the body")

    assert 400 == error.value.response.status_code


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(data: bytes) -> None:
    """No bytes raise anything else."""
    with contextlib.suppress(MalformedWebhook):
        assert isinstance(read_object(data, "it"), dict)
    with contextlib.suppress(MalformedWebhook):
        assert all(isinstance(item, dict) for item in read_objects(data, "it"))


DOCUMENT = {"a": {"b": [1, {"c": None}]}, "d": "text"}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(x=1),
        lambda value: value.pop("a"),
        lambda value: value.clear(),
        lambda value: value.setdefault("x", 1),
        lambda value: value.__setitem__("a", 1),
        lambda value: value.__delitem__("a"),
        lambda value: value["a"].__setitem__("b", 1),
        lambda value: value["a"]["b"].append(1),
        lambda value: value["a"]["b"][1].__setitem__("c", 1),
        lambda value: value.get("a").pop("b"),
        lambda value: next(iter(value.values())).clear(),
        lambda value: dict(value)["a"].clear(),
        lambda value: {**value}["a"].clear(),
        lambda value: (value | {})["a"].clear(),
        lambda value: ({} | value)["a"].clear(),
        lambda value: value.copy()["a"].clear(),
    ],
)
def test_it_cannot_change(change) -> None:
    """No way leads to a part that could be changed, at any depth."""
    value = ReadOnlyJson(copy.deepcopy(DOCUMENT))

    with pytest.raises((TypeError, AttributeError)):
        change(value)

    assert value == DOCUMENT


def test_it_is_a_mapping_like_others() -> None:
    """It compares, copies, pickles, merges and prints as a dict does."""
    value = ReadOnlyJson(copy.deepcopy(DOCUMENT))

    assert DOCUMENT == thaw(value)
    assert value == DOCUMENT
    assert value != {"a": 1}
    assert value == pickle.loads(pickle.dumps(value))  # our own bytes
    assert value == copy.deepcopy(value)
    assert {"x": 1, **DOCUMENT} == thaw({"x": 1} | value)
    assert {**DOCUMENT, "x": 1} == thaw(value | {"x": 1})
    assert DOCUMENT == json.loads(json.dumps(value))
    assert (["a", "d"], 2, True) == (list(value), len(value), "a" in value)
    assert ("text", None, 7) == (value.get("d"), value.get("x"), value.get("x", 7))
    assert "'d': 'text'" in repr(value)
