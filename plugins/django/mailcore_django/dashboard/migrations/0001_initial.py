"""The permissions of the dashboard; no table."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Make nothing but what permissions belong to."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "permissions": [
                    (
                        "view_dashboard",
                        "Can see quota, statistics and identities of accounts of mail",
                    ),
                    ("view_suppressed", "Can see suppressed addresses of accounts of mail"),
                ],
                "managed": False,
                "default_permissions": (),
            },
        ),
    ]
