"""
What became of each recipient, from Postmark's answers.

https://postmarkapp.com/developer/api/email-api (as of 2026-11-21). Postmark names the recipients it
refuses in the text for people only, in lower case. Its forms were read in the tests of Postmark's
own clients (postmark.js, postmark-gem) and of django-anymail.
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Mapping
from typing import Any

from mailcore.address import mentioned
from mailcore.errors import SendError
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import json_or_none, not_understood, read_json, text_in
from mailcore.result import RecipientStatus, SendStatus
from mailcore.sending import keep_likelier
from mailcore_postmark.batching import BatchRequest
from mailcore_postmark.errors import (
    INACTIVE,
    INVALID,
    MULTIPLE,
    api_error,
    multiple_error,
    status_error,
)


Statuses = dict[str, RecipientStatus]

_INACTIVE = "inactive addresses:"
_INVALID = re.compile(r"(?:Invalid|Error parsing) '(?:To|Cc|Bcc)'", re.IGNORECASE)


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a call.

    Raises:
        SendError: If the call was refused, or all of its mails for the same reason.
    """
    document = _document(response)
    if not isinstance(request, BatchRequest):
        return _of_message(document, request.recipients, response)
    if isinstance(document, list):
        return _of_messages(document, request, response)
    if _error_code(document):
        raise _refused(document, response)
    raise not_understood("is no list of results", response)


def _document(response: HttpResponse) -> Any:
    """
    The JSON of an answer.

    Raises:
        SendError: If the answer is no success and has no error code, or is no JSON.
    """
    if 200 <= response.status_code < 300:
        return read_json(response)
    document = json_or_none(response)
    if not _error_code(document):
        raise status_error(response)
    return document


def _error_code(document: Any) -> int:
    """The code of an answer that says that it is an error, else 0."""
    code = document.get("ErrorCode") if isinstance(document, dict) else 0
    return code if type(code) is int else 0


def _of_message(item: Any, recipients: tuple[str, ...], response: HttpResponse) -> Statuses:
    """
    The statuses of the recipients of one mail.

    Raises:
        SendError: If it was refused, for another reason than some of them.
    """
    if not isinstance(item, dict):
        raise not_understood("is no result", response)
    # Answers about mail that is delayed have no code:
    # https://github.com/anymail/django-anymail/issues/392 (read 2026-11-21).
    code = item.get("ErrorCode", 0)
    if type(code) is not int:
        raise not_understood("has an ErrorCode that is no number", response)
    words = text_in(item, "Message")
    if code == 0:
        return _accepted(item, words, recipients, response)
    if code == INACTIVE:
        named = _named(words.partition(_INACTIVE)[2] or words, recipients)
        if named:
            return _inactive(named, words, recipients)
    if code == INVALID and _INVALID.match(words):
        named = _named(words, recipients)
        if named:
            return _invalid(named, words, recipients)
    raise _refused(item, response)


def _refused(item: Mapping[str, Any], response: HttpResponse) -> SendError:
    words = text_in(item, "Message")
    if item["ErrorCode"] == MULTIPLE:
        return multiple_error(item, words, response)
    return api_error(item["ErrorCode"], words, response)


def _accepted(
    item: Mapping[str, Any], words: str, recipients: tuple[str, ...], response: HttpResponse
) -> Statuses:
    message_id = item.get("MessageID")
    if not isinstance(message_id, str) or not message_id:
        raise not_understood("accepts the message, and has no MessageID", response)
    statuses = dict.fromkeys(recipients, RecipientStatus(SendStatus.QUEUED, message_id))
    _, found, inactive = words.partition(_INACTIVE)
    if found:
        rejected = RecipientStatus(SendStatus.REJECTED, code=str(INACTIVE), detail=words)
        statuses.update(dict.fromkeys(_named(inactive, recipients), rejected))
    return statuses


def _inactive(named: Iterable[str], words: str, recipients: tuple[str, ...]) -> Statuses:
    # Postmark does not say whether the others got their mail; users report that they did.
    unknown = RecipientStatus(
        SendStatus.UNKNOWN, code=str(INACTIVE), detail=words, maybe_accepted=True
    )
    rejected = RecipientStatus(SendStatus.REJECTED, code=str(INACTIVE), detail=words)
    return {**dict.fromkeys(recipients, unknown), **dict.fromkeys(named, rejected)}


def _invalid(named: Iterable[str], words: str, recipients: tuple[str, ...]) -> Statuses:
    # The request was not valid, so nothing was sent: the others can be sent to, without these.
    failed = RecipientStatus(SendStatus.FAILED, code=str(INVALID), detail=words, retryable=True)
    invalid = RecipientStatus(SendStatus.INVALID, code=str(INVALID), detail=words)
    return {**dict.fromkeys(recipients, failed), **dict.fromkeys(named, invalid)}


def _named(words: str, recipients: tuple[str, ...]) -> list[str]:
    """The recipients that a text names; of one recipient, it is about that one anyhow."""
    if len(recipients) == 1:
        return list(recipients)
    return mentioned(recipients, words)


def _of_messages(items: list[Any], request: BatchRequest, response: HttpResponse) -> Statuses:
    """
    The statuses of all recipients of a batch.

    Raises:
        SendError: If the list is no answer to it, or every mail was refused for the same reason.
    """
    if len(items) != request.messages:
        # By position is the only way to tell whose result it is.
        raise not_understood("has not one result for each message", response)
    copied = request.copied
    found: Statuses = {}
    errors: list[SendError] = []
    for address, item in zip(request.recipients, items, strict=False):
        try:
            statuses = _of_message(item, (address, *copied), response)
        except SendError as error:
            errors.append(error)
            words = text_in(item, "Message") if isinstance(item, dict) else None
            failed = RecipientStatus.of_error(error, words)
            statuses = dict.fromkeys((address, *copied), failed)
        keep_likelier(found, statuses)
    if len(errors) == len(items) and len({(type(e), e.code) for e in errors}) == 1:
        raise errors[0]
    return found
