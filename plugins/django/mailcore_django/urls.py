"""
The addresses of webhooks: ``path("mail/", include("mailcore_django.urls"))``.

Each key of ``MAILCORE["WEBHOOKS"]`` has one: ``/mail/ses/``, which is
``reverse("mailcore_django:webhook", args=["ses"])``. With or without the slash at its end: services
do not follow Django's redirect to the other one.
"""

from __future__ import annotations

from django.urls import path

from mailcore_django.webhooks.views import webhook


app_name = "mailcore_django"
urlpatterns = [
    path("<str:provider>", webhook),
    path("<str:provider>/", webhook, name="webhook"),
]
