"""
What is sent: pairs of a message and the request that it becomes, as files.

``fixtures/requests/NAME.message.json`` is what ``Message.to_dict()`` writes, and
``NAME.request.json`` holds the headers and the JSON of the one request.
"""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from mailcore import Mailer, Message, UnsupportedFeature
from mailcore.errors import ConfigurationError
from mailcore.testing import Script
from mailcore_new_esp import NewEspProvider, new_esp_options


MESSAGES = sorted((Path(__file__).parent / "fixtures" / "requests").glob("*.message.json"))


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.name.partition(".")[0])
def test_message_becomes_the_request(
    path: Path,
    provider: NewEspProvider,
) -> None:
    """Each message becomes the request beside it."""
    message = Message.from_dict(json.loads(path.read_text(encoding="utf-8")))
    expected = path.with_name(path.name.replace(".message.", ".request."))

    (request,) = provider.build(message)

    assert request.url == "https://api.new-esp.example/v1/messages"
    assert json.loads(expected.read_text(encoding="utf-8")) == {
        "headers": dict(request.headers),
        "payload": json.loads(request.body),
    }


def test_each_address_of_a_batch_gets_one_mail(provider: NewEspProvider) -> None:
    """An address that is given twice, in whatever spelling, is sent to once, with its data."""
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net", "Ada@EXAMPLE.net", "bob@example.net"],
        text="Hello, your order {{order}}",
        merge_data={"ADA@example.net": {"order": 7}},
    )

    (request,) = provider.build(message)

    assert json.loads(request.body)["to"] == [
        {"email": "ada@example.net", "variables": {"order": 7}},
        {"email": "bob@example.net"},
    ]


def test_no_text_is_a_template_by_accident(provider: NewEspProvider) -> None:
    """The service gets values where a text refers to them, and fills in nothing else."""
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        text="Write {{order}}",
        merge_data={},
        merge_global_data={"shop": "Books"},
    )

    (request,) = provider.build(message)

    assert b"variables" not in request.body


def test_options_of_a_message_win() -> None:
    """What the provider says of every message, one of them says otherwise."""
    provider = NewEspProvider(api_key="key-1nvented", pool="slow")
    message = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hello")

    pools = [
        json.loads(request.body)["pool"]
        for each in (message, message.replace(esp_extra=new_esp_options(pool="fast")))
        for request in provider.build(each)
    ]

    assert ["slow", "fast"] == pools


@pytest.mark.parametrize("field", ["cc", "bcc"])
def test_copies_of_a_batch_are_refused(
    field: str,
    provider: NewEspProvider,
) -> None:
    """A batch has no copies: nothing is sent, and the error names the field."""
    script = Script()
    message = Message.from_dict(
        {
            "from_email": "shop@example.com",
            "to": ["ada@example.net"],
            "text": "Hello",
            "merge_data": {},
            field: ["eve@example.org"],
        }
    )

    with pytest.raises(UnsupportedFeature) as caught:
        Mailer(provider, transport=script).send(message)

    assert [field] == [problem.field for problem in caught.value.problems]
    assert not script.requests


@pytest.mark.parametrize("api_key", ["", " ", "key\n", "schlüssel"])
def test_key_that_no_header_can_hold_is_refused(api_key: str) -> None:
    """A key with a line end, say, is refused when the provider is made, and not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        NewEspProvider(api_key=api_key)

    reason = "api_key must be a key: ASCII without spaces"
    assert f"new-esp: {reason}" == str(caught.value)
