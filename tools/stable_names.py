"""
Write the lists of names on the page "What is stable" anew: `make stable`.

What is public is said once, by the `__all__` of the modules that are named here; the page shows it.
"""

from __future__ import annotations

import importlib
import sys

from pathlib import Path


PAGE = Path(__file__).parents[1] / "docs" / "reference" / "stable.md"
MARK = "<!-- `make stable` writes what follows. -->\n"

GROUPS: dict[str, tuple[str, ...]] = {
    "For programs": (
        "mailcore",
        "mailcore.mailer",
        "mailcore.errors",
        "mailcore.events",
        "mailcore.result",
        "mailcore.address",
        "mailcore.message",
        "mailcore.mime",
        "mailcore.inbound",
        "mailcore.bounces",
        "mailcore.webhook",
        "mailcore.account",
        "mailcore.middleware",
        "mailcore.stores",
        "mailcore.pools",
        "mailcore.outbox",
        "mailcore.builtin",
    ),
    "For plugins": (
        "mailcore.provider",
        "mailcore.features",
        "mailcore.flow",
        "mailcore.http",
        "mailcore.http.connection",
        "mailcore.http.wire",
        "mailcore.sending",
        "mailcore.registry",
        "mailcore.bounces.outcome",
        "mailcore.message.problems",
        "mailcore.foundation",
    ),
    "For commands of extensions": (
        "mailcore.cli",
        "mailcore.cli.argument_types",
        "mailcore.cli.choosing",
        "mailcore.cli.common",
        "mailcore.cli.exit_codes",
        "mailcore.cli.failures",
        "mailcore.cli.loading",
        "mailcore.cli.output",
        "mailcore.cli.quota",
        "mailcore.cli.suppressions",
    ),
    "For tests": ("mailcore.testing",),
    "Of the plugins": (
        "mailcore_ses",
        "mailcore_mandrill",
        "mailcore_postmark",
        "mailcore_mailgun",
        "mailcore_sendgrid",
        "mailcore_brevo",
        "mailcore_mailjet",
        "mailcore_smtp",
        "mailcore_sparkpost",
        "mailcore_celery",
        "mailcore_django",
        "mailcore_django.signals",
        "mailcore_django.test",
        "mailcore_outbox",
        "mailcore_local.ses",
    ),
}


def names_of(module: str) -> list[str]:
    """The public names of a module, as it says itself."""
    names: list[str] = importlib.import_module(module).__all__
    return sorted(names, key=str.lower)


def written() -> str:
    """The page with its lists as they are now."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    parts = [head + mark]
    for title, modules in GROUPS.items():
        rows = [
            f"| `{module}` | {', '.join(f'`{name}`' for name in names_of(module))} |\n"
            for module in modules
        ]
        parts += [f"\n## {title}\n\n| Module | Names |\n| --- | --- |\n", *rows]
    return "".join(parts)


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
