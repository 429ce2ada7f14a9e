"""
What SparkPost cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-MSYS-*``                          refused: instructions for SparkPost's SMTP server
``List-Unsubscribe``, `unsubscribe`   refused unless the message is `transactional`: SparkPost
                                      writes its own in others
``From`` in merge_headers             refused: all mails come from the same sender
``To``, there and in headers          the To line of that mail, or of all
``Reply-To`` in merge_headers         becomes the `reply_to` of that recipient's mail
====================================  ==============================================================

SparkPost's limits on numbers and sizes are its own to enforce, and to change: it answers with an
error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import Problem
from mailcore.features import AMP
from mailcore.message import (
    Emptied,
    Message,
    Remedy,
    Without,
    WithoutHeaders,
    extra_of,
    place_in_extra,
    value_names,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    control_characters_in,
    inline_without_content_id,
    others_in_extra,
    own_header_names,
    refused_extra_headers,
    refused_headers,
)
from mailcore_sparkpost.options import NAMESPACE, SparkPostOptions, within
from mailcore_sparkpost.payload.plan import KEY, RESERVED, TO, Plan, has_braces


_INSTRUCTION = "x-msys-"
_UNSUBSCRIBE = "list-unsubscribe"
# They may have lines.
_OF_LINES = frozenset(["text", "html", "amp_html", "email_rfc822", "attachments", "inline_images"])


def check(message: Message, options: SparkPostOptions, plan: Plan) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    own = own_header_names(message)
    yield from refused_headers(message.headers, "headers", _header_refused)
    yield from refused_headers(own.values(), "merge_headers", _header_refused)
    yield from batch_without_recipients(message)
    if "from" in own:
        remedy = WithoutHeaders((own["from"],), "merge_headers")
        reason = f"merge_headers[{own['from']!r}]: all mails of a batch come from `from_email`"
        yield Problem("merge_headers", reason, feature="merge_headers", remedy=remedy)
    if plan.template:
        yield from _beside_template(message)
    else:
        yield from _without_body(message)
        yield from inline_without_content_id(message, "SparkPost")
        yield from _list_unsubscribe(message, options, own)
        if plan.is_mime and (plan.filled_in or has_braces(message)):
            yield from _beyond(plan)
    if plan.filled_in:
        yield from _keys(message)
    yield from _extra(extra_of(message, NAMESPACE))


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    if not name.strip().lower().startswith(_INSTRUCTION):
        return None
    return (
        f"{place}: an instruction for SparkPost's SMTP server, not for its API",
        "use the message's field for it, or mailcore_sparkpost.sparkpost_options()",
    )


def _beside_template(message: Message) -> Iterator[Problem]:
    """
    What SparkPost refuses or drops beside a stored template.

    anymail/backends/sparkpost.py in https://github.com/anymail/django-anymail (read 2026-11-30):
    subject and bodies are an error, headers and files are dropped without a word.
    """
    yield from bodies_beside_template(
        message, ("subject", "text", "html"), "SparkPost takes one or the other"
    )
    headers = tuple(name for name in message.headers if name.lower() != TO)
    dropped: tuple[tuple[str, object, Remedy | None], ...] = (
        ("alternatives", message.alternatives, Without("alternatives")),
        ("attachments", message.attachments, Without("attachments")),
        ("unsubscribe", message.unsubscribe, Without("unsubscribe")),
        ("headers", headers, WithoutHeaders(headers)),
        ("merge_headers", own_header_names(message).keys() - {TO}, Emptied("merge_headers")),
        # Recipients are never dropped.
        ("cc", message.cc, None),
    )
    for field, given, remedy in dropped:
        if given:
            reason = f"`{field}` beside `template_id`: SparkPost takes it from the template only"
            hint = "send the copy by bcc" if field == "cc" else f"leave {field} out"
            yield Problem(field, reason, hint, feature=field, remedy=remedy)


def _without_body(message: Message) -> Iterator[Problem]:
    content = within(extra_of(message, NAMESPACE), "content")
    if message.text or message.html or content.keys() & {"text", "html", "email_rfc822"}:
        return
    reason = "no text, HTML or template: SparkPost refuses a message without a body"
    if any(part.mime_type != AMP for part in message.alternatives):
        return
    if message.alternatives:
        reason = "AMP without a text or HTML: SparkPost refuses it alone"
    yield Problem("text", reason, "give text or html")


def _list_unsubscribe(
    message: Message, options: SparkPostOptions, own: Mapping[str, str]
) -> Iterator[Problem]:
    """
    A List-Unsubscribe that SparkPost would replace by its own.

    https://github.com/SparkPost/python-sparkpost/issues/163 and 159 (read 2026-11-30): it stays in
    transactional messages, and is overwritten in others, which is the default.
    """
    given = within(extra_of(message, NAMESPACE), "options").get("transactional")
    if given if given is not None else options.transactional:
        return
    why = "SparkPost puts its own List-Unsubscribe in its place"
    hint = "give transactional=True, to the provider or by sparkpost_options()"
    if message.unsubscribe is not None:
        remedy = Without("unsubscribe")
        yield Problem(
            "unsubscribe", f"`unsubscribe`: {why}", hint, feature="unsubscribe", remedy=remedy
        )
    if _UNSUBSCRIBE in message.headers:
        places = WithoutHeaders((_UNSUBSCRIBE,))
        place = "headers['List-Unsubscribe']"
        yield Problem(place, f"{place}: {why}", hint, feature="headers", remedy=places)
    if _UNSUBSCRIBE in own:
        places = WithoutHeaders((_UNSUBSCRIBE,), "merge_headers")
        place = "merge_headers['List-Unsubscribe']"
        yield Problem(place, f"{place}: {why}", hint, feature="merge_headers", remedy=places)


def _beyond(plan: Plan) -> Iterator[Problem]:
    """
    Parts for which a mail has to be written here, in which SparkPost would fill in what is to stay.

    Whether it fills in what is encoded, and whether that can be switched off, is not documented.
    """
    why = "values are to be filled in" if plan.filled_in else "a text has '{{'"
    for each in plan.beyond:
        place = f"{each.field}[{each.position}]"
        yield Problem(
            place,
            f"`{place}` is {each.what}, which only a whole mail can hold, and {why}: SparkPost "
            "does not say what it makes of that in a mail",
            "leave it out, or fill the texts in yourself",
            feature=each.field,
            remedy=each.remedy,
        )


def _keys(message: Message) -> Iterator[Problem]:
    """Names that no value may have: SparkPost's language is Lua's relative."""
    wrong = [name for name in value_names(message) if name in RESERVED or not KEY.fullmatch(name)]
    if wrong:
        field = "merge_data" if message.merge_data is not None else "merge_global_data"
        some = ", ".join(repr(name[:60]) for name in wrong[:3])
        yield Problem(
            field,
            f"`{field}` has names that SparkPost's templates cannot have: {some}",
            "use ASCII letters, digits and _, no digit first, and none of its own words",
            feature=field,
        )


def _extra(extra: Mapping[str, Any]) -> Iterator[Problem]:
    for name, value in extra.items():
        place = place_in_extra(NAMESPACE, name)
        if name == "recipients":
            yield others_in_extra(place, "use to=[...], cc=[...], bcc=[...] of the message")
        elif name == "content":
            yield from _extra_content(within(extra, name), place)
        elif name not in ("substitution_data", "metadata"):
            yield from control_characters_in(value, place)


def _extra_content(content: Mapping[str, Any], outer: str) -> Iterator[Problem]:
    for name, value in content.items():
        place = f"{outer}[{name!r}]"
        if name == "headers":
            yield from refused_extra_headers(value, place, _header_refused)
        elif name not in _OF_LINES:
            yield from control_characters_in(value, place)
