"""The peers: django-anymail's SES backend and the standard library's EmailMessage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

import django

from django.conf import settings


WEBHOOK_SECRET = "user:password"  # noqa: S105 - nothing is secret here
SIGNING_KEY = "key"
MANDRILL_URL = f"https://{WEBHOOK_SECRET}@shop.example.com/mandrill/"


def set_up(endpoint_url: str = "http://127.0.0.1:9") -> None:
    """Configure Django once, with anymail's backends; that of SES is the default."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="anymail.urls",
        EMAIL_BACKEND="anymail.backends.amazon_ses.EmailBackend",
        INSTALLED_APPS=["anymail"],
        SECRET_KEY="benchmark",  # noqa: S106 - nothing is secret here
        ANYMAIL={
            "AMAZON_SES_CLIENT_PARAMS": {
                "region_name": "eu-west-1",
                "endpoint_url": endpoint_url,
                "aws_access_key_id": "local",
                "aws_secret_access_key": "local",
            },
            "BREVO_API_KEY": "key",
            "POSTMARK_SERVER_TOKEN": "token",
            "SENDGRID_API_KEY": "SG.key",
            "MAILJET_API_KEY": "key",
            "MAILJET_SECRET_KEY": "secret",
            "MANDRILL_API_KEY": "key",
            "MANDRILL_WEBHOOK_KEY": SIGNING_KEY,
            "MANDRILL_WEBHOOK_URL": MANDRILL_URL,
            "MAILGUN_API_KEY": "key",
            "MAILGUN_SENDER_DOMAIN": "example.com",
            "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY,
            "SPARKPOST_API_KEY": "key",
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
        },
        MAILCORE={
            "PROVIDER": "ses",
            "OPTIONS": {
                "region_name": "eu-west-1",
                "endpoint_url": endpoint_url,
                "access_key_id": "local",
                "secret_access_key": "local",
            },
        },
    )
    django.setup()
    from anymail.signals import tracking

    tracking.connect(_ignore, weak=False)


def _ignore(**event: object) -> None:
    """The receiver, which mailcore has a handler for."""


def open_backend(name: str = "amazon_ses") -> Any:
    """One of anymail's backends, with its client kept open."""
    from django.core.mail import get_connection

    backend = get_connection(f"anymail.backends.{name}.EmailBackend")
    backend.open()
    return backend


def django_message(
    sample: dict[str, Any],
    attachments: Sequence[tuple[str, bytes, str]] = (),
    **attributes: object,
) -> Any:
    """The message as a Django user writes it."""
    from django.core.mail import EmailMultiAlternatives

    message = EmailMultiAlternatives(
        sample["subject"], sample["text"], sample["from_email"], sample["to"]
    )
    message.attach_alternative(sample["html"], "text/html")
    for filename, content, content_type in attachments:
        message.attach(filename, content, content_type)
    for name, value in attributes.items():
        setattr(message, name, value)
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


def anymail_request(backend: Any, sample: dict[str, Any]) -> Callable[[], object]:
    """A function that builds, with anymail, the request that its session then sends."""
    from requests import Request

    def build() -> object:
        payload = backend.build_message_payload(
            django_message(sample, tags=["welcome"], metadata={"user": 42}), backend.send_defaults
        )
        parameters = payload.get_request_params(backend.api_url)
        return backend.session.prepare_request(Request(**parameters))

    return build


def anymail_view(path: str) -> Any:
    """The view of anymail's that answers a path, as Django calls it."""
    from django.urls import resolve

    return resolve(path).func


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
