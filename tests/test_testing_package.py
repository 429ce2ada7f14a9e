"""The package `mailcore.testing` as its users import it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mailcore.testing


def test_every_name_is_there() -> None:
    """Each public name can be imported, and is listed by dir()."""
    for name in mailcore.testing.__all__:
        assert getattr(mailcore.testing, name).__name__ == name
        assert name in dir(mailcore.testing)


def test_other_names_are_not() -> None:
    """A name that does not exist is an AttributeError that names it."""
    with pytest.raises(AttributeError, match=r"'mailcore\.testing' has no attribute 'Outbx'"):
        mailcore.testing.Outbx  # noqa: B018  # an attribute that raises


@pytest.mark.slow
def test_pytest_is_not_needed() -> None:
    """All of it works where pytest is not installed."""
    program = (
        "import sys\n"
        "sys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        "from mailcore.testing import *\n"
        "from mailcore.testing import __all__ as names\n"
        "print(len([globals()[name] for name in names]))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert f"{len(mailcore.testing.__all__)}\n" == finished.stdout
