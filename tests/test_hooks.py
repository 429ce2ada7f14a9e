from __future__ import annotations

import argparse
import contextlib
import inspect

import pytest

from mailcore import (
    CancelSend,
    ConfigurationError,
    InvalidMessage,
    Mailer,
    Message,
    MessageRejected,
    PluginLoadError,
    Problem,
    Registry,
    UnsupportedFeature,
    WebhookRequest,
    hookimpl,
    receive,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.registry import hookspecs


MESSAGE = Message(from_email="f@x.org", to=["a@x.org"], subject="s")
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("mailcore_"))


def extension(**functions):
    """An extension with these hooks."""
    return type("Extension", (), {n: staticmethod(hookimpl(f)) for n, f in functions.items()})()


def test_every_hook_says_when_it_is_called():
    """The specification is the documentation."""
    assert 11 == len(HOOKS)
    for name in HOOKS:
        text = inspect.getdoc(getattr(hookspecs, name))
        assert "alled" in text or "Return" in text or "Add" in text, name


def test_order_of_a_send(send, chunked, scripted, registry):
    """before_send, check_features, build_payload, create_transport, then message_sent."""
    seen = []
    transport = scripted("1")

    def note(name, value=None):
        def hook(provider, message):
            assert isinstance(provider, chunked)
            seen.append((name, message.subject))
            return value

        return hook

    registry.register_extension(
        extension(
            mailcore_before_send=note("before_send", MESSAGE.replace(subject="changed")),
            mailcore_check_features=note("check_features", ()),
            mailcore_build_payload=note("build_payload"),
            mailcore_create_transport=lambda provider: seen.append("transport") or transport,
            mailcore_message_sent=lambda message, result: seen.append((message.subject, result)),
            mailcore_message_failed=lambda error: seen.append(("failed", error)),
        )
    )

    result = send("chunked", MESSAGE, registry=registry)

    assert {("check_features", "changed"), ("build_payload", "changed"), "transport"} == set(
        seen[1:4]
    )
    assert ("before_send", "s") == seen[0]
    assert [("changed", result)] == seen[4:]


def test_before_send_is_a_chain(send, registry, chunked, scripted):
    """Each implementation gets what the one before returned; case 39: all of it is sent."""
    first = extension(mailcore_before_send=lambda message: message.replace(subject="1"))
    nothing = extension(mailcore_before_send=lambda: None)
    then = extension(
        mailcore_before_send=lambda message: message.replace(
            subject=message.subject + "2", to=["b@x.org"]
        )
    )
    for name, each in {"then": then, "nothing": nothing, "first": first}.items():
        registry.register_extension(each, name=name)
    provider = MemoryProvider()

    result = send(provider, MESSAGE, registry=registry)

    assert ["12"] == [message.subject for message in provider.outbox]
    assert ["b@x.org"] == list(result.recipients)


def test_before_send_returns_messages(send, registry, chunked, scripted):
    """What an extension returns by mistake is its fault, by name."""
    wrong = extension(mailcore_before_send=lambda message: message.to_dict())
    registry.register_extension(wrong, name="wrong")

    with pytest.raises(PluginLoadError, match="'wrong': mailcore_before_send returned dict"):
        send(chunked(), MESSAGE, transport=scripted(), registry=registry)


def test_called_off_sends_are_no_failures(send, registry, chunked, scripted):
    """CancelSend is somebody's wish: no observer is told of a failure."""
    failed = []

    def cancel(message):
        raise CancelSend("no")

    registry.register_extension(
        extension(
            mailcore_before_send=cancel,
            mailcore_message_failed=lambda message, error, final: failed.append(error),
        )
    )

    with pytest.raises(CancelSend):
        send(chunked(), MESSAGE, transport=scripted(), registry=registry)

    assert [] == failed


@pytest.mark.parametrize(
    ("message", "outcome", "expected"),
    [
        (MESSAGE, MessageRejected("x"), MessageRejected),
        (MESSAGE.replace(send_at=None, cc=["c@x.org"], tags=list("abc")), "1", UnsupportedFeature),
        (MESSAGE.replace(to=[]), "1", InvalidMessage),
    ],
)
def test_failures_are_told(send, registry, chunked, scripted, message, outcome, expected):
    """Whatever kept a message from being sent, observers learn it once, as final."""
    told = []
    registry.register_extension(
        extension(
            mailcore_message_failed=lambda message, error, final: told.append(
                (message, error, final)
            ),
            mailcore_message_sent=lambda message, result: told.append("sent"),
        )
    )

    with pytest.raises(expected) as caught:
        send(chunked(size=9), message, transport=scripted(outcome), registry=registry)

    assert [(message, caught.value, True)] == told


@pytest.mark.parametrize("outcome", ["1", MessageRejected("x")])
def test_observers_are_isolated(send, registry, chunked, scripted, caplog, outcome):
    """Case 40: one that fails is logged by name, the others run, and the send is what it was."""
    told = []

    def broken(message):
        raise RuntimeError("broken observer")

    works = {"mailcore_message_sent": lambda: told.append("works")}
    works["mailcore_message_failed"] = works["mailcore_message_sent"]
    registry.register_extension(extension(**works), name="first")
    registry.register_extension(
        extension(mailcore_message_sent=broken, mailcore_message_failed=broken), name="broken"
    )
    registry.register_extension(extension(**works), name="last")

    with contextlib.suppress(MessageRejected):
        send(chunked(), MESSAGE, transport=scripted(outcome), registry=registry)

    assert ["works", "works"] == told
    assert "of broken failed" in caplog.text
    assert "broken observer" in caplog.text


def test_observers_that_lose_an_event_say_so(registry, chunked, caplog):
    """The event does not come again for an observer: the log says what to do about that."""

    def broken(event):
        raise RuntimeError("broken observer")

    registry.register_extension(extension(mailcore_event_received=broken), name="broken")
    request = WebhookRequest("POST", {"X-Secret": "open sesame"}, b"a@x.org")

    assert 1 == len(receive(chunked(), request, print, registry=registry))
    assert "observer mailcore_event_received of broken failed: it has lost this event" in (
        caplog.text
    )


def test_policies_add_their_problems(send, registry, chunked, scripted):
    """check_features of extensions and the provider's own come in one error, its own first."""

    class Checked(chunked):
        def check(self, message):
            yield Problem("subject", "too dull")

    registry.register_extension(
        extension(mailcore_check_features=lambda message: [Problem("to", "not on Sundays")])
    )

    with pytest.raises(UnsupportedFeature) as caught:
        send(Checked(), MESSAGE, transport=scripted(), registry=registry)

    assert ["too dull", "not on Sundays"] == [p.reason for p in caught.value.problems]


def test_first_transport_wins(registry, chunked, scripted):
    """An extension may give a transport, or None to leave it to others; called once."""
    calls = []
    transport = scripted("1", "2")

    def create(provider):
        calls.append(provider)
        return transport

    registry.register_extension(extension(mailcore_create_transport=create), name="gives")
    registry.register_extension(
        extension(mailcore_create_transport=lambda provider: None), name="leaves it"
    )
    mailer = Mailer(chunked(), registry=registry)

    mailer.send(MESSAGE)
    mailer.send(MESSAGE)

    assert [mailer.provider] == calls
    assert 2 == len(transport.requests)


def test_wrappers_of_events(registry, chunked):
    """An extension may change the events that a provider parsed."""

    class Wraps:
        @hookimpl(wrapper=True)
        def mailcore_parse_events(self, provider, request):
            events = yield
            return events[::-1]

    registry.register_extension(Wraps())
    request = WebhookRequest("POST", {"X-Secret": "open sesame"}, b"a\nb")

    assert ["b", "a"] == [e.recipient for e in receive(chunked(), request, registry=registry)]


def test_commands(registry):
    """An extension adds its command to the command line."""
    parser = argparse.ArgumentParser()
    registry.register_extension(
        extension(
            mailcore_register_commands=lambda cli: cli.add_parser("hello").set_defaults(
                run=lambda arguments: 7
            )
        )
    )

    for _, add in registry.hooks.register_commands(parser.add_subparsers()):
        add()

    assert 7 == (parsed := parser.parse_args(["hello"])).run(parsed)


class UnknownHook:
    @hookimpl
    def mailcore_message_send(self, message):
        pass


class UnknownArgument:
    @hookimpl
    def mailcore_message_sent(self, message, outcome):
        pass


class WrapsObserver:
    @hookimpl(wrapper=True)
    def mailcore_message_sent(self, message):
        yield


class WrapsBeforeSend:
    @hookimpl(hookwrapper=True)
    def mailcore_before_send(self, message):
        yield


class WrapsProviders:
    @hookimpl(wrapper=True)
    def mailcore_register_providers(self):
        return (yield)


class HalfGood:
    @hookimpl
    def mailcore_before_send(self, message):
        raise AssertionError("a refused extension is not called")

    @hookimpl
    def mailcore_event_received(self, nonsense):
        pass


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (UnknownHook, "mailcore_message_send"),
        (UnknownArgument, "outcome"),
        (WrapsObserver, "cannot be wrapped"),
        (WrapsBeforeSend, "cannot be wrapped"),
        (WrapsProviders, "cannot be wrapped"),
        (HalfGood, "nonsense"),
    ],
)
def test_extensions_that_do_not_fit(registry, chunked, scripted, wrong, named):
    """The error names extension and fault, and nothing of the extension stays."""
    with pytest.raises(PluginLoadError, match=named) as caught:
        registry.register_extension(wrong(), name="acme")

    assert "acme" == caught.value.name
    Mailer(chunked(), transport=scripted("1"), registry=registry).send(MESSAGE)
    good = extension(mailcore_message_sent=lambda: None)
    registry.register_extension(good, name="acme")


def test_registering_twice_is_refused_and_changes_nothing(registry, chunked, scripted):
    """The extension that was there goes on working."""
    told = []
    once = extension(mailcore_message_sent=lambda: told.append(1))
    registry.register_extension(once, name="acme")

    for again, name in [(once, "acme"), (once, "other"), (extension(), "acme")]:
        with pytest.raises(PluginLoadError):
            registry.register_extension(again, name=name)
    Mailer(chunked(), transport=scripted("1"), registry=registry).send(MESSAGE)

    assert [1] == told


@pytest.mark.parametrize("offer", [lambda: 1 / 0, lambda: 5, lambda: None])
def test_middleware_that_cannot_be_registered(registry, chunked, offer):
    """The extension is named."""
    registry.register_extension(extension(mailcore_register_middleware=offer), name="acme")

    with pytest.raises(PluginLoadError, match="'acme' cannot register middleware"):
        Mailer(chunked(), middleware=["x"], registry=registry)


def test_middleware_registered_twice(registry, chunked):
    """Which of them is meant is not for us to choose."""
    for name in ("one", "two"):
        registry.register_extension(
            extension(mailcore_register_middleware=lambda: {"x": lambda: None}), name=name
        )

    with pytest.raises(ConfigurationError, match="'x' is registered twice"):
        Mailer(chunked(), middleware=["x"], registry=registry)


def test_providers_of_an_extension(chunked):
    """They are found like installed ones, whenever the extension is registered."""
    for early in (True, False):
        registry = Registry(autoload=False)
        if not early:
            assert () == registry.names()
        registry.register_extension(
            extension(mailcore_register_providers=lambda: [chunked, MemoryProvider])
        )

        assert ("chunked", "memory") == registry.names()
        assert isinstance(registry.get_provider("chunked", size=2), chunked)


@pytest.mark.parametrize("offer", [lambda: 1 / 0, lambda: None, lambda: [5], lambda: 5])
def test_broken_offers_are_isolated(chunked, caplog, offer):
    """An extension that fails to name its providers is listed as broken; others are there."""
    registry = Registry(autoload=False)
    registry.register_extension(
        extension(mailcore_register_providers=lambda: [chunked]), name="good"
    )
    registry.register_extension(extension(mailcore_register_providers=offer), name="bad")

    assert ("chunked",) == registry.names()
    (bad,) = [plugin for plugin in registry.plugins() if plugin.name == "bad"]
    assert ("extension", "broken") == (bad.kind, bad.state)
    assert bad.error
