"""What the setting ``MAILCORE`` says: values whose types were checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailcore.outbox import OutboxPolicy


__all__ = [
    "BACKEND",
    "SETTING",
    "DashboardSettings",
    "LogSettings",
    "MailcoreSettings",
    "MailerSettings",
    "OutboxSettings",
]

SETTING = "MAILCORE"
BACKEND = "mailcore_django.EmailBackend"


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """
    ``MAILCORE["LOG"]``: what the app ``mailcore_django.log`` keeps of messages.

    Args:
        bodies: Whether whole messages are kept; without them none can be sent again.
        subjects: Whether subjects are kept.
        details: Whether of an open or a click are kept the link, the IP address and the browser.
        keep_days: How many days anything is kept.
    """

    bodies: bool = False
    subjects: bool = True
    details: bool = False
    keep_days: int = 30


@dataclass(frozen=True, kw_only=True)
class OutboxSettings:
    """
    ``MAILCORE["OUTBOX"]``: how the app ``mailcore_django.outbox`` keeps mail and sends it.

    Args:
        databases: The aliases of the databases that mail is kept in, each with the tables. A
            message goes into the one whose transaction is open, else into the first. None for the
            one that the project's routers name.
        keep_days: How many days it is remembered what became of a message.
        policy: How workers send again, and for how long; its fields are keys of the setting.
    """

    databases: tuple[str, ...] = ()
    keep_days: int = 30
    policy: OutboxPolicy = field(default_factory=OutboxPolicy)


@dataclass(frozen=True, kw_only=True)
class DashboardSettings:
    """
    ``MAILCORE["DASHBOARD"]``: how the app ``mailcore_django.dashboard`` asks providers.

    Args:
        cache_seconds: How many seconds an answer is shown again before the provider is asked.
        cache: The alias in ``CACHES`` of the cache that answers are kept in.
        identities: How many identities are asked for their DKIM, each of which is a call.
        suppressed: How many suppressed addresses are looked at.
    """

    cache_seconds: int = 300
    cache: str = "default"
    identities: int = 10
    suppressed: int = 1000


@dataclass(frozen=True, kw_only=True)
class MailerSettings:
    """
    One entry of ``MAILERS``, Django's or that of ``MAILCORE``.

    Args:
        backend: The dotted path of the backend's class.
        options: What the backend is made with, apart from its alias.
    """

    backend: str = BACKEND
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class MailcoreSettings:
    """
    The setting ``MAILCORE``, its values checked for their types.

    Args:
        provider: Name or URL of the provider of mailers that name none.
        options: Options of that provider; they may hold secrets.
        defaults: Fields that every message has unless it says otherwise.
        defaults_by_provider: Defaults that hold for single providers only, by their names.
        unsupported: What to do with features that a provider lacks, by feature.
        policies: The name of a stack of policies, a dotted path, or a list of policies and dotted
            paths; None for none.
        middleware: Functions, their dotted paths, or names that extensions registered.
        fail_silently: Whether a message that cannot be sent is logged instead of raised.
        mailers: The mailers by alias, for Django before 6.1, which has no setting ``MAILERS``.
        webhooks: The options that webhooks are received with, by provider.
        log: What the optional app keeps.
        outbox: How mail is kept that is sent after the commit; None if it is sent at once.
        scopes: Tags that name a list, which somebody may have left: for the optional app
            ``mailcore_django.suppression``.
        dashboard: How the optional dashboard asks providers.
    """

    provider: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    defaults: Mapping[str, object] = field(default_factory=dict, repr=False)
    defaults_by_provider: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict, repr=False
    )
    unsupported: Mapping[str, str] = field(default_factory=dict)
    policies: str | tuple[object, ...] | None = None
    middleware: tuple[object, ...] = ()
    fail_silently: bool = False
    mailers: Mapping[str, MailerSettings] = field(default_factory=dict)
    webhooks: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    log: LogSettings = field(default_factory=LogSettings)
    outbox: OutboxSettings | None = None
    scopes: frozenset[str] = frozenset()
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
