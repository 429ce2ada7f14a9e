"""Django's mail over loopback: what `send_mail` costs, connections kept."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import peers
from benchmarks.build import SHORT
from benchmarks.measure import Row, best_of


def sending() -> Iterator[Row]:
    """
    A backend of mailcore's for each message, as Django does it, against anymail's kept open.

    Both send through SES. Anymail's backend opens a client for each send unless it is kept open,
    which takes code of one's own; what that saves is not counted in our favour.
    """
    from django.core.mail import get_connection

    backend = peers.open_backend()

    def through_mailcore() -> None:
        message = peers.django_message(SHORT)
        message.connection = get_connection("mailcore_django.EmailBackend")
        if message.send() != 1:
            raise AssertionError("it was not sent")

    contenders = {
        "mailcore": through_mailcore,
        "django-anymail, kept open": lambda: backend.send_messages([peers.django_message(SHORT)]),
    }
    yield Row(
        "Django: a short message with text and HTML through SES over loopback",
        best_of(contenders, number=200, rounds=9),
        {"django-anymail, kept open": (">=", 2.0)},
    )
    backend.close()
