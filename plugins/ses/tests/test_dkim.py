"""DKIM signatures, checked by a verifier of the tests' own and by dkimpy's."""

from __future__ import annotations

import base64
import hashlib
import re
import sys

import dkim
import pytest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailcore import ConfigurationError, Message, UnsupportedFeature
from mailcore.delivery import checked
from mailcore.hooks import Hooks
from mailcore_ses import SesProvider


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
).decode()
PKCS8 = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
DNS_RECORD = b"v=DKIM1; k=rsa; p=" + base64.b64encode(
    KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
)
OPTIONS = {"dkim_domain": "example.com", "dkim_selector": "mail", "dkim_private_key": PEM}
FIELDS = {
    "from_email": "Büro <shop@example.com>",
    "to": ["ada@example.net"],
    "subject": "Grüße   mit  Abstand und einer Länge, die gefaltet werden muss, ohne Zweifel",
    "text": "Hello \n\ttrailing \n\n\n",
    "html": "<p>Grüße</p>",
    "tags": ["a", "b"],
    "metadata": {"order": 7},
    "attachments": [("a.pdf", b"%PDF\xff" * 100, "application/pdf")],
}


def build(fields: dict, **options: object):
    """The calls of a message that passed the checks."""
    provider = SesProvider(**{**OPTIONS, **options})
    return provider.build(checked(provider, Message(**fields), Hooks(), {}))


def signed(**options: object) -> bytes:
    """The signed bytes of a message."""
    (call,) = build(FIELDS, **options)
    data: bytes = call.params["Content"]["Raw"]["Data"]
    return data


def relaxed_header(field: bytes) -> bytes:
    """RFC 6376, section 3.4.2."""
    name, _, value = field.partition(b":")
    unfolded = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()
    return name.strip().lower() + b":" + unfolded + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.4."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    return b"\r\n".join(lines).rstrip(b"\r\n") + b"\r\n"


def verify(message: bytes) -> list[str]:
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
    assert ("1", "rsa-sha256", "relaxed/relaxed") == (tags["v"], tags["a"], tags["c"])
    assert ("example.com", "mail") == (tags["d"], tags["s"])
    digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    assert digest == re.sub(r"\s", "", tags["bh"])
    names = [name.strip().lower() for name in tags["h"].split(":")]
    left = [field for field in fields if field is not signature]
    covered = b""
    for name in names:
        # From the last one upwards; a name without a field left stands for its absence.
        for field in reversed(left):
            if field.partition(b":")[0].strip().lower().decode() == name:
                covered += relaxed_header(field)
                left.remove(field)
                break
    bare = re.sub(rb"([; \t\r\n]b=)[^;]*", rb"\1", signature)
    covered += relaxed_header(bare).removesuffix(b"\r\n")
    value = base64.b64decode(re.sub(r"\s", "", tags["b"]))
    KEY.public_key().verify(value, covered, padding.PKCS1v15(), hashes.SHA256())
    return names


def as_ses_sends(message: bytes) -> bytes:
    """What SES changes on the way: Date, Message-ID and Return-Path are its own."""
    changed = re.sub(rb"(?m)^Date:.*\r$", b"Date: Thu, 01 Jan 2026 00:00:00 +0000\r", message)
    changed = re.sub(rb"(?m)^Message-ID:.*\r$", b"Message-ID: <ses@amazonses.com>\r", changed)
    return b"Return-Path: <bounce@amazonses.com>\r\nFeedback-ID: x:AmazonSES\r\n" + changed


@pytest.mark.parametrize("key", [PEM, PKCS8], ids=["PKCS1", "PKCS8"])
def test_signature_verifies(key):
    """An independent verifier finds the signature valid, before and after SES."""
    message = signed(dkim_private_key=key)

    verify(message)
    names = verify(as_ses_sends(message))

    assert {"from", "to", "subject", "mime-version", "content-type", "x-metadata"} <= set(names)
    assert 2 == names.count("x-tag")


def test_rewritten_headers_are_not_signed():
    """Headers that SES rewrites are left out, or every receiver would find it broken."""
    rewritten = {"date", "message-id", "return-path", "bounces-to"}

    assert not rewritten & set(verify(signed()))


def test_dkimpy_verifies_what_arrives():
    """The reference implementation agrees."""
    assert dkim.verify(as_ses_sends(signed()), dnsfunc=lambda name, **_: DNS_RECORD)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"order", b"ordes"), (b"Hello", b"Hallo"), (b"To: ada", b"To: eve")],
    ids=["metadata", "body", "recipient"],
)
def test_what_is_changed_is_found(old, new):
    """A change to what is signed breaks the signature."""
    message = signed()
    assert old in message

    with pytest.raises((InvalidSignature, AssertionError)):
        verify(message.replace(old, new, 1))


@pytest.mark.parametrize("name", ["From", "To", "Subject"])
def test_headers_that_are_added_are_found(name):
    """The headers that people see are signed once more than they occur (RFC 6376, 8.15)."""
    with pytest.raises(InvalidSignature):
        verify(f"{name}: Eve <eve@example.org>\r\n".encode() + signed())


def test_headers_of_ones_own_choice():
    """The headers to sign can be chosen; From is always among them."""
    names = verify(signed(dkim_headers=["Subject", "X-Metadata"]))

    assert {"from", "subject", "x-metadata"} == set(names)


def test_every_mail_of_a_batch_is_signed():
    """Each recipient's own mail has an own signature, over API v1 as well."""
    fields = {**FIELDS, "to": ["ada@example.net", "bob@example.net"], "merge_metadata": {}}

    for call in build(fields):
        verify(call.params["Content"]["Raw"]["Data"])
    for call in build(fields, api_version="v1"):
        verify(call.params["RawMessage"]["Data"])


@pytest.mark.parametrize(
    "options",
    [
        {"dkim_domain": None},
        {"dkim_selector": None},
        {"dkim_private_key": None},
        {"dkim_private_key": "no key"},
        {"dkim_private_key": PEM.replace("A", "!", 40)},
        {"dkim_private_key": PEM[:500]},
        {"content": "simple"},
    ],
    ids=["domain", "selector", "key", "no PEM", "garbled", "cut", "simple"],
)
def test_wrong_options(options):
    """A part that is missing or wrong is named, and the key is not shown."""
    with pytest.raises(ConfigurationError, match=r"ses: .*(DKIM|dkim)") as caught:
        SesProvider(**{**OPTIONS, **options})

    assert PEM[100:140] not in str(caught.value)


def test_extra_is_missing(monkeypatch):
    """Without dkimpy the text says what to install."""
    monkeypatch.setitem(sys.modules, "dkim", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-ses\[dkim\]'"):
        SesProvider(**OPTIONS)


@pytest.mark.parametrize(
    "changes",
    [
        {"template_id": "t", "subject": None, "text": None, "html": None},
        {"merge_data": {}},
        {"track_opens": True},
        {"track_clicks": True},
    ],
    ids=["template", "inline", "opens", "clicks"],
)
def test_what_cannot_be_signed(changes):
    """What SES writes or rewrites is refused: it would go out unsigned, or broken."""
    with pytest.raises(UnsupportedFeature, match="dkim_private_key"):
        build({**FIELDS, **changes})


def test_repr_keeps_the_key():
    """Neither provider nor settings show the key."""
    provider = SesProvider(**OPTIONS)

    assert PEM[100:140] not in repr(vars(provider))
