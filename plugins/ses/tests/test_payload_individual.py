"""Batches without a template: a message written for each recipient."""

from __future__ import annotations

import email
import email.policy
import json
import pickle
import tracemalloc

import pytest

from mailcore import InvalidMessage, Message, UnsupportedFeature
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_ses import SesProvider, ses_options


ADA, BOB = "ada@example.net", "bob@example.net"
BASE = {
    "from_email": "shop@example.com",
    "to": [f"Ada <{ADA}>", BOB],
    "subject": "Hi",
    "text": "Hello {{not a template}}",
    "merge_metadata": {},
}


def build(fields: dict, **options: object):
    """The calls of a message that passed the checks."""
    provider = SesProvider(**options)
    return provider.build(checked(provider, Message(**{**BASE, **fields}), Hooks(), {}))


def mime(call):
    """The mail in a call."""
    data = call.params["Content"]["Raw"]["Data"]
    return email.message_from_bytes(data, policy=email.policy.default)


def test_everybody_has_an_own_mail(valid):
    """Each recipient has an own To line, metadata and headers, and the text as it is."""
    ada, bob = build(
        {
            "metadata": {"shop": 1},
            "headers": {"X-Note": "all"},
            "tags": ["t"],
            "merge_metadata": {ADA.upper(): {"order": 7}},
            "merge_headers": {BOB: {"x-note": "Bob's"}},
            "unsubscribe": "https://example.com/leave",
        },
        configuration_set_name="tracking",
    )

    assert f"Ada <{ADA}>" == mime(valid(ada))["To"]
    assert [ADA] == ada.params["Destination"]["ToAddresses"]
    assert {"shop": 1, "order": 7} == json.loads(mime(ada)["X-Metadata"])
    assert {"shop": 1} == json.loads(mime(valid(bob))["X-Metadata"])
    assert ["all", "Bob's"] == [mime(call)["X-Note"] for call in (ada, bob)]
    assert BASE["text"] == mime(bob).get_content().rstrip("\n")
    assert {"tracking"} == {call.params["ConfigurationSetName"] for call in (ada, bob)}
    assert [(ADA,), (BOB,)] == [call.recipients for call in (ada, bob)]


def test_own_link_to_unsubscribe():
    """A List-Unsubscribe of a recipient replaces the message's; one click stays."""
    ada, bob = build(
        {
            "unsubscribe": "https://example.com/leave",
            "merge_headers": {ADA: {"List-Unsubscribe": "<https://example.com/ada>"}},
        }
    )

    assert ["<https://example.com/ada>"] == mime(ada).get_all("List-Unsubscribe")
    assert ["<https://example.com/leave>"] == mime(bob).get_all("List-Unsubscribe")
    for call in (ada, bob):
        assert ["List-Unsubscribe=One-Click"] == mime(call).get_all("List-Unsubscribe-Post")


def test_own_reply_to():
    """A recipient may have an own Reply-To: here we write the header."""
    ada, bob = build(
        {"reply_to": ["all@example.com"], "merge_headers": {ADA: {"Reply-To": "a@example.com"}}}
    )

    assert ["a@example.com"] == mime(ada).get_all("Reply-To")
    assert ["all@example.com"] == mime(bob).get_all("Reply-To")


def test_simple_content_for_each(valid):
    """The same with simple content."""
    ada, bob = build({"merge_headers": {ADA: {"X-A": "1"}}}, content="simple")

    assert [f"Ada <{ADA}>"] == valid(ada).params["Destination"]["ToAddresses"]
    assert [{"Name": "X-A", "Value": "1"}] == ada.params["Content"]["Simple"]["Headers"]
    assert "Headers" not in valid(bob).params["Content"]["Simple"]


def test_tags_of_single_recipients(valid):
    """Message tags of a recipient are merged over the others by name."""
    ada, bob = build(
        {"esp_extra": ses_options(recipient_tags={ADA: {"group": "a"}})},
        email_tags={"group": "all", "shop": "books"},
    )

    everybody = [{"Name": "group", "Value": "all"}, {"Name": "shop", "Value": "books"}]
    assert [{"Name": "group", "Value": "a"}, everybody[1]] == valid(ada).params["EmailTags"]
    assert everybody == valid(bob).params["EmailTags"]


@pytest.mark.parametrize("api_version", ["v2", "v1"])
def test_tags_of_single_recipients_alone(api_version, valid):
    """A recipient may have tags where nobody else has any."""
    ada, bob = build(
        {"esp_extra": ses_options(recipient_tags={ADA: {"group": "a"}})}, api_version=api_version
    )

    name = "EmailTags" if api_version == "v2" else "Tags"
    assert [{"Name": "group", "Value": "a"}] == valid(ada).params[name]
    assert name not in valid(bob).params


def test_copies_are_blamed_on_the_first_call():
    """113: cc and bcc get a copy of every mail, and are named by one call."""
    ada, bob = build({"cc": ["c@example.org", BOB], "bcc": ["d@example.org"]})

    assert (ADA, "c@example.org", "d@example.org") == ada.recipients
    assert (BOB,) == bob.recipients
    for call in (ada, bob):
        assert ["c@example.org"] == call.params["Destination"]["CcAddresses"]
        assert ["d@example.org"] == call.params["Destination"]["BccAddresses"]


@pytest.mark.parametrize(
    ("fields", "raised"),
    [
        ({"merge_headers": {BOB: {"To": "x@example.com"}}}, UnsupportedFeature),
        ({"merge_headers": {BOB: {"X-SES-A": "x"}}}, UnsupportedFeature),
        ({"merge_metadata": {BOB: {"a": "x" * 1200}}}, UnsupportedFeature),
        ({"to": None, "cc": [ADA]}, UnsupportedFeature),
        ({"merge_headers": {BOB: {"List-Help": "Grüße"}}}, InvalidMessage),
    ],
    ids=["To", "X-SES", "98", "114", "no ASCII"],
)
def test_what_is_wrong_with_one_is_found_before_the_first(fields, raised):
    """A recipient whose mail cannot be written stops the batch before anything is sent."""
    with pytest.raises(raised):
        build(fields)


def test_memory_of_one_message():
    """A batch with an attachment does not hold the attachment once for each recipient."""
    size = 500_000
    to = [f"user{n}@example.net" for n in range(20)]
    fields = {"to": to, "attachments": [("a.bin", b"\xff" * size, "application/octet-stream")]}
    calls = build(fields)
    tracemalloc.start()
    lengths = {len(call.params["Content"]["Raw"]["Data"]) // size for call in calls}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert {1} == lengths
    assert peak < 6 * size


def test_calls_are_a_sequence():
    """The calls can be counted, sliced, repeated and pickled like a list of them."""
    calls = build({"to": [f"user{n}@example.net" for n in range(5)]})

    assert 5 == len(calls)
    assert [call.recipients for call in calls[2:]] == [calls[n].recipients for n in (2, 3, 4)]
    assert calls[-1].recipients == calls[4].recipients
    with pytest.raises(IndexError):
        calls[5]
    copy = pickle.loads(pickle.dumps(calls[0]))
    assert copy.params["Destination"] == calls[0].params["Destination"]
