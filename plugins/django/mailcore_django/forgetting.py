"""``manage.py mailcore erase`` and ``prune``: all apps that keep something are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mailcore import Address, ConfigurationError, InvalidAddress
from mailcore_django.keepers import keepers


__all__ = ["erase_command", "prune_command"]


class _Writer(Protocol):
    def write(self, msg: str, /) -> object: ...


def erase_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Forget an address: ``manage.py mailcore erase ADDRESS``.

    Returns:
        0; 1 if something has the address still, which is told; 2 for a wrong use.

    Raises:
        ConfigurationError: If no app that is installed keeps anything.
    """
    if len(arguments) != 1 or "@" not in arguments[0]:
        out.write("usage: manage.py mailcore erase ADDRESS\n")
        return 2
    _require_keepers()
    address = _bare(arguments[0])
    is_left = False
    for name, keeper in keepers.items():
        counts = keeper.erase(address)
        _tell(out, name, counts)
        is_left = is_left or any(counts.get(each) for each in keeper.unfinished)
    return int(is_left)


def prune_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Forget what is older than the settings allow: ``manage.py mailcore prune``, once a day.

    Raises:
        ConfigurationError: If no app that is installed keeps anything.
    """
    if arguments:
        out.write("usage: manage.py mailcore prune\n")
        return 2
    _require_keepers()
    for name, keeper in keepers.items():
        _tell(out, name, keeper.prune())
    return 0


def _bare(address: str) -> str:
    """An address without its name; as it was given if it is none, since events name such too."""
    try:
        return Address.parse(address).addr_spec
    except InvalidAddress:
        return address


def _require_keepers() -> None:
    if not keepers:
        raise ConfigurationError(
            "nothing is kept: INSTALLED_APPS has none of 'mailcore_django.log', "
            "'mailcore_django.suppression', 'mailcore_django.idempotency', "
            "'mailcore_django.seen' and 'mailcore_django.outbox'"
        )


def _tell(out: _Writer, name: str, counts: Mapping[str, int]) -> None:
    if counts:
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        out.write(f"{name}: {told}\n")
