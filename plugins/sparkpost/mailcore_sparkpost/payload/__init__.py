"""
Message → the transmissions that send it.

Which it is follows from the fields of the message, once a mailer's defaults are merged in;
``provider.build(message)`` shows it without sending.

=============================================  ===================================================
The message                                    Transmissions
=============================================  ===================================================
is complete                                    one with its content, to all recipients
has a template_id                              one with the template, to all recipients
has merge_data, merge_metadata or              with an entry and a mail for each address in
merge_headers                                  ``to``: up to 2,000 mails in a call, and one call
                                               for those who have the same names of headers
has a calendar, another alternative, or a      one with ``email_rfc822``, a whole mail that is
file whose name SparkPost would garble         written here; of a batch, one for each recipient
=============================================  ===================================================

A field counts as given even if it is empty: ``merge_data={}`` alone sends everybody an own mail. In
a batch, cc and bcc get a copy of every mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.flow import HttpRequest
from mailcore.http import json_bytes
from mailcore.message import Message, extra_of, merged
from mailcore.sending import Entry, JsonCall, LazyRequests, copied, entries_of, requests_for_each
from mailcore_sparkpost.options import (
    NAMESPACE,
    SUBACCOUNT,
    SparkPostOptions,
    subaccount_of,
    transmission_of,
)
from mailcore_sparkpost.payload.content import transmission
from mailcore_sparkpost.payload.plan import TO, Plan
from mailcore_sparkpost.payload.recipients import of_batch, of_message
from mailcore_sparkpost.payload.variables import Variables


__all__ = ["TransmissionRequest", "requests_for"]

# https://github.com/SparkPost/support-docs, content/docs/tech-resources/
# smtp-rest-api-performance.md (read 2026-11-30): calls of 2,000 recipients, of at most 50 MB.
MAX_RECIPIENTS = 2000
MAX_BYTES = 50_000_000


@dataclass(frozen=True, kw_only=True)
class TransmissionRequest(HttpRequest):
    """
    The call of one transmission.

    Args:
        mails: How many entries it has, which the answer counts: copies of a batch are several.
    """

    mails: int = 1


def requests_for(
    message: Message, options: SparkPostOptions, plan: Plan
) -> Sequence[TransmissionRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
        ConfigurationError: The message brings a subaccount that cannot be one.
    """
    writer = _Writer(message, options, plan)
    if not message.is_batch:
        return [writer.single(message)]
    if plan.is_mime:
        return requests_for_each(
            message, writer.single, attachments=None, text="", html=None, alternatives=None
        )
    return writer.batch()


class _Writer:
    def __init__(self, message: Message, options: SparkPostOptions, plan: Plan) -> None:
        self._message = message
        self._options = options
        self._plan = plan
        self._extra = transmission_of(message)
        self._headers = options.headers
        if SUBACCOUNT in extra_of(message, NAMESPACE):
            self._headers = options.headers_for(subaccount_of(message))

    def single(self, message: Message) -> TransmissionRequest:
        variables = Variables(message)
        payload = transmission(message, self._options, self._plan, variables, {})
        deliveries = message.deliveries
        payload["recipients"] = of_message(message, self._plan, deliveries)
        addresses = tuple([address.addr_spec for address in deliveries.everybody])
        body = json_bytes(merged(payload, self._extra) if self._extra else payload)
        return self._request(body, addresses, len(addresses))

    def batch(self) -> Sequence[TransmissionRequest]:
        message, others = self._message, copied(self._message)
        each = 1 + len(others)
        calls: list[tuple[JsonCall, list[tuple[str, bytes]]]] = []
        for names, entries in _alike(entries_of(message)):
            variables = Variables(message)
            own = {name: variables.named(f"h{number}") for number, name in enumerate(names)}
            payload = transmission(message, self._options, self._plan, variables, own)
            call = JsonCall(
                max_items=max(1, MAX_RECIPIENTS // each),
                max_bytes=MAX_BYTES,
                name="recipients",
                beside=json_bytes(merged(payload, self._extra))[1:-1],
            )
            mails = of_batch(message, self._plan, entries, own)
            texts = [json_bytes(mail)[1:-1] for mail in mails]
            pairs = list(zip((e.address.addr_spec for e in entries), texts, strict=True))
            calls += [
                (call, pairs[place.start : place.stop]) for place in call.packed(map(len, texts))
            ]

        def write(position: int) -> TransmissionRequest:
            call, pairs = calls[position]
            # Who gets a copy of every mail is a recipient of one call.
            to = tuple(address for address, _ in pairs) + (others if position == 0 else ())
            body = call.joined(text for _, text in pairs)
            return self._request(body, to, each * len(pairs), others)

        return LazyRequests(range(len(calls)), write)

    def _request(
        self, body: bytes, recipients: tuple[str, ...], mails: int, others: tuple[str, ...] = ()
    ) -> TransmissionRequest:
        return TransmissionRequest(
            method="POST",
            url=self._options.url,
            headers=self._headers,
            body=body,
            timeout_seconds=self._options.timeout_seconds,
            recipients=recipients,
            copied=others,
            mails=mails,
        )


def _alike(entries: Sequence[Entry]) -> list[tuple[list[str], list[Entry]]]:
    """
    Recipients by the names of their headers.

    A header that a call has, all of its mails have: somebody without a value would get an empty
    one. The To line is no header there.
    """
    groups: dict[frozenset[str], tuple[list[str], list[Entry]]] = {}
    for entry in entries:
        names = [name for name in entry.headers if name.lower() != TO]
        groups.setdefault(frozenset(map(str.lower, names)), (names, []))[1].append(entry)
    return list(groups.values())
