"""Sending over loopback: the CPU that a message costs the sender."""

from __future__ import annotations

import os

from collections.abc import Iterator
from typing import Any

import boto3

from benchmarks import peers
from benchmarks.build import MEGABYTE, SHORT
from benchmarks.measure import Row, best_of
from mailcore import Mailer, Message
from mailcore_ses import SesProvider, ses_options


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
            "boto3, bytes ready": ("<=", 0.45),
            "django-anymail, kept open": (">=", 4.0),
        }
        yield Row(
            "send: short text and HTML over loopback",
            best_of(contenders, number=200, rounds=9),
            wanted,
        )
        files = [("photo.jpg", os.urandom(10 * MEGABYTE), "image/jpeg")]
        large = {**SHORT, "attachments": files}
        (call,) = SesProvider().build(Message(**large))
        large_ready = dict(call.params)
        simple = {**large, "esp_extra": ses_options(content="simple")}
        yield Row(
            "send: 10 MB attachment over loopback, raw",
            best_of(
                {
                    "mailcore": lambda: mailer.send(Message(**large)),
                    'mailcore, content="simple"': lambda: mailer.send(Message(**simple)),
                    "boto3, bytes ready": lambda: client.send_email(**large_ready),
                },
                number=1,
            ),
            {"boto3, bytes ready": ("<=", 1.0)},
        )
    yield Row(
        "send: a mailer, or a client, made for one message",
        best_of(
            {
                "mailcore": lambda: _made_for_one(url, credentials),
                'mailcore, send_with="boto3"': lambda: _made_for_one(
                    url, credentials, send_with="boto3"
                ),
                "boto3": lambda: _client_for_one(url, credentials, ready),
            },
            number=5,
        ),
        {"boto3": ("<=", 0.15)},
    )
    client.close()
    backend.close()


def _made_for_one(url: str, credentials: dict[str, Any], **options: Any) -> None:
    with Mailer(
        "ses",
        region_name="eu-west-1",
        endpoint_url=url,
        client_parameters=credentials,
        **options,
    ) as mailer:
        mailer.send(Message(**SHORT))


def _client_for_one(url: str, credentials: dict[str, Any], ready: dict[str, Any]) -> None:
    session = boto3.session.Session()
    client = session.client("sesv2", region_name="eu-west-1", endpoint_url=url, **credentials)
    client.send_email(**ready)
    client.close()
