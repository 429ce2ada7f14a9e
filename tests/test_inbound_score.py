"""Spam scores: a number, or none."""

from __future__ import annotations

import pytest

from mailcore.inbound import read_score


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1", 5.1),
        (" -0.1 ", -0.1),
        ("+12", 12.0),
        (None, None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("5,1", None),
        ("٥", None),
        ("9" * 400, None),
    ],
)
def test_scores(text, expected):
    """What JSON could not hold, or no filter writes, is no score."""
    assert expected == read_score(text)
