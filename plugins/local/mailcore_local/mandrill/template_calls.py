"""
The calls of `templates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailcore_local.jinja_subset import TemplateError
from mailcore_local.mandrill import models
from mailcore_local.mandrill.calls import Call
from mailcore_local.mandrill.errors import invalid
from mailcore_local.mandrill.merging import merged
from mailcore_local.mandrill.sending import variables
from mailcore_local.mandrill.templates import TemplateStore, document, fill_regions


class TemplateCalls:
    """
    What the API asks of the templates that are stored.

    Args:
        templates: The templates that are asked for and changed.
    """

    def __init__(self, templates: TemplateStore) -> None:
        self._store = templates

    def by_name(self) -> Mapping[str, Callable[[Call], object]]:
        """
        The functions that answer, by the names of the calls.
        """
        return {
            "templates/add": self._add,
            "templates/update": self._update,
            "templates/info": self._info,
            "templates/delete": self._delete,
            "templates/list": lambda _: [document(each) for each in self._store.all()],
            "templates/render": self._render,
        }

    def _add(self, call: Call) -> object:
        return document(self._store.put(call.read(models.Template), is_new=True))

    def _update(self, call: Call) -> object:
        return document(self._store.put(call.read(models.Template), is_new=False))

    def _info(self, call: Call) -> object:
        return document(self._store.get(call.read(models.OneTemplate).name))

    def _delete(self, call: Call) -> object:
        return document(self._store.delete(call.read(models.OneTemplate).name))

    def _render(self, call: Call) -> object:
        given = call.read(models.RenderTemplate)
        template = self._store.get(given.template_name)
        regions = {each.name: each.content or "" for each in given.template_content}
        code = fill_regions(template.code or "", regions)
        values = variables(given.merge_vars or ())
        try:
            return {"html": merged(code, values, "mailchimp", is_html=True)}
        except TemplateError as error:
            raise invalid({"merge_vars": str(error)}) from None
