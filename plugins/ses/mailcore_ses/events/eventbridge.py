"""
What EventBridge wraps around an SES event: the same envelope to a queue, a topic or a function.

https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html (read 2026-11-21) and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html (read
2026-11-30).
"""

from __future__ import annotations

import logging

from collections.abc import Mapping
from typing import Any

from mailcore.errors import MalformedWebhook


logger = logging.getLogger("mailcore_ses.eventbridge")

_SOURCE = "aws.ses"
_CLOUDTRAIL = "via CloudTrail"


def is_eventbridge(fields: Mapping[str, Any]) -> bool:
    """Whether an object is an envelope of EventBridge."""
    return "detail-type" in fields and "eventType" not in fields


def event_in(fields: Mapping[str, Any], *, provider: str) -> Mapping[str, Any] | None:
    """
    The SES event in an envelope; None if it is about the account, or a call that was recorded.

    Raises:
        MalformedWebhook: If it is not from SES, or has no event.
    """
    if fields.get("source") != _SOURCE:
        raise MalformedWebhook(
            f"an event of EventBridge is not of the source {_SOURCE}", provider=provider
        )
    detail = fields.get("detail")
    if not isinstance(detail, dict):
        raise MalformedWebhook("`detail` is not an object", provider=provider)
    is_call = "eventSource" in detail or str(fields.get("detail-type")).endswith(_CLOUDTRAIL)
    if is_call and "mail" not in detail:
        logger.info("an event of EventBridge is a record of CloudTrail: ignored")
        return None
    if "eventType" not in detail and "notificationType" not in detail:
        # Advisor recommendations, sending status.
        logger.info("an event of EventBridge is about the account: ignored")
        return None
    return detail
