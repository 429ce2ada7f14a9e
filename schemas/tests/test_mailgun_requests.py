"""The requests of Mailgun's fixtures, held against Mailgun's own description of its API."""

from __future__ import annotations

import functools
import io
import json
import os

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from werkzeug.formparser import parse_form_data

from mailcore import HttpRequest, Message
from mailcore_mailgun import MailgunProvider


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "mailgun.openapi.yaml"
REQUESTS = Path(__file__).parents[2] / "plugins/mailgun/tests/fixtures/requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
OF_ONES_OWN = ("h:", "v:")
# Where the schema says less than its own words: `from` is one text and required in it, which
# a template with a From header does not need, and which may be repeated; these have no subject.
FROM_BEYOND_SCHEMA = {"several_authors", "several_authors_in_a_batch", "template_sender"}


@functools.cache
def description() -> dict[str, Any]:
    """Mailgun's OpenAPI document."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.fail(f"{VARIABLE} is not set: it names the directory that has {FILE}", pytrace=False)
    path = Path(directory) / FILE
    if not path.is_file():
        pytest.fail(f"{VARIABLE} names a directory that has no {FILE}", pytrace=False)
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def schema_of(endpoint: str) -> dict[str, Any]:
    """The schema of the form that an endpoint takes, without fields that it does not name."""
    body = description()["paths"][f"/v3/{{domain_name}}/{endpoint}"]["post"]["requestBody"]
    reference = body["content"]["multipart/form-data"]["schema"]["$ref"]
    schema: Any = description()
    for step in reference.removeprefix("#/").split("/"):
        schema = schema[step]
    examples = [name for name in schema["properties"] if name.startswith(OF_ONES_OWN)]
    properties = {name: each for name, each in schema["properties"].items() if name not in examples}
    return {**schema, "properties": properties, "additionalProperties": False}


def form_of(request: HttpRequest) -> dict[str, list[str]]:
    """The fields and files of a request; a file is a text for the schema."""
    environ = {
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers["Content-Type"],
        "REQUEST_METHOD": "POST",
    }
    _, fields, files = parse_form_data(environ, silent=False)
    found = {name: fields.getlist(name) for name in fields}
    for name in files:
        found[name] = [file.filename or "" for file in files.getlist(name)]
    return found


def faults(request: HttpRequest, *, ignored: Collection[str] = ()) -> list[str]:
    """Everything in a request that the description does not allow, but for fields to ignore."""
    endpoint = request.url.rpartition("/")[2]
    schema = schema_of(endpoint)
    form = {n: v for n, v in form_of(request).items() if not n.startswith(OF_ONES_OWN)}
    form.update({name: ["ignored"] for name in ignored})
    instance = {
        name: values if is_array(schema, name) or len(values) > 1 else values[0]
        for name, values in form.items()
    }
    validator = jsonschema.Draft202012Validator(schema)
    found = [f"{endpoint}: {error.message[:200]}" for error in validator.iter_errors(instance)]
    dictionaries = [name for name in ("t:variables", "recipient-variables") if name in form]
    return found + [
        f"{endpoint}: {name} is no dictionary"
        for name in dictionaries
        if not isinstance(json.loads(form[name][0]), dict)
    ]


def is_array(schema: Mapping[str, Any], name: str) -> bool:
    """Whether a field may be repeated."""
    return schema["properties"].get(name, {}).get("type") == "array"


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_mailgun_describes_them(name):
    """Every field is known, of its type and one of its values; those that are needed are there."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text("utf-8"))
    provider = MailgunProvider(api_key="key-secret", **given.get("options", {}))

    requests = provider.build(Message.from_dict(given["message"]))

    ignored = ["from", "subject"] if name in FROM_BEYOND_SCHEMA else []
    assert [] == [fault for request in requests for fault in faults(request, ignored=ignored)]


def test_a_wrong_request_has_faults():
    """An unknown field, a wrong value, a repeated one and a missing one are found."""
    extra = {"o:trackign": "yes", "o:dkim": "maybe", "o:sending-ip": ["192.0.2.1", "192.0.2.2"]}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        text="Hello",
        esp_extra={"mailgun": extra},
    )

    (request,) = MailgunProvider(api_key="key-secret").build(message)

    found = " ".join(faults(request))
    for what in ("o:trackign", "'maybe' is not one of", "is not of type 'string'", "'subject'"):
        assert what in found


def test_the_description_has_what_the_code_says_of_a_rate_limit():
    """The words of a 429, from which the wait is read."""
    post = description()["paths"]["/v3/{domain_name}/messages"]["post"]
    (example,) = post["responses"]["429"]["content"]["application/json"]["examples"].values()

    assert "is not allowed to send" in example["value"]["message"]
    assert "try again after 120 seconds" in example["value"]["message"]
