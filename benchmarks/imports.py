"""What importing costs, and the first send of a process, beyond the interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from dataclasses import dataclass

from benchmarks import server


# Not ru_maxrss: a new process inherits that of the one that started it.
_CODE = """{statement}
import json, resource, sys
usage = resource.getrusage(resource.RUSAGE_SELF)
loaded = [name for name in ("requests", "boto3", "asyncio", "aiohttp") if name in sys.modules]
with open("/proc/self/status") as status:
    (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM:")]
print(json.dumps([usage.ru_utime + usage.ru_stime, int(peak) / 1024, loaded]))
"""
OURS = """
from mailcore import Mailer, Message
mailer = Mailer("ses", region_name="eu-west-1", endpoint_url={url!r})
mailer.send(Message(from_email="a@example.com", to=["b@example.net"], subject="x", text="x"))
"""
BOTO3 = """
import boto3
client = boto3.client("sesv2", region_name="eu-west-1", endpoint_url={url!r})
client.send_email(
    FromEmailAddress="a@example.com",
    Destination={{"ToAddresses": ["b@example.net"]}},
    Content={{"Simple": {{"Subject": {{"Data": "x"}}, "Body": {{"Text": {{"Data": "x"}}}}}}}},
)
"""
GOALS = {
    "import mailcore": 0.007,
    "from mailcore import Mailer, Message": 0.030,
    "first send": 0.110,
}
ROUNDS = 15


@dataclass
class Cost:
    """Seconds of CPU and peak megabytes of a process, the least of the rounds."""

    seconds: float = float("inf")
    megabytes: float = float("inf")
    loaded: tuple[str, ...] = ()


def _once(statement: str, cost: Cost) -> None:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    # Compiled files of ours are kept, as those of an installed package are.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    finished = subprocess.run(
        [sys.executable, "-c", _CODE.format(statement=statement)],
        capture_output=True,
        check=True,
        env=environment,
    )
    seconds, megabytes, loaded = json.loads(finished.stdout)
    cost.seconds = min(cost.seconds, seconds)
    cost.megabytes = min(cost.megabytes, megabytes)
    cost.loaded = tuple(loaded)


def main() -> bool:
    """Print each; returns whether ours meet the goals."""
    with server.running() as url:
        statements = {
            "the interpreter": "pass",
            "import mailcore": "import mailcore",
            "from mailcore import Mailer, Message": "from mailcore import Mailer, Message",
            "first send": OURS.format(url=url),
            "first send, boto3": BOTO3.format(url=url),
        }
        costs = {name: Cost() for name in statements}
        for _ in range(ROUNDS):
            for name, statement in statements.items():
                _once(statement, costs[name])
    bare, ours, theirs = (
        costs[name] for name in ("the interpreter", "first send", "first send, boto3")
    )
    print("\na process: CPU beyond the interpreter's, and peak memory")
    good = True
    for name, cost in costs.items():
        seconds = cost.seconds - (bare.seconds if cost is not bare else 0)
        goal = GOALS.get(name)
        told = ""
        if goal is not None:
            holds = seconds <= goal
            good &= holds
            told = f"{f'<= {goal * 1e3:.0f} ms':>12}{'yes' if holds else 'MISSED':>8}"
        loaded = f"   loads {', '.join(cost.loaded)}" if cost.loaded else ""
        print(f"  {name:<38}{seconds * 1e3:>7.1f} ms{cost.megabytes:>8.1f} MB{told}{loaded}")
    for what, ratio in (
        ("time", (ours.seconds - bare.seconds) / (theirs.seconds - bare.seconds)),
        ("memory", ours.megabytes / theirs.megabytes),
    ):
        good &= ratio < 1
        met = "yes" if ratio < 1 else "MISSED"
        print(f"  first send, {what} of boto3's{'':<12}{ratio:>17.2f}{'< 1':>12}{met:>8}")
    return good


if __name__ == "__main__":
    raise SystemExit(not main())
