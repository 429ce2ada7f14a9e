"""
Postmark's types of bounces, and its addresses that make them.

Sources (read 2026-11-30): https://postmarkapp.com/support/article/1239-how-to-test-bounces,
https://postmarkapp.com/developer/user-guide/sandbox-mode/generate-fake-bounces and, second-hand,
https://postmarkapp.com/developer/api/bounce-api#bounce-types.
"""

from __future__ import annotations

from typing import NamedTuple

from mailcore_local.engine import EventKind, Fate
from mailcore_local.postmark.emails import Email


TESTING_DOMAIN = "bounce-testing.postmarkapp.com"


class BounceType(NamedTuple):
    """
    One type.

    Attributes:
        name: The name in the API.
        code: The number in the API.
        title: What people read.
        description: What it means, in a sentence.
    """

    name: str
    code: int
    title: str
    description: str


BOUNCE_TYPES = tuple(
    BounceType(*each)
    for each in (
        ("HardBounce", 1, "Hard bounce", "The mailbox does not exist."),
        ("Transient", 2, "Message delayed/Undeliverable", "Not delivered so far; tried again."),
        ("Unsubscribe", 16, "Unsubscribe request", "The recipient asks to be removed."),
        ("Subscribe", 32, "Subscribe request", "Somebody asks to be added."),
        ("AutoResponder", 64, "Auto responder", "A machine answered: out of office."),
        ("AddressChange", 128, "Address change", "The recipient has another address now."),
        ("DnsError", 256, "DNS error", "DNS did not answer for the domain."),
        ("SpamNotification", 512, "Spam notification", "The content was taken for spam."),
        ("OpenRelayTest", 1024, "Open relay test", "Somebody looks for an open relay."),
        ("Unknown", 2048, "Unknown", "The report could not be classified."),
        ("SoftBounce", 4096, "Soft bounce", "The mailbox takes no mail at present."),
        ("VirusNotification", 8192, "Virus notification", "The receiver found a virus."),
        ("ChallengeVerification", 16384, "Spam challenge verification", "The sender is asked."),
        ("BadEmailAddress", 100000, "Invalid email address", "This is no email address."),
        ("SpamComplaint", 100001, "Spam complaint", "The recipient reported it as spam."),
        ("ManuallyDeactivated", 100002, "Manually deactivated", "Somebody deactivated it."),
        ("Unconfirmed", 100003, "Registration not confirmed", "No confirmation came back."),
        ("Blocked", 100006, "ISP block", "The receiving provider blocks the mail."),
        ("SMTPApiError", 100007, "SMTP API error", "It was not accepted by SMTP."),
        ("InboundError", 100008, "Processing failed", "The inbound webhook did not take it."),
        ("DMARCPolicy", 100009, "DMARC Policy", "The DMARC policy of the domain forbids it."),
        ("TemplateRenderingFailed", 100010, "Template rendering failed", "See Details."),
    )
)

_BY_NAME = {each.name: each for each in BOUNCE_TYPES}
_BY_KEY = {each.name.lower(): each for each in BOUNCE_TYPES}
_OF_KINDS = {
    EventKind.BOUNCED: "HardBounce",
    EventKind.SOFT_BOUNCED: "SoftBounce",
    EventKind.DEFERRED: "Transient",
    EventKind.AUTO_REPLIED: "AutoResponder",
    EventKind.REJECTED: "Blocked",
    EventKind.RENDERING_FAILED: "TemplateRenderingFailed",
    EventKind.COMPLAINED: "SpamComplaint",
}
_FATES = {
    "HardBounce": Fate.BOUNCED,
    "Transient": Fate.DEFERRED,
    "AutoResponder": Fate.AUTO_REPLIED,
}


def type_of(kind: EventKind, recipient: str, asked: str = "") -> BounceType | None:
    """
    The type of an event that Postmark tells of as a bounce or a complaint; `None` for others.

    Args:
        kind: What happened to the message.
        recipient: The address; one of the testing domain says the type itself.
        asked: The type that the header `X-PM-Bounce-Type` asks for, or an empty text.
    """
    usual = _OF_KINDS.get(kind)
    if usual is None:
        return None
    return type_of_address(recipient, asked) or _BY_NAME[usual]


def type_of_address(address: str, asked: str = "") -> BounceType | None:
    """
    The type that an address of the testing domain stands for; `None` for other addresses.

    A complaint cannot be made this way: it becomes a hard bounce, as everything unknown does.
    """
    mailbox, _, domain = address.rpartition("@")
    if domain.lower() != TESTING_DOMAIN:
        return None
    key = (asked.strip() or mailbox.partition("+")[0]).replace("_", "").lower()
    found = _BY_KEY.get(key) or next((t for t in BOUNCE_TYPES if str(t.code) == key), None)
    if found is None or found.name == "SpamComplaint":
        return _BY_NAME["HardBounce"]
    return found


def fate_of_address(address: str) -> Fate | None:
    """
    What becomes of an address of the testing domain; `None` for other addresses.
    """
    found = type_of_address(address)
    return None if found is None else _FATES.get(found.name, Fate.SOFT_BOUNCED)


def asked_type(email: Email) -> str:
    """
    The type that a message asks for by its header.
    """
    return email.header("X-PM-Bounce-Type")
