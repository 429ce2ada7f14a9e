"""The outbox in the admin: to look at and to search; messages can be sent again, or called off."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html

from mailcore import MailcoreError, SerializationError
from mailcore.address import address_key
from mailcore.outbox import OutboxRow, OutboxStore, can_cancel, can_retry, cancel, retry
from mailcore_django.outbox import models as tables
from mailcore_django.outbox.asking import PENDING
from mailcore_django.outbox.columns import digest_of, read_attempt, read_receipt, read_row, utc_of
from mailcore_django.outbox.doubting import doubts
from mailcore_django.outbox.models import OutboxMessage
from mailcore_django.outbox.store import DatabaseOutboxStore
from mailcore_django.pages import ReadOnlyAdmin, may, part_of, shown_time, table


__all__ = ["OutboxMessageAdmin"]

_LABEL = "mailcore_outbox"
_NEWER = "kept by a newer release"
_SHOWN_RECIPIENTS = 3
_RECIPIENTS = ("Address", "Status", "Why", "May have arrived")
_ATTEMPTS = ("No.", "Began", "Ended", "Status", "Provider", "Error")
_RECEIPTS = ("When", "Event", "Recipient", "Why")
# Left out where they say nothing.
_RARE = ("key", "not_before", "error_text", "error_code", "shown_tags", "shown_claim", "provider")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Messages that wait, are being sent, or were."""

    list_display = ("kept", "subject", "to", "stands", "attempts", "error_category")
    list_filter = ("state", "error_category", "mailer", "provider", "created_at")
    search_fields = ("subject",)
    search_help_text = "Subject, or the whole of an address, a key, or a message id"
    actions = ("send_again", "cancel")
    _shown = (
        "id",
        "stands",
        "since",
        "kept",
        "not_before",
        "subject",
        "shown_tags",
        "mailer",
        "provider",
        "priority",
        "key",
        "attempts",
        "shown_claim",
        "error_category",
        "error_code",
        "error_text",
        "all_recipients",
        "all_attempts",
        "all_receipts",
    )
    readonly_fields: ClassVar[tuple[str, ...]] = (*_shown, "text", "html")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the messages themselves: a list does not need them."""
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.defer("document")
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search what is indexed, too: an address, a key, an id of the provider or of our own."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        term = search_term.strip()
        if term and "\0" not in term:
            with_address = _rows_of(tables.OutboxRecipient, digest_of(address_key(term)))
            with_id = _rows_of(tables.OutboxMessageId, digest_of(term))
            exactly = Q(pk=term) | Q(key_digest=digest_of(term)) | with_address | with_id
            found = queryset.filter(Q(pk__in=found.values("pk")) | exactly)
        return found, duplicates

    def get_fields(self, request: HttpRequest, obj: object | None = None) -> tuple[str, ...]:
        """What says something; bodies for those only who may see them."""
        shown = tuple(
            name for name in self._shown if name not in _RARE or obj is None or _says(obj, name)
        )
        if may(request, f"{_LABEL}.view_body"):
            return (*shown, "text", "html")
        return shown

    @admin.display(description="kept at", ordering="created_at")
    def kept(self, row: OutboxMessage) -> str:
        """When the message was kept, in the time zone of the project."""
        return _shown(row.created_at)

    @admin.display(description="state since", ordering="changed_at")
    def since(self, row: OutboxMessage) -> str:
        """Since when the row has its state, in the time zone of the project."""
        return _shown(row.changed_at)

    @admin.display(description="state", ordering="state")
    def stands(self, row: OutboxMessage) -> str:
        """The state, and of what waits when it may be sent next."""
        if row.state != PENDING:
            return row.get_state_display()
        return f"{row.get_state_display()}, due {_shown(row.due_at)}"

    @admin.display(description="tags")
    def shown_tags(self, row: OutboxMessage) -> str:
        """The tags of the message."""
        read = _read(row)
        return _NEWER if read is None else ", ".join(read.tags)

    @admin.display(description="worker")
    def shown_claim(self, row: OutboxMessage) -> str:
        """Who has it, or had it last, and until when."""
        until = f", until {_shown(row.claimed_until)}" if row.claimed_until else ""
        return f"{row.claimed_by}{until}"

    @admin.display(description="to")
    def to(self, row: OutboxMessage) -> str:
        """The first recipients."""
        read = _read(row)
        if read is None:
            return _NEWER
        addresses = read.recipients
        more = len(addresses) - _SHOWN_RECIPIENTS
        shown = ", ".join(addresses[:_SHOWN_RECIPIENTS])
        return f"{shown} and {more} more" if more > 0 else shown

    @admin.display(description="recipients")
    def all_recipients(self, row: OutboxMessage) -> str:
        """What became of the message for each of them so far."""
        read = _read(row)
        if read is None:
            return _NEWER
        found = ((address, read.statuses.get(address)) for address in read.recipients)
        return table(
            _RECIPIENTS,
            (
                (
                    address,
                    str(status.status) if status else "",
                    " ".join(filter(None, (status.code, status.detail))) if status else "",
                    ("yes" if status.maybe_accepted else "no") if status else "",
                )
                for address, status in found
            ),
        )

    @admin.display(description="attempts made")
    def all_attempts(self, row: OutboxMessage) -> str:
        """Each time that it was given to the mailer."""
        made = [read_attempt(each) for each in _beside(tables.OutboxAttempt, row)]
        if not made:
            return "none so far"
        return table(
            _ATTEMPTS,
            (
                (
                    str(each.number),
                    _shown(each.began_at),
                    _shown(each.ended_at) if each.ended_at else "never, as far as is known",
                    str(each.status).replace("_", " "),
                    each.provider,
                    each.error_text or each.error_category,
                )
                for each in made
            ),
        )

    @admin.display(description="what was reported")
    def all_receipts(self, row: OutboxMessage) -> str:
        """What the provider reported of it, the first event first."""
        told = [read_receipt(each) for each in _beside(tables.OutboxReceipt, row)]
        if not told:
            return "nothing so far"
        return table(
            _RECEIPTS,
            (
                (
                    _shown(each.happened_at),
                    str(each.event_type),
                    each.recipient,
                    " · ".join(filter(None, (each.bounce_class, each.reject_reason, each.detail))),
                )
                for each in told
            ),
        )

    @admin.display(description="text")
    def text(self, row: OutboxMessage) -> str:
        """The plain text, as it was given."""
        return format_html("<pre>{}</pre>", part_of(row.document, "text"))

    @admin.display(description="HTML")
    def html(self, row: OutboxMessage) -> str:
        """The source: a browser would fetch what the mail links to, and so report an open."""
        return format_html("<pre>{}</pre>", part_of(row.document, "html"))

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Who may send again: a permission of its own."""
        return may(request, f"{_LABEL}.send_again")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Who may call messages off: a permission of its own."""
        return may(request, f"{_LABEL}.cancel")

    @admin.action(description="Send again …", permissions=["send_again"])
    def send_again(
        self, request: HttpRequest, queryset: QuerySet[OutboxMessage]
    ) -> HttpResponse | None:
        """Ask, then have a worker send: what has arrived may arrive twice."""
        rows = list(queryset.defer(None))
        left = self._only(
            request,
            rows,
            can_retry,
            "cannot be sent again: they wait, are being sent, were sent, or have no body any more",
        )
        if not left:
            return None
        if request.POST.get("confirmed") != "yes":
            return self._asked(request, left)
        self._done(request, left, retry, "Sent again", "sent again")
        return None

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Call off what waits; what is just being sent cannot be."""
        rows = list(queryset)
        left = self._only(request, rows, can_cancel, "cannot be cancelled: it is too late")
        self._done(request, left, cancel, "Cancelled", "cancelled")

    def _only(
        self,
        request: HttpRequest,
        rows: Iterable[OutboxMessage],
        can: Callable[[OutboxRow], bool],
        cannot: str,
    ) -> list[OutboxMessage]:
        """Those that it can be done with; how many there are of the others is told."""
        read = [(row, _read(row)) for row in rows]
        newer = sum(found is None for _, found in read)
        left = [row for row, found in read if found is not None and can(found)]
        too_late = len(read) - newer - len(left)
        for count, why in ((newer, f"were {_NEWER}"), (too_late, cannot)):
            if count:
                self.message_user(request, f"{count} of the messages {why}.", messages.ERROR)
        return left

    def _asked(self, request: HttpRequest, rows: Iterable[OutboxMessage]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Send again?",
            "choices": [
                {"row": row, "read": read_row(row), "doubts": doubts(read_row(row))} for row in rows
            ],
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "opts": self.opts,
        }
        template = "admin/mailcore_outbox/outboxmessage/send_again.html"
        return TemplateResponse(request, template, context)

    def _done(
        self,
        request: HttpRequest,
        rows: Iterable[OutboxMessage],
        revise: Callable[[OutboxStore, str], OutboxRow | None],
        done: str,
        told: str,
    ) -> None:
        count = 0
        for row in rows:
            try:
                written = revise(DatabaseOutboxStore(using=row._state.db), row.pk)
            except MailcoreError as error:
                self.message_user(request, f"{row} was not {told}: {error}.", messages.ERROR)
                continue
            if written is None:
                text = f"{row} was not {told}: somebody else, or a worker, was faster."
                self.message_user(request, text, messages.ERROR)
                continue
            count += 1
            self.log_change(request, row, f"{done}.")
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)


def _shown(time: datetime) -> str:
    return shown_time(utc_of(time))


def _read(row: OutboxMessage) -> OutboxRow | None:
    """A row; None if a newer release has kept it."""
    try:
        return read_row(row, has_document="document" not in row.get_deferred_fields())
    except SerializationError:
        return None


def _says(row: object, name: str) -> bool:
    if name == "shown_tags":
        return getattr(row, "tags", "") not in ("", "[]")
    return bool(getattr(row, "claimed_by" if name == "shown_claim" else name))


def _rows_of(model: Any, digest: str) -> Q:
    return Q(pk__in=model.objects.filter(digest=digest).values("row_id"))


def _beside(model: Any, row: OutboxMessage) -> QuerySet[Any]:
    found: QuerySet[Any] = model.objects.using(row._state.db).filter(row_id=row.pk)
    return found
