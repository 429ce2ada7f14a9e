"""The table of the suppression list."""

from __future__ import annotations

from typing import ClassVar

import django.utils.timezone

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import mailcore_django.suppression.models


class Migration(migrations.Migration):
    """Make the table."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=32, unique=True)),
                ("address", models.CharField(db_index=True, max_length=320)),
                (
                    "reason",
                    models.CharField(
                        choices=mailcore_django.suppression.models.reasons, max_length=20
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        blank=True,
                        help_text=(
                            "* is all mail, *lists is all lists, anything else is one list. "
                            "Empty: all mail, or all lists if somebody unsubscribed."
                        ),
                        max_length=100,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True, editable=False, help_text="Who put it there.", max_length=100
                    ),
                ),
                ("detail", models.TextField(blank=True)),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="since",
                    ),
                ),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "ordering": ["-updated_at", "-pk"],
            },
        ),
    ]
