"""The requests of Brevo's fixtures, held against Brevo's own description of its API."""

from __future__ import annotations

import functools
import json
import os

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mailcore import HttpRequest, Message
from mailcore_brevo import BrevoProvider
from mailcore_brevo.errors import BY_CODE
from mailcore_brevo.suppressions import REASONS, BrevoSuppressions


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "brevo.openapi.yaml"
REQUESTS = Path(__file__).parents[2] / "plugins/brevo/tests/fixtures/requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
# What the description (of 2025-02-07) does not have: headers of one version, which others send; a
# part of recipients that is newer.
BEYOND_SCHEMA = {"batch_metadata", "batch_headers", "batch_idempotency_key"}
NEWER = "contactPixelTrackingConsent"


@functools.cache
def description() -> dict[str, Any]:
    """Brevo's document, in Swagger 2.0."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.fail(f"{VARIABLE} is not set: it names the directory that has {FILE}", pytrace=False)
    path = Path(directory) / FILE
    if not path.is_file():
        pytest.fail(f"{VARIABLE} names a directory that has no {FILE}", pytrace=False)
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolved(schema: Any) -> Any:
    """A schema without references, and without fields that it does not name."""
    if isinstance(schema, list):
        return [resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(description()["definitions"][schema["$ref"].rpartition("/")[2]])
    found = {name: resolved(each) for name, each in schema.items()}
    # Objects of any fields have an empty list of them: headers, parameters.
    if found.get("properties") and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


def faults(request: HttpRequest, *, has_headers_of_versions: bool = False) -> list[str]:
    """Everything in a request that the description does not allow."""
    schema = resolved({"$ref": "#/definitions/sendSmtpEmail"})
    document = json.loads(request.body)
    people = [document.get(name, []) for name in ("to", "cc", "bcc")]
    for version in document.get("messageVersions", []):
        people += [version.get(name, []) for name in ("to", "cc", "bcc")]
        if has_headers_of_versions:
            version.pop("headers", None)
    for listed in people:
        for each in listed:
            each.pop(NEWER, None)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    return [error.message[:200] for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_brevo_describes_them(name):
    """Every field is known, of its type and form; those that are needed are there."""
    message = json.loads((REQUESTS / f"{name}.message.json").read_text("utf-8"))
    expected = json.loads((REQUESTS / f"{name}.request.json").read_text("utf-8"))
    provider = BrevoProvider(api_key="xkeysib-invented", **expected["options"])

    for request in provider.build(Message.from_dict(message)):
        assert [] == faults(request, has_headers_of_versions=name in BEYOND_SCHEMA)
        assert description()["basePath"] + "/smtp/email" in request.url


def test_a_wrong_request_has_faults():
    """An unknown field and wrong types are found."""
    extra = {"trackOpens": True, "tags": "one", "scheduledAt": 5}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        subject="Hi",
        text="Hello",
        esp_extra={"brevo": extra},
    )

    (request,) = BrevoProvider(api_key="xkeysib-invented").build(message)

    found = "\n".join(faults(request))
    assert all(part in found for part in ("trackOpens", "'one' is not of type", "5 is not of type"))


def test_codes_and_reasons_are_those_of_the_description():
    """Each code of an error, and each reason of a blocked contact, has its row."""
    definitions = description()["definitions"]

    assert set(definitions["errorModel"]["properties"]["code"]["enum"]) == set(BY_CODE)
    reasons = definitions["getTransacBlockedContacts_reason"]["properties"]["code"]["enum"]
    assert set(reasons) == set(REASONS)
    assert () == BrevoSuppressions.put_reasons
