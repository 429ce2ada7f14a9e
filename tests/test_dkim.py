"""DKIM signatures, checked by a verifier of the tests' own and by dkimpy's."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import sys

from datetime import datetime, timezone

import dkim
import pytest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, InvalidMessage, Message, write_message
from mailcore.mime.dkim import OVERSIGNED, DkimSigner


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
CANONICALIZATIONS = ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"]


def pem(key, form=PrivateFormat.PKCS8, encryption=None) -> str:
    """The key as text."""
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def dns_record(key) -> bytes:
    """The TXT record under which its public half is published."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


def signer(key=RSA, **options) -> DkimSigner:
    """A signer for example.com."""
    return DkimSigner(
        **{"domain": "example.com", "selector": "mail", "private_key": pem(key), **options}
    )


def mail(**fields) -> bytes:
    """A mail with what makes canonicalization matter."""
    return write_message(
        Message(
            **{
                "from_email": "Büro <shop@example.com>",
                "to": ["ada@example.net"],
                "subject": "Grüße   mit  Abstand und einer Länge, die gefaltet werden muss, ja",
                "text": "Hello \n\ttrailing \n\n\n",
                "html": "<p>Grüße</p>",
                "headers": {"X-Order": "7   and  8"},
                "attachments": [("a.pdf", b"%PDF\xff" * 100, "application/pdf")],
                **fields,
            }
        )
    )


def relaxed_header(field: bytes) -> bytes:
    """RFC 6376, section 3.4.2."""
    name, _, value = field.partition(b":")
    unfolded = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()
    return name.strip().lower() + b":" + unfolded + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.4."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def simple_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.3."""
    return re.sub(rb"(?:\r\n)*\Z", b"", body) + b"\r\n"


def verify(message: bytes, key=RSA) -> list[str]:
    """
    Verify the first signature by RFC 6376, section 6.1.

    Returns:
        The names that it covers; raises if it is not valid.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    signature = next(f for f in fields if f.lower().startswith(b"dkim-signature:"))
    tags = dict(
        (part.strip() for part in tag.split("=", 1))
        for tag in signature.partition(b":")[2].decode().split(";")
        if tag.strip()
    )
    assert "1" == tags["v"]
    header, body_canonicalization = tags["c"].split("/")
    canonical = relaxed_header if header == "relaxed" else lambda field: field + b"\r\n"
    canonical_body = relaxed_body if body_canonicalization == "relaxed" else simple_body
    digest = base64.b64encode(hashlib.sha256(canonical_body(body)).digest()).decode()
    if digest != re.sub(r"\s", "", tags["bh"]):
        raise InvalidSignature
    names = [name.strip().lower() for name in tags["h"].split(":")]
    left = [field for field in fields if field is not signature]
    covered = b""
    for name in names:
        # From the last one upwards; a name without a field left stands for its absence.
        for field in reversed(left):
            if field.partition(b":")[0].strip().lower().decode() == name:
                covered += canonical(field)
                left.remove(field)
                break
    bare = re.sub(rb"([; \t\r\n]b=)[^;]*", rb"\1", signature)
    covered += canonical(bare).removesuffix(b"\r\n")
    value = base64.b64decode(re.sub(r"\s", "", tags["b"]))
    if tags["a"] == "ed25519-sha256":
        key.public_key().verify(value, hashlib.sha256(covered).digest())
    else:
        assert "rsa-sha256" == tags["a"]
        key.public_key().verify(value, covered, padding.PKCS1v15(), hashes.SHA256())
    return names


def dkimpy_verifies(message: bytes, key=RSA) -> bool:
    """What the reference implementation says."""
    record = dns_record(key)
    valid: bool = dkim.verify(message, dnsfunc=lambda name, **_: record)
    return valid


@pytest.mark.parametrize("canonicalization", CANONICALIZATIONS)
@pytest.mark.parametrize("key", [RSA, EDWARDS], ids=["RSA", "Ed25519"])
def test_signature_verifies(key, canonicalization):
    """Both verifiers find every kind of signature valid."""
    signed = signer(key, canonicalization=canonicalization)(mail())

    verify(signed, key)
    assert dkimpy_verifies(signed, key)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_forms_of_a_key(form):
    """PKCS #1 and PKCS #8, as text and as bytes, are the same key."""
    for private_key in (pem(RSA, form), pem(RSA, form).encode()):
        verify(signer(private_key=private_key)(mail()))


def test_two_signatures():
    """A mail may be signed by an RSA and by an Ed25519 key (RFC 8463, section 5)."""
    once = signer()(mail())
    twice = signer(EDWARDS, selector="ed")(once)

    verify(twice, EDWARDS)
    verify(once)
    assert dkimpy_verifies(twice, EDWARDS)


def test_mail_follows_unchanged():
    """The signature stands in front, in lines of at most 78 octets, and nothing else changes."""
    signed = signer()(mail())
    signature = signed.removesuffix(mail_octets := signed[signed.index(b"From:") :])

    assert mail_octets.startswith(b"From: ")
    assert max(map(len, signature.split(b"\r\n"))) <= 78
    assert signature.endswith(b"\r\n")


def test_all_headers_are_covered():
    """What is there is signed, each as often as it occurs."""
    octets = b"X-Tag: a\r\nX-Tag: b\r\n" + mail()

    names = verify(signer()(octets))

    present = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
    assert present <= set(names)
    assert (2, 1) == (names.count("x-tag"), names.count("x-order"))


@pytest.mark.parametrize("name", OVERSIGNED)
@pytest.mark.parametrize("canonicalization", CANONICALIZATIONS)
def test_headers_that_are_added_are_found(name, canonicalization):
    """
    A second header that readers would show or obey breaks the signature (RFC 6376, 8.15).

    Whether the mail had such a header before or not, and wherever the other is put.
    """
    signed = signer(EDWARDS, canonicalization=canonicalization)(mail())
    added = f"{name}: Eve <eve@example.org>\r\n".encode()

    assert dkimpy_verifies(signed, EDWARDS)
    with pytest.raises(InvalidSignature):
        verify(added + signed, EDWARDS)
    with pytest.raises(InvalidSignature):
        verify(signed.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n", 1), EDWARDS)
    assert not dkimpy_verifies(added + signed, EDWARDS)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"X-Order: 7", b"X-Order: 6"), (b"Hello", b"Hallo"), (b"To: ada", b"To: eve")],
    ids=["header", "body", "recipient"],
)
def test_what_is_changed_is_found(old, new):
    """A change to what is signed breaks the signature."""
    signed = signer()(mail())
    assert old in signed

    with pytest.raises(InvalidSignature):
        verify(signed.replace(old, new, 1))


@pytest.mark.parametrize("header", ["Received", "Return-Path", "Authentication-Results"])
def test_what_relays_add_is_not_covered(header):
    """What every relay writes does not break the signature, and is not signed if it is there."""
    octets = f"{header}: x\r\n".encode() + mail()
    signed = signer()(octets)

    assert header.lower() not in verify(signed)
    verify(f"{header}: another\r\n".encode() + signed)


def test_headers_that_are_rewritten_later():
    """Those of `never` are left out, be they there or not, even where they would be oversigned."""
    sign = signer(never=["Date", "Message-ID", "Reply-To"])

    names = verify(sign(mail(reply_to=["office@example.com"])))

    assert set() == {"date", "message-id", "reply-to"} & set(names)


@pytest.mark.parametrize("options", [{}, {"headers": ["Subject"]}, {"never": ["List-Unsubscribe"]}])
def test_one_click_is_always_covered(options):
    """RFC 8058, section 4: without both headers in `h=` no receiver offers one-click."""
    names = verify(signer(**options)(mail(unsubscribe="https://example.com/u?id=1")))

    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)


def test_headers_of_ones_own_choice():
    """The headers to sign can be chosen; From is always among them, and none can be added."""
    names = verify(signer(headers=["Subject", "X-Order"])(mail()))

    assert ["from", "from", "subject", "subject", "x-order"] == sorted(names)


def test_time_of_signing():
    """`t=` is the time of signing, in seconds since 1970."""
    moment = datetime(2026, 11, 30, 10, tzinfo=timezone.utc)

    assert f" t={int(moment.timestamp())};".encode() in signer()(mail(), signed_at=moment)


@pytest.mark.parametrize(
    ("domain", "encoded"),
    [
        ("straße.example", b"xn--strae-oqa.example"),
        ("faß.example", b"xn--fa-hia.example"),
        ("Bücher.Example", b"xn--bcher-kva.example"),
        ("EXAMPLE.com", b"example.com"),
    ],
)
def test_domain_is_encoded_as_addresses_are(domain, encoded):
    """`d=` and the domain of From go through one encoder, or DMARC would find two domains."""
    octets = mail(from_email=f"shop@{domain}")
    signed = signer(domain=domain)(octets)

    assert b"d=" + encoded + b";" in signed
    assert b"@" + encoded in signed.lower()


@pytest.mark.parametrize(
    ("sender", "warned"),
    [
        ("shop@example.com", False),
        ("shop@news.example.com", False),
        ("shop@example.org", True),
        ("shop@notexample.com", True),
    ],
)
def test_foreign_domain_is_warned_of(sender, warned, caplog):
    """DMARC ignores the signature of a foreign domain; said once for each, with no address."""
    sign = signer()
    with caplog.at_level(logging.WARNING, logger="mailcore.dkim"):
        verify(sign(mail(from_email=sender)))
        verify(sign(mail(from_email=sender)))

    texts = [record.getMessage() for record in caplog.records]
    assert int(warned) == len(texts)
    assert not any("shop" in text for text in texts)


def test_domain_above_that_of_from(caplog):
    """A signing domain below that of From is aligned, too (RFC 7489, section 3.1.1)."""
    with caplog.at_level(logging.WARNING, logger="mailcore.dkim"):
        signer(domain="mail.example.com")(mail())

    assert [] == caplog.records


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"To: ada@example.net\r\n\r\nx", "From"),
        (b"", "no header"),
        (b"From: a@example.com\nTo: b@example.net\r\nno header\r\n\r\nx", "no header"),
    ],
    ids=["no From", "empty", "junk"],
)
def test_what_is_no_mail(octets, what):
    """What cannot be signed is refused, and not sent with a signature that nobody accepts."""
    with pytest.raises(InvalidMessage, match=what):
        signer()(octets)


EC = pem(ec.generate_private_key(ec.SECP256R1()))
PEM = pem(RSA)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"private_key": "/etc/dkim.pem"}, "not the path"),
        ({"private_key": "no key"}, "'-----BEGIN'"),
        ({"private_key": PEM.replace("A", "!", 40)}, "cannot be read"),
        ({"private_key": PEM[:500]}, "cannot be read"),
        ({"private_key": PEM.replace("\n", "\\n")}, "two characters"),
        ({"private_key": pem(RSA, encryption=BestAvailableEncryption(b"x"))}, "encrypted"),
        ({"private_key": EC}, "neither RSA nor Ed25519"),
        ({"private_key": 7}, "must be text in PEM, not int"),
        ({"domain": "exa mple.com"}, "domain"),
        ({"domain": "[127.0.0.1]"}, "domain"),
        ({"selector": "a;b"}, "selector"),
        ({"selector": "a\r\n"}, "selector"),
        ({"selector": ""}, "selector"),
        ({"headers": "subject"}, "list of names"),
        ({"headers": ["Date"], "never": ["date"]}, "date cannot be signed"),
        ({"headers": ["Received"]}, "received cannot be signed"),
        ({"canonicalization": "relaxed"}, "canonicalization"),
    ],
)
def test_wrong_arguments(options, what):
    """What is wrong is named, and nothing of the key is shown."""
    with pytest.raises(ConfigurationError, match=what) as caught:
        signer(**options)

    assert caught.value.__cause__ is None
    for secret in (PEM[100:140], EC[60:90]):
        assert secret not in str(caught.value)


def test_short_keys():
    """RFC 8301: keys below 1,024 bits are refused, since nobody verifies them; 1,024 is one."""
    with pytest.raises(ConfigurationError, match="512 bits"):
        signer(private_key=SHORT)

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    verify(signer(key)(mail()), key)


# Made for this test with `openssl genrsa 512`: cryptography makes none so short.
SHORT = """-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEA360dPgqgzlt8TStm
KrC79J35u2DP3c9gpI92mTpQrM/6uoU+1DG6wZ2mKuu1pqUq5Ze0EBK3K1EdMVV9
jlFu4wIDAQABAkAJLJCGeukdjaMLhzwphBYxcklL5iygbGEKXtf+cOXeMJXsv+85
FNfwo4Fr3tCl2oNjZIrsjJzvQ8Z+AWn5QjwBAiEA/wDfwhBHQ86BhmidPbDZMuq/
ZccWig6bCob3H7HU24cCIQDgjOXe9EpeC+ywlJHZChEvCVPlCcqC1oxhu+a/5HeA
xQIhAL8jBZUtpG0jxZxcn7fU7ginQk1ke/WBWx756RPdtKHTAiEAuTvBjE/c4QPZ
Njj4rx+c2T5KlI+lHJU7rIvCZ91hrzkCIEn6Vfnpp2iOlCqMsNQnM79d/KZ/kefw
JSef6kXY9wRh
-----END PRIVATE KEY-----
"""


def test_cryptography_is_missing(monkeypatch):
    """Without it the text says what to install."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-esp\[dkim\]'"):
        signer()


def test_repr_keeps_the_key():
    """Neither the signer nor what it holds shows the key."""
    sign = signer()

    assert "DkimSigner(domain='example.com', selector='mail')" == repr(sign)
    assert PEM[100:140] not in repr(vars(sign))


LINES = st.lists(st.text(st.sampled_from("ab \t."), max_size=8).map(str.encode), max_size=6).map(
    b"\r\n".join
)
ENDS = st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b" ", b"\t\r\n", b" \r\n \r\n", b"\r", b"\n"])
VALUES = st.lists(
    st.text(st.sampled_from("ab \t:;="), max_size=6).map(str.encode), min_size=1, max_size=3
).map(b"\r\n x".join)


@given(
    body=st.builds(lambda *parts: b"".join(parts), LINES, ENDS),
    values=st.lists(VALUES, max_size=3),
    canonicalization=st.sampled_from(CANONICALIZATIONS),
)
def test_any_mail_verifies(body, values, canonicalization):
    """Whatever white space a mail has, both verifiers see what was signed."""
    head = b"".join(b"X-%d : %b\r\n" % (number % 2, each) for number, each in enumerate(values))
    octets = b"From: a@example.com\r\n" + head + b"\r\n" + body
    signed = signer(EDWARDS, canonicalization=canonicalization)(octets)

    verify(signed, EDWARDS)
    assert signed.endswith(octets)


@given(body=LINES)
def test_bodies_as_dkimpy_reads_them(body):
    """The reference implementation hashes the same body, ended by CRLF as SMTP ends it."""
    signed = signer(EDWARDS)(b"From: a@example.com\r\n\r\n" + body + b"\r\n")

    assert dkimpy_verifies(signed, EDWARDS)


def test_many_spaces_take_one_pass():
    """A body of nothing but white space, which is slow to search for pairs, is signed as well."""
    for body in (b" " * 300_000, b" \t" * 150_000 + b"x", b"a " * 150_000, b"\r\n" * 150_000):
        verify(signer(EDWARDS)(b"From: a@example.com\r\n\r\n" + body), EDWARDS)
