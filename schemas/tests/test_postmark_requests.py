"""The requests of Postmark's fixtures, held against the models of Postmark's own client."""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic
import pytest

from postmark.models.outbound.schemas import Attachment, Email, Header
from postmark.models.templates.schemas import TemplateEmail

from mailcore import HttpRequest, Message
from mailcore_postmark import PostmarkProvider


REQUESTS = Path(__file__).parents[2] / "plugins/postmark/tests/fixtures/requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
PARTS: Mapping[str, type[pydantic.BaseModel]] = {"Headers": Header, "Attachments": Attachment}
BEYOND_THE_MODELS = {
    # The model wants To; the API takes a message to cc or bcc alone:
    # https://postmarkapp.com/developer/api/email-api (read 2026-11-21).
    "copies_only": ["To: Field required"],
    # esp_extra is for what Postmark adds after us.
    "esp_extra": ["FutureOption: no such field"],
}


def messages_of(request: HttpRequest) -> list[dict[str, Any]]:
    """The messages of a request, of whichever call it is."""
    body = json.loads(request.body)
    if request.url.endswith("/batchWithTemplates"):
        return body["Messages"]
    return body if isinstance(body, list) else [body]


def faults(message: Mapping[str, Any], model: type[pydantic.BaseModel]) -> Iterator[str]:
    """What the model does not allow; it passes over fields that it does not know."""
    try:
        # As JSON: an enumeration is a text there.
        model.model_validate_json(json.dumps(message), strict=True)
    except pydantic.ValidationError as error:
        for each in error.errors():
            yield f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
    known = {field.alias or name for name, field in model.model_fields.items()}
    yield from (f"{name}: no such field" for name in sorted(message.keys() - known))
    for name, part in PARTS.items():
        for each in message.get(name, ()) if name in known else ():
            yield from (f"{name}: {fault}" for fault in faults(each, part))


def faults_of(request: HttpRequest) -> list[str]:
    """Those of all messages of a request."""
    model = TemplateEmail if "emplate" in request.url.rpartition("/")[2] else Email
    return [fault for message in messages_of(request) for fault in faults(message, model)]


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_postmark_models_them(name):
    """Every field is known and of its type, and those that are needed are there."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text("utf-8"))
    options = json.loads((REQUESTS / f"{name}.request.json").read_text("utf-8"))["options"]
    provider = PostmarkProvider(**{"server_token": "token", **options})

    requests = provider.build(Message.from_dict(given))

    assert BEYOND_THE_MODELS.get(name, []) == [
        fault for request in requests for fault in faults_of(request)
    ]


def test_a_wrong_request_has_faults():
    """An unknown field, a wrong type and a missing field of a part are found."""
    extra = {"Tagg": "a", "TrackOpens": "yes", "Headers": [{"Name": "X-A"}], "TrackLinks": "Both"}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        text="Hello",
        esp_extra={"postmark": extra},
    )

    (request,) = PostmarkProvider(server_token="token").build(message)

    found = " ".join(faults_of(request))
    for what in ("Tagg: no such field", "TrackOpens: ", "Headers.0.Value: ", "TrackLinks: "):
        assert what in found
