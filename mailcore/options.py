"""
The options of a provider: checked against its constructor, converted from a URL's text.

A provider declares options as annotated keyword arguments, once; this module reads them.
"""

from __future__ import annotations

import inspect
import types
import typing

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from mailcore.errors import ConfigurationError
from mailcore.suggesting import shown_field, similar, unknown


if TYPE_CHECKING:
    from mailcore.provider import Provider

_TRUE = frozenset(["1", "true", "yes", "on"])
_FALSE = frozenset(["0", "false", "no", "off"])
_LISTS = (Sequence, Iterable, list, tuple, set, frozenset)


def option_types(provider_class: type[Provider[Any, Any]]) -> dict[str, Any]:
    """Names and types of a provider's options, in the order of its constructor."""
    constructor = provider_class.__init__
    parameters = inspect.signature(constructor).parameters
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {
        name: _type_hint(constructor, name)
        for name, parameter in list(parameters.items())[1:]
        if parameter.kind in kinds
    }


def _type_hint(constructor: Any, name: str) -> Any:
    annotations = getattr(constructor, "__annotations__", {})
    if name not in annotations:
        return Any
    # One by one: a type imported for type checkers only must not hide the others.
    alone = types.SimpleNamespace(__annotations__={name: annotations[name]})
    try:
        return typing.get_type_hints(alone, getattr(constructor, "__globals__", {}))[name]
    except (NameError, TypeError, AttributeError):
        # The option is passed on as it is.
        return Any


def create_provider(
    provider_class: type[Provider[Any, Any]],
    options: Mapping[str, Any],
    *,
    settings: Sequence[str] = (),
) -> Provider[Any, Any]:
    """
    Make a provider.

    Args:
        provider_class: Its class.
        options: For its constructor.
        settings: What else could be written in the same place, for names that are misspelt.

    Raises:
        ConfigurationError: With every option that is unknown, missing or of the wrong type.
    """
    types_by_name = option_types(provider_class)
    name = provider_class.name
    problems = [
        _unknown(option, types_by_name, settings)
        for option in options
        if option not in types_by_name
    ]
    problems += [
        f"option {option!r} must be {_describe(types_by_name[option])}, not {type(value).__name__}"
        for option, value in options.items()
        if option in types_by_name and not _fits(value, types_by_name[option])
    ]
    problems += _missing(provider_class, options)
    if problems:
        raise ConfigurationError(f"{name}: {'; '.join(problems)}")
    return provider_class(**options)


def _unknown(option: str, known: Iterable[str], settings: Sequence[str] = ()) -> str:
    meant = similar(option, [*settings, *known]) if settings else ""
    if meant in settings:
        return f"unknown option {shown_field(option)}, did you mean '{meant}'?"
    return f"unknown option {unknown(option, known)}"


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _fits(value: object, annotation: Any) -> bool:
    return any(_fits_one(value, alternative) for alternative in _alternatives(annotation))


def _fits_one(value: object, wanted: Any) -> bool:
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin in _LISTS:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            return False
        item = next(iter(get_args(wanted)), Any)
        return not isinstance(value, (list, tuple, set, frozenset)) or all(
            _fits(each, item) for each in value
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


def _describe(annotation: Any) -> str:
    names = []
    for wanted in _alternatives(annotation):
        if wanted in (type(None), None):
            names.append("None")
        elif get_origin(wanted) is Literal:
            names.extend(repr(choice) for choice in get_args(wanted))
        elif get_origin(wanted) in _LISTS:
            names.append("a list")
        elif get_origin(wanted) is not None:
            names.append("a mapping" if get_origin(wanted) is Mapping else "callable")
        else:
            names.append(getattr(wanted, "__name__", str(wanted)))
    return " or ".join(names)


def scheme_of(url: object) -> str:
    """The provider's name in a URL such as ``provider://?option=value``."""
    scheme, separator, _ = url.partition("://") if isinstance(url, str) else ("", "", "")
    if not separator or not scheme:
        # The URL may hold a secret, so the text does not repeat it.
        raise ConfigurationError("not a mailcore URL: write provider://?option=value")
    return scheme


class _Misfit(Exception):
    """A text of a URL is not of its option's type; the text of this says of which."""


def options_from_url(
    provider_class: type[Provider[Any, Any]], url: str, *, given: Collection[str] = ()
) -> dict[str, Any]:
    """
    Read a URL's options as the types that the provider's constructor wants.

    A list is given by repeating the option, or with commas.

    Args:
        provider_class: Whose options they are.
        url: The URL.
        given: Names of options that are given elsewhere.

    Raises:
        ConfigurationError: With every option that is unknown, given twice or not of its type; then
            with those as well that are missing.
    """
    from urllib.parse import parse_qs, unquote, urlsplit

    name = provider_class.name
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
    options: dict[str, Any] = {}
    for option, values in (*((o, [v]) for o, v in located.items()), *query.items()):
        if option not in types_by_name:
            problems.append(_unknown(option, types_by_name))
            continue
        if option in options:
            problems.append(f"option {option!r} is given twice in the URL")
        try:
            options[option] = _convert(values, types_by_name[option])
        except _Misfit as misfit:
            options[option] = None
            problems.append(f"option {option!r} {misfit}")
    if problems:
        problems += _missing(provider_class, {*options, *given})
        raise ConfigurationError(f"{name}: {'; '.join(problems)}")
    return options


def _missing(provider_class: type[Provider[Any, Any]], given: Collection[str]) -> list[str]:
    parameters = inspect.signature(provider_class.__init__).parameters
    return [
        f"option {option!r} is missing"
        for option in option_types(provider_class)
        if parameters[option].default is inspect.Parameter.empty and option not in given
    ]


def _convert(values: list[str], annotation: Any) -> Any:
    wanted = [each for each in _alternatives(annotation) if each is not type(None)]
    for each in wanted:
        if get_origin(each) in _LISTS:
            items = [item.strip() for value in values for item in value.split(",")]
            one = next(iter(get_args(each)), str)
            made = tuple(_convert([item], one) for item in items if item)
            origin = get_origin(each)
            return origin(made) if origin in (list, set, frozenset) else made
    if len(values) > 1:
        raise _Misfit(f"is given {len(values)} times")
    text = values[0]
    for each in wanted:
        if each is bool and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        if each in (int, float):
            try:
                return each(text)
            except ValueError:
                continue
        if get_origin(each) is Literal and text in get_args(each):
            return text
        if each is str or each is Any:
            return text
    raise _Misfit(f"in the URL must be {_describe(annotation)}")
