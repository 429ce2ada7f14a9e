"""
A version for each recipient: calls with many of them.

https://developers.brevo.com/docs/batch-send-transactional-emails and
https://developers.brevo.com/reference/sendtransacemail (as of 2026-11-30): a call takes 1,000
versions with 2,000 recipients, and 1,000 KB of parameters. What stands beside the versions is for
all of them, but ``to``, for which Brevo refuses the call.

Headers within a version are in neither; django-anymail and Swoosh send them. Brevo does not say
whether they replace those of the call or join them, so a version that has any has all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.address import parse_address_list
from mailcore.http import JSON_HEADERS, json_bytes
from mailcore.message import Message, fills_in
from mailcore.sending import Entry, JsonCall, LazyRequests, copied, entries_of
from mailcore_brevo.idempotency import KEY_HEADER, key_of_call
from mailcore_brevo.merge_syntax import SYNTAX
from mailcore_brevo.options import HEADERS, BrevoOptions
from mailcore_brevo.payload.call import BrevoRequest
from mailcore_brevo.payload.email import Payload, consent_of, mailbox, mailboxes
from mailcore_brevo.payload.headers import REPLY_TO, api_headers


MAX_VERSIONS = 1000
MAX_RECIPIENTS = 2000
MAX_VERSION_BYTES = 1_000_000
_NAME = "messageVersions"


def batch_requests(
    message: Message,
    options: BrevoOptions,
    shared: Payload,
    *,
    url: str,
    headers: Mapping[str, str],
) -> Sequence[BrevoRequest]:
    """
    The calls of a batch, each written when it is looked at.

    Whatever could be wrong with a version is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        options: The options of the provider.
        shared: What all versions share.
        url: The URL of the call.
        headers: The HTTP headers of the call, beside those that say that it is JSON.

    Raises:
        MessageError: Some recipient's version cannot be written.
    """
    entries = entries_of(message)
    versions = _Versions(message, options, shared.get(HEADERS, {}))
    written = [json_bytes(versions.of(entry)) for entry in entries]
    others = copied(message)
    most = max(1, min(MAX_VERSIONS, MAX_RECIPIENTS // (1 + len(others))))
    packing = JsonCall(max_items=most, max_bytes=MAX_VERSION_BYTES, name=_NAME)
    places = list(packing.packed(map(len, written)))
    common = dict(shared)
    head = common.pop(HEADERS, {})
    rest = json_bytes(common)[1:-1]
    http_headers = {**JSON_HEADERS, **headers}

    def write(position: int) -> BrevoRequest:
        place = places[position]
        to = [entries[at].address.addr_spec for at in place]
        key = key_of_call(message, position, len(places))
        own_head = {**head, KEY_HEADER: key} if key is not None else head
        beside = [json_bytes({HEADERS: own_head})[1:-1]] if own_head else []
        if rest:
            beside.append(rest)
        call = JsonCall(
            max_items=most, max_bytes=MAX_VERSION_BYTES, name=_NAME, beside=b", ".join(beside)
        )
        return BrevoRequest(
            method="POST",
            url=url,
            headers=http_headers,
            body=call.joined(written[at] for at in place),
            timeout_seconds=options.timeout_seconds,
            # Who gets a copy of every mail is a recipient of one call.
            recipients=(*to, *(others if position == 0 else ())),
            copied=others,
            versions=len(place),
            has_key=key is not None,
        )

    return LazyRequests(range(len(places)), write)


class _Versions:
    """What the versions of a batch have each for itself."""

    def __init__(self, message: Message, options: BrevoOptions, headers: Mapping[str, str]) -> None:
        self._message = message
        everybodys = api_headers(message)
        self._extra = {
            name: value for name, value in headers.items() if everybodys.get(name) != value
        }
        self._consent = consent_of(message, options)
        _, cc, bcc = message.deliveries
        copies = {"cc": cc, "bcc": bcc}
        self._copies = {
            name: mailboxes(addresses, consent=self._consent)
            for name, addresses in copies.items()
            if addresses
        }
        is_filled_in = fills_in(message, SYNTAX)
        self._params = (message.merge_global_data or {}) if is_filled_in else None
        self._has_headers = bool(message.merge_metadata or message.merge_headers)

    def of(self, entry: Entry) -> Payload:
        """The version of one recipient."""
        version: Payload = {"to": mailboxes([entry.address], consent=self._consent), **self._copies}
        if self._params is not None and (self._params or entry.data):
            # Of everybody's parameters Brevo says nothing beside those of a version.
            version["params"] = {**self._params, **entry.data}
        if self._has_headers:
            own = api_headers(self._message, entry.headers, entry.metadata, self._extra)
            if entry.headers or entry.metadata:
                version[HEADERS] = own
            if REPLY_TO in entry.headers:
                version["replyTo"] = _reply_to(entry.headers[REPLY_TO])
        return version


def _reply_to(value: str) -> dict[str, Any]:
    (address,) = parse_address_list(value, field="merge_headers['Reply-To']")
    return mailbox(address, is_written_as_it_is=True)
