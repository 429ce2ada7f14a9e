"""
A message of Django's whose further attributes are arguments, and known to type checkers.

Any ``EmailMessage`` may have the same attributes; this class is convenience. The names are those of
:class:`mailcore.Message`, and of django-anymail's ``AnymailMessage``.
"""

from __future__ import annotations

import os

from collections.abc import Mapping
from datetime import date, datetime
from email.encoders import encode_base64
from email.message import MIMEPart
from email.mime.base import MIMEBase
from email.utils import make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import django

from django.core.mail import EmailMessage, EmailMultiAlternatives

from mailcore import Attachment, SendResult
from mailcore_django.attributes import ATTRIBUTES, UNSET
from mailcore_django.status import AnymailStatus


if TYPE_CHECKING:
    from mailcore import Unsubscribe

__all__ = [
    "MailcoreMessage",
    "MailcoreMessageMixin",
    "attach_inline_image",
    "attach_inline_image_file",
]

_Path: TypeAlias = "str | os.PathLike[str]"
_Values: TypeAlias = "Mapping[str, Any]"


class MailcoreMessageMixin(EmailMessage):
    """
    Adds mailcore's attributes to a class of messages.

    Args:
        args: What the class of the message takes.
        envelope_sender: Where bounces go.
        esp_extra: Parameters of the provider's own; by provider, if all names are those of
            providers.
        idempotency_key: A second send with the same key sends nothing, where the provider can.
        merge_data: Values for each recipient, by address and name: each gets a mail of their own.
        merge_global_data: Values for all recipients.
        merge_headers: Header fields for each recipient.
        merge_metadata: Metadata for each recipient.
        metadata: What events about the message bring back.
        send_at: When to send it: a datetime (naive ones in Django's time zone), a date (its
            midnight), or Unix seconds.
        tags: Words that statistics count by.
        template_id: A template stored at the provider.
        track_clicks: Whether the provider reports clicks.
        track_opens: Whether the provider reports opens.
        unsubscribe: How the recipient unsubscribes (RFC 8058).
        kwargs: What the class of the message takes.
    """

    envelope_sender: str | None
    esp_extra: _Values | None
    idempotency_key: str | None
    merge_data: Mapping[str, _Values] | None
    merge_global_data: _Values | None
    merge_headers: Mapping[str, Mapping[str, str]] | None
    merge_metadata: Mapping[str, _Values] | None
    metadata: _Values | None
    send_at: datetime | date | float | None
    tags: list[str] | None
    template_id: str | int | None
    track_clicks: bool | None
    track_opens: bool | None
    unsubscribe: Unsubscribe | str | _Values | None

    mailcore_result: SendResult | None
    """What became of it; None before it was sent."""
    anymail_status: AnymailStatus
    """The same in the words of django-anymail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name in ATTRIBUTES:
            setattr(self, name, kwargs.pop(name, UNSET))
        self.mailcore_result = None
        self.anymail_status = AnymailStatus()
        super().__init__(*args, **kwargs)

    def attach_inline_image_file(
        self,
        path: _Path,
        subtype: str | None = None,
        idstring: str = "img",
        domain: str | None = None,
    ) -> str:
        """Attach an image for the HTML: see :func:`attach_inline_image_file`."""
        return attach_inline_image_file(self, path, subtype, idstring, domain)

    def attach_inline_image(
        self,
        content: bytes,
        filename: str | None = None,
        subtype: str | None = None,
        idstring: str = "img",
        domain: str | None = None,
    ) -> str:
        """Attach an image for the HTML: see :func:`attach_inline_image`."""
        return attach_inline_image(self, content, filename, subtype, idstring, domain)


class MailcoreMessage(MailcoreMessageMixin, EmailMultiAlternatives):
    """A message with text, HTML, and mailcore's attributes as arguments."""


def attach_inline_image_file(
    message: EmailMessage,
    path: _Path,
    subtype: str | None = None,
    idstring: str = "img",
    domain: str | None = None,
) -> str:
    """
    Attach an image file that the HTML shows.

    Returns:
        The Content-ID, for ``f'<img src="cid:{content_id}">'``.
    """
    file = Path(path)
    return attach_inline_image(message, file.read_bytes(), file.name, subtype, idstring, domain)


def attach_inline_image(  # noqa: PLR0917  # as django-anymail has them
    message: EmailMessage,
    content: bytes,
    filename: str | None = None,
    subtype: str | None = None,
    idstring: str = "img",
    domain: str | None = None,
) -> str:
    """
    Attach an image that the HTML shows.

    The part is one that every backend of Django's understands.

    Args:
        message: A message of any class, which gets the part.
        content: The octets of the image.
        filename: What the recipient sees.
        subtype: ``png`` for ``image/png``; what name and content say, if it is not given.
        idstring: Stands in the Content-ID.
        domain: The domain of the Content-ID; a constant one if not given, since Gmail blocks names
            that end in ``.com``, and some services use the id as a name.

    Returns:
        The Content-ID without angle brackets, for ``f'<img src="cid:{content_id}">'``.

    Raises:
        InvalidMessage: If nothing says what kind of image it is.
    """
    content_id = make_msgid(idstring, domain or "inline")
    given = f"image/{subtype}" if subtype else None
    kind = Attachment.inline_image(filename, content, given).mime_type
    message.attach(inline_part(content, kind, filename=filename, content_id=content_id))
    return content_id[1:-1]


def inline_part(
    content: bytes, content_type: str, *, filename: str | None, content_id: str | None
) -> MIMEPart | MIMEBase:
    """
    A part that is shown within the message, as each version of Django takes it.

    Args:
        content: The octets of the part.
        content_type: Type and subtype; parameters are left out.
        filename: What the recipient sees; None if the part has no name.
        content_id: What the HTML refers to, with or without angle brackets; None if nothing does.
    """
    maintype, _, subtype = content_type.partition(";")[0].strip().partition("/")
    identifier = f"<{content_id.strip('<>')}>" if content_id else None
    if django.VERSION >= (6, 0):
        part = MIMEPart()
        part.set_content(
            content,
            maintype=maintype,
            subtype=subtype,
            disposition="inline",
            cid=identifier,
            filename=filename or None,
        )
        return part
    base = MIMEBase(maintype, subtype)
    base.set_payload(content)
    encode_base64(base)
    base.add_header("Content-Disposition", "inline", **_named(filename))
    if identifier:
        base.add_header("Content-ID", identifier)
    return base


def _named(filename: str | None) -> dict[str, str]:
    return {"filename": filename} if filename else {}
