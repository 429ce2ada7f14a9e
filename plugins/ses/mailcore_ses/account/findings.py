"""What the status of an account and of an identity means for sending, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mailcore.foundation import redact
from mailcore_ses.account.identities import Identity
from mailcore_ses.account.status import HEALTHY, PROBATION, SHUTDOWN, AccountStatus


State: TypeAlias = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    One thing that was looked at.

    Args:
        subject: What, in a word or two.
        state: ``unknown`` if the credentials may not look at it.
        text: What was found; without full addresses.
        fix: What to do about it; empty if nothing.
    """

    subject: str
    state: State
    text: str
    fix: str = ""


def well(subject: str, text: str) -> Finding:
    """What is as it should be."""
    return Finding(subject=subject, state="ok", text=text)


def wrong(subject: str, text: str, fix: str = "") -> Finding:
    """What keeps from sending, and what to do."""
    return Finding(subject=subject, state="wrong", text=text, fix=fix)


def of_account(status: AccountStatus, *, sandbox_ok: bool) -> list[Finding]:
    """What the status of the account says about sending."""
    return [
        _sending(status),
        _reputation(status),
        _sandbox(status, sandbox_ok=sandbox_ok),
        _quota(status),
    ]


def _sending(status: AccountStatus) -> Finding:
    if status.sending_enabled:
        return well("sending", "it is switched on for the account")
    return wrong(
        "sending",
        "it is paused for the account",
        "find out who paused it and why, then "
        "`aws sesv2 put-account-sending-attributes --sending-enabled`",
    )


def _reputation(status: AccountStatus) -> Finding:
    reputation = status.enforcement_status
    if reputation == HEALTHY:
        return well("reputation", "AWS finds nothing wrong")
    texts = {
        PROBATION: "AWS has put the account under review",
        SHUTDOWN: "AWS has stopped the account from sending",
    }
    return wrong(
        "reputation",
        texts.get(reputation, f"AWS calls it {reputation}"),
        "answer AWS's e-mail, or the case in its Support Center; bring bounces and complaints "
        "down (`mailcore ses stats`)",
    )


def _sandbox(status: AccountStatus, *, sandbox_ok: bool) -> Finding:
    if status.production_access:
        return well("sandbox", "no: the account may write to anybody")
    return Finding(
        subject="sandbox",
        state="ok" if sandbox_ok else "wrong",
        text="the account is in it, and writes to verified addresses and the simulator only",
        fix="request production access: "
        "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html",
    )


def _quota(status: AccountStatus) -> Finding:
    quota = status.quota
    most, left = quota.max_24_hour_send, quota.remaining_24_hours
    rate = f"{quota.max_send_rate:g} recipients per second"
    if most is None or left is None:
        return well("quota", f"{rate}, unlimited per day")
    told = f"{rate}; {left:.0f} of {most:.0f} are left of 24 hours"
    if left >= 1:
        return well("quota", told)
    return wrong("quota", told, "wait, or ask AWS for a higher quota (Service Quotas)")


def of_unverified(identity: Identity) -> Finding:
    """What keeps an identity from being used, and what to do."""
    name = redact(identity.name)
    if "@" in identity.name:
        fix = "follow the link in the e-mail that AWS sent there"
    else:
        fix = f"publish the records that `mailcore ses identities show {name}` prints"
    status = identity.verification_status.lower().replace("_", " ") or "not known"
    return wrong("identity", f"{name} is not verified: its verification is {status}", fix)


def of_dkim(identity: Identity) -> Finding:
    """Whether mail of a verified identity is signed."""
    dkim, name = identity.dkim, redact(identity.name)
    if dkim.signing_enabled and dkim.verified:
        return well("dkim", f"SES signs mail of {name}")
    if "@" in identity.name:
        return well("dkim", f"{name} is verified by itself: DKIM needs its domain verified")
    if not dkim.signing_enabled:
        return wrong(
            "dkim",
            f"SES does not sign mail of {name}: it is off",
            "`aws sesv2 put-email-identity-dkim-attributes --signing-enabled --email-identity "
            f"{name}`",
        )
    status = dkim.status.lower().replace("_", " ") or "not known"
    return wrong(
        "dkim",
        f"SES does not sign mail of {name}: the check of its records is {status}",
        f"publish the records that `mailcore ses identities show {name}` prints",
    )
