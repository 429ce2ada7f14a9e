"""``mailcore new-provider``: a plugin that works from the start, and nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from mailcore import Registry
from mailcore._version import VERSION
from mailcore.cli import main, new_provider


REGISTRY = Registry(autoload=False)


@pytest.fixture(name="here", autouse=True)
def _here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(directory):
    """The files below a directory, by their path."""
    return {
        path.relative_to(directory).as_posix(): path.read_text("utf-8")
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_directory_is_named_after_the_distribution(here, capsys):
    """Without --directory it is mailcore-NAME; what is printed are commands that follow."""
    assert main(["new-provider", "acme-mail"], registry=REGISTRY) == 0

    printed = capsys.readouterr().out
    assert ["mailcore-acme-mail"] == [path.name for path in here.iterdir()]
    assert "cd mailcore-acme-mail\n" in printed
    assert "mailcore features acme-mail\n" in printed


def test_every_file_bears_the_name(here):
    """Paths and texts have the name in each of its spellings, and nothing of the template's."""
    assert main(["new-provider", "acme-mail", "--directory", "a/plugin"], registry=REGISTRY) == 0

    files = texts(here / "a" / "plugin")
    assert {
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "docs/acme-mail.md",
        "mailcore_acme_mail/provider.py",
        "mailcore_acme_mail/py.typed",
        "pyproject.toml",
        "tests/test_acme_mail_conformance.py",
    } <= set(files)
    assert "class AcmeMailProvider(" in files["mailcore_acme_mail/provider.py"]
    assert 'label: ClassVar[str] = "Acme Mail"' in files["mailcore_acme_mail/provider.py"]
    assert 'acme-mail = "mailcore_acme_mail:AcmeMailProvider"' in files["pyproject.toml"]
    assert "`MAILCORE_ACME_MAIL_API_KEY`" in files["docs/acme-mail.md"]
    left = {path for path, text in files.items() if re.search("(?i)new.?esp", path + text)}
    assert set() == left


def test_json_lists_the_files(here, capsys):
    """Scripts read what was written."""
    assert main(["new-provider", "acme", "--json"], registry=REGISTRY) == 0

    written = json.loads(capsys.readouterr().out)
    assert ("acme", "mailcore-acme", "mailcore_acme", "mailcore-acme") == tuple(
        written[name] for name in ("name", "distribution", "module", "directory")
    )
    assert sorted(texts(here / "mailcore-acme")) == written["files"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Acme_Mail", "did you mean 'acme-mail'?"),
        ("acme--mail", "did you mean 'acme-mail'?"),
        ("acme.mail", "did you mean 'acme-mail'?"),
        ("-acme", "see `mailcore new-provider --help`"),
        ("acme-", "did you mean 'acme'?"),
        ("3acme", "a letter first"),
        ("äcme", "did you mean 'cme'?"),
        ("acme/../../etc", "did you mean 'acme-etc'?"),
        ("acme\n", "did you mean 'acme'?"),
        ("", "a letter first"),
        ("mailcore-acme", "'acme' is enough"),
        ("test", "a test to pytest"),
        ("testmail", "a test to pytest"),
        ("a" * 25, "longer than 24 characters"),
    ],
)
def test_odd_names_are_refused(here, capsys, name, hint):
    """A name that cannot be a URL's scheme, a distribution and a module is no name."""
    assert main(["new-provider", name], registry=REGISTRY) == 2

    assert hint in capsys.readouterr().err
    assert not list(here.iterdir())


def test_name_of_an_installed_provider_is_refused(here, capsys, monkeypatch):
    """Two providers of one name would be in each other's way."""
    monkeypatch.delenv("MAILCORE_PLUGINS", raising=False)

    assert main(["new-provider", "console"]) == 2

    assert (
        "the provider 'console' is installed already, by mailcore-esp " in capsys.readouterr().err
    )
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("esp", "mailcore-esp is the distribution of mailcore itself"),
        ("ses", "mailcore-ses exists already, for the provider 'ses'"),
        ("postmark", "mailcore-postmark exists already, for the provider 'postmark'"),
    ],
)
def test_name_of_another_package_is_refused(here, capsys, monkeypatch, name, said):
    """Neither the core nor a plugin of the repository gets a second project of its name."""
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)

    assert main(["new-provider", name], registry=REGISTRY) == 2

    assert said in capsys.readouterr().err
    assert not list(here.iterdir())


def test_name_of_an_importable_module_is_refused(here, capsys, monkeypatch):
    """A module of that name is in the way even where its provider is not looked for."""
    (here / "mailcore_acme.py").touch()
    monkeypatch.syspath_prepend(here)

    assert main(["new-provider", "acme"], registry=REGISTRY) == 2

    assert "the module mailcore_acme is there already" in capsys.readouterr().err
    assert ["mailcore_acme.py"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize("occupied", ["directory", "file"])
def test_nothing_is_overwritten(here, capsys, occupied):
    """Whatever is at that place stays as it is."""
    target = here / "mailcore-acme"
    if occupied == "directory":
        target.mkdir()
        target = target / "mine.txt"
    target.write_text("mine")

    assert main(["new-provider", "acme"], registry=REGISTRY) == 2

    assert "mailcore-acme exists already" in capsys.readouterr().err
    assert {target.relative_to(here).as_posix(): "mine"} == texts(here)


def test_half_a_plugin_is_removed(here, capsys, monkeypatch):
    """If a file cannot be written, nothing stays behind."""
    too_long = f"docs/{'x' * 300}.md"
    monkeypatch.setattr(
        new_provider, "_template", lambda: iter([("README.md", "here"), (too_long, "not here")])
    )

    assert main(["new-provider", "acme"], registry=REGISTRY) == 2

    assert "cannot write to mailcore-acme" in capsys.readouterr().err
    assert not list(here.iterdir())


def test_place_that_cannot_be_made_is_an_error(here, capsys):
    """A file where a directory above the plugin should be is a sentence, no traceback."""
    (here / "file").touch()

    assert main(["new-provider", "acme", "--directory", "file/acme"], registry=REGISTRY) == 2

    assert "cannot make file/acme" in capsys.readouterr().err


def test_generated_plugin_wants_this_mailcore(here):
    """What it requires of mailcore is met by the one that wrote it."""
    assert main(["new-provider", "acme"], registry=REGISTRY) == 0

    major, minor, _ = VERSION.split(".", 2)
    required = f'dependencies = ["mailcore-esp>={major}.{minor},<{major}.{int(minor) + 1}"]'
    assert required in (here / "mailcore-acme" / "pyproject.toml").read_text("utf-8")


@pytest.mark.slow
def test_generated_plugin_passes_its_tests(here):
    """Its own tests, the conformance suite among them, pass as they are."""
    assert main(["new-provider", "acme-mail"], registry=REGISTRY) == 0

    directory = here / "mailcore-acme-mail"
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True,
        check=False,
        cwd=directory,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(directory)},
        timeout=100,
    )

    assert finished.returncode == 0, finished.stdout
    assert re.search(r"\b\d{2,} passed in ", finished.stdout)
    assert not re.search(r"\b(skipped|deselected|xfailed)\b", finished.stdout)
