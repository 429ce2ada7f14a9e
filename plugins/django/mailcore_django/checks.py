"""
``manage.py check``: what is wrong with the settings of mail, each by the name of the setting.

====================  ============================================================================
``mailcore_django.``  What it says
====================  ============================================================================
``E001``              ``MAILCORE`` has a key that nobody knows, or a value of the wrong type
``E002``              a mailer cannot be made: provider, option, default, secret
``E003``              the ``BACKEND`` of a mailer cannot be imported
``E004``              an alias stands in Django's ``MAILERS`` and in ``MAILCORE["MAILERS"]``
``E005``              a sender (``DEFAULT_FROM_EMAIL``, ``SERVER_EMAIL``) is no address
``E006``              a webhook cannot be made, or trusts nobody and so refuses every request
``W001``              a sender is of ``localhost``, which services refuse
``W002``              the log mails errors by a mailer that raises if the provider is down
``W003``              a setting of another package is left: what it is here
``W004``              ``MAILCORE`` names a provider, and nothing sends through it
``W005``              (``--deploy``) a provider delivers nothing: ``console``, ``memory``, …
``W006``              an app, a receiver or an address of another package is left
``W007``              no address of ``ROOT_URLCONF`` leads to a webhook of ``MAILCORE["WEBHOOKS"]``
``W008``              ``EMAIL_HOST`` is set, and the provider ``smtp`` does not read it
====================  ============================================================================

Nothing is sent, and no connection opened.
"""

from __future__ import annotations

import inspect
import logging
import os

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.utils.log import AdminEmailHandler
from django.utils.module_loading import import_string

from mailcore import Address, ConfigurationError, MessageError, Provider
from mailcore_django.addresses import unreachable
from mailcore_django.aliases import are_replaced_by_tests, every_mailer, our_mailers
from mailcore_django.conf import SETTING, django_mailers, read_settings
from mailcore_django.configured import DEFAULT_ALIAS, configuration_of, mailers_of
from mailcore_django.moving.left_in_code import left_in_code
from mailcore_django.moving.queue_settings import left_of_queues
from mailcore_django.moving.reading import left_over
from mailcore_django.webhooks.configured import get_webhook


__all__ = ["check_deployment", "check_settings"]

_DELIVERS_NOTHING = ("console", "file", "memory", "null")
_ONE_BACKEND = (
    "write 'mailcore_django.EmailBackend', whatever sends: 'provider' in the OPTIONS, or "
    f"{SETTING}['PROVIDER'], names the provider"
)
_SMTP = "smtp"
_OTHERS = ("anymail.", "django_ses.", "mailer.", "post_office.")
_TRUST = (
    "webhook_secrets",
    "webhook_header_secrets",
    "webhook_signing_keys",
    "webhook_verification_keys",
    "accepts_bearer",
)


def check_settings(**_: object) -> list[CheckMessage]:
    """Everything but what only a deployment has to mind."""
    problems = read_settings(getattr(settings, SETTING, {}))[1]
    if problems:
        # Everything else reads it.
        return [_error(1, problem) for problem in problems]
    return [
        *_mailers(),
        *_senders(),
        *_logging(),
        *_left_over(),
        *_unused(),
        *_webhooks(),
        *_addresses(),
        *_host(),
    ]


def check_deployment(**_: object) -> list[CheckMessage]:
    """What may stand in a project on one's own machine only."""
    problems = read_settings(getattr(settings, SETTING, {}))[1]
    return [] if problems else list(_delivering_nothing())


def _error(number: int, text: str, hint: str | None = None) -> Error:
    return Error(text, hint=hint, id=f"mailcore_django.E{number:03}")


def _warning(number: int, text: str, hint: str | None = None) -> CheckWarning:
    return CheckWarning(text, hint=hint, id=f"mailcore_django.W{number:03}")


def _mailers() -> Iterator[CheckMessage]:
    own, _ = read_settings(getattr(settings, SETTING, {}))
    for alias in own.mailers:
        if alias in (django_mailers() or {}):
            text = f"the alias {alias!r} stands in MAILERS and in {SETTING}['MAILERS']"
            yield _error(4, text, f"take it out of {SETTING}['MAILERS']")
    for _, place, backend, _ in every_mailer():
        try:
            import_string(backend)
        except ImportError as error:
            text = f"{place}: BACKEND {backend!r} cannot be imported: {error}"
            is_guessed = backend.partition(".")[0] in ("mailcore", "mailcore_django")
            yield _error(3, text, _ONE_BACKEND if is_guessed else None)
    for alias, place, options in our_mailers():
        try:
            mailers_of(configuration_of(options, alias=alias))
        except ConfigurationError as error:
            yield _error(2, f"{place}: {error}")


def _providers() -> dict[str, Provider[Any, Any]]:
    """The providers of the mailers that can be made, by alias."""
    found = {}
    for alias, _, options in our_mailers():
        try:
            found[alias] = mailers_of(configuration_of(options, alias=alias)).provider
        except ConfigurationError:
            continue
    return found


def _senders() -> Iterator[CheckMessage]:
    providers = [each.name for each in _providers().values()]
    if not providers:
        return
    for name in ("DEFAULT_FROM_EMAIL", "SERVER_EMAIL"):
        if name == "SERVER_EMAIL" and not (settings.ADMINS or settings.MANAGERS):
            continue
        try:
            sender = Address.parse(str(getattr(settings, name)), field=name)
        except MessageError as error:
            yield _error(5, f"{name} is no address: {error}")
            continue
        is_local = sender.domain == "localhost" or "." not in sender.domain
        if is_local and any(each not in _DELIVERS_NOTHING for each in providers):
            text = f"{name} is an address of {sender.domain!r}: services refuse such senders"
            yield _warning(1, text, f"set {name} to an address of a domain of yours")


def _handlers() -> Iterator[AdminEmailHandler]:
    """The handlers of the log that mail what they are told."""
    loggers: list[object] = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, AdminEmailHandler):
                yield handler


def _logging() -> Iterator[CheckMessage]:
    # Without MAILERS, Django's handler fails silently by itself.
    if django_mailers() is None or not settings.ADMINS:
        return
    silent = {
        alias: bool(options.get("fail_silently")) or _common_silence()
        for alias, _, options in our_mailers()
    }
    used = {getattr(handler, "using", None) or DEFAULT_ALIAS for handler in _handlers()}
    for alias in sorted(used):
        if silent.get(alias, True):
            continue
        text = (
            f"the log mails errors to ADMINS by MAILERS[{alias!r}], which raises if the provider "
            "is down: a view that fails then gives no page at all, and a password reset breaks"
        )
        hint = (
            f"set MAILERS[{alias!r}]['OPTIONS']['fail_silently'] to True; or name a mailer of its "
            "own, which has that, as 'using' of the handler in LOGGING"
        )
        yield _warning(2, text, hint)


def _common_silence() -> bool:
    own, _ = read_settings(getattr(settings, SETTING, {}))
    return own.fail_silently


def _left_over() -> Iterator[CheckMessage]:
    backends = [backend for _, _, backend, _ in every_mailer()]
    if any(each.startswith(_OTHERS) for each in backends):
        return  # they are in use
    if not any(True for _ in our_mailers()):
        return
    for place, advice in left_over():
        yield _warning(3, f"{place} is left from another package: {advice}", "take it out")
    for place, instead in left_of_queues():
        text = f"{place} is left from another package: what there is instead is {instead}"
        yield _warning(3, text, "take it out")
    for place, advice in left_in_code():
        yield _warning(6, f"{place}, and no mailer is one of that package", advice)


def _unused() -> Iterator[CheckMessage]:
    own, _ = read_settings(getattr(settings, SETTING, {}))
    if are_replaced_by_tests():
        return
    if own.provider and not any(True for _ in our_mailers()):
        text = f"{SETTING}['PROVIDER'] is set, and no mailer sends through mailcore"
        setting = "EMAIL_BACKEND" if django_mailers() is None else "the BACKEND of a mailer"
        yield _warning(4, text, f"set {setting} to 'mailcore_django.EmailBackend'")


def _webhooks() -> Iterator[CheckMessage]:
    own, _ = read_settings(getattr(settings, SETTING, {}))
    for name, options in own.webhooks.items():
        place = f"{SETTING}['WEBHOOKS'][{name!r}]"
        try:
            webhook = get_webhook(name)
        except ConfigurationError as error:
            text = str(error)
            yield _error(6, text if text.startswith(place) else f"{place}: {text}")
            continue
        wanted = _trusting(webhook.provider) if webhook is not None else ()
        provider = str(options.get("provider", name))
        if wanted and not any(_is_given(each, options, provider) for each in wanted):
            text = f"{place} trusts nobody: every request is refused"
            yield _error(6, text, f"give it {' or '.join(wanted)}")


def _addresses() -> Iterator[CheckMessage]:
    if not getattr(settings, "ROOT_URLCONF", ""):
        return
    own, _ = read_settings(getattr(settings, SETTING, {}))
    missing = unreachable(own.webhooks) if own.webhooks else []
    if missing:
        names = ", ".join(map(repr, missing))
        text = f"no address leads to {SETTING}['WEBHOOKS'] of {names}: nothing reported is heard"
        yield _warning(7, text, "add path('mail/', include('mailcore_django.urls')) to the URLs")


def _host() -> Iterator[CheckMessage]:
    # With MAILERS, Django itself refuses it.
    if django_mailers() is not None or not settings.is_overridden("EMAIL_HOST"):
        return
    for alias, _, options in our_mailers():
        try:
            configuration = configuration_of(options, alias=alias)
        except ConfigurationError:
            continue  # E002
        if configuration.provider != _SMTP or _is_given("host", configuration.options, _SMTP):
            continue
        text = (
            f"EMAIL_HOST is for Django's own backend: the mailer {alias!r} does not read it, and "
            "sends through 'localhost'"
        )
        hint = (
            f"give the provider {_SMTP!r} its host, and as far as they are needed port, username, "
            "password and security, in the OPTIONS"
        )
        yield _warning(8, text, hint)


def _trusting(provider: Provider[Any, Any]) -> tuple[str, ...]:
    """The options that say whom webhooks trust: one of them is needed."""
    names = list(inspect.signature(type(provider).__init__).parameters)
    topics = [name for name in names if name.startswith("topic_") and name != "topic_name"]
    return (*topics, *(name for name in names if name in _TRUST))


def _is_given(option: str, options: Mapping[str, object], provider: str) -> bool:
    variable = f"MAILCORE_{provider}_{option}".upper().replace("-", "_")
    return bool(options.get(option) or os.environ.get(variable))


def _delivering_nothing() -> Iterable[CheckMessage]:
    for alias, provider in _providers().items():
        if provider.name in _DELIVERS_NOTHING:
            text = (
                f"the mailer {alias!r} has the provider {provider.name!r}, which delivers nothing"
            )
            yield _warning(5, text, "name the provider of a service")


def connect() -> None:
    """Have Django run the checks."""
    register(check_settings, "mailcore")
    register(check_deployment, "mailcore", deploy=True)
