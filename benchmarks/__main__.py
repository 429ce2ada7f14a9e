"""
Print the table: ``make bench``.

Ratios are between contenders of one run on one machine. A wish that is missed is marked and makes
the exit code 1; the machine should be otherwise idle.
"""

from __future__ import annotations

import platform
import sys

from importlib.metadata import version
from itertools import chain

from benchmarks import (
    build,
    bulk,
    concurrency,
    django_mail,
    growth,
    http_providers,
    imports,
    inbound,
    outbox,
    peers,
    policies,
    receive,
    send,
    server,
    signing,
    webhooks,
)
from benchmarks.measure import print_row


MEMORY_LIMIT = 2.2


def main() -> int:
    """Run everything; returns the exit code."""
    packages = ("mailcore-esp", "mailcore-ses", "boto3", "Django", "django-anymail")
    print(f"Python {platform.python_version()},", ", ".join(f"{p} {version(p)}" for p in packages))
    print("CPU of the calling process, best of interleaved rounds; ratio, goal, whether it is met")
    good = True
    with server.running() as url:
        peers.set_up(url)
        backend = peers.open_backend()
        for row in build.short_messages(backend):
            good &= print_row(row)
        for row in chain(build.attachments(backend), build.mails()):
            good &= print_row(row)
        for row in chain(send.sending(url), django_mail.sending()):
            good &= print_row(row)
        backend.close()
    rows = (
        *(signing.signatures(), http_providers.building(), webhooks.receiving()),
        *(receive.notifications(), inbound.parsing(), inbound.irregular()),
    )
    for row in chain.from_iterable(rows):
        good &= print_row(row)
    good &= bulk.main()
    good &= policies.main()

    peak, ratio = build.memory()
    good &= ratio <= MEMORY_LIMIT
    print(f"\nmemory: peak of building a 10 MB attachment: {peak / 1e6:.1f} MB, ", end="")
    print(f"{ratio:.2f} times the encoded size, wanted <= {MEMORY_LIMIT}")

    for part in (outbox, growth, concurrency, imports):
        good &= part.main()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
