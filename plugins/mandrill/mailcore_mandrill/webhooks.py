"""
Whether to believe a webhook request: Mandrill's signature, a secret that both sides know, or both.

https://mandrill.zendesk.com/hc/en-us/articles/360039232513 (read 2026-11-30): HMAC-SHA1 with the
key of the webhook, in base64, of the webhook's URL as it was registered and, sorted by name, name
and value of every field that is posted. There is no time in it: somebody who has seen a request can
send it again, so its events have a `dedupe_key`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from mailcore.errors import MalformedWebhook, WebhookRejected
from mailcore.flow import Flow
from mailcore.webhook import (
    Form,
    Verdict,
    WebhookRequest,
    basic_auth_of,
    hmac_matches,
    read_form,
)


SIGNATURE_HEADER = "X-Mandrill-Signature"
EVENTS_FIELD = "mandrill_events"
TEST_KEY = "test-webhook"
"""
What the request that tries a new webhook is signed with, before there is a key; it has no events.

https://mandrill.zendesk.com/hc/en-us/articles/360038740014 (read 2026-11-30).
"""

_VERDICT = Verdict("mandrill-signature")
_PROBE = Verdict("probe", handled=True)
_FORM = "application/x-www-form-urlencoded"


class WebhookTrust:
    """
    Verifies what is posted to the webhook.

    ============================  =========================  ====================================
    the request                   signing keys only          with webhook secrets
    ============================  =========================  ====================================
    no or a wrong secret          not looked at              401 with a challenge
    signed                        believed                   believed
    no or a wrong signature       403                        403; believed by the secret alone if
                                                             there are no signing keys
    without events, signed with   answered with 200, and     the same
    the key of tests              reaches no handler
    ============================  =========================  ====================================

    Args:
        signing_keys: The key of each webhook.
        urls: The URLs that Mandrill signs; that of the request, if empty.
        webhook_secrets: Each ``user:password``; several while they are being changed.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If a secret has another form. The text does not repeat it.
    """

    def __init__(
        self,
        signing_keys: Iterable[str],
        urls: Iterable[str] = (),
        webhook_secrets: Iterable[str] | None = None,
        *,
        provider: str = "mandrill",
    ) -> None:
        self._signing_keys = tuple(signing_keys)
        self._urls = tuple(urls)
        self._secrets = tuple(webhook_secrets or ())
        self._basic_auth = basic_auth_of(self._secrets, provider)
        self._provider = provider

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed; needs nothing from outside.

        Raises:
            WebhookRejected: If it is not proven.
            MalformedWebhook: If it is no form, as Mandrill posts it.
        """
        yield from ()
        verdict = self._basic_auth.verify(request) if self._basic_auth is not None else None
        signature = request.header(SIGNATURE_HEADER)
        if signature is None:
            if verdict is None or self._signing_keys:
                raise self._rejected(f"it has no {SIGNATURE_HEADER}")
            return verdict
        form = form_of(request)
        fields = b"".join([name.encode() + value for name, value in _sorted(form)])
        contents = [url.encode("utf-8", "replace") + fields for url in self._signed_urls(request)]
        if _says_nothing(form) and _matches(signature, contents, (TEST_KEY,)):
            return _PROBE
        if not self._signing_keys:
            if verdict is None:
                raise self._rejected("no webhook_signing_keys are configured")
            return verdict
        if not _matches(signature, contents, self._signing_keys):
            where = "webhook_urls" if self._urls else "the URL of the request; see webhook_urls"
            raise self._rejected(f"the signature is wrong, for {where}")
        return _VERDICT

    def _signed_urls(self, request: WebhookRequest) -> Iterable[str]:
        if self._urls:
            return self._urls
        scheme, separator, rest = request.url.partition("://")
        found = [request.url]
        if separator and "@" not in rest.partition("/")[0]:
            # User and password stand in the URL that is signed, and not in that which is asked for.
            for secret in self._secrets:
                user, _, password = secret.partition(":")
                encoded = f"{quote(user, safe='')}:{quote(password, safe='')}"
                found += [f"{scheme}://{each}@{rest}" for each in (secret, encoded)]
        return dict.fromkeys(found)

    def _rejected(self, reason: str) -> WebhookRejected:
        return WebhookRejected(reason, provider=self._provider, status_code=403)

    def __repr__(self) -> str:
        return f"<WebhookTrust with {len(self._signing_keys)} signing keys>"


def form_of(request: WebhookRequest) -> Form:
    """
    The form of a request.

    Raises:
        MalformedWebhook: If the body is not a form: Mandrill posts nothing else.
    """
    content_type = request.headers.get("content-type", "")
    if content_type != _FORM and content_type.partition(";")[0].strip().lower() != _FORM:
        raise MalformedWebhook(f"the body is no {_FORM}")
    return read_form(request)


def _sorted(form: Form) -> Iterable[tuple[str, bytes]]:
    return sorted(form.fields, key=lambda field: field[0]) if len(form.fields) > 1 else form.fields


def _matches(signature: str, contents: Iterable[bytes], keys: Iterable[str]) -> bool:
    keys = tuple(keys)
    matches = False
    for content in contents:
        matches |= hmac_matches(signature, content, keys, digest="sha1", encoding="base64")
    return matches


def _says_nothing(form: Form) -> bool:
    return form.fields == ((EVENTS_FIELD, b"[]"),)
