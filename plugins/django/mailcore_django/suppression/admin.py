"""The suppression list in the admin: to look at, to search, to put addresses there and take off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mailcore import MailcoreError
from mailcore.stores import SuppressionEntry
from mailcore_django.suppression.models import Suppression, digest_of


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Suppression]
    _ModelForm = forms.ModelForm[Suppression]
else:
    # They take parameters in stubs only.
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm

__all__ = ["SuppressionAdmin"]

SOURCE = "admin"
"""Who put an entry there; the history of the admin has the person."""


class SuppressionForm(_ModelForm):
    """An entry, read as every store reads it."""

    class Meta:
        """What people say; the rest follows."""

        model = Suppression
        fields: ClassVar[list[str]] = ["address", "reason", "scope", "detail"]

    def clean(self) -> dict[str, Any]:
        """
        Read the entry.

        Raises:
            ValidationError: If the address or the scope is none, or the entry is there.
        """
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        try:
            entry = SuppressionEntry(
                email_address=given["address"],
                reason=given["reason"],
                scope=given["scope"],
                source=SOURCE,
                detail=given["detail"],
            )
        except MailcoreError as error:
            raise ValidationError(str(error)) from error
        digest = digest_of(entry.email_address, entry.scope, entry.reason)
        if Suppression._default_manager.filter(digest=digest).exists():
            raise ValidationError("This address is on the list, for this scope and reason.")
        self.instance.digest, self.instance.source = digest, SOURCE
        return {**given, "address": entry.email_address, "scope": entry.scope}


@admin.register(Suppression)
class SuppressionAdmin(_ModelAdmin):
    """Entries: none is changed, so that the history says who put it there, and who took it off."""

    form = SuppressionForm
    list_display = ("address", "reason", "scope", "source", "updated_at")
    list_filter = ("reason", "scope", "source", "updated_at")
    search_fields = ("address",)
    search_help_text = "A part of the address"
    date_hierarchy = "updated_at"
    show_full_result_count = False
    list_per_page = 50
    fields = ("address", "reason", "scope", "detail")

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        """Show who put it there and when, of an entry that is there."""
        return self.fields if obj is None else (*self.fields, "source", "updated_at")

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody."""
        return False
