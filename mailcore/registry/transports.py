"""The transports of providers: one for each, of this process, as long as the provider."""

from __future__ import annotations

import os
import weakref

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeAlias

from mailcore.flow import Transport
from mailcore.foundation.forking import ForkSafeLock
from mailcore.http.redirect_variable import redirect_target
from mailcore.pools.composite import CompositeProvider
from mailcore.provider import Provider


_Transports: TypeAlias = "weakref.WeakKeyDictionary[Provider[Any, Any], Transport]"
_Redirections: TypeAlias = "weakref.WeakKeyDictionary[Provider[Any, Any], tuple[str, Transport]]"


class Transports:
    """
    Transports by provider; a process that was forked neither uses nor closes its parent's.

    Args:
        create: Makes the transport of a provider.
        lock: Held while one is looked up or made: that of whoever asks, since making one may ask
            it for something else.
    """

    def __init__(
        self, create: Callable[[Provider[Any, Any]], Transport], lock: ForkSafeLock
    ) -> None:
        self._create = create
        self._lock = lock
        self._process_id = os.getpid()
        self._own: _Transports = weakref.WeakKeyDictionary()
        self._redirections: _Redirections = weakref.WeakKeyDictionary()
        # Neither used nor closed, and not collected either.
        self._inherited: list[_Transports | _Redirections] = []

    def of(self, provider: Provider[Any, Any], given: Transport | None = None) -> Transport:
        """
        The transport of a provider; while ``MAILCORE_REDIRECT`` is set, one to that mailbox.

        Args:
            provider: The provider whose requests are to be sent.
            given: What a mailer was given instead of the provider's own.

        Raises:
            ConfigurationError: If the variable has no URL of this machine.
        """
        target = redirect_target() if provider.reaches_out else None
        if target is not None:
            return self._redirected(provider, target)
        if given is not None:
            return given
        with self._lock:
            transports = self._here()
            transport = transports.get(provider)
            if transport is None:
                transport = transports[provider] = self._create(provider)
            return transport

    def close(self, provider: Provider[Any, Any]) -> None:
        """
        Close that of a provider; the next use makes another. Of a pool, those of its members.

        All are closed, even if one of them raises.
        """
        with ExitStack() as all_of_them:
            if isinstance(provider, CompositeProvider):
                for member in provider.members:
                    all_of_them.callback(self.close, member.provider)
                return
            with self._lock:
                transport = self._here().pop(provider, None)
                redirected = self._redirections.pop(provider, None)
            if transport is not None:
                all_of_them.callback(transport.close)
            if redirected is not None:
                all_of_them.callback(redirected[1].close)

    def _redirected(self, provider: Provider[Any, Any], target: str) -> Transport:
        with self._lock:
            self._here()
            known, transport = self._redirections.get(provider, ("", None))
            if transport is None or known != target:
                transport = provider.redirected(target)
                self._redirections[provider] = (target, transport)
            return transport

    def _here(self) -> _Transports:
        if self._process_id != os.getpid():
            self._inherited += [self._own, self._redirections]
            self._redirections = weakref.WeakKeyDictionary()
            self._own = weakref.WeakKeyDictionary()
            self._process_id = os.getpid()
        return self._own
