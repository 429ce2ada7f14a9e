"""``mailcore features``: what each provider can express, as a table, a page or JSON."""

from __future__ import annotations

import argparse
import dataclasses
import re

from collections.abc import Iterator, Sequence
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.cli.feature_texts import DESCRIPTIONS, LEGEND, topics
from mailcore.cli.table import parts_side_by_side
from mailcore.errors import PluginLoadError
from mailcore.features import Feature, Support
from mailcore.pools.composite import CompositeProvider
from mailcore.provider import Provider
from mailcore.registry.registry import Registry


_INTRODUCTION = (
    "What a message can ask for, and what each provider says to it. What a provider does not "
    "support raises `UnsupportedFeature` before anything is sent."
)
_BUILTIN = "These come with mailcore, for development and tests, and send to nobody."
_COLUMNS = 9
"""Services beside each other on the page: more would not fit into a window of 1,200 pixels."""

_MARKDOWN = re.compile(r"[\\`*\[\]<>|]|(?<!\w)_|_(?!\w)")


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "features",
        parents=[common],
        help="say what each provider can express",
        description="Say what each provider can express, and why not; of all that are installed, "
        "unless some are named.",
        epilog=exit_codes.epilog(
            "features",
            "features console file",
            "features --format md",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="a provider")
    parser.add_argument(
        "--provider",
        dest="more_names",
        metavar="NAME",
        action="append",
        default=[],
        help="the same, repeatable",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--format", choices=["table", "md", "json"], default="table")
    form.add_argument(
        "--json", dest="format", action="store_const", const="json", help="as --format json"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the matrix."""
    names = [*arguments.names, *arguments.more_names]
    providers = _providers(arguments.registry, names)
    if arguments.format == "json":
        output.write_json({"providers": {p.name: _described(p) for p in providers}})
    elif arguments.format == "md":
        output.write(page(providers))
    else:
        # Who named some compares them; of all, the built-in ones have a table of their own.
        _write_tables([providers] if names else _services_and_builtin(providers))
    return exit_codes.OK


def _providers(registry: Registry, names: Sequence[str]) -> list[type[Provider[Any, Any]]]:
    """The providers named, each once; without names all that are not broken, built-ins last."""
    if names:
        return [_no_pool(registry.provider_class(name)) for name in dict.fromkeys(names)]
    providers = []
    for name in registry.names():
        try:
            providers.append(registry.provider_class(name))
        except PluginLoadError as error:
            output.note(f"warning: left out: {' '.join(str(error).split())}")
    # Services are what people compare.
    return [provider for group in _services_and_builtin(providers) for provider in group]


def _no_pool(provider_class: type[Provider[Any, Any]]) -> type[Provider[Any, Any]]:
    if issubclass(provider_class, CompositeProvider):
        raise UsageError(f"{provider_class.name} is a pool: it can express what its members can")
    return provider_class


def _services_and_builtin(
    providers: Sequence[type[Provider[Any, Any]]],
) -> list[list[type[Provider[Any, Any]]]]:
    builtin = [each for each in providers if each.__module__.startswith("mailcore.builtin.")]
    services = [each for each in providers if each not in builtin]
    return [group for group in (services, builtin) if group]


def _described(provider: type[Provider[Any, Any]]) -> dict[str, object]:
    supports = {
        feature.value: {
            "kind": support.kind,
            "note": support.note,
            "limit": support.limit,
            "needed": support.needed.value if support.needed else None,
        }
        for feature, support in provider.features.items()
    }
    return {"label": provider.label, "features": supports}


class _Notes:
    """Footnotes, each text once, numbered in the order of their first use."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def cell(self, support: Support, mark: str) -> str:
        """A cell of the matrix; *mark* formats the number of its footnote."""
        text = str(dataclasses.replace(support, note=""))
        if not support.note:
            return text
        number = self.numbers.setdefault(support.note, len(self.numbers) + 1)
        return text + mark.format(number)


def _write_tables(groups: Sequence[Sequence[type[Provider[Any, Any]]]]) -> None:
    notes = _Notes()
    for group in groups:
        rows = [
            [feature.value, *(notes.cell(p.features[feature], " [{}]") for p in group)]
            for feature in Feature
        ]
        output.write_table(["feature", *(p.name for p in group)], rows, layout=parts_side_by_side)
        if notes.numbers or group is not groups[-1]:
            output.write("")
    for text, number in notes.numbers.items():
        output.write(output.printable(f"[{number}] {text}"))


def page(providers: Sequence[type[Provider[Any, Any]]]) -> str:
    """The matrix as a page of documentation, in Markdown: a table for each topic."""
    notes = _Notes()
    lines = [
        "# Features by provider",
        "",
        "<!-- Written by `mailcore features --format md`: do not edit. -->",
        "",
        _INTRODUCTION,
        "",
        *_legend(),
    ]
    for group in _services_and_builtin(providers):
        if group[0].__module__.startswith("mailcore.builtin."):
            lines += ["", "## Built-in providers", "", _BUILTIN]
            lines += _tables(list(Feature), group, notes)
            continue
        lines += ["", "## Services", "", f"{_named(group)}."]
        for topic, features in topics().items():
            lines += ["", f"### {topic}", *_tables(features, group, notes)]
    lines += [
        line
        for text, number in notes.numbers.items()
        for line in ("", f"[^{number}]: {_escaped(_sentence(text))}")
    ]
    return "\n".join(lines)


def _named(providers: Sequence[type[Provider[Any, Any]]]) -> str:
    return ", ".join(f"`{p.name}` is {_escaped(p.label)}" for p in providers)


def _tables(
    features: Sequence[Feature], providers: Sequence[type[Provider[Any, Any]]], notes: _Notes
) -> Iterator[str]:
    for start in range(0, len(providers), _COLUMNS):
        part = providers[start : start + _COLUMNS]
        yield ""
        yield _row(["Feature", *(f"`{p.name}`" for p in part)])
        yield _row(["---"] * (len(part) + 1))
        for feature in features:
            about = f"`{feature.value}`: {DESCRIPTIONS[feature]}"
            yield _row([about, *(notes.cell(p.features[feature], "[^{}]") for p in part)])


def _legend() -> list[str]:
    return [_row(["Answer", "Meaning"]), _row(["---", "---"])] + [
        _row([answer, meaning]) for answer, meaning in LEGEND.items()
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", output.printable(" ".join(text.split())))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
