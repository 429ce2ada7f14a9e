"""`mailcore providers` and `mailcore features`, and commands of extensions."""

from __future__ import annotations

import io
import json
import re
import sys

from collections.abc import Sequence

import pytest

from mailcore import Feature, Features, Provider, Registry, hookimpl
from mailcore.builtin.memory import MemoryProvider
from mailcore.builtin.null import NullProvider
from mailcore.cli import main
from mailcore.cli.feature_texts import DESCRIPTIONS, LEGEND, topics
from mailcore.features import NO, YES, Support, advisory, limited, needs, partial, yes


class AcmeProvider(Provider):
    name = "acme"
    label = "Acme | Mail"
    features = Features(
        cc=YES,
        bcc=NO("no <bcc> | at all"),
        reply_to=limited(1),
        headers=partial("not X-ACME-*"),
        tags=needs(Feature.METADATA),
        metadata=yes("no <bcc> | at all"),
        recipients=advisory(50, "ask _them_ for more_of_it!"),
    )

    def __init__(
        self,
        *,
        api_key: str,
        topics: Sequence[str] = (),
        timeout_seconds: float = 5.0,
    ) -> None:
        pass

    def build(self, message):
        raise NotImplementedError

    def parse(self, request, response):
        raise NotImplementedError


class PlainProvider(AcmeProvider):
    name = "plain"
    label = "Plain"
    features = Features(cc=YES)

    def __init__(self) -> None:
        pass


@pytest.fixture(name="registry")
def _registry():
    """A registry with two providers, independent of what is installed."""
    registry = Registry(autoload=False)
    registry.register(AcmeProvider)
    registry.register(PlainProvider)
    return registry


def test_providers_list_their_options(registry, capsys):
    """Names, types and defaults, as the constructor has them."""
    assert 0 == main(["providers", "acme", "--json"], registry=registry)

    (acme,) = json.loads(capsys.readouterr().out)["providers"]
    assert ("acme", "Acme | Mail", "loaded") == (acme["name"], acme["label"], acme["state"])
    more = [(each.pop("variable"), each.pop("needed_to_send")) for each in acme["options"]]
    assert ("MAILCORE_ACME_API_KEY", False) == more[0]
    assert [
        {"name": "api_key", "type": "str", "required": True, "default": None},
        {"name": "topics", "type": "Sequence[str]", "required": False, "default": "()"},
        {"name": "timeout_seconds", "type": "float", "required": False, "default": "5.0"},
    ] == acme["options"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        pytest.param([], [], id="list"),
        pytest.param(["acme"], ["api_key", "timeout_seconds"], id="one"),
        pytest.param(["-v"], ["api_key", "timeout_seconds", "plain has no options"], id="verbose"),
    ],
)
def test_providers_table_has_options_when_asked(registry, capsys, arguments, shown):
    """The list stays short; -v and a name add the options."""
    assert 0 == main(["providers", *arguments], registry=registry)

    out = capsys.readouterr().out
    options = ["api_key", "timeout_seconds", "plain has no options"]
    assert "Acme | Mail" in out
    assert shown == [option for option in options if option in out]


@pytest.mark.parametrize("command", ["providers", "features"])
def test_unknown_provider_is_an_error(registry, capsys, command):
    """What is installed, and what is spelled similarly, as data too."""
    assert 2 == main([command, "acne", "--json"], registry=registry)

    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert ("ProviderNotFound", "acne") == (error["type"], error["name"])
    assert (["acme", "plain"], ["acme"]) == (error["installed"], error["similar"])
    assert "did you mean 'acme'?" in err


def test_features_table_has_every_feature_and_numbered_notes(registry, capsys):
    """One row for each feature; equal notes share a number."""
    assert 0 == main(["features"], registry=registry)

    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[2 : 2 + len(Feature)]}
    assert ["feature", "acme", "plain"] == lines[0].split()
    assert [feature.value for feature in Feature] == list(rows)
    assert "yes yes" == rows["cc"]
    assert "no [1] no [2]" == rows["bcc"]
    assert "at most 1 no [2]" == rows["reply_to"]
    assert "partly [3] no [2]" == rows["headers"]
    assert "yes [1] no [2]" == rows["metadata"]
    assert "with metadata no [2]" == rows["tags"]
    assert "yes (limit 50) [4] yes" == rows["recipients"]
    assert [
        "[1] no <bcc> | at all",
        "[2] this plugin does not declare it",
        "[3] not X-ACME-*",
        "[4] ask _them_ for more_of_it!",
    ] == lines[-4:]


@pytest.mark.parametrize(
    "arguments",
    [["plain"], ["--provider", "plain"], ["plain", "plain", "--provider", "plain"]],
)
@pytest.mark.parametrize("form", [["--json"], ["--format", "json"], ["--format=json"]])
def test_features_of_chosen_providers(registry, capsys, arguments, form):
    """Names choose, in either form, each once."""
    assert 0 == main(["features", *arguments, *form], registry=registry)

    providers = json.loads(capsys.readouterr().out)["providers"]
    assert ["plain"] == list(providers)
    assert {"kind": "yes", "note": "", "limit": None, "needed": None} == (
        providers["plain"]["features"]["cc"]
    )


class Terminal(io.StringIO):
    """Standard output that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_many_providers_fit_side_by_side_into_a_terminal(registry, monkeypatch):
    """On a terminal, eight providers stand in parts, each beside the features' names."""
    for number in range(6):
        name = f"provider{number}"
        registry.register(type(name, (AcmeProvider,), {"name": name}))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")

    assert 0 == main(["features"], registry=registry)

    lines = terminal.getvalue().splitlines()
    heads = [line.split() for line in lines if line.startswith("feature ")]
    assert registry.names() == tuple(name for head in heads for name in head[1:])
    assert 1 < len(heads)
    assert 80 >= max(len(line) for line in lines if not line.startswith("["))
    assert len(heads) == sum(line.startswith("merge_headers ") for line in lines)
    assert 4 == sum(line.startswith("[") for line in lines)


def test_services_stand_before_what_is_built_in(capsys):
    """Of all that is installed, those that send are compared first."""
    registry = Registry(autoload=False)
    for provider in (MemoryProvider, AcmeProvider, NullProvider, PlainProvider):
        registry.register(provider)

    assert 0 == main(["features", "--json"], registry=registry)
    providers = json.loads(capsys.readouterr().out)["providers"]
    assert ["acme", "plain", "memory", "null"] == list(providers)


def test_features_page_is_complete(registry, capsys):
    """A page with title, legend, every feature, and notes that Markdown does not swallow."""
    assert 0 == main(["features", "--format", "md"], registry=registry)

    page = capsys.readouterr().out
    lines = page.splitlines()
    assert "# Features by provider" == lines[0]
    assert all(f"| {answer} |" in page for answer in LEGEND)
    assert "`acme` is Acme \\| Mail, `plain` is Plain." in lines
    assert len(topics()) == lines.count("| Feature | `acme` | `plain` |")
    (row,) = [line for line in lines if line.startswith("| `bcc`: ")]
    assert row.endswith("| no[^1] | no[^2] |")
    assert [
        "[^1]: no \\<bcc\\> \\| at all.",
        "[^2]: this plugin does not declare it.",
        "[^3]: not X-ACME-\\*.",
        "[^4]: ask \\_them\\_ for more_of_it!",
    ] == [line for line in lines if line.startswith("[^")]
    assert page.endswith("more_of_it!\n")


def test_features_page_has_nine_services_beside_each_other(registry, capsys):
    """More services than fit into a window go on in a further table, with every feature once."""
    for number in range(8):
        name = f"provider{number}"
        registry.register(type(name, (AcmeProvider,), {"name": name}))
    registry.register(MemoryProvider)
    assert 0 == main(["features", "--format", "md"], registry=registry)

    lines = capsys.readouterr().out.splitlines()
    heads = [line.split(" | ")[1:] for line in lines if line.startswith("| Feature | ")]
    assert [9, 1] * len(topics()) + [1] == [len(head) for head in heads]
    assert ["`memory` |"] == heads[-1]
    assert 3 == sum(line.startswith("| `cc`: ") for line in lines)
    assert list(Feature) == [each for features in topics().values() for each in features]


def test_built_in_providers_have_a_table_of_their_own(registry, capsys):
    """Of all that are installed; those that somebody names are compared in one."""
    registry.register(MemoryProvider)
    heads = []
    for arguments in ([], ["acme", "memory"]):
        assert 0 == main(["features", *arguments], registry=registry)
        lines = capsys.readouterr().out.splitlines()
        heads.append([line.split()[1:] for line in lines if line.startswith("feature ")])

    assert [[["acme", "plain"], ["memory"]], [["acme", "memory"]]] == heads


def test_features_page_is_the_same_each_time(registry, capsys):
    """A generated page in a repository must not change by itself."""
    main(["features", "--format", "md"], registry=registry)
    first = capsys.readouterr().out
    main(["features", "--format", "md"], registry=registry)

    assert first == capsys.readouterr().out


def test_every_feature_is_described():
    """A new feature needs its phrase on the page."""
    assert list(Feature) == list(DESCRIPTIONS)


def test_every_answer_is_in_the_legend():
    """A new kind of support needs its line in the legend."""
    answers = [
        Support("yes"),
        Support("no"),
        Support("limited", limit=7),
        Support("needs", needed=Feature.TAGS),
        Support("partial"),
        Support("advisory", limit=7),
    ]
    printed = [str(a).replace("7", "*n*").replace("tags", "*feature*") for a in answers]

    assert sorted(LEGEND) == sorted(printed)


class Commands:
    """An extension with commands of its own; one has the name of ours."""

    def __init__(self, *names):
        self.names = names

    @hookimpl
    def mailcore_register_commands(self, cli):
        for name in self.names:
            parser = cli.add_parser(name, help="say hello")
            parser.add_argument("--times", type=int, default=1)
            parser.set_defaults(run=self.run)

    def run(self, arguments):
        greeting = "hello " * arguments.times
        sys.stdout.write(f"{greeting}{', '.join(arguments.registry.names())}\n")
        return 7 if arguments.times > 1 else None


def test_extension_adds_a_command(registry, capsys):
    """Its exit code is the command's, None is success, and it finds the registry."""
    registry.register_extension(Commands("greet"))

    assert 7 == main(["greet", "--times", "2"], registry=registry)
    assert 0 == main(["greet"], registry=registry)

    assert "hello hello acme, plain" == capsys.readouterr().out.splitlines()[0]


def test_commands_of_extensions_stand_in_the_order_of_their_names(registry, capsys):
    """Whatever was installed first: two machines show one list."""
    for name in ("zoo", "ant", "mid"):
        registry.register_extension(Commands(name), name=name)

    assert 0 == main(["--help"], registry=registry)

    listed = re.findall(r"^    (zoo|ant|mid)\b", capsys.readouterr().out, re.MULTILINE)
    assert ["ant", "mid", "zoo"] == listed


def test_extension_cannot_replace_a_command(registry, capsys):
    """`send` is ours on every version of Python."""
    registry.register_extension(Commands("greet", "send"))

    assert 3 == main(["send", "--url", "plain://"], registry=registry)

    assert "`from_email` is missing" in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("no luck"), SystemExit("no luck")])
def test_broken_extension_leaves_the_command_line_working(registry, capsys, error):
    """What it raises is told in one line."""

    class Broken:
        @hookimpl
        def mailcore_register_commands(self, cli):
            raise error

    registry.register_extension(Broken(), name="broken")

    assert 0 == main(["providers"], registry=registry)

    out, err = capsys.readouterr()
    assert "acme" in out
    name = type(error).__name__
    assert f"mailcore: warning: extension broken cannot add its commands: {name}: no luck\n" == err


def test_command_without_a_function_is_an_error(registry, capsys):
    """The author of the extension learns what is missing."""

    class Half:
        @hookimpl
        def mailcore_register_commands(self, cli):
            cli.add_parser("half")

    registry.register_extension(Half())

    assert 2 == main(["half"], registry=registry)

    assert "mailcore: error: command 'half' of an extension has no `run`\n" == (
        capsys.readouterr().err
    )


def test_observer_that_fails_is_told(registry, capsys):
    """The log of mailcore reaches the terminal in one line; the send succeeds."""

    class Observer:
        @hookimpl
        def mailcore_message_sent(self):
            raise RuntimeError("no luck")

    sending = Registry()
    sending.register_extension(Observer(), name="metrics")

    code = main(
        ["send", "--url", "null://", "--from", "a@example.com", "--to", "b@example.com"],
        registry=sending,
    )

    assert 0 == code
    assert (
        "mailcore: error: observer mailcore_message_sent of metrics failed "
        "(RuntimeError; --debug shows where)\n" == capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        pytest.param(["sned"], "invalid choice: 'sned'; did you mean 'send'?", id="misspelt"),
        pytest.param(["xyz"], "commands: providers, features, send", id="unknown command"),
        pytest.param(["features", "--format", "xml"], "invalid choice: 'xml'", id="format"),
        pytest.param(["providers", "--jsn"], "unknown options: --jsn", id="unknown option"),
        pytest.param(["features", "--form", "md"], "unknown options: --form", id="abbreviation"),
    ],
)
def test_usage_error_is_one_line(registry, capsys, arguments, fragment):
    """No page of usage: the culprit, and where help is."""
    assert 2 == main(arguments, registry=registry)

    out, err = capsys.readouterr()
    assert "" == out
    assert 1 == len(err.splitlines())
    assert err.startswith("mailcore: error: ")
    assert fragment in err
    assert "--help`" in err
