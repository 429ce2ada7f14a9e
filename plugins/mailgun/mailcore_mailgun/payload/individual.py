"""A call for each recipient of a batch, with what is theirs filled in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from mailcore.flow import HttpRequest
from mailcore.message import Message, value_names
from mailcore.sending import Entry, own_message, requests_for_each
from mailcore_mailgun.recipient_variables import fill_in


Build: TypeAlias = Callable[[Message], HttpRequest]


def individual_requests(message: Message, build: Build) -> Sequence[HttpRequest]:
    """
    One request for each recipient, written when it is sent.

    Args:
        message: The batch, which becomes one request for each recipient.
        build: Makes the request of one recipient's message.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """
    names = value_names(message)

    def own(message: Message, entry: Entry) -> Message:
        data = {**(message.merge_global_data or {}), **entry.data}
        filled = fill_in(message, {**dict.fromkeys(names, ""), **data})
        # What a stored template needs, Mailgun fills in.
        rest = data if message.template_id is not None and data else None
        return own_message(filled, entry, merge_global_data=rest)

    return requests_for_each(message, build, own=own, attachments=None)
