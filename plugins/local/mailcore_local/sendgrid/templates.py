"""
Transactional templates: dynamic ones in Handlebars, legacy ones with substitutions.

Sources (read 2026-11-30): https://www.twilio.com/docs/sendgrid/for-developers/sending-email/using-handlebars
and https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates. Of the helpers,
`formatDate` is not there: a template that calls it cannot be rendered.
"""

from __future__ import annotations

import secrets
import threading
import uuid

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from mailcore_local.handlebars import Handlebars, Helper, HelperOptions, TemplateError
from mailcore_local.sendgrid.errors import Complaint, SendGridError, not_found


@dataclass(frozen=True, kw_only=True)
class Version:
    """
    One version of a template.

    Attributes:
        id: The id, a GUID.
        template_id: The id of the template.
        name: What people call it.
        subject: The template of the subject.
        html: The template of the HTML.
        plain: The template of the plain text.
        active: Whether this is the version that is sent.
        updated_at: When it was changed last, in UTC.
    """

    id: str
    template_id: str
    name: str
    subject: str
    html: str
    plain: str
    active: bool
    updated_at: datetime

    def document(self) -> dict[str, object]:
        """
        The version as the API tells it.
        """
        return {
            "id": self.id,
            "template_id": self.template_id,
            "name": self.name,
            "subject": self.subject,
            "html_content": self.html,
            "plain_content": self.plain,
            "generate_plain_content": False,
            "active": int(self.active),
            "editor": "code",
            "updated_at": self.updated_at.strftime("%Y-%m-%d %H:%M:%S"),
        }


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    One template with its versions.

    Attributes:
        id: The id, which begins with ``d-`` if it is dynamic.
        name: What people call it.
        versions: The versions, the first one first.
        updated_at: When it was changed last, in UTC.
    """

    id: str
    name: str
    versions: tuple[Version, ...]
    updated_at: datetime

    @property
    def active(self) -> Version | None:
        """
        The version that is sent, if there is one.
        """
        return next((each for each in self.versions if each.active), None)

    def document(self) -> dict[str, object]:
        """
        The template as the API tells it.
        """
        return {
            "id": self.id,
            "name": self.name,
            "generation": "dynamic" if is_dynamic(self.id) else "legacy",
            "updated_at": self.updated_at.strftime("%Y-%m-%d %H:%M:%S"),
            "versions": [each.document() for each in self.versions],
        }


def is_dynamic(template_id: object) -> bool:
    """
    Whether a template's id is that of a dynamic one.
    """
    return isinstance(template_id, str) and template_id.startswith("d-")


class Templates:
    """
    The templates of one account.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[str, Template] = {}

    def all(self) -> list[Template]:
        """
        All templates, the first one first.
        """
        with self._lock:
            return list(self._stored.values())

    def get(self, template_id: str) -> Template:
        """
        The template with an id.

        Raises:
            SendGridError: There is none (404).
        """
        with self._lock:
            found = self._stored.get(template_id)
        if found is None:
            raise not_found("template not found")
        return found

    def add(self, fields: Mapping[str, Any]) -> Template:
        """
        Make one without versions.

        Raises:
            SendGridError: It has no name.
        """
        name, generation = fields.get("name"), fields.get("generation", "legacy")
        if not isinstance(name, str) or not name:
            raise SendGridError(Complaint("The name is required.", "name"))
        if generation not in ("legacy", "dynamic"):
            raise SendGridError(Complaint("It is 'legacy' or 'dynamic'.", "generation"))
        token = secrets.token_hex(16) if generation == "dynamic" else str(uuid.uuid4())
        made = Template(
            id=f"d-{token}" if generation == "dynamic" else token,
            name=name,
            versions=(),
            updated_at=datetime.now(timezone.utc),
        )
        with self._lock:
            self._stored[made.id] = made
        return made

    def add_version(self, template_id: str, fields: Mapping[str, Any]) -> Version:
        """
        Make a version, which is the one that is sent unless it says otherwise.

        Raises:
            SendGridError: There is no such template, or the version cannot be one.
        """
        template = self.get(template_id)
        texts = {}
        for name in ("name", "subject", "html_content", "plain_content"):
            value = fields.get(name, "")
            if not isinstance(value, str):
                raise SendGridError(Complaint("It must be a string.", name))
            texts[name] = value
        active = fields.get("active", 1) in (1, True)
        made = Version(
            id=str(uuid.uuid4()),
            template_id=template.id,
            name=texts["name"],
            subject=texts["subject"],
            html=texts["html_content"],
            plain=texts["plain_content"],
            active=active,
            updated_at=datetime.now(timezone.utc),
        )
        if is_dynamic(template.id):
            try:
                rendered(made, {})
            except TemplateError as error:
                raise SendGridError(Complaint(f"template compilation error: {error}")) from None
        others = [replace(v, active=False) if active else v for v in template.versions]
        with self._lock:
            self._stored[template.id] = replace(
                template, versions=(*others, made), updated_at=made.updated_at
            )
        return made

    def delete(self, template_id: str) -> None:
        """
        Forget one.

        Raises:
            SendGridError: There is none (404).
        """
        template = self.get(template_id)
        with self._lock:
            self._stored.pop(template.id, None)


def rendered(version: Version, data: Mapping[str, Any]) -> tuple[str, str, str]:
    """
    Subject, HTML and plain text of a dynamic template.

    Raises:
        TemplateError: It cannot be rendered.
    """
    return (
        _TEXT.render(version.subject, data),
        _HTML.render(version.html, data),
        _TEXT.render(version.plain, data),
    )


def substituted(text: str, substitutions: Mapping[str, str]) -> str:
    """
    A text with its substitutions made: each key is replaced by its value, wherever it stands.
    """
    for key, value in substitutions.items():
        if key:
            text = text.replace(key, value)
    return text


def _block(test: Any) -> Helper:
    def helper(*arguments: Any, options: HelperOptions) -> Any:
        return options.fn() if test(*arguments) else options.inverse()

    return helper


def _insert(*arguments: Any, options: HelperOptions) -> Any:  # noqa: ARG001 - the library passes it
    # {{insert name "default=customer"}}
    value, *rest = arguments
    default = next((str(a)[8:] for a in rest if str(a).startswith("default=")), "")
    return value if value not in (None, "") else default


def _length(*arguments: Any, options: HelperOptions) -> int:  # noqa: ARG001 - as above
    return len(arguments[-1]) if isinstance(arguments[-1], (list, str, dict)) else 0


_HELPERS: dict[str, Helper] = {
    "equals": _block(lambda a, b: str(a) == str(b)),
    "notEquals": _block(lambda a, b: str(a) != str(b)),
    "greaterThan": _block(lambda a, b: float(a) > float(b)),
    "lessThan": _block(lambda a, b: float(a) < float(b)),
    "and": _block(lambda *values: all(values)),
    "or": _block(lambda *values: any(values)),
    "insert": _insert,
    "length": _length,
}
_STANDARD = ("if", "unless", "each")
_HTML = Handlebars(_HELPERS, standard=_STANDARD)
_TEXT = Handlebars(_HELPERS, standard=_STANDARD, escape=False)
