"""
One message through one provider, batches, and several messages in one call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.sending.batch import (
        Entry,
        IndividualRequests,
        copied,
        entries_of,
        own_message,
        requests_for_each,
        with_copies_once,
    )
    from mailcore.sending.combining import Combined
    from mailcore.sending.copies import keep_likelier
    from mailcore.sending.delivery import Send
    from mailcore.sending.header_texts import header_texts
    from mailcore.sending.many import Outcome, Sent, Tally
    from mailcore.sending.packing import JsonCall, LazyRequests, combined_calls, joined_request
    from mailcore.sending.planning import Planner
    from mailcore.sending.preview import Preview
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Planner": "sending.planning",
            "joined_request": "sending.packing",
            "combined_calls": "sending.packing",
            "LazyRequests": "sending.packing",
            "JsonCall": "sending.packing",
            "keep_likelier": "sending.copies",
            "Entry": "sending.batch",
            "IndividualRequests": "sending.batch",
            "requests_for_each": "sending.batch",
            "copied": "sending.batch",
            "entries_of": "sending.batch",
            "own_message": "sending.batch",
            "with_copies_once": "sending.batch",
            "Combined": "sending.combining",
            "Send": "sending.delivery",
            "Outcome": "sending.many",
            "Sent": "sending.many",
            "Tally": "sending.many",
            "Preview": "sending.preview",
            "header_texts": "sending.header_texts",
        },
    )

__all__ = [
    "Combined",
    "Entry",
    "IndividualRequests",
    "JsonCall",
    "LazyRequests",
    "Outcome",
    "Planner",
    "Preview",
    "Send",
    "Sent",
    "Tally",
    "combined_calls",
    "copied",
    "entries_of",
    "header_texts",
    "joined_request",
    "keep_likelier",
    "own_message",
    "requests_for_each",
    "with_copies_once",
]
