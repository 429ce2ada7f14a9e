"""What the commands of ``mailcore ses`` have in common."""

from __future__ import annotations

import argparse
import contextlib
import re

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import opened_provider
from mailcore.flow import Transport
from mailcore.foundation import shown_size, similar
from mailcore.registry import Registry
from mailcore_ses.account import SesAccount
from mailcore_ses.provider import SesProvider


# As the names of the tz database are made; nothing that may be a secret.
_ZONE = re.compile(r"[A-Za-z]{1,20}(?:[/_+-][A-Za-z]{1,20}){0,4}")

ABSENT = 1
"""The exit code when what was asked about is not there, or is not well."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A provider in use."""

    provider: SesProvider
    transport: Transport

    @property
    def account(self) -> SesAccount:
        """Its account."""
        return SesAccount(self.transport)

    @property
    def region_name(self) -> str:
        """The region that its client has chosen."""
        return str(self.provider.client.meta.region_name)


@contextlib.contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Opened]:
    """
    The provider that the arguments choose; ``ses`` unless they or the environment say otherwise.

    Raises:
        UsageError: If it is another provider than SES's.
        ConfigurationError: If it cannot be made.
    """
    registry: Registry = arguments.registry
    with opened_provider(arguments, SesProvider.name) as provider:
        assert isinstance(provider, SesProvider)
        yield Opened(provider=provider, transport=registry.transport_for(provider))


def time_zone(text: str) -> tzinfo:
    """Read the name of a time zone; as the type of an argument."""
    if text.upper() == "UTC":
        return timezone.utc
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        # KeyError is what zoneinfo raises of a name that it does not know, OSError of a directory.
        known = available_timezones()
    if not known:
        raise argparse.ArgumentTypeError(
            "this system has no time zones but UTC: pip install tzdata"
        ) from None
    meant = similar(text, known)
    hint = f"did you mean '{meant}'?" if meant else "write it as Europe/Berlin"
    shown = f"'{text}'" if _ZONE.fullmatch(text) else f"<{shown_size(text)}>"
    raise argparse.ArgumentTypeError(f"no time zone {shown}: {hint}") from None


def require_names(arguments: argparse.Namespace, names: list[str], what: str) -> None:
    """
    Check that an action has the names that it needs.

    Raises:
        UsageError: If it has none, or has some and needs none.
    """
    if arguments.action == "list" and names:
        raise UsageError("`list` takes no names: `show` and `get` do")
    if arguments.action != "list" and not names:
        raise UsageError(f"`{arguments.action}` needs {what}")
