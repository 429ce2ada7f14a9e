"""
The table of a message's fields: what there is to know of each, in one entry.

What is derived from it, so that a new field is an entry here, and for type checkers and people an
attribute and a sentence in :class:`~mailcore.message.message.Message`, and a member of
:class:`~mailcore.features.Feature` if providers are to say whether they can express it:

==============================================  ====================================================
The constructor, ``from_dict()``                :mod:`mailcore.message.message`
How defaults join                               :mod:`mailcore.message.defaults`
What a provider lacks, and what errors call it  :mod:`mailcore.message.dropping`
What a mailer may drop                          :mod:`mailcore.message.remedies`
Options of ``mailcore send``                    :mod:`mailcore.cli.composing`
The matrix of ``mailcore features``             :mod:`mailcore.cli.feature_texts`
Canaries of the conformance suite               :mod:`mailcore.testing.canaries`
==============================================  ====================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from mailcore.address.address import Address
from mailcore.errors import Problem
from mailcore.features import AMP, OF_RECEIVING, Feature
from mailcore.foundation.suggesting import shown_field, similar
from mailcore.message import coercion, joining
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.field_types import Field, Option, Use
from mailcore.message.send_time import send_time, time_of_text
from mailcore.message.unsubscribe import Unsubscribe


if TYPE_CHECKING:
    from mailcore.message.message import Message

_IN_A_FILE = "the JSON of --message"
_CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{alternative}\r\nEND:VCALENDAR\r\n"


def _leaves_the_sender(message: Message) -> int:
    if message.template_id is None or "from_email" not in message.declined:
        return 0
    return int(not message.authors)


def _international(message: Message) -> int:
    addresses = [*message.authors, *message.to, *message.cc, *message.bcc, *message.reply_to]
    if message.envelope_sender is not None:
        addresses.append(message.envelope_sender)
    return sum([address.uses_eai for address in addresses])


FIELDS: tuple[Field, ...] = (
    Field(
        "from_email",
        coercion.authors,
        option=Option("--from", "ADDRESS", group="addresses"),
        uses=(
            Use(
                Feature.TEMPLATE_SENDER,
                "the template's own sender, with `from_email=None`",
                _leaves_the_sender,
            ),
        ),
        reads_mapping=Address.from_dict,
        other_names=("sender", "source", "from", "from_", "from_address"),
    ),
    Field(
        "other_authors",
        coercion.addresses,
        option="--from, with commas",
        uses=(
            Use(
                Feature.MULTIPLE_FROM,
                "several addresses in From",
                lambda m: len(m.other_authors),
                sample=["{other_authors}@example.org"],
                several=True,
            ),
        ),
        droppable=True,
        reads_mapping=Address.from_dict,
    ),
    Field(
        "to",
        coercion.addresses,
        option=Option("--to", "ADDRESS", kind="list", group="addresses"),
        uses=(
            Use(
                Feature.INTERNATIONAL_ADDRESSES,
                "letters outside ASCII before the @ (RFC 6531)",
                _international,
                sample=["grüße-{international}@example.net"],
            ),
            Use(
                Feature.RECIPIENTS,
                "addresses in one message",
                lambda m: len(m.to) + len(m.cc) + len(m.bcc),
                sample=["{to}@example.org"],
                several=True,
            ),
        ),
        join=joining.concatenated,
        reads_mapping=Address.from_dict,
        other_names=(
            *("recipients", "to_email", "to_emails"),
            *("destination", "destinations", "to_addresses", "toaddresses"),
        ),
    ),
    Field(
        "cc",
        coercion.addresses,
        option=Option("--cc", "ADDRESS", kind="list", group="addresses"),
        uses=(
            Use(
                Feature.CC,
                "recipients whom everybody sees",
                lambda m: len(m.cc),
                sample=["{cc}@example.org"],
                several=True,
            ),
        ),
        join=joining.concatenated,
        reads_mapping=Address.from_dict,
        other_names=("ccaddresses", "cc_addresses"),
    ),
    Field(
        "bcc",
        coercion.addresses,
        option=Option("--bcc", "ADDRESS", kind="list", group="addresses"),
        uses=(
            Use(
                Feature.BCC,
                "recipients whom nobody sees",
                lambda m: len(m.bcc),
                sample=["{bcc}@example.org"],
                several=True,
            ),
        ),
        join=joining.concatenated,
        reads_mapping=Address.from_dict,
        other_names=("bccaddresses", "bcc_addresses"),
    ),
    Field(
        "reply_to",
        coercion.addresses,
        option=Option("--reply-to", "ADDRESS", kind="list", group="addresses"),
        uses=(
            Use(
                Feature.REPLY_TO,
                "where answers go",
                lambda m: len(m.reply_to),
                sample=[("Desk {reply_to name}", "{reply_to}@example.org")],
                several=True,
            ),
        ),
        join=joining.concatenated,
        droppable=True,
        reads_mapping=Address.from_dict,
        other_names=("replytoaddresses", "reply_to_addresses"),
    ),
    Field("subject", coercion.line, option=Option("--subject", "TEXT", group="content")),
    Field(
        "text",
        coercion.body,
        option=Option("--text", "TEXT", "the text, in UTF-8", kind="file", group="content"),
        other_names=(
            *("body", "plain", "plain_text", "text_body", "body_text"),
            *("text_content", "plain_text_content", "message", "content"),
        ),
    ),
    Field(
        "html",
        coercion.body,
        option=Option("--html", "HTML", "the HTML, in UTF-8", kind="file", group="content"),
        other_names=("html_body", "body_html", "html_content", "html_message"),
    ),
    Field(
        "alternatives",
        coercion.alternatives,
        option=_IN_A_FILE,
        uses=(
            Use(
                Feature.ALTERNATIVES,
                "further forms of the body, such as a calendar invitation",
                lambda m: sum(part.mime_type != AMP for part in m.alternatives),
                sample=[(_CALENDAR, "text/calendar; method=REQUEST")],
                several=True,
            ),
            Use(
                Feature.AMP_HTML,
                "an AMP body",
                lambda m: sum(part.mime_type == AMP for part in m.alternatives),
                sample=[("<html amp4email>{amp}</html>", AMP)],
            ),
        ),
        join=joining.concatenated,
        droppable=True,
        reads_mapping=Alternative.from_dict,
    ),
    Field(
        "attachments",
        coercion.attachments,
        option="--attach and --inline",
        uses=(
            Use(
                Feature.ATTACHMENTS,
                "files",
                lambda m: sum(not part.inline for part in m.attachments),
                several=True,
            ),
            Use(
                Feature.INLINE_IMAGES,
                "images that the HTML shows as `cid:`",
                lambda m: sum(part.inline for part in m.attachments),
                several=True,
            ),
        ),
        join=joining.concatenated,
        droppable=True,
        reads_mapping=Attachment.from_dict,
        other_names=("files",),
    ),
    Field(
        "headers",
        coercion.headers,
        option=Option("--header", "'NAME: VALUE'", "repeatable", kind="header"),
        uses=(
            Use(
                Feature.HEADERS,
                "header fields of your own",
                lambda m: len(m.headers) - ("To" in m.headers) if m.headers else 0,
                sample={"X-{header name}": "{header value}"},
                several=True,
            ),
            Use(
                Feature.SPOOFED_TO,
                "a To header that differs from the recipients",
                lambda m: int(bool(m.headers) and "To" in m.headers),
                sample={"To": "Friends <{spoofed to}@example.org>"},
                place="headers['To']",
            ),
        ),
        join=joining.headers,
        droppable=True,
        other_names=("extra_headers", "message_id"),
    ),
    Field(
        "envelope_sender",
        coercion.address,
        option=Option("--envelope-sender", "ADDRESS", "where bounces go", group="addresses"),
        uses=(
            Use(
                Feature.ENVELOPE_SENDER,
                "where bounces go",
                lambda m: int(m.envelope_sender is not None),
                sample="{envelope_sender}@example.com",
            ),
        ),
        droppable=True,
        reads_mapping=Address.from_dict,
        other_names=("return_path",),
    ),
    Field(
        "metadata",
        coercion.metadata,
        option=Option("--metadata", "KEY=VALUE", "repeatable", kind="pair"),
        uses=(
            Use(
                Feature.METADATA,
                "values that events bring back",
                lambda m: len(m.metadata),
                sample={"{metadata key}": "{metadata value}"},
                several=True,
            ),
        ),
        join=joining.merged,
        droppable=True,
        other_names=("custom_args", "custom_variables", "variables"),
    ),
    Field(
        "tags",
        coercion.tags,
        option=Option("--tag", "TAG", "repeatable", kind="list"),
        uses=(
            Use(
                Feature.TAGS,
                "words that statistics count by",
                lambda m: len(m.tags),
                sample=["{tag}"],
                several=True,
            ),
        ),
        join=joining.concatenated,
        droppable=True,
        other_names=("categories", "category"),
    ),
    Field(
        "track_opens",
        coercion.flag,
        option=Option("--track-opens", kind="switch"),
        uses=(
            Use(
                Feature.TRACK_OPENS,
                "tracking of opens, on or off for a message",
                lambda m: int(m.track_opens is not None),
                sample=True,
                others=(False,),
            ),
        ),
        droppable=True,
    ),
    Field(
        "track_clicks",
        coercion.flag,
        option=Option("--track-clicks", kind="switch"),
        uses=(
            Use(
                Feature.TRACK_CLICKS,
                "tracking of clicks, on or off for a message",
                lambda m: int(m.track_clicks is not None),
                sample=True,
                others=(False,),
            ),
        ),
        droppable=True,
    ),
    Field(
        "send_at",
        send_time,
        option=Option("--send-at", "TIME", "ISO 8601, with its time zone"),
        uses=(Use(Feature.SEND_AT, "sending later", lambda m: int(m.send_at is not None)),),
        reads_text=time_of_text,
        other_names=("deliver_at", "delivery_time", "delay"),
    ),
    Field(
        "template_id",
        coercion.template,
        option=Option("--template-id", "ID"),
        uses=(
            Use(
                Feature.TEMPLATES,
                "templates stored at the provider",
                lambda m: int(m.template_id is not None),
            ),
        ),
        other_names=("template",),
    ),
    Field(
        "merge_data",
        coercion.by_recipient(coercion.data),
        option=_IN_A_FILE,
        uses=(
            Use(
                Feature.MERGE_DATA,
                "values for each recipient; everybody gets an own mail",
                lambda m: int(m.merge_data is not None),
                sample={"{recipient}": {"{merge_data key}": "{merge_data value}"}},
            ),
        ),
        join=joining.each(joining.deeply_merged),
        other_names=("recipient_variables",),
    ),
    Field(
        "merge_global_data",
        coercion.data,
        option=_IN_A_FILE,
        uses=(
            Use(
                Feature.MERGE_GLOBAL_DATA,
                "values for all recipients",
                lambda m: int(bool(m.merge_global_data)),
                sample={"{merge_global_data key}": "{merge_global_data value}"},
            ),
        ),
        join=joining.merged,
        other_names=(
            *("template_data", "template_variables", "template_params"),
            *("dynamic_template_data", "context", "substitutions"),
        ),
    ),
    Field(
        "merge_metadata",
        coercion.by_recipient(coercion.metadata),
        option=_IN_A_FILE,
        uses=(
            Use(
                Feature.MERGE_METADATA,
                "metadata for each recipient",
                lambda m: int(m.merge_metadata is not None),
                sample={"{recipient}": {"{merge_metadata key}": "{merge_metadata value}"}},
            ),
        ),
        join=joining.each(joining.deeply_merged),
        droppable=True,
    ),
    Field(
        "merge_headers",
        coercion.by_recipient(coercion.headers),
        option=_IN_A_FILE,
        uses=(
            Use(
                Feature.MERGE_HEADERS,
                "headers for each recipient",
                lambda m: int(m.merge_headers is not None),
                sample={"{recipient}": {"X-{merge_headers key}": "{merge_headers value}"}},
            ),
        ),
        join=joining.each(joining.headers),
        droppable=True,
    ),
    Field(
        "unsubscribe",
        Unsubscribe.coerce,
        option=Option("--unsubscribe", "URL", "one-click (RFC 8058)"),
        uses=(
            Use(
                Feature.UNSUBSCRIBE,
                "leaving a list with one click (RFC 8058)",
                lambda m: int(m.unsubscribe is not None),
                sample="https://example.com/u/{unsubscribe}",
            ),
        ),
        droppable=True,
    ),
    Field(
        "idempotency_key",
        coercion.identifier,
        option=Option("--idempotency-key", "KEY"),
        uses=(
            Use(
                Feature.IDEMPOTENCY_KEY,
                "two sends with one key are one",
                lambda m: int(m.idempotency_key is not None),
                sample="{idempotency_key}",
            ),
        ),
    ),
    Field(
        "esp_extra",
        coercion.esp_extra,
        option=_IN_A_FILE,
        join=joining.deeply_merged,
        other_names=("extra",),
    ),
)
"""Every field, in the order in which people read them."""

MESSAGE_FIELDS: tuple[str, ...] = tuple(each.name for each in FIELDS)
"""Names of all fields, in the order of the class."""

_BY_FEATURE = {use.feature: (each, use) for each in FIELDS for use in each.uses}

FEATURES: Mapping[Feature, tuple[Field, Use]] = {
    feature: _BY_FEATURE[feature] for feature in Feature if feature not in OF_RECEIVING
}
"""The field by which messages use a feature; features of receiving are not among them."""

USES: Mapping[Feature, Callable[[Message], int]] = {
    feature: use.count for feature, (_, use) in FEATURES.items()
}
"""How many times a message uses a feature; features of receiving are not among them."""

_OTHER_NAMES = {other: each.name for each in FIELDS for other in each.other_names}


def unknown_field(name: object, *, kind: Literal["type", "value"] = "value") -> Problem:
    """The problem of a field that no message has."""
    meant = similar(name, MESSAGE_FIELDS, _OTHER_NAMES)
    hint = f": did you mean '{meant}'?" if meant else ""
    shown = shown_field(name)
    return Problem(shown.strip("'"), f"Message has no field {shown}{hint}", kind=kind)
