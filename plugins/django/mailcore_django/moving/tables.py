"""
The settings of django-anymail and django-ses, each with what it becomes.

Sources: django-anymail 15.2 and django-ses 4.8.2, their code and documentation
(https://anymail.dev/, https://github.com/django-ses/django-ses; read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


__all__ = ["ANYMAIL_BACKENDS", "COMMON", "DJANGO_SES", "OF_PROVIDER", "Row"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    What a setting becomes.

    Args:
        option: An option of the provider, or of the mailer.
        within: A key of the option, where that is a mapping.
        webhook: Whether it is for webhooks: it stands in ``MAILCORE["WEBHOOKS"]``.
        secret: Whether its value is not to be shown: it goes into the environment.
        made: Makes the value of the option of that of the setting.
        never: Why there is no equivalent; no option then.
        instead: What does the same, where that is no option of a provider or mailer.
        note: What to know beside.
    """

    option: str = ""
    within: str = ""
    webhook: bool = False
    secret: bool = False
    made: Callable[[Any], Any] | None = None
    never: str = ""
    instead: str = ""
    note: str = ""


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def _policy(value: Any) -> dict[str, str]:
    return {"*": "drop"} if value else {}


def _refused(value: Any) -> str:
    return "return" if value else "raise"


def _api(value: Any) -> str:
    return "v2" if value else "v1"


def _seconds(value: Any) -> float:
    return float(max(value) if isinstance(value, (tuple, list)) else value)


def _https(value: Any) -> str:
    return str(value) if "://" in str(value) else f"https://{value}"


_NO_NEED = "not needed"
_KEY = Row(option="api_key", secret=True)
_URL = Row(option="base_url", note="without a version in its path")
_VERIFICATION = Row(option="webhook_verification_keys", webhook=True, made=_listed)
_HOOKS = Row(option="webhook_secrets", webhook=True, secret=True, made=_listed)

ANYMAIL_BACKENDS = {
    "amazon_ses": "ses",
    "brevo": "brevo",
    "mailgun": "mailgun",
    "mailjet": "mailjet",
    "mandrill": "mandrill",
    "postmark": "postmark",
    "sendgrid": "sendgrid",
    "sparkpost": "sparkpost",
}
"""The modules of django-anymail's backends, and our providers."""

COMMON: dict[str, Row] = {
    "SEND_DEFAULTS": Row(option="defaults"),
    "IGNORE_UNSUPPORTED_FEATURES": Row(
        option="unsupported", made=_policy, note="never for cc, bcc and send_at"
    ),
    "IGNORE_RECIPIENT_STATUS": Row(option="refused", made=_refused),
    "REQUESTS_TIMEOUT": Row(option="timeout_seconds", made=_seconds),
    "WEBHOOK_SECRET": _HOOKS,
    "IDNA_ENCODER": Row(never="domains are encoded by IDNA 2008 with UTS #46, as browsers do"),
    "DEBUG_API_REQUESTS": Row(
        instead="the logger `mailcore.wire` at the level DEBUG, which shows no secrets"
    ),
}
"""What django-anymail has for all services."""

OF_PROVIDER: dict[str, dict[str, Row]] = {
    "ses": {
        "SESSION_PARAMS": Row(option="session_parameters", secret=True),
        "CLIENT_PARAMS": Row(option="client_parameters", secret=True),
        "CONFIGURATION_SET_NAME": Row(option="configuration_set_name"),
        "MESSAGE_TAG_NAME": Row(option="message_tag_name"),
        "AUTO_CONFIRM_SNS_SUBSCRIPTIONS": Row(
            option="auto_confirm", webhook=True, note="topic_arns says for which topics"
        ),
        "INBOUND_KMS_KEY_ID": Row(option="kms_key_arn", webhook=True),
        "DOWNLOAD_CHUNK_SIZE": Row(never=_NO_NEED),
    },
    "mailgun": {
        "API_KEY": _KEY,
        "SENDER_DOMAIN": Row(option="sender_domain"),
        "API_URL": _URL,
        "WEBHOOK_SIGNING_KEY": Row(
            option="webhook_signing_keys", webhook=True, secret=True, made=_listed
        ),
    },
    "postmark": {
        "SERVER_TOKEN": Row(option="server_token", secret=True),
        "MESSAGE_STREAM": Row(option="message_stream"),
        "API_URL": _URL,
        "GENERATE_MESSAGE_ID": Row(never="the id is Postmark's; give Message-ID among the headers"),
        "USE_BULK_API": Row(never="a batch goes by /email/batchWithTemplates or /email/batch"),
    },
    "sendgrid": {
        "API_KEY": _KEY,
        "API_URL": _URL,
        "TRACKING_WEBHOOK_VERIFICATION_KEY": _VERIFICATION,
        "INBOUND_WEBHOOK_VERIFICATION_KEY": _VERIFICATION,
        "GENERATE_MESSAGE_ID": Row(never="an id is always made"),
        "USERNAME": Row(never="SendGrid takes API keys only"),
        "PASSWORD": Row(never="SendGrid takes API keys only"),
        "MERGE_FIELD_FORMAT": Row(option="substitution"),
    },
    "brevo": {
        "API_KEY": _KEY,
        "API_URL": _URL,
        "PREVENT_HEADER_ENCODING_BUGS": Row(never=_NO_NEED),
        "WORKAROUND_DISPLAY_NAME_BUGS": Row(never=_NO_NEED),
    },
    "mailjet": {
        "API_KEY": _KEY,
        "SECRET_KEY": Row(option="secret_key", secret=True),
        "API_URL": _URL,
    },
    "mandrill": {
        "API_KEY": _KEY,
        "API_URL": _URL,
        "WEBHOOK_KEY": Row(option="webhook_signing_keys", webhook=True, secret=True, made=_listed),
        "WEBHOOK_URL": Row(option="webhook_urls", webhook=True, made=_listed),
    },
    "sparkpost": {
        "API_KEY": _KEY,
        "API_URL": _URL,
        "SUBACCOUNT": Row(option="subaccount"),
        "TRACK_INITIAL_OPEN_AS_OPENED": Row(option="counts_initial_opens", webhook=True),
    },
}
"""What django-anymail has for a service, by our name of it."""

_BLACKLIST = Row(
    instead="the app `mailcore_django.suppression`, or the list that SES keeps: "
    "`manage.py mailcore ses suppressions`"
)

DJANGO_SES: dict[str, Row] = {
    "AWS_SES_ACCESS_KEY_ID": Row(option="access_key_id", secret=True),
    "AWS_SES_SECRET_ACCESS_KEY": Row(option="secret_access_key", secret=True),
    "AWS_SES_SESSION_TOKEN": Row(option="session_token", secret=True),
    "AWS_SESSION_PROFILE": Row(option="session_parameters", within="profile_name"),
    "AWS_SES_REGION_NAME": Row(option="region_name"),
    "AWS_SES_REGION_ENDPOINT": Row(option="endpoint_url", made=_https),
    "AWS_SES_REGION_ENDPOINT_URL": Row(option="endpoint_url"),
    "AWS_SES_CONFIG": Row(option="client_parameters", within="config"),
    "USE_SES_V2": Row(option="api_version", made=_api, note="v2 is the default here"),
    "AWS_SES_CONFIGURATION_SET": Row(option="configuration_set_name"),
    "AWS_SES_GLOBAL_ENDPOINT_ID": Row(option="endpoint_id"),
    "AWS_SES_SOURCE_ARN": Row(option="source_identity_arn"),
    "AWS_SES_FROM_ARN": Row(option="from_identity_arn"),
    "AWS_SES_RETURN_PATH_ARN": Row(option="feedback_identity_arn"),
    "AWS_SES_RETURN_PATH": Row(option="defaults", within="envelope_sender"),
    "AWS_SES_FROM_EMAIL": Row(option="defaults", within="from_email"),
    "DKIM_DOMAIN": Row(option="dkim_domain"),
    "DKIM_SELECTOR": Row(option="dkim_selector"),
    "DKIM_PRIVATE_KEY": Row(option="dkim_private_key", secret=True),
    "DKIM_HEADERS": Row(option="dkim_headers"),
    "AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS": Row(option="topic_arns", webhook=True, made=_listed),
    "AWS_SES_VERIFY_EVENT_SIGNATURES": Row(never="signatures are always verified"),
    "AWS_SES_VERIFY_BOUNCE_SIGNATURES": Row(never="signatures are always verified"),
    "AWS_SNS_EVENT_CERT_TRUSTED_DOMAINS": Row(
        option="certificate_base_urls",
        webhook=True,
        made=lambda value: [_https(each) for each in _listed(value)],
    ),
    "AWS_SES_AUTO_THROTTLE": Row(
        instead='`POLICIES`: "production" keeps to the rate that SES tells, and tries again'
    ),
    "AWS_SES_ADD_BOUNCE_TO_BLACKLIST": _BLACKLIST,
    "AWS_SES_ADD_COMPLAINT_TO_BLACKLIST": _BLACKLIST,
    "AWS_SES_USE_BLACKLIST": _BLACKLIST,
    "AWS_SES_INBOUND_HANDLER": Row(never="connect to mailcore_django.signals.inbound"),
    "AWS_SES_INBOUND_ACCESS_KEY_ID": Row(option="access_key_id", webhook=True, secret=True),
    "AWS_SES_INBOUND_SECRET_ACCESS_KEY": Row(option="secret_access_key", webhook=True, secret=True),
    "AWS_SES_INBOUND_SESSION_TOKEN": Row(option="session_token", webhook=True, secret=True),
}
"""What django-ses has."""
