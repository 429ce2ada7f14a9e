"""A message and the transmissions that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, ConfigurationError, Mailer, Message, UnsupportedFeature
from mailcore.address import Address
from mailcore.inbound import parse_inbound
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_sparkpost import SparkPostProvider, sparkpost_options


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
KEY = "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"
ADA, BOB = "ada@example.net", "bob@example.net"
BASE = {"from_email": "shop@example.com", "to": [ADA], "subject": "Hi", "text": "Hello"}
INVITATION = ("BEGIN:VCALENDAR\r\nEND:VCALENDAR", "text/calendar")
TEMPLATE = {"template_id": "t", "subject": None, "text": None}


def read(name: str):
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def build(message: Message, **options: object):
    """The requests of a message that passed the checks."""
    provider = SparkPostProvider(**{"api_key": KEY, **options})
    return provider.build(checked(provider, message, Hooks(), {}))


def payloads(fields: dict, **options: object):
    """The JSON of each request of a message."""
    return [json.loads(each.body) for each in build(Message(**{**BASE, **fields}), **options)]


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_documented(name):
    """Each message becomes the transmissions in the file beside it."""
    expected = read(f"{name}.request.json")

    requests = build(Message.from_dict(read(f"{name}.message.json")), **expected["options"])

    found = []
    for request in requests:
        headers = dict(request.headers)
        subaccount = headers.pop("X-MSYS-SUBACCOUNT", None)
        assert headers == {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": KEY,
        }
        assert ("POST", 60.0) == (request.method, request.timeout_seconds)
        found.append(
            {
                "url": request.url,
                "subaccount": subaccount,
                "recipients": list(request.recipients),
                "mails": request.mails,
                "json": json.loads(request.body),
            }
        )
    assert expected["requests"] == found


def test_there_is_a_pair_for_each():
    """No file of requests lacks its message."""
    assert NAMES == sorted(
        p.name.removesuffix(".request.json") for p in FIXTURES.glob("*.request.json")
    )
    assert len(NAMES) > 30


REFUSED = {
    "subject beside a template": ({**TEMPLATE, "subject": "Hi"}, "`subject` beside"),
    "text beside a template": ({**TEMPLATE, "text": "Hi"}, "`text` beside"),
    "html beside a template": ({**TEMPLATE, "html": "<p>"}, "`html` beside"),
    "headers beside a template": ({**TEMPLATE, "headers": {"X-A": "a"}}, "`headers` beside"),
    "own headers beside a template": (
        {**TEMPLATE, "merge_headers": {ADA: {"X-A": "a"}}},
        "`merge_headers` beside",
    ),
    "a file beside a template": ({**TEMPLATE, "attachments": [("a", b"a")]}, "`attachments` bes"),
    "a copy beside a template": ({**TEMPLATE, "cc": [BOB]}, r"`cc` beside .* \(send the copy by"),
    "AMP beside a template": (
        {**TEMPLATE, "alternatives": [("<html>", "text/x-amp-html")]},
        "`alternatives` beside",
    ),
    "unsubscribe beside a template": (
        {**TEMPLATE, "unsubscribe": "https://example.com/u"},
        "`unsubscribe` beside",
    ),
    "subject beside a template of esp_extra": (
        {"text": None, "esp_extra": {"sparkpost": {"content": {"template_id": "t"}}}},
        "`subject` beside",
    ),
    "text beside an A/B test": (
        {"subject": None, "esp_extra": {"sparkpost": {"content": {"ab_test_id": "t"}}}},
        "`text` beside",
    ),
    "unsubscribe": ({"unsubscribe": "https://example.com/u"}, "puts its own List-Unsubscribe"),
    "List-Unsubscribe": (
        {"headers": {"List-Unsubscribe": "<https://example.com/u>"}},
        r"headers\['List-Unsubscribe'\]: SparkPost puts",
    ),
    "List-Unsubscribe of a recipient": (
        {"merge_headers": {ADA: {"list-unsubscribe": "<https://example.com/u>"}}},
        r"merge_headers\['List-Unsubscribe'\]: SparkPost puts",
    ),
    "unsubscribe in a message that is not transactional": (
        {
            "unsubscribe": "https://example.com/u",
            "esp_extra": sparkpost_options(transactional=False),
        },
        "give transactional=True",
    ),
    "no body": ({"text": None}, "no text, HTML or template"),
    "an empty body": ({"text": "", "html": ""}, "no text, HTML or template"),
    "AMP alone": (
        {"text": None, "alternatives": [("<html>", "text/x-amp-html")]},
        "AMP without a text or HTML",
    ),
    "an instruction for SMTP": ({"headers": {"X-MSYS-API": "{}"}}, "SMTP server"),
    "one for a recipient": ({"merge_headers": {ADA: {"x-msys-api": "{}"}}}, "SMTP server"),
    "From of a recipient": ({"merge_headers": {ADA: {"From": "e@example.org"}}}, "come from `from"),
    "a batch without to": ({"to": [], "cc": [BOB], "merge_metadata": {}}, "no `to` recipients"),
    "an inline image without id": (
        {"attachments": [Attachment("a.png", b"png", disposition="inline")]},
        "without a content_id",
    ),
    "a value that nobody has": (
        {"text": "Dear {{nmae}}", "merge_data": {ADA: {"name": "Ada"}}},
        "refers to the value 'nmae'",
    ),
    "a statement": (
        {"text": "{{if name}}Dear{{end}} {{name}}", "merge_data": {ADA: {"name": "Ada"}}},
        "statements, operators and macros",
    ),
    "an operator": (
        {"text": "{{name or 'you'}} {{name}}", "merge_data": {ADA: {"name": "Ada"}}},
        "a value without a name",
    ),
    "braces that do not end": (
        {"text": "{{name}} {{", "merge_data": {ADA: {"name": "Ada"}}},
        "a value without a name",
    ),
    "a name that no value may have": (
        {"text": "{{name}}", "merge_data": {ADA: {"name": "Ada", "first-name": "Ada"}}},
        "names that SparkPost's templates cannot have: 'first-name'",
    ),
    "a name of SparkPost's own": (
        {"text": "{{ref}} {{email}}", "merge_global_data": {"email": "x", "ref": "y"}},
        "cannot have: 'email'",
    ),
    "an invitation with values": (
        {"text": "{{name}}", "merge_data": {ADA: {"name": "A"}}, "alternatives": [INVITATION]},
        "values are to be filled in",
    ),
    "an invitation with braces": (
        {"text": "{{name}}", "alternatives": [INVITATION]},
        r"only a whole mail can hold, and a text has '\{\{'",
    ),
    "an invitation to somebody with braces": (
        {"to": [Address(ADA, "{{x}}")], "alternatives": [INVITATION]},
        "a text has",
    ),
    "a file whose name is not ASCII, with values": (
        {"text": "{{a}}", "merge_global_data": {"a": 1}, "attachments": [("ä.txt", b"")]},
        "a file whose name is not ASCII",
    ),
    "a mail as a file, with values": (
        {
            "text": "{{a}}",
            "merge_global_data": {"a": 1},
            "attachments": [("a.eml", b"From: a@example.com\r\n\r\n", "message/rfc822")],
        },
        "a mail, which base64 would break",
    ),
    "two authors": ({"from_email": ["a@example.com", "b@example.com"]}, "takes one sender"),
    "two tags": ({"tags": ["one", "two"]}, "at most 1"),
    "an idempotency key": ({"idempotency_key": "once"}, "no idempotency key"),
    "recipients of esp_extra": (
        {"esp_extra": {"sparkpost": {"recipients": {"list_id": "all"}}}},
        "have no status",
    ),
    "a control character in esp_extra": (
        {"esp_extra": {"sparkpost": {"campaign_id": "a\x00b"}}},
        r"U\+0000",
    ),
    "one in content": ({"esp_extra": {"sparkpost": {"content": {"from": "a\n"}}}}, r"U\+000A"),
    "a line end in a header of esp_extra": (
        {"esp_extra": {"sparkpost": {"content": {"headers": {"X-A": "a\r\nBcc: b"}}}}},
        r"U\+000D",
    ),
    "a header of esp_extra that shows copies": (
        {"esp_extra": {"sparkpost": {"content": {"headers": {"Bcc": "b@example.org"}}}}},
        "bcc=",
    ),
    "an instruction in esp_extra": (
        {"esp_extra": {"sparkpost": {"content": {"headers": {"X-MSYS-API": "{}"}}}}},
        "SMTP server",
    ),
}


@pytest.mark.parametrize(("fields", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_expressed_is_refused(fields, reason):
    """Whatever SparkPost would drop, garble or fill in raises before anything is sent."""
    with pytest.raises(UnsupportedFeature, match=reason) as caught:
        build(Message(**{**BASE, **fields}))

    assert "sparkpost" == caught.value.provider


def test_a_sender_that_only_the_template_has():
    """Without from_email, SparkPost uses the template's."""
    (payload,) = payloads({**TEMPLATE, "from_email": None})

    assert {"template_id": "t"} == payload["content"]


@pytest.mark.parametrize(
    "fields",
    [
        {"alternatives": [INVITATION]},
        {"attachments": [("Übersicht.txt", b"a", "text/plain")]},
        {"attachments": [(None, b"a", "text/plain")]},
        {"attachments": [("a.eml", b"From: a@example.com\r\n\r\nHi\r\n", "message/rfc822")]},
        {"alternatives": [("<html a>", "text/x-amp-html"), ("<html b>", "text/x-amp-html")]},
        {"text": None, "alternatives": [INVITATION]},
    ],
    ids=repr,
)
def test_what_only_a_mail_can_hold_goes_as_one(fields):
    """It is written here, whole: with its own To and Cc lines, and without Bcc."""
    people = {"to": [f"Ada <{ADA}>", BOB], "cc": ["cy@example.net"], "bcc": ["di@example.net"]}
    (payload,) = payloads({**people, **fields, "metadata": {"a": 1}, "track_opens": False})

    mail = parse_inbound(payload["content"].pop("email_rfc822").encode("ascii"))
    assert {} == payload["content"]
    assert [ADA, BOB] == [each.addr_spec for each in mail.to]
    assert ["cy@example.net"] == [each.addr_spec for each in mail.cc]
    assert b"di@example.net" not in mail.raw
    emails = [ADA, BOB, "cy@example.net", "di@example.net"]
    assert [{"address": {"email": each}} for each in emails] == payload["recipients"]
    assert ({"a": 1}, False) == (payload["metadata"], payload["options"]["open_tracking"])


def test_a_batch_of_whole_mails():
    """Each recipient has a call with a mail of their own; copies have a status in the first."""
    message = Message(
        **{**BASE, "to": [ADA, BOB], "bcc": ["di@example.net"]},
        alternatives=[INVITATION],
        merge_metadata={ADA: {"n": 1}},
        merge_headers={BOB: {"X-N": "2"}},
    )
    first, second = build(message)

    assert (ADA, "di@example.net") == first.recipients
    assert (BOB,) == second.recipients
    assert (2, 2) == (first.mails, second.mails)
    assert {"n": 1} == json.loads(first.body)["metadata"]
    mail = parse_inbound(json.loads(second.body)["content"]["email_rfc822"].encode())
    assert ([BOB], "2") == ([each.addr_spec for each in mail.to], mail.headers["X-N"])


def test_letters_before_the_at_in_a_whole_mail():
    """They stand in its header as UTF-8 (RFC 6532)."""
    (payload,) = payloads({"to": ["grüße@example.net"], "alternatives": [INVITATION]})

    assert "To: grüße@example.net\r\n" in payload["content"]["email_rfc822"]


def test_large_batches_are_several_calls():
    """Up to 2,000 entries in each, copies counted, and everybody once."""
    to = [f"u{n}@example.net" for n in range(2_500)]
    plain = build(Message(**{**BASE, "to": to}, merge_data={}))
    copied = build(Message(**{**BASE, "to": to}, cc=["cy@example.net"], merge_data={}))

    assert [2_000, 500] == [each.mails for each in plain]
    assert to == [address for each in plain for address in each.recipients]
    assert [2_000, 2_000, 1_000] == [each.mails for each in copied]
    assert [*to[:1_000], "cy@example.net", *to[1_000:]] == [a for r in copied for a in r.recipients]
    assert all(len(json.loads(r.body)["recipients"]) == r.mails for r in [*plain, *copied])


@pytest.mark.slow
def test_calls_stay_small():
    """50 MB at most: a batch with a large file and many values takes more calls."""
    data = {f"u{n}@example.net": {"a": "x" * 90_000} for n in range(600)}
    fields = {"to": list(data), "text": "{{a}}", "merge_data": data}
    requests = build(Message(**{**BASE, **fields}))

    assert [555, 45] == [each.mails for each in requests]
    assert all(len(each.body) <= 50_000_000 for each in requests)


TEXTS = st.text(st.sampled_from("{}a_ \n<é"), max_size=12).filter(lambda text: "\n" not in text)


@given(subject=TEXTS, text=TEXTS, header=TEXTS, name=TEXTS, is_batch=st.booleans())
def test_no_text_is_filled_in_that_asks_for_nothing(
    rendered, subject, text, header, name, is_batch
):
    """Whatever braces it has, it arrives as it is: in the header and in the bodies."""
    fields = {
        "from_email": Address("shop@example.com", name.strip()),
        "subject": subject,
        "text": f"{text}.",
        "html": f"<p>{text}",
        "headers": {"X-A": header},
        "metadata": {"a": "metadata", "mailcore_": 1},
        **({"merge_data": {}, "to": [ADA, BOB]} if is_batch else {}),
    }
    (payload,) = payloads(fields)

    for _, mail in rendered(payload):
        assert (subject, f"{text}.", f"<p>{text}") == (mail["subject"], mail["text"], mail["html"])
        assert header == mail["headers"]["X-A"]
        assert Address("shop@example.com", name.strip()).format() == mail["from"]


VALUES = st.dictionaries(st.sampled_from(["a", "b"]), st.text(st.sampled_from("{}a"), max_size=5))


@given(ada=VALUES, everybodys=VALUES, metadata=VALUES, own=VALUES)
def test_values_are_those_of_each_recipient(rendered, ada, everybodys, metadata, own):
    """Metadata of the same name never come in the place of a value, nor of one that is missing."""
    text = "{{a}}|{{ b }}."
    if not {"a", "b"} <= {*ada, *everybodys}:
        ada = {"a": "1", "b": "2"}
    fields = {
        "to": [ADA, BOB],
        "text": text,
        "merge_data": {ADA: ada},
        "merge_global_data": everybodys,
        "metadata": metadata,
        "merge_metadata": {BOB: own},
        "merge_headers": {BOB: {"X-A": "{{a}}"}},
    }
    mails = dict(mail for each in payloads(fields) for mail in rendered(each))

    for address, values in ((ADA, {**everybodys, **ada}), (BOB, everybodys)):
        expected = f"{values.get('a', '')}|{values.get('b', '')}."
        assert expected == mails[address]["text"]
    assert "{{a}}" == mails[BOB]["headers"]["X-A"]
    assert {} == mails[ADA]["headers"]


@pytest.mark.parametrize("value", [True, -1, 2**31, "twelve", [1]])
def test_a_subaccount_that_cannot_be_one(value):
    """It is a header: nothing but a number may stand there."""
    message = Message(**BASE, esp_extra={"sparkpost": {"subaccount": value}})

    with pytest.raises(ConfigurationError, match="subaccount must be the number"):
        build(message)


def test_what_can_be_dropped_is_dropped_once_allowed():
    """A mailer that may drop attachments sends the text without them, and says so."""
    mailer = Mailer(SparkPostProvider(api_key=KEY), unsupported={"attachments": "drop"})
    message = Message(**{**BASE, "text": "{{x}}"}, attachments=[("ä.txt", b"a"), ("b.txt", b"b")])

    (request,) = mailer.preview(message).requests

    content = json.loads(request.body)["content"]
    assert ["b.txt"] == [each["name"] for each in content["attachments"]]
