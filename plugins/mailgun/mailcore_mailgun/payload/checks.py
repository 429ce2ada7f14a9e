"""What Mailgun cannot express, beyond what its declared features say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from mailcore.errors import Problem
from mailcore.features import Feature
from mailcore.message import (
    Message,
    WithoutHeaders,
    WithoutKeys,
    place_in_extra,
    value_names,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    own_header_names,
    refused_alternatives,
    refused_headers,
)
from mailcore_mailgun.options import NAMESPACE, SENDER_DOMAIN, MailgunOptions, extra_of
from mailcore_mailgun.payload.call import domain_fault_of, knows_domain_of, no_domain
from mailcore_mailgun.payload.extra_checks import check_fields, header_refused
from mailcore_mailgun.payload.mime import MIME_FIELDS
from mailcore_mailgun.payload.plan import Plan, is_beyond_the_form


_EAI = Feature.INTERNATIONAL_ADDRESSES.value


def check(
    message: Message, options: MailgunOptions, plan_of: Callable[[Message], Plan]
) -> Iterator[Problem]:
    """
    Name everything in a message that would be lost, or not arrive.

    Args:
        message: The message that is checked.
        options: The options of the provider.
        plan_of: Decides how a message goes; asked where something depends on it.
    """
    yield from _addresses(message, plan_of)
    if message.template_id is not None:
        yield from _template(message, options)
        yield from _shared_names(message)
    yield from refused_headers(message.headers, "headers", header_refused)
    if message.is_batch:
        yield from _batch(message)
    yield from _extra(message, options, plan_of)


def _addresses(message: Message, plan_of: Callable[[Message], Plan]) -> Iterator[Problem]:
    # ``docs/esps/mailgun.rst`` in https://github.com/anymail/django-anymail (read 2026-11-21),
    # whose author tested it. Recipients get the mail all the same.
    for field, addresses in (("from_email", message.authors), ("reply_to", message.reply_to)):
        if any(address.uses_eai for address in addresses):
            reason = f"`{field}` is not ASCII before the @: Mailgun writes an invalid header of it"
            yield Problem(field, reason, "use an ASCII address there", feature=_EAI)
    visible = [
        field
        for field in ("to", "cc")
        if any(address.uses_eai for address in getattr(message, field))
    ]
    if visible and plan_of(message).is_written_here:
        for field in visible:
            reason = f"`{field}` is not ASCII before the @, in a message that goes as MIME"
            hint = "leave out what Mailgun's form has no field for, or send to it as Bcc"
            yield Problem(field, reason, hint, feature=_EAI)


def _template(message: Message, options: MailgunOptions) -> Iterator[Problem]:
    if not knows_domain_of(message, options):
        yield no_domain()
    why = "Mailgun takes one of them and not the other"
    yield from bodies_beside_template(message, ("text", "html"), why)
    reason = "`alternatives` beside `template_id`: Mailgun takes one and not the other"
    yield from refused_alternatives(message, reason, "leave alternatives out")
    reason = "spoofed_to is not supported with templates, where Mailgun writes To"
    spoofed_to = Feature.SPOOFED_TO.value
    if "To" in message.headers:
        remedy = WithoutHeaders(("To",))
        yield Problem("headers['To']", reason, feature=spoofed_to, remedy=remedy)
    if any("to" in headers for headers in (message.merge_headers or {}).values()):
        remedy = WithoutHeaders(("To",), "merge_headers")
        yield Problem("merge_headers['To']", reason, feature=spoofed_to, remedy=remedy)
    if not message.to:
        reason = "no `to` recipients: Mailgun wants one with a template"
        yield Problem("to", reason, "cc and bcc alone go without a template only")


def _batch(message: Message) -> Iterator[Problem]:
    if message.template_id is None:
        yield from batch_without_recipients(message)
    own = own_header_names(message)
    if "from" in own:
        reason = "merge_headers['From']: all mails of a batch come from `from_email`"
        yield Problem("merge_headers", reason, feature=Feature.MERGE_HEADERS.value)
    yield from refused_headers(sorted(own.values()), "merge_headers", header_refused)


def _shared_names(message: Message) -> Iterator[Problem]:
    """
    Metadata and values of one name: in a template, ``v:`` fields are both.

    A recipient without a value of their own would read the metadata of that name
    (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, read
    2026-11-30).
    """
    values = set(value_names(message))
    variables = extra_of(message).get("t:variables")
    if isinstance(variables, Mapping):
        values.update(variables)
    yield from _shared("metadata", [message.metadata], values)
    yield from _shared("merge_metadata", (message.merge_metadata or {}).values(), values)


def _shared(
    field: Literal["metadata", "merge_metadata"],
    given: Iterable[Mapping[str, Any]],
    values: set[str],
) -> Iterator[Problem]:
    shared = values.intersection(name for each in given for name in each)
    if shared:
        some = ", ".join(repr(name[:60]) for name in sorted(shared)[:3])
        reason = f"`{field}` and the values for the template share the name {some}"
        hint = "rename one: in a template, Mailgun has one variable for both"
        remedy = WithoutKeys(tuple(sorted(shared)), field)
        yield Problem(field, reason, hint, feature=field, remedy=remedy)


def _extra(
    message: Message, options: MailgunOptions, plan_of: Callable[[Message], Plan]
) -> Iterator[Problem]:
    fault = domain_fault_of(message)
    if fault:
        yield Problem(place_in_extra(NAMESPACE, SENDER_DOMAIN), fault)
    extra = extra_of(message)
    if extra:
        yield from check_fields(message, extra)
    if extra and plan_of(message).is_written_here:
        why = "this message goes as MIME"
        if options.content == "form" and is_beyond_the_form(message):
            why += ", for Mailgun's form has no field for something in it"
        for name in extra:
            if name != SENDER_DOMAIN and not name.startswith(MIME_FIELDS):
                place = place_in_extra(NAMESPACE, name)
                yield Problem(place, f"{place}: messages.mime has no such field, and {why}")
