"""Providers with an HTTP API: message → request. What they post is in `webhooks`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import peers
from benchmarks.build import NON_ASCII, SHORT
from benchmarks.measure import Row, best_of
from mailcore import Message, get_provider
from mailcore.provider import AnyProvider
from mailcore.registry.registry import default_registry
from mailcore.sending.checking import check


WANTED = {"django-anymail": (">=", 6.0)}

# By the name that the provider and anymail's backend have.
OPTIONS: dict[str, dict[str, Any]] = {
    "brevo": {"api_key": "key"},
    "postmark": {"server_token": "token"},
    "mailgun": {"api_key": "key", "sender_domain": "example.com"},
    "mailjet": {"api_key": "key", "secret_key": "secret"},
    "sendgrid": {"api_key": "SG.key"},
    "sparkpost": {"api_key": "key"},
    "mandrill": {"api_key": "key"},
}


def building() -> Iterator[Row]:
    """
    From the raw values a caller has to the request that a connection sends, URL and headers too.

    Both look for what the service cannot express: anymail while it builds, mailcore before.
    """
    for name, options in OPTIONS.items():
        provider = get_provider(name, **options)
        backend = peers.open_backend(name)
        for what, sample in (("short", SHORT), ("non-ASCII", NON_ASCII)):
            fields = {**sample, "tags": ["welcome"], "metadata": {"user": 42}}
            contenders = {
                "mailcore": _ours(provider, fields),
                "django-anymail": peers.anymail_request(backend, sample),
            }
            yield Row(f"{name}: build, {what}", best_of(contenders, number=200), WANTED)
        backend.close()


def _ours(provider: AnyProvider, fields: dict[str, Any]) -> Callable[[], object]:
    hooks = default_registry().hooks

    def build() -> object:
        message = Message(**fields)
        return hooks.build_payload(provider, check(provider, message, hooks, {}).message)

    return build
