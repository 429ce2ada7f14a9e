"""
From the bytes of a received mail to an :class:`InboundMessage`: lenient, lazy, bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.inbound.addresses import InboundAddress, read_addresses
    from mailcore.inbound.charset import decode_charset
    from mailcore.inbound.composing import ReceivedFile, compose_inbound
    from mailcore.inbound.content_ids import (
        read_repeating_json,
        received_files,
        shown_content_ids,
    )
    from mailcore.inbound.date import parse_date
    from mailcore.inbound.head import header_pairs
    from mailcore.inbound.headers import InboundHeaders
    from mailcore.inbound.message import InboundMessage, parse_inbound
    from mailcore.inbound.parameters import Parameterized, read_parameters
    from mailcore.inbound.part import InboundPart
    from mailcore.inbound.report import DeliveryReport, FeedbackReport, RecipientReport
    from mailcore.inbound.score import read_score
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "InboundAddress": "inbound.addresses",
            "read_addresses": "inbound.addresses",
            "ReceivedFile": "inbound.composing",
            "compose_inbound": "inbound.composing",
            "decode_charset": "inbound.charset",
            "read_repeating_json": "inbound.content_ids",
            "received_files": "inbound.content_ids",
            "shown_content_ids": "inbound.content_ids",
            "parse_date": "inbound.date",
            "header_pairs": "inbound.head",
            "InboundHeaders": "inbound.headers",
            "InboundMessage": "inbound.message",
            "parse_inbound": "inbound.message",
            "Parameterized": "inbound.parameters",
            "read_parameters": "inbound.parameters",
            "InboundPart": "inbound.part",
            "DeliveryReport": "inbound.report",
            "FeedbackReport": "inbound.report",
            "RecipientReport": "inbound.report",
            "read_score": "inbound.score",
        },
    )

__all__ = [
    "DeliveryReport",
    "FeedbackReport",
    "InboundAddress",
    "InboundHeaders",
    "InboundMessage",
    "InboundPart",
    "Parameterized",
    "ReceivedFile",
    "RecipientReport",
    "compose_inbound",
    "decode_charset",
    "header_pairs",
    "parse_date",
    "parse_inbound",
    "read_addresses",
    "read_parameters",
    "read_repeating_json",
    "read_score",
    "received_files",
    "shown_content_ids",
]
