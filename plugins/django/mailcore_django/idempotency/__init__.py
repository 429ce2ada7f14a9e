"""
Keys of messages that were sent, in the database.

``INSTALLED_APPS = [..., "mailcore_django.idempotency"]``, then ``manage.py migrate``.
"""

from __future__ import annotations
