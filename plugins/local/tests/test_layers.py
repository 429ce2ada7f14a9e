"""Which rooms of the package know which: read from the source, late imports too."""

from __future__ import annotations

import ast
import importlib.util

from pathlib import Path

import pytest

import mailcore_local

from mailcore_local.known_faces import KNOWN_FACES


ROOT = Path(mailcore_local.__file__).parent
NO_PROVIDER = {"aws", "boto3", "botocore", "mailcore", "mailcore_ses", "ses", "sns"}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{each.name}" for each in node.names}
    return names


@pytest.mark.parametrize(
    ("room", "unknown"),
    [
        ("engine", {"starlette", "uvicorn", "serving", *NO_PROVIDER}),
        ("serving", NO_PROVIDER),
        ("mailbox", {"starlette", "uvicorn", "serving", "hub", "faces", "ses", "boto3"}),
        ("hub", NO_PROVIDER - {"mailcore"}),
        ("ses", {"mailcore", "mailcore_ses", "boto3"}),
    ],
)
def test_what_a_room_does_not_know(room: str, unknown: set[str]):
    """The engine knows no provider and no server, a stand-in not the plugin that it stands for."""
    files = sorted((ROOT / room).rglob("*.py"))
    known = {
        (file.name, part) for file in files for name in imported(file) for part in name.split(".")
    }

    assert files
    assert [] == sorted((name, part) for name, part in known if part in unknown)


@pytest.mark.parametrize("package", ["mailcore", "mailcore_ses"])
def test_nothing_in_production_imports_a_stand_in(package: str):
    """Neither the core nor the plugin that speaks to the real one."""
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.origin
    files = sorted(Path(spec.origin).parent.rglob("*.py"))

    assert files
    assert [] == [
        file
        for file in files
        if "mailcore_local" in file.read_text(encoding="utf-8")
        and any(name.startswith("mailcore_local") for name in imported(file))
    ]


def test_the_engine_speaks_of_no_provider():
    """Not in its comments and docstrings either."""
    for file in sorted((ROOT / "engine").rglob("*.py")):
        words = file.read_text(encoding="utf-8")
        assert not {"SES", "SNS", "Amazon", "AWS"} & set(words.replace("`", " ").split()), file


@pytest.mark.parametrize("name", sorted(KNOWN_FACES))
def test_a_face_knows_neither_its_plugin_nor_other_faces(name: str):
    """It is written from the provider's documentation, so that each tests the other."""
    files = sorted((ROOT / name).rglob("*.py"))
    names = {each for file in files for each in imported(file)}
    plugins = {f"mailcore_{other}" for other in KNOWN_FACES}
    faces = {f"mailcore_local.{other}" for other in KNOWN_FACES if other != name}

    assert files
    assert [] == sorted(each for each in names if each.split(".")[0] in plugins)
    assert [] == sorted(each for each in names if ".".join(each.split(".")[:2]) in faces)
