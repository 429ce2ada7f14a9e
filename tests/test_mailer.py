from __future__ import annotations

import asyncio
import traceback

import pytest

from mailcore import (
    AsyncMailer,
    CancelSend,
    ConfigurationError,
    InvalidMessageType,
    Mailer,
    Message,
    MessageRejected,
    ProviderNotFound,
    RateLimited,
    SendError,
    SendResult,
    connect,
    hookimpl,
)
from mailcore.builtin.memory import MemoryProvider


MESSAGE = Message(from_email="f@x.org", to=["a@x.org"], subject="s")


@pytest.mark.parametrize("value", [None, "text", 5, {"to": ["a@x.org"]}, Message])
def test_sends_messages_and_nothing_else(send, chunked, scripted, registry, value):
    """What is no Message is named by its type."""
    with pytest.raises(InvalidMessageType, match=r"takes a mailcore\.Message"):
        send(chunked(), value, transport=scripted(), registry=registry)


def test_options_make_the_provider(registry):
    """A name with options, or a provider that was made before."""
    assert 3 == Mailer("chunked", size=3, registry=registry).provider.size
    assert 3 == AsyncMailer("chunked", size=3, registry=registry).provider.size


def test_options_belong_to_the_provider(chunked, registry):
    """With a provider at hand, options of a mailer would be ignored: an error."""
    with pytest.raises(ConfigurationError, match="size"):
        Mailer(chunked(), size=3, registry=registry)


@pytest.mark.parametrize("provider", [None, 5, MemoryProvider, b"console", ["console"]])
def test_provider_of_another_type(registry, provider):
    """A class is no provider yet."""
    with pytest.raises(ConfigurationError, match="must be str"):
        Mailer(provider, registry=registry)


def recorder(name, seen):
    """Middleware that notes when it is entered and left."""

    def middleware(message, send):
        seen.append(f"{name} in")
        try:
            return (yield from send(message))
        finally:
            seen.append(f"{name} out")

    return middleware


def test_middleware_outermost_first(send, chunked, scripted, registry):
    """The first of the list sees the message first and the result last."""
    seen = []
    middleware = [recorder("a", seen), recorder("b", seen)]

    send(chunked(), MESSAGE, middleware=middleware, transport=scripted("1"), registry=registry)

    assert ["a in", "b in", "b out", "a out"] == seen


def test_middleware_may_change_send_again_or_answer(send, chunked, scripted, registry):
    """It is an ordinary flow around the send."""

    def subject(message, send):
        return send(message.replace(to=["b@x.org"]))

    def twice(message, send):
        try:
            return (yield from send(message))
        except RateLimited:
            return (yield from send(message))

    transport = scripted(RateLimited("x"), "2")
    result = send(
        chunked(), MESSAGE, middleware=[subject, twice], transport=transport, registry=registry
    )

    assert ["b@x.org"] == list(result.recipients)
    assert 2 == len(transport.requests)


def test_middleware_by_name(send, chunked, scripted, registry):
    """Extensions register factories; nothing runs until a mailer names it."""
    seen = []

    class Extension:
        @hookimpl
        def mailcore_register_middleware(self):
            return {"note": lambda: recorder("note", seen), "other": lambda: 1 / 0}

    registry.register_extension(Extension())
    send(chunked(), MESSAGE, transport=scripted("1"), registry=registry)
    assert [] == seen

    send(chunked(), MESSAGE, middleware=["note"], transport=scripted("1"), registry=registry)
    assert ["note in", "note out"] == seen
    with pytest.raises(ConfigurationError, match="no middleware 'nope'; registered: note, other"):
        Mailer(chunked(), middleware=["nope"], registry=registry)


@pytest.mark.parametrize("middleware", [5, None, object()])
def test_middleware_of_another_type(chunked, registry, middleware):
    """What cannot be called is refused when the mailer is made."""
    with pytest.raises(ConfigurationError, match="middleware must be callable"):
        Mailer(chunked(), middleware=[middleware], registry=registry)


class Watching:
    """An extension that offers a transport and notes what it is told."""

    def __init__(self, make):
        self.make = make
        self.made = []

    @hookimpl
    def mailcore_create_transport(self, provider):
        self.made.append(self.make())
        return self.made[-1]


@pytest.fixture
def watching(registry, scripted):
    """Each transport answers twice."""
    extension = Watching(lambda: scripted("1", "2"))
    registry.register_extension(extension)
    return extension


def test_own_provider_is_closed(watching, registry):
    """A mailer closes what it made; sending again makes a new connection."""
    with Mailer("chunked", registry=registry) as mailer:
        mailer.send(MESSAGE)
        mailer.send(MESSAGE)
        assert [0] == [transport.closed for transport in watching.made]

    assert [1] == [transport.closed for transport in watching.made]
    mailer.close()
    mailer.send(MESSAGE)
    assert [1, 0] == [transport.closed for transport in watching.made]


def test_provider_of_the_caller_stays_open(watching, registry, chunked):
    """Others may be using it."""
    with Mailer(chunked(), registry=registry) as mailer:
        mailer.send(MESSAGE)

    assert [0] == [transport.closed for transport in watching.made]


def test_transport_of_the_caller_stays_open(registry, scripted):
    """It is not ours to close, and used although it counts as false."""

    class Empty(scripted):
        def __len__(self):
            return 0

    transport = Empty("1")
    with Mailer("chunked", transport=transport, registry=registry) as mailer:
        mailer.send(MESSAGE)

    assert (1, 0) == (len(transport.requests), transport.closed)


def test_send_many_goes_on_after_failures(chunked, scripted, registry):
    """Each message has its outcome, in order; whatever fails, the others are sent."""
    transport = scripted("1", MessageRejected("x"), KeyError("whoops"), "4")
    mailer = Mailer(chunked(), transport=transport, registry=registry)

    outcomes = list(mailer.send_many([MESSAGE, MESSAGE, "no message", MESSAGE, MESSAGE]))

    assert [SendResult, MessageRejected, InvalidMessageType, SendError, SendResult] == [
        type(outcome) for outcome in outcomes
    ]
    assert ("fault", None) == (outcomes[3].category, outcomes[3].__cause__)
    assert outcomes[3].maybe_accepted
    assert "whoops" not in str(outcomes[3])


@pytest.mark.parametrize("messages_per_call", [1, 2])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("sends", "answers", "maybe_accepted"),
    [
        pytest.param(0, [], False, id="before the send"),
        pytest.param(1, ["1", "2"], True, id="after it was accepted"),
        pytest.param(1, [MessageRejected("x"), MessageRejected("x")], False, id="after a no"),
    ],
)
def test_send_many_says_what_was_sent_when_middleware_raises(
    chunked, scripted, registry, sends, answers, maybe_accepted, is_async, messages_per_call
):
    """The outcome is maybe accepted only if something was sent, and keeps what was raised."""
    raised = KeyError("whoops")

    def middleware(message, send):
        for _ in range(sends):
            try:
                yield from send(message)
            except MessageRejected:
                continue
        raise raised
        yield

    kind = AsyncMailer if is_async else Mailer
    transport = scripted(*answers)
    mailer = kind(chunked(), transport=transport, registry=registry, middleware=[middleware])
    sending = mailer.send_many([MESSAGE, MESSAGE], messages_per_call=messages_per_call)

    async def gathered():
        return [outcome async for outcome in sending]

    outcomes = asyncio.run(gathered()) if is_async else list(sending)
    assert [(maybe_accepted, "fault", raised)] * 2 == [
        (outcome.maybe_accepted, outcome.category, outcome.__cause__) for outcome in outcomes
    ]


def test_send_many_is_lazy(chunked, scripted, registry):
    """Messages are taken one by one, as results are asked for."""
    taken = []

    def messages():
        for number in range(3):
            taken.append(number)
            yield MESSAGE

    transport = scripted("1", "2", "3")
    outcomes = Mailer(chunked(), transport=transport, registry=registry).send_many(messages())

    assert [] == taken
    next(outcomes)
    assert ([0], 1) == (taken, len(transport.requests))
    outcomes.close()
    assert ([0], 1) == (taken, len(transport.requests))


def test_send_many_of_nothing(registry):
    """No message, no outcome."""
    assert [] == list(Mailer("chunked", registry=registry).send_many([]))


def test_from_url(registry):
    """Options in the query, converted; arguments beside the URL win."""
    assert 3 == Mailer.from_url("chunked://?size=3", registry=registry).provider.size
    assert 4 == Mailer.from_url("chunked://?size=3", registry=registry, size=4).provider.size
    assert 3 == AsyncMailer.from_url("chunked://?size=3", registry=registry).provider.size
    assert 3 == connect("chunked://?size=3", registry=registry).provider.size
    assert isinstance(connect("chunked://", registry=registry), Mailer)


def test_from_env(registry, monkeypatch):
    """MAILCORE_URL, or a variable of your choice."""
    monkeypatch.setenv("MAILCORE_URL", " chunked://?size=3 \n")
    monkeypatch.setenv("OTHER_URL", "chunked://?size=4")

    assert 3 == Mailer.from_env(registry=registry).provider.size
    assert 4 == AsyncMailer.from_env("OTHER_URL", registry=registry).provider.size


@pytest.mark.parametrize("value", [None, "", "  "])
def test_from_env_without_a_url(registry, monkeypatch, value):
    """The error names the variable and shows what it should hold."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("MAILCORE_URL", value)

    with pytest.raises(ConfigurationError, match="MAILCORE_URL is not set"):
        Mailer.from_env(registry=registry)


@pytest.mark.parametrize(
    "url",
    [
        *("s3cret", "", None, 5, "://s3cret", "chunked:s3cret", "chunked:?s3cret"),
        *("chunked://?s3cret", "chunked://?=s3cret", "chunked://?size=s3cret", "chunked://?size="),
        *("chunked://?size=1&size=s3cret", "chunked://user:s3cret@host", "chunked://s3cret/"),
        *("chunked:///s3cret", "chunked://[s3cret", "chunked://?secret=s3cret&nope=s3cret"),
        *("chunked://?size=1&s3cret", "chunked://?size=1#s3cret", "chunked://s3cret℀/"),
    ],
)
def test_wrong_urls_are_not_repeated(registry, url):
    """URLs hold secrets: neither the error nor what it was caused by shows them."""
    with pytest.raises(ConfigurationError) as caught:
        Mailer.from_url(url, registry=registry)

    shown = "".join(
        str(e) for e in (caught.value, caught.value.__cause__, caught.value.__context__) if e
    )
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in "".join(traceback.format_exception_only(caught.value))
    if caught.value.__cause__ is not None or not caught.value.__suppress_context__:
        assert "s3cret" not in shown


def test_unknown_provider_of_a_url(registry):
    """The URL's scheme is the provider's name."""
    with pytest.raises(ProviderNotFound, match="no provider 'postmark'"):
        connect("postmark://?token=s3cret", registry=registry)


def test_secrets_of_a_url_arrive_whole(registry):
    """Also with characters that mean something in other URLs."""
    provider = connect("chunked://?secret=a%26b%2Bc/d?e#f", registry=registry).provider

    assert "a&b+c/d?e#f" == provider._secret


def test_cancelled_sends_raise(send, chunked, scripted, registry):
    """An extension calls off a send; nothing is sent."""

    class Cancels:
        @hookimpl
        def mailcore_before_send(self, message):
            raise CancelSend("not today")

    registry.register_extension(Cancels())
    transport = scripted()

    with pytest.raises(CancelSend, match="not today"):
        send(chunked(), MESSAGE, transport=transport, registry=registry)

    assert [] == transport.requests


def test_reprs_have_no_options(registry):
    """Options are secrets, often."""
    mailer = Mailer("chunked", secret="s3cret", registry=registry)

    assert "Mailer('chunked')" == repr(mailer)
    assert "<Chunked 'chunked'>" == repr(mailer.provider)
