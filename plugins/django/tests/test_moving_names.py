"""
Names of django-anymail and django-ses, as the installed packages have them: each has an answer.

The tables, the guides and `mailcore_django.compat.anymail` are held against their code and against
what their pages on PyPI say; what is new in them makes a test fail.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap

from importlib.metadata import metadata, version
from pathlib import Path

import anymail.inbound
import anymail.message
import anymail.signals
import django_ses
import pytest

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from mailcore_django.compat.anymail import inbound, message, signals
from mailcore_django.moving.tables import ANYMAIL_BACKENDS, COMMON, DJANGO_SES, OF_PROVIDER
from mailcore_django.test import override_mailers, sent


DOCS = Path(__file__).parents[3] / "docs" / "django"
ANYMAIL = Path(anymail.message.__file__).parent
# Names of other packages, or which django-ses looks up only if its own are not there; boto3 looks
# for the same ones.
OF_AWS = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"),
    # Older names of `AWS_SNS_EVENT_CERT_TRUSTED_DOMAINS`, and of Django's.
    *("AWS_SNS_BOUNCE_CERT_TRUSTED_DOMAINS", "DEFAULT_FROM_EMAIL", "TIME_ZONE"),
}
# What django-anymail has for itself: no program of its users names it.
INTERNAL = {
    "exceptions": {"InvalidMailer"},  # Django's
}


def looked_up(path):
    """The names that a module gives `get_anymail_setting()`, and whether by service."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "get_anymail_setting":
            name = node.args[0]
            by_service = any(each.arg == "esp_name" for each in node.keywords)
            if isinstance(name, ast.Constant):
                yield name.value.upper(), by_service


@pytest.mark.parametrize("module", ANYMAIL_BACKENDS)
def test_settings_of_django_anymail(module):
    """Of each service that has a provider here: the table answers all that is looked up."""
    paths = [ANYMAIL / kind / f"{module}.py" for kind in ("backends", "webhooks")]
    found = {each for path in paths for each in looked_up(path)}
    rows = OF_PROVIDER[ANYMAIL_BACKENDS[module]]

    assert found
    assert [] == [n for n, by_service in found if n not in (rows if by_service else COMMON)]


def test_common_settings_of_django_anymail():
    """Those for all services."""
    found = {name for path in ANYMAIL.rglob("base*.py") for name, _ in looked_up(path)}

    assert {"SEND_DEFAULTS", "WEBHOOK_SECRET"} <= found
    assert set() == found - set(COMMON)


def test_every_service_of_django_anymail():
    """It has a provider here, or the guide says that it has none."""
    named = {"base", "base_requests", "console", "test", "__init__", "sendinblue"}
    modules = {path.stem for path in (ANYMAIL / "backends").glob("*.py")} - named
    guide = (DOCS / "from-django-anymail.md").read_text("utf-8").lower().replace(" ", "_")

    assert [] == [each for each in modules - set(ANYMAIL_BACKENDS) if each not in guide]


def test_settings_of_django_ses():
    """All that its code looks up, and that its page on PyPI names."""
    code = (Path(django_ses.__file__).parent / "conf.py").read_text("utf-8")
    found = set(re.findall(r'django_settings,\s*"(\w+)"', code))
    about = metadata("django-ses")
    page = str(about.get_payload() or about["Description"])
    found |= set(re.findall(r"\b(?:AWS_(?:SES|SNS|SESSION)_\w+|USE_SES_\w+|DKIM_\w+)", page))

    assert len(found) > 30
    assert set() == found - set(DJANGO_SES) - OF_AWS


def public(module):
    """The public names that a module of django-anymail defines."""
    found = importlib.import_module(f"anymail.{module}")
    for name, value in vars(found).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if getattr(value, "__module__", None) == found.__name__ or name in {
            *("pre_send", "post_send", "tracking", "inbound"),
        }:
            yield name


@pytest.mark.parametrize("module", ["message", "exceptions", "signals", "inbound"])
def test_public_names_of_django_anymail(module):
    """The module of the same name has them."""
    ours = importlib.import_module(f"mailcore_django.compat.anymail.{module}")
    names = set(public(module)) - INTERNAL.get(module, set())

    assert names
    assert [] == sorted(each for each in names if not hasattr(ours, each))


def instance_names(kind):
    """The attributes of instances: what `__init__` sets, and what the classes have."""
    found = {name for name in dir(kind) if not name.startswith("_")}
    for each in kind.__mro__[:-1]:
        if each.__module__.startswith("anymail."):
            source = textwrap.dedent(inspect.getsource(each))
            found |= set(re.findall(r"self\.([a-z]\w*)\s*(?::[^=]+)?=", source))
    return found


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (anymail.signals.AnymailTrackingEvent, signals.AnymailTrackingEvent(event_type="opened")),
        (anymail.signals.AnymailInboundEvent, signals.AnymailInboundEvent(event_type="inbound")),
        (anymail.message.AnymailStatus, message.AnymailStatus()),
        (anymail.message.AnymailRecipientStatus, message.AnymailRecipientStatus("1", "sent")),
        (anymail.message.AnymailMessageMixin, message.AnymailMessage()),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_attributes_of_django_anymail(theirs, ours):
    """An instance has them."""
    names = instance_names(theirs) - set(dir(EmailMultiAlternatives))

    assert names
    assert [] == sorted(each for each in names if not hasattr(ours, each))


def test_received_mail_of_django_anymail():
    """What its class has beyond that of the standard library, which its documentation names."""
    standard = set(dir(importlib.import_module("email.message").EmailMessage))
    names = {n for n in instance_names(anymail.inbound.AnymailInboundMessage) if n not in standard}
    ours = inbound.AnymailInboundMessage.parse_raw_mime("Subject: Hi\n\nHello")

    assert len(names) > 15
    missing = sorted(each for each in names if not hasattr(ours, each))
    # Constructors for the webhooks of django-anymail itself.
    assert [] == [each for each in missing if not each.startswith(("construct", "parse_raw_mime_"))]


@pytest.mark.parametrize("name", ["EventType", "RejectReason"])
def test_constants_of_django_anymail(name):
    """The same words."""
    theirs = getattr(anymail.signals, name)
    ours = getattr(signals, name)
    names = [each for each in vars(theirs) if each.isupper()]

    assert names
    assert [(n, getattr(theirs, n)) for n in names] == [(n, str(getattr(ours, n))) for n in names]


def test_signals_and_commands_of_django_ses():
    """The guide answers each."""
    guide = (DOCS / "from-django-ses.md").read_text("utf-8")
    names = {
        name
        for name, value in vars(importlib.import_module("django_ses.signals")).items()
        if type(value).__name__ == "Signal"
    }
    commands = Path(django_ses.__file__).parent / "management" / "commands"
    names |= {path.stem for path in commands.glob("*.py")} - {"__init__"}

    assert len(names) == 10
    answered = set(re.findall(r"`(?:manage\.py )?([a-z_]+)[` ]", guide))
    assert set() == names - answered


def examples():
    """The Python on django-anymail's page on PyPI that sends mail."""
    about = metadata("django-anymail")
    page = str(about.get_payload() or about["Description"])
    for block in re.findall(r"\.\. code-block:: python\n\n((?:[ ]{5,}.*\n|[ ]*\n)+)", page):
        source = textwrap.dedent(block)
        if "from django.core.mail" in source:
            yield source


@override_mailers(
    provider="mailgun", api_key="invented", sender_domain="mg.example.com", region="us"
)
def test_examples_of_django_anymail(tmp_path):
    """They run with other imports, as they stand on its page."""
    logo = tmp_path / "logo.jpg"
    logo.write_bytes(b"\xff\xd8\xff")
    found = list(examples())
    for source in found:
        ours = source.replace("from anymail.", "from mailcore_django.compat.anymail.")
        exec(ours.replace("/path/to/logo.jpg", str(logo)), {})

    assert 2 == len(found)
    assert 2 == len(mail.outbox)
    sent().assert_sent(count=1, subject="Please activate your account", tag="onboarding")


def test_versions():
    """Those that the pages name."""
    for name in ("django-anymail", "django-ses"):
        assert f"{name} {version(name)}" in (DOCS / f"from-{name}.md").read_text("utf-8")
    assert import_string("mailcore_django.EmailBackend")
