"""
boto3's clients: one for each service and region, made once in a process.

A client belongs to the process that made it: a forked child that shared its sockets would read the
parent's answers, and one that shared its locks could wait for a thread that it does not have. So a
child makes clients anew, and no process forks while a client is made here.

botocore's own retries are off: its default sends again after a read timeout, when SES may have sent
the mail already.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import os

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mailcore.errors import ConfigurationError, SendError
from mailcore.http import USER_AGENT
from mailcore_ses.aws.call import SES, SES_V1
from mailcore_ses.aws.sessions import making, shared_session


logger = logging.getLogger("mailcore_ses.clients")

_SERVICES = (SES, SES_V1)

_NEEDED = (
    "boto3",
    "botocore.config",
    "botocore.response",
    "mailcore_ses.aws.call_errors",
    "mailcore_ses.aws.connections",
    "encodings.idna",  # by looking up a host
)


def load() -> None:
    """
    Import what making a client and using it needs.

    A thread that outlives the main one can no longer import boto3 for the first time.
    """
    with making:
        for name in _NEEDED:
            importlib.import_module(name)


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """
    How to make boto3 clients; see :class:`~mailcore_ses.provider.SesProvider` for each.

    Credentials may be among them, so the repr shows the region only.
    """

    region_name: str | None = None
    endpoint_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: Any = field(default=None, repr=False)
    session_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    client: Any = field(default=None, repr=False)
    client_parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0
    max_pool_connections: int = 50
    redirected_to: str | None = field(default=None, repr=False)


class Clients:
    """
    Makes clients, and keeps them for this process.

    Args:
        settings: What the clients are made with.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._kept = _Kept(settings.session)

    def get(
        self, service: str = SES, region_name: str | None = None, *, validates: bool = True
    ) -> Any:
        """
        The client for a service, made at first use.

        Args:
            service: The service, as boto3 names it.
            region_name: The region of the client; None for that of the settings.
            validates: Whether it holds parameters against the service's model.

        Raises:
            ConfigurationError: If the settings make no client.
            SendError: If credentials or a region are missing.
        """
        key = (service, region_name, validates)
        kept = self._of_this_process()
        client = kept.clients.get(key)
        if client is None:
            with making:
                client = kept.clients.get(key)
                if client is None:
                    client = self._made(kept, service, region_name, validates=validates)
                    kept.clients[key] = client
        return client

    def method(
        self, service: str, operation: str, region_name: str | None, *, validates: bool
    ) -> Any:
        """
        The method of a client that makes an operation's calls.

        Raises:
            ConfigurationError, SendError: As :meth:`get`.
        """
        kept = self._of_this_process()
        # Who has hooked something into the client that they were given expects it to be called.
        validates = validates or kept.is_hooked
        key = (service, operation, region_name, validates)
        method = kept.methods.get(key)
        if method is None:
            client = self.get(service, region_name, validates=validates)
            from botocore import xform_name

            method = kept.methods[key] = getattr(client, xform_name(operation))
        return method

    @property
    def is_hooked(self) -> bool:
        """Whether somebody has registered a handler with a client that was made here."""
        return self._of_this_process().is_hooked

    def is_watched(self, client: Any) -> bool:
        """Whether the connections of a client note how far a call has come."""
        return not any(each is client for each in self._kept.unwatched)

    def close(self) -> None:
        """Close all connections but those of a client that was given."""
        kept, self._kept = self._kept, _Kept(self._settings.session)
        if kept.pid != os.getpid():
            return
        for client in list(kept.clients.values()):
            if client is not self._settings.client:
                client.close()

    def _of_this_process(self) -> _Kept:
        if self._kept.pid == os.getpid():
            return self._kept
        with making:
            if self._kept.pid != os.getpid():
                from mailcore_ses.aws.connections import (
                    leave_inherited_connections,
                    renew_connections,
                )

                leave_inherited_connections()
                if self._settings.client is not None and self._kept.clients:
                    renew_connections(self._settings.client)
                self._kept = _Kept(self._settings.session, before=self._kept)
            return self._kept

    def _made(self, kept: _Kept, service: str, region_name: str | None, *, validates: bool) -> Any:
        from botocore.exceptions import BotoCoreError

        from mailcore_ses.aws import call_errors

        try:
            client = self._new(kept, service, region_name, validates=validates)
        except BotoCoreError as error:
            raise call_errors.of_setup(error) from None
        except (ConfigurationError, SendError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever boto3 raises of odd arguments
            # Not chained: the cause repeats what it was given, such as a URL with a password.
            raise ConfigurationError(call_errors.setup_text(service, error)) from None
        from mailcore_ses.aws.connections import watch

        if not watch(client):
            kept.unwatched.append(client)
            logger.warning(
                "this botocore has other connections: more failures than usual will be reported "
                "as maybe accepted"
            )
        if service in _SERVICES:
            kept.note_hooks(client)
        return client

    def _new(self, kept: _Kept, service: str, region_name: str | None, *, validates: bool) -> Any:
        settings = self._settings
        if _is_of(settings.client, service):
            return _without_retries(settings.client)
        import boto3

        if kept.session is None:
            made = boto3.session.Session
            check_names("session_parameters", settings.session_parameters, made)
            kept.session = shared_session(made, settings.session_parameters)
        parameters = dict(settings.client_parameters)
        check_names("client_parameters", parameters, kept.session.client, but=("service_name",))
        config = _config(settings, parameters.pop("config", None), validates=validates)
        parameters.setdefault("region_name", settings.region_name)
        if service in _SERVICES and settings.client is not None:
            # Both versions of the API live at one address.
            given = settings.client.meta
            parameters |= {"region_name": given.region_name, "endpoint_url": given.endpoint_url}
        elif parameters["region_name"] is None and settings.client is not None:
            parameters["region_name"] = settings.client.meta.region_name
        if region_name is not None:
            parameters["region_name"] = region_name
        # An endpoint is one service's: SES's must not receive what is meant for SNS.
        endpoint_url = parameters.pop("endpoint_url", None)
        if service in _SERVICES:
            endpoint_url = settings.endpoint_urls.get(SES, endpoint_url)
        else:
            endpoint_url = settings.endpoint_urls.get(service)
        # No service is asked itself then, whichever it is.
        endpoint_url = settings.redirected_to or endpoint_url
        return kept.session.client(service, config=config, endpoint_url=endpoint_url, **parameters)


class _Kept:
    """What was made by one process."""

    def __init__(self, session: Any, before: _Kept | None = None) -> None:
        self.pid = os.getpid()
        self.session = session
        self.clients: dict[tuple[str, str | None, bool], Any] = {}
        self.methods: dict[tuple[str, str, str | None, bool], Any] = {}
        self.unwatched: list[Any] = []
        self.is_hooked = False
        # Forgetting the parent's clients would take locks that its threads may hold.
        self.before = before

    def note_hooks(self, client: Any) -> None:
        """Note when a handler is registered with a client from now on, as Stubber does it, too."""
        events = client.meta.events
        for name in ("register", "register_first", "register_last"):
            setattr(events, name, partial(self._hooked, getattr(events, name)))

    def _hooked(self, register: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.is_hooked = True
        return register(*args, **named)


def check_names(
    option: str, given: Mapping[str, Any], made: Any, but: tuple[str, ...] = ()
) -> None:
    """
    Hold the names of further arguments against what takes them.

    Args:
        option: The name of the provider's option, for the text.
        given: The arguments by name.
        made: The function or class that takes them.
        but: Names that are not for the option to give.

    Raises:
        ConfigurationError: If one of them is not known there.
    """
    parameters = inspect.signature(made).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return
    known = [name for name in parameters if name not in ("self", *but)]
    _refuse_unknown(option, given, known)


def _refuse_unknown(option: str, given: Mapping[str, Any], known: list[str]) -> None:
    for name in given:
        if name in known:
            continue
        from difflib import get_close_matches

        close = get_close_matches(str(name), known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        raise ConfigurationError(f"ses: {option} has no {str(name)[:60]!r}: {hint}")


def _config(settings: ClientSettings, given: Any, *, validates: bool) -> Any:
    """Our defaults, overridden by the user's Config or dict, but never retries."""
    import boto3
    import botocore

    from botocore.config import Config

    versions = f"boto3/{boto3.__version__} botocore/{botocore.__version__}"
    config = Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        max_pool_connections=settings.max_pool_connections,
        # Made once: botocore would put its own together twice for each call.
        user_agent=f"{USER_AGENT} {versions}",
    )
    if isinstance(given, Mapping):
        _refuse_unknown("client_parameters['config']", given, list(Config.OPTION_DEFAULTS))
        given = Config(**given)
    if given is not None:
        if not isinstance(given, Config):
            raise ConfigurationError(
                "ses: client_parameters['config'] must be a botocore Config or a mapping, "
                f"not {type(given).__name__}"
            )
        config = config.merge(given)
    if settings.redirected_to is not None:
        config = config.merge(Config(proxies={}))
    if not validates:
        config = config.merge(Config(parameter_validation=False))
    return config.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


def _is_of(client: Any, service: str) -> bool:
    return client is not None and client.meta.service_model.service_name == service


def _without_retries(client: Any) -> Any:
    """Switch off the retries of a client that was given: they could send a mail twice."""
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(
        f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}"
    )
    return client
