"""Sessions of AWS's library: shared by all who would make the same, and by nobody else."""

from __future__ import annotations

import os
import re
import threading

from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.handlers
import pytest

from mailcore import Mailer, Message
from mailcore_ses.aws import sessions
from mailcore_ses.aws.sessions import MAX_SESSIONS, shared_session


MAIL = Message(from_email="a@example.com", to=["b@example.net"], subject="Hello", text="Hello")


class Recording(ThreadingHTTPServer):
    """Accepts every mail, and notes the heads of the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Accepting)
        self.heads: list[Any] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Accepting(BaseHTTPRequestHandler):
    """The answer of SES to a mail."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heads.append(self.headers)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"MessageId": "1"}')

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def recording():
    """A server that takes all mail."""
    with Recording() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


class Made:
    """A session that does nothing."""

    def __init__(self, **parameters: object) -> None:
        self.parameters = parameters


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """An environment of this test, and no session of another."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FIRST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-first")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(sessions, "_kept", {})


def test_shared_by_all_who_ask_for_the_same():
    """The same parameters in the same surroundings make one session."""
    parameters = {"profile_name": None, "region_name": "eu-west-1"}

    assert shared_session(Made, parameters) is shared_session(Made, dict(parameters))


HOOK = ("before-send", lambda **_: None)
CHANGES = {
    "a variable more": lambda set_, _: set_.setenv("AWS_SESSION_TOKEN", "another"),
    "another key": lambda set_, _: set_.setenv("AWS_ACCESS_KEY_ID", "SECOND"),
    "a variable less": lambda set_, _: set_.delenv("AWS_SECRET_ACCESS_KEY"),
    "another home": lambda set_, path: set_.setenv("HOME", str(path)),
    "configuration": lambda _, path: (path / "config").write_text("[default]\n"),
    "credentials": lambda _, path: (path / "credentials").write_text("[default]\n"),
    "another process": lambda set_, _: set_.setattr(sessions, "_process_id", -1),
    "a hook": lambda set_, _: set_.setattr(
        botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, HOOK]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_surroundings_makes_another(monkeypatch, tmp_path, change):
    """What a session may have read, and is not so any more, is read by a new one."""
    before = shared_session(Made, {})
    change(monkeypatch, tmp_path)

    assert before is not shared_session(Made, {})


@pytest.mark.parametrize(
    "parameters", [{"region_name": "eu-west-2"}, {"profile_name": "a"}, {"aws_session_token": "t"}]
)
def test_other_parameters_make_another(parameters):
    """Each set of parameters has a session of its own."""
    assert shared_session(Made, {}) is not shared_session(Made, parameters)


def test_what_is_no_text_is_not_shared():
    """A botocore session that a caller gives belongs to that caller."""
    parameters = {"botocore_session": object()}

    assert shared_session(Made, parameters) is not shared_session(Made, parameters)


def test_another_class_makes_another():
    """A class that a test puts in the place of boto3's gets to make a session."""

    class Other(Made):
        pass

    assert shared_session(Made, {}) is not shared_session(Other, {})


def test_few_are_kept():
    """A program that goes through many accounts does not keep a session of each."""
    first = shared_session(Made, {"region_name": "0"})
    for number in range(1, MAX_SESSIONS + 1):
        shared_session(Made, {"region_name": str(number)})

    assert MAX_SESSIONS == len(sessions._kept)
    assert first is not shared_session(Made, {"region_name": "0"})


def test_secrets_are_not_kept_as_keys():
    """Who prints what is kept sees nothing of a secret."""
    shared_session(Made, {"aws_secret_access_key": "secret-of-parameters"})

    assert "secret-of" not in repr(sessions._kept)


def test_threads_get_the_same():
    """Threads that ask at once wait for the one that makes it."""
    barrier = threading.Barrier(8)

    def ask(_: int) -> object:
        barrier.wait(10)
        return shared_session(Made, {})

    with ThreadPoolExecutor(8) as threads:
        assert 1 == len({id(each) for each in threads.map(ask, range(8))})


def test_mailers_share_a_session(local_ses):
    """Two mailers that boto3 sends for have clients of one session."""
    options = {"region_name": "eu-west-1", "endpoint_url": local_ses.url, "send_with": "boto3"}
    with Mailer("ses", **options) as one, Mailer("ses", **options) as other:
        one.send(MAIL)
        other.send(MAIL)

    assert 1 == len(sessions._kept)


@pytest.mark.parametrize("way", ["boto3", "http"])
def test_no_mailer_signs_with_anothers_credentials(monkeypatch, recording, way):
    """Who changes the environment between two mailers sends as another with the second."""
    for key in ("FIRST", "SECOND"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        with Mailer("ses", region_name="eu-west-1", endpoint_url=recording.url, send_with=way) as m:
            m.send(MAIL)

    keys = [re.search(r"Credential=(\w+)/", each["Authorization"])[1] for each in recording.heads]
    assert ["FIRST", "SECOND"] == keys


def test_profiles_have_credentials_of_their_own(recording, tmp_path, monkeypatch):
    """Two profiles of one file are two accounts, and stay that when a mailer is made per call."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "credentials").write_text(
        "[one]\naws_access_key_id = ONE\naws_secret_access_key = s\n"
        "[two]\naws_access_key_id = TWO\naws_secret_access_key = s\n"
    )
    for profile in ("one", "two", "one"):
        parameters = {"profile_name": profile}
        options = {"region_name": "eu-west-1", "session_parameters": parameters}
        for way in ("boto3", "http"):
            with Mailer("ses", endpoint_url=recording.url, send_with=way, **options) as mailer:
                mailer.send(MAIL)

    keys = [re.search(r"Credential=(\w+)/", each["Authorization"])[1] for each in recording.heads]
    assert ["ONE", "ONE", "TWO", "TWO", "ONE", "ONE"] == keys


def test_session_of_the_user_is_left_alone(local_ses):
    """A session that is given makes its clients, and is given to nobody else."""
    session = boto3.session.Session(region_name="eu-west-1")
    with Mailer("ses", session=session, endpoint_url=local_ses.url) as mailer:
        mailer.send(MAIL)

    assert {} == sessions._kept
