"""Complete message → SendEmail with raw content; numbers are of the list of behaviours."""

from __future__ import annotations

import email
import email.policy
import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, Message
from mailcore_ses import SesProvider
from mailcore_ses.payload import encode_tag


def message(**fields: object) -> Message:
    """A short message with the fields given."""
    defaults = {"from_email": "shop@example.com", "to": ["ada@example.net"], "subject": "Hi"}
    return Message(**{**defaults, "text": "Hello", **fields})


def parameters(options: dict | None = None, **fields: object) -> dict:
    """The parameters of the one call that sends it."""
    (call,) = SesProvider(**options or {}).build(message(**fields))
    assert ("sesv2", "SendEmail") == (call.service, call.operation)
    return dict(call.params)


def mime(**fields: object):
    """The MIME message in its parameters, parsed by the standard library."""
    data = parameters(**fields)["Content"]["Raw"]["Data"]
    return email.message_from_bytes(data, policy=email.policy.default)


def test_no_optional_keys():
    """A plain message needs its recipients and its content, and nothing else."""
    found = parameters()

    assert {"Destination", "Content"} == set(found)
    assert {"ToAddresses": ["ada@example.net"]} == found["Destination"]
    assert {"Raw"} == set(found["Content"])


def test_destination_has_bare_addresses_in_punycode():
    """53, 106: names stay in the header; domains are encoded by the one encoder."""
    found = parameters(
        to=["Ada <ada@faß.example>", '"Büro, Süd" <b@example.net>'],
        cc=["c@example.net"],
        bcc=["d@bücher.example"],
    )

    expected = {
        "ToAddresses": ["ada@xn--fa-hia.example", "b@example.net"],
        "CcAddresses": ["c@example.net"],
        "BccAddresses": ["d@xn--bcher-kva.example"],
    }
    assert expected == found["Destination"]


def test_bcc_is_not_in_the_content():
    """48: hidden recipients stand in the Destination only."""
    data = parameters(bcc=["hidden@example.org"])["Content"]["Raw"]["Data"]

    assert b"hidden" not in data
    assert b"\nbcc:" not in data.lower()


def test_raw_data_is_ascii_bytes():
    """49: whatever the message holds, SES gets seven-bit bytes."""
    data = parameters(
        subject="Grüße",
        text="Ä" * 2000,
        attachments=[Attachment("Übersicht.txt", "ä".encode("latin-1"), "text/plain")],
    )["Content"]["Raw"]["Data"]

    assert isinstance(data, bytes)
    assert data.isascii()


def test_envelope_sender_becomes_the_feedback_address():
    """107: bounces go to the envelope sender, its domain encoded."""
    found = parameters(envelope_sender="bounce@příklad.example")

    assert "bounce@xn--pklad-zsa96e.example" == found["FeedbackForwardingEmailAddress"]


def test_configuration_set():
    """The provider's configuration set goes along with each message."""
    found = parameters({"configuration_set_name": "tracking"})

    assert "tracking" == found["ConfigurationSetName"]


def test_esp_extra_is_merged_last():
    """62, 120: raw parameters merge into the request and win; other providers' are ignored."""
    found = parameters(
        {"configuration_set_name": "tracking"},
        esp_extra={
            "ses": {
                "ConfigurationSetName": "other",
                "EmailTags": [{"Name": "a", "Value": "b"}],
                "Destination": {"CcAddresses": ["c@example.net"]},
            },
            "postmark": {"MessageStream": "x"},
        },
    )

    assert "other" == found["ConfigurationSetName"]
    assert [{"Name": "a", "Value": "b"}] == found["EmailTags"]
    assert {"ToAddresses", "CcAddresses"} == set(found["Destination"])
    assert "MessageStream" not in found


def test_spoofed_to_stays_in_the_header():
    """25: readers see the To header given; the mail goes to the recipients."""
    fields = {"headers": {"To": "Members <members@example.com>"}}

    assert ["ada@example.net"] == parameters(**fields)["Destination"]["ToAddresses"]
    assert "Members <members@example.com>" == mime(**fields)["To"]


@pytest.mark.parametrize("api_version", ["v2", "v1"])
def test_several_authors_stand_in_the_header(api_version):
    """SES is told no one FromEmailAddress; the mail has the Sender that it then needs."""
    message = Message(
        from_email=["Shop <shop@example.com>", "desk@bücher.example"],
        to=["ada@example.net"],
        text="t",
    )
    provider = SesProvider(region_name="eu-west-1", api_version=api_version)
    assert [] == list(provider.check(message))
    (call,) = provider.build(message)

    found = call.params["Content"]["Raw"] if api_version == "v2" else call.params["RawMessage"]
    mail = email.message_from_bytes(found["Data"], policy=email.policy.default)
    assert "Shop <shop@example.com>, desk@xn--bcher-kva.example" == mail["From"]
    assert "Shop <shop@example.com>" == mail["Sender"]
    assert not {"FromEmailAddress", "Source"} & set(call.params)


def test_metadata_is_one_json_header():
    """54, 97: metadata survives as JSON, whatever stands in its values."""
    metadata = {
        "user": 42,
        "note": "two\nlines",
        "url": f"https://example.com/{'x' * 110}",
        "ü": "é",
    }
    found = mime(metadata=metadata)

    assert 1 == len(found.get_all("X-Metadata"))
    assert metadata == json.loads(found["X-Metadata"])


def test_empty_metadata_is_left_out():
    """102: no X-Metadata header for no metadata."""
    assert mime(metadata={})["X-Metadata"] is None


def test_tags_are_headers_and_no_message_tags():
    """55: each tag is a header of its own, in order."""
    tags = ["Transactional", "Cohort 12/2017"]

    assert tags == mime(tags=tags).get_all("X-Tag")
    assert "EmailTags" not in parameters(tags=tags)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60))
def test_tags_are_encoded_symmetrically(tag):
    """99: what is sent is what a reader of RFC 2047 gets back, in ASCII on the way."""
    encoded = encode_tag(tag)
    header = email.message_from_string(f"X-Tag: {encoded}\n\n", policy=email.policy.default)

    assert encoded.isascii()
    assert tag == str(header["X-Tag"])


CASES = {
    "plain": {},
    "everything": {
        "html": "<p>Hello</p>",
        "cc": ["c@example.net"],
        "bcc": ["d@example.net"],
        "reply_to": ["r@example.net", "s@example.net"],
        "envelope_sender": "bounce@example.com",
        "metadata": {"a": 1},
        "tags": ["x"],
        "unsubscribe": "https://example.com/leave",
        "attachments": [("a.pdf", b"%PDF", "application/pdf")],
    },
    "template-free subject": {"subject": None},
}


@pytest.mark.parametrize("fields", CASES.values(), ids=CASES)
def test_parameters_are_valid_for_botocore(fields, valid):
    """Every request fits botocore's model."""
    for call in SesProvider().build(message(**fields)):
        valid(call)
