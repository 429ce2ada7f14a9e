"""
Stored templates, and what Postmark makes of them.

The language is Mustachio (https://postmarkapp.com/support/article/1077-template-syntax, read
2026-11-30): values, `{{#name}}` scopes, `{{^name}}`, `{{#each list}}`, `{{{unescaped}}}`, `../`.
The API is that of https://postmarkapp.com/developer/api/templates-api (read 2026-11-30). A layout
takes the place of its `{{{@content}}}`. CSS is not made inline.
"""

from __future__ import annotations

import itertools
import re
import threading

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mailcore_local.handlebars import Handlebars, TemplateError
from mailcore_local.postmark.errors import (
    NO_TEMPLATE_DATA,
    TEMPLATE_FIELD_INVALID,
    TEMPLATE_FIELD_MISSING,
    TEMPLATE_NOT_FOUND,
    PostmarkError,
)
from mailcore_local.postmark.fields import Fields, as_object, text


_HTML = Handlebars(standard=("each",))
_TEXT = Handlebars(standard=("each",), escape=False)
_CONTENT = re.compile(r"\{\{\{\s*@content\s*\}\}\}")
_PLACE = "\0content\0"
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    One stored template.

    Attributes:
        number: The `TemplateId` that Postmark gave.
        name: What people call it.
        alias: What code may call it, or an empty text.
        subject: The template of the subject; a layout has none.
        html: The template of the HTML.
        plain: The template of the plain text.
        is_layout: Whether it is a layout.
        layout: The alias of the layout, or an empty text.
    """

    number: int
    name: str
    alias: str = ""
    subject: str = ""
    html: str = ""
    plain: str = ""
    is_layout: bool = False
    layout: str = ""

    def document(self, *, whole: bool = True) -> dict[str, object]:
        """
        The template as the API tells it.
        """
        told: dict[str, object] = {
            "TemplateId": self.number,
            "Name": self.name,
            "Active": True,
            "Alias": self.alias or None,
            "TemplateType": "Layout" if self.is_layout else "Standard",
            "LayoutTemplate": self.layout or None,
        }
        if whole:
            told |= {
                "Subject": None if self.is_layout else self.subject,
                "HtmlBody": self.html or None,
                "TextBody": self.plain or None,
                "AssociatedServerId": 1,
            }
        return told


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """
    What a template became.
    """

    subject: str
    html: str
    plain: str


class Templates:
    """
    The templates of one server.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1001)
        self._stored: dict[int, Template] = {}

    def all(self) -> list[Template]:
        """
        All templates, the first one first.
        """
        with self._lock:
            return list(self._stored.values())

    def get(self, key: object) -> Template:
        """
        The template with an id or an alias.

        Raises:
            PostmarkError: There is none (1101).
        """
        with self._lock:
            for template in self._stored.values():
                if str(template.number) == str(key) or (key and template.alias == key):
                    return template
        raise PostmarkError(
            TEMPLATE_NOT_FOUND,
            "The Template's 'ID' or 'Alias' associated with this request is not valid or was not"
            " found. The local Postmark knows those that were made by POST /templates.",
        )

    def add(self, fields: Fields) -> Template:
        """
        Make one from a request.

        Raises:
            PostmarkError: Something is missing or wrong in it.
        """
        kind = text(fields, "TemplateType") or "Standard"
        if kind not in ("Standard", "Layout"):
            raise PostmarkError(TEMPLATE_FIELD_INVALID, "TemplateType is 'Standard' or 'Layout'.")
        made = self._checked(
            Template(
                number=0,
                name=text(fields, "Name"),
                alias=text(fields, "Alias"),
                subject=text(fields, "Subject"),
                html=text(fields, "HtmlBody"),
                plain=text(fields, "TextBody"),
                is_layout=kind == "Layout",
                layout=text(fields, "LayoutTemplate"),
            )
        )
        with self._lock:
            made = replace(made, number=next(self._numbers))
            self._stored[made.number] = made
        return made

    def edit(self, key: str, fields: Fields) -> Template:
        """
        Change those fields of a template that are in a request.

        Raises:
            PostmarkError: There is no such template, or something is wrong.
        """
        template = self.get(key)
        names = {
            "Name": "name",
            "Alias": "alias",
            "Subject": "subject",
            "HtmlBody": "html",
            "TextBody": "plain",
            "LayoutTemplate": "layout",
        }
        given = {own: text(fields, name) for name, own in names.items() if name in fields}
        changes: dict[str, Any] = given
        edited = self._checked(replace(template, **changes))
        with self._lock:
            self._stored[edited.number] = edited
        return edited

    def delete(self, key: str) -> Template:
        """
        Forget one.

        Raises:
            PostmarkError: There is no such template.
        """
        template = self.get(key)
        with self._lock:
            self._stored.pop(template.number, None)
        return template

    def render(self, template: Template, model: Mapping[str, object]) -> Rendered:
        """
        A template with a model filled in, within its layout.

        Raises:
            PostmarkError: Its layout is gone.
            TemplateError: It cannot be rendered.
        """
        html, plain = _HTML.render(template.html, model), _TEXT.render(template.plain, model)
        subject = _TEXT.render(template.subject, model)
        if template.layout:
            layout = self.get(template.layout)
            html = _within(layout.html, html, _HTML, model)
            plain = _within(layout.plain, plain, _TEXT, model)
        return Rendered(subject=subject, html=html, plain=plain)

    def _checked(self, template: Template) -> Template:
        if not template.name:
            raise PostmarkError(TEMPLATE_FIELD_MISSING, "A template needs a 'Name'.")
        if not template.is_layout and not template.subject:
            raise PostmarkError(TEMPLATE_FIELD_MISSING, "A template needs a 'Subject'.")
        if not template.html and not template.plain:
            raise PostmarkError(
                TEMPLATE_FIELD_MISSING, "A template needs 'HtmlBody', 'TextBody' or both."
            )
        if template.alias:
            self._check_alias(template)
        if template.layout and not self.get(template.layout).is_layout:
            raise PostmarkError(TEMPLATE_FIELD_INVALID, "'LayoutTemplate' names no layout.")
        if template.is_layout and template.html and not _CONTENT.search(template.html):
            raise PostmarkError(TEMPLATE_FIELD_INVALID, "A layout needs '{{{ @content }}}'.")
        _check_language(template)
        return template

    def _check_alias(self, template: Template) -> None:
        if not _ALIAS.fullmatch(template.alias):
            raise PostmarkError(
                TEMPLATE_FIELD_INVALID, "An 'Alias' begins with a letter and has no spaces."
            )
        if any(o.alias == template.alias and o.number != template.number for o in self.all()):
            raise PostmarkError(TEMPLATE_FIELD_INVALID, "The 'Alias' is taken.")


def _check_language(template: Template) -> None:
    for language, source in (
        (_TEXT, template.subject),
        (_HTML, _CONTENT.sub("", template.html)),
        (_TEXT, _CONTENT.sub("", template.plain)),
    ):
        try:
            language.render(source, {})
        except TemplateError as error:
            raise PostmarkError(TEMPLATE_FIELD_INVALID, str(error)) from None


def model_of(fields: Fields) -> Fields:
    """
    The `TemplateModel` of a request.

    Raises:
        PostmarkError: There is none, or it is no object.
    """
    if fields.get("TemplateModel") is None:
        raise PostmarkError(NO_TEMPLATE_DATA, "The request has no 'TemplateModel'.")
    return as_object(fields["TemplateModel"], "TemplateModel")


def validation(fields: Fields) -> dict[str, object]:
    """
    The answer of `/templates/validate`: each part, rendered with the model that came with it.

    Raises:
        PostmarkError: A value is of the wrong type.
    """
    model = as_object(fields.get("TestRenderModel") or {}, "TestRenderModel")
    told: dict[str, object] = {}
    valid = True
    for name, language in (("Subject", _TEXT), ("HtmlBody", _HTML), ("TextBody", _TEXT)):
        errors: list[dict[str, object]] = []
        rendered = ""
        try:
            rendered = language.render(_CONTENT.sub("", text(fields, name)), model)
        except TemplateError as error:
            errors.append({"Message": str(error), "Line": None, "CharacterPosition": None})
        valid = valid and not errors
        told[name] = {
            "ContentIsValid": not errors,
            "ValidationErrors": errors,
            "RenderedContent": rendered,
        }
    return {"AllContentIsValid": valid, **told, "SuggestedTemplateModel": {}}


def _within(layout: str, content: str, language: Handlebars, model: Mapping[str, object]) -> str:
    if not layout:
        return content
    return language.render(_CONTENT.sub(_PLACE, layout), model).replace(_PLACE, content)
