"""Programs that end while a local SES runs, as real processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


pytestmark = pytest.mark.slow


PROGRAM = """
import logging, sys, threading
import boto3
from mailcore_local.ses import LocalSes

ses = LocalSes()
ses.start()
client = boto3.client(
    "sesv2", region_name="us-east-1", endpoint_url=ses.url,
    aws_access_key_id="k", aws_secret_access_key="s",
)
client.get_account()  # the connection is kept
{before}
print("there", flush=True)
{end}
"""

HANGING = """
threading.excepthook = lambda *_: None  # the client is not what is tested
ses.faults.script("hang", operations=["*"])
threading.Thread(target=client.get_account, daemon=True).start()
while ses.faults.snapshot()["requests"]:
    pass
logging.getLogger("mailcore_local.ses").setLevel(logging.ERROR)
ses.subscribe("http://127.0.0.1:1/nobody")
"""


@pytest.mark.parametrize("before", ["", HANGING], ids=["idle", "with a request that hangs"])
@pytest.mark.parametrize(
    ("end", "code", "text"),
    [
        ("raise KeyError('the reason')", 1, "KeyError: 'the reason'"),
        pytest.param("sys.exit(3)", 3, "", marks=pytest.mark.slow),
        pytest.param("", 0, "", marks=pytest.mark.slow),
    ],
    ids=["exception", "sys.exit", "its end"],
)
def test_a_program_that_does_not_stop_it_ends(before: str, end: str, code: int, text: str):
    """It ends at once, with the exit code and the words that it would have without a server."""
    program = textwrap.dedent(PROGRAM).format(before=before, end=end)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert "there\n" == done.stdout
    assert code == done.returncode
    assert text in done.stderr
    if not text:
        assert "" == done.stderr
