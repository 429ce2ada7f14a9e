"""Delivery reports and complaints as servers write them, which is not always as RFC 3464 has it."""

from __future__ import annotations

import re

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import BounceClass
from mailcore.inbound import DeliveryReport, InboundMessage, parse_inbound


def with_report(content: bytes, kind: bytes = b"message/delivery-status") -> InboundMessage:
    """A mail from a server with that part."""
    return parse_inbound(
        b"From: x@example.com\nContent-Type: multipart/report; boundary=b\n\n--b\n\nText\n--b\n"
        b"Content-Type: " + kind + b"\n\n" + content + b"\n--b--\n"
    )


def delivery(content: bytes, kind: bytes = b"message/delivery-status") -> DeliveryReport:
    """What such a part says."""
    report = with_report(content, kind).delivery_report
    assert report is not None
    return report


ADA = b"Final-Recipient: rfc822; ada@x.example\nAction: failed\nStatus: 5.1.1\n"
BO = b"Final-Recipient: rfc822; bo@x.example\nAction: delayed\nStatus: 4.2.2\n"
MTA = b"Reporting-MTA: dns; mx.example.net\nArrival-Date: Mon, 1 Jun 2026 12:00 GMT\n"
BOTH = [("ada@x.example", "failed", "5.1.1"), ("bo@x.example", "delayed", "4.2.2")]


@pytest.mark.parametrize(
    "content",
    [
        MTA + b"\n" + ADA + b"\n" + BO,
        MTA + ADA + b"\n" + BO,
        MTA + ADA + BO,
        ADA + b"\n" + BO + b"\n" + MTA,
        b"X-Message-Delivery: x\n\n" + MTA + b"\n" + ADA + b"\n" + BO,
        MTA + b"\nX-Foreign: y\n\n" + ADA + b"\n\n\n" + BO + b"\nX-Foreign: z\n",
        b"\n \n" + MTA + b"\n\t\n" + ADA + b" \n" + BO,
        (MTA + b"\n" + ADA + b"\n" + BO).replace(b"\n", b"\n\n"),
        (MTA + b"\n" + ADA + b"\n" + BO).replace(b": ", b" :\n\t"),
        (MTA + b"\n" + ADA + b"\n" + BO).replace(b"\n", b"\r"),
        re.sub(rb"(?m)^[^:\n]+", lambda name: name[0].upper(), MTA + b"\n" + ADA + b"\n" + BO),
        MTA + b"\n" + b"\n".join(reversed(ADA.splitlines())) + b"\n\n" + BO,
        MTA + b"\nOriginal-Recipient: rfc822;ada@x.example\n" + ADA + b"\n" + BO,
        MTA
        + b"\nFinal-Recipient: rfc822; ada@x.example\nOriginal-Recipient: rfc822;ada@x.example\n"
        b"Action: failed\nStatus: 5.1.1\n" + BO,
        MTA
        + b"Action: delayed\nStatus: 4.2.2\n\n"
        + ADA
        + b"\nFinal-Recipient: rfc822; bo@x.example\n",
        MTA
        + b"\n"
        + ADA.replace(b"failed", b"Failure (permanent)")
        + b"\n"
        + BO.replace(b"delayed", b"(x) Delayed").replace(b"4.2.2", b"4.2.2 (mailbox full)"),
    ],
)
def test_groups_are_known_by_what_they_say(content: bytes):
    """Wherever blank lines stand and whatever stands around: two recipients and a server."""
    report = delivery(content)

    assert BOTH == [(found.recipient, found.action, found.status) for found in report.recipients]
    assert "mx.example.net" == report.reporting_mta
    assert report.arrival_date is not None


@pytest.mark.parametrize(
    ("field", "recipient"),
    [
        (b"rfc822; ada@x.example", "ada@x.example"),
        (b"RFC822 ;ada@x.example", "ada@x.example"),
        (b"rfc822 (c) ; <ada@x.example> (Ada)", "ada@x.example"),
        (b"rfc822; ada@x.example (unknown; user)", "ada@x.example"),
        (b"rfc822; Ada L <ada@x.example>", "ada@x.example"),
        (b'rfc822; "ada l"@x.example', '"ada l"@x.example'),
        (b"rfc822; <@n.example:ada@x.example>", "ada@x.example"),
        (b"rfc822; ada+FE@x.example", "ada+FE@x.example"),
        (b"rfc822; ada+40x.example", "ada@x.example"),
        (b"rfc822; ada", "ada"),
        (b"rfc822; <ada> (x)", "ada"),
        (b"rfc822;", None),
        (b"rfc822; <>", None),
        (b"<ada@x.example>", "ada@x.example"),
        (b"ada@x.example", "ada@x.example"),
        (b"ada@x.example; x", "ada@x.example"),
        (b"utf-8; J\\x{F6}rg@x.example", "Jörg@x.example"),
        (b"UTF-8; J\\x{00f6}rg@\\x{4F8B}.example", "Jörg@例.example"),
        ("utf-8; Jörg@x.example".encode(), "Jörg@x.example"),
        (b"utf-8; a\\x{2B}b\\x{D800}@x.example", "a+b\\x{D800}@x.example"),
        (b"rfc822; J\\x{F6}rg@x.example", "Jörg@x.example"),
        (b"x400; /G=Ada/S=L/@x", "/G=Ada/S=L/@x"),
    ],
)
def test_recipients(field: bytes, recipient: str | None):
    """RFC 3464, 2.3.2, and RFC 6533, 3: addresses with types, names, comments and escapes."""
    (found,) = delivery(b"Final-Recipient: " + field + b"\nAction: failed\n").recipients
    (original,) = delivery(b"Original-Recipient: " + field + b"\nAction: failed\n").recipients

    assert recipient == found.final_recipient == original.original_recipient


@pytest.mark.parametrize(
    ("content_type", "encode"),
    [
        (b"message/delivery-status; charset=iso-8859-1", "latin-1"),
        (b"message/delivery-status; charset=utf-16", "utf-16"),
        (b"message/delivery-status", "utf-8"),
        (b"message/global-delivery-status; charset=utf-8", "utf-8"),
    ],
)
def test_charset_of_a_report(content_type: bytes, encode: str):
    """Reports say what they are written in, or are UTF-8."""
    content = "Final-Recipient: utf-8; jörg@x.example\nAction: failed\n".encode(encode)

    assert "jörg@x.example" == delivery(content, content_type).recipients[0].recipient


@pytest.mark.parametrize(
    ("fields", "status", "reply_code", "bounce_class"),
    [
        (b"Status: 5.1.1 (bad mailbox)", "5.1.1", None, BounceClass.HARD),
        (b"Status: (x) 4.2.2", "4.2.2", None, BounceClass.SOFT),
        (b"Status: unknown", None, None, BounceClass.UNDETERMINED),
        (b"Diagnostic-Code: smtp; 550 Unknown user", None, 550, BounceClass.HARD),
        (b"Diagnostic-Code: smtp;451-try later", None, 451, BounceClass.SOFT),
        (b"Diagnostic-Code: 550 5.1.1 unknown; sorry", "5.1.1", 550, BounceClass.HARD),
        (b"Diagnostic-Code: smtp; 554 from 5.10.20.30", None, 554, BounceClass.UNDETERMINED),
        (b"Diagnostic-Code: x; since 250.550.1.1", None, None, BounceClass.UNDETERMINED),
    ],
)
def test_status(
    fields: bytes, status: str | None, reply_code: int | None, bounce_class: BounceClass
):
    """Enhanced codes wherever they stand, reply codes where there is none, and no IP addresses."""
    (found,) = delivery(ADA.partition(b"Status")[0] + fields + b"\n").recipients

    assert (status, reply_code) == (found.status, found.reply_code)
    assert bounce_class is found.bounce_class


def test_bounce_that_names_nobody():
    """Without recipients, what the report says is not lost."""
    (found,) = delivery(MTA + b"Action: failed\nStatus: 5.0.0\n").recipients

    assert (None, "failed", "5.0.0") == (found.recipient, found.action, found.status)


def test_first_report_that_tells_anything_counts():
    """Some servers send an empty report and a full one."""
    raw = with_report(ADA).raw.replace(
        b"--b\n\nText", b"--b\nContent-Type: message/delivery-status\n\nX: y"
    )
    report = parse_inbound(raw).delivery_report

    assert report is not None
    assert ["ada@x.example"] == [found.recipient for found in report.recipients]


def test_complaint_with_comments():
    """The fields of RFC 5965 have comments and brackets, too."""
    report = with_report(
        b"Feedback-Type: (x) Abuse\n\nOriginal-Mail-From: <news@x.example> (News)\n"
        b"Original-Rcpt-To: <ada@x.example>\nOriginal-Rcpt-To: Bo <bo@x.example>\n",
        b"message/feedback-report",
    ).feedback_report

    assert report is not None
    assert ("abuse", "news@x.example") == (report.feedback_type, report.original_mail_from)
    assert ("ada@x.example", "bo@x.example") == report.original_recipients


FIELDS = st.sampled_from(
    [
        b"\n",
        b"\n\n",
        b" ",
        *(ADA + BO + MTA).splitlines(keepends=True),
        b"Action:\n",
        b"\xff\n",
        b"Original-Recipient: rfc822;cy@x.example\n",
        b"Diagnostic-Code: smtp; 550 no\n",
        b"X: y\n",
    ]
)


@given(st.lists(FIELDS, max_size=30).map(b"".join))
def test_every_report_is_read(content: bytes):
    """Nothing raises, and nobody who is named gets lost."""
    found = {recipient.recipient for recipient in delivery(b"X: y\n" + content).recipients}

    assert (b"\nFinal-Recipient: rfc822; bo@" not in content) or "bo@x.example" in found | {
        recipient.final_recipient for recipient in delivery(b"X: y\n" + content).recipients
    }
