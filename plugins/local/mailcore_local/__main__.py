"""
``python -m mailcore_local`` and ``mailcore-local``: the same as ``mailcore local``.
"""

from __future__ import annotations

import sys

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run ``mailcore local``, whatever plugins the environment has switched off.

    Args:
        arguments: What follows the name of the command; those of the process if None.

    Returns:
        The exit code.
    """
    from mailcore import Registry
    from mailcore.cli import main as mailcore
    from mailcore_local import cli_extension

    registry = Registry(autoload=False)
    registry.register_extension(cli_extension)
    given = sys.argv[1:] if arguments is None else arguments
    return mailcore(["local", *given], registry=registry)


if __name__ == "__main__":
    sys.exit(main())
