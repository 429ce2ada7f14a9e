"""The dashboard in the admin: one page, which asks and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mailcore_django.aliases import our_mailers
from mailcore_django.conf import get_settings
from mailcore_django.configured import DEFAULT_ALIAS
from mailcore_django.dashboard.asking import IDENTITIES, QUOTA, STATISTICS, SUPPRESSED, snapshot_of
from mailcore_django.dashboard.charts import panels, percent
from mailcore_django.dashboard.models import Account
from mailcore_django.dashboard.snapshot import Day, Snapshot


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Account]
else:
    _ModelAdmin = admin.ModelAdmin

__all__ = ["AccountAdmin"]

_TEMPLATE = "admin/mailcore_dashboard/dashboard.html"
_RELOAD_SECONDS = 300
_HIGH_SHARE = 0.8
_RATED = ("bounces", "complaints", "rejects")


@admin.register(Account)
class AccountAdmin(_ModelAdmin):
    """What stands behind *Accounts* on the admin's first page."""

    def get_urls(self) -> list[URLPattern]:
        """One address: there is nothing to add, to change or to delete."""
        view = require_http_methods(["GET", "HEAD", "POST"])(never_cache(self.dashboard))
        name = "mailcore_dashboard_account_changelist"
        return [path("", self.admin_site.admin_view(view), name=name)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Who has the permission of its own."""
        return _may(request, "view_dashboard")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Who may see the page."""
        return _may(request, "view_dashboard")

    def dashboard(self, request: HttpRequest) -> HttpResponse:
        """
        The page of a mailer; POST asks the provider again.

        Raises:
            PermissionDenied: Without the permission.
            Http404: If there is no such mailer.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        aliases = list(dict.fromkeys(alias for alias, _, _ in our_mailers()))
        first = DEFAULT_ALIAS if DEFAULT_ALIAS in aliases else next(iter(aliases), "")
        alias = request.GET.get("mailer", first)
        if alias not in aliases and alias != first:
            raise Http404
        if request.method == "POST":
            snapshot_of(alias, fresh=True)
            address = reverse(
                "admin:mailcore_dashboard_account_changelist", current_app=self.admin_site.name
            )
            return HttpResponseRedirect(f"{address}?{urlencode({'mailer': alias})}")
        snapshot = snapshot_of(alias) if alias else None
        context = {
            **self.admin_site.each_context(request),
            "title": "Account of mail",
            "opts": self.opts,
            "aliases": aliases,
            "alias": alias,
            "snapshot": snapshot,
            "cache_seconds": get_settings().dashboard.cache_seconds,
            "reload_seconds": _RELOAD_SECONDS,
            "reloads": "reload" in request.GET,
            "sees_suppressed": _may(request, "view_suppressed"),
            **(_shown(snapshot) if snapshot is not None else {}),
        }
        return TemplateResponse(request, _TEMPLATE, context)


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    problems = snapshot.problems
    has_nothing = not problems and all(
        each is None
        for each in (snapshot.figures, snapshot.days, snapshot.identities, snapshot.suppressed)
    )
    return {
        "has_nothing": has_nothing,
        "problems": [
            (title, problems[part])
            for part, title in (
                (QUOTA, "Quota"),
                (STATISTICS, "Statistics"),
                (IDENTITIES, "Identities"),
                (SUPPRESSED, "Suppressed addresses"),
            )
            if part in problems
        ],
        "panels": panels(snapshot),
        "usage": _usage(snapshot),
        "rows": [_row(day) for day in reversed(snapshot.days or ())],
    }


def _usage(snapshot: Snapshot) -> dict[str, Any] | None:
    usage = snapshot.usage
    if usage is None:
        return None
    share = usage.share
    return {
        "sent": usage.sent,
        "limit": usage.limit,
        "per_second": usage.per_second,
        "share": percent(share) if share is not None else "",
        "length": round((share or 0.0) * 100, 1),
        "is_high": share is not None and share >= _HIGH_SHARE,
    }


def _row(day: Day) -> dict[str, Any]:
    rates = [(day.count(name), day.rate(name)) for name in _RATED]
    return {
        "day": day.day,
        "attempts": day.attempts,
        "rated": [(count, percent(rate) if rate else "") for count, rate in rates],
    }


def _may(request: HttpRequest, permission: str) -> bool:
    user: Any = request.user
    return bool(user.has_perm(f"mailcore_dashboard.{permission}"))
