"""A message and the calls that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, Mailer, Message, UnsupportedFeature
from mailcore.errors import ConfigurationError, MessageError
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_sendgrid import SendGridProvider, sendgrid_options
from mailcore_sendgrid.event_map import RESERVED


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
BASE: dict[str, Any] = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net"],
    "subject": "Hi",
    "text": "Hello",
}


def build(message: Message, **options: Any) -> Any:
    """The requests of a message that passed the checks."""
    provider = SendGridProvider(api_key="SG.secret", **options)
    return provider.build(checked(provider, message, Hooks(), {}))


def body_of(fields: dict[str, Any], **options: Any) -> Any:
    """The JSON of a message's one request."""
    (request,) = build(Message(**{**BASE, **fields}), **options)
    return json.loads(request.body)


def as_fixture(request: Any, id_argument: str) -> dict[str, Any]:
    """A request as its file has it: the ids that were made for it have numbers."""
    body = json.loads(request.body)
    for number, personal in enumerate(body["personalizations"]):
        assert request.message_ids[number] == personal["custom_args"][id_argument]
        personal["custom_args"][id_argument] = f"id-{number}"
    return {"recipients": list(request.recipients), "body": body}


@pytest.mark.parametrize("name", NAMES)
def test_message_becomes_the_calls(name: str) -> None:
    """Each message becomes the calls beside it, with the key and as JSON."""
    given_ = json.loads((FIXTURES / f"{name}.message.json").read_text("utf-8"))
    expected = json.loads((FIXTURES / f"{name}.requests.json").read_text("utf-8"))
    options = given_["options"]

    requests = build(Message.from_dict(given_["message"]), **options)

    id_argument = options.get("id_argument", "mailcore_id")
    assert expected == [as_fixture(request, id_argument) for request in requests]
    host = "api.eu.sendgrid.com" if options.get("region") == "eu" else "api.sendgrid.com"
    for request in requests:
        assert f"https://{host}/v3/mail/send" == request.url
        assert {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": "Bearer SG.secret",
        } == request.headers


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://127.0.0.1:1/v3/"])
def test_base_url_with_or_without_the_version(base_url: str) -> None:
    """Another API is called at the same path."""
    (request,) = build(Message(**BASE), base_url=base_url)

    assert "http://127.0.0.1:1/v3/mail/send" == request.url


REFUSED = {
    "nobody in to": ({"to": [], "cc": ["bob@example.net"]}, "to"),
    "a batch to nobody": ({"to": [], "cc": ["bob@example.net"], "merge_data": {}}, "to"),
    "no body": ({"text": ""}, "text"),
    "no subject": ({"subject": ""}, "subject"),
    "subject beside a dynamic template": ({"text": None, "template_id": "d-1"}, "subject"),
    "HTML beside a dynamic template": (
        {"subject": None, "text": None, "html": "<p>", "template_id": "d-1"},
        "html",
    ),
    "a type beside a dynamic template": (
        {
            "subject": None,
            "text": None,
            "alternatives": [("a", "text/markdown")],
            "template_id": "d-1",
        },
        "alternatives",
    ),
    "a file in another charset": (
        {"attachments": [Attachment("a.txt", b"\xe9", "text/plain; charset=latin-1")]},
        "attachments[0]",
    ),
    "an empty file": ({"attachments": [Attachment("a.bin", b"")]}, "attachments[0]"),
    "an image without an id": (
        {"attachments": [Attachment("a.png", b"\x89PNG", "image/png", disposition="inline")]},
        "attachments[0]",
    ),
    "a tag outside ASCII": ({"tags": ["größer"]}, "tags"),
    "eleven tags": ({"tags": [str(number) for number in range(11)]}, "tags"),
    "no value": ({"metadata": {"order": None}}, "metadata"),
    "a name of SendGrid's": ({"metadata": {"sg_event_id": "1"}}, "metadata"),
    "the name of the id": ({"metadata": {"mailcore_id": "1"}}, "metadata"),
    "an instruction": ({"headers": {"X-SMTPAPI": "{}"}}, "headers['X-SMTPAPI']"),
    "an id of SendGrid's": ({"headers": {"x-sg-eid": "1"}}, "headers['x-sg-eid']"),
    "another sender": (
        {"merge_headers": {"ada@example.net": {"From": "eve@example.org"}}},
        "merge_headers['From']",
    ),
    "an international address": ({"to": ["jörg@example.net"]}, "to"),
    "people in esp_extra": (
        {"esp_extra": {"sendgrid": {"personalizations": [{"to": []}]}}},
        "esp_extra['sendgrid']['personalizations']",
    ),
    "bcc in esp_extra": (
        {"esp_extra": {"sendgrid": {"Bcc": ["eve@example.org"]}}},
        "esp_extra['sendgrid']['Bcc']",
    ),
    "Bcc as a header of esp_extra": (
        {"esp_extra": {"sendgrid": {"headers": {"Bcc": "eve@example.org"}}}},
        "esp_extra['sendgrid']['headers']",
    ),
    "an instruction in esp_extra": (
        {"esp_extra": {"sendgrid": {"headers": {"x-smtpapi": "{}"}}}},
        "esp_extra['sendgrid']['headers']['x-smtpapi']",
    ),
    "a line end in esp_extra": (
        {"esp_extra": {"sendgrid": {"subject": "a\r\nBcc: eve@example.org"}}},
        "esp_extra['sendgrid']['subject']",
    ),
    "a line end in a name of esp_extra": (
        {"esp_extra": {"sendgrid": {"from": {"email": "a@example.com", "name": "a\nb"}}}},
        "esp_extra['sendgrid']['from']",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_is_refused(case: str) -> None:
    """Before anything is sent, with the field that says so."""
    fields, place = REFUSED[case]
    with pytest.raises(MessageError) as caught:
        build(Message(**{**BASE, **fields}))

    assert place in [problem.field for problem in caught.value.problems]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Not one problem after the other."""
    message = Message(**{**BASE, "text": "", "subject": "", "tags": ["ü"], "metadata": {"tls": 1}})
    with pytest.raises(UnsupportedFeature) as caught:
        build(message)

    assert {"text", "subject", "tags", "metadata"} == {p.field for p in caught.value.problems}


def test_values_cannot_refer_to_other_values() -> None:
    """A value that looks like a reference stays what it is: the references have other names."""
    (request,) = build(
        Message(
            **{
                **BASE,
                "subject": "{{name}}",
                "text": "Dear {{ name }}, {{secret}}",
                "merge_data": {"ada@example.net": {"name": "{{secret}}", "secret": "7"}},
            }
        )
    )

    body = json.loads(request.body)
    substitutions = body["personalizations"][0]["substitutions"]
    subject, (content,) = body["subject"], body["content"]
    assert "{{secret}}" == substitutions[subject]
    assert "{{secret}}" not in substitutions
    filled = content["value"]
    for key, value in substitutions.items():
        filled = filled.replace(key, value)
    assert "Dear {{secret}}, 7" == filled


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (7, "7"), (1.5, "1.5"), (True, "true"), (None, ""), ({"ü": [1]}, '{"ü": [1]}')],
)
def test_substitutions_are_texts(value: object, text: str) -> None:
    """SendGrid refuses everything else."""
    body = body_of({"text": "{{x}}", "merge_data": {"ada@example.net": {"x": value}}})

    assert {"{{x}}": text} == body["personalizations"][0]["substitutions"]


def test_metadata_with_names_of_ones_own() -> None:
    """A provider with another name for the id has that name reserved, and no other."""
    body = body_of({"metadata": {"mailcore_id": "7"}}, id_argument="anymail_id")

    assert {"mailcore_id": "7"} == body["custom_args"]
    with pytest.raises(UnsupportedFeature):
        body_of({"metadata": {"anymail_id": "7"}}, id_argument="anymail_id")


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_names_of_sendgrid_are_refused(name: str) -> None:
    """What an event would have under that name is SendGrid's own."""
    with pytest.raises(UnsupportedFeature):
        body_of({"merge_metadata": {"ada@example.net": {name: "x"}}})


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (
            ["Ada <ada@example.net>", "ADA@example.net", "bob@example.net"],
            {
                "reply_to_list": [
                    {"email": "ada@example.net", "name": "Ada"},
                    {"email": "bob@example.net"},
                ]
            },
        ),
        (["ada@example.net", "ada@example.net"], {"reply_to": {"email": "ada@example.net"}}),
    ],
)
def test_reply_to_has_each_address_once(addresses: list[str], expected: dict[str, Any]) -> None:
    """SendGrid refuses a list that has one twice."""
    body = body_of({"reply_to": addresses})

    assert expected == {name: body[name] for name in body if name.startswith("reply_to")}


def test_a_batch_is_split_at_a_thousand_recipients() -> None:
    """Copies count in each personalization, and are recipients of the first call only."""
    to = [f"r{number}@example.net" for number in range(1201)]
    requests = build(Message(**{**BASE, "to": to, "cc": ["carol@example.org"], "merge_data": {}}))

    assert [500, 500, 201] == [len(json.loads(r.body)["personalizations"]) for r in requests]
    assert [501, 500, 201] == [len(request.recipients) for request in requests]
    assert [("carol@example.org",)] * 3 == [request.copied for request in requests]
    ids = [each for request in requests for each in request.message_ids]
    assert len(to) == len(set(ids))


@pytest.mark.slow
def test_a_batch_is_split_at_thirty_megabytes() -> None:
    """What all mails have counts once in each call; a call that is looked at twice is the same."""
    blob = Attachment("a.bin", b"\0" * 20_000_000)
    values = {f"r{n}@example.net": {"x": "y" * 1_000_000} for n in range(5)}
    message = Message(
        **{**BASE, "to": list(values), "text": "{{x}}", "merge_data": values, "attachments": [blob]}
    )
    requests = build(message)

    sizes = [len(request.body) for request in requests]
    assert [3, 2] == [len(request.recipients) for request in requests]
    assert all(size < 30_000_000 for size in sizes)
    assert requests[1].body == requests[1].body


def test_ids_differ_between_two_builds() -> None:
    """The same message sent twice is two mails, and events have to tell them apart."""
    message = Message(**BASE)
    first, second = (build(message)[0].message_ids for _ in range(2))

    assert first != second


def test_options_of_a_message_win() -> None:
    """What the provider says of every message, one of them says otherwise."""
    options = sendgrid_options(ip_pool="news", sandbox=False, batch_id="b-1")
    body = body_of({"esp_extra": options}, ip_pool="usual", sandbox=True, unsubscribe_group=7)

    assert ("news", "b-1", {"group_id": 7}) == (body["ip_pool_name"], body["batch_id"], body["asm"])
    assert {"sandbox_mode": {"enable": False}} == body["mail_settings"]


WRONG_OPTIONS: list[dict[str, Any]] = [
    {"api_key": ""},
    {"api_key": "SG.\n"},
    {"region": "us"},
    {"base_url": "api.sendgrid.com"},
    {"unsubscribe_group": 0},
    {"unsubscribe_group": "7"},
    {"sandbox": "yes"},
    {"substitution": "name"},
    {"substitution": "-{}-"},
    {"id_argument": "my id"},
    {"webhook_verification_keys": "MFkw"},
    {"webhook_verification_keys": ["MFkw"]},
    {"webhook_secrets": ["secret"]},
    {"max_age_seconds": 0},
]


@pytest.mark.parametrize("options", WRONG_OPTIONS, ids=str)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    """When the provider is made, and without the value, which may be a secret."""
    with pytest.raises(ConfigurationError) as caught:
        SendGridProvider(**{"api_key": "SG.secret", **options})

    assert "sendgrid: " == str(caught.value)[:10]
    for value in options.values():
        assert not isinstance(value, str) or len(value) < 5 or value not in str(caught.value)


def test_a_wrong_syntax_of_one_message_is_refused() -> None:
    """It is a configuration of the message."""
    extra = {"sendgrid": {"substitution": "{}"}}
    fields = {"template_id": "legacy", "merge_global_data": {"a": 1}, "esp_extra": extra}
    with pytest.raises(ConfigurationError, match="substitution must be"):
        body_of(fields)


def test_url_has_the_key_and_the_host() -> None:
    """``sendgrid://KEY@host`` makes a mailer."""
    mailer = Mailer.from_url("sendgrid://SG.secret@127.0.0.1:1?sandbox=true")
    (request,) = mailer.preview(Message(**BASE)).requests

    assert "https://127.0.0.1:1/v3/mail/send" == request.url
    assert "Bearer SG.secret" == request.headers["Authorization"]
    assert request.is_sandbox


@given(
    names=st.lists(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    values=st.lists(st.text(max_size=20), min_size=4, max_size=4),
)
def test_filled_in_texts_are_what_was_meant(names: list[str], values: list[str]) -> None:
    """Whatever the values are, replacing word for word gives each value where it is referred to."""
    data = dict(zip(names, values, strict=False))
    text = "|".join(f"{{{{{name}}}}}" for name in names)
    body = body_of({"text": text, "merge_data": {"ada@example.net": data}})

    substitutions = body["personalizations"][0]["substitutions"]
    filled = body["content"][0]["value"]
    for key in substitutions:
        assert 1 == filled.count(key)
    pieces = filled.split("|")
    assert [data[name] for name in names] == [substitutions[piece] for piece in pieces]
