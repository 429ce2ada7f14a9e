from __future__ import annotations

import ast
import subprocess
import sys

from pathlib import Path

import pytest

import mailcore


PACKAGE = Path(mailcore.__file__).parent
DECLARED = {"idna", "pluggy", "requests", "typing_extensions", "urllib3"}
# pytest runs the plugin made for it.
ALSO = {
    "async_exchange.py": {"aiohttp", "yarl"},  # an extra, and what its URLs are
    "async_requests.py": {"aiohttp"},
    "pools.py": {"certifi"},  # requests brings it, and trusts the same
    "dkim.py": {"cryptography"},  # an extra
    "forms.py": {"python_multipart"},  # an extra
    "json_reading.py": {"orjson"},  # an extra
    "progress.py": {"tqdm"},  # an extra
    "pytest_plugin.py": {"pytest"},
    "redis_limiter.py": {"redis"},  # an extra
    "telemetry.py": {"opentelemetry"},  # an extra
    "redis_client.py": {"redis"},  # an extra
    "redis_seen.py": {"redis"},  # its types
    "redis_idempotency.py": {"redis"},  # its types
    "redis_suppressions.py": {"redis"},  # its types
}


def modules_after(code):
    """Names of the modules that a fresh interpreter has loaded after some code."""
    finished = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return set(finished.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import mailcore",
        pytest.param(
            "import mailcore; mailcore.Message(from_email='a@x.org', to=['b@x.org'])",
            marks=pytest.mark.slow,
        ),
        pytest.param("import mailcore; mailcore.Mailer('null')", marks=pytest.mark.slow),
    ],
)
def test_importing_is_cheap(code):
    """Neither requests nor an SDK, an event loop or the standard library's email is loaded."""
    loaded = modules_after(code)

    assert ("mailcore.message" in loaded) == (code != "import mailcore")
    heavy = {"requests", "urllib3", "boto3", "botocore", "asyncio", "idna", "cryptography", "http"}
    assert set() == heavy & loaded
    if "Mailer" not in code:
        assert set() == {name for name in loaded if name.startswith("mailcore_")}


@pytest.mark.slow
def test_phrases_are_loaded_for_the_first_bounce():
    """Loading what judges builds no index; judging does."""
    code = "from mailcore.bounces import judge"
    lazy = {"mailcore.bounces.index", "mailcore.bounces.words.order", "mailcore.bounces.words.gone"}

    assert set() == lazy & modules_after(code)
    assert lazy == lazy & modules_after(f"{code}; judge(None, '550 user unknown')")


def imported(path):
    """Top-level names that a module imports, those for type checkers included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


# The wheel has a template of plugins, which are not the core.
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "provider_template" not in path.parts]


def test_imports_only_what_is_declared():
    """The core stands on its declared dependencies and the standard library."""
    allowed = sys.stdlib_module_names | DECLARED | {"mailcore"}
    strangers = {
        str(path.relative_to(PACKAGE)): names
        for path in MODULES
        if (names := set(imported(path)) - allowed - ALSO.get(path.name, set()))
    }

    assert MODULES
    assert {} == strangers


def test_public_names_exist():
    """What `__all__` promises is there, once."""
    assert len(mailcore.__all__) == len(set(mailcore.__all__))
    for name in mailcore.__all__:
        assert getattr(mailcore, name) is not None


ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [
    *ROOT.glob("mailcore/**/__init__.py"),
    *ROOT.glob("plugins/*/mailcore_*/**/__init__.py"),
]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT).parent))
def test_type_checkers_see_no_getattr(path):
    """A `__getattr__` of a module makes every name exist: it stands where no checker looks."""
    module = ast.parse(path.read_text("utf-8"))
    functions = {each.name for each in module.body if isinstance(each, ast.FunctionDef)}
    assigned = {
        node.id
        for each in module.body
        if isinstance(each, ast.Assign)
        for node in ast.walk(each)
        if isinstance(node, ast.Name)
    }

    assert "__getattr__" not in functions | assigned
