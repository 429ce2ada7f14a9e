"""
The mailbox as what surrounds the local SES.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from mailcore_local.engine import Fate, Happening
from mailcore_local.hub import Hub, captured_request, common_fate, outcome_of, slow_seconds
from mailcore_local.mailbox import CapturedRequest
from mailcore_local.ses import MessageRecord, NotificationRecord
from mailcore_local.ses.observing import Surroundings
from mailcore_local.ses_face.translating import captured, events_of


class InTheWhole(Surroundings):
    """
    Mails and events of the local SES go into the mailbox.

    Args:
        hub: The hub that has the mailbox.
    """

    creates_configuration_sets = True
    max_messages = 1_000

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._request: tuple[Request, bytes] | None = None

    def asked(self, request: Request, body: bytes) -> None:
        """
        Remember the request: the messages that are accepted next came with it.
        """
        self._request = (request, body)

    def fate_of(self, address: str) -> Fate | None:
        """
        The test addresses that all faces have.
        """
        return common_fate(address)

    def accepted(self, message: MessageRecord) -> None:
        """
        Keep it in the mailbox.
        """
        request = CapturedRequest(method="POST", path="/")
        if self._request is not None:
            request = captured_request(*self._request)
        self._hub.mails.add(captured(message, request))

    def happened(self, message: MessageRecord, happening: Happening) -> tuple[str, ...]:
        """
        Write it into the timeline.
        """
        mail_id = self._hub.mails.id_by_message_id(message.message_id, face="ses")
        events = events_of(happening)
        if mail_id is not None:
            self._hub.mails.record(mail_id, events)
        return tuple(event.id for event in events)

    def later(self, happening: Happening, tell: Callable[[], None]) -> None:
        """
        Tell of something after the seconds that the label of the address says.
        """
        seconds = slow_seconds(happening.recipients[0], self._hub.slow_delivery_seconds)
        self._hub.later(seconds, tell)

    def observe(self, record: NotificationRecord) -> None:
        """
        Write into the timeline what a webhook answered.
        """
        if record.about is None:
            return
        mail_id = self._hub.mails.id_by_message_id(record.about, face="ses")
        if mail_id is not None:
            post_id = f"{record.message_id}/{record.subscription_arn}"
            self._hub.mails.record_post(mail_id, post_id, record.event_ids, outcome_of(record))
