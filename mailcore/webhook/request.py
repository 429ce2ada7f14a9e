"""What comes into a webhook, and what verifying it says: plain values, free of any framework."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from mailcore.errors import MalformedWebhook
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import shown_url
from mailcore.webhook.json_reading import read_object


class HasItems(Protocol):
    """Headers that are no mapping, such as those of :mod:`http.server`."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""


HeadersGiven: TypeAlias = Mapping[str, str] | HasItems | Iterable[tuple[str, str]]
"""What frameworks have for the headers of a request."""


@dataclass(frozen=True, init=False)
class WebhookRequest:
    """
    One HTTP request to a webhook, free of any framework.

    Args:
        method: The HTTP method in capitals; services use ``POST``.
        headers: A mapping, something with ``items()``, or pairs, in any case; a repeated header
            keeps its first value.
        body: The body as received, undecoded: signatures are made over bytes. Text is taken as
            UTF-8.
        url: The full URL, for providers that sign it. The repr has its host only: there may be a
            secret in the rest.
        remote_address: The peer's IP address, for the log.

    Raises:
        MalformedWebhook: If a part has a type that no request has.
    """

    method: str
    headers: Mapping[str, str] = field(default_factory=FrozenDict, repr=False)
    body: bytes = field(default=b"", repr=False)
    url: str = ""
    remote_address: str = ""

    def __init__(
        self,
        method: str,
        headers: HeadersGiven = (),
        body: bytes | str | bytearray | memoryview = b"",
        url: str | None = "",
        remote_address: str | None = "",
    ) -> None:
        # Written out: the one that dataclasses makes for a frozen class takes twice as long
        # (benchmarks/receive.py).
        held = vars(self)
        held["method"] = _text(method, "method").upper()
        held["headers"] = _lower_case(headers)
        held["body"] = body if type(body) is bytes else _octets(body)
        if url is not None and url != "":
            held["url"] = _text(url, "url")
        # Frameworks know no peer behind a UNIX socket.
        if remote_address is not None and remote_address != "":
            held["remote_address"] = _text(remote_address, "remote_address")

    @classmethod
    def assembled(
        cls,
        method: str,
        headers: dict[str, str],
        body: bytes,
        url: str = "",
        remote_address: str = "",
    ) -> WebhookRequest:
        """
        Make a request of parts that are right already: for applications in a hurry.

        Nothing is checked, and of the parts nothing but the headers is copied.

        Args:
            method: The HTTP method in capitals.
            headers: The header fields by their names in lower case.
            body: The octets as they were received.
            url: The full URL, or an empty text.
            remote_address: The peer's IP address, or an empty text.
        """
        request = object.__new__(cls)
        held = {
            "method": method,
            "headers": FrozenDict(headers),
            "body": body,
            "url": url,
            "remote_address": remote_address,
        }
        object.__setattr__(request, "__dict__", held)
        return request

    def __repr__(self) -> str:
        url = self.url and shown_url(self.url)
        remote = self.remote_address
        return f"WebhookRequest(method={self.method!r}, url={url!r}, remote_address={remote!r})"

    @property
    def json_object(self) -> dict[str, Any]:
        """
        The body, if it is a JSON object: read once, for verifying and for parsing.

        Everybody gets the same dict: do not change it.

        Raises:
            MalformedWebhook: If the body is not a JSON object.
        """
        held = vars(self)
        if "_json_object" not in held:
            held["_json_object"] = read_object(self.body, "body")
        found: dict[str, Any] = held["_json_object"]
        return found

    def reduced_to(self, header_names: Iterable[str]) -> WebhookRequest:
        """
        The method, the body, ``content-type`` and these header fields; neither URL nor peer.

        Args:
            header_names: The names of the headers to keep, in lower case.
        """
        given = self.headers
        headers = {name: given[name] for name in ("content-type", *header_names) if name in given}
        # All of it was checked when this one was made: checking again takes four times as long
        # (benchmarks/receive.py).
        return WebhookRequest.assembled(self.method, headers, self.body)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None if it is absent."""
        return self.headers.get(name.lower())


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise MalformedWebhook(f"{name} must be str, not {type(value).__name__}")
    return value


def _octets(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise MalformedWebhook(f"body must be bytes, not {type(body).__name__}")


def _lower_case(headers: HeadersGiven) -> FrozenDict[str, str]:
    if type(headers) is dict:
        # The usual dict of texts takes half the time so (benchmarks/receive.py). A name that is
        # there in two spellings, or is no text, is left to the loop below.
        lowered = {
            name.lower(): value
            for name, value in headers.items()
            if type(name) is str and type(value) is str
        }
        if len(lowered) == len(headers):
            return FrozenDict(lowered)
    lowered = {}
    try:
        # Not every framework's headers are a Mapping: those of http.server are not.
        items = getattr(headers, "items", None)
        pairs: Any = headers if items is None else items()
        for name, value in pairs:
            lowered.setdefault(_header_text(name).lower(), _header_text(value))
    except (TypeError, ValueError) as error:
        raise MalformedWebhook("headers must be a mapping or pairs of name and value") from error
    return FrozenDict(lowered)


def _header_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (str, int)):
        return str(value)
    raise TypeError(f"a header is text, not {type(value).__name__}")


@dataclass(frozen=True)
class Verdict:
    """
    A request that was verified; one that was not raises instead.

    Args:
        verified_by: How it was proven, such as ``hmac-sha256`` or ``basic-auth``.
        handled: True if the request was about the webhook itself, a subscription say, and
            carries no events.
        detail: What the log says about it; senders do not see it.
    """

    verified_by: str
    handled: bool = False
    detail: str = ""
