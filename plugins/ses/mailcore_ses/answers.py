"""
What became of each recipient, from SES's answers.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BulkEmailEntryResult.html,
https://docs.aws.amazon.com/ses/latest/APIReference/API_BulkEmailDestinationStatus.html (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from email.parser import BytesHeaderParser
from typing import Any

from mailcore.errors import UnexpectedResponse
from mailcore.result import RecipientStatus, SendStatus
from mailcore.sending import keep_likelier
from mailcore_ses.aws.call import AwsCall, AwsResponse
from mailcore_ses.errors import entry_error, error_of, is_retryable


# Operation: where the entries are in the request, and their results in the answer.
_BULK = {
    "SendBulkEmail": ("BulkEmailEntries", "BulkEmailEntryResults"),
    "SendBulkTemplatedEmail": ("Destinations", "Status"),
}
_ACCEPTED = ("SUCCESS", "Success")


def statuses_of(request: AwsCall, response: AwsResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a call.

    Raises:
        SendError: If the call was refused, or all of its entries for the same reason.
    """
    if not response.ok:
        raise error_of(response, sender=_sender(request), recipients=request.recipients)
    if request.operation in _BULK:
        return _of_entries(request, response)
    message_id = response.body.get("MessageId")
    if not isinstance(message_id, str) or not message_id:
        raise _unexpected("SES accepted the request but gave no MessageId", response)
    status = RecipientStatus(SendStatus.QUEUED, message_id=message_id)
    return dict.fromkeys(request.recipients, status)


def _of_entries(request: AwsCall, response: AwsResponse) -> Mapping[str, RecipientStatus]:
    entries_name, results_name = _BULK[request.operation]
    count = len(request.params[entries_name])
    results = response.body.get(results_name)
    if not isinstance(results, list) or len(results) != count:
        # By position is the only way to tell whose result it is.
        raise _unexpected("SES accepted the request but did not answer each entry", response)
    statuses = [_of_entry(result) for result in results]
    recipients = request.recipients[:count]
    if not any(status.accepted or status.maybe_accepted for status in statuses):
        codes = {status.code for status in statuses}
        if len(codes) == 1:
            raise entry_error(
                statuses[0].code,
                statuses[0].detail,
                response,
                sender=_sender(request),
                recipients=recipients,
            )
    copies: dict[str, RecipientStatus] = {}
    for status in statuses:
        # They got a copy of each mail that was accepted.
        keep_likelier(copies, dict.fromkeys(request.recipients[count:], status))
    return {**dict(zip(recipients, statuses, strict=True)), **copies}


def _of_entry(result: Any) -> RecipientStatus:
    details: dict[str, Any] = result if isinstance(result, dict) else {}
    code, message_id = details.get("Status"), details.get("MessageId")
    # Some emulators leave the status out; an id is given to what was accepted only.
    if code in _ACCEPTED or (code is None and message_id):
        if isinstance(message_id, str) and message_id:
            return RecipientStatus(SendStatus.QUEUED, message_id)
        return RecipientStatus(
            SendStatus.UNKNOWN, code=code or "", detail="SES gave no MessageId", maybe_accepted=True
        )
    if not isinstance(code, str):
        return RecipientStatus(SendStatus.UNKNOWN, detail="SES gave no status", maybe_accepted=True)
    rejected = code.replace("_", "").lower() == "messagerejected"
    return RecipientStatus(
        SendStatus.REJECTED if rejected else SendStatus.FAILED,
        code=code,
        detail=str(details.get("Error") or ""),
        retryable=is_retryable(code),
    )


def _sender(request: AwsCall) -> str:
    """The address that a refused call sends from."""
    params = request.params
    raw = params.get("RawMessage") or params.get("Content", {}).get("Raw")
    if raw:
        named = str(BytesHeaderParser().parsebytes(raw["Data"])["From"] or "")
    else:
        named = str(params.get("FromEmailAddress") or params.get("Source") or "")
    return named.rpartition("<")[2].rstrip("> ")


def _unexpected(reason: str, response: AwsResponse) -> UnexpectedResponse:
    return UnexpectedResponse(
        reason, maybe_accepted=True, status_code=response.status_code, raw=response
    )
