"""The table of events that were handled."""

from __future__ import annotations

from typing import ClassVar

import django.utils.timezone

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Make the table."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="SeenEvent",
            fields=[
                ("digest", models.CharField(max_length=32, primary_key=True, serialize=False)),
                (
                    "marked_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
            ],
            options={
                "verbose_name": "event that was handled",
                "verbose_name_plural": "events that were handled",
                "ordering": ["-marked_at"],
            },
        ),
    ]
