"""
Message → request, in pairs of files: one for each feature.

``<name>.message.json`` has ``message`` as Message.from_dict() reads it, and ``options`` of the
provider. ``<name>.requests.json`` has what goes over the wire. JSON in a field is written as JSON.
"""

from __future__ import annotations

import json

from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from mailcore import Attachment, Message
from mailcore_mailgun import MailgunProvider


REQUESTS = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.message.json"))
JSON_FIELDS = ("recipient-variables", "t:variables", "h:X-Mailgun-Variables")


def plain(request: Any, form: Any) -> dict[str, Any]:
    """A request as the files have it."""
    found: dict[str, Any] = {"url": request.url, "recipients": list(request.recipients)}
    found["fields"] = {
        name: [json.loads(value) if name in JSON_FIELDS else value for value in values]
        for name, values in form.fields.items()
    }
    if request.url.endswith(".mime"):
        found["mail"] = plain_mail(form.mail)
    elif form.files:
        found["files"] = [
            {**file, "content": file["content"].decode("utf-8")} for file in form.files
        ]
    return found


def plain_mail(mail: Any) -> dict[str, Any]:
    """A mail without what differs each time."""
    made_up = ("date", "message-id", "content-type", "mime-version", "content-transfer-encoding")
    return {
        "headers": [[k, str(v)] for k, v in mail.items() if k.lower() not in made_up],
        "parts": [
            {
                "content_type": part.get_content_type(),
                "filename": part.get_filename(),
                "content_id": part["Content-ID"] and str(part["Content-ID"]),
                "content": part.get_payload(decode=True).decode("utf-8"),
            }
            for part in mail.walk()
            if not part.is_multipart()
        ],
    }


@pytest.mark.parametrize("name", NAMES)
def test_message_becomes_its_requests(name, posted):
    """Every field, file and recipient is where Mailgun's documentation has it."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text(encoding="utf-8"))
    expected = json.loads((REQUESTS / f"{name}.requests.json").read_text(encoding="utf-8"))
    provider = MailgunProvider(api_key="key-secret", **given.get("options", {}))
    message = Message.from_dict(given["message"])

    assert [] == list(provider.check(message))
    found = [plain(request, posted(request)) for request in provider.build(message)]

    assert expected == found


def test_every_pair_is_complete():
    """No message is without its requests, no requests are without their message."""
    found = sorted(path.name.partition(".")[0] for path in REQUESTS.glob("*.requests.json"))

    assert NAMES == found
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_posts_with_the_key(name):
    """The method, the credentials (RFC 7617) and the timeout are the same for all of them."""
    given = json.loads((REQUESTS / f"{name}.message.json").read_text(encoding="utf-8"))
    options = given.get("options", {})
    provider = MailgunProvider(api_key="key-secret", **{**options, "timeout_seconds": 7.5})

    for request in provider.build(Message.from_dict(given["message"])):
        assert "POST" == request.method
        assert "Basic YXBpOmtleS1zZWNyZXQ=" == request.headers["Authorization"]
        assert 7.5 == request.timeout_seconds


@pytest.mark.parametrize(
    ("fields", "endpoint", "names"),
    [
        ({"text": ""}, "messages.mime", ["message", "to"]),
        ({"text": "", "html": "", "subject": ""}, "messages.mime", ["message", "to"]),
        ({"text": "", "attachments": [("a.pdf", b"x")]}, "messages.mime", ["message", "to"]),
        ({"text": "t", "html": "", "subject": ""}, "messages", ["from", "text", "to"]),
        ({"text": "", "html": "h"}, "messages", ["from", "html", "subject", "to"]),
        (
            {"text": "", "html": "", "subject": "", "template_id": "x"},
            "messages",
            ["from", "template", "to"],
        ),
        (
            {"text": "", "template_id": "x", "merge_data": {}},
            "messages",
            ["from", "recipient-variables", "subject", "template", "to"],
        ),
    ],
)
def test_an_empty_text_counts_as_none(fields, endpoint, names, posted):
    """Mailgun refuses a form whose bodies are empty, and the message goes as MIME instead."""
    base = {"from_email": "shop@example.com", "to": ["ada@example.net"], "subject": "Hi"}
    provider = MailgunProvider(api_key="key-secret")
    message = Message(**{**base, **fields})

    assert [] == list(provider.check(message))
    (request,) = provider.build(message)

    form = posted(request)
    assert endpoint == request.url.rpartition("/")[2]
    assert names == sorted({*form.fields, *(file["field"] for file in form.files)})


@pytest.mark.parametrize(
    "fields",
    [
        {"from_email": '"Müller, Hans" <shop@example.com>'},
        {"to": ['"Müller, Hans" <grüße@example.net>']},
        {"cc": ['"Müller, Hans" <hans@example.net>']},
        {"from_email": '"Müller, Hans" <shop@example.com>', "merge_data": {}},
        {"from_email": '"Müller, Hans" <s@example.com>', "text": None, "template_id": "x"},
    ],
)
def test_a_comma_in_a_name_does_not_stop_an_international_recipient(fields, posted):
    """The name goes as encoded words, which Mailgun has nothing to quote in."""
    base = {"from_email": "shop@example.com", "to": ["grüße@example.net"], "text": "Hello"}
    provider = MailgunProvider(api_key="key-secret")
    message = Message(**{**base, **fields})

    assert [] == list(provider.check(message))
    (request,) = provider.build(message)

    form = posted(request)
    people = [*form.fields["from"], *form.fields["to"], *form.fields.get("cc", [])]
    (name,) = [person.rpartition(" <")[0] for person in people if "<" in person]
    assert "Müller, Hans" == str(make_header(decode_header(name)))
    assert name.isascii()


def test_an_image_without_a_name_has_none_of_its_content_id(posted):
    """Programs of mail block what looks like a program, such as ``logo@example.com``."""
    image = Attachment(None, b"1", "image/png", content_id="logo@example.com")
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        html="<img src=cid:logo@example.com>",
        attachments=[image],
    )
    (request,) = MailgunProvider(api_key="key-secret").build(message)

    (part,) = [p for p in posted(request).mail.walk() if p.get_content_type() == "image/png"]
    assert (None, "<logo@example.com>") == (part.get_filename(), str(part["Content-ID"]))
