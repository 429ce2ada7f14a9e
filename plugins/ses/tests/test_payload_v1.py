"""The parameters of SES API v1."""

from __future__ import annotations

import json

import pytest

from mailcore import Attachment, Mailer, Message, SendStatus, UnsupportedFeature
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore.testing.script import Script
from mailcore_ses import AwsResponse, SesProvider, ses_options


ADA, BOB = "ada@example.net", "bob@example.net"
ARN = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
TEMPLATE_ARN = "arn:aws:ses:eu-west-1:123456789012:template/welcome"
RAW = {"from_email": "Shop <shop@example.com>", "to": [ADA], "subject": "Hi", "text": "x"}
TEMPLATE = {"from_email": "Shop <shop@example.com>", "to": [ADA, BOB], "template_id": "welcome"}


def build(fields: dict, **options: object):
    """The calls of a message that passed the checks."""
    provider = SesProvider(**{"api_version": "v1", **options})
    return provider.build(checked(provider, Message(**fields), Hooks(), {}))


def test_raw_email(valid):
    """SendRawEmail: bounces go to Source, everybody is a destination."""
    (call,) = build(
        {
            **RAW,
            "cc": ["c@faß.example"],
            "bcc": ["d@example.net"],
            "envelope_sender": "bounce@příklad.example",
            "tags": ["offer"],
        },
        configuration_set_name="tracking",
        message_tag_name="kind",
        from_identity_arn=ARN,
        feedback_identity_arn=ARN,
    )

    assert "SendRawEmail" == valid(call).operation
    data = call.params["RawMessage"]["Data"]
    assert b"X-Tag: offer" in data
    assert {
        "Source": "bounce@xn--pklad-zsa96e.example",
        "Destinations": [ADA, "c@xn--fa-hia.example", "d@example.net"],
        "RawMessage": {"Data": data},
        "FromArn": ARN,
        "SourceArn": ARN,
        "ReturnPathArn": ARN,
        "Tags": [{"Name": "kind", "Value": "offer"}],
        "ConfigurationSetName": "tracking",
    } == call.params


def test_source_identity_of_its_own(valid):
    """The ARNs of source and From may differ."""
    (call,) = build(RAW, from_identity_arn=ARN, source_identity_arn=f"{ARN}2")

    assert (ARN, f"{ARN}2") == (valid(call).params["FromArn"], call.params["SourceArn"])


def test_individual(valid):
    """One SendRawEmail for each recipient, with own headers and message tags."""
    extra = ses_options(recipient_tags={ADA: {"group": "a"}}, email_tags={"shop": "books"})
    ada, bob = build({**RAW, "to": [ADA, BOB], "merge_headers": {}, "esp_extra": extra})

    assert [[ADA], [BOB]] == [valid(call).params["Destinations"] for call in (ada, bob)]
    assert [{"Name": "shop", "Value": "books"}, {"Name": "group", "Value": "a"}] == (
        ada.params["Tags"]
    )
    assert [{"Name": "shop", "Value": "books"}] == bob.params["Tags"]


@pytest.mark.parametrize(
    ("template_id", "expected"),
    [
        ("welcome", {"Template": "welcome"}),
        (TEMPLATE_ARN, {"Template": "welcome", "TemplateArn": TEMPLATE_ARN}),
    ],
)
def test_template(template_id, expected, valid):
    """SendTemplatedEmail, with the name or the ARN."""
    (call,) = build(
        {
            **TEMPLATE,
            "template_id": template_id,
            "envelope_sender": "bounce@example.com",
            "reply_to": ["r@example.com"],
            "merge_global_data": {"a": 1},
        },
        from_identity_arn=ARN,
    )

    assert "SendTemplatedEmail" == valid(call).operation
    assert {
        "Source": "Shop <shop@example.com>",
        "Destination": {"ToAddresses": [ADA, BOB]},
        "ReplyToAddresses": ["r@example.com"],
        "ReturnPath": "bounce@example.com",
        "SourceArn": ARN,
        **expected,
        "TemplateData": '{"a": 1}',
    } == call.params


def test_bulk(valid):
    """SendBulkTemplatedEmail: 50 destinations in a call, each with own data and tags."""
    to = [f"user{n}@example.net" for n in range(60)]
    first, second = build(
        {
            **TEMPLATE,
            "to": to,
            "merge_data": {to[0]: {"n": 0}},
            "merge_global_data": {"shop": 1},
            "esp_extra": ses_options(recipient_tags={to[0]: {"group": "a"}}),
        },
        email_tags={"shop": "books"},
    )

    assert [50, 10] == [len(valid(call).params["Destinations"]) for call in (first, second)]
    assert {
        "Destination": {"ToAddresses": [to[0]]},
        "ReplacementTags": [{"Name": "group", "Value": "a"}],
        "ReplacementTemplateData": '{"n": 0}',
    } == first.params["Destinations"][0]
    assert "{}" == first.params["Destinations"][1]["ReplacementTemplateData"]
    assert {"shop": 1} == json.loads(first.params["DefaultTemplateData"])
    assert [{"Name": "shop", "Value": "books"}] == first.params["DefaultTags"]


def test_copies_of_a_batch(valid):
    """Everybody in cc and bcc gets a copy of every mail; SES writes the names of cc."""
    fields = {"cc": ["Ç <c@faß.example>"], "bcc": ["D <d@bücher.example>"], "merge_data": {}}
    (call,) = build({**TEMPLATE, **fields})

    for entry, to in zip(valid(call).params["Destinations"], (ADA, BOB), strict=True):
        assert {
            "ToAddresses": [to],
            "CcAddresses": ["=?utf-8?b?w4c=?= <c@xn--fa-hia.example>"],
            "BccAddresses": ["d@xn--bcher-kva.example"],
        } == entry["Destination"]


def test_results_of_entries():
    """The statuses of v1 are spelled otherwise, and mean the same."""
    results = [
        {"Status": "Success", "MessageId": "id-0"},
        {"Status": "AccountThrottled", "Error": "slow"},
    ]
    answer = AwsResponse(status_code=200, body={"Status": results})
    mailer = Mailer(SesProvider(api_version="v1"), transport=Script([answer]))

    result = mailer.send(Message(**TEMPLATE, merge_data={}))

    ada, bob = result.recipients[ADA], result.recipients[BOB]
    assert (SendStatus.QUEUED, "id-0") == (ada.status, ada.message_id)
    assert (SendStatus.FAILED, "AccountThrottled", True) == (bob.status, bob.code, bob.retryable)


PDF = Attachment("a.pdf", b"%PDF", "application/pdf")
REFUSED = [
    # message, its field or feature
    ({**RAW, "track_opens": True}, "track_opens"),
    ({**RAW, "track_clicks": False}, "track_clicks"),
    ({**RAW, "esp_extra": ses_options(tenant_name="a")}, "esp_extra['ses']['TenantName']"),
    ({**RAW, "esp_extra": ses_options(content="simple")}, "esp_extra['ses']['Content']"),
    ({**RAW, "text": "{{a}}", "merge_data": {ADA: {"a": 1}}}, "merge_data"),
    ({**RAW, "text": "{{a}}", "merge_global_data": {"a": 1}}, "merge_global_data"),
    ({**TEMPLATE, "headers": {"X-A": "1"}}, "headers"),
    ({**TEMPLATE, "unsubscribe": "https://example.com/"}, "unsubscribe"),
    ({**TEMPLATE, "metadata": {"a": 1}}, "metadata"),
    ({**TEMPLATE, "tags": ["a"]}, "tags"),
    ({**TEMPLATE, "attachments": [PDF]}, "attachments"),
    ({**TEMPLATE, "merge_metadata": {ADA: {"a": 1}}}, "merge_metadata"),
    ({**TEMPLATE, "merge_headers": {ADA: {"X-A": "1"}}}, "merge_headers"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_v1_cannot_express(fields, field):
    """What API v1 has no parameter for is refused with the reason."""
    with pytest.raises(UnsupportedFeature, match="API v") as caught:
        build(fields)

    assert [field] == [problem.field for problem in caught.value.problems]


def test_tag_of_a_template(valid):
    """With message_tag_name a template of v1 can have its one tag."""
    (call,) = build({**TEMPLATE, "tags": ["offer"]}, message_tag_name="kind")

    assert [{"Name": "kind", "Value": "offer"}] == valid(call).params["Tags"]
