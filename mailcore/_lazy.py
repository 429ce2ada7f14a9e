"""Names of a package that wait until they are used: whoever imports it pays for what is needed."""

from __future__ import annotations

import sys

from collections.abc import Callable, Mapping
from importlib import import_module


# What every such package has, and nobody looks for in it.
_MACHINERY = frozenset(["TYPE_CHECKING", "__dir__", "__getattr__", "annotations", "lazily"])


def lazily(
    package: str, module_of: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    Make the ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Args:
        package: The ``__name__`` of the package.
        module_of: The module that defines each public name, below the top package of *package*.

    Example:
        A plugin has, where type checkers do not look::

            __getattr__, __dir__ = lazily(__name__, {"AcmeProvider": "provider"})
    """
    top = package.partition(".")[0]

    def load(name: str) -> object:
        module = module_of.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{top}.{module}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        # For tab completion, and for help(), which prints what is named here.
        return sorted({*vars(sys.modules[package])} - _MACHINERY | {*module_of})

    return load, names
