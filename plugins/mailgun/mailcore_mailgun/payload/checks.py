"""What Mailgun cannot express, beyond what its declared features say."""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import Problem
from mailcore.features import AMP, Feature
from mailcore.message import Message
from mailcore_mailgun.extra import NAMESPACE, SENDER_DOMAIN, extra_of, texts_of
from mailcore_mailgun.payload.choose import Choice, choose, is_beyond_the_form, needs_mime
from mailcore_mailgun.payload.mime import MIME_FIELDS
from mailcore_mailgun.payload.settings import SendingSettings, sender_domain_problem


_LINE_END = re.compile(r"[\r\n]")
_RECIPIENTS = frozenset({"to", "cc", "bcc"})
_VARIABLES = "recipient-variables"
_BODIES = ("text", "html", "alternatives")
_EAI = Feature.INTERNATIONAL_ADDRESSES.value


def check(message: Message, settings: SendingSettings) -> Iterator[Problem]:
    """Name everything in a message that would be lost, or not arrive."""
    yield from _addresses(message, settings)
    if message.template_id is not None:
        yield from _template(message)
    if message.is_batch:
        yield from _batch(message)
    yield from _extra(message, settings)


def _addresses(message: Message, settings: SendingSettings) -> Iterator[Problem]:
    # ``docs/esps/mailgun.rst`` in https://github.com/anymail/django-anymail (read 2026-11-21),
    # whose author tested it. Recipients get the mail all the same.
    for field, addresses in (("from_email", (message.from_email,)), ("reply_to", message.reply_to)):
        if any(address is not None and address.uses_eai for address in addresses):
            reason = f"`{field}` is not ASCII before the @: Mailgun writes an invalid header of it"
            yield Problem(field, reason, "use an ASCII address there", feature=_EAI)
    visible = [
        field
        for field in ("to", "cc")
        if any(address.uses_eai for address in getattr(message, field))
    ]
    if visible and _is_written_here(message, settings):
        for field in visible:
            reason = f"`{field}` is not ASCII before the @, in a message that goes as MIME"
            hint = "leave out what Mailgun's form has no field for, or send to it as Bcc"
            yield Problem(field, reason, hint, feature=_EAI)


def _is_written_here(message: Message, settings: SendingSettings) -> bool:
    choice = choose(message, settings.content)
    if choice is Choice.INDIVIDUAL:
        return message.template_id is None and (needs_mime(message) or settings.content == "mime")
    return choice is Choice.MIME


def _template(message: Message) -> Iterator[Problem]:
    for field in _BODIES:
        if getattr(message, field):
            amp = any(part.mime_type == AMP for part in message.alternatives)
            feature = "templates" if field != "alternatives" else "amp_html" if amp else field
            reason = f"`{field}` beside `template_id`: Mailgun takes one of them and not the other"
            yield Problem(field, reason, f"leave {field} out", feature=feature)
    own_to = any("to" in headers for headers in (message.merge_headers or {}).values())
    if "To" in message.headers or own_to:
        reason = "spoofed_to is not supported with templates, where Mailgun writes To"
        yield Problem("headers['To']", reason, feature=Feature.SPOOFED_TO.value)
    if not message.to:
        reason = "no `to` recipients: Mailgun wants one with a template"
        yield Problem("to", reason, "cc and bcc alone go without a template only")


def _batch(message: Message) -> Iterator[Problem]:
    if not message.to and message.template_id is None:
        hint = "a batch makes a mail for each address in `to`"
        yield Problem("to", "no `to` recipients", hint)
    if any("from" in headers for headers in (message.merge_headers or {}).values()):
        reason = "merge_headers['From']: all mails of a batch come from `from_email`"
        yield Problem("merge_headers", reason, feature=Feature.MERGE_HEADERS.value)


def _fields(message: Message, extra: Mapping[str, Any]) -> Iterator[Problem]:
    """What no field of ``esp_extra`` may say, because it would be lost or be seen by others."""
    for name in extra:
        place = f"esp_extra[{NAMESPACE!r}][{name!r}]"
        if name in _RECIPIENTS:
            reason = f"{place}: these recipients would have no status"
            yield Problem(place, reason, f"give them as `{name}` of the message")
        elif name == _VARIABLES and message.is_batch:
            reason = f"{place}: without the batch's own, all recipients would see each other"
            yield Problem(place, reason, "give merge_data")
        elif name.lower() == "h:bcc":
            reason = f"{place}: all recipients would see it"
            yield Problem(place, reason, "give bcc")
        elif not name or not name.isprintable():
            place = f"esp_extra[{NAMESPACE!r}]"
            yield Problem(place, f"{place}: the name of a field is empty or has several lines")
    broken = {
        name
        for name, text in texts_of(extra)
        if name.lower().startswith("h:") and _LINE_END.search(text)
    }
    for name in sorted(broken):
        place = f"esp_extra[{NAMESPACE!r}][{name!r}]"
        yield Problem(place, f"{place} must be a text of one line")


def _extra(message: Message, settings: SendingSettings) -> Iterator[Problem]:
    problem = sender_domain_problem(message)
    if problem is not None:
        yield problem
    extra = extra_of(message)
    if extra:
        yield from _fields(message, extra)
    if extra and _is_written_here(message, settings):
        why = "this message goes as MIME"
        if settings.content == "form" and is_beyond_the_form(message):
            why += ", for Mailgun's form has no field for something in it"
        for name in extra:
            if name != SENDER_DOMAIN and not name.startswith(MIME_FIELDS):
                place = f"esp_extra[{NAMESPACE!r}][{name!r}]"
                yield Problem(place, f"{place}: messages.mime has no such field, and {why}")
