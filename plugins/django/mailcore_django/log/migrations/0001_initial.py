"""The tables of the log."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import mailcore_django.log.models


class Migration(migrations.Migration):
    """Make the tables."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=32, unique=True)),
                ("provider", models.CharField(max_length=100)),
                (
                    "event_type",
                    models.CharField(
                        choices=mailcore_django.log.models.event_types,
                        max_length=20,
                        verbose_name="event",
                    ),
                ),
                ("message_id", models.CharField(blank=True, max_length=255)),
                ("recipient", models.CharField(blank=True, max_length=320)),
                (
                    "recipient_key",
                    models.CharField(blank=True, db_index=True, editable=False, max_length=320),
                ),
                (
                    "recipient_certain",
                    models.BooleanField(
                        default=True,
                        help_text="Whether it means this recipient, and not one of several.",
                    ),
                ),
                (
                    "timestamp",
                    models.DateTimeField(blank=True, null=True, verbose_name="happened at"),
                ),
                (
                    "received_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
                ("bounce_class", models.CharField(blank=True, max_length=20)),
                ("reject_reason", models.CharField(blank=True, max_length=20)),
                ("smtp_status", models.CharField(blank=True, max_length=20)),
                (
                    "mta_response",
                    models.TextField(blank=True, verbose_name="answer of the receiving server"),
                ),
                ("description", models.TextField(blank=True)),
                ("click_url", models.TextField(blank=True, verbose_name="link that was followed")),
                ("user_agent", models.TextField(blank=True)),
                (
                    "ip_address",
                    models.CharField(blank=True, max_length=45, verbose_name="IP address"),
                ),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "indexes": [
                    models.Index(
                        fields=["message_id", "recipient_key"], name="mailcore_log_event_match"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SentMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="given at"
                    ),
                ),
                (
                    "mailer",
                    models.CharField(
                        blank=True, help_text="The alias it was sent with.", max_length=100
                    ),
                ),
                ("provider", models.CharField(blank=True, max_length=100)),
                (
                    "message_id",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text="The provider's id, if the message has exactly one.",
                        max_length=255,
                    ),
                ),
                ("from_email", models.TextField(blank=True, verbose_name="from")),
                ("subject", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=mailcore_django.log.models.result_statuses,
                        help_text="What the provider said.",
                        max_length=20,
                    ),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True,
                        help_text="The class of the error, and its category.",
                        max_length=100,
                    ),
                ),
                (
                    "maybe_accepted",
                    models.BooleanField(
                        default=False,
                        help_text="Whether it may have arrived although no acceptance was seen.",
                        verbose_name="may have arrived",
                    ),
                ),
                ("template_id", models.CharField(blank=True, max_length=255)),
                ("tags", models.JSONField(blank=True, default=list)),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        help_text="The message as JSON, if MAILCORE['LOG'] has bodies kept.",
                    ),
                ),
                (
                    "again_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sent_again",
                        to="mailcore_log.sentmessage",
                        verbose_name="sent again",
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "ordering": ["-created_at", "-pk"],
                "permissions": [
                    ("view_body", "Can view the body of a message"),
                    ("send_again", "Can send a message again"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=320)),
                ("key", models.CharField(db_index=True, editable=False, max_length=320)),
                ("message_id", models.CharField(blank=True, max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=mailcore_django.log.models.send_statuses,
                        help_text="What the provider said.",
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=mailcore_django.log.models.states,
                        db_index=True,
                        help_text="The weightiest of what was reported since.",
                        max_length=20,
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        blank=True, help_text="The provider's error code.", max_length=100
                    ),
                ),
                ("detail", models.TextField(blank=True, help_text="The provider's words.")),
                ("retryable", models.BooleanField(default=False)),
                (
                    "maybe_accepted",
                    models.BooleanField(default=False, verbose_name="may have arrived"),
                ),
                (
                    "sent_message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recipients",
                        to="mailcore_log.sentmessage",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["message_id", "key"], name="mailcore_log_recipient_match")
                ],
            },
        ),
    ]
