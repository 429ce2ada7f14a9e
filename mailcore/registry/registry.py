"""
Which providers there are: found through entry points, loaded when asked for, each on its own.

* Group ``mailcore.providers``: the entry point's name is the provider's name, its object the
  class. Importing waits until somebody asks for the provider.
* Group ``mailcore.extensions``: modules with hook implementations, loaded with the first mailer.
* Group ``mailcore.url_schemes``: a further scheme of a provider's URLs, its value the provider's
  name.
* Group ``mailcore.pools``: providers that are made of others. They are found by name and in URLs
  like any other, and in no list of providers: a pool is no service.
* ``MAILCORE_PLUGINS`` limits the first two to the names listed (``acme,zenith``); ``none``
  switches all discovery off but for the providers that come with mailcore.

A broken plugin is listed as broken, with the reason; the others go on working.
"""

from __future__ import annotations

import logging

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mailcore.errors import ConfigurationError, PluginLoadError
from mailcore.features import Features
from mailcore.flow import Flow, Transport
from mailcore.foundation.forking import ForkSafeLock
from mailcore.pools.composite import with_registry
from mailcore.pools.urls import is_pool_url, pool_named
from mailcore.provider import Provider
from mailcore.registry.discovery import Discovered, discover, distribution_of
from mailcore.registry.hooks import Hooks, extension_name
from mailcore.registry.options import create_provider, option_types, scheme_of
from mailcore.registry.transports import Transports
from mailcore.result import SendResult


if TYPE_CHECKING:
    from importlib import metadata

    from mailcore.sending.checking import Checked

# A module that ends the interpreter when imported is broken like one that raises.
_BREAKS = (Exception, SystemExit)

logger = logging.getLogger("mailcore.registry")

Outlet: TypeAlias = "Callable[[Provider[Any, Any], Checked, Hooks], Flow[SendResult]]"
"""What takes a checked message in place of its provider's transport."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """
    One plugin as it was found.

    Args:
        name: The provider's or extension's name.
        kind: Whether it is a provider or an extension.
        state: ``available`` until it was asked for.
        distribution: What was installed, with its version; empty if it was registered by hand.
        error: Why it could not be loaded; None if it could.
    """

    name: str
    kind: Literal["provider", "extension"]
    state: Literal["available", "loaded", "broken"]
    distribution: str = ""
    version: str = ""
    error: str = ""


class Registry:
    """
    Providers and extensions; most programs use the default one without knowing.

    Args:
        autoload: Whether to look at what is installed.

    Attributes:
        hooks: The hooks of its extensions.
        outlet: Takes each checked message in place of its provider's transport, if set: how
            :func:`mailcore.testing.capture` keeps mail.
    """

    def __init__(self, *, autoload: bool = True) -> None:
        self.hooks: Hooks = Hooks()
        self.outlet: Outlet | None = None
        self._autoload = autoload
        self._lock = ForkSafeLock()
        self._classes: dict[str, type[Provider[Any, Any]]] = {}
        self._pools: dict[str, type[Provider[Any, Any]]] = {}
        self._errors: dict[tuple[str, str], str] = {}
        self._discovered: Discovered | None = None
        self._extensions_loaded = False
        self._extensions_complete = False
        self._extensions: list[str] = []
        self._transports = Transports(self.hooks.create_transport, self._lock)

    def register(self, provider_class: type[Provider[Any, Any]], *, name: str = "") -> None:
        """
        Add a provider without installing it.

        Raises:
            ConfigurationError: If it is no provider class, or the name is taken.
        """
        chosen = name or getattr(provider_class, "name", "")
        _require_provider_class(provider_class, chosen)
        with self._lock:
            if self._classes.get(chosen, provider_class) is not provider_class:
                raise ConfigurationError(f"provider {chosen!r} is registered already")
            self._classes[chosen] = provider_class

    def register_extension(self, extension: object, *, name: str = "") -> None:
        """
        Add a module or object with hook implementations without installing it.

        Raises:
            PluginLoadError: If an implementation does not fit its hook.
        """
        chosen = name or extension_name(extension)
        self.hooks.register(extension, chosen)
        with self._lock:
            if self._extensions_loaded:
                self._take_offers(chosen)

    def names(self) -> tuple[str, ...]:
        """Names of all providers, installed or registered, sorted."""
        self.load_extensions()
        with self._lock:
            return tuple(sorted({*self._classes, *self._found().providers}))

    def known_names(self) -> frozenset[str]:
        """Names of all providers that are known without importing anything."""
        with self._lock:
            return frozenset({*self._classes, *self._found().providers})

    def provider_class(self, name: str) -> type[Provider[Any, Any]]:
        """
        The class of a provider, imported now if it was not before.

        Raises:
            ProviderNotFound: If nothing has that name; says what to install.
            PluginLoadError: If it is installed but broken.
        """
        if not isinstance(name, str):
            own = getattr(name, "__qualname__", "") if isinstance(name, type) else ""
            hint = f": write {own}(...) to make one of a class" if own else ""
            kind = own or type(name).__name__
            raise ConfigurationError(f"provider name must be str, not {kind}{hint}")
        if "://" in name or is_pool_url(name):
            # Not repeated: its options may hold secrets.
            raise ConfigurationError(
                "the name of a provider is wanted, not a URL: give that to mailcore.connect(), "
                "Mailer.from_url() or AsyncMailer.from_url()"
            )
        with self._lock:
            if name not in self._classes and name in self._found().providers:
                self._classes[name] = self._load_provider(self._found().providers[name])
            elif name not in self._classes:
                self.load_extensions()
            if name not in self._classes and name in self._found().pools:
                return self._pool_class(name)
            if name not in self._classes:
                from mailcore.registry.known_plugins import provider_not_found

                raise provider_not_found(name, self.names())
            return self._classes[name]

    def class_of_url(self, url: str) -> type[Provider[Any, Any]]:
        """
        The class of the provider that a URL is for: by its scheme.

        Raises:
            ConfigurationError: If it is no URL of a provider.
            ProviderNotFound, PluginLoadError: As :meth:`provider_class`.
        """
        if is_pool_url(url):
            return self.provider_class(pool_named(url))
        scheme = scheme_of(url)
        with self._lock:
            if scheme not in self.known_names():
                for provider_class in self._classes.values():
                    if scheme in provider_class.url_schemes:
                        return provider_class
                scheme = self._found().schemes.get(scheme, scheme)
        return self.provider_class(scheme)

    def get_provider(self, name: str, /, **options: object) -> Provider[Any, Any]:
        """
        Make a provider, to send or to receive.

        Args:
            name: The name of the provider, such as ``console``.
            options: The provider's options, by name; others may stand in the environment, as
                :mod:`mailcore.registry.option_variables` says.

        Raises:
            ProviderNotFound: If nothing has that name.
            PluginLoadError: If it is installed but broken.
            ConfigurationError: If an option is unknown, missing or wrong.
        """
        provider_class = self.provider_class(name)
        own = with_registry(provider_class, options, self)
        return create_provider(
            provider_class, own, names=self.known_names(), options_of=self.option_names
        )

    def option_names(self, name: str) -> tuple[str, ...]:
        """The names of a provider's options; none if it is installed but broken."""
        try:
            return tuple(option_types(self.provider_class(name)))
        except PluginLoadError:
            return ()

    def plugins(self) -> tuple[Plugin, ...]:
        """Every plugin, broken ones included; this imports all of them."""
        for name in self._found().providers:
            try:
                self.provider_class(name)
            except PluginLoadError:
                logger.debug("provider %s is broken", name)
        self.load_extensions()
        with self._lock:
            return tuple(self._listed())

    def transport_for(
        self, provider: Provider[Any, Any], given: Transport | None = None
    ) -> Transport:
        """
        The transport of a provider: made at first use, then kept as long as the provider.

        A process that was forked makes its own; it neither uses nor closes its parent's. While
        ``MAILCORE_REDIRECT`` is set, it is one that sends to that mailbox: see
        :meth:`mailcore.provider.Provider.redirected`.

        Args:
            provider: The provider whose requests are to be sent.
            given: What a mailer was given instead of the provider's own.

        Raises:
            ConfigurationError: If the variable has no URL of this machine.
        """
        return self._transports.of(provider, given)

    def close(self, provider: Provider[Any, Any]) -> None:
        """
        Close a provider's transport; the next use makes another. Of a pool, those of its members.
        """
        self._transports.close(provider)

    def load_extensions(self) -> None:
        """Load the installed extensions, once; a broken one is logged and listed as broken."""
        if self._extensions_complete:
            return
        with self._lock:
            if self._extensions_loaded:
                return
            self._extensions_loaded = True
            for name, entry_point in self._found().extensions.items():
                if ("extension", name) in self._errors:
                    continue
                try:
                    self.hooks.register(entry_point.load(), name)
                except _BREAKS as error:
                    # Whatever a stranger's module raises must not take the others down.
                    self._broken("extension", name, error)
                else:
                    self._extensions.append(name)
            self._take_offers()
            self._extensions_complete = True

    def _take_offers(self, only: str = "") -> None:
        for extension, offer in self.hooks.register_providers():
            if only and extension != only:
                continue
            try:
                for provider_class in offer():
                    self._take(provider_class)
            except _BREAKS as error:
                self._broken("extension", extension, error)

    def _take(self, provider_class: type[Provider[Any, Any]]) -> None:
        name = getattr(provider_class, "name", "")
        if name in self._found().providers:
            raise ConfigurationError(f"provider {name!r} is installed already")
        self.register(provider_class)

    def _found(self) -> Discovered:
        with self._lock:
            if self._discovered is None:
                self._discovered = discover() if self._autoload else Discovered()
                self._errors.update(self._discovered.conflicts)
            return self._discovered

    def _load_provider(self, entry_point: metadata.EntryPoint) -> type[Provider[Any, Any]]:
        name, (distribution, _) = entry_point.name, distribution_of(entry_point)
        if ("provider", name) in self._errors:
            reason = self._errors["provider", name]
            raise PluginLoadError(
                f"provider {name!r} cannot be loaded: {reason}",
                name=name,
                distribution=distribution,
            )
        try:
            provider_class = entry_point.load()
            _require_provider_class(provider_class, name)
        except _BREAKS as error:
            # Whatever a stranger's module raises while it is imported.
            self._broken("provider", name, error)
            raise PluginLoadError(
                f"provider {name!r} of {distribution or 'an unknown distribution'} "
                f"cannot be loaded: {self._errors['provider', name]}",
                name=name,
                distribution=distribution,
            ) from error
        loaded: type[Provider[Any, Any]] = provider_class
        return loaded

    def _pool_class(self, name: str) -> type[Provider[Any, Any]]:
        if name not in self._pools:
            self._pools[name] = self._load_provider(self._found().pools[name])
        return self._pools[name]

    def _broken(self, kind: str, name: str, error: BaseException) -> None:
        self._errors[kind, name] = f"{type(error).__name__}: {error}"
        logger.warning("%s %s is broken: %s", kind, name, self._errors[kind, name])

    def _listed(self) -> Iterator[Plugin]:
        found = {("provider", name): e for name, e in self._found().providers.items()}
        found |= {("extension", name): e for name, e in self._found().extensions.items()}
        loaded = {("provider", name) for name in self._classes}
        loaded |= {("extension", name) for name in self._extensions}
        for key in sorted({*found, *loaded, *self._errors}):
            kind: Any = key[0]
            distribution, version = distribution_of(found[key]) if key in found else ("", "")
            error = self._errors.get(key, "")
            state: Any = "broken" if error else "loaded" if key in loaded else "available"
            yield Plugin(
                name=key[1],
                kind=kind,
                state=state,
                distribution=distribution,
                version=version,
                error=error,
            )


def _require_provider_class(provider_class: object, name: str) -> None:
    if not (isinstance(provider_class, type) and issubclass(provider_class, Provider)):
        told = getattr(provider_class, "__qualname__", f"what is a {type(provider_class).__name__}")
        raise ConfigurationError(f"{told} is not a subclass of mailcore.Provider")
    declared = getattr(provider_class, "name", None)
    if declared is None:
        raise ConfigurationError(
            f"{provider_class.__qualname__} has no name: write `name = {name!r}` in the class"
        )
    if declared != name:
        raise ConfigurationError(
            f"the provider calls itself {declared!r} but is registered as {name!r}"
        )
    for attribute, kind in (("label", str), ("features", Features)):
        if not isinstance(getattr(provider_class, attribute, None), kind):
            raise ConfigurationError(f"provider {name!r} lacks {attribute}, a {kind.__name__}")


_default: Registry | None = None
_default_lock = ForkSafeLock()


def default_registry() -> Registry:
    """The registry that everything uses unless told otherwise; made at first use."""
    global _default  # noqa: PLW0603  # one per process is what it is for
    if _default is not None:
        return _default
    with _default_lock:
        if _default is None:
            _default = Registry()
        return _default


def get_provider(name: str, /, **options: object) -> Provider[Any, Any]:
    """Make a provider of the default registry: see :meth:`Registry.get_provider`."""
    return default_registry().get_provider(name, **options)
