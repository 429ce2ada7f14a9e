"""
Events that were handled, in the database: an app of its own, since it brings a table.

``INSTALLED_APPS = [..., "mailcore_django.seen"]``, then ``manage.py migrate``.
"""

from __future__ import annotations
