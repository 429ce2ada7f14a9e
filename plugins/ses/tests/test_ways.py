"""Two ways to send: our own HTTP and boto3 say the same, and boto3 keeps what only it knows."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import socket
import subprocess
import sys
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client
import botocore.handlers
import pytest

from botocore import xform_name
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AsyncMailer,
    Attachment,
    AuthenticationFailed,
    ConfigurationError,
    MailcoreError,
    Mailer,
    Message,
    SendError,
)
from mailcore_local.ses import LocalSes
from mailcore_ses import SesProvider
from mailcore_ses.aws import AwsCall
from mailcore_ses.aws.transport import AwsTransport, ClientSettings
from mailcore_ses.aws.way import endpoint_of, reason_now


HERE = __name__.partition(".")[0]
REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "AKIAINVENTED00000000", "aws_secret_access_key": "invented"}
CALL = AwsCall(
    service="sesv2",
    operation="SendEmail",
    params={"Content": {"Raw": {"Data": b"Subject: x\r\n\r\nHello\r\n"}}},
    is_valid=True,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Nothing of this machine's AWS, and no mock that another test left behind."""
    for name in (
        *("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "no-such-file")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    own = [each for each in botocore.handlers.BUILTIN_HANDLERS if each[0] != "before-send"]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", own)


class Server:
    """Reads requests, and answers each with the same octets."""

    def __init__(self) -> None:
        self.answer = b""
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def says(self, status: int, body: bytes, *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
        self.answer = "\r\n".join(lines).encode() + body

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reading:
            while reading.readline():
                headers = {}
                while line := reading.readline().strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = reading.read(int(headers.get("content-length", 0)))
                self.requests.append((headers, body))
                connection.sendall(self.answer)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all: making a client takes longer than a test."""
    made = Server()
    made.says(200, b'{"MessageId": "0107-1"}')
    yield made
    made.close()


@pytest.fixture(scope="module")
def both(server: Server) -> Iterator[dict[str, AwsTransport]]:
    """Transports to it, one of each way."""
    settings = ClientSettings(
        region_name=REGION, endpoint_urls={"sesv2": server.url}, session_parameters=KEYS
    )
    made = {way: AwsTransport(settings, way) for way in ("http", "boto3")}
    yield made
    for transport in made.values():
        transport.close()


def told(transport: AwsTransport, call: AwsCall = CALL) -> tuple[Any, ...]:
    """What whoever reads the answer sees of it."""
    try:
        answer = transport.exchange(call)
    except SendError as error:
        return type(error), error.maybe_accepted, error.retryable, error.status_code
    body = {name: value for name, value in answer.body.items() if name != "ResponseMetadata"}
    known = {k: v for k, v in body.items() if k in ("MessageId", "BulkEmailEntryResults")}
    return answer.status_code, answer.error_code, answer.error_message, known, answer.ok


ANSWERS = {
    "accepted": (200, b'{"MessageId": "0107-1"}'),
    "accepted, with more": (200, b'{"MessageId": "1", "New": {"a": [1]}}'),
    "nothing": (200, b""),
    "no JSON": (200, b"<html>ok</html>"),
    "accepted in no UTF-8": (200, b"\xff\xfe"),
    "accepted, but a list": (200, b'["0107-1"]'),
    "type in the header": (
        *(400, b'{"message": "no"}', "x-amzn-ErrorType: MessageRejected:http://internal/"),
    ),
    "type with a namespace": (400, b"{}", "X-Amzn-Errortype: com.amazonaws.ses#MessageRejected"),
    "type in the body": (400, b'{"__type": "com.amazonaws#TooMany:x", "Message": "Slow down"}'),
    "code": (429, b'{"code": "TooManyRequestsException", "message": null}'),
    "Code": (403, b'{"Code": "AccessDenied", "Message": "not yours"}'),
    "no type": (404, b'{"message": "gone"}'),
    "no object": (400, b'["MessageRejected"]'),
    "types in header and body": (
        *(400, b'{"__type": "a#b:c", "code": "d", "Code": "e"}', "x-amzn-ErrorType: f#g:h"),
    ),
    "types in the body": (400, b'{"__type": "a#b:c", "code": "d#e:f", "Code": "g"}'),
    "type in no text, and in the header": (
        *(400, b'{"__type": []}', "x-amzn-ErrorType: MessageRejected"),
    ),
    "type of words, and in the header": (
        *(400, b'{"__type": ["a#b"]}', "x-amzn-ErrorType: MessageRejected"),
    ),
    "type of signs, and in the header": (
        *(400, b'{"__type": ["#"]}', "x-amzn-ErrorType: MessageRejected"),
    ),
    "type in no text": (400, b'{"__type": ["a"], "message": "no"}'),
    "type of null": (400, b'{"__type": null, "message": "no"}'),
    "type of nothing": (400, b'{"__type": "", "message": "no"}'),
    "code of null": (400, b'{"__type": "a", "code": null, "Code": "b"}'),
    "code that is none": (400, b'{"code": {"a": 1}, "message": "no"}'),
    "both messages": (400, b'{"message": "a", "Message": "b"}'),
    "fault on a page": (500, b" <html>fault</html>"),
    "fault in words": (500, b"fault"),
    "fault in white space": (500, b" \n"),
    "unknown status": (599, b""),
    "a number": (400, b'{"code": 5, "message": 7}'),
    "words": (400, b"Bad request"),
    "words in no UTF-8": (400, b"\xff\xfe"),
    "empty": (400, b""),
    "firewall": (403, b"<html><h1>Blocked</h1></html>"),
    "gateway": (502, b"<html><body>Bad gateway</body></html>"),
    "gateway in capitals": (502, b"<HTML></HTML>"),
    "unavailable": (503, b"", "Retry-After: 7"),
    "fault": (500, b'{"message": "boom"}', "x-amzn-ErrorType: InternalFailure"),
    "redirect": (301, b"", "Location: http://127.0.0.1:1/"),
    "temporary redirect": (307, b'{"message": "there"}', "Location: http://127.0.0.1:1/"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers_are_read_as_boto3_reads_them(server, both, answer):
    """Status, code, message and what the operation returned; or the same error."""
    server.says(*answer)

    assert told(both["boto3"]) == told(both["http"])


@given(
    status=st.sampled_from([200, 400, 403, 404, 413, 429, 500, 502, 503]),
    body=st.binary(max_size=30)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["message", "Message", "code", "Code", "__type", "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=4,
    ).map(lambda value: json.dumps(value).encode()),
    error_type=st.none() | st.from_regex(r"\A[A-Za-z#:./]{1,20}\Z"),
)
def test_any_refusal_is_read_as_boto3_reads_it(server, both, status, body, error_type):
    """Whatever stands before SES answers as it likes."""
    server.says(status, body, *([f"x-amzn-ErrorType: {error_type}"] if error_type else []))

    expected, found = told(both["boto3"]), told(both["http"])

    assert expected[:2] == found[:2]
    assert status < 300 or str(expected[2] or "") == found[2]


@pytest.mark.parametrize(
    "fault",
    [
        *("throttle", "error500", "sending_rate", "reset", "reset_after_accept"),
        "error:AccountSuspendedException",
        pytest.param("hang", marks=pytest.mark.slow),
        pytest.param("hang_after_accept", marks=pytest.mark.slow),
    ],
)
def test_faults_mean_the_same(fault):
    """Whether a mail may be on its way does not depend on who sent it; nothing is sent again."""
    found = []
    with LocalSes(region_name=REGION) as local:
        settings = ClientSettings(
            region_name=REGION,
            endpoint_urls={"sesv2": local.url},
            session_parameters=KEYS,
            read_timeout_seconds=0.3,
        )
        for way in ("boto3", "http"):
            local.faults.script(fault, "ok")
            transport = AwsTransport(settings, way)
            before = len(local.messages)
            found.append((*told(transport), len(local.messages) - before))
            assert ["ok"] == local.faults.snapshot()["requests"]
            local.faults.clear()
            transport.close()

    assert found[0] == found[1]


MESSAGES = {
    "raw": Message(
        from_email="shop@example.com", to=["ada@example.net"], subject="Grüße", text="t"
    ),
    "batch": Message(
        from_email="shop@example.com",
        to=["ada@example.net", "bob@example.net"],
        template_id="t",
        merge_data={"ada@example.net": {"n": 'Ada "ü"'}},
        merge_global_data={"shop": "x"},
        metadata={"order": "7"},
    ),
    "template": Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        template_id="t",
        merge_global_data={"n": "Ada"},
        tags=["welcome"],
    ),
    "attachment": Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        subject="s",
        html="<p>h</p>",
        attachments=[Attachment("a.bin", bytes(range(256)), "application/octet-stream")],
    ),
}


@pytest.mark.parametrize("content", ["raw", "simple"])
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_the_same_goes_out(server, message, content):
    """The same JSON at the same address, with a signature; only the order of names may differ."""
    server.says(200, b'{"MessageId": "1", "BulkEmailEntryResults": []}')
    options = {"region_name": REGION, "endpoint_url": server.url, "content": content}
    provider = SesProvider(session_parameters=KEYS, **options)
    (call,) = provider.build(message)
    seen = []
    for way in ("http", "boto3"):
        transport = AwsTransport(
            ClientSettings(
                region_name=REGION, endpoint_urls={"sesv2": server.url}, session_parameters=KEYS
            ),
            way,
        )
        server.requests.clear()
        transport.exchange(call)
        transport.close()
        (request,) = server.requests
        seen.append(request)
    (ours, our_body), (theirs, their_body) = seen

    assert json.loads(their_body) == json.loads(our_body)
    assert "boto3" in theirs["user-agent"]
    assert "boto3" not in ours["user-agent"]
    for headers in ours, theirs:
        assert headers["authorization"].startswith(
            f"AWS4-HMAC-SHA256 Credential={KEYS['aws_access_key_id']}/"
        )
        assert f"/{REGION}/ses/aws4_request" in headers["authorization"]
        assert "application/json" == headers["content-type"]


@contextmanager
def wrapped(name: str) -> Iterator[None]:
    """A method in a wrapper, as instrumentation has it."""
    original = getattr(botocore.client.BaseClient, name)

    @functools.wraps(original)
    def around(*args: Any, **named: Any) -> Any:
        return original(*args, **named)

    with patch.object(botocore.client.BaseClient, name, around):
        yield


@contextmanager
def answering() -> Iterator[None]:
    """A handler among botocore's own that answers calls, as moto puts one there."""
    handlers = [*botocore.handlers.BUILTIN_HANDLERS, ("before-send", Server())]
    with patch.object(botocore.handlers, "BUILTIN_HANDLERS", handlers):
        yield


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (lambda: wrapped("_make_api_call"), r"BaseClient\._make_api_call is replaced"),
        (lambda: wrapped("__init__"), r"BaseClient\.__init__ is replaced"),
        (lambda: patch("botocore.client.BaseClient._make_api_call"), "_make_api_call is replaced"),
        (lambda: patch("botocore.httpsession.URLLib3Session.send"), "URLLib3Session.send is"),
        (lambda: patch("boto3.session.Session"), "boto3.session.Session is replaced"),
        (lambda: patch("boto3.session.Session.client"), r"Session\.client is replaced"),
        (answering, "answers the calls of boto3"),
    ],
    ids=["wrapped call", "wrapped client", "call", "HTTP", "session", "client", "moto"],
)
def test_what_is_hooked_into_boto3_is_not_passed_by(hook, told):
    """Mocks and instrumentation get every call, for as long as they are there."""
    provider = SesProvider(region_name=REGION, session_parameters=KEYS)
    forced = SesProvider(region_name=REGION, session_parameters=KEYS, send_with="http")

    assert "http" == provider.sends_with
    with hook():
        assert re.search(told, provider.sends_with)
        assert "http" == forced.sends_with
    assert "http" == provider.sends_with


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_stubber_of_the_own_client_answers(message):
    """Whoever hooks something into the provider's client gets what is sent, in a batch as well."""
    provider = SesProvider(region_name=REGION, session_parameters=KEYS)
    client = provider.client
    assert "http" == provider.sends_with
    (call,) = provider.build(message)
    answer = {"MessageId": "stubbed"}
    if call.operation == "SendBulkEmail":
        results = [{"Status": "SUCCESS", "MessageId": "stubbed"}] * len(message.recipients)
        answer = {"BulkEmailEntryResults": results}

    with Stubber(client) as stubber, Mailer(provider) as mailer:
        stubber.add_response(xform_name(call.operation), answer)
        result = mailer.send(message)
        stubber.assert_no_pending_responses()

    assert {"stubbed"} == set(result.message_ids)
    assert "boto3, since a handler is registered with its client" == provider.sends_with


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"send_with": "boto3"}, "send_with is 'boto3'"),
        ({"client_parameters": {"verify": False}}, "client_parameters has verify"),
        ({"client_parameters": {"config": {"proxies": {}}}}, "client_parameters has config"),
        ({"session_parameters": {"botocore_session": None}}, "session_parameters has botocore"),
        ({"session": boto3.session.Session(region_name=REGION)}, "a session is given"),
        ({"client": boto3.client("sesv2", region_name=REGION, **KEYS)}, "a client is given"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_only_boto3_knows_is_left_to_it(options, told):
    """The provider says who sends, and why."""
    provider = SesProvider(**options)

    assert provider.sends_with.startswith(f"boto3, since {told}")
    if "send_with" not in options:
        with pytest.raises(ConfigurationError, match="send_with='http' cannot be kept"):
            SesProvider(send_with="http", **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_CA_BUNDLE", "bundle.pem"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:4566"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "True"),
        ("AWS_DATA_PATH", "models"),
        ("AWS_AUTH_SCHEME_PREFERENCE", "sigv4a"),
        ("AWS_SIGV4A_SIGNING_REGION_SET", "*"),
    ],
)
def test_what_the_environment_says_to_boto3_holds(monkeypatch, name, value):
    """Whatever of AWS's variables we do not read ourselves, boto3 does."""
    provider = SesProvider(region_name=REGION, session_parameters=KEYS)
    monkeypatch.setenv(name, value)

    assert f"boto3, since {name} is set" in provider.sends_with


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_CA_BUNDLE": "bundle.pem", "REQUESTS_CA_BUNDLE": "bundle.pem"},
        {"AWS_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": "bundle.pem"},
        {"AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "0"},
        {"AWS_ENDPOINT_URL": "", "AWS_DATA_PATH": ""},
        {"AWS_PROFILE": "a", "AWS_REGION": "b", "AWS_MAX_ATTEMPTS": "9"},
    ],
    ids=str,
)
def test_what_the_environment_says_to_both(monkeypatch, variables):
    """What is switched off, or what our own HTTP goes by as well, asks for nobody."""
    provider = SesProvider(region_name=REGION, session_parameters=KEYS)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert "http" == provider.sends_with


@pytest.mark.parametrize(
    ("variables", "content", "is_boto3"),
    [
        ({}, b"[default]\nca_bundle = a.pem\n", True),
        ({}, b"[default]\n\xff\xfe = a\nservices = s\n", True),
        ({"AWS_CONFIG_FILE": ""}, b"[default]\nservices = s\n", True),
        ({"AWS_CONFIG_FILE": "~/another"}, b"[default]\nservices = s\n", False),
        ({"AWS_CONFIG_FILE": "~nobody-of-this-name/a"}, b"[default]\nservices = s\n", False),
        ({}, b"[default]\nregion = a\n# services = s\nmy_services = s\n", False),
    ],
)
def test_the_configuration_file_is_where_boto3_looks(
    monkeypatch, tmp_path, variables, content, is_boto3
):
    """In the home directory, unless a variable says otherwise; what cannot be read says nothing."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_bytes(content)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_CONFIG_FILE")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    told = SesProvider(region_name=REGION, session_parameters=KEYS).sends_with

    assert is_boto3 == told.startswith("boto3, since the configuration file of AWS has ")


def test_boto3_that_is_not_imported_is_not_hooked_into(monkeypatch):
    """Parts of it that are not there have not been replaced, whatever else is."""
    with wrapped("_make_api_call"):
        assert "is replaced" in reason_now()
        for name in [each for each in sys.modules if each.partition(".")[0] == "botocore"]:
            monkeypatch.delitem(sys.modules, name)
        assert "" == reason_now()


@pytest.mark.parametrize(
    ("owner", "name", "told"),
    [
        (botocore.client, "BaseClient", "botocore.client.BaseClient is replaced"),
        (botocore.client.BaseClient, "_make_request", "BaseClient._make_request is replaced"),
    ],
)
def test_a_part_of_boto3_that_is_gone(monkeypatch, owner, name, told):
    """Whoever took it away does what it did."""
    monkeypatch.delattr(owner, name)

    assert reason_now().endswith(told)


def test_functions_of_another_package(monkeypatch):
    """They are told by the directory of the package, whatever those above it are called."""
    monkeypatch.setattr(botocore.client, "__file__", "/client/botocore/client.py")

    assert "botocore.client.BaseClient.__init__ is replaced" == reason_now()


@pytest.mark.parametrize(
    "name", ["botocore.client", "botocore.session", "boto3.session", "botocore.handlers"]
)
def test_a_part_of_boto3_that_is_not_imported(monkeypatch, name):
    """The others are looked at all the same."""
    monkeypatch.delitem(sys.modules, name)

    assert "" == reason_now()
    with patch("botocore.httpsession.URLLib3Session.send"):
        assert "botocore.httpsession.URLLib3Session.send is replaced" == reason_now()


@pytest.mark.parametrize(
    ("event", "handler", "told"),
    [
        ("before-send", Server.__new__(Server), f"{HERE} answers the calls of boto3"),
        ("before-send.sesv2", lambda **_: None, f"{HERE} answers the calls of boto3"),
        (
            "before-send",
            type("Foreign", (), {"__module__": "a.b"})(),
            "a answers the calls of boto3",
        ),
        ("before-send", object(), "something answers the calls of boto3"),
        ("before-call", Server.__new__(Server), ""),
    ],
)
@pytest.mark.parametrize("behind", [0, 1, 19])
def test_handlers_that_answer(monkeypatch, event, handler, told, behind):
    """They are told by the package that they are of, wherever among the last they stand."""
    own = botocore.handlers.BUILTIN_HANDLERS
    more = [("after-call", None)] * behind
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*own, (event, handler), *more])

    assert told == reason_now()


@pytest.mark.parametrize(
    "line",
    ["ca_bundle = a.pem", "endpoint_url=http://x", "  use_fips_endpoint = true", "services = s"],
)
def test_what_the_configuration_file_says_to_boto3_holds(monkeypatch, tmp_path, line):
    """It is looked at as a whole: other profiles count, too."""
    path = tmp_path / "config"
    path.write_text(f"[default]\nregion = eu-west-1\n[profile a]\n{line}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))

    told = SesProvider(region_name=REGION, session_parameters=KEYS).sends_with

    assert f"the configuration file of AWS has {line.partition('=')[0].strip()}" in told


def test_regions_of_boto3():
    """Where SES is in each region that boto3 knows; of others we know nothing."""
    session = boto3.session.Session(**KEYS)
    found = {}
    for partition in session.get_available_partitions():
        for region_name in session.get_available_regions("sesv2", partition):
            client = session.client("sesv2", region_name=region_name)
            ours = endpoint_of(ClientSettings(), region_name)
            assert ours in (None, client.meta.endpoint_url), region_name
            found[region_name] = ours
            client.close()

    assert len([region for region, ours in found.items() if ours]) > 20
    assert "https://email.us-gov-west-1.amazonaws.com" == found["us-gov-west-1"]


@pytest.mark.parametrize("source", ["environment", "temporary", "profile", "process"])
def test_credentials_are_found_where_boto3_finds_them(monkeypatch, tmp_path, server, source):
    """In the environment, in files, and from a program that gives them for a while."""
    server.says(200, b'{"MessageId": "1"}')
    parameters = {}
    if source in ("environment", "temporary"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFOUND")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        if source == "temporary":
            monkeypatch.setenv("AWS_SESSION_TOKEN", "t0ken")
    elif source == "profile":
        path = tmp_path / "credentials"
        path.write_text("[other]\naws_access_key_id = AKIAFOUND\naws_secret_access_key = s\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        parameters = {"session_parameters": {"profile_name": "other"}}
    else:
        script = tmp_path / "give.py"
        given = {"Version": 1, "AccessKeyId": "AKIAFOUND", "SecretAccessKey": "s"}
        given |= {"SessionToken": "t0ken", "Expiration": "2099-01-01T00:00:00Z"}
        script.write_text(f"print({json.dumps(json.dumps(given))})")
        path = tmp_path / "config"
        path.write_text(
            f"[default]\nregion = eu-west-1\ncredential_process = {sys.executable} {script}\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    options = {"region_name": REGION, "endpoint_url": server.url, **parameters}
    if source == "process":
        del options["region_name"]
    server.requests.clear()

    with Mailer("ses", **options) as mailer:
        assert "http" == mailer.provider.sends_with
        mailer.send(MESSAGES["raw"])

    ((headers, _),) = server.requests
    assert "Credential=AKIAFOUND/" in headers["authorization"]
    assert (source in ("temporary", "process")) == ("x-amz-security-token" in headers)


@pytest.mark.parametrize(
    ("region_name", "told"), [(REGION, "no AWS credentials"), (None, "no AWS region")]
)
def test_what_is_missing_is_told_as_boto3_tells_it(monkeypatch, region_name, told):
    """The error is the same whoever was to send."""
    if region_name is None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    with Mailer("ses", region_name=region_name) as mailer, pytest.raises(SendError, match=told):
        mailer.send(MESSAGES["raw"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "[default]\naws_access_key_id = A\naws_secret_access_key =\n",
            "aws_secret_access_key in the",
        ),
        ("[default\n", "line 1 of"),
    ],
    ids=["empty", "broken"],
)
def test_what_is_wrong_with_the_file_of_credentials(monkeypatch, tmp_path, server, content, told):
    """Which file and what of it, without boto3 too; nothing is sent."""
    path = tmp_path / "credentials"
    path.write_text(content)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    server.requests.clear()

    with (
        Mailer("ses", region_name=REGION, endpoint_url=server.url) as mailer,
        pytest.raises(AuthenticationFailed, match="credentials") as caught,
    ):
        mailer.send(MESSAGES["raw"])

    assert told in str(caught.value)
    assert str(path) in str(caught.value)
    assert [] == server.requests


PROFILE = {"session_parameters": {"profile_name": "nobody"}}
SIGNED_ON = """
[default]
sso_session = a
sso_account_id = 1
sso_role_name = b
[sso-session a]
sso_region = eu-west-1
sso_start_url = https://sso.example
"""
UNUSABLE = {
    # variables, options, what stands in the file of credentials, in that of the configuration
    "no such profile": ({}, PROFILE, "", ""),
    "no such profile, which a variable names": ({"AWS_PROFILE": "nobody"}, {}, "", ""),
    "no such profile, of the region": (
        {"AWS_PROFILE": "nobody", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"},
        {"region_name": None},
        *("", ""),
    ),
    "half a pair": ({}, {}, "[default]\naws_access_key_id = A\n", ""),
    "a program that fails": ({}, {}, "", "[default]\ncredential_process = false\n"),
    "a program of which there is none": ({}, {}, "", "[default]\ncredential_process = no-such\n"),
    "signed on to nothing": ({}, {}, "", SIGNED_ON),
    "no file of AWS": ({}, {}, "[default\n", ""),
}


@pytest.mark.parametrize(
    ("variables", "options", "credentials", "configuration"), UNUSABLE.values(), ids=UNUSABLE
)
def test_what_cannot_be_used_is_told_as_boto3_tells_it(
    monkeypatch, tmp_path, server, variables, options, credentials, configuration
):
    """Credentials that botocore fails to find: typed, and nothing was sent."""
    for name, content in (("CONFIG", configuration), ("SHARED_CREDENTIALS", credentials)):
        path = tmp_path / name
        path.write_text(content)
        variables = {**variables, f"AWS_{name}_FILE": str(path)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    options = {"region_name": REGION, "endpoint_url": server.url, **options}
    server.requests.clear()

    def send(send_with: str) -> None:
        with Mailer("ses", send_with=send_with, **options) as mailer:
            mailer.send(MESSAGES["raw"])

    async def send_in_a_loop() -> None:
        async with AsyncMailer("ses", **options) as mailer:
            await mailer.send(MESSAGES["raw"])

    found = []
    for attempt in (
        lambda: send("boto3"),
        lambda: send("auto"),
        lambda: asyncio.run(send_in_a_loop()),
    ):
        with pytest.raises(MailcoreError) as caught:
            attempt()
        error = caught.value
        flags = [getattr(error, name, None) for name in ("category", "retryable", "maybe_accepted")]
        found.append((type(error), str(error), flags))

    assert "exchange" not in found[0][1]
    assert found[:1] * 2 == found[1:]
    assert [] == server.requests


def test_an_event_loop_sends_without_threads(server):
    """Where aiohttp is installed; what boto3 has to send goes in a thread."""
    server.says(200, b'{"MessageId": "7"}')
    options = {"region_name": REGION, "endpoint_url": server.url, "session_parameters": KEYS}
    before = set(threading.enumerate())

    async def main(**more: Any) -> tuple[str | None, list[str]]:
        async with AsyncMailer("ses", **options, **more) as mailer:
            result = await mailer.send(MESSAGES["raw"])
            names = [each.name for each in set(threading.enumerate()) - before]
            return result.message_id, [name for name in names if name.startswith("mailcore_")]

    assert ("7", []) == asyncio.run(main())
    assert ("7", ["mailcore_0"]) == asyncio.run(main(send_with="boto3"))


NOTHING_LEAVES = """
import socket
import boto3
from mailcore import Mailer, Message
from moto import mock_aws

mailer = Mailer("ses", region_name="eu-west-1")
message = Message(from_email="shop@example.com", to=["ada@example.net"], subject="s", text="t")
print(mailer.provider.sends_with == "http" or mailer.provider.sends_with)

def refuse(*args, **named):
    raise AssertionError("something leaves the process")

socket.getaddrinfo = socket.create_connection = refuse
with mock_aws():
    client = boto3.client("sesv2", region_name="eu-west-1")
    client.create_email_identity(EmailIdentity="shop@example.com")
    for each in (mailer, Mailer("ses", region_name="eu-west-1")):
        print(bool(each.send(message).message_id), each.provider.sends_with)
"""


@pytest.mark.slow
def test_nothing_leaves_the_process_under_moto():
    """Tests of users that mock AWS send no mail, whenever their mailer was made."""
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NOTHING_LEAVES],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "AWS_ACCESS_KEY_ID": "real",
            "AWS_SECRET_ACCESS_KEY": "real",
            "AWS_CONFIG_FILE": "no-such-file",
        },
    )

    lines = finished.stdout.splitlines()
    assert "" == finished.stderr
    assert lines[1:] == ["True boto3, since moto answers the calls of boto3"] * 2


def test_client_that_was_asked_for_sends(server):
    """Whoever has the client may hook into it, and sees each call from then on."""
    provider = SesProvider(region_name=REGION, endpoint_url=server.url, session_parameters=KEYS)
    assert "http" == provider.sends_with
    seen = []

    provider.client.meta.events.register("before-send.sesv2.SendEmail", lambda **_: seen.append(1))
    with Mailer(provider) as mailer:
        mailer.send(Message(from_email="a@x.org", to=["b@x.org"], subject="Hello", text="Hello"))

    assert provider.sends_with.startswith("boto3")
    assert [1] == seen
