"""
What is decided about a message, once: which call sends it, and who writes its headers.

:mod:`mailcore_ses.payload` has the table. The checks of a message and the writing of its calls go
by the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from mailcore.message import Message, extra_of, fills_in
from mailcore_ses.aws.call import SES, SES_V1
from mailcore_ses.payload.extra import asked_content
from mailcore_ses.payload.merge_syntax import SYNTAX


if TYPE_CHECKING:
    from mailcore_ses.options import SesOptions


class Choice(Enum):
    """What a message becomes."""

    RAW = "one message, written here"
    SIMPLE = "one message, written by SES from its parts"
    TEMPLATE = "a template filled in once"
    BULK = "a template filled in for each recipient"
    INDIVIDUAL = "a message written for each recipient"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    How one message is sent. It does not hold the message.

    Attributes:
        options: The options of the provider.
        choice: What the message becomes.
        operation: Which call makes it that.
        is_simple: Whether a complete message goes as simple content.
        extra: What the message has in ``esp_extra`` for SES.
    """

    options: SesOptions
    choice: Choice
    operation: str
    is_simple: bool
    extra: Mapping[str, Any]

    @property
    def is_v1(self) -> bool:
        """Whether it goes through API v1."""
        return self.options.api_version == "v1"

    @property
    def service(self) -> str:
        """What is called, as boto3 names it."""
        return SES_V1 if self.is_v1 else SES

    @property
    def is_template(self) -> bool:
        """Whether SES fills in a template, stored or the message's own."""
        return self.choice in (Choice.TEMPLATE, Choice.BULK)

    @property
    def is_batch(self) -> bool:
        """Whether each address in ``to`` gets a mail of its own."""
        return self.choice in (Choice.BULK, Choice.INDIVIDUAL)

    @property
    def is_written_by_ses(self) -> bool:
        """Whether SES writes the headers, of a template or of simple content."""
        return self.is_template or self.is_simple


def plan_of(message: Message, options: SesOptions) -> Plan:
    """Decide by what the message asks for; :mod:`mailcore.message.merging` tells a template."""
    extra = extra_of(message, "ses")
    is_simple = (asked_content(extra) or options.content) == "simple"
    if fills_in(message, SYNTAX):
        choice = Choice.BULK if message.is_batch else Choice.TEMPLATE
    elif message.is_batch:
        choice = Choice.INDIVIDUAL
    else:
        choice = Choice.SIMPLE if is_simple else Choice.RAW
    operations = _V1_OPERATIONS if options.api_version == "v1" else _OPERATIONS
    return Plan(
        options=options,
        choice=choice,
        operation=operations.get(choice, operations[Choice.RAW]),
        is_simple=is_simple,
        extra=extra,
    )


_OPERATIONS = {Choice.RAW: "SendEmail", Choice.BULK: "SendBulkEmail"}
_V1_OPERATIONS = {
    Choice.RAW: "SendRawEmail",
    Choice.TEMPLATE: "SendTemplatedEmail",
    Choice.BULK: "SendBulkTemplatedEmail",
}
