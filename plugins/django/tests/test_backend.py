"""The backend: Django's contract for one, and what becomes of messages that fail."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import re
import threading
import warnings

import django
import pytest

from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, mail_admins, send_mail

import mailcore_django

from mailcore import (
    CancelSend,
    InvalidAddress,
    NetworkError,
    ProviderUnavailable,
    RecipientsRefused,
)
from mailcore_django import EmailBackend, asend, get_provider, mailers, send
from mailcore_django.configured import known_aliases
from mailcore_django.signals import post_send, pre_send, send_failed


FAILING = {"provider": "memory", "middleware": ["shop_middleware.failing"]}
HAS_MAILERS = django.VERSION >= (6, 1)


def message(subject="Hi", to="ada@example.net", **arguments):
    """A message that can be sent."""
    return EmailMessage(subject, "Hello", "shop@example.com", [to], **arguments)


def outbox_of(backend):
    """What the provider `memory` of a backend was given."""
    return backend.provider.outbox


@pytest.fixture
def listening():
    """Connects receivers for the time of a test."""
    connected = []

    def listen(signal, function):
        signal.connect(function, weak=False)
        connected.append((signal, function))
        return function

    yield listen
    for signal, function in connected:
        signal.disconnect(function)


@pytest.fixture
def through_django(django_settings):
    """Settings in which Django's own functions send through mailcore, without warnings."""

    def configure(**options):
        options.setdefault("provider", "memory")
        if HAS_MAILERS:
            entry = {"BACKEND": "mailcore_django.EmailBackend", "OPTIONS": options}
            django_settings(MAILERS={"default": entry})
        else:
            provider = options.pop("provider")
            silent = options.pop("fail_silently", False)
            django_settings(
                EMAIL_BACKEND="mailcore_django.EmailBackend",
                MAILCORE={"PROVIDER": provider, "OPTIONS": options, "FAIL_SILENTLY": silent},
            )

    return configure


def test_send_mail(through_django):
    """Django's functions send, and count."""
    through_django()

    count = send_mail("Hi", "Text", None, ["ada@example.net"], html_message="<p>HTML</p>")

    (sent,) = get_provider().outbox
    assert (1, "Text", "<p>HTML</p>") == (count, sent.text, sent.html)
    assert "Shop <shop@example.com>" == str(sent.from_email)


def test_mail_admins(through_django, django_settings):
    """The log's handler uses it."""
    through_django()
    admins = ["ada@example.net"] if django.VERSION >= (6, 0) else [("Ada", "ada@example.net")]
    django_settings(ADMINS=admins)

    mail_admins("Trouble", "Text")

    (sent,) = get_provider().outbox
    assert ("[Django] Trouble", "server@example.com") == (sent.subject, str(sent.from_email))


def test_a_backend_by_its_options():
    """Whoever makes one gives it options; it sends without any setting."""
    backend = EmailBackend(provider="memory", defaults={"tags": ["own"]})

    assert 2 == backend.send_messages([message(), message()])
    assert [("own",), ("own",)] == [each.tags for each in outbox_of(backend)]
    assert "Memory" == backend.esp_name


def test_a_generator_of_messages():
    """Any iterable will do; none is 0, not None."""
    backend = EmailBackend(provider="memory", defaults={"tags": ["generated"]})

    assert 3 == backend.send_messages(message() for _ in range(3))
    assert 0 == backend.send_messages([])
    assert 0 == backend.send_messages(iter(()))


def test_a_message_without_recipients_is_neither_sent_nor_counted():
    """`send_mass_mail` does not look."""
    backend = EmailBackend(provider="memory", defaults={"tags": ["nobody"]})

    assert 1 == backend.send_messages([EmailMessage("Hi", "x", "a@example.com", [""]), message()])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"provider": "memory", "tokn": 1}, "unknown option 'tokn'"),
        ({"provider": "postmark"}, "MAILCORE_POSTMARK_SERVER_TOKEN"),
        ({"provider": "memry"}, "memory"),
        ({}, "no provider is named: give one as 'provider' in MAILERS['news']['OPTIONS']"),
        (
            {"provider": "memory", "outbox": "yes"},
            "MAILERS['news']['OPTIONS']['outbox'] must be True or False, not str",
        ),
        ({"provider": "memory", "username": "ada"}, "unknown option"),
    ],
)
def test_wrong_options_are_djangos_error_as_well(options, told):
    """With the alias, as Django names an entry."""
    with pytest.raises(ImproperlyConfigured, match=re.escape(told)) as caught:
        EmailBackend(alias="news", fail_silently=True, **options)

    assert str(caught.value).startswith("MAILERS['news']: ")
    assert isinstance(caught.value, mailcore_django.MailerMisconfigured)


def test_what_django_gives_to_every_backend():
    """`send_mail` before 6.1 gives names that only SMTP has, and 6.1 in deprecated calls."""
    EmailBackend(provider="memory", username=None, password=None, fail_silently=False)
    EmailBackend(provider="memory", username=None, _ignore_unknown_kwargs={"username"})


def test_open_says_who_opened():
    """Who opened closes; connections are kept whoever closes."""
    backend = EmailBackend(provider="memory")

    assert (True, False) == (backend.open(), backend.open())
    backend.close()
    assert backend.open()
    with EmailBackend(provider="memory") as opened:
        assert 1 == opened.send_messages([message()])


def test_the_connection_is_kept():
    """Backends with the same options have the same mailer, so the same connections."""
    first, second = EmailBackend(provider="memory"), EmailBackend(provider="memory")

    assert first.provider is second.provider


def test_a_backend_that_outlives_its_settings(mailcore_settings):
    """It sends by the new ones, and not through connections that were closed with the old ones."""
    mailcore_settings(PROVIDER="memory")
    backend = EmailBackend()
    before = backend.provider
    mailcore_settings(PROVIDER="memory", DEFAULTS={"tags": ["new"]})

    assert 1 == backend.send_messages([message()])
    assert backend.provider is not before
    assert [("new",)] == [each.tags for each in outbox_of(backend)]


def test_threads_share_a_backend():
    """Sixteen threads send with one."""
    backend = EmailBackend(provider="memory", defaults={"tags": ["threads"]})
    counts = []
    threads = [
        threading.Thread(target=lambda: counts.append(backend.send_messages([message()] * 5)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ([5] * 16, 80) == (counts, len(outbox_of(backend)))


def test_a_sent_message_can_be_copied_and_pickled(through_django):
    """It keeps its backend, up to Django 6.0."""
    through_django()
    sent = message()
    sent.send()

    for copied in (copy.deepcopy(sent), pickle.loads(pickle.dumps(sent))):
        assert sent.mailcore_result == copied.mailcore_result
        assert 1 == copied.send()


def test_the_result_is_on_the_message():
    """mailcore's, and the same in django-anymail's words."""
    sent = message()

    EmailBackend(provider="memory").send_messages([sent])

    assert ("ada@example.net",) == sent.mailcore_result.accepted
    status = sent.anymail_status
    assert {"sent"} == status.status
    assert sent.mailcore_result.message_id == status.message_id
    assert ("sent", status.message_id) == (
        status.recipients["ada@example.net"].status,
        status.recipients["ada@example.net"].message_id,
    )


def test_a_batch_goes_on_after_a_failure_and_raises(caplog):
    """The first of several failures is raised, the others are logged; each message says its own."""
    backend = EmailBackend(**FAILING)
    batch = [message("one"), message("down"), message("two"), message("refused"), message("three")]

    with pytest.raises(ProviderUnavailable):
        backend.send_messages(batch)

    assert ["one", "two", "three"] == [each.subject for each in outbox_of(backend)]
    assert [True, False, True, False, True] == [
        bool(each.mailcore_result and each.mailcore_result.accepted) for each in batch
    ]
    assert {"rejected"} == batch[3].anymail_status.status
    (record,) = caplog.records
    assert record.getMessage() == "a message was not sent: nobody"


def test_a_message_that_is_wrong_does_not_keep_the_others():
    """It is refused before anything is sent of it."""
    backend = EmailBackend(**FAILING, defaults={"tags": ["wrong"]})

    with pytest.raises(InvalidAddress):
        backend.send_messages([message(to="nobody"), message()])

    assert 1 == len(outbox_of(backend))


def test_fail_silently_hides_failures_and_tells_the_log(caplog):
    """The count is of what was sent."""
    backend = EmailBackend(**FAILING, fail_silently=True, defaults={"tags": ["silent"]})

    with caplog.at_level(logging.WARNING):
        count = backend.send_messages([message("down"), message(), message(to="nobody")])

    assert (1, 2) == (count, len(caplog.records))
    down, wrong = (record.getMessage() for record in caplog.records)
    assert down == "a message was not sent: memory: it is down"
    assert wrong.startswith("a message was not sent: Invalid email address")
    assert {"mailcore.django"} == {record.name for record in caplog.records}
    assert "ada@example.net" not in caplog.text


def test_fail_silently_hides_no_bug():
    """What is not about mail is raised."""
    with pytest.raises(ZeroDivisionError):
        EmailBackend(**FAILING, fail_silently=True).send_messages([message("bug")])


def test_a_provider_that_cannot_be_reached():
    """A real connection that is refused: raised, or kept silent."""
    options = {"provider": "postmark", "server_token": "x", "base_url": "http://127.0.0.1:9"}

    with pytest.raises(NetworkError):
        EmailBackend(**options).send_messages([message()])
    assert 0 == EmailBackend(**options, fail_silently=True).send_messages([message()])


def test_a_log_that_mails_does_not_run_in_circles(caplog):
    """A handler of the log that sends mail, which fails, is not told of that again."""
    backend = EmailBackend(**FAILING, fail_silently=True)
    seen = []

    class Mailing(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage())
            backend.send_messages([message("down")])

    handler = Mailing()
    logging.getLogger("mailcore.django").addHandler(handler)
    try:
        backend.send_messages([message("down")])
    finally:
        logging.getLogger("mailcore.django").removeHandler(handler)

    assert 1 == len(seen)


def test_what_handlers_of_errors_look_at():
    """The attributes that django-anymail's errors have."""
    backend, failed = EmailBackend(**FAILING), message("down")

    with pytest.raises(ProviderUnavailable) as caught:
        backend.send_messages([failed])

    error = caught.value
    assert (failed, backend, "Memory", 503, "sorry") == (
        error.email_message,
        error.backend,
        error.esp_name,
        error.status_code,
        error.response,
    )


def test_signals(listening):
    """Before and after each message, with what receivers of django-anymail take."""
    told = []
    listening(pre_send, lambda sender, message, esp_name, **_: told.append((sender, esp_name)))
    listening(
        post_send,
        lambda sender, message, status, esp_name, result, mail, provider, using, **_: told.append(
            (status.status, result.status, mail.subject, provider, using)
        ),
    )

    EmailBackend(provider="memory", alias="news").send_messages([message()])

    assert [
        (EmailBackend, "Memory"),
        ({"sent"}, "all_accepted", "Hi", "memory", "news"),
    ] == told


def test_a_receiver_changes_the_message(listening):
    """What it did counts: somebody else is sent to, or nobody."""
    backend = EmailBackend(provider="memory", defaults={"tags": ["changed"]})

    def change(sender, message, **_):
        message.to = [] if message.subject == "nobody" else ["other@example.net"]

    listening(pre_send, change)

    assert 1 == backend.send_messages([message(), message("nobody")])
    assert [("other@example.net",)] == [each.recipients for each in outbox_of(backend)]


def test_a_receiver_calls_a_message_off(listening):
    """It is neither sent nor counted, and nothing is raised."""

    def cancel(sender, message, **_):
        raise CancelSend

    listening(pre_send, cancel)

    assert 0 == EmailBackend(provider="memory").send_messages([message()])


def test_a_receiver_that_fails_afterwards(listening, caplog):
    """The mail has gone: it is logged, and the others are told."""
    told = []

    def fail(sender, **_):
        raise ZeroDivisionError

    listening(post_send, fail)
    listening(post_send, lambda sender, **_: told.append(sender))

    assert 1 == EmailBackend(provider="memory").send_messages([message()])
    assert [EmailBackend] == told
    assert "a signal failed" in caplog.text


def test_failures_are_told(listening):
    """With the error; a refusal of all recipients is told to `post_send` before, too."""
    told = []
    listening(post_send, lambda sender, status, **_: told.append(status.status))
    listening(send_failed, lambda sender, error, **_: told.append(type(error)))

    for subject in ("down", "refused"):
        with pytest.raises((ProviderUnavailable, RecipientsRefused)):
            EmailBackend(**FAILING).send_messages([message(subject)])

    assert [ProviderUnavailable, {"rejected"}, RecipientsRefused] == told


def test_what_is_told_of_a_message_that_cannot_be_read(listening):
    """There is none of mailcore's; of one that was read there is."""
    told = []
    listening(send_failed, lambda sender, message, mail, **_: told.append((message, mail)))
    wrong, failed = message(to="nobody"), message("down")

    for each in (wrong, failed):
        with pytest.raises((InvalidAddress, ProviderUnavailable)):
            EmailBackend(**FAILING).send_messages([each])

    assert [(wrong, None), (failed, "down")] == [
        (each, mail and mail.subject) for each, mail in told
    ]


def test_refusals_that_are_returned():
    """With `refused="return"`, django-anymail's IGNORE_RECIPIENT_STATUS."""
    backend = EmailBackend(**FAILING, refused="return")
    sent = message("refused")

    assert 1 == backend.send_messages([sent])
    assert {"rejected"} == sent.anymail_status.status


def test_async(listening):
    """In an event loop: signals, results, failures as without one."""
    told = []

    async def tell(sender, message, **_):
        told.append(message.subject)

    listening(pre_send, tell)
    backend = EmailBackend(**FAILING, defaults={"tags": ["async"]})

    async def both():
        count = await backend.asend_messages([message("one"), message("two")])
        with pytest.raises(ProviderUnavailable):
            await backend.asend_messages([message("down"), message("three")])
        return count

    assert 2 == asyncio.run(both())
    assert ["one", "two", "three"] == [each.subject for each in outbox_of(backend)]
    assert ["one", "two", "down", "three"] == told


def test_async_results(listening):
    """In an event loop: the result is on the message and told; nobody is not counted."""
    told, sent, nobody = [], message(), message("nobody")

    def change(sender, message, **_):
        if message.subject == "nobody":
            message.to = []
        if message.subject == "off":
            raise CancelSend

    listening(pre_send, change)
    listening(post_send, lambda sender, message, result, **_: told.append((message, result)))

    count = asyncio.run(
        EmailBackend(provider="memory").asend_messages([sent, nobody, message("off")])
    )

    assert (1, ("ada@example.net",)) == (count, sent.mailcore_result.accepted)
    assert [(sent, sent.mailcore_result)] == told
    assert {"sent"} == sent.anymail_status.status


def test_aliases(mailcore_settings):
    """`send` and `asend` by alias on every version of Django."""
    mailcore_settings(
        PROVIDER="memory", MAILERS={"news": {"OPTIONS": {"defaults": {"tags": ["news"]}}}}
    )

    assert 1 == send(message("sync"), using="news")
    assert 1 == asyncio.run(asend(message("async"), using="news"))
    assert 0 == send(EmailMessage("x", "y"), using="news")
    assert ["sync", "async"] == [each.subject for each in get_provider("news").outbox]
    assert "news" in mailers
    assert "newz" not in mailers
    assert ["default", "news"] == list(mailers) == known_aliases()
    with pytest.raises(mailcore_django.MailerMisconfigured, match="did you mean 'news'"):
        mailers["newz"]
    with pytest.raises(mailcore_django.MailerMisconfigured, match=r"known are: .*news"):
        mailers["?"]


def test_a_test_run_of_django_keeps_aliases_in_its_outbox(mailcore_settings, outbox):
    """No mail leaves a test of a project."""
    mailcore_settings(MAILERS={"news": {"OPTIONS": {"provider": "null"}}})

    assert 1 == send(message(), using="news")
    assert ["Hi"] == [each.subject for each in outbox]


def test_other_backends_by_alias(mailcore_settings):
    """An alias may be any backend of Django's."""
    mailcore_settings(MAILERS={"none": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}})

    assert 1 == send(message(), using="none")
    assert 1 == asyncio.run(asend(message(), using="none"))


def test_a_backend_that_does_not_count(mailcore_settings):
    """Django's own return None where nothing was sent: that is 0 here."""
    mailcore_settings(MAILERS={"mute": {"BACKEND": "shop_middleware.Mute"}})

    assert 0 == send(message(), using="mute")
    assert 0 == asyncio.run(asend(message(), using="mute"))
    assert 0 == asyncio.run(asend(EmailMessage("x", "y"), using="mute"))


def test_a_backend_that_cannot_be_imported(mailcore_settings):
    """It is told with its alias."""
    mailcore_settings(MAILERS={"gone": {"BACKEND": "no.such.Backend"}})

    with pytest.raises(mailcore_django.MailerMisconfigured) as caught:
        mailers["gone"]
    told = "MAILERS['gone']: BACKEND 'no.such.Backend' cannot be imported"
    assert told == str(caught.value)


if not HAS_MAILERS:

    def test_a_setting_that_this_django_does_not_have(django_settings):
        """`MAILERS` before 6.1, written for an upgrade or for another package, changes nothing."""
        django_settings(
            EMAIL_BACKEND="mailcore_django.EmailBackend",
            MAILCORE={"PROVIDER": "memory"},
            MAILERS={"default": {"BACKEND": "nowhere.Backend"}, "news": {}},
        )

        assert ["default"] == list(mailers)
        assert 1 == send(message())


if HAS_MAILERS:

    def test_mailers_of_django(django_settings):
        """Aliases of Django's own setting, by its own ways."""
        django_settings(
            MAILERS={
                "default": {
                    "BACKEND": "mailcore_django.EmailBackend",
                    "OPTIONS": {"provider": "memory", "fail_silently": True},
                },
                "broken": {"BACKEND": "mailcore_django.EmailBackend", "OPTIONS": {"provider": "x"}},
            }
        )

        assert 1 == message().send()
        assert 1 == message().send(using="default")
        assert 1 == send(message())
        assert mail.mailers.default.fail_silently
        with pytest.raises(mail.InvalidMailer, match="MAILERS\\['broken'\\]"):
            mail.mailers["broken"]


def test_no_warning(through_django):
    """Sending by the ways of each version warns of nothing."""
    through_django()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        send_mail("Hi", "Text", None, ["ada@example.net"])
        sent = EmailMultiAlternatives("Hi", "Text", None, ["ada@example.net"])
        sent.attach("a.txt", "text", "text/plain")
        assert 1 == sent.send()
