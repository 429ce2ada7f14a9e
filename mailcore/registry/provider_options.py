"""
The options of a provider, declared once: a dataclass, from which the rest follows.

* The provider's constructor takes its fields (:func:`takes_options`), and so do URLs and the
  environment.
* Those that are also for single messages stand in a dataclass that the first inherits from; the
  typed helper takes its fields, and returns the mapping for ``esp_extra`` under the names of the
  service's API (:func:`message_options`).
* What is no value of an option is refused by all of them alike, in the same words.

Example:
    >>> @dataclass(frozen=True, kw_only=True)
    ... class MessageOptions(ProviderOptions):
    ...     \"\"\"
    ...     Options of one message.
    ...
    ...     Args:
    ...         stream: Name of the stream.
    ...     \"\"\"
    ...     provider = "example"
    ...     stream: str | None = option(None, parameter="MessageStream")
    >>> @message_options(MessageOptions)
    ... def example_options(options: MessageOptions) -> dict[str, dict[str, Any]]:
    ...     \"\"\"Options for ``esp_extra``.\"\"\"
    ...     return options.for_message()
    >>> example_options(stream="news")
    {'example': {'MessageStream': 'news'}}
    >>> example_options(stream="")
    Traceback (most recent call last):
        ...
    mailcore.errors.ConfigurationError: example: stream must be a text of one line
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Concatenate, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore.foundation.suggesting import unknown
from mailcore.foundation.text_values import with_plain_texts
from mailcore.registry.option_texts import described
from mailcore.registry.options import fits, type_hint


P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
SelfT = TypeVar("SelfT")
OptionsT = TypeVar("OptionsT")

# No spaces, and nothing that begins credentials, a query or a fragment.
_URL_CHARACTERS = re.compile(r"[^\s?#@\\\x00-\x1f\x7f]+")
_TOKEN = re.compile(r"[!-~]+")
_KEY = "mailcore"


class Declared(NamedTuple):
    """What is declared of an option beside its type and default; see :func:`option`."""

    parameter: str = ""
    fits: Callable[[Any], bool] | None = None
    must_be: str = ""
    in_url: str = ""
    settled: Callable[[Any], Any] | None = None


def option(
    default: T,
    *,
    parameter: str = "",
    fits: Callable[[Any], bool] | None = None,
    must_be: str = "",
    in_url: str = "",
    settled: Callable[[Any], Any] | None = None,
    secret: bool = False,
) -> T:
    """
    Declare an option: a field of a :class:`ProviderOptions`.

    Its type says what it may be. Texts have to be of one line and not empty, numbers finite and
    above 0; a test of its own comes in place of that.

    Args:
        default: The value of the option if it is not given.
        parameter: What the service's API calls it; empty for what is no parameter of a message.
        fits: Tells whether a value of the right type, not None, can be right.
        must_be: Follows "must be" in the error; what the type says if empty.
        in_url: ``username`` or ``host``, if a URL has it there: ``provider://KEY@host``.
        settled: Makes the value that is kept of the value that was given.
        secret: Whether to keep it out of the repr.
    """
    declared = Declared(parameter, fits, must_be, in_url, settled)
    made: T = dataclasses.field(default=default, repr=not secret, metadata={_KEY: declared})
    return made


@dataclass(frozen=True, kw_only=True)
class ProviderOptions:
    """
    Options: a subclass, which is a frozen dataclass too, has a field for each.

    Raises:
        ConfigurationError: With every option that cannot be right, by its name and not by its
            value, which may be a secret.
    """

    provider: ClassVar[str] = ""
    """Name of the provider, for errors and in ``esp_extra``."""

    def __post_init__(self) -> None:
        problems = []
        for name, declared, annotation in _declared(type(self)):
            value = getattr(self, name)
            # Most are not given; dataclasses keep a default as an attribute of the class.
            if value is getattr(type(self), name, _UNSAID):
                continue
            if not _is_right(value, annotation, declared):
                problems.append(f"{name} must be {declared.must_be or _told(annotation)}")
            elif declared.settled is not None and value is not None:
                object.__setattr__(self, name, declared.settled(value))
        if problems:
            raise ConfigurationError(f"{self.provider}: {'; '.join(problems)}")

    def parameters(self) -> dict[str, Any]:
        """The options that are given and have a parameter of the API, by its name."""
        return {
            declared.parameter: value
            for name, declared, _ in _declared(type(self))
            if declared.parameter and (value := getattr(self, name)) is not None
        }

    def nested_parameters(self) -> dict[str, Any]:
        """
        As :meth:`parameters`, of an API with objects within objects.

        A parameter that is declared as ``settings.sandbox`` stands in the object ``settings``.
        """
        found: dict[str, Any] = {}
        for path, value in self.parameters().items():
            *outer, last = path.split(".")
            place = found
            for step in outer:
                place = place.setdefault(step, {})
            place[last] = value
        return found

    def for_message(self) -> dict[str, dict[str, Any]]:
        """The mapping for ``esp_extra`` of a message."""
        return {self.provider: self.parameters()}

    def parameter_of(self, name: str) -> str:
        """What the API calls an option."""
        return next(
            declared.parameter for each, declared, _ in _declared(type(self)) if each == name
        )

    @classmethod
    def check_parameters(cls, parameters: Mapping[str, Any]) -> None:
        """
        Refuse values that a message brings in ``esp_extra`` and that cannot be right.

        Args:
            parameters: What a message brings, by the names in the API; what no option declares is
                left alone.

        Raises:
            ConfigurationError: With every parameter that cannot be right, by the option's name.
        """
        problems = [
            f"{name} must be {declared.must_be or _told(annotation)}"
            for name, declared, annotation in _declared(cls)
            if declared.parameter in parameters
            and not _is_right(parameters[declared.parameter], annotation, declared)
        ]
        if problems:
            raise ConfigurationError(f"{cls.provider}: {'; '.join(problems)}")

    @classmethod
    def from_url_parts(
        cls, *, username: str, password: str, host: str, path: str
    ) -> dict[str, str]:
        """
        What ``Provider.options_from_url()`` returns: ``provider://USERNAME@host/path``.

        Raises:
            ConfigurationError: If the URL has a part that stands for no option.
        """
        by_part = {declared.in_url: name for name, declared, _ in _declared(cls)}
        given = {"username": username, "password": password}
        given["host"] = f"https://{host}{path}" if host else path.strip("/") and path
        refused = [part for part, value in given.items() if value and part not in by_part]
        if refused:
            shape = f"{cls.provider}://{'KEY@' if 'username' in by_part else ''}?option=value"
            raise ConfigurationError(
                f"a {cls.provider} URL has no {' and no '.join(refused)}: {shape}"
            )
        return {by_part[part]: value for part, value in given.items() if value}


def _declared(options_class: type[ProviderOptions]) -> tuple[tuple[str, Declared, Any], ...]:
    """Name, declaration and type of each option; looked up once for each class."""
    found = _DECLARED.get(options_class)
    if found is None:
        constructor = options_class.__init__
        found = _DECLARED[options_class] = tuple(
            (field.name, field.metadata.get(_KEY, _UNSAID), type_hint(constructor, field.name))
            for field in dataclasses.fields(options_class)
        )
    return found


_DECLARED: dict[type, tuple[tuple[str, Declared, Any], ...]] = {}


_UNSAID = Declared()


def _is_right(value: object, annotation: Any, declared: Declared) -> bool:
    if not fits(value, annotation):
        return False
    if value is None:
        return True
    if declared.fits is not None:
        return declared.fits(value)
    if isinstance(value, str):
        return is_one_line(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return is_above_zero(value)
    return True


def _told(annotation: Any) -> str:
    """A type as people say it."""
    told = described(annotation).removesuffix(" or None")
    words = {"str": "a text of one line", "float": "a number above 0", "int": "a number above 0"}
    return words.get(told, told.replace("bool", "True or False"))


def is_one_line(text: str) -> bool:
    """Whether a text has something in it, and no line ends and other control characters."""
    return bool(text.strip()) and text.isprintable()


def is_token(text: str) -> bool:
    """Whether a text is ASCII without spaces, as keys of APIs are, and may stand in a header."""
    return _TOKEN.fullmatch(text) is not None


def is_above_zero(number: float) -> bool:
    """Whether a number is finite and above 0."""
    return number > 0 and math.isfinite(number)


def is_base_url(url: str) -> bool:
    """Whether a text is an http or https URL of a host, without credentials, query or fragment."""
    try:
        parts = urlsplit(url)
        # Reading the port is what finds out that it is none.
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not _URL_CHARACTERS.fullmatch(url):
        return False
    return is_address and parts.scheme in ("https", "http")


def without_last_slash(url: str) -> str:
    """A URL that paths can be added to."""
    return url.rstrip("/")


def takes_options(
    options_class: Callable[P, OptionsT],
) -> Callable[[Callable[[SelfT, OptionsT], None]], Callable[Concatenate[SelfT, P], None]]:
    """
    Let a provider's constructor take the fields of its options.

    ``def __init__(self, options: Options) -> None`` is called with the options made; to callers,
    type checkers, URLs and ``help()`` it takes their fields as keywords.

    Args:
        options_class: The dataclass; its docstring describes each field under ``Args``.
    """
    known = inspect.signature(options_class).parameters

    def decorate(
        constructor: Callable[[SelfT, OptionsT], None],
    ) -> Callable[Concatenate[SelfT, P], None]:
        def __init__(self: SelfT, /, *args: P.args, **options: P.kwargs) -> None:  # noqa: N807
            _refuse_unknown(type(self).__name__, options, known)
            constructor(self, options_class(*args, **options))

        functools.update_wrapper(__init__, constructor)
        _describe(__init__, options_class, has_self=True)
        return __init__

    return decorate


def message_options(
    options_class: Callable[P, OptionsT],
) -> Callable[[Callable[[OptionsT], R]], Callable[P, R]]:
    """
    Let a helper that makes ``esp_extra`` take the fields of options; texts of any kind.

    Args:
        options_class: The dataclass; its docstring describes each field under ``Args``.
    """
    known = inspect.signature(options_class).parameters

    def decorate(function: Callable[[OptionsT], R]) -> Callable[P, R]:
        def helper(*args: P.args, **options: P.kwargs) -> R:
            _refuse_unknown(function.__name__, options, known)
            return function(options_class(*args, **options))

        functools.update_wrapper(helper, function)
        described_helper = with_plain_texts(helper)
        _describe(described_helper, options_class, has_self=False)
        return described_helper

    return decorate


def _refuse_unknown(callee: str, options: Iterable[str], known: Iterable[str]) -> None:
    """Raise what a call with an unknown keyword raises, with the name that was meant."""
    for name in options:
        if name not in known:
            raise TypeError(f"{callee}() has no option {unknown(name, known)}")


def _describe(function: Callable[..., Any], options_class: Any, *, has_self: bool) -> None:
    """Signature, annotations and docstring as if the fields were written there."""
    signature = inspect.signature(options_class)
    own = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if has_self:
        parameters.insert(0, next(iter(own.parameters.values())))
    annotations = {**options_class.__init__.__annotations__}
    annotations["return"] = own.return_annotation
    arguments = "".join(map(_arguments_of, reversed(options_class.__mro__)))
    summary, cut, rest = inspect.cleandoc(function.__doc__ or "").partition("\n\nReturns:")
    if not cut:
        summary, cut, rest = summary.partition("\n\nRaises:")
    vars(function).update(
        __signature__=signature.replace(
            parameters=parameters, return_annotation=own.return_annotation
        ),
        options_class=options_class,
    )
    function.__annotations__ = annotations
    start = f"{summary}\n\n" if summary else ""
    function.__doc__ = f"{start}Args:\n{arguments.rstrip()}{cut}{rest}\n"


def _arguments_of(options_class: type) -> str:
    """The lines below ``Args:`` in a class's own docstring, with one line end behind."""
    documented = inspect.cleandoc(vars(options_class).get("__doc__") or "")
    _, _, following = documented.partition("\nArgs:\n")
    lines = following.split("\n")
    end = next((at for at, line in enumerate(lines) if line and not line.startswith(" ")), None)
    return "\n".join(lines[:end]).rstrip() + "\n" if following else ""
