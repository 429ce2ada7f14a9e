"""Messages that are forwarded: their octets, whatever object they are in."""

from __future__ import annotations

import email
import email.policy
import mailbox

from email.header import Header
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from mailcore.errors import InvalidMessage
from mailcore.message import Attachment


POLICIES = [
    email.policy.compat32,
    email.policy.default,
    email.policy.SMTP,
    email.policy.SMTPUTF8,
    email.policy.HTTP,
    email.policy.strict,
    email.policy.default.clone(refold_source="all"),
    email.policy.default.clone(cte_type="7bit", max_line_length=20),
]
SIGNED = (
    b"From: a@example.com\r\nDKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=" + b"B" * 90 + b"\r\n"
    b"List-Unsubscribe: <https://example.com/u?" + b"a" * 120 + b">\r\n"
    b"References: <" + b"r" * 80 + b"@x>  <b@x>\r\n"
    b'Content-Type: multipart/signed; micalg=pgp-sha256; boundary="b"\r\n\r\npreamble\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nFrom here: trailing space \r\n\r\n"
    b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nxyz\r\n--b--\r\nepilogue\r\n"
)
RAW = {
    "signed": SIGNED,
    "octets in header and body": b"Subject: Gr\xfc\xdfe \xff\r\nX: \xe4\r\n\r\nGr\xc3\xbc\xdfe\r\n",
    "octets declared": (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"Gr\xc3\xbc\xc3\x9fe\r\n"
    ),
    "encoded words": b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n =?utf-8?b?w6Q=?= =?x\r\n\r\n",
    "tabs and runs of spaces": b"Subject: a   b\r\n\t c\t\r\nX-Y:\r\n\r\n",
    "a name file": (
        b'Content-Disposition: attachment; filename="a\\"b'
        + b"c" * 90
        + b'"\r\nContent-Type: x/y\r\n\r\n'
    ),
    "no line end at the end": b"Subject: x\r\n\r\nbody",
    "message within": (
        b"Content-Type: message/rfc822\r\n\r\nSubject: "
        + b"x" * 100
        + b"\r\n\r\n>From me\r\nFrom you\r\n"
    ),
    "no header": b"\r\nbody\r\n",
    "nothing": b"\r\n",
}
FIXTURES = sorted((Path(__file__).parent / "fixtures" / "mime").glob("*.eml"))


@pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_parsed_messages_keep_their_octets(raw, policy):
    """Nothing is refolded or encoded, whatever the policy of the object says."""
    parsed = email.message_from_bytes(raw, policy=policy.clone(raise_on_defect=False))

    assert raw == Attachment.from_message(parsed).content
    assert parsed.policy.max_line_length == policy.max_line_length


@pytest.mark.parametrize("policy", [email.policy.compat32, email.policy.default])
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_mail_of_ours_keeps_its_octets(path, policy):
    """Whole mails, with files and mails in them."""
    raw = path.read_bytes()

    assert raw == Attachment.from_message(email.message_from_bytes(raw, policy=policy)).content


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("prefix", [b"", b"From ada Sat Jan  3 01:05:34 1998\n", b">From x\r\n"])
def test_line_of_mbox(prefix, kind):
    """RFC 4155: it separates the messages of a file and belongs to none."""
    content = Attachment.from_message(kind(prefix + b"From: a@example.com\n\nFrom me\n")).content

    assert b"From: a@example.com\r\n\r\nFrom me\r\n" == content


def test_message_of_an_mbox(tmp_path):
    """As mailbox reads it."""
    path = tmp_path / "mbox"
    path.write_bytes(b"From ada Sat Jan  3 01:05:34 1998\nSubject: " + b"x" * 99 + b"\n\nbody\n")
    box = mailbox.mbox(path)
    (message,) = box
    box.close()

    expected = b"Subject: " + b"x" * 99 + b"\r\n\r\nbody\r\n"
    assert expected == Attachment.from_message(message).content


URL = "<https://example.com/u?" + "a" * 120 + ">"


def built_new() -> EmailMessage:
    """An object of the new API."""
    message = EmailMessage()
    message["Subject"] = "Grüße " * 20
    message["To"] = "Jörg Müller <j@example.com>"
    message["List-Unsubscribe"] = URL
    message.set_content("x")
    message.add_attachment(b"1", maintype="a", subtype="b", filename="Grüße.pdf")
    return message


def built_old() -> Message:
    """An object of the old API."""
    message = MIMEMultipart()
    message["Subject"] = Header("Grüße " * 20, "utf-8")
    message["To"] = "j@example.com,\n\tk@example.com"
    message["List-Unsubscribe"] = URL
    message.attach(MIMEText("Grüße", "plain", "iso-8859-1"))
    return message


@pytest.mark.parametrize("build", [built_new, built_old])
def test_messages_built_in_code(build):
    """What has no octets yet is written, long ASCII in one piece, and reads as it was meant."""
    content = Attachment.from_message(build()).content

    assert f"\r\nList-Unsubscribe: {URL}\r\n".encode() in content
    assert content.isascii()
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert ("Grüße " * 20).strip() == str(read["Subject"]).strip()
    assert not [part.defects for part in read.walk() if part.defects]
    assert str(build()["To"]).replace("\n\t", " ") == str(read["To"]).replace(",  ", ", ")


def test_message_parsed_from_text():
    """Its octets were never known: they are UTF-8."""
    parsed = email.message_from_string("X: y\n\nGrüße\n", policy=email.policy.default)

    assert "X: y\r\n\r\nGrüße\r\n".encode() == Attachment.from_message(parsed).content


def test_object_that_cannot_be_written():
    """One error of the message, with what to do."""
    message = EmailMessage()
    message["Content-Type"] = "text/plain"
    message.set_payload(object())

    with pytest.raises(InvalidMessage, match="give the bytes that it was read from"):
        Attachment.from_message(message)
