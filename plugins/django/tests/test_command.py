"""`manage.py mailcore`: the command line for a mailer of the settings."""

from __future__ import annotations

import json
import os

import pytest

from django.core.management import CommandError, call_command


def test_a_command_of_the_core(mailcore_settings, capsys):
    """It sends through the provider of the settings, with its options and secrets."""
    mailcore_settings(PROVIDER="postmark", OPTIONS={"server_token": "s3cr3t"})
    before = dict(os.environ)

    call_command(
        *("mailcore", "send", "--dry-run", "--from", "a@example.com", "--to", "b@example.net"),
        *("--subject", "Hi", "--text", "x", "--json"),
    )

    shown = capsys.readouterr().out
    assert "postmark" in shown
    assert "s3cr3t" not in shown
    assert json.loads(shown)
    assert before == dict(os.environ)


def test_an_alias(mailcore_settings, capsys):
    """By --using; the exit code is the command's."""
    mailcore_settings(MAILERS={"news": {"OPTIONS": {"provider": "null"}}})

    with pytest.raises(SystemExit) as caught:
        call_command("mailcore", "--using", "news", "send", "--from", "nobody")

    assert caught.value.code in {2, 3}
    with pytest.raises(CommandError, match="alias 'newz'"):
        call_command("mailcore", "--using", "newz", "providers")


def test_without_a_command(mailcore_settings, capsys):
    """The commands are listed."""
    mailcore_settings(PROVIDER="null")

    call_command("mailcore")

    assert "providers" in capsys.readouterr().out
