"""
Why a mail was not delivered, and whether the address may be written to again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.bounces.judging import Verdict, enhanced_status, judge, reply_code, verdict_of
    from mailcore.bounces.outcome import Outcome
    from mailcore.bounces.words import Cause
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Outcome": "bounces.outcome",
            "Verdict": "bounces.judging",
            "enhanced_status": "bounces.judging",
            "judge": "bounces.judging",
            "reply_code": "bounces.judging",
            "verdict_of": "bounces.judging",
            "Cause": "bounces.words",
        },
    )

__all__ = [
    "Cause",
    "Outcome",
    "Verdict",
    "enhanced_status",
    "judge",
    "reply_code",
    "verdict_of",
]
