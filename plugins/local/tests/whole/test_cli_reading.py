"""What the options of `mailcore local` say where they name providers."""

from __future__ import annotations

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.cli_reading import by_provider, pairs, set_all_faults
from mailcore_local.smtp import SmtpFace


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], {}),
        (["acme=http://x/a"], {"acme": ["http://x/a"]}),
        (["acme=http://x/?a=b", "acme=https://y/"], {"acme": ["http://x/?a=b", "https://y/"]}),
        (["http://x/hooks/acme"], {"acme": ["http://x/hooks/acme"]}),
        (["http://x/hooks/acme/?a=b"], {"acme": ["http://x/hooks/acme/?a=b"]}),
        (
            ["http://x/{provider}/events"],
            {"acme": ["http://x/acme/events"], "smtp": ["http://x/smtp/events"]},
        ),
    ],
)
def test_webhooks(given, found):
    """By name, by the end of the path, or for all."""
    assert found == by_provider("--webhook", given, ["acme", "smtp"])


@pytest.mark.parametrize("given", ["http://x/hooks", "acme=x", "acme=", "acme=ftp://x/", "http://"])
def test_webhooks_that_are_none(given):
    """They are refused with the name of the option."""
    with pytest.raises(ValueError, match="--webhook"):
        by_provider("--webhook", [given], ["acme"])


def test_pairs():
    """A value may have further signs of equality, and is not repeated in errors."""
    assert {"acme": "a=b"} == pairs("--webhook-secret", ["acme=a=b"], "PROVIDER=KEY")
    with pytest.raises(ValueError, match="PROVIDER=KEY") as caught:
        pairs("--webhook-secret", ["s3cr3t"], "PROVIDER=KEY")
    assert "s3cr3t" not in str(caught.value)


def test_faults(acme, tmp_path):
    """Of one provider, or of all that know them."""
    (tmp_path / "script").write_text("throttle\nreset # hang up\n")
    (tmp_path / "other").write_text('["refuse"]')
    with LocalMail(faces=[acme, SmtpFace()]) as local:
        rates = ["throttle=0.1", "smtp:refuse=0.2", "refuse=0.3", "hang:5=0.4"]
        scripts = [str(tmp_path / "script"), f"smtp={tmp_path / 'other'}"]
        set_all_faults(local.hub, rates, scripts)

        assert {
            "requests": ["throttle", "reset"],
            "notifications": [],
            "rules": ["throttle=0.1", "hang:5=0.4"],
        } == local.hub.faults("acme").snapshot()
        assert {
            "requests": ["throttle", "reset", "refuse"],
            "notifications": [],
            "rules": ["throttle=0.1", "refuse=0.2", "refuse=0.3", "hang:5=0.4"],
        } == local.hub.faults("smtp").snapshot()
        for wrong in (["acme:refuse=0.1"], ["explode=0.1"], ["throttle=2"], ["throttle"]):
            with pytest.raises(ValueError, match=r"fault|rate"):
                set_all_faults(local.hub, wrong, [])
