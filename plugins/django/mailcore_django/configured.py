"""
Mailers and providers of the core, as the settings say: one for each set of options in a process.

Django makes a new backend for every message, and connections are to be kept all the same. So a
mailer is looked up by what it is made of; when a setting changes in a test, all are closed and
forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.apps import apps
from django.utils.module_loading import import_string

from mailcore import AsyncMailer, ConfigurationError, Mailer, Registry
from mailcore.foundation import ForkSafeLock, freeze, similar
from mailcore.message import Defaults, MessageFields
from mailcore.provider import Provider
from mailcore_django.conf import (
    SETTING,
    MailcoreSettings,
    django_mailers,
    forget_with_settings,
    from_environment,
    get_settings,
)
from mailcore_django.policies import made_policies


__all__ = [
    "DEFAULT_ALIAS",
    "Configuration",
    "Mailers",
    "configuration_of",
    "get_mailer",
    "get_provider",
    "keeps",
    "known_aliases",
    "mailers_of",
    "options_of",
]

DEFAULT_ALIAS = "default"
OUTBOX_APP = "mailcore_django.outbox"
OWN_OPTIONS = (
    "provider",
    "defaults",
    "defaults_by_provider",
    "unsupported",
    "policies",
    "middleware",
    "refused",
    "outbox",
    "fail_silently",
)
"""What stands among ``OPTIONS`` beside the options of the provider."""
# Django's own, which send_mail() and get_connection() give to any backend; None says nothing.
_OF_DJANGO = ("username", "password")
_KEPT = 64


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """
    What a mailer is made of; equal ones share their connections.

    Args:
        provider: Name or URL.
        options: The provider's options, with what the environment has for them.
        defaults: Fields that every message has unless it says otherwise.
        defaults_by_provider: Defaults that hold for single providers only.
        unsupported: What to do with features that the provider lacks.
        policies: The name of a stack, or policies and dotted paths; None for none.
        middleware: Functions or names, the outermost first.
        refused: What to do if all recipients are refused: ``raise``, or ``return`` the result.
    """

    provider: str = field(repr=False)
    options: Mapping[str, object] = field(repr=False)
    defaults: Mapping[str, object] = field(repr=False)
    defaults_by_provider: Mapping[str, Mapping[str, object]] = field(repr=False)
    unsupported: Mapping[str, str] = field(default_factory=dict)
    policies: str | tuple[object, ...] | None = None
    middleware: tuple[object, ...] = ()
    refused: object = "raise"


class Mailers:
    """A mailer of the core, and one for event loops that shares its connections."""

    def __init__(self, configuration: Configuration, *, registry: Registry | None = None) -> None:
        self.is_closed = False
        made: dict[str, Any] = {
            "defaults": Defaults(
                cast("MessageFields", configuration.defaults),
                by_provider=cast("Mapping[str, MessageFields]", configuration.defaults_by_provider),
            ),
            "unsupported": configuration.unsupported,
            "refused": configuration.refused,
            "registry": registry,
        }
        options: dict[str, Any] = {
            **configuration.options,
            **made,
            "policies": made_policies(configuration.policies),
            "middleware": [_function(each) for each in configuration.middleware],
        }
        if "://" in configuration.provider:
            self.mailer = Mailer.from_url(configuration.provider, **options)
        else:
            self.mailer = Mailer(configuration.provider, **options)
        # The same policies: two throttles would let through twice as much.
        made["middleware"] = self.mailer.middleware
        self.async_mailer = AsyncMailer(self.mailer.provider, **made)

    @property
    def provider(self) -> Provider[Any, Any]:
        """The provider of both."""
        return self.mailer.provider

    def close(self) -> None:
        """Close their connections: the settings that they were made of have changed."""
        self.is_closed = True
        self.mailer.close()


def _function(middleware: object) -> object:
    """A function by its dotted path; names of extensions have no dot."""
    if not isinstance(middleware, str) or "." not in middleware:
        return middleware
    try:
        return import_string(middleware)
    except ImportError as error:
        raise ConfigurationError(
            f"middleware {middleware!r} cannot be imported: {error}"
        ) from error


def known_aliases() -> list[str]:
    """The aliases of the settings, Django's and mailcore's, whatever sends; ``default`` first."""
    return list(dict.fromkeys((DEFAULT_ALIAS, *(django_mailers() or ()), *get_settings().mailers)))


def options_of(alias: str) -> Mapping[str, object]:
    """
    The ``OPTIONS`` of an alias, as they stand in the settings.

    Raises:
        ConfigurationError: If there is no such alias; ``default`` is there without an entry, too.
    """
    from_django = django_mailers()
    if from_django is not None and alias in from_django:
        return cast("Mapping[str, object]", from_django[alias].get("OPTIONS", {}))
    own = get_settings().mailers
    if alias in own:
        return own[alias].options
    if alias == DEFAULT_ALIAS and from_django is None:
        return {}
    known = known_aliases() if from_django is None else [*from_django, *own]
    meant = similar(alias, known)
    hint = f"did you mean {meant!r}?" if meant else f"known are: {', '.join(known) or 'none'}"
    raise ConfigurationError(f"no mailer has the alias {alias!r}; {hint}")


def configuration_of(options: Mapping[str, object], *, alias: str | None = None) -> Configuration:
    """
    What a mailer with these ``OPTIONS`` is made of; what they leave out stands in ``MAILCORE``.

    An entry that names its provider takes nothing of ``MAILCORE["OPTIONS"]``, since those are for
    the provider there.

    Args:
        options: The provider's options among those of :data:`OWN_OPTIONS`.
        alias: The alias of the mailer, for errors.

    Raises:
        ConfigurationError: If no provider is named, or a variable of the environment is not set.
    """
    common = get_settings()
    place = f"MAILERS[{alias!r}]['OPTIONS']" if alias else "OPTIONS"
    given = {
        name: value
        for name, value in options.items()
        if name not in OWN_OPTIONS and not (name in _OF_DJANGO and value is None)
    }
    given = from_environment(place, given)
    provider = options.get("provider", "")
    if not provider:
        provider = common.provider
        given = {**from_environment(f"{SETTING}['OPTIONS']", common.options), **given}
    if not provider or not isinstance(provider, str):
        raise ConfigurationError(
            f"no provider is named: give one as 'provider' in {place}, or as {SETTING}['PROVIDER']"
        )
    return Configuration(
        provider=provider,
        options=freeze(given),
        defaults=freeze(_merged(place, "defaults", common.defaults, options)),
        defaults_by_provider=freeze(
            _merged(place, "defaults_by_provider", common.defaults_by_provider, options)
        ),
        unsupported=freeze(_policy(place, common, options)),
        policies=_policies(place, common, options),
        middleware=_middleware(place, common, options),
        refused=options.get("refused", "raise"),
    )


def keeps(options: Mapping[str, object], *, alias: str | None = None) -> bool:
    """
    Whether a mailer with these ``OPTIONS`` keeps mail in the outbox instead of sending it at once.

    Args:
        options: The options of the mailer; ``outbox`` is True or False, and if it is not there,
            whether ``MAILCORE`` has ``OUTBOX`` decides.
        alias: The alias of the mailer, for errors.

    Raises:
        ConfigurationError: If it is something else, or the app of the outbox is not installed.
    """
    given = options.get("outbox", get_settings().outbox is not None)
    if not isinstance(given, bool):
        place = f"MAILERS[{alias!r}]['OPTIONS']" if alias else "OPTIONS"
        kind = type(given).__name__
        raise ConfigurationError(f"{place}['outbox'] must be True or False, not {kind}")
    if given and not apps.is_installed(OUTBOX_APP):
        raise ConfigurationError(
            f"mail is to be kept in the outbox, and INSTALLED_APPS does not have {OUTBOX_APP!r}"
        )
    return given


def _merged(
    place: str, name: str, common: Mapping[str, object], options: Mapping[str, object]
) -> dict[str, object]:
    own = options.get(name, {})
    if not isinstance(own, Mapping):
        raise ConfigurationError(f"{place}[{name!r}] must be a dict, not {type(own).__name__}")
    return {**common, **own}


def _policy(
    place: str, common: MailcoreSettings, options: Mapping[str, object]
) -> dict[str, object]:
    own = options.get("unsupported", {})
    return _merged(
        place,
        "unsupported",
        common.unsupported,
        {"unsupported": {"*": own} if isinstance(own, str) else own},
    )


def _policies(
    place: str, common: MailcoreSettings, options: Mapping[str, object]
) -> str | tuple[object, ...] | None:
    own = options.get("policies", common.policies)
    if own is None or isinstance(own, str):
        return own
    if not isinstance(own, Sequence):
        kind = type(own).__name__
        raise ConfigurationError(f"{place}['policies'] must be a text or a list, not {kind}")
    return tuple(own)


def _middleware(
    place: str, common: MailcoreSettings, options: Mapping[str, object]
) -> tuple[object, ...]:
    own = options.get("middleware", common.middleware)
    if isinstance(own, str) or not isinstance(own, Sequence):
        raise ConfigurationError(f"{place}['middleware'] must be a list, not {type(own).__name__}")
    return tuple(own)


_lock = ForkSafeLock()
_made: OrderedDict[Configuration, Mailers] = OrderedDict()


def mailers_of(configuration: Configuration) -> Mailers:
    """
    The mailers with a configuration: made at first use, then kept.

    The :data:`_KEPT` that were used last are kept, so that a project may have a configuration for
    each of its customers.

    Raises:
        ConfigurationError: If a provider, an option, a default or a middleware is wrong.
    """
    with _lock:
        try:
            found = _made.get(configuration)
        except TypeError:
            # A client of its own, or a default that is no value: nothing to look it up by.
            return Mailers(configuration)
        if found is None:
            found = _made[configuration] = Mailers(configuration)
            if len(_made) > _KEPT:
                _made.popitem(last=False)
        else:
            _made.move_to_end(configuration)
        return found


def get_mailer(alias: str = DEFAULT_ALIAS) -> Mailer:
    """
    The core's mailer of an alias: for what goes beyond Django's messages.

    It is shared by the whole process, and not to be closed.

    Raises:
        ConfigurationError: If there is no such alias, or its settings are wrong.
    """
    return mailers_of(configuration_of(options_of(alias), alias=alias)).mailer


def get_provider(alias: str = DEFAULT_ALIAS) -> Provider[Any, Any]:
    """
    The provider of an alias: its account, its suppressions, its webhooks.

    Raises:
        ConfigurationError: As :func:`get_mailer`.
    """
    return get_mailer(alias).provider


def _forget() -> None:
    with _lock:
        made = list(_made.values())
        _made.clear()
    for each in made:
        each.close()


forget_with_settings(_forget)
