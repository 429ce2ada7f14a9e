"""Complete messages with simple content, which SES writes."""

from __future__ import annotations

import pytest

from mailcore import Attachment, Message, UnsupportedFeature
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_ses import SesProvider, ses_options


BASE = {"from_email": "Shop <shop@example.com>", "to": ["Ädä <ada@example.net>"], "subject": "Hi ü"}


def build(fields: dict, **options: object):
    """The one call of a message that passed the checks."""
    provider = SesProvider(**{"content": "simple", **options})
    (call,) = provider.build(checked(provider, Message(**{**BASE, **fields}), Hooks(), {}))
    return call


def test_simple_message(valid):
    """Everything that simple content can express is in it, in SES's terms."""
    fields = {
        "text": "Grüße",
        "html": "<p>",
        "bcc": ["D <d@example.net>"],
        "reply_to": ["r@example.com"],
        "headers": {"Sender": "x@bücher.example"},
        "metadata": {"a": 1},
        "tags": ["t"],
        "attachments": [Attachment("a.txt", "x")],
    }
    params = valid(build(fields)).params

    content = params["Content"]["Simple"]
    assert {"Data": "Hi ü", "Charset": "UTF-8"} == content["Subject"]
    assert {
        "Text": {"Data": "Grüße", "Charset": "UTF-8"},
        "Html": {"Data": "<p>", "Charset": "UTF-8"},
    } == content["Body"]
    assert {
        "Sender": "x@xn--bcher-kva.example",
        "X-Metadata": '{"a": 1}',
        "X-Tag": "t",
    } == {header["Name"]: header["Value"] for header in content["Headers"]}
    assert ["a.txt"] == [part["FileName"] for part in content["Attachments"]]
    assert {
        "ToAddresses": ["=?utf-8?b?w4Rkw6Q=?= <ada@example.net>"],
        "BccAddresses": ["d@example.net"],
    } == params["Destination"]
    assert ("Shop <shop@example.com>", ["r@example.com"]) == (
        params["FromEmailAddress"],
        params["ReplyToAddresses"],
    )


def test_one_click_that_is_given_as_a_header_too():
    """It is not repeated, in whatever case its name is written."""
    one_click = {"list-unsubscribe-post": "List-Unsubscribe=One-Click"}
    call = build({"unsubscribe": "https://example.com/leave", "headers": one_click})

    assert [
        ("list-unsubscribe-post", "List-Unsubscribe=One-Click"),
        ("List-Unsubscribe", "<https://example.com/leave>"),
    ] == [(each["Name"], each["Value"]) for each in call.params["Content"]["Simple"]["Headers"]]


@pytest.mark.parametrize(
    ("fields", "parts"),
    [({}, {"Text"}), ({"html": "<p>"}, {"Html"}), ({"text": "x"}, {"Text"})],
)
def test_bodies(fields, parts, valid):
    """SES wants a body: a message without one has an empty text."""
    call = valid(build({"subject": None, **fields}))

    assert parts == set(call.params["Content"]["Simple"]["Body"])
    assert "" == call.params["Content"]["Simple"]["Subject"]["Data"]


def test_a_message_chooses():
    """62, 120: a message asks for the other kind, and wins over the provider's option."""
    asked = {
        kind: {"text": "x", "esp_extra": ses_options(content=kind)} for kind in ("raw", "simple")
    }

    assert {"Raw"} == set(build(asked["raw"]).params["Content"])
    assert {"Simple"} == set(build(asked["simple"], content="raw").params["Content"])


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ({"alternatives": [("x", "text/calendar")]}, "alternatives"),
        ({"alternatives": [("x", "text/x-amp-html")]}, "amp_html"),
        ({"headers": {"To": "x@example.com"}}, "spoofed_to"),
        ({"other_authors": ["x@example.com"]}, "multiple_from"),
        ({"attachments": [Attachment(None, b"x", "image/png", content_id="i")]}, "inline_images"),
    ],
)
def test_what_raw_content_only_can_express(fields, feature):
    """What SES cannot write is refused with its name, not sent in another form than asked for."""
    with pytest.raises(UnsupportedFeature) as caught:
        build(fields)

    assert [feature] == [problem.feature for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "bodies"),
    [
        ({"text": "", "html": "<p>"}, {"Html": "<p>"}),
        ({"text": "t", "html": ""}, {"Text": "t"}),
        ({"text": "", "html": ""}, {"Text": ""}),
        ({}, {"Text": ""}),
    ],
)
def test_empty_body_beside_another_is_none(fields, bodies):
    """Readers would show the empty form."""
    body = build(fields).params["Content"]["Simple"]["Body"]

    assert bodies == {name: each["Data"] for name, each in body.items()}


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({"text": "", "html": "<p>{{a}}"}, {"Subject": "Hi ü", "Html": "<p>{{a}}"}),
        ({"subject": "{{a}}", "text": "", "html": ""}, {"Subject": "{{a}}", "Text": ""}),
        ({"subject": "{{a}}"}, {"Subject": "{{a}}", "Text": ""}),
    ],
)
def test_empty_body_of_an_own_template(fields, content):
    """The same where SES fills in the message's own bodies."""
    call = build({**fields, "merge_data": {"ada@example.net": {"a": "1"}}})

    assert content == call.params["DefaultContent"]["Template"]["TemplateContent"]


@pytest.mark.parametrize(
    ("html", "disposition"), [("<img src=cid:logo>", "INLINE"), ("<p>", "ATTACHMENT")]
)
def test_picture_that_the_html_does_not_name(html, disposition):
    """Clients would hide it."""
    image = Attachment("a.png", b"1", content_id="logo")
    (part,) = build({"html": html, "attachments": [image]}).params["Content"]["Simple"][
        "Attachments"
    ]

    assert disposition == part["ContentDisposition"]
    assert (disposition == "INLINE") == ("ContentId" in part)
