"""`manage.py mailcore settings`: what the settings of the other packages are here."""

from __future__ import annotations

import ast
import inspect
import io

from pathlib import Path

import django
import pytest

from django.core.management import call_command

from mailcore import Registry
from mailcore_django.configured import OWN_OPTIONS, configuration_of, mailers_of
from mailcore_django.moving.reading import equivalent, left_over
from mailcore_django.moving.tables import ANYMAIL_BACKENDS, COMMON, DJANGO_SES, OF_PROVIDER


HAS_MAILERS = django.VERSION >= (6, 1)


def printed():
    """What the command prints."""
    out = io.StringIO()
    call_command("mailcore", "settings", stdout=out)
    return out.getvalue()


@pytest.fixture
def backend(django_settings):
    """Has Django use a backend of another package."""

    def use(path, **options):
        if HAS_MAILERS:
            django_settings(MAILERS={"default": {"BACKEND": path, "OPTIONS": options}})
        else:
            django_settings(EMAIL_BACKEND=path)

    return use


ANYMAIL = [
    (
        "postmark",
        {
            "POSTMARK_SERVER_TOKEN": "s3cr3t",
            "POSTMARK_MESSAGE_STREAM": "outbound",
            "MAILGUN_API_KEY": "of another",
            "SEND_DEFAULTS": {"tags": ["shop"]},
            "POSTMARK_SEND_DEFAULTS": {"track_opens": True},
            "IGNORE_UNSUPPORTED_FEATURES": True,
            "REQUESTS_TIMEOUT": (3, 20),
            "WEBHOOK_SECRET": "user:s3cr3t",
        },
        {
            "provider": "postmark",
            "message_stream": "outbound",
            "defaults": {"tags": ["shop"], "track_opens": True},
            "unsupported": {"*": "drop"},
            "timeout_seconds": 20.0,
        },
        {"MAILCORE_POSTMARK_SERVER_TOKEN", "MAILCORE_POSTMARK_WEBHOOK_SECRETS"},
    ),
    (
        "mailgun",
        {"MAILGUN_API_KEY": "s3cr3t", "MAILGUN_SENDER_DOMAIN": "mg.example.com"},
        {"provider": "mailgun", "sender_domain": "mg.example.com"},
        {"MAILCORE_MAILGUN_API_KEY"},
    ),
    (
        "amazon_ses",
        {
            "AMAZON_SES_CLIENT_PARAMS": {
                "region_name": "eu-west-1",
                "aws_access_key_id": "AKIA",
                "aws_secret_access_key": "s3cr3t",
            },
            "AMAZON_SES_CONFIGURATION_SET_NAME": "shop",
            "IGNORE_RECIPIENT_STATUS": True,
        },
        {
            "provider": "ses",
            "client_parameters": {
                "region_name": "eu-west-1",
                "aws_access_key_id": {"env": "MAILCORE_SES_ACCESS_KEY_ID"},
                "aws_secret_access_key": {"env": "MAILCORE_SES_SECRET_ACCESS_KEY"},
            },
            "configuration_set_name": "shop",
            "refused": "return",
        },
        {"MAILCORE_SES_ACCESS_KEY_ID", "MAILCORE_SES_SECRET_ACCESS_KEY"},
    ),
]


@pytest.mark.parametrize(("module", "given", "options", "variables"), ANYMAIL)
def test_settings_of_django_anymail(
    backend, django_settings, monkeypatch, module, given, options, variables
):
    """They become options that make a mailer, and variables for the secrets."""
    backend(f"anymail.backends.{module}.EmailBackend")
    django_settings(ANYMAIL=given)

    made = equivalent()

    assert options == made.mailers["default"]["OPTIONS"]
    assert variables == set(made.variables)
    assert "s3cr3t" not in printed()
    for name in variables:
        monkeypatch.setenv(name, "user:s3cr3t")
    assert options["provider"] == mailers_of(configuration_of(options)).provider.name


def test_settings_of_django_ses(backend, django_settings):
    """Names of its own, with AWS's region and version as django-ses takes them."""
    backend("django_ses.SESBackend")
    django_settings(
        AWS_SES_ACCESS_KEY_ID="AKIA",
        AWS_SES_SECRET_ACCESS_KEY="s3cr3t",
        AWS_SES_REGION_NAME="eu-central-1",
        AWS_SES_REGION_ENDPOINT="email.eu-central-1.amazonaws.com",
        USE_SES_V2=True,
        AWS_SES_CONFIGURATION_SET="shop",
        AWS_SES_RETURN_PATH="bounce@example.com",
        AWS_SES_AUTO_THROTTLE=0.5,
        AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS="arn:aws:sns:eu-central-1:123456789012:mail",
    )

    made = equivalent()

    assert {
        "provider": "ses",
        "region_name": "eu-central-1",
        "endpoint_url": "https://email.eu-central-1.amazonaws.com",
        "api_version": "v2",
        "configuration_set_name": "shop",
        "defaults": {"envelope_sender": "bounce@example.com"},
    } == made.mailers["default"]["OPTIONS"]
    assert {"ses": {"topic_arns": ["arn:aws:sns:eu-central-1:123456789012:mail"]}} == made.webhooks
    assert "AWS_SES_AUTO_THROTTLE: what does the same is `POLICIES`" in printed()
    assert "s3cr3t" not in printed()


def test_what_django_ses_takes_without_settings_of_its_own(backend, django_settings):
    """Keys that other packages of AWS read too, and a selector; an own key wins."""
    backend("django_ses.SESBackend")
    django_settings(
        AWS_ACCESS_KEY_ID="AKIA",
        AWS_SECRET_ACCESS_KEY="s3cr3t",
        AWS_SES_ACCESS_KEY_ID="AKIB",
        DKIM_DOMAIN="example.com",
        DKIM_PRIVATE_KEY="k3y",
    )

    made = equivalent()

    assert {
        "MAILCORE_SES_ACCESS_KEY_ID": "AWS_SES_ACCESS_KEY_ID",
        "MAILCORE_SES_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
        "MAILCORE_SES_DKIM_PRIVATE_KEY": "DKIM_PRIVATE_KEY",
    } == made.variables
    assert "ses" == made.mailers["default"]["OPTIONS"]["dkim_selector"]


def test_two_keys_of_one_option(backend, django_settings):
    """SendGrid's tracking and inbound webhooks may have a key each."""
    backend("anymail.backends.sendgrid.EmailBackend")
    django_settings(
        ANYMAIL={
            "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": "a",
            "SENDGRID_INBOUND_WEBHOOK_VERIFICATION_KEY": "b",
        }
    )

    assert {"sendgrid": {"webhook_verification_keys": ["a", "b"]}} == equivalent().webhooks


def test_a_configuration_set_that_is_a_function(backend, django_settings):
    """It cannot be written as a value; what does it is told."""
    backend("django_ses.SESBackend")
    django_settings(AWS_SES_CONFIGURATION_SET=lambda **_: "shop")

    assert "AWS_SES_CONFIGURATION_SET: a function; write a receiver of pre_send" in printed()


def test_what_is_printed_is_python(backend, django_settings):
    """It goes into the settings as it is."""
    backend("anymail.backends.postmark.EmailBackend")
    django_settings(ANYMAIL=ANYMAIL[0][1])

    names = [node.targets[0].id for node in ast.parse(printed()).body]

    assert (["MAILERS", "MAILCORE"] if HAS_MAILERS else ["EMAIL_BACKEND", "MAILCORE"]) == names


def test_a_service_without_a_provider(backend):
    """It is told, and nothing made up."""
    backend("anymail.backends.postal.EmailBackend")

    assert "there is no provider for anymail.backends.postal" in printed()


def test_nothing_to_convert(backend):
    """The exit code says so."""
    backend("django.core.mail.backends.dummy.EmailBackend")

    with pytest.raises(SystemExit) as caught:
        printed()

    assert 1 == caught.value.code


def test_what_is_left_over(django_settings):
    """Each setting with what to do about it."""
    django_settings(
        ANYMAIL={"POSTMARK_SERVER_TOKEN": "x", "IDNA_ENCODER": "uts46", "POSTAL_API_KEY": "x"},
        AWS_SES_USE_BLACKLIST=True,
    )

    told = dict(left_over())

    assert "server_token" in told["ANYMAIL['POSTMARK_SERVER_TOKEN']"]
    assert "no equivalent" in told["ANYMAIL['IDNA_ENCODER']"]
    assert "suppressions" in told["AWS_SES_USE_BLACKLIST"]
    assert "ANYMAIL['POSTAL_API_KEY']" in told


PAGE = Path(__file__).parents[3] / "docs" / "django" / "settings-of-others.md"
# What their code looks up: `get_anymail_setting` of django-anymail 15.2, `django_ses/conf.py` of
# django-ses 4.8.2 (https://github.com/anymail/django-anymail, https://github.com/django-ses/django-ses;
# read 2026-11-30).
NAMED_BY_ANYMAIL = (
    "SEND_DEFAULTS IGNORE_UNSUPPORTED_FEATURES IGNORE_RECIPIENT_STATUS REQUESTS_TIMEOUT "
    "IDNA_ENCODER DEBUG_API_REQUESTS WEBHOOK_SECRET MAILGUN_API_KEY MAILGUN_SENDER_DOMAIN "
    "MAILGUN_API_URL MAILGUN_WEBHOOK_SIGNING_KEY POSTMARK_SERVER_TOKEN POSTMARK_MESSAGE_STREAM "
    "POSTMARK_API_URL POSTMARK_GENERATE_MESSAGE_ID POSTMARK_USE_BULK_API "
    "AMAZON_SES_CLIENT_PARAMS AMAZON_SES_SESSION_PARAMS AMAZON_SES_CONFIGURATION_SET_NAME "
    "AMAZON_SES_MESSAGE_TAG_NAME AMAZON_SES_AUTO_CONFIRM_SNS_SUBSCRIPTIONS "
    "AMAZON_SES_INBOUND_KMS_KEY_ID AMAZON_SES_DOWNLOAD_CHUNK_SIZE SENDGRID_API_KEY "
    "SENDGRID_API_URL SENDGRID_GENERATE_MESSAGE_ID SENDGRID_MERGE_FIELD_FORMAT "
    "SENDGRID_USERNAME SENDGRID_PASSWORD BREVO_API_KEY BREVO_API_URL "
    "BREVO_PREVENT_HEADER_ENCODING_BUGS BREVO_WORKAROUND_DISPLAY_NAME_BUGS MAILJET_API_KEY "
    "MAILJET_SECRET_KEY MAILJET_API_URL MANDRILL_API_KEY MANDRILL_API_URL MANDRILL_WEBHOOK_KEY "
    "MANDRILL_WEBHOOK_URL SPARKPOST_API_KEY SPARKPOST_API_URL SPARKPOST_SUBACCOUNT "
    "SPARKPOST_TRACK_INITIAL_OPEN_AS_OPENED "
)
NAMED_BY_DJANGO_SES = (
    "AWS_SES_ACCESS_KEY_ID AWS_SES_SECRET_ACCESS_KEY AWS_SES_SESSION_TOKEN AWS_SESSION_PROFILE "
    "AWS_SES_REGION_NAME AWS_SES_REGION_ENDPOINT AWS_SES_REGION_ENDPOINT_URL AWS_SES_CONFIG "
    "USE_SES_V2 AWS_SES_CONFIGURATION_SET AWS_SES_GLOBAL_ENDPOINT_ID AWS_SES_SOURCE_ARN "
    "AWS_SES_FROM_ARN AWS_SES_RETURN_PATH_ARN AWS_SES_RETURN_PATH AWS_SES_FROM_EMAIL "
    "DKIM_DOMAIN DKIM_SELECTOR DKIM_PRIVATE_KEY DKIM_HEADERS AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS "
    "AWS_SES_VERIFY_EVENT_SIGNATURES AWS_SES_VERIFY_BOUNCE_SIGNATURES "
    "AWS_SNS_EVENT_CERT_TRUSTED_DOMAINS AWS_SES_AUTO_THROTTLE AWS_SES_ADD_BOUNCE_TO_BLACKLIST "
    "AWS_SES_ADD_COMPLAINT_TO_BLACKLIST AWS_SES_USE_BLACKLIST AWS_SES_INBOUND_HANDLER "
    "AWS_SES_INBOUND_ACCESS_KEY_ID AWS_SES_INBOUND_SECRET_ACCESS_KEY "
    "AWS_SES_INBOUND_SESSION_TOKEN "
)


def told(row):
    """What the page says of a setting."""
    if row.never:
        return f"no equivalent: {row.never}"
    if row.instead:
        return row.instead
    within = f", its key `{row.within}`" if row.within else ""
    where = " in `WEBHOOKS`" if row.webhook else ""
    return f"`{row.option}`{within}{where}{f'; {row.note}' if row.note else ''}"


def test_the_page_has_every_setting():
    """As the tables have it, and each that the others look up."""
    backends = {provider: module for module, provider in ANYMAIL_BACKENDS.items()}
    expected = {name: told(row) for name, row in {**COMMON, **DJANGO_SES}.items()}
    for provider, rows in OF_PROVIDER.items():
        prefix = backends[provider].upper()
        expected |= {f"{prefix}_{name}": told(row) for name, row in rows.items()}
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if "| `" in line]
    shown = {cells[0].strip("| `"): cells[-1].removesuffix(" |") for cells in rows}

    assert expected == shown
    assert set() == {*NAMED_BY_ANYMAIL.split(), *NAMED_BY_DJANGO_SES.split()} - set(shown)


@pytest.mark.parametrize("provider", OF_PROVIDER)
def test_every_option_exists(provider):
    """What the tables name is an option of the provider, or of a mailer."""
    options = set(inspect.signature(Registry().provider_class(provider).__init__).parameters)
    rows = [*OF_PROVIDER[provider].values()]
    rows += DJANGO_SES.values() if provider == "ses" else COMMON.values()
    named = {row.option for row in rows if row.option}

    assert set() == named - options - set(OWN_OPTIONS)
