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


def headers(number: int) -> dict[str, str]:
    """So many of them."""
    return {f"X-H{position}": "v" for position in range(number)}


SIMPLE = {"content": "simple"}
TOPICAL = {"metadata": {"a": "b"}, "tags": ["t"]}
UNSUBSCRIBE = {"unsubscribe": "https://x.example/"}
LONG_TYPE, PNG = f"text/{'x' * 80}", "image/png"
LEFT = {
    # the message, options, what is left of it
    "headers beyond the last that SES takes": (
        {**PLAIN, "headers": headers(17)},
        SIMPLE,
        {"headers": headers(15)},
    ),
    "headers before tags and what says more": (
        {**PLAIN, "headers": headers(12), **TOPICAL, **UNSUBSCRIBE},
        SIMPLE,
        {"headers": headers(11), **TOPICAL},
    ),
    "headers of those that the message has": (
        {**STORED, "headers": headers(2), "tags": list(map(str, range(20)))},
        {},
        {"headers": {}, "tags": list(map(str, range(15)))},
    ),
    "tags where no header is left": (
        {**STORED, "tags": list(map(str, range(17))), "metadata": {"a": "b"}},
        {},
        {"tags": list(map(str, range(14))), "metadata": {"a": "b"}},
    ),
    "headers of single recipients": (
        {**STORED, "headers": {"X-A": "a"}, "merge_headers": {ADA: headers(16)}},
        {},
        {"headers": {"X-A": "a"}, "merge_headers": {}},
    ),
    "headers that SES obeys or replaces": (
        {**PLAIN, "headers": {"X-SES-A": "a", "date": "b", "Message-ID": "<c@d>", "X-D": "d"}},
        {},
        {"headers": {"X-D": "d"}},
    ),
    "a header that is metadata, too": (
        {**PLAIN, "headers": {"x-metadata": "a", "X-Tag": "b"}, "merge_metadata": {ADA: {"a": 1}}},
        {},
        {"headers": {"X-Tag": "b"}, "merge_metadata": {ADA: {"a": 1}}},
    ),
    "a header that is a tag, too": (
        {**PLAIN, "headers": {"X-Metadata": "a", "x-tag": "b"}, "tags": ["a"]},
        {},
        {"headers": {"X-Metadata": "a"}, "tags": ["a"]},
    ),
    "headers without a value": (
        {**PLAIN, "headers": {"X-A": " ", "X-B": "b"}},
        SIMPLE,
        {"headers": {"X-B": "b"}},
    ),
    "headers without a value, of single recipients": (
        {**STORED, "merge_headers": {ADA: {"X-A": "", "X-B": "b"}, BOB: {"X-C": "\t", "X-A": "a"}}},
        {},
        {"merge_headers": {ADA: {"X-B": "b"}, BOB: {}}},
    ),
    "own To headers": (
        {**PLAIN, "merge_headers": {ADA: {"To": "a@x.example", "X-A": "a"}, BOB: {"to": "b@c.d"}}},
        {},
        {"merge_headers": {ADA: {"X-A": "a"}, BOB: {}}},
    ),
    "metadata that are too long": (
        {**PLAIN, "metadata": {"a": "b" * 1000}, "tags": ["t"]},
        {},
        {"metadata": {}, "tags": ["t"]},
    ),
    "own metadata that are too long": (
        {**PLAIN, "metadata": {"a": "b"}, "merge_metadata": {ADA: {"c": "d" * 1000}}},
        {},
        {"metadata": {"a": "b"}, "merge_metadata": {}},
    ),
    "tags that are too long": (
        {**PLAIN, "tags": ["a", "b" * 1000, "c", "d" * 1000]},
        {},
        {"tags": ["a", "c"]},
    ),
    "forms that templates do not have": (
        {**STORED, "alternatives": [("a", "text/x-amp-html"), ("b", "text/calendar")]},
        {},
        {"alternatives": []},
    ),
    "files without a name get one": (
        {**STORED, "attachments": [("a", b"a", PNG), (None, b"b", PNG)]},
        {},
        {"attachments": [("a", PNG), ("attachment.png", PNG)]},
    ),
    "files of a type that is too long": (
        {**STORED, "attachments": [("a", b"a", LONG_TYPE), ("b", b"b", PNG)]},
        {},
        {"attachments": [("b", PNG)]},
    ),
    "the second tag": (
        {**PLAIN, "tags": ["a", "b", "c"]},
        {"message_tag_name": "kind"},
        {"tags": ["a"]},
    ),
    "a tag that is no message tag": (
        {**PLAIN, "tags": ["two words"]},
        {"message_tag_name": "kind"},
        {"tags": []},
    ),
    "files of a template of v1": (
        {**STORED, "attachments": [("a", b"a", PNG), ("b", b"b", PNG)]},
        {"api_version": "v1"},
        {"attachments": []},
    ),
    "headers of a template of v1": (
        {
            **STORED,
            **TOPICAL,
            **UNSUBSCRIBE,
            "headers": headers(2),
            "merge_headers": {ADA: {"X-A": "a"}},
        },
        {"api_version": "v1", "message_tag_name": "kind"},
        {"headers": {}, "metadata": {}, "unsubscribe": None, "merge_headers": {}, "tags": ["t"]},
    ),
}


@pytest.mark.parametrize(("fields", "options", "left"), LEFT.values(), ids=LEFT)
def test_what_is_left_when_all_may_be_dropped(fields, options, left):
    """As much of the message as SES takes; what was dropped is told once for each of them."""
    provider = SesProvider(region_name="eu-west-1", **options)
    checked = check(provider, Message(**fields), Hooks(), {"*": "drop"})

    found = {name: getattr(checked.message, name) for name in left}
    for name in {"headers", "merge_headers", "merge_metadata", "metadata"} & left.keys():
        found[name] = plain(found[name])
    if "attachments" in left:
        found["attachments"] = [(each.filename, each.content_type) for each in found["attachments"]]

    assert left == {n: list(v) if isinstance(v, tuple) else v for n, v in found.items()}
    assert provider.build(checked.message)


def plain(value):
    """Mappings as plain dictionaries."""
    if hasattr(value, "items_as_given"):
        return dict(value.items_as_given())
    return {key: plain(item) for key, item in value.items()} if hasattr(value, "items") else value


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
