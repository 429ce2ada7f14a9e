"""
Stored email templates.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from mailcore_local.ses.errors import ServiceError, already_exists, bad_request, not_found
from mailcore_local.ses.limits import MAX_TEMPLATE_BYTES
from mailcore_local.ses.model import Params
from mailcore_local.ses.paging import page, with_token
from mailcore_local.ses.templating import RenderingError, Template, TemplateSyntaxError


# SES Developer Guide, "Using templates to send personalized email", read 2026-11-21.
MAX_TEMPLATES = 20_000

_PARTS = ("Subject", "Text", "Html")


class Rendered(NamedTuple):
    """
    A template filled in.
    """

    subject: str
    text: str | None
    html: str | None


class TemplateStore:
    """
    Templates by name. Not thread-safe: the server's lock guards it.
    """

    def __init__(self) -> None:
        self._templates: dict[str, Params] = {}
        self.handlers: dict[str, Callable[[Params], Params]] = {
            "CreateEmailTemplate": self._create,
            "GetEmailTemplate": self._get,
            "ListEmailTemplates": self._list,
            "UpdateEmailTemplate": self._update,
            "DeleteEmailTemplate": self._delete,
            "TestRenderEmailTemplate": self._test_render,
        }

    def content(self, template: Params) -> Params:
        """
        The parts of the template that a request names or brings along.

        Raises:
            ServiceError: `NotFoundException`, or `BadRequestException` when it names none or
                several.
        """
        given = [k for k in ("TemplateName", "TemplateArn", "TemplateContent") if k in template]
        if len(given) != 1:
            raise bad_request(
                "Template takes exactly one of TemplateName, TemplateArn and TemplateContent."
            )
        if given == ["TemplateContent"]:
            content: Params = template["TemplateContent"]
            _check(content, plain=True)
            return content
        name = template.get("TemplateName") or template["TemplateArn"].rpartition("template/")[2]
        return self._stored(name)["TemplateContent"]  # type: ignore[no-any-return]

    def _create(self, params: Params) -> Params:
        if params["TemplateName"] in self._templates:
            raise already_exists(f"Template {params['TemplateName']} already exists.")
        if len(self._templates) >= MAX_TEMPLATES:
            raise ServiceError("LimitExceededException", f"More than {MAX_TEMPLATES} templates.")
        self._put(params)
        return {}

    def _update(self, params: Params) -> Params:
        self._stored(params["TemplateName"])
        self._put(params)
        return {}

    def _put(self, params: Params) -> None:
        _check(params["TemplateContent"], plain=False)
        created = self._templates.get(params["TemplateName"], {}).get("CreatedTimestamp")
        self._templates[params["TemplateName"]] = {
            "TemplateName": params["TemplateName"],
            "TemplateContent": params["TemplateContent"],
            "CreatedTimestamp": created or datetime.now(timezone.utc),
        }

    def _get(self, params: Params) -> Params:
        stored = self._stored(params["TemplateName"])
        return {k: stored[k] for k in ("TemplateName", "TemplateContent")}

    def _list(self, params: Params) -> Params:
        entries, token = page(list(self._templates.values()), params, largest=100)
        summaries = [{k: e[k] for k in ("TemplateName", "CreatedTimestamp")} for e in entries]
        return with_token({"TemplatesMetadata": summaries}, token)

    def _delete(self, params: Params) -> Params:
        self._stored(params["TemplateName"])
        del self._templates[params["TemplateName"]]
        return {}

    def _test_render(self, params: Params) -> Params:
        content = self._stored(params["TemplateName"])["TemplateContent"]
        try:
            rendered = render(content, template_data(params["TemplateData"]), plain=False)
        except RenderingError as error:
            raise bad_request(str(error)) from None
        headers = f"Subject: {rendered.subject}\r\nMIME-Version: 1.0\r\n"
        bodies = [b for b in (rendered.text, rendered.html) if b is not None]
        return {"RenderedTemplate": headers + "\r\n" + "\r\n".join(bodies)}

    def _stored(self, name: str) -> Params:
        if name not in self._templates:
            raise not_found(f"Template {name} does not exist")
        return self._templates[name]


def template_data(text: str) -> Params:
    """
    TemplateData as an object.

    Raises:
        ServiceError: It is not a JSON object.
    """
    try:
        data = json.loads(text or "{}")
        json.dumps(data, ensure_ascii=False).encode()  # Lone surrogates fail here.
    except (ValueError, RecursionError):
        raise bad_request("TemplateData is not valid JSON.") from None
    if not isinstance(data, dict):
        raise bad_request("TemplateData is not a JSON object.")
    return data


def render(content: Params, data: Mapping[str, object], *, plain: bool) -> Rendered:
    """
    The parts of a template with `data` filled in.

    Raises:
        RenderingError: An attribute is missing.
    """
    parts = {name: Template(content[name], plain=plain) for name in _PARTS if name in content}
    rendered = {name: template.render(data) for name, template in parts.items()}
    subject = " ".join(rendered.get("Subject", "").splitlines())
    return Rendered(subject, rendered.get("Text"), rendered.get("Html"))


def _check(content: Params, *, plain: bool) -> None:
    if sum(len(content.get(name, "").encode()) for name in _PARTS) > MAX_TEMPLATE_BYTES:
        raise bad_request(f"Template is larger than {MAX_TEMPLATE_BYTES} bytes.")
    for name in _PARTS:
        try:
            Template(content.get(name, ""), plain=plain)
        except TemplateSyntaxError as error:
            raise bad_request(f"Invalid template: {name}: {error}") from None
