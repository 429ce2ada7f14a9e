"""Extensions: `@hookimpl` leaves a function as it is, and middleware are flows."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import assert_type

from mailcore import (
    CancelSend,
    Event,
    Flow,
    HttpRequest,
    HttpResponse,
    MailcoreError,
    Mailer,
    Message,
    Problem,
    Registry,
    Request,
    SendError,
    SendResult,
    Transport,
    WebhookRequest,
    arun,
    hookimpl,
    run,
)
from mailcore.flow import Call, Exchange, Sleep
from mailcore.http import HttpTransport
from mailcore.mailer import Middleware
from mailcore.provider import AnyProvider
from mailcore.registry import SubParsers
from mailcore.sending import Send
from mailcore.testing import Script, VirtualClock, drive


class Extension:
    """Every hook, with the types that it is given and that it may return."""

    @hookimpl
    def mailcore_register_providers(self) -> Iterable[type[AnyProvider]]:
        return ()

    @hookimpl
    def mailcore_register_middleware(self) -> Mapping[str, Callable[[], Middleware]]:
        return {"unchanged": lambda: unchanged}

    @hookimpl
    def mailcore_register_commands(self, cli: SubParsers) -> None:
        parser = cli.add_parser("greet", help="say hello")
        parser.set_defaults(run=greet)

    @hookimpl
    def mailcore_create_transport(self, provider: AnyProvider) -> Transport | None:
        return HttpTransport() if provider.name == "ses" else None

    @hookimpl
    def mailcore_check_features(self, provider: AnyProvider, message: Message) -> list[Problem]:
        return [Problem("subject", "too short")] if not message.subject else []

    @hookimpl(wrapper=True)
    def mailcore_build_payload(
        self, provider: AnyProvider, message: Message
    ) -> Generator[None, Sequence[Request], Sequence[Request]]:
        requests = yield
        assert_type(requests, Sequence[Request])
        return requests

    @hookimpl(wrapper=True)
    def mailcore_parse_events(
        self, provider: AnyProvider, request: WebhookRequest
    ) -> Generator[None, Sequence[Event], Sequence[Event]]:
        return [event for event in (yield) if event.message_id]

    @hookimpl
    def mailcore_before_send(self, provider: AnyProvider, message: Message) -> Message | None:
        if not message.to:
            raise CancelSend("to nobody")
        return None

    @hookimpl(trylast=True)
    def mailcore_message_sent(self, message: Message, result: SendResult) -> None:
        assert_type(result, SendResult)

    @hookimpl
    def mailcore_message_failed(self, error: MailcoreError) -> None:
        if isinstance(error, SendError):
            assert_type(error.retryable, bool)

    @hookimpl
    def mailcore_event_received(self, event: Event) -> None:
        assert_type(event, Event)


def greet(arguments: Namespace) -> int:
    """Do what a command does."""
    return len(arguments.name)


@hookimpl
def mailcore_before_send(message: Message) -> Message:
    """Implement a hook in a module."""
    return message.replace(subject="[staging]")


def implementations_are_still_functions(message: Message) -> None:
    assert_type(mailcore_before_send(message), Message)
    mailcore_before_send("Hello")  # E: arg-type, reportArgumentType
    registry = Registry(autoload=False)
    registry.register_extension(Extension())


def unchanged(message: Message, send: Send) -> Flow[SendResult]:
    """Be a middleware that changes nothing."""
    result = yield from send(message)
    assert_type(result, SendResult)
    return result


def patient(message: Message, send: Send) -> Flow[SendResult]:
    """Wait, ask and call: a middleware does it by effects."""
    yield Sleep(seconds=1)
    yield Call(lambda: None)
    yield "a text"  # E: misc, reportReturnType
    return (yield from send(message))


def says_nothing(message: Message, send: Send) -> Flow[bool]:
    """Be no middleware."""
    yield from send(message)
    return True


async def asynchronous(message: Message, send: Send) -> SendResult:
    """Be no middleware: there is no loop in a flow."""
    raise NotImplementedError


def middleware_are_functions_or_names() -> None:
    Mailer("null", middleware=[unchanged, patient, "retry"])
    Mailer("null", middleware=[says_nothing])  # E: list-item, reportArgumentType, reportCallIssue
    Mailer("null", middleware=[asynchronous])  # E: list-item, reportArgumentType, reportCallIssue


def numbers(request: HttpRequest) -> Flow[int]:
    """Return a number after an exchange."""
    response = yield Exchange(request)
    return len(response.body)


async def drivers_return_what_a_flow_returns(request: HttpRequest) -> None:
    assert_type(run(numbers(request)), int)
    assert_type(await arun(numbers(request)), int)
    assert_type(drive(numbers(request), clock=VirtualClock()), int)


class Recorder:
    """A transport needs two methods, and no base class."""

    def exchange(self, request: Any) -> HttpResponse:
        """Answer."""
        return HttpResponse(status_code=200, body=b"")

    def close(self) -> None:
        """Do nothing."""


class Silent:
    """No transport."""

    def close(self) -> None:
        """Do nothing."""


def transports_are_structural() -> None:
    Mailer("null", transport=Recorder())
    Mailer("null", transport=Script([HttpResponse(status_code=200, body=b"")]))
    Mailer("null", transport=Silent())  # E: call-overload, reportArgumentType, reportCallIssue
