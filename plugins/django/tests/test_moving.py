"""`manage.py mailcore settings`: what the settings of the other packages are here."""

from __future__ import annotations

import ast
import io

import django
import pytest

from django.core.management import call_command

from mailcore_django.configured import configuration_of, mailers_of
from mailcore_django.moving.reading import equivalent, left_over


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
    assert "AWS_SES_AUTO_THROTTLE: no equivalent" in printed()
    assert "s3cr3t" not in printed()


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
