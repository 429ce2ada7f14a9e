from __future__ import annotations

import gc
import os
import weakref

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

from mailcore import ConfigurationError, Registry
from mailcore.builtin.null import NullProvider
from mailcore.registry.options import option_types, scheme_of


if TYPE_CHECKING:
    from somewhere_else import Session


class Clock(Protocol):
    """Something with a method."""

    def now(self) -> float: ...


class Toy(NullProvider):
    """A provider with options of every kind."""

    name = "my_toy"
    label = "Toy"

    def __init__(
        self,
        *,
        api_key: str,
        region: Literal["eu", "us"] = "eu",
        retries: int = 0,
        timeout_seconds: float = 5.0,
        sandbox: bool = False,
        stream: str | None = None,
        limit: int | None = None,
        topics: Sequence[str] = (),
        numbers: list[int] | None = None,
        either: int | str = 0,
        directory: str | os.PathLike[str] = "",
        params: Mapping[str, Any] | None = None,
        callback: Callable[[], None] | None = None,
        clock: Clock | None = None,
        session: Session | None = None,
        anything: Any = None,
        untyped=None,
        items: Iterable[str] = (),
    ) -> None:
        self.options = {k: v for k, v in locals().items() if k not in ("self", "__class__")}


@pytest.fixture
def toys():
    """A registry with the toy."""
    registry = Registry(autoload=False)
    registry.register(Toy)
    return registry


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("region", "us"), ("retries", 3), ("timeout_seconds", 3), ("timeout_seconds", 2.5)),
        *(("sandbox", True), ("stream", None), ("stream", "x"), ("limit", None), ("limit", 0)),
        *(("topics", ["a"]), ("topics", ("a",)), ("topics", {"a"}), ("topics", [])),
        *(("numbers", [1]), ("either", 1), ("either", "x"), ("params", {"a": 1})),
        *(("callback", print), ("clock", object()), ("session", object()), ("anything", object())),
        *(("untyped", object()), ("items", iter(["a"])), ("directory", os.curdir)),
    ],
)
def test_values_that_fit(toys, option, value):
    """They arrive as they are."""
    provider = toys.get_provider("my_toy", api_key="k", **{option: value})

    assert value is provider.options[option]


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("api_key", 5, "str, not int"),
        ("api_key", None, "str, not NoneType"),
        ("api_key", b"s3cret", "str, not bytes"),
        ("region", "s3cret", "'eu' or 'us', not str"),
        ("region", ["eu"], "'eu' or 'us', not list"),
        ("retries", "3", "int, not str"),
        ("retries", True, "int, not bool"),
        ("retries", 1.5, "int, not float"),
        ("timeout_seconds", "s3cret", "float, not str"),
        ("timeout_seconds", True, "float, not bool"),
        ("sandbox", 1, "bool, not int"),
        ("sandbox", "no", "bool, not str"),
        ("limit", "1", "int or None, not str"),
        ("topics", "s3cret", "a list, not str"),
        ("topics", [5], "a list, not list"),
        ("topics", 5, "a list, not int"),
        ("numbers", ["1"], "a list or None, not list"),
        ("either", 1.5, "int or str, not float"),
        ("params", [("a", 1)], "a mapping or None, not list"),
        ("callback", 5, "callable or None, not int"),
        ("directory", 5, "str or a PathLike, not int"),
    ],
)
def test_values_that_do_not_fit(toys, option, value, wanted):
    """The error names option and type, and does not repeat the value."""
    with pytest.raises(ConfigurationError) as caught:
        toys.get_provider("my_toy", **{"api_key": "k", option: value})

    text = str(caught.value)
    assert f"my_toy: option {option!r} must be " in text
    if option != "directory":
        assert text.endswith(wanted)
    assert "s3cret" not in text


def test_all_problems_at_once(toys):
    """Unknown, missing and wrong options come in one error; near misses are named."""
    with pytest.raises(ConfigurationError) as caught:
        toys.get_provider("my_toy", retrys="s3cret", zzz="s3cret", limit="s3cret")

    text = str(caught.value)
    assert "unknown option 'retrys', did you mean 'retries'?" in text
    assert "unknown option 'zzz', known are: api_key, region" in text
    assert "option 'limit' must be int or None" in text
    assert "option 'api_key' is missing" in text
    assert "s3cret" not in text


@pytest.mark.parametrize("name", ["name", "self", "cls", "provider_class", "options"])
def test_options_of_any_name(toys, name):
    """No option collides with an argument of ours."""
    with pytest.raises(ConfigurationError, match=f"unknown option '{name}'"):
        toys.get_provider("my_toy", api_key="k", **{name: "x"})


@pytest.mark.parametrize(
    ("query", "option", "expected"),
    [
        *(("region=us", "region", "us"), ("retries=3", "retries", 3), ("limit=7", "limit", 7)),
        *(("timeout_seconds=2.5", "timeout_seconds", 2.5), ("stream=", "stream", "")),
        *((f"sandbox={t}", "sandbox", True) for t in ("1", "true", "True", "YES", "on")),
        *((f"sandbox={t}", "sandbox", False) for t in ("0", "false", "no", "OFF")),
        *(("topics=a", "topics", ("a",)), ("topics=a,b&topics=c", "topics", ("a", "b", "c"))),
        *(("topics=", "topics", ()), ("numbers=1,2", "numbers", [1, 2])),
        *(("either=5", "either", 5), ("either=x", "either", "x"), ("anything=x", "anything", "x")),
        *(("session=x", "session", "x"), ("api_key=a%20b%26c", "api_key", "a b&c")),
    ],
)
def test_text_of_a_url_is_converted(toys, query, option, expected):
    """To the type that the constructor's annotation says."""
    key = "" if option == "api_key" else "&api_key=k"
    from mailcore import connect

    value = connect(f"my_toy://?{query}{key}", registry=toys).provider.options[option]

    assert (type(expected), expected) == (type(value), value)


@pytest.mark.parametrize(
    "query",
    [
        *("retries=x", "retries=", "retries=1.5", "timeout_seconds=x", "sandbox=maybe", "sandbox="),
        *("region=asia", "retries=1&retries=2", "numbers=1,x", "params=x", "callback=x", "nope=x"),
        *("retries", "retries=1&&limit=2", "clock=x", "retries=" + "9" * 5000),
    ],
)
def test_text_of_a_url_that_cannot_be_converted(toys, query):
    """The error names provider and option."""
    from mailcore import connect

    with pytest.raises(ConfigurationError, match="my_toy: ") as caught:
        connect(f"my_toy://?{query}&api_key=s3cret", registry=toys)

    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_types_are_read_one_by_one():
    """A type that is imported for type checkers only does not hide the others."""
    types = option_types(Toy)

    assert (str, int, Any, Any) == tuple(
        types[name] for name in ("api_key", "retries", "session", "untyped")
    )


def test_constructors_of_all_shapes():
    """Options may be given by position; a provider without a constructor has none."""

    class Positional(NullProvider):
        name = "positional"

        def __init__(self, api_key: str, retries: int = 3) -> None:
            self.given = (api_key, retries)

    registry = Registry(autoload=False)
    registry.register(Positional)
    registry.register(NullProvider)

    assert ("k", 3) == registry.get_provider("positional", api_key="k").given
    assert {} == option_types(NullProvider)
    with pytest.raises(ConfigurationError, match="unknown option 'x', known are: none"):
        registry.get_provider("null", x=1)
    with pytest.raises(ConfigurationError, match="'api_key' is missing"):
        registry.get_provider("positional")


def test_another_constructor_is_read_again(monkeypatch):
    """What was read of a class is of its constructor, and of no class that inherits it."""

    class Inheriting(Toy):
        name = "inheriting"

        def __init__(self, *, colour: str) -> None:
            super().__init__(api_key=colour)

    assert option_types(Inheriting) is option_types(Inheriting)
    assert {"colour": str} == option_types(Inheriting)
    monkeypatch.setattr(Inheriting, "__init__", lambda self, size=1: None)

    assert {"size": Any} == option_types(Inheriting)
    assert "api_key" in option_types(Toy)


def test_a_type_that_is_known_later_is_read_later():
    """A class may be declared below the provider that takes it."""
    place = {"NullProvider": NullProvider}
    exec(
        "class Early(NullProvider):\n"
        "    name = 'early'\n"
        "    def __init__(self, clock: 'Clock', size: int = 1) -> None: ...",
        place,
    )

    assert {"clock": Any, "size": int} == option_types(place["Early"])
    place["Clock"] = dict
    assert {"clock": dict, "size": int} == option_types(place["Early"])


def test_a_class_that_was_read_can_go():
    """Nothing keeps it but whoever uses it."""

    class Passing(NullProvider):
        name = "passing"

        def __init__(self, *, clock: type[Toy] | None = None) -> None:
            super().__init__()

    assert ["clock"] == list(option_types(Passing))
    gone = weakref.ref(Passing)
    del Passing
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize(("url", "scheme"), [("ses://", "ses"), ("my_toy://?a=b://c", "my_toy")])
def test_scheme_is_the_name(url, scheme):
    """Whatever follows."""
    assert scheme == scheme_of(url)


@pytest.mark.parametrize("url", ["", "ses", "ses:", "://x", None, 5, b"ses://"])
def test_what_is_no_url(url):
    """The text is not repeated: it may be a secret in the wrong place."""
    with pytest.raises(ConfigurationError, match="not a mailcore URL"):
        scheme_of(url)
