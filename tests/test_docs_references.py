"""How the documentation finds the names that Sphinx does not: `docs/references.py`."""

from __future__ import annotations

import dataclasses
import importlib.util

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pytest

import mailcore

from mailcore.flow import Flow
from mailcore.foundation import FrozenDict
from mailcore.mailer import Mailer
from mailcore.webhook import EventRouter


SOURCE = Path(__file__).parent.parent / "docs" / "references.py"


@pytest.fixture(scope="module")
def references():
    """The module beside the configuration of Sphinx."""
    specification = importlib.util.spec_from_file_location("references", SOURCE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dotted", "home"),
    [
        ("mailcore.Message", f"{mailcore.Message.__module__}.Message"),
        ("mailcore.Message.replace", f"{mailcore.Message.__module__}.Message.replace"),
        ("mailcore.registry.hookspecs.Event", f"{mailcore.TrackingEvent.__module__}.Event"),
        ("mailcore.RecipientStatus.code", f"{mailcore.RecipientStatus.__module__}.RecipientStatus"),
        ("datetime.datetime", "datetime.datetime"),
    ],
)
def test_a_name_leads_to_where_it_was_defined(references, dotted, home):
    """Lazy names, methods, names for type checkers and fields without default are found."""
    value = references.look_up(dotted)

    assert home in list(references.homes(dotted, value))


@pytest.mark.parametrize("dotted", ["mailcore.Mesage", "no_such_module.Name", "json.no_such_name"])
def test_a_name_that_does_not_exist_is_not_found(references, dotted):
    """A slip in a docstring stays a warning."""
    with pytest.raises((ImportError, AttributeError)):
        references.look_up(dotted)


def test_a_package_above_passes_a_name_on(references):
    """A function that only the package documents is found from its module."""
    assert "mailcore.Mailer" in list(references.passed_on(Mailer))


def test_an_alias_does_not_lead_to_what_it_stands_for(references):
    """A generic alias passes its module on; it was not defined there all the same."""
    assert not references.is_defined(Flow)
    assert references.is_defined(Mailer)


def test_a_default_is_shown_as_python(references):
    """What Python prints as `<factory>` is what the factory makes; a function has its name."""

    @dataclasses.dataclass
    class Value:
        names: list[str] = dataclasses.field(default_factory=list)
        frozen: dict[str, str] = dataclasses.field(default_factory=FrozenDict)
        other: object = dataclasses.field(default_factory=object)

    shown = references.show_defaults(
        None,
        "class",
        "Value",
        Value,
        None,
        "(names=<factory>, frozen=<factory>, other=<factory>, sort=<function a.by_name>)",
        "",
    )

    assert ("(names=[], frozen={}, other=..., sort=by_name)", "") == shown


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("<built-in method random of Random object at 0x55d0>", "random"),
        ("<built-in function time>", "time"),
        ("<function f at 0x7f>", "f"),
    ],
)
def test_a_function_of_any_kind_has_its_name(references, printed, name):
    """Also where nothing else of the signature is printed so."""
    arguments = (
        None,
        "class",
        "Value",
        object,
        None,
        f"(now: Callable[[], float] = {printed})",
        "",
    )

    shown = references.show_defaults(*arguments)

    assert (f"(now: Callable[[], float] = {name})", "") == shown


def test_a_private_base_is_shown_by_its_own_bases(references):
    """Readers are not sent to a class that no page has."""
    hidden = type("_Hidden", (OrderedDict,), {"__module__": "mailcore.made_up"})
    bases = [hidden, Mailer]

    references.show_public_bases(None, "Shown", object, None, bases)

    assert [OrderedDict, Mailer] == bases


def test_a_package_leaves_out_what_its_module_shows(references):
    """A name that a package passes on has one section, that of the module which defines it."""
    environment = SimpleNamespace(temp_data={"autodoc:module": "mailcore.webhook"})
    arguments = (
        SimpleNamespace(env=environment),
        "module",
        "EventRouter",
        EventRouter,
        False,
        None,
    )

    assert references.show_once(*arguments) is True
    environment.temp_data["autodoc:module"] = EventRouter.__module__
    assert references.show_once(*arguments) is None
