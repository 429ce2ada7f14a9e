"""Further schemes of a provider's URLs, each of which stands for options."""

from __future__ import annotations

import pytest

from mailcore import ConfigurationError, Mailer, ProviderNotFound, Registry
from mailcore.builtin.null import NullProvider
from mailcore.cli import main


class Toy(NullProvider):
    """Has a scheme beside its name."""

    name = "toy"
    label = "Toy"
    url_schemes = {"toys": {"security": "tls"}}  # noqa: RUF012  # as every provider has it

    def __init__(self, *, security: str = "none", api_key: str = "") -> None:
        self.security = security


@pytest.fixture
def registry():
    """A registry with the toy."""
    made = Registry(autoload=False)
    made.register(Toy)
    return made


def test_a_scheme_stands_for_options(registry):
    """The provider keeps its name, and has the option; its own scheme stands for none."""
    of_scheme = Mailer.from_url("toys://", registry=registry).provider
    of_name = Mailer.from_url("toy://", registry=registry).provider

    assert ("toy", "tls") == (of_scheme.name, of_scheme.security)
    assert "none" == of_name.security


def test_an_option_that_the_scheme_stands_for(registry):
    """It is not given again, whatever it says."""
    with pytest.raises(ConfigurationError, match="'security' is given twice"):
        Mailer.from_url("toys://?security=none", registry=registry)


def test_a_scheme_of_nobody(registry):
    """It is told as a provider that is not there."""
    with pytest.raises(ProviderNotFound):
        Mailer.from_url("toyz://", registry=registry)


def test_the_command_line_takes_it(registry, capsys):
    """Wherever a URL may stand."""
    arguments = ["send", "--url", "toys://", "--from", "a@b.example", "--to", "c@d.example"]

    assert 0 == main([*arguments, "--text", "Hello"], registry=registry), capsys.readouterr().err


def test_an_installed_scheme_is_found_before_its_provider_is_imported(tmp_path, monkeypatch):
    """By the entry point, whose value is the provider's name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("MAILCORE_PLUGINS", raising=False)
    info = tmp_path / "toy_mail-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-mail\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[mailcore.providers]\ntoy = toy_mail:Toy\n[mailcore.url_schemes]\ntoys = toy\n"
    )
    (tmp_path / "toy_mail.py").write_text(
        "from mailcore.builtin.null import NullProvider\n"
        "class Toy(NullProvider):\n"
        "    name = label = 'toy'\n"
        "    url_schemes = {'toys': {}}\n"
    )

    assert "toy" == Registry().class_of_url("toys://").name
