"""The provider's options, and those of one message."""

from __future__ import annotations

import json
import subprocess
import sys

from collections import UserString

import pytest

import mailcore_postmark

from mailcore import ConfigurationError, Mailer, Message, Registry, get_provider
from mailcore_postmark import PostmarkProvider, postmark_options
from mailcore_postmark.options import TOKEN_HEADER


TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"server_token": ""}, "server_token"),
        ({"server_token": "two words"}, "server_token"),
        ({"server_token": "line\nend"}, "server_token"),
        ({"server_token": "schlüssel"}, "server_token"),
        ({"message_stream": ""}, "message_stream"),
        ({"track_links": "Everywhere"}, "track_links"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds"),
        ({"base_url": "api.postmarkapp.com"}, "base_url"),
        ({"base_url": "ftp://api.postmarkapp.com"}, "base_url"),
        ({"base_url": "https://api.postmarkapp.com?x=1"}, "base_url"),
        ({"base_url": "https://user:secret@api.postmarkapp.com"}, "base_url"),
        ({"base_url": "https://["}, "base_url"),
        ({"base_url": "https://api.postmarkapp.com:port"}, "base_url"),
        ({"base_url": "https://api.postmarkapp.com:99999"}, "base_url"),
        ({"base_url": "https://api.postmarkapp.com\n"}, "base_url"),
        ({"base_url": "https://api postmarkapp.com"}, "base_url"),
        ({"base_url": 5}, "base_url"),
        ({"base_url": None}, "base_url"),
        ({"message_stream": 5}, "message_stream"),
        ({"message_stream": "two\nlines"}, "message_stream"),
        ({"inline_css": "yes"}, "inline_css"),
        ({"timeout_seconds": "5"}, "timeout_seconds"),
        ({"timeout_seconds": None}, "timeout_seconds"),
        ({"timeout_seconds": True}, "timeout_seconds"),
        ({"timeout_seconds": float("inf")}, "timeout_seconds"),
        ({"webhook_secrets": ["no colon"]}, "user:password"),
        ({"webhook_secrets": 5}, "webhook_secrets"),
    ],
)
def test_wrong_options_are_refused_by_name(options, text):
    """When the provider is made; no text repeats a secret."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        PostmarkProvider(**{"server_token": TOKEN, **options})

    for value in ("two words", "schlüssel", "no colon", TOKEN, "secret@"):
        assert value not in str(caught.value)


def test_a_token_is_needed():
    """And named by the registry if it is missing."""
    registry = Registry(autoload=False)
    registry.register(PostmarkProvider)

    with pytest.raises(ConfigurationError, match=r"'server_token' is missing"):
        Mailer("postmark", registry=registry)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postmark://?server_token=tok&timeout_seconds=5", ("https://api.postmarkapp.com", 5.0)),
        ("postmark://tok@", ("https://api.postmarkapp.com", 30.0)),
        ("postmark://tok@eu.example.com/v1/", ("https://eu.example.com/v1", 30.0)),
        (
            "postmark://tok@?base_url=http://127.0.0.1:8025&message_stream=broadcast",
            ("http://127.0.0.1:8025", 30.0),
        ),
    ],
)
def test_a_url_can_give_them(url, expected):
    """The token as the user, the API's host as the host."""
    from mailcore.registry.options import options_from_url

    provider = PostmarkProvider(**options_from_url(PostmarkProvider, url))

    (request,) = provider.build(
        Message(from_email="a@example.com", to=["b@example.net"], text="Hi")
    )
    base_url, timeout_seconds = expected
    assert (f"{base_url}/email", timeout_seconds) == (request.url, request.timeout_seconds)
    assert "tok" == request.headers["X-Postmark-Server-Token"]


def test_a_url_with_a_password_is_refused():
    """Postmark's token is one text."""
    from mailcore.registry.options import options_from_url

    with pytest.raises(ConfigurationError, match="no password") as caught:
        options_from_url(PostmarkProvider, "postmark://tok:hidden@")

    assert "hidden" not in str(caught.value)


def test_options_of_a_message_have_the_names_of_the_api():
    """Those that are not given are left out; False is a value."""
    assert {"postmark": {}} == postmark_options()
    assert {
        "postmark": {
            "MessageStream": "broadcast",
            "TrackLinks": "None",
            "InlineCss": False,
            "server_token": "tok",
        }
    } == postmark_options(
        message_stream="broadcast", track_links="None", inline_css=False, server_token="tok"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"track_links": "Both"},
        {"message_stream": ""},
        {"message_stream": 5},
        {"inline_css": "yes"},
        {"server_token": "a b"},
    ],
)
def test_wrong_options_of_a_message_are_refused(options):
    """Where they are written."""
    with pytest.raises(ConfigurationError, match="postmark"):
        postmark_options(**options)


def test_a_wrong_token_of_a_message_is_refused():
    """However it got there, no header is made of it."""
    provider = PostmarkProvider(server_token=TOKEN)
    message = Message(
        from_email="a@example.com",
        to=["b@example.net"],
        text="Hi",
        esp_extra={"postmark": {"server_token": "a\r\nX-Evil: 1"}},
    )

    with pytest.raises(ConfigurationError, match="server_token"):
        provider.build(message)


def test_nothing_shows_the_token():
    """Not the provider, not its settings, not its requests."""
    provider = PostmarkProvider(server_token=TOKEN)
    requests = provider.build(Message(from_email="a@example.com", to=["b@example.net"], text="Hi"))

    assert TOKEN not in f"{provider!r} {vars(provider)!r} {requests!r}"


@pytest.mark.slow
def test_the_package_is_lazy():
    """Importing it loads neither requests nor the provider; unknown names are errors."""
    code = "import sys, mailcore_postmark; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert "'mailcore_postmark'" in loaded
    assert "'requests'" not in loaded
    assert "mailcore_postmark.provider" not in loaded
    with pytest.raises(AttributeError, match="PostmrkProvider"):
        _ = mailcore_postmark.PostmrkProvider


def test_lazy_texts_are_options_of_a_message():
    """Whatever counts as text in a message, does so here: in mappings and lists as well."""
    options = {
        "message_stream": "broadcast",
        "track_links": "HtmlOnly",
        "server_token": "POSTMARK_API_TEST",
    }

    made = postmark_options(**{name: lazily(value) for name, value in options.items()})
    message = Message(esp_extra=made)

    assert message == Message(esp_extra=postmark_options(**options))
    assert message == Message.from_dict(json.loads(json.dumps(message.to_dict())))


def lazily(value):
    """The same with texts that are no str."""
    if isinstance(value, dict):
        return {UserString(key): lazily(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lazily(item) for item in value]
    return UserString(value)


def test_who_only_receives_needs_no_token(monkeypatch):
    """A send says what it needs; a message may bring a token, and the environment have one."""
    receiver = get_provider("postmark", webhook_secrets=["user:password"])
    mail = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hi")

    with pytest.raises(ConfigurationError, match=r"sending needs option 'server_token'.*MAILCORE"):
        Mailer(receiver).preview(mail)
    brings = mail.replace(esp_extra=postmark_options(server_token="of-the-message"))
    assert ["of-the-message"] == tokens(Mailer(receiver).preview(brings).requests)
    with pytest.raises(ConfigurationError, match=r"'server_token' is missing.*MAILCORE_POSTMARK"):
        Mailer("postmark")

    monkeypatch.setenv("MAILCORE_POSTMARK_SERVER_TOKEN", "of-the-environment")
    assert ["of-the-environment"] == tokens(Mailer("postmark").preview(mail).requests)
    url = "postmark://of-the-url@"
    assert ["of-the-url"] == tokens(Mailer.from_url(url).preview(mail).requests)
    assert ["given"] == tokens(Mailer.from_url(url, server_token="given").preview(mail).requests)


def tokens(requests) -> list[str]:
    """The token that each request has."""
    return [request.headers[TOKEN_HEADER] for request in requests]
