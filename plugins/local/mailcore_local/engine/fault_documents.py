"""
Faults as JSON documents have them.
"""

from __future__ import annotations

from typing import Any

from mailcore_local.engine.faults import Faults


def set_faults(faults: Faults, document: dict[str, Any]) -> None:
    """
    Take over a document of faults, all of it or nothing.

    It is `{"script": […], "notifications": […], "rules": [{"fault", "rate", "operations"}],
    "seed": n, "operations": […]}`, every key optional, or one bare rule `{"fault": …, "rate": …}`.

    Raises:
        ValueError: Something in it is unknown or of the wrong kind.
    """
    _apply_faults(faults.blank(), document)
    _apply_faults(faults, document)


def _apply_faults(faults: Faults, document: dict[str, Any]) -> None:
    document = dict(document)
    if "fault" in document:
        keys = ("fault", "rate", "operations")
        rule = {key: document.pop(key) for key in keys if key in document}
        document["rules"] = [rule]
    known = ("script", "notifications", "rules", "seed", "operations")
    unknown = [key for key in document if key not in known]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(known)}")
    script = _strings(document, "script")
    notifications = _strings(document, "notifications")
    operations = _strings(document, "operations")
    rules = document.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError("'rules' must be a list of objects")
    seed = document.get("seed")
    if seed is not None:
        if not isinstance(seed, int):
            raise ValueError("'seed' must be a whole number")
        faults.seed(seed)
    chosen: dict[str, Any] = {"operations": operations} if operations else {}
    faults.script(*script, **chosen)
    faults.script_notifications(*notifications)
    for rule in rules:
        if "fault" not in rule or "rate" not in rule:
            raise ValueError("a rule needs 'fault' and 'rate'")
        own = _strings(rule, "operations") or operations
        own_operations: dict[str, Any] = {"operations": own} if own else {}
        faults.add(rule["fault"], rate=rule["rate"], **own_operations)


def _strings(document: dict[str, Any], key: str) -> list[str]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key!r} must be a list of strings")
    return value
