"""
Which calls send a message, decided once: see :mod:`mailcore_mailgun.payload` for the table.
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

from mailcore.features import AMP
from mailcore.message import CONTROL, Message, fills_in, value_names
from mailcore.sending import copied
from mailcore_mailgun.merge_syntax import SYNTAX, own_texts
from mailcore_mailgun.options import extra_of, texts_of
from mailcore_mailgun.payload.fragments import is_misquoted
from mailcore_mailgun.recipient_variables import BODY_FIELDS, PLAIN_KEY, merge_text


class Choice(str, Enum):
    """How a message goes."""

    FORM = "form"
    MIME = "mime"
    BATCH = "batch"
    INDIVIDUAL = "individual"


_REFERENCE = "%recipient"
_ANY_REFERENCE = re.compile(r"%recipient", re.IGNORECASE)
_NAME = re.compile(rf"{_REFERENCE}\.({PLAIN_KEY.pattern})%")
_BREAKS_ADDRESS = re.compile(r'[^ -~]|["\\(),:;<>@\[\]]')
_BREAKS_URL = re.compile(r'[^!-~]|["<>,]')
# Values are put into the JSON of metadata as they are: see _fits_a_template().
_BREAKS_JSON = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029]')


class Plan(NamedTuple):
    """
    What is decided of a message before its calls are written.

    Attributes:
        choice: The call that the message goes by.
        is_written_here: Whether it goes as a mail, or as several, that is written here.
    """

    choice: Choice
    is_written_here: bool = False


def plan(message: Message, content: Literal["form", "mime"] = "form") -> Plan:
    """
    Choose the calls for a message.

    Args:
        message: Any; nothing else is found out about one that the checks refuse.
        content: The option `content` of the provider.
    """
    is_mime = message.template_id is None and (
        content == "mime" or is_beyond_the_form(message) or _is_better_written_here(message)
    )
    if message.is_batch:
        if goes_individually(message):
            return Plan(Choice.INDIVIDUAL, is_mime)
        return Plan(Choice.BATCH)
    return Plan(Choice.MIME, is_written_here=True) if is_mime else Plan(Choice.FORM)


def is_beyond_the_form(message: Message) -> bool:
    """
    Whether the form has no field for it: it has one HTML, one AMP, and wants a `to` and a body.

    An empty body counts as none, and Mailgun refuses a form without one ("Need at least one of").
    """
    if "To" in message.headers or not message.to:
        return True
    if message.alternatives and (
        len(message.alternatives) > 1 or message.alternatives[0].mime_type != AMP
    ):
        return True
    bodies = (message.text, message.html, message.template_id)
    return not message.alternatives and not any(bodies)


def _is_better_written_here(message: Message) -> bool:
    """Whether Mailgun's own writer would change names of files or people."""
    for part in message.attachments:
        # The name of an image is its Content-ID as well; without a name Mailgun drops a file.
        if part.filename is None or (part.inline and part.filename != part.content_id):
            return True
        if not part.inline and part.mime_type.startswith("message/"):
            return True
    return _has_misquoted_names(message) and not any(
        # Only the form can have them, where such names are encoded here.
        address.uses_eai
        for address in (*message.to, *message.cc)
    )


def _has_misquoted_names(message: Message) -> bool:
    people = (*message.authors, *message.to, *message.cc, *message.reply_to)
    return any(map(is_misquoted, people))


def goes_individually(message: Message) -> bool:
    """
    Whether recipient variables cannot express a batch, so that each recipient needs a call.

    Cc and Bcc: what Mailgun puts into copies of a batch is documented nowhere, and reports differ.
    """
    if copied(message) or is_beyond_the_form(message):
        return True
    if any("to" in headers for headers in (message.merge_headers or {}).values()):
        return True
    if message.template_id is None and _has_misquoted_names(message):
        return True
    if not fills_in(message, SYNTAX) and _has_a_reference(message):
        # It has no values for them: recipient variables would make something of what is to stay.
        return True
    if not all(map(PLAIN_KEY.fullmatch, value_names(message))):
        return True
    # All texts as one: looking through it once is faster (benchmarks/http_providers.py).
    texts = " ".join(_texts(message))
    own_metadata = " ".join(_metadata_texts(message))
    if _REFERENCE in texts:
        # Nobody knows whether a value is searched for references in its turn.
        return True
    if _refers_in_a_header(message) and CONTROL.search(texts):
        return True
    if _breaks_a_structure(message):
        return True
    if _BREAKS_JSON.search(texts if _refers_in_metadata(message) else own_metadata):
        return True
    return message.template_id is not None and not _fits_a_template(message)


def _has_a_reference(message: Message) -> bool:
    texts = [text for _, text in own_texts(message)]
    texts += [address.display_name for address in message.to]
    return any(map(_ANY_REFERENCE.search, texts))


def _texts(message: Message) -> Iterator[str]:
    """Every value that a recipient variable would have, but numbers."""
    for data in _data(message):
        for value in data.values():
            if type(value) is str:
                yield value
            elif type(value) is not int:
                yield merge_text(value)
    yield from _metadata_texts(message)
    for headers in (message.merge_headers or {}).values():
        yield from headers.values()


def _metadata_texts(message: Message) -> Iterator[str]:
    for metadata in (message.merge_metadata or {}).values():
        yield from (value for value in metadata.values() if isinstance(value, str))


def _data(message: Message) -> Iterable[Mapping[str, Any]]:
    return (message.merge_global_data or {}, *(message.merge_data or {}).values())


def _refers_in_a_header(message: Message) -> bool:
    texts = [message.subject or "", *message.headers.values(), *message.tags]
    texts += (text for name, text in texts_of(extra_of(message)) if name not in BODY_FIELDS)
    return any(_REFERENCE in text for text in texts)


def _breaks_a_structure(message: Message) -> bool:
    """Whether a value would end the name, the address or the URL in which it is to stand."""
    people = [
        text
        for address in (*message.authors, *message.reply_to)
        for text in (address.display_name, address.addr_spec)
    ]
    url = message.unsubscribe.url if message.unsubscribe is not None else None
    return any(_BREAKS_ADDRESS.search(value) for value in _referred_to(message, people)) or any(
        _BREAKS_URL.search(value) for value in _referred_to(message, [url or ""])
    )


def _referred_to(message: Message, texts: Iterable[str]) -> Iterator[str]:
    names = {name for text in texts if _REFERENCE in text for name in _NAME.findall(text)}
    if names:
        for data in _data(message):
            yield from (merge_text(data[name]) for name in names.intersection(data))


def _refers_in_metadata(message: Message) -> bool:
    texts = [value for value in message.metadata.values() if isinstance(value, str)]
    texts += (text for name, text in texts_of(extra_of(message)) if name.startswith("v:"))
    return any(_REFERENCE in text for text in texts)


def _fits_a_template(message: Message) -> bool:
    """
    Whether a stored template can have its values through recipient variables.

    Mailgun puts a recipient's values into the variables of the template first, as text within
    JSON, and renders the template then: https://github.com/anymail/django-anymail/issues/155
    (read 2026-11-21; its author tested the API). So a list, a false value or a quotation mark
    would not arrive.
    """
    return all(
        type(value) is str and not _BREAKS_JSON.search(value)
        for data in _data(message)
        for value in data.values()
    )
