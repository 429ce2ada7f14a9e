"""Every kind of message that Django has, as mailcore's."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import io
import re
import uuid
import warnings

from email.charset import Charset
from email.message import EmailMessage as StdlibEmailMessage
from email.message import MIMEPart
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage

import django
import pytest

from django.core.files.base import ContentFile
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.functional import lazystr
from django.utils.timezone import override as in_zone
from django.utils.translation import gettext_lazy

from mailcore import (
    Alternative,
    Attachment,
    InvalidAddress,
    InvalidMessage,
    InvalidMessageType,
    Message,
    MessageError,
    get_provider,
)
from mailcore_django import MailcoreMessage
from mailcore_django.conversion import to_mailcore
from mailcore_django.message import attach_inline_image, attach_inline_image_file, inline_part
from mailcore_django.rebuilding import to_django


MEMORY = get_provider("memory")
SES = get_provider("ses", region_name="eu-west-1")
POSTMARK = get_provider("postmark", server_token="x")
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04;"


def convert(message, provider=MEMORY):
    """What a provider is given."""
    return to_mailcore(message, provider)


def message(subject="Hi", body="Text", **arguments):
    """A message with what it needs."""
    arguments = {"from_email": "shop@example.com", "to": ["ada@example.net"], **arguments}
    return EmailMultiAlternatives(subject, body, **arguments)


def test_the_fields_of_a_message():
    """Each where it belongs."""
    made = convert(
        message(
            from_email="Shop <shop@example.com>",
            to=["Ada <ada@example.net>", "b@example.net"],
            cc=["c@example.net"],
            bcc=["d@example.net"],
            reply_to=["help@example.com"],
            headers={"X-Shop": "1", "List-Id": "<shop.example.com>"},
        )
    )

    assert ("Shop <shop@example.com>", "Hi", "Text", None) == (
        str(made.from_email),
        made.subject,
        made.text,
        made.html,
    )
    assert ("ada@example.net", "b@example.net", "c@example.net", "d@example.net") == made.recipients
    assert [1, 1, 1] == [len(made.cc), len(made.bcc), len(made.reply_to)]
    assert {"X-Shop": "1", "List-Id": "<shop.example.com>"} == dict(made.headers)


def test_lazy_texts():
    """Translations in every place become text."""
    made = convert(
        message(
            lazystr("Hi"),
            lazystr("Text"),
            from_email=lazystr("shop@example.com"),
            to=[lazystr("ada@example.net")],
            headers={"X-Lazy": lazystr("value")},
            attachments=[(lazystr("a.txt"), lazystr("content"), "text/plain")],
        )
    )

    assert ("Hi", "Text", "value") == (made.subject, made.text, made.headers["X-Lazy"])
    assert {str} == {type(each) for each in (made.subject, made.text, made.headers["X-Lazy"])}
    assert [("a.txt", b"content")] == [(part.filename, part.content) for part in made.attachments]


def test_lazy_texts_in_attributes():
    """And whatever Django's JSON encoder writes as text."""
    given = message()
    given.metadata = {"a": gettext_lazy("Yes"), "price": decimal.Decimal("1.50")}
    given.merge_global_data = {
        "day": dt.date(2026, 11, 30),
        "id": uuid.UUID(int=1),
        "list": [lazystr("x")],
    }
    given.merge_headers = {"ada@example.net": {"X-A": lazystr("1")}}
    given.tags = [lazystr("tag")]
    given.template_id = lazystr("welcome")

    made = convert(given)

    assert {"a": "Yes", "price": "1.50"} == dict(made.metadata)
    assert {"day": "2026-11-30", "id": str(uuid.UUID(int=1)), "list": ("x",)} == dict(
        made.merge_global_data
    )
    assert (("tag",), "welcome") == (made.tags, made.template_id)
    assert {str} == {type(each) for each in (*made.tags, made.template_id)}
    assert {"X-A": "1"} == dict(made.merge_headers["ada@example.net"])


def test_keys_of_attributes():
    """A lazy one becomes text; a number stays one, and is refused."""
    given = message()
    given.metadata = {lazystr("order"): 17}
    assert [("order", str)] == [(key, type(key)) for key in convert(given).metadata]

    given.metadata = {17: "order"}
    with pytest.raises(InvalidMessageType, match="metadata"):
        convert(given)


def test_a_tag_that_is_no_text():
    """It is refused, not written as one."""
    given = message()
    given.tags = [17]

    with pytest.raises(InvalidMessageType, match="tags"):
        convert(given)


@pytest.mark.parametrize(
    ("subtype", "alternatives", "expected"),
    [
        ("plain", [], ("Text", None, [])),
        ("html", [], (None, "Text", [])),
        ("x-amp-html", [], (None, None, ["text/x-amp-html"])),
        ("plain", [("<p>", "text/html")], ("Text", "<p>", [])),
        ("plain", [(b"<p>\xc3\xa4", "text/html")], ("Text", "<p>ä", [])),
        ("html", [("plain", "text/plain")], ("plain", "Text", [])),
        (
            "plain",
            [("<p>", "text/html"), ("<b>", "text/html"), ("BEGIN:VCALENDAR", "text/calendar")],
            ("Text", "<p>", ["text/html", "text/calendar"]),
        ),
    ],
)
def test_bodies(subtype, alternatives, expected):
    """The body by its subtype, then the first alternative of each type."""
    given = message(alternatives=alternatives)
    given.content_subtype = subtype

    made = convert(given)

    assert expected == (
        made.text,
        made.html,
        [each.content_type.partition(";")[0] for each in made.alternatives],
    )


def test_a_body_of_octets():
    """It is read in the charset of the message."""
    given = message(body="x")
    given.body, given.encoding = b"\xe4", "iso-8859-1"
    assert "ä" == convert(given).text

    given.encoding = None
    with pytest.raises(InvalidMessage, match="`body` is bytes that are not utf-8") as caught:
        convert(given)
    assert [("body", "give text")] == [(each.field, each.hint) for each in caught.value.problems]


@pytest.mark.parametrize("body", [None, "", b"", lazystr("")])
def test_a_body_that_is_empty(body):
    """It is left out."""
    given = message(alternatives=[("<p>", "text/html")])
    given.body = body

    assert (None, "<p>") == (convert(given).text, convert(given).html)


def test_alternatives_of_octets():
    """They too are read in the charset of the message."""
    kinds = ("text/plain", "text/html", "text/calendar")
    given = message(body="", alternatives=[(b"\xe4", kind) for kind in kinds])
    given.encoding = Charset("iso-8859-1")
    made = convert(given)
    assert ["ä"] * 3 == [made.text, made.html, made.alternatives[0].content]

    given.encoding = "nonsense"
    with pytest.raises(InvalidMessage, match="is bytes that are not nonsense") as caught:
        convert(given)
    assert ["alternatives"] == [each.field for each in caught.value.problems]


def test_an_alternative_of_none():
    """It is no text, and not sent as the word."""
    with pytest.raises(InvalidMessageType, match="must have text, not NoneType") as caught:
        convert(message(alternatives=[(None, "text/html")]))
    (problem,) = caught.value.problems
    assert ("alternatives", "type") == (problem.field, problem.kind)


def legacy_part():
    """A part as older programs make them."""
    part = MIMEBase("application", "pdf")
    part.set_payload(b"%PDF".decode())
    part.add_header("Content-Disposition", "attachment", filename="a.pdf")
    return part


def modern_part():
    """A part by the newer API of the standard library."""
    part = MIMEPart()
    part.set_content(GIF, maintype="image", subtype="gif", disposition="inline", cid="<dot@shop>")
    return part


def inner():
    """A mail to be attached."""
    mail = StdlibEmailMessage()
    mail["Subject"] = "Inner"
    mail.set_content("inner text")
    return mail


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (("a.txt", "grüße", "text/plain"), ("a.txt", "grüße".encode(), "text/plain")),
        (("a.txt", b"gr\xfc", "text/plain"), ("a.txt", b"gr\xfc", "application/octet-stream")),
        (("a.txt", b"plain", "text/plain"), ("a.txt", b"plain", "text/plain")),
        (("a.bin", b"\x00\xff", "application/zip"), ("a.bin", b"\x00\xff", "application/zip")),
        (("a.pdf", b"%PDF", None), ("a.pdf", b"%PDF", "application/pdf")),
        ((None, GIF, "image/gif"), (None, GIF, "image/gif")),
        (("a.json", "{}", "application/json"), ("a.json", b"{}", "application/json")),
        (("a.bin", bytearray(b"x"), "application/zip"), ("a.bin", b"x", "application/zip")),
        (legacy_part(), ("a.pdf", b"%PDF", "application/pdf")),
        (modern_part(), (None, GIF, "image/gif")),
        (("m.eml", inner(), "message/rfc822"), ("m.eml", None, "message/rfc822")),
        (("m.eml", message("Inner"), "message/rfc822"), ("m.eml", None, "message/rfc822")),
        (("m.eml", b"Subject: Inner\n\nx", "message/rfc822"), ("m.eml", None, "message/rfc822")),
        (("m.eml", "Subject: Inner\n\nx", "message/rfc822"), ("m.eml", None, "message/rfc822")),
        (
            ("m.eml", "From a@example.net Mon\nSubject: ä\n\nx", "message/rfc822"),
            ("m.eml", "Subject: ä\r\n\r\nx".encode(), "message/rfc822"),
        ),
        (
            ("m.eml", bytearray(b"Subject: x\n\nx"), "Message/RFC822; name=m.eml"),
            ("m.eml", b"Subject: x\r\n\r\nx", "message/rfc822"),
        ),
        (("a.pdf", b"%PDF"), ("a.pdf", b"%PDF", "application/pdf")),
        (["a.pdf", memoryview(b"%PDF")], ("a.pdf", b"%PDF", "application/pdf")),
        (("a.json", lazystr("{}"), "application/json"), ("a.json", b"{}", "application/json")),
        (Attachment("own.txt", b"x", "text/plain"), ("own.txt", b"x", "text/plain")),
    ],
)
def test_attachments(item, expected):
    """Tuples that a program appended, parts of the standard library, mails, and our own."""
    given = message()
    given.attachments.append(item)

    (made,) = convert(given).attachments

    content = None if expected[1] is None else made.content
    assert expected == (made.filename, content, made.mime_type)
    assert expected[1] is not None or b"Subject: Inner" in made.content


def test_attach_of_django(tmp_path):
    """What `attach` and `attach_file` make of their arguments."""
    file = tmp_path / "a.csv"
    file.write_text("a;ü", encoding="utf-8")
    given = message()
    given.attach("b.png", b"\x89PNG\r\n\x1a\n")
    given.attach_file(file)
    given.attach(MIMEImage(GIF, "gif")) if django.VERSION < (6, 0) else given.attach(modern_part())

    png, csv, gif = convert(given).attachments

    assert ["image/png", "text/csv", "image/gif"] == [png.mime_type, csv.mime_type, gif.mime_type]
    assert ("a;ü".encode(), "utf-8") == (csv.content, csv.content_type.split('"')[1])


def test_the_charset_of_attached_texts():
    """`encoding`, as with Django; a body is UTF-8 always."""
    given = message(body="ä", attachments=[("a.txt", "ä", "text/plain")])
    given.encoding = "iso-8859-1"

    given.attach("b.txt", "ä", "text/plain; Charset=utf-8")

    first, second = convert(given).attachments

    assert (b"\xe4", "ä") == (first.content, convert(given).text)
    assert "ä".encode() == second.content

    # What is read as this one is written as another.
    given.encoding = Charset("shift_jis")
    given.attachments = [("a.txt", "日本", "text/plain")]
    (made,) = convert(given).attachments
    assert ("日本".encode("iso-2022-jp"), "iso-2022-jp") == (
        made.content,
        made.content_type.partition("charset=")[2].strip('"'),
    )


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("a.txt", "attachments[0]"),
        (("a.txt",), "must be (filename, content, mimetype)"),
        (("a.txt", None, "application/zip"), "must be bytes or text, not NoneType"),
        (("a.txt", None, "text/plain"), "must be bytes or text, not NoneType"),
        (("m.eml", None, "message/rfc822"), "must be bytes or text, not NoneType"),
        (("a.txt", {}, "text/plain"), "must be bytes or text, not dict"),
        (("a.pdf", io.BytesIO(b"%PDF"), "application/pdf"), "not BytesIO (read it first)"),
        (("a.pdf", ContentFile(b"%PDF", "a.pdf"), None), "not ContentFile (read it first)"),
        (("m.eml", "\ud800", "message/rfc822"), "lone surrogate"),
        (("a.pdf", b"x", "application/pdf", "x"), "must be (filename, content, mimetype)"),
        (("a.txt", b"x", "nonsense"), "attachments[0]"),
    ],
)
def test_attachments_that_are_none(item, told):
    """With their place."""
    given = message()
    given.attachments.append(item)

    with pytest.raises(InvalidMessage) as caught:
        convert(given)

    assert told in str(caught.value)


def test_all_attachments_that_are_none():
    """Each by its place, with what to do; whether it is a type or a value."""
    given = message(attachments=[("ok.txt", "ok", "text/plain")])
    given.attachments += [("a.txt", b"x", "nonsense"), ("b.pdf", io.BytesIO(b"%PDF"))]

    with pytest.raises(InvalidMessageType) as caught:
        convert(given)

    value, kind = caught.value.problems
    assert ("attachments[1]", "value") == (value.field, value.kind)
    assert value.reason.startswith("`attachments[1]`: ")
    assert ("attachments[2]", "type", "read it first") == (kind.field, kind.kind, kind.hint)

    del given.attachments[2]
    with pytest.raises(InvalidMessage) as caught:
        convert(given)
    assert not isinstance(caught.value, TypeError)

    given.attachments[1] = "a.txt"
    with pytest.raises(InvalidMessageType):
        convert(given)

    given.attachments[1] = ("a.txt", 5)
    with pytest.raises(InvalidMessageType) as caught:
        convert(given)
    assert [""] == [each.hint for each in caught.value.problems]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"From": "List <list@example.com>"}, ("list@example.com", "shop@example.com", (), {})),
        ({"from": "list@example.com"}, ("list@example.com", "shop@example.com", (), {})),
        ({"Reply-To": "help@example.com"}, ("shop@example.com", None, ("help@example.com",), {})),
        ({"Reply-To": "", "X-A": 1}, ("shop@example.com", None, (), {"X-A": "1"})),
        ({"To": "ada@example.net"}, ("shop@example.com", None, (), {})),
        (
            {"To": "list@example.com"},
            ("shop@example.com", None, (), {"To": "list@example.com"}),
        ),
        ({"Return-Path": "bounce@example.com"}, ("shop@example.com", "bounce@example.com", (), {})),
    ],
)
def test_headers_that_stand_for_fields(headers, expected):
    """In any case of their letters."""
    made = convert(message(headers=headers))

    assert expected == (
        made.from_email.addr_spec,
        made.envelope_sender and made.envelope_sender.addr_spec,
        tuple(each.addr_spec for each in made.reply_to),
        dict(made.headers),
    )


@pytest.mark.parametrize(
    ("name", "subtype", "expected"),
    [
        ("dot.gif", None, ("dot.gif", "image/gif")),
        ("dot.gif", "png", ("dot.gif", "image/png")),
        ("dot", None, ("dot", "image/gif")),
        ("dot.webp", None, ("dot.webp", "image/webp")),
        (None, None, (None, "image/gif")),
    ],
)
def test_an_image_within_the_html(name, subtype, expected):
    """By the subtype, or what its name says, or its octets; its id stands in angle brackets."""
    given = message()
    content_id = attach_inline_image(given, GIF, name, subtype, "logo", "example.com")

    (made,) = convert(given).attachments

    assert expected == (made.filename, made.mime_type)
    assert (True, GIF, content_id) == (made.inline, made.content, made.content_id)
    assert re.fullmatch(r"[^<>]+\.logo@example\.com", content_id)
    (part,) = given.attachments
    assert f"<{content_id}>" == part["Content-ID"]


def test_an_image_within_the_html_by_its_path(tmp_path):
    """As function and as method; the domain of the id is a constant one if none is given."""
    file = tmp_path / "dot.gif"
    file.write_bytes(GIF)
    given = MailcoreMessage("Hi", "Text", "shop@example.com", ["ada@example.net"])
    ids = [
        attach_inline_image_file(given, file, "png", "logo", "example.com"),
        given.attach_inline_image_file(str(file), "png", "logo", "example.com"),
        given.attach_inline_image(GIF, "dot.gif", "png", "logo", "example.com"),
        given.attach_inline_image_file(file),
        given.attach_inline_image(GIF, "dot.gif"),
        attach_inline_image_file(given, file),
        attach_inline_image(given, GIF, "dot.gif"),
    ]

    made = convert(given).attachments

    assert ids == [each.content_id for each in made]
    assert [("dot.gif", GIF)] * 7 == [(each.filename, each.content) for each in made]
    assert ["image/png"] * 3 + ["image/gif"] * 4 == [each.mime_type for each in made]
    endings = [re.sub(r"^.*\.(\w+@.*)$", r"\1", each) for each in ids]
    assert ["logo@example.com"] * 3 + ["img@inline"] * 4 == endings


@pytest.mark.parametrize(
    ("content_type", "filename", "content_id", "expected"),
    [
        ("image/gif; x=y", None, "XshopX", ("image/gif", None, "<XshopX>")),
        (
            "image/svg+xml; charset=utf-8",
            "logo.svg",
            "logo@shop",
            ("image/svg+xml", "logo.svg", "<logo@shop>"),
        ),
        ("image/gif", None, "<logo@shop>", ("image/gif", None, "<logo@shop>")),
        ("image/gif", "", None, ("image/gif", None, None)),
    ],
)
def test_a_part_within_the_message(content_type, filename, content_id, expected):
    """As the standard library has it, whichever of its classes this version of Django takes."""
    part = inline_part(GIF, content_type, filename=filename, content_id=content_id)

    assert expected == (part["Content-Type"], part.get_filename(), part["Content-ID"])
    assert ("inline", GIF) == (part.get_content_disposition(), part.get_payload(decode=True))


def test_an_image_that_nobody_knows():
    """It needs its kind."""
    with pytest.raises(InvalidMessage, match="image"):
        attach_inline_image(message(), b"nothing", "dot.txt")


def test_a_cc_header_says_who_is_seen():
    """Of the recipients; whoever gets no mail cannot stand there."""
    made = convert(
        message(cc=["x@example.net"], bcc=["c@example.net"], headers={"Cc": "C <c@example.net>"})
    )
    assert (["C <c@example.net>"], ["x@example.net"]) == (
        [str(each) for each in made.cc],
        [str(each) for each in made.bcc],
    )

    seen_in_to = convert(message(cc=["x@example.net"], headers={"Cc": "ADA@example.net"}))
    assert ((), 1, 1) == (seen_in_to.cc, len(seen_in_to.to), len(seen_in_to.bcc))

    with pytest.raises(InvalidMessage, match="no recipient") as caught:
        convert(message(headers={"Cc": "stranger@example.net"}))
    (problem,) = caught.value.problems
    assert ("headers['Cc']", "give it in cc=[...]") == (problem.field, problem.hint)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("headers['To']", {"headers": {"To": "nobody"}}),
        ("to", {"headers": {"To": "list@example.com"}, "to": ["nobody"]}),
        ("headers['Cc']", {"headers": {"Cc": "nobody"}}),
        ("to", {"headers": {"Cc": "c@example.net"}, "cc": ["c@example.net"], "to": ["nobody"]}),
        ("cc", {"headers": {"Cc": "c@example.net"}, "cc": ["nobody"]}),
        ("bcc", {"headers": {"Cc": "c@example.net"}, "bcc": ["nobody"]}),
    ],
)
def test_wrong_addresses_beside_headers(field, arguments):
    """They are told by the field in which they stand."""
    with pytest.raises(InvalidAddress) as caught:
        convert(message(**arguments))

    assert [field] == [each.field for each in caught.value.problems]


def test_headers_that_the_provider_writes_itself():
    """Message-ID and Date are left out where they would be refused, and kept elsewhere."""
    headers = {"Message-ID": "<a@example.com>", "Date": "Mon, 30 Nov 2026 10:00:00 +0000"}

    assert {} == dict(convert(message(headers=headers), SES).headers)
    assert ["Message-ID"] == list(convert(message(headers=headers), POSTMARK).headers)
    assert headers == dict(convert(message(headers=headers)).headers)


def test_headers_of_ses():
    """They become the parameters that they stand for; elsewhere they are headers."""
    headers = {"X-SES-CONFIGURATION-SET": "shop", "X-SES-MESSAGE-TAGS": "a=1, b=2=3"}

    made = convert(message(headers=headers), SES)

    assert {
        "ses": {
            "ConfigurationSetName": "shop",
            "EmailTags": ({"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2=3"}),
        }
    } == dict(made.esp_extra)
    assert {} == dict(made.headers)
    assert headers == dict(convert(message(headers=headers), POSTMARK).headers)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"MessageStream": "news"}, {"postmark": {"MessageStream": "news"}}),
        ({"postmark": {"MessageStream": "news"}}, {"postmark": {"MessageStream": "news"}}),
        ({"ses": {"x": 1}, "postmark": {}}, {"ses": {"x": 1}, "postmark": {}}),
        ({"Metadata": {"order": "17"}}, {"postmark": {"Metadata": {"order": "17"}}}),
        ({"ses": "x"}, {"postmark": {"ses": "x"}}),
        ({}, {}),
    ],
)
def test_esp_extra(extra, expected):
    """Flat ones, as django-anymail has them, are for the provider that is configured."""
    given = message()
    given.esp_extra = extra

    assert expected == dict(convert(given, POSTMARK).esp_extra)


@pytest.mark.parametrize("extra", ["shop", ["shop"]])
def test_esp_extra_that_is_none(extra):
    """It is refused with the reason, headers of the provider beside it or not."""
    given = message(headers={"X-SES-CONFIGURATION-SET": "shop"})
    given.esp_extra = extra

    with pytest.raises(InvalidMessageType, match="`esp_extra` must be a mapping"):
        convert(given, SES)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (dt.datetime(2030, 1, 2, 3, 4), "2030-01-02T03:04:00+01:00"),  # noqa: DTZ001
        (dt.date(2030, 7, 2), "2030-07-02T00:00:00+02:00"),
        (dt.datetime(2030, 1, 2, tzinfo=dt.timezone.utc), "2030-01-02T00:00:00+00:00"),
        (1893456000, "2030-01-01T00:00:00+00:00"),
        (1893456000.5, "2030-01-01T00:00:00.500000+00:00"),
        (None, None),
    ],
)
def test_send_at(given, expected):
    """Naive times and dates are meant in Django's current time zone."""
    made = message()
    made.send_at = given
    with in_zone("Europe/Berlin"):
        found = convert(made).send_at

    assert expected == (found and found.isoformat())


def test_an_attribute_that_was_not_given_is_false():
    """Code may ask for it, of a copy as well."""
    given = MailcoreMessage(tags=["shop"])

    assert [True, False] == [bool(given.tags), bool(given.metadata)]
    assert not copy.deepcopy(given).metadata
    assert (None, None, {}) == (
        given.mailcore_result,
        given.anymail_status.status,
        given.anymail_status.recipients,
    )


def test_what_is_not_given_leaves_the_default():
    """And None refuses it."""
    given = message()
    assert set() == {"tags", "metadata", "track_opens"} & set(convert(given).given())

    given.tags = given.track_opens = None
    assert {"tags", "track_opens"} == convert(given).declined


def test_a_template_has_its_own_subject_and_bodies():
    """Empty ones say nothing; a From of None leaves it to the template."""
    given = message("", "")
    given.template_id, given.from_email = 42, None

    made = convert(given).given()

    assert {"to", "template_id"} == made.keys() - {"from_email"}
    assert "from_email" in convert(given).declined
    given.subject = "Hi"
    assert "Hi" == convert(given).subject


class Shouting(EmailMessage):
    """Makes its own mail."""

    def message(self, *args, **kwargs):
        mail = super().message(*args, **kwargs)
        mail["X-Loud"] = "yes"
        return mail


def test_a_message_that_makes_its_own_mail():
    """What it makes is sent, to the recipients that it has."""
    given = Shouting("Hi", "Grüße", "shop@example.com", ["a@example.net"], bcc=["b@example.net"])
    given.tags = ["own"]

    made = convert(given)

    assert ("yes", "Grüße", ("own",)) == (made.headers["X-Loud"], made.text.strip(), made.tags)
    assert ("a@example.net", "b@example.net") == made.recipients
    assert ["b@example.net"] == [each.addr_spec for each in made.bcc]


@pytest.mark.parametrize(
    ("arguments", "attributes", "expected"),
    [
        ({}, {}, None),
        ({"headers": {"From": "Shop <SHOP@example.com>"}}, {}, None),
        ({"headers": {"From": "list@example.com"}}, {}, "shop@example.com"),
        (
            {"headers": {"From": "list@example.com"}},
            {"envelope_sender": "bounce@example.com"},
            "bounce@example.com",
        ),
        ({}, {"envelope_sender": "bounce@example.com"}, "bounce@example.com"),
    ],
)
def test_the_envelope_of_a_message_that_makes_its_own_mail(arguments, attributes, expected):
    """`from_email` where the mail has another author, as with Django's own backends."""
    given = Shouting("Hi", "Text", "shop@example.com", ["a@example.net"], **arguments)
    vars(given).update(attributes, esp_extra={"MessageStream": "news"})

    made = convert(given, POSTMARK)

    assert expected == (made.envelope_sender and made.envelope_sender.addr_spec)
    assert {"postmark": {"MessageStream": "news"}} == dict(made.esp_extra)


def test_a_mail_of_its_own_without_an_author():
    """The author is the mailer's default then."""
    mail = inner()
    given = message()
    given.message = lambda: mail

    made = convert(given)

    assert ("Inner", "inner text") == (made.subject, made.text.strip())
    assert {"from_email", "envelope_sender"}.isdisjoint(made.given())


def test_the_given_message_stays_as_it_is():
    """It may be sent again."""
    given = message(headers={"From": "x@example.com", "Cc": "c@example.net"}, cc=["c@example.net"])
    given.metadata = {"a": 1}
    before = repr(vars(given))

    convert(given, SES)

    assert before == repr(vars(given))


@pytest.mark.parametrize(
    "arguments",
    [
        {"subject": "a\nb", "headers": {"X-A": "1"}},
        {"subject": "a\rb"},
        {"from_email": "a@example.com\nBcc: x@example.com"},
        {"to": ["a@example.com\r\nBcc: x@example.com"]},
        {"headers": {"X-A": "a\nBcc: x@example.com"}},
    ],
)
def test_a_line_end_in_a_header_is_djangos_bad_header(arguments):
    """Forms catch it; to 5.2 it is a class of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from django.core.mail import BadHeaderError

    with pytest.raises(BadHeaderError) as caught:
        convert(message(**arguments))

    assert isinstance(caught.value, MessageError)
    assert isinstance(caught.value, InvalidAddress) == (
        "from_email" in arguments or "to" in arguments
    )
    assert caught.value.__cause__ is not caught.value


def test_other_mistakes_are_no_bad_headers():
    """They have their own class."""
    given = message(to=["webmaster"])
    given.cc = None
    with pytest.raises(InvalidAddress) as caught:
        convert(given)

    assert type(caught.value) is InvalidAddress


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"to": "ada@example.net"}, "`to` must be a list"),
        ({"to": [5]}, "not int"),
        ({"extra_headers": {"X-A": None}}, "value of header 'X-A' must be str, int or float"),
    ],
)
def test_values_of_a_wrong_type(attributes, told):
    """They are refused, not written as text."""
    given = message()
    vars(given).update(attributes)

    with pytest.raises(InvalidMessageType, match=told):
        convert(given)


def test_a_message_that_was_kept_has_everything():
    """All attributes, an image within the HTML, further forms of the body; no sender by default."""
    mail = Message(
        from_email=None,
        to=["Ada <ada@example.net>"],
        bcc=["ben@example.net"],
        html='<img src="cid:logo@inline">',
        alternatives=[Alternative("BEGIN:VCALENDAR", "text/calendar")],
        attachments=[
            Attachment("a.bin", b"\0\1"),
            Attachment("a.txt", b"PK", "application/zip"),
            Attachment.inline_image("logo.gif", b"GIF89a", content_id="logo@inline"),
        ],
        headers={"X-One": "1"},
        tags=["a", "b"],
        metadata={"order": 17},
        track_opens=False,
        send_at=dt.datetime(2026, 12, 1, tzinfo=dt.timezone.utc),
        template_id="welcome",
        merge_data={"ada@example.net": {"name": "Ada"}},
        merge_global_data={"shop": "Shop"},
        merge_headers={"ada@example.net": {"X-Two": "2"}},
        unsubscribe="https://shop.example/off",
        idempotency_key="order-17",
        esp_extra={"memory": {"a": 1}},
    )

    assert mail == to_mailcore(to_django(mail), MEMORY)


CALENDAR = Alternative("BEGIN:VCALENDAR", "text/calendar")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": "Text"}, ("Text", "plain", [])),
        ({"html": "<p>"}, ("<p>", "html", [])),
        ({"text": "Text", "html": "<p>"}, ("Text", "plain", ["text/html"])),
        (
            {"text": "Text", "html": "<p>", "alternatives": [CALENDAR]},
            ("Text", "plain", ["text/html", "text/calendar"]),
        ),
        ({"alternatives": [CALENDAR]}, ("", "plain", ["text/calendar"])),
        ({"text": "Text", "tags": ["shop"]}, ("Text", "plain", [])),
    ],
)
def test_bodies_of_a_message_that_was_kept(fields, expected):
    """The HTML is the first of the alternatives, or the body if there is no text."""
    mail = Message(
        **{
            "from_email": "Shop <shop@example.com>",
            "to": ["ada@example.net"],
            "cc": ["C <c@example.net>"],
            "reply_to": ["help@example.com"],
            "subject": "Hi",
            **fields,
        }
    )

    made = to_django(mail)

    types = [each.mimetype.partition(";")[0] for each in made.alternatives]
    assert expected == (made.body, made.content_subtype, types)
    assert mail == convert(made)
    assert ("Shop <shop@example.com>", ["C <c@example.net>"], ["help@example.com"]) == (
        made.from_email,
        made.cc,
        made.reply_to,
    )
    assert made.subject == "Hi"
    assert not made.tags or made.tags == ["shop"]


def test_a_template_that_was_kept():
    """It has no subject, no body and no author of its own."""
    made = to_django(Message(to=["ada@example.net"], template_id="welcome"))

    assert ("", "", None) == (made.subject, made.body, made.from_email)
