"""
``provider.account``: blocked contacts, blocked domains, credits.

``/v3/smtp/blockedDomains`` (``api/swagger.yaml`` of https://github.com/getbrevo/brevo-go, of
2025-02-07, read 2026-11-30).
"""

from __future__ import annotations

from urllib.parse import quote

from mailcore.account import AccountCalls, AsyncQuotaAccount, QuotaAccount
from mailcore.address import Address
from mailcore.flow import Flow, Transport, arun, run
from mailcore_brevo.quota import PlanCredits
from mailcore_brevo.suppressions import BrevoSuppressions


_DOMAINS = "/smtp/blockedDomains"


class BrevoAccount(QuotaAccount[tuple[PlanCredits, ...]]):
    """
    What Brevo keeps for the account.

    The list of blocked contacts is that of :class:`~mailcore.account.SuppressionAccount`; no
    address can be put there. Every method makes calls, of which an account has 100 in an hour.

    Args:
        suppressions: The list, with the options of the provider.
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, suppressions: BrevoSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._suppressions = suppressions
        self._calls = suppressions.calls

    @property
    def asynchronous(self) -> AsyncBrevoAccount:
        """The same with ``await`` and ``async for``."""
        return AsyncBrevoAccount(self._suppressions, self._transport)

    def blocked_domains(self) -> tuple[str, ...]:
        """The domains that Brevo sends nothing to."""
        return run(get_blocked_domains(self._calls), self._transport)

    def block_domain(self, domain: str) -> None:
        """
        Have nothing sent to a domain any more.

        Raises:
            InvalidAddress: If the text is not a domain.
        """
        run(block_domain(self._calls, domain), self._transport)

    def unblock_domain(self, domain: str) -> bool:
        """
        Have mail sent to a domain again; False if it was not blocked.

        Raises:
            InvalidAddress: If the text is not a domain.
        """
        return run(unblock_domain(self._calls, domain), self._transport)


class AsyncBrevoAccount(AsyncQuotaAccount[tuple[PlanCredits, ...]]):
    """As :class:`BrevoAccount`, for event loops."""

    def __init__(self, suppressions: BrevoSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._calls = suppressions.calls

    async def blocked_domains(self) -> tuple[str, ...]:
        """As :meth:`BrevoAccount.blocked_domains`."""
        return await arun(get_blocked_domains(self._calls), self._transport)

    async def block_domain(self, domain: str) -> None:
        """As :meth:`BrevoAccount.block_domain`."""
        await arun(block_domain(self._calls, domain), self._transport)

    async def unblock_domain(self, domain: str) -> bool:
        """As :meth:`BrevoAccount.unblock_domain`."""
        return await arun(unblock_domain(self._calls, domain), self._transport)


def get_blocked_domains(calls: AccountCalls) -> Flow[tuple[str, ...]]:
    """Ask for the blocked domains."""
    response = yield from calls.ask("GET", _DOMAINS)
    domains = calls.read_object(response).get("domains") or []
    if not isinstance(domains, list) or not all(isinstance(each, str) for each in domains):
        raise calls.unreadable("has unreadable domains", response)
    return tuple(domains)


def block_domain(calls: AccountCalls, domain: str) -> Flow[None]:
    """Block a domain."""
    yield from calls.ask("POST", _DOMAINS, {"domain": _encoded(domain)})


def unblock_domain(calls: AccountCalls, domain: str) -> Flow[bool]:
    """Unblock a domain; False if it was not blocked."""
    path = f"{_DOMAINS}/{quote(_encoded(domain), safe='')}"
    return (yield from calls.find("DELETE", path)) is not None


def _encoded(domain: str) -> str:
    return Address.parse(f"postmaster@{domain}", field="domain").ascii_domain
