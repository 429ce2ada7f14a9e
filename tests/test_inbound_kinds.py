"""Mail of robots: reports, complaints, lists, automatic answers; and answers without quotations."""

from __future__ import annotations

import sys
import time

from datetime import datetime, timezone
from pathlib import Path

import pytest

from mailcore import BounceClass, ConfigurationError
from mailcore.inbound import InboundMessage, RecipientReport, parse_inbound


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
REPORT = b'From: x@example.com\nContent-Type: multipart/report; boundary="b"\n\n--b\n\nText\n--b\n'


def load(name: str) -> InboundMessage:
    """A mail of the fixtures."""
    return parse_inbound((FIXTURES / f"{name}.eml").read_bytes())


def with_header(*lines: str) -> InboundMessage:
    """A mail with further header lines."""
    header = "From: ada@example.com\r\n" + "".join(f"{line}\r\n" for line in lines)
    return parse_inbound(f"{header}\r\nHello\r\n".encode())


def test_delivery_report():
    """A bounce says for whom, why, and for which message (RFC 3464; 140)."""
    mail = load("bounce")
    report = mail.delivery_report

    assert report is not None
    assert "mx.example.net" == report.reporting_mta
    assert "8d2f" == report.original_envelope_id
    assert "<order-1@shop.example.com>" == report.original_message_id
    assert datetime(2026, 6, 1, 9, 59, tzinfo=timezone.utc) == report.arrival_date
    first, second = report.recipients
    assert first == RecipientReport(
        final_recipient="forwarded@example.org",
        original_recipient="ada@example.net",
        action="failed",
        status="5.1.1",
        diagnostic="550 5.1.1 <forwarded@example.org>: unknown user",
        remote_mta="mail.example.org",
    )
    assert ("ada@example.net", BounceClass.HARD) == (first.recipient, first.bounce_class)
    assert ("bob@example.net", "delayed") == (second.recipient, second.action)
    assert ("4.2.2", BounceClass.SOFT) == (second.status, second.bounce_class)
    assert datetime(2026, 6, 3, 10, tzinfo=timezone.utc) == second.will_retry_until
    assert mail.is_bounce
    assert mail.is_auto_submitted
    assert not mail.is_complaint
    assert not mail.accepts_auto_reply
    assert "ada@" not in repr(report) + repr(report.recipients)


def test_delivery_report_is_a_file_too():
    """Its text can be read, and the returned message stays out of ours (140, 144)."""
    mail = load("bounce")

    assert "I could not deliver your message.\n" == mail.text
    status, returned = mail.attachments
    assert "message/delivery-status" == status.content_type
    assert status.text().startswith("Reporting-MTA: dns; mx.example.net\n")
    assert "Secret order text" == returned.message().text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"", ()),
        (b"\n\n\n", ()),
        (b"Reporting-MTA: dns; x\n", ()),
        (
            b"Reporting-MTA: dns; x\nFinal-Recipient: rfc822; a@b.example\nAction: FAILED (x)\n",
            (RecipientReport(final_recipient="a@b.example", action="failed"),),
        ),
        (
            b"X: y\n\nFinal-Recipient: <a@b.example>\nDiagnostic-Code: smtp; 550-5.7.1 refused\n",
            (
                RecipientReport(
                    final_recipient="a@b.example", status="5.7.1", diagnostic="550-5.7.1 refused"
                ),
            ),
        ),
        (b"\xff\xfe\x00: :::\n\n: \n\nAction\n", ()),
    ],
)
def test_strange_delivery_reports(fields: bytes, expected: tuple[RecipientReport, ...]):
    """Whatever servers write: what can be read is."""
    raw = REPORT + b"Content-Type: message/delivery-status\n\n" + fields + b"\n--b--\n"
    report = parse_inbound(raw).delivery_report

    assert report is not None
    assert expected == report.recipients


def test_feedback_report():
    """A complaint says about what (RFC 5965)."""
    mail = load("complaint")
    report = mail.feedback_report

    assert report is not None
    assert ("abuse", "ISP-Feedback/1.0") == (report.feedback_type, report.user_agent)
    assert "news@example.com" == report.original_mail_from
    assert ("ada@example.net", "bob@example.net") == report.original_recipients
    assert "<news-7@example.com>" == report.original_message_id
    assert datetime(2026, 3, 8, 14, tzinfo=timezone.utc) == report.arrival_date
    assert ("192.0.2.2", ("example.com",)) == (report.source_ip, report.reported_domains)
    assert mail.is_complaint
    assert not mail.is_bounce
    assert not mail.accepts_auto_reply
    assert "ada@" not in repr(report)


def test_not_spam_is_no_complaint():
    """RFC 6430: somebody took a message out of the spam folder (125)."""
    raw = (FIXTURES / "complaint.eml").read_bytes().replace(b"Type: abuse", b"Type: not-spam")
    mail = parse_inbound(raw)

    assert mail.feedback_report is not None
    assert not mail.is_complaint


def test_forwarded_reports_are_not_reports():
    """Somebody forwards a bounce: the mail itself did not bounce."""
    bounce = (FIXTURES / "bounce.eml").read_bytes()
    mail = parse_inbound(b"From: a@example.com\r\nContent-Type: message/rfc822\r\n\r\n" + bounce)

    assert mail.delivery_report is None
    assert mail.attachments[0].message().is_bounce


@pytest.mark.parametrize(
    ("lines", "auto_submitted", "is_list", "may_answer"),
    [
        ([], False, False, True),
        (["Auto-Submitted: no"], False, False, True),
        (["Auto-Submitted: auto-replied (vacation)"], True, False, False),
        (["AUTO-SUBMITTED: Auto-Generated; x=y"], True, False, False),
        (["X-Autoreply: yes"], True, False, False),
        (["Precedence: auto_reply"], True, False, False),
        (["Precedence: bulk"], False, False, False),
        (["Precedence: list"], False, True, False),
        (["List-Id: <talk.example.org>"], False, True, False),
        (["List-Unsubscribe: <https://example.com/u>"], False, False, False),
        (["X-Auto-Response-Suppress: DR, OOF"], False, False, False),
        (["X-Auto-Response-Suppress: RN"], False, False, True),
        (["Return-Path: <>"], False, False, False),
        (["Return-Path: <ada@example.com>"], False, False, True),
        (["Return-Path: < (null) >"], False, False, False),
        (["Return-Path:"], False, False, False),
        (["Return-Path: <MAILER-DAEMON@example.com>"], False, False, False),
        (["Return-Path: (x) <owner-talk@example.com>"], False, False, False),
        (["Return-Path: <0100-5f-bounces@example.com>"], False, False, True),
        (["Auto-Submitted: (x) auto-notified"], True, False, False),
        (["Auto-Submitted: no (a person)"], False, False, True),
        (["X-Autoreply-From: ada@example.com"], True, False, False),
        (["X-Auto-Reply: yes"], True, False, False),
        (["X-AutoReply-Domain: example.com"], True, False, False),
        (["X-Autorespond: gone"], True, False, False),
        (["X-Autoresponder: 1"], True, False, False),
        (["X-Mail-Autoreply: x"], True, False, False),
        (["X-Autogenerated: Reply"], True, False, False),
        (["X-Autoreply: no"], False, False, True),
        (["X-FC-MachineGenerated: true"], True, False, False),
        (["Delivered-To: Autoresponder"], True, False, False),
        (["X-Precedence: auto-reply"], True, False, False),
        (["Preference: auto_reply"], True, False, False),
        (["Precedence: (x) Junk"], False, False, False),
        (["Precedence: first-class"], False, False, True),
        (["X-Loop: ada@example.com"], False, False, False),
        (["X-BeenThere: talk@example.org"], False, True, False),
        (["X-Auto-Response-Suppress: AutoReply;DR"], False, False, False),
        (["X-Auto-Response-Suppress: All"], False, False, False),
        (["X-Auto-Response-Suppress: None"], False, False, True),
        (["Reply-To: no-reply@example.com"], False, False, False),
        (["Reply-To: bo@example.com"], False, False, True),
        (["Content-Type: multipart/report; report-type=tlsrpt; boundary=b"], False, False, False),
        (["Content-Type: (x) Multipart / Report (y); boundary=b"], False, False, False),
        (["Content-Type: application/tlsrpt+gzip"], False, False, False),
        (["Content-Type: text/calendar; method=REPLY"], False, False, False),
        (["Content-Type: text/calendar; method=REQUEST"], False, False, True),
    ],
)
def test_robots(lines: list[str], auto_submitted: bool, is_list: bool, may_answer: bool):
    """RFC 3834, RFC 2919 and what came before them."""
    mail = with_header(*lines)

    assert (auto_submitted, is_list) == (mail.is_auto_submitted, mail.is_list)
    assert may_answer == mail.accepts_auto_reply


@pytest.mark.parametrize(
    ("author", "may_answer"),
    [
        ("ada@example.com", True),
        ("MAILER-DAEMON", False),
        ("Mailer-Daemon@example.com", False),
        ("no-reply@example.com", False),
        ("talk-request@example.com", False),
        ("owner-talk@example.com", False),
        ("bounces+ada=example.com@example.net", False),
        ("postmaster-fan@example.com", True),
        ("postmaster@example.com", False),
        ("no_reply@example.com", False),
        ("no.reply@example.com", False),
        ("noreply-xyz@example.com", False),
        ("noreply+123@example.com", False),
        ("shop-noreply@example.com", False),
        ("shop.no-reply@example.com", False),
        ("NoReply2@example.com", False),
        ("do_not_reply@example.com", False),
        ("donotreply@example.com", False),
        ("DoNotRespond@example.com", False),
        ("ne-pas-repondre@example.com", False),
        ("nicht-antworten@example.com", False),
        ("auto-confirm@example.com", False),
        ("autoreply@example.com", False),
        ("Mail.Delivery.System@example.com", False),
        ("mail-daemon@example.com", False),
        ("no__reply@example.com", False),
        ("daemon@example.com", False),
        ("bounce-123@example.com", False),
        ("x-bounces@example.com", False),
        ("ada@example.com, no-reply@example.com", True),
        ("piano.reply@example.com", True),
        ("nora@example.com", True),
        ("bouncer@example.com", True),
        ("request@example.com", True),
        ("MAILER-DAEMON <>", False),
    ],
)
def test_robots_by_name(author: str, may_answer: bool):
    """RFC 3834, section 2: some authors are never answered."""
    mail = parse_inbound(f"From: {author}\r\n\r\nHello".encode())

    assert may_answer == mail.accepts_auto_reply


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"disposition-notification", b"Disposition: manual-action/MDN-sent-manually; displayed"),
        (b"disposition-notification", b"Disposition: automatic-action/MDN-sent-automatically; x"),
        (b"global-disposition-notification", b"Disposition: manual-action; displayed"),
        (b"delivery-status", b"Final-Recipient: rfc822; a@example.com\nAction: delayed"),
        (b"delivery-status", b"Final-Recipient: rfc822; a@example.com\nAction: delivered"),
        (b"global-delivery-status", b"Final-Recipient: rfc822; a@example.com\nAction: relayed"),
        (b"feedback-report", b"Feedback-Type: not-spam"),
        (b"feedback-report", b"Feedback-Type: auth-failure"),
    ],
)
@pytest.mark.parametrize("outer", [b"report", b"mixed"])
def test_reports_are_never_answered(kind: bytes, content: bytes, outer: bytes):
    """Whatever became of a mail, and whoever's name the report comes in (RFC 3834, 2; 8098, 3)."""
    raw = REPORT.replace(b"multipart/report", b"multipart/" + outer)
    mail = parse_inbound(raw + b"Content-Type: message/" + kind + b"\n\n" + content + b"\n--b--\n")

    assert not mail.accepts_auto_reply


def test_hints_of_loops():
    """Each server adds a line; one's own mailbox among them is a loop."""
    mail = with_header(*["Received: by x"] * 3, "Delivered-To: a@example.com", "Delivered-To: b@y")

    assert 3 == mail.received_count
    assert ("a@example.com", "b@y") == mail.delivered_to


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "Hello"),
        ("", ""),
        (
            "Yes!\n\nOn Mon, 1 Jun 2026 at 10:00, Bo <bo@x.example> wrote:\n> Really?\n> Bo\n",
            "Yes!",
        ),
        ("Ja!\n\nAm 1. Juni 2026 um 10:00 schrieb Bo <bo@x.example>:\n\n> Wirklich?\n", "Ja!"),
        ("> One?\n> Two?\n> Three?\nFirst.\n> Four?\n> Five?\n> Six?\nLast.", "First.\nLast."),
        ("  indented\n    code\nend", "indented\n    code\nend"),
    ],
)
def test_stripped_text(text: str, expected: str):
    """What the author wrote, without what is quoted."""
    raw = f"From: a@example.com\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()

    assert expected == parse_inbound(raw).stripped_text


def test_no_text_has_no_stripped_text():
    """HTML alone is not guessed at."""
    assert parse_inbound(b"Content-Type: text/html\n\n<p>").stripped_text is None


SLOW_PIECE = pytest.param("From: a\n", marks=pytest.mark.slow)


@pytest.mark.parametrize("piece", ["On a\n", "\n", "> a\n", SLOW_PIECE, "On ", "_", "> a\nb\n"])
def test_stripped_text_takes_linear_time(piece: str):
    """Texts that never end with parsers that match patterns over the whole text."""
    mail = parse_inbound(b"From: a@example.com\n\n" + piece.encode() * 20_000)
    start = time.process_time()
    assert mail.stripped_text is not None

    assert time.process_time() - start < 10


def test_stripped_text_names_its_extra(monkeypatch: pytest.MonkeyPatch):
    """Without the package, the error says what to install."""
    monkeypatch.setitem(sys.modules, "quotequail", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-esp\[reply\]'"):
        _ = with_header().stripped_text
