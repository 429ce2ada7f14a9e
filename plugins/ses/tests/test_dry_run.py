"""``mailcore send --dry-run`` shows what SES would be asked, and nothing of ours."""

from __future__ import annotations

import json

from mailcore.cli import main


def test_shows_the_call_and_nothing_internal(capsys):
    """Operation and parameters; what is between the provider and its transport is left out."""
    arguments = ["--from", "a@example.com", "--to", "b@example.com", "--text", "t", "--json"]

    code = main(["send", "--provider", "ses", *arguments, "--dry-run"])

    (request,) = json.loads(capsys.readouterr().out)["requests"]
    assert 0 == code
    assert {"type", "recipients", "service", "operation", "params"} == set(request)
