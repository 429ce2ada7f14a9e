"""
``provider.account``: the denylist, the allowlist, and how much may be sent.

``allowlists/list``, ``allowlists/add`` and ``allowlists/delete`` of the OpenAPI description of
Mailchimp Transactional 1.4.0 (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailcore.account import AsyncQuotaAccount, QuotaAccount
from mailcore.address import Address
from mailcore.flow import Flow, HttpResponse, Transport, arun, run
from mailcore.http import text_in
from mailcore.webhook import parse_timestamp
from mailcore_mandrill.asking import MandrillCalls
from mailcore_mandrill.quota import AccountQuota
from mailcore_mandrill.suppressions import MandrillSuppressions


@dataclass(frozen=True, kw_only=True)
class AllowedAddress:
    """
    An address on the allowlist: no bounce puts it on the denylist.

    Args:
        email_address: The address, spelled as Mandrill has it.
        detail: Why it is there, in somebody's words; may be empty.
        created_at: Since when, with time zone (UTC); None if Mandrill does not say.
    """

    email_address: str = field(repr=False)
    detail: str = field(default="", repr=False)
    created_at: datetime | None = None


class MandrillAccount(QuotaAccount[AccountQuota]):
    """
    What Mandrill keeps for the account.

    The denylist is that of :class:`~mailcore.account.SuppressionAccount`.

    Args:
        suppressions: The list, with the options of the provider.
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, suppressions: MandrillSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._suppressions = suppressions

    @property
    def asynchronous(self) -> AsyncMandrillAccount:
        """The same with ``await`` and ``async for``."""
        return AsyncMandrillAccount(self._suppressions, self._transport)

    def allowed(self) -> tuple[AllowedAddress, ...]:
        """The first 1000 addresses of the allowlist: Mandrill gives no more."""
        return run(get_allowed(self._suppressions.calls), self._transport)

    def put_allowed(self, email_address: str, comment: str = "") -> None:
        """
        Put an address on the allowlist.

        Args:
            email_address: The address that Mandrill tries to deliver to, whatever bounced before.
            comment: Why, of up to 255 characters.

        Raises:
            InvalidAddress: If it is no address.
        """
        run(put_allowed(self._suppressions.calls, email_address, comment), self._transport)

    def delete_allowed(self, email_address: str) -> bool:
        """
        Take an address off the allowlist; False if it was not on it.

        Raises:
            InvalidAddress: If it is no address.
        """
        return run(delete_allowed(self._suppressions.calls, email_address), self._transport)


class AsyncMandrillAccount(AsyncQuotaAccount[AccountQuota]):
    """As :class:`MandrillAccount`, for event loops."""

    def __init__(self, suppressions: MandrillSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._calls = suppressions.calls

    async def allowed(self) -> tuple[AllowedAddress, ...]:
        """As :meth:`MandrillAccount.allowed`."""
        return await arun(get_allowed(self._calls), self._transport)

    async def put_allowed(self, email_address: str, comment: str = "") -> None:
        """As :meth:`MandrillAccount.put_allowed`."""
        await arun(put_allowed(self._calls, email_address, comment), self._transport)

    async def delete_allowed(self, email_address: str) -> bool:
        """As :meth:`MandrillAccount.delete_allowed`."""
        return await arun(delete_allowed(self._calls, email_address), self._transport)


def get_allowed(calls: MandrillCalls) -> Flow[tuple[AllowedAddress, ...]]:
    """Ask for the allowlist."""
    document, response = yield from calls.make("allowlists/list")
    if not isinstance(document, list):
        raise calls.unreadable("is no list", response)
    return tuple(_allowed(item, response, calls) for item in document)


def put_allowed(calls: MandrillCalls, email_address: str, comment: str) -> Flow[None]:
    """Put an address on the allowlist; one that is there stays there."""
    email = Address.parse(email_address).ascii_addr_spec
    document, response = yield from calls.make(
        "allowlists/add", email=email, comment=comment or None
    )
    calls.flag(document, "added", response)


def delete_allowed(calls: MandrillCalls, email_address: str) -> Flow[bool]:
    """Take an address off the allowlist."""
    email = Address.parse(email_address).ascii_addr_spec
    document, response = yield from calls.make("allowlists/delete", email=email)
    return calls.flag(document, "deleted", response)


def _allowed(item: object, response: HttpResponse, calls: MandrillCalls) -> AllowedAddress:
    given: Mapping[str, Any] = item if isinstance(item, dict) else {}
    address = given.get("email")
    if not isinstance(address, str):
        raise calls.unreadable("has an entry without an address", response)
    return AllowedAddress(
        email_address=address,
        detail=text_in(given, "detail"),
        created_at=parse_timestamp(given.get("created_at")),
    )
