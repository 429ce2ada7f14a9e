"""
``POST /v3/{domain}/messages``: a message from its parts, which Mailgun writes.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read
2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping, Sequence

from mailcore.batch import Entry, entries_of
from mailcore.flow import HttpRequest
from mailcore.frozen import thaw
from mailcore.http_requests import FormFile
from mailcore.message import Message
from mailcore_mailgun.extra import Fields, with_extra
from mailcore_mailgun.payload.fragments import (
    bare,
    header_text,
    headers_of,
    named,
    option_pairs,
)
from mailcore_mailgun.payload.settings import SendingSettings
from mailcore_mailgun.recipient_variables import (
    calls,
    data_names,
    metadata_text,
    reference,
    variables_of,
)


def form_request_of(message: Message, settings: SendingSettings) -> HttpRequest:
    """The call for one message to all of its recipients."""
    fields = _head(message)
    for name, addresses in zip(("to", "cc", "bcc"), message.deliveries, strict=True):
        fields += [(name, named(address)) for address in addresses]
    fields += _content(message)
    if message.template_id is not None and message.merge_global_data:
        fields.append(("t:variables", json.dumps(thaw(message.merge_global_data))))
    fields += option_pairs(message, settings.options)
    fields += [(f"h:{name}", value) for name, value in headers_of(message).items()]
    fields += [(f"v:{key}", metadata_text(value)) for key, value in message.metadata.items()]
    return settings.request(
        message, "messages", with_extra(fields, message), files_of(message), message.recipients
    )


def batch_requests(message: Message, settings: SendingSettings) -> list[HttpRequest]:
    """The calls for a batch, each with the variables of up to 1,000 recipients."""
    common = _content(message)
    common += option_pairs(message, settings.options)
    files = files_of(message)
    return [
        settings.request(
            message,
            "messages",
            with_extra(_of_call(message, entries, common), message),
            files,
            tuple(entry.address.addr_spec for entry in entries),
        )
        for entries in calls(entries_of(message))
    ]


def _of_call(message: Message, entries: Sequence[Entry], common: Fields) -> Fields:
    variables = variables_of(message, entries)
    fields = _head(message)
    fields += [("to", named(entry.address)) for entry in entries]
    fields += common
    fields += _headers(message, variables.headers)
    fields += _metadata(message, variables.metadata)
    for name, variable in variables.headers.items():
        for values in variables.values:
            values[variable] = header_text(name, values[variable])
    addresses = [bare(entry.address) for entry in entries]
    by_address = dict(zip(addresses, variables.values, strict=True))
    fields.append(("recipient-variables", json.dumps(by_address)))
    return fields


def _headers(message: Message, own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    replaced = {name.lower() for name in own}
    for name, value in headers_of(message).items():
        if name.lower() not in replaced:
            yield f"h:{name}", value
    for name, variable in own.items():
        yield f"h:{name}", reference(variable)


def _metadata(message: Message, own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in message.metadata.items():
        if key not in own:
            yield f"v:{key}", metadata_text(value)
    for key, variable in own.items():
        yield f"v:{key}", reference(variable)
    if message.template_id is not None:
        # The variables of a stored template are those that metadata have, too.
        for name in data_names(message):
            yield f"v:{name}", reference(name)


def _head(message: Message) -> Fields:
    assert message.from_email is not None
    return [("from", named(message.from_email))]


def _content(message: Message) -> Fields:
    fields: Fields = []
    if message.subject is not None:
        fields.append(("subject", message.subject))
    if message.text is not None:
        fields.append(("text", message.text))
    if message.html is not None:
        fields.append(("html", message.html))
    fields += [("amp-html", part.content) for part in message.alternatives]
    if message.template_id is not None:
        fields.append(("template", message.template_id))
    return fields


def files_of(message: Message) -> list[FormFile]:
    """
    The attachments.

    Mailgun makes the name of an inline one its Content-ID
    (https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-attachments),
    and drops one without a name (``docs/esps/mailgun.rst`` in
    https://github.com/anymail/django-anymail, whose author tested it; both read 2026-11-21).
    """
    return [
        FormFile(
            name="inline" if part.inline else "attachment",
            filename=(part.content_id if part.inline else None)
            or part.filename
            or _made_up_name(part.mime_type),
            content=part.content,
            content_type=part.content_type,
        )
        for part in message.attachments
    ]


def _made_up_name(mime_type: str) -> str:
    import mimetypes

    return f"attachment{mimetypes.guess_extension(mime_type) or ''}"
