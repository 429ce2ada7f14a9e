"""``mailcore providers``: what is installed, whether it works, and its options."""

from __future__ import annotations

import argparse
import inspect

from collections.abc import Sequence
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.pools.composite import CompositeProvider
from mailcore.provider import Provider
from mailcore.registry import discovery
from mailcore.registry.option_variables import variable_of
from mailcore.registry.registry import Plugin, Registry


_REQUIRED = "required"
_NEEDED_TO_SEND = "needed to send"


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "providers",
        parents=[common],
        help="list what is installed",
        description="List providers and extensions, those too that are broken. With names, show "
        "these providers and their options; one that is unknown or broken is an error then.",
        epilog=exit_codes.epilog(
            "providers",
            "providers console --json",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="a provider")
    parser.add_argument("-v", "--verbose", action="store_true", help="with the options of all")
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the plugins."""
    registry: Registry = arguments.registry
    if warning := discovery.stranger_beside_us():
        output.note(f"warning: {warning}")
    for name in arguments.names:
        registry.provider_class(name)
    plugins = registry.plugins()
    providers = [plugin for plugin in plugins if plugin.kind == "provider"]
    extensions = [plugin for plugin in plugins if plugin.kind == "extension"]
    if arguments.names:
        providers = [plugin for plugin in providers if plugin.name in arguments.names]
        providers += _pools(registry, arguments.names)
        extensions = []
    if arguments.json:
        described = [_described(plugin) | _about(plugin, registry) for plugin in providers]
        output.write_json(
            {"providers": described, "extensions": [_described(each) for each in extensions]}
        )
        return exit_codes.OK
    _write_plugins("provider", providers, registry)
    if extensions:
        output.write("")
        _write_plugins("extension", extensions, registry)
    if arguments.names or arguments.verbose:
        for plugin in providers:
            if plugin.state != "broken":
                _write_options(registry.provider_class(plugin.name))
    return exit_codes.OK


def _pools(registry: Registry, names: Sequence[str]) -> list[Plugin]:
    """Those of the names that are pools: they are no plugins, and have options."""
    return [
        Plugin(name=name, kind="provider", state="loaded")
        for name in dict.fromkeys(names)
        if issubclass(registry.provider_class(name), CompositeProvider)
    ]


def _described(plugin: Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "state": plugin.state,
        "error": plugin.error,
    }


def _about(plugin: Plugin, registry: Registry) -> dict[str, object]:
    if plugin.state == "broken":
        return {"label": "", "options": []}
    provider_class = registry.provider_class(plugin.name)
    options = [
        {
            "name": parameter.name,
            "type": _type(parameter),
            "required": parameter.default is inspect.Parameter.empty,
            "default": _default(parameter),
            "needed_to_send": parameter.name in provider_class.sending_options,
            "variable": variable_of(plugin.name, parameter.name),
        }
        for parameter in _options(provider_class)
    ]
    return {"label": provider_class.label, "options": options}


def _write_plugins(kind: str, plugins: Sequence[Plugin], registry: Registry) -> None:
    rows = []
    for plugin in plugins:
        works = plugin.state != "broken" and plugin.kind == "provider"
        rows.append(
            [
                plugin.name,
                str(registry.provider_class(plugin.name).label) if works else "",
                f"{plugin.distribution} {plugin.version}".strip(),
                f"broken: {' '.join(plugin.error.split())}" if plugin.error else plugin.state,
            ]
        )
    output.write_table([kind, "label", "distribution", "state"], rows)


def _write_options(provider_class: type[Provider[Any, Any]]) -> None:
    output.write("")
    rows = [
        [
            parameter.name,
            _type(parameter),
            _NEEDED_TO_SEND
            if parameter.name in provider_class.sending_options
            else _default(parameter) or _REQUIRED,
        ]
        for parameter in _options(provider_class)
    ]
    if rows:
        output.write_table([f"option of {provider_class.name}", "type", "default"], rows)
        variable = variable_of(provider_class.name, rows[0][0])
        output.write(f"Each may stand in the environment, such as {variable}.")
    else:
        output.write(f"{output.printable(provider_class.name)} has no options")


def _options(provider_class: type[Provider[Any, Any]]) -> list[inspect.Parameter]:
    parameters = inspect.signature(provider_class.__init__).parameters.values()
    return [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _type(parameter: inspect.Parameter) -> str:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return "any"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(parameter: inspect.Parameter) -> str | None:
    """The default as Python writes it; None if there is none."""
    return None if parameter.default is inspect.Parameter.empty else repr(parameter.default)
