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
        return Finding(subject="sending", state="ok", text="it is switched on for the account")
    return Finding(
        subject="sending",
        state="wrong",
        text="it is paused for the account",
        fix="find out who paused it and why, then "
        "`aws sesv2 put-account-sending-attributes --sending-enabled`",
    )


def _reputation(status: AccountStatus) -> Finding:
    reputation = status.enforcement_status
    if reputation == HEALTHY:
        return Finding(subject="reputation", state="ok", text="AWS finds nothing wrong")
    texts = {
        PROBATION: "AWS has put the account under review",
        SHUTDOWN: "AWS has stopped the account from sending",
    }
    return Finding(
        subject="reputation",
        state="wrong",
        text=texts.get(reputation, f"AWS calls it {reputation}"),
        fix="answer AWS's e-mail, or the case in its Support Center; bring bounces and complaints "
        "down (`mailcore ses stats`)",
    )


def _sandbox(status: AccountStatus, *, sandbox_ok: bool) -> Finding:
    if status.production_access:
        return Finding(subject="sandbox", state="ok", text="no: the account may write to anybody")
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
        return Finding(subject="quota", state="ok", text=f"{rate}, unlimited per day")
    return Finding(
        subject="quota",
        state="ok" if left >= 1 else "wrong",
        text=f"{rate}; {left:.0f} of {most:.0f} are left of 24 hours",
        fix="" if left >= 1 else "wait, or ask AWS for a higher quota (Service Quotas)",
    )


def of_unverified(identity: Identity) -> Finding:
    """What keeps an identity from being used, and what to do."""
    name = redact(identity.name)
    if "@" in identity.name:
        fix = "follow the link in the e-mail that AWS sent there"
    else:
        fix = f"publish the records that `mailcore ses identities show {name}` prints"
    status = identity.verification_status.lower().replace("_", " ") or "not known"
    return Finding(
        subject="identity",
        state="wrong",
        text=f"{name} is not verified: its verification is {status}",
        fix=fix,
    )


def of_dkim(identity: Identity) -> Finding:
    """Whether mail of a verified identity is signed."""
    dkim, name = identity.dkim, redact(identity.name)
    if dkim.signing_enabled and dkim.verified:
        return Finding(subject="dkim", state="ok", text=f"SES signs mail of {name}")
    if "@" in identity.name:
        return Finding(
            subject="dkim",
            state="ok",
            text=f"{name} is verified by itself: DKIM needs its domain verified",
        )
    status = dkim.status.lower().replace("_", " ") or "not known"
    return Finding(
        subject="dkim",
        state="wrong",
        text=f"SES does not sign mail of {name}: "
        + (f"the check of its records is {status}" if dkim.signing_enabled else "it is off"),
        fix=f"publish the records that `mailcore ses identities show {name}` prints"
        if dkim.signing_enabled
        else "`aws sesv2 put-email-identity-dkim-attributes --signing-enabled --email-identity "
        f"{name}`",
    )
