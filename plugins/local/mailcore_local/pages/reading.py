"""
What pages show: every handler of GET. None of them changes anything.
"""

from __future__ import annotations

import threading

from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import RECIPIENT_STATES, CapturedMail, MailQuery, MailSummary
from mailcore_local.pages import message_view
from mailcore_local.pages.answers import file
from mailcore_local.pages.checks import unsubscribe_targets
from mailcore_local.pages.header_notes import explain_headers
from mailcore_local.pages.live import LiveAnswer
from mailcore_local.pages.message_view import Looked, Preview
from mailcore_local.pages.places import Places
from mailcore_local.pages.preview import SANDBOX, preview_document, preview_headers
from mailcore_local.pages.request_view import show_body


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

PAGE_LENGTH = 50
BESIDE_LENGTH = 30
MAX_RECIPIENTS_SHOWN = 500
MAX_ENTRIES_SHOWN = 200
_KEPT_LOOKS = 100

BUTTONS: tuple[tuple[EventKind, str], ...] = (
    (EventKind.DELIVERED, "Deliver"),
    (EventKind.DEFERRED, "Defer"),
    (EventKind.BOUNCED, "Bounce"),
    (EventKind.SOFT_BOUNCED, "Soft bounce"),
    (EventKind.COMPLAINED, "Complain"),
    (EventKind.OPENED, "Open"),
    (EventKind.CLICKED, "Click"),
    (EventKind.UNSUBSCRIBED, "Unsubscribe"),
)
"""The events that can be made, with what stands on the button."""


class Reading:
    """
    The handlers. Those that are no coroutines are to run in threads.

    Args:
        hub: What has the mails.
        places: Renders the pages.
    """

    def __init__(self, hub: Hub, places: Places) -> None:
        self._hub = hub
        self._places = places
        # By the id, under which a mail never changes; without the mail, which may be large.
        self._looks: OrderedDict[str, Looked] = OrderedDict()
        self._lock = threading.Lock()

    def mailbox(self, request: Request) -> Response:
        """
        The list, or how to connect where nothing came yet.
        """
        search = request.query_params.get("q", "").strip()
        before = request.query_params.get("before") or None
        problem, mails = "", list[MailSummary]()
        try:
            query = MailQuery.parse(search)
            mails = list(self._hub.mails.list(query, before=before, limit=PAGE_LENGTH + 1))
        except ValueError as error:
            problem = str(error)
        except KeyError:
            problem = "The mail that this page began behind was deleted."
        return self._places.answer(
            request,
            "mailbox.html",
            mails=mails[:PAGE_LENGTH],
            next_before=mails[PAGE_LENGTH - 1].id if len(mails) > PAGE_LENGTH else None,
            search=search,
            before=before,
            problem=problem,
            states=RECIPIENT_STATES,
            places=self._places.all() if not len(self._hub.mails) else (),
            base_url=self._places.base_url,
        )

    def message(self, request: Request) -> Response:
        """
        One mail.
        """
        mail = self._mail(request)
        view = message_view.chosen_view(request.query_params.get("view", ""), mail)
        preview = _preview(request)
        recipients = mail.recipients[:MAX_RECIPIENTS_SHOWN]
        body = mail.request.body
        content_type = {n.lower(): v for n, v in mail.request.headers}.get("content-type", "")
        return self._places.answer(
            request,
            "message.html",
            mail=mail,
            view=view,
            preview=preview,
            sandbox=SANDBOX,
            recipients=recipients,
            recipients_left_out=len(mail.recipients) - len(recipients),
            chosen=request.query_params.get("to", recipients[0].address if recipients else ""),
            buttons=BUTTONS,
            looked=self._look_at(mail),
            files=message_view.files_of(mail.parsed),
            timeline=mail.timeline[-MAX_ENTRIES_SHOWN:],
            entries_left_out=max(len(mail.timeline) - MAX_ENTRIES_SHOWN, 0),
            headers=explain_headers(mail.parsed) if view == "headers" else (),
            body=show_body(body, content_type) if view == "request" else None,
            source=_source(mail) if view == "source" else "",
            targets=unsubscribe_targets(mail.parsed),
            one_click=self._places.outcome_of(mail.id),
            webhooks=self._hub.webhooks(mail.face) if mail.face in self._hub.faces else (),
            has_webhooks=self._places.has_webhooks(mail.face),
            mails=self._hub.mails.list(limit=BESIDE_LENGTH),
            max_source_bytes=message_view.MAX_SOURCE_BYTES,
        )

    def html(self, request: Request) -> Response:
        """
        The HTML of a mail, for the frame.
        """
        mail, preview = self._mail(request), _preview(request)
        if mail.html is None:
            raise HTTPException(404, "This mail has no HTML.")
        document = preview_document(mail.parsed, remote=preview.remote, dark=preview.dark)
        headers = preview_headers(remote=preview.remote)
        return Response(document.encode("utf-8", "replace"), headers=headers)

    def source(self, request: Request) -> Response:
        """
        The mail as a file.
        """
        mail = self._mail(request)
        return file(mail.raw, "message/rfc822", f"{mail.id}.eml")

    def file(self, request: Request) -> Response:
        """
        One file of a mail. The name in the address is for the reader: the number says which.
        """
        parts = message_view.parts_of(self._mail(request).parsed)
        position = request.path_params["position"]
        if position >= len(parts):
            raise HTTPException(404, "The mail has no such part.")
        part = parts[position]
        shown = "shown" in request.query_params
        return file(part.content, part.content_type, part.safe_filename(), shown=shown)

    def connect(self, request: Request) -> Response:
        """
        How to send to this server.
        """
        return self._places.answer(
            request,
            "connect.html",
            places=self._places.all(),
            base_url=self._places.base_url,
        )

    def inbound(self, request: Request) -> Response:
        """
        The form for mail that comes in, and what was handed over so far.
        """
        return self._places.inbound_page(request)

    async def live(self, request: Request) -> Response:
        """
        Server-sent events.
        """
        return LiveAnswer(self._hub.mails)

    def _look_at(self, mail: CapturedMail) -> Looked:
        with self._lock:
            known = self._looks.get(mail.id)
        if known is not None:
            return known
        looked = message_view.look_at(mail)
        with self._lock:
            self._looks[mail.id] = looked
            while len(self._looks) > _KEPT_LOOKS:
                self._looks.popitem(last=False)
        return looked

    def _mail(self, request: Request) -> CapturedMail:
        mail = self._hub.mails.get(request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(404, "No mail with this id is kept here: it may be deleted.")
        return mail


def _preview(request: Request) -> Preview:
    settings = request.query_params
    return Preview(phone="phone" in settings, dark="dark" in settings, remote="remote" in settings)


def _source(mail: CapturedMail) -> str:
    return mail.raw[: message_view.MAX_SOURCE_BYTES].decode("utf-8", "replace")
