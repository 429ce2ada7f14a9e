"""
What the header fields of a mail mean, in a sentence each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.inbound import InboundMessage


_RFC = "https://www.rfc-editor.org/rfc/"

_NOTES: dict[str, tuple[str, str]] = {
    "from": ("Who wrote it; DMARC looks at its domain.", f"{_RFC}rfc5322#section-3.6.2"),
    "sender": ("Who sent it on behalf of the author.", f"{_RFC}rfc5322#section-3.6.2"),
    "reply-to": ("Where answers go.", f"{_RFC}rfc5322#section-3.6.2"),
    "to": ("Whom it is written to.", f"{_RFC}rfc5322#section-3.6.3"),
    "cc": ("Who gets a copy that everybody sees.", f"{_RFC}rfc5322#section-3.6.3"),
    "bcc": (
        "Who gets a copy that nobody sees: it should not be here.",
        f"{_RFC}rfc5322#section-3.6.3",
    ),
    "subject": ("What it is about.", f"{_RFC}rfc5322#section-3.6.5"),
    "date": ("When it was written.", f"{_RFC}rfc5322#section-3.6.1"),
    "message-id": (
        "The id of this mail among all mails; answers refer to it.",
        f"{_RFC}rfc5322#section-3.6.4",
    ),
    "in-reply-to": ("The mail that this one answers.", f"{_RFC}rfc5322#section-3.6.4"),
    "references": ("The mails of its thread, the first one first.", f"{_RFC}rfc5322#section-3.6.4"),
    "return-path": ("Where bounces went: the envelope sender.", f"{_RFC}rfc5321#section-4.4"),
    "received": (
        "A server that it came through; the last one first.",
        f"{_RFC}rfc5321#section-4.4",
    ),
    "mime-version": ("It is MIME.", f"{_RFC}rfc2045#section-4"),
    "content-type": ("What the content is.", f"{_RFC}rfc2045#section-5"),
    "content-transfer-encoding": (
        "How the content is written in octets that pass everywhere.",
        f"{_RFC}rfc2045#section-6",
    ),
    "content-disposition": ("Whether it is a file or a part of the text.", f"{_RFC}rfc2183"),
    "content-language": ("The language of the content.", f"{_RFC}rfc3282"),
    "content-id": ("What HTML refers to it as, behind cid:.", f"{_RFC}rfc2392"),
    "list-unsubscribe": ("How a recipient leaves.", f"{_RFC}rfc2369#section-3.2"),
    "list-unsubscribe-post": (
        "A POST to the https address of List-Unsubscribe is enough.",
        f"{_RFC}rfc8058#section-3.1",
    ),
    "list-id": ("The list that it was sent to.", f"{_RFC}rfc2919#section-3"),
    "list-help": ("Where the list is explained.", f"{_RFC}rfc2369#section-3.1"),
    "list-subscribe": ("How one joins the list.", f"{_RFC}rfc2369#section-3.3"),
    "list-post": ("Where one writes to the list.", f"{_RFC}rfc2369#section-3.4"),
    "list-owner": ("Who runs the list.", f"{_RFC}rfc2369#section-3.5"),
    "list-archive": ("Where the list is kept.", f"{_RFC}rfc2369#section-3.6"),
    "auto-submitted": (
        "A program sent it: others are not to answer on their own.",
        f"{_RFC}rfc3834#section-5",
    ),
    "precedence": ("An old way to say that it is bulk mail.", f"{_RFC}rfc2076#section-3.9"),
    "importance": ("How much it matters, says the sender.", f"{_RFC}rfc4021#section-2.1.54"),
    "x-priority": ("How much it matters, in an old form: 1 is the most.", ""),
    "dkim-signature": (
        "A domain answers for the mail; receivers check it with a key of the DNS.",
        f"{_RFC}rfc6376#section-3.5",
    ),
    "authentication-results": (
        "What the receiving server says of SPF, DKIM and DMARC.",
        f"{_RFC}rfc8601#section-2.2",
    ),
    "arc-seal": ("What a server that passed it on vouches for.", f"{_RFC}rfc8617#section-4.1.3"),
    "feedback-id": (
        "What Gmail groups its counts of complaints by.",
        "https://support.google.com/a/answer/6254652",
    ),
    "require-recipient-valid-since": (
        "Deliver only if the mailbox was the same person's then.",
        f"{_RFC}rfc7293",
    ),
}

_PREFIXES = (
    ("x-ses-", "An instruction to Amazon SES, or a note of it."),
    ("x-pm-", "An instruction to Postmark, or a note of it."),
    ("x-mailgun-", "An instruction to Mailgun, or a note of it."),
    ("x-smtpapi", "Instructions to SendGrid, as JSON."),
    ("x-mj-", "An instruction to Mailjet, or a note of it."),
    ("x-mc-", "An instruction to Mandrill, or a note of it."),
    ("x-msys-api", "Instructions to SparkPost, as JSON."),
    ("x-", "A field of somebody's own: no standard says what it means."),
)


@dataclass(frozen=True, kw_only=True)
class HeaderNote:
    """
    A header field with what it means.

    Attributes:
        name: The name as the mail has it.
        value: The decoded value, on one line.
        written: The value as it was sent, where that differs from `value`; empty otherwise.
        note: What the field means; empty where nothing is known of it.
        source: The RFC that says so, or an empty string.
    """

    name: str
    value: str
    written: str
    note: str
    source: str


def explain_headers(mail: InboundMessage) -> Sequence[HeaderNote]:
    """
    All header fields of a mail in order, explained.

    Args:
        mail: The mail as a recipient gets it.
    """
    seen: dict[str, int] = {}
    notes = []
    for name, value in mail.headers.pairs:
        key = name.lower()
        position = seen.get(key, 0)
        seen[key] = position + 1
        written = mail.headers.get_raw(name)[position].decode("ascii", "backslashreplace")
        one_line = " ".join(written.split())
        note, source = _note(key)
        notes.append(
            HeaderNote(
                name=name,
                value=value,
                written="" if one_line == " ".join(value.split()) else written,
                note=note,
                source=source,
            )
        )
    return tuple(notes)


def _note(name: str) -> tuple[str, str]:
    if name in _NOTES:
        return _NOTES[name]
    return next(((note, "") for prefix, note in _PREFIXES if name.startswith(prefix)), ("", ""))
