"""
Your own suppression list in the database, with its page in the admin.

``INSTALLED_APPS = [..., "mailcore_django.suppression"]``, then ``manage.py migrate``; and
``MAILCORE["MIDDLEWARE"] = ["mailcore_django.suppression.policy.suppression"]``.
"""

from __future__ import annotations
