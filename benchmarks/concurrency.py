"""32 sends in flight to a service that takes 50 ms: how much of the possible rate, and its CPU."""

from __future__ import annotations

import asyncio
import socket
import time

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3

from benchmarks import server
from mailcore import AsyncMailer, Mailer, Message
from mailcore.http import HttpTransport


IN_FLIGHT = 32
LATENCY_SECONDS = 0.05
MESSAGES = IN_FLIGHT * 40
GOAL = 0.95
ROUNDS = 3
BODY = b'{"MessageId": "0107019aa1d0731e-000000"}'
MAIL: dict[str, Any] = {
    "from_email": "a@example.com",
    "to": ["b@example.net"],
    "subject": "Hello",
    "text": "Hi",
}


@dataclass
class Rate:
    """Messages each second of the clock, and seconds of CPU for each, the best of the rounds."""

    per_second: float = 0.0
    cpu_seconds: float = float("inf")


def messages() -> Iterator[Message]:
    """As many as a round has."""
    return (Message(**MAIL) for _ in range(MESSAGES))


def measured(url: str) -> dict[str, Rate]:
    """Each way to send, in turn, and what cannot be beaten: connections of asyncio without HTTP."""
    keys: dict[str, Any] = {"aws_access_key_id": "l", "aws_secret_access_key": "l"}
    options: dict[str, Any] = {
        "region_name": "eu-west-1",
        "endpoint_url": url,
        "client_parameters": keys,
    }
    found: dict[str, Rate] = {}
    with Mailer("ses", **options) as mailer:
        ways: dict[str, Callable[[], object]] = {
            "the ceiling": lambda: asyncio.run(_ceiling(url)),
            "Mailer.send_many, threads": lambda: _all(mailer.send_many(messages(), concurrency=32)),
            "AsyncMailer, aiohttp": lambda: _in_a_loop(options),
            "AsyncMailer, threads": lambda: _in_a_loop(options, HttpTransport),
            "boto3 in threads": lambda: _boto3(url, keys),
        }
        for name, way in list(ways.items()) * ROUNDS:
            rate = found.setdefault(name, Rate())
            cpu, clock = time.process_time(), time.perf_counter()
            way()
            rate.per_second = max(rate.per_second, MESSAGES / (time.perf_counter() - clock))
            rate.cpu_seconds = min(rate.cpu_seconds, (time.process_time() - cpu) / MESSAGES)
    return found


def _all(outcomes: Iterator[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


def _in_a_loop(options: dict[str, Any], transport: Any = None) -> None:
    async def send() -> None:
        async with AsyncMailer("ses", **options) as mailer:
            async for outcome in mailer.send_many(messages(), concurrency=IN_FLIGHT):
                if isinstance(outcome, Exception):
                    raise outcome

    if transport is None:
        asyncio.run(send())
        return
    with patch("mailcore_ses.aws.transport.default_transport", transport):
        asyncio.run(send())


def _boto3(url: str, keys: dict[str, Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from botocore.config import Config

    config = Config(max_pool_connections=IN_FLIGHT)
    client = boto3.client("sesv2", region_name="eu-west-1", endpoint_url=url, config=config, **keys)
    call: dict[str, Any] = {
        "FromEmailAddress": "a@example.com",
        "Destination": {"ToAddresses": ["b@example.net"]},
        "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hi"}}}},
    }
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        list(threads.map(lambda _: client.send_email(**call), range(MESSAGES)))
    client.close()


async def _ceiling(url: str) -> None:
    port = int(url.rpartition(":")[2])

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(MESSAGES // IN_FLIGHT):
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(BODY))
        writer.close()

    tasks: list[Coroutine[Any, Any, None]] = [one() for _ in range(IN_FLIGHT)]
    await asyncio.gather(*tasks)


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = connection.makefile("rb")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    while requests.readline():
        length = 0
        while line := requests.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        requests.read(length)
        time.sleep(LATENCY_SECONDS)
        connection.sendall(head % len(BODY) + BODY)


def main() -> bool:
    """Print what each way reaches; returns whether ours reach the goal."""
    with server.running(_answer) as url:
        found = measured(url)
    ceiling = found["the ceiling"].per_second
    print(
        f"\n{IN_FLIGHT} in flight at {LATENCY_SECONDS * 1e3:.0f} ms: part of the ceiling, and CPU"
    )
    good = True
    for name, rate in found.items():
        share, is_ours = rate.per_second / ceiling, "ailer" in name
        good &= not is_ours or share >= GOAL
        goal = (
            f"{'>= ' + str(GOAL):>12}{'yes' if share >= GOAL else 'MISSED':>8}" if is_ours else ""
        )
        cpu = f"{rate.cpu_seconds * 1e6:.0f} µs"
        print(f"  {name:<28}{cpu:>12}{share:>9.2f}{goal}   {rate.per_second:.0f} a second")
    return good


if __name__ == "__main__":
    raise SystemExit(not main())
