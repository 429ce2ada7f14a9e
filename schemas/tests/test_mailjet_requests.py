"""The requests of Mailjet's fixtures, held against Mailjet's own description and its own client."""

from __future__ import annotations

import functools
import json
import os

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import pytest
import yaml

from mailjet_rest.builders import MessageBuilder
from mailjet_rest.types import SendV31Message, SendV31Payload

from mailcore import HttpRequest, Message
from mailcore_mailjet import MailjetProvider


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "mailjet.openapi.yaml"
KEYS = {"api_key": "public-key", "secret_key": "private-key"}
REQUESTS = Path(__file__).parents[2] / "plugins/mailjet/tests/fixtures/requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
# Where the description says less than its own words: an ID is a number there, these are objects.
CORRECTED = {
    "TemplateID": {"type": "integer"},
    "Headers": {"type": "object", "additionalProperties": {"type": "string"}},
    "Variables": {"type": "object"},
}
# In neither the description nor the guides, but in Mailjet's clients.
OF_CLIENTS = {"Globals", "AdvanceErrorHandling"}
# esp_extra is for what Mailjet adds after us.
BEYOND = {"esp_extra": ["FutureOption"]}


@functools.cache
def schema() -> dict[str, Any]:
    """What the description says of a message, with every property known."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.fail(f"{VARIABLE} is not set: it names the directory that has {FILE}", pytrace=False)
    path = Path(directory) / FILE
    if not path.is_file():
        pytest.fail(f"{VARIABLE} names a directory that has no {FILE}", pytrace=False)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = yaml.load(path.read_text("utf-8"), Loader=loader)["paths"]
    body = paths["/v3.1/send"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    message: dict[str, Any] = closed(body["properties"]["Messages"]["items"])
    message["properties"].update(CORRECTED)
    return message


def closed(node: Any) -> Any:
    """A schema in which objects have no other properties."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: closed(each) for name, each in node.items() if name != "example"}
    return {**found, "additionalProperties": False} if "properties" in node else found


def messages_of(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The messages of a call, with what all of them share."""
    document = json.loads(request.body)
    shared = document.get("Globals", {})
    yield from ({**shared, **each} for each in document["Messages"])


def faults(message: Mapping[str, Any]) -> list[str]:
    """What the description does not allow."""
    validator = jsonschema.Draft202012Validator(schema())
    return [error.message for error in validator.iter_errors(message)]


def requests_of(name: str) -> list[HttpRequest]:
    """The requests of a fixture."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text("utf-8"))
    options = json.loads((REQUESTS / f"{name}.request.json").read_text("utf-8"))["options"]
    return list(MailjetProvider(**KEYS, **options).build(Message.from_dict(given)))


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_mailjet_describes_them(name):
    """Every field is known and of its type."""
    found = [
        fault
        for request in requests_of(name)
        for message in messages_of(request)
        for fault in faults(message)
    ]

    assert len(BEYOND.get(name, ())) == len(found), found
    assert all(field in found[at] for at, field in enumerate(BEYOND.get(name, ())))


@pytest.mark.parametrize("name", NAMES)
def test_calls_have_the_fields_of_mailjets_client(name):
    """`Globals` among them, which the description does not have."""
    known = get_type_hints(SendV31Payload).keys() | OF_CLIENTS

    for request in requests_of(name):
        assert json.loads(request.body).keys() <= known


def test_what_mailjets_client_knows_is_written():
    """Each field of its messages is in some request of ours."""
    written = {
        field
        for name in NAMES
        for request in requests_of(name)
        for message in messages_of(request)
        for field in message
    }

    assert get_type_hints(SendV31Message).keys() <= written


def test_a_message_is_that_of_mailjets_client():
    """The same content, written by either."""
    built = (
        MessageBuilder()
        .set_sender("shop@example.com", "Shop")
        .add_recipient("ada@example.net", "Ada")
        .add_cc("bob@example.net")
        .set_reply_to("desk@example.com")
        .set_subject("Hi")
        .set_content(text="Hello", html="<p>Hello</p>")
        .set_headers({"X-Order": "7"})
        .build()
    )
    message = Message(
        from_email="Shop <shop@example.com>",
        to=["Ada <ada@example.net>"],
        cc=["bob@example.net"],
        reply_to=["desk@example.com"],
        subject="Hi",
        text="Hello",
        html="<p>Hello</p>",
        headers={"X-Order": "7"},
    )

    (request,) = MailjetProvider(**KEYS).build(message)

    assert [built] == list(messages_of(request))


def test_a_wrong_request_has_faults():
    """An unknown field, one of another service's spelling, and a wrong type are found."""
    extra = {"HtmlPart": "a", "Priority": "high", "Variables": "x", "Attachments": [{"Name": "a"}]}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        text="Hello",
        esp_extra={"mailjet": extra},
    )

    (request,) = MailjetProvider(**KEYS).build(message)

    found = " ".join(fault for each in messages_of(request) for fault in faults(each))
    for what in ("HtmlPart", "'high'", "'x'", "'Name'"):
        assert what in found
