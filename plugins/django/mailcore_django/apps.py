"""The app: needed for checks and commands, not for sending."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreDjangoConfig(AppConfig):
    """``INSTALLED_APPS = ["mailcore_django", …]``."""

    name = "mailcore_django"
    label = "mailcore_django"
    verbose_name = "Mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have ``manage.py check`` look at the settings."""
        from mailcore_django import checks

        checks.connect()
