"""One shape for every plugin: the same files, in which the same entries are found."""

from __future__ import annotations

import ast
import importlib

from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "plugins.md"
# In `plugins`: those of services, and what `mailcore new-provider` writes.
PLUGINS = {
    "_template": ("mailcore_new_esp", "NewEsp", "new_esp"),
    "brevo": ("mailcore_brevo", "Brevo", "brevo"),
    "mailgun": ("mailcore_mailgun", "Mailgun", "mailgun"),
    "mailjet": ("mailcore_mailjet", "Mailjet", "mailjet"),
    "mandrill": ("mailcore_mandrill", "Mandrill", "mandrill"),
    "postmark": ("mailcore_postmark", "Postmark", "postmark"),
    "sendgrid": ("mailcore_sendgrid", "SendGrid", "sendgrid"),
    "ses": ("mailcore_ses", "Ses", "ses"),
    "sparkpost": ("mailcore_sparkpost", "SparkPost", "sparkpost"),
    "smtp": ("mailcore_smtp", "Smtp", "smtp"),
}
ENTRIES = {
    "provider": ("{Esp}Provider",),
    "options": ("{esp}_options", "{Esp}Options"),
    "payload": ("requests_for", "check"),
    "answers": ("statuses_of",),
    "errors": (),
    "webhooks": ("WebhookTrust",),
    "events": ("parse_events",),
    "event_map": (),
    "inbound": (),
}
"""The modules of a plugin, each a file or a folder, and what is defined in it."""
# Not installed here.
MADE = {"_template"}
OF_FEATURES = {
    "webhooks": "webhook_verification",
    "events": "event_webhooks",
    "event_map": "event_webhooks",
    "inbound": "inbound",
}
"""Modules that are there for a feature: a plugin that says no to it, and why, has none."""
# A folder has the tables of its events beside what reads them.
WITHIN = {"event_map": "events"}


def files_of(package: Path, module: str) -> list[Path]:
    """The file of a module, or those of a folder."""
    for place in (package, package / WITHIN.get(module, ".")):
        file, folder = place / f"{module}.py", place / module
        if file.exists():
            return [file]
        if folder.is_dir():
            return sorted(folder.rglob("*.py"))
    return []


def defined_in(paths: list[Path]) -> set[str]:
    """The functions and classes that files define, at the top."""
    return {
        node.name
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


@pytest.mark.parametrize("module", ENTRIES)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_has_the_same_modules(plugin, module):
    """Each with its entries, unless the provider says that it has no such thing, and why."""
    package, title, name = PLUGINS[plugin]
    files = files_of(ROOT / "plugins" / plugin / package, module)
    if module in OF_FEATURES and plugin not in MADE:
        provider = getattr(importlib.import_module(f"{package}.provider"), f"{title}Provider")
        if provider.features[OF_FEATURES[module]].kind == "no":
            assert [] == files
            return
    entries = {entry.format(Esp=title, esp=name) for entry in ENTRIES[module]}

    assert files
    assert set() == entries - defined_in(files)


@pytest.mark.parametrize("module", ENTRIES)
def test_the_page_names_the_modules(module):
    """With the entries that they have."""
    (row,) = [
        line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| `{module}.py`")
    ]

    for entry in ENTRIES[module]:
        assert entry.format(Esp="<Esp>", esp="<esp>") in row


def test_a_module_that_is_missing_is_seen(tmp_path):
    """As is an entry that has another name."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "reading.py").write_text("def read_events(): ...")

    assert files_of(tmp_path, "options") == []
    assert files_of(tmp_path, "event_map") == []
    assert {"read_events"} == defined_in(files_of(tmp_path, "events"))
