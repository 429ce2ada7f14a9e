from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

from pathlib import Path

import pytest

from mailcore import ProviderNotFound
from mailcore.registry import known_plugins
from mailcore.registry.known_plugins import command_hint, install_hint, provider_not_found


ROOT = Path(__file__).parent.parent
PLUGINS = {
    "brevo": "mailcore-brevo",
    "mailgun": "mailcore-mailgun",
    "mailjet": "mailcore-mailjet",
    "mandrill": "mailcore-mandrill",
    "postmark": "mailcore-postmark",
    "sendgrid": "mailcore-sendgrid",
    "ses": "mailcore-ses",
    "smtp": "mailcore-smtp",
    "sparkpost": "mailcore-sparkpost",
}
COMMANDS = {"local": "mailcore-local", "outbox": "mailcore-outbox"}


@pytest.fixture
def nothing_installed(monkeypatch):
    """No plugin of the repository is there, as on a new user's first day."""
    monkeypatch.delenv("MAILCORE_PLUGINS", raising=False)
    monkeypatch.setattr(known_plugins, "is_installed", lambda distribution: False)


def run_tool(tree, *arguments):
    """Run the generator of a tree."""
    return subprocess.run(
        [sys.executable, str(tree / "tools" / "known_plugins.py"), *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def test_known_plugins_are_those_of_the_repository():
    """The generated file is the one that the plugins' projects give today."""
    finished = run_tool(ROOT, "--check")

    assert (0, "") == (finished.returncode, finished.stdout), finished.stderr
    assert dict(known_plugins.known_plugins()) == PLUGINS
    assert {**PLUGINS, **COMMANDS} == known_plugins.known_commands()


@pytest.mark.slow
def test_a_stale_file_is_told_and_written_anew(tmp_path):
    """A plugin that joins the repository makes the check fail until the file is written."""
    for name in ("pyproject.toml", "tools/projects.py", "tools/known_plugins.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    plugin = tmp_path / "plugins" / "acme"
    plugin.mkdir(parents=True)
    plugin.joinpath("pyproject.toml").write_text(
        '[project]\nname = "mailcore-acme"\n[project.entry-points."mailcore.providers"]\n'
        'acme = "mailcore_acme:AcmeProvider"\n'
    )
    other = tmp_path / "plugins" / "paint"
    other.mkdir()
    other.joinpath("pyproject.toml").write_text(
        '[project]\nname = "mailcore-paint"\n[project.entry-points."mailcore.extensions"]\n'
        'paint = "mailcore_paint.cli_extension"\n'
    )
    (tmp_path / "mailcore" / "registry").mkdir(parents=True)
    written = tmp_path / "mailcore" / "registry" / "known_plugins.json"
    written.write_text("{}\n")

    stale = run_tool(tmp_path, "--check")

    assert (1, True) == (stale.returncode, "make known-plugins" in stale.stdout)
    assert 0 == run_tool(tmp_path).returncode
    expected = {"commands": {"paint": "mailcore-paint"}, "providers": {"acme": "mailcore-acme"}}
    assert expected == json.loads(written.read_text())
    assert 0 == run_tool(tmp_path, "--check").returncode


def test_a_command_without_a_provider(nothing_installed):
    """Who types it is told what adds it; as a provider, nobody is sent there."""
    assert "pip install mailcore-local" == command_hint("local")
    assert "pip install mailcore-ses" == command_hint("ses")
    assert "" == command_hint("console") == install_hint("local")


@pytest.mark.parametrize("name", PLUGINS)
def test_a_known_plugin_is_named_with_the_command_that_installs_it(nothing_installed, name):
    """Who spells it right is told what to type."""
    error = provider_not_found(name, ["console"])

    assert f"pip install mailcore-{name}" == error.install_hint
    assert f"no provider {name!r}; installed: console; to add it: {error.install_hint}" == str(
        error
    )
    assert () == error.similar


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("postmrak", "postmark"),
        ("Postmark", "postmark"),
        ("mail_gun", "mailgun"),
        ("mailgun2", "mailgun"),
        ("SES", "ses"),
        ("sess", "ses"),
        ("amazon-ses", "ses"),
        ("Amazon SES", "ses"),
        ("mailcore-ses", "ses"),
        ("mailcore_postmark", "postmark"),
    ],
)
def test_a_misspelt_plugin_is_recognised(nothing_installed, name, meant):
    """What is suggested is a package that exists, never one made of what was typed."""
    error = provider_not_found(name, ["console", "file", "memory", "null"])

    assert meant == error.similar[0]
    assert PLUGINS[meant] == error.install_hint.removeprefix("pip install ")
    assert f"did you mean {meant!r} (pip install {PLUGINS[meant]})" in str(error)


@pytest.mark.parametrize(
    "name", ["sparkpost", "sendgrid", "esp", "x" * 50, "", " ", "../x", "x; rm -rf", "-r", "a b"]
)
def test_only_packages_that_exist_are_named(nothing_installed, name):
    """No text leads to a package that a stranger could publish."""
    error = provider_not_found(name, ["console"])

    named = set(re.findall(r"\bmailcore-[a-z-]+", str(error).replace(repr(name), "")))
    assert set(PLUGINS.values()) >= named
    assert error.install_hint in {"", *(f"pip install {each}" for each in PLUGINS.values())}


def test_an_installed_neighbour_needs_no_installation(nothing_installed):
    """A near miss of what is there is only a spelling."""
    error = provider_not_found("consol", ["console", "file"])

    assert ("console",) == error.similar
    assert "" == error.install_hint
    assert str(error).endswith("did you mean 'console'?")


def test_what_is_installed_but_hidden_is_not_to_be_installed(monkeypatch):
    """With MAILCORE_PLUGINS the way back is the variable, not pip."""
    monkeypatch.setenv("MAILCORE_PLUGINS", "none")
    monkeypatch.setattr(known_plugins, "is_installed", lambda distribution: True)

    error = provider_not_found("ses", ["console"])

    assert "" == error.install_hint == install_hint("ses")
    assert str(error) == (
        "no provider 'ses'; installed: console; MAILCORE_PLUGINS limits what is found"
    )
    assert isinstance(error, ProviderNotFound)
