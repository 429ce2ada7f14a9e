"""
Run mypy and pyright over files, and compare what they find with what they are to find.

A line that has to be an error ends with what the checkers call it; then it is a finding if one of
them accepts the line, or calls it by another name:

    Mailer(42)  # E: call-overload, reportArgumentType
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


NOTE = "note"
"""The code of what is no error: what `reveal_type` reveals."""

_EXPECTED = re.compile(r"#\s*E:\s*(?P<codes>[\w-]+(?:, [\w-]+)*)\s*$")


@dataclass(frozen=True, order=True)
class Finding:
    """What one of the checkers says of a line of a file."""

    path: Path
    line: int
    code: str
    text: str

    def __str__(self) -> str:
        path = Path(os.path.relpath(self.path))
        return (
            f"{self.path if '..' in path.parts else path}:{self.line}: {self.text}  [{self.code}]"
        )


def mypy(paths: Sequence[Path], directory: Path, options: Sequence[str]) -> list[Finding]:
    """Return what mypy finds in files; it runs in a directory, and reads its configuration."""
    command = [sys.executable, "-m", "mypy", "--output", "json", *options, *map(str, paths)]
    printed = _output(command, directory)
    reports = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [
        Finding(
            (directory / each["file"]).resolve(),
            each["line"],
            (each["code"] or "error") if each["severity"] == "error" else NOTE,
            each["message"],
        )
        for each in reports
    ]


def pyright(
    paths: Sequence[Path], settings: Path, configuration: Mapping[str, Any], python: str
) -> list[Finding]:
    """Return what pyright finds in files; it writes its configuration into `settings`."""
    # It takes relative paths only, and is content with none that exists.
    included = [os.path.relpath(path, settings.parent) for path in paths]
    document = {**configuration, "include": included}
    settings.write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", python, "--outputjson"]
    reports = json.loads(_output([*command, "--project", str(settings)], settings.parent))
    if reports["summary"]["filesAnalyzed"] < len(paths):
        sys.exit(f"pyright looked at {reports['summary']['filesAnalyzed']} of {len(paths)} files")
    return [
        Finding(
            Path(each["file"]).resolve(),
            each["range"]["start"]["line"] + 1,
            each.get("rule", "error") if each["severity"] == "error" else NOTE,
            each["message"].replace("\n", " "),
        )
        for each in reports["generalDiagnostics"]
    ]


def _output(command: Sequence[str], directory: Path) -> str:
    """What a checker prints, if it could do its work."""
    finished = subprocess.run(command, cwd=directory, capture_output=True, check=False, text=True)
    if finished.returncode not in (0, 1):
        sys.exit(f"{' '.join(command[:3])} failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def expected_in(path: Path) -> dict[int, set[str]]:
    """Return the codes that each line of a file is to be an error by."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    found = {number: _EXPECTED.search(line) for number, line in lines}
    return {number: set(match["codes"].split(", ")) for number, match in found.items() if match}


def surprises(findings: Iterable[Finding], paths: Iterable[Path]) -> Iterator[Finding]:
    """Yield errors that were not expected, and what was expected and not found."""
    expected = {path.resolve(): expected_in(path) for path in paths}
    found = defaultdict(set)
    for finding in findings:
        # A path that is missing is of a module that was imported.
        if finding.code in expected.get(finding.path, {}).get(finding.line, ()):
            found[finding.path, finding.line].add(finding.code)
        elif finding.code != NOTE:
            yield finding
    for path, lines in expected.items():
        for line, codes in lines.items():
            for code in codes - found[path, line]:
                yield Finding(path, line, code, "no error where one is expected")
