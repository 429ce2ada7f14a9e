"""
Checks of a mail for what one forgets.

They are advice about what most mail programs do, with the page that says so where there is one, and
no replacement for a look at the real programs.
"""

from __future__ import annotations

from mailcore.inbound import InboundMessage
from mailcore_local.pages.checks.body import CLIPPED_BYTES, check_bodies
from mailcore_local.pages.checks.finding import LEVELS, Finding, Level
from mailcore_local.pages.checks.links import check_links
from mailcore_local.pages.checks.names import check_names
from mailcore_local.pages.checks.unsubscribing import (
    UnsubscribeTargets,
    check_unsubscribing,
    unsubscribe_targets,
)
from mailcore_local.pages.html_facts import read_html


__all__ = [
    "CLIPPED_BYTES",
    "LEVELS",
    "Finding",
    "Level",
    "UnsubscribeTargets",
    "check_mail",
    "unsubscribe_targets",
]


def check_mail(mail: InboundMessage) -> tuple[Finding, ...]:
    """
    All that the checks have to say about a mail, the worst first.

    Args:
        mail: The mail as a recipient gets it.
    """
    facts = None if mail.html is None else read_html(mail.html)
    findings = [
        *check_names(mail),
        *check_bodies(mail, facts),
        *(check_links(mail, facts) if facts else ()),
        *check_unsubscribing(mail, facts),
    ]
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))
