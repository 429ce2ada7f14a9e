"""Whether a mail may be on its way is told truthfully, whatever the server does."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
import time
import traceback

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailcore import ConfigurationError, Mailer, Message, SendResult
from mailcore.errors import (
    AuthenticationFailed,
    MailcoreError,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore.flow import Exchange, run
from mailcore_ses import SesProvider
from mailcore_ses.aws import connections


Script = Callable[[socket.socket], None]
ACCEPTED = b'{"MessageId": "0107-1"}'
KEYS = {"aws_access_key_id": "AKIAINVENTED00000000", "aws_secret_access_key": "invented"}
COMPLETE = Message(from_email="shop@example.com", to=["ada@example.net"], subject="S", text="t")
BATCH = Message(
    from_email="shop@example.com", to=["ada@example.net"], template_id="t", merge_data={}
)


@pytest.fixture(autouse=True, scope="module")
def _surroundings():
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CA_BUNDLE"):
            environment.delenv(name, raising=False)
        environment.setenv("NO_PROXY", "127.0.0.1")
        environment.setenv("AWS_CONFIG_FILE", "no-such-file")
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer in one piece."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def says(*pieces: bytes) -> Script:
    """A server that answers a request with these bytes."""
    return lambda connection: connection.sendall(b"".join(pieces))


def raw(piece: bytes) -> Script:
    """A server that writes beside TLS."""

    def write(connection: socket.socket) -> None:
        os.write(connection.fileno(), piece)

    return write


@contextmanager
def server(*scripts: Script, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """
    A server that gives each request the next script; the last one again and again.

    A connection stays open as long as the client keeps it.
    """
    waiting = list(scripts)

    def talk(connection: socket.socket) -> None:
        connection.settimeout(10)
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            while read_request(connection):
                script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                script(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def listen() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def read_request(connection: socket.socket) -> bool:
    """Read one request; False if there is none any more."""
    received = b""
    while b"\r\n\r\n" not in received:
        some = connection.recv(65536)
        if not some:
            return False
        received += some
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    missing = sum(lengths) - len(body)
    while missing > 0:
        missing -= len(connection.recv(65536))
    return True


def hang_up(connection: socket.socket) -> None:
    """End the connection without a word."""
    connection.shutdown(socket.SHUT_RDWR)


def mailer(url: str, **options: object) -> Mailer:
    """A mailer to a server."""
    given = {"region_name": "eu-west-1", "endpoint_url": url, "session_parameters": KEYS}
    given |= {"read_timeout_seconds": 0.3, "connect_timeout_seconds": 0.3}
    return Mailer(SesProvider(**{**given, **options}))


class Told:
    """A server that says what it is told, and a mailer to it for each version of the API."""

    def __init__(self, url: str) -> None:
        self.says = b""
        self.hangs_up = False
        self.mailers = {
            "v2": mailer(url),
            "v2 by boto3": mailer(url, send_with="boto3"),
            "v1": mailer(url, api_version="v1"),
        }

    def talk(self, connection: socket.socket) -> None:
        connection.sendall(self.says)
        if self.hangs_up:
            hang_up(connection)


@pytest.fixture(scope="module")
def told():
    """One for all tests: making a client takes longer than a test."""
    made: list[Told] = []

    def talk(connection: socket.socket) -> None:
        made[0].talk(connection)

    with server(talk) as url:
        made.append(Told(url))
        yield made[0]


def failure(sending: Mailer, message: Message = COMPLETE) -> SendError:
    """The error of a send."""
    with pytest.raises(SendError) as caught:
        sending.send(message)
    return caught.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def tls(request, certificate):
    """TLS as a server speaks it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.maximum_version = request.param
    return context


@pytest.mark.parametrize(
    "script",
    [
        raw(b"\x15\x03\x03\x00\x02\x02\x28"),
        raw(b"\x17\x03\x03\x00\x05hello"),
        raw(answer(ACCEPTED)),
        hang_up,
    ],
    ids=["alert", "bad record", "plaintext", "hang up"],
)
def test_tls_fault_after_the_request(tls, certificate, script):
    """TLS that breaks once the request was read leaves open what became of the mail."""
    with server(script, context=tls) as url:
        error = failure(mailer(url, client_parameters={"verify": str(certificate)}))

    assert isinstance(error, NetworkError)
    assert (True, False) == (error.maybe_accepted, error.retryable)


def test_certificate_that_is_not_believed(tls):
    """Before the request nothing can have been accepted; the text says what is wrong and where."""
    with server(says(answer(ACCEPTED)), context=tls) as url:
        error = failure(mailer(url))

    assert (False, False) == (error.maybe_accepted, error.retryable)
    assert "self-signed certificate" in str(error).replace("self signed", "self-signed")
    assert f"{url.partition('://')[2]} (region eu-west-1)" in str(error)


def test_bundle_of_certificates_that_is_not_there(tls):
    """What cannot be verified with is named."""
    with server(says(answer(ACCEPTED)), context=tls) as url:
        error = failure(mailer(url, client_parameters={"verify": "/no/such/bundle"}))

    assert (False, False) == (error.maybe_accepted, error.retryable)
    assert "`verify`" in str(error)


@pytest.mark.slow
def test_tls_that_never_begins():
    """A server that does not speak TLS has read no mail."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        error = failure(mailer(f"https://127.0.0.1:{listening.getsockname()[1]}"))

    assert isinstance(error, SendTimeout)
    assert (False, True) == (error.maybe_accepted, error.retryable)


def test_accepted_over_tls(tls, certificate):
    """Without a fault a mail is accepted, and the next one over the same connection."""
    with server(says(answer(ACCEPTED)), context=tls) as url:
        sending = mailer(url, client_parameters={"verify": str(certificate)})

        assert ["0107-1"] * 2 == [sending.send(COMPLETE).message_id for _ in range(2)]


FRAMING = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\nContent-Length: 5\r\n\r\n" + ACCEPTED,
    "two lengths in one": b"HTTP/1.1 200 OK\r\nContent-Length: 23, 5\r\n\r\n" + ACCEPTED,
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -23\r\n\r\n" + ACCEPTED,
    "length in words": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + ACCEPTED,
    "negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"
    + ACCEPTED
    + b"\r\n0\r\n\r\n",
    "chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "no status": b"220 mail.example.com ESMTP\r\n\r\n",
    "no version": b"HTTP/7 200 OK\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + ACCEPTED,
    "interim answers only": b"HTTP/1.1 102 Processing\r\n\r\n" * 300,
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + ACCEPTED[:9],
    "wrong compression": answer(b"no gzip", "200 OK", "Content-Encoding: gzip"),
    "a no in a wrong frame": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n"
    b"Content-Length: 1\r\n\r\n{}",
}


@pytest.mark.parametrize("api_version", ["v2", "v2 by boto3", "v1"])
@pytest.mark.parametrize("given", FRAMING.values(), ids=FRAMING)
def test_malformed_framing(told, given, api_version):
    """An answer whose frame is broken leaves open what became of the mail."""
    told.says, told.hangs_up = given, True
    error = failure(told.mailers[api_version])

    assert (True, False) == (error.maybe_accepted, error.retryable)


BODIES = {
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"yes"',
    "true": b"true",
    "empty": b"",
    "blank": b" ",
    "object": b"{}",
    "truncated": b'{"MessageId": "0107',
    "deep": b"[" * 100_000,
    "deep in an object": b'{"MessageId": ' + b"[" * 100_000,
    "not UTF-8": b'{"MessageId": "\xff\xfe"',
    "HTML": b"<html><body>Hotel WLAN</body></html>",
    "id is null": b'{"MessageId": null}',
    "id is a number": b'{"MessageId": 5}',
    "id is a list": b'{"MessageId": ["0107"]}',
    "entries are a text": b'{"BulkEmailEntryResults": "x"}',
    "entries are a number": b'{"BulkEmailEntryResults": 5}',
    "entries are an object": b'{"BulkEmailEntryResults": {"a": 1}}',
    "entry is a text": b'{"BulkEmailEntryResults": ["x"]}',
    "entry is null": b'{"BulkEmailEntryResults": [null]}',
    "status is a list": b'{"BulkEmailEntryResults": [{"Status": ["SUCCESS"]}]}',
    "status is an object": b'{"BulkEmailEntryResults": [{"Status": {"a": 1}}]}',
    "XML": b"<SendRawEmailResponse><SendRawEmailResult/></SendRawEmailResponse>",
    "XML of an error": b"<ErrorResponse><Error><Code>x</Code></Error></ErrorResponse>",
    "other XML": b"<a><b>1</b></a>",
    "XML, truncated": b"<SendRawEmailResponse><SendRawEmailResult>",
    "XML with a nested id": b"<SendRawEmailResponse><SendRawEmailResult><MessageId><a/></MessageId>"
    b"</SendRawEmailResult></SendRawEmailResponse>",
    "XML without metadata": b"<SendRawEmailResponse xmlns='x'/>",
    "XML with an odd entry": b"<SendBulkTemplatedEmailResponse><SendBulkTemplatedEmailResult>"
    b"<Status><member>x</member></Status></SendBulkTemplatedEmailResult>"
    b"</SendBulkTemplatedEmailResponse>",
    "deep XML": b"<a>" * 20_000,
}


@pytest.mark.parametrize("api_version", ["v2", "v2 by boto3", "v1"])
@pytest.mark.parametrize("message", [COMPLETE, BATCH], ids=["send", "bulk"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_success_that_cannot_be_read(told, body, message, api_version):
    """A status of success, with whatever body, may mean that the mail is on its way."""
    told.says, told.hangs_up = answer(body), False
    (outcome,) = told.mailers[api_version].send_many([message])
    if isinstance(outcome, SendResult):
        (status,) = outcome.recipients.values()
        assert (False, True) == (status.accepted, status.maybe_accepted)
    else:
        assert UnexpectedResponse is type(outcome)
        assert "fault" != outcome.category
        assert (True, False) == (outcome.maybe_accepted, outcome.retryable)


REFUSALS = {
    **BODIES,
    "message is a list": b'{"message": ["a"]}',
    "message is a number": b'{"message": 5}',
    "message is null": b'{"message": null}',
    "message is an object": b'{"message": {"a": [1]}}',
    "type is a list": b'{"__type": ["a"], "message": "x"}',
    "type is a number": b'{"__type": 5}',
    "XML error without a code": b"<ErrorResponse><Error/></ErrorResponse>",
    "XML error of text": b"<ErrorResponse><Error>no</Error></ErrorResponse>",
    "XML error twice": b"<ErrorResponse><Error><Code>a</Code></Error><Error/></ErrorResponse>",
    "XML code with parts": b"<ErrorResponse><Error><Code><a/><b/></Code></Error></ErrorResponse>",
}


REFUSED = {
    "400 Bad Request": MessageRejected,
    "403 Forbidden": AuthenticationFailed,
    "429 Too Many Requests": RateLimited,
    "503 Service Unavailable": ProviderUnavailable,
}


@pytest.mark.parametrize("api_version", ["v2", "v2 by boto3", "v1"])
@pytest.mark.parametrize("body", REFUSALS.values(), ids=REFUSALS)
def test_refusal_in_any_words(told, body, api_version):
    """The status says no, whoever wrote the body: a mail that is refused is not on its way."""
    found = {}
    for status in REFUSED:
        told.says, told.hangs_up = answer(body, status), False
        (error,) = told.mailers[api_version].send_many([COMPLETE])
        assert isinstance(error, SendError), status
        found[status] = type(error), error.maybe_accepted, error.status_code

    assert {status: (kind, False, int(status[:3])) for status, kind in REFUSED.items()} == found


@pytest.mark.parametrize("api_version", ["v2", "v2 by boto3", "v1"])
@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b'{"message": "x"}'])
@pytest.mark.parametrize("status_code", [500, 502, 504])
def test_gateway(told, status_code, body, api_version):
    """What stands before SES does not know what SES did."""
    told.says, told.hangs_up = answer(body, f"{status_code} Error"), False
    error = failure(told.mailers[api_version])

    assert ProviderUnavailable is type(error)
    assert (True, False) == (error.maybe_accepted, error.retryable)


@pytest.mark.parametrize("interim", ["103 Early Hints", "102 Processing", "100 Continue", "199 x"])
def test_interim_answers(interim):
    """An interim answer is not the answer, and the answer is not that of the next mail."""
    early = f"HTTP/1.1 {interim}\r\nLink: </x>\r\n\r\n".encode()
    script = says(early, early, answer(ACCEPTED))
    with server(script, says(answer(b'{"MessageId": "0107-2"}'))) as url:
        sending = mailer(url)

        assert ["0107-1", "0107-2"] == [sending.send(COMPLETE).message_id for _ in range(2)]


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "options", [{}, {"send_with": "boto3"}, {"api_version": "v1"}], ids=["v2", "v2 by boto3", "v1"]
)
def test_redirects_are_not_followed(status_code, options):
    """301, 307 and 308 refuse; after 302 and 303 nobody knows. None is followed."""
    moved = answer(b"", f"{status_code} Moved", "Location: /elsewhere")
    with server(says(moved), says(answer(ACCEPTED))) as url:
        error = failure(mailer(url, **options))

    assert (status_code in (302, 303)) is error.maybe_accepted
    assert "endpoint_url" in str(error)


def test_second_answer_is_not_that_of_the_next_mail():
    """Bytes beyond an answer end its connection."""
    twice = says(answer(ACCEPTED) + answer(b'{"MessageId": "stale"}'))
    with server(twice, says(answer(b'{"MessageId": "0107-2"}'))) as url:
        sending = mailer(url)

        assert ["0107-1", "0107-2"] == [sending.send(COMPLETE).message_id for _ in range(2)]


@pytest.mark.slow
def test_slow_upload_of_a_large_mail():
    """Writing a large mail has a bound of its own: not that of connecting, which is over."""
    text = "t" * 3_000_000
    large = Message(from_email="shop@example.com", to=["a@example.net"], subject="S", text=text)
    begun, looked_away = threading.Event(), threading.Event()

    def read_late() -> None:
        connection, _ = listening.accept()
        with connection:
            begun.set()
            looked_away.wait(0.4)  # nobody sets it: what the connection buffers is full meanwhile
            read_request(connection)
            connection.sendall(answer(ACCEPTED))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        thread = threading.Thread(target=read_late)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        assert "0107-1" == mailer(url, connect_timeout_seconds=0.1).send(large).message_id
        thread.join(10)

    assert begun.is_set()


def drip(connection: socket.socket) -> None:
    """Send an answer of a thousand bytes, one at a time, as long as somebody reads it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    given_up = threading.Event()
    while not given_up.wait(0.05):
        connection.sendall(b" ")


def drip_headers(connection: socket.socket) -> None:
    """Never come to the end of the headers."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    given_up = threading.Event()
    while not given_up.wait(0.05):
        connection.sendall(b"x")


@pytest.mark.slow
@pytest.mark.parametrize("script", [drip, drip_headers])
@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "TLS"])
def test_answer_that_drips(certificate, script, is_encrypted):
    """The whole answer has a bound, whatever comes of it."""
    context = None
    if is_encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with server(script, context=context) as url:
        sending = mailer(url, client_parameters={"verify": str(certificate)})
        begun = time.monotonic()
        error = failure(sending)

    assert 5 > time.monotonic() - begun
    assert SendTimeout is type(error)
    assert (True, False) == (error.maybe_accepted, error.retryable)


@pytest.mark.parametrize(
    "keys",
    [
        {"aws_access_key_id": "AKIA\n"},
        {"aws_access_key_id": "AKIA\r\nX: y"},
        {"aws_session_token": "to\nken"},
        {"aws_session_token": "to\r\nken"},
    ],
)
def test_credentials_that_no_header_can_hold(keys):
    """Nothing left the machine; the error shows none of them."""
    with server(says(answer(ACCEPTED))) as url:
        error = failure(mailer(url, session_parameters={**KEYS, **keys}))

    assert not error.maybe_accepted
    shown = "".join(traceback.format_exception(error))
    assert not any(value in shown for value in keys.values())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"endpoint_url": "notaurl"}, "endpoint_url"),
        ({"endpoint_url": "ftp://127.0.0.1"}, "endpoint_url"),
        ({"endpoint_url": "https://"}, "endpoint_url"),
        ({"endpoint_url": "https://a b.example"}, "endpoint_url"),
        ({"endpoint_url": "https://x:port/"}, "endpoint_url"),
        ({"sns_endpoint_url": "notaurl"}, "sns_endpoint_url"),
        ({"region_name": "eu west-1"}, "region_name"),
        ({"region_name": " eu-west-1"}, "region_name"),
        ({"region_name": ""}, "region_name"),
        ({"client_parameters": {"regoin_name": "x"}}, "regoin_name.*did you mean 'region_name'"),
        ({"client_parameters": {"endpoint_url": "notaurl"}, "endpoint_url": None}, "endpoint"),
        ({"client_parameters": {"config": {"read_timeuot": 3}}}, "read_timeuot"),
        ({"client_parameters": {"config": "x"}}, "config"),
        ({"client_parameters": {"config": {"read_timeout": "x"}}}, "client_parameters"),
        ({"session_parameters": {"profile": "x"}}, "session_parameters has no 'profile'"),
    ],
)
def test_settings_that_make_no_client(options, named):
    """A wrong option is named, when the provider is made or at the first send."""
    given = {
        "endpoint_url": "https://127.0.0.1:1",
        "region_name": "eu-west-1",
        "session_parameters": KEYS,
    }
    with pytest.raises(MailcoreError, match=named) as caught:
        Mailer(SesProvider(**{**given, **options})).send(COMPLETE)

    assert not getattr(caught.value, "maybe_accepted", False)


@pytest.mark.parametrize("option", ["session", "client"])
def test_class_instead_of_an_instance(option):
    """A session or client must be made by the caller."""
    import boto3

    with pytest.raises(ConfigurationError, match=f"{option}.*instance"):
        SesProvider(**{option: boto3.session.Session})


def test_client_of_another_service(local_ses):
    """A client that cannot send is refused with what is needed."""
    import boto3

    with pytest.raises(ConfigurationError, match="sesv2"):
        SesProvider(client=boto3.client("s3", region_name="eu-west-1"))


def test_invalid_parameters_with_lines():
    """Values stay out of the text and of the chain of exceptions, however they are written."""
    secret = 'ada.lovelace@example.net\nUnknown parameter in x: "y", Invalid ada'
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        subject="S",
        text="t",
        esp_extra={"ses": {"FeedbackForwardingEmailAddressIdentityArn": [secret]}},
    )
    with server(says(answer(ACCEPTED))) as url:
        error = failure(mailer(url), message)

    shown = "".join(traceback.format_exception(error))
    assert "FeedbackForwardingEmailAddressIdentityArn" in str(error)
    assert "lovelace" not in shown
    assert not error.maybe_accepted


def test_no_such_host():
    """A name that leads nowhere is told with its region."""
    error = failure(mailer("https://email.no-such-host.invalid"))

    assert "email.no-such-host.invalid:443 (region eu-west-1)" in str(error)
    assert (False, True) == (error.maybe_accepted, error.retryable)


def proxied(url: str) -> Mailer:
    """A mailer to AWS, through a proxy."""
    config = {"proxies": {"https": url}}
    return mailer("https://email.eu-west-1.amazonaws.com", client_parameters={"config": config})


@pytest.mark.parametrize(
    "script",
    [says(b"HTTP/1.1 403 Forbidden\r\n\r\n"), says(b"HTTP/1.1 502 Bad\r\n\r\n"), hang_up],
    ids=["403", "502", "hangs up"],
)
def test_proxy_that_makes_no_connection(script):
    """What a proxy is told to connect is no request: SES has not got any."""
    with server(script) as url:
        error = failure(proxied(url))

    assert isinstance(error, NetworkError)
    assert not error.maybe_accepted
    assert "email.eu-west-1.amazonaws.com:443" in str(error)


def test_proxy_that_is_not_there():
    """Nothing was sent, and the text says that there is a proxy."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    error = failure(proxied(url))

    assert "through the proxy" in str(error)
    assert (False, True) == (error.maybe_accepted, error.retryable)


def test_connections_that_cannot_be_watched(monkeypatch, caplog):
    """With a botocore that has other connections, only what is certain is told as not accepted."""
    monkeypatch.setattr("mailcore_ses.aws.connections.watch", lambda _: False)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with server(hang_up) as url:
        by_boto3 = {"send_with": "boto3"}
        lost, refused = failure(mailer(url, **by_boto3)), failure(mailer(nobody, **by_boto3))
        broken = {**KEYS, "aws_access_key_id": "A\n"}
        unwritten = failure(mailer(url, session_parameters=broken, **by_boto3))

    assert [True, False, True] == [e.maybe_accepted for e in (lost, refused, unwritten)]
    assert "other connections" in caplog.text


def test_watching_fits_this_botocore(told):
    """The attributes that it takes are there."""
    assert connections.watch(told.mailers["v2"].provider.client)


def test_region_of_the_environment(monkeypatch):
    """A region that can be none is told as such, wherever it came from."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu west-1")
    sending = Mailer(SesProvider(session_parameters=KEYS))

    error = failure(sending)

    assert "region" == error.category
    assert "AWS_DEFAULT_REGION" in str(error)


@pytest.mark.parametrize(("script", "began"), [(hang_up, True), (None, False)])
def test_progress_of_an_exchange(script, began):
    """Whoever is cut off knows whether writing began."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with server(script or hang_up) as open_url:
        provider = mailer(open_url if script else url).provider
        (call,) = provider.build(COMPLETE)
        exchange = Exchange(call)

        def flow():
            yield exchange

        with pytest.raises(NetworkError):
            run(flow(), provider.create_transport())

    assert began is exchange.progress.began
