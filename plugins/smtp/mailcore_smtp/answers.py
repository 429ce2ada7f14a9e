"""
What a server's replies say of each recipient.

============================  =================================================================
RCPT was answered with        The recipient is
============================  =================================================================
2xx                           what the mail is: queued, once the content is accepted
4xx, and 552 for too many     failed, and retryable (RFC 5321, section 4.5.3.1.10, for 552)
5xx for a bad address         invalid
5xx of a policy or filter     rejected
other 5xx                     failed
============================  =================================================================
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.address import address_key
from mailcore.bounces import judge
from mailcore.errors import SendError, UnexpectedResponse
from mailcore.events import BounceClass, RejectReason
from mailcore.result import RecipientStatus, SendStatus
from mailcore_smtp.call import Reply, SmtpRequest, SmtpResponse
from mailcore_smtp.errors import error_of


_OF_POLICY = frozenset([RejectReason.BLOCKED, RejectReason.SPAM, RejectReason.UNSUBSCRIBED])


def statuses_of(request: SmtpRequest, response: SmtpResponse) -> Mapping[str, RecipientStatus]:
    """
    A status for each recipient of a request.

    Raises:
        SendError: The mail was refused as a whole, and nobody for a reason of their own.
    """
    replies = {address_key(address): reply for address, reply in response.recipients.items()}
    refused = {key: refusal(reply) for key, reply in replies.items() if not reply.ok}
    others = _of_the_mail(request, response, is_alone=not refused)
    return {each: refused.get(address_key(each), others) for each in request.recipients}


def _of_the_mail(
    request: SmtpRequest, response: SmtpResponse, *, is_alone: bool
) -> RecipientStatus:
    reply = response.reply
    if reply is not None and reply.ok and response.step == "content":
        return RecipientStatus(
            SendStatus.QUEUED,
            message_id=request.message_id,
            code=reply.enhanced or str(reply.code),
            detail=reply.text,
        )
    if reply is None:
        error: SendError = UnexpectedResponse("the server took recipients, and got no content")
    else:
        error = error_of(response, reply)
    if is_alone:
        raise error
    return RecipientStatus.of_error(error)


def refusal(reply: Reply) -> RecipientStatus:
    """The status of somebody whom RCPT was refused for."""
    status, retryable = SendStatus.FAILED, reply.transient
    if reply.code == 552 and reply.enhanced in ("", "5.5.3"):
        retryable = True
    elif reply.permanent:
        verdict = judge(None, reply.text, code=reply.code)
        if verdict.reject_reason in _OF_POLICY:
            status = SendStatus.REJECTED
        elif verdict.bounce_class is BounceClass.HARD:
            status = SendStatus.INVALID
    return RecipientStatus(
        status,
        code=reply.enhanced or str(reply.code),
        detail=reply.text,
        retryable=retryable,
    )
