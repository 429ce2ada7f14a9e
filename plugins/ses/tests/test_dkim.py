"""DKIM signatures of SES's raw mails, checked by dkimpy's verifier."""

from __future__ import annotations

import base64
import re

import dkim
import pytest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailcore import ConfigurationError, Message, UnsupportedFeature
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_ses import SesProvider


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
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


def signed(fields: dict = FIELDS, **options: object) -> bytes:
    """The signed bytes of a message."""
    (call,) = build(fields, **options)
    data: bytes = call.params["Content"]["Raw"]["Data"]
    return data


def verifies(message: bytes) -> bool:
    """What the reference implementation says."""
    valid: bool = dkim.verify(message, dnsfunc=lambda name, **_: DNS_RECORD)
    return valid


def covered(message: bytes) -> list[str]:
    """The names in `h=`."""
    match = re.search(rb"\bh=([^;]*);", message)
    assert match
    return re.sub(r"\s", "", match[1].decode()).split(":")


def as_ses_sends(message: bytes) -> bytes:
    """What SES changes on the way: Date, Message-ID and Return-Path are its own."""
    changed = re.sub(rb"(?m)^Date:.*\r$", b"Date: Thu, 01 Jan 2026 00:00:00 +0000\r", message)
    changed = re.sub(rb"(?m)^Message-ID:.*\r$", b"Message-ID: <ses@amazonses.com>\r", changed)
    assert changed != message
    return b"Return-Path: <bounce@amazonses.com>\r\nFeedback-ID: x:AmazonSES\r\n" + changed


def test_signature_survives_ses():
    """The signature is valid before and after SES has written what it writes."""
    message = signed()

    assert verifies(message)
    assert verifies(as_ses_sends(message))


def test_what_is_signed():
    """All that SES leaves alone, with both headers of one-click; nothing that it rewrites."""
    names = covered(signed({**FIELDS, "unsubscribe": "https://example.com/u"}))

    wanted = {"from", "to", "subject", "mime-version", "content-type", "x-metadata"}
    assert wanted | {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
    assert 2 == names.count("x-tag")
    assert not {"date", "message-id", "return-path", "bounces-to"} & set(names)


def test_what_is_changed_is_found():
    """A change to what is signed breaks the signature."""
    message = signed()

    assert not verifies(message.replace(b"order", b"ordes", 1))
    assert not verifies(b"Reply-To: Eve <eve@example.org>\r\n" + message)


def test_headers_of_ones_own_choice():
    """The headers to sign can be chosen; From is always among them."""
    message = signed(dkim_headers=["Subject", "X-Metadata"])

    assert verifies(message)
    assert {"from", "subject", "x-metadata"} == set(covered(message))


def test_every_mail_of_a_batch_is_signed():
    """Each recipient's own mail has an own signature, over API v1 as well."""
    fields = {**FIELDS, "to": ["ada@example.net", "bob@example.net"], "merge_metadata": {}}

    for call in build(fields):
        assert verifies(call.params["Content"]["Raw"]["Data"])
    for call in build(fields, api_version="v1"):
        assert verifies(call.params["RawMessage"]["Data"])


@pytest.mark.parametrize("fields", [{}, {"merge_metadata": {}}])
def test_what_is_redirected_is_not_signed(fields, monkeypatch):
    """What goes to a mailbox on this machine has no signature that others would believe."""
    monkeypatch.setenv("MAILCORE_REDIRECT", "http://127.0.0.1:8025")

    for call in build({**FIELDS, **fields}):
        assert b"DKIM-Signature" not in call.params["Content"]["Raw"]["Data"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"dkim_domain": None}, "DKIM needs dkim_domain as well"),
        ({"dkim_selector": None}, "DKIM needs dkim_selector as well"),
        ({"dkim_private_key": None}, "DKIM needs dkim_private_key as well"),
        ({"dkim_domain": None, "dkim_selector": None}, "needs dkim_domain, dkim_selector as well"),
        ({"dkim_private_key": "/etc/dkim.pem"}, "not the path"),
        ({"dkim_private_key": PEM[:500]}, "cannot be read"),
        ({"dkim_headers": ["Date"]}, "date cannot be signed"),
        ({"content": "simple"}, "dkim_private_key"),
    ],
)
def test_wrong_options(options, what):
    """A part that is missing or wrong is named, and the key is not shown."""
    with pytest.raises(ConfigurationError, match=f"ses: (?:.* )?{what}") as caught:
        SesProvider(**{**OPTIONS, **options})

    assert PEM[100:140] not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"template_id": "t", "subject": None, "text": None, "html": None},
        {"text": "{{a}}", "merge_global_data": {"a": 1}},
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
