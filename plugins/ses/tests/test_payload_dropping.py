"""What a mailer may drop of a message, where an option of the provider makes SES lack it."""

from __future__ import annotations

import pytest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from mailcore import Message, UnsupportedFeature
from mailcore.registry.hooks import Hooks
from mailcore.sending.checking import check
from mailcore_ses import SesProvider


ADA, BOB = "ada@example.net", "bob@example.net"
PLAIN = {"from_email": "shop@example.com", "to": [ADA, BOB], "text": "Hello"}
STORED = {"from_email": "shop@example.com", "to": [ADA, BOB], "template_id": "t"}
IMAGE = ("a.png", b"a", "image/png")
KEY = (
    ed25519.Ed25519PrivateKey.generate()
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)
DKIM = {"dkim_domain": "example.com", "dkim_selector": "a", "dkim_private_key": KEY}


@pytest.mark.parametrize(
    ("fields", "options", "features"),
    [
        ({**PLAIN, "track_opens": True}, {"api_version": "v1"}, ["track_opens"]),
        (
            {
                **STORED,
                "headers": {"X-A": "a", "List-Id": "b"},
                "unsubscribe": "https://x.example/",
            },
            {"api_version": "v1"},
            ["headers", "unsubscribe"],
        ),
        (
            {**STORED, "metadata": {"a": 1}, "tags": ["a"]},
            {"api_version": "v1"},
            ["metadata", "tags"],
        ),
        (
            {**STORED, "merge_metadata": {ADA: {"a": 1}}, "merge_headers": {BOB: {"X-A": "a"}}},
            {"api_version": "v1"},
            ["merge_metadata", "merge_headers"],
        ),
        ({**STORED, "attachments": [IMAGE]}, {"api_version": "v1"}, ["attachments"]),
        ({**PLAIN, "tags": ["a", "b"]}, {"message_tag_name": "kind"}, ["tags"]),
        ({**PLAIN, "tags": ["two words"]}, {"message_tag_name": "kind"}, ["tags"]),
        (
            {**PLAIN, "to": [ADA], "headers": {"To": "x@example.org"}},
            {"content": "simple"},
            ["spoofed_to"],
        ),
        (
            {**PLAIN, "alternatives": [("a", "text/calendar")]},
            {"content": "simple"},
            ["alternatives"],
        ),
        (
            {**PLAIN, "track_opens": True, "track_clicks": True},
            DKIM,
            ["track_opens", "track_clicks"],
        ),
    ],
)
def test_what_an_option_excludes_can_be_dropped(fields, options, features):
    """Raised by its feature without a policy; with one, the message is built without it."""
    provider = SesProvider(region_name="eu-west-1", **options)
    message = Message(**fields)
    with pytest.raises(UnsupportedFeature) as caught:
        check(provider, message, Hooks(), {})

    checked = check(provider, message, Hooks(), dict.fromkeys(features, "drop"))

    assert features == [problem.feature for problem in caught.value.problems]
    assert features == [problem.feature for problem in checked.dropped]
    assert message.is_batch == checked.message.is_batch
    assert provider.build(checked.message)


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({**STORED, "text": "Hello"}, {}),
        ({**STORED, "merge_headers": {ADA: {"From": "eve@example.org"}}}, {}),
        ({**STORED, "merge_headers": {ADA: {"Reply-To": "eve@example.org"}}}, {}),
        ({**STORED, "to": [], "cc": [ADA], "merge_data": {}}, {}),
        ({**PLAIN, "text": "{{a}}", "merge_data": {ADA: {"a": 1}}}, {"api_version": "v1"}),
        ({**STORED, "merge_global_data": {"a": "b" * 300_000}}, {}),
        ({**STORED}, DKIM),
        ({**STORED, "merge_data": {}}, {"contact_list_name": "news"}),
        ({**PLAIN, "send_at": 2_000_000_000}, {}),
        ({**PLAIN, "cc": ["grüße@example.net"]}, {}),
    ],
    ids=["text", "from", "reply-to", "to", "data", "long", "signature", "list", "time", "eai"],
)
def test_what_makes_another_mail_is_raised(fields, options):
    """Whatever the policy says."""
    provider = SesProvider(region_name="eu-west-1", **options)

    with pytest.raises(UnsupportedFeature) as caught:
        check(provider, Message(**fields), Hooks(), {"*": "drop"})

    assert None in [problem.remedy for problem in caught.value.problems]
