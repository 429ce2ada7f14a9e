"""
Bounds of SES's model in what SES writes itself: simple content and templates.

They are those of ``MessageHeaderList``, ``MessageHeader`` and ``EmailTemplateData`` in botocore's
model of sesv2 (1.44.8), which botocore itself does not check:
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html,
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Template.html (read 2026-11-30). That it
takes printable characters only is no bound for a message, whose headers are written in these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from mailcore.errors import Problem
from mailcore.message import Emptied, First, Message, Remedy, WithoutHeaders
from mailcore_ses.payload.headers import METADATA_HEADER, api_headers
from mailcore_ses.payload.plan import Choice, Plan
from mailcore_ses.payload.templated import template_data


MAX_HEADERS = 15
MAX_TEMPLATE_DATA_CHARACTERS = 262_144

Place: TypeAlias = Literal["headers", "merge_headers"]
"""Fields of a message that have headers."""


def out_of_bounds(message: Message, plan: Plan) -> Iterator[Problem]:
    """
    What SES would refuse of a message that it is to write.

    Args:
        message: That has a template, or goes as simple content.
        plan: The plan of the message.
    """
    if plan.is_template:
        yield from _template_data(message)
    if not plan.is_v1:
        yield from _number_of_headers(message, plan)


def _number_of_headers(message: Message, plan: Plan) -> Iterator[Problem]:
    headers_to_all = api_headers(message)
    to_all = {header["Name"].lower() for header in headers_to_all}
    number = len(headers_to_all)
    if number > MAX_HEADERS:
        # The last ones of its own go first, then tags.
        own = [name for name in message.headers if name.lower() != "to"]
        remedy: Remedy = WithoutHeaders(tuple(own[-(number - MAX_HEADERS) :]))
        if not own and message.tags:
            remedy = First("tags", max(0, len(message.tags) - (number - MAX_HEADERS)))
        yield _too_many("headers", number, remedy)
    if not plan.is_batch:
        return
    headers, metadata = message.merge_headers or {}, message.merge_metadata or {}
    most = 0
    for key in {*headers, *metadata}:
        names = {name.lower() for name in headers.get(key, ())}
        if metadata.get(key):
            names.add(METADATA_HEADER.lower())
        # In a batch SES puts them over those to all; else they are put there here.
        most = max(most, len(names) if plan.choice is Choice.BULK else number + len(names - to_all))
    if most > max(MAX_HEADERS, number if plan.choice is Choice.INDIVIDUAL else 0):
        yield _too_many("merge_headers", most, Emptied("merge_headers"))


def _too_many(field: Place, number: int, remedy: Remedy) -> Problem:
    return Problem(
        field,
        f"{number} headers, and SES takes {MAX_HEADERS} where it writes the message: X-Metadata, "
        "each X-Tag and those of `unsubscribe` count",
        "give fewer headers or tags, or send a complete message with content='raw'",
        feature=field,
        remedy=remedy,
    )


def _is_too_long(values: Mapping[str, object] | None) -> bool:
    if values is None:
        return False
    # No character takes more than 12 in JSON. That is enough to know for most values, in a quarter
    # of the time that writing the JSON takes (benchmarks/bulk.py).
    most = 0
    for name, value in values.items():
        if type(value) is str:
            most += len(value) + len(name) + 1
        elif type(value) is int and -(10**18) < value < 10**18:
            most += len(name) + 3
        else:
            break
    else:
        if 12 * most < MAX_TEMPLATE_DATA_CHARACTERS:
            return False
    return len(template_data(values)) > MAX_TEMPLATE_DATA_CHARACTERS


def _template_data(message: Message) -> Iterator[Problem]:
    given = {
        "merge_global_data": [message.merge_global_data],
        "merge_data": (message.merge_data or {}).values(),
    }
    for field, values in given.items():
        if any(_is_too_long(each) for each in values):
            yield Problem(
                field,
                f"`{field}` is more than {MAX_TEMPLATE_DATA_CHARACTERS} characters of JSON, which "
                "SES does not take",
                "shorten the values",
            )
