"""The app of the log: from when it is ready, it records what is sent."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreLogConfig(AppConfig):
    """``"mailcore_django.log"``."""

    name = "mailcore_django.log"
    label = "mailcore_log"
    verbose_name = "Mail that was sent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what is sent, and to what is reported."""
        from mailcore_django.keepers import Keeper, keepers
        from mailcore_django.log import checks, listening
        from mailcore_django.log.keeping import erase_address, prune_old

        listening.connect()
        checks.register()
        keepers["log"] = Keeper(erase=erase_address, prune=prune_old)
