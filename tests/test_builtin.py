from __future__ import annotations

import email
import email.policy
import io
import json
import resource
import threading

import pytest

from mailcore import (
    Attachment,
    ConfigurationError,
    Mailer,
    Message,
    Registry,
    SendError,
    SendStatus,
    UnsupportedFeature,
    connect,
)
from mailcore.builtin.console import ConsoleProvider, ConsoleTransport
from mailcore.builtin.file import FileProvider, FileTransport
from mailcore.builtin.memory import MemoryProvider
from mailcore.builtin.null import NullProvider


MESSAGE = Message(
    from_email="Shop <shop@example.com>",
    to=["Ada <ada@example.net>"],
    bcc=["hidden@example.net"],
    subject="Grüße",
    text="Hello Ada,\n☃\n",
    html="<p>Hello<img src=cid:l@inline></p>",
    attachments=[("a.txt", "text"), Attachment("l.png", b"png", content_id="l@inline")],
    headers={"X-Own": "1"},
    metadata={"user": 42},
    tags=["welcome"],
)


@pytest.fixture
def registry():
    """Nothing that is installed takes part."""
    return Registry(autoload=False)


@pytest.mark.parametrize(
    "make",
    [ConsoleProvider, MemoryProvider, NullProvider, lambda: FileProvider(directory="outbox")],
    ids=["console", "memory", "null", "file"],
)
def test_every_recipient_was_sent_to(send, registry, make, tmp_path, monkeypatch, capsys):
    """All of them take a whole message, and answer with one new id."""
    monkeypatch.chdir(tmp_path)

    first = send(make(), MESSAGE, registry=registry)
    second = send(make(), MESSAGE, registry=registry)

    assert {"ada@example.net": SendStatus.SENT, "hidden@example.net": SendStatus.SENT} == {
        address: status.status for address, status in first.recipients.items()
    }
    assert first.message_id
    assert first.message_id != second.message_id


def test_memory_keeps_what_was_sent(registry):
    """In order, each provider in its own list."""
    first, second = MemoryProvider(), MemoryProvider()
    with Mailer(first, registry=registry) as mailer:
        mailer.send(MESSAGE)
        mailer.send(MESSAGE.replace(subject="2"))

    assert [MESSAGE, MESSAGE.replace(subject="2")] == first.outbox
    assert [] == second.outbox


def test_memory_is_shared_by_threads(registry):
    """No message is lost."""
    provider = MemoryProvider()
    mailer = Mailer(provider, registry=registry)
    together = threading.Barrier(4, timeout=10)

    def work():
        together.wait()
        list(mailer.send_many([MESSAGE] * 25))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 100 == len(provider.outbox)


def test_console_shows_the_message_decoded(registry, capsys):
    """Fields, bodies and files as people read them, and the id."""
    result = Mailer(ConsoleProvider(), registry=registry).send(MESSAGE)
    shown = capsys.readouterr().out

    for text in (
        "from_email: Shop <shop@example.com>",
        "to: Ada <ada@example.net>",
        "bcc: hidden@example.net",
        "subject: Grüße",
        "X-Own: 1",
        "Hello Ada,\n☃\n",
        "<p>Hello<img src=cid:l@inline></p>",
        "a.txt, text/plain",
        "cid:l@inline",
        "welcome",
        f"Sent as {result.message_id}",
    ):
        assert text in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_console_of_any_encoding(registry, encoding):
    """What a terminal cannot show becomes an escape."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)

    Mailer(ConsoleProvider(), transport=ConsoleTransport(stream), registry=registry).send(MESSAGE)

    snowman = "☃" if encoding == "utf-8" else "\\u2603"
    assert snowman in raw.getvalue().decode(encoding)


def test_console_that_is_closed(registry):
    """A stream that cannot be written is a typed error."""
    stream = io.StringIO()
    stream.close()
    mailer = Mailer(ConsoleProvider(), transport=ConsoleTransport(stream), registry=registry)

    with pytest.raises(SendError, match="console: cannot print") as caught:
        mailer.send(MESSAGE)

    assert not caught.value.maybe_accepted


def test_files_can_be_read_back(registry, tmp_path):
    """The .eml by any mail client, the .json by Message.from_dict; the folder is made."""
    folder = tmp_path / "new" / "outbox"
    result = Mailer(FileProvider(directory=folder), registry=registry).send(MESSAGE)
    eml, document = folder / f"{result.message_id}.eml", folder / f"{result.message_id}.json"
    parsed = email.message_from_bytes(eml.read_bytes(), policy=email.policy.default)

    assert {eml, document} == set(folder.iterdir())
    assert MESSAGE == Message.from_dict(json.loads(document.read_text(encoding="utf-8")))
    assert ("Grüße", "Shop <shop@example.com>") == (parsed["Subject"], parsed["From"])
    assert ["Hello Ada,", "☃"] == parsed.get_body(["plain"]).get_content().splitlines()
    assert ["a.txt"] == [
        part.get_filename()
        for part in parsed.walk()
        if part.get_content_disposition() == "attachment"
    ]
    assert b"hidden@" not in eml.read_bytes()
    assert [] == parsed.defects


def test_files_by_url(tmp_path):
    """file:///folder; case, spaces and percent signs are kept."""
    folder = tmp_path / "Out box %"
    url = f"file://{tmp_path}/Out%20box%20%25"

    for each in (url, f"file://?directory={folder}".replace("%", "%25").replace(" ", "%20")):
        with connect(each) as mailer:
            mailer.send(MESSAGE)

    assert 4 == len(list(folder.iterdir()))


@pytest.mark.parametrize(
    "url",
    ["file://", "file://?directory=", "file://folder", "file://user@/x", "file:///x?directory=y"],
)
def test_files_by_wrong_url(url):
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError, match="file: "):
        connect(url)


@pytest.mark.parametrize("place", ["a file", "below a file", "nul\0l"])
def test_folder_that_cannot_be_written(registry, tmp_path, place):
    """A typed error that names the folder; nothing stays behind."""
    taken = tmp_path / "taken"
    taken.write_text("x")
    folder = {"a file": taken, "below a file": taken / "x"}.get(place, tmp_path / place)

    with pytest.raises(SendError, match="cannot write to") as caught:
        Mailer(FileProvider(directory=folder), registry=registry).send(MESSAGE)

    assert (False, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert [taken] == list(tmp_path.iterdir())


@pytest.fixture
def small_disk():
    """Files of this process cannot grow beyond 20 kB, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_disk_that_is_full(registry, tmp_path, small_disk):
    """No half of a file and no first of two files stays."""
    provider = FileProvider(directory=tmp_path)
    (request,) = provider.build(MESSAGE)
    # The .json is written first, and fits.
    request = type(request)(eml=request.eml + b"x" * 30_000, json=request.json)

    with pytest.raises(SendError, match="cannot write"):
        FileTransport(tmp_path).exchange(request)

    assert [] == list(tmp_path.iterdir())


def test_files_have_ascii_addresses(registry, tmp_path):
    """What the writer cannot express is refused before anything is written."""
    with pytest.raises(UnsupportedFeature, match="international_addresses"):
        Mailer(FileProvider(directory=tmp_path), registry=registry).send(
            MESSAGE.replace(to=["відправник@example.com"])
        )

    assert [] == list(tmp_path.iterdir())
