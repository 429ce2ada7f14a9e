"""
Stored templates with versions, rendered by Handlebars.

Sources (read 2026-11-30): https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-templates
and the pages about templates of Mailgun's OpenAPI description.
"""

from __future__ import annotations

import json
import threading
import uuid

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from mailcore_local.handlebars import Handlebars, HelperOptions
from mailcore_local.mailgun.errors import MailgunError, not_found
from mailcore_local.mailgun.forms import Form


def _equal(*arguments: Any, options: HelperOptions) -> Any:
    same = len(arguments) == 2 and str(arguments[0]) == str(arguments[1])
    return options.fn() if same else options.inverse()


HTML = Handlebars({"equal": _equal}, standard=("if", "unless", "each", "with"))
TEXT = Handlebars({"equal": _equal}, standard=("if", "unless", "each", "with"), escape=False)


@dataclass(frozen=True, kw_only=True)
class Version:
    """
    One version of a template.

    Attributes:
        tag: The tag by which a message may ask for it.
        template: The HTML as a template.
        comment: What people say of it.
        active: Whether this is the version that is sent.
        headers: From, Reply-To and Subject, each a template as well.
        id: The id, a GUID.
        created_at: Since when it is there, in UTC.
    """

    tag: str
    template: str
    comment: str = ""
    active: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def document(self) -> dict[str, object]:
        """
        The version as the API tells it.
        """
        return {
            "tag": self.tag,
            "template": self.template,
            "engine": "handlebars",
            "createdAt": format_datetime(self.created_at, usegmt=True),
            "comment": self.comment,
            "active": self.active,
            "id": self.id,
            "headers": dict(self.headers),
        }


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    One template of a domain.

    Attributes:
        name: The name by which messages ask for it.
        description: What people say of it.
        versions: The versions, the first one first.
        id: The id, a GUID.
        created_at: Since when it is there, in UTC.
    """

    name: str
    description: str = ""
    versions: tuple[Version, ...] = ()
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def version(self, tag: str = "") -> Version | None:
        """
        The version with a tag, or the active one.
        """
        return next(
            (each for each in self.versions if (each.tag == tag if tag else each.active)), None
        )

    def document(self, version: Version | None = None) -> dict[str, object]:
        """
        The template as the API tells it, with one of its versions.
        """
        told: dict[str, object] = {
            "name": self.name,
            "description": self.description,
            "createdAt": format_datetime(self.created_at, usegmt=True),
            "createdBy": "",
            "id": self.id,
        }
        if version is not None:
            told["version"] = version.document()
        return told


class Templates:
    """
    The templates of all domains, by domain and name.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[tuple[str, str], Template] = {}

    def all(self, domain: str) -> list[Template]:
        """
        The templates of a domain, the first one first.
        """
        with self._lock:
            return [each for (owner, _), each in self._stored.items() if owner == domain.lower()]

    def get(self, domain: str, name: str) -> Template:
        """
        A template of a domain.

        Raises:
            MailgunError: There is none (404).
        """
        with self._lock:
            found = self._stored.get((domain.lower(), name.lower()))
        if found is None:
            raise not_found("template not found")
        return found

    def add(self, domain: str, form: Form) -> Template:
        """
        Make one from a form, with a first version if it has one.

        Raises:
            MailgunError: It has no name, or its name is taken.
        """
        name = form.get("name").strip().lower()
        if not name:
            raise MailgunError("name parameter is missing")
        made = Template(name=name, description=form.get("description"))
        if form.get("template"):
            version = replace(_version(form, form.get("tag") or "initial"), active=True)
            made = replace(made, versions=(version,))
        with self._lock:
            if (domain.lower(), name) in self._stored:
                raise MailgunError(f"template with name '{name[:100]}' already exists")
            self._stored[domain.lower(), name] = made
        return made

    def add_version(self, domain: str, name: str, form: Form) -> tuple[Template, Version]:
        """
        Make a version of a template from a form.

        Raises:
            MailgunError: There is no such template, or the version cannot be one.
        """
        template = self.get(domain, name)
        tag = form.get("tag")
        if not tag or not form.get("template"):
            raise MailgunError("'tag' and 'template' parameters are required")
        if template.version(tag) is not None:
            raise MailgunError(f"version with tag '{tag[:100]}' already exists")
        active = form.get("active") in ("yes", "true") or not template.versions
        made = replace(_version(form, tag), active=active)
        others = [replace(v, active=False) if active else v for v in template.versions]
        changed = replace(template, versions=(*others, made))
        with self._lock:
            self._stored[domain.lower(), template.name] = changed
        return changed, made

    def delete(self, domain: str, name: str) -> Template:
        """
        Forget one.

        Raises:
            MailgunError: There is none (404).
        """
        template = self.get(domain, name)
        with self._lock:
            self._stored.pop((domain.lower(), template.name), None)
        return template


def _version(form: Form, tag: str) -> Version:
    headers: dict[str, str] = {}
    if text := form.get("headers"):
        try:
            found = json.loads(text)
        except (RecursionError, ValueError):
            found = None
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise MailgunError("headers parameter is not a valid JSON dictionary")
        headers = {name.title(): value for name, value in found.items()}
    return Version(
        tag=tag, template=form.get("template"), comment=form.get("comment"), headers=headers
    )
