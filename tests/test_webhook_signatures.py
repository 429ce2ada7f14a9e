"""Signatures and ages of webhook requests."""

from __future__ import annotations

import hashlib
import hmac
import time

from base64 import b64encode

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import ConfigurationError, WebhookRejected
from mailcore.webhook import check_age, hmac_matches


CONTENT = b'{"event": "delivered"}'


def hexadecimal(content: bytes = CONTENT, secret: str = "secret", digest: str = "sha256") -> str:
    """A signature as most providers write it."""
    return hmac.new(secret.encode(), content, digest).hexdigest()


def base64(content: bytes = CONTENT, secret: str = "secret") -> str:
    """A signature as some do."""
    return b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def test_a_known_signature() -> None:
    """RFC 4231, test case 2."""
    signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert hmac_matches(signature, b"what do ya want for nothing?", ["Jefe"])


@given(st.binary(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.data())
def test_only_the_right_signature_matches(content: bytes, secret: str, data: st.DataObject) -> None:
    """The signature of the content under the secret matches, and no other text does."""
    signature = hexadecimal(content, secret)
    other = data.draw(st.text() | st.just(hexadecimal(content + b"x", secret)))

    assert hmac_matches(signature, content, [secret])
    assert hmac_matches(signature.upper(), content, [secret])
    assert (other.lower() == signature) is hmac_matches(other, content, [secret])


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_digests(digest: str) -> None:
    """Whatever hashlib knows."""
    signature = hexadecimal(digest=digest)

    assert hmac_matches(signature, CONTENT, ["secret"], digest=digest)
    assert not hmac_matches(signature, CONTENT + b" ", ["secret"], digest=digest)


def test_base64_signatures_keep_their_case() -> None:
    """In base64, capitals mean something else."""
    signature = base64()

    assert hmac_matches(signature, CONTENT, ["secret"], encoding="base64")
    assert not hmac_matches(signature.swapcase(), CONTENT, ["secret"], encoding="base64")
    assert not hmac_matches(signature, CONTENT, ["secret"])
    assert not hmac_matches(hexadecimal(), CONTENT, ["secret"], encoding="base64")


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        (["secret"], True),
        (["old", "secret"], True),
        (["secret", "new"], True),
        pytest.param(iter(["old", "secret"]), True, id="an iterator"),
        (["old"], False),
        ([""], False),
        ([], False),
    ],
    ids=repr,
)
def test_secrets_that_replace_each_other(secrets, expected: bool) -> None:
    """Any of several secrets will do, and without one nothing does."""
    assert expected is hmac_matches(hexadecimal(), CONTENT, secrets)


def test_an_empty_secret_is_none() -> None:
    """Everybody can sign with it, so nothing that is signed with it is believed."""
    forged = hexadecimal(secret="")

    assert not hmac_matches(forged, CONTENT, [""])
    assert not hmac_matches(forged, CONTENT, ["secret", ""])


def test_secrets_are_a_list() -> None:
    """Each character of one text would be a secret, which anybody can guess."""
    with pytest.raises(ConfigurationError, match="not one text"):
        hmac_matches(hexadecimal(secret="s"), CONTENT, "secret")


@pytest.mark.parametrize(
    "given_text",
    [
        "",
        " ",
        "\0",
        "é" * 64,
        "\ud800" * 64,
        "0" * 10_000_000,
        " " + hexadecimal(),
        hexadecimal()[:-1],
    ],
    ids=lambda value: ascii(value)[:12],
)
def test_what_is_no_signature(given_text: str) -> None:
    """Whatever is given in its place does not match, and raises nothing."""
    assert not hmac_matches(given_text, CONTENT, ["secret"])
    assert not hmac_matches(given_text, CONTENT, ["secret"], encoding="base64")


@pytest.mark.parametrize("age", [0, 1, 299, 300, -300, -1])
def test_fresh_requests_pass(age: float) -> None:
    """As old as allowed, and from a clock that is a little ahead."""
    check_age(1_000_000 - age, 300, now=1_000_000)


@pytest.mark.parametrize("age", [300.5, 301, 1e9, -300.5, -1e9, float("inf"), float("nan")])
def test_kept_requests_are_refused(age: float) -> None:
    """Too old, from the future, or at no time at all."""
    with pytest.raises(WebhookRejected) as error:
        check_age(1_000_000 - age, 300, provider="acme", now=1_000_000)

    assert ("acme", 403) == (error.value.provider, error.value.response.status_code)
    assert "at most 300 are allowed" in str(error.value)


def test_how_far_ahead_a_clock_may_be() -> None:
    """Is for the caller to say."""
    check_age(1_030, 300, max_lead_seconds=30, now=1_000)
    with pytest.raises(WebhookRejected):
        check_age(1_031, 300, max_lead_seconds=30, now=1_000)


def test_the_clock_is_asked() -> None:
    """Without a time, now is now."""
    check_age(time.time(), 60)
    with pytest.raises(WebhookRejected) as error:
        check_age(time.time() - 3_600, 60)
    assert not error.value.provider
