"""
``/api/v1``: what tests and other programs ask the mailbox.
"""

from __future__ import annotations

from mailcore_local.api.routes import api_application


__all__ = ["api_application"]
