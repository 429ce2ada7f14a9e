"""``mailcore doctor``: how a mailer is set up, and what happens around its sends, in order."""

from __future__ import annotations

import argparse

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mailcore.account.sending_quota import TellsQuota
from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.cli.loading import load_named
from mailcore.mailer import AsyncMailer, Mailer
from mailcore.middleware.policy import Policy
from mailcore.pools.composite import CompositeProvider
from mailcore.registry.registry import Registry


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "doctor",
        parents=[common],
        help="say how a mailer is set up, and in which order its policies act",
        description="Show the provider of a mailer and its policies, the outermost first. Nothing "
        "is sent, and nobody is asked. The mailer is one of your program's, or one that is made of "
        "a provider and the name of a stack of policies.",
        epilog=exit_codes.epilog(
            "doctor",
            "doctor shop.mail:mailer",
            "doctor --provider console --policies production",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "mailer",
        metavar="MODULE:NAME",
        nargs="?",
        help="a mailer of your program, or a function that makes one",
    )
    choosing.add_arguments(parser)
    parser.add_argument("--policies", metavar="NAME", help="a stack of policies: production")
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the mailer."""
    mailer = _mailer(arguments)
    provider: object = mailer.provider
    values: dict[str, object] = {
        "provider": mailer.provider.name,
        "label": mailer.provider.label,
        "idempotency": mailer.provider.idempotency,
        "tells_quota": isinstance(provider, TellsQuota),
    }
    members = _members(provider) if isinstance(provider, CompositeProvider) else []
    if members:
        values["members"] = members
    steps = [_step(each) for each in mailer.middleware]
    if arguments.json:
        output.write_json({**values, "policies": steps, "advice": list(mailer.advice())})
        return exit_codes.OK
    told = {
        "provider": f"{mailer.provider.label} ({mailer.provider.name})",
        "knows idempotency keys": "yes" if values["idempotency"] == "native" else "no",
        "tells how much may be sent": "yes" if values["tells_quota"] else "no",
    }
    output.write_table(["mailer", ""], [[name, value] for name, value in told.items()])
    output.write("")
    if members:
        output.write_table(
            ["member", "tells how much may be sent", "policies"], list(_rows(members))
        )
        output.write("")
    if steps:
        rows = [[str(at), step["name"], step["does"]] for at, step in enumerate(steps, start=1)]
        output.write_table(["order", "policy", "what it does"], rows)
    else:
        output.write("No policies: each message is sent once, and at once.")
    for advice in mailer.advice():
        output.write("")
        output.write(f"Note: {advice}")
    return exit_codes.OK


def _members(pool: CompositeProvider) -> list[dict[str, Any]]:
    """The members of a pool, those of pools within it below each."""
    found: list[dict[str, Any]] = []
    for member in pool.members:
        provider: object = member.provider
        described = {
            "provider": member.provider.name,
            "label": member.provider.label,
            "tells_quota": isinstance(provider, TellsQuota),
            "policies": [_own(each) for each in member.middleware],
        }
        if isinstance(provider, CompositeProvider):
            described["members"] = _members(provider)
        found.append(described)
    return found


def _own(each: object) -> dict[str, str]:
    return {"name": each, "place": "", "does": ""} if isinstance(each, str) else _step(each)


def _rows(members: Sequence[Mapping[str, Any]], within: str = "") -> Iterator[list[str]]:
    for member in members:
        policies = ", ".join(step["name"] for step in member["policies"])
        name = f"{within}{member['label']} ({member['provider']})"
        yield [name, "yes" if member["tells_quota"] else "no", policies or "none of its own"]
        yield from _rows(member.get("members", ()), f"{within}{member['label']}: ")


def _step(each: object) -> dict[str, str]:
    if isinstance(each, Policy):
        return {
            "name": type(each).__name__,
            "place": str(each.place),
            "does": each.describe(),
        }
    name = getattr(each, "__qualname__", type(each).__name__)
    module = getattr(each, "__module__", "")
    return {"name": name, "place": "", "does": f"a function of {module}" if module else "your own"}


def _mailer(arguments: argparse.Namespace) -> Mailer | AsyncMailer:
    if arguments.mailer is None:
        chosen = choosing.choose(arguments)
        registry: Registry = arguments.registry
        return Mailer(chosen.provider, registry=registry, policies=arguments.policies)
    if arguments.provider or arguments.url or arguments.option or arguments.policies:
        raise UsageError("MODULE:NAME is a mailer that is set up: leave the other options out")
    found = load_named(arguments.mailer, option="MODULE:NAME", example="shop.mail:mailer")
    if callable(found):
        found = found()
    if not isinstance(found, (Mailer, AsyncMailer)):
        kind = type(found).__name__
        raise UsageError(f"MODULE:NAME must be a Mailer or an AsyncMailer, not {kind}")
    return found
