"""The log in the admin: to look at and to search; nothing in it can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html

from mailcore import MailcoreError
from mailcore_django.log.models import Event, SentMessage
from mailcore_django.log.sending_again import doubts, send_again
from mailcore_django.pages import ReadOnlyAdmin, may, part_of, shown_time, table


__all__ = ["EventAdmin", "SentMessageAdmin"]

_SHOWN_RECIPIENTS = 3
_TIMELINE = ("When", "Event", "Recipient", "Why")
_RECIPIENTS = ("Address", "The provider said", "Reported since", "Why", "May have arrived")
# Left out where they say nothing.
_RARE = ("error", "template_id", "tags", "again_of", "mailer")


@admin.register(SentMessage)
class SentMessageAdmin(ReadOnlyAdmin):
    """Messages, with what became of them."""

    list_display = ("created_at", "subject", "to", "status", "states", "provider", "mailer")
    list_filter = (
        "status",
        "recipients__state",
        "maybe_accepted",
        "provider",
        "mailer",
        "created_at",
    )
    search_fields = ("subject", "from_email", "=message_id", "recipients__address")
    search_help_text = "Address, subject, or the whole message id"
    date_hierarchy = "created_at"
    actions = ("send_again",)
    _shown = (
        "created_at",
        "from_email",
        "subject",
        "status",
        "error",
        "may_have_arrived",
        "provider",
        "mailer",
        "message_id",
        "template_id",
        "tags",
        "again_of",
        "all_recipients",
        "timeline",
    )
    readonly_fields: ClassVar[tuple[str, ...]] = (*_shown, "text", "html")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The messages with their recipients, which each line of the list names; without bodies."""
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.prefetch_related("recipients").defer("body")
        return found

    def get_fields(self, request: HttpRequest, obj: object | None = None) -> tuple[str, ...]:
        """What says something; bodies for those only who may see them."""
        shown = tuple(
            name for name in self._shown if name not in _RARE or obj is None or getattr(obj, name)
        )
        if may(request, "mailcore_log.view_body"):
            return (*shown, "text", "html")
        return shown

    @admin.display(description="to")
    def to(self, row: SentMessage) -> str:
        """The first recipients."""
        addresses = [each.address for each in row.recipients.all()]
        more = len(addresses) - _SHOWN_RECIPIENTS
        shown = ", ".join(addresses[:_SHOWN_RECIPIENTS])
        return f"{shown} and {more} more" if more > 0 else shown

    @admin.display(description="states")
    def states(self, row: SentMessage) -> str:
        """What is known of the recipients, each state once."""
        return ", ".join(sorted({each.get_state_display() for each in row.recipients.all()}))

    @admin.display(description="may have arrived")
    def may_have_arrived(self, row: SentMessage) -> str:
        """Whether the mail may have arrived, in a word: a red cross would look as if it failed."""
        return "yes, although no acceptance was seen" if row.maybe_accepted else "no"

    @admin.display(description="recipients")
    def all_recipients(self, row: SentMessage) -> str:
        """What the provider said of each, and what was reported since."""
        return table(
            _RECIPIENTS,
            (
                (
                    each.address,
                    each.get_status_display(),
                    each.get_state_display(),
                    " ".join(filter(None, (each.code, each.detail))),
                    "yes" if each.maybe_accepted else "no",
                )
                for each in row.recipients.all()
            ),
        )

    @admin.display(description="what was reported")
    def timeline(self, row: SentMessage) -> str:
        """The events of the message, the first one first."""
        events = _events_of(row)
        if not events:
            return "nothing so far"
        return table(
            _TIMELINE,
            (
                (
                    shown_time(each.timestamp or each.received_at),
                    each.get_event_type_display(),
                    _recipient_of(each),
                    _reason_of(each),
                )
                for each in events
            ),
        )

    @admin.display(description="text")
    def text(self, row: SentMessage) -> str:
        """The plain text, as it was given to the mailer."""
        return format_html("<pre>{}</pre>", part_of(row.body, "text"))

    @admin.display(description="HTML")
    def html(self, row: SentMessage) -> str:
        """The source: a browser would fetch what the mail links to, and so report an open."""
        return format_html("<pre>{}</pre>", part_of(row.body, "html"))

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Who may send again: a permission of its own."""
        return may(request, "mailcore_log.send_again")

    @admin.action(description="Send again …", permissions=["send_again"])
    def send_again(
        self, request: HttpRequest, queryset: QuerySet[SentMessage]
    ) -> HttpResponse | None:
        """Ask, then send: a message that has arrived would arrive twice."""
        rows = list(queryset.defer(None).prefetch_related("recipients", "sent_again"))
        without = [row for row in rows if not row.body]
        if without:
            self.message_user(
                request,
                f"{len(without)} of the messages cannot be sent again: their bodies were not kept "
                "(MAILCORE['LOG']['bodies']).",
                messages.ERROR,
            )
        rows = [row for row in rows if row.body]
        if not rows:
            return None
        if request.POST.get("confirmed") != "yes":
            return self._asked(request, rows)
        self._send_all(request, rows)
        return None

    def _asked(self, request: HttpRequest, rows: Iterable[SentMessage]) -> HttpResponse:
        choices = [
            {
                "row": row,
                "recipients": row.recipients.all(),
                "doubts": doubts(row),
                "times_before": row.sent_again.count(),
            }
            for row in rows
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Send again?",
            "choices": choices,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "opts": self.opts,
        }
        template = "admin/mailcore_log/sentmessage/send_again.html"
        return TemplateResponse(request, template, context)

    def _send_all(self, request: HttpRequest, rows: Iterable[SentMessage]) -> None:
        sent = 0
        for row in rows:
            before = request.POST.get(f"times_before_{row.pk}", "")
            try:
                again = send_again(
                    row,
                    only_refused=request.POST.get("to") != "all",
                    times_before=int(before) if before.isdecimal() else -1,
                )
            except MailcoreError as error:
                self.message_user(request, f"{row} was not sent again: {error}.", messages.ERROR)
            else:
                sent += 1
                self.log_change(request, row, f"Sent again, as {again}.")
        if sent:
            self.message_user(request, f"Sent again: {sent}.", messages.SUCCESS)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What was reported, also of messages that the log does not have."""

    list_display = ("received_at", "event_type", "recipient", "bounce_class", "provider")
    list_filter = ("event_type", "bounce_class", "reject_reason", "provider", "received_at")
    search_fields = ("recipient", "=message_id")
    search_help_text = "Address, or the whole message id"
    date_hierarchy = "received_at"


def _events_of(row: SentMessage) -> list[Event]:
    keys: dict[str, set[str]] = {}
    for each in row.recipients.all():
        if each.message_id:
            keys.setdefault(each.message_id, {""}).add(each.key)
    if not keys:
        return []
    wanted = Q()
    for message_id, recipients in keys.items():
        wanted |= Q(message_id=message_id, recipient_key__in=recipients)
    events = Event.objects.filter(wanted)
    return sorted(events, key=lambda each: each.timestamp or each.received_at)


def _recipient_of(event: Event) -> str:
    return event.recipient if event.recipient_certain else f"one of several: {event.recipient}"


def _reason_of(event: Event) -> str:
    reasons = (event.bounce_class, event.reject_reason, event.smtp_status, event.mta_response)
    return " · ".join(filter(None, (*reasons, event.description, event.click_url)))
