from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from pathlib import Path
from urllib.request import urlopen

import pytest


EXAMPLES = Path(__file__).parent.parent / "examples"
DEMO = EXAMPLES / "demo.py"


@pytest.mark.slow
def test_the_demo_is_readable(tmp_path):
    """It fits 80 columns, begins with a plain success, and ends with what to try next."""
    finished = subprocess.run(
        [sys.executable, DEMO],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert 0 == finished.returncode, finished.stderr
    lines = finished.stdout.splitlines()

    # The commands to try begin with where this interpreter is.
    here = str(Path(sys.executable).parent)
    assert [] == [line for line in lines if len(line) > 80 and here not in line]
    received = lines[lines.index("Received, verified and normalised") + 3 :]
    assert ["ada@example.net", "sent"] == received[0].split()
    assert ["ada@example.net", "delivered"] == received[1].split()[:2]
    assert "(not said)" in received[received.index("") - 1]
    assert "What to try next:" in lines[-12:]
    assert lines[0].startswith("Mailbox: http://127.0.0.1:")
    assert "docs/tutorial/first-message.md" in lines[-1]


@pytest.mark.slow
def test_the_outbox_demo(tmp_path):
    """An order is undone with its mail; a worker is killed; nothing is lost or accepted twice."""
    finished = subprocess.run(
        [sys.executable, EXAMPLES / "outbox.py"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert 0 == finished.returncode, finished.stderr
    assert [
        "Order 3 was undone, and its mail with it.",
        "Orders 1 and 2 are committed: their mail is pending, pending.",
        "The worker is killed while it sends: sent, sending.",
        "Another one takes over: sent, unknown, sent.",
        "Accepted by the service, each once: Order 1, Order 2, Order 4.",
    ] == finished.stdout.splitlines()[:-1]
    assert finished.stdout.splitlines()[-1].startswith("Events found their mail: ")


@pytest.mark.slow
def test_the_demo_that_stays_open(tmp_path):
    """It says where the mailbox is, which has the mails, and ends by Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, DEMO, "--open", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    try:
        said = next(line for line in process.stdout if line.startswith("The mailbox is open at "))
        url = said.split()[5]
        with urlopen(f"{url}api/v1/messages", timeout=30) as answer:
            assert 6 == json.load(answer)["total"]
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(30)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_the_failover_demo(tmp_path):
    """SES is down, Postmark takes over, over real HTTP; what failed is told; SES comes back."""
    finished = subprocess.run(
        [sys.executable, EXAMPLES / "failover.py"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert 0 == finished.returncode, finished.stderr
    assert [
        "SES is up:                       sent through ses",
        "SES is down:                     sent through postmark",
        "                                 before: ses failed",
        "SES is down:                     sent through postmark",
        "                                 before: ses failed",
        "SES rests, and is not asked:     sent through postmark",
        "SES is back, and tried by one:   sent through ses",
        "All is as before:                sent through ses",
        "",
        "SES got 3 messages, Postmark 3.",
    ] == finished.stdout.splitlines()
