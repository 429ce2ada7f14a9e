"""A preview says what a send would do, and refuses what a send would refuse."""

from __future__ import annotations

import pytest

from mailcore import (
    AsyncMailer,
    CancelSend,
    HttpRequest,
    InvalidMessage,
    InvalidMessageType,
    Mailer,
    Message,
    Preview,
    Registry,
    UnsupportedFeature,
    hookimpl,
)
from mailcore.builtin.null import NullProvider
from mailcore.features import NO, YES, Features, limited


class Narrow(NullProvider):
    """A provider that lacks much; its requests are HTTP."""

    name = "narrow"
    label = "Narrow"
    features = Features(tags=limited(1), cc=YES, send_at=NO("it never waits"))

    def build(self, message):
        tag = message.tags[0] if message.tags else ""
        return [
            HttpRequest(
                method="POST",
                url=f"https://example.com/{tag}",
                recipients=message.recipients,
            )
        ]


class Untouchable:
    """A transport that must not be used."""

    def exchange(self, request):
        raise AssertionError(request)

    def close(self):
        """Nothing is open."""


BASE = {"from_email": "a@example.com", "to": ["b@example.com"], "text": "t"}


def _preview(message, mailer_class=Mailer, registry=None, **settings):
    chosen = registry or Registry(autoload=False)
    mailer = mailer_class(Narrow(), transport=Untouchable(), registry=chosen, **settings)
    return mailer.preview(message)


@pytest.mark.parametrize("mailer_class", [Mailer, AsyncMailer])
def test_shows_the_requests_with_the_defaults(mailer_class):
    """What the transport would get, of the message as it would be sent; nothing is sent."""
    defaults = {"tags": ["shop"], "cc": ["c@example.com"]}
    shown = _preview(Message(**BASE), mailer_class, defaults=defaults)

    assert isinstance(shown, Preview)
    assert ("narrow", ("shop",)) == (shown.provider, shown.message.tags)
    assert ["https://example.com/shop"] == [request.url for request in shown.requests]
    assert ("b@example.com", "c@example.com") == shown.requests[0].recipients


def test_drops_what_the_policy_drops():
    """As a send does: the first tag stays."""
    shown = _preview(Message(**BASE, tags=["x", "y"]), unsupported={"tags": "drop"})

    assert ("x",) == shown.message.tags


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({"tags": ["x", "y"]}, {}),
        ({"metadata": {"a": "b"}}, {}),
        ({}, {"defaults": {"tags": ["x", "y"]}}),
        ({"tags": ["x", "y"], "metadata": {"a": "b"}}, {"unsupported": {"tags": "drop"}}),
    ],
)
def test_refuses_what_a_send_refuses(fields, settings):
    """The same error, with the same problems."""
    message = Message(**BASE, **fields)
    registry = Registry(autoload=False)
    with pytest.raises(UnsupportedFeature) as sent:
        Mailer(Narrow(), transport=Untouchable(), registry=registry, **settings).send(message)
    with pytest.raises(UnsupportedFeature) as shown:
        _preview(message, **settings)

    assert (str(sent.value), sent.value.problems) == (str(shown.value), shown.value.problems)


@pytest.mark.parametrize("lacking", ["from_email", "to"])
def test_refuses_an_incomplete_message(lacking):
    """No sender, or nobody to send to."""
    with pytest.raises(InvalidMessage, match=r"missing|no recipients"):
        _preview(Message(**{**BASE, lacking: None}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, r"`from_email` is missing$"),
        ({"template_id": "t"}, r"`from_email` is missing \(give it, or from_email=None if the"),
        (
            {"from_email": None},
            r"None leaves it to a template, and there is none \(give from_email",
        ),
    ],
)
def test_says_how_a_message_gets_a_sender(fields, told):
    """Its own, or that of a template: what is missing depends on what is there."""
    with pytest.raises(InvalidMessage, match=told):
        _preview(Message(to=["b@example.com"], text="t", **fields))


@pytest.mark.parametrize("defaults", [{}, {"from_email": "shop@example.com"}])
def test_none_leaves_the_sender_to_the_template(defaults):
    """It refuses the mailer's default, which is not what the template says."""
    fields = {"to": ["b@example.com"], "template_id": "t"}
    mailer = Mailer("memory", defaults=defaults)
    shown = mailer.preview(Message(**fields, from_email=None))

    assert shown.message.from_email is None
    assert {"from_email": None, "template_id": "t"}.items() <= shown.message.to_dict().items()
    assert shown.message == Message.from_dict(shown.message.to_dict())
    if defaults:
        sender = mailer.preview(Message(**fields)).message.from_email
        assert "shop@example.com" == sender.addr_spec


@pytest.mark.parametrize("message", [None, BASE, "x"], ids=repr)
def test_takes_messages_only(message):
    """As a send does."""
    with pytest.raises(InvalidMessageType, match=r"takes a mailcore\.Message"):
        _preview(message)


def test_extensions_may_change_the_message_and_call_it_off():
    """`mailcore_before_send` runs, observers hear nothing."""

    class Extension:
        heard = 0

        @hookimpl
        def mailcore_before_send(self, message):
            if message.tags:
                raise CancelSend("no")
            return message.replace(tags=["by extension"])

        @hookimpl
        def mailcore_message_sent(self):
            self.heard += 1

        @hookimpl
        def mailcore_message_failed(self):
            self.heard += 1

    registry, extension = Registry(autoload=False), Extension()
    registry.register_extension(extension)

    assert ("by extension",) == _preview(Message(**BASE), registry=registry).message.tags
    with pytest.raises(CancelSend):
        _preview(Message(**BASE, tags=["x"]), registry=registry)
    assert 0 == extension.heard


def test_repr_holds_no_address():
    """Requests are left out, the message tells what it always tells."""
    assert "b@example.com" not in repr(_preview(Message(**BASE)))
