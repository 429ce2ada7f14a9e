"""A project that is changed as a guide says: what the tests of all guides share."""

from __future__ import annotations

import json
import re

from pathlib import Path

import django

from started import Project


DOCS = Path(__file__).parents[4] / "docs" / "django"
FILES = Path(__file__).parent / "moving"
HAS_MAILERS = django.VERSION >= (6, 1)
NOT_FOR_THIS_DJANGO = "Django 5.2 and 6.0" if HAS_MAILERS else "Django 6.1"
DIFF = re.compile(r"^```diff\n--- ([\w./]+)(?:, ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def changes(page, after):
    """The changes of a section of a guide: the file, and what becomes what in it."""
    text = (DOCS / page).read_text("utf-8")
    _, _, below = text.partition(f"\n## {after}")
    assert below
    for name, condition, diff in DIFF.findall(below.partition("\n## ")[0]):
        if condition == NOT_FOR_THIS_DJANGO:
            continue
        for hunk in diff.split("@@\n"):
            lines = [line or " " for line in hunk.splitlines()]
            old = [line[1:] for line in lines if line[0] in " -"]
            new = [line[1:] for line in lines if line[0] in " +"]
            yield name, "\n".join(old), "\n".join(new)


class Moving(Project):
    """A project that is changed as a guide says."""

    def change(self, page, section):
        """Apply the changes of a section; each place is there once."""
        applied = 0
        for name, old, new in changes(page, section):
            path = self.directory / name
            text = path.read_text("utf-8")
            assert 1 == text.count(f"\n{old}\n"), f"{name} has no such place:\n{old}"
            path.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"), encoding="utf-8")
            applied += 1
        assert applied


def made(directory, files, settings, settings_of_tests):
    """The project before it moves."""
    project = Moving(directory)
    project.run("-m", "django", "startproject", "shop", ".")
    path = directory / "shop" / "settings.py"
    path.write_text(
        f"{path.read_text('utf-8')}{settings}\n\n# What the tests need.\n{settings_of_tests}",
        encoding="utf-8",
    )
    for each in (FILES / files).glob("*.py"):
        # A line above the first, so that it can be changed as any other.
        (directory / "shop" / each.name).write_text("\n" + each.read_text("utf-8"), "utf-8")
    return project


SETTINGS = """
import os

DEBUG = False
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "shop.addresses"
DATABASES["default"]["NAME"] = os.environ["SHOP_DATABASE"]
DEFAULT_FROM_EMAIL = "Shop <shop@example.com>"
"""

WITHOUT = "import sys\nsys.modules['{0}'] = None\n"


def used(project, program, *, without=""):
    """What the project says of a run; the other package may have gone."""
    start = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n"
    gone = WITHOUT.format(without) if without else ""
    shown = project.run("-c", f"{gone}{start}import django\ndjango.setup()\n{program}")
    return json.loads(next(line for line in shown.splitlines() if line.startswith("{")))
