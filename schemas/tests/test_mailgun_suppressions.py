"""The pairs of Mailgun's suppressions, held against Mailgun's own description of its API."""

from __future__ import annotations

import functools
import json
import os
import re

from pathlib import Path
from typing import Any

import pytest
import yaml


VARIABLE = "MAILCORE_ESP_SCHEMAS"
FILE = "mailgun.openapi.yaml"
PAIRS = Path(__file__).parents[2] / "plugins/mailgun/tests/fixtures/suppressions"
NAMES = sorted(path.name.partition(".")[0] for path in PAIRS.glob("*.request.json"))


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


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without a reference at its top."""
    while "$ref" in schema:
        steps = schema["$ref"].removeprefix("#/").split("/")
        schema = functools.reduce(lambda found, step: found[step], steps, description())
    return schema


def content(part: dict[str, Any]) -> dict[str, Any]:
    """The schema of the JSON in a request or an answer."""
    return resolved(part["content"]["application/json"]["schema"])


def fields(schema: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Names of the members of an object: all, and those that must be there."""
    return set(schema["properties"]), set(schema.get("required", ()))


def faults(document: Any, schema: dict[str, Any]) -> list[str]:
    """
    Members that the description does not have, or that are missing; in lists, of each item.

    Types are left out: the description calls times objects, and its own examples have texts.
    """
    schema = resolved(schema)
    if schema["type"] == "array":
        return [fault for item in document for fault in faults(item, schema["items"])]
    known, required = fields(schema)
    found = [f"unknown: {name}" for name in set(document) - known]
    found += [f"missing: {name}" for name in required - set(document)]
    if isinstance(document.get("items"), list):
        found += faults(document["items"], schema["properties"]["items"])
    return found


def operation(request: dict[str, Any]) -> dict[str, Any]:
    """What the description says of a request."""
    name, *address = request["path"].removeprefix("/v3/example.com/").split("/")
    path = f"/v3/{{domain_name}}/{name}" + ("/{address}" if address else "")
    return description()["paths"][path][request["method"].lower()]


@pytest.mark.parametrize("name", NAMES)
def test_pairs_are_as_mailgun_describes_them(name):
    """Path, method, query and members of the request, status and members of the answer."""
    request = json.loads((PAIRS / f"{name}.request.json").read_text("utf-8"))
    answer = json.loads((PAIRS / f"{name}.answer.json").read_text("utf-8"))
    described = operation(request)
    queries = {each["name"] for each in described["parameters"] if each["in"] == "query"}
    # `address` is in the description of unsubscribes only, and in Mailgun's addresses of pages.
    assert set(request["query"]) <= queries | {"address"}
    if "json" in request:
        assert [] == faults(request["json"], content(described["requestBody"]))
    assert [] == faults(answer["json"], content(described["responses"][str(answer["status"])]))


def test_faults_are_found():
    """An unknown member and a missing one."""
    described = operation({"method": "POST", "path": "/v3/example.com/bounces"})
    found = faults([{"adress": "a@b.example"}], content(described["requestBody"]))

    assert "unknown: adress" in found
    assert any(fault.startswith("missing: ") for fault in found)


@pytest.mark.parametrize("name", ["bounces", "complaints", "unsubscribes"])
def test_how_many_at_once(name):
    """Up to 1000, says the description, and of more that it is to be less than 1000."""
    described = operation({"method": "POST", "path": f"/v3/example.com/{name}"})
    answers = described["responses"]["400"]["content"]["application/json"]["examples"]

    assert re.search("up to 1000", described["description"])
    assert "less than 1000" in json.dumps(answers)
