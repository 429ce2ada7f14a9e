"""Keys of events: stores keep them, so they stay what they are from version to version."""

from __future__ import annotations

import copy
import json

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailcore_ses.events import parse_ses_event


FIXTURES = Path(__file__).parent / "fixtures" / "events"
MESSAGE = "0107019aa1d0731e-0c8d1b7e-93a1-45fe-8e3c-f1f0f2c0d9aa-000000"
FEEDBACK = "0107019aa1d07c3e-5b0e4f0a-6f0d-4c52-9a4c-2f6c1f9b7e11-000000"


def event_of(name: str) -> dict[str, Any]:
    """The event in a fixture."""
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))
    return payload


def keys_of(payload: dict[str, Any], provider: str = "ses") -> list[str]:
    """The keys of what it comes to."""
    return [event.dedupe_key for event in parse_ses_event(provider, payload)]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("bounce_permanent_general", [f"ses:bounce:{FEEDBACK}:old.staff@firma.example"]),
        ("autoresponse_Transient", [f"ses:bounce:{FEEDBACK}:"]),
        ("complaint_one_of_three", [f"ses:complaint:{FEEDBACK}:gone@firma.example"]),
        (
            "send",
            [f"ses:send:{MESSAGE}:{name}@firma.example" for name in ("old.staff", "gone")],
        ),
        ("open", [f"ses:open:{MESSAGE}:d892bc236480ff97:old.staff@firma.example"]),
        ("received_base64", ["ses:received:3k9v1example:8aa12a4af79969f6"]),
    ],
)
def test_keys_stay_what_they_are(name, keys):
    """An event that was handled before an upgrade is known after it."""
    assert keys == keys_of(event_of(name))


def leave_out(*path: str) -> Callable[[dict[str, Any]], None]:
    """What removes a value."""

    def change(payload: dict[str, Any]) -> None:
        for step in path[:-1]:
            payload = payload[step]
        del payload[path[-1]]

    return change


def put(value: Any, *path: str) -> Callable[[dict[str, Any]], None]:
    """What puts a value somewhere."""

    def change(payload: dict[str, Any]) -> None:
        for step in path[:-1]:
            payload = payload[step]
        payload[path[-1]] = value

    return change


NO_FEEDBACK = leave_out("bounce", "feedbackId")
NO_MESSAGE = leave_out("mail", "messageId")
LATER = "2026-11-20T09:15:09.000Z"
CHANGES: list[tuple[str, list[Any], Any, bool]] = [
    # the fixture, what it is made of, what differs, whether it is the same event
    ("bounce_permanent_general", [], put(LATER, "bounce", "timestamp"), True),
    ("bounce_permanent_general", [], put("m", "mail", "messageId"), True),
    ("bounce_permanent_general", [], put("f", "bounce", "feedbackId"), False),
    ("bounce_permanent_general", [NO_FEEDBACK], put(LATER, "mail", "timestamp"), True),
    ("bounce_permanent_general", [NO_FEEDBACK], put(LATER, "bounce", "timestamp"), False),
    ("bounce_permanent_general", [NO_FEEDBACK], put("m", "mail", "messageId"), False),
    ("bounce_permanent_general", [NO_FEEDBACK, NO_MESSAGE], put(LATER, "mail", "timestamp"), False),
    *(
        ("bounce_permanent_general", [put(odd, "bounce", "feedbackId")], change, False)
        for odd in ("", 5, ["a"], True)
        for change in (put(LATER, "bounce", "timestamp"), put("m", "mail", "messageId"))
    ),
    ("send", [], put({"a": 1}, "send"), True),
    ("send", [], put(LATER, "mail", "timestamp"), True),
    ("send", [], put("m", "mail", "messageId"), False),
    ("send", [NO_MESSAGE], put(LATER, "mail", "timestamp"), False),
    ("send", [put("", "mail", "messageId")], put(LATER, "mail", "timestamp"), False),
    ("send", [put(5, "mail", "messageId")], put(LATER, "mail", "timestamp"), False),
    ("open", [], put(LATER, "mail", "timestamp"), True),
    ("open", [], put("m", "mail", "messageId"), False),
    ("open", [], put(LATER, "open", "timestamp"), False),
    ("open", [put("Odd", "eventType")], put(LATER, "mail", "timestamp"), False),
    ("open", [put("Odd", "eventType")], put("Odder", "eventType"), False),
    ("received_base64", [], put(LATER, "mail", "timestamp"), True),
    ("received_base64", [], put("m", "mail", "messageId"), False),
    ("received_base64", [], put(["HELP@in.shop.example"], "receipt", "recipients"), False),
    (
        *("received_base64", []),
        put(["Sales@IN.shop.example", "help@in.shop.example"], "receipt", "recipients"),
        True,
    ),
]


@pytest.mark.parametrize(("name", "made_of", "difference", "is_same"), CHANGES)
def test_what_is_the_same_event(name, made_of, difference, is_same):
    """A repetition has the keys of the first, and another event has not."""
    payload = event_of(name)
    for change in made_of:
        change(payload)
    other = copy.deepcopy(payload)
    difference(other)

    assert keys_of(payload) == keys_of(copy.deepcopy(payload))
    assert is_same == (keys_of(payload) == keys_of(other))
    assert all(key.startswith("ses-eu:") for key in keys_of(payload, "ses-eu"))
