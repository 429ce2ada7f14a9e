"""The requests of Mandrill's fixtures, held against Mailchimp's own description of its API."""

from __future__ import annotations

import functools
import json
import os

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailcore import HttpRequest, Message
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.answers import STATUSES
from mailcore_mandrill.errors import REFUSED_SENDERS
from mailcore_mandrill.event_map import REJECTS


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "mandrill.openapi.json"
PLUGIN = Path(__file__).parents[2] / "plugins/mandrill/tests/fixtures"
NAMES = sorted(path.name.partition(".")[0] for path in (PLUGIN / "requests").glob("*.message.json"))
ACCOUNT = sorted((PLUGIN / "account").glob("*.json"))
# The description says texts, and handlebars takes all of JSON, as Mandrill's pages have it:
# https://mandrill.zendesk.com/hc/en-us/articles/360039278653 (read 2026-11-30).
OTHER_VALUES = {"template_values", "batch", "batch_handlebars"}
# esp_extra is for what Mandrill adds after us.
NEWER = {"esp_extra": ["future", "message.future_field"]}


@functools.cache
def description() -> dict[str, Any]:
    """Mailchimp's document."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.fail(f"{VARIABLE} is not set: it names the directory that has {FILE}", pytrace=False)
    path = Path(directory) / FILE
    if not path.is_file():
        pytest.fail(f"{VARIABLE} names a directory that has no {FILE}", pytrace=False)
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def named(name: str) -> dict[str, Any]:
    """A schema of the document."""
    schema: dict[str, Any] = description()["components"]["schemas"][name]
    return schema


def fields_of(name: str) -> dict[str, Any]:
    """The fields of a request: its two halves refuse each other's, so that nothing fits both."""
    found: dict[str, Any] = {}
    for half in named(name)["allOf"]:
        part = named(half["$ref"].rpartition("/")[2]) if "$ref" in half else half
        found |= part["properties"]
    return found


def faults_of(schema: Any, value: Any) -> list[str]:
    """What a schema does not allow of a value."""
    whole = {**schema, "components": description()["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    return [error.message[:200] for error in validator.iter_errors(value)]


def faults(payload: dict[str, Any], fields: dict[str, Any]) -> list[str]:
    """Everything in an object that these fields do not allow."""
    found = [f"{name}: no such field" for name in payload.keys() - fields.keys()]
    for name in payload.keys() & fields.keys() - {"message"}:
        # Mandrill's own form of times, which no format of JSON Schema is.
        found += [f"{name}: {fault}" for fault in faults_of(fields[name], payload[name])]
    return sorted(found)


def faults_of_request(request: HttpRequest) -> list[str]:
    """Those of a request that sends."""
    is_template = request.url.endswith("/messages/send-template.json")
    fields = fields_of("MessagesSendTemplateRequest" if is_template else "MessagesSendRequest")
    payload = json.loads(request.body)
    content = faults(payload["message"], named("MessagesRequestComponent")["properties"])
    return [*faults(payload, fields), *(f"message.{fault}" for fault in content)]


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_mailchimp_describes_them(name):
    """Every field is known and of its type, those within `message` too."""
    given = json.loads((PLUGIN / "requests" / f"{name}.message.json").read_text("utf-8"))
    options = json.loads((PLUGIN / "requests" / f"{name}.request.json").read_text("utf-8"))[
        "options"
    ]
    provider = MandrillProvider(**{"api_key": "md-1nvented", **options})

    for request in provider.build(Message.from_dict(given)):
        found = faults_of_request(request)
        if name in OTHER_VALUES:
            assert all("is not of type 'string'" in fault for fault in found)
        else:
            assert [f"{field}: no such field" for field in NEWER.get(name, [])] == found


@pytest.mark.parametrize("path", ACCOUNT, ids=lambda path: path.stem)
def test_calls_of_the_account_are_described(path):
    """Path, parameters and answers of denylist, allowlist and quota."""
    document = json.loads(path.read_text("utf-8"))
    request, answer = document["request"], document["answer"]
    call = description()["paths"][f"/{request['path']}"]["post"]
    content = call["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    name = content.rpartition("/")[2]
    fields = fields_of(name) if "allOf" in named(name) else named(name)["properties"]

    assert [] == faults({"key": "md-1nvented", **request["json"]}, fields)
    if document["status_code"] == 200:
        response = call["responses"]["200"]["content"]["application/json"]["schema"]
        found = faults_of(response, answer)
        # An address without an end, a reason that is newer, and what is null in answers.
        assert all("None is not of type" in each or "'new-reason'" in each for each in found)


def test_words_are_those_of_the_description():
    """Each status and each reason has its row; what is beyond them is from other sources."""
    result = named("MessagesSendResult")["properties"]
    reasons = set(result["reject_reason"]["enum"])

    assert set(result["status"]["enum"]) == set(STATUSES)
    assert reasons <= {*REJECTS, *REFUSED_SENDERS}
    assert {"recipient-domain-mismatch"} == {*REJECTS, *REFUSED_SENDERS} - reasons


def test_a_wrong_request_has_faults():
    """An unknown field and wrong types are found, at both levels."""
    extra = {"async": "yes", "pool": 1, "message": {"tags": "one", "important": 7, "trackOpens": 1}}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        subject="Hi",
        text="Hello",
        esp_extra={"mandrill": extra},
    )

    (request,) = MandrillProvider(api_key="md-1nvented").build(message)

    found = "\n".join(faults_of_request(request))
    for part in ("async: ", "pool: no", "message.tags: ", "message.important: ", "trackOpens: no"):
        assert part in found
