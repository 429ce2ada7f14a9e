"""The addresses of the project that the tests use."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path


urlpatterns = [
    path("admin/", admin.site.urls),
    path("mail/", include("mailcore_django.urls")),
    path("amail/", include("mailcore_django.async_urls", namespace="async")),
]
