"""`--quiet`: errors on standard error, and nothing else."""

from __future__ import annotations

import json
import logging

import pytest

from mailcore import Registry, hookimpl
from mailcore.builtin.null import NullProvider
from mailcore.cli import main, output
from mailcore.errors import MessageRejected
from mailcore.result import RecipientStatus, SendStatus


MESSAGE = ["--from", "shop@example.com", "--text", "Hello", "--to", "ada@example.net"]


class Extension:
    """Adds a command that says something in each of the ways there are."""

    @hookimpl
    def mailcore_register_commands(self, cli):
        """Add it; it has none of the common options itself."""
        parser = cli.add_parser("talk")
        parser.set_defaults(run=self.run)

    def run(self, arguments):
        """Say it."""
        print("printed")  # noqa: T201  # as extensions may
        output.write("written")
        output.note("noted")
        logging.getLogger("mailcore.talk").warning("warned")
        logging.getLogger("mailcore.talk").error("failed")
        return 7


@pytest.fixture(name="registry")
def _registry(monkeypatch):
    """What is built in, and the extension."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    monkeypatch.setenv("MAILCORE_PLUGINS", "none")
    registry = Registry()
    registry.register_extension(Extension())
    return registry


@pytest.mark.parametrize(
    "arguments",
    [
        ["providers"],
        ["providers", "null", "--verbose"],
        ["features"],
        ["send", "--provider", "console", *MESSAGE],
        ["send", "--provider", "null", *MESSAGE, "--dry-run"],
        ["new-provider", "acme"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
@pytest.mark.parametrize("position", ["before", "behind"])
def test_what_succeeds_writes_nothing(registry, capfd, tmp_path, monkeypatch, arguments, position):
    """Before the command or behind it: the exit code is the result."""
    monkeypatch.chdir(tmp_path)
    given = ["--quiet", *arguments] if position == "before" else [*arguments, "--quiet"]

    assert 0 == main(given, registry=registry)
    assert ("", "") == tuple(capfd.readouterr())


def test_files_are_written(registry, tmp_path, monkeypatch):
    """A command does what it does."""
    monkeypatch.chdir(tmp_path)

    assert 0 == main(["new-provider", "acme", "--quiet"], registry=registry)

    assert (tmp_path / "mailcore-acme" / "pyproject.toml").exists()


def test_commands_of_extensions(registry, capfd):
    """What strangers print, write, note and warn of is left out; their errors are not."""
    assert 7 == main(["--quiet", "talk"], registry=registry)
    assert ("", "mailcore: error: failed\n") == tuple(capfd.readouterr())

    assert 7 == main(["talk"], registry=registry)
    written = capfd.readouterr()
    assert "printed\nwritten\n" == written.out
    assert all(word in written.err for word in ("noted", "warned", "failed"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["providers", "nul"], 2, "did you mean 'null'?"),
        (["send", "--provider", "null", *MESSAGE, "--send-at", "soon"], 3, "send_at"),
        (["send", "--nonsense"], 2, "unknown options: --nonsense"),
        (["send", "--provider", "null", *MESSAGE, "--json"], 2, "leave it out, or --json"),
        (["send", "--provider", "null", *MESSAGE, "--debug"], 2, "leave it out, or --debug"),
        (["features", "--format", "md"], 2, "leave it out, or --format"),
        (["features", "--json"], 2, "leave it out, or --format and --json"),
    ],
)
def test_errors_are_told(registry, capfd, arguments, code, said):
    """Errors are, those of asking for output and for none among them."""
    assert code == main([*arguments, "--quiet"], registry=registry)

    written = capfd.readouterr()
    assert written.err.startswith("mailcore: error: ")
    assert said in written.err
    if "--json" not in arguments:
        assert "" == written.out


class Partial(NullProvider):
    """Takes all but the last recipient."""

    name = "partial"

    def parse(self, request, response):
        """Refuse one."""
        *taken, refused = request.message.recipients
        if not taken:
            raise MessageRejected("content refused")
        statuses = dict.fromkeys(taken, RecipientStatus(SendStatus.SENT))
        return {**statuses, refused: RecipientStatus(SendStatus.REJECTED)}


def test_who_was_refused(capfd, monkeypatch, tmp_path):
    """Accepted in part is an error, of one message and of many."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    registry = Registry(autoload=False)
    registry.register(Partial)
    several = [*MESSAGE, "--to", "bob@example.net", "--to", "eve@example.net"]

    assert 5 == main(["send", "--provider", "partial", *several, "--quiet"], registry=registry)
    written = capfd.readouterr()
    assert ("", "mailcore: error: 1 of 3 recipients were not accepted\n") == tuple(written)

    fields = {"from_email": "shop@example.com", "text": "Hello"}
    recipients = (["a@example.net", "b@example.net"], ["a@example.net"])
    lines = [json.dumps({**fields, "to": to}) for to in recipients]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")

    code = main(
        ["send", "--provider", "partial", "--messages", str(path), "--quiet"], registry=registry
    )

    written = capfd.readouterr()
    assert (5, "") == (code, written.out)
    first, second = written.err.splitlines()
    assert first.startswith("mailcore: error: line 1 of ")
    assert first.endswith("not all recipients were accepted")
    assert "error: line 2 of " in second
    assert "content refused" in second
