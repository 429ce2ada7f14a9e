"""
What Sphinx does with a name that it cannot link to by itself.

`make docs` runs with `--nitpicky`: each name in a docstring or an annotation must lead somewhere.
The inventories of other projects would have to be fetched, so here a name is looked up as Python
does it, by import: if it is ours, it is linked to the place that documents it, under whatever
name it was imported; if it is another project's, or of a module of ours that has no page, it stays
text, since all that is known is that it exists. A name that does not exist is a warning, and so is
one of ours that is missing on the page of its module.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import importlib
import inspect
import re
import sys

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, get_origin


if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils.nodes import TextElement, document, reference
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.domains.python import PythonDomain
    from sphinx.environment import BuildEnvironment

OURS = "mailcore"
EMPTY: dict[type, str] = {dict: "{}", list: "[]", tuple: "()", frozenset: "frozenset()"}


def is_ours(dotted: str) -> bool:
    """Whether a name is in the core or in one of its plugins."""
    return dotted.partition(".")[0].partition("_")[0] == OURS


@cache
def names_for_type_checking(module: ModuleType) -> dict[str, str]:
    """What a module of ours imports, by its name there; at run time it may not have it."""
    if not is_ours(module.__name__):
        return {}
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def attribute(value: Any, name: str) -> Any:
    """
    An attribute, a field of a dataclass without default, or what is imported for type checking.

    Raises:
        AttributeError: There is none.
    """
    try:
        return getattr(value, name)
    except AttributeError:
        if isinstance(value, ModuleType):
            if name in (imported := names_for_type_checking(value)):
                return look_up(imported[name])
        elif name in getattr(value, "__annotations__", ()):
            return value.__annotations__[name]
        raise


def look_up(dotted: str) -> Any:
    """
    The object of a dotted name: a module, or what is in one.

    Raises:
        ImportError: No such module.
        AttributeError: Nothing of that name is in it.
    """
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for name in parts[length:]:
            value = attribute(value, name)
        return value
    raise ImportError(f"no module for {dotted}")


def spellings(target: str, module: str | None, class_name: str | None) -> Iterator[str]:
    """
    What a name may mean where it stands: within the class, the module, or Python.

    A page shows what a package's modules define as the package's: they are asked last.
    """
    target = target.removeprefix(".")
    if module and class_name:
        yield f"{module}.{class_name}.{target}"
    if module:
        yield f"{module}.{target}"
    yield target
    if target.partition(".")[0] in vars(builtins):
        yield f"builtins.{target}"
    if module:
        yield from (
            f"{each}.{target}" for each in list(sys.modules) if each.startswith(f"{module}.")
        )


def is_defined(value: Any) -> bool:
    """Whether it is a class or a function, and says where it was defined; an alias does not."""
    return (
        (inspect.isclass(value) or inspect.isroutine(value))
        and get_origin(value) is None
        and isinstance(getattr(value, "__module__", None), str)
        # A property that is computed once has none.
        and isinstance(getattr(value, "__qualname__", None), str)
    )


def homes(dotted: str, value: Any) -> Iterator[str]:
    """Where an object may be documented: as it is called here, and as it was defined."""
    yield dotted
    if isinstance(value, ModuleType):
        yield value.__name__
    elif is_defined(value):
        yield f"{value.__module__}.{value.__qualname__}"
    owner, _, name = dotted.rpartition(".")
    try:
        holder = look_up(owner)
    except (ImportError, AttributeError, ValueError):
        return
    if isinstance(holder, type):
        for base in holder.__mro__:
            yield f"{base.__module__}.{base.__qualname__}.{name}"
        # A field is described among the arguments of its class.
        yield f"{holder.__module__}.{holder.__qualname__}"
    elif isinstance(holder, ModuleType) and name in (imports := names_for_type_checking(holder)):
        yield from homes(imports[name], value)


def passed_on(value: Any) -> Iterator[str]:
    """The names under which the packages above pass on what was defined in a module of theirs."""
    parts = value.__module__.split(".") if is_defined(value) else []
    for length in range(1, len(parts)):
        package = ".".join(parts[:length])
        if getattr(sys.modules.get(package), value.__name__, None) is value:
            yield f"{package}.{value.__name__}"


def module_of(dotted: str) -> str:
    """The module that a dotted name is in: the longest part of it that can be imported."""
    while not isinstance(look_up(dotted), ModuleType):
        dotted = dotted.rpartition(".")[0]
    return dotted


def stays_text(domain: PythonDomain, home: str, value: Any) -> bool:
    """Whether no page lacks it: another project's, private, a type variable, or in the source."""
    return (
        not is_ours(home)
        or isinstance(value, (TypeVar, ParamSpec))
        or any(part.startswith("_") for part in home.split("."))
        or module_of(home) not in domain.modules
    )


def find(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: TextElement
) -> reference | TextElement | None:
    """Answer Sphinx's `missing-reference`; None leaves the warning to it."""
    if node["refdomain"] != "py":
        return None
    domain: PythonDomain = env.domains.python_domain
    from_page = env.docname if not node.get("refdoc") else node["refdoc"]
    for dotted in spellings(node["reftarget"], node.get("py:module"), node.get("py:class")):
        try:
            value = look_up(dotted)
        except (ImportError, AttributeError, ValueError):
            continue
        candidates = list(homes(dotted, value))
        for home in (*candidates, *passed_on(value)):
            if entry := domain.objects.get(home):
                return make_link(app, from_page, entry.docname, entry.node_id, content, home)
            if module := domain.modules.get(home):
                return make_link(app, from_page, module.docname, module.node_id, content, home)
        if any(stays_text(domain, home, value) for home in candidates):
            return content
    return None


def modules_of_bases(module: str, class_name: str | None) -> Iterator[str]:
    """The modules of what a class is made of: what it inherits is annotated with their names."""
    try:
        value = look_up(f"{module}.{class_name}")
    except (ImportError, AttributeError, ValueError):
        return
    if isinstance(value, type):
        yield from (base.__module__ for base in value.__mro__)


def qualify(_app: Sphinx, doctree: document) -> None:
    """
    Answer Sphinx's `doctree-read`: say of which module a name is that several modules have.

    An annotation that is for type checking only is a bare name, and Sphinx takes any of that name.
    """
    from sphinx.addnodes import pending_xref

    for node in doctree.findall(pending_xref):
        target, module = node["reftarget"].removeprefix("."), node.get("py:module")
        if node["refdomain"] != "py" or not module or "." in target:
            continue
        class_name = node.get("py:class")
        for dotted in (
            *spellings(target, module, class_name),
            *(f"{each}.{target}" for each in modules_of_bases(module, class_name)),
        ):
            try:
                value = look_up(dotted)
            except (ImportError, AttributeError, ValueError):
                continue
            if is_defined(value) and is_ours(value.__module__):
                node["reftarget"] = f"{value.__module__}.{value.__qualname__}"
                break


def make_link(  # noqa: PLR0917  # the parts of a link
    app: Sphinx, from_page: str, to_page: str, node_id: str, content: TextElement, title: str
) -> reference:
    """Make the link."""
    from sphinx.util.nodes import make_refnode

    return make_refnode(app.builder, from_page, to_page, node_id, content, title)


def show_defaults(*arguments: Any) -> tuple[str, str] | None:
    """
    Answer autodoc's `autodoc-process-signature`: name functions, and show what factories make.

    `<factory>`, `<function name>` and `<built-in method name of …>` are not Python: Sphinx could
    not read the signature, and would take it apart at every comma.
    """
    _app, _what, _name, value, _options, signature, returned = arguments
    if not signature or ("<f" not in signature and "<built-in" not in signature):
        return None
    for field in dataclasses.fields(value) if dataclasses.is_dataclass(value) else ():
        if field.init and field.default_factory is not dataclasses.MISSING:
            signature = signature.replace("<factory>", shown_default(field.default_factory), 1)
    functions = r"<(?:function|built-in function|built-in method) (?:\w+\.)*(\w+)[^<>]*>"
    return re.sub(functions, r"\1", signature), returned


def shown_default(factory: Any) -> str:
    """What a factory makes, if it is an empty collection; three dots for anything else."""
    if not isinstance(factory, type):
        return "..."
    return next((text for kind, text in EMPTY.items() if issubclass(factory, kind)), "...")


def show_public_bases(*arguments: Any) -> None:
    """Answer autodoc's `autodoc-process-bases`: the bases of a private base stand for it."""
    *_, bases = arguments
    while private := [base for base in bases if is_private(base)]:
        position = bases.index(private[0])
        bases[position : position + 1] = private[0].__bases__


def is_private(base: Any) -> bool:
    """Whether a class of ours is not for users: it, or its module, has an underscore."""
    if not is_defined(base) or not is_ours(base.__module__):
        return False
    return any(part.startswith("_") for part in f"{base.__module__}.{base.__qualname__}".split("."))


@cache
def modules_with_members() -> frozenset[str]:
    """The modules whose members stand in a section of their own."""
    directive = re.compile(r"^\.\. automodule:: (\S+)\n(?!   :no-members:)", re.MULTILINE)
    pages = (Path(__file__).parent / "reference").glob("*.md")
    return frozenset(
        name for page in pages for name in directive.findall(page.read_text(encoding="utf-8"))
    )


def show_once(*arguments: Any) -> bool | None:
    """Answer autodoc's `autodoc-skip-member`: a package leaves out what a module's section has."""
    app, what, _name, member, *_ = arguments
    if what != "module" or not is_defined(member):
        return None
    shown = app.env.temp_data.get("autodoc:module")
    return True if member.__module__ in modules_with_members() - {shown} else None
