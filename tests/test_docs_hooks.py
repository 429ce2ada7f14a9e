"""The list of hooks in the documentation is held against the specification."""

from __future__ import annotations

import inspect
import re

from pathlib import Path

import pytest

from mailcore import Registry, hookimpl
from mailcore.errors import PluginLoadError
from mailcore.registry import hookspecs


PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "hooks.md"
ENTRY = re.compile(
    r"^## `(?P<name>mailcore_\w+)\((?P<arguments>[^)]*)\) -> (?P<returns>.+)`\n\n"
    r"(?P<answers>All|First); (?P<wrapping>may be wrapped|not wrapped)\.\n",
    re.MULTILINE,
)

DOCUMENTED = {entry["name"]: entry for entry in ENTRY.finditer(PAGE.read_text(encoding="utf-8"))}
SPECIFIED = {
    name: value
    for name, value in vars(hookspecs).items()
    if name.startswith("mailcore_") and inspect.isfunction(value)
}


def test_every_hook_is_documented() -> None:
    """The page lists the hooks of the specification, in its order, and no others."""
    assert list(SPECIFIED) == list(DOCUMENTED)


@pytest.mark.parametrize("name", SPECIFIED)
def test_signature_is_the_documented_one(name: str) -> None:
    """Arguments and result of each hook are those on the page."""
    signature = inspect.signature(SPECIFIED[name])

    assert ", ".join(signature.parameters) == DOCUMENTED[name]["arguments"]
    assert signature.return_annotation == DOCUMENTED[name]["returns"]


@pytest.mark.parametrize("name", SPECIFIED)
def test_first_result_is_as_documented(name: str) -> None:
    """The page says of each hook whether the first answer wins."""
    options = getattr(SPECIFIED[name], f"{hookspecs.PROJECT}_spec")

    assert ("First" if options["firstresult"] else "All") == DOCUMENTED[name]["answers"]


@pytest.mark.parametrize("name", SPECIFIED)
def test_wrapping_is_as_documented(name: str) -> None:
    """A wrapper of each hook is accepted or refused as the page says."""

    class Wrapper:
        """An extension with one wrapper."""

    def wrapper(self: object) -> object:
        return (yield)

    setattr(Wrapper, name, hookimpl(wrapper=True)(wrapper))
    try:
        Registry(autoload=False).register_extension(Wrapper())
    except PluginLoadError:
        accepted = False
    else:
        accepted = True

    assert ("may be wrapped" if accepted else "not wrapped") == DOCUMENTED[name]["wrapping"]
