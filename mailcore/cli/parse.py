"""``mailcore parse``: a saved webhook request as normalised events."""

from __future__ import annotations

import argparse
import base64
import binascii

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.failures import InputError
from mailcore.cli.inputs import NotJson, named, parse_json, read_bytes, require_one_stdin
from mailcore.events import Event, InboundEvent
from mailcore.registry.registry import Registry
from mailcore.webhook.receiving import receive
from mailcore.webhook.request import WebhookRequest


_CAPTURED = frozenset(["method", "url", "headers", "body", "body_base64"])


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "parse",
        parents=[common],
        help="read a saved webhook request",
        description="Read a saved webhook request and show its events. Nothing is verified "
        "without --verify.",
        epilog=exit_codes.epilog(
            "parse --provider acme notification.json",
            'parse --url "$MAILCORE_URL" --verify request.json --json',
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choosing.add_arguments(parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        help='the body; or, without --headers, a whole request: {"headers": {…}, "body": "…"}, '
        "also with method, url, and body_base64 instead of body; - for standard input",
    )
    parser.add_argument(
        "--headers", metavar="FILE", help="the request's headers: a JSON object, name to value"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="receive the request as an application does: prove who sent it, first; this may "
        "fetch a certificate and confirm a subscription, and extensions see the events",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Parse the request, and verify it if asked to."""
    registry: Registry = arguments.registry
    require_one_stdin([arguments.file, arguments.headers])
    provider = choosing.choose(arguments).provider
    request = _request(arguments)
    if arguments.verify:
        try:
            events: Sequence[Event] = receive(provider, request, registry=registry)
        finally:
            registry.close(provider)
    else:
        events = registry.hooks.parse_events(provider, request)
    if arguments.json:
        output.write_json(
            {
                "provider": provider.name,
                "verified": arguments.verify,
                "events": [event.to_dict() for event in events],
            }
        )
    else:
        _write_events(events, verified=arguments.verify)
    return exit_codes.OK


def _write_events(events: Sequence[Event], *, verified: bool) -> None:
    if events:
        headings = ["time", "event", "recipient", "message id", "detail"]
        output.write_table(headings, [_row(event) for event in events])
    else:
        output.note("no events: the request was about the webhook itself")
    if not verified:
        output.note("not verified: anybody may have written this request; see --verify")


def _row(event: Event) -> list[str]:
    time = event.timestamp or event.received_at
    if isinstance(event, InboundEvent):
        recipient: str | None = ", ".join(event.envelope_recipients)
        details = [event.subject]
    else:
        recipient = event.recipient
        details = [
            event.bounce_class and f"{event.bounce_class} bounce",
            event.reject_reason and str(event.reject_reason),
            event.smtp_status,
            event.mta_response or event.description,
            event.click_url,
            "" if event.recipient_certain else "one of several recipients",
        ]
    details += [f"unreadable: {defect}" for defect in event.defects]
    return [
        time.isoformat(timespec="seconds") if time else "",
        str(event.event_type),
        recipient or "",
        event.message_id or "",
        "; ".join(detail for detail in details if detail),
    ]


def _request(arguments: argparse.Namespace) -> WebhookRequest:
    """
    The request in the file, or in both files.

    Raises:
        InputError: If one cannot be read.
    """
    body = read_bytes(arguments.file)
    if arguments.headers is not None:
        return WebhookRequest("POST", _headers(arguments.headers), body)
    captured = _captured(body)
    if captured is None:
        return WebhookRequest("POST", {}, body)
    return WebhookRequest(
        method=str(captured.get("method", "POST")),
        url=str(captured.get("url", "")),
        headers=_checked_headers(captured["headers"], arguments.file),
        body=_captured_body(captured, arguments.file),
    )


def _headers(path: str) -> Mapping[str, str]:
    try:
        headers = parse_json(read_bytes(path))
    except NotJson as error:
        raise InputError(f"{named(path)} is not JSON: {error}") from error
    return _checked_headers(headers, path)


def _checked_headers(headers: object, path: str) -> Mapping[str, str]:
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise InputError(f"the headers in {named(path)} are no JSON object of name to value")
    return headers


def _captured(body: bytes) -> dict[str, Any] | None:
    """The request that a file holds as a whole; None if it holds a body."""
    try:
        found = parse_json(body)
    except NotJson:
        return None
    if not isinstance(found, dict) or not set(found) <= _CAPTURED or "headers" not in found:
        return None
    return found if ("body" in found) != ("body_base64" in found) else None


def _captured_body(captured: Mapping[str, Any], path: str) -> bytes:
    try:
        if "body" in captured:
            return str(captured["body"]).encode("utf-8", "surrogatepass")
        return base64.b64decode(captured["body_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise InputError(f"body_base64 in {named(path)} is not base64") from error
