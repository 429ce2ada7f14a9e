from __future__ import annotations

import copy

from typing import Any

import pytest

from botocore.exceptions import ClientError

from mailcore_local.ses import ServiceError
from mailcore_local.ses.limits import MAX_MESSAGE_BYTES, check_size


SIMPLE: dict[str, Any] = {
    "FromEmailAddress": "shop@example.com",
    "Destination": {"ToAddresses": ["ada@example.net"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
}


def simple(**changes: Any) -> dict[str, Any]:
    """A good request, changed."""
    return {**copy.deepcopy(SIMPLE), **changes}


def content(**members: Any) -> dict[str, Any]:
    """A good request with other simple content."""
    request = simple()
    request["Content"]["Simple"].update(members)
    return request


def raw(data: bytes, **changes: Any) -> dict[str, Any]:
    """A request with raw content."""
    return {"Content": {"Raw": {"Data": data}}, **changes}


def to(*addresses: str) -> dict[str, Any]:
    """A good request with these To addresses."""
    return simple(Destination={"ToAddresses": list(addresses)})


def attachment(**members: Any) -> dict[str, Any]:
    """A good request with an attachment."""
    return content(Attachments=[{"FileName": "a.pdf", "RawContent": b"x", **members}])


def headers(*pairs: tuple[str, str]) -> dict[str, Any]:
    """A good request with these headers."""
    return content(Headers=[{"Name": name, "Value": value} for name, value in pairs])


def without(key: str) -> dict[str, Any]:
    """A good request with a member missing."""
    request = simple()
    del request[key]
    return request


def tag(name: str, value: str) -> dict[str, Any]:
    """A good request with a tag."""
    return simple(EmailTags=[{"Name": name, "Value": value}])


def template(**members: Any) -> dict[str, Any]:
    """A good request with a template."""
    return simple(Content={"Template": members})


HEADER = b"From: a@example.com\r\nTo: b@example.net\r\n"
BAD = "BadRequestException"

REFUSED = {
    "51 recipients": (
        to(*[f"r{n}@example.net" for n in range(51)]),
        BAD,
        "Recipient count exceeds 50",
    ),
    "51 recipients over To, Cc and Bcc": (
        simple(
            Destination={
                "ToAddresses": ["a@example.net"] * 17,
                "CcAddresses": ["b@example.net"] * 17,
                "BccAddresses": ["c@example.net"] * 17,
            }
        ),
        BAD,
        "Recipient count exceeds 50",
    ),
    "no recipients": (simple(Destination={}), BAD, "no recipients"),
    "no sender": (without("FromEmailAddress"), BAD, "FromEmailAddress"),
    "no domain": (to("ada"), BAD, "Missing final '@domain'"),
    "empty domain": (to("ada@"), BAD, "Missing final '@domain'"),
    "no local part": (to("@example.net"), BAD, "Missing local name"),
    "SMTPUTF8 local part": (to("jörg@example.net"), BAD, "SMTPUTF8"),
    "domain that is not Punycode": (to("ada@exämple.net"), BAD, "Punycode"),
    "domain with a space": (to("ada@exa mple.net"), BAD, "Domain contains illegal character"),
    "local part with a space": (to("a da@example.net"), BAD, "Local address"),
    "encoded word as address": (to("=?utf-8?q?a?= b@example.net"), BAD, "Local address"),
    "line break in an address": (to("ada@example.net\r\nBcc: x@example.net"), BAD, "control"),
    "two addresses in one": (to("a@example.net, b@example.net"), BAD, "Local address"),
    "bad reply-to": (simple(ReplyToAddresses=["nobody"]), BAD, "Missing final '@domain'"),
    "no content": (simple(Content={}), BAD, "exactly one of Simple, Raw and Template"),
    "two contents": (
        simple(Content={**SIMPLE["Content"], "Raw": {"Data": HEADER + b"\r\n"}}),
        BAD,
        "exactly one of Simple, Raw and Template",
    ),
    "unknown charset": (
        content(Subject={"Data": "ü", "Charset": "utf-99"}),
        BAD,
        "Unknown charset",
    ),
    "charset too small": (content(Subject={"Data": "ü", "Charset": "ascii"}), BAD, "charset"),
    "line break in the subject": (content(Subject={"Data": "a\r\nBcc: x"}), BAD, "line break"),
    "blocked extension": (attachment(FileName="Setup.EXE"), BAD, "Illegal filename"),
    "blocked extension before a dot": (attachment(FileName="x.vbs."), BAD, "Illegal filename"),
    "content type that is none": (attachment(ContentType="pdf"), BAD, "ContentType"),
    "eight bits as SEVEN_BIT": (
        attachment(RawContent=b"\xff", ContentTransferEncoding="SEVEN_BIT"),
        BAD,
        "SEVEN_BIT",
    ),
    "long file name": (attachment(FileName="a" * 256), BAD, "FileName must have length"),
    "enumeration": (attachment(ContentDisposition="HIDDEN"), BAD, "ATTACHMENT, INLINE"),
    "16 headers": (headers(*[(f"X-{n}", "v") for n in range(16)]), BAD, "Headers must have length"),
    "header name pattern": (headers(("X Y", "v")), BAD, "must match"),
    "header value pattern": (headers(("X-Y", "v\r\nBcc: x@example.net")), BAD, "must match"),
    "header of 997 characters": (headers(("X" * 10, "v" * 987)), BAD, "996"),
    "header that SES sets": (headers(("Message-ID", "<a@b>")), BAD, "set by SES"),
    "single-instance header twice": (
        headers(("List-Id", "a"), ("list-id", "b")),
        BAD,
        "Duplicate header",
    ),
    "tag name": (tag("a.b", "c"), BAD, "Invalid tag name"),
    "tag value": (tag("a", "b c"), BAD, "Invalid tag value"),
    "tag of 257 characters": (tag("a" * 257, "b"), BAD, "Invalid tag name"),
    "tag twice": (
        simple(EmailTags=[{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]),
        BAD,
        "Duplicate tag",
    ),
    "unknown configuration set": (
        simple(ConfigurationSetName="nope"),
        "NotFoundException",
        "Configuration set <nope> does not exist.",
    ),
    "unknown template": (template(TemplateName="nope"), "NotFoundException", "Template nope"),
    "template without a name": (template(TemplateData="{}"), BAD, "exactly one of TemplateName"),
    "inline template with a block": (
        template(TemplateContent={"Subject": "{{#if a}}b{{/if}}"}),
        BAD,
        "plain substitution",
    ),
    "template data that is no JSON": (
        template(TemplateContent={"Subject": "s"}, TemplateData="{"),
        BAD,
        "not valid JSON",
    ),
    "template data that is no object": (
        template(TemplateContent={"Subject": "s"}, TemplateData="[]"),
        BAD,
        "not a JSON object",
    ),
    "template data of 262145": (
        template(TemplateContent={"Subject": "s"}, TemplateData=" " * 262_145),
        BAD,
        "TemplateData must have length",
    ),
    "raw without a body": (raw(HEADER), BAD, "blank line"),
    "raw without From": (raw(b"To: b@example.net\r\n\r\nx"), BAD, "Missing required header 'From'"),
    "raw with an empty From": (raw(b"From: \r\nTo: b@example.net\r\n\r\nx"), BAD, "Missing final"),
    "raw line of 1001": (raw(HEADER + b"\r\n" + b"x" * 999), BAD, "Line 4 is longer than 1000"),
    "raw header twice": (
        raw(HEADER + b"Subject: a\r\nSUBJECT: b\r\n\r\nx"),
        BAD,
        "Duplicate header",
    ),
    "raw blocked attachment": (
        raw(HEADER + b'Content-Disposition: attachment; filename="run.js"\r\n\r\nx'),
        BAD,
        "Illegal filename 'run.js'",
    ),
    "raw blocked attachment, RFC 2231": (
        raw(HEADER + b"Content-Disposition: attachment; filename*=utf-8''r%75n.bat\r\n\r\nx"),
        BAD,
        "Illegal filename 'run.bat'",
    ),
    "raw recipient with SMTPUTF8": (
        raw("From: a@example.com\r\nTo: jörg@example.net\r\n\r\nx".encode()),
        BAD,
        "SMTPUTF8",
    ),
    "raw message tag": (
        raw(HEADER + b"X-SES-MESSAGE-TAGS: a b=c\r\n\r\nx"),
        BAD,
        "Invalid tag name",
    ),
}


@pytest.mark.parametrize(("request_", "code", "text"), REFUSED.values(), ids=REFUSED)
def test_what_ses_refuses(shared_ses, shared_client, request_: Any, code: str, text: str):
    """Each documented limit is refused with SES's error code, and nothing is kept."""
    before = len(shared_ses.messages)

    with pytest.raises(ClientError) as caught:
        shared_client.send_email(**request_)

    error = caught.value.response["Error"]
    status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert code == error["Code"]
    assert text in error["Message"]
    assert (404 if code == "NotFoundException" else 400) == status
    assert before == len(shared_ses.messages)


ACCEPTED = {
    "50 recipients": to(*[f"r{n}@example.net" for n in range(50)]),
    "quoted local part": to('"a b"@example.net'),
    "Punycode": to("ada@xn--exmple-cua.net"),
    "display name with a bracketed address": to('"Ada, <x>" <ada@example.net>'),
    "15 headers": headers(*[(f"X-{n}", "v") for n in range(15)]),
    "header of 996 characters": headers(("X" * 10, "v" * 986)),
    "256-character tag": tag("a" * 256, "b" * 256),
    "feedback tag": tag("ses:feedback-id-a", "campaign"),
    "raw line of 1000": raw(HEADER + b"\r\n" + b"x" * 998 + b"\r\n"),
    "raw with bare LF": raw(HEADER.replace(b"\r\n", b"\n") + b"\nx"),
    "raw with two From addresses": raw(
        b"From: a@example.com, b@example.com\r\nTo: c@example.net\r\n\r\nx"
    ),
    "raw with 8-bit headers": raw(HEADER + "Subject: ü\r\n\r\nx".encode()),
    "repeated header that may repeat": headers(("X-Tag", "a"), ("X-Tag", "b")),
    "list management and tenant": simple(
        ListManagementOptions={"ContactListName": "l"}, TenantName="t"
    ),
}


@pytest.mark.parametrize("request_", ACCEPTED.values(), ids=ACCEPTED)
def test_what_ses_takes(shared_ses, shared_client, request_: Any):
    """The last value inside each limit is accepted."""
    sent = shared_client.send_email(**request_)

    assert sent["MessageId"] == shared_ses.messages[-1].message_id


def test_size_of_a_message():
    """40 MB are the limit, to the octet."""
    check_size(bytes(MAX_MESSAGE_BYTES))

    with pytest.raises(ServiceError, match="more than 41943040 bytes"):
        check_size(bytes(MAX_MESSAGE_BYTES + 1))


@pytest.mark.slow
def test_message_over_40_megabytes(shared_client):
    """A message may have 40 MB and not one octet more, through boto3."""
    limit = 40 * 1024 * 1024
    line = b"x" * 998 + b"\r\n"
    body = (line * (limit // 1000 + 1))[: limit - len(HEADER) - 2]

    shared_client.send_email(Content={"Raw": {"Data": HEADER + b"\r\n" + body}})
    with pytest.raises(shared_client.exceptions.BadRequestException) as caught:
        shared_client.send_email(Content={"Raw": {"Data": HEADER + b"\r\n" + body + b"x"}})

    assert "more than 41943040 bytes" in caught.value.response["Error"]["Message"]


BULK: dict[str, Any] = {
    "FromEmailAddress": "shop@example.com",
    "DefaultContent": {"Template": {"TemplateContent": {"Subject": "{{a}}", "Text": "t"}}},
    "BulkEmailEntries": [{"Destination": {"ToAddresses": ["ada@example.net"]}}],
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"BulkEmailEntries": []}, "empty"),
        ({"BulkEmailEntries": BULK["BulkEmailEntries"] * 51}, "More than 50"),
        ({"DefaultContent": {}}, "Template"),
        ({"FromEmailAddress": "nobody"}, "Missing final"),
    ],
)
def test_bulk_requests_that_are_refused(shared_client, changes: Any, text: str):
    """What is wrong with the whole bulk request refuses the whole of it."""
    with pytest.raises(shared_client.exceptions.BadRequestException) as caught:
        shared_client.send_bulk_email(**{**BULK, **changes})

    assert text in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"ConfigurationSetName": "nope"}, "CONFIGURATION_SET_NOT_FOUND"),
        ({"DefaultContent": {"Template": {"TemplateName": "nope"}}}, "TEMPLATE_NOT_FOUND"),
        ({"BulkEmailEntries": [{"Destination": {}}]}, "INVALID_PARAMETER"),
    ],
)
def test_bulk_entries_that_fail(shared_client, changes: Any, status: str):
    """What is wrong with one message is that entry's status."""
    answer = shared_client.send_bulk_email(**{**BULK, **changes})

    assert [status] == [entry["Status"] for entry in answer["BulkEmailEntryResults"]]


def test_daily_quota_and_sending_rate(start, connect):
    """Quota and rate have one code and two texts, and count recipients."""
    now = [1_000_000.0]
    ses = start(max_24_hour_send=5, max_send_rate=2, clock=lambda: now[0])
    client = connect(ses)

    def send(count: int) -> str:
        """What became of a message to `count` recipients."""
        try:
            client.send_email(**to(*[f"r{n}@example.net" for n in range(count)]))
        except ClientError as refused:
            return f"{refused.response['Error']['Code']}: {refused.response['Error']['Message']}"
        return "sent"

    assert "sent" == send(2)
    assert "ThrottlingException: Maximum sending rate exceeded." == send(1)
    now[0] += 1
    assert "sent" == send(2)
    now[0] += 1
    assert "ThrottlingException: Daily message quota exceeded." == send(2)
    assert 4.0 == client.get_account()["SendQuota"]["SentLast24Hours"]
    now[0] += 24 * 60 * 60
    assert "sent" == send(2)
    assert 2.0 == client.get_account()["SendQuota"]["SentLast24Hours"]


@pytest.mark.parametrize(
    ("rate", "quota", "status"),
    [(1, -1, "ACCOUNT_THROTTLED"), (100, 1, "ACCOUNT_DAILY_QUOTA_EXCEEDED")],
)
def test_quota_of_a_bulk_send(start, connect, rate: float, quota: float, status: str):
    """In a bulk send, the entries beyond the quota fail by themselves."""
    ses = start(max_send_rate=rate, max_24_hour_send=quota, clock=lambda: 5.0)

    answer = connect(ses).send_bulk_email(
        **{
            **BULK,
            "BulkEmailEntries": BULK["BulkEmailEntries"] * 2,
        }
    )

    assert ["SUCCESS", status] == [e["Status"] for e in answer["BulkEmailEntryResults"]]


@pytest.mark.parametrize(
    ("sender", "recipient", "failed"),
    [
        ("shop@example.com", "ok@partner.example", None),
        ("shop@mail.example.com", "ok@partner.example", None),
        ("shop@example.com", "ok+label@partner.example", None),
        ("shop@example.com", "bounce+1@simulator.amazonses.com", None),
        ("shop@other.example", "ok@partner.example", "shop@other.example"),
        ("shop@example.com", "new@partner.example", "new@partner.example"),
        ("shop@notexample.com", "x@y.example", "shop@notexample.com, x@y.example"),
    ],
)
def test_sandbox(start, connect, sender: str, recipient: str, failed: str | None):
    """In the sandbox both sides must be verified; the simulator always is."""
    ses = start(
        sandbox=True,
        region_name="eu-west-1",
        verified_identities=["Example.com", "ok@partner.example"],
        max_send_rate=100,
    )
    client = connect(ses)
    request = {**to(recipient), "FromEmailAddress": f"Shop <{sender}>"}

    if failed is None:
        assert client.send_email(**request)["MessageId"]
        return
    with pytest.raises(client.exceptions.MessageRejected) as caught:
        client.send_email(**request)
    assert (
        "Email address is not verified. The following identities failed the check in region"
        f" EU-WEST-1: {failed}"
    ) == caught.value.response["Error"]["Message"]


def test_feedback_address_must_be_verified(start, connect):
    """The address for bounces is a sender too."""
    client = connect(start(require_verified_identities=True, verified_identities=["example.com"]))

    with pytest.raises(client.exceptions.MessageRejected):
        client.send_email(**simple(FeedbackForwardingEmailAddress="bounces@other.example"))


def test_paused_sending(start, connect):
    """Account and configuration set can be paused, and say so."""
    client = connect(start())
    client.put_configuration_set_sending_options(ConfigurationSetName="local", SendingEnabled=False)
    with pytest.raises(client.exceptions.SendingPausedException):
        client.send_email(**simple(ConfigurationSetName="local"))
    answer = client.send_bulk_email(**{**BULK, "ConfigurationSetName": "local"})
    statuses = [entry["Status"] for entry in answer["BulkEmailEntryResults"]]
    assert ["CONFIGURATION_SET_SENDING_PAUSED"] == statuses

    client.put_account_sending_attributes(SendingEnabled=False)
    with pytest.raises(client.exceptions.SendingPausedException):
        client.send_email(**simple())
    assert client.get_account()["SendingEnabled"] is False
