"""
What was sent and what became of it, in the database: an app of its own, since it brings tables.

``INSTALLED_APPS = [..., "mailcore_django.seen", "mailcore_django.log"]``, then
``manage.py migrate``.
"""

from __future__ import annotations
