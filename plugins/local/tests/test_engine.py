"""The engine, with a provider that does not exist."""

from __future__ import annotations

import threading

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailcore_local.engine import (
    Accepted,
    AcceptedMessage,
    ArgumentRule,
    Delivery,
    DeliveryRecord,
    EventKind,
    Fate,
    Fault,
    Faults,
    Publisher,
    apply_fault,
    grouped,
    happenings,
    set_faults,
)


MESSAGE = AcceptedMessage(
    message_id="m-1",
    accepted_at=datetime(2026, 11, 30, tzinfo=timezone.utc),
    from_email="shop@example.com",
    to=("ada@example.net", "bob@example.net"),
    cc=("carol@example.org",),
    bcc=(),
    raw=b"From: shop@example.com\r\n\r\nx",
    headers=(),
    subject="s",
    tags={},
    rendering_error=None,
    parameters={},
)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True, kw_only=True)
class Plain(Delivery[DeliveryRecord]):
    """A provider that signs nothing."""

    def sealed(self) -> str:
        return f"{self.record.event_type}{'!' if self.tampered else ''}"

    def headers(self) -> Mapping[str, str]:
        return {"X-Provider": "nobody"}


class Webhook:
    """Answers statuses one after the other, the last one for ever."""

    def __init__(self, *statuses: int, location: str = "") -> None:
        self.bodies: list[str] = []
        left = list(statuses)
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.002,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def deliveries(url: str, *types: str) -> list[Plain]:
    """One delivery for each type of event."""
    return [
        Plain(record=DeliveryRecord(endpoint=url, event_type=each, about="m-1")) for each in types
    ]


@pytest.fixture
def publisher():
    """A publisher that tries server errors once more, and what it was seen to do."""
    seen: list[DeliveryRecord] = []
    made = Publisher[DeliveryRecord](
        retry_delays_seconds=(0.01,),
        timeout_seconds=5,
        may_retry=lambda outcome: outcome.startswith("5"),
        observe=seen.append,
    )
    made.start()
    yield made, seen
    made.stop()


def test_deliveries_in_order_with_one_retry(publisher):
    """Each attempt is seen; a body is made once."""
    made, seen = publisher
    with Webhook(503, 200) as webhook:
        made.submit(deliveries(webhook.url, "sent", "delivered"))
        made.wait_for(2, 5)

    assert sorted(["sent", "sent", "delivered"]) == sorted(webhook.bodies)
    assert [("503",), ("200",), ("503", "200")] == [record.attempts for record in seen]
    assert ["pending", "delivered", "delivered"] == [record.state for record in seen]


def test_a_redirect_is_not_followed(publisher):
    """It is no delivery; where it led to is known."""
    made, seen = publisher
    with Webhook(307, location="/hook/") as webhook:
        made.submit(deliveries(webhook.url, "sent"))
        made.drain(5)

    assert [("failed", "/hook/")] == [(record.state, record.redirected_to) for record in seen]


@pytest.mark.parametrize(
    ("fault", "bodies"),
    [
        ("ok", ["a", "b"]),
        ("duplicate", ["a", "a", "b", "b"]),
        ("out_of_order", ["b", "a"]),
        ("tamper", ["a!", "b!"]),
        ("drop", []),
    ],
)
def test_faults_of_deliveries(publisher, fault: str, bodies: list[str]):
    """What the webhook gets of two events."""
    made, _ = publisher
    with Webhook(200) as webhook:
        made.submit(apply_fault(deliveries(webhook.url, "a", "b"), Fault(fault)))
        made.drain(5)

    assert bodies == webhook.bodies


def fate_of(address: str) -> Fate:
    """By the first letter."""
    return {"a": Fate.BOUNCED, "b": Fate.COMPLAINED}.get(address[0], Fate.DELIVERED)


def test_what_there_is_to_tell():
    """First that it was sent; then of each group of recipients with one fate and one domain."""
    groups = grouped((*MESSAGE.destination, "ada@example.net", "al@example.net"), fate_of)

    told = happenings(MESSAGE, groups)

    assert [
        (EventKind.SENT, MESSAGE.destination),
        (EventKind.BOUNCED, ("ada@example.net", "al@example.net")),
        (EventKind.DELIVERED, ("bob@example.net",)),
        (EventKind.COMPLAINED, ("bob@example.net",)),
        (EventKind.DELIVERED, ("carol@example.org",)),
    ] == [(each.kind, each.recipients) for each in told]


@pytest.mark.parametrize("fate", list(Fate))
def test_every_fate_is_told_of(fate: Fate):
    """No fate is without an event that names it."""
    told = happenings(MESSAGE, grouped(MESSAGE.destination, lambda _: fate))

    assert fate in {each.fate for each in told}


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"rendering_error": "no name"}, [EventKind.RENDERING_FAILED]),
        ({"raw": EICAR}, [EventKind.SENT, EventKind.REJECTED]),
    ],
    ids=["rendering", "virus"],
)
def test_messages_that_reach_nobody(changes, kinds):
    """What is wrong with a message as a whole is told once, and of nobody's fate."""
    message = replace(MESSAGE, **changes)

    told = happenings(message, grouped(message.destination, fate_of))

    assert kinds == [each.kind for each in told]


def test_files_of_accepted_messages(tmp_path):
    """They are numbered; one without content has none."""
    accepted = Accepted[AcceptedMessage](threading.Condition(), directory=tmp_path)
    accepted.add(MESSAGE)
    accepted.add(replace(MESSAGE, message_id="m-2", raw=b"", rendering_error="no name"))
    accepted.add(replace(MESSAGE, message_id="m-3"))

    assert ["0001-m-1.eml", "0003-m-3.eml"] == sorted(file.name for file in tmp_path.iterdir())
    assert ["m-1", "m-2", "m-3"] == [each.message_id for each in accepted.wait_for(3, 0)]
    accepted.clear()
    assert (None, []) == (accepted.get("m-1"), accepted.all())


def test_faults_of_a_provider():
    """Its own names are known beside those of all; what its blank copy learns is not its."""
    faults = Faults({"bad_day": ArgumentRule(r"[a-z]+", "bad_day takes a day")}, ["send"])

    set_faults(faults, {"script": ["bad_day:monday", "reset"]})
    faults.blank().script("hang:1")

    assert ["bad_day:monday", "reset"] == faults.snapshot()["requests"]
    assert "ok" == faults.for_request("list").name
    assert ("bad_day", "monday") == faults.for_request("send")
    with pytest.raises(ValueError, match="bad_day takes a day, not '7'"):
        faults.script("bad_day:7")
    with pytest.raises(ValueError, match="unknown fault 'throttle'"):
        faults.script("throttle")
