"""Mail that Mailgun stored: fetched from Mailgun alone, within limits, with typed errors."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import threading

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailcore import ConfigurationError, FetchError, NetworkError, SendTimeout, UnexpectedResponse
from mailcore.events import InboundEvent
from mailcore.flow import HttpResponse, arun, run
from mailcore.http import HttpTransport
from mailcore.registry import Registry
from mailcore.webhook import afetch_inbound, fetch_inbound
from mailcore_mailgun import MailgunProvider
from mailcore_mailgun.inbound_fetching import delete, fetch
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.stored_urls import is_file_of, is_message_url


KEY = "key-secret"
HOST = "https://storage-us-east4.api.mailgun.net"
PATH = "/v3/domains/in.example.com/messages/BAABAAdzYub9ZBnyVMlI_YnQHR1rCYY1Yg=="
URL = HOST + PATH
RAW = "From: bob@example.org\r\nSubject: Hi\r\n\r\nGrüße\r\n"
PARSED = {
    "recipients": "alice@in.example.com",
    "body-plain": "Hello",
    "body-html": '<img src="cid:a@b">',
    "message-headers": [["From", "bob@example.org"], ["Subject", "Hi"], ["To", "a@example.com"]],
    "attachments": [
        {"url": f"{URL}/attachments/0", "name": "a.gif", "content-type": "image/gif", "size": 3},
        {"url": f"{URL}/attachments/1", "name": None, "content-type": 5, "size": 3},
    ],
    "content-id-map": {"<a@b>": f"{URL}/attachments/0"},
}


class Storage:
    """A transport that answers as planned, and notes what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def exchange(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        """Nothing to close."""


def answer(body, status_code=200, **headers):
    """An answer: JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status_code=status_code, headers=headers, body=content)


def event(url=URL, **fields):
    """The event of a mail that Mailgun stored."""
    location = {} if url is None else {"url": url}
    return InboundEvent(provider="mailgun", location=location, **fields)


def fetched(transport, stored=None, **options):
    """The mail of an event, from a transport."""
    given = MailgunOptions(**{"api_key": KEY, "timeout_seconds": 5.0, **options})
    return run(fetch(stored or event(), given), transport)


def test_raw_mime():
    """Mailgun is asked for the mail as received, with the key, once."""
    storage = Storage(answer({"body-mime": RAW, "recipients": "alice@in.example.com"}))

    mail = fetched(storage)

    assert ("Hi", "Grüße\n", RAW.encode()) == (mail.subject, mail.text, mail.raw)
    (request,) = storage.requests
    assert ("GET", URL, b"", 5.0) == (
        request.method,
        request.url,
        request.body,
        request.timeout_seconds,
    )
    assert {
        "Accept": "message/rfc2822",
        "Authorization": f"Basic {base64.b64encode(b'api:key-secret').decode()}",
    } == request.headers
    assert KEY not in repr(request)


def test_parts_where_there_is_no_mime():
    """The mail is put together from its parts, and its files are fetched one by one."""
    storage = Storage(answer(PARSED), answer(b"GIF"), answer(b"\x00\xff"))

    mail = fetched(storage)

    assert ("Hi", "Hello", '<img src="cid:a@b">') == (mail.subject, mail.text, mail.html)
    (shown,), (attached,) = mail.inlines, mail.attachments
    assert ("a.gif", "image/gif", b"GIF", "a@b") == (
        shown.filename,
        shown.content_type,
        shown.content,
        shown.content_id,
    )
    assert ("application/octet-stream", b"\x00\xff") == (attached.content_type, attached.content)
    assert [URL, f"{URL}/attachments/0", f"{URL}/attachments/1"] == [
        request.url for request in storage.requests
    ]


def test_content_that_came_along_is_not_fetched():
    """Nobody is asked, and no key is needed."""
    mail = fetched(Storage(), event(None, content=RAW.encode()), api_key=None)

    assert "Hi" == mail.subject


def test_a_key_is_needed():
    """Without one, that is what the error says."""
    with pytest.raises(ConfigurationError, match="api_key"):
        fetched(Storage(), api_key=None)


HOSTILE = [
    "http://storage-us-east4.api.mailgun.net" + PATH,
    "https://evil.example" + PATH,
    "https://api.mailgun.net.evil.example" + PATH,
    "https://evilapi.mailgun.net" + PATH,
    "https://x.y.api.mailgun.net" + PATH,
    "https://mailgun.net" + PATH,
    "https://api.mailgun.org" + PATH,
    "https://-a.api.mailgun.net" + PATH,
    "https://api.mailgun.net:443" + PATH,
    "https://api.mailgun.net:8443" + PATH,
    "https://api.mailgun.net." + PATH,
    "https://user@api.mailgun.net" + PATH,
    "https://api.mailgun.net@evil.example" + PATH,
    "https://evil.example#@api.mailgun.net" + PATH,
    "https://evil.example\\@api.mailgun.net" + PATH,
    "https://evil.example/https://api.mailgun.net" + PATH,
    "https:api.mailgun.net" + PATH,
    "//api.mailgun.net" + PATH,
    "https://api.ma\u0131lgun.net" + PATH,
    "https://api。mailgun.net" + PATH,
    "https://api.mailgun.net\n" + PATH,
    " " + URL,
    URL + "\n",
    URL + "\r\nX: y",
    URL + "?to=evil@example.com",
    URL + "#x",
    URL + "/../../../../v3/routes",
    URL + "/attachments/0",
    URL + "%2f..%2f..",
    HOST + "/v3/domains/in.example.com",
    HOST + "/v3/domains/../messages/x",
    HOST + "/v3/domains/in.example.com/messages/",
    HOST + "/v3/domains/in.example.com/messages/..",
    HOST + "/v3/in.example.com/messages/x",
    HOST + "/v3/domains/in.example.com/messages/" + "x" * 2000,
    "file:///etc/passwd",
    "x",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_nobody_else_is_asked(url):
    """An address that is not that of a message at Mailgun's is not asked."""
    storage = Storage()

    with pytest.raises(FetchError) as caught:
        fetched(storage, event(url))

    assert ("no_content", False, []) == (
        caught.value.category,
        caught.value.retryable,
        storage.requests,
    )
    assert not is_message_url(url)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://storage-europe-west1.api.mailgun.net/v3/domains/a.example/messages/x",
        "https://se.api.mailgun.net/v3/domains/sandbox1.mailgun.org/messages/message_key",
        "https://sw.api.mailgun.net/v2/domains/a.example/messages/eyJwIjpm%3D",
        "https://api.mailgun.net/v3/domains/a.example/messages/x",
        "https://api.eu.mailgun.net/v3/domains/a.example/messages/x",
    ],
)
def test_hosts_of_mailgun(url):
    """Those that webhooks name, in every region."""
    assert is_message_url(url)
    assert "Hi" == fetched(Storage(answer({"body-mime": RAW})), event(url)).subject


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/attachments/0",
        "https://api.mailgun.net/v3/domains/in.example.com/messages/other/attachments/0",
        f"{URL}/attachments/",
        f"{URL}/attachments/0?x",
        f"{URL}/attachments/0/../../..",
        f"{URL}x/attachments/0",
        None,
        5,
    ],
)
def test_files_of_other_mails_are_not_fetched(url):
    """A file is within its message, or nobody is asked for it."""
    storage = Storage(answer({**PARSED, "attachments": [{"url": url}]}))

    with pytest.raises(FetchError, match="not within the stored message"):
        fetched(storage)

    assert [URL] == [request.url for request in storage.requests]
    assert not is_file_of(str(url), URL)


ERRORS = [
    pytest.param(answer({"message": "Message not found"}, 404), "not_found", False, id="404"),
    pytest.param(answer(b"Forbidden", 401), "access_denied", False, id="401"),
    pytest.param(answer({"message": ["x"]}, 403), "access_denied", False, id="403"),
    pytest.param(
        answer({"message": "slow"}, 429, **{"retry-after": "7"}), "failed", True, id="429"
    ),
    pytest.param(answer(b"<html>", 503), "failed", True, id="503"),
    pytest.param(answer(b"", 302, location="https://evil.example"), "failed", False, id="302"),
    pytest.param(answer(b"", 204), "failed", False, id="204"),
    pytest.param(answer(b"<html>"), "failed", False, id="HTML"),
    pytest.param(answer(b'{"body-mime": "Fr'), "failed", False, id="truncated"),
    pytest.param(answer(b"[" * 100_000), "failed", False, id="deep"),
    pytest.param(answer([]), "failed", False, id="a list"),
    pytest.param(answer({}), "failed", False, id="no mail"),
    pytest.param(answer({"body-mime": 5}), "failed", False, id="a number"),
    pytest.param(NetworkError("cannot connect"), "network", True, id="no connection"),
    pytest.param(
        NetworkError("lost", retryable=False, maybe_accepted=True), "network", True, id="lost"
    ),
    pytest.param(NetworkError("TLS", retryable=False), "network", False, id="TLS"),
    pytest.param(
        SendTimeout("slow", retryable=False, maybe_accepted=True), "network", True, id="timeout"
    ),
    pytest.param(UnexpectedResponse("larger"), "too_large", False, id="too large"),
]


@pytest.mark.parametrize(("outcome", "category", "retryable"), ERRORS)
def test_errors(outcome, category, retryable):
    """Whatever happens is one typed error that says whether to try again."""
    with pytest.raises(FetchError) as caught:
        fetched(Storage(outcome))

    error = caught.value
    assert ("mailgun", category, retryable) == (error.provider, error.category, error.retryable)
    assert KEY not in str(error)


def test_too_large_in_the_end():
    """The limit is that of the mail, whatever room JSON takes; files count."""
    assert fetched(Storage(answer({"body-mime": RAW})), max_inbound_bytes=len(RAW.encode()))
    for storage in (
        Storage(answer({"body-mime": RAW})),
        Storage(answer({**PARSED, "body-plain": "x" * 100})),
        Storage(answer(PARSED), answer(b"x" * 40)),
    ):
        with pytest.raises(FetchError) as caught:
            fetched(storage, max_inbound_bytes=len(RAW.encode()) - 1)
        assert "too_large" == caught.value.category


def test_a_mail_without_address_or_content():
    """There is nothing to fetch."""
    with pytest.raises(FetchError) as caught:
        fetched(Storage(), event(None))

    assert "no_content" == caught.value.category


def test_deleting():
    """Mailgun has no way to delete a stored mail, which is said; what came along is nowhere."""
    with pytest.raises(FetchError, match="by itself"):
        run(delete(event()))

    run(delete(event(None, content=b"")))


class Loopback:
    """Sends what is for Mailgun's storage to a server on the loopback interface."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.transport = HttpTransport()

    def exchange(self, request):
        url = request.url.replace(HOST, self.base_url)
        return self.transport.exchange(dataclasses.replace(request, url=url))

    def close(self):
        """Close the connections."""
        self.transport.close()


@pytest.fixture
def storage():
    """A server that keeps one message as Mailgun documents it, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status_code, body = 200, b"GIF"
            expected = f"Basic {base64.b64encode(b'api:key-secret').decode()}"
            if self.headers["Authorization"] != expected:
                status_code, body = 401, b"Forbidden"
            elif self.path == PATH:
                is_raw = self.headers["Accept"] == "message/rfc2822"
                body = json.dumps({"body-mime": RAW} if is_raw else PARSED).encode()
            elif not self.path.startswith(f"{PATH}/attachments/"):
                status_code, body = 404, b'{"message": "Message not found"}'
            self.send_response(status_code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.mark.parametrize("asynchronous", [True, False])
def test_over_http(storage, asynchronous):
    """Over real HTTP: the mail, and the errors of a wrong key and of a mail that is gone."""
    transport = Loopback(storage)
    drive = (
        (lambda flow: asyncio.run(arun(flow, transport)))
        if asynchronous
        else (lambda flow: run(flow, transport))
    )
    try:
        assert "Hi" == drive(fetch(event(), MailgunOptions(api_key=KEY))).subject
        for url, key, category in ((URL, "wrong", "access_denied"), (f"{URL}x", KEY, "not_found")):
            with pytest.raises(FetchError) as caught:
                drive(fetch(event(url), MailgunOptions(api_key=key)))
            assert category == caught.value.category
        with pytest.raises(FetchError) as caught:
            drive(fetch(event(), MailgunOptions(api_key=KEY, max_inbound_bytes=10)))
        assert "too_large" == caught.value.category
    finally:
        transport.close()


def test_through_the_provider():
    """`fetch_inbound()` uses the provider's key; `delete_after` says that it cannot be done."""
    provider = MailgunProvider(api_key=KEY)
    registry = Registry(autoload=False)
    brought = event(None, content=RAW.encode())
    handled = []

    fetch_inbound(provider, brought, handled.append, delete_after=True, registry=registry)
    asyncio.run(afetch_inbound(provider, brought, handled.append, registry=registry))

    assert ["Hi", "Hi"] == [mail.subject for mail in handled]
    assert fetched(Storage(answer({"body-mime": RAW}))).raw == RAW.encode()
    flow = provider.fetch_inbound(event())
    storage = Storage(answer({"body-mime": RAW}))
    assert "Hi" == run(flow, storage).subject
    assert URL == storage.requests[0].url


def test_images_with_one_content_id_are_both_fetched():
    """The stored map may have one Content-ID twice; the mail's defects say so."""
    text = json.dumps({**PARSED, "content-id-map": 0}).replace(
        '"content-id-map": 0',
        f'"content-id-map": {{"<a@b>": "{URL}/attachments/0", "<a@b>": "{URL}/attachments/1"}}',
    )
    storage = Storage(answer(text.encode()), answer(b"GIF"), answer(b"PNG"))

    mail = fetched(storage)

    assert [b"GIF", b"PNG"] == [part.content for part in mail.inlines]
    assert "`content-id-map` has a Content-ID more than once" in mail.defects


@pytest.mark.parametrize(
    ("listed", "files", "defects"),
    [
        (json.dumps(PARSED["attachments"]), 2, ()),
        ({"url": URL}, 0, ("`attachments` is not an array: the files of the mail are missing",)),
        ("no JSON", 0, ("`attachments` is not an array: the files of the mail are missing",)),
        (None, 0, ()),
    ],
)
def test_stored_files_are_fetched_or_missed(listed, files, defects):
    """A list that cannot be read is told in the mail's defects."""
    stored = {**PARSED, "attachments": listed, "content-id-map": None}
    storage = Storage(answer(stored), answer(b"GIF"), answer(b"x"))

    mail = fetched(storage)

    assert files == len(mail.attachments) + len(mail.inlines)
    assert (*defects, "Date is missing") == mail.defects


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("storage.eu.mailgun.net", True),
        ("api.eu.mailgun.net", True),
        ("storage-europe-west1.api.mailgun.net", True),
        ("storage.eu.mailgun.net.example.com", False),
        ("evil.storage.eu.mailgun.net", False),
        ("storageeu.mailgun.net", False),
        ("mailgun.net", False),
    ],
)
def test_hosts_of_the_storage(host, expected):
    """The key goes to Mailgun's hosts only, that of the EU among them."""
    assert expected is is_message_url(f"https://{host}{PATH}")
