"""Workers in processes: which are replaced, when all stop, and what is told in the end."""

from __future__ import annotations

import argparse
import os
import signal
import threading

import pytest

from mailcore_outbox.cli import add_parser, team
from mailcore_outbox.cli.team import Team, _arguments_of


def parsed(*given):
    """What a command line of `mailcore outbox work` says."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args(["outbox", "work", *given])


@pytest.mark.parametrize(
    "given",
    [
        "",
        "--database sqlite:///a.db --url null:// --workers 9",
        "--outbox shop.mail:box shop.mail:mailer --once --json",
        "--schema mail --prefix post_ --provider null --option a=b --option c=d=e --keep-bodies",
        "--concurrency 7 --messages-per-call 50 --poll 0.25 --lease 120 --grace 1e-3",
        "--attempts 3 --max-age 0.5 --accept-duplicates --policies production",
        "--debug",
        "--quiet",
    ],
)
def test_what_workers_are_told(given):
    """All that the team was, but for URLs, which stand where nobody else sees them."""
    arguments = parsed(*given.split())
    _, _, *of_worker = _arguments_of(arguments)

    expected = {"database": None, "url": None, "workers": 1, "stop_at_eof": True}
    assert {**vars(arguments), **expected} == vars(parsed(*of_worker))


@pytest.fixture
def work(tmp_path, monkeypatch, capsys):
    """Has a team work whose workers are a script of the shell; its exit code and what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(team, "_LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(team, "_SHORT_LIFE_SECONDS", 600.0)

    def run(script, *given):
        whole = Team(parsed(*given))
        whole._command = ["/bin/sh", "-c", f"echo $$ >> begun; {script}"]
        handlers = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
        code = whole.work()
        assert handlers == [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
        begun = tmp_path.joinpath("begun").read_text().split()
        assert not whole._running
        return code, len(begun), capsys.readouterr().err

    return run


# The first one makes the directory, and so is told from those that come later.
FIRST = "mkdir first 2>/dev/null"


def test_all_have_done(work):
    """Nobody is replaced."""
    assert (0, 3, "") == work("exit 0", "--workers", "3")


def test_one_that_is_used_wrongly(work):
    """It would say it again: the others are told to stop, and its code is that of the team."""
    assert (2, 2, "") == work(f"if {FIRST}; then exec sleep 600; fi; exit 2", "--workers", "2")


@pytest.mark.parametrize(
    ("end", "how"),
    [("exit 75", "ended with the exit code 75"), ("kill -9 $$", "was killed by signal 9")],
)
def test_one_that_fails_is_replaced(work, end, how):
    """At once; the next one does its work."""
    code, count, told = work(f"if {FIRST}; then {end}; fi; exit 0", "--workers", "1")

    assert (0, 2) == (code, count)
    assert [f"mailcore: worker 1 {how}: another one is started now"] == told.splitlines()


def test_one_that_fails_again_and_again(work):
    """The pauses become longer, up to a bound."""
    script = "test $(wc -l < begun) -eq 4 && exit 0; exit 3"
    code, count, told = work(script, "--workers", "1")

    assert (0, 4) == (code, count)
    assert ["now", "in 0.05 s", "in 0.05 s"] == [
        line.rpartition("started ")[2] for line in told.splitlines()
    ]


def test_one_that_lived_for_a_while(work, monkeypatch):
    """It is replaced at once, though others failed before it."""
    monkeypatch.setattr(team, "_SHORT_LIFE_SECONDS", 0.0)
    script = "test $(wc -l < begun) -eq 4 && exit 0; exit 3"
    code, count, told = work(script, "--workers", "1")

    assert (0, 4) == (code, count)
    assert 3 == told.count("started now")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("touch ready; exec sleep 600", 0),
        ("trap 'exit 0' TERM; touch ready; while :; do sleep 0.01; done", 0),
        ("trap 'exit 5' TERM; touch ready; while :; do sleep 0.01; done", 5),
    ],
    ids=["killed", "well", "badly"],
)
def test_a_signal(work, tmp_path, number, script, expected):
    """All are told to stop, and waited for; none is replaced."""
    is_over = threading.Event()

    def tell():
        while not is_over.wait(0.01):
            if tmp_path.joinpath("ready").exists():
                os.kill(os.getpid(), number)
                return

    telling = threading.Thread(target=tell)
    telling.start()
    try:
        assert (expected, 1, "") == work(script, "--workers", "1")
    finally:
        is_over.set()
        telling.join()
