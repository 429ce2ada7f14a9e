"""
A project made by `startproject`, on the Django that is installed: what its users do, in processes.

Each process runs with `-W error`, DEBUG off, and mail through the local SES over real HTTP.
"""

from __future__ import annotations

import email

from email import policy

import django
import pytest

from started import Project

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

HAS_MAILERS = django.VERSION >= (6, 1)

SETTINGS = """

import json, os

SECRET_KEY = "an-invented-key-that-is-long-enough-for-the-check-of-a-deployment-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS += ["mailcore_django"]
ROOT_URLCONF = "shop.addresses"
DEFAULT_FROM_EMAIL = "Shop <shop@example.com>"
SERVER_EMAIL = "server@example.com"
ADMINS = json.loads(os.environ["SHOP_ADMINS"])
SECURE_HSTS_SECONDS = 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = os.environ.get("SHOP_DEPLOYED") == "yes"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
DATABASES["default"]["NAME"] = os.environ["SHOP_DATABASE"]

OPTIONS = {
    "region_name": "us-east-1",
    "endpoint_url": {"env": "SHOP_SES"},
    "connect_timeout_seconds": 2.0,
}
SILENT = os.environ.get("SHOP_SILENT") == "yes"
"""

WITH_MAILERS = """
MAILERS = {
    "default": {
        "BACKEND": "mailcore_django.EmailBackend",
        "OPTIONS": {"provider": "ses", "fail_silently": SILENT, **OPTIONS},
    },
}
"""

WITHOUT_MAILERS = """
EMAIL_BACKEND = "mailcore_django.EmailBackend"
MAILCORE = {"PROVIDER": "ses", "OPTIONS": OPTIONS, "FAIL_SILENTLY": SILENT}
"""

ADDRESSES = """
from django.contrib import admin
from django.urls import include, path


def fails(request):
    raise ZeroDivisionError("a view that fails")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("fails/", fails),
    path("accounts/", include("django.contrib.auth.urls")),
]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a database and one user."""
    directory = tmp_path_factory.mktemp("startproject")
    made = Project(directory)
    made.run("-m", "django", "startproject", "shop", ".")
    settings = directory / "shop" / "settings.py"
    own = SETTINGS + (WITH_MAILERS if HAS_MAILERS else WITHOUT_MAILERS)
    settings.write_text(settings.read_text("utf-8") + own, encoding="utf-8")
    (directory / "shop" / "addresses.py").write_text(ADDRESSES, encoding="utf-8")
    made.manage("migrate", "--verbosity", "0")
    made.script(
        "from django.contrib.auth.models import User\n"
        "User.objects.create_user('bob', 'bob@example.net', 'an invented password')"
    )
    return made


@pytest.fixture
def ses(project, monkeypatch):
    """The local SES that the project sends to."""
    with LocalSes() as local:
        monkeypatch.setitem(project.environment, "SHOP_SES", local.url)
        yield local


def mails(ses):
    """What arrived, as mail."""
    return [email.message_from_bytes(each.raw, policy=policy.default) for each in ses.messages]


PASSWORD_RESET = """
from django.test import Client
answer = Client().post('/accounts/password_reset/', {'email': 'bob@example.net'})
print(answer.status_code)
"""

FAILING_VIEW = """
from django.test import Client
answer = Client(raise_request_exception=False).get('/fails/')
print(answer.status_code)
"""


def test_password_reset(project, ses):
    """Django's own view sends the link."""
    assert "302" in project.script(PASSWORD_RESET)

    (mail,) = mails(ses)
    assert ("Shop <shop@example.com>", "bob@example.net") == (mail["From"], mail["To"])
    assert "/accounts/reset/" in mail.get_content()


def test_admins_are_told_of_a_view_that_fails(project, ses):
    """The page is a 500, and the log's handler sends."""
    assert "500" in project.script(FAILING_VIEW)

    (mail,) = mails(ses)
    assert ("server@example.com", "ada@example.net") == (mail["From"], mail["To"])
    assert "ZeroDivisionError" in mail.get_content()


@pytest.mark.parametrize(("script", "status"), [(PASSWORD_RESET, "302"), (FAILING_VIEW, "500")])
def test_a_provider_that_is_down(project, script, status):
    """With `fail_silently`, people get their page all the same."""
    assert status in project.script(script, SHOP_SILENT="yes").splitlines()


def test_sendtestemail(project, ses):
    """Django's own command."""
    project.manage("sendtestemail", "carl@example.net")

    (mail,) = mails(ses)
    assert ("carl@example.net", True) == (mail["To"], mail["Subject"].startswith("Test email"))


def test_a_newsletter(project, ses):
    """Merge data: each reader gets a mail of their own, and sees no other."""
    shown = project.script(
        "from mailcore_django import MailcoreMessage\n"
        "mail = MailcoreMessage('News for {{name}}', 'Hello {{name}}', to=['a@example.net',"
        " 'b@example.net'],\n"
        "    merge_data={'a@example.net': {'name': 'Ann'}, 'b@example.net': {'name': 'Bob'}},\n"
        "    merge_global_data={'name': 'you'}, metadata={'issue': 7})\n"
        "count, status = mail.send(), mail.anymail_status\n"
        "print(count, sorted(status.status), len(status.message_id))"
    )

    assert "1 ['queued'] 2" in shown
    assert [("a@example.net",), ("b@example.net",)] == [tuple(each.to) for each in ses.messages]
    assert ["News for Ann", "News for Bob"] == [mail["Subject"] for mail in mails(ses)]


def test_every_way_of_sending(project, ses):
    """Functions, a class, and coroutines; with files, HTML and headers."""
    shown = project.script(
        "import asyncio\n"
        "from django.core.mail import EmailMultiAlternatives, mail_managers, send_mail,"
        " send_mass_mail\n"
        "from mailcore_django import asend\n"
        "print(send_mail('One', 'x', None, ['a@example.net'], html_message='<p>x</p>'))\n"
        "print(send_mass_mail([('Two', 'x', None, ['a@example.net']),"
        " ('Three', 'x', None, ['b@example.net'])]))\n"
        "mail = EmailMultiAlternatives('Four', 'x', None, ['a@example.net'],\n"
        "    cc=['c@example.net'], bcc=['d@example.net'],\n"
        "    reply_to=['e@example.net'], headers={'X-Shop': 'ü'})\n"
        "mail.attach('ü.txt', 'ü', 'text/plain')\n"
        "print(mail.send(), asyncio.run(asend(mail)))"
    )

    assert ["1", "2", "1 1"] == shown.splitlines()
    arrived = mails(ses)
    assert ["One", "Two", "Three", "Four", "Four"] == [mail["Subject"] for mail in arrived]
    assert ("c@example.net", "e@example.net", "ü", None) == tuple(
        arrived[-1][name] for name in ("Cc", "Reply-To", "X-Shop", "Bcc")
    )
    (attached,) = arrived[-1].iter_attachments()
    assert ("ü.txt", "ü") == (attached.get_filename(), attached.get_content().strip())


def test_check_of_a_deployment(project):
    """It names what is wrong with mail, and nothing once that is put right."""
    silent = {"SHOP_DEPLOYED": "yes", "SHOP_SILENT": "yes"}
    assert "no issues" in project.manage("check", "--deploy", "--fail-level", "WARNING", **silent)

    if HAS_MAILERS:
        told = project.manage("check", "--fail-level", "WARNING", code=1, SHOP_DEPLOYED="yes")
        assert "mailcore_django.W002" in told
        assert "fail_silently" in told


def test_the_command_line(project, ses):
    """`manage.py mailcore` asks SES with the options of the settings."""
    assert "mailcore_django" not in project.manage("mailcore", "ses", "quota")
