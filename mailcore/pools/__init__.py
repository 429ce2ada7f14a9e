"""
Pools, which are providers made of others: failover, taking turns, routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.pools.balancing import RoundRobin, Weighted
    from mailcore.pools.collecting import MemberInput
    from mailcore.pools.composite import CompositeProvider, Member, Via
    from mailcore.pools.failover import Failover
    from mailcore.pools.route import Chooser, Route
    from mailcore.pools.urls import PoolItem
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Chooser": "pools.route",
            "CompositeProvider": "pools.composite",
            "Failover": "pools.failover",
            "Member": "pools.composite",
            "MemberInput": "pools.collecting",
            "PoolItem": "pools.urls",
            "RoundRobin": "pools.balancing",
            "Route": "pools.route",
            "Via": "pools.composite",
            "Weighted": "pools.balancing",
        },
    )

__all__ = [
    "Chooser",
    "CompositeProvider",
    "Failover",
    "Member",
    "MemberInput",
    "PoolItem",
    "RoundRobin",
    "Route",
    "Via",
    "Weighted",
]
