"""
The templates of an account, and what stands in their regions.
"""

from __future__ import annotations

import re
import threading

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from mailcore_local.mandrill.errors import invalid_template, unknown_template
from mailcore_local.mandrill.models import Template, moment_text


_REGION = re.compile(
    r"(?P<open><(?P<tag>[A-Za-z][A-Za-z0-9]*)\b[^>]*\bmc:edit=[\"'](?P<name>[^\"']*)[\"'][^>]*>)"
    r"(?P<inner>.*?)(?P<close></(?P=tag)\s*>)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class StoredTemplate:
    """
    A template of the account.

    Attributes:
        name: The name that people gave it.
        from_email: The sender of a mail that has none.
        from_name: The name beside it.
        subject: The subject of a mail that has none.
        code: The HTML, with regions marked ``mc:edit``.
        text: The plain text.
        published: Whether mails may be sent with it.
        created_at: When it was made, in UTC.
    """

    name: str
    from_email: str | None = None
    from_name: str | None = None
    subject: str | None = None
    code: str | None = None
    text: str | None = None
    published: bool = True
    created_at: datetime

    @property
    def slug(self) -> str:
        """
        The name in lower case, with hyphens.
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


class TemplateStore:
    """
    Templates by slug, of which any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._templates: dict[str, StoredTemplate] = {}

    def put(self, given: Template, *, is_new: bool) -> StoredTemplate:
        """
        Keep a template; an update leaves what it does not mention.

        Raises:
            MandrillError: There is one of this name already, or there is none to update.
        """
        fresh = StoredTemplate(
            name=given.name,
            from_email=given.from_email,
            from_name=given.from_name,
            subject=given.subject,
            code=given.code,
            text=given.text,
            published=given.publish is not False,
            created_at=datetime.now(timezone.utc),
        )
        if not fresh.slug:
            raise invalid_template("A template needs a name with letters or digits")
        with self._lock:
            old = self._templates.get(fresh.slug)
            if is_new and old is not None:
                raise invalid_template(f'A template with name "{given.name}" already exists')
            if not is_new:
                if old is None:
                    raise unknown_template(given.name)
                fresh = _updated(old, given)
            self._templates[fresh.slug] = fresh
            return fresh

    def get(self, name: str) -> StoredTemplate:
        """
        The template with a name or slug.

        Raises:
            MandrillError: There is none.
        """
        with self._lock:
            for slug, template in self._templates.items():
                if name in (slug, template.name):
                    return template
        raise unknown_template(name)

    def delete(self, name: str) -> StoredTemplate:
        """
        Forget a template.

        Raises:
            MandrillError: There is none of this name.
        """
        found = self.get(name)
        with self._lock:
            self._templates.pop(found.slug, None)
        return found

    def all(self) -> list[StoredTemplate]:
        """
        All templates, by slug.
        """
        with self._lock:
            return [self._templates[slug] for slug in sorted(self._templates)]


def document(template: StoredTemplate) -> dict[str, Any]:
    """
    The object of the ``templates`` calls.
    """
    moment = moment_text(template.created_at)
    fields = {
        "code": template.code,
        "subject": template.subject,
        "from_email": template.from_email,
        "from_name": template.from_name,
        "text": template.text,
    }
    published = {f"publish_{name}": value for name, value in fields.items()}
    return {
        "slug": template.slug,
        "name": template.name,
        "labels": [],
        **fields,
        "publish_name": template.name,
        **published,
        "published_at": moment if template.published else None,
        "created_at": moment,
        "updated_at": moment,
    }


def _updated(old: StoredTemplate, given: Template) -> StoredTemplate:
    def kept(new: str | None, present: str | None) -> str | None:
        return present if new is None else new

    return StoredTemplate(
        name=old.name,
        from_email=kept(given.from_email, old.from_email),
        from_name=kept(given.from_name, old.from_name),
        subject=kept(given.subject, old.subject),
        code=kept(given.code, old.code),
        text=kept(given.text, old.text),
        published=given.publish is not False,
        created_at=old.created_at,
    )


def fill_regions(code: str, regions: Mapping[str, str]) -> str:
    """
    The HTML of a template with its ``mc:edit`` regions filled.

    Args:
        code: The HTML of the template.
        regions: What stands in each region by name; the others keep what they have.
    """

    def filled(found: re.Match[str]) -> str:
        inner = regions.get(found["name"], found["inner"])
        return f"{found['open']}{inner}{found['close']}"

    return _REGION.sub(filled, code)
