"""
The calls of `rejects` and `allowlists`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailcore_local.composing import is_address
from mailcore_local.mandrill import models
from mailcore_local.mandrill.addresses import AddressList
from mailcore_local.mandrill.calls import Call
from mailcore_local.mandrill.errors import invalid


class ListCalls:
    """
    What the API asks of the two lists of addresses.

    Args:
        denylist: The addresses that get nothing.
        allowlist: The addresses that are never put on the denylist.
    """

    def __init__(self, denylist: AddressList, allowlist: AddressList) -> None:
        self._denylist = denylist
        self._allowlist = allowlist

    def by_name(self) -> Mapping[str, Callable[[Call], object]]:
        """
        The functions that answer, by the names of the calls.
        """
        return {
            "rejects/list": self._rejects,
            "rejects/add": self._add_reject,
            "rejects/delete": self._delete_reject,
            "allowlists/list": self._allowed,
            "allowlists/add": self._add_allowed,
            "allowlists/delete": self._delete_allowed,
        }

    def _rejects(self, call: Call) -> object:
        given = call.read(models.ListAddresses)
        return [entry.rejected() for entry in self._denylist.listed(given.email)]

    def _add_reject(self, call: Call) -> object:
        given = _checked(call.read(models.AddAddress))
        self._denylist.add(given.email, "custom", given.comment or "")
        return {"email": given.email, "added": True}

    def _delete_reject(self, call: Call) -> object:
        given = call.read(models.DeleteAddress)
        self._denylist.delete(given.email)
        return {"email": given.email, "deleted": True, "subaccount": None}

    def _allowed(self, call: Call) -> object:
        given = call.read(models.ListAddresses)
        return [entry.allowed() for entry in self._allowlist.listed(given.email)]

    def _add_allowed(self, call: Call) -> object:
        given = _checked(call.read(models.AddAddress))
        self._allowlist.add(given.email, "custom", given.comment or "")
        return {"email": given.email, "added": True}

    def _delete_allowed(self, call: Call) -> object:
        given = call.read(models.DeleteAddress)
        was_there = self._allowlist.get(given.email) is not None
        if was_there:
            self._allowlist.delete(given.email)
        return {"email": given.email, "deleted": was_there}


def _checked(given: models.AddAddress) -> models.AddAddress:
    if not is_address(given.email):
        raise invalid({"email": "Not a valid email address"})
    return given
