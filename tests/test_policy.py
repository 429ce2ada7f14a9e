"""Policies among the middleware of a mailer: attached, in order, without contradictions."""

from __future__ import annotations

import pytest

from mailcore.errors import ConfigurationError
from mailcore.mailer import AsyncMailer, Mailer
from mailcore.message import Message
from mailcore.middleware import Place, Policy, Sender


MESSAGE = Message(from_email="a@example.com", to=["b@example.com"], subject="Hi", text="Hi")


class Noting(Policy):
    """Notes what it is attached to, and when a message passes."""

    place = Place.LOGGING

    def __init__(self, seen=None, *, complaints=()):
        self.seen = [] if seen is None else seen
        self.complaints = complaints
        self.senders: list[Sender] = []

    def attach(self, sender):
        self.senders.append(sender)

        def noting(message, send):
            self.seen.append(type(self).__name__)
            return (yield from send(message))

        return noting

    def conflicts(self, sender, others):
        self.heard = (sender, others)
        return self.complaints


class Outer(Noting):
    """Stands further out."""

    place = Place.REDIRECT


class Often(Noting):
    """May be there twice."""

    place = Place.THROTTLE
    may_repeat = True


def test_policies_are_attached_and_run_from_outside(send, chunked, scripted, registry):
    """Functions may stand anywhere between them; a policy knows what it is attached to."""
    seen: list[str] = []
    outer, inner = Outer(seen), Often(seen)

    def between(message, send):
        seen.append("between")
        return (yield from send(message))

    transport = scripted("1")
    middleware = [outer, between, inner, Often(seen)]
    send(chunked(), MESSAGE, middleware=middleware, transport=transport, registry=registry)

    assert ["Outer", "between", "Often", "Often"] == seen
    (sender,) = inner.senders
    assert ("chunked", registry) == (sender.provider.name, sender.registry)
    assert (sender, [outer, middleware[-1]]) == inner.heard
    assert sender.transport() is transport


def test_a_policy_gets_the_transport_of_the_provider(chunked, registry):
    """If the mailer was given none of its own."""
    policy = Noting()
    mailer = Mailer(chunked(), middleware=[policy], registry=registry)

    assert policy.senders[0].transport() is registry.transport_for(mailer.provider)


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
@pytest.mark.parametrize(
    ("middleware", "told"),
    [
        ([Often(), Outer()], "contradict each other: Outer must stand before Often: the first"),
        ([Noting(), Noting()], "contradict each other: Noting is there 2 times: keep one"),
        ([Noting(complaints=["Take it away."])], "contradict each other: Take it away."),
        (
            [Often(complaints=["One."]), Noting(complaints=["Two.", "Three."])],
            "other:\n  - Noting must stand before Often.*\n  - One.\n  - Two.\n  - Three.$",
        ),
        ([Noting], r"write Noting\(...\), not the class Noting"),
    ],
)
def test_contradictions_are_one_error(chunked, registry, kind, middleware, told):
    """All of them, when the mailer is made."""
    with pytest.raises(ConfigurationError, match=told):
        kind(chunked(), middleware=middleware, registry=registry)


def test_places_are_in_the_documented_order():
    """Redirect, suppression, idempotency, telemetry, logging, retry, throttle."""
    order = ["redirect", "suppression", "idempotency", "telemetry", "logging", "retry", "throttle"]

    assert order == [str(place) for place in sorted(Place)]
    assert "Noting" == Noting().describe()
