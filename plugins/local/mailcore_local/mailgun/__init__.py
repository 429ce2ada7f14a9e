"""
Mailgun, from https://documentation.mailgun.com (read 2026-11-30): see `MailgunFace`.
"""

from __future__ import annotations
