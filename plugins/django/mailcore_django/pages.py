"""What pages of the admin share that show mail: nothing can be changed, and narrow windows do."""

from __future__ import annotations

import json

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.timezone import is_aware, localtime


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    # It takes parameters in stubs only.
    _ModelAdmin = admin.ModelAdmin

__all__ = ["ReadOnlyAdmin", "may", "part_of", "shown_time", "table"]


class ReadOnlyAdmin(_ModelAdmin):
    """Pages to look at: what was sent and reported is not for people to change."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        """What the pages need in narrow windows."""

        css: ClassVar[dict[str, list[str]]] = {"all": ["mailcore_django/pages.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody: `manage.py mailcore erase` and `prune` delete all that belongs together."""
        return False


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; in narrow windows its rows become blocks, hence the head beside each cell."""
    lines = format_html_join(
        "",
        "<tr>{}</tr>",
        (
            (format_html_join("", '<td data-head="{}">{}</td>', zip(heads, cells, strict=True)),)
            for cells in rows
        ),
    )
    head = format_html_join("", '<th scope="col">{}</th>', ((each,) for each in heads))
    return format_html(
        '<table class="mailcore-rows"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        head,
        lines,
    )


def may(request: HttpRequest, permission: str) -> bool:
    """Whether whoever asks has a permission."""
    user: Any = request.user
    return bool(user.has_perm(permission))


def shown_time(time: datetime) -> str:
    """A time in the zone of the project, as its language writes it."""
    return str(localize(localtime(time) if is_aware(time) else time))


def part_of(document: str | None, name: str) -> str:
    """
    A field of a message that was kept as JSON.

    Args:
        document: The JSON; empty or None if it was not kept.
        name: The name of the field.
    """
    return str(json.loads(document).get(name) or "") if document else "not kept"
