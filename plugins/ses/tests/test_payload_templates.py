"""Template messages that are no batch, and which call a message becomes."""

from __future__ import annotations

import email
import email.policy
import json
import re

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore import Attachment, InvalidMessage, Message, UnsupportedFeature
from mailcore.mime.headers import header_value
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_ses import SesProvider
from mailcore_ses.options import SesOptions
from mailcore_ses.payload import Choice, plan_of


ADA, BOB = "ada@example.net", "bob@example.net"
ARN = "arn:aws:ses:eu-west-1:123456789012:template/welcome"
BASE = {"from_email": "Büro <shop@example.com>", "to": [ADA, BOB]}
WHOLE = {**BASE, "subject": "Hi", "text": "Hello"}


def build(fields: dict, **options: object):
    """The calls of a message that passed the checks."""
    provider = SesProvider(**options)
    return provider.build(checked(provider, Message(**fields), Hooks(), {}))


REFERS = {"subject": "{{ a }}"}
CHOICES = [
    # what the message has, options, choice, operations
    ({}, {}, Choice.RAW, ["SendEmail"]),
    ({}, {"content": "simple"}, Choice.SIMPLE, ["SendEmail"]),
    ({"merge_metadata": {}}, {}, Choice.INDIVIDUAL, ["SendEmail", "SendEmail"]),
    ({"merge_headers": {}}, {}, Choice.INDIVIDUAL, ["SendEmail", "SendEmail"]),
    ({"merge_headers": {}, "merge_global_data": {}}, {}, Choice.INDIVIDUAL, ["SendEmail"] * 2),
    ({"merge_data": {}}, {}, Choice.INDIVIDUAL, ["SendEmail"] * 2),
    ({"merge_data": {}, "text": "{{a}}"}, {}, Choice.INDIVIDUAL, ["SendEmail"] * 2),
    ({"merge_data": {ADA: {}}, "text": "{{a}}"}, {}, Choice.INDIVIDUAL, ["SendEmail"] * 2),
    ({"merge_data": {ADA: {"a": 1}}}, {}, Choice.INDIVIDUAL, ["SendEmail"] * 2),
    ({"merge_global_data": {"a": 1}}, {}, Choice.RAW, ["SendEmail"]),
    ({"merge_global_data": {"a": 1}, "text": "{{b}}"}, {}, Choice.RAW, ["SendEmail"]),
    ({"merge_global_data": {"a": 1}, "text": "{{#if a}}"}, {}, Choice.RAW, ["SendEmail"]),
    ({"merge_global_data": {"a": 1}, **REFERS}, {}, Choice.TEMPLATE, ["SendEmail"]),
    (
        {"merge_global_data": {"a": {"b": 1}}, "html": "{{{a.b}}}"},
        {},
        Choice.TEMPLATE,
        ["SendEmail"],
    ),
    (
        {"merge_global_data": {"a": 1}, **REFERS, "text": "{{amazonSESUnsubscribeUrl}}"},
        {"contact_list_name": "news"},
        Choice.TEMPLATE,
        ["SendEmail"],
    ),
    ({"merge_data": {ADA: {"a": 1}}, **REFERS}, {}, Choice.BULK, ["SendBulkEmail"]),
    (
        {"merge_metadata": {}, "merge_global_data": {"a": 1}, **REFERS},
        {},
        Choice.BULK,
        ["SendBulkEmail"],
    ),
]
TEMPLATES = [
    ({}, {}, Choice.TEMPLATE, ["SendEmail"]),
    ({"merge_global_data": {}}, {}, Choice.TEMPLATE, ["SendEmail"]),
    ({}, {"content": "simple"}, Choice.TEMPLATE, ["SendEmail"]),
    ({"merge_data": {}}, {}, Choice.BULK, ["SendBulkEmail"]),
    ({"merge_metadata": {}}, {}, Choice.BULK, ["SendBulkEmail"]),
    ({"merge_headers": {}}, {}, Choice.BULK, ["SendBulkEmail"]),
]


@pytest.mark.parametrize(
    ("fields", "options", "choice", "operations"),
    [({**WHOLE, **fields}, *rest) for fields, *rest in CHOICES]
    + [({**BASE, "template_id": "t", **fields}, *rest) for fields, *rest in TEMPLATES],
)
def test_choice(fields, options, choice, operations, valid):
    """34, 57, 63, 110: the fields decide which call it is, and build() shows it."""
    calls = build(fields, **options)

    assert choice is plan_of(Message(**fields), SesOptions(**options)).choice
    assert operations == [valid(call).operation for call in calls]
    assert [ADA, BOB] == [address for call in calls for address in call.recipients]


@pytest.mark.parametrize(
    ("template_id", "expected"),
    [("welcome", {"TemplateName": "welcome"}), (ARN, {"TemplateArn": ARN})],
)
def test_template_by_name_or_arn(template_id, expected, valid):
    """A template_id that is an ARN goes where SES wants ARNs."""
    (call,) = build({**BASE, "template_id": template_id})

    assert {**expected, "TemplateData": "{}"} == valid(call).params["Content"]["Template"]


def test_template_message(valid):
    """58: SES writes the header, so addresses have names, encoded; data are the global ones."""
    (call,) = build(
        {
            "from_email": "Büro <shop@example.com>",
            "to": ["宮沢賢治 <kenji@example.jp>", "Ada <ada@faß.example>"],
            "cc": ["c@example.net"],
            "bcc": ["D <d@example.net>"],
            "reply_to": [("Hilfe, Büro", "help@example.com")],
            "envelope_sender": "bounce@příklad.example",
            "template_id": "welcome",
            "merge_global_data": {"shop": "Bücher", "n": 1},
            "tags": ["a", "b"],
            "metadata": {"order": 7},
            "headers": {"X-Num": 5, "X-Note": "Grüße"},
            "unsubscribe": "https://example.com/leave",
            "attachments": [
                Attachment("a.pdf", b"%PDF", "application/pdf"),
                Attachment("i.png", b"\x89PNG", "image/png", content_id="logo"),
            ],
        },
        configuration_set_name="tracking",
    )

    params = valid(call).params
    assert {
        "ToAddresses": [
            "=?utf-8?b?5a6u5rKi6LOi5rK7?= <kenji@example.jp>",
            "Ada <ada@xn--fa-hia.example>",
        ],
        "CcAddresses": ["c@example.net"],
        "BccAddresses": ["d@example.net"],
    } == params["Destination"]
    assert "=?utf-8?b?QsO8cm8=?= <shop@example.com>" == params["FromEmailAddress"]
    assert ["=?utf-8?b?SGlsZmUsIELDvHJv?= <help@example.com>"] == params["ReplyToAddresses"]
    assert "bounce@xn--pklad-zsa96e.example" == params["FeedbackForwardingEmailAddress"]
    assert "tracking" == params["ConfigurationSetName"]
    template = params["Content"]["Template"]
    assert {"shop": "Bücher", "n": 1} == json.loads(template["TemplateData"])
    assert [
        ("X-Num", "5"),
        ("X-Note", "=?utf-8?b?R3LDvMOfZQ==?="),
        ("List-Unsubscribe", "<https://example.com/leave>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Metadata", '{"order": 7}'),
        ("X-Tag", "a"),
        ("X-Tag", "b"),
    ] == [(header["Name"], header["Value"]) for header in template["Headers"]]
    assert [
        (b"%PDF", "ATTACHMENT", "a.pdf", None, "application/pdf"),
        (b"\x89PNG", "INLINE", "i.png", "logo", "image/png"),
    ] == [
        tuple(
            part.get(key)
            for key in ("RawContent", "ContentDisposition", "FileName", "ContentId", "ContentType")
        )
        for part in template["Attachments"]
    ]


def test_own_bodies_as_template(valid):
    """Subject and bodies with values for all are a template that comes along."""
    (call,) = build({**WHOLE, "html": "<p>{{a}}</p>", "merge_global_data": {"a": 1}})

    assert {
        "TemplateContent": {"Subject": "Hi", "Text": "Hello", "Html": "<p>{{a}}</p>"},
        "TemplateData": '{"a": 1}',
    } == valid(call).params["Content"]["Template"]


def test_only_cc_beside_a_template(valid):
    """114: without a batch, a template may go to cc alone."""
    (call,) = build({"from_email": "a@example.com", "cc": [ADA], "template_id": "t"})

    assert {"CcAddresses": [ADA]} == valid(call).params["Destination"]


def test_forwarded_message_is_not_base64(valid):
    """44: a message as an attachment keeps the encoding that RFC 2046 allows, or becomes a file."""
    parts = [
        Attachment.from_message(b"Subject: x\r\n\r\nHello\r\n", "clean.eml"),
        Attachment.from_message(b"Subject: x\r\n\r\n\xc3\xbc\r\n", "eight.eml"),
    ]
    (call,) = build({**BASE, "template_id": "t", "attachments": parts})

    found = valid(call).params["Content"]["Template"]["Attachments"]
    assert [("message/rfc822", "SEVEN_BIT"), ("application/octet-stream", "BASE64")] == [
        (part["ContentType"], part["ContentTransferEncoding"]) for part in found
    ]


@pytest.mark.parametrize("nothing", [None, ""])
def test_empty_bodies_beside_a_template(nothing):
    """61: a body that is empty is none."""
    (call,) = build(
        {**BASE, "template_id": "t", "subject": nothing, "text": nothing, "html": nothing}
    )

    assert {"TemplateName", "TemplateData"} == set(call.params["Content"]["Template"])


PDF = ("a.pdf", b"%PDF", "application/pdf")
REFUSED = [
    # case, what the message has beside its template, options, field, feature
    ("61 subject", {"subject": "Hi"}, {}, "subject", "templates"),
    ("61 text", {"text": "Hello"}, {}, "text", "templates"),
    ("61 html", {"html": "<p>"}, {}, "html", "templates"),
    ("alternatives", {"alternatives": [("x", "text/x")]}, {}, "alternatives", "alternatives"),
    ("amp", {"alternatives": [("x", "text/x-amp-html")]}, {}, "alternatives", "amp_html"),
    ("25 To", {"headers": {"To": "x@example.com"}}, {}, "headers['To']", "spoofed_to"),
    ("From", {"other_authors": ["x@y.zz"]}, {}, "other_authors", "multiple_from"),
    ("103", {"headers": {"X-Metadata": "1"}, "merge_metadata": {ADA: {"a": 1}}}, {}, 0, "headers"),
    ("105", {"headers": {"X-SES-X": "1"}}, {}, "headers['X-SES-X']", "headers"),
    (
        "105 own",
        {"merge_headers": {ADA: {"x-ses-X": "1"}}},
        {},
        "merge_headers['x-ses-X']",
        "merge_headers",
    ),
    ("own From", {"merge_headers": {ADA: {"From": "x@y.zz"}}}, {}, 0, "merge_headers"),
    ("own Reply-To", {"merge_headers": {ADA: {"reply-to": "x@y.zz"}}}, {}, 0, "merge_headers"),
    (
        "own Date",
        {"merge_headers": {ADA: {"Date": "x"}}},
        {},
        "merge_headers['Date']",
        "merge_headers",
    ),
    ("98 header", {"headers": {"X-A": "a " * 600}}, {}, "headers['X-A']", "headers"),
    ("empty", {"headers": {"X-A": " "}}, {}, "headers['X-A']", "headers"),
    (
        "98 own",
        {"merge_headers": {ADA: {"X-A": "a " * 600}}},
        {},
        "merge_headers['X-A']",
        "merge_headers",
    ),
    ("98 metadata", {"metadata": {"a": "b " * 600}}, {}, "metadata", "metadata"),
    ("98 tags", {"tags": ["a " * 600]}, {}, "tags", "tags"),
    (
        "98 both",
        {"metadata": {"a": "b" * 600}, "merge_metadata": {ADA: {"c": "d" * 600}}},
        {},
        0,
        "merge_metadata",
    ),
    ("114", {"to": None, "cc": [ADA], "merge_data": {}}, {}, "to", ""),
    ("no name", {"attachments": [(None, b"x", "image/png")]}, {}, "attachments[0]", "attachments"),
    (
        "long type",
        {"attachments": [("a", b"x", f"text/{'x' * 80}")]},
        {},
        "attachments[0]",
        "attachments",
    ),
    ("list", {"merge_data": {}}, {"contact_list_name": "news"}, "contact_list_name", ""),
    ("56", {"tags": ["a", "b"]}, {"message_tag_name": "kind"}, "tags", "tags"),
    ("56 characters", {"tags": ["a b"]}, {"message_tag_name": "kind"}, "tags", "tags"),
    (
        "entries of no batch",
        {"esp_extra": {"ses": {"BulkEmailEntries": {ADA: {}}}}},
        {},
        "esp_extra['ses']['BulkEmailEntries']",
        "",
    ),
]


@pytest.mark.parametrize(
    ("fields", "options", "field", "feature"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_refused_with_a_template(fields, options, field, feature):
    """What a template of SES cannot express is refused by name, before anything is sent."""
    with pytest.raises(UnsupportedFeature) as caught:
        build({**BASE, "template_id": "t", **fields}, **options)

    (problem,) = caught.value.problems
    assert feature == problem.feature
    assert field in (0, problem.field)


@pytest.mark.parametrize("name", ["tags", "metadata", "merge_metadata", "merge_headers", "headers"])
def test_no_line_breaks_in_any_header(name):
    """100: CR and LF are refused wherever they would become a header, with a template as well."""
    evil = "new\r\nline"
    values = {
        "tags": [evil],
        "metadata": {f"k{evil}": "v"},
        "merge_metadata": {ADA: {f"k{evil}": "v"}},
        "merge_headers": {ADA: {"X-A": evil}},
        "headers": {"X-A": evil},
    }
    with pytest.raises(ValueError, match=r"U\+000D|one line"):
        Message(**{**BASE, "template_id": "t", name: values[name]})


def test_values_that_look_like_line_breaks_stay_data():
    """54: a line break within metadata is JSON, also in a header of the API."""
    (call,) = build({**BASE, "template_id": "t", "metadata": {"note": "two\nlines"}})

    (header,) = call.params["Content"]["Template"]["Headers"]
    assert {"Name": "X-Metadata", "Value": '{"note": "two\\nlines"}'} == header


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=80))
@example(" 0 ")
def test_header_values_survive(text):
    """97, 99: the API gets printable ASCII on one line, from which readers get what was meant."""
    value = header_value("X-Note", text)
    header = email.message_from_string(f"X-Note: {value}\n\n", policy=email.policy.default)

    assert re.fullmatch("[ -~]*", value)
    if "=?" not in text:
        assert text.strip(" \t").replace("\t", " ") == str(header["X-Note"])


def test_long_ascii_values_are_not_touched():
    """96: a long URL is neither encoded nor folded in a header of the API."""
    url = f"https://example.com/{'x' * 300}?a=1"

    assert url == header_value("X-Link", url)


@pytest.mark.parametrize("name", ["List-Help", "References"])
def test_values_that_must_be_ascii(name):
    """Headers in which RFC 2047 allows no words are refused with text that is not ASCII."""
    with pytest.raises(InvalidMessage):
        build({**BASE, "template_id": "t", "headers": {name: "Grüße"}})


@pytest.mark.parametrize(
    "fields", [{}, {"merge_headers": {}}, {"text": "{{a}}", "merge_data": {ADA: {"a": 1}}}]
)
def test_what_botocore_checks(fields):
    """Parameters that the message brings itself: botocore would leave out what it does not know."""
    own = {"esp_extra": {"ses": {"ConfigurationSetName": "other"}}}

    assert {True} == {call.is_valid for call in build({**WHOLE, **fields})}
    assert {False} == {call.is_valid for call in build({**WHOLE, **fields, **own})}
