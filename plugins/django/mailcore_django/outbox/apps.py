"""The app of the outbox: from when it is ready, events find the messages that they are about."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreOutboxConfig(AppConfig):
    """``"mailcore_django.outbox"``."""

    name = "mailcore_django.outbox"
    label = "mailcore_outbox"
    verbose_name = "Outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what is reported."""
        from mailcore_django.keepers import Keeper, keepers
        from mailcore_django.outbox import checks, listening
        from mailcore_django.outbox.forgetting import BEING_SENT, NEWER, erase_address, prune_old

        listening.connect()
        checks.register()
        keepers["outbox"] = Keeper(
            erase=erase_address, prune=prune_old, unfinished=(BEING_SENT, NEWER)
        )
