"""
List the sources of facts: every address in code and documentation that has a "read DATE" behind it.

    python tools/links.py                    a table in Markdown
    python tools/links.py --before DATE      only what was last read before a date
    python tools/links.py --nameless         dates without an address, by file and line
    python tools/links.py --check            asks each address: needs the network, takes minutes

`--check` says of each address that it is there, has moved, is gone, or could not be reached. That a
page is there does not mean that it still says the same: read it, and then change the date.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import requests


ROOT = Path(__file__).resolve().parent.parent
ENDINGS = (".py", ".md", ".toml")
DATE = re.compile(r"\bread (\d{4}-\d{2}-\d{2})\b")
ADDRESS = re.compile(r"https?://[^\s<>()\[\]`\"'|\\]+")
# Another page beside the one before it: "https://host/guide/one.html and two.html (read ...)".
NEIGHBOUR = re.compile(r"(?:,|,? and)\s+(?P<name>\w[\w.]*(?:-[\w.]+)+|\w+\.html)(?=[,;\s])")
OF_AN_EXAMPLE = re.compile(r"//(?:[^/]*@)?(?:[^/]*\.)?(?:example\.\w+|invalid|localhost)(?![\w.])")
AGENT = "mailcore tools/links.py"
TIMEOUT_SECONDS = 20
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, order=True)
class Reading:
    """That somebody read a source; without an address, if none stands before the date."""

    address: str
    date: str
    file: str
    line: int


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs of a text, each on one line, with the number of its first line."""
    first, lines = 0, list[str]()
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        line = raw.strip().lstrip("#").strip()
        if line and not (raw.lstrip().startswith("|") and lines and not lines[0].startswith("|")):
            first = first if lines else number
            lines.append(line)
        elif lines:
            yield first, joined(lines)
            lines = []


def joined(lines: Iterable[str]) -> str:
    """Lines as one; an address that was broken after a slash is whole again."""
    text = ""
    for line in lines:
        broken = re.search(r"https?://\S+/$", text) is not None and line[:1].isalnum()
        text += line if broken else f" {line}"
    return text.strip()


def sources(text: str, before: str = "") -> list[str]:
    """
    The addresses in a piece of text, those of neighbouring pages made whole.

    Args:
        text: What stands before a date.
        before: The address that stands before the text: its neighbour may come first.
    """
    found = neighbours(before, text, text.startswith(")")) if before else []
    for match in ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:*")
        if not OF_AN_EXAMPLE.search(address):
            found += [address, *neighbours(address, text, match.start() + len(address))]
    return found


def neighbours(address: str, text: str, position: int) -> list[str]:
    """The pages beside one that are named at a position."""
    found = []
    while neighbour := NEIGHBOUR.match(text, position):
        found.append(urljoin(address, neighbour["name"]))
        position = neighbour.end()
    return found


def readings_of(text: str, file: str) -> Iterator[Reading]:
    """What was read according to a file: the addresses before each date, in its paragraph."""
    for line, paragraph in paragraphs(text):
        dates = list(DATE.finditer(paragraph))
        ends = [0, *(date.end() for date in dates)]
        found: list[str] = []
        for date, begin in zip(dates, ends, strict=False):
            before = found[-1] if found else ""
            found = sources(f"{paragraph[begin : date.start()]} ", before)
            if not found and paragraph.startswith("|"):  # the head of a table
                found = sources(paragraph)
            for address in found or [""]:
                yield Reading(address=address, date=date[1], file=file, line=line)


def readings() -> list[Reading]:
    """What was read according to all files that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, encoding="utf-8")
    names = [name for name in sorted(set(listed.stdout.splitlines())) if name.endswith(ENDINGS)]
    return [
        reading
        for name in names
        if (ROOT / name).is_file()
        for reading in readings_of((ROOT / name).read_text(encoding="utf-8"), name)
    ]


def table(found: Iterable[Reading]) -> Iterator[str]:
    """One row for each address: the last date, and the files that name it."""
    by_address: dict[str, list[Reading]] = {}
    for reading in found:
        by_address.setdefault(reading.address, []).append(reading)
    yield "| Address | Read | For |"
    yield "| --- | --- | --- |"
    for address, all_of_it in sorted(by_address.items()):
        files = ", ".join(f"`{name}`" for name in sorted({each.file for each in all_of_it}))
        yield f"| <{address}> | {max(each.date for each in all_of_it)} | {files} |"


def state_of(address: str) -> tuple[bool, str]:
    """
    Ask for an address.

    Returns:
        Whether it is there, and what came of it in words.
    """
    try:
        with requests.get(
            address, headers={"User-Agent": AGENT}, stream=True, timeout=TIMEOUT_SECONDS
        ) as answer:
            status, final = answer.status_code, answer.url
    except requests.RequestException as error:
        return False, f"not reached: {type(error).__name__}"
    if status in (404, 410):
        return False, f"gone: {status}"
    if status >= 400:
        return False, f"not shown: {status}"
    if urldefrag(final).url.rstrip("/") != urldefrag(address).url.rstrip("/"):
        return True, f"moved to {final}"
    return True, "there"


def check(addresses: Iterable[str], pause_seconds: float = PAUSE_SECONDS) -> int:
    """Ask each page once, and no host twice without a pause; return the exit code."""
    failed = 0
    asked: dict[str, float] = {}
    for address in sorted({urldefrag(address).url for address in addresses}):
        host = urlsplit(address).netloc
        time.sleep(max(0.0, asked.get(host, 0.0) + pause_seconds - time.monotonic()))
        is_there, words = state_of(address)
        asked[host] = time.monotonic()
        print(f"{address}: {words}", flush=True)
        failed += not is_there
    print(f"{failed} not found")
    return int(failed > 0)


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--before", metavar="DATE", default="9999-12-31", help="such as 2026-11-30")
    parser.add_argument("--nameless", action="store_true", help="dates without an address")
    parser.add_argument("--check", action="store_true", help="ask each address")
    chosen = parser.parse_args()
    everything = readings()
    if chosen.nameless:
        for reading in everything:
            if not reading.address:
                print(f"{reading.file}:{reading.line}: read {reading.date}")
        return 0
    last: dict[str, str] = {}
    for reading in everything:
        last[reading.address] = max(reading.date, last.get(reading.address, ""))
    wanted = [each for each in everything if each.address and last[each.address] < chosen.before]
    if chosen.check:
        return check(each.address for each in wanted)
    print("\n".join(table(wanted)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
