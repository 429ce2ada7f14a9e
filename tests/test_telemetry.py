"""Spans and metrics, as OpenTelemetry's own SDK gets them."""

from __future__ import annotations

import sys

import pytest

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mailcore.errors import CancelSend, ConfigurationError, RateLimited, SendTimeout
from mailcore.events import EventType, TrackingEvent
from mailcore.mailer import Mailer
from mailcore.message import Message
from mailcore.middleware import EventMetrics, Retry, Sender, Telemetry, production
from mailcore.result import RecipientStatus, SendStatus


MESSAGE = Message(
    from_email="shop@example.com",
    to=["ada@customers.example", "grace@customers.example"],
    subject="A secret subject",
    text="A secret text",
    tags=["order"],
    metadata={"secret": "metadata"},
)
OK = RecipientStatus(SendStatus.QUEUED, message_id="id-1")
NEVER = RecipientStatus(SendStatus.REJECTED)


class Clock:
    """Every look at it takes half a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.5
        return self.now


def _value(point):
    """Of a counter its value, of a histogram its sum."""
    return point.value if hasattr(point, "value") else point.sum


class Seen:
    """What an SDK exported."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader])

    def policy(self):
        return Telemetry(tracer_provider=self.tracers, meter_provider=self.meters, clock=Clock())

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    @property
    def metrics(self):
        """By name: pairs of the attributes and the value or the sum."""
        found = {}
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = metric.data.data_points
                    found[metric.name, metric.unit] = [
                        (dict(p.attributes), _value(p)) for p in points
                    ]
        return found


@pytest.fixture
def seen():
    """A fresh SDK."""
    made = Seen()
    yield made
    made.meters.shutdown()
    made.tracers.shutdown()


@pytest.fixture
def sent(send, chunked, scripted, registry, seen):
    """Send a message; give the span and what was raised."""

    def through(*outcomes, within=()):
        raised = None
        try:
            send(
                chunked(size=50),
                MESSAGE,
                middleware=[seen.policy(), *within],
                transport=scripted(*outcomes),
                registry=registry,
            )
        except Exception as error:
            raised = error
        (span,) = seen.spans
        text = span.to_json()
        assert [] == [secret for secret in ("ada@", "grace@", "secret") if secret in text]
        return span, raised

    return through


def test_a_send_that_succeeds(sent, seen):
    """A span with counts and ids, and metrics by provider and status."""
    span, _ = sent({"ada@customers.example": OK, "grace@customers.example": NEVER})

    assert ("send chunked", trace.SpanKind.CLIENT) == (span.name, span.kind)
    assert {
        "mailcore.provider": "chunked",
        "mailcore.recipients": 2,
        "mailcore.tags": ("order",),
        "mailcore.status": "some_accepted",
        "mailcore.accepted": 1,
        "mailcore.attempts": 1,
        "mailcore.message_ids": ("id-1",),
    } == dict(span.attributes)
    assert trace.StatusCode.UNSET == span.status.status_code
    about = {"mailcore.provider": "chunked"}
    assert {
        ("mailcore.send.duration", "s"): [({**about, "mailcore.status": "some_accepted"}, 0.5)],
        ("mailcore.send.attempts", "{attempt}"): [(about, 1)],
        ("mailcore.recipients", "{recipient}"): [
            ({**about, "mailcore.recipient.status": "queued"}, 1),
            ({**about, "mailcore.recipient.status": "rejected"}, 1),
        ],
    } == seen.metrics


def test_attempts_are_events_of_the_span(sent, seen):
    """And counted."""
    span, _ = sent(RateLimited("slow"), "1", within=[Retry(first_wait_seconds=0)])

    (event,) = span.events
    assert ("mailcore.attempt_failed", "RateLimited") == (
        event.name,
        event.attributes["error.type"],
    )
    assert 2 == span.attributes["mailcore.attempts"]
    assert [2] == [value for _, value in seen.metrics["mailcore.send.attempts", "{attempt}"]]


def test_a_send_that_fails(sent, seen):
    """The span has the error, redacted; of what may be accepted the status is unknown."""
    error = SendTimeout("none for ada@customers.example", code="T1", maybe_accepted=True)
    span, raised = sent(error)

    assert error is raised
    assert trace.StatusCode.ERROR == span.status.status_code
    assert "chunked: none for a***@customers.example" == span.status.description
    found = {name: span.attributes[name] for name in span.attributes if "error" in name}
    assert {
        "error.type": "SendTimeout",
        "mailcore.error.category": "timeout",
        "mailcore.error.code": "T1",
        "mailcore.error.retryable": True,
        "mailcore.error.maybe_accepted": True,
    } == found
    about = {"mailcore.provider": "chunked"}
    assert [({**about, "mailcore.status": "unknown", "error.type": "SendTimeout"}, 0.5)] == (
        seen.metrics["mailcore.send.duration", "s"]
    )
    assert [({**about, "mailcore.recipient.status": "unknown"}, 2)] == (
        seen.metrics["mailcore.recipients", "{recipient}"]
    )


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (CancelSend("enough"), trace.StatusCode.UNSET),
        (RuntimeError("secret: ada@customers.example"), trace.StatusCode.ERROR),
    ],
    ids=repr,
)
def test_what_others_raise(sent, fault, status):
    """What a stranger says stays out; calling off is no error."""

    def raising(message, send):
        raise fault
        yield

    span, raised = sent(within=[raising])

    assert fault is raised
    assert (status, None) == (span.status.status_code, span.status.description)
    assert type(fault).__name__ == span.attributes["error.type"]


def test_a_send_that_is_cut_off_has_a_span(seen, chunked, registry):
    """A flow that is closed while it waits."""
    middleware = seen.policy().attach(Sender(provider=chunked(), registry=registry))

    def waiting(message):
        yield None

    flow = middleware(MESSAGE, waiting)
    next(flow)
    flow.close()

    (span,) = seen.spans
    assert "GeneratorExit" == span.attributes["error.type"]


def test_spans_of_messages_in_one_call_do_not_nest(seen):
    """Each is a child of what is current, and nothing is current afterwards that was not before."""
    tracer = seen.tracers.get_tracer("shop")
    with tracer.start_as_current_span("job") as job:
        mailer = Mailer("memory", policies=[seen.policy()])
        assert 3 == len(list(mailer.send_many([MESSAGE] * 3, messages_per_call=3)))
        assert job is trace.get_current_span()

    parents = {span.parent.span_id for span in seen.spans if span.name == "send memory"}
    assert {job.get_span_context().span_id} == parents


def test_events_are_counted(seen, registry):
    """As a handler, and as an extension."""
    event = TrackingEvent(
        provider="chunked", event_type=EventType.BOUNCED, recipient="ada@customers.example"
    )
    count = EventMetrics(meter_provider=seen.meters)
    count(event)
    registry.register_extension(count)
    registry.hooks.event_received(event)

    about = {"mailcore.provider": "chunked", "mailcore.event.type": "bounced"}
    assert [(about, 2)] == seen.metrics["mailcore.events", "{event}"]


@pytest.mark.parametrize("kind", [Telemetry, EventMetrics])
def test_without_the_extra(monkeypatch, kind):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-esp\[opentelemetry\]'"):
        kind()


def test_in_a_stack():
    """It stands before the log; the global providers do, without any."""
    names = [type(each).__name__ for each in production(telemetry=Telemetry())]

    assert ["Telemetry", "Logging", "Retry", "Throttle"] == names
    assert "a span and metrics of OpenTelemetry for each send" == Telemetry().describe()
