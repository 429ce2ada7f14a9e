"""
What Postmark cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-PM-*``                            refused: instructions for Postmark's SMTP server, for which
                                      the message has fields; but for ``X-PM-Bounce-Type``, which
                                      makes a test address bounce, and ``X-PM-KeepID``
``Message-ID``                        is kept: ``X-PM-KeepID`` is added, without which Postmark
                                      writes another one
``Date``, ``Sender``                  refused: Postmark writes them
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``Reply-To`` in merge_headers         becomes the ReplyTo of that recipient's mail
====================================  ==============================================================

Postmark's limits on numbers and sizes are its own to enforce, and to change: it answers with an
error.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailcore.errors import Problem
from mailcore.message import Message, extra_of
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    inline_without_content_id,
    metadata_without_values,
    refused_headers,
    refused_in_extra,
    refused_own_headers,
    without_body,
)
from mailcore_postmark.options import NAMESPACE
from mailcore_postmark.payload.email import uses_template
from mailcore_postmark.payload.headers import KEEP_ID


# https://postmarkapp.com/developer/user-guide/send-email-with-smtp for X-PM-* and
# https://postmarkapp.com/support/article/1239-how-to-test-bounces for the first exception; for the
# others, what Postmark's own postmark-gem never sends (lib/postmark/message_extensions/mail.rb;
# as of 2026-11-21).
_SMTP_INSTRUCTION = "x-pm-"
_ALLOWED = frozenset(["x-pm-bounce-type", KEEP_ID.lower()])
_WRITTEN_BY_POSTMARK = frozenset(["date", "sender"])

# They may have lines, or are no text that Postmark writes into a header.
_OF_LINES = frozenset(["textbody", "htmlbody", "templatemodel", "attachments"])


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    extra = extra_of(message, NAMESPACE)
    yield from refused_headers(message.headers, "headers", _header_refused)
    yield from batch_without_recipients(message)
    if message.merge_headers:
        yield from refused_own_headers(message, _header_refused)
    if uses_template(message):
        why = "Postmark takes it from the template"
        yield from bodies_beside_template(message, ("subject", "text", "html"), why)
    else:
        yield from without_body(message, "Postmark", extra, ("TextBody", "HtmlBody"))
        yield from _data_without_template(message)
    yield from inline_without_content_id(message, "Postmark")
    yield from metadata_without_values(message, "Postmark")
    if extra:
        yield from refused_in_extra(extra, NAMESPACE, refusal=_header_refused, of_lines=_OF_LINES)


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if a header of that name is not sent."""
    key = name.lower()
    if key in _WRITTEN_BY_POSTMARK:
        return f"{place}: Postmark writes it", "leave it out"
    if key.startswith(_SMTP_INSTRUCTION) and key not in _ALLOWED:
        return (
            f"{place}: an instruction for Postmark's SMTP server, not for its API",
            "use the message's field for it, or mailcore_postmark.postmark_options()",
        )
    return None


def _data_without_template(message: Message) -> Iterator[Problem]:
    hint = "give a template_id, or an empty merge_data for a batch"
    if message.merge_data and any(message.merge_data.values()):
        reason = "merge_data without a template: Postmark fills in nothing"
        yield Problem("merge_data", reason, hint, feature="merge_data")
