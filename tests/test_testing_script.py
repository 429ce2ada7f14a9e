"""The transport that answers what a test wrote down."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mailcore import AsyncMailer, Mailer, Message, NetworkError, Registry, SendTimeout
from mailcore.builtin.null import NullProvider
from mailcore.testing.script import Script


MESSAGE = Message(from_email="shop@example.com", to=["ada@example.net"], subject="Welcome")


def test_steps_are_performed_in_order() -> None:
    """A response is returned, an exception raised, a function called with the request."""
    script = Script(["first", NetworkError("cannot connect"), lambda request: request * 2])

    assert "first" == script.exchange("a")
    with pytest.raises(NetworkError, match="cannot connect"):
        script.exchange("b")
    assert "cc" == script.exchange("c")
    assert ["a", "b", "c"] == script.requests
    script.assert_done()


def test_an_exception_of_a_function_reaches_the_caller() -> None:
    """A function may raise, as a transport does."""

    def fail(request: object) -> object:
        raise SendTimeout("no answer", maybe_accepted=True)

    with pytest.raises(SendTimeout):
        Script([fail]).exchange("a")


def test_a_request_too_many_fails_the_test() -> None:
    """A request without a step is an AssertionError that a mailer does not swallow."""
    script = Script(["message-1"])
    mailer = Mailer(NullProvider(), transport=script, registry=Registry(autoload=False))
    mailer.send(MESSAGE)

    with pytest.raises(AssertionError, match="has 1 steps, and this is request 2: MessageRequest"):
        mailer.send(MESSAGE)


def test_steps_that_are_left_fail_the_test() -> None:
    """assert_done() names the steps that nobody asked for."""
    script = Script(["first", "second", "third"])
    script.exchange("a")

    with pytest.raises(AssertionError) as failure:
        script.assert_done()

    text = str(failure.value)
    assert "1 requests came" in text
    assert "'first'" not in text
    assert "'second'" in text
    assert "'third'" in text


def test_otherwise_answers_once_the_steps_are_used_up() -> None:
    """`otherwise` answers every further request, and no step is left by it."""
    script = Script(["first"], otherwise=str.upper)

    assert ["first", "B", "C"] == [script.exchange(each) for each in "abc"]
    script.assert_done()


def test_with_statement_asserts_done() -> None:
    """At the end of a `with` block every step must have been asked for."""
    with pytest.raises(AssertionError, match="these are left"), Script(["first"]):
        pass


def test_with_statement_lets_failures_through() -> None:
    """A block that fails is not failed again for the steps that it left."""
    with pytest.raises(KeyError), Script(["first"]):
        raise KeyError


def test_closing_is_noted() -> None:
    """A test can see whether its transport was closed."""
    script = Script()
    before = script.closed
    script.close()

    assert (False, True) == (before, script.closed)


def test_repr_counts() -> None:
    """The repr counts, and shows no request."""
    script = Script(["a", "b"])
    script.exchange("secret")

    assert "<Script: 1 requests, 1 steps left>" == repr(script)


def test_threads_get_each_step_once() -> None:
    """Requests from several threads get different steps."""
    script = Script(range(400))
    answers: list[int] = []

    def ask() -> None:
        answers.extend(script.exchange("a") for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert list(range(400)) == sorted(answers)
    script.assert_done()


def test_async_mailers_use_it_as_well() -> None:
    """A script needs no async form."""
    script = Script(["message-1"])
    mailer = AsyncMailer(NullProvider(), transport=script, registry=Registry(autoload=False))
    result = asyncio.run(mailer.send(MESSAGE))

    assert "message-1" == result.message_id
    script.assert_done()
