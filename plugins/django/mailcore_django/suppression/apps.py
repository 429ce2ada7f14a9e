"""The app of the suppression list: from when it is ready, events fill the list."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreSuppressionConfig(AppConfig):
    """``"mailcore_django.suppression"``."""

    name = "mailcore_django.suppression"
    label = "mailcore_suppression"
    verbose_name = "Suppression list"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what is reported."""
        from mailcore_django.keepers import Keeper, keepers
        from mailcore_django.suppression import listening
        from mailcore_django.suppression.erasing import erase, prune

        listening.connect()
        keepers["suppression"] = Keeper(erase=erase, prune=prune)
