"""``python -m chaos QUEUE…``: runs, reports, and fails if a message was lost or sent twice."""

from __future__ import annotations

import argparse
import sys

from chaos.queues import MODULES
from chaos.running import Plan, run


def main() -> int:
    """Run what the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chaos", allow_abbrev=False)
    parser.add_argument("queues", nargs="*", metavar="QUEUE", help="all of them by default")
    parser.add_argument(
        "--messages", type=int, default=10_000, metavar="N", help="10,000 by default"
    )
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="4 by default")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of faults and kills")
    parser.add_argument(
        "--most-seconds", type=float, default=3600.0, metavar="SECONDS", help="then it has failed"
    )
    parser.add_argument("--most-kills", type=int, metavar="N", help="no more workers are killed")
    parser.add_argument("--log", action="store_true", help="print the end of the workers' log")
    given = parser.parse_args()
    unknown = sorted(set(given.queues) - set(MODULES))
    if unknown:
        parser.error(f"no queue {', '.join(unknown)}; there are: {', '.join(MODULES)}")
    failed = False
    for queue in given.queues or MODULES:
        plan = Plan(
            queue=queue,
            messages=given.messages,
            workers=given.workers,
            seed=given.seed,
            most_kills=given.most_kills,
            most_seconds=given.most_seconds,
        )
        report = run(plan)
        print(report, flush=True)
        for fault in report.verdict.faults:
            print(f"  FAILED: {fault}", flush=True)
            failed = True
        if given.log:
            print(report.log)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
