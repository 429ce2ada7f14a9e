"""What the tests share: a SparkPost that writes the mails of a transmission."""

from __future__ import annotations

import re

from typing import Any

import pytest


_REFERENCE = re.compile(r"\{\{(\{?)\s*([A-Za-z_][\w.]*)\s*\}\}\}?")
_IN_HEADERS = ("from", "subject", "reply_to")
_BODIES = ("text", "html", "amp_html")


@pytest.fixture(scope="session")
def rendered():
    """A function that makes the mails of a transmission's JSON, by the address of each entry."""
    return _rendered


def _rendered(transmission: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """
    What https://developers.sparkpost.com/api/template-language/ says (read 2026-11-30).

    Metadata are values too, a recipient's win over the transmission's, `substitution_data` of the
    same level over them, a value that is missing is nothing, and headers are filled in always.
    """
    content = transmission["content"]
    is_on = transmission.get("options", {}).get("perform_substitutions", True)
    mails = []
    for entry in transmission["recipients"]:
        values = {
            **transmission.get("metadata", {}),
            **transmission.get("substitution_data", {}),
            **entry.get("metadata", {}),
            **entry.get("substitution_data", {}),
        }
        mail = {name: _filled(content[name], values) for name in _IN_HEADERS if name in content}
        mail["headers"] = {n: _filled(v, values) for n, v in content.get("headers", {}).items()}
        for name in _BODIES:
            if name in content:
                mail[name] = _filled(content[name], values) if is_on else content[name]
        mails.append((entry["address"]["email"], mail))
    return mails


def _filled(text: str, values: dict[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        current: Any = values
        for step in found[2].split("."):
            current = current.get(step) if isinstance(current, dict) else None
        return "" if current is None else str(current)

    # Braces that are no reference make the generation fail.
    rest = _REFERENCE.sub("", text)
    assert "{{" not in rest, f"SparkPost cannot render {text!r}"
    return _REFERENCE.sub(value, text)
