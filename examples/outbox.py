"""
Orders and their mail in one transaction, and a worker is killed: ``python examples/outbox.py``.

Nothing leaves this machine: the database is an SQLite file, Amazon's service the local SES, the
worker a process of ``mailcore outbox work``. Ends with exit code 0 only if each message went the
way that the page ``docs/explanation/outbox.md`` promises, and none was accepted twice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from sqlalchemy import Column, Integer, MetaData, Table, create_engine
from sqlalchemy.orm import Session

from mailcore import Message, get_provider
from mailcore.outbox import OutboxEvents, OutboxState
from mailcore.webhook import WsgiWebhook
from mailcore_local.ses import LocalSes
from mailcore_outbox import Outbox


DEADLINE_SECONDS = 60
METADATA = MetaData()
ORDERS = Table("orders", METADATA, Column("number", Integer, primary_key=True))


class PaymentRefused(Exception):
    """Why an order is not committed."""


def order(session: Session, outbox: Outbox, number: int, *, is_paid: bool = True) -> str:
    """Write an order and its mail in one transaction; the id of the mail."""
    with session.begin():
        session.execute(ORDERS.insert(), {"number": number})
        message = Message(
            from_email="shop@example.com",
            to=["ada@example.net"],
            subject=f"Order {number}",
            text="Thank you.",
        )
        row = outbox.add(session, message, key=f"order-{number}")
        if not is_paid:
            raise PaymentRefused
    return row.id


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Print nothing: the demo does."""


@contextmanager
def webhook(local: LocalSes, outbox: Outbox) -> Iterator[None]:
    """Receive the events of the local SES, and have them find their messages."""
    ses = get_provider("ses", **local.provider_options)
    application = WsgiWebhook(ses, OutboxEvents(outbox.store))
    with make_server("127.0.0.1", 0, application, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/"
            local.subscribe(url, timeout_seconds=DEADLINE_SECONDS)
            yield
        finally:
            server.shutdown()
            thread.join()


def worker(url: str, local: LocalSes) -> subprocess.Popen[bytes]:
    """A process that sends what is in the outbox; its claims end two seconds after it died."""
    command = [sys.executable, "-m", "mailcore", "--quiet", "outbox", "work"]
    return subprocess.Popen(
        [*command, "--concurrency", "1", "--lease", "2", "--poll", "0.1"],
        env={**os.environ, "MAILCORE_OUTBOX_URL": url, "MAILCORE_URL": local.mailcore_url},
        stdout=subprocess.DEVNULL,
    )


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """
    Wait until something holds.

    Raises:
        TimeoutError: If it takes too long.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {DEADLINE_SECONDS} seconds")
        time.sleep(0.05)


def main() -> int:
    """Run the demo; returns the exit code."""
    # The webhook confirms its subscription as with AWS; a local SES accepts any credentials.
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    with tempfile.TemporaryDirectory() as directory, LocalSes(region_name="eu-west-1") as local:
        url = f"sqlite:///{Path(directory) / 'shop.db'}"
        engine = create_engine(url)
        outbox = Outbox(engine)
        METADATA.create_all(engine)
        outbox.create()
        try:
            with Session(engine) as session, webhook(local, outbox):
                return run(session, outbox, url, local)
        finally:
            engine.dispose()


def run(session: Session, outbox: Outbox, url: str, local: LocalSes) -> int:
    """Go through it, and say what happens."""

    def state(row_id: str) -> OutboxState | None:
        row = outbox.store.get(row_id)
        return None if row is None else row.state

    first, second = order(session, outbox, 1), order(session, outbox, 2)
    try:
        order(session, outbox, 3, is_paid=False)
    except PaymentRefused:
        print("Order 3 was undone, and its mail with it.")
    print(f"Orders 1 and 2 are committed: their mail is {state(first)}, {state(second)}.")

    # The second one is accepted, and the answer does not come.
    local.faults.script("ok", "hang_after_accept:600")
    # The event of it would tell at once what became of it.
    local.faults.script_notifications("ok", "drop")
    killed = worker(url, local)
    wait_for(lambda: len(local.messages) > 1, "two messages")
    wait_for(lambda: state(first) is OutboxState.SENT, "the first is sent")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    print(f"The worker is killed while it sends: {state(first)}, {state(second)}.")

    third = order(session, outbox, 4)
    other = worker(url, local)
    wait_for(lambda: state(third) is OutboxState.SENT, "the third is sent")
    wait_for(lambda: state(second) is OutboxState.UNKNOWN, "the second is given up")
    print(f"Another one takes over: {state(first)}, {state(second)}, {state(third)}.")
    other.terminate()
    other.wait()

    subjects = sorted(record.subject for record in local.messages)
    print(f"Accepted by the service, each once: {', '.join(subjects)}.")
    local.drain(DEADLINE_SECONDS)
    wait_for(lambda: bool(outbox.store.receipts(third)), "events")
    print(f"Events found their mail: {', '.join(sorted(events_of(outbox, third)))}.")
    return 0 if subjects == ["Order 1", "Order 2", "Order 4"] else 1


def events_of(outbox: Outbox, row_id: str) -> set[str]:
    """What was reported of a message."""
    return {str(receipt.event_type) for receipt in outbox.store.receipts(row_id)}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, TimeoutError) as error:
        sys.exit(f"FAILED: {error}")
