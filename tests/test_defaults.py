"""Send defaults: three states, merging, and nobody's objects changed (behaviours 30 to 33)."""

from __future__ import annotations

import asyncio
import copy

import pytest

from mailcore import AsyncMailer, Attachment, ConfigurationError, Mailer, Message
from mailcore.builtin.memory import MemoryProvider
from mailcore.message import Defaults


BASE = {"from_email": "shop@example.com", "to": ["ada@example.net"], "subject": "Hi", "text": "x"}


def sent(defaults: object, **fields: object) -> Message:
    """The message as the provider got it."""
    provider = MemoryProvider()
    Mailer(provider, defaults=defaults).send(Message(**{**BASE, **fields}))
    return provider.outbox[0]


@pytest.mark.parametrize(
    ("defaults", "fields", "expected"),
    [
        ({"tags": ["a"]}, {}, {"tags": ("a",)}),
        ({"tags": ["a"]}, {"tags": ["b"]}, {"tags": ("a", "b")}),
        ({"tags": ["a"]}, {"tags": None}, {"tags": ()}),
        ({"tags": ["a"]}, {"tags": []}, {"tags": ("a",)}),
        ({"metadata": {"a": 1, "b": 1}}, {"metadata": {"b": 2}}, {"metadata": {"a": 1, "b": 2}}),
        ({"metadata": {"a": 1}}, {"metadata": None}, {"metadata": {}}),
        ({"track_opens": True}, {}, {"track_opens": True}),
        ({"track_opens": True}, {"track_opens": False}, {"track_opens": False}),
        ({"track_opens": True}, {"track_opens": None}, {"track_opens": None}),
        ({"subject": "Default"}, {"subject": None}, {"subject": None}),
        ({"subject": "Default"}, {}, {"subject": "Hi"}),
        ({"template_id": "t"}, {}, {"template_id": "t"}),
        ({"html": "<p>x</p>"}, {}, {"html": "<p>x</p>"}),
        (
            {"esp_extra": {"ses": {"a": [1, 2], "b": {"c": 1}}, "x": {}}},
            {"esp_extra": {"ses": {"a": [3], "b": {"d": 2}}}},
            {"esp_extra": {"ses": {"a": (3,), "b": {"c": 1, "d": 2}}, "x": {}}},
        ),
        (
            {"merge_data": {"a@b.cd": {"x": 1}}},
            {"merge_data": {"a@b.cd": {"y": 2}}},
            {"merge_data": {"a@b.cd": {"x": 1, "y": 2}}},
        ),
    ],
    ids=str,
)
def test_merging(defaults, fields, expected):
    """30, 32: mappings merge, lists follow the default's, scalars replace, None refuses."""
    message = sent(defaults, **fields)

    assert expected == {name: getattr(message, name) for name in expected}


def test_headers_merge_without_regard_to_case():
    """A header of the message replaces the default of that name."""
    message = sent({"headers": {"X-A": "1", "X-B": "1"}}, headers={"x-b": "2"})

    assert {"X-A": "1", "x-b": "2"} == dict(message.headers)


def test_addresses_are_defaults_too():
    """Standard fields have defaults like all others: sender and a hidden archive copy."""
    provider = MemoryProvider()
    defaults = {"from_email": "Shop <shop@example.com>", "bcc": ["archive@example.com"]}
    Mailer(provider, defaults=defaults).send(Message(to=["ada@example.net"], text="x"))

    assert "Shop" == provider.outbox[0].from_email.display_name
    assert ("ada@example.net", "archive@example.com") == provider.outbox[0].recipients


def test_provider_defaults_replace_general_ones():
    """31: a provider's default of a field takes the place of the general one, unmerged."""
    defaults = Defaults(
        {"tags": ["general"], "metadata": {"a": 1}, "track_opens": True},
        by_provider={"memory": {"tags": ["own"], "track_opens": None}, "other": {"tags": ["no"]}},
    )
    message = sent(defaults, tags=["mine"])

    assert ("own", "mine") == message.tags
    assert {"a": 1} == message.metadata
    assert message.track_opens is None


def test_nothing_is_mutated():
    """30: neither the defaults given nor the message change by a send."""
    fields = {"metadata": {"a": 1}, "tags": ["a"], "esp_extra": {"ses": {"b": [1]}}}
    before = copy.deepcopy(fields)
    message = Message(**BASE, metadata={"b": 2}, tags=["b"])
    copied = Message(**BASE, metadata={"b": 2}, tags=["b"])
    Mailer(MemoryProvider(), defaults=fields).send(message)

    assert before == fields
    assert copied == message


def test_later_changes_are_not_seen():
    """Defaults are taken when the mailer is made."""
    fields = {"tags": ["a"]}
    provider = MemoryProvider()
    mailer = Mailer(provider, defaults=fields)
    fields["tags"].append("b")
    mailer.send(Message(**BASE))

    assert ("a",) == provider.outbox[0].tags


OWN = "<https://example.com/own>"
POST = "List-Unsubscribe-Post"
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("defaults", "fields"),
    [
        ({"unsubscribe": "https://example.com/a"}, {"headers": {"list-unsubscribe": OWN}}),
        ({"headers": {"List-Unsubscribe": "<https://example.com/a>"}}, {"unsubscribe": OWN}),
        (
            {"headers": {"list-unsubscribe": "<https://example.com/a>", POST: ONE_CLICK}},
            {"headers": {"List-Unsubscribe": OWN}},
        ),
    ],
)
def test_own_way_to_unsubscribe_wins(defaults, fields):
    """The field and the header are one thing: what the message gives is what is sent."""
    message = sent(defaults, **fields)

    header = (
        message.headers.get("List-Unsubscribe") or message.unsubscribe.headers["List-Unsubscribe"]
    )
    assert OWN == header
    assert POST not in message.headers


def test_own_way_to_unsubscribe_of_a_provider_wins():
    """Of two defaults as well."""
    defaults = Defaults(
        {"unsubscribe": "https://example.com/a", "headers": {"X-A": "1"}},
        by_provider={
            "one": {"headers": {"List-Unsubscribe": OWN}},
            "two": {"unsubscribe": "https://example.com/b"},
        },
    )
    one, two = (defaults.apply(Message(**BASE), name) for name in ("one", "two"))

    assert (OWN, None) == (one.headers["List-Unsubscribe"], one.unsubscribe)
    assert ("https://example.com/b", {"X-A": "1"}) == (two.unsubscribe.url, dict(two.headers))


@pytest.mark.parametrize(
    ("field", "default", "given", "expected"),
    [
        ("merge_data", {"x": 1, "y": 1}, {"y": 2}, {"x": 1, "y": 2}),
        ("merge_metadata", {"x": 1, "y": 1}, {"y": 2}, {"x": 1, "y": 2}),
        ("merge_headers", {"X-A": "1", "X-B": "1"}, {"x-b": "2"}, {"X-A": "1", "x-b": "2"}),
        (
            "merge_headers",
            {"List-Unsubscribe": "<https://example.com/a>", POST: ONE_CLICK},
            {"List-Unsubscribe": "<mailto:a@example.com>"},
            {"List-Unsubscribe": "<mailto:a@example.com>"},
        ),
    ],
)
@pytest.mark.parametrize(
    ("spelling", "own_spelling"),
    [("Ada@Example.net", "ada@example.net"), ("ada@xn--bcher-kva.example", "Ada@Bücher.example")],
)
def test_merging_by_address(field, default, given, expected, spelling, own_spelling):
    """Whatever the spelling; the message's is the one that stays."""
    message = sent(
        {field: {spelling: default, "bob@example.net": {}}}, **{field: {own_spelling: given}}
    )

    merged = getattr(message, field)
    assert {own_spelling, "bob@example.net"} == set(merged)
    assert expected == dict(merged[own_spelling])


@pytest.mark.parametrize(
    ("defaults", "fields", "expected"),
    [
        ({"bcc": ["ADA@example.net", "b@example.net"]}, {}, {"bcc": ("b@example.net",)}),
        ({"cc": ["b@example.net"]}, {"cc": ["B <b@example.net>"]}, {"cc": ("B <b@example.net>",)}),
        ({"to": ["b@example.net"]}, {"bcc": ["b@example.net"]}, {"to": ("Ada <ada@example.net>",)}),
        (
            {"reply_to": ["Shop <help@example.com>", "b@example.com"]},
            {"headers": {"Reply-To": "HELP@example.com"}},
            {"reply_to": ("b@example.com", "HELP@example.com")},
        ),
        ({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, {"tags": ("a", "b", "c")}),
    ],
)
def test_what_the_message_has_is_not_added(defaults, fields, expected):
    """Each mailbox and each tag once, in the message's spelling and place."""
    message = sent(defaults, **{"to": ["Ada <ada@example.net>"], **fields})

    assert expected == {name: tuple(map(str, getattr(message, name))) for name in expected}


def test_own_part_with_a_content_id_wins():
    """A default logo is replaced by the message's."""
    own = Attachment("b.png", b"2", content_id="logo")
    message = sent(
        {"attachments": [Attachment("a.png", b"1", content_id="logo"), ("a.pdf", b"")]},
        attachments=[own],
    )

    assert ["a.pdf", "b.png"] == [part.filename for part in message.attachments]


@pytest.mark.parametrize(
    "defaults", [{"tag": ["a"]}, {"tags": "a"}, {"from_email": "nobody"}, ["tags"], {"to": [1]}]
)
def test_wrong_defaults(defaults):
    """A default that no message can have is found when the mailer is made."""
    with pytest.raises(ConfigurationError, match="defaults"):
        Mailer("null", defaults=defaults)


def test_async_mailer_has_the_same_defaults():
    """The async twin applies them too."""
    provider = MemoryProvider()
    asyncio.run(AsyncMailer(provider, defaults={"tags": ["a"]}).send(Message(**BASE)))

    assert ("a",) == provider.outbox[0].tags


def test_repr_shows_no_values():
    """Only names of fields and providers are shown."""
    shown = repr(Defaults({"from_email": "ada@example.net"}, by_provider={"ses": {"tags": ["x"]}}))

    assert "Defaults(from_email; by provider: ses)" == shown


SHARED = {"merge_global_data": {"shop": "Books", "year": 2026}}


@pytest.mark.parametrize(
    ("defaults", "fields", "expected"),
    [
        ({}, {}, None),
        ({}, {"merge_data": {}}, None),
        ({}, {"merge_data": {"ada@example.net": {}}}, None),
        ({}, {"merge_metadata": {"ada@example.net": {"a": 1}}}, None),
        ({}, {"merge_global_data": {}}, {}),
        ({}, {"merge_global_data": None}, None),
        ({}, {"template_id": "t", "merge_global_data": None}, None),
        ({"template_id": "t"}, {"template_id": None}, None),
        ({"merge_data": {"ada@example.net": {"a": 1}}}, {"merge_data": None}, None),
        ({}, {"template_id": "t"}, {"shop": "Books", "year": 2026}),
        ({"template_id": "t"}, {}, {"shop": "Books", "year": 2026}),
        ({}, {"merge_data": {"ada@example.net": {"a": 1}}}, {"shop": "Books", "year": 2026}),
        (
            {"merge_data": {"ada@example.net": {"a": 1}}},
            {"merge_data": {}},
            {"shop": "Books", "year": 2026},
        ),
        ({}, {"merge_global_data": {"year": 7}}, {"shop": "Books", "year": 7}),
    ],
    ids=str,
)
def test_default_values_are_for_messages_that_ask_for_values(defaults, fields, expected):
    """They make a template of no other message: a default is nobody's wish to fill in a text."""
    assert expected == sent({**defaults, **SHARED}, **fields).merge_global_data
