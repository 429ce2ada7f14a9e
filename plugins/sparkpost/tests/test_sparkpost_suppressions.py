"""`provider.account` and `mailcore sparkpost suppressions`, by requests and answers."""

from __future__ import annotations

import asyncio
import json

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest

from mailcore import ConfigurationError, Registry
from mailcore.account import KeepsSuppressions, QuotaAccount, SuppressionAccount
from mailcore.cli import main
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.registry import hookimpl
from mailcore_sparkpost import SparkPostProvider, cli_extension
from mailcore_sparkpost.options import SparkPostOptions
from mailcore_sparkpost.suppressions import MAX_ADDRESSES, SparkPostSuppressions


KEY = "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"
LIST = "/api/v1/suppression-list"
ADA = "ada@example.net"


class Script:
    """A transport that gives answers in turn, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, str, dict, object]] = []

    def exchange(self, request):
        """The next answer."""
        parts = urlsplit(request.url)
        assert ("https", "api.sparkpost.com") == (parts.scheme, parts.netloc)
        assert (KEY, "application/json") == (
            request.headers["Authorization"],
            request.headers["Accept"],
        )
        body = json.loads(request.body) if request.body else None
        self.seen.append((request.method, parts.path, dict(parse_qsl(parts.query)), body))
        status_code, document = self.answers.pop(0)
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return HttpResponse(status_code=status_code, body=content)

    def close(self) -> None:
        """Nothing to close."""


def account(*answers: tuple[int, object], **options: object):
    """The account, and what it asks."""
    script = Script(*answers)
    made = SparkPostSuppressions(SparkPostOptions(api_key=KEY, **options))
    return SuppressionAccount(made, script), script


def entry(recipient: str = ADA, source: object = "Bounce Rule", **more: object):
    """An entry of the list."""
    return {
        "recipient": recipient,
        "type": "transactional",
        "source": source,
        "created": "2026-11-01T12:00:00+00:00",
        "updated": "2026-11-30T12:00:00+00:00",
        **more,
    }


def page(*entries: object, following: str = ""):
    """An answer with some entries, and the address of the next."""
    links = [{"href": f"{LIST}?cursor=first", "rel": "first"}]
    if following:
        links.append({"href": f"{LIST}?cursor={following}&per_page=2", "rel": "next"})
    return 200, {"results": list(entries), "links": links, "total_count": len(entries)}


NOT_FOUND = (404, {"errors": [{"message": "Recipient could not be found"}]})


def test_pages_are_asked_for_as_they_are_wanted():
    """By the cursor that SparkPost tells, from "initial" until there is no next."""
    kept, script = account(
        page(entry("a@example.net"), following="c2"),
        page(entry("b@example.net"), following="c3"),
        page(entry("c@example.net")),
    )

    found = [each.email_address for each in kept.suppressed(page_size=2)]

    assert ["a@example.net", "b@example.net", "c@example.net"] == found
    assert [
        ("GET", LIST, {"cursor": c, "per_page": "2"}, None) for c in ("initial", "c2", "c3")
    ] == (script.seen)


@pytest.mark.parametrize(
    "links",
    [
        {"next": f"{LIST}?cursor=c2"},
        [{"rel": "next", "href": f"https://elsewhere.example{LIST}?cursor=c2"}],
        [5, None, {"rel": "next", "href": f"{LIST}?a=b&cursor=c2"}],
    ],
    ids=str,
)
def test_of_a_next_page_only_the_cursor_is_taken(links):
    """The key goes to no other host, and both shapes of links are read."""
    first = page(entry("a@example.net"))
    first[1]["links"] = links
    kept, script = account(first, page())

    assert 1 == len(list(kept.suppressed()))
    assert "c2" == script.seen[1][2]["cursor"]


@pytest.mark.parametrize(
    "links", [None, [], {}, "x", {"next": 5}, [{"rel": "next", "href": "http://["}]], ids=str
)
def test_a_last_page(links):
    """Whatever its links are, there is no next."""
    only = page(entry("a@example.net"))
    only[1]["links"] = links
    kept, _ = account(only)

    assert 1 == len(list(kept.suppressed()))


def test_a_page_that_leads_to_itself_is_refused():
    """It would never end."""
    kept, _ = account(page(entry(), following="c2"), page(entry(), following="c2"))

    with pytest.raises(UnexpectedResponse, match="itself as the next page"):
        list(kept.suppressed())


def test_what_is_asked_for_is_told_to_sparkpost():
    """Reasons as sources, times in UTC; and what comes all the same is left out."""
    start = datetime(2026, 11, 30, 13, tzinfo=timezone(timedelta(hours=2)))
    kept, script = account(
        page(
            entry("a@example.net", "List Unsubscribe"),
            entry("b@example.net", "Bounce Rule"),
            entry("c@example.net", "Unsubscribe Link", updated="2026-11-30T10:00:00+00:00"),
        )
    )

    found = list(kept.suppressed(reasons=["UNSUBSCRIBE"], start=start))

    assert ["a@example.net"] == [each.email_address for each in found]
    assert {
        "cursor": "initial",
        "per_page": "1000",
        "sources": "List Unsubscribe,Unsubscribe Link",
        "from": "2026-11-30T11:00:00+0000",
    } == script.seen[0][2]


@pytest.mark.parametrize(
    ("source", "reason", "detail"),
    [
        ("Spam Complaint", "COMPLAINT", "transactional: why"),
        ("Bounce Rule", "BOUNCE", "transactional: why"),
        ("List Unsubscribe", "UNSUBSCRIBE", "transactional: why"),
        ("Unsubscribe Link", "UNSUBSCRIBE", "transactional: why"),
        ("Manually Added", "MANUAL", "transactional: why"),
        ("Compliance", "MANUAL", "transactional: why: Compliance"),
        ("Renamed", "Renamed", "transactional: why"),
        (None, "MANUAL", "transactional: why"),
    ],
)
def test_sources_are_reasons(source, reason, detail):
    """Each of the documentation has one; another one stays as it is."""
    kept, script = account(page(entry(source=source, description="why")))

    found = kept.get_suppressed("ADA+1@example.net")

    assert (reason, detail) == (found.reason, found.detail)
    assert datetime(2026, 11, 30, 12, tzinfo=timezone.utc) == found.updated_at
    assert [("GET", f"{LIST}/ADA%2B1@example.net", {}, None)] == script.seen


def test_of_two_entries_the_worse_is_told():
    """An address may be there for messages of both types."""
    kept, _ = account(page(entry(source="Manually Added"), entry(source="Spam Complaint")))

    assert "COMPLAINT" == kept.get_suppressed(ADA).reason


def test_an_address_that_is_not_there():
    """Is None, and taking it off says so."""
    kept, script = account(NOT_FOUND, NOT_FOUND)

    assert kept.get_suppressed(ADA) is None
    assert not kept.delete_suppressed(ADA)
    assert ["GET", "GET"] == [method for method, *_ in script.seen]


def test_addresses_are_put_there_for_both_types():
    """Many in a call, of which SparkPost takes all or none."""
    done = (200, {"results": {"message": "Suppression List successfully updated"}})
    kept, script = account(done, done)
    many = [f"u{n}@example.net" for n in range(MAX_ADDRESSES + 1)]

    assert {} == kept.put_all_suppressed(many, "MANUAL")

    (method, path, _, first), (*_, second) = script.seen
    assert ("PUT", LIST, 10_000, 2) == (
        method,
        path,
        len(first["recipients"]),
        len(second["recipients"]),
    )
    assert [("u0@example.net", "transactional"), ("u0@example.net", "non_transactional")] == [
        (each["recipient"], each["type"]) for each in first["recipients"][:2]
    ]


def test_taking_off():
    """Both entries at once, or those of a reason by their type."""
    both = page(entry(), entry(source="Spam Complaint", type="non_transactional"))
    kept, script = account(both, (204, b""), both, (204, b""), both)

    assert kept.delete_suppressed(ADA)
    assert kept.delete_suppressed(ADA, reasons=["COMPLAINT"])
    assert not kept.delete_suppressed(ADA, reasons=["MANUAL"])
    assert [None, {"type": "non_transactional"}] == [
        body for method, _, _, body in script.seen if method == "DELETE"
    ]


def test_a_subaccount_has_its_own_list():
    """Named in a header."""
    made = SparkPostProvider(api_key=KEY, subaccount=0).suppressions()
    request = next(iter(made.get(ADA)))

    assert "0" == request.request.headers["X-MSYS-SUBACCOUNT"]


ERRORS = [
    (
        (403, {"errors": [{"message": "Recipient could not be removed - Compliance"}]}),
        AuthenticationFailed,
        "not_allowed",
    ),
    (
        (
            400,
            {"errors": [{"message": "PUT body contains 1 invalid or malformed recipient(s): x"}]},
        ),
        MessageRejected,
        "invalid_address",
    ),
    ((400, {"errors": [{"message": "Must supply a suppression type"}]}), MessageRejected, ""),
    ((401, {"errors": [{"message": "Unauthorized."}]}), AuthenticationFailed, "authentication"),
    ((403, {"errors": [{"message": "Forbidden."}]}), AuthenticationFailed, "access_denied"),
    ((404, b"<html>"), UnexpectedResponse, "wrong_url"),
    ((420, {}), QuotaExceeded, "sending_limit"),
    ((301, b""), UnexpectedResponse, "redirected"),
    ((200, b"<html>"), UnexpectedResponse, "unexpected_response"),
    ((200, b'{"results": [{"recip'), UnexpectedResponse, "unexpected_response"),
    ((200, {"results": {}}), UnexpectedResponse, "unexpected_response"),
    ((200, {"results": [5]}), UnexpectedResponse, "unexpected_response"),
    ((200, {"results": [{"recipient": None}]}), UnexpectedResponse, "unexpected_response"),
    ((200, []), UnexpectedResponse, "unexpected_response"),
]


@pytest.mark.parametrize(("answer", "kind", "category"), ERRORS)
def test_errors(answer, kind, category):
    """Each documented one, HTML for JSON, half of it, and what is something else."""
    kept, _ = account(answer)

    with pytest.raises(SendError) as caught:
        kept.get_suppressed(ADA)

    found = caught.value
    assert (kind, "sparkpost", False) == (type(found), found.provider, found.maybe_accepted)
    assert category in ("", found.category)


def test_an_internal_error_may_be_tried_again():
    """Some of a call's addresses may be there, says SparkPost: it may all be repeated."""
    kept, _ = account((500, {"errors": [{"message": "Unable to update suppression list"}]}))

    with pytest.raises(ProviderUnavailable) as caught:
        kept.put_suppressed(ADA, "MANUAL")
    assert caught.value.retryable


USAGE = {
    "timestamp": "2026-11-30T05:19:00.932Z",
    "day": {"used": 22003, "limit": 50000, "start": "2026-11-29T05:30:00.932Z", "end": "x"},
    "month": {"used": 122596, "limit": None},
    "sandbox": {"used": "3", "limit": 5},
}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"status": "active", "usage": USAGE}, (27997, 122596, None, "active")),
        ({"status": 5}, (None, None, None, "")),
        ({"usage": [1]}, (None, None, None, "")),
        ({"usage": {"day": {"used": 7, "limit": 5}}}, (0, None, None, "")),
    ],
)
def test_quota(results, expected):
    """What is used and allowed, as far as SparkPost says so; in an event loop, too."""
    script = Script((200, {"results": results}), (200, {"results": results}))
    kept = QuotaAccount(SparkPostSuppressions(SparkPostOptions(api_key=KEY)), script)

    quota = kept.quota()

    assert expected == (
        quota.day and quota.day.remaining,
        quota.month and quota.month.used,
        quota.sandbox,
        quota.status,
    )
    assert quota == asyncio.run(kept.asynchronous.quota())
    assert [("GET", "/api/v1/account", {"include": "usage"}, None)] * 2 == script.seen


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, b"<html>"), UnexpectedResponse),
        ((200, []), UnexpectedResponse),
        ((200, {"results": []}), UnexpectedResponse),
        ((403, {"errors": [{"message": "Forbidden."}]}), AuthenticationFailed),
    ],
)
def test_quota_that_cannot_be_read(answer, kind):
    """Another answer is an error, which leaves nothing open."""
    kept = QuotaAccount(SparkPostSuppressions(SparkPostOptions(api_key=KEY)), Script(answer))

    with pytest.raises(kind) as caught:
        kept.quota()

    assert not caught.value.maybe_accepted


def test_a_reason_that_cannot_be_put():
    """SparkPost takes addresses by hand only."""
    kept, _ = account()

    with pytest.raises(ConfigurationError, match="MANUAL"):
        kept.put_suppressed(ADA, "BOUNCE")


def test_an_api_key_is_needed():
    """Who only receives has no list."""
    provider = SparkPostProvider()
    assert isinstance(provider, KeepsSuppressions)

    with pytest.raises(ConfigurationError, match="needs option 'api_key'"):
        provider.suppressions()
    with pytest.raises(ConfigurationError, match="needs option 'api_key'"):
        _ = provider.account


class Answering:
    """An extension whose transport is a script."""

    def __init__(self, script: Script) -> None:
        self.script = script

    @hookimpl
    def mailcore_create_transport(self, provider):
        """The script, whatever the provider."""
        return self.script


@pytest.mark.parametrize(
    ("arguments", "answer", "code", "said"),
    [
        (["list", "--json"], page(entry(description="why")), 0, '"detail": "transactional: why"'),
        (["get", ADA], page(entry()), 0, "bounce"),
        (["get", ADA], NOT_FOUND, 1, ""),
        (["put", ADA], (200, {"results": {}}), 0, ""),
    ],
    ids=lambda each: str(each)[:60],
)
def test_the_command_line(monkeypatch, capsys, arguments, answer, code, said):
    """`mailcore sparkpost suppressions` does what the account does."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    registry = Registry(autoload=False)
    registry.register(SparkPostProvider)
    registry.register_extension(cli_extension)
    registry.register_extension(Answering(Script(answer)))
    options = ["--option", f"api_key={KEY}"]

    found = main(["sparkpost", "suppressions", *arguments, *options], registry=registry)

    assert code == found
    assert said in capsys.readouterr().out
