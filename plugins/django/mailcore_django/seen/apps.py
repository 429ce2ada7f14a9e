"""The app of the table of events that were handled."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreSeenConfig(AppConfig):
    """``"mailcore_django.seen"``."""

    name = "mailcore_django.seen"
    label = "mailcore_seen"
    verbose_name = "Events of mail that were handled"
    default_auto_field = "django.db.models.BigAutoField"
