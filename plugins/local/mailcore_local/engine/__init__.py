"""
What every stand-in is made of: accepted messages, recipients' fates, events, deliveries, faults.

Nothing here knows a provider, or HTTP servers: a stand-in says which address meets which fate, what
an event looks like in its provider's form, and how it is signed.
"""

from __future__ import annotations

from mailcore_local.engine.accepted import Accepted
from mailcore_local.engine.fates import (
    EventKind,
    Fate,
    Happening,
    grouped,
    happenings,
    is_test_virus,
    kinds_of,
)
from mailcore_local.engine.fault_documents import set_faults
from mailcore_local.engine.faults import ArgumentRule, Fault, FaultRule, Faults
from mailcore_local.engine.publisher import Delivery, Publisher, apply_fault
from mailcore_local.engine.records import AcceptedMessage, DeliveryRecord, DeliveryState


__all__ = [
    "Accepted",
    "AcceptedMessage",
    "ArgumentRule",
    "Delivery",
    "DeliveryRecord",
    "DeliveryState",
    "EventKind",
    "Fate",
    "Fault",
    "FaultRule",
    "Faults",
    "Happening",
    "Publisher",
    "apply_fault",
    "grouped",
    "happenings",
    "is_test_virus",
    "kinds_of",
    "set_faults",
]
