"""The addresses that real servers serve, and receivers that write down what they are told."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from mailcore_django import EmailBackend
from mailcore_django.log.models import Recipient
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


@csrf_exempt
def send(request: HttpRequest) -> HttpResponse:
    """Send a mail to each address."""
    addresses = request.body.decode().split()
    EmailBackend().send_messages(
        [EmailMessage("Hi", "Hello", "shop@example.com", [each]) for each in addresses]
    )
    return HttpResponse()


def states(request: HttpRequest) -> HttpResponse:
    """What the log says of each recipient."""
    rows = Recipient.objects.order_by("pk").values_list("address", "state")
    return HttpResponse("\n".join(map(" ".join, rows)))


urlpatterns = [
    path("mail/", include("mailcore_django.urls")),
    path("amail/", include("mailcore_django.async_urls", namespace="async")),
    path("names/", names),
    path("send/", send),
    path("states/", states),
]
