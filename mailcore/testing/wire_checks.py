"""Check of the conformance suite: the log of requests and answers tells no secrets."""

from __future__ import annotations

import json
import logging
import threading

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mailcore.errors import MailcoreError
from mailcore.features import Feature
from mailcore.flow import HttpRequest
from mailcore.http import wire
from mailcore.testing.canaries import merged, plain_fields, token
from mailcore.testing.suite_hooks import SuiteHooks, report


class WireChecks(SuiteHooks):
    """Whether the log of the wire keeps secrets."""

    def test_the_wire_log_tells_no_secrets(self) -> None:
        """Neither secrets, full addresses nor contents, when the service repeats the request."""
        provider = self.make_provider()
        is_http = isinstance(self._requests(merged(plain_fields()), provider)[0], HttpRequest)
        if not is_http and self.provider_at("http://127.0.0.1:9", 1.0) is None:
            return
        from mailcore.testing.faults import send_to  # which needs sockets

        copies = [
            self.canary(feature.value).fields
            for feature in (Feature.CC, Feature.BCC)
            if self._supports(provider, feature)
        ]
        message = merged(plain_fields(), *copies)
        hidden = dict.fromkeys(self.secrets, "a secret")
        addresses = (*message.authors, *message.to, *message.cc, *message.bcc)
        hidden |= {each.username: "a full address" for each in addresses}
        hidden |= {token(name): f"the {name}" for name in ("subject", "text", "html")}
        with _records() as records:
            for status_code in (200, 401):
                with suppress(MailcoreError):
                    send_to(self, _echoing_server(status_code), message)
        failures = [
            f"{what} is in: {record.getMessage()}"
            for record in records
            for value, what in hidden.items()
            if value in record.getMessage()
        ]
        report("the log of the wire tells too much", dict.fromkeys(failures))


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _records() -> Iterator[Sequence[logging.LogRecord]]:
    """The log of the wire, turned on."""
    handler, level = _Kept(), wire.logger.level
    wire.logger.addHandler(handler)
    wire.logger.setLevel(logging.DEBUG)
    try:
        yield handler.records
    finally:
        wire.logger.setLevel(level)
        wire.logger.removeHandler(handler)


@contextmanager
def _echoing_server(status_code: int) -> Iterator[str]:
    """A server whose answer has the whole request in it."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode("utf-8", "replace")
            echo = {"message": " ".join(self.headers.values()), "path": self.path, "body": body}
            with suppress(ValueError):
                echo["request"] = json.loads(body)
            octets = json.dumps(echo | dict(self.headers.items())).encode()
            self.send_response(status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_GET = do_POST = do_PUT = answer  # noqa: N815  # as http.server names them

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
