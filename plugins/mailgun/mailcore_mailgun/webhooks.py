"""
Whether to believe a webhook request: Mailgun's signature, a secret that both sides know, or both.

Mailgun signs a timestamp and a random token, with the webhook signing key of the account. The rest
of the body is *not* signed: who has seen one request can send another body with its signature,
until that is too old. Against that there are the age, and the tokens' store.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and
webhook-retries (read 2026-11-21).
"""

from __future__ import annotations

import json
import re

from collections.abc import Iterable
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from mailcore.errors import ConfigurationError, MalformedWebhook
from mailcore.flow import Call, Flow
from mailcore.webhook import (
    Form,
    SignedTrust,
    Verdict,
    WebhookRequest,
    hmac_matches,
    is_form,
    read_form,
)


if TYPE_CHECKING:
    from mailcore.webhook import SeenStore

DEFAULT_MAX_AGE_SECONDS = 12 * 3600.0
"""
Mailgun tries again for 8 hours, and does not say whether it signs anew each time. People who
looked say that it does not: https://github.com/PostHog/posthog/pull/103057 (read 2026-11-21).
"""

MAX_WEBHOOK_BODY_BYTES = 64 * 1024 * 1024
"""Mailgun receives mails of 25 MB; URL-encoded, some bytes take three."""

MAX_JSON_BYTES = 1024 * 1024
"""An event has a few KB, mails come as forms, and JSON takes up to thirty times its room."""

SIGNATURE_FIELDS = frozenset({"timestamp", "token", "signature"})

_VERDICT = Verdict("mailgun-signature")
_TIMESTAMP = re.compile(r"\d{1,11}", re.ASCII)
_MAX_TOKEN_CHARACTERS = 128


class _Signed(NamedTuple):
    """What a signature may be over, with the signatures that came along."""

    timestamp: str
    token: str
    signatures: tuple[str, ...]


class WebhookTrust(SignedTrust[str]):
    """
    Verifies what is posted to the webhook.

    Args:
        signing_keys: The *HTTP webhook signing key* of the account; several while one replaces
            the other, or to receive for several accounts. Events of a subaccount are also signed
            with the key of its parent.
        max_age_seconds: How long ago a request may have been signed. Less than 8 hours refuses
            what Mailgun tries again.
        seen_tokens: Remembers with which content each token came first: another content with the
            same token is refused. The same content is let through, because Mailgun tries again
            when a handler failed; whether an event was handled is told by the store that
            :func:`mailcore.webhook.receive` takes as `seen`. The two may be one store.
        webhook_secrets: Each ``user:password``; several while they are being changed.

    Raises:
        ConfigurationError: If a key or a secret cannot be read, or the age is not above 0.
    """

    provider: ClassVar[str] = "mailgun"
    label: ClassVar[str] = "Mailgun"
    default_max_age_seconds: ClassVar[float] = DEFAULT_MAX_AGE_SECONDS

    def __init__(
        self,
        signing_keys: Iterable[str],
        *,
        max_age_seconds: float | None = None,
        seen_tokens: SeenStore | None = None,
        webhook_secrets: Iterable[str] | None = None,
    ) -> None:
        super().__init__(
            signing_keys, max_age_seconds=max_age_seconds, webhook_secrets=webhook_secrets
        )
        self._seen_tokens = seen_tokens

    def read_key(self, key: object) -> str:
        """A key is any text that is not empty."""
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError("mailgun: a signing key is a text that is not empty")
        return key.strip()

    def prove(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Verify the signature over time and token, wherever in a form they stand.

        Raises:
            WebhookRejected: If there is none that is right, or it is too old, or its token came
                with another content before.
            MalformedWebhook: If it is nothing that Mailgun posts.
        """
        content = read_form(request) if is_form(request) else read_document(request)
        proven = self._proven(_in_form(content) if isinstance(content, Form) else _in_json(content))
        self.check_age(int(proven.timestamp))
        if self._seen_tokens is not None:
            yield from self._bind(self._seen_tokens, proven, _digest(content, proven))
        return _VERDICT

    def _proven(self, candidates: Iterable[_Signed]) -> _Signed:
        found = False
        for candidate in candidates:
            found = True
            content = f"{candidate.timestamp}{candidate.token}".encode()
            for signature in candidate.signatures:
                if hmac_matches(signature, content, self.keys):
                    return candidate._replace(signatures=(signature,))
        raise self.rejected("the signature is wrong" if found else "it has no signature")

    def _bind(self, store: SeenStore, signed: _Signed, digest: str) -> Flow[None]:
        """
        Bind a token to the content that it came with first.

        A later failure must not lose the event, so the token is no reason to refuse what Mailgun
        sends again. Two processes that ask at the same moment may both be first.
        """
        # As one text, because the signature is over one: digits may be moved from the one to the
        # other.
        token = f"{self.provider}:token:{signed.timestamp}{signed.token}"
        pair = f"{token}:{digest}"

        def is_bound_to_another() -> bool:
            if store.seen(pair):
                return False
            if store.seen(token):
                return True
            store.mark(pair)
            store.mark(token)
            return False

        if (yield Call(is_bound_to_another)):
            raise self.rejected("its token came with another content before")


def read_document(request: WebhookRequest) -> dict[str, Any]:
    """
    The JSON object of a request that is no form.

    Raises:
        MalformedWebhook: If the body is no JSON object, or larger than `MAX_JSON_BYTES`.
    """
    if len(request.body) > MAX_JSON_BYTES:
        raise MalformedWebhook(f"the JSON is larger than {MAX_JSON_BYTES} bytes")
    return request.json_object


def _digest(content: Form | dict[str, object], proven: _Signed) -> str:
    """What two requests have in common that differ in their signatures only."""
    if isinstance(content, Form):
        # Further fields of these names are not Mailgun's, and an event is read from some of them.
        return content.digest(
            without_values=[
                ("timestamp", proven.timestamp),
                ("token", proven.token),
                *(("signature", signature) for signature in proven.signatures),
            ]
        )
    rest = {name: value for name, value in content.items() if name != "signature"}
    return sha256(json.dumps(rest, sort_keys=True).encode("ascii")).hexdigest()


def _in_form(form: Form) -> list[_Signed]:
    pairs = product(_few(form.texts("timestamp")), _few(form.texts("token")))
    signatures = _few(form.texts("signature"))
    return [_Signed(*pair, signatures) for pair in pairs if signatures and _is_usable(*pair)]


def _few(values: tuple[str, ...]) -> tuple[str, ...]:
    """
    The first two and the last two.

    Header fields of a mail and variables of a message stand among the fields of a form, and may
    have the same names as Mailgun's own: the signature tells which are Mailgun's.
    """
    return values if len(values) <= 4 else (*values[:2], *values[-2:])


def _in_json(document: dict[str, object]) -> list[_Signed]:
    signature = document.get("signature")
    if not isinstance(signature, dict):
        return []
    timestamp, token = signature.get("timestamp"), signature.get("token")
    if type(timestamp) is int:
        timestamp = str(timestamp) if 0 <= timestamp < 10**11 else ""
    if not isinstance(timestamp, str) or not isinstance(token, str):
        return []
    found = (signature.get("signature"), signature.get("parent-signature"))
    signatures = tuple([value for value in found if isinstance(value, str)])
    if not signatures or not _is_usable(timestamp, token):
        return []
    return [_Signed(timestamp, token, signatures)]


def _is_usable(timestamp: str, token: str) -> bool:
    return (
        _TIMESTAMP.fullmatch(timestamp) is not None
        and 0 < len(token) <= _MAX_TOKEN_CHARACTERS
        and token.isascii()
    )
