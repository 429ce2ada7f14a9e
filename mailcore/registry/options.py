"""
The options of a provider: checked against its constructor, converted from a URL's text.

A provider declares options as annotated keyword arguments, once; this module reads them.
"""

from __future__ import annotations

import inspect
import types
import typing

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from mailcore.errors import ConfigurationError
from mailcore.foundation.suggesting import shown_field, similar, unknown
from mailcore.pools.composite import CompositeProvider
from mailcore.pools.urls import is_pool_url, read_pool_url
from mailcore.registry.option_texts import LISTS, Misfit, alternatives, converted, described
from mailcore.registry.option_variables import has_variable, options_from_variables, variable_of


if TYPE_CHECKING:
    from mailcore.provider import Provider


class _Constructor(NamedTuple):
    """What a provider's constructor declares."""

    function: Any
    types: Mapping[str, Any]
    required: tuple[str, ...]


# The attribute of a provider's class that keeps it: a table of classes would keep the classes.
_KEPT = "_constructor_read"


def option_types(provider_class: type[Provider[Any, Any]]) -> Mapping[str, Any]:
    """Names and types of a provider's options, in the order of its constructor."""
    return _constructor_of(provider_class).types


def _constructor_of(provider_class: type[Provider[Any, Any]]) -> _Constructor:
    """
    Read a constructor, once for each class: it takes longer than all else that makes a provider.

    It is read again if another one has taken its place, and as long as a type is not known.
    """
    function: Any = provider_class.__init__
    kept: _Constructor | None = vars(provider_class).get(_KEPT)
    if kept is not None and kept.function is function:
        return kept
    parameters = inspect.signature(function).parameters
    # Declared elsewhere, where the names of their types are known.
    declared = getattr(function, "options_class", None)
    declaring = function if declared is None else declared.__init__
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    hints = {
        name: _hint(declaring, name)
        for name, parameter in list(parameters.items())[1:]
        if parameter.kind in kinds
    }
    read = _Constructor(
        function,
        types.MappingProxyType({name: _known(hint) for name, hint in hints.items()}),
        tuple(name for name in hints if parameters[name].default is inspect.Parameter.empty),
    )
    if _NOT_KNOWN not in hints.values():
        setattr(provider_class, _KEPT, read)
    return read


def type_hint(constructor: Any, name: str) -> Any:
    """The type of a constructor's argument; Any if it has none, or one that is not known here."""
    return _known(_hint(constructor, name))


# Of an annotation that names what is not there, or not yet.
_NOT_KNOWN = object()


def _known(hint: Any) -> Any:
    # The option is passed on as it is.
    return Any if hint is _NOT_KNOWN else hint


def _hint(constructor: Any, name: str) -> Any:
    annotations = getattr(constructor, "__annotations__", {})
    if name not in annotations:
        return Any
    # One by one: a type imported for type checkers only must not hide the others.
    alone = types.SimpleNamespace(__annotations__={name: annotations[name]})
    try:
        return typing.get_type_hints(alone, getattr(constructor, "__globals__", {}))[name]
    except (NameError, TypeError, AttributeError):
        return _NOT_KNOWN


def create_provider(
    provider_class: type[Provider[Any, Any]],
    options: Mapping[str, Any],
    *,
    settings: Sequence[str] = (),
    names: Collection[str] = (),
    options_of: Callable[[str], Collection[str]] = lambda _: (),
    is_for_sending: bool = False,
) -> Provider[Any, Any]:
    """
    Make a provider.

    Options that are not given are looked for in the environment: see
    :mod:`mailcore.registry.option_variables`.

    Args:
        provider_class: The class of the provider.
        options: The options that its constructor is called with.
        settings: What else could be written in the same place, for names that are misspelt.
        names: The names of all providers: they decide what belongs to which in the environment.
        options_of: Names the options of another provider, where a variable may be either's.
        is_for_sending: Whether it is to send, and so needs its ``sending_options``.

    Raises:
        ConfigurationError: With every option that is unknown, missing or of the wrong type.
    """
    types_by_name = option_types(provider_class)
    name = provider_class.name
    found, problems = options_from_variables(
        name, types_by_name, given=options, names=names, options_of=options_of
    )
    problems = [
        _unknown(option, types_by_name, settings)
        for option in options
        if option not in types_by_name
    ] + problems
    problems += [
        f"option {option!r} must be {described(types_by_name[option])}, not {type(value).__name__}"
        for option, value in options.items()
        if option in types_by_name and not fits(value, types_by_name[option])
    ]
    problems += _missing(provider_class, options)
    if is_for_sending:
        given = {each for each, value in options.items() if value is not None}
        needed = [each for each in provider_class.sending_options if each not in given]
        problems += [_told_missing(name, each) for each in needed if not has_variable(name, each)]
    if problems:
        raise ConfigurationError(f"{name}: {'; '.join(problems)}")
    try:
        return provider_class(**{**found, **options})
    except ConfigurationError as error:
        if not found or type(error) is not ConfigurationError:
            raise
        # Nobody sees the environment in the code.
        variables = ", ".join(variable_of(name, option) for option in found)
        raise ConfigurationError(f"{error} (with {variables} of the environment)") from error


def _unknown(option: str, known: Iterable[str], settings: Sequence[str] = ()) -> str:
    meant = similar(option, [*settings, *known]) if settings else ""
    if meant in settings:
        return f"unknown option {shown_field(option)}, did you mean '{meant}'?"
    return f"unknown option {unknown(option, known)}"


def fits(value: object, annotation: Any) -> bool:
    """Whether a value is of the type of an option, as far as that can be told."""
    return any(_fits_one(value, alternative) for alternative in alternatives(annotation))


def _fits_one(value: object, wanted: Any) -> bool:
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin in LISTS:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            return False
        item = next(iter(get_args(wanted)), Any)
        return not isinstance(value, (list, tuple, set, frozenset)) or all(
            fits(each, item) for each in value
        )
    if isinstance(origin, type):
        return isinstance(value, origin)
    if wanted is Any:
        return True
    if wanted is None:
        return value is None
    if wanted in (int, float):
        numbers = (int,) if wanted is int else (int, float)
        return isinstance(value, numbers) and not isinstance(value, bool)
    if isinstance(wanted, type) and not getattr(wanted, "_is_protocol", False):
        return isinstance(value, wanted)
    return True


def scheme_of(url: object) -> str:
    """The provider's name in a URL such as ``provider://?option=value``."""
    scheme, separator, _ = url.partition("://") if isinstance(url, str) else ("", "", "")
    if not separator or not scheme:
        # The URL may hold a secret, so the text does not repeat it.
        raise ConfigurationError("not a mailcore URL: write provider://?option=value")
    return scheme


def options_from_url(
    provider_class: type[Provider[Any, Any]], url: str, *, given: Collection[str] = ()
) -> dict[str, Any]:
    """
    Read a URL's options as the types that the provider's constructor wants.

    A list is given by repeating the option, or with commas. The members of a pool stand in
    parentheses: see :mod:`mailcore.pools.urls`.

    Args:
        provider_class: The class of the provider whose options they are.
        url: The URL that the options stand in.
        given: Names of options that are given elsewhere.

    Raises:
        ConfigurationError: With every option that is unknown, given twice or not of its type; then
            with those as well that are missing.
    """
    from urllib.parse import parse_qs, unquote, urlsplit

    name = provider_class.name
    members: dict[str, Any] = {}
    if is_pool_url(url):
        members, url = _members_in(provider_class, url)
    try:
        # Without the scheme, because a provider's name may have an underscore. No part of it is a
        # fragment: a secret that holds # must not be cut.
        parts = urlsplit(f"x{url[url.index('://') :]}", allow_fragments=False)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        # Not chained: the cause repeats the URL, which may hold secrets.
        raise ConfigurationError(f"{name}: the URL's query is not option=value&…") from None
    types_by_name = option_types(provider_class)
    problems: list[str] = []
    located: Mapping[str, str] = {}
    try:
        located = provider_class.options_from_url(
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.netloc.rpartition("@")[2],
            path=unquote(parts.path),
        )
    except ConfigurationError as error:
        problems.append(str(error).removeprefix(f"{name}: "))
    meant = provider_class.url_schemes.get(scheme_of(url), {})
    options = members
    for option, values in (*((o, [v]) for o, v in {**meant, **located}.items()), *query.items()):
        if option not in types_by_name:
            problems.append(_unknown(option, types_by_name))
            continue
        if option in options:
            problems.append(f"option {option!r} is given twice in the URL")
        try:
            options[option] = converted(values, types_by_name[option])
        except Misfit as misfit:
            options[option] = None
            problems.append(f"option {option!r} in the URL {misfit}")
    if problems:
        problems += _missing(provider_class, {*options, *given})
        raise ConfigurationError(f"{name}: {'; '.join(problems)}")
    return options


def _members_in(provider_class: type[Provider[Any, Any]], url: str) -> tuple[dict[str, Any], str]:
    """The members in the URL of a pool, and a URL that has its other options."""
    if not issubclass(provider_class, CompositeProvider):
        name = provider_class.name
        raise ConfigurationError(f"{name} is no pool: write {name}://?option=value")
    pool = read_pool_url(url)
    given = provider_class.members_from_url(pool.items)
    return {provider_class.of_members: given}, f"{pool.pool}://?{pool.query}"


def _missing(provider_class: type[Provider[Any, Any]], given: Collection[str]) -> list[str]:
    return [
        _told_missing(provider_class.name, option)
        for option in _constructor_of(provider_class).required
        if option not in given and not has_variable(provider_class.name, option)
    ]


def _told_missing(provider: str, option: str) -> str:
    return f"option {option!r} is missing: give it, or set {variable_of(provider, option)}"


def option_missing(provider: str, option: str, purpose: str, *more: str) -> ConfigurationError:
    """
    The error of a provider that was made without what a purpose needs.

    Args:
        provider: The name of the provider.
        option: The name of the option that is not given.
        purpose: What needs it, such as ``sending``.
        more: The names of further options that are not given.
    """
    names = (option, *more)
    options = f"option{'s' if more else ''} {' and '.join(map(repr, names))}"
    variables = " and ".join(variable_of(provider, name) for name in names)
    return ConfigurationError(
        f"{provider}: {purpose} needs {options}: give {'them' if more else 'it'} to the provider, "
        f"or set {variables}"
    )
