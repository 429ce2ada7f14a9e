"""The calls that send a message, by its plan."""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.http import redirect_target
from mailcore.message import Message, merged
from mailcore.sending import (
    Entry,
    IndividualRequests,
    LazyRequests,
    copied,
    entries_of,
    own_message,
    with_copies_once,
)
from mailcore_ses.aws.call import AwsCall, LateParameters
from mailcore_ses.payload import complete, templated, v1
from mailcore_ses.payload.extra import entry_extra, merged_tags, with_extra
from mailcore_ses.payload.fragments import Parameters, for_every_message
from mailcore_ses.payload.names import names_in
from mailcore_ses.payload.plan import Choice, Plan


# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html and, for cc and bcc,
# https://docs.aws.amazon.com/ses/latest/APIReference/API_SendBulkTemplatedEmail.html: 50 recipients
# "across the To:, CC: and BCC: fields" (read 2026-11-21).
MAX_DESTINATIONS = 50


def requests_for(message: Message, plan: Plan) -> Sequence[AwsCall]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    if plan.choice is Choice.BULK:
        return _bulk_calls(message, plan)
    if plan.choice is Choice.INDIVIDUAL:
        return _individual_calls(message, plan)
    return [
        AwsCall(
            service=plan.service,
            operation=plan.operation,
            params=_parameters(message, plan),
            recipients=message.recipients,
            is_valid=not plan.extra,
        )
    ]


def _parameters(message: Message, plan: Plan, *, signs: bool = True) -> Parameters:
    """Those of one message: of options, then its own, then what it brings in ``esp_extra``."""
    if plan.choice is Choice.TEMPLATE:
        own = v1.templated(message) if plan.is_v1 else templated.template_email(message)
    elif plan.is_simple:
        own = complete.simple_email(message)
    else:
        # What is redirected has no signature that anybody would believe.
        signs = signs and redirect_target() is None
        data = complete.raw_data(message, plan.options.signer if signs else None)
        own = v1.raw(message, data) if plan.is_v1 else complete.raw_email(message, data)
    return with_extra({**for_every_message(message, plan), **own}, plan)


def _individual_calls(message: Message, plan: Plan) -> Sequence[AwsCall]:
    """
    A complete message to each recipient, with their own To line, metadata and headers.

    Each is written when it is sent. Whatever could be wrong with one of them is found here: nothing
    may fail after the first call.
    """
    message = with_copies_once(message)
    extras = entry_extra(plan.extra)

    def write(message: Message, entry: Entry, *, signs: bool = True) -> Parameters:
        parameters = _parameters(own_message(message, entry), plan, signs=signs)
        extra = dict(extras.get(entry.address.key, {}))
        tags = extra.pop("ReplacementTags", ())
        if tags:
            for name in names_in(plan.operation, "EmailTags"):
                parameters[name] = merged_tags(parameters.get(name, ()), tags)
        return merged(parameters, extra)

    def call_for(entry: Entry) -> AwsCall:
        return AwsCall(
            service=plan.service,
            operation=plan.operation,
            params=LateParameters(lambda: write(message, entry)),
            is_valid=not plan.extra,
        )

    calls = IndividualRequests(message, call_for)
    header_only = message.replace(text=None, html=None, alternatives=None, attachments=None)
    for entry in calls.entries:
        write(header_only, entry, signs=False)
    return calls


def _bulk_calls(message: Message, plan: Plan) -> Sequence[AwsCall]:
    others = copies = copied(message)
    size = max(1, MAX_DESTINATIONS // (1 + len(copies)))
    entries = entries_of(message)
    extras = entry_extra(plan.extra)
    bulk = v1.Bulk(message) if plan.is_v1 else templated.Bulk(message)
    to_all = {**for_every_message(message, plan), **bulk.to_all}

    def write(start: int) -> AwsCall:
        some = entries[start : start + size]
        destinations = [bulk.destination(entry) for entry in some]
        if extras:
            destinations = [
                merged(parameters, extras.get(entry.address.key, {}))
                for entry, parameters in zip(some, destinations, strict=True)
            ]
        return AwsCall(
            service=plan.service,
            operation=plan.operation,
            params=with_extra({**to_all, bulk.name: destinations}, plan),
            recipients=(*[entry.address.addr_spec for entry in some], *(() if start else others)),
            copied=copies,
            is_valid=not plan.extra,
        )

    calls = LazyRequests(range(0, len(entries), size), write)
    # Values were checked; of headers and what esp_extra brings, nothing may fail after the first.
    may_fail = plan.extra or message.merge_headers is not None or message.merge_metadata is not None
    return list(calls) if may_fail else calls
