"""What an attacker makes of a genuine webhook request."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator
from urllib.parse import quote

from mailcore.webhook.request import WebhookRequest


_FLIPS = 64

Forgery = tuple[str, WebhookRequest]
"""What was done, and the request."""


def forgeries(request: WebhookRequest, recipient: str) -> Iterator[Forgery]:
    """Requests about another recipient, by somebody who knows neither key nor password."""
    body = _about_somebody_else(request.body, recipient)
    yield "another body without headers", WebhookRequest("POST", {}, body)
    other = {name: _altered(value) for name, value in request.headers.items()}
    yield "another body with other headers", dataclasses.replace(request, headers=other, body=body)


def tampered(request: WebhookRequest, recipient: str) -> Iterator[Forgery]:
    """A genuine request with one thing changed on its way."""
    body = _about_somebody_else(request.body, recipient)
    yield "another recipient", dataclasses.replace(request, body=body)
    for position in sorted({len(request.body) * n // _FLIPS for n in range(_FLIPS)}):
        flipped = bytearray(request.body)
        flipped[position] ^= 1
        yield f"byte {position} changed", dataclasses.replace(request, body=bytes(flipped))
    for name in request.headers:
        kept = {key: value for key, value in request.headers.items() if key != name}
        yield f"header {name} missing", dataclasses.replace(request, headers=kept)
        changed = {**request.headers, name: _altered(request.headers[name])}
        yield f"header {name} changed", dataclasses.replace(request, headers=changed)


def without_credentials(request: WebhookRequest, recipient: str) -> Iterator[Forgery]:
    """Requests about another recipient that lack the password, or have a wrong one."""
    name = "authorization"
    if name not in request.headers:
        return
    body = _about_somebody_else(request.body, recipient)
    kept = {key: value for key, value in request.headers.items() if key != name}
    yield f"header {name} missing", dataclasses.replace(request, headers=kept, body=body)
    wrong = {**kept, name: _altered(request.headers[name])}
    yield f"header {name} changed", dataclasses.replace(request, headers=wrong, body=body)


def _about_somebody_else(body: bytes, recipient: str) -> bytes:
    other = "x" + recipient[1:]
    changed = body.replace(recipient.encode(), other.encode())
    changed = changed.replace(quote(recipient).encode(), quote(other).encode())
    if changed != body:
        return changed
    # Encoded in some way: another byte in the middle, then.
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def _altered(value: str) -> str:
    """Another value of the same length, wrong everywhere."""
    return "".join("B" if character != "B" else "C" for character in value)
