"""
The mailbox of mailcore-local with many mails: how long a list, a search and the next mail take.

``python benchmarks/mailbox.py --mails 100000`` fills a store in memory, and one on disk with
``--store FILE``. The goal is a list under 100 ms; it ends with exit code 1 if one takes longer.
"""

from __future__ import annotations

import argparse
import sys
import time

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
    MailQuery,
    MailStore,
)


GOAL_MILLISECONDS = 100.0
REPETITIONS = 7
FACES = ("postmark", "ses", "mailgun", "sendgrid", "smtp")
# Each word stands in every mail, in one of ten, or in one alone.
QUERIES = (
    "",
    "order",
    "invoice",
    "number77777",
    "to:user777",
    "from:shop",
    "tag:tag3",
    "metadata:customer",
    "state:bounced",
    "state:delivered",
    "state:complained",
    "order state:complained",
    "provider:mailgun",
    "provider:mailgun state:bounced invoice",
    "nowhere",
)
RAW = b"From: a@example.com\r\nSubject: s\r\n\r\n" + b"Lorem ipsum dolor sit amet.\r\n" * 70


def mail(number: int) -> CapturedMail:
    """One of many: 2 KB, with words that are common and words that are rare."""
    address = f"user{number}@example.com"
    word = "invoice" if number % 10 == 0 else "newsletter"
    return CapturedMail(
        face=FACES[number % len(FACES)],
        envelope_sender="shop@example.com",
        from_email="Shop <shop@example.com>",
        to=(f"User {number} <{address}>",),
        subject=f"Your order number{number}: {word}",
        raw=RAW,
        recipients=(CapturedRecipient(address=address, message_id=f"id-{number}"),),
        request=CapturedRequest(method="POST", path="/send", body=b"{}"),
        tags=(f"tag{number % 20}",),
        metadata={"customer": str(number)},
    )


def fill(store: MailStore, count: int) -> float:
    """Add so many; the seconds that it took."""
    began = time.perf_counter()
    for number in range(count):
        each = mail(number)
        store.add(each)
        kind = EventKind.BOUNCED if number % 50 == 0 else EventKind.DELIVERED
        store.record(each.id, [MailEvent(kind=kind, recipient=each.recipients[0].address)])
    return time.perf_counter() - began


def milliseconds(action: Callable[[], object]) -> float:
    """The shortest of several times: what else the machine does is left out."""
    times = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    return min(times)


def measure(store: MailStore) -> float:
    """Print what each takes; the longest of the lists."""
    longest = 0.0
    print(f"{'query':44} {'list of 50':>12} {'count':>12}")
    for text in QUERIES:
        query = MailQuery.parse(text)
        listed = milliseconds(partial(store.list, query))
        counted = milliseconds(partial(store.count, query))
        longest = max(longest, listed)
        print(f"{text or '(everything)':44} {listed:9.2f} ms {counted:9.2f} ms")
    further_back, newest = store.list(limit=500)[-1].id, store.list(limit=1)[0].id
    page = milliseconds(lambda: store.list(before=further_back))
    whole = milliseconds(lambda: store.get(newest))
    print(f"{'(a page further back)':44} {page:9.2f} ms")
    print(f"{'(one mail, whole)':44} {whole:9.2f} ms")
    return longest


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--store", type=Path, help="keep them in this file, which is new")
    arguments = parser.parse_args()
    many = 10_000_000_000
    with MailStore(arguments.store, max_messages=arguments.mails, max_bytes=many) as store:
        seconds = fill(store, arguments.mails)
        rate = arguments.mails / seconds
        print(f"{arguments.mails} mails in {seconds:.1f} s: {rate:.0f} a second\n")
        longest = measure(store)
    print(f"\nThe longest list took {longest:.1f} ms; the goal is {GOAL_MILLISECONDS:.0f} ms.")
    return 0 if longest < GOAL_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
