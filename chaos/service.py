"""The service that everything is sent to: a local SES of which each request may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from mailcore import Message
from mailcore_local.ses import LocalSes


RATES = {
    "throttle": 0.04,
    "error500": 0.02,
    "error503": 0.02,
    "error:MessageRejected": 0.005,
    "garbage": 0.003,
    "half_answer": 0.003,
    "malformed_answer": 0.003,
    "reset": 0.01,
    "reset_after_accept": 0.005,
    "hang:20": 0.002,
    "hang_after_accept:20": 0.002,
}
"""How often what goes wrong. What hangs is longer silent than the workers wait."""
READ_TIMEOUT_SECONDS = 2


@contextmanager
def service(seed: int) -> Iterator[LocalSes]:
    """A local SES in this process whose faults are drawn by a seed."""
    with LocalSes(region_name="eu-west-1", seed=seed) as ses:
        for fault, rate in RATES.items():
            ses.faults.add(fault, rate=rate)
        yield ses


def url_of(ses: LocalSes) -> str:
    """The URL that workers make their mailer of."""
    query = {
        "region_name": ses.region_name,
        "endpoint_url": ses.url,
        "read_timeout_seconds": READ_TIMEOUT_SECONDS,
    }
    return f"ses://local:local@?{urlencode(query)}"


def name_of(number: int) -> str:
    """What a message is called: its subject, which the service's record has too."""
    return f"chaos {number:06d}"


def message(number: int) -> Message:
    """One of the messages; every tenth has two recipients."""
    to = [f"ada{number}@example.com"]
    if number % 10 == 0:
        to.append(f"bob{number}@example.com")
    return Message(from_email="shop@example.com", to=to, subject=name_of(number), text="Hello")
