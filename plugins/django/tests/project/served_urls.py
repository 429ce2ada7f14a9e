"""The addresses that real servers serve, and receivers that write down what they are told."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import Group
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from mailcore_django.signals import inbound, tracking


@receiver([tracking, inbound])
def write_down(event, **named):
    """One row for each call."""
    Group.objects.create(name=f"plain {event.event_type} {uuid4()}")


@receiver(tracking)
async def write_down_too(event, **named):
    """The same from a coroutine function."""
    await Group.objects.acreate(name=f"coroutine {event.event_type} {uuid4()}")


@receiver(tracking)
def fail_if_told_to(event, **named):
    """Write, then fail: what was written is undone."""
    Group.objects.create(name=f"failing {event.event_type} {uuid4()}")
    if event.recipient == "fail@example.net":
        raise RuntimeError("told to")


def names(request: HttpRequest) -> HttpResponse:
    """What was written down, without what is different in each row."""
    rows = Group.objects.order_by("name").values_list("name", flat=True)
    return HttpResponse("\n".join(row.rpartition(" ")[0] for row in rows))


urlpatterns = [
    path("mail/", include("mailcore_django.urls")),
    path("amail/", include("mailcore_django.async_urls", namespace="async")),
    path("names/", names),
]
