"""
Check that a stranger's plugin drops in: from outside of the repository, beside the built core.

    python tools/check_outside_plugin.py dist

The core is installed from its wheel into an environment of its own. `mailcore new-provider`, as
installed there, writes a plugin into a directory outside of the tree; the plugin is linted, type
checked against the installed core, built as a wheel, and installed from that. Then it must be found
by its name, listed, used over HTTP, and pass its tests; and no file of the core may have changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile

from pathlib import Path


TOOLS = Path(__file__).resolve().parent
NAME = "outside-mail"
MODULE = "outside_mail"
# Nothing of the tree, and no plugin hidden.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name != "PYTHONPATH" and not name.startswith("MAILCORE_")
} | {"NO_PROXY": "127.0.0.1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its end and return what it prints; end with its output if it fails."""
    finished = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
    )
    if finished.returncode != 0:
        print(finished.stdout)
        sys.exit(f"FAILED with {finished.returncode}: {' '.join(map(str, command))}")
    return finished.stdout


def install_core(dist: Path, environment: Path, cwd: Path) -> tuple[Path, Path]:
    """Install the wheel of the core, and pytest; return the interpreter and the wheel."""
    wheels = sorted(dist.glob("mailcore_esp-*.whl"))
    if len(wheels) != 1:
        sys.exit(f"FAILED: {len(wheels)} wheels of the core in {dist}")
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheels[0], "pytest>=9", cwd=cwd)
    return python, wheels[0]


def build(python: Path, plugin: Path, tools: str) -> Path:
    """Check the plugin's source as its author would, and build its wheel."""
    run(tools, "-m", "ruff", "check", "--no-cache", cwd=plugin)
    run(tools, "-m", "ruff", "format", "--check", "--no-cache", cwd=plugin)
    # The types are those of the installed core, which says that it is typed.
    caches = plugin.parent / "mypy"
    run(tools, "-m", "mypy", "--cache-dir", caches, "--python-executable", python, cwd=plugin)
    built = plugin.parent / "built"
    run(tools, "-m", "build", "--no-isolation", "--outdir", built, cwd=plugin)
    (wheel,) = built.glob("*.whl")
    return wheel


def check_listed(python: Path, cwd: Path) -> None:
    """The plugin is found under the name of its entry point, by the command and by a URL."""
    command = python.parent / "mailcore"
    listed = json.loads(run(command, "providers", NAME, "--json", cwd=cwd))["providers"]
    found = [(each["name"], each["distribution"], each["state"]) for each in listed]
    if found != [(NAME, f"mailcore-{NAME}", "loaded")]:
        sys.exit(f"FAILED: `mailcore providers {NAME}` lists {found}")
    features = json.loads(run(command, "features", "--json", cwd=cwd))["providers"]
    if features[NAME]["features"]["tags"]["limit"] != 5 or "console" not in features:
        sys.exit(f"FAILED: `mailcore features` has {sorted(features)}")
    url = f"{NAME}://?api_key=key-1nvented"
    fields = ("--from", "shop@example.com", "--to", "ada@example.net", "--text", "Hello")
    shown = run(command, "send", "--url", url, *fields, "--dry-run", "--json", cwd=cwd)
    if len(json.loads(shown)["requests"]) != 1 or "1nvented" in shown:
        sys.exit(f"FAILED: `mailcore send --dry-run` shows {shown}")


def check_core_is_unchanged(python: Path, wheel: Path, cwd: Path) -> None:
    """Every file of the core is the one of its wheel."""
    where = run(python, "-c", "import mailcore; print(mailcore.__path__[0])", cwd=cwd).strip()
    site_packages = Path(where).parent
    with zipfile.ZipFile(wheel) as archive:
        changed = [
            name
            for name in archive.namelist()
            if ".dist-info/" not in name
            and (site_packages / name).read_bytes() != archive.read(name)
        ]
    if changed:
        sys.exit(f"FAILED: changed in the core: {changed}")


def main(dist: str) -> None:
    """Run all checks; the first that fails ends the program."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        python, core = install_core(Path(dist).resolve(), scratch / "environment", scratch)
        plugin = scratch / "plugin"
        command = python.parent / "mailcore"
        run(command, "new-provider", NAME, "--directory", plugin, cwd=scratch)
        wheel = build(python, plugin, sys.executable)
        # No index: what the plugin requires is met by the core that is there.
        run(python, "-m", "pip", "install", "--quiet", "--no-index", wheel, cwd=scratch)
        # Only the wheel is left of the package.
        shutil.rmtree(plugin / f"mailcore_{MODULE}")
        check_listed(python, scratch)
        script = shutil.copy(TOOLS / "use_outside_plugin.py", scratch)
        run(python, script, NAME, cwd=scratch)
        for page in (plugin / "README.md", plugin / "docs" / f"{NAME}.md"):
            blocks = re.findall(
                r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
            )
            run(python, "-c", "\n".join(blocks), cwd=scratch)
        tests = run(python, "-m", "pytest", "-p", "no:cacheprovider", cwd=plugin)
        check_core_is_unchanged(python, core, scratch)
    summary = tests.strip().splitlines()[-1].strip("= ")
    print(f"{wheel.name} beside {core.name}: found, listed, used, and its tests: {summary}")


if __name__ == "__main__":
    main(*sys.argv[1:])
