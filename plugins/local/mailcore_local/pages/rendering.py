"""
The templates, and how values are written in them.
"""

from __future__ import annotations

import json

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import RecipientState, state_after
from mailcore_local.pages.checks.names import readable


if TYPE_CHECKING:
    from jinja2 import Environment


_DIRECTORY = Path(__file__).parent / "templates"

STATIC_DIRECTORY = Path(__file__).parent / "static"
"""The script, the style and the picture of the pages."""

STATE_TONES: dict[RecipientState, str] = {
    "accepted": "quiet",
    "deferred": "warn",
    "delivered": "good",
    "opened": "good",
    "clicked": "good",
    "unsubscribed": "warn",
    "complained": "bad",
    "soft_bounced": "warn",
    "bounced": "bad",
    "rejected": "bad",
    "failed": "bad",
}
"""How a state is coloured; its word stands beside it."""


def render(template: str, **values: object) -> str:
    """
    A page by its template.

    Args:
        template: The name of a file in `templates`.
        values: What the template takes.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    # Not before a page is asked for: `mailcore local` starts in less than a second.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=shown_moment,
        iso=_iso,
        size=shown_size,
        state=shown_state,
        tone=_tone,
        count=counted,
        summed=summed_states,
        tone_of_event=_tone_of_event,
        visible=readable,
        pretty=_pretty,
    )
    return environment


def shown_moment(moment: datetime, now: datetime | None = None) -> str:
    """
    A moment in the time of this machine: the hour of today, or the day.

    Args:
        moment: The moment, with its time zone.
        now: What counts as now; the present by default.
    """
    local = moment.astimezone()
    today = (now or datetime.now(local.tzinfo)).astimezone(local.tzinfo).date()
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b %H:%M}" if local.year == today.year else f"{local:%d %b %Y}"


def shown_size(size_bytes: int) -> str:
    """
    A size as people read it, in steps of 1,024.
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.0f} KB"
    return f"{size_bytes / 1024 / 1024:.1f} MB"


def shown_state(state: str) -> str:
    """
    A state or a kind of event as words.
    """
    return state.replace("_", " ").replace("-", " ")


def counted(number: int, one: str, more: str | None = None) -> str:
    """
    A number with its noun: `1 mail`, `2,000 mails`.
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def summed_states(states: Sequence[RecipientState]) -> list[tuple[RecipientState, int]]:
    """
    How many recipients are in each state, what went wrong first.
    """
    order = ("bad", "warn", "quiet", "good")
    numbers = Counter(states)
    return sorted(numbers.items(), key=lambda item: (order.index(STATE_TONES[item[0]]), -item[1]))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _tone(state: RecipientState) -> str:
    return STATE_TONES[state]


def _tone_of_event(kind: str) -> str:
    return STATE_TONES[state_after("accepted", EventKind(kind))]


def _pretty(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)
