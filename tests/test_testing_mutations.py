"""Damaged bodies of webhooks."""

from __future__ import annotations

import json

from urllib.parse import parse_qs

import pytest

from mailcore.testing.forgeries import forgeries, tampered, without_credentials
from mailcore.testing.form_data import FormPart, read_form_data, write_form_data
from mailcore.testing.mutations import mutations
from mailcore.webhook import WebhookRequest


def test_each_field_of_json_goes_missing() -> None:
    """Every field is left out once, at every depth, also in JSON within a text."""
    inner = json.dumps({"c": [{"d": 1}]})
    body = json.dumps({"a": {"b": inner}}).encode()
    missing = [label for label, _ in mutations(body) if label.endswith("is missing")]

    assert [
        "body.a is missing",
        "body.a.b is missing",
        "body.a.b(json).c is missing",
        "body.a.b(json).c[0].d is missing",
    ] == sorted(missing)


@pytest.mark.parametrize("kind", [dict, list, str, int, bool, type(None)])
def test_each_field_of_json_takes_every_type(kind) -> None:
    """Every field becomes a value of each JSON type once, itself at least."""
    changed = [json.loads(each) for _, each in mutations(b'{"a": [7]}')]
    values = [each["a"] for each in changed if isinstance(each, dict) and "a" in each]

    assert any(type(value) is kind for value in values)
    assert any(value and type(value[0]) is kind for value in values if isinstance(value, list))
    assert any(type(value) is kind for value in changed)


def test_each_mutation_differs_from_the_body() -> None:
    """No mutation is the body again, and no two are equal."""
    body = b'{"a": "x", "b": [1, null], "c": {}}'
    found = [json.dumps(json.loads(each), sort_keys=True) for _, each in mutations(body)]

    assert json.dumps(json.loads(body), sort_keys=True) not in found
    assert len(found) == len({label for label, _ in mutations(body)})


def test_each_field_of_a_form_goes_missing_and_changes() -> None:
    """Forms are damaged in the same ways, and fields are given twice."""
    found = dict(mutations(b"event=delivered&recipient=ada%40example.net&data=%7B%22a%22%3A1%7D"))

    assert {"event", "data"} == set(parse_qs(found["recipient is missing"].decode()))
    assert ["delivered", "twice"] == parse_qs(found["event is given twice"].decode())["event"]
    assert ["null"] == parse_qs(found["event is null"].decode())["event"]
    assert ["{}"] == parse_qs(found["data(json).a is missing"].decode())["data"]


def test_each_part_of_form_data_goes_missing_and_changes() -> None:
    """Forms with files are damaged part by part: fields, the JSON in them, and files."""
    content_type = "multipart/form-data; boundary=b"
    parts = [
        FormPart(name="recipient", content=b"ada@example.net"),
        FormPart(name="headers", content=b'[["Subject", "Hi"]]'),
        FormPart(name="file", content=b"\xff", filename="a.png", content_type="image/png"),
    ]
    body = write_form_data(parts, content_type)
    found = dict(mutations(body, content_type))

    def read(label: str) -> list[FormPart]:
        return read_form_data(found[label], content_type) or []

    assert parts == read_form_data(body, content_type)
    assert parts[1:] == read("recipient is missing")
    assert [parts[0], *parts] == read("recipient is given twice")
    assert ["a.bin", None, "a.png"] == [part.filename for part in read("recipient is a file")]
    assert b'[["Subject", null]]' == read("headers(json)[0][1] is null")[1].content
    assert [None] * 3 == [part.filename for part in read("file is no file")]
    assert body not in found.values()
    assert "boundary=b" not in repr(read_form_data(found["the boundary is another"], content_type))


def test_file_names_of_forms_in_the_old_way() -> None:
    """Some programs write names as RFC 2231 has it, and quote the boundary."""
    body = (
        b"--a b\r\nContent-Disposition: form-data; name=file; filename*=utf-8''%C3%9C.pdf\r\n"
        b"Content-Type: application/pdf\r\n\r\n%PDF\r\n--a b--\r\n"
    )

    assert [
        FormPart(name="file", content=b"%PDF", filename="Ü.pdf", content_type="application/pdf")
    ] == read_form_data(body, 'multipart/form-data; boundary="a b"')


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_what_is_no_form_data(content_type) -> None:
    """Without a boundary, or with another one, there is nothing to read."""
    assert read_form_data(b"--b\r\n\r\n1\r\n--b--", content_type) is None


def test_what_is_neither_stays_whole() -> None:
    """A body that is neither JSON nor a form has no mutations."""
    assert [] == list(mutations(b"\xff\xfe"))


REQUEST = WebhookRequest(
    "POST",
    {"Authorization": "Basic abc", "X-Signature": "0f"},
    b'{"recipient": "ada@example.net"}',
    url="https://shop.example/hook?secret",
)


def test_an_attacker_knows_nothing() -> None:
    """A forged request is about somebody else, and has no header and no URL of the genuine one."""
    bare, other = (forged for _, forged in forgeries(REQUEST, "ada@example.net"))

    assert b'{"recipient": "xda@example.net"}' == bare.body == other.body
    assert ({}, "") == (bare.headers, bare.url)
    assert set(REQUEST.headers) == set(other.headers)
    assert not set(REQUEST.headers.values()) & set(other.headers.values())


def test_an_encoded_recipient_is_changed_too() -> None:
    """In a form the address is percent-encoded; elsewhere any byte is changed."""
    form = WebhookRequest("POST", {}, b"recipient=ada%40example.net")
    packed = WebhookRequest("POST", {}, b"cmVjaXBpZW50")

    assert b"recipient=xda%40example.net" == next(forgeries(form, "ada@example.net"))[1].body
    assert packed.body != next(forgeries(packed, "ada@example.net"))[1].body


def test_tampering_changes_one_thing() -> None:
    """Each tampered request differs from the genuine one in the body or in one header."""
    for label, request in tampered(REQUEST, "ada@example.net"):
        differing = {
            name for name in REQUEST.headers if REQUEST.headers[name] != request.headers.get(name)
        }

        assert (label, 1) == (label, len(differing) + (request.body != REQUEST.body))


def test_credentials_are_taken_away() -> None:
    """Without the authorization header, or with another, the other headers stay."""
    missing, wrong = (each for _, each in without_credentials(REQUEST, "ada@example.net"))

    assert {"x-signature": "0f"} == missing.headers
    assert {"authorization": "CBBBBBBBB", "x-signature": "0f"} == wrong.headers
    assert [] == list(without_credentials(missing, "ada@example.net"))
