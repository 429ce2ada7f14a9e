"""Options from the environment, by convention."""

from __future__ import annotations

import json

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Features,
    HttpRequest,
    Mailer,
    Provider,
    RecipientStatus,
    Registry,
)
from mailcore.cli import main
from mailcore.features import YES
from mailcore.pools import Failover
from mailcore.registry.option_texts import Misfit, converted
from mailcore.registry.option_variables import variable_of
from mailcore.registry.options import option_missing


SECRET = "s3cret-key"


class Acme(Provider[Any, Any]):
    """A provider that keeps its options."""

    name: ClassVar[str] = "acme"
    label: ClassVar[str] = "Acme"
    features: ClassVar[Features] = Features(recipients=YES)
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)

    def __init__(
        self,
        *,
        api_key: str | None = None,
        region: Literal["eu", "us"] = "eu",
        timeout_seconds: float = 30.0,
        retries: int = 0,
        sandbox: bool = False,
        secrets: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        session: object | None = None,
    ) -> None:
        self.options = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        if sandbox and region == "us":
            raise ConfigurationError("acme: no sandbox in the us")

    def build(self, message: Any) -> Sequence[Any]:
        raise option_missing(self.name, "api_key", "sending")

    def parse(self, request: Any, response: Any) -> Mapping[str, RecipientStatus]:
        return {}


class AcmeEu(Acme):
    """One whose name begins like the other's."""

    name: ClassVar[str] = "acme-eu"


@pytest.fixture
def registry() -> Registry:
    """With the two providers, and nothing that is installed."""
    made = Registry(autoload=False)
    made.register(Acme)
    made.register(AcmeEu)
    return made


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("api_key", SECRET, SECRET),
        ("api_key", " k,=#& ", " k,=#& "),
        ("region", "us", "us"),
        ("timeout_seconds", "2.5", 2.5),
        ("retries", "3", 3),
        ("sandbox", "Yes", True),
        ("sandbox", "0", False),
        ("secrets", "user:a, user:b", ("user:a", "user:b")),
        ("secrets", '["user:a,b", "user:c"]', ("user:a,b", "user:c")),
        ("secrets", "[user:a", ("[user:a",)),
        ("tags", '{"a": "b"}', {"a": "b"}),
        ("api_key", "", None),
    ],
)
def test_text_becomes_the_type(option, text, expected, registry, monkeypatch):
    """As in a URL; lists and mappings may be JSON, and an empty text is none."""
    monkeypatch.setenv(variable_of("acme", option), text)

    assert expected == registry.get_provider("acme").options[option]


@pytest.mark.parametrize(
    ("option", "text", "wanted"),
    [
        ("region", "mars", "must be 'eu' or 'us'"),
        ("retries", SECRET, "must be int"),
        ("sandbox", SECRET, "must be bool"),
        ("tags", SECRET, "must be a mapping, as JSON"),
        ("tags", '["s3cret-key"]', "must be a mapping, as JSON"),
        ("tags", "[" * 100_000, "must be a mapping, as JSON"),
        ("session", SECRET, "must be object or None"),
    ],
)
def test_text_that_does_not_fit(option, text, wanted, registry, monkeypatch):
    """The error names the variable and the type, and does not repeat the text."""
    monkeypatch.setenv(variable_of("acme", option), text)

    with pytest.raises(ConfigurationError) as caught:
        registry.get_provider("acme")

    assert f"acme: MAILCORE_ACME_{option.upper()} of the environment {wanted}" == str(caught.value)
    assert caught.value.__cause__ is None


def test_precedence(registry, monkeypatch):
    """Constructor, then URL, then environment; None in the constructor is a value."""
    monkeypatch.setenv("MAILCORE_ACME_API_KEY", "environment")
    monkeypatch.setenv("MAILCORE_ACME_REGION", "us")
    monkeypatch.setenv("MAILCORE_ACME_RETRIES", "1")

    url = "acme://?region=eu&retries=2"
    for made in (
        Mailer.from_url(url, registry=registry, retries=3),
        AsyncMailer.from_url(url, registry=registry, retries=3),
    ):
        options = made.provider.options
        found = (options["api_key"], options["region"], options["retries"])
        assert ("environment", "eu", 3) == found
    assert None is registry.get_provider("acme", api_key=None).options["api_key"]
    assert "us" == Mailer("acme", registry=registry).provider.options["region"]
    assert "eu" == Acme().options["region"]


def test_given_options_are_not_read(registry, monkeypatch):
    """What is overridden may be wrong in the environment."""
    monkeypatch.setenv("MAILCORE_ACME_RETRIES", "many")

    assert 3 == registry.get_provider("acme", retries=3).options["retries"]


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("MAILCORE_ACME_API_KYE", "did you mean MAILCORE_ACME_API_KEY?"),
        ("MAILCORE_ACME_ZZZ", "`mailcore providers` lists the options"),
        ("MAILCORE_ACME_DEFAULTS", "`mailcore providers` lists the options"),
    ],
)
def test_variable_of_no_option(variable, told, registry, monkeypatch):
    """It is an error: nobody would see that it does nothing. Its value is not told."""
    monkeypatch.setenv(variable, SECRET)

    with pytest.raises(ConfigurationError) as caught:
        registry.get_provider("acme")

    text = str(caught.value)
    assert f"'{variable}' of the environment is no option of acme: {told}" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAILCORE_URL", "console://"),
        ("MAILCORE_PLUGINS", "none"),
        ("MAILCORE_ACMES_KEY", "x"),
        ("MAILCORE_ACME_EU_API_KEY", "x"),
        ("MAILCORE_ACME_ZZZ", ""),
        ("MAILCORE_ACME_URL", "acme://?retries=1"),
        ("MAILCORE_ACME_FALLBACK", "acme-eu://"),
        ("mailcore_acme_zzz", "x"),
    ],
)
def test_variables_of_others(variable, value, registry, monkeypatch):
    """The core's, those of a provider with a longer name, and URLs are no mistakes."""
    monkeypatch.setenv(variable, value)

    assert 0 == registry.get_provider("acme").options["retries"]


def test_provider_with_a_hyphen(registry, monkeypatch):
    """It is written with an underscore."""
    monkeypatch.setenv("MAILCORE_ACME_EU_RETRIES", "3")

    assert 3 == registry.get_provider("acme-eu").options["retries"]
    assert 0 == registry.get_provider("acme").options["retries"]


class AcmeWithRegions(Acme):
    """One whose option begins like the name of another provider."""

    name: ClassVar[str] = "acme"

    def __init__(self, *, eu_key: str | None = None, eu_zone: str | None = None) -> None:
        self.options = {"eu_key": eu_key, "eu_zone": eu_zone}


class AcmeEuWithKey(Acme):
    """The other one."""

    name: ClassVar[str] = "acme-eu"

    def __init__(self, *, key: str | None = None) -> None:
        self.options = {"key": key}


@pytest.fixture
def ambiguous(monkeypatch) -> Registry:
    """Two providers, and a variable that is an option of either."""
    made = Registry(autoload=False)
    made.register(AcmeWithRegions)
    made.register(AcmeEuWithKey)
    monkeypatch.setenv("MAILCORE_ACME_EU_KEY", SECRET)
    return made


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("acme", "option 'eu_key' of acme or 'key' of acme-eu"),
        ("acme-eu", "option 'key' of acme-eu or 'eu_key' of acme"),
    ],
)
@pytest.mark.parametrize("kind", ["get_provider", "Mailer", "from_url", "pool"])
def test_variable_of_two_providers(make, told, kind, ambiguous):
    """Neither takes it, wherever it is made: it may be a secret, and is not to be guessed."""
    ways = {
        "get_provider": lambda: ambiguous.get_provider(make),
        "Mailer": lambda: Mailer(make, registry=ambiguous),
        "from_url": lambda: Mailer.from_url(f"{make}://", registry=ambiguous),
        "pool": lambda: Failover([make], registry=ambiguous),
    }

    with pytest.raises(ConfigurationError) as caught:
        ways[kind]()

    assert f"MAILCORE_ACME_EU_KEY of the environment may be {told}: unset it" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_is_given_is_not_ambiguous(ambiguous, monkeypatch):
    """The way out; and what is an option of one of them alone is no mistake for the other."""
    monkeypatch.setenv("MAILCORE_ACME_EU_ZONE", "north")

    made = ambiguous.get_provider("acme", eu_key="given")

    assert {"eu_key": "given", "eu_zone": "north"} == made.options
    assert {"key": "given"} == ambiguous.get_provider("acme-eu", key="given").options
    monkeypatch.setenv("MAILCORE_ACME_EU_ZONES", "north")
    with pytest.raises(ConfigurationError, match="_EU_ZONES' of the environment is no option"):
        ambiguous.get_provider("acme-eu", key="given")


def test_names_that_are_spelled_alike(monkeypatch):
    """acme-eu and acme_eu have the same variables."""

    class Underscored(AcmeEuWithKey):
        name: ClassVar[str] = "acme_eu"

    made = Registry(autoload=False)
    made.register(AcmeEuWithKey)
    made.register(Underscored)
    monkeypatch.setenv("MAILCORE_ACME_EU_KEY", SECRET)

    with pytest.raises(ConfigurationError, match="'key' of acme-eu or 'key' of acme_eu"):
        made.get_provider("acme-eu")


def test_url_from_the_environment(registry, monkeypatch):
    """from_env() takes a URL of any variable, and options of the others."""
    monkeypatch.setenv("MAILCORE_ACME_URL", "acme://?retries=2")
    monkeypatch.setenv("MAILCORE_ACME_API_KEY", SECRET)

    made = Mailer.from_env("MAILCORE_ACME_URL", registry=registry)

    assert (SECRET, 2) == (made.provider.options["api_key"], made.provider.options["retries"])


def test_all_problems_at_once(registry, monkeypatch):
    """Those of the environment come with those of the code."""
    monkeypatch.setenv("MAILCORE_ACME_RETRIES", "many")
    monkeypatch.setenv("MAILCORE_ACME_REGOIN", "us")

    with pytest.raises(ConfigurationError) as caught:
        Mailer("acme", registry=registry, sandbx=True)

    text = str(caught.value)
    assert "did you mean 'sandbox'?" in text
    assert "MAILCORE_ACME_RETRIES of the environment must be int" in text
    assert "did you mean MAILCORE_ACME_REGION?" in text
    assert "option 'api_key' is missing: give it, or set MAILCORE_ACME_API_KEY" in text


def test_contradiction_with_the_environment(registry, monkeypatch):
    """The error of a constructor says what came from the environment."""
    monkeypatch.setenv("MAILCORE_ACME_REGION", "us")

    with pytest.raises(ConfigurationError) as caught:
        registry.get_provider("acme", sandbox=True)

    text = "acme: no sandbox in the us (with MAILCORE_ACME_REGION of the environment)"
    assert text == str(caught.value)


@pytest.mark.parametrize("options", [{}, {"api_key": None}])
def test_a_mailer_wants_what_sending_needs(options, registry):
    """At once, and not at the first send; who receives makes the provider alone."""
    with pytest.raises(ConfigurationError, match="option 'api_key' is missing: give it, or set"):
        Mailer("acme", registry=registry, **options)

    assert None is registry.get_provider("acme").options["api_key"]


def test_command_line(registry, monkeypatch, capsys, tmp_path):
    """It reads them, and shows none of their secrets."""
    monkeypatch.setenv("MAILCORE_ACME_API_KEY", SECRET)
    monkeypatch.setenv("MAILCORE_ACME_REGOIN", "us")
    mail = ["--from", "a@example.com", "--to", "b@example.com", "--text", "x"]

    assert 0 != main(["send", "--provider", "acme", *mail], registry=registry)

    captured = capsys.readouterr()
    assert "did you mean MAILCORE_ACME_REGION?" in captured.err
    assert SECRET not in captured.err + captured.out


class Shows(Acme):
    """A provider whose requests hold all that it was given."""

    name: ClassVar[str] = "shows"

    def build(self, message: Any) -> Sequence[Any]:
        body = json.dumps({f"{name}_": value for name, value in self.options.items()})
        url = "https://api.example/"
        return [HttpRequest(method="POST", url=url, headers={}, body=body.encode(), recipients=())]


def test_command_line_hides_secrets_of_lists_and_mappings(registry, monkeypatch, capsys):
    """Wherever in the output they stand."""
    registry.register(Shows)
    monkeypatch.setenv("MAILCORE_SHOWS_API_KEY", SECRET)
    monkeypatch.setenv("MAILCORE_SHOWS_SECRETS", "user:one-of-two,user:other-of-two")
    monkeypatch.setenv("MAILCORE_SHOWS_TAGS", '{"session_token": "in-a-mapping", "kind": "shown"}')
    mail = ["--from", "a@example.com", "--to", "b@example.com", "--text", "x"]

    assert 0 == main(["send", "--dry-run", "--provider", "shows", *mail], registry=registry)

    out = capsys.readouterr().out
    assert "shown" in out
    for secret in (SECRET, "one-of-two", "other-of-two", "in-a-mapping"):
        assert secret not in out


def test_command_line_sends_by_the_environment(monkeypatch, tmp_path):
    """A provider that is named needs no other argument."""
    monkeypatch.setenv("MAILCORE_FILE_DIRECTORY", str(tmp_path / "outbox"))
    mail = ["--from", "a@example.com", "--to", "b@example.com", "--text", "x"]

    assert 0 == main(["send", "--provider", "file", *mail])

    found = [path.suffix for path in (tmp_path / "outbox").iterdir()]
    assert [".eml", ".json"] == sorted(found)


ANNOTATIONS = [
    *(str, int, float, bool, Any, object),
    Literal["a", "1"],
    Sequence[str],
    list[int],
    frozenset[float],
    Sequence[str] | None,
    Mapping[str, str] | None,
    int | bool | str,
]


@given(
    texts=st.lists(
        st.text() | st.sampled_from(["1", "nan", "1e999", "[", '["a"]', "[1]", "{}", '{"a": 1}']),
        min_size=1,
        max_size=3,
    ),
    annotation=st.sampled_from(ANNOTATIONS),
)
def test_any_text_is_a_value_or_a_misfit(texts, annotation):
    """Whatever somebody writes, there is no other error, and none that repeats it."""
    told = ""
    try:
        converted(texts, annotation)
    except Misfit as misfit:
        told = str(misfit)
    assert not told or told.startswith(("must be ", "is given "))


def test_the_list_of_options_names_variables(registry, capsys):
    """`mailcore providers` says which variable an option may stand in, and what sending needs."""
    main(["providers", "acme"], registry=registry)
    assert "such as MAILCORE_ACME_API_KEY." in (text := capsys.readouterr().out)
    assert "needed to send" in text

    main(["providers", "acme", "--json"], registry=registry)
    (found,) = json.loads(capsys.readouterr().out)["providers"]
    key, region, *_ = found["options"]
    assert ("MAILCORE_ACME_API_KEY", True) == (key["variable"], key["needed_to_send"])
    assert ("MAILCORE_ACME_REGION", False) == (region["variable"], region["needed_to_send"])
