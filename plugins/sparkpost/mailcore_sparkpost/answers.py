"""
What became of each recipient, from SparkPost's answers.

https://developers.sparkpost.com/api/transmissions/ (read 2026-11-30): an answer has one id for the
whole transmission, which events name as ``transmission_id``, and how many of its entries were
accepted and rejected. Who was rejected it tells at most in the words of ``rcpt_to_errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.address import mentioned
from mailcore.errors import UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import not_understood, read_json
from mailcore.result import RecipientStatus, SendStatus
from mailcore_sparkpost.errors import NOBODY, SUPPRESSED, ApiError, error_of, errors_in


Statuses = Mapping[str, RecipientStatus]

_SUPPRESSED = "suppressed"


def statuses_of(request: HttpRequest, response: HttpResponse) -> Statuses:
    """
    A status for each recipient of a call.

    Raises:
        SendError: If the call was refused, or the answer is not understood.
    """
    is_success = 200 <= response.status_code < 300
    try:
        document = read_json(response)
    except UnexpectedResponse:
        if is_success:
            raise
        document = None
    errors = errors_in(document)
    if is_success and isinstance(document, dict) and "results" in document:
        return _counted(request, document["results"], errors, response)
    refused = _refused(request, errors)
    if refused is None:
        raise error_of(response, errors)
    return refused


def _refused(request: HttpRequest, errors: list[ApiError]) -> Statuses | None:
    """Statuses, if the answer says what is wrong with the recipients, and with nothing else."""
    if len(errors) != 1:
        return None
    code, words = errors[0]
    status = None
    if code == NOBODY:
        status = RecipientStatus(SendStatus.INVALID, code=str(code), detail=words)
    elif code == SUPPRESSED and _SUPPRESSED in words.lower() and len(request.recipients) == 1:
        # Of a single recipient the answer says so, of several the events do: content/docs/
        # user-guide/using-suppression-lists.md in https://github.com/SparkPost/support-docs (read
        # 2026-11-30).
        status = RecipientStatus(SendStatus.REJECTED, code=str(code), detail=words)
    return None if status is None else dict.fromkeys(request.recipients, status)


def _counted(
    request: HttpRequest, results: Any, errors: list[ApiError], response: HttpResponse
) -> Statuses:
    if not isinstance(results, dict):
        raise not_understood("has results that are no object", response)
    accepted, rejected = (
        results.get(f"total_{name}_recipients") for name in ("accepted", "rejected")
    )
    message_id = results.get("id")
    if type(message_id) is int:
        message_id = str(message_id)
    if type(accepted) is not int or type(rejected) is not int:
        raise not_understood("does not count its recipients", response)
    if not isinstance(message_id, str) or not message_id:
        raise not_understood("has no id", response)
    mails = getattr(request, "mails", len(request.recipients))
    recipients = request.recipients
    told = errors_in(results, "rcpt_to_errors") or errors
    if (accepted, rejected) == (mails, 0):
        return dict.fromkeys(recipients, RecipientStatus(SendStatus.QUEUED, message_id))
    if (accepted, rejected) == (0, mails):
        return dict.fromkeys(recipients, _rejected(told))
    # Who is who nobody says, but in words; and who gets copies of a batch has several entries.
    words = " ".join(error.words for error in told)
    named = mentioned(recipients, words) if mails == len(recipients) else []
    code = next((str(error.code) for error in told if error.code), "")
    words = "; ".join(error.words for error in told if error.words)
    others = RecipientStatus(
        SendStatus.UNKNOWN, message_id, code=code, detail=words, maybe_accepted=True
    )
    if named and len(named) == rejected and accepted + rejected == mails:
        others = RecipientStatus(SendStatus.QUEUED, message_id)
    return {**dict.fromkeys(recipients, others), **dict.fromkeys(named, _rejected(told))}


def _rejected(told: list[ApiError]) -> RecipientStatus:
    code = next((str(error.code) for error in told if error.code), "")
    words = "; ".join(error.words for error in told if error.words)
    return RecipientStatus(SendStatus.REJECTED, code=code, detail=words)
