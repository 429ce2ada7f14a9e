"""HTTP Basic authentication of webhooks."""

from __future__ import annotations

import base64
import pickle

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, Verdict, WebhookRejected, WebhookRequest
from mailcore.webhook import BasicAuth


def basic(credentials: str | bytes, scheme: str = "Basic") -> str:
    """The value of an Authorization header."""
    data = credentials.encode() if isinstance(credentials, str) else credentials
    return f"{scheme} {base64.b64encode(data).decode()}"


def request(authorization: str | None) -> WebhookRequest:
    """A request with that header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return WebhookRequest("POST", headers, b"")


@pytest.mark.parametrize(
    "authorization",
    [
        basic("ada:new secret"),
        basic("ada:old:secret"),
        basic("ada:old:secret", "BASIC"),
        basic("ada:old:secret").replace(" ", "  "),
        basic("bób:pässwörd"),
        basic("colon::"),
    ],
    ids=["new", "old", "scheme", "spaces", "utf-8", "a password that is a colon"],
)
def test_every_secret_is_accepted(authorization):
    """While a secret is being changed, the old and the new one count."""
    auth = BasicAuth(["ada:new secret", "ada:old:secret", "bób:pässwörd", "colon::"])

    assert Verdict("basic-auth") == auth.verify(request(authorization))


WRONG = [
    None,
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic ä",
    "Bearer token",
    basic(""),
    basic(":"),
    basic("ada"),
    basic("ada:"),
    basic("ada:wrong"),
    basic("eve:new secret"),
    basic("ada:new secret "),
    basic("ada:new secre"),
    basic("ada:new secret\0"),
    basic(b"ada:new secret\xff"),
    basic("ADA:new secret"),
    basic("ada:new secret")[:-1],
    # Decoded it is the secret, and it is not how anybody writes it: two bits are left over.
    basic("ada:new secret").replace("Q=", "R="),
    basic("ada:new secret") + "\n",
    basic("ada:new secret", "Digest"),
    "Basic " + "A" * 100_000,
    base64.b64encode(b"ada:new secret").decode(),
]


@pytest.mark.parametrize("authorization", WRONG)
def test_all_that_is_wrong_gets_the_same_answer(authorization):
    """Case 69: 401 with the challenge, and nothing that tells which part was wrong."""
    with pytest.raises(WebhookRejected) as caught:
        BasicAuth(["ada:new secret"], provider="acme").verify(request(authorization))

    response = caught.value.response
    assert (401, b"") == (response.status_code, response.body)
    assert {"www-authenticate": 'Basic realm="webhook", charset="UTF-8"'} == response.headers
    assert "acme" == caught.value.provider
    assert "secret" not in str(caught.value)
    missing = authorization is None
    reason = "there is no Authorization header" if missing else "the credentials are wrong"
    assert reason in str(caught.value)


@given(st.text(), st.sampled_from(["Basic ", "basic", "Digest ", ""]))
def test_no_header_raises_anything_else(text, scheme):
    """Whatever stands in the header, it is a typed refusal."""
    with pytest.raises(WebhookRejected):
        BasicAuth(["ada:secret"]).verify(request(scheme + text))


NO_PAIR = "each secret is user:password, neither of them empty"


@pytest.mark.parametrize(("provider", "name"), [("", "webhook"), ("acme", "acme")])
@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ("ada:secret", "secrets are a list, not one text"),
        ([], "give at least one secret"),
        *(
            ([secret], NO_PAIR)
            for secret in ("", "ada", "ada:", ":secret", ":a:b", None, b"ada:secret", "a:b\n")
        ),
    ],
)
def test_secrets_that_are_none(secrets, told, provider, name):
    """What cannot be sent, or would let everybody in, is refused, and not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        BasicAuth(secrets, provider=provider)

    assert f"{name}: {told}" == str(caught.value)


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nb", "ä"])
def test_realms_that_would_break_the_header(realm):
    """The challenge is a header: no line breaks and no quotes."""
    with pytest.raises(ConfigurationError, match="realm"):
        BasicAuth(["a:b"], realm=realm)


def test_secrets_stay_out_of_sight():
    """The object keeps digests only."""
    auth = BasicAuth(["ada:open sesame"])

    assert "sesame" not in repr(auth)
    assert b"sesame" not in pickle.dumps(auth)
