"""
Mailgun's webhooks of before June 2018: forms, with the variables of the message among the fields.

https://github.com/mailgun/documentation (source/user_manual.rst, *Tracking …*, commit 00973022) and
https://help.mailgun.com/hc/en-us/articles/14048832145051-Legacy-Webhooks (read 2026-11-21). What
these do not say is known from django-anymail's reading of the same webhooks, and is marked.
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.bounces.outcome import HARD_BOUNCE, SUPPRESSED_BOUNCE, UNKNOWN, Outcome
from mailcore.errors import MalformedWebhook
from mailcore.events import BounceClass, EventType, TrackingEvent
from mailcore.webhook import (
    Form,
    ReadOnlyJson,
    addr_spec_in,
    bracketed_id,
    parse_epoch,
    read_object,
)
from mailcore_mailgun.event_map import CODES, OUTCOMES, enhanced_status, judged
from mailcore_mailgun.header_list import read_header_list
from mailcore_mailgun.webhooks import SIGNATURE_FIELDS


_OUTCOMES = {
    "bounced": HARD_BOUNCE,
    "dropped": SUPPRESSED_BOUNCE,
    **{
        name: OUTCOMES[name]
        for name in ("delivered", "opened", "clicked", "unsubscribed", "complained")
    },
}
_UNABLE_TO_CONNECT = 499  # Known from django-anymail: no server was reached.
_GAVE_UP = CODES[602]

# Fields of the events that do not bring the message's headers; all others are variables. Those in
# the last line are not documented, and known from django-anymail.
_FIELDS = SIGNATURE_FIELDS | {
    *("event", "recipient", "domain", "ip", "country", "region", "city", "user-agent"),
    *("device-type", "client-type", "client-name", "client-os", "campaign-id", "campaign-name"),
    *("tag", "mailing-list", "url"),
    *("body-plain", "h", "message-id", "Message-Id", "X-Mailgun-Tag", "X-Mailgun-Sid"),
    *("message-headers", "attachment-count"),
}
# Fields of one type of event: in the others the name is a variable's.
_FIELDS_OF = {
    "bounced": _FIELDS | {"code", "error", "notification"},
    "dropped": _FIELDS | {"code", "reason", "description", "error", "notification"},
}
# Files of bounces, complaints and failures; a field in forms that are URL-encoded.
_ATTACHMENT = re.compile(r"attachment-\d{1,6}", re.ASCII)


def read_legacy_event(provider: str, form: Form) -> TrackingEvent:
    """
    Read a form that reports an event.

    Args:
        provider: The name that the provider has in the event.
        form: What was posted. Where a variable has the name of a field, the field's own value
            comes first, but for timestamp, token and signature, where it comes last.
    """
    defects: list[str] = []
    name = form.text("event")
    if name is None:
        defects.append("`event` is missing")
    kind = (name or "unknown").lower()
    outcome = _judge(kind, form)
    recipient = addr_spec_in(form.text("recipient") or "") or None
    if recipient is None:
        defects.append("`recipient` is missing")
    timestamp = parse_epoch(form.last_text("timestamp"))
    if timestamp is None:
        defects.append("`timestamp` cannot be read")
    headers = read_header_list(form.text("message-headers"), defects)
    message_id = bracketed_id(
        form.text("Message-Id") or form.text("message-id") or headers.first("message-id")
    )
    if message_id is None:
        defects.append("`Message-Id` is missing")
    code = {"enhanced-code": form.text("code"), "message": form.text("error")}
    digest = form.digest(without=SIGNATURE_FIELDS - {"timestamp"})[:16]
    return TrackingEvent(
        provider=provider,
        event_type=outcome.event_type,
        recipient=recipient,
        timestamp=timestamp,
        received_at=timestamp,
        message_id=message_id,
        # These events have no id. What is sent again has the time of the first attempt.
        dedupe_key=f"{provider}:{kind}:{digest}:{address_key(recipient or '')}",
        metadata=_metadata(form, kind, headers.all("x-mailgun-variables"), defects),
        tags=form.texts("tag") or form.texts("X-Mailgun-Tag"),
        reject_reason=outcome.reject_reason,
        bounce_class=outcome.bounce_class,
        smtp_status=enhanced_status(code),
        mta_response=form.text("error") or form.text("notification") or None,
        description=form.text("description") or form.text("reason") or None,
        user_agent=form.text("user-agent") or None,
        click_url=form.text("url") if kind == "clicked" else None,
        ip_address=form.text("ip") or None,
        defects=tuple(defects),
        esp_event=ReadOnlyJson(form.to_dict()),
    )


def _judge(kind: str, form: Form) -> Outcome:
    outcome = _OUTCOMES.get(kind, UNKNOWN)
    if outcome.event_type not in (EventType.BOUNCED, EventType.REJECTED):
        return outcome
    code = form.text("code") or ""
    number = int(code) if code.isdecimal() and code.isascii() and len(code) == 3 else 0
    if number in CODES:
        return CODES[number]
    # “old”: more than 8 hours of trying.
    if form.text("reason") == "old" or number == _UNABLE_TO_CONNECT:
        return _GAVE_UP
    told = BounceClass.SOFT if code.startswith("4") else outcome.bounce_class
    said = {
        "enhanced-code": code,
        "message": form.text("error") or form.text("description"),
        "code": number,
    }
    return judged(outcome, said, told)


def _metadata(
    form: Form, kind: str, variables: tuple[str, ...], defects: list[str]
) -> Mapping[str, Any]:
    if "message-headers" in form:
        return _from_headers(variables, defects)
    fields = _FIELDS_OF.get(kind, _FIELDS)
    found: dict[str, Any] = {}
    for name in form.names():
        values = form.texts(name)
        if _ATTACHMENT.fullmatch(name):
            continue
        if name not in fields:
            found[name] = values[-1]
        elif len(values) > 1 and name not in ("tag", "X-Mailgun-Tag"):
            found[name] = values[0] if name in SIGNATURE_FIELDS else values[-1]
    return found


def _from_headers(variables: tuple[str, ...], defects: list[str]) -> Mapping[str, Any]:
    """Each header field of this name has a JSON object with some of the variables."""
    found: dict[str, Any] = {}
    for text in variables:
        try:
            found.update(read_object(text, "`X-Mailgun-Variables`"))
        except MalformedWebhook as error:
            defects.append(str(error))
    return found
