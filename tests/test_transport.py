from __future__ import annotations

import gzip
import re
import socket
import threading
import time

import pytest
import requests

from mailcore import HttpRequest, NetworkError, SendTimeout, UnexpectedResponse
from mailcore.http import AiohttpTransport, HttpTransport, RequestsTransport


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No proxy of this machine takes part, unless a test says so."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=["urllib3", "aiohttp"])
def transport(request, in_a_loop):
    """A transport, closed afterwards; the other one from an event loop."""
    made = HttpTransport() if request.param == "urllib3" else in_a_loop(AiohttpTransport())
    yield made
    made.close()
    made.close()


@pytest.fixture(params=["urllib3", "aiohttp", "requests"])
def either(request, in_a_loop):
    """Our transports, and a session of requests, whose rules they follow."""
    made = {
        "urllib3": HttpTransport,
        "aiohttp": lambda: in_a_loop(AiohttpTransport()),
        "requests": lambda: RequestsTransport(requests.Session()),
    }[request.param]()
    yield made
    made.close()


def post(url, **options):
    """A request as a provider makes it."""
    return HttpRequest(**{"method": "POST", "url": url, "body": b"{}", **options})


def unused_port():
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_exchanges(site, either):
    """Method, path, headers and body arrive; status, headers and body come back."""
    site.pages["/send"] = lambda page: page.answer(202, b"taken", X_Id="7")

    response = either.exchange(post(f"{site.url}/send?a=1", headers={"X-Key": "k"}, body=b"\x00"))

    assert (202, b"taken") == (response.status_code, response.body)
    assert "7" == response.headers["x-id"]
    (seen,) = site.seen
    assert ("POST", "/send?a=1", b"\x00") == (seen["method"], seen["path"], seen["body"])
    assert "k" == seen["headers"]["x-key"]
    is_ours = not isinstance(either, RequestsTransport)
    assert is_ours is seen["headers"]["user-agent"].startswith("mailcore/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_no_is_an_answer(site, transport, status):
    """What a status means is for the provider to say."""
    site.pages["/"] = lambda page: page.answer(status, b"no")

    assert (status, b"no") == (
        (response := transport.exchange(post(f"{site.url}/"))).status_code,
        response.body,
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(site, transport, status):
    """A redirected POST would send twice."""
    site.pages["/"] = lambda page: page.answer(status, b"moved", Location=f"{site.url}/other")
    site.pages["/other"] = lambda page: page.answer(200)

    response = transport.exchange(post(f"{site.url}/"))

    assert (status, b"moved") == (response.status_code, response.body)
    assert ["/"] == [seen["path"] for seen in site.seen]


@pytest.mark.parametrize("location", ["/other", "gopher://x", "http://[", ""])
def test_answers_with_a_location_are_bounded_too(site, transport, location):
    """The size limit holds for redirects, wherever they lead."""
    site.pages["/"] = lambda page: page.answer(302, b"x" * 5000, Location=location)

    with pytest.raises(UnexpectedResponse, match="larger than 1000"):
        transport.exchange(post(f"{site.url}/", max_response_bytes=1000))


def test_headers_of_ones_own_stand_alone(site, transport):
    """What is given is sent, in whatever case its name is, and none of ours beside it."""
    site.pages["/"] = lambda page: page.answer(200)
    given = {"user-agent": "mine", "ACCEPT": "a/b", "Accept-encoding": "identity"}

    transport.exchange(post(f"{site.url}/", headers=given))

    seen = site.seen[0]["headers"]
    assert ["mine", "a/b", "identity"] == [seen[name.lower()] for name in given]


def test_a_url_within_the_url(site, transport):
    """What stands in a query is the host's business."""
    site.pages["/"] = lambda page: page.answer(200)

    transport.exchange(post(f"{site.url}/?back=http://mail.test/"))

    assert "/?back=http://mail.test/" == site.seen[0]["path"]


def test_cookies_are_not_kept(site, transport):
    """Each request stands alone."""
    site.pages["/"] = lambda page: page.answer(200, Set_Cookie="session=1; Path=/")
    # Those of an address are nobody's anyway.
    url = site.url.replace("127.0.0.1", "localhost")

    transport.exchange(post(f"{url}/"))
    transport.exchange(post(f"{url}/"))

    assert [None, None] == [seen["headers"].get("cookie") for seen in site.seen]


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer ours"}])
def test_netrc_is_ignored(site, transport, monkeypatch, tmp_path, given):
    """Credentials of this machine's user are neither added nor put in place of ours."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(site.url) is not None
    site.pages["/"] = lambda page: page.answer(200)

    transport.exchange(post(f"{site.url}/", headers=given))

    assert given.get("Authorization") == site.seen[0]["headers"].get("authorization")


def chunked(page, chunks):
    """Answer in chunks, each sent when it is due."""
    page.send_response(200)
    page.send_header("Transfer-Encoding", "chunked")
    page.end_headers()
    for chunk in chunks:
        page.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        page.wfile.flush()
    page.wfile.write(b"0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_chunked_answers_are_whole(site, either, size):
    """The usual transfer encoding."""
    site.pages["/"] = lambda page: chunked(page, [b"x"] * size)

    assert b"x" * size == either.exchange(post(f"{site.url}/")).body


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_compressed_answers_are_decoded(site, either, size):
    """The usual content encoding."""
    body = bytes(range(250)) * (size // 250)
    site.pages["/"] = lambda page: page.answer(200, gzip.compress(body), Content_Encoding="gzip")

    assert body == either.exchange(post(f"{site.url}/")).body


@pytest.mark.parametrize(
    ("status", "maybe_accepted"), [(200, True), (202, True), (400, False), (500, True)]
)
def test_answers_have_a_limit(site, either, status, maybe_accepted):
    """A body that is too large is cut off; whether the message was taken, the status tells."""
    site.pages["/"] = lambda page: page.answer(status, b"x" * 200_000)

    assert 200_000 == len(either.exchange(post(f"{site.url}/", max_response_bytes=200_000)).body)
    with pytest.raises(UnexpectedResponse) as caught:
        either.exchange(post(f"{site.url}/", max_response_bytes=199_999))

    assert (status, maybe_accepted, False) == (
        caught.value.status_code,
        caught.value.maybe_accepted,
        caught.value.retryable,
    )


def test_compressed_answers_have_a_limit_too(site, transport):
    """What counts is the size after decoding."""
    bomb = gzip.compress(bytes(50_000_000))
    site.pages["/"] = lambda page: page.answer(200, bomb, Content_Encoding="gzip")

    with pytest.raises(UnexpectedResponse, match="larger"):
        transport.exchange(post(f"{site.url}/"))


def test_endless_answers_have_a_limit_too(site, transport):
    """A server that never ends is left."""

    def endless(page):
        while True:
            yield b"x" * 65536

    site.pages["/"] = lambda page: chunked(page, endless(page))

    with pytest.raises(UnexpectedResponse, match="larger"):
        transport.exchange(post(f"{site.url}/", max_response_bytes=1_000_000))


@pytest.fixture
def gate():
    """An event that lets handlers of a test go when it ends."""
    event = threading.Event()
    yield event
    event.set()


def test_no_answer_in_time(site, either, gate):
    """Nobody knows whether a request without an answer was carried out."""
    site.pages["/"] = lambda page: gate.wait(30)

    with pytest.raises(SendTimeout) as caught:
        either.exchange(post(f"{site.url}/", timeout_seconds=0.1))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


def test_answer_that_stops_halfway(site, either, gate):
    """Nor of one whose answer began."""

    def stop(page):
        page.send_response(200)
        page.send_header("Content-Length", "100")
        page.end_headers()
        page.wfile.write(b"x")
        page.wfile.flush()
        gate.wait(30)

    site.pages["/"] = stop

    with pytest.raises(SendTimeout) as caught:
        either.exchange(post(f"{site.url}/", timeout_seconds=0.1))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["plain", "chunked"])
def test_answer_that_drips(site, transport, gate, way):
    """The time given bounds the whole answer, not each byte of it."""

    def drip(page):
        def bytes_in_time():
            for _ in range(400):
                if gate.wait(0.02):
                    return
                yield b"x"

        if way == "chunked":
            chunked(page, bytes_in_time())
            return
        page.send_response(200)
        page.send_header("Content-Length", "100000")
        page.end_headers()
        for byte in bytes_in_time():
            page.wfile.write(byte)
            page.wfile.flush()

    site.pages["/"] = drip
    start = time.monotonic()

    with pytest.raises(SendTimeout) as caught:
        transport.exchange(post(f"{site.url}/", timeout_seconds=0.3))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_listens(either, scheme):
    """A refused connection is the one failure that surely sent nothing: retry as you like."""
    with pytest.raises(NetworkError) as caught:
        either.exchange(post(f"{scheme}://127.0.0.1:{unused_port()}/"))

    assert re.search(r"cannot connect to 127\.0\.0\.1:\d+: \w+", str(caught.value))
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert (False, True) == (caught.value.maybe_accepted, caught.value.retryable)


def test_unknown_host(transport):
    """So is a name that does not resolve (RFC 6761: .invalid never does)."""
    with pytest.raises(NetworkError) as caught:
        transport.exchange(post("http://nobody.invalid/"))

    assert (False, True) == (caught.value.maybe_accepted, caught.value.retryable)


@pytest.mark.parametrize("own_session", [False, True])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_does_not_listen(transport, monkeypatch, scheme, own_session):
    """So is a proxy that cannot be reached."""
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{unused_port()}")
    if own_session:
        transport = RequestsTransport(requests.Session())

    with pytest.raises(NetworkError, match="through its proxy") as caught:
        transport.exchange(post(f"{scheme}://mail.example/"))
    transport.close()

    assert (False, True) == (caught.value.maybe_accepted, caught.value.retryable)


def closed(page, start=b""):
    """Hang up."""
    page.wfile.write(start)
    page.wfile.flush()
    page.close_connection = True
    page.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTT",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"nonsense\r\n\r\n",
    ],
    ids=["silent", "status line", "body", "chunk", "chunk size", "gzip", "nonsense"],
)
def test_connection_lost_once_written(site, transport, start):
    """Once the request was written, whatever breaks leaves in doubt whether it was carried out."""
    site.pages["/"] = lambda page: closed(page, start)

    with pytest.raises(NetworkError, match="the connection was lost") as caught:
        transport.exchange(post(f"{site.url}/"))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert 1 == len(site.seen)


@pytest.mark.parametrize(
    "options",
    [
        *(
            {"url": ""},
            {"url": "x"},
            {"url": "ftp://x/"},
            {"url": "http://"},
            {"url": "http://[x/"},
        ),
        *({"url": "http://x:999999/"}, {"url": "http://" + "a" * 70 + ".example/"}),
        *({"headers": {"X": "s3cret\r\nY: z"}}, {"headers": {"X\n": "s3cret"}}),
        *({"headers": {"X": "s3cret \u0101"}}, {"headers": {"X": 5}}, {"headers": {"": "s3cret"}}),
        *({"method": "PO ST"}, {"method": "P\r\nX: y"}, {"timeout_seconds": 0}),
        *({"timeout_seconds": -1}, {"connect_timeout_seconds": 0}),
        {"timeout_seconds": 0, "connect_timeout_seconds": 9},
    ],
    ids=str,
)
def test_requests_that_cannot_be_sent(site, transport, options):
    """They are refused before anything is sent, and the error repeats no header."""
    site.pages["/"] = lambda page: page.answer(200)

    with pytest.raises(NetworkError) as caught:
        transport.exchange(post(**{"url": f"{site.url}/", **options}))

    assert (False, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert "not a request that can be sent" in str(caught.value)
    assert "look for line breaks" in str(caught.value)
    assert [] == site.seen
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None or "s3cret" not in str(caught.value.__cause__)


def test_certificate_bundle_that_is_not_there(transport, monkeypatch):
    """A fault of this machine's set-up is an error of the same family."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "no-such-file")

    with pytest.raises(NetworkError) as caught:
        transport.exchange(post("https://127.0.0.1:1/"))

    assert (False, False) == (caught.value.maybe_accepted, caught.value.retryable)


def test_connections_are_reused(site, transport):
    """One connection serves requests one after another, also after a refusal."""
    peers = []

    def page(page):
        peers.append(page.client_address)
        page.answer(400 if len(peers) == 2 else 200, b"x")

    site.pages["/"] = page

    for _ in range(3):
        transport.exchange(post(f"{site.url}/"))

    assert 1 == len(set(peers))


def test_threads_share_it(site, transport):
    """Several threads send at once."""
    together = threading.Barrier(4, timeout=10)

    def page(page):
        together.wait()
        page.answer(200, page.path.encode())

    for number in range(4):
        site.pages[f"/{number}"] = page
    bodies = {}

    def exchange(number):
        bodies[number] = transport.exchange(post(f"{site.url}/{number}")).body

    threads = [threading.Thread(target=exchange, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {number: f"/{number}".encode() for number in range(4)} == bodies


@pytest.mark.parametrize(("wanted", "kept"), [((), 1), ((4,), 4), ((4, 2), 4)])
def test_connections_for_those_who_send_at_once(site, wanted, kept):
    """As many as the widest wants stay open; the others are made anew."""
    peers = []
    together = threading.Barrier(4, timeout=10)

    def page(page):
        peers.append(page.client_address)
        together.wait()
        page.answer(200)

    site.pages["/"] = page
    transport = HttpTransport(pool_size=1)
    for connections in wanted:
        transport.at_least(connections)

    for _ in range(2):
        threads = [
            threading.Thread(target=transport.exchange, args=[post(f"{site.url}/")])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    transport.close()

    assert 8 - kept == len(set(peers))


def test_a_session_of_your_own_is_used_as_it_is(site):
    """Whoever brings a session decides about it."""
    session = requests.Session()
    session.headers["X-Own"] = "1"
    site.pages["/"] = lambda page: page.answer(302, Location="/other")
    transport = RequestsTransport(session)

    response = transport.exchange(post(f"{site.url}/"))
    transport.close()

    assert ["1"] == [seen["headers"]["x-own"] for seen in site.seen]
    assert 302 == response.status_code


@pytest.mark.parametrize(
    ("variables", "through"),
    [
        ({"http_proxy": "{proxy}"}, True),
        ({"HTTP_PROXY": "{proxy}"}, True),
        ({"all_proxy": "{proxy}"}, True),
        ({"http_proxy": "{host}"}, True),
        ({"https_proxy": "{proxy}"}, False),
        ({"http_proxy": "{proxy}", "no_proxy": "mail.test"}, False),
        ({"http_proxy": "{proxy}", "no_proxy": ".test"}, False),
        ({"http_proxy": "{proxy}", "no_proxy": "other.test"}, True),
        ({"http_proxy": "{proxy}", "NO_PROXY": "*"}, False),
        ({"all_proxy": "{proxy}", "http_proxy": ""}, True),
    ],
    ids=str,
)
def test_proxies_of_the_environment(site, either, monkeypatch, variables, through):
    """The variables mean what they mean to requests."""
    site.pages["http://mail.test/a"] = lambda page: page.answer(200, b"by a proxy")
    for name, value in variables.items():
        host = site.url.partition("//")[2]
        monkeypatch.setenv(name, value.format(proxy=site.url, host=host))

    if through:
        assert b"by a proxy" == either.exchange(post("http://mail.test/a")).body
        assert "proxy-authorization" not in site.seen[0]["headers"]
    else:
        with pytest.raises(NetworkError, match=r"connect to mail\.test:80"):
            either.exchange(post("http://mail.test/a"))


def test_the_mailbox_of_a_redirect_needs_no_proxy(site, either, monkeypatch):
    """It is on this machine, whatever the variables say; other hosts are reached as ever."""
    site.pages["/a"] = lambda page: page.answer(200, b"without")
    monkeypatch.setenv("MAILCORE_REDIRECT", site.url)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")

    if not isinstance(either, RequestsTransport):
        assert b"without" == either.exchange(post(f"{site.url}/a")).body
    with pytest.raises(NetworkError, match="through its proxy"):
        either.exchange(post("http://mail.test/a"))


def test_credentials_of_a_proxy(site, either, monkeypatch):
    """Those of its URL, decoded: each proxy gets its own, and no host."""
    site.pages["http://mail.test/a"] = lambda page: page.answer(200)
    monkeypatch.setenv("http_proxy", site.url.replace("//", "//me:p%40ss@"))

    either.exchange(post("http://mail.test/a", headers={"X-Key": "k"}))

    assert "Basic bWU6cEBzcw==" == site.seen[0]["headers"]["proxy-authorization"]
    assert "k" == site.seen[0]["headers"]["x-key"]
