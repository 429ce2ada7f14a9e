"""
Who imports whom: no ring of modules, no arrow upwards, and plugins that know nobody but the core.

The graphs are drawn from the source. An import within a function counts as any other; one for type
checkers does not. The layers are those of `docs/explanation/design.md`, which is read here.
"""

from __future__ import annotations

import ast
import functools
import re

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]
CORE = ROOT / "mailcore"
DESIGN = ROOT / "docs" / "explanation" / "design.md"
PLUGINS = {
    path.parent.parent.name: path.parent
    for path in sorted(ROOT.glob("plugins/*/mailcore_*/__init__.py"))
}
"""The package of each plugin, by the folder that it is in."""
OF_A_PLUGIN = re.compile(r"mailcore_\w+(?:\.\w+)*")
"""The name of a plugin's module, as a text."""
# What core says of no service: `mailcore_ses` and `mailcore-ses` are told apart from these.
ESPS = re.compile(
    r"(?i:(?<![a-z])(?:amazon|aws|boto3?|botocore|brevo|mailchimp|mailgun|mailjet|mandrill|postmark|sendgrid"
    r"|sendinblue|ses|sparkpost|twilio)(?![a-z]))"
    # As the names of classes begin.
    r"|(?:Amazon|Aws|Brevo|Mailgun|Mailjet|Mandrill|Postmark|Send[Gg]rid|Ses|Spark[Pp]ost)(?=[A-Z])"
)
KNOWN_PLUGINS = CORE / "registry" / "known_plugins.json"
"""The one file of the core that has names of plugins: what hints may tell people to install."""
# A variable of botocore's that names a file of certificates, whoever is asked; and the fixture of
# the core's pytest plugin, whose name the package of an outbox has too.
NO_ESP = {"AWS_CA_BUNDLE", "mailcore_outbox"}


@dataclass
class Module:
    """A module with the names that it imports, and the line of each."""

    name: str
    path: Path
    imports: dict[str, int] = field(default_factory=dict)
    is_door: bool = False
    """Whether it is an `__init__` that has a table of names to be loaded when they are used."""


class _Imports(ast.NodeVisitor):
    """The imports of a module, wherever they stand, but for those that type checkers follow."""

    def __init__(self, name: str, *, is_package: bool) -> None:
        self.package = name if is_package else name.rpartition(".")[0]
        self.top = name.partition(".")[0]
        self.found: list[tuple[str, str, int]] = []
        self.tables: list[tuple[str, int]] = []
        self.texts: list[tuple[str, int]] = []
        self.imports_by_name = False

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in (getattr(node.test, "id", ""), getattr(node.test, "attr", "")):
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [(alias.name, "", node.lineno) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parts = self.package.split(".")
            parents = parts[: len(parts) - node.level + 1]
            base = ".".join([*parents, base] if base else parents)
        self.found += [(base, alias.name, node.lineno) for alias in node.names]

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.append((node.value, node.lineno))

    def visit_Call(self, node: ast.Call) -> None:
        called = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        self.imports_by_name |= called in ("import_module", "__import__")
        if getattr(node.func, "id", "") == "lazily":
            _, table = node.args
            if isinstance(table, ast.Name):
                raise AssertionError("a table of lazy names must stand in the call")
            for value in table.values:
                self.tables.append((f"{self.top}.{value.value}", value.lineno))
        self.generic_visit(node)


@functools.cache
def drawn(package: Path) -> dict[str, Module]:
    """The modules of a package, each with the modules of any of ours that it imports."""
    modules, visitors = {}, {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = Module(name, path)
        visitors[name] = _Imports(name, is_package=is_package)
        visitors[name].visit(ast.parse(path.read_text(encoding="utf-8")))
    for name, visitor in visitors.items():
        module = modules[name]
        module.is_door = bool(visitor.tables)
        for base, attribute, line in visitor.found:
            target = f"{base}.{attribute}"
            if target not in modules:
                target = next((each for each in _parents(base) if each in modules), base)
            if target != name and target.startswith("mailcore"):
                module.imports.setdefault(target, line)
        # Names of modules in texts, where something is imported by such a name.
        texts = visitor.texts if visitor.imports_by_name else []
        named = [each for each in texts if each[0] in modules or OF_A_PLUGIN.fullmatch(each[0])]
        for target, line in [*visitor.tables, *named]:
            if target != name:
                module.imports.setdefault(target, line)
    return modules


def _parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def rings(modules: dict[str, Module]) -> list[list[str]]:
    """Modules that reach each other (Tarjan's strongly connected components), sorted."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for target in modules[name].imports:
            if target not in modules:
                continue
            if target not in number:
                visit(target)
            if target in stack:
                lowest[name] = min(lowest[name], lowest[target])
        if lowest[name] == number[name]:
            position = stack.index(name)
            ring = stack[position:]
            del stack[position:]
            if len(ring) > 1:
                found.append(sorted(ring))

    for name in modules:
        if name not in number:
            visit(name)
    return found


@dataclass(frozen=True)
class Place:
    """Where a module is: the row from above, and the group of those that stand beside others."""

    row: int
    group: int


def layers(page: str) -> dict[str, Place]:
    """The place of each prefix of names in the table of the page; `__init__` is that of doors."""
    section = page.partition("\n## Layers\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!---)(.+?) \| (.+?) \|$", section, re.MULTILINE)[1:]
    places = {}
    for row, (_, cell) in enumerate(rows):
        for group, text in enumerate(cell.split(" beside ")):
            for name in re.findall(r"`([\w.]+)`", text):
                assert name not in places, f"{name} is in the table twice"
                places[name] = Place(row, group)
    return places


def place_of(module: Module, places: dict[str, Place]) -> Place | None:
    """The place of the longest prefix of a module's name, without the `mailcore.` before it."""
    if module.is_door:
        return places["__init__"]
    inner = module.name.partition(".")[2]
    return next((places[each] for each in _parents(inner) if each in places), None)


def upward(modules: dict[str, Module], places: dict[str, Place]) -> Iterator[str]:
    """Arrows that lead to a higher row, or across a row."""
    for module in modules.values():
        source = place_of(module, places)
        if source is None:
            yield f"{module.name} is in no row of the table of layers"
            continue
        for target, line in module.imports.items():
            aim = place_of(modules[target], places) if target in modules else None
            if aim is None:
                continue
            where = f"{module.name}, line {line}, imports {target}"
            if aim.row < source.row:
                yield f"{where}, which is {source.row - aim.row} rows above"
            elif aim.row == source.row and aim.group != source.group:
                yield f"{where}, which stands beside it"


def strangers(modules: dict[str, Module], allowed: tuple[str, ...]) -> Iterator[str]:
    """Imports of ours that are of none of these packages."""
    for module in modules.values():
        for target, line in module.imports.items():
            if target.partition(".")[0] not in allowed:
                yield f"{module.name}, line {line}, imports {target}"


def through_doors(modules: dict[str, Module]) -> Iterator[str]:
    """Imports from an `__init__` that loads its names when they are used."""
    for module in modules.values():
        for target, line in module.imports.items():
            if target in modules and modules[target].is_door:
                yield f"{module.name}, line {line}, imports from {target}: name the module"


def names_of_services(path: Path) -> Iterator[str]:
    """Names of plugins and of those whose services they are for, in a source or another file."""
    plugins = "|".join(re.escape(name) for name in PLUGINS if not name.startswith("_"))
    text = path.read_text(encoding="utf-8")
    for word in NO_ESP:
        text = text.replace(word, "")
    for pattern in (rf"mailcore[_-](?:{plugins})\b", ESPS):
        yield from (f"{path.name} names {found[0]}" for found in re.finditer(pattern, text))


def test_no_ring_in_the_core():
    """No modules of the core import each other, directly or over others, late or not."""
    assert [] == rings(drawn(CORE))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_no_ring_in_a_plugin(plugin):
    """No modules of a plugin do."""
    assert [] == rings(drawn(PLUGINS[plugin]))


def test_no_arrow_upwards():
    """The layers of the core are as the page on the design draws them."""
    assert [] == list(upward(drawn(CORE), layers(DESIGN.read_text(encoding="utf-8"))))


def test_every_place_of_the_table_is_there():
    """The table names no module that has gone."""
    places = layers(DESIGN.read_text(encoding="utf-8"))
    names = {each for name in drawn(CORE) for each in _parents(name.partition(".")[2])}

    assert set() == set(places) - names - {"__init__"}


def test_the_core_names_its_modules():
    """Within the core nothing comes through the `__init__` of a room, which loads late."""
    assert [] == list(through_doors(drawn(CORE)))


def test_the_core_imports_no_plugin():
    """The core imports nothing of ours but itself."""
    assert [] == list(strangers(drawn(CORE), ("mailcore",)))


def test_the_core_names_no_service():
    """Neither code nor comments nor texts of the core, nor its data, say whose service it is."""
    files = {path for path in CORE.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    assert KNOWN_PLUGINS in files
    assert [] == [told for path in files - {KNOWN_PLUGINS} for told in names_of_services(path)]


def test_modules_that_import_by_a_name_that_is_made():
    """Only these do, and none imports what the graph would have to show."""
    found = {
        module.name: imported
        for package in (CORE, *PLUGINS.values())
        for module in drawn(package).values()
        if (imported := _imported_by_made_names(module.path))
    }

    assert found == IMPORTS_BY_MADE_NAMES


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_the_core_and_itself(plugin):
    """No plugin imports another, nor the stand-ins of the services, which import none either."""
    own = PLUGINS[plugin].name

    assert [] == list(strangers(drawn(PLUGINS[plugin]), ("mailcore", own)))


IMPORTS_BY_MADE_NAMES = {
    # The table of names in each `__init__`, which the graph has.
    "mailcore._lazy": ["f'{top}.{module}'"],
    # What somebody wrote on the command line.
    "mailcore.cli.loading": ["module_name"],
    # What the module or the caller has a list of: libraries of others.
    "mailcore.http.transport": ["name"],
    "mailcore_ses.aws.clients": ["name"],
    "mailcore_smtp.transport": ["name"],
    # A package that a project moves from.
    "mailcore_django.moving.left_in_code": ["f'{package}.signals'"],
    # Its own faces, in a list of texts.
    "mailcore_local.known_faces": ["module"],
}


def _imported_by_made_names(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if "import_module" not in text and "__import__" not in text:
        return []
    return [
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", ""))
        in ("import_module", "__import__")
        and not isinstance(node.args[0], ast.Constant)
    ]


def told_of(package: str, page: str) -> set[str]:
    """What the tables of the page name as modules of a package."""
    section = page.partition("\n## Where things are\n")[2].partition("\n## ")[0]
    tables = re.findall(rf"\| Modules of `{package}` \|\n((?:\|.*\n)+)", section)
    return {
        name
        for table in tables
        for row in table.splitlines()
        for name in re.findall(r"`([a-z][a-z0-9_.]*)`", row.split(" | ", 1)[-1])
    }


@pytest.mark.parametrize("package", ["mailcore", "mailcore_ses", "mailcore_local"])
def test_the_page_names_what_is_there(package):
    """Each module that it names exists, and it names every folder and each module beside them."""
    (path,) = [each for each in (CORE, *PLUGINS.values()) if each.name == package]
    graph = drawn(path)
    told = told_of(package, DESIGN.read_text(encoding="utf-8"))
    modules = {name.removeprefix(f"{package}.") for name in graph if name != package}
    ends = {name[at:] for name in modules for at in _starts(name)}

    assert set() == {name for name in told if name not in ends}
    first = {name.partition(".")[0] for name in modules if not name.startswith("_")}
    assert set() == first - told


def _starts(name: str) -> Iterator[int]:
    yield 0
    yield from (at + 1 for at, letter in enumerate(name) if letter == ".")


# What each check finds, on sources that are wrong in one way.


def written(directory, files):
    """The graph of a package `mailcore` with these files."""
    for name, source in files.items():
        path = directory / "mailcore" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return drawn(directory / "mailcore")


TABLE = """
## Layers

| Layer | Modules |
| --- | --- |
| doors | `__init__` |
| top | `high` beside `left`, `right` |
| words | `low` |

## Next
"""


@pytest.mark.parametrize(
    "source",
    [
        "from mailcore.high import a",
        "from mailcore import high",
        "from . import high",
        "from .high import a",
        "import mailcore.high",
        "def late():\n    from mailcore.high import a",
        "try:\n    import mailcore.high as a\nexcept ImportError:\n    pass",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from mailcore.high import a",
        "for name in ('mailcore.high',):\n    importlib.import_module(name)",
        "import_module('mailcore.high')",
    ],
)
def test_a_ring_is_seen(tmp_path, source):
    """Wherever and however the import stands."""
    graph = written(
        tmp_path,
        {"__init__.py": "", "low.py": source, "high.py": "def late():\n    import mailcore.low"},
    )

    assert [["mailcore.high", "mailcore.low"]] == rings(graph)
    assert ["mailcore.high"] == list(graph["mailcore.low"].imports)


def test_an_import_for_type_checkers_makes_no_ring(tmp_path):
    """In either spelling of the condition."""
    graph = written(
        tmp_path,
        {
            "__init__.py": "",
            "low.py": "if TYPE_CHECKING:\n    from mailcore.high import a",
            "other.py": "if typing.TYPE_CHECKING:\n    from mailcore.high import a",
            "high.py": "import mailcore.low, mailcore.other",
        },
    )

    assert [] == rings(graph)


def test_a_long_ring_is_one(tmp_path):
    """All of its modules are named, and no other."""
    files = {f"m{n}.py": f"import mailcore.m{(n + 1) % 5}" for n in range(5)}
    graph = written(tmp_path, {"__init__.py": "", "out.py": "import mailcore.m0", **files})

    assert [[f"mailcore.m{n}" for n in range(5)]] == rings(graph)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"low.py": "from mailcore.high import a"}, "low, line 1, imports mailcore.high, which is"),
        ({"left.py": "import mailcore.high"}, "imports mailcore.high, which stands beside it"),
        ({"new.py": ""}, "mailcore.new is in no row"),
        ({"left.py": "import mailcore.right, mailcore.low"}, None),
        ({"left.py": "from mailcore.left.part import a"}, None),
    ],
)
def test_an_arrow_upwards_is_seen(tmp_path, files, found):
    """To a row above, and to what stands beside; down and within a group is fine."""
    names = dict.fromkeys(("low.py", "high.py", "left.py", "right.py"), "")
    door = 'lazily(__name__, {"a": "low"})'
    graph = written(tmp_path, {"__init__.py": door, **names, **files})

    told = list(upward(graph, layers(TABLE)))
    assert len(told) == (found is not None)
    assert found is None or found in told[0]


def test_what_comes_through_a_door_is_seen(tmp_path):
    """The table of an `__init__` is its imports, and nobody may import from there."""
    graph = written(
        tmp_path,
        {
            "__init__.py": 'lazily(__name__, {"a": "low", "b": "room.high"})',
            "low.py": "from mailcore import a",
            "room/__init__.py": "",
            "room/high.py": "from mailcore.room import a",
        },
    )

    assert {"mailcore.low", "mailcore.room.high"} == set(graph["mailcore"].imports)
    assert 1 == len(list(through_doors(graph)))
    assert [["mailcore", "mailcore.low"]] == rings(graph)


def test_a_stranger_is_seen(tmp_path):
    """An import of a plugin, late, with its line; as a statement, or by its name."""
    by_name = "def late():\n    importlib.import_module('mailcore_toy.events')"
    graph = written(
        tmp_path,
        {"__init__.py": "def late():\n    import mailcore_toy.provider", "low.py": by_name},
    )

    assert [
        "mailcore, line 2, imports mailcore_toy.provider",
        "mailcore.low, line 2, imports mailcore_toy.events",
    ] == list(strangers(graph, ("mailcore",)))


@pytest.mark.parametrize(
    "source",
    [
        "# as Amazon does",
        "'mailcore-postmark'",
        "SES = 1",
        "for_ses = 1",
        "import mailcore_mailgun",
        "# as PostmarkProvider does",
        "SesProvider = 1",
        "# what botocore raises",
    ],
)
def test_a_named_service_is_seen(tmp_path, source):
    """In code, in a comment, in a text."""
    graph = written(tmp_path, {"__init__.py": source})

    assert list(names_of_services(graph["mailcore"].path))


@pytest.mark.parametrize(
    "source", ["sessions = 1", "'processes'", "# causes", "os.environ['USES']"]
)
def test_other_words_name_no_service(tmp_path, source):
    """Letters within a word are none."""
    graph = written(tmp_path, {"__init__.py": source})

    assert [] == list(names_of_services(graph["mailcore"].path))
