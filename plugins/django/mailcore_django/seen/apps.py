"""The app of the table of events that were handled."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreSeenConfig(AppConfig):
    """``"mailcore_django.seen"``."""

    name = "mailcore_django.seen"
    label = "mailcore_seen"
    verbose_name = "Events of mail that were handled"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have old events forgotten by `manage.py mailcore prune`."""
        from mailcore_django.keepers import Keeper, keepers

        keepers["seen"] = Keeper(erase=_nothing, prune=_prune)


def _nothing(_: str) -> dict[str, int]:
    # Digests of keys: nobody can tell an address from them.
    return {}


def _prune() -> dict[str, int]:
    from mailcore_django.seen.store import DatabaseSeenStore

    return {"events forgotten": DatabaseSeenStore().prune()}
