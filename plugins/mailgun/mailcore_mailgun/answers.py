"""
What became of each recipient, from Mailgun's answers.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read
2026-11-21): an accepted message is answered with its id and the words "Queued. Thank you.",
whatever the number of its recipients. What becomes of each, only events tell.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import error_answer, not_understood, read_json
from mailcore.result import RecipientStatus, SendStatus
from mailcore.webhook import bracketed_id
from mailcore_mailgun.errors import WRONG_URL, error_of


_WELCOME = b"Mailgun Magnificent API"


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a request: queued, with the id that events will name.

    The id is in angle brackets, as Mailgun answers, and as events are read here.

    Raises:
        SendError: If the request was refused, or the answer is not understood.
    """
    if not 200 <= response.status_code < 300:
        raise error_of(response)
    if _WELCOME in response.body[:1000]:
        # What stands at every other path of the API.
        words = "Mailgun's welcome page: nothing was sent"
        raise error_answer(response, WRONG_URL, words)
    answer = read_json(response)
    given = answer.get("id") if isinstance(answer, dict) else None
    message_id = bracketed_id(given) if isinstance(given, str) else None
    if message_id in (None, "<>"):
        raise not_understood("has no id", response)
    said = answer.get("message")
    if not isinstance(said, str) or not said.lower().startswith("queued"):
        raise not_understood("does not say that the message is queued", response)
    status = RecipientStatus(SendStatus.QUEUED, message_id=message_id)
    return dict.fromkeys(request.recipients, status)
