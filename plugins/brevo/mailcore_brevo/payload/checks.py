"""
What Brevo cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-Mailin-*``, ``X-Sib-*``,          refused: Brevo obeys them; the message and the options have
``idempotencyKey``, ``sender.ip``     fields for what they do
``Date``, ``Sender``, ``Message-ID``  refused: Brevo writes them
letters outside ASCII in a value      refused: Brevo would send them as raw octets, and undoes what
                                      is encoded for it
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``Reply-To`` in merge_headers         becomes the replyTo of that recipient's mail; one address
====================================  ==============================================================

Brevo's limits on numbers and sizes, and the file types that it takes, are its own to enforce and to
change: it answers with an error.
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from mailcore.address import parse_address_list
from mailcore.errors import MessageError, Problem
from mailcore.message import (
    Message,
    WithoutHeaders,
    WithoutItems,
    extension_of,
    place_in_extra,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    control_characters_in,
    others_in_extra,
    own_header_names,
    recipients_in_extra,
    refused_extra_headers,
    refused_headers,
    refused_own_headers,
    without_body,
)
from mailcore_brevo.idempotency import KEY_HEADER
from mailcore_brevo.options import (
    HEADERS,
    NAMESPACE,
    SANDBOX_HEADER,
    SENDER_IP_HEADER,
    BrevoMessageOptions,
    parameters_of,
)
from mailcore_brevo.payload.headers import REPLY_TO


_WRITTEN_BY_BREVO = frozenset(["date", "sender", "message-id"])
_INSTRUCTIONS = ("x-mailin-", "x-sib-")
_NAMED_INSTRUCTIONS = frozenset([KEY_HEADER.lower(), SENDER_IP_HEADER])
_ALLOWED_IN_EXTRA = frozenset([SANDBOX_HEADER.lower(), SENDER_IP_HEADER])
_VERSIONS = "messageVersions"
_TEMPLATE_ID = re.compile(r"[1-9][0-9]{0,18}")
# They may have lines.
_OF_LINES = frozenset(["htmlContent", "textContent", "params", "attachment", HEADERS])


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    yield from refused_headers(message.headers, "headers", header_refused)
    yield from _not_ascii(message.headers.items_as_given(), "headers")
    if not message.to:
        if message.is_batch:
            yield from batch_without_recipients(message)
        else:
            yield Problem("to", "no `to` recipients: Brevo wants one", "move somebody to `to`")
    if message.merge_headers:
        yield from _own_headers(message)
    if message.template_id is not None:
        yield from _template(message)
    else:
        yield from _incomplete(message)
    yield from _nameless(message)
    extra = parameters_of(message)
    if extra:
        yield from _extra(extra)


def header_refused(name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if a header of that name is not sent."""
    key = name.lower()
    if key in _WRITTEN_BY_BREVO:
        return f"{place}: Brevo writes it", "leave it out"
    if key.startswith(_INSTRUCTIONS) or key in _NAMED_INSTRUCTIONS:
        return (
            f"{place}: an instruction that Brevo obeys and does not send",
            "use the message's field for it, or mailcore_brevo.brevo_options()",
        )
    return None


def _not_ascii(
    pairs: Iterable[tuple[str, str]], field: Literal["headers", "merge_headers"]
) -> Iterator[Problem]:
    for name, value in pairs:
        if not value.isascii():
            place = f"{field}[{name!r}]"
            reason = f"{place} has letters outside ASCII, which Brevo sends as raw octets"
            remedy = WithoutHeaders((name,), field)
            yield Problem(place, reason, "give it in ASCII", feature=field, remedy=remedy)


def _own_headers(message: Message) -> Iterator[Problem]:
    names = own_header_names(message)
    yield from refused_own_headers(message, header_refused)
    own = (message.merge_headers or {}).values()
    values = {
        (names[name.lower()], value)
        for headers in own
        for name, value in headers.items()
        if name.lower() != REPLY_TO
    }
    # One problem for a name, whoever has it.
    yield from _not_ascii({n: v for n, v in values if not v.isascii()}.items(), "merge_headers")
    if any(_is_no_single(headers.get(REPLY_TO)) for headers in own):
        place = "merge_headers['Reply-To']"
        remedy = WithoutHeaders((names[REPLY_TO],), "merge_headers")
        reason = f"{place}: Brevo takes one address"
        yield Problem(place, reason, feature="merge_headers", remedy=remedy)


def _is_no_single(reply_to: str | None) -> bool:
    if reply_to is None:
        return False
    try:
        return len(parse_address_list(reply_to, field=REPLY_TO)) != 1
    except MessageError:
        return True


def _template(message: Message) -> Iterator[Problem]:
    if not _TEMPLATE_ID.fullmatch(message.template_id or ""):
        reason = "`template_id` is no number, as Brevo's templates have"
        yield Problem("template_id", reason, "give the number that Brevo shows beside the template")
    why = "Brevo takes it from the template, and leaves this out"
    yield from bodies_beside_template(message, ("text", "html"), why)


def _incomplete(message: Message) -> Iterator[Problem]:
    extra = parameters_of(message)
    if extra.get("templateId") is not None:
        return
    yield from without_body(message, "Brevo", extra, ("textContent", "htmlContent"))
    if not (message.subject or extra.get("subject")):
        reason = "no subject: Brevo refuses a message without one"
        yield Problem("subject", reason, "give a subject")


def _nameless(message: Message) -> Iterator[Problem]:
    for position, part in enumerate(message.attachments):
        if not part.filename and not extension_of(part.mime_type):
            place = f"attachments[{position}]"
            reason = f"`{place}` has no name, by which Brevo tells what it is"
            remedy = WithoutItems("attachments", (position,))
            yield Problem(place, reason, "give a filename", feature="attachments", remedy=remedy)


def _extra(extra: Mapping[str, Any]) -> Iterator[Problem]:
    yield from recipients_in_extra(extra, NAMESPACE)
    if _VERSIONS in extra:
        place = place_in_extra(NAMESPACE, _VERSIONS)
        yield others_in_extra(place, "use merge_data of the message")
    BrevoMessageOptions.check_parameters(extra)
    for name, value in extra.items():
        place = place_in_extra(NAMESPACE, name)
        if name == HEADERS:
            yield from _extra_headers(value, place)
        elif name not in _OF_LINES:
            yield from control_characters_in(value, place)


def _extra_headers(value: object, place: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(place, f"{place} is no mapping of names to texts")
        return
    yield from refused_extra_headers(value, place, _refused_in_extra)
    for name, text in value.items():
        if isinstance(text, str) and not text.isascii():
            reason = f"{place}[{name!r}] has letters outside ASCII, which Brevo sends as raw octets"
            yield Problem(place, reason, "give it in ASCII")


def _refused_in_extra(name: str, place: str) -> tuple[str, str] | None:
    # What the options stand for.
    return None if name.lower() in _ALLOWED_IN_EXTRA else header_refused(name, place)
