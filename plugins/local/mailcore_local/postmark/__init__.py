"""
Postmark, from https://postmarkapp.com/developer (read 2026-11-30): see `PostmarkFace`.
"""

from __future__ import annotations
