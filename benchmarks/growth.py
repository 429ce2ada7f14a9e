"""How the time grows with what a message or a webhook has: slopes, 1 where it is linear."""

from __future__ import annotations

import functools
import json
import math

from collections.abc import Callable
from typing import Any

from benchmarks.build import SHORT
from benchmarks.measure import best_of
from mailcore import Message, WebhookRequest, get_provider
from mailcore_ses.options import SesOptions
from mailcore_ses.payload import plan_of, requests_for


GOAL = 1.1
SIZES = (100, 1_000)
EVENT = {"RecordType": "Delivery", "MessageID": "1", "Recipient": "ada@example.net"}


def _build(**fields: Any) -> Callable[[], object]:
    options = SesOptions()

    def build() -> object:
        message = Message(**{**SHORT, **fields})
        return [call.params for call in requests_for(message, plan_of(message, options))]

    return build


def _recipients(number: int) -> Callable[[], object]:
    data = {f"user{each}@example.net": {"name": str(each)} for each in range(number)}
    return _build(to=list(data), text="Hello {{name}}", html=None, merge_data=data)


def _headers(number: int) -> Callable[[], object]:
    return _build(headers={f"X-Of-{each}": f"value {each}" for each in range(number)})


def _parts(number: int) -> Callable[[], object]:
    return _build(attachments=[(f"{each}.txt", b"text", "text/plain") for each in range(number)])


def _events(number: int) -> Callable[[], object]:
    provider = get_provider("sendgrid", api_key="SG.key", webhook_secrets=["user:password"])
    events = [
        {"event": "delivered", "email": f"u{n}@example.net", "sg_event_id": str(n), "timestamp": 1}
        for n in range(number)
    ]
    request = WebhookRequest(
        "POST", {"content-type": "application/json"}, json.dumps(events).encode()
    )
    return functools.partial(provider.parse_webhook, request)


def main() -> bool:
    """Print the slopes; returns whether all are about linear."""
    print(f"\ngrowth from {SIZES[0]} to {SIZES[1]:,}: slope of the time, 1 if linear")
    good = True
    for name, make in (
        ("recipients", _recipients),
        ("headers", _headers),
        ("parts", _parts),
        ("events", _events),
    ):
        small, large = (best_of({"": make(size)}, number=3)[""] for size in SIZES)
        slope = math.log(large / small) / math.log(SIZES[1] / SIZES[0])
        good &= slope <= GOAL
        met = "yes" if slope <= GOAL else "MISSED"
        print(
            f"  {name:<28}{large / SIZES[1] * 1e6:>9.1f} µs{slope:>9.2f}{f'<= {GOAL}':>12}{met:>8}"
        )
    return good


if __name__ == "__main__":
    raise SystemExit(not main())
