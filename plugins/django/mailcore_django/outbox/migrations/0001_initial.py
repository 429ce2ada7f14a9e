"""The tables of the outbox."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import mailcore_django.outbox.models


class Migration(migrations.Migration):
    """Make the tables."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                (
                    "id",
                    models.CharField(
                        editable=False, max_length=32, primary_key=True, serialize=False
                    ),
                ),
                (
                    "mailer",
                    models.CharField(help_text="The alias that it is sent with.", max_length=100),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        help_text="No two messages have the same.",
                        max_length=200,
                        null=True,
                    ),
                ),
                (
                    "key_digest",
                    models.CharField(editable=False, max_length=32, null=True, unique=True),
                ),
                ("fingerprint", models.CharField(blank=True, editable=False, max_length=32)),
                (
                    "state",
                    models.CharField(choices=mailcore_django.outbox.models.states, max_length=20),
                ),
                ("priority", models.SmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="kept at")),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(help_text="When it may be sent next.")),
                (
                    "changed_at",
                    models.DateTimeField(
                        help_text="When its state changed last.", verbose_name="state since"
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("earlier_attempts", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "tries_until",
                    models.DateTimeField(
                        blank=True, help_text="Until when it is tried.", null=True
                    ),
                ),
                (
                    "claimed_by",
                    models.CharField(
                        blank=True,
                        help_text="The worker that has it, or had it last.",
                        max_length=200,
                    ),
                ),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "began_at",
                    models.DateTimeField(
                        blank=True, help_text="When the last send began.", null=True
                    ),
                ),
                (
                    "unsure_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when it may be on its way although nobody knows.",
                        null=True,
                    ),
                ),
                (
                    "document",
                    models.TextField(
                        blank=True,
                        help_text="The message as JSON; empty once it was pruned.",
                        null=True,
                        verbose_name="message",
                    ),
                ),
                ("document_version", models.PositiveSmallIntegerField()),
                ("recipients", models.TextField()),
                ("remaining", models.TextField(blank=True, null=True)),
                ("statuses", models.TextField(blank=True)),
                ("subject", models.TextField(blank=True)),
                ("tags", models.TextField(blank=True)),
                ("provider", models.CharField(blank=True, max_length=100)),
                ("message_ids", models.TextField(blank=True)),
                (
                    "error_category",
                    models.CharField(blank=True, max_length=100, verbose_name="error"),
                ),
                ("error_code", models.TextField(blank=True)),
                ("error_text", models.TextField(blank=True, verbose_name="last error")),
            ],
            options={
                "verbose_name": "message",
                "ordering": ["-id"],
                "permissions": [
                    ("view_body", "Can view the body of a message"),
                    ("send_again", "Can send a message again"),
                    ("cancel", "Can cancel a message"),
                ],
                "indexes": [
                    models.Index(
                        fields=["state", "mailer", "-priority", "due_at", "id"],
                        name="mailcore_outbox_due",
                    ),
                    models.Index(fields=["state", "changed_at"], name="mailcore_outbox_changed"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("worker_id", models.CharField(max_length=200)),
                ("provider", models.CharField(blank=True, max_length=100)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=mailcore_django.outbox.models.result_statuses, max_length=20
                    ),
                ),
                ("message_ids", models.TextField(blank=True)),
                ("error_category", models.CharField(blank=True, max_length=100)),
                ("error_code", models.TextField(blank=True)),
                ("error_text", models.TextField(blank=True)),
                (
                    "row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="made",
                        to="mailcore_outbox.outboxmessage",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("row", "number"), name="mailcore_outbox_attempt"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxMessageId",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=32)),
                ("provider", models.CharField(blank=True, max_length=100)),
                (
                    "row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mailcore_outbox.outboxmessage",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("digest", "row", "provider"), name="mailcore_outbox_message_id"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxReceipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dedupe_key", models.CharField(editable=False, max_length=32)),
                (
                    "event_type",
                    models.CharField(
                        choices=mailcore_django.outbox.models.event_types,
                        max_length=20,
                        verbose_name="event",
                    ),
                ),
                ("recipient", models.CharField(blank=True, max_length=320)),
                ("happened_at", models.DateTimeField(db_index=True)),
                ("provider", models.CharField(max_length=100)),
                ("message_id", models.TextField(blank=True)),
                ("bounce_class", models.CharField(blank=True, max_length=20)),
                ("reject_reason", models.CharField(blank=True, max_length=100)),
                ("detail", models.TextField(blank=True)),
                (
                    "row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="mailcore_outbox.outboxmessage",
                    ),
                ),
            ],
            options={
                "ordering": ["happened_at", "dedupe_key"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("row", "dedupe_key"), name="mailcore_outbox_receipt"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxRecipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=32)),
                (
                    "row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mailcore_outbox.outboxmessage",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["digest"], name="mailcore_outbox_recipient")],
            },
        ),
    ]
