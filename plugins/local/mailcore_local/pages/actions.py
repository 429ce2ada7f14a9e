"""
What buttons do: every handler of POST. Each ends in a page that was asked for by GET.

That a request comes from a page of this server, the guard in front of all routes has seen: browsers
send `Origin` with every POST.
"""

from __future__ import annotations

import asyncio
import contextlib

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, Change, NotKept
from mailcore_local.pages.answers import see_other
from mailcore_local.pages.checks import unsubscribe_targets
from mailcore_local.pages.inbound_form import (
    MAX_FIELDS,
    MAX_FILES,
    MAX_MAIL_BYTES,
    FormRefused,
    read_inbound,
)
from mailcore_local.pages.one_click import post_one_click
from mailcore_local.pages.places import Places
from mailcore_local.pages.reading import BUTTONS
from mailcore_local.serving import read_body


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

MAX_FORM_BYTES = 64 * 1024
# A webhook of this machine has answered by then; one that has not is shown as under way.
ANSWER_WITHIN_SECONDS = 2.0

_KINDS = {kind.value: kind for kind, _ in BUTTONS}


class Actions:
    """
    The handlers.

    Args:
        hub: What has the mails and makes events.
        places: Renders the pages.
    """

    def __init__(self, hub: Hub, places: Places) -> None:
        self._hub = hub
        self._places = places

    async def make_event(self, request: Request) -> Response:
        """
        Let something happen to a recipient's copy.
        """
        mail, form = await self._mail(request), await _form(request)
        kind, recipient = _KINDS.get(form.get("kind", "")), form.get("recipient", "")
        if kind is None:
            raise HTTPException(400, "There is no such event.")
        try:
            event = await run_in_threadpool(
                self._hub.make_event,
                mail.id,
                recipient,
                kind,
                detail=form.get("detail", ""),
                url=form.get("url", "") if kind is EventKind.CLICKED else "",
            )
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        except NotKept as error:
            raise HTTPException(409, str(error)) from None
        await self._until_answered(mail.id, event.id)
        where = urlencode({"to": recipient, "view": form.get("view", "")})
        return see_other(f"{_root(request)}/messages/{mail.id}?{where}#events")

    async def unsubscribe(self, request: Request) -> Response:
        """
        Post to the address of List-Unsubscribe, as a mail program does.
        """
        mail = await self._mail(request)
        await read_body(request, max_bytes=MAX_FORM_BYTES)
        url = unsubscribe_targets(mail.parsed).one_click_url
        if url is None:
            raise HTTPException(409, "This mail cannot be unsubscribed from with one click.")
        outcome = await run_in_threadpool(post_one_click, url)
        self._places.keep_outcome(mail.id, outcome)
        return see_other(f"{_root(request)}/messages/{mail.id}?view=checks#one-click")

    async def delete(self, request: Request) -> Response:
        """
        Forget one mail.
        """
        await read_body(request, max_bytes=MAX_FORM_BYTES)
        mail_id = request.path_params["mail_id"]
        following = await run_in_threadpool(self._hub.mails.list, limit=200)
        ids = [each.id for each in following]
        await run_in_threadpool(self._hub.mails.delete, mail_id)
        if mail_id in ids and len(ids) > 1:
            position = ids.index(mail_id)
            neighbour = ids[position + 1] if position + 1 < len(ids) else ids[position - 1]
            return see_other(f"{_root(request)}/messages/{neighbour}")
        return see_other(f"{_root(request)}/")

    async def clear(self, request: Request) -> Response:
        """
        Forget all mails.
        """
        await read_body(request, max_bytes=MAX_FORM_BYTES)
        await run_in_threadpool(self._hub.mails.clear)
        return see_other(f"{_root(request)}/")

    async def receive(self, request: Request) -> Response:
        """
        Hand in a mail, as if it had come by SMTP.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_MAIL_BYTES + MAX_FORM_BYTES:
            raise HTTPException(413, "The mail is too large.")
        async with request.form(
            max_files=MAX_FILES + 1, max_fields=MAX_FIELDS, max_part_size=MAX_MAIL_BYTES
        ) as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
            try:
                mail = await read_inbound(form)
                if mail.face and mail.face not in self._hub.faces:
                    raise FormRefused("There is no such provider.")
            except FormRefused as error:
                return self._places.inbound_page(request, problem=str(error), given=given)
        count = await run_in_threadpool(
            self._hub.receive, mail.raw, mail.envelope, face=mail.face or None
        )
        if not count:
            problem = "No webhook for inbound mail is configured for it, so nothing was posted."
            return self._places.inbound_page(request, problem=problem, given=given)
        with contextlib.suppress(TimeoutError):
            await run_in_threadpool(self._hub.drain, ANSWER_WITHIN_SECONDS)
        return see_other(f"{_root(request)}/inbound#handed-over")

    async def _until_answered(self, mail_id: str, event_id: str) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def heard(_: Change) -> None:
            loop.call_soon_threadsafe(changed.set)

        async def answered() -> None:
            while not await run_in_threadpool(self._is_answered, mail_id, event_id):
                await changed.wait()
                changed.clear()

        with self._hub.mails.listening(heard), contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(answered(), ANSWER_WITHIN_SECONDS)

    def _is_answered(self, mail_id: str, event_id: str) -> bool:
        mail = self._hub.mails.get(mail_id)
        if mail is None:
            return True
        entries = [entry for entry in mail.timeline if entry.event.id == event_id]
        return all(each.state != "pending" for entry in entries for each in entry.webhooks)

    async def _mail(self, request: Request) -> CapturedMail:
        mail = await run_in_threadpool(self._hub.mails.get, request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(404, "No mail with this id is kept here: it may be deleted.")
        return mail


async def _form(request: Request) -> dict[str, str]:
    body = await read_body(request, max_bytes=MAX_FORM_BYTES)
    try:
        fields: dict[str, Sequence[str]] = dict(
            parse_qs(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
        )
    except ValueError:
        raise HTTPException(400, "The form has too many fields.") from None
    return {name: values[0] for name, values in fields.items()}


def _root(request: Request) -> str:
    return quote(request.scope.get("root_path", ""))
