"""
The account's suppression list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from mailcore_local.ses.errors import ServiceError, not_found
from mailcore_local.ses.limits import bare_address
from mailcore_local.ses.model import Params
from mailcore_local.ses.paging import page, with_token


class SuppressionList:
    """
    Addresses with the reason why nothing is sent to them.

    Not thread-safe: the server's lock guards it.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Params] = {}
        self.handlers: dict[str, Callable[[Params], Params]] = {
            "PutSuppressedDestination": self._put,
            "GetSuppressedDestination": self._get,
            "DeleteSuppressedDestination": self._delete,
            "ListSuppressedDestinations": self._list,
        }

    def reason(self, address: str) -> str | None:
        """
        `BOUNCE` or `COMPLAINT` when the bare address is on the list.
        """
        entry = self._entries.get(_key(address))
        return str(entry["Reason"]) if entry else None

    def _put(self, params: Params) -> Params:
        _check_tenant(params)
        address = bare_address(params["EmailAddress"])
        self._entries[_key(address)] = {
            "EmailAddress": address,
            "Reason": params["Reason"],
            "LastUpdateTime": datetime.now(timezone.utc),
        }
        return {}

    def _get(self, params: Params) -> Params:
        return {"SuppressedDestination": {**self._entry(params), "Attributes": {}}}

    def _delete(self, params: Params) -> Params:
        self._entry(params)
        del self._entries[_key(params["EmailAddress"])]
        return {}

    def _list(self, params: Params) -> Params:
        _check_tenant(params)
        reasons = params.get("Reasons") or ["BOUNCE", "COMPLAINT"]
        earliest = params.get("StartDate")
        latest = params.get("EndDate")
        found = [
            entry
            for entry in self._entries.values()
            if entry["Reason"] in reasons
            and (earliest is None or entry["LastUpdateTime"] >= earliest)
            and (latest is None or entry["LastUpdateTime"] <= latest)
        ]
        entries, token = page(found, params, largest=1000, code="InvalidNextTokenException")
        return with_token({"SuppressedDestinationSummaries": entries}, token)

    def _entry(self, params: Params) -> Params:
        _check_tenant(params)
        address = params["EmailAddress"]
        if _key(address) not in self._entries:
            raise not_found(f"Email address {address} does not exist on your suppression list.")
        return self._entries[_key(address)]


def _check_tenant(params: Params) -> None:
    if "TenantName" in params:
        raise ServiceError(
            "NotImplementedByLocalSes",
            "The local SES has no suppression lists of tenants.",
            status_code=501,
        )


def _key(address: str) -> str:
    # AWS does not document whether case matters; to mailbox providers it does not.
    return address.lower()
