"""
Message tags of SES, which it counts events by.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html (read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from typing import Any


TAG_TEXT = re.compile(r"[A-Za-z0-9_-]{1,256}")
# Two names with a colon are the feedback ids that SES adds to Feedback-ID.
_FEEDBACK_TAGS = ("ses:feedback-id-a", "ses:feedback-id-b")


def is_tag(name: object, value: object) -> bool:
    """Whether SES takes a message tag of that name and value."""
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    is_name = name in _FEEDBACK_TAGS or TAG_TEXT.fullmatch(name) is not None
    return is_name and TAG_TEXT.fullmatch(value) is not None


def tag_list(tags: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Message tags as SES lists them."""
    return [{"Name": name, "Value": value} for name, value in tags]
