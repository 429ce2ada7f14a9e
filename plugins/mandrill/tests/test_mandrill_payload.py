"""A message and the requests that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    Attachment,
    ConfigurationError,
    InvalidMessage,
    Mailer,
    Message,
    UnsupportedFeature,
    connect,
)
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_mandrill import MandrillProvider, mandrill_options
from mailcore_mandrill.payload import batch


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
ADA, BOB = "ada@example.net", "bob@example.net"
BASE = {"from_email": "shop@example.com", "to": [ADA], "subject": "Hi", "text": "Hello"}
TEMPLATE = {"text": None, "template_id": "welcome"}


def read(name: str):
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def build(message: Message, **options: object):
    """The requests of a message that passed the checks."""
    provider = MandrillProvider(**{"api_key": "md-1nvented", **options})
    return provider.build(checked(provider, message, Hooks(), {}))


def problems(fields: dict, **options: object) -> list[str]:
    """The fields of what is refused, with the reason."""
    with pytest.raises(UnsupportedFeature) as caught:
        build(Message(**{**BASE, **fields}), **options)
    return [f"{problem.field}: {problem.reason}" for problem in caught.value.problems]


def as_fixture(request) -> dict:
    """A request as its file has it."""
    assert ("POST", 30.0) == (request.method, request.timeout_seconds)
    assert {"Accept": "application/json", "Content-Type": "application/json"} == request.headers
    return {
        "url": request.url,
        "recipients": list(request.recipients),
        "payload": json.loads(request.body),
    }


@pytest.mark.parametrize("name", NAMES)
def test_message_becomes_the_requests(name):
    """Each message becomes the requests in the file beside it."""
    expected = read(f"{name}.request.json")

    requests = build(Message.from_dict(read(f"{name}.message.json")), **expected["options"])

    assert expected["requests"] == [as_fixture(request) for request in requests]
    assert NAMES == sorted(path.name.partition(".")[0] for path in FIXTURES.glob("*.request.json"))


IMAGE = {"disposition": "inline"}
CASES = [
    ({"headers": {"x-mc-Tags": "a"}}, "headers['x-mc-Tags']: "),
    ({"merge_headers": {ADA: {"X-MC-Tags": "a"}}}, "merge_headers['X-MC-Tags']: "),
    ({"merge_headers": {ADA: {"From": "eve@example.org"}}}, "merge_headers['From']: "),
    ({"merge_headers": {ADA: {"To": "eve@example.org"}}}, "merge_headers['To']: "),
    ({"to": [], "cc": [ADA], "merge_data": {}}, "to: no `to` recipients"),
    ({"template_id": "welcome"}, "text: `text` beside `template_id`"),
    ({**TEMPLATE, "html": "<p>"}, "html: `html` beside `template_id`"),
    ({"attachments": [Attachment("a.png", b"a", "image/png", **IMAGE)]}, "attachments[0]: "),
    (
        {"attachments": [Attachment("a.pdf", b"a", "application/pdf", content_id="a@b")]},
        "attachments[0]: `attachments[0]` is inline and no image",
    ),
    ({"metadata": {"_a": "b", "c_": "d"}}, "metadata: `metadata` has names that begin with an"),
    ({"merge_metadata": {ADA: {"_a": "b"}}}, "merge_metadata: `merge_metadata` has names that"),
    ({"metadata": {"a": "b" * 250}}, "metadata: `metadata` has more than 250 bytes"),
    (
        {"metadata": {"a": "b" * 125}, "merge_metadata": {ADA: {"c": "d" * 125}}},
        "merge_metadata: `merge_metadata` has more than 250 bytes",
    ),
    ({**TEMPLATE, "merge_data": {ADA: {"_a": 1}}}, "merge_data: `merge_data` has a name that"),
    (
        {**TEMPLATE, "merge_global_data": {"a": 1, "A": 2}},
        "merge_global_data: `merge_global_data` has names that differ in case only",
    ),
    ({"text": "*|NAME|*", "merge_data": {ADA: {"order": 1}}}, "text: `text` refers to"),
    ({"from_email": "*|SHOP|* <shop@example.com>", "merge_data": {ADA: {"a": 1}}}, "from_email: "),
]


@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_what_cannot_be_expressed_is_refused(fields, expected):
    """The field, with the reason."""
    (problem,) = problems(fields)

    assert problem.startswith(expected)


EXTRA = [
    ({"key": "other"}, "['key'] is the provider's"),
    ({"To": ADA}, "['To']"),
    ({"message": "text"}, "['message'] must be a mapping"),
    ({"message": {"to": [{"email": ADA}]}}, "['message']['to']: whom it names"),
    ({"message": {"bcc_address": ADA}}, "['message']['bcc_address']: whom it names"),
    ({"message": {"merge_language": "handlebars"}}, "is for stored templates"),
    ({"message": {"headers": {"X-MC-Tags": "a"}}}, "['headers']['X-MC-Tags']"),
    ({"message": {"headers": {"X-A": "a\r\nBcc: b"}}}, "['headers']: "),
    ({"message": {"headers": {"Bcc": ADA}}}, "['headers']: "),
    ({"message": {"subject": "a\nb"}}, "['subject'] holds the character U+000A"),
    ({"message": {"from_name": "a\r"}}, "['from_name'] holds the character U+000D"),
    ({"ip_pool": "a\x00"}, "['ip_pool'] holds the character U+0000"),
]


@pytest.mark.parametrize(("extra", "expected"), EXTRA)
def test_what_esp_extra_may_not_say(extra, expected):
    """Recipients would have no status; headers keep the rules of the message's own."""
    found = problems({"esp_extra": {"mandrill": extra}})

    assert expected in " ".join(found)


def test_recipients_of_a_batch_cannot_be_made_to_see_each_other():
    """By esp_extra; of a message that is no batch, they may."""
    extra = {"esp_extra": {"mandrill": {"message": {"preserve_recipients": True}}}}

    assert "would see each other" in problems({**extra, "merge_data": {}})[0]
    (request,) = build(Message(**{**BASE, **extra}), preserve_recipients=False)
    assert json.loads(request.body)["message"]["preserve_recipients"] is True


def test_batch_ignores_the_option_for_other_messages():
    """An option of the provider for messages to several is none of a batch."""
    message = Message(**{**BASE, "to": [ADA, BOB], "merge_data": {}})

    (request,) = build(message, preserve_recipients=True)

    assert json.loads(request.body)["message"]["preserve_recipients"] is False


def test_values_in_esp_extra_replace_those_of_the_message():
    """Lists replace: the message's own values are not sent beside them."""
    extra = {
        "merge_vars": [{"rcpt": ADA, "vars": [{"name": "NAME", "content": "A"}]}],
        "recipient_metadata": [],
    }
    message = Message(
        **{**BASE, **TEMPLATE},
        merge_data={ADA: {"name": "Ada"}},
        merge_metadata={ADA: {"user": 1}},
        esp_extra={"mandrill": {"message": extra}},
    )

    (request,) = build(message)

    content = json.loads(request.body)["message"]
    assert extra == {name: content[name] for name in extra}


def test_batch_is_split_below_ten_megabytes(monkeypatch):
    """Calls are as few as have room; each recipient is in one, with their values."""
    monkeypatch.setattr(batch, "MAX_BYTES", 2_000)
    to = [f"r{number}@example.net" for number in range(40)]
    message = Message(
        **{**BASE, "to": to, "text": "Dear *|NAME|*"},
        merge_data={each: {"name": f"name of {each}"} for each in to},
        merge_metadata={each: {"user": each} for each in to[:3]},
    )

    requests = build(message)

    assert 1 < len(requests) < 20
    assert all(len(request.body) <= 2_000 for request in requests)
    assert to == [address for request in requests for address in request.recipients]
    for request in requests:
        content = json.loads(request.body)["message"]
        assert list(request.recipients) == [each["email"] for each in content["to"]]
        assert list(request.recipients) == [each["rcpt"] for each in content["merge_vars"]]
        assert [f"name of {each}" for each in request.recipients] == [
            each["vars"][0]["content"] for each in content["merge_vars"]
        ]
    assert to[:3] == [
        each["rcpt"]
        for request in requests
        for each in json.loads(request.body)["message"].get("recipient_metadata", [])
    ]


NAMES_OF_VALUES = st.text("abcdef0123456789", min_size=1, max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES_OF_VALUES, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(NAMES_OF_VALUES, VALUES, max_size=3),
    st.dictionaries(NAMES_OF_VALUES, VALUES, max_size=3),
)
def test_values_arrive_as_they_are(own, everybodys):
    """Whatever JSON the values are, nested too: joined bodies are the document that was meant."""
    message = Message(
        **{**BASE, **TEMPLATE, "to": [ADA, BOB]},
        merge_data={ADA: own},
        merge_global_data=everybodys,
    )

    (request,) = build(message)

    content = json.loads(request.body)["message"]
    given_values = {
        each["rcpt"]: {item["name"]: item["content"] for item in each["vars"]}
        for each in content.get("merge_vars", [])
    }
    assert ({ADA: own} if own else {}) == given_values
    assert everybodys == {
        each["name"]: each["content"] for each in content.get("global_merge_vars", [])
    }


def test_batch_with_a_value_that_is_no_json_is_refused_before_the_first_call():
    """In a batch of calls for each, too."""
    with pytest.raises(InvalidMessage):
        Message(**BASE, merge_data={ADA: {"a": object()}})


def test_options_of_a_message_stand_where_mandrill_wants_them():
    """At the top, or within `message`; they win over the provider's."""
    extra = mandrill_options(
        ip_pool="b", background=False, subaccount="c", google_analytics_domains=["example.com"]
    )
    message = Message(**BASE, esp_extra=extra)

    (request,) = build(message, ip_pool="a", background=True, subaccount="a")

    payload = json.loads(request.body)
    assert ("b", False) == (payload["ip_pool"], payload["async"])
    assert "c" == payload["message"]["subaccount"]
    assert ["example.com"] == payload["message"]["google_analytics_domains"]
    assert {"mandrill": {"ip_pool": "b"}} == mandrill_options(ip_pool="b")
    assert {"mandrill": {}} == mandrill_options()


WRONG = [
    ({"api_key": "a b"}, "api_key"),
    ({"subaccount": ""}, "subaccount"),
    ({"ip_pool": "a\nb"}, "ip_pool"),
    ({"merge_language": "jinja"}, "merge_language"),
    ({"webhook_signing_keys": "key"}, "webhook_signing_keys"),
    ({"webhook_signing_keys": [""]}, "webhook_signing_keys"),
    ({"webhook_urls": "https://example.com"}, "webhook_urls"),
    ({"webhook_secrets": ["no colon"]}, "user:password"),
    ({"base_url": "mandrillapp.com"}, "base_url"),
    ({"base_url": "https://user:password@mandrillapp.com"}, "base_url"),
    ({"timeout_seconds": 0}, "timeout_seconds"),
]


@pytest.mark.parametrize(("options", "named"), WRONG)
def test_wrong_options_are_named(options, named):
    """By name, and not by value: it may be a secret."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        MandrillProvider(**options)

    assert not any(
        isinstance(value, str) and len(value) > 3 and value in str(caught.value)
        for value in options.values()
    )


def test_url_of_a_mailer():
    """The key, the API's URL with its version, and options."""
    mailer = connect("mandrill://md-key@mandrillapp.com/api/1.4?subaccount=shop")

    (request,) = mailer.preview(Message(**BASE)).requests

    assert "https://mandrillapp.com/api/1.4/messages/send.json" == request.url
    assert "md-key" == json.loads(request.body)["key"]
    with pytest.raises(ConfigurationError, match="no password"):
        connect("mandrill://key:password@mandrillapp.com")


def test_no_key_no_send():
    """A provider that only receives has none; sending says what is missing."""
    provider = MandrillProvider()

    with pytest.raises(ConfigurationError, match="api_key"):
        Mailer(provider).send(Message(**BASE))
    with pytest.raises(ConfigurationError, match="api_key"):
        provider.suppressions()
