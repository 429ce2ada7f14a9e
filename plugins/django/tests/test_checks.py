"""`manage.py check`: each mistake is one message that names the setting."""

from __future__ import annotations

import logging
import sys

from types import ModuleType

import django
import pytest

from anymail import signals as anymail_signals
from django.core.checks import run_checks
from django.urls import include, path, re_path
from django.utils.log import AdminEmailHandler
from django.views.decorators.cache import never_cache

from mailcore_django.aliases import every_mailer, our_mailers
from mailcore_django.checks import check_deployment, check_settings
from mailcore_django.webhooks.views import webhook


BACKEND = "mailcore_django.EmailBackend"
HAS_MAILERS = django.VERSION >= (6, 1)
SECRET = {"server_token": "s3cr3t"}
ADMINS = ["ada@example.net"] if django.VERSION >= (6, 0) else [("Ada", "ada@example.net")]


def mailers(django_settings, **options):
    """A default mailer of mailcore's with these options, as each version of Django has it."""
    if HAS_MAILERS:
        django_settings(MAILERS={"default": {"BACKEND": BACKEND, "OPTIONS": options}})
        return
    provider = options.pop("provider", "memory")
    django_settings(EMAIL_BACKEND=BACKEND, MAILCORE={"PROVIDER": provider, "OPTIONS": options})


def told():
    """Id, text and hint of each message."""
    return [
        (each.id.partition(".")[2], f"{each.msg} {each.hint or ''}") for each in check_settings()
    ]


def test_nothing_is_wrong(django_settings):
    """With a provider and proper senders; Django runs the checks by itself."""
    mailers(django_settings, provider="postmark", **SECRET)

    assert [] == told()
    assert [] == run_checks(tags=["mailcore"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PROVIDR": "ses"}, ["did you mean 'PROVIDER'"]),
        ({"PROVIDR": "x", "LOG": {"bodies": 1}}, ["PROVIDR", "MAILCORE['LOG']['bodies']"]),
        ("ses", ["MAILCORE must be a dict"]),
    ],
)
def test_mailcore_itself(django_settings, given, expected):
    """One message for each problem."""
    django_settings(MAILCORE=given)

    assert [("E001", True)] * len(expected) == [
        (name, part in text) for (name, text), part in zip(told(), expected, strict=True)
    ]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"provider": "postmrk"}, "postmrk"),
        ({"provider": "postmark"}, "server_token"),
        ({"provider": "postmark", "server_tokn": "s3cr3t"}, "server_token"),
        ({"provider": "postmark", "server_token": {"env": "NO_SUCH_VARIABLE"}}, "NO_SUCH_VARIABLE"),
    ],
)
def test_a_mailer_that_cannot_be_made(django_settings, options, part):
    """Django makes none before the first mail; the check does, and shows no secret."""
    mailers(django_settings, **options)

    ((name, text),) = told()

    assert ("E002", True, False) == (name, part in text, "s3cr3t" in text)
    assert ("MAILERS['default']" if HAS_MAILERS else "EMAIL_BACKEND") in text


@pytest.mark.skipif(HAS_MAILERS, reason="with MAILERS there is no EMAIL_HOST")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"provider": "smtp"}, [("W008", True)]),
        ({"provider": "smtp", "host": "mail.example.com"}, []),
        ({"provider": "memory"}, []),
    ],
)
def test_the_host_of_djangos_own_backend(django_settings, options, expected):
    """Nobody else reads it: mail would go to a server on this machine."""
    mailers(django_settings, **options)
    assert [] == told()

    django_settings(EMAIL_HOST="mail.example.com")

    assert expected == [(name, "'localhost'" in text) for name, text in told()]


def test_an_alias_of_mailcore(django_settings):
    """Those of `MAILCORE["MAILERS"]` count as well."""
    mailers(django_settings, provider="memory")
    django_settings(MAILCORE={"PROVIDER": "memory", "MAILERS": {"news": {"OPTIONS": {"x": 1}}}})

    ((name, text),) = told()

    assert ("E002", True) == (name, "MAILCORE['MAILERS']['news']" in text)


def test_a_backend_that_cannot_be_imported(django_settings):
    """Django does not look until a mail is sent."""
    django_settings(MAILCORE={"MAILERS": {"news": {"BACKEND": "no.such.Backend"}}})

    assert [("E003", True, False)] == [
        (name, "no.such.Backend" in text, "write" in text) for name, text in told()
    ]


def test_a_backend_for_a_service(django_settings):
    """Others have one for each; here there is one for all."""
    path = "mailcore_django.backends.ses.EmailBackend"
    django_settings(MAILCORE={"MAILERS": {"news": {"BACKEND": path}}})

    assert [("E003", True)] == [
        (name, "write 'mailcore_django.EmailBackend'" in text) for name, text in told()
    ]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("DEFAULT_FROM_EMAIL", "webmaster", ("E005", "DEFAULT_FROM_EMAIL is no address")),
        ("DEFAULT_FROM_EMAIL", "webmaster@localhost", ("W001", "DEFAULT_FROM_EMAIL")),
        ("SERVER_EMAIL", "root@localhost", ("W001", "SERVER_EMAIL")),
    ],
)
def test_senders(django_settings, setting, value, expected):
    """Django's own defaults are addresses of localhost."""
    silent = {"fail_silently": True} if HAS_MAILERS else {}
    mailers(django_settings, provider="postmark", **SECRET, **silent)
    django_settings(**{setting: value}, ADMINS=ADMINS)

    assert [(expected[0], True)] == [(name, expected[1] in text) for name, text in told()]


def test_projects_without_the_setting():
    """Nothing is wrong."""
    assert [] == check_settings()


def test_mailers_beside_one_that_cannot_be_imported(django_settings):
    """They are looked at all the same; a `default` that says nothing is no further one."""
    django_settings(
        MAILCORE={
            "PROVIDER": "memory",
            "MAILERS": {"default": {}, "gone": {"BACKEND": "no.such.Backend"}, "news": {}},
        }
    )

    assert ["gone", "news"] == [alias for alias, *_ in every_mailer() if alias != "default"]
    assert 1 == sum(alias == "default" for alias, *_ in every_mailer())
    assert ["news"] == [alias for alias, *_ in our_mailers() if alias != "default"]
    places = {alias: place for alias, place, *_ in every_mailer()}
    assert "MAILCORE['MAILERS']['news']" == places["news"]
    assert HAS_MAILERS or "EMAIL_BACKEND" == places["default"]


if HAS_MAILERS:

    @pytest.mark.parametrize(
        ("options", "using", "expected"),
        [
            ({}, None, ["MAILERS['default']"]),
            ({"fail_silently": True}, None, []),
            ({}, "log", []),
            ({"fail_silently": True}, "loud", ["MAILERS['loud']"]),
        ],
    )
    def test_a_log_that_mails(django_settings, options, using, expected):
        """With MAILERS, Django's handler no longer fails silently."""
        entry = {"BACKEND": BACKEND, "OPTIONS": {"provider": "memory"}}
        silent = {"provider": "memory", "fail_silently": True}
        django_settings(
            ADMINS=ADMINS,
            MAILERS={
                "default": {"BACKEND": BACKEND, "OPTIONS": {"provider": "memory", **options}},
                "log": {"BACKEND": BACKEND, "OPTIONS": silent},
                "loud": entry,
            },
        )
        own = logging.getLogger("django")
        before = own.handlers[:]
        own.handlers = [AdminEmailHandler(using=using)]
        try:
            found = told()
        finally:
            own.handlers = before

        assert ["W002"] * len(expected) == [name for name, _ in found]
        for part, (_, text) in zip(expected, found, strict=True):
            assert part in text
            assert "fail_silently" in text


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"ANYMAIL": {"POSTMARK_SERVER_TOKEN": "s3cr3t"}}, "ANYMAIL['POSTMARK_SERVER_TOKEN']"),
        ({"ANYMAIL_IDNA_ENCODER": "uts46"}, "no equivalent"),
        ({"AWS_SES_REGION_NAME": "eu-west-1"}, "AWS_SES_REGION_NAME"),
    ],
)
def test_settings_of_others(django_settings, settings, part):
    """What is left of them does nothing: what it is here is told."""
    mailers(django_settings, provider="memory")
    django_settings(**settings)

    assert [("W003", True, False)] == [
        (name, part in text, "s3cr3t" in text) for name, text in told()
    ]


def test_a_provider_that_nothing_uses(django_settings):
    """The backend was forgotten."""
    other = "django.core.mail.backends.dummy.EmailBackend"
    if HAS_MAILERS:
        django_settings(MAILERS={"default": {"BACKEND": other}})
    else:
        django_settings(EMAIL_BACKEND=other)
    django_settings(MAILCORE={"PROVIDER": "memory"})

    assert ["W004"] == [name for name, _ in told()]


@pytest.mark.parametrize(
    ("webhooks", "part"),
    [
        ({"ses": {}}, "give it topic_arns"),
        ({"postmark": {}}, "webhook_secrets"),
        ({"mailgun": {}}, "webhook_signing_keys"),
        ({"smtp": {}}, "no webhooks"),
        ({"poostmark": {}}, "MAILCORE['WEBHOOKS']['poostmark']"),
        ({"events": {"provider": "postmark"}}, "MAILCORE['WEBHOOKS']['events'] trusts nobody"),
    ],
)
def test_webhooks(django_settings, webhooks, part):
    """One that trusts nobody refuses every request."""
    django_settings(MAILCORE={"WEBHOOKS": webhooks})

    assert [("E006", True)] == [(name, part in text) for name, text in told()]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ses", {"webhook_secrets": ["ses:s3cr3t"]}),
        ("ses", {"topic_arn_patterns": ["arn:aws:sns:*:123456789012:ses-*"]}),
        ("mailgun", {"webhook_secrets": ["mailgun:s3cr3t"]}),
        ("sparkpost", {"accepts_bearer": len}),
    ],
)
def test_each_way_to_trust_is_enough(django_settings, name, options):
    """As the provider has it."""
    django_settings(MAILCORE={"WEBHOOKS": {name: options}})

    assert [] == told()


def test_webhooks_that_trust_somebody(django_settings, monkeypatch):
    """By the settings, or by the environment."""
    monkeypatch.setenv("MAILCORE_MAILGUN_WEBHOOK_SIGNING_KEYS", "s3cr3t")
    django_settings(
        MAILCORE={
            "WEBHOOKS": {
                "ses": {"topic_arns": ["arn:aws:sns:eu-west-1:123456789012:mail"]},
                "postmark": {"webhook_secrets": ["user:s3cr3t"]},
                "mailgun": {},
            }
        }
    )

    assert [] == told()


@pytest.mark.parametrize(("provider", "count"), [("console", 1), ("memory", 1), ("postmark", 0)])
def test_a_provider_that_delivers_nothing(django_settings, provider, count):
    """It is for one's own machine; Django's check knows its own backends only."""
    mailers(django_settings, provider=provider, **(SECRET if provider == "postmark" else {}))

    found = check_deployment()

    assert ["mailcore_django.W005"] * count == [each.id for each in found]


def test_code_of_others(django_settings, monkeypatch):
    """Apps, receivers that are never called again, and addresses: each is a message."""

    def receiver(**kwargs):
        """Waits for ever."""

    mailers(django_settings, provider="memory")
    anymail_signals.tracking.connect(receiver)
    left = "mailcore_django.moving.left_in_code.settings"
    values = {"INSTALLED_APPS": ["anymail"], "ROOT_URLCONF": ""}
    try:
        with monkeypatch.context() as patched:
            patched.setattr(left, type("Settings", (), values))
            found = told()
    finally:
        anymail_signals.tracking.disconnect(receiver)

    assert ["W006"] * 2 == [name for name, _ in found]
    assert "INSTALLED_APPS has 'anymail'" in found[0][1]
    assert "receiver is connected to anymail.signals.tracking" in found[1][1]
    assert "mailcore_django.compat.anymail.signals" in found[1][1]
    assert [] == told()


def nobody(request):
    """A view of the project's own."""


@pytest.mark.parametrize(
    ("patterns", "missing"),
    [
        ([], ["ses", "postmark"]),
        ([path("mail/", nobody)], ["ses", "postmark"]),
        ([path("mail/", include("mailcore_django.urls"))], []),
        ([path("mail/", include("mailcore_django.async_urls"))], []),
        ([re_path("^mail/(?P<provider>[a-z]+)$", webhook)], []),
        ([path("<slug:provider>/", include([path("events/", webhook)]))], []),
        ([path("old/", webhook, {"provider": "ses"})], ["postmark"]),
        (
            [path("", include([path("old/", never_cache(webhook))]), {"provider": "ses"})],
            ["postmark"],
        ),
    ],
)
def test_webhooks_without_an_address(django_settings, monkeypatch, patterns, missing):
    """Forgotten in the URLs: the provider's requests would be answered by 404."""
    urls = ModuleType("urls_of_this_test")
    urls.urlpatterns = patterns
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    options = {"ses": {"topic_arns": ["arn:aws:sns:eu-west-1:123456789012:mail"]}}
    options["postmark"] = {"webhook_secrets": ["user:s3cr3t"]}
    django_settings(MAILCORE={"WEBHOOKS": options}, ROOT_URLCONF=urls.__name__)

    found = told()

    assert ["W007"] * bool(missing) == [name for name, _ in found]
    assert missing == [name for name in options for _, text in found if repr(name) in text]


def test_a_project_without_webhooks_needs_no_address(django_settings):
    """Nor one that serves none: a worker has no ROOT_URLCONF."""
    django_settings(MAILCORE={"WEBHOOKS": {"postmark": {"webhook_secrets": ["user:s3cr3t"]}}})
    assert [] == told()
    django_settings(ROOT_URLCONF="")
    assert [] == told()
