"""
What became of each recipient, from Mailjet's answers.

_send-api.md in https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30).
``Messages`` has a result for each message, in their order, whatever the HTTP status: 200 if all are
accepted, and the status of an error if one of them is not, while the others are sent
(https://github.com/mailjet/mailjet-apiv3-java/issues/121, read 2026-11-30). A refused message does
not say who it was to: its place does. Errors of the whole call stand in the answer itself, or in
``Globals`` (https://github.com/anymail/django-anymail/issues/407, read 2026-11-30).

Each recipient has a message of its own at Mailjet: ``MessageID`` is what its events and REST API
have.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailcore.address import address_key
from mailcore.errors import SendError, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import not_understood, read_json
from mailcore.result import RecipientStatus, SendStatus
from mailcore.sending import keep_likelier
from mailcore_mailjet.calls import SendRequest
from mailcore_mailjet.errors import (
    INVALID_ADDRESS,
    ApiError,
    error_of,
    errors_of,
    is_error,
    send_error_of,
    status_error,
)


Statuses = dict[str, RecipientStatus]

_LISTS = ("To", "Cc", "Bcc")
# As in `To[0].Email`: no page of Mailjet's that could be read says how addresses are named
# (2026-11-30). What is named otherwise is an error of the message.
_PLACE = re.compile(r"(?:^|[.\]])(?P<list>To|Cc|Bcc)\[(?P<at>\d{1,3})\]", re.ASCII)


@dataclass(frozen=True)
class _Mail:
    """Who a message is to, by the lists that they stand in."""

    lists: Mapping[str, Sequence[str]]

    @property
    def recipients(self) -> Iterator[str]:
        for addresses in self.lists.values():
            yield from addresses


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a call.

    Raises:
        SendError: If the call was refused, or all of its mails for the same reason.
    """
    document = _document(response)
    mails = list(_mails_of(request))
    items = document.get("Messages") if isinstance(document, dict) else None
    # Results come with success, or with the status of one of them that is an error.
    if not isinstance(items, list) or response.status_code // 100 not in (2, 4):
        raise _refused(document, response)
    if len(items) != len(mails):
        # By position is the only way to tell whose result it is.
        error = not_understood("has not one result for each message", response)
        error.maybe_accepted = error.maybe_accepted or any(map(_is_accepted, items))
        raise error
    return _of_mails(items, mails, response)


def _document(response: HttpResponse) -> Any:
    """
    The JSON of an answer.

    Raises:
        SendError: If the answer is not JSON.
    """
    try:
        return read_json(response)
    except UnexpectedResponse:
        if 200 <= response.status_code < 300:
            raise
        raise status_error(response) from None


def _refused(document: Any, response: HttpResponse) -> SendError:
    """The exception for an answer without results."""
    if isinstance(document, dict):
        if is_error(document):
            return send_error_of([error_of(document, response)], response)
        shared = document.get("Globals")
        errors = errors_of(shared, response) if isinstance(shared, dict) else []
        if errors:
            return send_error_of(errors, response)
    if 200 <= response.status_code < 300:
        return not_understood("has neither results nor an error", response)
    return status_error(response)


def _mails_of(request: HttpRequest) -> Iterator[_Mail]:
    recipients = request.recipients
    if not isinstance(request, SendRequest):
        yield _Mail({"To": recipients})
        return
    _, to, cc, mails = request.layout
    if not mails:
        lists = (recipients[:to], recipients[to : to + cc], recipients[to + cc :])
        yield _Mail(dict(zip(_LISTS, lists, strict=True)))
        return
    copies = {"Cc": request.copied[:cc], "Bcc": request.copied[cc:]}
    for address in recipients[:mails]:
        yield _Mail({"To": (address,), **copies})


def _of_mails(
    items: Sequence[Any], mails: Sequence[_Mail], response: HttpResponse
) -> Mapping[str, RecipientStatus]:
    """
    The statuses of all recipients.

    Raises:
        SendError: If every mail was refused for the same reason.
    """
    found: Statuses = {}
    errors: list[SendError] = []
    for item, mail in zip(items, mails, strict=True):
        try:
            statuses = _of_mail(item, mail, response)
        except SendError as error:
            errors.append(error)
            statuses = dict.fromkeys(mail.recipients, RecipientStatus.of_error(error))
        keep_likelier(found, statuses)
    if len(errors) == len(items) and len({(type(e), e.code) for e in errors}) == 1:
        raise errors[0]
    return found


def _of_mail(item: Any, mail: _Mail, response: HttpResponse) -> Statuses:
    """
    The statuses of the recipients of one mail.

    Raises:
        SendError: If it was refused, for another reason than some of them.
    """
    if _is_accepted(item):
        return _accepted(item, mail)
    if not isinstance(item, dict) or item.get("Status") != "error":
        # Whatever it means, it may well be one of those that send.
        error = not_understood("has a result without a known Status", response)
        error.maybe_accepted = True
        raise error
    errors = errors_of(item, response)
    invalid = _named(errors, mail)
    if invalid:
        return _invalid(invalid, mail)
    raise send_error_of(errors, response)


def _is_accepted(item: Any) -> bool:
    return isinstance(item, dict) and item.get("Status") == "success"


def _accepted(item: Mapping[str, Any], mail: _Mail) -> Statuses:
    ids: dict[str, str | None] = {}
    for name in _LISTS:
        listed = item.get(name)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and isinstance(each.get("Email"), str):
                ids[address_key(each["Email"])] = _message_id(each.get("MessageID"))
    # Whom it does not name may have been dropped.
    unnamed = RecipientStatus(
        SendStatus.UNKNOWN, detail="the answer does not name this recipient", maybe_accepted=True
    )
    return {
        address: RecipientStatus(SendStatus.QUEUED, ids[key]) if key in ids else unnamed
        for address in mail.recipients
        for key in (address_key(address),)
    }


def _message_id(value: object) -> str | None:
    """Beyond 2^53, so that only a reader of whole numbers has it right; 0 in the sandbox."""
    if type(value) is int:
        return str(value) if value else None
    return value if isinstance(value, str) and value not in ("", "0") else None


def _named(errors: Sequence[ApiError], mail: _Mail) -> dict[str, ApiError]:
    """The recipients whose addresses are refused, if nothing else is wrong with the mail."""
    found: dict[str, ApiError] = {}
    for error in errors:
        places = [_PLACE.search(text) for text in error.related]
        if error.code != INVALID_ADDRESS or not places:
            return {}
        for place in places:
            addresses = () if place is None else mail.lists.get(place["list"], ())
            at = -1 if place is None else int(place["at"])
            if not 0 <= at < len(addresses):
                return {}
            found[addresses[at]] = error
    return found


def _invalid(named: Mapping[str, ApiError], mail: _Mail) -> Statuses:
    # A message goes to all or to nobody: the others can be sent to, without these.
    others = RecipientStatus(
        SendStatus.FAILED,
        code=INVALID_ADDRESS,
        detail="refused with another recipient's address",
        retryable=True,
    )
    return {
        **dict.fromkeys(mail.recipients, others),
        **{
            address: RecipientStatus(SendStatus.INVALID, code=error.code, detail=error.words)
            for address, error in named.items()
        },
    }
