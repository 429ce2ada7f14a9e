"""``anymail.message``: messages and their status."""

from __future__ import annotations

from mailcore_django.attributes import UNSET
from mailcore_django.message import (
    MailcoreMessage as AnymailMessage,
)
from mailcore_django.message import (
    MailcoreMessageMixin as AnymailMessageMixin,
)
from mailcore_django.message import (
    attach_inline_image,
    attach_inline_image_file,
)
from mailcore_django.status import (
    STATUSES as ANYMAIL_STATUSES,
)
from mailcore_django.status import (
    AnymailRecipientStatus,
    AnymailStatus,
)


__all__ = [
    "ANYMAIL_STATUSES",
    "UNSET",
    "AnymailMessage",
    "AnymailMessageMixin",
    "AnymailRecipientStatus",
    "AnymailStatus",
    "attach_inline_image",
    "attach_inline_image_file",
]
