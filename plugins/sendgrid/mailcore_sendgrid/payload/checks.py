"""
What SendGrid cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-SG-ID``, ``X-SG-EID``,            refused: SendGrid refuses them
``DKIM-Signature``
``X-SMTPAPI``                         refused: instructions for SendGrid's SMTP server
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``Reply-To`` in merge_headers         goes in a call of its own
====================================  ==============================================================

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (read 2026-11-30). SendGrid's
limits on numbers and sizes are its own to enforce, and to change: it answers with an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import Problem
from mailcore.message import (
    Message,
    WithoutItems,
    extra_of,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    inline_without_content_id,
    metadata_without_values,
    refused_alternatives,
    refused_headers,
    refused_in_extra,
    refused_metadata_names,
    refused_own_headers,
    without_body,
)
from mailcore_sendgrid.event_map import RESERVED
from mailcore_sendgrid.options import NAMESPACE
from mailcore_sendgrid.payload.mail import parameters_of, template_of
from mailcore_sendgrid.payload.merge import DYNAMIC


_REFUSED = frozenset(["x-sg-id", "x-sg-eid", "dkim-signature"])
_SMTP_INSTRUCTION = "x-smtpapi"
# They may have lines, or are no text that SendGrid writes into a header.
_NOT_OF_ONE_LINE = frozenset(["content", "attachments", "mail_settings", "tracking_settings"])
_UTF_8 = ("utf-8", "us-ascii", "ascii", "utf8")


def check(message: Message, id_argument: str) -> Iterator[Problem]:
    """
    Everything that cannot be sent as it is meant.

    Args:
        message: One that the declaration of features allows.
        id_argument: The name of the custom argument that has the message's id.
    """
    yield from refused_headers(message.headers, "headers", _header_refused)
    if message.merge_headers:
        yield from refused_own_headers(message, _header_refused)
    yield from batch_without_recipients(message)
    if not message.to and not message.is_batch:
        reason = "no `to` recipients: SendGrid wants one even where all others are in cc or bcc"
        yield Problem("to", reason, "put somebody into to")
    extra = extra_of(message, NAMESPACE)
    template_id = template_of(message)
    if template_id is None:
        yield from _without_content(message, extra)
    elif template_id.startswith(DYNAMIC):
        yield from _beside_dynamic_template(message)
    yield from _parts(message)
    if message.tags:
        yield from _tags(message)
    yield from metadata_without_values(message, "SendGrid")
    # Events have metadata beside SendGrid's own fields, which win.
    yield from refused_metadata_names(
        message,
        lambda name: name in RESERVED or name == id_argument,
        "SendGrid's events have themselves",
    )
    if extra:
        yield from refused_in_extra(
            extra,
            NAMESPACE,
            refusal=_header_refused,
            of_lines=_NOT_OF_ONE_LINE,
            others=("personalizations",),
        )


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    key = name.strip().lower()
    if key == _SMTP_INSTRUCTION:
        return (
            f"{place}: instructions for SendGrid's SMTP server, not for its API",
            "use the message's fields for it, or mailcore_sendgrid.sendgrid_options()",
        )
    return (f"{place}: SendGrid refuses it", "leave it out") if key in _REFUSED else None


def _without_content(message: Message, extra: Mapping[str, Any]) -> Iterator[Problem]:
    if not any(part.content for part in message.alternatives):
        yield from without_body(message, "SendGrid", extra, ("content",))
    if not message.subject and not extra.get("subject"):
        reason = "no subject: SendGrid wants one, unless a template has it"
        yield Problem("subject", reason, "give a subject")


def _beside_dynamic_template(message: Message) -> Iterator[Problem]:
    why = "SendGrid takes it from the dynamic template"
    yield from bodies_beside_template(message, ("subject", "text", "html"), why)
    reason = "`alternatives` beside `template_id`: SendGrid takes the template's bodies"
    yield from refused_alternatives(message, reason, "leave alternatives out")


def _parts(message: Message) -> Iterator[Problem]:
    yield from inline_without_content_id(message, "SendGrid")
    for position, part in enumerate(message.attachments):
        if not part.content:
            place = f"attachments[{position}]"
            reason = f"`{place}` is empty, and SendGrid refuses empty files"
            yield Problem(place, reason, "leave it out", feature="attachments")
        if not part.mime_type.startswith("text/"):
            continue
        charset = parameters_of(part.content_type).get("charset", "utf-8").lower()
        if charset not in _UTF_8:
            place = f"attachments[{position}]"
            # django-anymail found out: https://github.com/anymail/django-anymail/issues/150 (read
            # 2026-11-30).
            reason = f"`{place}` is text that is not UTF-8, and SendGrid keeps no charset"
            hint = "encode it in UTF-8, or give it the type application/octet-stream"
            yield Problem(place, reason, hint, feature="attachments")


def _tags(message: Message) -> Iterator[Problem]:
    found = tuple(at for at, tag in enumerate(message.tags) if not tag.isascii())
    if found:
        reason = "`tags` has text outside ASCII, which SendGrid's categories cannot be"
        remedy = WithoutItems("tags", found)
        yield Problem("tags", reason, "give tags in ASCII", feature="tags", remedy=remedy)
