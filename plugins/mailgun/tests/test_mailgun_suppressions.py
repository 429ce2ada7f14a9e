"""`provider.account` and `mailcore mailgun suppressions`, by pairs of requests and answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading

from datetime import datetime, timezone
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
from mailcore_mailgun import MailgunProvider, cli_extension
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.suppressions import MAX_ADDRESSES, MailgunSuppressions


FIXTURES = Path(__file__).parent / "fixtures" / "suppressions"
KEY = "key-secret"
TIME = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d UTC")
EVERY_LIST = (
    "bounces",
    "bounces_last",
    "complaints",
    "complaints_last",
    "unsubscribes",
    "unsubscribes_last",
)


def pair(name, kind):
    """One half of a pair."""
    return json.loads((FIXTURES / f"{name}.{kind}.json").read_text(encoding="utf-8"))


class Pairs:
    """A server that gives the answers to the requests of some pairs, in order, and to no others."""

    def __init__(self):
        self.url = ""
        self.left = []
        self.wrong = []

    def expect(self, *names):
        """Be asked these."""
        for name in names:
            self.expect_any(pair(name, "request"), pair(name, "answer"))

    def expect_any(self, request, answer):
        """Be asked this."""
        self.left.append((request, answer))

    def answer(self, request):
        """Status, headers and body."""
        expected, answer = self.left.pop(0) if self.left else ({"nothing": True}, {})
        if expected != request:
            self.wrong.append((expected, request))
            return 418, {}, b"{}"
        text = answer["text"] if "text" in answer else json.dumps(answer["json"])
        body = text.replace("{base_url}", self.url).encode()
        return answer["status"], answer.get("headers", {}), body


def without_time(document):
    """What is put there, with NOW in the place of the time."""
    for item in document:
        if TIME.fullmatch(item.get("created_at", "")):
            item["created_at"] = "NOW"
    return document


@pytest.fixture
def mailgun(monkeypatch):
    """Such a server; whatever is asked is what was expected, and all of it is asked."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    pairs = Pairs()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            assert "Basic YXBpOmtleS1zZWNyZXQ=" == self.headers["Authorization"]
            assert "application/json" == self.headers["Accept"]
            request = {
                "method": self.command,
                "path": parts.path,
                "query": dict(parse_qsl(parts.query)),
                **({"json": without_time(json.loads(body))} if body else {}),
            }
            status, headers, content = pairs.answer(request)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815  # as http.server spells it

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
def provider(mailgun):
    """A provider of that server."""
    made = MailgunProvider(api_key=KEY, base_url=mailgun.url, sender_domain="example.com")
    yield made
    default_registry().close(made)


def test_the_lists(mailgun, provider):
    """One after the other, page by page, until a page is empty."""
    mailgun.expect(*EVERY_LIST)

    assert [
        ("foo@bar.com", "BOUNCE", "550 No such mailbox", 11),
        # The year 1 says that nobody knows.
        ("zoe@bar.com", "BOUNCE", "550", None),
        ("alice@example.com", "COMPLAINT", "", 11),
        ("alice@example.com", "UNSUBSCRIBE", "tags: some tag", 11),
        ("bob@example.com", "UNSUBSCRIBE", "", 12),
    ] == [
        (
            each.email_address,
            each.reason,
            each.detail,
            each.updated_at.day if each.updated_at else None,
        )
        for each in provider.account.suppressed(page_size=2)
    ]


def test_pages_are_fetched_as_they_are_wanted(mailgun, provider):
    """Whoever wants one address asks once."""
    mailgun.expect("bounces")

    assert "foo@bar.com" == next(provider.account.suppressed(page_size=2)).email_address


def test_some_of_the_lists(mailgun, provider):
    """Only the lists of the reasons are asked for; Mailgun has no times, so they count here."""
    mailgun.expect("unsubscribes", "unsubscribes_last")
    start = datetime(2025, 12, 12, tzinfo=timezone.utc)

    found = provider.account.suppressed(reasons="unsubscribe", start=start, page_size=2)
    assert ["bob@example.com"] == [each.email_address for each in found]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (["complaints_one"], "COMPLAINT"),
        (["complaints_absent", "bounces_one"], "BOUNCE"),
        (["complaints_absent", "bounces_absent", "unsubscribes_one"], "UNSUBSCRIBE"),
        (["complaints_absent", "bounces_absent", "unsubscribes_absent"], None),
    ],
)
def test_one_address(mailgun, provider, asked, reason):
    """It is looked for on one list after the other, and told for the gravest reason."""
    mailgun.expect(*asked)

    found = provider.account.get_suppressed("Foo <foo@bar.com>")
    assert reason == (found.reason if found else None)


@pytest.mark.parametrize(
    ("reason", "name"),
    [("bounce", "bounces"), ("COMPLAINT", "complaints"), ("Unsubscribe", "unsubscribes")],
)
def test_putting(mailgun, provider, reason, name):
    """On the list of the reason, all in one call."""
    mailgun.expect(f"{name}_add")
    addresses = ["alice@example.com", "Bob <bob@example.com>", "alice@example.com"]

    assert {} == provider.account.put_all_suppressed(addresses, reason)


def test_so_many_in_a_call(mailgun, provider):
    """Mailgun takes "up to 1000", and says of more that it is to be "less than 1000"."""
    addresses = [f"user{number}@b.example" for number in range(MAX_ADDRESSES + 1)]
    for part in (addresses[:MAX_ADDRESSES], addresses[MAX_ADDRESSES:]):
        items = [{"address": each, "created_at": "NOW"} for each in part]
        request = {"method": "POST", "path": "/v3/example.com/complaints", "query": {}}
        mailgun.expect_any({**request, "json": items}, {"status": 200, "json": {"message": "ok"}})

    assert MAX_ADDRESSES < 1000
    assert {} == provider.account.put_all_suppressed(addresses, "COMPLAINT")


def test_putting_what_is_refused(mailgun, provider):
    """Mailgun takes all or none."""
    request = pair("bounces_add", "request")
    mailgun.expect_any(
        request, {"status": 400, "json": {"message": "Batch size should be less than 1000"}}
    )

    with pytest.raises(MessageRejected, match="Batch size"):
        provider.account.put_all_suppressed(["alice@example.com", "bob@example.com"], "BOUNCE")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["bounces_delete", "complaints_delete", "unsubscribes_delete"], True),
        (["bounces_delete_absent", "complaints_delete", "unsubscribes_delete_absent"], True),
        (
            ["bounces_delete_absent", "complaints_delete_absent", "unsubscribes_delete_absent"],
            False,
        ),
    ],
)
def test_taking_off(mailgun, provider, asked, expected):
    """Every list, or mail would still not be delivered."""
    mailgun.expect(*asked)

    assert expected is provider.account.delete_suppressed("foo@bar.com")


def test_taking_off_one_list(mailgun, provider):
    """The others stay."""
    mailgun.expect("complaints_delete")

    assert provider.account.delete_suppressed("foo@bar.com", reasons=["complaint"]) is True


def test_in_an_event_loop(mailgun, provider):
    """The same with await."""
    mailgun.expect("complaints_one", "bounces", "bounces_last", "bounces_add", "complaints_delete")
    later = provider.account.asynchronous

    async def use():
        found = await later.get_suppressed("foo@bar.com")
        listed = [each async for each in later.suppressed(reasons=["BOUNCE"], page_size=2)]
        refused = await later.put_all_suppressed(["alice@example.com", "bob@example.com"], "BOUNCE")
        deleted = await later.delete_suppressed("foo@bar.com", reasons=["COMPLAINT"])
        return found.reason, len(listed), refused, deleted

    assert ("COMPLAINT", 2, {}, True) == asyncio.run(use())


def test_addresses_in_paths(mailgun, provider):
    """Nothing in an address leads elsewhere."""
    request = {"method": "DELETE", "query": {}}
    path = "/v3/example.com/bounces/a%2Fb%3Fc%2Bd%40b.example"
    mailgun.expect_any({**request, "path": path}, {"status": 200, "json": {"message": "ok"}})

    assert provider.account.delete_suppressed("a/b?c+d@b.example", reasons=["BOUNCE"])


@pytest.mark.parametrize(
    "following",
    [
        "http://evil.example/v3/example.com/bounces?page=next",
        "https://{base_url}/v3/example.com/bounces?page=next",
        "{base_url}@evil.example/v3/example.com/bounces?page=next",
        "{base_url}.evil.example/v3/example.com/bounces?page=next",
        "{base_url}0/v3/example.com/bounces?page=next",
        "{base_url}/v3/other.example/bounces?page=next",
        "{base_url}/v3/example.com/complaints?page=next",
        "{base_url}/v3/example.com/bounces/../complaints",
        "{base_url}\\\\@evil.example/v3/example.com/bounces",
        "{base_url}/v3/example.com/bounces?page=\u00e9",
        "//evil.example/v3/example.com/bounces",
        "/v3/example.com/bounces",
        "http://[/v3/example.com/bounces",
        "",
        None,
        1,
    ],
)
def test_pages_elsewhere_are_not_asked(mailgun, provider, following):
    """The key would go there."""
    answer = pair("bounces", "answer")
    answer["json"]["paging"]["next"] = following
    mailgun.expect_any(pair("bounces", "request"), answer)

    with pytest.raises(UnexpectedResponse, match="not of the same list"):
        list(provider.account.suppressed(page_size=2))


def test_a_page_that_follows_itself(mailgun, provider):
    """It would be asked for ever."""
    answer = pair("bounces", "answer")
    answer["json"]["paging"]["next"] = "{base_url}/v3/example.com/bounces?limit=2"
    mailgun.expect_any(pair("bounces", "request"), answer)

    with pytest.raises(UnexpectedResponse, match="itself as the next page"):
        list(provider.account.suppressed(page_size=2))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda account: account.suppressed(reasons=["MANUAL"]),
        lambda account: account.suppressed(page_size=1001),
        lambda account: account.put_suppressed("a@b.example", "MANUAL"),
        lambda account: account.delete_suppressed("a@b.example", reasons=["X"]),
    ],
)
def test_what_cannot_be_asked(mailgun, provider, wrong):
    """It is refused before Mailgun is asked."""
    with pytest.raises(ConfigurationError):
        wrong(provider.account)
    with pytest.raises(InvalidAddress):
        provider.account.get_suppressed("nobody")


@pytest.mark.parametrize(
    ("options", "option"),
    [({"api_key": KEY}, "sender_domain"), ({"sender_domain": "example.com"}, "api_key")],
)
def test_what_is_needed(options, option):
    """Each domain has its own lists; a provider that only receives has no key."""
    with pytest.raises(ConfigurationError, match=f"needs option '{option}'"):
        MailgunProvider(**options).account  # noqa: B018  # reading it is what raises


ERRORS = [
    (401, {"text": "Forbidden"}, AuthenticationFailed, "credentials", False),
    (403, {"json": {"message": "no"}}, AuthenticationFailed, "access_denied", False),
    (404, {"json": {"message": "Domain not found: x"}}, MessageRejected, "domain_not_found", False),
    (404, {"text": "<html>"}, UnexpectedResponse, "wrong_url", False),
    (404, {"json": []}, UnexpectedResponse, "wrong_url", False),
    (400, {"json": {"message": "no a@b.example"}}, MessageRejected, None, False),
    (500, {"json": {"message": "Internal Server Error"}}, ProviderUnavailable, None, True),
    (502, {"text": "<html>"}, ProviderUnavailable, "gateway", True),
    (503, {"text": ""}, ProviderUnavailable, None, True),
    (200, {"text": "Mailgun Magnificent API"}, UnexpectedResponse, None, False),
    (200, {"json": []}, UnexpectedResponse, None, False),
    (200, {"json": {"address": 1}}, UnexpectedResponse, None, False),
]


@pytest.mark.parametrize(("status", "answer", "kind", "category", "retryable"), ERRORS)
def test_errors(mailgun, provider, status, answer, kind, category, retryable):
    """What they mean; a domain that is not there is no address that is not there."""
    mailgun.expect_any(pair("complaints_one", "request"), {"status": status, **answer})

    with pytest.raises(kind) as caught:
        provider.account.get_suppressed("foo@bar.com")

    error = caught.value
    assert ("mailgun", status, False) == (error.provider, error.status_code, error.maybe_accepted)
    assert category in (error.category, None)
    assert retryable == error.retryable
    assert "a@b.example" not in str(error)
    assert KEY not in str(error)


@pytest.mark.parametrize("items", [None, {}, [1], [{"address": None}]])
def test_pages_that_cannot_be_read(mailgun, provider, items):
    """They are said to be so."""
    answer = pair("bounces", "answer")
    answer["json"]["items"] = items
    mailgun.expect_any(pair("bounces", "request"), answer)

    with pytest.raises(UnexpectedResponse) as caught:
        list(provider.account.suppressed(page_size=2))

    assert ("mailgun", False) == (caught.value.provider, caught.value.maybe_accepted)


@pytest.mark.parametrize("time", [None, 1, "", "yesterday", "Thu, 99 Dec 2025 01:49:40 UTC"])
def test_times_that_cannot_be_read(mailgun, provider, time):
    """Nobody knows since when; the address is on the list all the same."""
    answer = pair("complaints_one", "answer")
    answer["json"]["created_at"] = time
    mailgun.expect_any(pair("complaints_one", "request"), answer)

    assert provider.account.get_suppressed("foo@bar.com").updated_at is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("address", "code", "error", "tags", "created_at"), JSON),
)


@given(st.lists(ENTRIES, max_size=3) | JSON)
def test_any_entries(entries):
    """Entries of any form are read, or refused by an error of ours, and leave nothing open."""
    document = {"items": entries, "paging": {"next": "http://m/v3/example.com/bounces?page=next"}}
    answer = HttpResponse(status_code=200, body=json.dumps(document).encode())
    kept = MailgunSuppressions(MailgunOptions(base_url="http://m"), "example.com")
    script = Script(otherwise=answer)

    for flow in (kept.page("", SuppressionFilter(), 10), kept.get("a@b.example")):
        with contextlib.suppress(UnexpectedResponse):
            found = drive(flow, script)
            for each in getattr(found, "items", [found] if found else []):
                assert isinstance(each.email_address, str)
                assert each.updated_at is None or each.updated_at.utcoffset() is not None


def test_asked_too_often():
    """It waits, and asks again; not for longer than a minute."""
    lists = MailgunSuppressions(MailgunOptions(base_url="http://m"), "example.com")
    for retry_after, pauses in (("2", [2.0, 2.0, 4.0]), ("61", [])):
        busy = HttpResponse(status_code=429, headers={"retry-after": retry_after}, body=b"{}")
        flow = lists.page("", SuppressionFilter(), 10)
        effects = [next(flow)]

        def go_on(flow=flow, effects=effects, busy=busy):
            while True:
                effects.append(flow.send(busy if isinstance(effects[-1], Exchange) else None))

        with pytest.raises(RateLimited):
            go_on()
        assert pauses == [each.seconds for each in effects if isinstance(each, Sleep)]


def test_no_connection():
    """It may be asked again."""
    made = MailgunProvider(api_key=KEY, base_url="http://127.0.0.1:1", sender_domain="example.com")

    with pytest.raises(SendError) as caught:
        made.account.get_suppressed("a@b.example")

    assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)
    assert isinstance(made, KeepsSuppressions)
    assert isinstance(made.account, SuppressionAccount)


def test_the_command(mailgun, capsys):
    """List, get, put and delete; with delete, a reason is a list."""
    registry = Registry(autoload=False)
    registry.register(MailgunProvider)
    registry.register_extension(cli_extension)
    options = ["--option", f"api_key={KEY}", "--option", f"base_url={mailgun.url}"]

    def run(*arguments, domain=True):
        more = ["--option", "sender_domain=example.com"] if domain else []
        code = main(["mailgun", "suppression", *arguments, *options, *more], registry=registry)
        written = capsys.readouterr()
        return code, written.out, written.err

    mailgun.expect("bounces_add")
    code, out, _ = run("put", "alice@example.com", "bob@example.com", "--json")
    assert (0, {"alice@example.com": True, "bob@example.com": True}) == (
        code,
        json.loads(out)["done"],
    )
    mailgun.expect("complaints_delete")
    assert 0 == run("delete", "foo@bar.com", "--reason", "complaint")[0]
    mailgun.expect("complaints_absent", "bounces_one")
    code, out, _ = run("get", "foo@bar.com")
    assert (0, True) == (code, "550 No such mailbox" in out)
    code, _, noted = run("list", domain=False)
    assert (2, True) == (code, "needs option 'sender_domain'" in noted)
