"""
Tests of projects: mail that stays, and that the provider could have sent.

Django's test runner puts ``mail.outbox`` in the place of every backend, which takes any message.
Here the message goes the whole way to the provider but for the network: what it cannot express
raises in the test as it would at night. ``mail.outbox`` is filled all the same::

    @override_mailers()
    class SignUpTests(TestCase):
        def test_welcome(self):
            self.client.post("/sign-up/", {"email": "ada@example.net"})

            sent().assert_sent(count=1, to="ada@example.net", subject="Welcome")
            assert mail.outbox[0].tags == ["welcome"]

With pytest, the fixture ``mailcore_mail`` is :func:`override_mailers` and :func:`sent` in one.

What a provider would answer is invented: every recipient is queued. ``message.mailcore_answer``
gives another answer: an exception, which is raised, or statuses by address.
"""

from __future__ import annotations

import copy

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

import django

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings
from django.test import utils as django_test
from django.test.utils import TestContextDecorator

from mailcore import (
    ConfigurationError,
    Message,
    RecipientsRefused,
    RecipientStatus,
    Registry,
    SendResult,
    SendStatus,
)
from mailcore.foundation import ForkSafeLock
from mailcore.result import RecipientStatuses
from mailcore.testing import Outbox, capture
from mailcore_django import backend
from mailcore_django.conf import BACKEND, SETTING, django_mailers, get_settings
from mailcore_django.configured import DEFAULT_ALIAS, Mailers, configuration_of
from mailcore_django.moving.reading import email_backend
from mailcore_django.status import AnymailStatus


__all__ = ["EmailBackend", "override_mailers", "sent"]

TEST_BACKEND = "mailcore_django.test.EmailBackend"
_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@dataclass(frozen=True)
class _Kept:
    """A registry whose mailers keep what they are given."""

    registry: Registry
    outbox: Outbox
    until: ExitStack


_lock = ForkSafeLock()
_kept: list[_Kept] = []


def _keeping() -> _Kept:
    with _lock:
        if not _kept:
            registry = Registry()
            # Never left: its mailers must not reach a network.
            until = ExitStack()
            _kept.append(_Kept(registry, until.enter_context(capture(registry)), until))
        return _kept[0]


class EmailBackend(backend.EmailBackend):
    """
    Takes what the configured provider could send, and puts it into ``mail.outbox``.

    A message there has ``mailcore_message``, which is what the provider would have been given, and
    ``mailcore_result``. The arguments are those of :class:`mailcore_django.EmailBackend`.
    """

    def _mailers(self) -> Mailers:
        configuration = configuration_of(self.options, alias=self.alias)
        return Mailers(configuration, registry=_keeping().registry)

    def _deliver(self, mailers: Mailers, mail: Message, message: EmailMessage) -> SendResult:
        answer = vars(message).get("mailcore_answer")
        if isinstance(answer, Exception):
            raise answer
        result = mailers.mailer.send(mail)
        given = _keeping().outbox.last
        if isinstance(answer, Mapping):
            result = _answered(result, answer)
        self._keep(message, given, result)
        return result

    async def _adeliver(self, mailers: Mailers, mail: Message, message: EmailMessage) -> SendResult:
        # Nothing is waited for.
        return self._deliver(mailers, mail, message)

    def _keep(self, message: EmailMessage, given: Message, result: SendResult) -> None:
        if not hasattr(mail, "outbox"):
            cast("Any", mail).outbox = []
        kept: Any = copy.deepcopy(message)
        kept.mailcore_message = given
        kept.mailcore_result = result
        kept.anymail_status = AnymailStatus(result)
        if self.alias is not None:
            # As Django's own has it from 6.1 on.
            kept.sent_using = self.alias
        mail.outbox.append(kept)


def _answered(result: SendResult, answer: Mapping[str, RecipientStatus | SendStatus | str]) -> Any:
    statuses = dict(result.recipients.items())
    for address, given in answer.items():
        status = given if isinstance(given, RecipientStatus) else None
        made = status or RecipientStatus(SendStatus(given), message_id=None)
        statuses[next(each for each in statuses if each.lower() == address.lower())] = made
    changed = replace(result, recipients=RecipientStatuses(statuses))
    if not changed.accepted:
        raise RecipientsRefused("every recipient was refused", result=changed)
    return changed


class _Sent(list[Message]):
    """What the provider would have been given of each message in ``mail.outbox``."""

    def __init__(self) -> None:
        made: Sequence[Any] = getattr(mail, "outbox", ())
        ours = [each.mailcore_message for each in made if hasattr(each, "mailcore_message")]
        if made and not ours:
            raise ConfigurationError(
                f"mail.outbox has {len(made)} messages, all of Django's own backend, and sent() "
                "tells of mailcore's alone: decorate the test with @override_mailers()"
            )
        super().__init__(ours)


def sent() -> Outbox:
    """
    What was sent so far, with assertions: see :class:`mailcore.testing.Outbox`.

    Its messages are mailcore's, with the mailer's defaults; Django's are in ``mail.outbox``.

    Raises:
        ConfigurationError: If mail was sent, and all of it without :class:`override_mailers`.
    """
    return Outbox(_Sent())


class override_mailers(TestContextDecorator):  # noqa: N801  # as Django calls its own
    """
    Has every mailer of mailcore's check what its provider could send, and keep it.

    A decorator of tests and of classes of tests, and a context manager, as Django's
    ``override_settings``.

    Args:
        options: The provider and its options, for all of the mailers; if none are given, each has
            those of the settings.

    Raises:
        ConfigurationError: When it is entered: no mailer of the settings is mailcore's, and no
            options are given.
    """

    def __init__(self, **options: object) -> None:
        self._given = options
        super().__init__()

    def enable(self) -> None:
        """Change the settings, and begin with an empty ``mail.outbox``."""
        self._changed = override_settings(**self._changes())
        self._changed.enable()
        self._before = getattr(mail, "outbox", None)
        cast("Any", mail).outbox = []

    def disable(self) -> None:
        """Put the settings back as they were."""
        self._changed.disable()
        if self._before is None:
            del cast("Any", mail).outbox
        else:
            cast("Any", mail).outbox = self._before

    def _changes(self) -> dict[str, Any]:
        from_django = _mailers_before_tests()
        changes: dict[str, Any] = {}
        if from_django is not None:
            changes["MAILERS"] = {
                alias: self._entry(str(entry.get("BACKEND", "")), entry.get("OPTIONS", {}))
                for alias, entry in from_django.items()
            }
            found = [entry["BACKEND"] for entry in changes["MAILERS"].values()]
        else:
            chosen = TEST_BACKEND if self._given or _is_ours(_backend_before_tests()) else _LOCMEM
            changes["EMAIL_BACKEND"] = chosen
            found = [chosen]
        own = get_settings()
        mailcore = dict(getattr(settings, SETTING, {}))
        if own.mailers:
            mailcore["MAILERS"] = {
                alias: self._entry(each.backend, each.options)
                for alias, each in own.mailers.items()
            }
            found += [entry["BACKEND"] for entry in mailcore["MAILERS"].values()]
        if self._given and from_django is None:
            given = dict(self._given)
            mailcore["PROVIDER"] = given.pop("provider", "")
            mailcore["OPTIONS"] = given
        changes[SETTING] = mailcore
        if TEST_BACKEND not in found:
            raise ConfigurationError(
                f"no mailer of the settings is {BACKEND}: name the provider that the tests are "
                "for, as in override_mailers(provider='ses')"
            )
        return changes

    def _entry(self, path: str, options: object) -> dict[str, Any]:
        if self._given:
            return {"BACKEND": TEST_BACKEND, "OPTIONS": self._given}
        if _is_ours(path):
            return {"BACKEND": TEST_BACKEND, "OPTIONS": options}
        return {"BACKEND": _LOCMEM}


def _is_ours(path: str) -> bool:
    return path in {BACKEND, TEST_BACKEND, f"{backend.__name__}.EmailBackend"}


def _saved(name: str) -> Any:
    """What Django's test runner found, before it put its own backend in place."""
    state = getattr(django_test, "_TestState", None)
    return getattr(getattr(state, "saved_data", None), name, None)


def _mailers_before_tests() -> Mapping[str, Mapping[str, object]] | None:
    saved = _saved("mailers")
    found = saved if isinstance(saved, Mapping) else django_mailers()
    if found is None and django.VERSION >= (6, 1) and not settings.is_overridden("EMAIL_BACKEND"):
        # Nothing says how mail is sent: not by a setting that is deprecated, then.
        return {DEFAULT_ALIAS: {}}
    return found


def _backend_before_tests() -> str:
    return _saved("email_backend") or email_backend()
