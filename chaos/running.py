"""One run: messages through a queue, while everything breaks, and the verdict."""

from __future__ import annotations

import os
import shutil
import tempfile
import time

from dataclasses import dataclass
from pathlib import Path

from chaos.judging import Verdict, judge
from chaos.killing import Workers
from chaos.queues import opened
from chaos.queues.queue import Queue
from chaos.service import message, name_of, service, url_of


_BATCH = 50
_QUIET_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What a run does.

    Args:
        queue: The name of the queue.
        messages: How many messages go through it.
        workers: How many worker processes send them.
        seed: The seed of faults and kills.
        least_kills: How many kills there are at least: half of the messages wait for them.
        most_kills: How many kills there are at most; None for no bound.
        most_seconds: After how many seconds the run is given up.
    """

    queue: str
    messages: int
    workers: int = 4
    seed: int = 1
    least_kills: int = 3
    most_kills: int | None = None
    most_seconds: float = 3600.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    What happened.

    Args:
        plan: What the run did.
        verdict: What the service's record says of the outcomes.
        seconds: How long it took.
        killed: How many workers were killed.
        killed_children: How many children of workers were killed alone.
        cuts: How many times connections were cut.
        reminded: How many messages the queue had forgotten, and was given again with their keys.
        log: The end of what the workers wrote.
    """

    plan: Plan
    verdict: Verdict
    seconds: float
    killed: int
    killed_children: int
    cuts: int
    reminded: int
    log: str

    def __str__(self) -> str:
        plan = self.plan
        return (
            f"{plan.queue}: {plan.messages} messages, {plan.workers} workers, seed {plan.seed}, "
            f"{self.seconds:.0f} s, {plan.messages / self.seconds:.0f} a second\n"
            f"  {self.killed} workers killed, {self.killed_children} children alone, "
            f"{self.cuts} times connections cut, {self.reminded} tasks that the broker forgot\n"
            f"  {self.verdict}"
        )


def run(plan: Plan) -> Report:
    """Do what a plan says; nothing of it stays but the report."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    try:
        with (
            service(plan.seed) as ses,
            opened(plan.queue, folder, url_of(ses)) as queue,
        ):
            began = time.monotonic()
            log = folder / "workers.log"
            environment = {**os.environ, **queue.environment}
            workers = Workers(
                queue.command,
                environment,
                log,
                count=plan.workers,
                seed=plan.seed,
                pause_seconds=queue.pause_seconds,
                most=plan.most_kills,
                children=queue.children,
                also=queue.cut,
            )
            with workers:
                deadline = began + plan.most_seconds
                _put(queue, 0, plan.messages // 2)
                while workers.kills < plan.least_kills and time.monotonic() < deadline:
                    time.sleep(0.1)
                _put(queue, plan.messages // 2, plan.messages)
                reminded = _wait(queue, workers, deadline)
                seconds = time.monotonic() - began
            names = [name_of(number) for number in range(plan.messages)]
            accepted = [each.subject for each in ses.messages]
            return Report(
                plan=plan,
                verdict=judge(names, accepted, queue.outcomes()),
                seconds=seconds,
                killed=workers.killed,
                killed_children=workers.killed_children,
                cuts=workers.cuts,
                reminded=reminded,
                log=log.read_text(encoding="utf-8", errors="replace")[-20_000:],
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(queue: Queue, first: int, last: int) -> None:
    for begin in range(first, last, _BATCH):
        numbers = range(begin, min(begin + _BATCH, last))
        queue.put([message(number) for number in numbers])


def _wait(queue: Queue, workers: Workers, deadline: float) -> int:
    """Wait until everything has an outcome; how many messages the queue had to be given again."""
    reminded = 0
    least, since = queue.unfinished(), time.monotonic()
    while least and time.monotonic() < deadline:
        time.sleep(0.2)
        left = queue.unfinished()
        if left < least:
            least, since = left, time.monotonic()
        elif time.monotonic() - since > _QUIET_SECONDS:
            reminded += queue.remind()
            since = time.monotonic()
        if left < len(workers):
            # The last ones are let in peace: with a pause as short as a start nothing would end.
            workers.stop_killing()
    return reminded
