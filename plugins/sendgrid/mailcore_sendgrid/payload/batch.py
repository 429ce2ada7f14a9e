"""A mail for each recipient: calls with up to 1,000 personalizations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.address import parse_address_list
from mailcore.http import json_bytes
from mailcore.message import Message
from mailcore.sending import Entry, JsonCall, LazyRequests, copied, entries_of, header_texts
from mailcore_sendgrid.options import SendGridOptions, extra_body
from mailcore_sendgrid.payload.call import MailRequest, is_sandbox, new_message_id, request_of
from mailcore_sendgrid.payload.mail import Body, people_of, reply_to_of
from mailcore_sendgrid.payload.merge import Filling, value_text


MAX_RECIPIENTS = 1000
MAX_BYTES = 30_000_000
"""
The bytes of a call: https://www.twilio.com/docs/sendgrid/api-reference/mail-send (read 2026-11-30).
"""

_NAME = "personalizations"
# The least that a call has for them: one whose attachments leave no room is SendGrid's to refuse.
_MIN_BYTES = 1_000_000


def batch_requests(
    message: Message, options: SendGridOptions, body: Mapping[str, Any], filling: Filling
) -> Sequence[MailRequest]:
    """
    The calls of a batch, each written when it is looked at.

    Whatever could be wrong with a mail is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        options: The options of the provider.
        body: What all calls have.
        filling: Makes the values of one recipient's personalization.

    Raises:
        MessageError: Some recipient's mail cannot be written.
    """
    entries = entries_of(message)
    others = copied(message)
    sandbox = is_sandbox(body)
    shared = dict(body)
    # Nobody says whether SendGrid merges headers of single recipients with those of all, so that
    # all of them stand in the personalizations then.
    if message.merge_headers:
        shared.pop("headers", None)
    write_own = _Personal(message, options, filling)
    ids = _ids(len(entries))
    own = [json_bytes(write_own(entry, ids[at])) for at, entry in enumerate(entries)]
    calls = _calls(entries, shared, [len(each) for each in own], len(others))

    def write(position: int) -> MailRequest:
        beside, places = calls[position]
        call = JsonCall(max_items=len(places), max_bytes=MAX_BYTES, name=_NAME, beside=beside())
        to = [entries[at].address.addr_spec for at in places]
        return request_of(
            call.joined(own[at] for at in places),
            options,
            # Who gets a copy of every mail is a recipient of one call.
            recipients=(*to, *(others if position == 0 else ())),
            copied=others,
            message_ids=tuple(ids[at] for at in places),
            to_count=len(to),
            cc_count=len(message.deliveries.cc),
            is_sandbox=sandbox,
        )

    return LazyRequests(range(len(calls)), write)


def _ids(count: int) -> list[str]:
    """Alike but for their end, so that a call that is written twice is the same."""
    common = new_message_id()
    return [f"{common}-{number}" for number in range(count)]


class _Beside:
    """What a call has beside its personalizations: of all calls, and the Reply-To of one."""

    def __init__(self, shared: bytes, reply_to: bytes) -> None:
        self._shared, self._reply_to = shared, reply_to

    def __len__(self) -> int:
        return len(self._shared) + len(self._reply_to)

    def __call__(self) -> bytes:
        return b", ".join(filter(None, (self._reply_to, self._shared)))


def _calls(
    entries: Sequence[Entry], shared: Body, sizes: Sequence[int], copies: int
) -> list[tuple[_Beside, list[int]]]:
    """What each call has beside its personalizations, and whose these are."""
    groups: dict[str, list[int]] = {}
    for at, entry in enumerate(entries):
        groups.setdefault(entry.headers.get("Reply-To", ""), []).append(at)
    everybodys = json_bytes(shared)[1:-1]
    without = everybodys
    if set(groups) != {""}:
        names = ("reply_to", "reply_to_list")
        without = json_bytes({k: v for k, v in shared.items() if k not in names})[1:-1]
    calls: list[tuple[_Beside, list[int]]] = []
    for reply_to, positions in groups.items():
        beside = _Beside(everybodys, b"")
        if reply_to:
            addresses = parse_address_list(reply_to, field="merge_headers['Reply-To']")
            beside = _Beside(without, json_bytes(reply_to_of(addresses))[1:-1])
        room = max(MAX_BYTES - len(beside) - len(_NAME) - 16, _MIN_BYTES)
        packing = JsonCall(max_items=max(1, MAX_RECIPIENTS // (1 + copies)), max_bytes=room)
        calls += [
            (beside, [positions[place] for place in places])
            for places in packing.packed(sizes[at] for at in positions)
        ]
    return calls


class _Personal:
    """Writes the personalization of one recipient of a batch."""

    def __init__(
        self,
        message: Message,
        options: SendGridOptions,
        filling: Filling,
    ) -> None:
        _, cc, bcc = message.deliveries
        self._copies = {k: v for k, v in people_of((), cc, bcc).items() if k != "to"}
        self._id_argument = options.id_argument
        self._message = message
        self._extra_headers: Mapping[str, str] = extra_body(message).get("headers") or {}
        self._filling = filling
        self._everybodys = message.merge_global_data or {}

    def __call__(self, entry: Entry, message_id: str) -> Body:
        body = {**people_of((entry.address,)), **self._copies}
        if self._message.merge_headers:
            headers = header_texts(
                self._message, entry.headers, extra=self._extra_headers, without=("reply-to",)
            )
            if headers:
                body["headers"] = headers
        body.update(self._filling({**self._everybodys, **entry.data}))
        # SendGrid merges them with those of all, and these win (its page of errors says so).
        custom_args = {key: value_text(value) for key, value in entry.metadata.items()}
        custom_args[self._id_argument] = message_id
        body["custom_args"] = custom_args
        return body
