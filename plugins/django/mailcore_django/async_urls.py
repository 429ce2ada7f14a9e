"""
The same addresses as :mod:`mailcore_django.urls`, served by a coroutine function: for ASGI.

Under WSGI, ``mailcore_django.urls`` is the one to include; both do the same.
"""

from __future__ import annotations

from django.urls import path

from mailcore_django.webhooks.views import awebhook


app_name = "mailcore_django"
urlpatterns = [
    path("<str:provider>", awebhook),
    path("<str:provider>/", awebhook, name="webhook"),
]
