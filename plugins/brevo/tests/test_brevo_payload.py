"""A message and the requests that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json
import uuid

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    Attachment,
    ConfigurationError,
    InvalidMessage,
    Message,
    UnsupportedFeature,
)
from mailcore.foundation import thaw
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore.webhook import Fields
from mailcore_brevo import BrevoProvider, brevo_options
from mailcore_brevo.metadata import METADATA_HEADER, metadata_text, read_metadata


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
KEY = "xkeysib-0123456789abcdef-invented"
URL = "https://api.brevo.com"
BASE = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net"],
    "subject": "Hi",
    "text": "Hello",
}


def read(name: str):
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def build(message: Message, **options: object):
    """The requests of a message that passed the checks."""
    provider = BrevoProvider(**{"api_key": KEY, **options})
    return provider.build(checked(provider, message, Hooks(), {}))


def payload(fields: dict, **options: object):
    """The JSON of a message's one request."""
    (request,) = build(Message(**{**BASE, **fields}), **options)
    return json.loads(request.body)


def as_fixture(request) -> dict:
    """A request as its file has it."""
    assert request.url.startswith(URL)
    assert ("POST", 30.0) == (request.method, request.timeout_seconds)
    assert {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "api-key": KEY,
    } == request.headers
    return {
        "path": request.url[len(URL) :],
        "recipients": list(request.recipients),
        "json": json.loads(request.body),
    }


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
    assert len(NAMES) > 20


TEMPLATE = {"template_id": "7", "subject": None, "text": None}
PNG = Attachment("a.png", b"a", "image/png", content_id="a@inline")
ADA = "ada@example.net"
REFUSED = {
    "text beside a template": ({**TEMPLATE, "text": "a"}, "`text` beside"),
    "HTML beside a template": ({**TEMPLATE, "html": "a"}, "`html` beside"),
    "a template without a number": ({**TEMPLATE, "template_id": "welcome"}, "is no number"),
    "a template with a huge number": ({**TEMPLATE, "template_id": "9" * 5000}, "is no number"),
    "no body": ({"text": None}, "no text, HTML or template"),
    "no subject": ({"subject": None}, "no subject"),
    "copies only": ({"to": None, "cc": [ADA]}, "no `to` recipients"),
    "a batch of nobody": ({"to": None, "cc": [ADA], "merge_data": {}}, "no `to` recipients"),
    "inline images": ({"html": '<img src="cid:a@inline">', "attachments": [PNG]}, "Content-ID"),
    "several in Reply-To": ({"reply_to": [ADA, "b@example.net"]}, "one address"),
    "tracking": ({"track_opens": True}, "setting of the account"),
    "no tracking": ({"track_clicks": False}, "setting of the account"),
    "an instruction": ({"headers": {"X-Mailin-custom": "a"}}, "an instruction that Brevo obeys"),
    "the sandbox by hand": ({"headers": {"x-sib-sandbox": "drop"}}, "brevo_options"),
    "a key by hand": ({"headers": {"IdempotencyKey": "a"}}, "an instruction"),
    "a Date": ({"headers": {"Date": "Mon, 30 Nov 2026 08:00:00 +0000"}}, "Brevo writes it"),
    "a Message-ID": ({"headers": {"Message-ID": "<a@example.com>"}}, "Brevo writes it"),
    "letters": ({"headers": {"X-City": "Zürich"}}, "raw octets"),
    "letters of one": ({"merge_headers": {ADA: {"X-City": "Zürich"}}}, "raw octets"),
    "From of one": ({"merge_headers": {ADA: {"From": "a@example.com"}}}, "written for you"),
    "To of one": ({"merge_headers": {ADA: {"To": "a@example.com"}}}, "written for you"),
    "Reply-To of one": (
        {"merge_headers": {ADA: {"Reply-To": "a@example.com, b@example.com"}}},
        "takes one address",
    ),
    "a file of no type": ({"attachments": [Attachment(None, b"a", "x/unknown")]}, "has no name"),
    "EAI": ({"to": ["почта@example.net"]}, "loses names"),
    "recipients in esp_extra": ({"esp_extra": {"brevo": {"to": [{"email": ADA}]}}}, "no status"),
    "versions in esp_extra": ({"esp_extra": {"brevo": {"messageVersions": []}}}, "no status"),
    "headers in esp_extra": (
        {"esp_extra": {"brevo": {"headers": {"idempotencyKey": "a"}}}},
        "an instruction",
    ),
    "letters in esp_extra": ({"esp_extra": {"brevo": {"headers": {"X-A": "ä"}}}}, "raw octets"),
    "no headers in esp_extra": ({"esp_extra": {"brevo": {"headers": ["a"]}}}, "is no mapping"),
    "two lines in esp_extra": ({"esp_extra": {"brevo": {"tags": ["a\r\nb"]}}}, "U+000D"),
    "an unanswered reference": (
        {"text": "{{params.a}} {{params.b}}", "merge_global_data": {"a": 1}},
        "neither merge_data",
    ),
    "another reference": (
        {"text": "{{params.a}} {{contact.X}}", "merge_global_data": {"a": 1}},
        "a value without a name",
    ),
}


@pytest.mark.parametrize(("fields", "words"), REFUSED.values(), ids=REFUSED)
def test_what_brevo_cannot_express_is_refused(fields, words):
    """Before anything is sent, with the reason."""
    with pytest.raises((InvalidMessage, UnsupportedFeature)) as caught:
        payload(fields)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [{"batchId": "no-uuid"}, {"pixel_tracking_consent": "yes"}, {"batchId": 5}],
    ids=str,
)
def test_parameters_that_cannot_be_right_are_refused(extra):
    """As the typed options are, and by their names."""
    with pytest.raises(ConfigurationError, match=r"brevo: (batch_id|pixel_tracking_consent)"):
        payload({"esp_extra": {"brevo": extra}})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sender_ip": "300.1.1.1"}, "an IP address"),
        ({"batch_id": "5c6cfa04-eed9-12c2-8b5c-6d470d978e9d"}, "UUID of version 4"),
        ({"sandbox": "yes"}, "True or False"),
    ],
)
def test_options_that_cannot_be_right_are_refused(options, words):
    """Of a provider and of a message alike."""
    with pytest.raises(ConfigurationError, match=words):
        BrevoProvider(api_key=KEY, **options)
    with pytest.raises(ConfigurationError, match=words):
        brevo_options(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_key": "two words"}, "api_key must be"),
        ({"base_url": "ftp://example.com"}, "base_url must be"),
        ({"webhook_secrets": ["no-colon"]}, "webhook_secrets|user:password"),
        ({"webhook_header_secrets": ["no-colon"]}, "Name: value"),
        ({"max_inbound_bytes": 0}, "max_inbound_bytes must be"),
    ],
)
def test_options_of_the_provider_are_checked(options, message):
    """By name, never by value."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        BrevoProvider(**options)

    assert "two words" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.0.0.1:1/v3", "http://127.0.0.1:1/v3/"]
)
def test_the_version_of_the_url_may_be_given(url):
    """The address that Brevo's documentation has is as good as the host alone."""
    (request,) = build(Message(**BASE), base_url=url)

    assert "http://127.0.0.1:1/v3/smtp/email" == request.url


def test_a_url_has_the_key():
    """``brevo://KEY@host``."""
    assert {
        "api_key": "k",
        "base_url": "https://api.example.com",
    } == BrevoProvider.options_from_url(username="k", password="", host="api.example.com", path="")


def test_a_batch_is_packed():
    """A thousand versions and two thousand recipients to a call; less of those with copies."""
    to = [f"a{n}@example.net" for n in range(2001)]

    calls = build(Message(**{**BASE, "to": to, "merge_data": {}}))
    copied = build(Message(**{**BASE, "to": to, "cc": ["c@d.ef", "g@h.ij"], "merge_data": {}}))

    assert [1000, 1000, 1] == [len(json.loads(c.body)["messageVersions"]) for c in calls]
    assert [666, 666, 666, 3] == [len(json.loads(c.body)["messageVersions"]) for c in copied]
    assert [*to, "c@d.ef", "g@h.ij"] == sorted(
        (a for c in copied for a in c.recipients), key=[*to, "c@d.ef", "g@h.ij"].index
    )


def test_parameters_are_packed_by_their_size():
    """A thousand kilobytes of them to a call."""
    to = [f"a{n}@example.net" for n in range(30)]
    data = {address: {"name": "x" * 90_000} for address in to}

    calls = build(Message(**{**BASE, "to": to, "text": "{{params.name}}", "merge_data": data}))

    assert [11, 11, 8] == [len(json.loads(call.body)["messageVersions"]) for call in calls]


def test_a_header_of_one_recipient_is_there_once():
    """It replaces the message's and that of esp_extra, however they are spelled."""
    everybodys = {
        "headers": {"X-A": "1", "X-B": "1"},
        "esp_extra": {"brevo": {"headers": {"X-C": "1"}}},
    }
    own = {ADA: {"x-a": "2", "x-c": "2"}}

    (version,) = payload({**everybodys, "merge_headers": own})["messageVersions"]

    assert {"X-B": "1", "x-a": "2", "x-c": "2"} == version["headers"]


def test_an_own_way_to_unsubscribe_has_nothing_of_everybodys():
    """List-Unsubscribe-Post belongs to the URL of all: one click there would be about somebody."""
    own = {ADA: {"List-Unsubscribe": "<mailto:leave+ada@example.com>"}}
    fields = {"unsubscribe": {"url": "https://example.com/all"}, "merge_headers": own}

    (version,) = payload(fields)["messageVersions"]

    assert own[ADA] == version["headers"]


def test_each_call_of_a_batch_has_its_key():
    """The same ones each time; with one for all, Brevo would leave out every call but the first."""
    to = [f"a{n}@example.net" for n in range(2500)]
    message = Message(**{**BASE, "to": to, "merge_data": {}, "idempotency_key": "order-42"})

    first, again = (
        [json.loads(call.body)["headers"]["idempotencyKey"] for call in build(message)]
        for _ in range(2)
    )

    assert first == again
    assert 3 == len(set(first))


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", True),
        ("7c9e6679742540de944be07fc1f90ae7", False),
        ("{7c9e6679-7425-40de-944b-e07fc1f90ae7}", False),
        ("order-42", False),
    ],
)
def test_keys_are_uuids(key, is_kept):
    """One that is a UUID as Brevo writes them is sent as it is."""
    sent = payload({"idempotency_key": key})["headers"]["idempotencyKey"]

    assert (key == sent) is is_kept
    assert str(uuid.UUID(sent)) == sent


def test_texts_in_a_charset_that_nobody_has_stay():
    """There are more charsets than Python has codecs."""
    part = Attachment("a.txt", b"\xff", "text/plain; charset=x-invented")

    assert "/w==" == payload({"attachments": [part]})["attachment"][0]["content"]


metadata_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=10), metadata_values, min_size=1, max_size=4))
def test_metadata_comes_back(metadata):
    """Whatever it holds, it stands in ASCII and without escapes of JSON, and is read as it was."""
    text = metadata_text(metadata)
    fields = Fields({METADATA_HEADER: text})

    assert text.isascii()
    assert "\\u" not in text
    assert "\n" not in text
    assert metadata == thaw(read_metadata(fields))
    assert not fields.defects


@pytest.mark.parametrize(
    "given", ["words", "[1]", "5", "{", "base64:%%%", "base64:/w==", "base64:e30=!", "[" * 9999]
)
def test_metadata_of_others_is_a_defect(given):
    """A text of somebody else's is told, and is no metadata."""
    fields = Fields({METADATA_HEADER: given})

    assert {} == read_metadata(fields)
    assert ["`X-Mailin-custom` is no JSON object"] == fields.defects
