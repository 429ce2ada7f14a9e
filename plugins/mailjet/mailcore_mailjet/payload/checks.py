"""
What Mailjet cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
those that Mailjet writes itself      refused; ``Sender`` is an option, ``sender``
``X-Mailjet-*``, ``X-MJ-*``           refused: Mailjet obeys them
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``Reply-To`` in merge_headers         becomes the ReplyTo of that recipient's mail; one address
====================================  ==============================================================

Mailjet's limits on numbers and sizes are its own to enforce, and to change: it answers with an
error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.address import parse_address_list
from mailcore.errors import MessageError, Problem
from mailcore.message import Message, extra_of, place_in_extra
from mailcore.message.problems import (
    bodies_beside_template,
    inline_without_content_id,
    own_header_names,
    refused_headers,
    refused_in_extra,
    refused_own_headers,
    without_body,
)
from mailcore_mailjet.merge_syntax import check_values
from mailcore_mailjet.options import NAMESPACE
from mailcore_mailjet.payload.fields import REPLY_TO, uses_template


# _send-api.md in https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30):
# what answers with send-0011, but for what stands in fields of the message here.
_WRITTEN_BY_MAILJET = frozenset(
    [
        *("authentication-results", "date", "delivered-to", "dkim-signature", "domainkey-status"),
        *("list-id", "message-id", "received", "received-spf", "return-path", "user-agent"),
        *("x-csa-complaints", "x-feedback-id", "x-mailer"),
    ]
)
_INSTRUCTIONS = ("x-mailjet-", "x-mj-")
_OF_A_CALL = frozenset(["messages", "globals"])
_NOT_OF_ONE_LINE = frozenset(
    [
        *("textpart", "htmlpart", "variables", "attachments", "inlinedattachments"),
        *("eventpayload", "to", "cc", "bcc"),
    ]
)
# TemplateID is a number of 64 bits, if not less.
_MAX_DIGITS = 18


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    if not message.to:
        reason = "no `to` recipients: Mailjet sends to cc and bcc beside them only"
        yield Problem("to", reason, "give an address in to")
    yield from refused_headers(message.headers, "headers", _header_refused)
    if message.merge_headers:
        yield from _own_headers(message)
    if uses_template(message):
        yield from _template(message)
    else:
        extra = extra_of(message, NAMESPACE)
        yield from without_body(message, "Mailjet", extra, ("TextPart", "HTMLPart"))
    yield from inline_without_content_id(message, "Mailjet")
    yield from check_values(message)
    if message.esp_extra:
        yield from _parameters(extra_of(message, NAMESPACE))


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if a header of that name is not sent."""
    key = name.lower()
    if key in _WRITTEN_BY_MAILJET:
        return f"{place}: Mailjet writes it", "leave it out"
    if key == "sender":
        hint = "use mailcore_mailjet.mailjet_options(sender=...), if Mailjet permits you"
        return f"{place}: Mailjet writes it", hint
    if key.startswith(_INSTRUCTIONS):
        return (
            f"{place}: an instruction for Mailjet, which it refuses here",
            "use the message's field for it, or mailcore_mailjet.mailjet_options()",
        )
    return None


def _extra_header_refused(name: str, place: str) -> tuple[str, str] | None:
    if name.lower() == REPLY_TO:
        # https://github.com/symfony/symfony/issues/38179 (read 2026-11-30).
        return f"{place}: Mailjet has a field for it, and refuses it here", "use reply_to=[...]"
    return _header_refused(name, place)


def _own_headers(message: Message) -> Iterator[Problem]:
    names = own_header_names(message)
    if REPLY_TO in names:
        yield from _own_reply_to(message, names[REPLY_TO])
    yield from refused_own_headers(message, _header_refused)


def _own_reply_to(message: Message, name: str) -> Iterator[Problem]:
    place = f"merge_headers[{name!r}]"
    for headers in (message.merge_headers or {}).values():
        for own, value in headers.items():
            if own.lower() == REPLY_TO:
                try:
                    count = len(parse_address_list(value, field=place))
                except MessageError as error:
                    yield from error.problems
                    return
                if count != 1:
                    reason = f"{place} has {count} addresses, and Mailjet takes one"
                    yield Problem(place, reason, feature="reply_to")
                    return


def _template(message: Message) -> Iterator[Problem]:
    template_id = message.template_id
    if template_id is not None and not (
        template_id.isascii() and template_id.isdecimal() and len(template_id) <= _MAX_DIGITS
    ):
        reason = "`template_id` is no number, by which alone Mailjet knows templates"
        yield Problem("template_id", reason, "give the ID that Mailjet shows above the template")
    why = "Mailjet takes it from the template"
    yield from bodies_beside_template(message, ("text", "html"), why)


def _parameters(extra: Mapping[str, Any]) -> Iterator[Problem]:
    written = [name for name in extra if name.lower() in _OF_A_CALL]
    for name in written:
        place = place_in_extra(NAMESPACE, name)
        reason = f"{place}: it is written for you"
        yield Problem(place, reason, "give the parameters of a message, without it")
    yield from refused_in_extra(
        {name: extra[name] for name in extra if name not in written},
        NAMESPACE,
        refusal=_extra_header_refused,
        of_lines=_NOT_OF_ONE_LINE,
    )
