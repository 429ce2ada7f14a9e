"""A model without a table: what permissions and the admin need, to have something to belong to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Account(models.Model):
    """The account behind a mailer; nothing of it is in the database."""

    class Meta:
        """The permissions, and names for people."""

        managed = False
        default_permissions = ()
        permissions: ClassVar[list[tuple[str, str]]] = [
            ("view_dashboard", "Can see quota, statistics and identities of accounts of mail"),
            ("view_suppressed", "Can see suppressed addresses of accounts of mail"),
        ]
        verbose_name = "account"
        verbose_name_plural = "accounts"

    def __str__(self) -> str:
        return "account"
