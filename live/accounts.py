"""
The file that MAILCORE_LIVE names: who sends, with which options, and where events come from.

A section for each provider, by its name. Options are those of the provider, as they stand in the
file::

    [postmark]
    from_email = "shop@example.com"
    options = {server_token = "…"}
    events = {timeout_seconds = 60}
"""

from __future__ import annotations

import os
import stat
import sys

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VARIABLE = "MAILCORE_LIVE"
PAGE = "docs/how-to/live-tests.md"

_FIELDS: Mapping[str, tuple[type[Any], ...]] = {
    "from_email": (str,),
    "to": (str,),
    "options": (dict,),
    "events": (dict,),
}
_EVENTS: Mapping[str, tuple[type[Any], ...]] = {
    "queue_url": (str,),
    "logs_api_key": (str,),
    "webhook_port": (int,),
    "timeout_seconds": (int, float),
    "poll_seconds": (int, float),
}


class AccountsError(Exception):
    """The file cannot be used; the text says everything that is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    One provider of the file.

    Attributes:
        provider: Its name.
        from_email: Who sends.
        to: Who gets the message; empty for the address at which the service tries nothing out on
            people.
        options: Of the provider. They hold secrets.
        queue_url: The SQS queue that events of SES go to.
        logs_api_key: For Mailgun's logs, if ``api_key`` may only send.
        webhook_port: Where on this machine the service's webhook arrives, through a tunnel.
        timeout_seconds: How long to wait for the event.
        poll_seconds: How long to wait before the service is asked again.
    """

    provider: str
    from_email: str
    to: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    queue_url: str = ""
    logs_api_key: str = field(default="", repr=False)
    webhook_port: int = 0
    timeout_seconds: float = 300
    poll_seconds: float = 5


def read_accounts(environment: Mapping[str, str] = os.environ) -> dict[str, Account]:
    """
    Read the file, if there is one.

    Returns:
        The accounts by the name of the provider; empty if MAILCORE_LIVE is not set.

    Raises:
        AccountsError: If the file cannot be read or used, or others may read it.
    """
    named = environment.get(VARIABLE, "")
    if not named:
        return {}
    path = Path(named)
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (OSError, UnicodeError) as error:
        # Not the error's own text: what is in the variable may not be a path.
        raise AccountsError(
            f"the file that {VARIABLE} names cannot be read ({type(error).__name__})"
        ) from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccountsError(
            f"the file that {VARIABLE} names holds secrets that others may read: chmod 600"
        )
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Its text repeats the line, with what stands there.
        raise AccountsError(f"the file that {VARIABLE} names is no TOML: see {PAGE}") from None
    problems: list[str] = []
    accounts = {name: _account(name, section, problems) for name, section in document.items()}
    if problems or not accounts:
        found = "; ".join(problems) or "it has no section"
        raise AccountsError(f"the file that {VARIABLE} names: {found}. See {PAGE}")
    return {name: account for name, account in accounts.items() if account is not None}


def _account(name: str, section: object, problems: list[str]) -> Account | None:
    if not isinstance(section, dict):
        problems.append(f"{name!r} is no section: write [{name}]")
        return None
    events = section.get("events", {})
    found = _unfit(f"[{name}]", section, _FIELDS)
    if not section.get("from_email"):
        found.append(f"[{name}] needs from_email, an address that the account may send from")
    if isinstance(events, dict):
        found += _unfit(f"[{name}.events]", events, _EVENTS)
    problems += found
    if found:
        return None
    given = {key: value for key, value in section.items() if key != "events"}
    return Account(provider=name, **given, **events)


def _unfit(
    place: str, table: Mapping[str, object], types: Mapping[str, tuple[type[Any], ...]]
) -> list[str]:
    """What a table has that it may not have, without the values: they may be secrets."""
    problems: list[str] = []
    for key, value in table.items():
        if key not in types:
            problems.append(f"{place} has no {key!r}: it takes {', '.join(types)}")
        elif not isinstance(value, types[key]) or isinstance(value, bool):
            kind = {str: "text", dict: "table", int: "number"}[types[key][0]]
            problems.append(f"{place} {key} is no {kind}")
    return problems
