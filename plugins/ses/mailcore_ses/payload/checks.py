"""
What SES cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-SES-*``                           refused: SES would obey it; there are options for that
``Message-ID``, ``Date``              refused: SES replaces them
``X-Metadata``, ``X-Tag``             refused beside ``metadata`` and ``tags``, which stand there
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``To``                                refused where SES writes it: templates, simple content
``Reply-To`` in merge_headers         refused with templates, for which SES writes it
====================================  ==============================================================

SES's limits on numbers and sizes of messages are its own to enforce, and to change; the bounds of
its model in what it writes itself are those of :mod:`mailcore_ses.payload.bounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mailcore.errors import Problem
from mailcore.message import (
    MAX_LINE_OCTETS,
    Emptied,
    First,
    Headers,
    Message,
    Named,
    Remedy,
    Without,
    WithoutHeaders,
    WithoutItems,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    own_header_names,
    refused_alternatives,
    refused_headers,
    refused_own_headers,
)
from mailcore.mime import header_value
from mailcore_ses.payload import api_checks
from mailcore_ses.payload.api_checks import TRACKING
from mailcore_ses.payload.bounds import Place, out_of_bounds
from mailcore_ses.payload.headers import (
    METADATA_HEADER,
    TAG_HEADER,
    encode_metadata,
    encode_tag,
)
from mailcore_ses.payload.names import ENTRIES, LIST
from mailcore_ses.payload.plan import Choice, Plan
from mailcore_ses.payload.tags import TAG_TEXT


if TYPE_CHECKING:
    from mailcore_ses.options import SesOptions

# https://docs.aws.amazon.com/ses/latest/dg/header-fields.html (read 2026-11-21)
_REPLACED = {
    "message-id": "SES replaces it; the result has SES's own id",
    "date": "SES replaces it with the time of acceptance",
}
_CONTROL_HEADER = "x-ses-"


def check(message: Message, plan: Plan) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    refusal = partial(_header_refused, message)
    yield from refused_headers(message.headers, "headers", refusal)
    yield from _long_values(message, _OF_THE_API if plan.is_written_by_ses else _OF_A_LINE)
    if plan.is_batch:
        yield from batch_without_recipients(message)
        yield from refused_own_headers(message, refusal)
    if message.template_id is not None:
        why = "SES takes it from the template"
        yield from bodies_beside_template(message, ("subject", "text", "html"), why)
    if plan.is_written_by_ses:
        yield from _own_reply_to(message)
        yield from _header_values(message)
        yield from out_of_bounds(message, plan)
        yield from _not_in_parts(message, plan)
    yield from _message_tag(message, plan.options)
    yield from _signing(message, plan)
    yield from _options(plan)
    if plan.is_v1:
        yield from api_checks.not_in_v1(message, plan)
    else:
        yield from api_checks.unknown_overrides(message)


def _header_refused(message: Message, name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if a header of that name cannot be sent."""
    key = name.lower()
    if key in _REPLACED:
        return f"{place}: {_REPLACED[key]}", "leave it out"
    if key.startswith(_CONTROL_HEADER):
        hint = "use the option for it, or mailcore_ses.ses_options()"
        return f"{place}: SES would obey it and remove it", hint
    if key == METADATA_HEADER.lower() and (message.metadata or message.merge_metadata):
        return f"{place} and `metadata` are both given", "give one of them"
    if key == TAG_HEADER.lower() and message.tags:
        return f"{place} and `tags` are both given", "give one of them"
    return None


class _Limit(NamedTuple):
    exceeded: Callable[[str, str], bool]
    reason: str


def _exceeds_line(name: str, value: str) -> bool:
    if len(value) <= 900:
        return False
    return len(name) + 2 + max(map(len, value.split(" "))) > MAX_LINE_OCTETS


def _exceeds_api(name: str, value: str) -> bool:
    # 995 in the model; name and value together 996 in the documents of MessageHeader.
    return len(name) + len(value) > 996


_OF_A_LINE = _Limit(
    _exceeds_line,
    f"has a value of more than {MAX_LINE_OCTETS} characters without a space, which no header line "
    f"can hold",
)
_OF_THE_API = _Limit(_exceeds_api, "makes a header of more than the 996 characters that SES takes")


def _long_values(message: Message, limit: _Limit) -> Iterator[Problem]:
    def problem(field: str, remedy: Remedy) -> Problem:
        hint = "keep it in your database, and a key to it here"
        return Problem(field, f"`{field}` {limit.reason}", hint, feature=field, remedy=remedy)

    def is_long(metadata: Mapping[str, Any]) -> bool:
        return limit.exceeded(METADATA_HEADER, encode_metadata(metadata))

    everybody = message.metadata
    if everybody and is_long(everybody):
        yield problem("metadata", Without("metadata"))
    own = (message.merge_metadata or {}).values()
    if any(is_long({**everybody, **metadata}) for metadata in own):
        yield problem("merge_metadata", Emptied("merge_metadata"))
    long = [
        at for at, tag in enumerate(message.tags) if limit.exceeded(TAG_HEADER, encode_tag(tag))
    ]
    if long:
        yield problem("tags", WithoutItems("tags", tuple(long)))


def _header_values(message: Message) -> Iterator[Problem]:
    yield from _unfit_values(message.headers, "headers")
    for headers in (message.merge_headers or {}).values():
        yield from _unfit_values(headers, "merge_headers")


def _unfit_values(headers: Headers, field: Place) -> Iterator[Problem]:
    for name, value in headers.items_as_given():
        place = f"{field}[{name!r}]"
        remedy = WithoutHeaders((name,), field)
        if not value.strip():
            reason = f"{place} is empty, which SES does not take"
            yield Problem(place, reason, "leave it out", feature=field, remedy=remedy)
        elif len(value) > 100 and _OF_THE_API.exceeded(name, header_value(name, value)):
            reason = f"{place} {_OF_THE_API.reason}"
            yield Problem(place, reason, "shorten it", feature=field, remedy=remedy)


def _own_reply_to(message: Message) -> Iterator[Problem]:
    """Who gets the answer must not be another's: it is not dropped."""
    name = own_header_names(message).get("reply-to")
    if name is not None:
        place = f"merge_headers[{name!r}]"
        yield Problem(place, f"{place}: it is written for you", feature="merge_headers")


def _not_in_parts(message: Message, plan: Plan) -> Iterator[Problem]:
    what = "templates" if plan.is_template else "simple content"
    reason = f"{{feature}} is not supported in {what} of SES, which has text and HTML"
    yield from refused_alternatives(message, reason)
    if message.other_authors:
        # Only the header of a raw message may have several: tests/test_amazon_ses_backend.py in
        # https://github.com/anymail/django-anymail (read 2026-11-30).
        reason = f"multiple_from is not supported in {what} of SES, which has one FromEmailAddress"
        remedy: Remedy = Without("other_authors")
        yield Problem("other_authors", reason, feature="multiple_from", remedy=remedy)
    if "To" in message.headers:
        reason = f"spoofed_to is not supported in {what} of SES, which writes To itself"
        remedy = WithoutHeaders(("To",))
        yield Problem("headers['To']", reason, feature="spoofed_to", remedy=remedy)
    if plan.is_v1:
        return
    for position, part in enumerate(message.attachments):
        place = f"attachments[{position}]"
        feature = "inline_images" if part.inline else "attachments"
        if not part.filename:
            reason = f"`{place}` needs a file name in {what} of SES"
            yield Problem(place, reason, feature=feature, remedy=Named(position))
        if len(part.content_type) > 78 or len(part.content_id or "") > 78:
            reason = f"`{place}` has a content type or Content-ID of more than 78 characters"
            remedy = WithoutItems("attachments", (position,))
            yield Problem(place, reason, feature=feature, remedy=remedy)


def _message_tag(message: Message, options: SesOptions) -> Iterator[Problem]:
    if options.message_tag_name is None or not message.tags:
        return
    if len(message.tags) > 1:
        reason = f"{len(message.tags)} tags, and message_tag_name is the name of one message tag"
        yield Problem("tags", reason, "give one tag", feature="tags", remedy=First("tags", 1))
    elif not TAG_TEXT.fullmatch(message.tags[0]):
        reason = "an SES message tag has 1 to 256 letters, digits, '_' and '-' only"
        hint = "see message_tag_name"
        yield Problem("tags", reason, hint, feature="tags", remedy=Without("tags"))


def _signing(message: Message, plan: Plan) -> Iterator[Problem]:
    if plan.options.signer is None:
        return
    hint = "use Easy DKIM or BYODKIM of SES, or a provider without dkim_private_key"
    if plan.is_written_by_ses:
        reason = "SES writes this message, so it cannot be signed with dkim_private_key"
        yield Problem("template_id" if message.template_id else "message", reason, hint)
    for feature in TRACKING:
        if getattr(message, feature):
            reason = f"{feature} rewrites the HTML and breaks the signature of dkim_private_key"
            yield Problem(feature, reason, hint, feature=feature, remedy=Without(feature))


def _options(plan: Plan) -> Iterator[Problem]:
    extra = plan.extra
    place = f"esp_extra['ses'][{ENTRIES!r}]"
    if ENTRIES in extra:
        entries = extra[ENTRIES]
        if not isinstance(entries, Mapping) or not all(
            isinstance(entry, Mapping) for entry in entries.values()
        ):
            reason = f"{place} must be a mapping of addresses to parameters of their entries"
            yield Problem(place, reason, "see mailcore_ses.ses_options()", kind="type")
        elif not plan.is_batch:
            yield Problem(place, f"{place} is for batches: this message is none")
    if plan.choice is Choice.BULK and (plan.options.contact_list_name or LIST in extra):
        reason = (
            "SendBulkEmail has no ListManagementOptions: a batch cannot belong to a list of SES"
        )
        yield Problem("contact_list_name", reason, "give `unsubscribe` or merge_headers instead")
