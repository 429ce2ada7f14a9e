"""
The templates of an account.

https://developers.sparkpost.com/api/templates/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com). A template has one version here, which is a
draft until it is published.
"""

from __future__ import annotations

import re
import secrets
import threading

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from mailcore_local.jinja_subset import TemplateError
from mailcore_local.sparkpost.contents import Source, read_content
from mailcore_local.sparkpost.errors import refused
from mailcore_local.sparkpost.merging import check
from mailcore_local.sparkpost.models import Template, read


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class StoredTemplate:
    """
    A template of the account.

    Attributes:
        id: The id that transmissions name it by.
        name: The name for people.
        published: Whether transmissions may use it without asking for a draft.
        source: The sender and the content.
        given: The content as the request had it.
        updated_at: When it was changed last, in UTC.
    """

    id: str
    name: str
    published: bool
    source: Source
    given: Mapping[str, Any]
    updated_at: datetime

    def document(self, *, with_content: bool = True) -> dict[str, Any]:
        """
        The object of the answers.
        """
        found: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "published": self.published,
            "has_draft": not self.published,
            "has_published": self.published,
            "last_update_time": self.updated_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        }
        return {**found, "content": dict(self.given)} if with_content else found


class TemplateStore:
    """
    Templates by id, of which any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._templates: dict[str, StoredTemplate] = {}

    def create(self, body: Mapping[str, Any]) -> StoredTemplate:
        """
        Keep a new template.

        Raises:
            SparkPostError: It is none, or there is one with its id.
        """
        given: Template = read(Template, dict(body), "")
        identifier = given.id or secrets.token_hex(8)
        if not _ID.fullmatch(identifier):
            raise refused(1300, "id: must be up to 64 letters, digits, hyphens or underscores")
        made = StoredTemplate(
            id=identifier,
            name=given.name or identifier,
            published=bool(given.published),
            source=_source(body.get("content")),
            given=dict(body["content"]),
            updated_at=datetime.now(timezone.utc),
        )
        with self._lock:
            if identifier in self._templates:
                raise refused(3030, f"template '{identifier}' already exists")
            self._templates[identifier] = made
        return made

    def update(self, identifier: str, body: Mapping[str, Any]) -> StoredTemplate:
        """
        Change a template; what is not mentioned stays.

        Raises:
            SparkPostError: There is none, or the change is none.
        """
        given: Template = read(Template, dict(body), "")
        old = self.get(identifier)
        content = body.get("content")
        fresh = replace(
            old,
            name=given.name or old.name,
            published=old.published if given.published is None else given.published,
            source=old.source if content is None else _source(content),
            given=old.given if content is None else dict(content),
            updated_at=datetime.now(timezone.utc),
        )
        with self._lock:
            self._templates[identifier] = fresh
        return fresh

    def get(self, identifier: str) -> StoredTemplate:
        """
        The template with an id.

        Raises:
            SparkPostError: There is none with this id.
        """
        with self._lock:
            found = self._templates.get(identifier)
        if found is None:
            raise refused(1600, f"template '{identifier[:100]}' does not exist")
        return found

    def to_send(self, identifier: str, *, draft: bool) -> StoredTemplate:
        """
        The one that a transmission names.

        Raises:
            SparkPostError: There is none, or none in this state.
        """
        found = self.get(identifier)
        if draft and found.published:
            raise refused(2004, f"template '{identifier[:100]}' has no draft")
        if not draft and not found.published:
            raise refused(2005, f"template '{identifier[:100]}' is not published")
        return found

    def delete(self, identifier: str) -> None:
        """
        Forget one.

        Raises:
            SparkPostError: There is none with this id.
        """
        self.get(identifier)
        with self._lock:
            self._templates.pop(identifier, None)

    def all(self) -> list[StoredTemplate]:
        """
        All templates, by id.
        """
        with self._lock:
            return [self._templates[identifier] for identifier in sorted(self._templates)]


def _source(content: object) -> Source:
    source = read_content(content)
    found = source.content
    sender = source.sender
    texts = [found.subject, found.text, found.html, found.reply_to, *(found.headers or {}).values()]
    texts += [sender] if isinstance(sender, str) else []
    try:
        for text in texts:
            check(text or "")
    except TemplateError as error:
        raise refused(3000, str(error)) from None
    return source
