"""The command itself, as a process: what a shell and a script see."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios

import pytest

from mailcore.cli.table import display_width


pytestmark = pytest.mark.slow


BROKEN_REASON = "ImportError: acme needs the module left_pad, and it is not there: install left_pad"


@pytest.fixture(name="environment")
def _environment():
    """The environment without settings of mailcore, and without the plugins of this machine."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("MAILCORE_")}
    return {**kept, "MAILCORE_PLUGINS": "none", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(name="with_broken_plugin")
def _with_broken_plugin(environment, tmp_path):
    """An environment in which a plugin is installed that cannot be imported."""
    (tmp_path / "mailcore_acme.py").write_text(
        "raise ImportError('acme needs the module left_pad, and it is not there: "
        "install left_pad')\n"
    )
    metadata = tmp_path / "mailcore_acme-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mailcore-acme\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(
        "[mailcore.providers]\nacme = mailcore_acme:AcmeProvider\n"
        "[mailcore.extensions]\nacme-policy = mailcore_acme\n"
    )
    return {
        **environment,
        "MAILCORE_PLUGINS": "acme,acme-policy",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }


def mailcore(*arguments, environment, **settings):
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "mailcore", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment,
        timeout=60,
        **settings,
    )


MESSAGE = ["--from", "Shop <shop@example.com>", "--to", "ada@example.net", "--subject", "Grüße"]


def test_installed_script_is_the_same_command():
    """`mailcore` is what `python -m mailcore` is."""
    from importlib.metadata import entry_points

    from mailcore.cli import main

    (script,) = entry_points(group="console_scripts", name="mailcore")

    assert main is script.load()


def test_send_writes_files_and_a_table(environment, tmp_path):
    """The main job: a message leaves, and every recipient has a row."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "note.txt").write_text("Grüße aus der Datei", encoding="utf-8")

    finished = mailcore(
        *("send", "--provider", "file", "--option", "directory=outbox", *MESSAGE),
        *("--cc", "Bo <bo@example.net>, Cy <cy@example.net>", "--text-file", "note.txt"),
        *("--html", "<img src='cid:logo'>", "--inline", "logo=logo.png", "--attach", "note.txt"),
        *("--tag", "welcome", "--metadata", "user=42", "--header", "X-Campaign: autumn"),
        environment=environment,
        cwd=tmp_path,
    )

    assert (0, "") == (finished.returncode, finished.stderr)
    headings, _, *rows = finished.stdout.splitlines()
    assert ["recipient", "status", "message", "id", "detail"] == headings.split()
    assert ["ada@example.net", "bo@example.net", "cy@example.net"] == [r.split()[0] for r in rows]
    (stored,) = (tmp_path / "outbox").glob("*.json")
    message = json.loads(stored.read_text(encoding="utf-8"))
    assert "Grüße aus der Datei" == message["text"]
    assert {"user": "42"} == message["metadata"]
    assert [["X-Campaign", "autumn"]] == message["headers"]
    assert ["attachment", "inline"] == [part["disposition"] for part in message["attachments"]]
    assert "logo" == message["attachments"][1]["content_id"]


def test_json_is_alone_on_standard_output(environment):
    """A provider that prints does not spoil the JSON of a script."""
    finished = mailcore(
        *("send", "--provider", "console", *MESSAGE, "--text", "printed", "--json"),
        environment=environment,
    )

    assert 0 == finished.returncode
    assert "sent" == json.loads(finished.stdout)["recipients"]["ada@example.net"]["status"]
    assert "printed" in finished.stderr


def test_message_comes_from_standard_input(environment):
    """`--message -` reads JSON; options replace its fields."""
    fields = {"from_email": "shop@example.com", "to": ["old@example.net"], "text": "hi"}

    finished = mailcore(
        *("send", "--url", "null://", "--message", "-", "--to", "new@example.net", "--json"),
        environment=environment,
        input=json.dumps(fields),
    )

    assert 0 == finished.returncode
    assert ["new@example.net"] == list(json.loads(finished.stdout)["recipients"])


def test_environment_names_the_provider(environment):
    """MAILCORE_URL stands in for --provider and --url."""
    finished = mailcore(
        *("send", *MESSAGE, "--json"), environment={**environment, "MAILCORE_URL": "null://"}
    )

    assert "null" == json.loads(finished.stdout)["provider"]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["send", "--help"]])
def test_help_and_version_succeed(environment, arguments):
    """Asking for help is no error."""
    finished = mailcore(*arguments, environment=environment)

    assert (0, "") == (finished.returncode, finished.stderr)
    assert finished.stdout


def test_help_documents_the_exit_codes(environment):
    """The help has every code that the package documents, once: commands lead to it."""
    from mailcore import cli
    from mailcore.cli import exit_codes

    codes = [v for n, v in vars(exit_codes).items() if n.isupper() and type(v) is int]

    help_text = mailcore("--help", environment=environment).stdout

    for text in (help_text, cli.__doc__ or ""):
        table = [line.split()[0] for line in text.splitlines() if line.strip()[:1].isdigit()]
        assert sorted(map(str, codes)) == sorted(table)


@pytest.mark.parametrize("command", ["providers", "features", "send", "parse", "new-provider"])
def test_help_of_a_command_has_examples(capsys, command):
    """Each begins with the command itself, and can be parsed."""
    from mailcore.cli import main
    from mailcore.cli.parser import build_parser
    from mailcore.registry import Registry

    assert 0 == main([command, "--help"])
    text = capsys.readouterr().out
    examples = [line.strip() for line in text.splitlines() if line.startswith("  mailcore ")]

    assert examples
    assert "`mailcore --help` lists the exit codes." in text
    for example in examples:
        words = shlex.split(example)
        parsed = build_parser(Registry(autoload=False)).parse_all(words[1:])
        assert command == parsed.command


def test_the_name_alone_shows_the_help(environment):
    """On standard output, and it is no error."""
    finished = mailcore(environment=environment)

    assert (0, "") == (finished.returncode, finished.stderr)
    assert finished.stdout == mailcore("--help", environment=environment).stdout


def test_a_command_of_a_plugin_that_is_missing_says_what_to_install(capsys, monkeypatch):
    """The names are those of this repository's plugins."""
    from mailcore.cli import main
    from mailcore.registry import Registry, known_plugins

    monkeypatch.setattr(known_plugins, "is_installed", lambda distribution: False)

    assert 2 == main(["ses", "quota"], registry=Registry(autoload=False))
    assert "to add this command: pip install mailcore-ses" in capsys.readouterr().err


def test_broken_plugins_are_listed(with_broken_plugin):
    """A list with a broken plugin in it is still a list: exit code 0, with the reason."""
    finished = mailcore("providers", "--json", environment=with_broken_plugin)

    listed = json.loads(finished.stdout)
    by_name = {plugin["name"]: plugin for plugin in listed["providers"]}
    assert 0 == finished.returncode
    assert ("broken", BROKEN_REASON) == (by_name["acme"]["state"], by_name["acme"]["error"])
    assert ("mailcore-acme", "1.2") == (by_name["acme"]["distribution"], by_name["acme"]["version"])
    assert {"console", "file", "memory", "null"} == {
        name for name, plugin in by_name.items() if plugin["state"] == "loaded"
    }
    assert [("acme-policy", "broken")] == [(e["name"], e["state"]) for e in listed["extensions"]]


def test_broken_extension_is_told_and_does_not_stop(with_broken_plugin):
    """A policy that is installed but broken is not ignored in silence."""
    finished = mailcore("send", "--provider", "null", *MESSAGE, environment=with_broken_plugin)

    assert 0 == finished.returncode
    assert [f"mailcore: warning: extension acme-policy is broken: {BROKEN_REASON}"] == (
        finished.stderr.splitlines()
    )


@pytest.mark.parametrize("command", ["providers", "features"])
def test_broken_plugin_asked_for_is_an_error(with_broken_plugin, command):
    """Naming the broken one names its distribution and the reason, without a traceback."""
    finished = mailcore(command, "acme", environment=with_broken_plugin)

    assert (2, "") == (finished.returncode, finished.stdout)
    assert (
        f"mailcore: error: provider 'acme' of mailcore-acme cannot be loaded: {BROKEN_REASON}"
        == finished.stderr.splitlines()[-1]
    )
    assert "Traceback" not in finished.stderr


def test_features_leave_broken_plugins_out(with_broken_plugin):
    """The matrix has those that work, and says which is missing."""
    finished = mailcore("features", "--json", environment=with_broken_plugin)

    assert 0 == finished.returncode
    assert ["console", "file", "memory", "null"] == list(json.loads(finished.stdout)["providers"])
    assert "left out: provider 'acme'" in finished.stderr


def test_debug_shows_the_traceback(with_broken_plugin):
    """--debug is for whoever writes the plugin; the line and the code stay."""
    finished = mailcore("--debug", "features", "acme", environment=with_broken_plugin)

    assert 2 == finished.returncode
    assert "Traceback" in finished.stderr
    assert "mailcore: error: provider 'acme'" in finished.stderr


def test_table_fits_the_terminal(with_broken_plugin):
    """On a terminal of 60 columns no line is longer, and nothing is cut off."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {k: v for k, v in with_broken_plugin.items() if k not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "mailcore", "providers"],
        env=environment,
        stdout=slave,
        stderr=subprocess.DEVNULL,
    )
    os.close(slave)
    output = b""
    # Linux reports the end of a terminal as an error.
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 4096):
            output += chunk
    os.close(master)

    assert 0 == process.wait(timeout=60)
    lines = output.decode("utf-8").splitlines()
    assert max(map(display_width, lines)) <= 60
    assert "left_pad" in "".join(lines)


def test_reader_that_stops_reading_is_no_crash(environment):
    """As in `mailcore features | head -1`: 141, and nothing on standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "mailcore", "features"],
        check=False,
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)

    assert (141, b"") == (process.returncode, process.stderr)


@pytest.mark.parametrize(
    ("command", "code", "fragment"),
    [
        pytest.param("features >&-", 74, "standard output is closed", id="output"),
        pytest.param("parse --provider null - <&-", 2, "standard input", id="input"),
        pytest.param("parse --provider null missing 2>&-", 2, "", id="errors"),
    ],
)
def test_closed_streams_are_no_crash(environment, command, code, fragment):
    """Daemons start their children like this."""
    finished = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m mailcore {command}', sys.executable],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment,
        timeout=60,
    )

    assert (code, "") == (finished.returncode, finished.stdout)
    assert fragment in finished.stderr
    assert "Traceback" not in finished.stderr


def test_terminal_without_unicode_gets_escapes(environment):
    """A character that the encoding lacks does not lose the table."""
    finished = mailcore(
        *("send", "--provider", "null", "--from", "a@example.com", "--to", "b@例え.jp"),
        environment={**environment, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )

    assert 0 == finished.returncode
    assert "b@\\u4f8b\\u3048.jp" in finished.stdout


STARTING = """\
import sys
from mailcore.cli import main
main(["--version"])
print([name for name in ("requests", "urllib3", "boto3", "asyncio") if name in sys.modules])
"""


def test_starting_is_cheap(environment):
    """Starting the command imports no HTTP client."""
    finished = subprocess.run(
        [
            *(sys.executable, "-c"),
            STARTING,
        ],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=environment,
    )

    assert "[]" == finished.stdout.splitlines()[-1]
