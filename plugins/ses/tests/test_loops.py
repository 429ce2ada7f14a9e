"""One AsyncMailer in several loops and processes: each has connections of its own, none hangs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, os, signal, sys
from mailcore import AsyncMailer, Message
from mailcore.http import HttpTransport

url, kind, what = sys.argv[1:]
options = {"region_name": "eu-west-1", "endpoint_url": url, "access_key_id": "local",
           "secret_access_key": "local"}
if kind == "threads":
    import mailcore_ses.aws.transport
    mailcore_ses.aws.transport.default_transport = HttpTransport
if kind == "boto3":
    options["send_with"] = "boto3"
signal.alarm(30)  # ends what hangs
mailer = AsyncMailer("ses", **options)
mail = Message(from_email="a@x.org", to=["b@x.org"], subject="Hello", text="Hello")

async def send():
    outcomes = [each async for each in mailer.send_many([mail] * 3, concurrency=3)]
    assert all(each.message_id for each in outcomes), outcomes

asyncio.run(send())
if what == "another loop":
    asyncio.run(send())
elif what == "closed":
    asyncio.run(mailer.aclose())
    asyncio.run(send())
else:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            asyncio.run(send())
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    asyncio.run(send())
print("sent")
"""


@pytest.fixture(scope="module")
def ses():
    """A local SES for all."""
    with LocalSes(region_name="eu-west-1") as server:
        yield server


@pytest.mark.parametrize("what", ["another loop", "closed", "a child"])
@pytest.mark.parametrize("kind", ["aiohttp", "threads", "boto3"])
def test_sends_again(ses, kind, what):
    """After its loop has ended, after it was closed, and in the child of a fork."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, ses.url, kind, what],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert ("sent\n", "", 0) == (finished.stdout, finished.stderr, finished.returncode)
