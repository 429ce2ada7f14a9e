"""
Templates, and the calls below `/v3/REST/template`.
"""

from __future__ import annotations

import threading

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailcore_local.mailjet.errors import MailjetError, problems_of
from mailcore_local.mailjet.models import Template, TemplateContent
from mailcore_local.mailjet.sending import StoredTemplate


class Templates:
    """
    The templates that are stored, of which any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_number: dict[int, StoredTemplate] = {}

    def all(self) -> Mapping[int, StoredTemplate]:
        """
        Every template by its number, as they are now.
        """
        with self._lock:
            return dict(self._by_number)

    def add(self, request: Request, body: Any) -> Response:
        """
        Store a template, without content so far.
        """
        given = _read(Template, body)
        with self._lock:
            number = len(self._by_number) + 1
            made = StoredTemplate(id=number, name=given.name)
            self._by_number[number] = made
        return JSONResponse(_rest([_shown(made)]), 201)

    def show(self, request: Request, body: Any) -> Response:
        """
        Tell a template's name.
        """
        return JSONResponse(_rest([_shown(self._found(request))]))

    def show_content(self, request: Request, body: Any) -> Response:
        """
        Tell the content of a template.
        """
        return JSONResponse(_rest([_content(self._found(request))]))

    def store_content(self, request: Request, body: Any) -> Response:
        """
        Change the content of a template.
        """
        given = _read(TemplateContent, body)
        old = self._found(request)
        # PUT leaves what is not mentioned, POST empties it.
        keeps = request.method == "PUT"
        fresh = replace(
            old,
            html=(old.html if keeps else "") if given.html is None else given.html,
            text=(old.text if keeps else "") if given.text is None else given.text,
            headers=(old.headers if keeps else {}) if given.headers is None else given.headers,
        )
        with self._lock:
            self._by_number[fresh.id] = fresh
        return JSONResponse(_rest([_content(fresh)]), 200 if keeps else 201)

    def _found(self, request: Request) -> StoredTemplate:
        text = request.path_params["id"]
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        with self._lock:
            found = self._by_number.get(number)
        if found is None:
            raise MailjetError("Object not found", status_code=404)
        return found


def _read(model: type[Any], body: object) -> Any:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problem = problems_of(error)[0]
        raise MailjetError(problem.message, code=problem.code) from None


def _rest(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Count": len(data), "Data": data, "Total": len(data)}


def _shown(template: StoredTemplate) -> dict[str, Any]:
    return {"ID": template.id, "Name": template.name, "OwnerType": "apikey", "EditMode": "html"}


def _content(template: StoredTemplate) -> dict[str, Any]:
    return {
        "Html-part": template.html,
        "Text-part": template.text,
        "MJMLContent": "",
        "Headers": dict(template.headers),
    }
