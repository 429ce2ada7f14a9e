"""`provider.account` and `mailcore postmark suppressions`, by pairs of requests and answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading

from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, InvalidAddress, Registry
from mailcore.account import KeepsSuppressions, SuppressionAccount, SuppressionFilter
from mailcore.cli import main
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import Exchange, HttpResponse, Sleep
from mailcore.registry import default_registry
from mailcore.testing.clock import drive
from mailcore.testing.script import Script
from mailcore_postmark import PostmarkProvider, cli_extension
from mailcore_postmark.options import PostmarkOptions as SendingSettings
from mailcore_postmark.suppressions import MAX_ADDRESSES, PostmarkSuppressions


FIXTURES = Path(__file__).parent / "fixtures" / "suppressions"
TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"
ZONE = timezone(timedelta(hours=-5))


def pair(name, kind):
    """One half of a pair."""
    return json.loads((FIXTURES / f"{name}.{kind}.json").read_text(encoding="utf-8"))


class Pairs:
    """A server that gives the answers to the requests of some pairs, in order, and to no others."""

    def __init__(self):
        self.left = []
        self.wrong = []

    def expect(self, *names):
        """Be asked these."""
        for name in names:
            texts = [
                (FIXTURES / f"{name}.{kind}.json").read_text() for kind in ("request", "answer")
            ]
            self.left.append(tuple(map(json.loads, texts)))

    def expect_any(self, request, answer):
        """Be asked this."""
        self.left.append((request, answer))

    def answer(self, request):
        """Status, headers and body."""
        expected, answer = self.left.pop(0) if self.left else ({"nothing": True}, {})
        if expected != request:
            self.wrong.append((expected, request))
            return 418, {}, b"{}"
        body = answer.get("text", "").encode() or json.dumps(answer["json"]).encode()
        return answer["status"], answer.get("headers", {}), body


@pytest.fixture
def postmark(monkeypatch):
    """Such a server; whatever is asked is what was expected, and all of it is asked."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    pairs = Pairs()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            assert TOKEN == self.headers["X-Postmark-Server-Token"]
            assert "application/json" == self.headers["Accept"]
            request = {
                "method": self.command,
                "path": parts.path,
                "query": dict(parse_qsl(parts.query)),
                **({"json": json.loads(body)} if body else {}),
            }
            status, headers, content = pairs.answer(request)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815  # as http.server spells it

        def log_message(self, *arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.002,))
    thread.start()
    pairs.url = f"http://127.0.0.1:{server.server_port}"
    yield pairs
    server.shutdown()
    thread.join(10)
    server.server_close()
    assert [] == pairs.wrong
    assert [] == pairs.left


@pytest.fixture
def provider(postmark):
    """A provider of that server."""
    made = PostmarkProvider(server_token=TOKEN, base_url=postmark.url)
    yield made
    default_registry().close(made)


def test_the_list(postmark, provider):
    """Who is on it, why, and since when; recipients who left are told from what the account did."""
    postmark.expect("dump")

    assert [
        ("address@wildbit.com", "UNSUBSCRIBE", "Recipient", 10),
        ("bounce.address@wildbit.com", "BOUNCE", "Recipient", 11),
        ("spam.complaint.address@wildbit.com", "COMPLAINT", "Recipient", 12),
        ("by.hand@wildbit.com", "MANUAL", "Customer", 13),
    ] == [
        (each.email_address, each.reason, each.detail, each.updated_at.day)
        for each in provider.account.suppressed()
    ]
    assert "wildbit" not in repr(provider.suppressions())


def test_some_of_the_list(postmark, provider):
    """Postmark counts days, of a zone it does not name: what is around them is left out here."""
    postmark.expect("dump_bounces_of_some_days", "dump_bounces_of_some_days")
    start, end = datetime(2019, 12, 11, tzinfo=ZONE), datetime(2019, 12, 12, tzinfo=ZONE)
    account = provider.account

    found = list(account.suppressed(reasons=["bounce"], start=start, end=end))
    none = list(account.suppressed(reasons=["BOUNCE"], start=start + timedelta(hours=10), end=end))

    assert (["bounce.address@wildbit.com"], []) == (
        [each.email_address for each in found],
        none,
    )


@pytest.mark.parametrize(("reason", "expected"), [("UNSUBSCRIBE", 1), ("MANUAL", 1)])
def test_one_reason_of_postmark_is_two_here(postmark, provider, reason, expected):
    """Both are asked for as ManualSuppression, and told apart by their origin."""
    request = pair("dump", "request")
    request["query"] = {"SuppressionReason": "ManualSuppression"}
    entries = pair("dump", "answer")
    entries["json"]["Suppressions"] = [
        each
        for each in entries["json"]["Suppressions"]
        if each["SuppressionReason"] == "ManualSuppression"
    ]
    postmark.expect_any(request, entries)

    assert [reason] == [each.reason for each in provider.account.suppressed(reasons=reason)]


def test_one_address(postmark, provider):
    """It is on the list, or it is not."""
    postmark.expect("dump_address", "dump_address_absent")

    found = provider.account.get_suppressed("Ada <bounce.address@wildbit.com>")
    assert ("BOUNCE", datetime(2019, 12, 11, 8, 58, 33, tzinfo=ZONE)) == (
        found.reason,
        found.updated_at,
    )
    assert provider.account.get_suppressed("not.suppressed@wildbit.com") is None


def test_putting_several(postmark, provider):
    """Postmark says of each whether it did it."""
    postmark.expect("create")
    addresses = ["good.address@wildbit.com", "spammy.address@wildbit.com", "not.an.address@wildbit"]

    assert {
        addresses[1]: "You do not have the required authority to change this suppression.",
        addresses[2]: "An invalid email address was provided.",
    } == provider.account.put_all_suppressed(addresses, "manual")


def test_putting_one_that_is_refused(postmark, provider):
    """It raises, as everywhere."""
    answer = {"EmailAddress": "a@b.example", "Status": "Failed", "Message": "No a@b.example."}
    postmark.expect_any(
        {
            "method": "POST",
            "path": "/message-streams/outbound/suppressions",
            "query": {},
            "json": {"Suppressions": [{"EmailAddress": "a@b.example"}]},
        },
        {"status": 200, "json": {"Suppressions": [answer]}},
    )

    with pytest.raises(MessageRejected) as caught:
        provider.account.put_suppressed("a@b.example", "MANUAL")

    assert ("suppression_refused", False) == (caught.value.category, caught.value.maybe_accepted)
    assert "a@b.example" not in str(caught.value)


def test_fifty_in_a_call(postmark, provider):
    """More make several calls."""
    addresses = [f"user{number}@b.example" for number in range(2 * MAX_ADDRESSES + 1)]
    sizes = [MAX_ADDRESSES, MAX_ADDRESSES, 1]
    for number, size in enumerate(sizes):
        part = addresses[number * MAX_ADDRESSES :][:size]
        results = [{"EmailAddress": each, "Status": "Suppressed"} for each in part]
        postmark.expect_any(
            {
                "method": "POST",
                "path": "/message-streams/outbound/suppressions",
                "query": {},
                "json": {"Suppressions": [{"EmailAddress": each} for each in part]},
            },
            {"status": 200, "json": {"Suppressions": results}},
        )

    assert 50 == MAX_ADDRESSES
    assert {} == provider.account.put_all_suppressed(addresses, "MANUAL")


def test_taking_off(postmark, provider):
    """Postmark says `Deleted` of what was not there too, so it is asked before."""
    postmark.expect("dump_address", "delete", "dump_address_absent")

    assert provider.account.delete_suppressed("bounce.address@wildbit.com") is True
    assert provider.account.delete_suppressed("not.suppressed@wildbit.com") is False


def test_taking_off_for_a_reason(postmark, provider):
    """What is there for another reason stays."""
    postmark.expect("dump_address")
    account = provider.account

    assert account.delete_suppressed("bounce.address@wildbit.com", reasons=["manual"]) is False


def test_complaints_stay(postmark, provider):
    """Nobody but Postmark takes them off."""
    postmark.expect("dump_address_complaint", "delete_complaint")

    with pytest.raises(MessageRejected, match="required authority"):
        provider.account.delete_suppressed("spam.complaint.address@wildbit.com")


def test_in_an_event_loop(postmark, provider):
    """The same with await."""
    postmark.expect("dump_address", "dump", "dump_address", "delete", "create")
    later = provider.account.asynchronous

    async def use():
        found = await later.get_suppressed("bounce.address@wildbit.com")
        listed = [each async for each in later.suppressed()]
        deleted = await later.delete_suppressed("bounce.address@wildbit.com")
        three = ["good.address@wildbit.com", "spammy.address@wildbit.com", "not.an.address@wildbit"]
        return found in listed, deleted, len(await later.put_all_suppressed(three, "MANUAL"))

    assert (True, True, 2) == asyncio.run(use())


def test_a_token_is_needed(monkeypatch):
    """A provider that only receives has none."""
    monkeypatch.delenv("MAILCORE_POSTMARK_SERVER_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="needs option 'server_token'"):
        PostmarkProvider(webhook_secrets=["postmark:secret"]).account  # noqa: B018  # it raises


def test_a_stream(postmark):
    """Each has its own list; `outbound` is Postmark's default."""
    request = pair("dump", "request")
    request["path"] = "/message-streams/my%20news/suppressions/dump"
    postmark.expect_any(request, {"status": 200, "json": {"Suppressions": []}})
    made = PostmarkProvider(server_token=TOKEN, base_url=postmark.url, message_stream="my news")

    assert [] == list(made.account.suppressed())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda account: account.suppressed(reasons=["SPAM"]),
        lambda account: account.suppressed(page_size=0),
        lambda account: account.suppressed(page_size=1001),
        lambda account: account.suppressed(start=datetime(2026, 1, 1)),  # noqa: DTZ001
        lambda account: account.put_suppressed("a@b.example", "BOUNCE"),
        lambda account: account.put_all_suppressed(["a@b.example"], ""),
        lambda account: account.delete_suppressed("a@b.example", reasons=["X"]),
    ],
)
def test_what_cannot_be_asked(postmark, provider, wrong):
    """It is refused before Postmark is asked; Postmark only takes MANUAL."""
    with pytest.raises(ConfigurationError):
        wrong(provider.account)


def test_all_addresses_are_checked_first(postmark, provider):
    """None is put there if one is none."""
    with pytest.raises(InvalidAddress):
        provider.account.put_all_suppressed(["a@b.example", "nobody"], "MANUAL")
    with pytest.raises(InvalidAddress):
        provider.account.get_suppressed("nobody")


ERRORS = [
    # Status, code, exception, category, retryable.
    (401, 10, AuthenticationFailed, "authentication", False),
    (422, 1226, MessageRejected, "message_stream_not_found", False),
    *[(422, code, MessageRejected, "bad_request", False) for code in range(1400, 1406)],
    (422, 1406, AuthenticationFailed, "not_allowed", False),
    (422, 1407, ProviderUnavailable, "failed", True),
    (422, 1408, MessageRejected, "invalid_address", False),
    *[(422, code, MessageRejected, "bad_request", False) for code in range(1409, 1412)],
    (422, 9999, MessageRejected, None, False),
    (503, 100, ProviderUnavailable, "maintenance", True),
    (500, 101, ProviderUnavailable, "failed", True),
]


@pytest.mark.parametrize(("status", "code", "kind", "category", "retryable"), ERRORS)
def test_documented_errors(postmark, provider, status, code, kind, category, retryable):
    """What they mean; nothing is ever on its way."""
    postmark.expect_any(
        pair("dump", "request"),
        {"status": status, "json": {"ErrorCode": code, "Message": f"No for a@b.example ({code})."}},
    )

    with pytest.raises(kind) as caught:
        list(provider.account.suppressed())

    error = caught.value
    assert ("postmark", str(code), status) == (error.provider, error.code, error.status_code)
    assert category in (error.category, None)
    assert (retryable, False) == (error.retryable, error.maybe_accepted)
    assert "a@b.example" not in str(error)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 200, "text": "<html>"}, UnexpectedResponse),
        ({"status": 200, "json": []}, UnexpectedResponse),
        ({"status": 200, "json": {}}, UnexpectedResponse),
        ({"status": 200, "json": {"Suppressions": [1]}}, UnexpectedResponse),
        ({"status": 200, "json": {"Suppressions": [{"EmailAddress": 1}]}}, UnexpectedResponse),
        ({"status": 200, "json": {"Suppressions": [{"EmailAddress": "a"}]}}, UnexpectedResponse),
        ({"status": 500, "text": "<html>"}, ProviderUnavailable),
        ({"status": 502, "text": "<html>"}, ProviderUnavailable),
        ({"status": 404, "text": "<html>"}, UnexpectedResponse),
        ({"status": 302, "text": "x", "headers": {"Location": "http://x/"}}, UnexpectedResponse),
    ],
)
def test_other_answers(postmark, provider, answer, kind):
    """What cannot be read is said to be so; whether mail is on its way is no question here."""
    postmark.expect_any(pair("dump", "request"), answer)

    with pytest.raises(kind) as caught:
        list(provider.account.suppressed())

    assert ("postmark", False) == (caught.value.provider, caught.value.maybe_accepted)
    assert "on its way" not in str(caught.value)


def test_results_that_are_too_few(postmark, provider):
    """Nobody knows which address they are about."""
    request = pair("create", "request")
    postmark.expect_any(request, {"status": 200, "json": {"Suppressions": []}})
    addresses = [each["EmailAddress"] for each in request["json"]["Suppressions"]]

    with pytest.raises(UnexpectedResponse, match="one result for each"):
        provider.account.put_all_suppressed(addresses, "MANUAL")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = ("EmailAddress", "SuppressionReason", "Origin", "CreatedAt", "Status", "Message")
ENTRIES = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON))


@given(st.lists(ENTRIES, max_size=3) | JSON)
def test_any_entries(entries):
    """Entries of any form are read, or refused by an error of ours, and leave nothing open."""
    document = {"Suppressions": entries}
    answer = HttpResponse(status_code=200, body=json.dumps(document).encode())
    kept = PostmarkSuppressions(SendingSettings(), TOKEN)
    script = Script(otherwise=answer)

    for flow in (kept.page("", SuppressionFilter(), 10), kept.get("a@b.example")):
        with contextlib.suppress(UnexpectedResponse):
            found = drive(flow, script)
            for each in getattr(found, "items", [found] if found else []):
                assert isinstance(each.email_address, str)
                assert each.updated_at is None or each.updated_at.utcoffset() is not None


def test_asked_too_often():
    """It waits, and asks again, for as long as it was told; four times in all."""
    flow = PostmarkSuppressions(SendingSettings(), TOKEN).page("", SuppressionFilter(), 1)
    body = json.dumps({"ErrorCode": 429, "Message": "Slow down."}).encode()
    busy = HttpResponse(status_code=429, headers={"retry-after": "3"}, body=body)
    effects = [next(flow)]

    def go_on():
        while True:
            effects.append(flow.send(busy if isinstance(effects[-1], Exchange) else None))

    with pytest.raises(RateLimited):
        go_on()
    assert [3.0, 3.0, 4.0] == [each.seconds for each in effects if isinstance(each, Sleep)]
    assert 4 == sum(isinstance(each, Exchange) for each in effects)


def test_no_connection():
    """It may be asked again."""
    made = PostmarkProvider(server_token=TOKEN, base_url="http://127.0.0.1:1")

    with pytest.raises(SendError) as caught:
        made.account.get_suppressed("a@b.example")

    assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)
    assert isinstance(made, KeepsSuppressions)
    assert isinstance(made.account, SuppressionAccount)


# --- the command


@pytest.fixture
def run(postmark, capsys):
    """Run the command; return its exit code, what it wrote, and what it noted."""

    def call(*arguments):
        registry = Registry(autoload=False)
        registry.register(PostmarkProvider)
        registry.register_extension(cli_extension)
        options = ["--option", f"server_token={TOKEN}", "--option", f"base_url={postmark.url}"]
        code = main(["postmark", "suppressions", *arguments, *options], registry=registry)
        written = capsys.readouterr()
        return code, written.out, written.err

    return call


def test_command(postmark, run):
    """List, get, put and delete, with exit code 1 for what was not there or refused."""
    postmark.expect("dump", "dump_address", "dump_address_absent")
    code, out, _ = run("list", "--limit", "1", "--json")
    (entry,) = json.loads(out)["suppressed"]
    assert (0, "address@wildbit.com", "UNSUBSCRIBE", "2019-12-10T13:58:33+00:00") == (
        code,
        entry["email_address"],
        entry["reason"],
        entry["updated_at"],
    )
    code, out, noted = run("get", "bounce.address@wildbit.com", "not.suppressed@wildbit.com")
    assert (1, True) == (code, "bounce" in out)
    assert "not.suppressed@wildbit.com is not on the suppression list" in noted

    postmark.expect("create")
    three = ["good.address@wildbit.com", "spammy.address@wildbit.com", "not.an.address@wildbit"]
    code, out, _ = run("add", *three, "--json")
    assert 1 == code
    assert ({three[0]: True}, three[1:]) == (
        json.loads(out)["done"],
        list(json.loads(out)["refused"]),
    )
    postmark.expect("dump_address", "delete", "dump_address_absent")
    code, out, _ = run("remove", "bounce.address@wildbit.com", "not.suppressed@wildbit.com")
    assert (1, True, True) == (code, "taken off the list" in out, "was not on it" in out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "a@b.example"], "takes no addresses"),
        (["add"], "needs an email address"),
        (["get", "a@b.example", "--limit", "2"], "go with `list`"),
        (["get", "a@b.example", "--reason", "bounce"], "--reason goes with"),
        (["add", "a@b.example", "--reason", "bounce"], "a reason is one of MANUAL"),
        (["list", "--since", "yesterday"], "write a date or time"),
        (["list", "--limit", "0"], "above 0"),
    ],
)
def test_wrong_usage(postmark, run, arguments, said):
    """Exit code 2, and nothing is asked."""
    try:
        code, out, noted = run(*arguments)
    except SystemExit as ended:  # pragma: no cover
        pytest.fail(f"it ended with {ended.code}")

    assert (2, "", True) == (code, out, said in noted)
