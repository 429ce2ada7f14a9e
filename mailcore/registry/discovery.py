"""
What is installed: entry points of the four groups, read without importing what they point to.

One damaged distribution does not hide the others; two that claim one name are both refused.
"""

from __future__ import annotations

import logging
import os

from dataclasses import dataclass, field
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from importlib import metadata

PROVIDERS = "mailcore.providers"
EXTENSIONS = "mailcore.extensions"
URL_SCHEMES = "mailcore.url_schemes"
POOLS = "mailcore.pools"
ENVIRONMENT_VARIABLE = "MAILCORE_PLUGINS"
CORE_DISTRIBUTION = "mailcore-esp"
# On PyPI since 2025-12: an IMAP library of that import name (read 2026-11-30).
STRANGER_DISTRIBUTION = "mailcore"

logger = logging.getLogger("mailcore.registry")


@dataclass(frozen=True)
class Discovered:
    """
    Entry points by name, and names that several distributions claim.

    Args:
        providers: The entry points of the group ``mailcore.providers``.
        extensions: The entry points of the group ``mailcore.extensions``.
        schemes: Names of providers by further schemes of their URLs: ``mailcore.url_schemes``.
        pools: The entry points of the group ``mailcore.pools``.
        conflicts: What is wrong, by kind (``provider`` or ``extension``) and name.
    """

    providers: dict[str, metadata.EntryPoint] = field(default_factory=dict)
    extensions: dict[str, metadata.EntryPoint] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)
    pools: dict[str, metadata.EntryPoint] = field(default_factory=dict)
    conflicts: dict[tuple[str, str], str] = field(default_factory=dict)


def discover() -> Discovered:
    """Look at what is installed, as far as ``MAILCORE_PLUGINS`` allows."""
    wanted = _wanted()
    found = Discovered()
    for entry_point in _installed():
        if entry_point.group == URL_SCHEMES:
            found.schemes.setdefault(entry_point.name, entry_point.value)
            continue
        if entry_point.group == POOLS:
            found.pools.setdefault(entry_point.name, entry_point)
            continue
        name, core = entry_point.name, distribution_of(entry_point)[0] == CORE_DISTRIBUTION
        if wanted is not None and not core and name not in wanted:
            continue
        is_provider = entry_point.group == PROVIDERS
        known = (found.providers if is_provider else found.extensions).setdefault(name, entry_point)
        if known.value != entry_point.value:
            names = sorted({distribution_of(known)[0], distribution_of(entry_point)[0]})
            kind = "provider" if is_provider else "extension"
            found.conflicts[kind, name] = f"claimed by {' and '.join(names)}"
            logger.warning("%s %s is %s", kind, name, found.conflicts[kind, name])
    return found


def _installed() -> list[metadata.EntryPoint]:
    # Costs as much as all the rest of importing mailcore, so only once it is needed
    # (benchmarks/imports.py).
    from importlib import metadata

    groups = (PROVIDERS, EXTENSIONS, URL_SCHEMES, POOLS)
    try:
        points = metadata.entry_points()
        return [each for group in groups for each in points.select(group=group)]
    except Exception:
        # One distribution with damaged metadata: look at each on its own.
        logger.warning("the entry points of some distribution cannot be read", exc_info=True)
    found: dict[str | None, list[metadata.EntryPoint]] = {}
    for distribution in metadata.distributions():
        try:
            name = distribution.metadata["Name"]
            if name not in found:
                found[name] = list(distribution.entry_points)
        except Exception:
            logger.debug("without %r", distribution, exc_info=True)
    return [each for points_of in found.values() for each in points_of if each.group in groups]


def is_installed(distribution: str) -> bool:
    """Whether a distribution is installed, by its name."""
    from importlib import metadata

    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def stranger_beside_us() -> str:
    """What is wrong if another project's `mailcore` is installed too; empty if nothing is."""
    if not (is_installed(CORE_DISTRIBUTION) and is_installed(STRANGER_DISTRIBUTION)):
        return ""
    return (
        f"the distributions {STRANGER_DISTRIBUTION!r} and {CORE_DISTRIBUTION!r} are both installed "
        f"and overwrite each other's files: pip uninstall {STRANGER_DISTRIBUTION}; "
        f"pip install --force-reinstall {CORE_DISTRIBUTION}"
    )


def _wanted() -> frozenset[str] | None:
    value = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not value:
        return None
    names = frozenset(name.strip() for name in value.split(",") if name.strip())
    return names - {"none"}


def distribution_of(entry_point: metadata.EntryPoint) -> tuple[str, str]:
    """Name and version of what installed an entry point; empty where nobody knows."""
    if entry_point.dist is None:
        return "", ""
    # Damaged metadata may lack both.
    fields = entry_point.dist.metadata
    name, version = (fields[k] if k in fields else "" for k in ("Name", "Version"))  # noqa: SIM401
    return name, version
