"""`mailcore parse`: saved webhook requests as events."""

from __future__ import annotations

import base64
import io
import json
import sys

from datetime import datetime, timezone

import pytest

from mailcore import (
    BounceClass,
    EventType,
    Features,
    InboundEvent,
    MalformedWebhook,
    Provider,
    Registry,
    RejectReason,
    TrackingEvent,
    Verdict,
    WebhookRejected,
    hookimpl,
)
from mailcore.cli import main


SIGNATURE = "invented-signature"


class AcmeProvider(Provider):
    """One event for each object of a JSON list; the request is signed by a header."""

    name = "acme"
    label = "Acme Mail"
    features = Features()

    def __init__(self, *, secret: str = SIGNATURE) -> None:
        self._secret = secret

    def build(self, message):
        raise NotImplementedError

    def parse(self, request, response):
        raise NotImplementedError

    def verify_webhook(self, request):
        if request.header("X-Signature") != self._secret:
            raise WebhookRejected("wrong signature", provider=self.name, status_code=401)
        return Verdict("signature")
        yield

    def parse_webhook(self, request):
        try:
            found = json.loads(request.body)
        except ValueError as error:
            raise MalformedWebhook("not JSON", provider=self.name) from error
        return tuple(map(self._event, found))

    def _event(self, item):
        at = datetime(2026, 11, 21, 12, 30, tzinfo=timezone.utc)
        if item["type"] == "inbound":
            return InboundEvent(
                provider=self.name, envelope_recipients=(item["to"],), subject="Re: hello"
            )
        return TrackingEvent(
            provider=self.name,
            event_type=EventType.BOUNCED,
            recipient=item["to"],
            timestamp=at,
            message_id="m-1",
            bounce_class=BounceClass.HARD,
            reject_reason=RejectReason.BOUNCED,
            smtp_status="5.1.1",
            mta_response="550 no such \x1b[2J user",
            defects=("no time of its own",),
        )


class Observer:
    """Remembers the events that it was told of."""

    def __init__(self):
        self.events = []

    @hookimpl
    def mailcore_event_received(self, event):
        self.events.append(event)


BODY = json.dumps(
    [{"type": "bounce", "to": "ada@example.net"}, {"type": "inbound", "to": "in@example.com"}]
)
SIGNED = {"x-signature": SIGNATURE}
NOT_VERIFIED = "mailcore: not verified: anybody may have written this request; see --verify\n"


@pytest.fixture(name="registry")
def _registry():
    """A registry with acme, independent of what is installed."""
    registry = Registry(autoload=False)
    registry.register(AcmeProvider)
    return registry


@pytest.fixture(name="parse")
def _parse(registry, tmp_path, monkeypatch):
    """Run `mailcore parse` in a folder with these files."""

    def run(*arguments, **files):
        monkeypatch.chdir(tmp_path)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
        return main(["parse", "--provider", "acme", *arguments], registry=registry)

    return run


def test_table_shows_events_and_that_nothing_was_verified(parse, capsys):
    """One row for each event; what the sender wrote cannot steer the terminal."""
    assert 0 == parse("body", body=BODY)

    out, err = capsys.readouterr()
    _, _, bounce, inbound = out.splitlines()
    assert [
        "2026-11-21T12:30:00+00:00",
        "bounced",
        "ada@example.net",
        "m-1",
        "hard bounce; bounced; 5.1.1; 550 no such \\x1b[2J user; unreadable: no time of its own",
    ] == [cell.strip() for cell in bounce.split("  ") if cell]
    assert ["inbound", "in@example.com", "Re: hello"] == [
        cell.strip() for cell in inbound.split("  ") if cell
    ]
    assert NOT_VERIFIED == err


FORMS = [
    pytest.param(["body"], {"body": BODY}, False, id="body"),
    pytest.param(["body", "--headers", "h"], {"body": BODY, "h": json.dumps(SIGNED)}, True, id="2"),
    pytest.param(["r"], {"r": json.dumps({"headers": SIGNED, "body": BODY})}, True, id="request"),
    pytest.param(
        ["r"],
        {
            "r": json.dumps(
                {
                    "method": "post",
                    "url": "https://example.com/hook",
                    "headers": SIGNED,
                    "body_base64": base64.b64encode(BODY.encode()).decode(),
                }
            )
        },
        True,
        id="request in base64",
    ),
]


@pytest.mark.parametrize(("arguments", "files", "signed"), FORMS)
def test_every_form_of_a_saved_request_is_read(parse, capsys, arguments, files, signed):
    """A body, a body with headers, and a captured request give the same events."""
    assert 0 == parse(*arguments, "--json", **files)

    answer = json.loads(capsys.readouterr().out)
    assert ("acme", False) == (answer["provider"], answer["verified"])
    assert ["bounced", "inbound"] == [event["event_type"] for event in answer["events"]]


@pytest.mark.parametrize(("arguments", "files", "signed"), FORMS)
def test_verifying_comes_first(parse, capsys, arguments, files, signed):
    """With --verify, a request that is not signed shows no events: 4."""
    code = parse(*arguments, "--verify", "--json", **files)

    answer = json.loads(capsys.readouterr().out)
    if signed:
        assert (0, True) == (code, answer["verified"])
        assert 2 == len(answer["events"])
    else:
        assert (4, ["error"]) == (code, list(answer))
        assert ("WebhookRejected", 401) == (
            answer["error"]["type"],
            answer["error"]["status_code"],
        )


def test_only_verified_events_reach_observers(parse, registry):
    """Looking at a file tells nobody; receiving it does."""
    observer = Observer()
    registry.register_extension(observer)
    request = json.dumps({"headers": SIGNED, "body": BODY})

    parse("r", r=request)
    seen_unverified = list(observer.events)
    parse("r", "--verify", r=request)

    assert [] == seen_unverified
    assert 2 == len(observer.events)


def test_standard_input_is_read(parse, capsys, monkeypatch):
    """As in `curl … | mailcore parse -`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BODY.encode())))

    assert 0 == parse("-", "--json")

    assert 2 == len(json.loads(capsys.readouterr().out)["events"])


def test_no_events_is_no_error(parse, capsys):
    """A request about the webhook itself carries none."""
    assert 0 == parse("body", body="[]")

    out, err = capsys.readouterr()
    assert "" == out
    assert "no events" in err


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\xff" * (5 * 1024 * 1024 // 2), id="5 MB garbage"),
        pytest.param(b"[" * 100_000, id="deeply nested"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--verify", "--headers", "h"]])
def test_garbage_is_malformed(parse, capsys, body, options):
    """One line, no traceback, 4; or 70 where the plugin itself fails on it."""
    code = parse("body", *options, body=body, h=json.dumps(SIGNED))

    out, err = capsys.readouterr()
    expected = 70 if body.startswith(b"[") else 4
    assert (expected, "") == (code, out)
    assert err.startswith("mailcore: error: ")
    assert 1 == len(err.splitlines())
    assert len(err) < 300


@pytest.mark.parametrize(
    ("arguments", "files", "fragment"),
    [
        pytest.param(["missing"], {}, "'missing': No such file", id="no body"),
        pytest.param(["b", "--headers", "h"], {"b": "[]"}, "'h': No such file", id="no headers"),
        pytest.param(
            ["b", "--headers", "h"], {"b": "[]", "h": "{"}, "'h' is not JSON", id="headers broken"
        ),
        pytest.param(
            ["b", "--headers", "h"], {"b": "[]", "h": "[1]"}, "headers in 'h'", id="headers a list"
        ),
        pytest.param(
            ["r"],
            {"r": '{"headers": {"a": 1}, "body": ""}'},
            "headers in 'r'",
            id="header a number",
        ),
        pytest.param(
            ["r"],
            {"r": '{"headers": {}, "body_base64": "§"}'},
            "body_base64 in 'r' is not base64",
            id="not base64",
        ),
        pytest.param(["-", "--headers", "-"], {}, "standard input", id="stdin twice"),
        pytest.param([], {}, "required: FILE", id="no file"),
        pytest.param(["a", "b"], {"a": "[]"}, "1 argument too many", id="two files"),
    ],
)
def test_usage_error_names_the_culprit(parse, capsys, arguments, files, fragment):
    """Files that cannot be read as what they should be: 2."""
    assert 2 == parse(*arguments, **files)

    assert fragment in capsys.readouterr().err


def test_provider_without_webhooks_says_so(capsys, tmp_path):
    """The built-in providers report nothing."""
    path = tmp_path / "body"
    path.write_text("{}")

    assert 2 == main(["parse", "--provider", "null", str(path)])

    assert "mailcore: error: null has no webhooks\n" == capsys.readouterr().err
