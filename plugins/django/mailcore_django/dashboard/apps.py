"""The app of the dashboard."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreDashboardConfig(AppConfig):
    """``"mailcore_django.dashboard"``."""

    name = "mailcore_django.dashboard"
    label = "mailcore_dashboard"
    verbose_name = "Accounts of mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have ``manage.py check`` look at the cache."""
        from mailcore_django.dashboard import checks

        checks.register()
