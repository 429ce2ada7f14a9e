"""The peers: django-anymail's SES backend and the standard library's EmailMessage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

import django

from django.conf import settings


def set_up(endpoint_url: str = "http://127.0.0.1:9") -> None:
    """Configure Django once, with anymail's SES backend."""
    if settings.configured:
        return
    settings.configure(
        EMAIL_BACKEND="anymail.backends.amazon_ses.EmailBackend",
        INSTALLED_APPS=["anymail"],
        SECRET_KEY="benchmark",  # noqa: S106 - nothing is secret here
        ANYMAIL={
            "AMAZON_SES_CLIENT_PARAMS": {
                "region_name": "eu-west-1",
                "endpoint_url": endpoint_url,
                "aws_access_key_id": "local",
                "aws_secret_access_key": "local",
            }
        },
    )
    django.setup()


def open_backend() -> Any:
    """Anymail's backend with its client kept open."""
    from django.core.mail import get_connection

    backend = get_connection()
    backend.open()
    return backend


def django_message(
    sample: dict[str, Any], attachments: Sequence[tuple[str, bytes, str]] = ()
) -> Any:
    """The message as a Django user writes it."""
    from django.core.mail import EmailMultiAlternatives

    message = EmailMultiAlternatives(
        sample["subject"], sample["text"], sample["from_email"], sample["to"]
    )
    message.attach_alternative(sample["html"], "text/html")
    for filename, content, content_type in attachments:
        message.attach(filename, content, content_type)
    return message


def anymail_payload(
    backend: Any, sample: dict[str, Any], attachments: Sequence[tuple[str, bytes, str]] = ()
) -> Callable[[], object]:
    """A function that builds the parameters of SendEmail with anymail."""

    def build() -> object:
        payload = backend.build_message_payload(
            django_message(sample, attachments), backend.send_defaults
        )
        payload.finalize_payload()
        return payload.params

    return build


def email_message(
    sample: dict[str, Any], attachments: Sequence[tuple[str, bytes, str]] = ()
) -> Callable[[], object]:
    """A function that builds the bytes with EmailMessage, as boto3's examples do."""

    def build() -> object:
        message = EmailMessage()
        message["Subject"] = sample["subject"]
        message["From"] = sample["from_email"]
        message["To"] = ", ".join(sample["to"])
        message.set_content(sample["text"], cte="quoted-printable")
        message.add_alternative(sample["html"], subtype="html", cte="quoted-printable")
        for filename, content, content_type in attachments:
            main, _, sub = content_type.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
        return {
            "Destination": {"ToAddresses": list(sample["to"])},
            "Content": {"Raw": {"Data": message.as_bytes()}},
        }

    return build
