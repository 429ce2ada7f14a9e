"""
What became of each recipient, from SendGrid's answers.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-30): 202 with
an empty body and the header ``X-Message-Id``, one for the whole call; in the sandbox 200. There is
no partial success: an address that SendGrid drops is accepted here, and an event tells.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import not_understood
from mailcore.result import RecipientStatus, SendStatus
from mailcore_sendgrid.errors import INVALID_ADDRESS, Fault, error_of, faults_of
from mailcore_sendgrid.payload.call import MailRequest


Statuses = dict[str, RecipientStatus]

ID_HEADER = "x-message-id"


def statuses_of(request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a call: queued, with the id that the personalization was given.

    Where SendGrid names the addresses that it does not take, they are invalid and nothing was sent:
    the others may be sent to without them.

    Raises:
        SendError: If the call was refused, or the answer is not understood.
    """
    if not isinstance(request, MailRequest):
        raise not_understood("is to no call of mail/send", response)
    faults = faults_of(response)
    if not 200 <= response.status_code < 300:
        statuses = _invalid(request, response, faults)
        if statuses is not None:
            return statuses
        raise error_of(response, faults)
    if faults:
        raise not_understood("is a success, and has errors", response)
    if response.status_code != 202 and not (request.is_sandbox and response.status_code == 200):
        raise not_understood("does not say that the message is accepted", response)
    if request.is_sandbox:
        if response.body.strip() not in (b"", b"{}", b"null", b'""'):
            raise not_understood("has what an answer of the sandbox has not", response)
    elif not response.headers.get(ID_HEADER, "").strip():
        raise not_understood("has no X-Message-Id", response)
    return {
        address: RecipientStatus(SendStatus.QUEUED, message_id=request.id_of(position))
        for position, address in enumerate(request.recipients)
    }


def _invalid(
    request: MailRequest, response: HttpResponse, faults: tuple[Fault, ...]
) -> Statuses | None:
    """The statuses if all that is wrong are addresses of recipients; None otherwise."""
    if response.status_code != 400 or not faults:
        return None
    words: dict[str, str] = {}
    for fault in faults:
        address = _address_at(request, fault)
        if address is None:
            return None
        words.setdefault(address, fault.words)
    if len(words) == len(request.recipients):
        return None
    failed = RecipientStatus(
        SendStatus.FAILED,
        code=INVALID_ADDRESS.category,
        detail="the call was refused for the address of another recipient",
        retryable=True,
    )
    statuses = dict.fromkeys(request.recipients, failed)
    for address, said in words.items():
        statuses[address] = RecipientStatus(
            SendStatus.INVALID, code=INVALID_ADDRESS.category, detail=said
        )
    return statuses


def _address_at(request: MailRequest, fault: Fault) -> str | None:
    """The recipient that a fault is about, by the path of its field."""
    place = fault.place_of_address
    if place is None:
        return None
    mail, kind, position = place
    if kind == "to":
        at = mail + position
        found = at < request.to_count
    else:
        before = request.to_count + (request.cc_count if kind == "bcc" else 0)
        at = before + position
        end = request.to_count + request.cc_count if kind == "cc" else len(request.recipients)
        found = at < end
    return request.recipients[at] if found and at < len(request.recipients) else None
