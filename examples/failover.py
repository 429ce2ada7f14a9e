"""
SES is down, Postmark takes over, SES comes back: ``python examples/failover.py``.

Nothing leaves this machine. Amazon's service is the local SES; Postmark's is a small server here
that answers as Postmark's API does. Ends with exit code 0 only if each message went the way that
the page ``docs/how-to/failover.md`` promises.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

from mailcore import Mailer, Message, SendResult
from mailcore.pools import Failover
from mailcore_local.ses import LocalSes


MESSAGE = Message(
    from_email="shop@example.com",
    to=["ada@example.net"],
    subject="Your order",
    text="It is on its way.",
)
DEADLINE_SECONDS = 30


class PostmarkHere(ThreadingHTTPServer):
    """Answers each message as Postmark's API does, and keeps its subject."""

    daemon_threads = True

    def __init__(self) -> None:
        self.subjects: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        postmark = self.server
        assert isinstance(postmark, PostmarkHere)
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        postmark.subjects.append(message["Subject"])
        number = len(postmark.subjects)
        answer = {"MessageID": f"here-{number}", "ErrorCode": 0, "Message": "OK"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Print nothing: the demo does."""


@contextmanager
def postmark_here() -> Iterator[PostmarkHere]:
    """Run the server in a thread."""
    server = PostmarkHere()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(what: str, result: SendResult) -> str:
    """Print who took a message, and what failed before; return who."""
    print(f"{what:<32} sent through {result.provider}")
    for attempt in result.attempts:
        print(f"{'':<32} before: {attempt.provider} failed")
    return result.provider


def main() -> int:
    """Send while SES is up, down, resting and back."""
    with LocalSes(region_name="eu-west-1") as ses, postmark_here() as postmark:
        url = (
            f"failover({ses.mailcore_url} "
            f"postmark://?server_token=here&base_url={quote(postmark.url, safe='')})"
            f"?faults_before_rest=2&rest_seconds=0.5"
        )
        with Mailer.from_url(url) as mailer:
            pool = mailer.provider
            assert isinstance(pool, Failover)
            took = [said("SES is up:", mailer.send(MESSAGE))]

            ses.faults.add("error503", rate=1.0)
            took += [said("SES is down:", mailer.send(MESSAGE)) for _ in range(2)]
            took.append(said("SES rests, and is not asked:", mailer.send(MESSAGE)))

            ses.faults.clear()
            deadline = time.monotonic() + DEADLINE_SECONDS
            while pool.resting and time.monotonic() < deadline:
                time.sleep(0.05)
            took.append(said("SES is back, and tried by one:", mailer.send(MESSAGE)))
            took.append(said("All is as before:", mailer.send(MESSAGE)))

        print(f"\nSES got {len(ses.messages)} messages, Postmark {len(postmark.subjects)}.")
    expected = ["ses", "postmark", "postmark", "postmark", "ses", "ses"]
    return 0 if took == expected else 1


if __name__ == "__main__":
    sys.exit(main())
