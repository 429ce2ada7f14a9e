"""Objects of the standard library's ``email``, and what Django takes, as attachments."""

from __future__ import annotations

from email import encoders
from email.message import EmailMessage, MIMEPart
from email.message import Message as OldMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import NamedTuple

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, InvalidMessage, InvalidMessageType, Message, write_message
from mailcore.inbound import parse_inbound


PNG = b"\x89PNG\r\n\x1a\n\x00\xff\n"


class EmailAttachment(NamedTuple):
    """What ``django.core.mail`` has by this name since Django 5.2."""

    filename: str | None
    content: object
    mimetype: str | None


def mail():
    """A mail that somebody may forward."""
    made = EmailMessage()
    made["Subject"] = "Grüße"
    made.set_content("Hello")
    return made


def part_of(content, **options):
    """A part as ``EmailMessage.add_attachment`` makes it."""
    part = MIMEPart()
    part.set_content(content, **options)
    return part


def with_fields(part, **fields):
    """A part with further header fields."""
    for name, value in fields.items():
        part[name.replace("_", "-")] = value
    return part


def with_file_name(part, filename, disposition="attachment"):
    """A part with the field that most programs write by hand."""
    part.add_header("Content-Disposition", disposition, filename=filename)
    return part


def unencoded(content):
    """What a program leaves that forgets to encode the payload."""
    part = MIMEBase("application", "x-acme", version="a b")
    part.set_payload(content)
    return part


def encoded(content):
    """The same, not forgotten."""
    part = unencoded(content)
    encoders.encode_base64(part)
    return part


ACME = 'application/x-acme; version="a b"'


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param(
            part_of(PNG, maintype="image", subtype="png", filename="für.png", cid="<a@b>"),
            Attachment("für.png", PNG, "image/png", content_id="a@b"),
            id="MIMEPart",
        ),
        pytest.param(
            part_of("Grüße\n", subtype="csv", filename="a.csv"),
            Attachment("a.csv", "Grüße\n".encode(), 'text/csv; charset="utf-8"'),
            id="MIMEPart of text",
        ),
        pytest.param(
            with_file_name(MIMEImage(PNG), "für.png"),
            Attachment("für.png", PNG, "image/png"),
            id="MIMEImage",
        ),
        pytest.param(
            with_fields(MIMEImage(PNG), Content_ID="<a@b>"),
            Attachment(None, PNG, "image/png", content_id="a@b"),
            id="Content-ID",
        ),
        pytest.param(
            with_fields(with_file_name(MIMEImage(PNG), "a.png"), Content_ID="<a@b>"),
            Attachment("a.png", PNG, "image/png", content_id="a@b"),
            id="Content-ID and attachment",
        ),
        pytest.param(
            with_fields(MIMEImage(PNG), Content_ID="<a@b>", X_Attachment_Id="a@b"),
            Attachment(None, PNG, "image/png", content_id="a@b"),
            id="X-Attachment-Id",
        ),
        pytest.param(
            with_file_name(MIMEImage(PNG), "a.png", "inline"),
            Attachment("a.png", PNG, "image/png", disposition="inline"),
            id="inline",
        ),
        pytest.param(
            MIMEImage(PNG, name="a.png"), Attachment("a.png", PNG, "image/png"), id="name"
        ),
        pytest.param(encoded(PNG), Attachment(None, PNG, ACME), id="MIMEBase"),
        pytest.param(unencoded(PNG), Attachment(None, PNG, ACME), id="MIMEBase, not encoded"),
        pytest.param(unencoded("a\r\nä"), Attachment(None, "a\r\nä".encode(), ACME), id="a str"),
        pytest.param(MIMEApplication(b""), Attachment(None, b""), id="MIMEApplication, empty"),
        pytest.param(
            MIMEText("Grüße", _charset="iso-8859-1"),
            Attachment(None, "Grüße", 'text/plain; charset="iso-8859-1"'),
            id="MIMEText",
        ),
        pytest.param(OldMessage(), Attachment(None, b"", "text/plain"), id="nothing in it"),
        pytest.param(MIMEMessage(mail()), Attachment.from_message(mail()), id="MIMEMessage"),
        pytest.param(part_of(mail()), Attachment.from_message(mail()), id="MIMEPart of a mail"),
    ],
)
def test_parts_of_the_standard_library(part, expected):
    """Name, type with parameters, Content-ID, disposition and content are the same."""
    assert (expected,) == Message(attachments=[part]).attachments
    assert expected == Attachment.from_mime(part)


@pytest.mark.parametrize(
    ("part", "reason", "way_out"),
    [
        (mail(), "header of its own ('Subject'", "Attachment.from_message"),
        (MIMEMultipart(), "the part is a multipart/mixed", "give each of its parts"),
        (MIMEMultipart("signed"), "a multipart/signed", "Attachment.from_message"),
        (
            with_fields(MIMEImage(PNG), Content_Description="A logo"),
            "header 'Content-Description' of the part has no place",
            "del part['Content-Description']",
        ),
        (with_fields(MIMEImage(PNG), X_Attachment_Id="x"), "'X-Attachment-Id' of the part", "del"),
        (
            with_fields(MIMEImage(PNG), Content_Type="a/b"),
            "'Content-Type' of the part is given",
            "",
        ),
        (
            with_fields(MIMEImage(PNG), Content_Disposition="attachment; size=5"),
            "parameter 'size' of Content-Disposition",
            "part.del_param('size'",
        ),
        (
            with_fields(MIMEImage(PNG), Content_Disposition="form-data"),
            "must be 'attachment' or 'inline'",
            "",
        ),
        (with_fields(OldMessage(), Content_Type="nonsense"), "is no type/subtype", ""),
        (
            with_fields(unencoded("é!"), Content_Transfer_Encoding="base64"),
            "content cannot be decoded",
            "encode_base64(part)",
        ),
        (
            with_fields(unencoded(""), Content_Transfer_Encoding="x-own"),
            "its transfer encoding 'x-own' is unknown",
            "encode_base64(part)",
        ),
        (with_fields(MIMEImage(PNG), Content_ID="<a b>"), "content_id", "RFC 2392"),
        (with_file_name(MIMEImage(PNG), "a" * 300), "file name must have 1 to 255", ""),
        (unencoded(5), "cannot be written", "encode_base64(part)"),
    ],
)
def test_what_no_attachment_can_hold(part, reason, way_out):
    """Nothing of a part is dropped silently: the text names it, its place and the way out."""
    with pytest.raises(InvalidMessage) as caught:
        Message(attachments=[("a.txt", b""), part])

    assert reason in str(caught.value)
    assert way_out in str(caught.value)
    assert ["attachments[1]"] == [problem.field for problem in caught.value.problems]


def test_all_problems_of_a_part_at_once():
    """Every field of the part that cannot be carried is told."""
    part = with_fields(MIMEImage(PNG), Content_Description="x", Content_ID="<a b>", X_Own="y")

    with pytest.raises(InvalidMessage) as caught:
        Attachment.from_mime(part)

    assert 3 == len(caught.value.problems)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (EmailAttachment("a.pdf", b"%PDF", None), Attachment("a.pdf", b"%PDF", "application/pdf")),
        (EmailAttachment(None, "x", "text/csv"), Attachment(None, "x", "text/csv")),
        (("m.eml", mail(), "message/rfc822"), Attachment.from_message(mail(), "m.eml")),
        (("m.eml", mail(), None), Attachment.from_message(mail(), "m.eml")),
        ((None, mail()), Attachment.from_message(mail())),
    ],
)
def test_tuples_as_django_has_them(given, expected):
    """(file name, content, type), each but the content perhaps None, the content perhaps a mail."""
    assert (expected,) == Message(attachments=[given]).attachments


class Mail:
    """What has a method ``message()``, as Django's mails do."""

    def message(self):
        """Make the mail."""
        return mail()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("a.png", MIMEImage(PNG), "image/png"), "give the object alone"),
        (("a.eml", mail(), 5), "give the object alone"),
        (("a.eml", Mail(), None), r"Attachment\.from_message\(mail\.message\(\)\)"),
        (Mail(), r"Attachment\.from_message\(mail\.message\(\)\)"),
        (("a.eml", mail(), None, 1), "must be Attachment or a tuple"),
    ],
)
def test_what_is_no_attachment(given, text):
    """The wrong shape is an error of the type, and says what to give."""
    with pytest.raises(InvalidMessageType, match=text):
        Message(attachments=[given])


def test_hints_of_the_constructors():
    """Objects in the wrong place are told where they belong."""
    with pytest.raises(InvalidMessageType, match=r"Attachment\.from_message"):
        Attachment("m.eml", mail())
    with pytest.raises(InvalidMessageType, match=r"a part must be an object of `email\.message`"):
        Attachment.from_mime(b"x")


@given(
    content=st.binary(max_size=200),
    filename=st.none()
    | st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60),
    subtype=st.sampled_from(["pdf", "x-acme", "octet-stream"]),
    disposition=st.sampled_from(["attachment", "inline"]),
    cid=st.none() | st.from_regex(r"[a-z]{1,10}@[a-z]{1,10}", fullmatch=True),
    encode=st.sampled_from([encoders.encode_base64, encoders.encode_quopri, encoders.encode_noop]),
)
def test_any_part_is_the_same_and_is_sent_the_same(
    content, filename, subtype, disposition, cid, encode
):
    """Whatever its bytes, name and encoding: in the attachment, and in the mail that is written."""
    part = MIMEBase("application", subtype)
    part.set_payload(content)
    encode(part)
    if encode is encoders.encode_quopri:
        # It gives all line ends the form of the first one: what it wrote is what there is.
        content = part.get_payload(decode=True)
    part.add_header("Content-Disposition", disposition)
    if filename is not None:
        part.set_param("filename", filename, "Content-Disposition", charset="utf-8")
    if cid is not None:
        part["Content-ID"] = f"<{cid}>"

    message = Message(from_email="a@example.com", html=f'<img src="cid:{cid}">', attachments=[part])

    (attachment,) = message.attachments
    expected = Attachment(
        filename,
        content,
        f"application/{subtype}",
        content_id=cid,
        disposition="inline" if cid else disposition,
    )
    assert expected == attachment
    read = parse_inbound(write_message(message))
    (sent,) = (*read.attachments, *read.inlines)
    assert (filename, content, cid) == (sent.filename, sent.content, sent.content_id)
