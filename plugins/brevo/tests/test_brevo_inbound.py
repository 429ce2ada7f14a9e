"""Received mail: fixtures in pairs, files that are fetched, and what senders may do to them."""

from __future__ import annotations

import copy
import json

from pathlib import Path
from urllib.parse import unquote

import pytest

from mailcore import FetchError, HttpResponse, NetworkError
from mailcore.errors import ConfigurationError, UnexpectedResponse
from mailcore.events import event_from_dict
from mailcore.flow import run
from mailcore.webhook import WebhookRequest
from mailcore_brevo import BrevoProvider
from mailcore_brevo.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {})
KEY = "xkeysib-0123456789abcdef-invented"
FILES = {
    "eyJ/token+1==": (b"%PDF-1.7\n", "application/pdf"),
    "token-2": (b"\x89PNG\r\n\x1a\n", "image/png"),
}


def sample(name, **changes):
    """The item of a fixture, with some fields changed."""
    (item,) = json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))["items"]
    return {**item, **changes}


def received(*items):
    """The events of some items."""
    body = json.dumps({"items": items}).encode()
    return parse_events("brevo", WebhookRequest("POST", {}, body))


class Files:
    """A Brevo that has the files; it notes what it is asked for."""

    def __init__(self, answer=None):
        self.answer = answer
        self.asked = []

    def exchange(self, request):
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        content, kind = FILES[unquote(request.url.rpartition("/")[2])]
        return HttpResponse(status_code=200, headers={"content-type": kind}, body=content)

    def close(self):
        """Nothing is open."""


def fetched(event, transport=None, **options):
    """The mail of an event."""
    provider = BrevoProvider(**{"api_key": KEY, **options})
    return run(provider.fetch_inbound(event), transport or Files())


def shown(mail):
    """A mail as plain JSON."""

    def pairs(addresses):
        return [[each.display_name, each.addr_spec] for each in addresses]

    return {
        "from": pairs([mail.from_email]),
        "to": pairs(mail.to),
        "cc": pairs(mail.cc),
        "subject": mail.subject,
        "date": mail.date and mail.date.isoformat(),
        "message_id": mail.message_id,
        "text": mail.text,
        "html": mail.html,
        "files": [[p.filename, p.content_type, len(p.content)] for p in mail.attachments],
        "inlines": [[p.filename, p.content_id, len(p.content)] for p in mail.inlines],
        "defects": list(mail.defects),
    }


def said(event):
    """What an event says, but for the content and what a fetch needs."""
    left_out = ("content_base64", "version", "location")
    return {k: v for k, v in event.to_dict().items() if k not in left_out and v not in UNSAID}


@pytest.mark.parametrize("name", NAMES)
def test_received_mail(name):
    """Each fixture becomes one event, and the mail as it was."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    (event,) = received(sample(name))

    assert expected == {"event": said(event), "mail": shown(fetched(event))}
    assert sample(name) == event.esp_event


@pytest.mark.parametrize("name", NAMES)
def test_received_mail_travels(name):
    """Through a queue in JSON, with all that a fetch needs."""
    (event,) = received(sample(name))
    again = event_from_dict(json.loads(json.dumps(event.to_dict())))

    assert event == again
    assert shown(fetched(event)) == shown(fetched(again))


def test_several_mails_at_once():
    """One event for each, told apart."""
    first, second = received(sample("documented"), sample("sparse"))

    assert first.dedupe_key != second.dedupe_key


def test_files_are_asked_for_with_the_key():
    """Each by its token, which is one step of the path whatever it is."""
    (event,) = received(sample("with_files"))
    files = Files()

    fetched(event, files)

    assert [
        "https://api.brevo.com/v3/inbound/attachments/eyJ%2Ftoken%2B1%3D%3D",
        "https://api.brevo.com/v3/inbound/attachments/token-2",
    ] == [request.url for request in files.asked]
    assert {KEY} == {request.headers["api-key"] for request in files.asked}


def test_mail_without_files_needs_no_key():
    """It came along."""
    (event,) = received(sample("documented"))

    assert event.content is not None
    assert "Re: Grüße" == fetched(event, api_key=None).subject


def test_mail_with_files_needs_a_key():
    """And says so."""
    (event,) = received(sample("with_files"))

    with pytest.raises(ConfigurationError, match="api_key"):
        fetched(event, api_key=None)


def test_the_answer_says_of_what_type_a_file_is():
    """It has the charset, which the webhook has not."""
    (event,) = received(sample("with_files"))
    kind = {"content-type": "text/csv; charset=iso-8859-1"}
    mail = fetched(event, Files(HttpResponse(status_code=200, headers=kind, body=b"R\xfc\xdf")))

    assert "text/csv" == mail.attachments[0].content_type
    assert "Rüß" == mail.attachments[0].text()


def test_what_no_header_says_is_taken_from_beside():
    """Each of the fields that repeat a header, where that is missing."""
    (event,) = received(sample("documented", Headers={}, ReplyTo={"Address": "r@example.net"}))
    mail = fetched(event)

    assert "2026-11-30T13:41:01+01:00" == mail.date.isoformat()
    assert ["r@example.net"] == [each.addr_spec for each in mail.reply_to]
    assert ("Re: Grüße", "<CAB12@mail.example>") == (mail.subject, mail.message_id)
    assert "<first@example.org>" == mail.headers["In-Reply-To"]


def test_recipients_are_there_once():
    """However often they are named."""
    (event,) = received(sample("documented", Recipients=["a@example.com", "<a@example.com>"]))

    assert ("a@example.com",) == event.envelope_recipients


ANSWERS = [
    (HttpResponse(status_code=401, body=b'{"message": "Key not found"}'), "access_denied", False),
    (HttpResponse(status_code=404, body=b'{"code": "document_not_found"}'), "not_found", False),
    (HttpResponse(status_code=429, body=b""), "failed", True),
    (HttpResponse(status_code=500, body=b"<html>"), "failed", True),
    (HttpResponse(status_code=302, body=b""), "failed", False),
    (NetworkError("the connection was lost", maybe_accepted=True), "network", True),
    (UnexpectedResponse("too large"), "too_large", False),
]


@pytest.mark.parametrize(("answer", "category", "retryable"), ANSWERS, ids=range(len(ANSWERS)))
def test_files_that_cannot_be_had(answer, category, retryable):
    """There is no mail without them: a typed error, which says whether to try again."""
    (event,) = received(sample("with_files"))

    with pytest.raises(FetchError) as caught:
        fetched(event, Files(answer))

    assert (category, retryable) == (caught.value.category, caught.value.retryable)


def test_mail_that_is_too_large():
    """What comes together is bounded, bodies among it."""
    (event,) = received(sample("with_files"))

    with pytest.raises(FetchError, match="larger than 60 bytes"):
        fetched(event, max_inbound_bytes=60)
    with pytest.raises(FetchError, match="larger than 20 bytes"):
        fetched(event, max_inbound_bytes=20)


@pytest.mark.parametrize(
    "files",
    [
        5,
        "a",
        [5],
        [{}],
        [{"DownloadToken": ".."}],
        [{"DownloadToken": 5}],
        [{"DownloadToken": "ä"}],
        [{"Name": "a"}] * 501,
    ],
    ids=lambda files: repr(files)[:20],
)
def test_files_that_make_no_sense(files):
    """The event is there; the mail is not, and nothing is asked of Brevo."""
    (event,) = received(sample("with_files", Attachments=files))
    transport = Files()

    with pytest.raises(FetchError) as caught:
        fetched(event, transport)

    assert ("no_content", []) == (caught.value.category, transport.asked)


@pytest.mark.parametrize("location", [{}, {"mail": ""}, {"mail": "[]"}, {"mail": "["}])
def test_events_that_lead_to_no_mail(location):
    """Such as those of another provider."""
    (event,) = received(sample("with_files"))
    document = {**event.to_dict(), "location": location}

    with pytest.raises(FetchError, match="neither content"):
        fetched(event_from_dict(document))


def test_headers_cannot_be_injected():
    """A line end in a value of the JSON makes no field of its own."""
    item = sample("documented", Subject="x")
    item["Headers"]["Subject"] = "Hi\r\nBcc: victim@example.com"
    item["Headers"]["X-A\r\nX-B"] = "1"
    (event,) = received(item)
    mail = fetched(event)

    assert not {"bcc", "x-b"} & {name.lower() for name, _ in mail.headers.pairs}
    assert "Bcc: victim@example.com" in mail.subject


WRONG = [None, True, 0, -1.5, 10**30, "", "text", [], [None], [[1]], ["x"], {}, {"a": []}, "\ud800"]


def places(value, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


@pytest.mark.parametrize("name", [pytest.param("with_files", marks=pytest.mark.slow), "sparse"])
def test_wrong_types_at_every_node(name):
    """Any node may be missing or of any type: there is an event, and a mail or a typed error."""
    whole = sample(name)
    for path in filter(None, places(whole)):
        for wrong in (*WRONG, "missing"):
            item = copy.deepcopy(whole)
            target = item
            for key in path[:-1]:
                target = target[key]
            if wrong == "missing":
                del target[path[-1]]
            else:
                target[path[-1]] = wrong
            (event,) = received(item)
            assert json.dumps(event.to_dict())
            assert event.dedupe_key
            try:
                mail = fetched(event, Files(HttpResponse(status_code=200, body=b"x")))
            except FetchError:
                continue
            repr((mail.headers, mail.from_email, mail.to, mail.text, mail.html, mail.defects))
