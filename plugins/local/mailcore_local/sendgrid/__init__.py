"""
Twilio SendGrid, from https://www.twilio.com/docs/sendgrid (read 2026-11-30): see `SendGridFace`.
"""

from __future__ import annotations
