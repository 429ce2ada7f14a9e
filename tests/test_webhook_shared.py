"""What webhooks of several services have in common: secrets that are not signatures, and forms."""

from __future__ import annotations

import base64
import sys
import time

from contextlib import suppress
from urllib.parse import unquote_to_bytes, urlencode

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, MalformedWebhook, WebhookRejected, WebhookRequest
from mailcore.flow import run
from mailcore.http import FormFile, form_request
from mailcore.testing import Script
from mailcore.webhook import SecretTrust, SharedSecrets, SignedTrust, Verdict, is_form, read_form


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\%'),
    min_size=1,
    max_size=8,
)
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_a_url_encoded_form_is_read_as_it_was_written(pairs):
    """By Python's own writer, any text."""
    body = urlencode(pairs).encode()
    if body.count(b"=") == 0 or not any(name or value for name, value in pairs):
        return
    form = read_form(WebhookRequest("POST", URLENCODED, body))

    assert tuple((name, value.encode()) for name, value in pairs) == form.fields


PIECES = [
    b"%",
    b"=",
    b"\n",
    b"\r",
    b"3",
    b"D",
    b"a",
    b"F",
    b"g",
    b"%3D",
    b"%0a",
    b"=3D",
    b"\xff",
    b"\t",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_escapes_are_read_as_python_reads_them(value):
    """Broken ones stay, whatever they are beside."""
    form = read_form(WebhookRequest("POST", URLENCODED, b"a=" + value))

    assert (("a", unquote_to_bytes(value)),) == form.fields


@given(
    st.lists(st.tuples(NAMES, TEXTS), max_size=4),
    st.lists(st.tuples(NAMES, NAMES, st.binary(max_size=20)), min_size=1, max_size=3),
)
def test_a_multipart_form_is_read_as_it_was_written(pairs, files):
    """Fields and files, by the core's own writer."""
    made = [FormFile(name=name, filename=file, content=content) for name, file, content in files]
    sent = form_request("https://example.com", pairs, made, headers={})
    request = WebhookRequest("POST", sent.headers, sent.body)

    assert is_form(request)
    form = read_form(request)
    assert tuple((name, value.encode()) for name, value in pairs) == form.fields
    assert files == [(file.name, file.filename, file.content) for file in form.files]


@given(
    st.binary(max_size=60),
    st.sampled_from(["multipart/form-data; boundary=b", *URLENCODED.values()]),
)
def test_hostile_forms_are_read_or_refused(body, content_type):
    """Nothing else than the typed error."""
    with suppress(MalformedWebhook):
        read_form(WebhookRequest("POST", {"Content-Type": content_type}, b"--b\r\n" + body))


def test_which_of_several_fields_of_one_name():
    """The first, the last, or all of them, whatever their octets."""
    form = read_form(WebhookRequest("POST", URLENCODED, b"a=1&b=%FF&a=2&a="))

    assert ("1", "", ("1", "2", "")) == (form.text("a"), form.last_text("a"), form.texts("a"))
    assert ("\ufffd", "\ufffd") == (form.text("b"), form.last_text("b"))
    assert (None, None, ()) == (form.text("c"), form.last_text("c"), form.texts("c"))


def test_a_form_with_files_says_what_is_not_installed(monkeypatch):
    """And what to install."""
    monkeypatch.setitem(sys.modules, "python_multipart.exceptions", None)
    request = WebhookRequest("POST", {"Content-Type": "multipart/form-data; boundary=b"}, b"--b--")

    with pytest.raises(ConfigurationError, match=r"mailcore-esp\[forms\]"):
        read_form(request)


def request_with(**headers):
    """A request."""
    return WebhookRequest("POST", headers, b"{}")


def basic(secret):
    """An Authorization header."""
    return "Basic " + base64.b64encode(secret.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "is_believed"),
    [
        ({"Authorization": basic("user:new")}, True),
        ({"Authorization": basic("user:old")}, True),
        ({"X-Secret": "3f0a"}, True),
        ({"X-Secret": "3f0a", "Authorization": basic("user:wrong")}, True),
        ({"X-Secret": "wrong", "Authorization": basic("user:new")}, True),
        ({"X-Secret": "wrong", "Authorization": basic("user:wrong")}, False),
        ({"X-Secret": "wrong"}, False),
        ({}, False),
    ],
)
def test_one_secret_of_either_kind_is_enough(headers, is_believed):
    """And everybody else gets 401, never 403, which several services take for good."""
    trust = SharedSecrets(["user:new", "user:old"], ["X-Secret: 3f0a"], provider="toy")

    if is_believed:
        assert trust.verify(request_with(**headers)) is not None
    else:
        with pytest.raises(WebhookRejected) as caught:
            trust.verify(request_with(**headers))
        assert 401 == caught.value.response.status_code


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "give the provider webhook_secrets"),
        ({"webhook_header_secrets": ["X-A: b"]}, "no header"),
    ],
)
def test_without_secrets_nobody_is_believed(options, told):
    """The reason says what to do."""
    with pytest.raises(WebhookRejected, match=told):
        SharedSecrets(**options, provider="toy", label="Toy").verify(request_with())


@pytest.mark.parametrize("wrong", ["user:password", 5, ["no colon"]])
@pytest.mark.parametrize("option", ["webhook_secrets", "webhook_header_secrets"])
def test_what_is_no_list_of_secrets_is_refused(option, wrong):
    """Without repeating it."""
    with pytest.raises(ConfigurationError, match="toy") as caught:
        SharedSecrets(**{option: wrong}, provider="toy")

    assert "no colon" not in str(caught.value)


class ToyTrust(SecretTrust):
    """Whom a service's webhook believes."""

    provider = "toy"
    label = "Toy"


class ProbedTrust(ToyTrust):
    """That of a service that tries webhooks."""

    empty_bodies = (b"{}", b"[]")


@pytest.mark.parametrize(
    ("kind", "body", "headers", "is_probe"),
    [
        (ToyTrust, b"{}", {}, False),
        (ToyTrust, b"", {"Content-Length": "0"}, False),
        (ProbedTrust, b"{}", {}, True),
        (ProbedTrust, b" []\n", {}, True),
        (ProbedTrust, b"", {"Content-Length": "0"}, True),
        (ProbedTrust, b"", {}, False),
        (ProbedTrust, b"", {"Content-Length": "2"}, False),
        (ProbedTrust, b'{"a": 1}', {}, False),
    ],
)
def test_a_probe_says_nothing_and_is_proven(kind, body, headers, is_probe):
    """It reaches no handler; without the secret it is refused as any request is."""
    trust = kind(["user:password"], ["X-Secret: 3f0a"])
    proven = WebhookRequest("POST", {**headers, "X-Secret": "3f0a"}, body)

    assert is_probe is run(trust.verify(proven), Script()).handled
    with pytest.raises(WebhookRejected, match="Authorization") as caught:
        run(trust.verify(WebhookRequest("POST", headers, body)), Script())
    assert ("toy", 401) == (caught.value.provider, caught.value.response.status_code)


def test_the_hint_names_the_service():
    """Which has the URL to change."""
    with pytest.raises(WebhookRejected, match="and Toy the URL"):
        run(ToyTrust().verify(request_with()), Script())


class SealedTrust(SignedTrust[bytes]):
    """That of a service that signs with the text of its key, and says when."""

    provider = "toy"
    label = "Toy"
    keys_option = "webhook_seal_keys"
    default_max_age_seconds = 60.0

    def read_key(self, key):
        if not isinstance(key, str):
            raise ConfigurationError("toy: a seal key is a text")
        return key.encode()

    def prove(self, request):
        yield from ()
        if request.body not in self.keys:
            raise self.rejected("the seal is wrong")
        self.check_age(int(request.header("X-Age") or time.time()))
        return Verdict("seal")


@pytest.mark.parametrize(
    ("keys", "secrets", "headers", "body", "expected"),
    [
        (["a", "b"], (), {}, b"b", "seal"),
        (["a"], (), {}, b"b", 403),
        (["a"], (), {"X-Age": "1000"}, b"a", 403),
        ([], (), {}, b"a", 403),
        ([], ["u:p"], {"Authorization": basic("u:p")}, b"c", "basic-auth"),
        ([], ["u:p"], {}, b"a", 401),
        (["a"], ["u:p"], {}, b"a", 401),
        (["a"], ["u:p"], {"Authorization": basic("u:p")}, b"a", "seal"),
        (["a"], ["u:p"], {"Authorization": basic("u:p")}, b"b", 403),
    ],
)
def test_a_signature_and_a_secret(keys, secrets, headers, body, expected):
    """Each is needed that there is; with neither nobody is believed."""
    flow = SealedTrust(keys, webhook_secrets=secrets).verify(WebhookRequest("POST", headers, body))
    if isinstance(expected, str):
        assert expected == run(flow, Script()).verified_by
        return
    with pytest.raises(WebhookRejected) as caught:
        run(flow, Script())
    assert ("toy", expected) == (caught.value.provider, caught.value.response.status_code)


def test_what_is_not_posted_is_none_of_the_services():
    """Nor is its secret looked at."""
    with pytest.raises(MalformedWebhook, match="Toy posts its webhooks"):
        run(SealedTrust(["a"]).verify(WebhookRequest("GET", {}, b"a")), Script())


@pytest.mark.parametrize(
    ("keys", "options", "told"),
    [
        ("a", {}, "toy: seal keys are a list"),
        (None, {}, "toy: seal keys are a list"),
        ([7], {}, "a seal key is a text"),
        (["a"], {"max_age_seconds": 0}, "max_age_seconds must be above 0"),
        (["a"], {"max_age_seconds": float("nan")}, "max_age_seconds must be above 0"),
        (["a"], {"webhook_secrets": "u:p"}, "list"),
    ],
)
def test_what_would_believe_the_wrong_people_is_refused(keys, options, told):
    """When the provider is made."""
    with pytest.raises(ConfigurationError, match=told):
        SealedTrust(keys, **options)


def test_keys_do_not_show():
    """Their number does."""
    assert "<WebhookTrust with 2 seal keys>" == repr(SealedTrust(["a", "b"]))
