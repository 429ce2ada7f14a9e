"""The requests of SendGrid's fixtures, held against SendGrid's own description of its API."""

from __future__ import annotations

import functools
import json
import os

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailcore import HttpRequest, Message
from mailcore_sendgrid import SendGridProvider


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "sendgrid.openapi.json"
REQUESTS = Path(__file__).parents[2] / "plugins/sendgrid/tests/fixtures/requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
# Metadata of the whole call are described as a text, in words that say what an object is.
CUSTOM_ARGS = {"type": "object", "additionalProperties": {"type": "string"}}


@functools.cache
def description() -> dict[str, Any]:
    """SendGrid's OpenAPI document of mail/send."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.fail(f"{VARIABLE} is not set: it names the directory that has {FILE}", pytrace=False)
    path = Path(directory) / FILE
    if not path.is_file():
        pytest.fail(f"{VARIABLE} names a directory that has no {FILE}", pytrace=False)
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def resolved(schema: Any) -> Any:
    """A schema without references, and without fields that it does not name."""
    if isinstance(schema, list):
        return [resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found: Any = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return resolved(found)
    found = {name: resolved(each) for name, each in schema.items()}
    if found.get("properties") and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


def faults(request: HttpRequest) -> list[str]:
    """Everything in a request that the description does not allow."""
    post = description()["paths"]["/v3/mail/send"]["post"]
    body = resolved(post["requestBody"])
    schema = body["content"]["application/json"]["schema"]
    schema["properties"]["custom_args"] = CUSTOM_ARGS
    schema["properties"]["personalizations"]["items"]["properties"]["custom_args"] = CUSTOM_ARGS
    document = json.loads(request.body)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    found = [error.message[:200] for error in validator.iter_errors(document)]
    if "reply_to" in document and "reply_to_list" in document:
        found.append("reply_to beside reply_to_list")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_sendgrid_describes_them(name):
    """Every field is known, of its type and form; those that are needed are there."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text("utf-8"))
    provider = SendGridProvider(api_key="SG.invented", **given["options"])

    for request in provider.build(Message.from_dict(given["message"])):
        assert [] == faults(request)
        servers = [server["url"] for server in description()["servers"]]
        assert request.url in [f"{server}/v3/mail/send" for server in servers]


def test_a_wrong_request_has_faults():
    """An unknown field and wrong types are found."""
    extra = {"trackOpens": True, "categories": "one", "send_at": "soon", "reply_to_list": []}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        reply_to=["help@example.com"],
        subject="Hi",
        text="Hello",
        esp_extra={"sendgrid": extra},
    )

    (request,) = SendGridProvider(api_key="SG.invented").build(message)

    found = "\n".join(faults(request))
    for part in ("trackOpens", "'one' is not", "'soon' is not", "reply_to beside"):
        assert part in found
