"""
``anymail.exceptions``: mailcore's errors by the names of django-anymail's.

They are the same classes, so ``except AnymailAPIError`` catches what mailcore raises. An error has
the attributes ``email_message``, ``backend``, ``esp_name``, ``status_code`` and ``response`` once
it has come out of the backend.
"""

from __future__ import annotations

from mailcore import (
    CancelSend as AnymailCancelSend,
)
from mailcore import (
    ConfigurationError as AnymailConfigurationError,
)
from mailcore import (
    InvalidAddress as AnymailInvalidAddress,
)
from mailcore import (
    MailcoreError as AnymailError,
)
from mailcore import (
    PluginLoadError as AnymailImproperlyInstalled,
)
from mailcore import (
    RecipientsRefused as AnymailRecipientsRefused,
)
from mailcore import (
    SendError as AnymailAPIError,
)
from mailcore import (
    SendError as AnymailRequestsAPIError,
)
from mailcore import (
    UnsupportedFeature as AnymailUnsupportedFeature,
)
from mailcore import (
    WebhookError as AnymailWebhookValidationFailure,
)
from mailcore.errors import InvalidMessageType as AnymailSerializationError
from mailcore_django.errors import MailerMisconfigured as AnymailInvalidMailer


__all__ = [
    "AnymailAPIError",
    "AnymailCancelSend",
    "AnymailConfigurationError",
    "AnymailDeprecationWarning",
    "AnymailError",
    "AnymailImproperlyInstalled",
    "AnymailInsecureWebhookWarning",
    "AnymailInvalidAddress",
    "AnymailInvalidMailer",
    "AnymailNotSupportedWarning",
    "AnymailRecipientsRefused",
    "AnymailRequestsAPIError",
    "AnymailSerializationError",
    "AnymailUnsupportedFeature",
    "AnymailWarning",
    "AnymailWebhookValidationFailure",
]


class AnymailWarning(Warning):
    """What django-anymail warns with; nothing here does, and filters may name it."""


class AnymailInsecureWebhookWarning(AnymailWarning):
    """A webhook without a secret: here it refuses all, and ``manage.py check`` says so."""


class AnymailNotSupportedWarning(AnymailWarning):
    """A service that django-anymail no longer tests."""


class AnymailDeprecationWarning(AnymailWarning, DeprecationWarning):
    """A deprecated feature of django-anymail."""
