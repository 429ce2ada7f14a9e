"""
Mail that is kept in the database, and sent after the commit: an app of its own, with tables.

``INSTALLED_APPS = [..., "mailcore_django.outbox"]``, ``MAILCORE = {..., "OUTBOX": {}}``, then
``manage.py migrate`` and, in a process of its own, ``manage.py mailcore work``.
"""

from __future__ import annotations
