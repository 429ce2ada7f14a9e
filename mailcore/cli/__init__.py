"""
The command ``mailcore``, also ``python -m mailcore``.

``providers`` lists what is installed, ``features`` says what each provider can express, ``send``
sends, ``parse`` reads a saved webhook request, and ``new-provider`` begins a plugin. Results go to
standard output, as tables or with ``--json`` as JSON; everything else goes to standard error.
Without a command the help is shown. With ``--quiet`` a command writes errors only, to standard
error; files that it is told to write are written. Scripts read the exit code:

====  ==============================================================================================
0     done; every recipient was accepted
1     not sent: the provider refused it, or an extension called it off
2     usage or configuration: an option, a file that cannot be read, an unknown or broken provider
3     the message is invalid, or the provider cannot express it; nothing was sent
4     the webhook request is malformed, or not proven to come from the provider
5     accepted in part: some recipients, or some of several messages
6     nobody knows whether it was accepted: sending again may deliver twice
70    a fault in mailcore or in a plugin; ``--debug`` shows where (EX_SOFTWARE of sysexits.h)
74    the output could not be written (EX_IOERR)
75    not sent, but the same may succeed later (EX_TEMPFAIL)
130   interrupted with Ctrl-C
141   whoever read the output has stopped reading
====  ==============================================================================================
"""

from __future__ import annotations

import contextlib
import itertools
import sys

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailcore.cli import exit_codes, logs, output
from mailcore.cli.common import is_quiet, require_consistent
from mailcore.cli.failures import UsageError, describe, report
from mailcore.errors import ConfigurationError


if TYPE_CHECKING:
    from mailcore.registry.registry import Registry

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None, *, registry: Registry | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows the command's name; those of the process if None.
        registry: Where to look for providers and extensions; the default registry if None.

    Returns:
        The exit code, as the module lists them.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Until they are parsed, and if they cannot be.
    debug, as_json, quiet = "--debug" in given, "--json" in given, "--quiet" in given
    try:
        with logs.shown(debug=debug, quiet=quiet), output.notes_off(quiet=quiet):
            return _guarded(given, registry, debug=debug, as_json=as_json)
    except output.Unwritable as error:
        output.silence()
        if error.reader_gone:
            return exit_codes.READER_GONE
        output.note(f"error: {error}", always=True)
        return exit_codes.OUTPUT_FAILED
    except KeyboardInterrupt:
        output.note("interrupted", always=True)
        return exit_codes.INTERRUPTED


def _guarded(given: list[str], registry: Registry | None, *, debug: bool, as_json: bool) -> int:
    """Do the work; whatever goes wrong becomes lines on standard error and an exit code."""
    try:
        code = _run(given, registry)
    except output.Unwritable:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it is what the user is told
        # A plugin that ends the process must not look like success.
        if debug and not isinstance(error, UsageError):
            output.write_traceback(error)
        code = exit_codes.of_error(error)
        report(error)
        if as_json or _asks_for_json(given):
            output.write_json({"error": describe(error)})
    output.flush()
    return code


def _run(given: list[str], registry: Registry | None) -> int:
    from mailcore.cli.parser import build_parser
    from mailcore.registry.registry import default_registry

    chosen = registry if registry is not None else default_registry()
    parser = build_parser(chosen)
    if not given:
        # Whoever types the name alone wants to know what there is.
        output.write(parser.format_help().rstrip("\n"))
        return exit_codes.OK
    try:
        arguments = parser.parse_all(given)
    except SystemExit as answered:
        # By --help or --version.
        return int(answered.code or exit_codes.OK)
    arguments.registry = chosen
    if not callable(getattr(arguments, "run", None)):
        raise ConfigurationError(f"command {arguments.command!r} of an extension has no `run`")
    require_consistent(arguments)
    with output.results_off() if is_quiet(arguments) else contextlib.nullcontext():
        return int(arguments.run(arguments) or exit_codes.OK)


def _asks_for_json(given: Sequence[str]) -> bool:
    return "--format=json" in given or ("--format", "json") in itertools.pairwise(given)
