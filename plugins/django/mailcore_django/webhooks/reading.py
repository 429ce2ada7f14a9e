"""
A request of Django's as the core wants it: all of the body, and the address that was asked for.

``request.body`` refuses more than ``DATA_UPLOAD_MAX_MEMORY_SIZE`` (2.5 MB), which mail with
attachments has; ``request.read(n)`` does not, so that the limit is the provider's own.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from mailcore import MalformedWebhook, WebhookRequest
from mailcore.webhook import unreadable_body


__all__ = ["read_body", "webhook_request"]

_CHUNK_BYTES = 64 * 1024


def webhook_request(request: HttpRequest, body: bytes = b"") -> WebhookRequest:
    """
    The request without anything of Django's.

    The URL is the one that the sender used, as far as the settings tell Django to believe its proxy
    (``SECURE_PROXY_SSL_HEADER``, ``USE_X_FORWARDED_HOST``): some signatures are made over it.

    Args:
        request: The request as the view got it.
        body: What :func:`read_body` returned.

    Raises:
        SuspiciousOperation: If it is for a host that is not in ``ALLOWED_HOSTS``.
    """
    return WebhookRequest(
        request.method or "",
        request.headers,
        body,
        request.build_absolute_uri(),
        request.META.get("REMOTE_ADDR"),
    )


def read_body(request: HttpRequest, max_body_bytes: int) -> bytes:
    """
    The body, as the sender sent it; of one that is too large, one byte more than is allowed.

    Args:
        request: The request, of which nobody has read the body yet, but for ``request.body``.
        max_body_bytes: How many bytes are allowed.

    Raises:
        MalformedWebhook: If the body has no length, or ends before it.
        WebhookError: With status 503, if the network failed, or the server waited too long.
    """
    given = str(request.META.get("CONTENT_LENGTH") or "")
    read: Callable[[int], bytes] = request.read
    if not given and "wsgi.input" in request.META and request.META.get("HTTP_TRANSFER_ENCODING"):
        # Django takes a body without a length for an empty one. PEP 3333 has no word for it, but
        # servers that see to its end say so:
        # https://peps.python.org/pep-3333/#input-and-error-streams (read 2026-11-30)
        if not request.META.get("wsgi.input_terminated"):
            raise MalformedWebhook("the body has no length", status_code=411)
        read = request.META["wsgi.input"].read
    body = _read_up_to(read, max_body_bytes + 1)
    if given.isdecimal() and len(body) < min(int(given[:20]), max_body_bytes + 1):
        raise MalformedWebhook(
            "the body is shorter than its length: the sender hung up, or a middleware of this "
            "project has read `request.POST` before"
        )
    return body


def _read_up_to(read: Callable[[int], bytes], length: int) -> bytes:
    chunks: list[bytes] = []
    missing = length
    while missing > 0:
        try:
            chunk = read(min(missing, _CHUNK_BYTES))
        except Exception as error:
            # Django wraps what the server raised.
            cause = error.__cause__
            raise unreadable_body(cause if isinstance(cause, Exception) else error) from error
        if not chunk:
            break
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
