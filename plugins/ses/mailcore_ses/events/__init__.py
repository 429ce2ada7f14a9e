"""
SES events, normalised: one for each recipient.

:mod:`mailcore_ses.events.reading` takes SES's JSON apart, by the table of
:mod:`mailcore_ses.events.event_map`; the other modules read what is only Amazon's.
"""

from __future__ import annotations

from mailcore_ses.events.reading import parse_events, parse_message, parse_ses_event


__all__ = ["parse_events", "parse_message", "parse_ses_event"]
