"""Sending over loopback: the CPU that a message costs the sender."""

from __future__ import annotations

from collections.abc import Iterator

import boto3

from benchmarks import peers
from benchmarks.build import SHORT
from benchmarks.measure import Row, best_of
from mailcore import Mailer, Message
from mailcore_ses import SesProvider


def sending(url: str) -> Iterator[Row]:
    """mailcore, building included, against bare boto3 with the bytes ready, and anymail."""
    credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local")  # noqa: S106 - not a secret
    client = session.client("sesv2", region_name="eu-west-1", endpoint_url=url)
    (call,) = SesProvider().build(Message(**SHORT))
    ready = dict(call.params)
    backend = peers.open_backend()
    with Mailer(
        "ses", region_name="eu-west-1", endpoint_url=url, client_parameters=credentials
    ) as mailer:
        contenders = {
            "mailcore": lambda: mailer.send(Message(**SHORT)),
            "boto3, bytes ready": lambda: client.send_email(**ready),
            "django-anymail, kept open": lambda: backend.send_messages(
                [peers.django_message(SHORT)]
            ),
        }
        wanted = {
            "boto3, bytes ready": ("<=", 1.15),
            "django-anymail, kept open": (">=", 2.0),
        }
        yield Row(
            "send: short text and HTML over loopback",
            best_of(contenders, number=200, rounds=9),
            wanted,
        )
    client.close()
    backend.close()
