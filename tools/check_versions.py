"""
Check what a release of one of the distributions would get wrong.

    python tools/check_versions.py                     what must hold at any time
    python tools/check_versions.py --release           and what a release of all of them needs
    python tools/check_versions.py --release NAME...   and what a release of these needs

At any time: versions and changelogs agree, requirements of each other admit the minor version that
is in the tree and no later one, the licence is ours, and nothing is left of the template that a
plugin was made from. What only a release needs is listed, and is wrong with `--release`.
"""

from __future__ import annotations

import re
import sys

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from projects import ROOT, directories, read_toml


TEMPLATE = ROOT / "plugins" / "_template"
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
SECTION = re.compile(r"## \[(?P<name>[^\]]+)\](?P<date> - \d{4}-\d{2}-\d{2})?")
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?P<versions>[^;]*)")
TO_DO = re.compile(r"\b(?:TODO|FIXME)\b")
OF_THE_TEMPLATE = re.compile(r"new[-_ ]esp|newesp", re.IGNORECASE)
OF_AN_EXAMPLE = re.compile(
    r"\bexample\.|\byour\b|<[^>]*>|\[(?:year|name|fullname)\]", re.IGNORECASE
)
NOT_YET = re.compile(r"is not on PyPI yet", re.IGNORECASE)
TEXTS = (".md", ".py", ".toml")


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One distribution of this repository, as its files describe it."""

    directory: Path
    project: dict[str, Any]
    version: str

    @property
    def name(self) -> str:
        """What it is called on PyPI."""
        return str(self.project["name"])

    def text(self, name: str) -> str:
        """The text of one of its files; empty, if there is none."""
        path = self.directory / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def distribution(directory: Path) -> Distribution:
    """Read a distribution; the version may stand in a module of its own."""
    document = read_toml(directory / "pyproject.toml")
    project = document["project"]
    if "version" in project:
        return Distribution(directory=directory, project=project, version=project["version"])
    source = document["tool"]["hatch"]["version"]
    found = re.search(source["pattern"], (directory / source["path"]).read_text(encoding="utf-8"))
    version = found["version"] if found else "none"
    return Distribution(directory=directory, project=project, version=version)


def wrong_version(each: Distribution) -> Iterator[str]:
    """The number is one of Semantic Versioning, and the newest of the changelog."""
    if VERSION.fullmatch(each.version) is None:
        yield f"the version {each.version} is not of the form 0.1.0"
    sections = changelog(each)
    if not sections or sections[0][0] != "Unreleased":
        yield "CHANGELOG.md does not begin with the section [Unreleased]"
    numbers = [name for name, _ in sections if name != "Unreleased"]
    for number in numbers:
        if VERSION.fullmatch(number) is None:
            yield f"CHANGELOG.md has a section [{number}], which is no version"
            return
    if numbers != sorted(set(numbers), key=order, reverse=True):
        yield "CHANGELOG.md does not have its versions once each, the newest first"
    if numbers[:1] != [each.version]:
        newest = numbers[0] if numbers else "none"
        yield f"the version is {each.version}, and the newest of CHANGELOG.md is {newest}"
    if f"`{each.name}`" not in each.text("CHANGELOG.md"):
        yield f"CHANGELOG.md does not say that it is that of `{each.name}`"


def changelog(each: Distribution) -> list[tuple[str, bool]]:
    """The sections of a changelog: their names, and whether they have a date."""
    lines = [line for line in each.text("CHANGELOG.md").splitlines() if line.startswith("## ")]
    return [
        (found["name"], bool(found["date"]))
        if (found := SECTION.fullmatch(line))
        else (line, False)
        for line in lines
    ]


def order(version: str) -> tuple[int, ...]:
    """The numbers of a version."""
    return tuple(int(number) for number in version.split("."))


def wrong_pins(each: Distribution, ours: dict[str, Distribution]) -> Iterator[str]:
    """What a distribution requires of our others: the version in the tree, and none that breaks."""
    requirements = list(each.project.get("dependencies", ()))
    for group in each.project.get("optional-dependencies", {}).values():
        requirements += group
    for requirement in requirements:
        match = REQUIREMENT.match(requirement)
        if match is None or match["name"] not in ours:
            continue
        wanted = ours[match["name"]].version
        if not admits(match["versions"].replace(" ", ""), wanted):
            yield f"{requirement!r} should be {match['name']}{range_of(wanted)}"


def range_of(version: str) -> str:
    """What others require of a version: before 1.0, each minor version may break the API."""
    major, minor, *_ = order(version)
    return f">=0.{minor},<0.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def admits(versions: str, wanted: str) -> bool:
    """Whether a range is that of `range_of`, or begins with a later version that does not break."""
    lowest, _, highest = versions.partition(",")
    expected_lowest, _, expected_highest = range_of(wanted).partition(",")
    if highest != expected_highest or re.fullmatch(r">=\d+\.\d+(\.\d+)?", lowest) is None:
        return False
    asked = order(lowest.removeprefix(">="))
    floor = order(expected_lowest.removeprefix(">="))
    return asked[0] == floor[0] and asked <= order(wanted) and (asked[0] > 0 or asked[:2] == floor)


def wrong_licence(each: Distribution, core: Distribution) -> Iterator[str]:
    """All have one licence."""
    if each.project.get("license") != core.project.get("license"):
        yield f"the licence is {each.project.get('license')}, that of {core.name} is another"
    if not each.text("LICENSE") or each.text("LICENSE") != core.text("LICENSE"):
        yield f"LICENSE is not that of {core.name}"
    if OF_AN_EXAMPLE.search(each.text("LICENSE").partition("Permission")[0]):
        yield "LICENSE has a placeholder where the holder of the copyright should stand"


def wrong_addresses(each: Distribution) -> Iterator[str]:
    """People and URLs are none of an example."""
    for people in ("authors", "maintainers"):
        for person in each.project.get(people, ()):
            if any(OF_AN_EXAMPLE.search(value) for value in person.values()):
                yield f"{people}: {person} is an example"
    for label, url in each.project.get("urls", {}).items():
        if not url.startswith("https://") or OF_AN_EXAMPLE.search(url):
            yield f"urls: {label} is {url}"


def wrong_texts(each: Distribution) -> Iterator[str]:
    """Nothing is left to do, and nothing of the template."""
    is_core = each.directory == ROOT
    for path in texts(each):
        name = path.relative_to(each.directory).as_posix()
        text = f"{name}\n{path.read_text(encoding='utf-8')}"
        if match := TO_DO.search(text):
            yield f"{name} has a {match[0]}"
        if not is_core and (match := OF_THE_TEMPLATE.search(text)):
            yield f"{name} has the {match[0]!r} of the template"


def texts(each: Distribution) -> Iterator[Path]:
    """The texts that are published: the files beside pyproject.toml, and those of the package."""
    for path in sorted(each.directory.glob("*")):
        if path.is_file() and path.suffix in TEXTS:
            yield path
        elif path.is_dir() and path.name.startswith("mailcore"):
            yield from (file for file in sorted(path.rglob("*")) if file.suffix in TEXTS)


def lacking(each: Distribution) -> Iterator[str]:
    """What only a release needs."""
    if unreleased(each):
        yield "CHANGELOG.md has lines under [Unreleased]: they belong to the version"
    if (each.version, True) not in changelog(each):
        yield f"CHANGELOG.md gives no date: ## [{each.version}] - YYYY-MM-DD"
    if not each.project.get("urls"):
        yield "pyproject.toml has no [project.urls]: on PyPI nobody finds the source and the issues"
    if NOT_YET.search(" ".join(each.text("README.md").split())):
        yield "README.md says that something is not on PyPI yet"


def unreleased(each: Distribution) -> str:
    """What stands under [Unreleased]."""
    _, _, below = each.text("CHANGELOG.md").partition("## [Unreleased]\n")
    return below.partition("\n## ")[0].strip()


def main(*arguments: str) -> int:
    """Print one line for each distribution, and below what is wrong; return the exit code."""
    core, *plugins = [distribution(directory) for directory in directories()]
    ours = {each.name: each for each in (core, *plugins)}
    is_release = arguments[:1] == ("--release",)
    released = arguments[1:] or tuple(ours)
    if (arguments and not is_release) or not ours.keys() >= set(released):
        print(__doc__)
        return 2
    failed = False
    for each in (*ours.values(), distribution(TEMPLATE)):
        wrong = [*wrong_pins(each, ours)]
        later: list[str] = []
        if each.name in ours:
            wrong += [*wrong_version(each), *wrong_licence(each, core), *wrong_addresses(each)]
            wrong += wrong_texts(each)
        if each.name in released:
            (wrong if is_release else later).extend(lacking(each))
        print(f"{each.name} {each.version}: {'FAILED' if wrong else 'right'}")
        for problem in wrong:
            print(f"  {problem}")
        for problem in later:
            print(f"  before a release: {problem}")
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
