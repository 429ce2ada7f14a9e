"""The provider's options, and those of one message."""

from __future__ import annotations

import json

from collections import UserString

import pytest

from mailcore import ConfigurationError, Mailer, Message, get_provider
from mailcore_sparkpost import SparkPostProvider, sparkpost_options


KEY = "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"
MAIL = {"from_email": "shop@example.com", "to": ["ada@example.net"], "subject": "Hi", "text": "Hi"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "two words"}, "api_key"),
        ({"api_key": "line\nend"}, "api_key"),
        ({"api_key": "schlüssel"}, "api_key"),
        ({"region": "us-east"}, "region"),
        ({"base_url": "api.sparkpost.com"}, "base_url"),
        ({"base_url": "https://user:secret@api.sparkpost.com"}, "base_url"),
        ({"base_url": "https://api.sparkpost.com?x=1"}, "base_url"),
        ({"subaccount": -1}, "subaccount"),
        ({"subaccount": 2**31}, "subaccount"),
        ({"subaccount": "12"}, "subaccount"),
        ({"ip_pool": ""}, "ip_pool"),
        ({"description": "two\nlines"}, "description"),
        ({"transactional": "yes"}, "transactional"),
        ({"counts_initial_opens": 1}, "counts_initial_opens"),
        ({"accepts_bearer": "token"}, "accepts_bearer"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"webhook_secrets": ["no colon"]}, "user:password"),
        ({"webhook_header_secrets": ["no colon"]}, "Name: value"),
    ],
)
def test_wrong_options_are_refused_by_name(options, text):
    """When the provider is made; no text repeats a secret."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        SparkPostProvider(**{"api_key": KEY, **options})

    for value in ("two words", "schlüssel", "no colon", KEY, "secret@"):
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sparkpost://k@", "https://api.sparkpost.com/api/v1/transmissions"),
        ("sparkpost://?api_key=k&region=eu", "https://api.eu.sparkpost.com/api/v1/transmissions"),
        ("sparkpost://k@sp.example.com", "https://sp.example.com/api/v1/transmissions"),
        ("sparkpost://k@sp.example.com/api/v1/", "https://sp.example.com/api/v1/transmissions"),
    ],
)
def test_urls(url, expected):
    """Key and host, region and numbers can be written in a URL."""
    mailer = Mailer.from_url(f"{url}{'&' if '?' in url else '?'}subaccount=12&transactional=true")

    (request,) = mailer.preview(Message(**MAIL)).requests

    assert (expected, "k", "12") == (
        request.url,
        request.headers["Authorization"],
        request.headers["X-MSYS-SUBACCOUNT"],
    )
    assert {"transactional": True} == json.loads(request.body)["options"]


def test_who_only_receives_needs_no_key():
    """But sending without one is told before anything is sent."""
    provider = get_provider("sparkpost", webhook_secrets=["a:b"])

    with pytest.raises(ConfigurationError, match="sending needs option 'api_key'"):
        provider.build(Message(**MAIL))


def test_what_a_message_says_wins():
    """Over its fields, and those over the provider's options."""
    provider = SparkPostProvider(api_key=KEY, initial_open=True, ip_pool="a", transactional=True)
    extra = sparkpost_options(ip_pool=UserString("b"), initial_open=True, use_draft_template=True)
    message = Message(
        **{**MAIL, "subject": None, "text": None},
        template_id="t",
        track_opens=False,
        esp_extra=extra,
    )
    (request,) = provider.build(message)
    transmission = json.loads(request.body)

    assert {
        "ip_pool": "b",
        "initial_open": True,
        "open_tracking": False,
        "transactional": True,
    } == transmission["options"]
    assert transmission["content"]["use_draft_template"] is True


def test_a_draft_is_asked_for_beside_a_template_only():
    """An option of the provider does not reach messages that bring their content."""
    (request,) = SparkPostProvider(api_key=KEY, use_draft_template=True).build(Message(**MAIL))

    assert "use_draft_template" not in json.loads(request.body)["content"]


def test_options_of_a_message_have_the_shape_of_a_transmission():
    """The typed helper writes what esp_extra takes, and nothing that is not given."""
    assert {"sparkpost": {}} == sparkpost_options()
    assert {
        "sparkpost": {
            "subaccount": 0,
            "options": {"sandbox": False, "dkim_key": "k"},
            "content": {"use_draft_template": True},
            "description": "d",
        }
    } == sparkpost_options(
        subaccount=0, sandbox=False, dkim_key="k", use_draft_template=True, description="d"
    )
    with pytest.raises(ConfigurationError, match="ip_pool"):
        sparkpost_options(ip_pool="")


def test_secrets_stay_out_of_reprs():
    """Of the provider and its requests."""
    provider = SparkPostProvider(api_key=KEY, webhook_secrets=["hook:secret-text"])
    (request,) = provider.build(Message(**MAIL))

    for told in (repr(provider), repr(request), repr(vars(provider))):
        assert KEY not in told
        assert "secret-text" not in told
