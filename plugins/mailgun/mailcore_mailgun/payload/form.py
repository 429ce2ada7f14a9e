"""
``POST /v3/{domain}/messages``: a message from its parts, which Mailgun writes.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read
2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping, Sequence

from mailcore.flow import HttpRequest
from mailcore.foundation import thaw
from mailcore.message import Message, value_names
from mailcore.sending import Entry, entries_of
from mailcore_mailgun.options import Fields, MailgunOptions, with_extra
from mailcore_mailgun.payload.call import call
from mailcore_mailgun.payload.files import files_and_html
from mailcore_mailgun.payload.fragments import (
    bare,
    header_text,
    headers_of,
    named,
    option_pairs,
)
from mailcore_mailgun.recipient_variables import (
    calls,
    made_up_prefix,
    metadata_text,
    reference,
    variables_of,
)


def form_request_of(message: Message, options: MailgunOptions) -> HttpRequest:
    """The call for one message to all of its recipients."""
    fields = _head(message)
    for name, addresses in zip(("to", "cc", "bcc"), message.deliveries, strict=True):
        fields += [(name, named(address)) for address in addresses]
    files, html = files_and_html(message)
    fields += _content(message, html)
    if message.template_id is not None and message.merge_global_data:
        fields.append(("t:variables", json.dumps(thaw(message.merge_global_data))))
    fields += option_pairs(message, options.given_fields)
    fields += [(f"h:{name}", value) for name, value in headers_of(message).items()]
    fields += [(f"v:{key}", metadata_text(value)) for key, value in message.metadata.items()]
    return call(message, options, "messages", fields, files, recipients=message.recipients)


def batch_requests(message: Message, options: MailgunOptions) -> list[HttpRequest]:
    """The calls for a batch, each with the variables of up to 1,000 recipients."""
    files, html = files_and_html(message)
    common = _content(message, html)
    common += option_pairs(message, options.given_fields)
    prefix = made_up_prefix(value_names(message), _searched(message, common))
    return [
        call(
            message,
            options,
            "messages",
            _of_call(message, entries, common, prefix),
            files,
            recipients=tuple(entry.address.addr_spec for entry in entries),
        )
        for entries in calls(entries_of(message))
    ]


def _searched(message: Message, common: Fields) -> Iterator[str]:
    """Every text of the calls in which Mailgun may look for references."""
    everything = [*_head(message), *(("to", named(address)) for address in message.to), *common]
    everything += headers_of(message).items()
    everything += message.metadata.items()
    for name, value in everything:
        yield name
        yield metadata_text(value)
    for name, text in with_extra([], message):
        yield name
        yield text


def _of_call(message: Message, entries: Sequence[Entry], common: Fields, prefix: str) -> Fields:
    variables = variables_of(message, entries, prefix)
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
    if "list-unsubscribe" in replaced:
        # The one of all belongs to the URL of all.
        replaced.add("list-unsubscribe-post")
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
        for name in value_names(message):
            yield f"v:{name}", reference(name)


def _head(message: Message) -> Fields:
    """
    The authors; without any, Mailgun takes the From header of the template.

    Mailgun takes several (https://github.com/anymail/django-anymail/issues/60, read 2026-11-30).
    """
    return [("from", named(author)) for author in message.authors]


def _content(message: Message, html: str | None) -> Fields:
    """Subject and bodies; an empty text counts as none."""
    fields: Fields = []
    if message.subject:
        fields.append(("subject", message.subject))
    if message.text:
        fields.append(("text", message.text))
    if html:
        fields.append(("html", html))
    fields += [("amp-html", part.content) for part in message.alternatives]
    if message.template_id is not None:
        fields.append(("template", message.template_id))
    return fields
