"""The app of the table of keys of messages that were sent."""

from __future__ import annotations

from django.apps import AppConfig


class MailcoreIdempotencyConfig(AppConfig):
    """``"mailcore_django.idempotency"``."""

    name = "mailcore_django.idempotency"
    label = "mailcore_idempotency"
    verbose_name = "Keys of messages that were sent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have old keys forgotten by `manage.py mailcore prune`."""
        from mailcore_django.keepers import Keeper, keepers

        keepers["idempotency"] = Keeper(erase=_nothing, prune=_prune)


def _nothing(_: str) -> dict[str, int]:
    # Digests of keys and of messages: nobody can tell an address from them.
    return {}


def _prune() -> dict[str, int]:
    from mailcore_django.idempotency.store import DatabaseIdempotencyStore

    return {"keys forgotten": DatabaseIdempotencyStore().prune()}
