"""
Policies of a mailer: what happens around a send, in an order that is visible in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.middleware.asking import WhenDown
    from mailcore.middleware.idempotency import Idempotency
    from mailcore.middleware.limiter import Limiter, Limits, MemoryLimiter, Turn
    from mailcore.middleware.logging import EventLog, Logging
    from mailcore.middleware.policy import Place, Policy, Sender
    from mailcore.middleware.redirect import Redirect
    from mailcore.middleware.redis_limiter import RedisLimiter
    from mailcore.middleware.retry import Retry
    from mailcore.middleware.stacks import Policies, production
    from mailcore.middleware.suppression import Suppression
    from mailcore.middleware.telemetry import EventMetrics, Telemetry
    from mailcore.middleware.throttle import Throttle
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Telemetry": "middleware.telemetry",
            "EventMetrics": "middleware.telemetry",
            "production": "middleware.stacks",
            "Policies": "middleware.stacks",
            "Logging": "middleware.logging",
            "EventLog": "middleware.logging",
            "Redirect": "middleware.redirect",
            "RedisLimiter": "middleware.redis_limiter",
            "Turn": "middleware.limiter",
            "MemoryLimiter": "middleware.limiter",
            "Limits": "middleware.limiter",
            "Limiter": "middleware.limiter",
            "Throttle": "middleware.throttle",
            "Retry": "middleware.retry",
            "Idempotency": "middleware.idempotency",
            "Place": "middleware.policy",
            "Policy": "middleware.policy",
            "Sender": "middleware.policy",
            "Suppression": "middleware.suppression",
            "WhenDown": "middleware.asking",
        },
    )

__all__ = [
    "EventLog",
    "EventMetrics",
    "Idempotency",
    "Limiter",
    "Limits",
    "Logging",
    "MemoryLimiter",
    "Place",
    "Policies",
    "Policy",
    "Redirect",
    "RedisLimiter",
    "Retry",
    "Sender",
    "Suppression",
    "Telemetry",
    "Throttle",
    "Turn",
    "WhenDown",
    "production",
]
