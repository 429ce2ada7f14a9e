"""Webhooks in Django: each configured provider has one address, for events and for mail."""

from __future__ import annotations
