"""What `make chaos` does, with few messages; and its judge."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent
QUEUES = ["sqlite", "postgresql", "django", "celery"]
NAMES = ["a", "b", "c", "d"]
# A test may take two minutes (the watchdog of conftest.py).
MOST_SECONDS = 110


@pytest.fixture(scope="module")
def judge():
    """The judge, by its file: the tree need not be on the path."""
    spec = importlib.util.spec_from_file_location("judging", ROOT / "chaos" / "judging.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["judging"] = module
    spec.loader.exec_module(module)
    yield module.judge
    del sys.modules["judging"]


@pytest.mark.slow
@pytest.mark.parametrize("queue", QUEUES)
def test_nothing_is_lost_and_nothing_sent_twice(queue):
    """Workers are killed and connections cut; the service's record agrees with the outcomes."""
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "chaos", queue, "--messages", "150", "--workers", "3"),
            *("--most-kills", "5", "--most-seconds", str(MOST_SECONDS - 20)),
        ],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=MOST_SECONDS,
        check=False,
    )

    assert 0 == finished.returncode, finished.stdout + finished.stderr
    killed = re.search(r"(\d+) workers killed, (\d+) children alone", finished.stdout)
    assert sum(map(int, killed.groups())) >= 3


def test_what_is_in_order(judge):
    """Sent and accepted, failed and not, unknown and one or the other."""
    outcomes = {"a": "sent", "b": "failed", "c": "unknown", "d": "unknown"}
    verdict = judge(NAMES, ["a", "c"], outcomes)

    assert () == verdict.faults
    assert "1 failed, 1 sent, 2 unknown; the service accepted 2, of the unknown ones 1" == str(
        verdict
    )


@pytest.mark.parametrize(
    ("accepted", "outcomes", "said"),
    [
        ("aa", {"a": "sent"}, "1 accepted twice: a"),
        ("aa", {"a": "unknown"}, "1 accepted twice: a"),
        ("", {"a": "pending"}, "1 lost: no outcome: a"),
        ("a", {}, "1 lost: no outcome: a"),
        ("", {"a": "cancelled"}, "1 lost: no outcome: a"),
        ("", {"a": "sent"}, "1 said to be sent, but not accepted: a"),
        ("a", {"a": "failed"}, "1 said to have failed, but accepted: a"),
        ("ax", {"a": "sent"}, "1 said to have failed, but accepted: x"),
    ],
)
def test_what_must_not_have_happened(judge, accepted, outcomes, said):
    """Each is told by its name."""
    assert (said,) == judge(["a"], accepted, outcomes).faults
