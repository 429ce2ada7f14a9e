"""
The account's suppression list: addresses that SES will not deliver to.

Source: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html, and the
operations of https://docs.aws.amazon.com/ses/latest/APIReference-V2/ named in the code (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias

from mailcore.account import BOUNCE, COMPLAINT
from mailcore.account import SuppressedAddress as Suppressed
from mailcore.address import Address
from mailcore.errors import ConfigurationError
from mailcore.flow import Flow
from mailcore_ses.aws.asking import (
    LARGEST_PAGE,
    Page,
    call,
    entries,
    find,
    require,
    structure,
    text,
)
from mailcore_ses.aws.call import SES


REASONS = (BOUNCE, COMPLAINT)


@dataclass(frozen=True, kw_only=True)
class SuppressedAddress(Suppressed):
    """
    An address on the list.

    Args:
        email_address: As SES has it.
        reason: ``BOUNCE`` or ``COMPLAINT``; others are kept as they come.
        updated_at: When it was put on the list last, with time zone (UTC).
        message_id: The message that bounced or was complained about; empty if it was put there
            by hand, and in lists, which do not have it.
        feedback_id: Of the bounce or the complaint; empty as above.
    """

    updated_at: datetime
    message_id: str = ""
    feedback_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SuppressionFilter:
    """
    Which addresses of the list.

    Args:
        reasons: Those for any of these reasons, ``BOUNCE`` and ``COMPLAINT``; all if empty.
        start: Those put on the list at this time or later.
        end: Those put on the list until this time.

    Raises:
        ConfigurationError: If a reason is none of these, a time has no time zone, or the end lies
            before the start.
    """

    reasons: Iterable[str] = ()
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        given = (self.reasons,) if isinstance(self.reasons, str) else self.reasons
        object.__setattr__(self, "reasons", tuple(map(_reason, given)))
        for name, time in (("start", self.start), ("end", self.end)):
            if time is not None and time.utcoffset() is None:
                raise ConfigurationError(f"ses: {name} needs a time zone")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ConfigurationError("ses: the end lies before the start")


SuppressedPages: TypeAlias = Flow[Page[SuppressedAddress]]


def suppressed_page(
    token: str = "",
    *,
    chosen: SuppressionFilter | None = None,
    page_size: int = LARGEST_PAGE,
) -> SuppressedPages:
    """
    Ask for some addresses.

    Args:
        token: Of the page; empty for the first.
        chosen: Which; all if None.
        page_size: How many at most, up to 1000.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    wanted = chosen or SuppressionFilter()
    parameters: dict[str, Any] = {"PageSize": page_size}
    if wanted.reasons:
        parameters["Reasons"] = list(wanted.reasons)
    if wanted.start is not None:
        parameters["StartDate"] = wanted.start
    if wanted.end is not None:
        parameters["EndDate"] = wanted.end
    if token:
        parameters["NextToken"] = token
    body = yield from call("ListSuppressedDestinations", parameters, service=SES)
    found = entries(body, "SuppressedDestinationSummaries")
    return Page(items=tuple(map(_suppressed, found)), next_token=text(body, "NextToken"))


def get_suppressed(email_address: str) -> Flow[SuppressedAddress | None]:
    """
    Ask for one address.

    Returns:
        None if it is not on the list.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    parameters = {"EmailAddress": _bare(email_address)}
    body = yield from find("GetSuppressedDestination", parameters, service=SES)
    return None if body is None else _suppressed(require(body, "SuppressedDestination", dict))


def put_suppressed(email_address: str, reason: str) -> Flow[None]:
    """
    Put an address on the list, or change its reason.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    parameters = {"EmailAddress": _bare(email_address), "Reason": _reason(reason)}
    yield from call("PutSuppressedDestination", parameters, service=SES)


def delete_suppressed(email_address: str) -> Flow[bool]:
    """
    Take an address off the list.

    Returns:
        Whether it was on it.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    parameters = {"EmailAddress": _bare(email_address)}
    body = yield from find("DeleteSuppressedDestination", parameters, service=SES)
    return body is not None


def _bare(email_address: str) -> str:
    return Address.parse(email_address).ascii_addr_spec


def _reason(reason: str) -> str:
    known = reason.upper()
    if known not in REASONS:
        raise ConfigurationError(f"ses: a reason is one of {', '.join(REASONS)}")
    return known


def _suppressed(entry: Mapping[str, Any]) -> SuppressedAddress:
    attributes = structure(entry, "Attributes")
    return SuppressedAddress(
        email_address=require(entry, "EmailAddress", str),
        reason=require(entry, "Reason", str),
        updated_at=require(entry, "LastUpdateTime", datetime).astimezone(timezone.utc),
        message_id=text(attributes, "MessageId"),
        feedback_id=text(attributes, "FeedbackId"),
    )
