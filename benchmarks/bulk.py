"""A batch of 10,000 from a template: CPU of each recipient, and memory."""

from __future__ import annotations

import functools
import itertools
import json
import socket
import tracemalloc

from collections.abc import Callable, Iterator
from typing import Any

import boto3

from benchmarks import server
from benchmarks.measure import Row, best_of, print_row
from mailcore import Mailer, Message


RECIPIENTS = 10_000
DESTINATIONS = 50
LIMIT = 0.7
GROWTH_LIMIT = 1.3
MEMORY_LIMIT = 1.5
CREDENTIALS: dict[str, Any] = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


def rows(count: int) -> Iterator[tuple[str, dict[str, object]]]:
    """What a caller has: addresses and the values for each."""
    for number in range(count):
        yield f"user{number}@example.net", {"name": f"User {number}", "order": 100_000 + number}


def by_hand(client: Any, recipients: Iterator[tuple[str, dict[str, object]]]) -> None:
    """The loop that people write with boto3: 50 at a time, statuses by address."""
    statuses = {}
    while some := list(itertools.islice(recipients, DESTINATIONS)):
        entries = [
            {
                "Destination": {"ToAddresses": [address]},
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {"ReplacementTemplateData": json.dumps(data)}
                },
            }
            for address, data in some
        ]
        answer = client.send_bulk_email(
            FromEmailAddress="Shop <shop@example.com>",
            DefaultContent={"Template": {"TemplateName": "receipt", "TemplateData": "{}"}},
            BulkEmailEntries=entries,
        )
        for (address, _), result in zip(some, answer["BulkEmailEntryResults"], strict=True):
            statuses[address] = (result["Status"], result.get("MessageId"))


def one_message(mailer: Mailer, recipients: Iterator[tuple[str, dict[str, object]]]) -> None:
    """All recipients in one message."""
    data = dict(recipients)
    result = mailer.send(_message(data))
    assert len(result.accepted) == len(data)


def streamed(mailer: Mailer, recipients: Iterator[tuple[str, dict[str, object]]]) -> None:
    """Recipients from an iterator, 50 in a message: the form for any number of them."""
    for result in mailer.send_many(messages(recipients)):
        if isinstance(result, Exception):
            raise result


def messages(recipients: Iterator[tuple[str, dict[str, object]]]) -> Iterator[Message]:
    """One message for each 50 recipients, made when it is its turn."""
    while data := dict(itertools.islice(recipients, DESTINATIONS)):
        yield _message(data)


def _message(data: dict[str, dict[str, object]]) -> Message:
    return Message(
        from_email="Shop <shop@example.com>", to=list(data), template_id="receipt", merge_data=data
    )


def sending(url: str) -> Iterator[Row]:
    """CPU of each recipient: mailcore's two forms against the hand-written loop."""
    client = boto3.client("sesv2", region_name="eu-west-1", endpoint_url=url, **CREDENTIALS)
    with Mailer(
        "ses", region_name="eu-west-1", endpoint_url=url, client_parameters=CREDENTIALS
    ) as mailer:
        for form, send in (("one message", one_message), ("streamed", streamed)):
            contenders: dict[str, Callable[[], object]] = {
                "mailcore": functools.partial(_run, send, mailer),
                "boto3 by hand": lambda: by_hand(client, rows(RECIPIENTS)),
            }
            seconds = best_of(contenders, number=1, rounds=5)
            yield Row(
                f"bulk: {RECIPIENTS:,} recipients with merge_data, {form}; of each recipient",
                {name: value / RECIPIENTS for name, value in seconds.items()},
                {"boto3 by hand": ("<=", LIMIT)},
            )
    client.close()


def _run(
    send: Callable[[Mailer, Iterator[tuple[str, dict[str, object]]]], None], mailer: Mailer
) -> None:
    send(mailer, rows(RECIPIENTS))


def memory(url: str) -> dict[int, int]:
    """Peak bytes of the streamed form, by the number of recipients."""
    peaks = {}
    with Mailer(
        "ses", region_name="eu-west-1", endpoint_url=url, client_parameters=CREDENTIALS
    ) as mailer:
        streamed(mailer, rows(2_000))
        for count in (2_000, 8_000, 32_000):
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            streamed(mailer, rows(count))
            peaks[count] = tracemalloc.get_traced_memory()[1] - before
            tracemalloc.stop()
    return peaks


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = connection.makefile("rb")
    numbers = itertools.count()
    while requests.readline():
        length = 0
        while line := requests.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        entries = requests.read(length).count(b'"Destination"')
        results = [
            {"Status": "SUCCESS", "MessageId": f"0107019aa1d0731e-{next(numbers):06}-000000"}
            for _ in range(entries)
        ]
        body = json.dumps({"BulkEmailEntryResults": results}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + body)


def _print_growth(url: str) -> bool:
    """One message to ever more: what of each recipient; the garbage collector looks at them too."""
    counts = (1_000, 10_000, 100_000)
    with Mailer(
        "ses", region_name="eu-west-1", endpoint_url=url, client_parameters=CREDENTIALS
    ) as mailer:
        costs = []
        for count in counts:
            send = functools.partial(_some, mailer, count)
            costs.append(best_of({"": send}, number=1, rounds=2)[""] / count)
    ratio = costs[-1] / costs[0]
    holds = ratio <= GROWTH_LIMIT
    listed = ", ".join(f"{n:,}: {c * 1e6:.1f} µs" for n, c in zip(counts, costs, strict=True))
    print(f"\nbulk: one message, of each recipient by their number: {listed}")
    print(f"  {'the last over the first':<40}{ratio:>9.2f}{f'<= {GROWTH_LIMIT}':>12}", end="")
    print(f"{'yes' if holds else 'MISSED':>8}")
    return holds


def _some(mailer: Mailer, count: int) -> None:
    one_message(mailer, rows(count))


def main() -> bool:
    """Print both forms and the memory; returns whether all wishes hold."""
    with server.running(_answer) as url:
        good = True
        for row in sending(url):
            good &= print_row(row)
        good &= _print_growth(url)
        peaks = memory(url)
    smallest, largest = peaks[min(peaks)], peaks[max(peaks)]
    flat = largest <= MEMORY_LIMIT * smallest
    listed = ", ".join(f"{count:,}: {peak / 1024:.0f} KiB" for count, peak in peaks.items())
    print(f"\nbulk: peak memory when recipients are streamed, by their number: {listed}", end="")
    print("" if flat else "  MISSED")
    return good and flat


if __name__ == "__main__":
    raise SystemExit(not main())
