"""What importing costs, beyond the interpreter."""

from __future__ import annotations

import json
import subprocess
import sys


_CODE = """{statement}
import json, resource, sys
usage = resource.getrusage(resource.RUSAGE_SELF)
loaded = [name in sys.modules for name in ("requests", "boto3")]
print(json.dumps([usage.ru_utime + usage.ru_stime, *loaded]))
"""


def _once(statement: str) -> tuple[float, bool, bool]:
    finished = subprocess.run(
        [sys.executable, "-c", _CODE.format(statement=statement)],
        capture_output=True,
        check=True,
    )
    cpu, requests, boto3 = json.loads(finished.stdout)
    return cpu, requests, boto3


def measure(statement: str = "import mailcore", rounds: int = 25) -> tuple[float, bool, bool]:
    """CPU seconds of a statement beyond the interpreter; whether it loads requests or boto3."""
    bare, ours = float("inf"), float("inf")
    loads_requests = loads_boto3 = False
    for _ in range(rounds):
        bare = min(bare, _once("pass")[0])
        cpu, loads_requests, loads_boto3 = _once(statement)
        ours = min(ours, cpu)
    return ours - bare, loads_requests, loads_boto3
