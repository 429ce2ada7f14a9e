"""
What Mailgun makes out of a received mail: the verdicts of its filter, and the answer in it.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/spam-filter (read
2026-11-21) and receive-http (read 2026-11-30).
"""

from __future__ import annotations

from typing import NamedTuple

from mailcore.inbound import read_score
from mailcore.webhook import Form
from mailcore_mailgun.header_list import HeaderList


_IS_SPAM = {"yes": True, "no": False}


class Verdicts(NamedTuple):
    """What Mailgun found out about a mail; the fields are those of InboundEvent."""

    spam: bool | None = None
    spam_score: float | None = None
    spf: str | None = None
    dkim: str | None = None


def read_verdicts(headers: HeaderList) -> Verdicts:
    """
    What Mailgun's filter wrote into the header of a mail.

    Only what stands before the first Received field counts: that is where Mailgun's server adds
    what is its own, and what the sender wrote comes after it. (Seen in mails that others published;
    the documentation does not say where the fields stand.)
    """
    ours = headers.before("received")
    return Verdicts(
        spam=_IS_SPAM.get((ours.first("x-mailgun-sflag") or "").strip().lower()),
        spam_score=read_score(ours.first("x-mailgun-sscore")),
        spf=_verdict(ours.first("x-mailgun-spf")),
        dkim=_verdict(ours.first("x-mailgun-dkim-check-result")),
    )


def read_stripped(form: Form, name: str, headers: HeaderList, defects: list[str]) -> str | None:
    """
    What Mailgun left of a body: without quotes and, of the plain text, without signature.

    Not what a header field of the mail says that has the same name, and is posted like it.

    Args:
        form: The form that was posted.
        name: The name of the field, such as ``stripped-text``.
        headers: The headers of the mail.
        defects: What is in doubt is added here, in words.
    """
    forged = headers.all(name)
    if forged:
        defects.append(f"`{name}` is the name of a header field, too")
    given = next((text for text in form.texts(name) if text not in forged), None)
    return None if not given else given.replace("\r\n", "\n")


def _verdict(value: str | None) -> str | None:
    return (value or "").strip().lower() or None
