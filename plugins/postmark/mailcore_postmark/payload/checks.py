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

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from mailcore.errors import Problem
from mailcore.message import AsFiles, Message, WithoutHeaders, WithoutKeys, extra_of
from mailcore_postmark.options import NAMESPACE
from mailcore_postmark.payload.email import uses_template
from mailcore_postmark.payload.parameter_checks import check_headers, check_parameters


_BODIES = ("subject", "text", "html")


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    if message.headers:
        yield from check_headers(message.headers, "headers")
    if message.is_batch:
        yield from _batch(message)
    if uses_template(message):
        yield from _bodies_beside_template(message)
    else:
        yield from _without_body(message)
        yield from _data_without_template(message)
    if message.attachments:
        yield from _inline_without_id(message)
    yield from _metadata(message)
    if message.esp_extra:
        yield from check_parameters(extra_of(message, NAMESPACE))


def _batch(message: Message) -> Iterator[Problem]:
    if not message.to:
        hint = "a batch makes a mail for each address in `to`"
        yield Problem("to", "no `to` recipients", hint)
    names = {
        name.lower(): name for headers in (message.merge_headers or {}).values() for name in headers
    }
    for key, name in names.items():
        if key in ("from", "to"):
            place = f"merge_headers[{name!r}]"
            # To is what a reader sees; From is whose mail it is, and must not be another's.
            remedy = WithoutHeaders((name,), "merge_headers") if key == "to" else None
            reason = f"{place}: it is written for you"
            yield Problem(place, reason, feature="merge_headers", remedy=remedy)
    yield from check_headers(names.values(), "merge_headers")


def _bodies_beside_template(message: Message) -> Iterator[Problem]:
    for field in _BODIES:
        if getattr(message, field):
            reason = f"`{field}` beside a template: Postmark takes it from the template"
            yield Problem(field, reason, f"leave {field} out", feature="templates")


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


def _inline_without_id(message: Message) -> Iterator[Problem]:
    for position, part in enumerate(message.attachments):
        if part.inline and part.content_id is None:
            place = f"attachments[{position}]"
            reason = f"`{place}` is inline without a content_id, by which Postmark knows such"
            yield Problem(
                place,
                reason,
                "give a content_id",
                feature="inline_images",
                remedy=AsFiles((position,)),
            )


def _metadata(message: Message) -> Iterator[Problem]:
    yield from _no_values("metadata", [message.metadata])
    yield from _no_values("merge_metadata", (message.merge_metadata or {}).values())


def _no_values(
    field: Literal["metadata", "merge_metadata"], given: Iterable[Mapping[str, Any]]
) -> Iterator[Problem]:
    keys = {key for metadata in given for key, value in metadata.items() if value is None}
    if keys:
        reason = f"`{field}` has None for a value, and Postmark keeps texts only"
        hint = "leave the key out, or give a text"
        # The keys go for every recipient: each mail has the same ones, or none.
        remedy = WithoutKeys(tuple(sorted(keys)), field)
        yield Problem(field, reason, hint, feature=field, remedy=remedy)
