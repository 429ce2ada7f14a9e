"""
What became of each recipient, from Brevo's answers.

https://developers.brevo.com/reference/sendtransacemail (as of 2026-11-30): 201 if the mail is on
its way, 202 if it is scheduled, with one id for all recipients, or in ``messageIds`` one for each
version in their order. Brevo accepts as a whole or not at all; whom it does not send to all the
same, because the address is blocked, only events tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import json_or_none, not_understood, read_json
from mailcore.result import RecipientStatus, SendStatus
from mailcore.webhook import bracketed_id
from mailcore_brevo.errors import DUPLICATE, api_error, code_of, status_error, words_of
from mailcore_brevo.payload.call import BrevoRequest


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a call.

    A call with an idempotency key that Brevo has had before is accepted, without an id.

    Raises:
        SendError: If the call was refused, or the answer is not understood.
    """
    if 200 <= response.status_code < 300:
        return _accepted(request, read_json(response), response)
    document = json_or_none(response)
    code = code_of(document)
    if not code:
        raise status_error(response)
    if code == DUPLICATE and isinstance(request, BrevoRequest) and request.has_key:
        # The first call with the key sent it; the answer does not say under which id.
        had = RecipientStatus(SendStatus.QUEUED, code=code, detail=words_of(document))
        return dict.fromkeys(request.recipients, had)
    raise api_error(code, words_of(document), response)


def _accepted(
    request: HttpRequest, document: Any, response: HttpResponse
) -> Mapping[str, RecipientStatus]:
    if not isinstance(document, dict):
        raise not_understood("is no result", response)
    code = code_of(document)
    if code:
        raise api_error(code, words_of(document), response)
    ids = document.get("messageIds")
    if ids is None:
        ids = [document.get("messageId")]
    if not isinstance(ids, list):
        raise not_understood("has messageIds that are no list", response)
    queued = [RecipientStatus(SendStatus.QUEUED, _id(each, response)) for each in ids]
    versions = request.versions if isinstance(request, BrevoRequest) else 0
    if len(queued) != max(versions, 1):
        # By position is the only way to tell whose id it is.
        raise not_understood("has not one id for each version", response)
    # Of those who get a copy of every mail, it is that of the first.
    statuses = dict.fromkeys(request.recipients, queued[0])
    statuses.update(zip(request.recipients, queued[:versions], strict=False))
    return statuses


def _id(given: object, response: HttpResponse) -> str:
    message_id = bracketed_id(given) if isinstance(given, str) else None
    if message_id is None:
        raise not_understood("accepts the message, and has no messageId", response)
    return message_id
