"""
Received mail, as Mailgun's routes post it: taken apart, as it was received, or stored for later.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http,
and store-retreive (read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.inbound import ReceivedFile, compose_inbound, header_pairs, received_files
from mailcore.webhook import Fields, Form, ReadOnlyJson, addr_spec_in, bracketed_id, parse_epoch
from mailcore_mailgun.header_list import HeaderList, read_header_list
from mailcore_mailgun.stored_urls import is_message_url
from mailcore_mailgun.verdicts import Verdicts, read_stripped, read_verdicts
from mailcore_mailgun.webhooks import SIGNATURE_FIELDS


CONTENT_ID_MAP = "content-id-map"
"""The field from Content-IDs to names of files."""

# Mailgun posts the header fields of a mail as fields of the form: a mail whose sender added one
# called “event” is a mail still. So do legacy events with the variables of a message, but an event
# has no body: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/
# receive-http (read 2026-11-21): body-plain is always there.
_OF_A_MAIL = ("sender", "recipient", "from")
_BODIES = ("body-plain", "body-html", "body-mime", "message-url")
_HEADER_FIELDS = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-Id")
_OTHER_BODY = re.compile(r"body-([a-z0-9][a-z0-9.+-]{0,60})", re.ASCII)
_NOT_OTHER = frozenset({"body-plain", "body-html", "body-mime"})
_ATTACHMENT = re.compile(r"attachment-(\d{1,6})", re.ASCII)


def is_inbound(form: Form) -> bool:
    """Whether a form brings a mail, and not an event."""
    if all(name in form for name in _OF_A_MAIL):
        return "event" not in form or any(name in form for name in _BODIES)
    return "event" not in form and ("sender" in form or "body-mime" in form)


def read_posted_mail(provider: str, form: Form) -> InboundEvent:
    """
    Read a form that a route posted.

    Args:
        provider: The name that the provider has in the event.
        form: The form that was posted: with the parts of the mail, with ``body-mime``, or with
            ``message-url``.
    """
    defects: list[str] = []
    recipients = address_list(form.text("recipient") or "")
    if not recipients:
        defects.append("`recipient` is missing")
    defects += [
        f"`{name}` occurs more than once: a header field has its name"
        for name in ("recipient", "sender")
        if len(set(form.texts(name))) > 1
    ]
    signed_at = parse_epoch(form.last_text("timestamp"))
    if signed_at is None:
        defects.append("`timestamp` cannot be read")
    has_several_lists = len(form.texts("message-headers")) > 1
    # A header field may have this name, too.
    content = None if "body-plain" in form else form.octets("body-mime")
    if content is not None:
        headers = HeaderList(header_pairs(content))
    else:
        # It comes after the fields of the mail's header, one of which may have its name.
        headers = read_header_list(form.last_text("message-headers"), defects)
        if not headers.pairs:
            defects.append("`message-headers` is missing")
            headers = _from_fields(form)
        elif has_several_lists:
            defects.append("`message-headers` occurs more than once: a header field has its name")
    url = _stored_at(form, headers, defects)
    if content is None and url is None:
        content = _compose(form, headers, defects)
    # Of several lists nobody can say for certain which is Mailgun's.
    verdicts = Verdicts() if has_several_lists else read_verdicts(headers)
    digest = form.digest(without=SIGNATURE_FIELDS)[:16]
    return InboundEvent(
        provider=provider,
        event_id=form.last_text("token"),
        timestamp=signed_at,
        message_id=bracketed_id(headers.first("message-id")),
        received_at=signed_at,
        dedupe_key=f"{provider}:received:{digest}",
        envelope_sender=addr_spec_in(form.text("sender") or "") or None,
        envelope_recipients=recipients,
        subject=form.text("subject"),
        stripped_text=read_stripped(form, "stripped-text", headers, defects),
        stripped_html=read_stripped(form, "stripped-html", headers, defects),
        content=content,
        location={} if url is None else {"url": url},
        spam=verdicts.spam,
        spam_score=verdicts.spam_score,
        spf=verdicts.spf,
        dkim=verdicts.dkim,
        defects=tuple(dict.fromkeys(defects)),
        esp_event=ReadOnlyJson(form.to_dict()),
    )


def read_stored(
    provider: str,
    fields: Fields,
    *,
    event_id: str | None,
    timestamp: datetime | None,
    received_at: datetime | None,
    dedupe_key: str,
    esp_event: object,
) -> InboundEvent:
    """
    Read an event of type ``stored``: a mail that a route stored, and that is fetched later.

    Args:
        provider: The name that the provider has in the event.
        fields: The fields of the event, with what could not be read so far.
        event_id: The id of the event.
        timestamp: When the event happened.
        received_at: When the notification of it was made.
        dedupe_key: The key that is the same for each delivery of the event.
        esp_event: What to keep of it.
    """
    message = _mapping(fields.document.get("message"))
    headers = _mapping(message.get("headers"))
    envelope = _mapping(fields.document.get("envelope"))
    recipients = _recipients(fields.document, message, envelope)
    if not recipients:
        fields.tell("message.recipients", "is missing")
    storage = _mapping(fields.document.get("storage"))
    location = {name: found for name in ("url", "key") if (found := _first_text(storage.get(name)))}
    if "url" not in location:
        fields.tell("storage.url", "is missing")
    return InboundEvent(
        provider=provider,
        event_id=event_id,
        timestamp=timestamp,
        message_id=bracketed_id(_first_text(headers.get("message-id"))),
        received_at=received_at,
        dedupe_key=dedupe_key,
        envelope_sender=addr_spec_in(_first_text(envelope.get("sender")) or "") or None,
        envelope_recipients=recipients,
        subject=_first_text(headers.get("subject")),
        location=location,
        defects=fields.distinct_defects,
        esp_event=esp_event,
    )


def _stored_at(form: Form, headers: HeaderList, defects: list[str]) -> str | None:
    """
    Where Mailgun stores the mail.

    Not where a header field of the mail of the same name says: what was posted would be lost.
    """
    forged = headers.all("message-url")
    given = [url for url in form.texts("message-url") if url not in forged]
    if forged:
        defects.append("`message-url` is the name of a header field, too")
    if not given:
        return None
    if not is_message_url(given[-1]):
        defects.append("`message-url` is not the address of a stored message")
        return None
    return given[-1]


def _compose(form: Form, headers: HeaderList, defects: list[str]) -> bytes:
    """The mail again, from its parts."""
    uploads = sorted(form.files, key=lambda upload: _position(upload.name))
    files = [
        (
            upload.name,
            ReceivedFile(
                content=upload.content,
                filename=upload.filename or None,
                content_type=upload.content_type or "application/octet-stream",
            ),
        )
        for upload in uploads
    ]
    announced = form.text("attachment-count") or ""
    if announced.isascii() and announced.isdecimal() and announced != str(len(files)):
        defects.append("`attachment-count` is not the number of files")
    if form.text("attachments") not in (None, "", "[]"):
        defects.append("`attachments` lists stored files, and nothing says where the mail is")
    others = [
        ReceivedFile(content=value, content_type=f"text/{match[1]}; charset=utf-8")
        for name, value in form.fields
        if name not in _NOT_OTHER and (match := _OTHER_BODY.fullmatch(name))
    ]
    html = form.texts("body-html")
    return compose_inbound(
        headers.pairs,
        text=form.text("body-plain"),
        html="\n".join(html) if html else None,
        files=[
            *received_files(files, form.text(CONTENT_ID_MAP), defects, field=CONTENT_ID_MAP),
            *others,
        ],
    )


def _position(name: str) -> tuple[int, str]:
    match = _ATTACHMENT.fullmatch(name)
    return (int(match[1]) if match else 10**6, name)


def _from_fields(form: Form) -> HeaderList:
    """The usual header fields: Mailgun posts each of them on its own as well."""
    pairs = [(name, value) for name in _HEADER_FIELDS for value in form.texts(name)]
    if "From" not in form and (sender := form.text("from")):
        pairs.append(("From", sender))
    if "Subject" not in form and (subject := form.text("subject")):
        pairs.append(("Subject", subject))
    return HeaderList(tuple(pairs))


def _recipients(
    data: Mapping[str, Any], message: Mapping[str, Any], envelope: Mapping[str, Any]
) -> tuple[str, ...]:
    for given in (message.get("recipients"), data.get("recipient"), envelope.get("targets")):
        listed = given if isinstance(given, list) else [given]
        found = [
            address for each in listed if isinstance(each, str) for address in address_list(each)
        ]
        if found:
            distinct = {address_key(address): address for address in reversed(found)}
            return tuple(reversed(distinct.values()))
    return ()


def address_list(text: str) -> tuple[str, ...]:
    """The addr-specs of a list with commas, each once."""
    found = map(addr_spec_in, text.split(","))
    return tuple(dict.fromkeys(address for address in found if address))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first_text(value: object) -> str | None:
    """A text, or the first of several: mails are stored in more than one place."""
    if isinstance(value, list):
        value = next((each for each in value if isinstance(each, str)), None)
    return value if isinstance(value, str) and value else None
