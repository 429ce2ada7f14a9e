"""
Check what the built wheels contain.

    python tools/check_wheels.py dist

A wheel must hold every file of its package in the tree, byte by byte, and nothing else beside its
metadata, the marker `py.typed`, the licence, and the versions and requirements that the project
declares. That of the core also holds the template of `mailcore new-provider`.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile

from email import message_from_bytes
from pathlib import Path

from projects import ROOT, read_toml


# Distribution name to the directory that holds its import package.
PACKAGES = {"mailcore-esp": ROOT / "mailcore"} | {
    package.name.replace("_", "-"): package
    for package in sorted(ROOT.glob("plugins/[a-z]*/mailcore_*"))
    if package.is_dir()
}
# A directory of the tree that is in a wheel under another name, by the distribution's.
MOVED = {"mailcore-esp": (ROOT / "plugins" / "_template", "mailcore/cli/provider_template")}


def files_in_tree(package: Path) -> set[str]:
    """Return the files of a package as git sees them: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", str(package)],
        cwd=package.parent,
        capture_output=True,
        check=False,
        text=True,
    )
    if listed.returncode == 0:
        names = set(listed.stdout.splitlines())
        return {name for name in names if (package.parent / name).is_file()}
    return {  # an unpacked archive: no git, and no ignored files but caches
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def expected_in_wheel(name: str) -> dict[str, Path]:
    """Return the files of a distribution's wheel, but for its metadata, and where they are."""
    package = PACKAGES[name]
    expected = {path: package.parent / path for path in files_in_tree(package)}
    if name in MOVED:
        source, target = MOVED[name]
        for path in files_in_tree(source):
            expected[path.replace(source.name, target, 1)] = source.parent / path
    return expected


def problems_of(wheel: Path) -> list[str]:
    """Return what is wrong with one wheel, as sentences."""
    problems = []
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata_name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(metadata_name))
        expected = expected_in_wheel(metadata["Name"])
        problems += [
            f"{name} is not the one in the tree"
            for name in sorted(names & expected.keys())
            if archive.read(name) != expected[name].read_bytes()
        ]
    info = metadata_name.rpartition("/")[0]
    package = PACKAGES[metadata["Name"]]
    actual = {name for name in names if not name.startswith(f"{info}/")}
    problems += [f"{name} is missing" for name in sorted(expected.keys() - actual)]
    problems += [f"{name} should not be in it" for name in sorted(actual - expected.keys())]
    wanted = [f"{package.name}/py.typed", f"{info}/licenses/LICENSE"]
    project = read_toml(package.parent / "pyproject.toml")["project"]
    if project.get("entry-points") or project.get("scripts"):
        wanted.append(f"{info}/entry_points.txt")
    problems += [f"{name} is missing" for name in wanted if name not in names]
    if metadata["License-Expression"] != "MIT":
        problems.append(f"License-Expression is {metadata['License-Expression']}")
    if not metadata.get_payload():
        problems.append("there is no long description")
    return problems


def main(directory: str) -> int:
    """Print one line for each wheel, and its problems below; return the exit code."""
    wheels = sorted(Path(directory).glob("*.whl"))
    found = {wheel.name.partition("-")[0].replace("_", "-") for wheel in wheels}
    failed = False
    for name in sorted(PACKAGES.keys() - found):
        print(f"{name}: no wheel in {directory}")
        failed = True
    for wheel in wheels:
        problems = problems_of(wheel)
        print(f"{wheel.name}: {'FAILED' if problems else 'complete'}")
        for problem in problems:
            print(f"  {problem}")
        failed = failed or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
