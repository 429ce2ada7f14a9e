"""Sphinx configuration; `make docs` builds with warnings as errors."""

from __future__ import annotations

import sys

from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import django
import references  # it stands beside this file

from django.conf import settings


# Models can be imported only where their app is installed.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "mailcore_django",
        "mailcore_django.seen",
        "mailcore_django.log",
        "mailcore_django.dashboard",
        "mailcore_django.outbox",
    ]
)
django.setup()


project = "mailcore"
author = "The mailcore authors"
project_copyright = "2026, The mailcore authors"
release = version = installed_version("mailcore-esp")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

# Docstrings have single backticks around names, as Markdown does.
default_role = "code"

html_theme = "furo"
html_title = f"mailcore {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
# What a constructor takes stands behind the name of its class, one argument to a line if long.
autodoc_class_signature = "mixed"
autodoc_typehints_format = "short"
maximum_signature_line_length = 80
python_trailing_comma_in_multi_line_signatures = True
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# A dataclass lists its fields under "Attributes"; autodoc lists them again as members.
napoleon_use_ivar = True


def keep_colons(*arguments: Any) -> None:
    """Keep napoleon from taking the words before a colon, below an attribute, for its type."""
    _app, what, *_, lines = arguments
    if what in ("attribute", "data", "property") and lines:
        # A backslash and the line break after it are nothing, and have no colon.
        lines.insert(0, "\\")


def setup(app: Sphinx) -> None:
    """Come before napoleon, whose priority is the default of 500."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
    app.connect("autodoc-skip-member", references.show_once)
    app.connect("autodoc-process-bases", references.show_public_bases)
    app.connect("autodoc-process-signature", references.show_defaults)
    app.connect("doctree-read", references.qualify)
    app.connect("missing-reference", references.find)
