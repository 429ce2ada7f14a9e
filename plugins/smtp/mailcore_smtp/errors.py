"""
What a refusal means: by the step that was refused, the reply code and the enhanced status code.

The first row that fits decides. Sources (read 2026-11-30): RFC 5321, sections 4.2.2 and 4.3.2, for
reply codes; RFC 3463, section 3, for enhanced ones, by subject and detail; RFC 4954, section 6, for
those of AUTH; RFC 3207, section 4, for STARTTLS; RFC 7504 for 521 and 556. Words count only where
no code tells a limit on the rate from other things that pass.
"""

from __future__ import annotations

import re

from dataclasses import dataclass

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.foundation import shown_text
from mailcore_smtp.call import Reply, SmtpResponse, Step


_LONGEST_WORDS = 300


@dataclass(frozen=True)
class Meaning:
    """
    One row.

    Args:
        kind: The class of the error.
        category: The category of the error.
        steps: Where it can happen; empty for everywhere.
        codes: An expression for the reply code.
        enhanced: One for subject and detail of the enhanced code.
        words: An expression for the text of the reply.
        retryable: Whether the same may succeed later; None for what the error's class says.
    """

    kind: type[SendError]
    category: str
    steps: tuple[Step, ...] = ()
    codes: str = r"[45]\d\d"
    enhanced: str = ""
    words: str = ""
    retryable: bool | None = None

    def fits(self, step: Step, reply: Reply) -> bool:
        """Whether the row is for this refusal."""
        return (
            (not self.steps or step in self.steps)
            and re.fullmatch(self.codes, str(reply.code)) is not None
            and (not self.enhanced or re.fullmatch(self.enhanced, reply.enhanced[2:]) is not None)
            and (not self.words or re.search(self.words, reply.text, re.IGNORECASE) is not None)
        )


_OF_THE_MAIL: tuple[Step, ...] = ("mail", "rcpt", "data", "content")
# What Amazon SES says (https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html,
# read 2026-11-30), and others in such words.
_RATE = r"throttl|sending rate|rate.?limit|too (?:many|fast)|message rate"
_QUOTA = r"(?:daily|monthly|sending|message) \w* ?quota|quota \w* ?(?:of messages|for sending)"

MEANINGS = (
    Meaning(QuotaExceeded, "quota_exceeded", _OF_THE_MAIL, words=_QUOTA),
    Meaning(RateLimited, "rate_limited", codes=r"4\d\d", enhanced=r"7\.28"),
    Meaning(RateLimited, "rate_limited", codes=r"4\d\d", words=_RATE),
    Meaning(ProviderUnavailable, "closing", codes="421"),
    Meaning(ProviderUnavailable, "authentication_later", ("auth",), codes=r"454|4[0-2]\d|45[0-3]"),
    Meaning(AuthenticationFailed, "password_transition", ("auth",), codes="432"),
    Meaning(AuthenticationFailed, "mechanism", ("auth",), codes="504|534"),
    Meaning(AuthenticationFailed, "encryption_required", ("auth",), codes="538"),
    Meaning(AuthenticationFailed, "authentication", ("auth",), codes=r"[345]\d\d"),
    Meaning(AuthenticationFailed, "encryption_required", codes="5(?:23|30|38)", words="TLS"),
    Meaning(AuthenticationFailed, "authentication_required", codes="530"),
    Meaning(ProviderUnavailable, "tls_unavailable", ("starttls",), codes=r"4\d\d"),
    Meaning(ProviderUnavailable, "tls_unavailable", ("starttls",), retryable=False),
    Meaning(ProviderUnavailable, "no_mail_here", ("greeting", "ehlo"), r"5\d\d", retryable=False),
    Meaning(MessageRejected, "too_large", _OF_THE_MAIL, codes="5(?:23|52)", enhanced="[23].[34]"),
    Meaning(MessageRejected, "too_large", _OF_THE_MAIL, codes=r"5\d\d", enhanced=r"2\.3|3\.4"),
    Meaning(MessageRejected, "mailbox_full", ("content",), codes=r"5\d\d", enhanced=r"2\.2"),
    Meaning(MessageRejected, "too_large", ("mail", "data", "content"), codes="552"),
    Meaning(MessageRejected, "sender", ("mail",), codes="5(?:50|53|56)"),
    Meaning(MessageRejected, "sender", codes=r"5\d\d", enhanced=r"1\.[78]"),
    Meaning(MessageRejected, "parameters", ("mail", "rcpt"), codes="555|504"),
    Meaning(UnexpectedResponse, "protocol", codes="50[0-3]"),
    Meaning(MessageRejected, "content", codes=r"5\d\d", enhanced=r"6\.\d+"),
    Meaning(MessageRejected, "policy", codes=r"5\d\d", enhanced=r"7\.\d+"),
    Meaning(MessageRejected, "message_rejected", _OF_THE_MAIL, codes=r"5\d\d"),
    Meaning(ProviderUnavailable, "temporary", codes=r"4\d\d"),
)
"""The table; a reply that no row is for is no answer that SMTP has at that step."""

_SAID: dict[Step, str] = {
    "greeting": "does not greet",
    "ehlo": "does not take EHLO",
    "starttls": "does not begin TLS",
    "auth": "does not take the credentials",
    "mail": "refuses the sender",
    "rcpt": "takes no recipients",
    "data": "does not take the content",
    "content": "refuses the mail",
}


def error_of(response: SmtpResponse, reply: Reply) -> SendError:
    """
    The error of a mail that was refused as a whole.

    Args:
        response: What came of it.
        reply: The reply that refuses it.
    """
    step = response.step
    meaning = next((each for each in MEANINGS if each.fits(step, reply)), None)
    code = reply.enhanced or str(reply.code)
    if meaning is None:
        told = f"the server answers with {reply.code}, which is no answer to this step ({step})"
        # After the final dot, the mail is the server's until it says no.
        return UnexpectedResponse(told, code=code, raw=response, maybe_accepted=step == "content")
    # What is said of credentials may repeat them.
    words = "" if step == "auth" else f": {shown_text(reply.text, _LONGEST_WORDS)}"
    return meaning.kind(
        f"the server {_SAID[step]} ({reply.code}){words}",
        category=meaning.category,
        retryable=meaning.retryable,
        code=code,
        raw=response,
    )
