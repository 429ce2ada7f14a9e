"""What the service accepted, against what the queue says became of each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


SENT, FAILED, UNKNOWN = "sent", "failed", "unknown"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What a run has shown.

    Args:
        counts: How many messages have each outcome.
        accepted: How many messages the service accepted at least once.
        accepted_unknown: How many of those whose outcome is unknown it accepted.
        twice: Messages that it accepted more than once.
        without_outcome: Messages that have no outcome, or none that is the last word.
        not_accepted: Messages that count as sent, and were not accepted.
        accepted_all_the_same: Messages that count as failed, and were accepted.
    """

    counts: Mapping[str, int]
    accepted: int
    accepted_unknown: int
    twice: tuple[str, ...] = field(default=())
    without_outcome: tuple[str, ...] = field(default=())
    not_accepted: tuple[str, ...] = field(default=())
    accepted_all_the_same: tuple[str, ...] = field(default=())

    @property
    def faults(self) -> tuple[str, ...]:
        """What must not have happened, a sentence each."""
        found = {
            "accepted twice": self.twice,
            "lost: no outcome": self.without_outcome,
            "said to be sent, but not accepted": self.not_accepted,
            "said to have failed, but accepted": self.accepted_all_the_same,
        }
        return tuple(
            f"{len(names)} {what}: {', '.join(names[:5])}" for what, names in found.items() if names
        )

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        return (
            f"{counts}; the service accepted {self.accepted}, of the unknown ones "
            f"{self.accepted_unknown}"
        )


def judge(names: Iterable[str], accepted: Iterable[str], outcomes: Mapping[str, str]) -> Verdict:
    """
    Hold the service's record against the outcomes.

    Args:
        names: All messages that were given to the queue.
        accepted: A name for each message that the service accepted, as often as it did.
        outcomes: What the queue says: ``sent``, ``failed``, ``unknown``, or anything else for a
            message that is still on its way.
    """
    everybody = list(names)
    times = Counter(accepted)
    told = {name: outcomes.get(name, "none") for name in everybody}
    strangers = [name for name in times if name not in told]
    return Verdict(
        counts=Counter(told.values()),
        accepted=len(times),
        accepted_unknown=sum(told[name] == UNKNOWN and times[name] > 0 for name in everybody),
        twice=tuple(name for name, count in times.items() if count > 1),
        without_outcome=tuple(
            name for name in everybody if told[name] not in (SENT, FAILED, UNKNOWN)
        ),
        not_accepted=tuple(name for name in everybody if told[name] == SENT and not times[name]),
        accepted_all_the_same=(
            *(name for name in everybody if told[name] == FAILED and times[name]),
            *strangers,
        ),
    )
