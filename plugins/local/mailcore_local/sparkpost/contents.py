"""
The content of a transmission, from the request or from a template, and whom it is from.

https://developers.sparkpost.com/api/transmissions/ (read 2026-11-30, in the repository
developers.sparkpost.com of https://github.com/SparkPost).
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from mailcore_local.composing import Mailbox, is_address
from mailcore_local.sparkpost.errors import Problem, SparkPostError, refused
from mailcore_local.sparkpost.merging import merged
from mailcore_local.sparkpost.models import (
    MAX_CONTENT_BYTES,
    Content,
    File,
    Sender,
    read,
)


SANDBOX_TEMPLATE = "my-first-email"

# Those that it writes itself, and the one that it takes apart: "Header Notes" of the transmissions.
_REFUSED_HEADERS = frozenset(
    ["subject", "from", "to", "reply-to", "content-type", "content-transfer-encoding"]
)
_NAME = re.compile(r"[!-9;-~]+")


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    The content of a transmission, from the request or from a template.

    Attributes:
        sender: The object or text ``from``, as it was given.
        content: The object ``content`` without what stands in the other fields.
    """

    sender: object
    content: Content


def read_content(given: object) -> Source:
    """
    The content that the request itself has.

    Args:
        given: The field ``content`` of the request.

    Raises:
        SparkPostError: It is no content, or has fields that do not go together.
    """
    if not isinstance(given, dict):
        raise refused(1400, "content object or template_id required")
    content: Content = read(Content, given, "content")
    size = len(content.text or "") + len(content.html or "") + len(content.amp_html or "")
    size += sum(len(each.data) * 3 // 4 for each in _listed(content))
    if size > MAX_CONTENT_BYTES:
        raise refused(1300, f"content: may have up to {MAX_CONTENT_BYTES} bytes")
    _check_headers(content.headers or {})
    names = [each.name for each in content.inline_images or ()]
    if len(set(names)) != len(names):
        raise refused(1300, "content.inline_images: each name must be unique")
    return Source(sender=given.get("from"), content=content)


def _listed(content: Content) -> list[File]:
    return [*(content.attachments or ()), *(content.inline_images or ())]


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in _REFUSED_HEADERS or not _NAME.fullmatch(name):
            raise refused(3002, f"content.headers: '{name[:100]}' must not be given here")
        # https://github.com/mautic/mautic/issues/2833 (read 2026-11-30)
        if not value.strip() and name.lower() == "cc":
            raise refused(3002, "content.headers: CC is empty")


def check_inline(source: Source) -> None:
    """
    Look whether a content without a template has all that it needs.

    Raises:
        SparkPostError: It has no sender, no subject or no text.
    """
    content = source.content
    problems = []
    if content.email_rfc822 is not None:
        return
    if source.sender is None:
        problems.append(Problem(code=1400, description="content.from is a required field"))
    if content.subject is None:
        problems.append(Problem(code=1400, description="content.subject is a required field"))
    if not content.text and not content.html:
        description = "At least one of 'text' or 'html' needed in content"
        problems.append(Problem(code=1400, description=description))
    if problems:
        raise SparkPostError(problems)
    sender_of(source, {})


def sender_of(source: Source, data: Mapping[str, Any]) -> Mailbox:
    """
    Who a mail is from, filled in with the values of a recipient.

    Raises:
        SparkPostError: The sender is no address.
        TemplateError: A name or address is no template.
    """
    if isinstance(source.sender, str):
        name, email = parseaddr(merged(source.sender, data, is_html=False))
    else:
        sender: Sender = read(Sender, source.sender, "content.from")
        name = merged(sender.name or "", data, is_html=False)
        email = merged(sender.email, data, is_html=False)
    if "{{" not in str(source.sender) and not is_address(email):
        raise refused(7001, "Unconfigured or unverified sending domain.")
    return Mailbox(email, name)
