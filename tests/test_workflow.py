"""That the workflow for a public forge does what `.ci/run` does, and may do nothing else."""

from __future__ import annotations

import re

from pathlib import Path


ROOT = Path(__file__).parent.parent
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
CI_RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_steps_are_targets_of_the_makefile():
    """There is no command that the Makefile, or `.ci/run`, does not have."""
    commands = re.findall(r"^ +(?:- )?run: (.+)$", WORKFLOW, flags=re.MULTILINE)
    targets = re.search(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)[1].split()

    assert ".ci/run" in commands
    for command in commands:
        if command != ".ci/run":
            make, target = command.split()
            assert ("make", True) == (make, target in targets)


def test_the_pythons_are_those_of_ci():
    """The matrix has the versions that `.ci/run` looks for, and the complete job installs them."""
    wanted = re.search(r"^for version in ([\d. ]+); do$", CI_RUN, flags=re.MULTILINE)[1].split()
    matrix = re.search(r"^ +python: \[(.+)\]$", WORKFLOW, flags=re.MULTILINE)[1]
    complete = re.search(r"python-version: \|\n((?: +3\.\d+\n)+)", WORKFLOW)[1]

    assert wanted == re.findall(r'"([\d.]+)"', matrix)
    assert wanted == complete.split()


def test_actions_are_pinned_by_commit():
    """A tag can be moved; the version stands beside the commit for people."""
    used = re.findall(r"uses: (.+)$", WORKFLOW, flags=re.MULTILINE)

    assert used
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_it_may_read_and_has_no_secrets():
    """The one permission is to read the repository; the token is not kept after the checkout."""
    permissions = re.findall(r"^ *permissions:\n((?:  +.+\n)+)", WORKFLOW, flags=re.MULTILINE)

    assert ["  contents: read\n"] == permissions
    assert "secrets" not in WORKFLOW
    assert WORKFLOW.count("actions/checkout@") == WORKFLOW.count("persist-credentials: false")
