"""
What an account has beside sending, of which any thread may ask.

Blocked contacts, templates, keys of idempotency, files of received mail: `/smtp/blockedContacts`
and `/smtp/templates` in `api/swagger.yaml` of https://github.com/getbrevo/brevo-go, of 2025-02-07,
and https://developers.brevo.com/docs/heterogenous-versions-batch-emails (read 2026-11-30).
"""

from __future__ import annotations

import secrets
import threading

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

from mailcore.inbound import InboundPart
from mailcore_local.brevo.errors import BrevoError, invalid, missing, not_found
from mailcore_local.brevo.models import Sender, Template
from mailcore_local.brevo.sending import StoredTemplate


MAX_PAGE = 100
_DEFAULT_PAGE = 50
IDEMPOTENCY = timedelta(minutes=30)
_MAX_FILES = 500

_REASONS = {
    "hardBounce": "Hard bounce",
    "contactFlaggedAsSpam": "Contact flagged as spam",
    "unsubscribedViaEmail": "Unsubscribed via email",
    "adminBlocked": "Admin blocked",
}


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class BlockedContact:
    """
    An address that gets no transactional mail.

    Attributes:
        email: The address, in lower case.
        sender_email: Whose mail it was that it does not want.
        reason: The code of the reason, such as ``hardBounce``.
        blocked_at: Since when it is blocked, in UTC.
    """

    email: str
    sender_email: str
    reason: str
    blocked_at: datetime

    def document(self) -> dict[str, Any]:
        """
        The object of the answers.
        """
        return {
            "email": self.email,
            "senderEmail": self.sender_email,
            "reason": {"code": self.reason, "message": _REASONS.get(self.reason, self.reason)},
            "blockedAt": self.blocked_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class BlockedContacts:
    """
    The blocked contacts of an account.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contacts: dict[str, BlockedContact] = {}

    def block(self, email: str, sender_email: str, reason: str) -> None:
        """
        Put an address there.
        """
        contact = BlockedContact(
            email=email.lower(), sender_email=sender_email, reason=reason, blocked_at=_now()
        )
        with self._lock:
            self._contacts[contact.email] = contact

    def has(self, email: str) -> bool:
        """
        Whether an address is blocked.
        """
        with self._lock:
            return email.lower() in self._contacts

    def unblock(self, email: str) -> None:
        """
        Take an address off.

        Raises:
            BrevoError: It is not there.
        """
        with self._lock:
            found = self._contacts.pop(email.lower(), None)
        if found is None:
            raise not_found("Contact email not found")

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """
        The answer to a request with these parameters.

        Raises:
            BrevoError: A parameter is wrong.
        """
        limit, offset = _number(query, "limit", _DEFAULT_PAGE), _number(query, "offset", 0)
        if limit > MAX_PAGE:
            raise BrevoError("out_of_range", f"limit should not be greater than {MAX_PAGE}")
        start, end = _day(query, "startDate"), _day(query, "endDate")
        if (start is None) != (end is None):
            raise missing("endDate" if end is None else "startDate")
        if start is not None and end is not None and start > end:
            raise invalid("startDate")
        order = query.get("sort") or "desc"
        if order not in ("asc", "desc"):
            raise invalid("sort")
        senders = [each for each in query.get("senders", "").lower().split(",") if each]
        with self._lock:
            contacts = list(self._contacts.values())
        found = [
            each
            for each in contacts
            if (start is None or start <= each.blocked_at.date())
            and (end is None or each.blocked_at.date() <= end)
            and (not senders or each.sender_email.lower() in senders)
        ]
        found.sort(key=lambda each: each.blocked_at, reverse=order == "desc")
        listed = [each.document() for each in found[offset : offset + limit]]
        return {"count": len(found), "contacts": listed}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise invalid(name)
    return int(text)


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(name) from None


class Templates:
    """
    The templates of an account, by number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._templates: dict[int, StoredTemplate] = {}
        self._last = 0

    def create(self, given: Template) -> StoredTemplate:
        """
        Keep a new one.

        Raises:
            BrevoError: It lacks something.
        """
        for name, value in (
            ("templateName", given.name),
            ("sender", given.sender),
            ("subject", given.subject),
            ("htmlContent", given.html),
        ):
            if not value:
                raise missing(name)
        with self._lock:
            self._last += 1
            made = StoredTemplate(
                id=self._last,
                name=given.name or "",
                sender=given.sender or Sender(),
                subject=given.subject or "",
                html=given.html or "",
                reply_to=given.reply_to or "",
                is_active=bool(given.is_active),
                tag=given.tag or "",
                changed_at=_now(),
            )
            self._templates[made.id] = made
        return made

    def update(self, number: int, given: Template) -> None:
        """
        Change one; what is not mentioned stays.

        Raises:
            BrevoError: There is none with this number.
        """
        old = self.get(number)
        if old is None:
            raise not_found("Template ID does not exist")
        fresh = replace(
            old,
            name=given.name or old.name,
            sender=given.sender or old.sender,
            subject=given.subject or old.subject,
            html=given.html or old.html,
            reply_to=old.reply_to if given.reply_to is None else given.reply_to,
            is_active=old.is_active if given.is_active is None else given.is_active,
            tag=old.tag if given.tag is None else given.tag,
            changed_at=_now(),
        )
        with self._lock:
            self._templates[number] = fresh

    def get(self, number: int) -> StoredTemplate | None:
        """
        The template with a number, or `None`.
        """
        with self._lock:
            return self._templates.get(number)

    def delete(self, number: int) -> None:
        """
        Forget one; its number is not given again.

        Raises:
            BrevoError: There is none with this number, or it is active.
        """
        found = self.get(number)
        if found is None:
            raise not_found("Template ID does not exist")
        if found.is_active:
            raise BrevoError("permission_denied", "Active template cannot be deleted")
        with self._lock:
            self._templates.pop(number, None)

    def all(self) -> list[StoredTemplate]:
        """
        All templates, the last one first.
        """
        with self._lock:
            return [self._templates[number] for number in sorted(self._templates, reverse=True)]


def template_document(template: StoredTemplate) -> dict[str, Any]:
    """
    The object of the answers.
    """
    moment = template.changed_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    sender = template.sender
    return {
        "id": template.id,
        "name": template.name,
        "subject": template.subject,
        "isActive": template.is_active,
        "testSent": False,
        "sender": {"name": sender.name or "", "email": sender.email or "", "id": sender.id},
        "replyTo": template.reply_to,
        "toField": "",
        "tag": template.tag,
        "htmlContent": template.html,
        "createdAt": moment,
        "modifiedAt": moment,
    }


class IdempotencyKeys:
    """
    Keys that were used in the last half hour.

    Args:
        clock: Tells the time, in UTC.
    """

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, datetime] = {}

    def use(self, key: str) -> None:
        """
        Take a key.

        Raises:
            BrevoError: It was used already.
        """
        now = self._clock()
        with self._lock:
            self._used = {k: at for k, at in self._used.items() if now - at < IDEMPOTENCY}
            if key in self._used:
                raise BrevoError("duplicate_parameter", "idempotencyKey is already used")
            self._used[key] = now

    def release(self, key: str) -> None:
        """
        Give a key back whose call came to nothing.
        """
        with self._lock:
            self._used.pop(key, None)


class Files:
    """
    Files of received mail by token, the last 500 of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def keep(self, part: InboundPart) -> str:
        """
        Keep a file.

        Returns:
            The token that it is fetched by.
        """
        token = secrets.token_urlsafe(32)
        content_type = part.content_type
        if content_type.startswith("text/"):
            content_type += f"; charset={part.charset or 'utf-8'}"
        with self._lock:
            self._files[token] = (part.content, content_type)
            while len(self._files) > _MAX_FILES:
                self._files.popitem(last=False)
        return token

    def get(self, token: str) -> tuple[bytes, str]:
        """
        The octets and the type of a file.

        Raises:
            BrevoError: It is not there.
        """
        with self._lock:
            found = self._files.get(token)
        if found is None:
            raise not_found("attachment not found")
        return found
