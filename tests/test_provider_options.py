"""Options that are declared once: constructor, URL, environment, `esp_extra` and helper agree."""

from __future__ import annotations

import inspect

from collections import UserString
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from mailcore import ConfigurationError, Features, HttpRequest, Provider, Registry
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
    takes_options,
)
from mailcore.registry.options import option_types, options_from_url
from mailcore.registry.provider_options import is_base_url, is_token, without_last_slash


@dataclass(frozen=True, kw_only=True)
class ToyMessageOptions(ProviderOptions):
    """
    Options of one message.

    Args:
        stream: Name of the stream,
            in two lines.
        mode: How.
        inline: Whether.
    """

    provider = "toy"

    stream: str | None = option(None, parameter="Stream")
    mode: Literal["fast", "slow"] | None = option(None, parameter="Mode")
    inline: bool | None = option(None, parameter="Inline")


@dataclass(frozen=True, kw_only=True)
class ToyOptions(ToyMessageOptions):
    """
    Options of the provider.

    Args:
        api_key: Of the account.
        base_url: Of the API.
        timeout_seconds: For each wait.
        secrets: Some.
    """

    api_key: str | None = option(
        None, fits=is_token, must_be="the key of the account", in_url="username", secret=True
    )
    base_url: str = option(
        "https://api.example.com", fits=is_base_url, in_url="host", settled=without_last_slash
    )
    timeout_seconds: float = option(30.0)
    secrets: Sequence[str] = ()


@message_options(ToyMessageOptions)
def toy_options(options: ToyMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of one message.

    Returns:
        For ``esp_extra``.
    """
    return options.for_message()


class Toy(Provider[HttpRequest, Any]):
    """A provider."""

    name = "toy"
    label = "Toy"
    features = Features()

    @takes_options(ToyOptions)
    def __init__(self, options: ToyOptions) -> None:
        """
        Make it.

        Raises:
            ConfigurationError: If an option is wrong.
        """
        self.options = options

    def build(self, message):
        return []

    def parse(self, request, response):
        return {}


def test_the_constructor_takes_every_option():
    """By name; signature, types and docstring are those of the declaration."""
    provider = Toy(api_key="k", stream="news", base_url="https://x.example/")

    assert ("k", "news", "https://x.example") == (
        provider.options.api_key,
        provider.options.stream,
        provider.options.base_url,
    )
    names = ["stream", "mode", "inline", "api_key", "base_url", "timeout_seconds", "secrets"]
    assert names == list(inspect.signature(Toy).parameters) == list(option_types(Toy))
    assert float is option_types(Toy)["timeout_seconds"]
    with pytest.raises(TypeError, match=r"Toy\(\) has no option 'streem', did you mean 'stream'"):
        Toy(streem="news")


def test_the_helper_takes_those_of_a_message():
    """And returns the names of the API; texts of any kind."""
    assert {"toy": {"Stream": "news", "Inline": False}} == toy_options(
        stream=UserString("news"), inline=False
    )
    assert {"toy": {}} == toy_options()
    assert ["stream", "mode", "inline"] == list(inspect.signature(toy_options).parameters)
    with pytest.raises(
        TypeError, match=r"toy_options\(\) has no option 'api_key', known are: stream,"
    ):
        toy_options(api_key="k")


def test_docstrings_describe_every_option():
    """Where the declaration does, before what is returned or raised."""
    assert inspect.cleandoc(toy_options.__doc__) == inspect.cleandoc("""
        Options of one message.

        Args:
            stream: Name of the stream,
                in two lines.
            mode: How.
            inline: Whether.

        Returns:
            For ``esp_extra``.
    """)
    documented = inspect.cleandoc(Toy.__init__.__doc__)
    for name in option_types(Toy):
        assert f"\n    {name}: " in documented
    assert documented.endswith("Raises:\n    ConfigurationError: If an option is wrong.")


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("api_key", "two words", "api_key must be the key of the account"),
        ("api_key", 5, "api_key must be the key of the account"),
        ("stream", "", "stream must be a text of one line"),
        ("stream", " ", "stream must be a text of one line"),
        ("stream", "two\nlines", "stream must be a text of one line"),
        ("stream", 5, "stream must be a text of one line"),
        ("mode", "other", "mode must be 'fast' or 'slow'"),
        ("inline", "yes", "inline must be True or False"),
        ("inline", 1, "inline must be True or False"),
        ("timeout_seconds", 0, "timeout_seconds must be a number above 0"),
        ("timeout_seconds", float("inf"), "timeout_seconds must be a number above 0"),
        ("timeout_seconds", float("nan"), "timeout_seconds must be a number above 0"),
        ("timeout_seconds", True, "timeout_seconds must be a number above 0"),
        ("timeout_seconds", None, "timeout_seconds must be a number above 0"),
        ("secrets", "one text", "secrets must be a list"),
    ],
)
def test_wrong_values_are_refused_in_the_same_words(option, value, told):
    """By the constructor, the helper, and of what stands in `esp_extra`; none repeats the value."""
    with pytest.raises(ConfigurationError) as caught:
        Toy(**{option: value})
    assert f"toy: {told}" == str(caught.value)

    parameters = {"stream": "Stream", "mode": "Mode", "inline": "Inline"}
    if option in parameters:
        with pytest.raises(ConfigurationError) as caught:
            toy_options(**{option: value})
        assert f"toy: {told}" == str(caught.value)
        with pytest.raises(ConfigurationError) as caught:
            ToyOptions.check_parameters({parameters[option]: value, "Other": 1})
        assert f"toy: {told}" == str(caught.value)


def test_all_problems_are_told_at_once():
    """Of several options."""
    with pytest.raises(ConfigurationError, match=r"stream must .*; timeout_seconds must"):
        Toy(stream="", timeout_seconds=-1)


@pytest.mark.parametrize("url", ["https://[", "https://h:port", "https://h:99999", "ftp://h", "h"])
def test_what_is_no_url_of_an_api(url):
    """Ports and brackets that Python's own reader finds out late."""
    assert not is_base_url(url)


def test_a_secret_is_not_shown():
    """In the repr of the options."""
    assert "s3cret" not in repr(ToyOptions(api_key="s3cret"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("toy://", {}),
        ("toy://key@", {"api_key": "key"}),
        (
            "toy://key@h.example:8/v1?stream=a",
            {"api_key": "key", "stream": "a", "base_url": "https://h.example:8/v1"},
        ),
        ("toy://?inline=yes&timeout_seconds=5", {"inline": True, "timeout_seconds": 5.0}),
    ],
)
def test_a_url_has_them(url, expected):
    """In its query, or where the declaration says."""
    assert expected == options_from_url(Toy, url)


def test_a_part_of_a_url_that_stands_for_nothing_is_refused():
    """Without repeating it."""
    with pytest.raises(ConfigurationError, match="no password: toy://KEY@") as caught:
        options_from_url(Toy, "toy://key:hidden@")

    assert "hidden" not in str(caught.value)


def test_the_environment_has_them(monkeypatch):
    """As for constructors that are written out."""
    monkeypatch.setenv("MAILCORE_TOY_API_KEY", "from-the-environment")
    registry = Registry(autoload=False)
    registry.register(Toy)

    assert "from-the-environment" == registry.get_provider("toy").options.api_key


@dataclass(frozen=True, kw_only=True)
class UsualOptions(ProviderOptions):
    """
    Options as most services have them.

    Args:
        api_key: The key of the API.
        base_url: The address of the API.
        sandbox: An object within an object.
        pool: An object beside it.
        plain: A name at the top.
    """

    provider = "usual"

    api_key: str | None = key_option()
    base_url: str = base_url_option("https://api.example", version="/v3")
    sandbox: bool | None = option(None, parameter="settings.mode.sandbox")
    pool: str | None = option(None, parameter="settings.pool")
    plain: str | None = option(None, parameter="plain")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://h.example", "https://h.example"),
        ("https://h.example/", "https://h.example"),
        ("https://h.example/v3", "https://h.example"),
        ("https://h.example//v3/", "https://h.example"),
        ("https://h.example/v4", "https://h.example/v4"),
    ],
)
def test_an_address_is_kept_without_its_version(given, kept):
    """Nor with slashes at its end: paths are added."""
    assert kept == UsualOptions(base_url=given).base_url


def test_a_key_is_a_secret_that_may_stand_in_a_header():
    """It is not shown, and its error does not repeat it."""
    assert "s3cret" not in repr(UsualOptions(api_key="s3cret"))
    with pytest.raises(ConfigurationError, match="ASCII without spaces") as caught:
        UsualOptions(api_key="s3 cret", base_url="nowhere")

    assert "cret" not in str(caught.value)
    assert "base_url must be an http or https URL" in str(caught.value)


def test_parameters_within_objects():
    """A path of names is objects within objects; what is not given is not there."""
    options = UsualOptions(sandbox=False, pool="a", plain="b")

    assert {} == UsualOptions().nested_parameters()
    assert {
        "settings": {"mode": {"sandbox": False}, "pool": "a"},
        "plain": "b",
    } == options.nested_parameters()
