"""
What became of each recipient, from Mandrill's answers.

A list with an item for each recipient, even if all of them were refused: MessagesSendResult of the
OpenAPI description 1.4.0 (read 2026-11-30). Each has a message id of its own, by which events name
it. What an account may not send now (its quota, a suspension) is ``queued`` with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import error_answer, not_understood, read_json, text_in
from mailcore.result import RecipientStatus, SendStatus
from mailcore_mandrill.errors import REFUSED_SENDERS, api_error, error_in, error_of


STATUSES: Mapping[str, SendStatus] = {
    "sent": SendStatus.SENT,
    "queued": SendStatus.QUEUED,
    "scheduled": SendStatus.QUEUED,
    "rejected": SendStatus.REJECTED,
    "invalid": SendStatus.INVALID,
}
"""What Mandrill says of a recipient."""


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient that the answer names, with a message id of its own.

    Raises:
        SendError: If the request was refused, if every recipient was for a reason that is about the
            sender or the account, or if the answer is not understood.
    """
    if not 200 <= response.status_code < 300:
        raise error_of(response)
    document = read_json(response)
    error = error_in(document)
    if error is not None:
        raise api_error(error, response)
    if not isinstance(document, list) or not document:
        raise not_understood("is no list of recipients", response)
    asked = {*map(address_key, request.recipients), *map(address_key, request.copied)}
    statuses: dict[str, RecipientStatus] = {}
    for item in document:
        email = item.get("email") if isinstance(item, dict) else None
        if not isinstance(email, str):
            raise not_understood("has a recipient without an address", response)
        if address_key(email) in asked:
            statuses[email] = _status(item)
    if not statuses:
        raise not_understood("names other recipients", response)
    codes = {status.code for status in statuses.values()}
    if len(codes) == 1:
        (code,) = codes
        if code in REFUSED_SENDERS:
            words = "all recipients were rejected"
            raise error_answer(response, REFUSED_SENDERS[code], words, code=code)
    return statuses


def _status(item: Mapping[str, Any]) -> RecipientStatus:
    named = text_in(item, "status")
    status = STATUSES.get(named)
    code = text_in(item, "reject_reason")
    meaning = REFUSED_SENDERS.get(code)
    if status is SendStatus.REJECTED and meaning is not None:
        status = SendStatus.FAILED
    return RecipientStatus(
        status or SendStatus.UNKNOWN,
        message_id=text_in(item, "_id") or None,
        code=code or named,
        detail=text_in(item, "queued_reason") if meaning is None else meaning.hint,
        # A status that nobody knows yet may well be one of those that send.
        maybe_accepted=status is None,
    )
