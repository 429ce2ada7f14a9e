"""The header of a mail without its body, for services that post the one beside the other."""

from __future__ import annotations

import re

from mailcore.inbound.message import parse_inbound


_END = re.compile(rb"\r?\n\r?\n")
_MAX_BYTES = 512 * 1024


def header_pairs(raw: bytes) -> tuple[tuple[str, str], ...]:
    """
    Names and decoded values of the header fields of a mail.

    Args:
        raw: The mail as received, or its header alone; of a header without an end, 512 KB are read.
    """
    end = _END.search(raw, 0, _MAX_BYTES)
    return parse_inbound(raw[: end.end()] if end else raw[:_MAX_BYTES]).headers.pairs
