"""The table of keys of messages that were sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Make the table."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("digest", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("record", models.TextField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "key of a message that was sent",
                "verbose_name_plural": "keys of messages that were sent",
                "ordering": ["-expires_at"],
            },
        ),
    ]
