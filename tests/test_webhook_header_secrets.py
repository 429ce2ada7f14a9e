"""Secrets of webhooks in headers of their own."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, Verdict, WebhookRequest
from mailcore.webhook import HeaderSecrets


SECRETS = ["X-Secret: old", "X-Secret:new:with:colons", "X-Other:  spaced  "]
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Secret": "old"}, True),
        ({"x-secret": "new:with:colons"}, True),
        ({"X-OTHER": "spaced"}, True),
        ({"X-Secret": " \told "}, True),
        ({"X-Secret": "old\x0b"}, False),
        ({"X-Other": "old"}, False),
        ({"X-Secret": "OLD"}, False),
        ({"X-Secret": "old, old"}, False),
        ({"X-Secret": "ol\udcffd"}, False),
        ({"Authorization": "old"}, False),
        ({}, False),
    ],
)
def test_each_secret_is_known_in_its_header(headers, expected):
    """By the name of the header, whatever its case; the value is exact."""
    verdict = HeaderSecrets(SECRETS).verify(WebhookRequest("POST", headers))

    assert (Verdict("header-secret") if expected else None) == verdict


@given(secret=VALUES, other=VALUES)
def test_one_value_is_believed(secret, other):
    """No other than the one that was configured."""
    auth = HeaderSecrets([f"X-Secret: {secret}"])

    assert auth.verify(WebhookRequest("POST", {"X-Secret": secret})) is not None
    found = auth.verify(WebhookRequest("POST", {"X-Secret": other}))
    assert (found is not None) is (secret == other)


@pytest.mark.parametrize(
    "secrets",
    [(), "X-Secret: a", 5, ["hunter2"], ["X-A: "], [":hunter2"], ["X\nA: hunter2"], [None]],
)
def test_what_is_no_secret_is_refused(secrets):
    """With the name of the provider, without repeating it."""
    with pytest.raises(ConfigurationError, match="acme") as caught:
        HeaderSecrets(secrets, provider="acme")

    assert "hunter2" not in str(caught.value)


def test_how_long_a_secret_may_be():
    """As long as a line of a header field (RFC 5322, 2.1.1): 998 characters with the name."""
    longest = "x" * (998 - len("X-Secret: "))
    auth = HeaderSecrets([f"X-Secret: {longest}"])

    assert auth.verify(WebhookRequest("POST", {"X-Secret": longest})) is not None
    assert auth.verify(WebhookRequest("POST", {"X-Secret": longest[1:]})) is None
    with pytest.raises(ConfigurationError, match="webhook: each header secret is 'Name: value'"):
        HeaderSecrets([f"X-Secret: {longest}x"])


def test_the_repr_has_no_secret():
    """It says how many there are."""
    auth = HeaderSecrets(SECRETS)

    assert "<HeaderSecrets with 3 secrets>" == repr(auth)
    assert "old" not in repr(vars(auth))
