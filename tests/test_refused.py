"""A mailer that returns what became of a message that nobody gets: ``refused="return"``."""

from __future__ import annotations

import asyncio

import pytest

from mailcore import (
    AsyncMailer,
    AuthenticationFailed,
    ConfigurationError,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    RecipientsRefused,
    RecipientStatus,
    ResultStatus,
    SendResult,
    SendStatus,
    hookimpl,
)


MESSAGE = Message(from_email="f@x.org", to=["a@x.org", "b@x.org"], subject="s")
REFUSED = {
    "a@x.org": RecipientStatus(SendStatus.REJECTED, code="suppressed"),
    "b@x.org": RecipientStatus(SendStatus.INVALID),
}


class Observer:
    """Notes what extensions are told."""

    def __init__(self):
        self.told = []

    @hookimpl
    def mailcore_message_sent(self, message, result):
        self.told.append(("sent", result.status))

    @hookimpl
    def mailcore_message_failed(self, message, error, final):
        self.told.append(("failed", type(error)))


@pytest.mark.parametrize("refused", ["raise", "return"])
def test_refused_recipients(send, chunked, scripted, registry, refused):
    """The result is raised in RecipientsRefused, or returned; observers are told of a failure."""
    observer = Observer()
    registry.register_extension(observer)
    settings = {"transport": scripted(REFUSED), "registry": registry, "refused": refused}
    try:
        result = send(chunked(size=2), MESSAGE, **settings)
    except RecipientsRefused as error:
        assert "raise" == refused
        result = error.result
    else:
        assert "return" == refused

    assert ResultStatus.ALL_REFUSED is result.status
    assert REFUSED == dict(result.recipients)
    assert [("failed", RecipientsRefused)] == observer.told


@pytest.mark.parametrize(
    "error", [AuthenticationFailed("no"), MessageRejected("no")], ids=["credentials", "message"]
)
def test_other_errors_are_raised_all_the_same(send, chunked, scripted, registry, error):
    """What is no refusal of recipients is not hidden in a result."""
    with pytest.raises(type(error)):
        send(
            chunked(size=2),
            MESSAGE,
            transport=scripted(error),
            registry=registry,
            refused="return",
        )


@pytest.mark.parametrize(
    ("outcomes", "returned"),
    [
        ([MessageRejected("x"), MessageRejected("x")], True),
        ([MessageRejected("x"), {"b@x.org": REFUSED["b@x.org"]}], True),
        ([MessageRejected("x"), AuthenticationFailed("x")], False),
        ([AuthenticationFailed("x")], False),
        ([MessageRejected("x"), NetworkError("x", maybe_accepted=True)], False),
    ],
    ids=["rejected", "some by status", "then credentials", "credentials", "lost"],
)
def test_batches_of_several_calls(send, chunked, scripted, registry, outcomes, returned):
    """Where a call failed for another reason than a refusal, the error of all is raised."""
    settings = {"transport": scripted(*outcomes), "registry": registry, "refused": "return"}
    if returned:
        result = send(chunked(), MESSAGE, **settings)
        assert ResultStatus.ALL_REFUSED is result.status
        return
    with pytest.raises(RecipientsRefused) as caught:
        send(chunked(), MESSAGE, **settings)
    assert tuple(each for each in outcomes if isinstance(each, Exception)) == caught.value.errors


@pytest.mark.parametrize("messages_per_call", [1, 2])
@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_send_many_gives_results(chunked, scripted, registry, kind, messages_per_call):
    """An outcome of send_many is a result, too, whether calls are combined or not."""

    class Combining(chunked):
        max_messages_per_call = 2

    transport = scripted(REFUSED, {"a@x.org": RecipientStatus(SendStatus.QUEUED)})
    mailer = kind(Combining(size=2), transport=transport, registry=registry, refused="return")

    async def outcomes():
        sending = mailer.send_many([MESSAGE, MESSAGE], messages_per_call=messages_per_call)
        return [each async for each in sending]

    if kind is Mailer:
        found = list(mailer.send_many([MESSAGE, MESSAGE], messages_per_call=messages_per_call))
    else:
        found = asyncio.run(outcomes())

    assert [SendResult, SendResult] == [type(each) for each in found]
    assert [ResultStatus.ALL_REFUSED, ResultStatus.SOME_ACCEPTED] == [each.status for each in found]


def test_middleware_still_sees_the_error(send, chunked, scripted, registry):
    """What sends again after a refusal goes on to do so."""
    seen = []

    def middleware(message, send):
        try:
            return (yield from send(message))
        except RecipientsRefused as error:
            seen.append(error.result.status)
            raise

    settings = {"transport": scripted(REFUSED), "registry": registry, "refused": "return"}
    send(chunked(size=2), MESSAGE, middleware=[middleware], **settings)

    assert [ResultStatus.ALL_REFUSED] == seen


@pytest.mark.parametrize("value", [None, "", "ignore", True, ["return"], "RETURN"])
def test_it_is_one_of_two_words(chunked, registry, value):
    """Anything else is refused when the mailer is made, with the way out."""
    with pytest.raises(ConfigurationError, match="refused must be 'raise' or 'return'"):
        Mailer(chunked(), registry=registry, refused=value)
