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
    refused_own_headers,
)
from mailcore_postmark.options import NAMESPACE
from mailcore_postmark.payload.email import uses_template
from mailcore_postmark.payload.parameter_checks import check_parameters, header_refused


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    yield from refused_headers(message.headers, "headers", header_refused)
    yield from batch_without_recipients(message)
    if message.merge_headers:
        yield from refused_own_headers(message, header_refused)
    if uses_template(message):
        why = "Postmark takes it from the template"
        yield from bodies_beside_template(message, ("subject", "text", "html"), why)
    else:
        yield from _without_body(message)
        yield from _data_without_template(message)
    yield from inline_without_content_id(message, "Postmark")
    yield from metadata_without_values(message, "Postmark")
    if message.esp_extra:
        yield from check_parameters(extra_of(message, NAMESPACE))


def _without_body(message: Message) -> Iterator[Problem]:
    extra = extra_of(message, NAMESPACE)
    if message.text or message.html or extra.get("TextBody") or extra.get("HtmlBody"):
        return
    reason = "no text, HTML or template: Postmark refuses a message without a body"
    yield Problem("text", reason, "give text or html")


def _data_without_template(message: Message) -> Iterator[Problem]:
    hint = "give a template_id, or an empty merge_data for a batch"
    if message.merge_data and any(message.merge_data.values()):
        reason = "merge_data without a template: Postmark fills in nothing"
        yield Problem("merge_data", reason, hint, feature="merge_data")
