"""
Policies that belong together, in their order.

========================  ==================================================================
Policy                    What it does
========================  ==================================================================
:class:`.Redirect`        everything to one inbox, in staging; left out unless given
:class:`.Suppression`     nothing to those on your list; left out unless given, as it needs a store
:class:`.Idempotency`     one send for each key; left out unless given, as it needs a store
:class:`.Telemetry`       spans and metrics; left out unless given, as it needs an extra
:class:`.Logging`         one record for each send
:class:`.Retry`           again what was refused for now
:class:`.Throttle`        never faster than the provider takes it
========================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from mailcore.errors import ConfigurationError
from mailcore.foundation.redaction import shown_name
from mailcore.foundation.suggesting import similar
from mailcore.middleware.logging import Logging
from mailcore.middleware.policy import Policy
from mailcore.middleware.retry import Retry
from mailcore.middleware.throttle import Throttle


if TYPE_CHECKING:
    from mailcore.middleware.idempotency import Idempotency
    from mailcore.middleware.redirect import Redirect
    from mailcore.middleware.suppression import Suppression
    from mailcore.middleware.telemetry import Telemetry

__all__ = ["Policies", "production"]

Policies: TypeAlias = "str | Iterable[Policy]"
"""The name of a stack, such as ``production``, or policies in any order."""

PolicyT = TypeVar("PolicyT", bound=Policy)
_Default: TypeAlias = Literal["default"]


def production(
    *,
    redirect: Redirect | None = None,
    suppression: Suppression | None = None,
    idempotency: Idempotency | None = None,
    telemetry: Telemetry | None = None,
    logging: Logging | _Default | None = "default",
    retry: Retry | _Default | None = "default",
    throttle: Throttle | _Default | None = "default",
    others: Iterable[Policy] = (),
) -> list[Policy]:
    """
    Make the policies that a program in production wants: ``Mailer("…", policies="production")``.

    Args:
        redirect: Sends everything to one inbox, for a copy of production; nothing by default.
        suppression: Keeps to your own list of suppressed addresses; nothing by default.
        idempotency: Sends once for each key; nothing by default.
        telemetry: Makes spans and metrics of OpenTelemetry; nothing by default.
        logging: Another than the default one, or None for no records.
        retry: Another than the default one, or None to send nothing again.
        throttle: Another than the default one, or None to send as fast as one can.
        others: Further policies, which find their own place.

    Returns:
        Policies in their order, the outermost first.
    """
    found: list[Policy | None] = [
        redirect,
        suppression,
        idempotency,
        telemetry,
        _chosen(logging, Logging),
        _chosen(retry, Retry),
        _chosen(throttle, Throttle),
        *others,
    ]
    return in_order(policy for policy in found if policy is not None)


def _chosen(given: PolicyT | _Default | None, default: Callable[[], PolicyT]) -> PolicyT | None:
    return default() if isinstance(given, str) else given


STACKS: dict[str, Callable[[], list[Policy]]] = {"production": production}


def in_order(policies: Iterable[Policy]) -> list[Policy]:
    """Policies by their place, the outermost first; those of one place as they are given."""
    return sorted(policies, key=lambda policy: policy.place)


def checked_policies(given: object) -> Sequence[Policy]:
    """
    The policies that a mailer was given, in their order.

    Args:
        given: The name of a stack, policies in any order, or None for none.

    Raises:
        ConfigurationError: If it is something else, or no stack has that name.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        if given not in STACKS:
            meant = similar(given, STACKS)
            hint = f"; did you mean '{meant}'?" if meant else ""
            known = ", ".join(sorted(STACKS))
            raise ConfigurationError(f"no policies {shown_name(given)}; there are: {known}{hint}")
        return STACKS[given]()
    if isinstance(given, Policy):
        raise ConfigurationError("policies must be a list: write policies=[...]")
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        kind = type(given).__name__
        raise ConfigurationError(f"policies must be a list or the name of a stack, not {kind}")
    found = list(given)
    for each in found:
        if isinstance(each, type) and issubclass(each, Policy):
            own = each.__qualname__
            raise ConfigurationError(f"policies: write {own}(...), not the class {own}")
        if not isinstance(each, Policy):
            kind = type(each).__name__
            raise ConfigurationError(
                f"policies has a {kind}, which is no policy: give functions to middleware"
            )
    return in_order(found)
