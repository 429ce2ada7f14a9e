"""
Provider: the one page that the author of a plugin reads.

A provider knows one email service and does no I/O. It says what the service can express
(``features``, ``check``), turns a message into requests (``build``), reads the answers (``parse``)
and the service's webhooks (``verify_webhook``, ``parse_webhook``). mailcore does the rest::

    class Acme(Provider[HttpRequest, HttpResponse]):
        name = "acme"
        label = "Acme Mail"
        features = Features(cc=YES, bcc=YES, reply_to=limited(1), headers=YES, tags=limited(3))

        def __init__(self, *, api_key: str) -> None:
            self._api_key = api_key

        def build(self, message: Message) -> Sequence[HttpRequest]:
            payload = {"from": message.from_email.format(), ...}
            return [json_request(...)]

        def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[...]:
            ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from mailcore.errors import ConfigurationError, FetchError, Problem, WebhookRejected
from mailcore.events import Event, InboundEvent
from mailcore.features import Features
from mailcore.flow import Flow, Request, Transport
from mailcore.foundation.redaction import shown_name
from mailcore.message.merging import MergeSyntax
from mailcore.message.message import Message
from mailcore.result import RecipientStatus
from mailcore.sending.combining import Combined


if TYPE_CHECKING:
    from mailcore.flow import HttpRequest
    from mailcore.inbound.message import InboundMessage
    from mailcore.webhook.request import Verdict, WebhookRequest

__all__ = ["AnyProvider", "Provider"]


RequestT = TypeVar("RequestT", bound=Request)
ResponseT = TypeVar("ResponseT")


class Provider(ABC, Generic[RequestT, ResponseT]):
    """
    One email service provider.

    The constructor takes the provider's options as typed keyword arguments, checks them, and
    raises :class:`~mailcore.errors.ConfigurationError` naming the option; annotations of simple
    types let ``mailcore.connect("acme://?timeout_seconds=5")`` convert text. An instance is used
    by several threads at once.
    """

    name: ClassVar[str]
    """What users write: the name of the entry point."""
    label: ClassVar[str]
    """What people read."""
    features: ClassVar[Features]
    sending_options: ClassVar[tuple[str, ...]] = ()
    """
    Options without which it cannot send, such as an API key, with None for a default.

    A process that only receives needs no such secret: :func:`mailcore.get_provider` makes a
    provider without them, a mailer does not. Raise :func:`mailcore.registry.options.option_missing`
    where one is used.
    """
    idempotency: ClassVar[Literal["native", "none"]] = "none"
    """
    Whether the service sends one mail for two requests with the same ``idempotency_key``.

    For a middleware that sends again: only where it is ``native`` may it repeat what is
    ``maybe_accepted``. The conformance suite wants the feature ``idempotency_key`` beside it.
    """
    merge_syntax: ClassVar[MergeSyntax | None] = None
    """
    How the texts of a message refer to merge values; None if only stored templates are filled in.

    mailcore refuses references without a value; :func:`mailcore.message.merging.fills_in` tells
    ``build`` whether the message asks for it at all. Where it does not, every text has to arrive as
    it is.
    """
    reaches_out: ClassVar[bool] = True
    """Whether its requests go to a service: ``MAILCORE_REDIRECT`` has them made elsewhere then."""
    max_messages_per_call: ClassVar[int] = 1
    """How many messages :meth:`combine` can put into one call."""
    max_webhook_body_bytes: ClassVar[int] = 1024 * 1024
    """A larger webhook request is refused unread; more than tracking events need."""
    webhook_failure_status: ClassVar[int] = 500
    """What a request is answered with if handling its events failed: the service tries again."""
    webhook_probe_methods: ClassVar[frozenset[str]] = frozenset()
    """``HEAD`` and ``GET``, as far as the service tries a webhook's address by them before it
    takes it: answered with 200 and no body to anybody, without a look at the request."""

    url_schemes: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """
    Further schemes of its URLs than its name, each with the options that it stands for, as text.

    ``{"acmes": {"security": "tls"}}``; each is an entry point of ``mailcore.url_schemes`` as well,
    with the provider's name as its value, so that it is found before the provider is imported.
    """

    notification_headers: ClassVar[frozenset[str]] = frozenset()
    """Header fields, in lower case, that :meth:`parse_webhook` reads besides ``content-type``: what
    an event's `notification` keeps of them. None that proves who sent it: that is a secret."""

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what this provider cannot express and ``features`` alone does not tell.

        Called before ``build``, with a message that ``features`` allows. Report everything at
        once; limits that the service may change are its own to enforce. What a message can go
        without, says so: the problem names the `feature`, and brings a `remedy`
        (:mod:`mailcore.message.remedies`) for mailers that are told to drop it.
        """
        return ()

    @abstractmethod
    def build(self, message: Message) -> Sequence[RequestT]:
        """
        Turn a message into the requests that send it: pure, no I/O.

        Every recipient stands in ``recipients`` of exactly one request, spelled as in the message.
        Whom the service is to deliver to is told by ``message.deliveries``: each mailbox once.
        """

    @abstractmethod
    def parse(self, request: RequestT, response: ResponseT) -> Mapping[str, RecipientStatus]:
        """
        Read the answer to one request: pure, no I/O.

        Returns:
            A status for each recipient of the request, by address. Case and punycode do not
            matter; a recipient that is missing is reported as unknown.

        Raises:
            SendError: If the request as a whole was refused.
        """

    def combine(self, requests: Sequence[RequestT]) -> Sequence[Combined[RequestT]]:
        """
        Put the requests of several messages into fewer calls: pure, no I/O.

        For ``send_many(..., messages_per_call=…)``, if the service takes different messages at
        once. By default each request stays alone.

        Returns:
            Calls that stand for each of the requests once.
        """
        return [Combined(request, (position,)) for position, request in enumerate(requests)]

    def split(self, requests: Sequence[RequestT], response: ResponseT) -> Sequence[ResponseT]:
        """
        Take the answer to a combined call apart: for each request what :meth:`parse` reads.

        An answer to the call as a whole is the answer to each; one that is not understood must
        not become a success of any.
        """
        return [response] * len(requests)

    def create_transport(self) -> Transport:
        """Make what sends this provider's requests: by default HTTP, by urllib3 or aiohttp."""
        from mailcore.http.choosing import default_transport

        return default_transport()

    def prepare(self) -> None:
        """
        Import what the first exchange will need: called whenever a mailer is made.

        No I/O. Imports do not belong into an exchange: a thread that outlives the main one can no
        longer make all of them, and a process that forks meanwhile leaves its child with a lock
        that nobody releases. By default, what :meth:`create_transport` needs by default.
        """
        if type(self).create_transport is Provider.create_transport:
            from mailcore.http.choosing import prepare

            prepare()

    def redirected(self, target: str) -> Transport:
        """
        Make what sends this provider's requests to a mailbox on this machine instead.

        Called in place of :meth:`create_transport` while the variable ``MAILCORE_REDIRECT`` is set,
        whatever transport a mailer was given. By default HTTP, to the same paths below the
        provider's name, with :meth:`without_credentials`. Override it if the requests are no
        :class:`~mailcore.flow.HttpRequest`, and let no credential and no signature get out.

        Args:
            target: The URL of the mailbox, without a slash at its end.
        """
        from mailcore.http.redirecting import RedirectedTransport

        return RedirectedTransport(target, self.name, self.without_credentials)

    def without_credentials(self, request: HttpRequest) -> HttpRequest:
        """
        Take the credentials out of a request that is redirected: pure, no I/O.

        By default every header field is replaced that is not known to be harmless. Override it if
        the body or the path holds a credential too.
        """
        from mailcore.http.redirecting import without_credentials

        return without_credentials(request)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove that the request comes from the provider, before anything in it is believed.

        A flow: it may fetch a certificate or confirm a subscription. Without an override, every
        request is rejected.

        Raises:
            WebhookRejected: If it is not proven.
            MalformedWebhook: If it cannot be read.
        """
        reason = "this provider has no webhooks; `mailcore features` says which ones do"
        raise WebhookRejected(reason, provider=self.name, status_code=403)
        yield  # it is a flow

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """
        Read the events in a request that was verified: pure, so it may also run later.

        One event for each recipient. Unknown types become ``EventType.UNKNOWN`` events.

        Raises:
            MalformedWebhook: If it cannot be read.
        """
        raise ConfigurationError(f"{self.name} has no webhooks")

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get the mail of an event, and take it apart.

        A flow: override it if the provider keeps mail that its notifications do not bring along.

        Raises:
            FetchError: If there is no mail to be had.
        """
        if event.content is None:
            raise FetchError(
                "the event has no content, and no place where this provider keeps it",
                provider=self.name,
                category="no_content",
            )
        from mailcore.inbound.message import parse_inbound

        return parse_inbound(event.content)
        yield  # it is a flow

    def delete_inbound(self, event: InboundEvent) -> Flow[None]:
        """
        Remove the mail of an event from where the provider keeps it: by default, nowhere.

        Raises:
            FetchError: If it cannot be removed.
        """
        return
        yield  # it is a flow

    @classmethod
    def options_from_url(
        cls, *, username: str, password: str, host: str, path: str
    ) -> Mapping[str, str]:
        """
        Options in the other parts of a URL than its query, for ``mailcore.connect()``.

        By default those that are declared to stand there: see
        :func:`mailcore.registry.provider_options.option`.

        Raises:
            ConfigurationError: If a part stands for no option.
        """
        declared = getattr(cls.__init__, "options_class", None)
        if declared is not None:
            located: Mapping[str, str] = declared.from_url_parts(
                username=username, password=password, host=host, path=path
            )
            return located
        if username or password or host or path.strip("/"):
            raise ConfigurationError(
                f"a {cls.name} URL has options in its query only, "
                f"such as {cls.name}://?option=value"
            )
        return {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def require_provider(given: object, what: str) -> None:
    """
    Refuse what is no provider where one is wanted, with the way to get one.

    Args:
        given: What was given as the provider.
        what: Who wants it, for the error.

    Raises:
        ConfigurationError: If it is a name, a class or something else.
    """
    if isinstance(given, Provider):
        return
    if isinstance(given, str):
        told = f"a name: get the provider with mailcore.get_provider({shown_name(given)}, ...)"
    elif isinstance(given, type):
        told = f"the class {given.__qualname__}: make one with {given.__qualname__}(...)"
    else:
        told = type(given).__name__
    raise ConfigurationError(f"{what} takes a provider, not {told}")


AnyProvider: TypeAlias = Provider[Any, Any]
"""A provider, whatever its requests are."""
