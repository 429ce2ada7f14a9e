"""A message and the requests that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json

from base64 import b64decode
from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    Attachment,
    InvalidMessage,
    Mailer,
    Message,
    SendResult,
    SerializationError,
    UnsupportedFeature,
)
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_mailjet import MailjetProvider, mailjet_options


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
KEYS = {"api_key": "public-key", "secret_key": "private-key"}

BASE = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net"],
    "subject": "Hi",
    "text": "Hello",
}
TEMPLATE = {"template_id": "7", "subject": None, "text": None}


def read(name: str):
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def build(message: Message, **options: object):
    """The requests of a message that passed the checks."""
    provider = MailjetProvider(**{**KEYS, **options})
    return provider.build(checked(provider, message, Hooks(), {}))


def call(fields: dict, **options: object):
    """The JSON of a message's one request."""
    (request,) = build(Message(**{**BASE, **fields}), **options)
    return json.loads(request.body)


def as_fixture(request) -> dict:
    """A request as its file has it."""
    assert "https://api.mailjet.com/v3.1/send" == request.url
    assert ("POST", 30.0) == (request.method, request.timeout_seconds)
    assert {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Authorization": "Basic cHVibGljLWtleTpwcml2YXRlLWtleQ==",
    } == request.headers
    return {"recipients": list(request.recipients), "json": json.loads(request.body)}


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_documented(name):
    """Each message becomes the requests in the file beside it."""
    expected = read(f"{name}.request.json")

    requests = build(Message.from_dict(read(f"{name}.message.json")), **expected["options"])

    assert expected["requests"] == [as_fixture(request) for request in requests]


def test_there_is_a_pair_for_each():
    """No file of requests lacks its message."""
    expected = sorted(p.name.removesuffix(".request.json") for p in FIXTURES.glob("*.request.json"))

    assert expected == NAMES
    assert len(NAMES) > 30


REFUSED = {
    "text beside a template": ({"template_id": "7"}, "`text` beside"),
    "html beside a template": ({**TEMPLATE, "html": "<p>"}, "`html` beside"),
    "bodies beside a template of esp_extra": (
        {"esp_extra": {"mailjet": {"TemplateID": 9}}},
        "`text` beside",
    ),
    "a template's name": ({**TEMPLATE, "template_id": "welcome"}, "is no number"),
    "a number in other digits": ({**TEMPLATE, "template_id": "٧"}, "is no number"),
    "a template's number that is too long": ({**TEMPLATE, "template_id": "9" * 19}, "is no number"),
    "copies only": ({"to": [], "cc": ["bob@example.net"]}, "no `to` recipients"),
    "a batch without to": ({"to": [], "cc": ["b@example.net"], "merge_data": {}}, "no `to`"),
    "From of a recipient": (
        {"merge_headers": {"ada@example.net": {"from": "eve@example.org"}}},
        "written for you",
    ),
    "To of a recipient": (
        {"merge_headers": {"ada@example.net": {"To": "eve@example.org"}}},
        "written for you",
    ),
    "Message-ID of a recipient": (
        {"merge_headers": {"ada@example.net": {"Message-ID": "<7@example.com>"}}},
        "Mailjet writes it",
    ),
    "two Reply-To of a recipient": (
        {"merge_headers": {"ada@example.net": {"Reply-To": "a@example.org, b@example.org"}}},
        "has 2 addresses",
    ),
    "no Reply-To of a recipient": (
        {"merge_headers": {"ada@example.net": {"reply-to": "desk"}}},
        "merge_headers",
    ),
    "two Reply-To": ({"reply_to": ["a@example.org", "b@example.org"]}, "at most 1"),
    "Date": ({"headers": {"date": "Sat, 21 Nov 2026 07:25:01 +0000"}}, "Mailjet writes it"),
    "Sender": ({"headers": {"Sender": "desk@example.com"}}, "mailjet_options"),
    "an instruction": ({"headers": {"X-MJ-CustomID": "welcome"}}, "an instruction"),
    "another instruction": ({"headers": {"x-mailjet-campaign": "a"}}, "an instruction"),
    "To of the message": ({"headers": {"To": "friends@example.org"}}, "Mailjet writes To"),
    "To of esp_extra": ({"esp_extra": {"mailjet": {"To": []}}, "merge_data": {}}, "no status"),
    "Bcc of esp_extra": ({"esp_extra": {"mailjet": {"bcc": []}}}, r"no status \(use bcc="),
    "Globals of esp_extra": ({"esp_extra": {"mailjet": {"Globals": {}}}}, "without it"),
    "Messages of esp_extra": ({"esp_extra": {"mailjet": {"Messages": []}}}, "without it"),
    "an inline image without id": (
        {"attachments": [Attachment("a.png", b"png", disposition="inline")]},
        "without a content_id",
    ),
    "None in merge_data": (
        {**TEMPLATE, "merge_data": {"ada@example.net": {"name": None}}},
        "None in .*which Mailjet refuses",
    ),
    "None deep in merge_global_data": (
        {**TEMPLATE, "merge_global_data": {"items": [{"price": None}]}},
        "None in .*which Mailjet refuses",
    ),
    "a reference to nothing": (
        {"text": "{{var:nam}}", "merge_data": {"ada@example.net": {"name": "Ada"}}},
        "neither merge_data",
    ),
    "an expression beside values": (
        {"text": "{{var:a}} {{var:a + 1}}", "merge_global_data": {"a": 1}},
        "stored template",
    ),
    "a statement beside values": (
        {"text": "{% if var:a %}{{var:a}}{% endif %}", "merge_global_data": {"a": 1}},
        "stored template",
    ),
    "both marks": (
        {"text": "{{var:a}} [[var:a]]", "merge_global_data": {"a": 1}},
        "in bodies only",
    ),
    "brackets in the subject": (
        {"subject": "[[var:a]]", "merge_global_data": {"a": 1}},
        "in bodies only",
    ),
    "no body": ({"text": None, "attachments": [("a.pdf", b"x")]}, "without a body"),
    "an empty body": ({"text": "", "html": ""}, "without a body"),
    "a control character in esp_extra": (
        {"esp_extra": {"mailjet": {"CustomID": "a\x00b"}}},
        r"U\+0000",
    ),
    "a line end in a header of esp_extra": (
        {"esp_extra": {"mailjet": {"Headers": {"X-A": "a\r\nBcc: b"}}}},
        r"U\+000D",
    ),
    "a header of esp_extra that shows copies": (
        {"esp_extra": {"mailjet": {"Headers": {"Bcc": "b@example.org"}}}},
        "bcc=",
    ),
    "an instruction in esp_extra": (
        {"esp_extra": {"mailjet": {"Headers": {"x-mj-mid": "b"}}}},
        "an instruction",
    ),
    "Reply-To in esp_extra": (
        {"esp_extra": {"mailjet": {"Headers": {"reply-to": "desk@example.com"}}}},
        "use reply_to=",
    ),
    "two authors": ({"from_email": ["a@example.com", "b@example.com"]}, "one sender"),
    "two tags": ({"tags": ["one", "two"]}, "at most 1"),
    "an envelope sender": ({"envelope_sender": "bounces@example.com"}, "return path"),
    "an alternative": ({"alternatives": [("BEGIN:VCALENDAR", "text/calendar")]}, "text and HTML"),
    "an idempotency key": ({"idempotency_key": "once"}, "no idempotency key"),
}


@pytest.mark.parametrize(("fields", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_expressed_is_refused(fields, reason):
    """Whatever Mailjet would drop, garble or block raises before anything is sent."""
    message = Message(**{**BASE, **fields})

    with pytest.raises(UnsupportedFeature, match=reason) as caught:
        build(message)

    assert "mailjet" == caught.value.provider


def test_all_problems_are_named_at_once():
    """Nobody has to mend a message one problem at a time."""
    fields = {"headers": {"Date": "now", "X-MJ-MID": "1"}, "to": [], "text": None, "cc": ["a@b.c"]}

    with pytest.raises(UnsupportedFeature) as caught:
        build(Message(**{**BASE, **fields}))

    assert ["to", "headers['Date']", "headers['X-MJ-MID']", "text"] == [
        problem.field for problem in caught.value.problems
    ]


@pytest.mark.parametrize("fields", [{}, {"merge_data": {}}], ids=["one", "batch"])
def test_empty_texts_beside_a_template_are_left_out(fields):
    """As a message of Django's has them; Mailjet refuses an empty one."""
    given = call({**fields, "subject": "", "text": "", "html": "", "template_id": "7"})
    merged = {**given.get("Globals", {}), **given["Messages"][0]}

    assert {"From", "To", "TemplateID", "TemplateLanguage"} == merged.keys()


def test_options_that_need_something_else():
    """As options of the provider they are for messages that can have them; Mailjet would refuse."""
    options = {"template_error_reporting": "a@example.com", "deduplicate_campaign": True}

    (plain,) = call({}, **options)["Messages"]
    (tagged,) = call({"tags": ["news"]}, **options)["Messages"]
    template = call({**TEMPLATE, "merge_data": {}}, **options)["Globals"]
    (asked,) = call({"esp_extra": mailjet_options(template_language=True)}, **options)["Messages"]

    assert not {"TemplateErrorReporting", "DeduplicateCampaign"} & plain.keys()
    assert tagged["DeduplicateCampaign"] is True
    assert {"Email": "a@example.com"} == template["TemplateErrorReporting"]
    assert {"Email": "a@example.com"} == asked["TemplateErrorReporting"]


@pytest.mark.parametrize(
    ("content_type", "content", "sent_type", "sent"),
    [
        ("text/plain; charset=ISO-8859-1", "Grüße".encode("latin-1"), "text/plain", "Grüße"),
        ('text/csv; charset="utf-8"; header=present', b"a", "text/csv; header=present", "a"),
        ("text/plain; charset=us-ascii", b"a", "text/plain", "a"),
        ("text/plain", "Grüße".encode(), "text/plain", "Grüße"),
        ("text/plain; charset=klingon", b"a", "text/plain; charset=klingon", "a"),
        ("application/json; charset=utf-8", b"{}", "application/json; charset=utf-8", "{}"),
    ],
)
def test_texts_go_in_utf_8(content_type, content, sent_type, sent):
    """Mailjet adds that charset to the type of every text."""
    (message,) = call({"attachments": [Attachment("a.txt", content, content_type)]})["Messages"]

    (file,) = message["Attachments"]
    assert (sent_type, sent) == (file["ContentType"], b64decode(file["Base64Content"]).decode())


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["latin-1", "cp1252"]))
def test_texts_in_any_charset_arrive(text, charset):
    """Whatever can be written in a charset is the same text in UTF-8."""
    content = text.encode(charset, "ignore")
    file = Attachment("a.txt", content, f"text/plain; charset={charset}")

    (message,) = call({"attachments": [file]})["Messages"]

    (sent,) = message["Attachments"]
    assert content.decode(charset) == b64decode(sent["Base64Content"]).decode("utf-8")


def test_numbers_beyond_32_bits_become_texts():
    """Mailjet would block the message; smaller ones, floats and booleans stay."""
    values = {"a": 2**31 - 1, "b": 2**31, "c": -(2**31), "d": 1.5, "e": True, "f": [2**40]}

    (message,) = call({**TEMPLATE, "merge_global_data": values})["Messages"]

    expected = {"a": 2**31 - 1, "b": "2147483648", "c": "-2147483648", "d": 1.5, "e": True}
    assert {**expected, "f": ["1099511627776"]} == message["Variables"]


def test_a_value_that_json_lacks_is_refused():
    """In a template's values too, and before the first call of a batch."""
    for fields in (
        {"merge_global_data": {"when": object()}},
        {"merge_data": {"ada@example.net": {"price": float("nan")}}},
    ):
        with pytest.raises((SerializationError, InvalidMessage)):
            build(Message(**{**BASE, **TEMPLATE, **fields}))


def test_batches_are_cut_at_50():
    """Mailjet takes 50 messages in a call; who gets copies is named in the first."""
    to = [f"user{n}@example.net" for n in range(101)]
    message = Message(**{**BASE, "to": to, "cc": ["boss@example.net"], "merge_data": {}})

    requests = build(message)

    assert [50, 50, 1] == [len(json.loads(request.body)["Messages"]) for request in requests]
    assert [51, 50, 1] == [len(request.recipients) for request in requests]
    assert "boss@example.net" == requests[0].recipients[-1]
    assert [{"Email": "boss@example.net"}] == json.loads(requests[1].body)["Globals"]["Cc"]


def test_what_all_mails_share_stands_there_once():
    """A file of a batch is sent once in each call."""
    file = Attachment("film.bin", bytes(300_000))
    to = [f"user{n}@example.net" for n in range(50)]

    (request,) = build(Message(**{**BASE, "to": to, "merge_data": {}, "attachments": [file]}))

    assert 400_000 < len(request.body) < 420_000


def test_messages_share_a_call_if_it_says_the_same(local_mailjet):
    """Those with other parameters of the call, and batches, go in calls of their own."""
    fields = [
        {},
        {"esp_extra": mailjet_options(sandbox=True)},
        {"esp_extra": mailjet_options(custom_id="7")},
        {"merge_data": {}},
        {"esp_extra": mailjet_options(sandbox=True)},
    ]
    messages = [Message(**{**BASE, "subject": str(at), **each}) for at, each in enumerate(fields)]

    with Mailer("mailjet", **KEYS, base_url=local_mailjet.url) as mailer:
        outcomes = list(mailer.send_many(messages, messages_per_call=50))

    calls = sorted(
        [each.get("Subject", "batch") for each in document["Messages"]]
        for document in local_mailjet.seen
    )
    assert [["0", "2"], ["1", "4"], ["batch"]] == calls
    assert [True] * 5 == [isinstance(outcome, SendResult) for outcome in outcomes]
