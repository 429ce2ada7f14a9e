"""
The calls below `/templates`.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from mailcore_local.sparkpost.calls import Call
from mailcore_local.sparkpost.templates import TemplateStore


class TemplateCalls:
    """
    What the API asks of the templates that are stored.

    Args:
        templates: The templates that are asked for and changed.
    """

    def __init__(self, templates: TemplateStore) -> None:
        self._store = templates

    def show_all(self, call: Call) -> Response:
        """
        Every template, without its content.
        """
        found = [each.document(with_content=False) for each in self._store.all()]
        return JSONResponse({"results": found})

    def add(self, call: Call) -> Response:
        """
        Store another template.
        """
        made = self._store.create(call.fields())
        return JSONResponse({"results": {"id": made.id}})

    def show(self, call: Call) -> Response:
        """
        A template with its content.
        """
        found = self._store.get(call.request.path_params["id"])
        return JSONResponse({"results": found.document()})

    def change(self, call: Call) -> Response:
        """
        Change what is given of a template.
        """
        changed = self._store.update(call.request.path_params["id"], call.fields())
        return JSONResponse({"results": {"id": changed.id}})

    def delete(self, call: Call) -> Response:
        """
        Forget a template.
        """
        self._store.delete(call.request.path_params["id"])
        return JSONResponse({})
