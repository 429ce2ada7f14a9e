"""``mailcore new-provider``: a plugin for another provider, which works from the start."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.errors import ConfigurationError
from mailcore.registry.discovery import CORE_DISTRIBUTION
from mailcore.registry.known_plugins import install_hint, known_plugins
from mailcore.registry.registry import Registry


# A name is a URL's scheme, the name of a distribution (PEP 503) and, with underscores, a module's.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# The lines of the template have room for it.
_MAX_NAME_CHARACTERS = 24
_RULE = "lower-case letters and digits, with single hyphens between them, a letter first"

# In the wheel the template stands beside this module, in a checkout among the plugins.
_TEMPLATES = (
    Path(__file__).parent / "provider_template",
    Path(__file__).parents[2] / "plugins" / "_template",
)
_PLACEHOLDER = re.compile("new-esp|new_esp|NEW_ESP|NewEsp|New ESP")


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "new-provider",
        parents=[common],
        help="begin a plugin for another provider",
        description="Write a plugin for an invented service: provider, webhooks, tests, page and "
        "project files. It can be installed and passes its tests; replace what it says of the "
        "service by what the service's documentation says.",
        epilog=exit_codes.epilog(
            "new-provider acme",
            "new-provider acme-mail --directory plugins/acme-mail",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help=f"of the provider: {_RULE}")
    parser.add_argument(
        "--directory",
        metavar="DIR",
        help="where to write it (default: mailcore-NAME); must not exist",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the plugin, and say what comes next."""
    name: str = arguments.name
    _check_name(name)
    _check_is_free(name, arguments.registry)
    _check_is_no_other_package(name)
    directory = Path(arguments.directory or f"mailcore-{name}")
    files = create(name, directory)
    if arguments.json:
        output.write_json(
            {
                "name": name,
                "distribution": f"mailcore-{name}",
                "module": _module(name),
                "directory": str(directory),
                "files": files,
            }
        )
        return exit_codes.OK
    for line in (
        f"{directory}: {len(files)} files of the distribution mailcore-{name}. Next:",
        "",
        f"  cd {directory}",
        "  python -m pip install --editable . pytest",
        "  python -m pytest",
        f"  mailcore features {name}",
        "",
        f"The service in {_module(name)} is invented: write the real one in its place.",
    ):
        output.write(output.printable(line))
    return exit_codes.OK


def create(name: str, directory: Path) -> list[str]:
    """
    Write the plugin.

    Args:
        name: The name of the provider, which was checked.
        directory: The directory of the plugin; it is made, with those above it.

    Returns:
        The files, relative to the directory, with slashes, sorted.

    Raises:
        UsageError: If the directory exists.
        ConfigurationError: If it cannot be written, or this installation has no template.
    """
    files = {_named(path, name): _named(text, name) for path, text in _template()}
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{directory} exists already, and is not written to") from None
    except OSError as error:
        raise ConfigurationError(f"cannot make {directory}: {error.strerror}") from None
    try:
        for path, text in files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        # Half a plugin helps nobody; the directory was made just now.
        shutil.rmtree(directory, ignore_errors=True)
        raise ConfigurationError(f"cannot write to {directory}: {error.strerror}") from None
    return sorted(files)


def _check_name(name: str) -> None:
    if name.startswith("mailcore-"):
        short = name.removeprefix("mailcore-")
        raise UsageError(f"{short!r} is enough: `mailcore-` is put before it")
    if name.startswith("test"):
        raise UsageError("a class whose name begins with Test is a test to pytest: begin otherwise")
    if len(name) > _MAX_NAME_CHARACTERS:
        raise UsageError(f"the name is longer than {_MAX_NAME_CHARACTERS} characters")
    if not _NAME.fullmatch(name):
        similar = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hint = f"; did you mean {similar!r}?" if _NAME.fullmatch(similar) else ""
        raise UsageError(f"{name!r} is no name for a provider: {_RULE}{hint}")


def _check_is_no_other_package(name: str) -> None:
    distribution = f"mailcore-{name}"
    if distribution == CORE_DISTRIBUTION:
        raise UsageError(
            f"{distribution} is the distribution of mailcore itself: name it otherwise"
        )
    if distribution in known_plugins().values():
        hint = install_hint(name) or "it is installed"
        raise UsageError(f"{distribution} exists already, for the provider {name!r}: {hint}")


def _check_is_free(name: str, registry: Registry) -> None:
    for plugin in registry.plugins():
        if plugin.kind == "provider" and plugin.name == name:
            owner = f", by {plugin.distribution} {plugin.version}" if plugin.distribution else ""
            raise UsageError(f"the provider {name!r} is installed already{owner}")
    if importlib.util.find_spec(_module(name)) is not None:
        # MAILCORE_PLUGINS may hide its provider.
        raise UsageError(f"the module {_module(name)} is there already")


def _module(name: str) -> str:
    return f"mailcore_{name.replace('-', '_')}"


def _template() -> Iterator[tuple[str, str]]:
    """
    Paths, relative and with slashes, and texts of the template's files.

    Raises:
        ConfigurationError: If there is none.
    """
    root = next((path for path in _TEMPLATES if path.is_dir()), None)
    if root is None:
        raise ConfigurationError("this installation of mailcore has no template for providers")
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        # pip compiles what it installs; tools that ran in a checkout leave caches.
        if path.is_file() and not any(part.startswith((".", "__")) for part in relative.parts[:-1]):
            yield relative.as_posix(), path.read_text(encoding="utf-8")


def _named(text: str, name: str) -> str:
    words = name.split("-")
    spellings: Mapping[str, str] = {
        "new-esp": name,
        "new_esp": "_".join(words),
        "NEW_ESP": "_".join(words).upper(),
        "NewEsp": "".join(map(str.capitalize, words)),
        "New ESP": " ".join(map(str.capitalize, words)),
    }
    return _PLACEHOLDER.sub(lambda match: spellings[match[0]], text)
