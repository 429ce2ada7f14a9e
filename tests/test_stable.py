"""What is public: listed once, shown on a page, described in the reference, enough for plugins."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import pydoc
import re
import subprocess
import sys
import textwrap

from collections.abc import Iterator
from pathlib import Path
from typing import get_origin

import pytest


ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

sys.path.insert(0, str(ROOT / "plugins" / "django" / "tests" / "project"))

import shop_project  # noqa: E402  # it stands there
import stable_names  # noqa: E402  # it stands in tools


# Models can be imported only where their app is installed.
shop_project.configure()


REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))
MODULES = [module for group in stable_names.GROUPS.values() for module in group]
CORE = [module for module in MODULES if module.partition(".")[0] == "mailcore"]
DOORS = [
    ".".join(path.relative_to(ROOT).parent.parts)
    for path in sorted((ROOT / "mailcore").rglob("__init__.py"))
    if "= lazily(" in path.read_text(encoding="utf-8")
]
PLUGINS = sorted(ROOT.glob("plugins/*/mailcore_*"))
PLUGIN_DOORS = [
    path for path in PLUGINS if "= lazily(" in (path / "__init__.py").read_text(encoding="utf-8")
]


def test_the_page_is_up_to_date():
    """If not: `make stable`."""
    assert stable_names.PAGE.read_text(encoding="utf-8") == stable_names.written()


def test_every_door_is_on_the_page():
    """A folder with public names is one whose names are public."""
    assert set() == set(DOORS) - set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_there(module):
    """Each can be imported from where the page says, and is listed once."""
    found = importlib.import_module(module)

    assert [] == [name for name in found.__all__ if not hasattr(found, name)]
    assert len(found.__all__) == len(set(found.__all__))


class _Door(ast.NodeVisitor):
    """What an `__init__` says three times: to type checkers, to Python, to people."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.checked: dict[str, str] = {}
        self.loaded: dict[str, str] = {}
        self.listed: list[str] = []

    def visit_If(self, node: ast.If) -> None:
        for each in node.body:
            if isinstance(each, ast.ImportFrom):
                module = (each.module or "").removeprefix(f"{self.top}.")
                self.checked |= {alias.name: module for alias in each.names}
        for each in node.orelse:
            self.visit(each)

    def visit_Call(self, node: ast.Call) -> None:
        if getattr(node.func, "id", "") == "lazily":
            self.loaded = ast.literal_eval(node.args[1])

    def visit_Assign(self, node: ast.Assign) -> None:
        if getattr(node.targets[0], "id", "") == "__all__":
            self.listed = ast.literal_eval(node.value)
        self.generic_visit(node)


def door(module: str, directory: Path = ROOT) -> _Door:
    """What the source of a door says."""
    read = _Door(module.partition(".")[0])
    path = directory.joinpath(*module.split("."), "__init__.py")
    read.visit(ast.parse(path.read_text(encoding="utf-8")))
    return read


@pytest.mark.parametrize("module", DOORS)
def test_a_door_says_the_same_three_times(module):
    """What type checkers import, what is loaded when it is used, and `__all__` are the same."""
    said = door(module)

    assert said.checked == said.loaded
    assert sorted(said.loaded) == sorted(set(said.listed) - {"__version__"})


@pytest.mark.parametrize("package", PLUGIN_DOORS, ids=lambda package: package.name)
def test_a_door_of_a_plugin_is_like_those_of_the_core(package):
    """It says the same three times too, and dir() has its names."""
    said = door(package.name, package.parent)

    assert said.checked == said.loaded
    assert sorted(said.loaded) == sorted(said.listed)
    # Nobody installs the template before it has a name.
    if package.parent.name != "_template":
        assert set() == set(said.listed) - set(dir(importlib.import_module(package.name)))


@pytest.mark.slow
@pytest.mark.parametrize("module", DOORS)
def test_dir_and_completion_of_a_door(module):
    """A fresh interpreter lists every name, loads none for it, and none of the machinery."""
    code = (
        f"import sys, rlcompleter, {module} as door; shown = dir(door);"
        "loaded = [name for name in sys.modules if name.startswith('mailcore.')];"
        "first = rlcompleter.Completer({'door': door}).complete('door.' + door.__all__[0], 0);"
        "print(*shown); print(*loaded); print(first)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )
    shown, loaded, first = finished.stdout.splitlines()

    names = importlib.import_module(module).__all__
    assert set() == set(names) - set(shown.split())
    assert {"mailcore._lazy", "mailcore._version", module} >= set(loaded.split()) - {"mailcore"}
    assert ({"lazily", "TYPE_CHECKING", "__getattr__"} - set(names)).isdisjoint(shown.split())
    assert first.startswith(f"door.{names[0]}")


@pytest.mark.parametrize("module", [each for each in DOORS if each != "mailcore"])
def test_help_of_a_door(module):
    """help() has every name; tests/test_help.py looks at that of the core."""
    found = importlib.import_module(module)

    text = pydoc.render_doc(found, renderer=pydoc.plaintext)
    assert [] == [name for name in found.__all__ if not re.search(rf"\b{name}\b", text)]


def shown(name: str, *, undescribed_too: bool) -> list[str]:
    """The names of a module that Sphinx shows: values only if a text stands below them."""
    module = importlib.import_module(name)
    public = [each for each in vars(module) if not each.startswith("_")]
    names = list(getattr(module, "__all__", public))
    body = ast.parse(inspect.getsource(module)).body
    bare = {
        target.id
        for node, following in itertools.zip_longest(body, body[1:])
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
        if not isinstance(getattr(following, "value", None), ast.Constant)
        or not isinstance(following, ast.Expr)
    }
    return names if undescribed_too else [each for each in names if each not in bare]


@functools.cache
def described() -> tuple[set[str], dict[str, list[str]]]:
    """Single names, and modules with all their names, that the reference describes."""
    single: set[str] = set()
    whole: dict[str, list[str]] = {}
    for page in REFERENCE:
        text = page.read_text(encoding="utf-8")
        for kind, name, options in re.findall(
            r"\.\. auto(module|data|class|function):: ([\w.]+)((?:\n +:[^\n]*)*)", text
        ):
            if kind != "module":
                single.add(name)
            elif ":no-members:" not in options:
                whole[name] = shown(name, undescribed_too=":undoc-members:" in options)
    return single, whole


def _parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def undescribed(module: str) -> Iterator[str]:
    """Public names of a module that no page of the reference describes."""
    single, whole = described()
    found = importlib.import_module(module)
    homes = (
        {name: f"mailcore.{home}" for name, home in door(module).loaded.items()}
        if (module in DOORS)
        else {}
    )
    for name in found.__all__:
        value = getattr(found, name)
        home = homes.get(name) or getattr(value, "__module__", module)
        places = {module, *_parents(home if isinstance(home, str) else module)}
        if not any(f"{place}.{name}" in single or name in whole.get(place, ()) for place in places):
            yield name


@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_described(module):
    """The reference has each public name: on the page of its door, or of where it is defined."""
    assert [] == [name for name in undescribed(module) if name != "__version__"]


@pytest.mark.parametrize("module", MODULES)
def test_every_name_has_a_docstring(module):
    """Classes and functions say what they are."""
    found = importlib.import_module(module)

    values = {name: getattr(found, name) for name in found.__all__}
    assert [] == [
        name
        for name, value in values.items()
        # An alias such as Callable[[Event], object] counts as a class on Python 3.10.
        if ((inspect.isclass(value) and not get_origin(value)) or inspect.isfunction(value))
        and not inspect.getdoc(value)
    ]


def taken_from_the_core(package: Path) -> Iterator[tuple[Path, int, str, str]]:
    """Each name that a package imports from the core: file, line, module, name."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mailcore":
                for alias in node.names:
                    yield path, node.lineno, node.module or "", alias.name
            elif isinstance(node, ast.Import):
                # Whatever is taken of it then is not seen here.
                for alias in node.names:
                    if alias.name.startswith("mailcore."):
                        yield path, node.lineno, alias.name, "everything"


def private_uses(package: Path) -> Iterator[str]:
    """What a package imports from the core that is not on the page."""
    public = {module: set(stable_names.names_of(module)) for module in CORE}
    for path, line, module, name in taken_from_the_core(package):
        if name not in public.get(module, ()) and f"{module}.{name}" not in public:
            yield f"{path.relative_to(package.parent)}, line {line}: {name} of {module}"


@pytest.mark.parametrize("package", PLUGINS, ids=lambda package: package.name)
def test_plugins_use_public_names_only(package):
    """What the plugins need of the core, anybody's plugin may have."""
    assert [] == list(private_uses(package))


def snippets() -> Iterator[tuple[str, str]]:
    """All Python that users copy: of the documentation and of the examples."""
    for path in sorted(
        {*ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/*.md"), *ROOT.glob("*.md")}
    ):
        for block in re.findall(
            r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL
        ):
            yield path.name, block
    for path in sorted(ROOT.glob("examples/*.py")):
        yield path.name, path.read_text(encoding="utf-8")


def private_in(source: str) -> Iterator[str]:
    """What a snippet imports of ours that is neither on the page nor in a plugin's reference."""
    public = {module: set(stable_names.names_of(module)) for module in MODULES}
    single, whole = described()
    packages = {package.name for package in PLUGINS}
    for node in ast.walk(ast.parse(source)):
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if module.partition(".")[0] not in {"mailcore", *packages}:
            continue
        for alias in node.names:
            is_listed = alias.name in public.get(module, ())
            if not module.startswith("mailcore."):
                is_listed |= f"{module}.{alias.name}" in single
                is_listed |= any(
                    alias.name in whole.get(place, ())
                    for place in (module, f"{module}.{alias.name}")
                )
            if not is_listed and f"{module}.{alias.name}" not in public:
                yield f"{alias.name} of {module}"


def test_users_copy_public_names_only():
    """The documentation and the examples import what stays."""
    found = [
        f"{name}: {told}"
        for name, source in snippets()
        if "CHANGELOG" not in name
        for told in private_in(textwrap.dedent(source))
    ]

    assert [] == found


def test_a_private_use_is_seen(tmp_path):
    """A name that its module does not list, and a module that is not on the page."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "provider.py").write_text(
        "from mailcore import Message\n"
        "def late():\n    from mailcore.features import checked_policy\n"
        "from mailcore.message.message import Message\n"
        "from mailcore.cli import output\n"
        "import mailcore.http.answers as answers\n"
    )

    assert [
        "toy/provider.py, line 4: Message of mailcore.message.message",
        "toy/provider.py, line 6: everything of mailcore.http.answers",
        "toy/provider.py, line 3: checked_policy of mailcore.features",
    ] == list(private_uses(tmp_path / "toy"))
