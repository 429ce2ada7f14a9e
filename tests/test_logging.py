"""One record for each send and each event, without addresses and contents."""

from __future__ import annotations

import json
import logging

import pytest

from mailcore.errors import (
    CancelSend,
    ConfigurationError,
    InvalidMessage,
    RateLimited,
    SendTimeout,
)
from mailcore.events import BounceClass, EventType, RejectReason, TrackingEvent
from mailcore.message import Message
from mailcore.middleware import EventLog, Logging, Retry
from mailcore.result import RecipientStatus, SendStatus


MESSAGE = Message(
    from_email="shop@example.com",
    to=["ada@customers.example", "grace@customers.example"],
    subject="A secret subject",
    text="A secret text",
    tags=["order"],
    metadata={"secret": "metadata"},
)
NEVER = RecipientStatus(SendStatus.REJECTED)
OK = RecipientStatus(SendStatus.QUEUED, message_id="id-1")


class Clock:
    """Every look at it takes half a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.5
        return self.now


@pytest.fixture
def sent(send, chunked, scripted, registry, caplog):
    """Send a message through a mailer that logs; give the one record."""
    caplog.set_level(logging.INFO, "mailcore.sent")

    def through(*outcomes, within=(), message=MESSAGE):
        policies = [Logging(clock=Clock()), *within]
        try:
            send(
                chunked(size=50),
                message,
                middleware=policies,
                transport=scripted(*outcomes),
                registry=registry,
            )
        except Exception as error:
            raised = error
        else:
            raised = None
        (record,) = [each for each in caplog.records if each.name == "mailcore.sent"]
        for secret in ("ada@", "grace@", "secret"):
            assert secret not in record.getMessage() + json.dumps(record.mailcore)
        return record, raised

    return through


def test_a_send_that_succeeds(sent):
    """Counts, ids and time."""
    record, _ = sent("id-1")

    assert "chunked: 2 of 2 recipients accepted in 0.500 s" == record.getMessage()
    assert logging.INFO == record.levelno
    assert {
        "event": "message_sent",
        "provider": "chunked",
        "status": "all_accepted",
        "recipients": 2,
        "accepted": 2,
        "message_ids": ["id-1"],
        "attempts": 1,
        "dropped": [],
        "duration_seconds": 0.5,
        "tags": ["order"],
    } == record.mailcore


def test_a_send_that_succeeds_in_part(sent):
    """A warning."""
    record, _ = sent({"ada@customers.example": OK, "grace@customers.example": NEVER})

    assert (logging.WARNING, "some_accepted") == (record.levelno, record.mailcore["status"])


def test_attempts_are_one_record(sent):
    """With their number."""
    record, _ = sent(RateLimited("slow"), "1", within=[Retry(first_wait_seconds=0)])

    assert record.getMessage().endswith(", 2 attempts")
    assert 2 == record.mailcore["attempts"]


def test_a_send_that_fails(sent):
    """What a program decides by is there, by name."""
    error = SendTimeout("no answer for ada@customers.example", code="T1", maybe_accepted=True)
    record, raised = sent(error)

    assert error is raised
    assert logging.ERROR == record.levelno
    told = "SendTimeout: chunked: no answer for a***@customers.example"
    assert f"chunked: not sent, maybe accepted after 0.500 s: {told}" == record.getMessage()
    found = {
        name: record.mailcore[name]
        for name in ("event", "error", "category", "code", "maybe_accepted", "attempts")
    }
    assert {
        "event": "message_failed",
        "error": "SendTimeout",
        "category": "timeout",
        "code": "T1",
        "maybe_accepted": True,
        "attempts": 1,
    } == found


def test_a_message_that_is_wrong(sent):
    """The names of the fields."""
    record, raised = sent(message=Message(from_email="shop@example.com", text="Hi"))

    assert isinstance(raised, InvalidMessage)
    assert ["to"] == record.mailcore["problems"]


@pytest.mark.parametrize(
    ("fault", "level", "event", "said"),
    [
        (CancelSend("enough"), logging.INFO, "message_cancelled", "called off"),
        (
            RuntimeError("secret: ada@customers.example"),
            logging.ERROR,
            "message_failed",
            "not sent",
        ),
    ],
    ids=repr,
)
def test_what_others_raise(sent, fault, level, event, said):
    """What a stranger says may hold anything, and stays out."""

    def raising(message, send):
        raise fault
        yield

    record, raised = sent(within=[raising])

    assert fault is raised
    assert (level, event) == (record.levelno, record.mailcore["event"])
    assert said in record.getMessage()


def test_a_send_that_is_cut_off(chunked, registry, caplog):
    """A flow that is closed while it waits."""
    from mailcore.middleware import Sender

    middleware = Logging(clock=Clock()).attach(Sender(provider=chunked(), registry=registry))

    def waiting(message):
        yield None

    flow = middleware(MESSAGE, waiting)
    next(flow)
    flow.close()

    (record,) = caplog.records
    assert "chunked: cut off after 0.500 s: GeneratorExit" == record.getMessage()


def test_nothing_is_made_of_records_that_nobody_wants(send, chunked, scripted, registry, caplog):
    """A level above switches them off."""
    caplog.set_level(logging.CRITICAL, "shop.mail")
    policies = [Logging(logger="shop.mail")]
    send(chunked(size=50), MESSAGE, middleware=policies, transport=scripted("1"), registry=registry)

    assert [] == [each for each in caplog.records if each.name == "shop.mail"]


BOUNCE = TrackingEvent(
    provider="chunked",
    event_type=EventType.BOUNCED,
    recipient="ada@customers.example",
    message_id="id-1",
    tags=["order"],
    reject_reason=RejectReason.BOUNCED,
    bounce_class=BounceClass.HARD,
    smtp_status="5.1.1",
    description="ada@customers.example is not here",
    metadata={"secret": "metadata"},
)


def test_an_event(caplog):
    """Who is meant is told by a first letter and a domain."""
    caplog.set_level(logging.INFO)
    EventLog()(BOUNCE)
    EventLog(logger="shop.events")(TrackingEvent(provider="x", event_type=EventType.OPENED))

    bounced, opened = caplog.records
    assert ("mailcore.events", logging.WARNING) == (bounced.name, bounced.levelno)
    assert "chunked: bounced: a***@customers.example" == bounced.getMessage()
    assert {
        "event": "event_received",
        "event_type": "bounced",
        "provider": "chunked",
        "message_id": "id-1",
        "event_id": None,
        "timestamp": None,
        "dedupe_key": BOUNCE.dedupe_key,
        "reject_reason": "bounced",
        "bounce_class": "hard",
        "smtp_status": "5.1.1",
        "tags": ["order"],
    } == bounced.mailcore
    assert ("shop.events", "x: opened: nobody known") == (opened.name, opened.getMessage())


def test_the_log_of_events_is_an_extension(registry, caplog):
    """It writes what a handler was done with."""
    registry.register_extension(EventLog())
    registry.hooks.event_received(BOUNCE)

    assert ["mailcore.events"] == [record.name for record in caplog.records]


@pytest.mark.parametrize("kind", [Logging, EventLog])
def test_wrong_arguments(kind):
    """A logger is named."""
    with pytest.raises(ConfigurationError, match="name of a logger"):
        kind(logger="")
    with pytest.raises(ConfigurationError, match="name of a logger"):
        kind(logger=logging.getLogger("x"))


def test_it_says_what_it_does():
    """In one line."""
    assert "one record for each send, to the logger mailcore.sent" == Logging().describe()
