"""Keeping mail instead of sending it: capture() and the pytest plugin."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from collections.abc import Sequence
from importlib import metadata
from typing import Any

import pytest

from mailcore import (
    AsyncMailer,
    CancelSend,
    HttpRequest,
    HttpResponse,
    InvalidMessage,
    Mailer,
    Message,
    Problem,
    Provider,
    Registry,
    SendResult,
    UnsupportedFeature,
    hookimpl,
)
from mailcore.features import YES, Feature, Features, needs
from mailcore.registry import default_registry
from mailcore.testing.capturing import capture
from mailcore.testing.outbox import Outbox
from mailcore.testing.script import Script


class Live(Provider[HttpRequest, HttpResponse]):
    """A provider whose transport must never be asked for."""

    name = "live"
    label = "Live"
    features = Features(recipients=YES, cc=YES, templates=YES, merge_data=needs(Feature.TEMPLATES))

    def check(self, message: Message) -> Sequence[Problem]:
        return [Problem("subject", "too loud")] if (message.subject or "").isupper() else []

    def build(self, message: Message) -> Sequence[HttpRequest]:
        if message.subject == "unbuildable":
            raise InvalidMessage([Problem("subject", "cannot be built")])
        url = "https://api.live.example/"
        return [HttpRequest(method="POST", url=url, recipients=message.recipients)]

    def parse(self, request: HttpRequest, response: HttpResponse) -> Any:
        raise AssertionError("there is no response")

    def create_transport(self) -> Any:
        raise AssertionError("the transport is made")


MESSAGE = Message(
    from_email="shop@example.com", to=["ada@example.net"], cc=["bob@example.net"], subject="Hi"
)


@pytest.fixture
def registry() -> Registry:
    """A registry with the live provider."""
    made = Registry(autoload=False)
    made.register(Live)
    return made


def test_messages_are_kept_and_reported_as_queued(registry) -> None:
    """Every recipient is queued, with an id of the message; the transport is never made."""
    with capture(registry) as outbox:
        first = Mailer("live", registry=registry).send(MESSAGE)
        second = Mailer("live", registry=registry).send(MESSAGE)

    assert [MESSAGE, MESSAGE] == list(outbox)
    assert [first, second] == outbox.results
    assert "live" == first.provider
    assert MESSAGE.recipients == first.accepted
    assert {first.message_id} == {status.message_id for status in first.recipients.values()}
    assert first.message_id != second.message_id


def test_mailers_made_before_are_concerned_too(registry) -> None:
    """A mailer of the module level keeps its mail as well, by name, URL or with a provider."""
    mailers = [
        Mailer("live", registry=registry),
        Mailer(Live(), registry=registry),
        Mailer.from_url("live://", registry=registry),
    ]
    with capture(registry) as outbox:
        for mailer in mailers:
            mailer.send(MESSAGE)

    assert 3 == len(outbox)


def test_async_mailers_are_concerned_too(registry) -> None:
    """An AsyncMailer's mail is kept in the same way."""
    with capture(registry) as outbox:
        result = asyncio.run(AsyncMailer("live", registry=registry).send(MESSAGE))

    outbox.assert_sent(count=1, to="bob@example.net")
    assert [result] == outbox.results


def test_each_mail_of_a_batch_has_its_id(registry) -> None:
    """In a batch every recipient's mail has an id of its own, as with providers."""
    batch = Message(
        from_email="shop@example.com",
        to=["ada@example.net", "bob@example.net"],
        template_id="t",
        merge_data={},
    )
    with capture(registry):
        result = Mailer("live", registry=registry).send(batch)

    assert 2 == len(set(result.message_ids))
    assert result.message_id is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bcc": ["eve@example.net"]}, UnsupportedFeature),
        ({"subject": "LOUD"}, UnsupportedFeature),
        ({"subject": "unbuildable"}, InvalidMessage),
        ({"from_email": None}, InvalidMessage),
    ],
)
def test_what_fails_in_production_fails_here(registry, changes, error) -> None:
    """The declaration, check() and build() of the real provider decide; nothing is kept."""
    mailer = Mailer("live", registry=registry)
    with capture(registry) as outbox, pytest.raises(error):
        mailer.send(MESSAGE.replace(**changes))

    outbox.assert_nothing_sent()


def test_hooks_and_middleware_run(registry) -> None:
    """Extensions and middleware see the real provider, and what they change is kept."""
    seen = []

    class Extension:
        @hookimpl
        def mailcore_before_send(self, provider: Any, message: Message) -> Message:
            seen.append(type(provider))
            return message.replace(subject="changed")

        @hookimpl
        def mailcore_message_sent(self, message: Message, result: SendResult) -> None:
            seen.append(result.provider)

    def tagging(message: Message, send: Any) -> Any:
        return (yield from send(message.replace(text="by middleware")))

    registry.register_extension(Extension())
    with capture(registry) as outbox:
        Mailer("live", registry=registry, middleware=[tagging]).send(MESSAGE)

    outbox.assert_sent(count=1, subject="changed", body_contains="by middleware")
    assert [Live, "live"] == seen


def test_what_a_hook_cancels_is_not_kept(registry) -> None:
    """A send that an extension calls off leaves nothing in the outbox."""

    class Extension:
        @hookimpl
        def mailcore_before_send(self, provider: Any, message: Message) -> None:
            raise CancelSend("not today")

    registry.register_extension(Extension())
    with capture(registry) as outbox, pytest.raises(CancelSend):
        Mailer("live", registry=registry).send(MESSAGE)

    outbox.assert_nothing_sent()


def test_a_transport_that_was_given_is_used(registry) -> None:
    """A mailer with a transport of its own goes on using it."""
    script = Script([AssertionError("it was asked")])
    mailer = Mailer(Live(), transport=script, registry=registry)
    with capture(registry) as outbox, pytest.raises(AssertionError, match="it was asked"):
        mailer.send(MESSAGE)

    outbox.assert_nothing_sent()


def test_the_inner_block_keeps_it(registry) -> None:
    """Of nested blocks the innermost keeps the message."""
    mailer = Mailer("live", registry=registry)
    with capture(registry) as outer:
        with capture(registry) as inner:
            mailer.send(MESSAGE)
        mailer.send(MESSAGE)

    assert (1, 1) == (len(inner), len(outer))


def test_other_registries_are_left_alone(registry) -> None:
    """Only mailers of the registry are concerned."""
    with capture() as outbox, pytest.raises(AssertionError, match="the transport is made"):
        Mailer("live", registry=registry).send(MESSAGE)

    outbox.assert_nothing_sent()


def test_afterwards_mail_is_sent_again(registry) -> None:
    """After the block, also one that failed, the transport is used."""
    with pytest.raises(KeyError), capture(registry):
        raise KeyError

    with pytest.raises(AssertionError, match="the transport is made"):
        Mailer("live", registry=registry).send(MESSAGE)


def test_the_fixture_keeps_mail_of_the_default_registry(mailcore_outbox) -> None:
    """The fixture is there without any set-up, and concerns every mailer made by name."""
    mailer = Mailer("console")
    mailer.send(MESSAGE)

    assert isinstance(mailcore_outbox, Outbox)
    mailcore_outbox.assert_sent(count=1, to="ada@example.net", subject="Hi")


def test_what_was_dropped_is_kept_with_the_result(registry) -> None:
    """The results of an outbox are those that senders were told."""
    mailer = Mailer("live", registry=registry, unsupported={"*": "drop"})
    message = Message(from_email="a@x.org", to=["b@x.org"], text="t", track_opens=True)

    with capture(registry) as outbox:
        result = mailer.send(message)

    assert ["track_opens"] == [problem.feature for problem in result.dropped]
    assert [result] == outbox.results


def test_the_fixture_prints_nothing(mailcore_outbox, capsys) -> None:
    """The console provider does not print what the fixture keeps."""
    Mailer("console").send(MESSAGE)

    assert "" == capsys.readouterr().out


def test_the_plugin_is_silent_until_used() -> None:
    """Without the fixture no outlet is set."""
    assert default_registry().outlet is None


def test_the_entry_point_leads_to_the_plugin() -> None:
    """Pytest finds the plugin through its entry point."""
    entry_points = metadata.entry_points(group="pytest11", name="mailcore")

    assert ["mailcore.testing.pytest_plugin"] == [each.value for each in entry_points]


@pytest.mark.slow
def test_the_plugin_loads_nothing() -> None:
    """Importing the plugin loads nothing beyond mailcore itself: no suite, no requests."""
    program = (
        "import json, sys, pytest, mailcore\n"
        "before = set(sys.modules)\n"
        "import mailcore.testing.pytest_plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert ["mailcore.testing", "mailcore.testing.pytest_plugin"] == json.loads(finished.stdout)


@pytest.mark.slow
def test_the_fixture_works_in_somebody_elses_tests(tmp_path) -> None:
    """A test suite elsewhere uses the fixture, and a test without it is not touched."""
    (tmp_path / "test_shop.py").write_text(
        "from mailcore import Mailer, Message\n"
        "from mailcore.registry import default_registry\n"
        "mailer = Mailer('console')\n"
        "message = Message(from_email='a@example.com', to=['b@example.net'], subject='Hi')\n"
        "def test_with(mailcore_outbox):\n"
        "    mailer.send(message)\n"
        "    mailcore_outbox.assert_sent(count=1)\n"
        "def test_again(mailcore_outbox):\n"
        "    mailcore_outbox.assert_nothing_sent()\n"
        "def test_without(capsys):\n"
        "    mailer.send(message)\n"
        "    assert 'subject: Hi' in capsys.readouterr().out\n",
        encoding="utf-8",
    )
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )

    assert "3 passed" in finished.stdout, finished.stdout + finished.stderr
