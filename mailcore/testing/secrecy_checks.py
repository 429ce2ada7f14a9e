"""Checks of the conformance suite: what stays inside, and what stays unloaded."""

from __future__ import annotations

import base64
import inspect
import json
import logging
import os
import subprocess
import sys

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from mailcore.errors import MailcoreError
from mailcore.features import Feature
from mailcore.flow import HttpRequest
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.testing.canaries import merged, plain_fields, token
from mailcore.testing.inbound_checks import received_mail
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, report
from mailcore.webhook.receiving import receive
from mailcore.webhook.request import WebhookRequest


_MOST_OBJECTS = 50_000
_IMPORT_TIMEOUT_SECONDS = 60

_LIST_LOADED = """
import importlib, json, sys
import mailcore
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


class SecrecyChecks(SuiteHooks):
    """Reprs, logs, exception texts; options; imports."""

    def test_secrets_and_addresses_stay_inside(self) -> None:
        """No repr, log record or exception text shows a secret or a full address."""
        provider = self.make_provider()
        message = self._confidential(provider)
        failures = [
            "make_provider() does not give the provider one of `secrets`, so nothing is proven"
            for secret in self.secrets
            if not _holds([provider, self._requests(message, provider)], secret)
        ]
        hidden = dict.fromkeys(self.secrets, "a secret")
        # Received mail is from and to the same addresses.
        addresses = (*message.authors, *message.to, *message.cc, *message.bcc)
        hidden |= {each.username: "a full address" for each in addresses}
        for place, text in self._shown_texts(provider, message):
            failures += [f"{what} is in {place}" for value, what in hidden.items() if value in text]
        report("the provider tells too much", dict.fromkeys(failures))

    def test_redirected_requests_hold_no_secret(self) -> None:
        """What `MAILCORE_REDIRECT` sends to a mailbox instead has none of `secrets` anywhere."""
        provider = self.make_provider()
        failures = [
            "a secret stands in a redirected request: override without_credentials()"
            for request in self._requests(self._confidential(provider), provider)
            if isinstance(request, HttpRequest)
            and any(_is_told(provider.without_credentials(request), each) for each in self.secrets)
        ]
        report("a redirected request tells too much", dict.fromkeys(failures))

    def test_options_are_named_and_typed(self) -> None:
        """Options are keyword-only and annotated, so that a URL can give them."""
        constructor = type(self.make_provider()).__init__
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        failures = []
        for parameter in parameters if constructor is not object.__init__ else ():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                failures.append(f"{parameter} is not keyword-only: put `*,` before it")
            elif parameter.annotation is inspect.Parameter.empty:
                failures.append(f"{parameter.name} has no type")
        report("options cannot be given by name", failures)

    def test_import_is_cheap(self) -> None:
        """Importing the provider's module loads no SDK and no HTTP library."""
        module = self.provider_module()
        finished = subprocess.run(  # noqa: S603  # this interpreter, our own text
            [sys.executable, "-c", _LIST_LOADED, module],
            capture_output=True,
            text=True,
            check=False,
            timeout=_IMPORT_TIMEOUT_SECONDS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        if finished.returncode:
            last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
            raise AssertionError(f"{module} cannot be imported on its own: {last}")
        loaded = set(json.loads(finished.stdout))
        own = {module.partition(".")[0], "mailcore"}
        strangers = loaded - own - sys.stdlib_module_names - self.import_may_load
        report(
            f"importing {module} is expensive",
            [f"it loads {name}: import that when it is needed" for name in sorted(strangers)],
        )

    def provider_module(self) -> str:
        """Which module to import: the one of the provider's class."""
        return type(self.make_provider()).__module__

    def _confidential(self, provider: Provider[Any, Any]) -> Message:
        copies = [
            self.canary(feature.value).fields
            for feature in (Feature.CC, Feature.BCC)
            if self._supports(provider, feature)
        ]
        return merged(plain_fields(), *copies)

    def _shown_texts(
        self, provider: Provider[Any, Any], message: Message
    ) -> Iterator[tuple[str, str]]:
        """Everything that somebody could print or log, with where it comes from."""
        requests = self._requests(message, provider)
        answers = [self.accepting_response, *self.refusing_responses(requests[0])]
        with _captured_logs() as records:
            for answer in (*answers, *self.broken_responses(requests[0])):
                mailer = Mailer(
                    provider, transport=Script(otherwise=answer), registry=self._registry
                )
                yield "the mailer's repr", repr(mailer)
                try:
                    result = mailer.send(message)
                except MailcoreError as error:
                    yield from _texts_of(error)
                else:
                    yield "the result's repr", repr(result)
            if self._supports(provider, Feature.EVENT_WEBHOOKS):
                yield from self._texts_of_receiving(provider)
        for request in requests:
            yield "the request's repr", f"{request!r} {request}"
            # Proxies and servers write it to their logs.
            yield "the request's URL", getattr(request, "url", "")
        yield "the provider's repr", f"{provider!r} {provider}"
        yield "the transport's repr", repr(provider.create_transport())
        formatter = logging.Formatter("%(name)s %(message)s")
        for record in records:
            yield f"a log record of {record.name}", f"{formatter.format(record)} {vars(record)!r}"

    def _texts_of_receiving(self, provider: Provider[Any, Any]) -> Iterator[tuple[str, str]]:
        forged = WebhookRequest("POST", {}, b'{"recipient": "%s"}' % token("to").encode())
        received: Sequence[WebhookRequest] = ()
        if self._supports(provider, Feature.INBOUND):
            received = self.inbound_webhooks(received_mail())
        for request in (self.unknown_webhook(), forged, *received):
            yield "the webhook request's repr", repr(request)
            try:
                for event in receive(provider, request, registry=self._webhook_registry):
                    yield "the event's repr", repr(event)
            except MailcoreError as error:
                yield from _texts_of(error)


def _is_told(request: HttpRequest, secret: str) -> bool:
    """Whether a secret is in a request, as it is or as HTTP Basic and URLs write it."""
    told = [request.url, *request.headers.values(), request.body.decode("latin-1")]
    for value in request.headers.values():
        scheme, _, credentials = value.partition(" ")
        if scheme.lower() == "basic":
            told.append(base64.b64decode(credentials).decode("latin-1"))
    written = (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
    return any(each in text for each in written for text in told)


def _texts_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """Print what a traceback would show of an error and of what led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield f"the text of {type(current).__name__}", f"{current} {current!r}"
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )


def _holds(values: object, wanted: str) -> bool:
    """Whether a text is anywhere inside: in attributes, mappings, sequences."""
    stack, seen = [values], set[int]()
    while stack and len(seen) < _MOST_OBJECTS:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, str):
            if wanted in value:
                return True
        elif isinstance(value, bytes):
            if wanted.encode() in value:
                return True
        elif isinstance(value, Mapping):
            stack += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack += value
        elif not isinstance(value, type):
            stack += vars(value).values() if hasattr(value, "__dict__") else ()
            slots = getattr(type(value), "__slots__", ())
            stack += [getattr(value, name, None) for name in slots]
    return False


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _captured_logs() -> Iterator[list[logging.LogRecord]]:
    """Collect every record of every logger, whatever its level."""
    handler, root, before = _Records(), logging.getLogger(), logging.getLogger().level
    disabled = root.manager.disable
    root.addHandler(handler)
    root.setLevel(logging.NOTSET + 1)
    logging.disable(logging.NOTSET)
    try:
        yield handler.records
    finally:
        logging.disable(disabled)
        root.setLevel(before)
        root.removeHandler(handler)
