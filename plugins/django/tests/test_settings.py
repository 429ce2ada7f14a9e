"""The setting `MAILCORE`: what it takes, what is wrong with it, and when it is read."""

from __future__ import annotations

import asyncio
import re
import threading

from collections import OrderedDict

import pytest

from mailcore import ConfigurationError, Message, ProviderNotFound
from mailcore.middleware import Logging
from mailcore.outbox import OutboxPolicy
from mailcore_django import configured, get_mailer, get_provider
from mailcore_django.conf import LogSettings, from_environment, get_settings
from mailcore_django.configured import configuration_of, keeps, mailers_of


MESSAGE = Message(from_email="shop@example.com", to=["ada@example.net"], subject="Hi", text="Hi")


def test_without_the_setting(django_settings):
    """Everything has its default; there is no provider to send with."""
    assert LogSettings(bodies=False, keep_days=30) == get_settings().log
    assert {} == get_settings().webhooks
    with pytest.raises(ConfigurationError, match=r"MAILCORE\['PROVIDER'\]"):
        get_mailer()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PROVIDR": "ses"}, "MAILCORE has no key 'PROVIDR'; did you mean 'PROVIDER'?"),
        ({"ZZZ": 1}, "MAILCORE has no key 'ZZZ'; known are: PROVIDER, OPTIONS"),
        ({"PROVIDER": ""}, "MAILCORE['PROVIDER'] must be a text that is not empty, not str"),
        ({"PROVIDER": None}, "MAILCORE['PROVIDER'] must be a text that is not empty"),
        ({"OPTIONS": []}, "MAILCORE['OPTIONS'] must be a dict, not list"),
        ({"OPTIONS": {1: 2}}, "each key of MAILCORE['OPTIONS'] must be str, not int"),
        ({"MIDDLEWARE": "redirect"}, "MAILCORE['MIDDLEWARE'] must be a list, not str"),
        ({"POLICIES": 5}, "MAILCORE['POLICIES'] must be a text or a list, not int"),
        ({"POLICIES": ""}, "MAILCORE['POLICIES'] must be a text that is not empty"),
        ({"FAIL_SILENTLY": 1}, "MAILCORE['FAIL_SILENTLY'] must be True or False, not int"),
        ({"SCOPES": "news"}, "MAILCORE['SCOPES'] must be a list, not str"),
        ({"LOG": 1}, "MAILCORE['LOG'] must be a dict, not int"),
        ({"OUTBOX": 1}, "MAILCORE['OUTBOX'] must be a dict, not int"),
        ({"OUTBOX": {"databases": "a"}}, "MAILCORE['OUTBOX']['databases'] must be a list, not str"),
        ({"OUTBOX": {"keep_day": 1}}, "MAILCORE['OUTBOX'] has no key 'keep_day'; did you mean"),
        (
            {"OUTBOX": {"accept_duplicates": 1}},
            "MAILCORE['OUTBOX']['accept_duplicates'] must be True or False, not int",
        ),
        ({"DASHBOARD": 1}, "MAILCORE['DASHBOARD'] must be a dict, not int"),
        ({"DASHBOARD": {"cach": 1}}, "MAILCORE['DASHBOARD'] has no key 'cach'; did you mean"),
        ({"MAILERS": 1}, "MAILCORE['MAILERS'] must be a dict, not int"),
        ({"DEFAULTS_BY_PROVIDER": 1}, "MAILCORE['DEFAULTS_BY_PROVIDER'] must be a dict, not int"),
        ({"LOG": {"bodies": "no"}}, "MAILCORE['LOG']['bodies'] must be True or False, not str"),
        ({"LOG": {"days": 3}}, "MAILCORE['LOG'] has no key 'days'; did you mean 'keep_days'?"),
        ({"LOG": {"keep_days": 0}}, "MAILCORE['LOG']['keep_days'] must be a whole number of at"),
        ({"WEBHOOKS": {"ses": None}}, "MAILCORE['WEBHOOKS']['ses'] must be a dict, not NoneType"),
        (
            {"MAILERS": {"news": {"OPTION": {}}}},
            "MAILCORE['MAILERS']['news'] has no key 'OPTION'; did you mean 'OPTIONS'?",
        ),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_the_setting(django_settings, given, told):
    """A key that nobody knows has a suggestion."""
    django_settings(MAILCORE=given)

    with pytest.raises(ConfigurationError) as caught:
        get_settings()

    assert told in str(caught.value)


KEYS = [
    "PROVIDER",
    "OPTIONS",
    "DEFAULTS",
    "DEFAULTS_BY_PROVIDER",
    "UNSUPPORTED",
    "POLICIES",
    "MIDDLEWARE",
    "FAIL_SILENTLY",
    "MAILERS",
    "WEBHOOKS",
    "LOG",
    "OUTBOX",
    "SCOPES",
    "DASHBOARD",
]


def test_all_that_is_wrong_is_told_at_once(django_settings):
    """Not one fault after the other."""
    django_settings(
        MAILCORE={
            "PROVIDR": "x",
            "PROVIDER": " ",
            "ZZZ": 1,
            "OPTIONS": 1,
            "DEFAULTS_BY_PROVIDER": {"ses": 1, "postmark": 2},
            "UNSUPPORTED": 1,
            "MAILERS": {"news": {"BACKEND": "", "OPTIONS": 1}, "bulk": {"BACKEND": 2}},
            "WEBHOOKS": [],
            "LOG": {"bodies": 2, "keep_days": 36_501, "subjects": 0},
            "OUTBOX": {"databases": ["a", ""], "keep_days": True, "keep_bodies": 1, "attempts": 0},
            "SCOPES": ["*", "news", "?\n"],
            "DASHBOARD": {"cache": 1, "identities": 101, "suppressed": -1, "cache_seconds": True},
        }
    )

    with pytest.raises(ConfigurationError) as caught:
        get_settings()

    told = re.split(r"; (?=MAILCORE)", str(caught.value))
    assert [
        "MAILCORE has no key 'PROVIDR'; did you mean 'PROVIDER'?",
        f"MAILCORE has no key 'ZZZ'; known are: {', '.join(KEYS)}",
        "MAILCORE['PROVIDER'] must be a text that is not empty, not str",
        "MAILCORE['OPTIONS'] must be a dict, not int",
        "MAILCORE['DEFAULTS_BY_PROVIDER']['ses'] must be a dict, not int",
        "MAILCORE['DEFAULTS_BY_PROVIDER']['postmark'] must be a dict, not int",
        "MAILCORE['UNSUPPORTED'] must be a dict, not int",
        "MAILCORE['MAILERS']['news']['BACKEND'] must be a text that is not empty, not str",
        "MAILCORE['MAILERS']['news']['OPTIONS'] must be a dict, not int",
        "MAILCORE['MAILERS']['bulk']['BACKEND'] must be a text that is not empty, not int",
        "MAILCORE['WEBHOOKS'] must be a dict, not list",
        "MAILCORE['LOG']['keep_days'] must be a whole number of at least 1, and at most 36500",
        "MAILCORE['LOG']['bodies'] must be True or False, not int",
        "MAILCORE['LOG']['subjects'] must be True or False, not int",
        "MAILCORE['OUTBOX']['databases'] must be a text that is not empty, not str",
        "MAILCORE['OUTBOX']['keep_days'] must be a whole number of at least 1, and at most 36500",
        "MAILCORE['OUTBOX']['keep_bodies'] must be True or False, not int",
        "MAILCORE['OUTBOX']: attempts must be at least 1, not 0",
        "MAILCORE['SCOPES']: '*' is the name of no list: leave it out of scopes",
        "MAILCORE['SCOPES']: a scope is a printable text of 1 to 100 characters, not 2 characters",
        "MAILCORE['DASHBOARD']['cache_seconds'] must be a whole number from 0 to 86400",
        "MAILCORE['DASHBOARD']['cache'] must be a text that is not empty, not int",
        "MAILCORE['DASHBOARD']['identities'] must be a whole number from 0 to 100",
        "MAILCORE['DASHBOARD']['suppressed'] must be a whole number from 0 to 10000",
    ] == told


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"LOG": {"keep_days": 36_500}}, ("log", "keep_days", 36_500)),
        ({"LOG": {"keep_days": 1}}, ("log", "keep_days", 1)),
        ({"LOG": {"details": True}}, ("log", "details", True)),
        ({"LOG": {"details": True}}, ("log", "subjects", True)),
        ({"OUTBOX": {}}, ("outbox", "databases", ())),
        ({"OUTBOX": {"databases": ["a", "b"]}}, ("outbox", "databases", ("a", "b"))),
        ({"OUTBOX": {"keep_days": 2}}, ("outbox", "keep_days", 2)),
        ({"OUTBOX": {"attempts": 3}}, ("outbox", "policy", OutboxPolicy(attempts=3))),
        ({"DASHBOARD": {"cache": "mail"}}, ("dashboard", "cache", "mail")),
        ({"DASHBOARD": {"identities": 100}}, ("dashboard", "identities", 100)),
        ({"DASHBOARD": {"cache_seconds": 0}}, ("dashboard", "cache_seconds", 0)),
        ({"DASHBOARD": {"cache_seconds": 0}}, ("dashboard", "suppressed", 1000)),
    ],
)
def test_what_the_apps_are_told(django_settings, given, expected):
    """The limits themselves are taken; what is not given has its default."""
    django_settings(MAILCORE=given)
    app, name, value = expected

    assert value == getattr(getattr(get_settings(), app), name)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"FAIL_SILENTLY": True}, "fail_silently", True),
        ({"FAIL_SILENTLY": False}, "fail_silently", False),
        ({"UNSUPPORTED": "drop"}, "unsupported", {"*": "drop"}),
        ({"UNSUPPORTED": {"tags": "drop"}}, "unsupported", {"tags": "drop"}),
        ({"SCOPES": ["news", "offers"]}, "scopes", {"news", "offers"}),
        ({"POLICIES": ["a.b"]}, "policies", ("a.b",)),
        ({"POLICIES": "production"}, "policies", "production"),
        ({"WEBHOOKS": {"ses": {"a": 1}}}, "webhooks", {"ses": {"a": 1}}),
    ],
)
def test_what_is_taken(django_settings, given, name, value):
    """Each key has its attribute."""
    django_settings(MAILCORE=given)

    assert value == getattr(get_settings(), name)


def test_defaults_of_one_provider(mailcore_settings):
    """They hold for it alone; those of an entry are put beside those of all."""
    mailcore_settings(
        PROVIDER="memory",
        DEFAULTS_BY_PROVIDER={"memory": {"tags": ["shop"]}, "null": {"tags": ["other"]}},
    )
    message = get_mailer().preview(MESSAGE).message
    assert ("shop",) == message.tags

    made = configuration_of({"defaults_by_provider": {"memory": {"metadata": {"a": "1"}}}})
    message = mailers_of(made).mailer.preview(MESSAGE).message
    assert ({"a": "1"}, None) == (message.metadata, message.tags or None)


def test_an_outbox_of_none(django_settings):
    """None is no outbox."""
    django_settings(MAILCORE={"OUTBOX": None})

    assert get_settings().outbox is None


def test_options_come_from_the_environment_by_name(mailcore_settings, monkeypatch):
    """Secrets stand in variables; one that is not set is told with the setting, and no value."""
    mailcore_settings(PROVIDER="postmark", OPTIONS={"server_token": {"env": "SHOP_TOKEN"}})
    with pytest.raises(ConfigurationError) as caught:
        get_mailer()
    assert (
        "MAILCORE['OPTIONS']['server_token']: the environment variable SHOP_TOKEN is not set"
        == str(caught.value)
    )

    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t")

    assert "postmark" == get_mailer().provider.name
    assert "s3cr3t" not in repr(configuration_of({})) + repr(get_settings())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"a": 1, "b": {"env": "SHOP_TOKEN"}, "c": {"env": "SHOP_TOKEN"}, "d": 2},
            {"a": 1, "b": "s3cr3t", "c": "s3cr3t", "d": 2},
        ),
        (
            {"a": {"b": {"env": "SHOP_TOKEN"}, "c": 1}, "d": 2},
            {"a": {"b": "s3cr3t", "c": 1}, "d": 2},
        ),
        ({"a": {"env": "SHOP_TOKEN", "b": 1}}, {"a": {"env": "SHOP_TOKEN", "b": 1}}),
        ({"a": {"env": 5}}, {"a": {"env": 5}}),
    ],
)
def test_what_is_read_from_the_environment(monkeypatch, given, expected):
    """A dict that names one variable and nothing else, at any depth."""
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t")

    assert expected == from_environment("OPTIONS", given)


def test_every_variable_that_is_missing(monkeypatch):
    """All are told at once, each by its place; an empty one is as one that is not set."""
    monkeypatch.setenv("SHOP_EMPTY", "")
    given = {"a": {"env": "SHOP_EMPTY"}, "b": {"c": {"env": "SHOP_NONE"}}}

    with pytest.raises(ConfigurationError) as caught:
        from_environment("OPTIONS", given)

    assert [
        "OPTIONS['a']: the environment variable SHOP_EMPTY is not set",
        "OPTIONS['b']['c']: the environment variable SHOP_NONE is not set",
    ] == str(caught.value).split("; ")


def test_a_provider_by_url(mailcore_settings):
    """A URL has its options; those beside it win."""
    mailcore_settings(PROVIDER="smtp://mail.example.com:2525", OPTIONS={"timeout_seconds": 3.0})

    assert "smtp" == get_provider().name
    mailcore_settings(PROVIDER="smtp://mail.example.com:2525", OPTIONS={"timeot_seconds": 3.0})
    with pytest.raises(ConfigurationError, match="timeout_seconds"):
        get_provider()


@pytest.mark.parametrize(("alias", "place"), [(None, "OPTIONS"), ("a", "MAILERS['a']['OPTIONS']")])
def test_the_place_of_options(alias, place):
    """Whoever made a mailer by hand has no alias."""
    for options, told in [
        ({}, f"no provider is named: give one as 'provider' in {place}, or as MAILCORE["),
        ({"provider": "memory", "x": {"env": "SHOP_NONE"}}, f"{place}['x']: the environment"),
        ({"provider": "memory", "defaults": []}, f"{place}['defaults'] must be a dict"),
        ({"provider": "memory", "defaults_by_provider": 1}, f"{place}['defaults_by_provider'] m"),
        ({"provider": "memory", "unsupported": 1}, f"{place}['unsupported'] must be a dict"),
        ({"provider": "memory", "policies": 1}, f"{place}['policies'] must be a text or"),
        ({"provider": "memory", "middleware": 1}, f"{place}['middleware'] must be a list"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            configuration_of(options, alias=alias)
        assert str(caught.value).startswith(told)
    with pytest.raises(ConfigurationError) as caught:
        keeps({"outbox": 1}, alias=alias)
    assert f"{place}['outbox'] must be True or False, not int" == str(caught.value)


def test_a_middleware_by_its_name(mailcore_settings):
    """The core looks for it: what is no path is not imported."""
    mailcore_settings(PROVIDER="memory", MIDDLEWARE=["nonsense"])

    with pytest.raises(ConfigurationError) as caught:
        get_mailer()
    assert "cannot be imported" not in str(caught.value)


def test_a_mailer_is_kept_and_forgotten_with_the_settings(mailcore_settings):
    """The same options give the same mailer, in every thread, until a setting changes."""
    mailcore_settings(PROVIDER="memory")
    found = []
    threads = [threading.Thread(target=lambda: found.append(get_mailer())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {id(get_mailer())} == {id(each) for each in found}
    mailcore_settings(PROVIDER="memory", DEFAULTS={"tags": ["shop"]})
    assert get_mailer() is not found[0]
    assert get_mailer() is get_mailer()


def test_the_configurations_that_were_used_last_are_kept(monkeypatch):
    """So a project may have one for each of its customers, and memory does not grow."""
    monkeypatch.setattr(configured, "_KEPT", 2)
    monkeypatch.setattr(configured, "_made", OrderedDict())
    first, second, third = (
        configuration_of({"provider": "memory", "defaults": {"tags": [name]}}) for name in "abc"
    )
    made = [mailers_of(each) for each in (first, second, first, third)]

    assert made[0] is made[2] is mailers_of(first)
    assert made[3] is mailers_of(third)
    assert made[1] is not mailers_of(second)


def test_a_configuration_that_nothing_can_look_up():
    """It is made anew each time, and sends."""

    class Unhashable:
        __hash__ = None

        def __call__(self, request, call_next):
            return call_next(request)

    made = mailers_of(configuration_of({"provider": "memory", "middleware": [Unhashable()]}))

    assert ("ada@example.net",) == made.mailer.send(MESSAGE).accepted


def test_the_place_of_an_alias(mailcore_settings):
    """What is wrong with its options is told with its name."""
    options = {"provider": "memory", "x": {"env": "SHOP_NONE"}}
    mailcore_settings(MAILERS={"news": {"OPTIONS": options}})

    with pytest.raises(ConfigurationError, match=r"^MAILERS\['news'\]\['OPTIONS'\]\['x'\]: "):
        get_mailer("news")


def test_aliases(mailcore_settings):
    """Each has a provider of its own, or that of all; an unknown one has a suggestion."""
    mailcore_settings(
        PROVIDER="memory",
        MAILERS={"newsletter": {"OPTIONS": {"provider": "null"}}, "bulk": {}},
    )

    assert ("memory", "null", "memory") == (
        get_provider().name,
        get_provider("newsletter").name,
        get_provider("bulk").name,
    )
    assert get_mailer("bulk") is get_mailer()
    with pytest.raises(ConfigurationError, match="did you mean 'newsletter'"):
        get_provider("newsleter")


def test_an_entry_with_its_provider_takes_no_options_of_another(mailcore_settings):
    """`MAILCORE["OPTIONS"]` are for `MAILCORE["PROVIDER"]`."""
    mailcore_settings(
        PROVIDER="postmark",
        OPTIONS={"server_token": "s3cr3t"},
        MAILERS={"internal": {"OPTIONS": {"provider": "null"}}},
    )

    assert "null" == get_provider("internal").name


def test_defaults_and_policy(mailcore_settings):
    """Those of an entry are merged over those of all, field by field."""
    mailcore_settings(
        PROVIDER="memory",
        DEFAULTS={"tags": ["shop"], "metadata": {"a": 1}},
        UNSUPPORTED={"tags": "drop"},
    )

    made = configuration_of({"defaults": {"tags": ["news"]}, "unsupported": "drop"})

    assert {"tags": ("news",), "metadata": {"a": 1}} == dict(made.defaults)
    assert {"tags": "drop", "*": "drop"} == dict(made.unsupported)
    message = mailers_of(made).mailer.preview(MESSAGE).message
    assert (("news",), {"a": 1}) == (message.tags, message.metadata)


def test_middleware(mailcore_settings):
    """By dotted path, or as a function; what is not there is told."""
    mailcore_settings(PROVIDER="memory", MIDDLEWARE=["shop_middleware.shouting"])
    get_mailer().send(MESSAGE)
    assert "HI" == get_provider().outbox[-1].subject

    mailcore_settings(PROVIDER="memory", MIDDLEWARE=["shop_middleware.whispering"])
    with pytest.raises(ConfigurationError, match=r"'shop_middleware.whispering' cannot be"):
        get_mailer()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ([], []),
        ("production", ["Logging", "Retry", "Throttle"]),
        ("shop_middleware.stack", ["Logging", "Retry", "Throttle"]),
        ("shop_middleware.retry", ["Retry"]),
        (["shop_middleware.both", Logging()], ["Logging", "Retry", "Throttle"]),
    ],
)
def test_policies(mailcore_settings, given, expected):
    """A stack by its name, or policies by dotted path; both mailers of an alias share them."""
    mailcore_settings(PROVIDER="memory", POLICIES=given, MIDDLEWARE=["shop_middleware.shouting"])

    made = mailers_of(configuration_of({}))

    assert [*expected, "function"] == [type(each).__name__ for each in made.mailer.middleware]
    assert made.mailer.middleware == made.async_mailer.middleware
    made.mailer.send(MESSAGE)
    asyncio.run(made.async_mailer.send(MESSAGE))
    assert ["HI", "HI"] == [each.subject for each in made.provider.outbox]


def test_policies_of_a_mailer(mailcore_settings):
    """Its own stand in the place of those of all; None is none."""
    mailcore_settings(
        PROVIDER="memory",
        POLICIES="production",
        MAILERS={"plain": {"OPTIONS": {"policies": None}}},
    )

    assert 3 == len(get_mailer().middleware)
    assert 0 == len(get_mailer("plain").middleware)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"provider": "memory", "policies": 5}, ConfigurationError, "a text or a list, not int"),
        ({"provider": "memory", "policies": "prodution"}, ConfigurationError, "did you mean"),
        (
            {"provider": "memory", "policies": ["production"]},
            ConfigurationError,
            "'production' within a list must be a dotted path",
        ),
        (
            {"provider": "memory", "policies": "shop_middleware.none"},
            ConfigurationError,
            "policy 'shop_middleware.none' cannot be imported",
        ),
        (
            {"provider": "memory", "policies": "shop_middleware.no_policy"},
            ConfigurationError,
            "leads to a int, which is no policy",
        ),
        (
            {"provider": "memory", "policies": [5]},
            ConfigurationError,
            "policies has a int, which is neither",
        ),
        ({"provider": "sess"}, ProviderNotFound, "sess"),
        ({"provider": "postmark", "server_tokn": "x"}, ConfigurationError, "server_token"),
        ({"provider": "memory", "defaults": {"subjct": "x"}}, ConfigurationError, "subject"),
        ({"provider": "memory", "defaults": []}, ConfigurationError, "must be a dict"),
        ({"provider": "memory", "middleware": "x"}, ConfigurationError, "must be a list"),
        ({"provider": "memory", "unsupported": {"tgs": "drop"}}, ConfigurationError, "tags"),
    ],
)
def test_options_that_are_wrong(options, error, told):
    """The core says what; nothing is taken silently."""
    with pytest.raises(error, match=told):
        mailers_of(configuration_of(options, alias="news"))
