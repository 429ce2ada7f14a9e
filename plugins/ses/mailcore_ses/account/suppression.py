"""
The account's suppression list: addresses that SES will not deliver to.

Source: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html, and the
operations of https://docs.aws.amazon.com/ses/latest/APIReference-V2/ named in the code (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, ClassVar

from mailcore.account import BOUNCE, COMPLAINT, Page, SuppressionFilter, SuppressionList
from mailcore.account import SuppressedAddress as Suppressed
from mailcore.flow import Flow
from mailcore_ses.aws.asking import call, entries, find, require, structure, text
from mailcore_ses.aws.call import PROVIDER, SES


@dataclass(frozen=True, kw_only=True)
class SuppressedAddress(Suppressed):
    """
    An address on the list.

    Args:
        email_address: The address as SES has it.
        reason: ``BOUNCE`` or ``COMPLAINT``; others are kept as they come.
        updated_at: When it was put on the list last, with time zone (UTC).
        message_id: The message that bounced or was complained about; empty if it was put there
            by hand, and in lists, which do not have it.
        feedback_id: The id of the bounce or the complaint; empty as above.
    """

    updated_at: datetime
    message_id: str = ""
    feedback_id: str = ""


class SesSuppressions(SuppressionList[SuppressedAddress]):
    """The list of an account in one region."""

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT)
    put_reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT)
    addresses_per_call: ClassVar[int] = 1

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """Ask for up to `page_size` addresses."""
        parameters: dict[str, Any] = {"PageSize": page_size}
        if chosen.reasons:
            parameters["Reasons"] = list(chosen.reasons)
        if chosen.start is not None:
            parameters["StartDate"] = chosen.start
        if chosen.end is not None:
            parameters["EndDate"] = chosen.end
        if token:
            parameters["NextToken"] = token
        body = yield from call("ListSuppressedDestinations", parameters, service=SES)
        found = entries(body, "SuppressedDestinationSummaries")
        return Page(items=tuple(map(_suppressed, found)), next_token=text(body, "NextToken"))

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """Ask for one address."""
        asked = {"EmailAddress": email_address}
        body = yield from find("GetSuppressedDestination", asked, service=SES)
        return None if body is None else _suppressed(require(body, "SuppressedDestination", dict))

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses there, or change their reason; SES refuses none of them alone."""
        for each in email_addresses:
            parameters = {"EmailAddress": each, "Reason": reason}
            yield from call("PutSuppressedDestination", parameters, service=SES)
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off; SES knows no reasons here, so it is asked for the entry first."""
        if reasons and not (yield from self.is_there_for(email_address, reasons)):
            return False
        asked = {"EmailAddress": email_address}
        body = yield from find("DeleteSuppressedDestination", asked, service=SES)
        return body is not None


def _suppressed(entry: Mapping[str, Any]) -> SuppressedAddress:
    attributes = structure(entry, "Attributes")
    return SuppressedAddress(
        email_address=require(entry, "EmailAddress", str),
        reason=require(entry, "Reason", str),
        updated_at=require(entry, "LastUpdateTime", datetime).astimezone(timezone.utc),
        message_id=text(attributes, "MessageId"),
        feedback_id=text(attributes, "FeedbackId"),
    )
