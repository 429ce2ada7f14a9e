"""Batches from a template: ``SendBulkEmail``."""

from __future__ import annotations

import json
import logging

import pytest

from mailcore import Message
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_ses import SesProvider, ses_options


ADA, BOB, EVE = "ada@example.net", "bob@example.net", "eve@example.net"
BASE = {"from_email": "shop@example.com", "to": [ADA, BOB, EVE], "template_id": "welcome"}


def build(fields: dict, **options: object):
    """The calls of a message that passed the checks."""
    provider = SesProvider(**options)
    return provider.build(checked(provider, Message(**{**BASE, **fields}), Hooks(), {}))


def data_of(entry: dict) -> object:
    """The values in an entry."""
    template = entry["ReplacementEmailContent"]["ReplacementTemplate"]
    return json.loads(template["ReplacementTemplateData"])


def headers_of(entry: dict) -> list[tuple[str, str]]:
    """The headers in an entry."""
    return [(header["Name"], header["Value"]) for header in entry["ReplacementHeaders"]]


def test_an_entry_for_each_recipient(valid):
    """58: everybody has their own data, always JSON; strangers in merge_data are ignored."""
    (call,) = build(
        {
            "to": [("宮沢賢治", ADA), BOB],
            "merge_data": {ADA: {"name": "Ada", "n": [1, {"x": None}]}, EVE: {"name": "Eve"}},
            "merge_global_data": {"shop": "Bücher"},
        }
    )

    entries = valid(call).params["BulkEmailEntries"]
    assert [{"name": "Ada", "n": [1, {"x": None}]}, {}] == [data_of(entry) for entry in entries]
    assert ["=?utf-8?b?5a6u5rKi6LOi5rK7?= <ada@example.net>"] == (
        entries[0]["Destination"]["ToAddresses"]
    )
    default = call.params["DefaultContent"]["Template"]
    assert {"shop": "Bücher"} == json.loads(default["TemplateData"])
    assert (ADA, BOB) == call.recipients


def test_own_metadata_and_headers(valid):
    """58, 111: what is a recipient's own replaces what is everybody's; the others have no key."""
    (call,) = build(
        {
            "metadata": {"shop": 1, "order": 0},
            "tags": ["welcome"],
            "headers": {"X-Note": "all", "X-Other": "all"},
            "unsubscribe": "https://example.com/leave",
            "merge_metadata": {ADA: {"order": 7}},
            "merge_headers": {
                ADA: {"x-note": "Grüße", "List-Unsubscribe": "<https://example.com/ada>"},
                BOB: {},
            },
        }
    )

    params = valid(call).params
    ada, bob, eve = params["BulkEmailEntries"]
    assert [
        ("X-Note", "=?utf-8?b?R3LDvMOfZQ==?="),
        ("List-Unsubscribe", "<https://example.com/ada>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Metadata", '{"shop": 1, "order": 7}'),
    ] == headers_of(ada)
    assert "ReplacementHeaders" not in bob
    assert "ReplacementHeaders" not in eve
    assert [
        ("X-Note", "all"),
        ("X-Other", "all"),
        ("List-Unsubscribe", "<https://example.com/leave>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Metadata", '{"shop": 1, "order": 0}'),
        ("X-Tag", "welcome"),
    ] == [
        (header["Name"], header["Value"])
        for header in params["DefaultContent"]["Template"]["Headers"]
    ]


@pytest.mark.parametrize("field", ["merge_data", "merge_metadata", "merge_headers"])
def test_keys_in_another_spelling(field):
    """117: the keys match without regard to case and punycode."""
    value = {"merge_headers": {"X-A": "1"}}.get(field, {"a": 1})
    (call,) = build(
        {
            "to": ["Ada@Example.NET", "bob@xn--bcher-kva.example"],
            field: {"ada@example.net": value, "BOB@bücher.example": value},
        }
    )

    ada, bob = ({**entry, "Destination": None} for entry in call.params["BulkEmailEntries"])
    assert ada == bob
    if field == "merge_data":
        assert value == data_of(ada)
    else:
        header = ("X-A", "1") if field == "merge_headers" else ("X-Metadata", '{"a": 1}')
        assert [header] == headers_of(ada)


def test_unused_keys_are_logged(caplog):
    """117: keys that are no recipients' are reported, redacted; the batch goes on."""
    with caplog.at_level(logging.WARNING, "mailcore_ses"):
        build({"merge_data": {ADA: {}, "stranger@example.org": {}}})

    (record,) = caplog.records
    assert "merge_data: not among the recipients: s***@example.org (1)" == record.getMessage()


def test_an_address_twice():
    """116: an address that is listed twice gets one mail, and has one status."""
    (call,) = build({"to": [ADA, BOB, ADA.upper()], "merge_data": {}})

    assert (ADA, BOB) == call.recipients
    assert 2 == len(call.params["BulkEmailEntries"])


def test_fifty_destinations_in_a_call(valid):
    """112: more than 50 are several calls; everybody is in one of them, with their own data."""
    to = [f"user{n}@example.net" for n in range(120)]
    calls = build({"to": to, "merge_data": {to[70]: {"n": 70}}})

    assert [50, 50, 20] == [len(valid(call).params["BulkEmailEntries"]) for call in calls]
    assert to == [address for call in calls for address in call.recipients]
    assert {"n": 70} == data_of(calls[1].params["BulkEmailEntries"][20])


@pytest.mark.parametrize(("copies", "entries"), [(1, 25), (4, 10), (49, 1), (60, 1)])
def test_copies_count(copies, entries):
    """113: cc and bcc get a copy of every mail, and count among the 50 destinations."""
    cc = [f"copy{n}@example.org" for n in range(copies)]
    calls = build({"to": [f"u{n}@example.net" for n in range(30)], "cc": cc, "merge_data": {}})

    found = [call.params["BulkEmailEntries"] for call in calls]
    assert entries == len(found[0])
    assert all(cc == entry["Destination"]["CcAddresses"] for some in found for entry in some)
    named = [address for call in calls for address in call.recipients]
    assert len(named) == len(set(named)) == 30 + copies
    assert set(cc) <= set(calls[0].recipients)
    assert {tuple(cc)} == {call.copied for call in calls}


def test_bcc_stands_in_destinations_only():
    """48: a hidden recipient is named where SES delivers, and nowhere else."""
    (call,) = build({"bcc": ["H <hidden@example.org>"], "merge_data": {}})

    assert ("hidden@example.org",) == call.copied
    assert all(
        ["hidden@example.org"] == entry["Destination"]["BccAddresses"]
        for entry in call.params["BulkEmailEntries"]
    )
    assert "hidden" not in str({**call.params, "BulkEmailEntries": None})


def test_own_bodies_for_a_batch(valid):
    """57: without a template_id the message's own subject and bodies are filled in."""
    values = {ADA: {"n": 1}, BOB: {"m": 2}}
    own = {"template_id": None, "subject": "Hi {{n}}", "text": "x {{m}} {{l}}"}
    (call,) = build({**own, "merge_data": values, "merge_global_data": {"l": 3}})

    template = valid(call).params["DefaultContent"]["Template"]
    assert {"Subject": "Hi {{n}}", "Text": "x {{m}} {{l}}"} == template["TemplateContent"]
    # Who lacks a value that others have gets an empty text: SES would send nothing.
    assert {"n": "", "m": "", "l": 3} == json.loads(template["TemplateData"])
    assert [{"n": 1}, {"m": 2}, {}] == [data_of(entry) for entry in call.params["BulkEmailEntries"]]


def test_tags_of_messages_and_recipients(valid):
    """Message tags of the provider, of the message, and of single recipients (ReplacementTags)."""
    (call,) = build(
        {
            "tags": ["spring"],
            "merge_data": {},
            "esp_extra": ses_options(recipient_tags={"ADA@example.net": {"group": "a"}}),
        },
        email_tags={"shop": "books", "campaign": "none"},
        message_tag_name="campaign",
    )

    params = valid(call).params
    assert [
        {"Name": "shop", "Value": "books"},
        {"Name": "campaign", "Value": "spring"},
    ] == params["DefaultEmailTags"]
    ada, bob, _ = params["BulkEmailEntries"]
    assert [{"Name": "group", "Value": "a"}] == ada["ReplacementTags"]
    assert "ReplacementTags" not in bob


def test_extra_of_the_message_is_in_every_call(valid):
    """62, 120: esp_extra wins in each call, under the names that SendBulkEmail has."""
    to = [f"user{n}@example.net" for n in range(60)]
    calls = build(
        {
            "to": to,
            "merge_data": {},
            "esp_extra": ses_options(
                configuration_set_name="other", tenant_name="acme", email_tags={"a": "b"}
            ),
        },
        configuration_set_name="tracking",
        email_tags={"shop": "books"},
    )

    for call in calls:
        params = valid(call).params
        assert ("other", "acme") == (params["ConfigurationSetName"], params["TenantName"])
        assert [{"Name": "a", "Value": "b"}] == params["DefaultEmailTags"]
        assert "EmailTags" not in params


def test_building_does_not_change_the_message():
    """30: neither the message nor what it was made of changes."""
    extra = ses_options(recipient_tags={ADA: {"a": "b"}}, email_tags={"c": "d"})
    message = Message(**BASE, merge_data={ADA: {"n": {"deep": 1}}}, esp_extra=extra)
    before = message.to_dict()

    first = SesProvider().build(message)
    first[0].params["BulkEmailEntries"][0]["ReplacementTags"].append("x")
    second = SesProvider().build(message)

    assert before == message.to_dict()
    assert [{"Name": "a", "Value": "b"}] == (
        second[0].params["BulkEmailEntries"][0]["ReplacementTags"]
    )


def test_calls_of_a_batch_are_written_one_at_a_time():
    """What was sent already takes no memory: each is made when it is looked at."""
    to = [f"user{number}@example.net" for number in range(120)]
    message = Message(
        from_email="a@example.com",
        to=to,
        template_id="t",
        merge_data={address: {"name": address} for address in to},
    )
    calls = SesProvider().build(message)

    assert [50, 50, 20] == [len(call.recipients) for call in calls]
    assert calls[1] is not calls[1]
    assert calls[1] == calls[1]


def test_what_may_fail_is_written_before_the_first_call():
    """Headers of recipients are looked at all together: nothing fails after the first call."""
    to = [f"user{number}@example.net" for number in range(60)]
    message = Message(
        from_email="a@example.com",
        to=to,
        template_id="t",
        merge_headers={address: {"X-Of": address} for address in to},
    )
    calls = SesProvider().build(message)

    assert calls[1] is calls[1]
