"""
Write `mailcore/registry/known_plugins.json`: the plugins of this repository.

They are listed by the name of their provider, or of their command if they have no provider.

    python tools/known_plugins.py            writes it
    python tools/known_plugins.py --check    says whether it is up to date
"""

from __future__ import annotations

import json
import sys

from projects import ROOT, projects


FILE = ROOT / "mailcore" / "registry" / "known_plugins.json"


def text() -> str:
    """Return what the file has to hold."""
    _core, *plugins = (each["project"] for each in projects())
    known: dict[str, dict[str, str]] = {"commands": {}, "providers": {}}
    for plugin in plugins:
        entry_points = plugin.get("entry-points", {})
        providers = entry_points.get("mailcore.providers", {})
        known["providers"] |= dict.fromkeys(providers, plugin["name"])
        if not providers:
            extensions = entry_points.get("mailcore.extensions", {})
            known["commands"] |= dict.fromkeys(extensions, plugin["name"])
    return json.dumps(known, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the file; returns the exit code."""
    if arguments == ["--check"]:
        if FILE.read_text(encoding="utf-8") == text():
            return 0
        print(f"{FILE.relative_to(ROOT)} is not up to date: run `make known-plugins`")
        return 1
    if arguments:
        print(__doc__)
        return 2
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
