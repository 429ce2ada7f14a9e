"""
Stand-ins of email service providers, for development and tests: they send nothing.

`mailcore_local.ses` is Amazon SES with SNS. Each is written from the provider's documentation, and
shares no code with the plugin that speaks to the real one, so that each tests the other.
"""

from __future__ import annotations


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-local needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error
