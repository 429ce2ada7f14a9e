"""The requests of Brevo's fixtures, held against Brevo's description of its API and its client."""

from __future__ import annotations

import functools
import json
import os
import threading

from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from brevo import Brevo
from brevo.transactional_emails.types import (
    GetTransacBlockedContactsResponseContactsItemReasonCode as ClientsReasons,
)

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
    assert set(reasons) == set(REASONS) == set(get_args(get_args(ClientsReasons)[0]))
    assert () == BrevoSuppressions.put_reasons


# The client's names of fields that are written otherwise in JSON.
CLIENTS_NAMES = {
    "htmlContent": "html_content",
    "textContent": "text_content",
    "replyTo": "reply_to",
    "templateId": "template_id",
    "messageVersions": "message_versions",
    "scheduledAt": "scheduled_at",
    "batchId": "batch_id",
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Brevo, list[tuple[str, str, Any]]]]:
    """Brevo's client, and what it posts: path, key, JSON."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    posted: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, self.headers["api-key"], json.loads(body)))
            content = b'{"messageId": "<1@example.com>"}'
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/v3"
    yield Brevo(api_key="xkeysib-invented", base_url=url), posted
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_brevos_client_posts_the_same(client: tuple[Brevo, list[tuple[str, str, Any]]]) -> None:
    """Given the same values by its own names, it makes the same document of each fixture."""
    brevo, posted = client
    for name in NAMES:
        message = Message.from_dict(json.loads((REQUESTS / f"{name}.message.json").read_text()))
        options = json.loads((REQUESTS / f"{name}.request.json").read_text())["options"]
        for request in BrevoProvider(api_key="xkeysib-invented", **options).build(message):
            document = json.loads(request.body)
            fields = {CLIENTS_NAMES.get(key, key): value for key, value in document.items()}
            if "scheduledAt" in document:
                # It writes no milliseconds.
                moment = datetime.fromisoformat(document["scheduledAt"])
                fields["scheduled_at"], document["scheduledAt"] = moment, moment.isoformat()

            brevo.transactional_emails.send_transac_email(**fields)

            assert (
                request.url.removeprefix("https://api.brevo.com"),
                request.headers["api-key"],
                document,
            ) == posted.pop()
