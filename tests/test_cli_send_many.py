"""`mailcore send-many`: an outcome for each line, and none sent twice by a run that goes on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading

from pathlib import Path
from typing import Any

import pytest

from mailcore import (
    Features,
    HttpRequest,
    Message,
    MessageRejected,
    Provider,
    RateLimited,
    RecipientStatus,
    Registry,
    SendStatus,
    SendTimeout,
    hookimpl,
)
from mailcore.cli import main
from mailcore.features import YES
from mailcore_local.ses import LocalSes


class Acme(Provider[HttpRequest, Any]):
    """What becomes of a message depends on its subject."""

    name, label, features = "acme", "Acme", Features(cc=YES, headers=YES)

    def build(self, message: Message) -> list[HttpRequest]:
        url = f"http://127.0.0.1/{message.subject}"
        return [HttpRequest(method="POST", url=url, recipients=message.recipients)]

    def parse(self, request: HttpRequest, response: Any) -> dict[str, RecipientStatus]:
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.SENT, message_id="1"))


class Transport:
    """Keeps the subjects that came, and fails as they say."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.failures = {
            "rejected": MessageRejected("no"),
            "throttled": RateLimited("slow down", retryable=True),
            "lost": SendTimeout("lost", maybe_accepted=True, retryable=False),
        }

    def exchange(self, request: HttpRequest) -> Any:
        subject = request.url.rpartition("/")[2]
        self.came.append(subject)
        for name, error in self.failures.items():
            if subject.startswith(name):
                raise error
        return None

    def close(self) -> None:
        pass


@pytest.fixture
def transport() -> Transport:
    """What the messages reach."""
    return Transport()


@pytest.fixture
def run(transport: Transport, tmp_path: Path) -> Any:
    """Run the command: its exit code, the outcomes by line, and what it says on standard error."""

    class Extension:
        @hookimpl
        def mailcore_create_transport(self, provider: object) -> Transport:
            return transport

    registry = Registry(autoload=False)
    registry.register(Acme)
    registry.register_extension(Extension())

    def run(*arguments: str) -> tuple[int, dict[int, Any], str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(
                ["send-many", "--provider", "acme", "--concurrency", "3", *arguments],
                registry=registry,
            )
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        return code, {line.pop("line"): line for line in lines}, err.getvalue()

    return run


def written(path: Path, *subjects: str) -> str:
    """A file with a message for each subject."""
    lines = [
        json.dumps({"from_email": "a@x.org", "to": ["b@x.org"], "subject": each, "text": "t"})
        for each in subjects
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_each_line_has_an_outcome(run, transport, tmp_path):
    """What was accepted, refused, lost or cannot be read; nobody else's outcome changes."""
    path = tmp_path / "m.jsonl"
    written(path, "one", "rejected", "lost", "two")
    path.write_text(f'{path.read_text()}\n{{"to": 5}}\nno JSON\n[]\n')

    code, outcomes, told = run(str(path))

    assert 5 == code
    assert {1, 2, 3, 4, 6, 7, 8} == outcomes.keys()
    assert ["1", "1"] == [outcomes[n]["result"]["message_ids"][0] for n in (1, 4)]
    invalid = ["InvalidMessageType", "InvalidMessage", "InvalidMessage"]
    types = ["MessageRejected", "SendTimeout", *invalid]
    assert types == [outcomes[n]["error"]["type"] for n in (2, 3, 6, 7, 8)]
    assert "7 messages: 2 accepted, 4 not, 1 unknown" in told
    assert "error: may have been accepted, and are not sent again: lines 3\n" in told
    assert ["lost", "one", "rejected", "two"] == sorted(transport.came)


def test_another_run_goes_on(run, transport, tmp_path):
    """It sends what is new, lists what may have been accepted, and repeats nothing."""
    path = tmp_path / "m.jsonl"
    run(written(path, "one", "rejected", "lost"))
    path.write_text(path.read_text() + Path(written(tmp_path / "more", "two")).read_text())
    transport.came.clear()

    code, outcomes, told = run(str(path))

    assert (5, [4], ["two"]) == (code, [*outcomes], transport.came)
    assert "of earlier runs: 1 done, 1 failed, 1 unknown" in told
    assert "lines 3\n" in told


def test_what_failed_may_be_tried_again(run, transport, tmp_path):
    """Only what was certainly not accepted, and only if that is asked for."""
    path = written(tmp_path / "m.jsonl", "one", "rejected", "throttled", "lost")
    run(path)
    transport.failures = {}
    transport.came.clear()

    code, outcomes, _ = run(path, "--retry-failed")

    assert ["rejected", "throttled"] == sorted(transport.came)
    assert [2, 3] == sorted(outcomes)
    assert (5, []) == (code, run(path, "--retry-failed")[2].splitlines()[3:])


def begun_only(record: Path, line: int) -> None:
    """Leave of a record what a run leaves that was killed after it began a line."""
    kept = [
        each
        for each in record.read_bytes().splitlines(keepends=True)
        if json.loads(each)["line"] != line or b'"begun"' in each
    ]
    record.write_bytes(b"".join(kept))


@pytest.mark.parametrize("rest", [b"", b'{"line":2,"dig', b'{"line":1,"digest":"00"'])
def test_a_run_that_was_killed(run, transport, tmp_path, rest):
    """A message that began without an outcome is unknown, and half a line says nothing."""
    path = written(tmp_path / "m.jsonl", "one", "two")
    record = tmp_path / "m.jsonl.outcomes"
    run(path)
    begun_only(record, 1)
    record.write_bytes(record.read_bytes() + rest)
    transport.came.clear()

    for _ in range(2):
        code, outcomes, told = run(path)
        assert (6, {}, []) == (code, outcomes, transport.came)
        assert "of earlier runs: 1 done, 0 failed, 1 unknown" in told


def test_a_line_that_was_changed(run, transport, tmp_path):
    """The record is of other messages: nothing more is sent, and the error says so."""
    path = written(tmp_path / "m.jsonl", "one", "two")
    run(path)
    written(tmp_path / "m.jsonl", "one", "changed", "three")
    transport.came.clear()

    code, _, told = run(path)

    assert 2 == code
    assert "line 2 is another message than the one in" in told
    assert "changed" not in transport.came


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b'{"a": 1}\n', b'[{"line": 1}]\n', b'{"line":-1,"digest":"0","begun":true}\n'],
)
def test_a_file_that_is_no_record(run, transport, tmp_path, content):
    """It is neither believed nor overwritten."""
    path = written(tmp_path / "m.jsonl", "one")
    other = tmp_path / "other"
    other.write_bytes(content)

    code, _, told = run(path, "--record", str(other))

    assert (2, content, []) == (code, other.read_bytes(), transport.came)
    assert "line 1 of" in told


def test_two_runs_at_once(run, transport, tmp_path):
    """The second is refused: both would send the same."""
    from mailcore.cli.record import Record

    path = written(tmp_path / "m.jsonl", "one")

    with Record(f"{path}.outcomes"):
        code, _, told = run(path)

    assert (2, []) == (code, transport.came)
    assert "is in use by another run" in told
    assert 0 == run(path)[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-"], "standard input has no name"),
        (["nowhere.jsonl"], "cannot read 'nowhere.jsonl'"),
        (["{path}", "--record", "{directory}"], "cannot write"),
        (["{path}", "--concurrency", "0"], "whole number above 0"),
        (["{path}", "--template", "nowhere.json"], "cannot read 'nowhere.json'"),
        (["{path}", "--template", "{path}"], "is no JSON"),
        (["{directory}/people.CSV"], "people.CSV' is CSV: --template"),
    ],
)
def test_what_cannot_be_done_is_said(run, transport, tmp_path, arguments, told):
    """One line, before anything is sent."""
    path = written(tmp_path / "m.jsonl", "one", "two")
    given = [each.format(path=path, directory=tmp_path) for each in arguments]

    code, outcomes, said = run(*given)

    assert (2, {}, []) == (code, outcomes, transport.came)
    assert told in said
    assert 1 == len(said.splitlines())


TEMPLATE = {
    "from_email": "shop@x.org",
    "to": [{"display_name": "{{ name }}", "addr_spec": "{{email}}"}],
    "subject": "Hello {{name}}",
    "text": "{{name}}: {{ note }}",
    "html": "<p>{{name}}: {{note}}</p>",
    "headers": {"X-Note": "{{note}}"},
}


def messages_of(tmp_path: Path, rows: str, template: object) -> list[Message]:
    """The messages that a template and CSV make."""
    from mailcore.cli.many_inputs import CsvRows

    (tmp_path / "t.json").write_text(json.dumps(template))
    source = CsvRows(io.BytesIO(rows.encode("utf-8")), "p.csv", str(tmp_path / "t.json"))
    return [Message.from_dict(source.fields_of(line)) for line in source]


def test_rows_go_into_a_template(tmp_path):
    """Values are texts, escaped in HTML only; a value that looks like a reference is none."""
    rows = (
        '\ufeffemail,name,note\nada@x.org,"Ada, L.","1 < 2 & ""so on"""\nbob@x.org,Bob,{{name}}\n'
    )

    ada, bob = messages_of(tmp_path, rows, TEMPLATE)

    assert ("Ada, L.", "ada@x.org") == (ada.to[0].display_name, ada.to[0].addr_spec)
    assert 'Ada, L.: 1 < 2 & "so on"' == ada.text
    assert "<p>Ada, L.: 1 &lt; 2 &amp; &quot;so on&quot;</p>" == ada.html
    assert "Bob: {{name}}" == bob.text


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("", "has no header"),
        ("\n", "has no header"),
        ("email,email\n", "name each column once"),
        ("email,name\nada@x.org,Ada\n", "refers to 'note'"),
        ('email,name,note\n"ada\n', "is no CSV"),
        ("email,name,note\na@x.org,A,n\nbob@x.org,B\xff\n", "line 3 of .* is not UTF-8"),
    ],
)
def test_csv_that_does_not_fit(run, transport, tmp_path, rows, told):
    """What is wrong and where; what came before it is sent."""
    (tmp_path / "t.json").write_text(json.dumps({**TEMPLATE, "subject": "s"}))
    path = tmp_path / "p.csv"
    path.write_bytes(rows.encode("latin-1"))

    code, outcomes, said = run(str(path), "--template", str(tmp_path / "t.json"))

    assert 2 == code
    assert (1 if "UTF-8" in told else 0) >= len(outcomes)
    import re

    assert re.search(told, said)


def test_a_row_with_too_few_values(run, transport, tmp_path):
    """It is an outcome; the others are sent."""
    (tmp_path / "t.json").write_text(json.dumps({**TEMPLATE, "subject": "{{name}}"}))
    path = tmp_path / "p.csv"
    path.write_text("email,name,note\nada@x.org,Ada\n\nbob@x.org,Bob,n\n")

    code, outcomes, _ = run(str(path), "--template", str(tmp_path / "t.json"))

    assert (5, ["Bob"]) == (code, transport.came)
    assert "has 2 values, and the header 3" in outcomes[2]["error"]["message"]


def test_quiet(run, transport, tmp_path):
    """Only what may have been accepted is said; the record has the rest."""
    path = written(tmp_path / "m.jsonl", "one", "lost")

    code, outcomes, told = run(path, "--quiet")

    assert (5, {}) == (code, outcomes)
    assert ["mailcore: error: may have been accepted, and are not sent again: lines 2"] == (
        told.splitlines()
    )


def test_a_rate(run, transport, tmp_path, monkeypatch):
    """Recipients wait for their turn: of a clock that nobody waits for."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    path = written(tmp_path / "m.jsonl", *map(str, range(8)))

    code, outcomes, _ = run(path, "--rate", "2", "--concurrency", "1")

    assert (0, 8) == (code, len(outcomes))
    assert 3 <= sum(waited) <= 32
    assert (2, []) == (run(path, "--rate", "0")[0], transport.came[8:])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_and_resumed(seed: int, tmp_path: Path) -> None:
    """
    Whenever a run is killed: none is accepted twice, and what was accepted is known or open.

    The server throttles, fails, and drops connections before and after it accepts.
    """
    count = 60
    path = written(tmp_path / "m.jsonl", *(f"n{number}" for number in range(1, count + 1)))
    chance = random.Random(seed)
    faults = ["throttle", "error500", "reset", "reset_after_accept", "ok", "ok", "ok"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": "no-such-file",
        "NO_PROXY": "127.0.0.1",
    }
    with LocalSes() as local:
        local.faults.script(*(chance.choice(faults) for _ in range(2 * count)))
        command = [
            *(sys.executable, "-m", "mailcore", "send-many", path, "--concurrency", "8"),
            *("--url", local.mailcore_url),
        ]
        killed = 0
        for _ in range(40):
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            assert process.stdout is not None
            with process.stdout:
                for _ in range(chance.randrange(1, count // 3)):
                    if not process.stdout.readline():
                        break
                else:
                    process.send_signal(signal.SIGKILL)
                process.stdout.read()
            if process.wait(60) != -signal.SIGKILL:
                break
            killed += 1
        accepted = [message.subject for message in local.messages]
    found = [
        json.loads(line)
        for line in Path(f"{path}.outcomes").read_bytes().splitlines()
        if line.endswith(b"}")
    ]
    begun = {each["line"] for each in found if each.get("begun")}
    ended = {each["line"]: each for each in found if not each.get("begun")}
    done = {line for line, each in ended.items() if each["state"] == "done"}
    open_ = {
        line for line, each in ended.items() if each["state"] == "unknown"
    } | begun - ended.keys()

    assert killed
    assert len(set(accepted)) == len(accepted)
    assert set(range(1, count + 1)) == begun
    assert {f"n{line}" for line in done} <= set(accepted)
    assert set(accepted) <= {f"n{line}" for line in done | open_}


@pytest.mark.slow
def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path: Path) -> None:
    """What is under way is finished and recorded; the next run goes on without anything open."""
    path = written(tmp_path / "m.jsonl", *(f"n{number}" for number in range(1, 400)))
    with LocalSes() as local:
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "l", "AWS_SECRET_ACCESS_KEY": "l"}
        command = [sys.executable, "-m", "mailcore", "send-many", path, "--url", local.mailcore_url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            threading.Thread(target=process.stdout.read, daemon=True).start()
            assert 130 == process.wait(30)
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        accepted = [message.subject for message in local.messages]

    assert sorted(accepted) == sorted(f"n{number}" for number in range(1, 400))
