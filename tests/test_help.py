"""What Python's own ways of looking around show: dir(), tab completion, help()."""

from __future__ import annotations

import inspect
import pydoc
import rlcompleter
import subprocess
import sys

import pytest

import mailcore

from mailcore.message import MESSAGE_FIELDS


def help_on(value):
    """The text of help(), without the marks for bold letters."""
    return pydoc.render_doc(value, renderer=pydoc.plaintext)


def test_dir_has_the_lazy_names():
    """Every public name is listed by an interpreter that has used none of them."""
    code = "import mailcore; print(*dir(mailcore))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )

    assert set() == set(mailcore.__all__) - set(finished.stdout.split())


def test_a_name_is_completed():
    """Tab completes a name that waits until it is used."""
    completer = rlcompleter.Completer({"mailcore": mailcore})

    assert "mailcore.write_message" in completer.complete("mailcore.write_m", 0)


@pytest.mark.slow
def test_help_lists_the_public_names():
    """Classes, functions and values have their text there, and the machinery has none."""
    shown = help_on(mailcore)

    missing = [
        name
        for name in mailcore.__all__
        if not name.startswith("__")
        and not any(
            line.strip().startswith((f"class {name}(", f"{name}(", f"async {name}(", f"{name} ="))
            for line in shown.splitlines()
        )
    ]
    assert [] == missing
    assert "__getattr__(name" not in shown


def test_help_on_a_message_has_a_line_for_each_argument():
    """The signature is read from top to bottom, with types as they are written."""
    lines = help_on(mailcore.Message).splitlines()

    shown = [line.removeprefix(" |      ") for line in lines if line.startswith(" |      ")]
    for name in MESSAGE_FIELDS:
        assert any(
            line.startswith(f"{name}: ") and line.rstrip(",").endswith(" = None") for line in shown
        )
    assert "ForwardRef" not in "\n".join(lines)


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_every_field_of_a_message_is_described(name):
    """The docstring has a sentence for it, whether alone or with its neighbour."""
    described = {
        each.strip()
        for line in inspect.getdoc(mailcore.Message).splitlines()
        if line.startswith("    ") and not line.startswith("     ") and ": " in line
        for each in line.partition(":")[0].split(",")
    }

    assert name in described
