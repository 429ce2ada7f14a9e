"""What projects test with: mail that is checked as the provider would, and kept."""

from __future__ import annotations

import asyncio
import unittest

import django
import pytest

from django.core import mail
from django.core.mail import EmailMessage, send_mail
from django.test import SimpleTestCase
from django.test.utils import setup_test_environment, teardown_test_environment

from mailcore import (
    ConfigurationError,
    ProviderUnavailable,
    RecipientsRefused,
    UnsupportedFeature,
)
from mailcore_django import MailcoreMessage, asend, send
from mailcore_django.checks import check_settings
from mailcore_django.test import override_mailers, sent


HAS_MAILERS = django.VERSION >= (6, 1)
BACKEND = "mailcore_django.EmailBackend"
POSTMARK = {"provider": "postmark", "server_token": "s3cr3t"}


@pytest.fixture
def project(django_settings):
    """A project that sends through Postmark, with an alias for its newsletter."""
    options = {**POSTMARK, "defaults": {"tags": ["shop"]}}
    entries = {"news": {"BACKEND": BACKEND, "OPTIONS": {"provider": "ses", "region_name": "x"}}}
    if HAS_MAILERS:
        django_settings(MAILERS={"default": {"BACKEND": BACKEND, "OPTIONS": options}, **entries})
    else:
        django_settings(
            EMAIL_BACKEND=BACKEND,
            MAILCORE={
                "PROVIDER": "postmark",
                "OPTIONS": {"server_token": "s3cr3t"},
                "DEFAULTS": {"tags": ["shop"]},
                "MAILERS": entries,
            },
        )


def message(**attributes):
    """A message with mailcore's attributes."""
    attributes = {"to": ["ada@example.net"], **attributes}
    return MailcoreMessage("Welcome", "Hello Ada", "shop@example.com", **attributes)


def test_mail_is_kept(project):
    """In Django's outbox, with what the provider would have been given."""
    with override_mailers():
        assert 1 == send_mail("Welcome", "Hello", None, ["ada@example.net"])
        sent().assert_sent(count=1, to="ADA@example.net", subject="Welcome", tag="shop")

        (kept,) = mail.outbox
        assert ("Welcome", {"queued"}) == (kept.subject, kept.anymail_status.status)
        assert "shop" in kept.mailcore_message.tags
        assert kept.mailcore_result.message_id


def test_what_the_provider_cannot_express_is_raised(project):
    """Postmark takes one tag; Django's own backend for tests would take any."""
    with override_mailers(), pytest.raises(UnsupportedFeature):
        message(tags=["a", "b", "c"]).send()


def test_the_fixture(project, mailcore_mail):
    """The same with pytest."""
    message().send()
    mailcore_mail().assert_sent(count=1, body_contains="Ada")
    asyncio.run(asend(message()))
    mailcore_mail().assert_sent(count=2)


def test_aliases(project):
    """Each is checked as its own provider."""
    with override_mailers():
        assert 1 == send(message(tags=["a", "b", "c"]), using="news")
        (kept,) = mail.outbox
        assert ("news", "ses") == (kept.sent_using, kept.mailcore_result.provider)


def test_a_provider_that_the_test_names():
    """For a project whose settings for tests have none."""
    with override_mailers(provider="postmark", server_token="x"):
        send_mail("Welcome", "Hello", "shop@example.com", ["ada@example.net"])
        sent().assert_sent(count=1)


def test_settings_without_mailcore(django_settings):
    """Nothing to check against is a mistake of the test."""
    other = "django.core.mail.backends.dummy.EmailBackend"
    if HAS_MAILERS:
        django_settings(MAILERS={"default": {"BACKEND": other}})
    else:
        django_settings(EMAIL_BACKEND=other)

    with pytest.raises(ConfigurationError, match="override_mailers"), override_mailers():
        pass


def test_within_a_test_run_of_django(project):
    """Which has put its own backend in place before."""
    had = getattr(mail, "outbox", None)
    setup_test_environment()
    try:
        with override_mailers(), pytest.raises(UnsupportedFeature):
            message(tags=["a", "b", "c"]).send()
        assert [] == mail.outbox
        # `manage.py test` runs the checks then.
        assert [] == [each for each in check_settings() if each.id.endswith("W004")]
    finally:
        teardown_test_environment()
    assert had is None


def test_mail_that_was_sent_past_the_tests_of_mailcore(project):
    """Without the decorator there would be nothing, and `assert_nothing_sent()` would hold."""
    setup_test_environment()
    try:
        assert [] == list(sent())
        message().send()
        with pytest.raises(ConfigurationError, match=r"has 1 messages.*@override_mailers"):
            sent()
    finally:
        teardown_test_environment()


def test_answers(project):
    """An error, or statuses by address."""
    with override_mailers():
        failing = message()
        failing.mailcore_answer = ProviderUnavailable("down")
        with pytest.raises(ProviderUnavailable):
            failing.send()

        partly = message(to=["ada@example.net", "bob@example.net"])
        partly.mailcore_answer = {"Bob@example.net": "rejected"}
        assert 1 == partly.send()
        assert {"queued", "rejected"} == partly.anymail_status.status

        refused = message()
        refused.mailcore_answer = {"ada@example.net": "invalid"}
        with pytest.raises(RecipientsRefused):
            refused.send()
        assert {"invalid"} == refused.anymail_status.status


def test_a_class_of_tests(project, outbox):
    """Each test of it begins with an empty outbox."""

    @override_mailers()
    class SignUpTests(SimpleTestCase):
        def test_first(self):
            EmailMessage("Hi", "x", "a@example.com", ["b@example.net"]).send()
            sent().assert_sent(count=1)

        test_second = test_first

    loaded = unittest.defaultTestLoader.loadTestsFromTestCase(SignUpTests)
    result = unittest.TestResult()
    loaded.run(result)

    assert (2, [], []) == (result.testsRun, result.errors, result.failures)


def test_everything_is_put_back(project):
    """Settings and outbox."""
    with override_mailers():
        pass

    assert not hasattr(mail, "outbox")
    assert [] == list(sent())
