"""
What every store of an outbox must do, proven on yours.

Subclass the suite in a test file, and say how a store is made and how a row gets in::

    from mailcore.testing import OutboxStoreSuite

    class TestAcmeOutbox(OutboxStoreSuite):
        def make_store(self):
            return AcmeOutboxStore(...)  # with nothing in it

        def put(self, store, rows):
            ...  # as the package's own add() does, and commit

Each check takes a store of its own.
"""

from __future__ import annotations

from mailcore.testing.outbox_claim_checks import ClaimChecks
from mailcore.testing.outbox_event_checks import EventChecks
from mailcore.testing.outbox_race_checks import RaceChecks
from mailcore.testing.outbox_reading_checks import ReadingChecks


class OutboxStoreSuite(ClaimChecks, EventChecks, RaceChecks, ReadingChecks):
    """Checks of an :class:`~mailcore.outbox.store.OutboxStore`."""
