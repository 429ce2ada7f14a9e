"""
The guides for those who come from django-mailer and django-post_office, executed.

A project of `startproject` has mail in the queue of the other package; the changes that the guide
shows are applied to it, what waits is moved, and a worker sends it to a real SMTP server.
"""

from __future__ import annotations

import ast
import asyncio
import email
import importlib.util
import re
import threading

from email import policy
from pathlib import Path

import pytest

from aiosmtpd.smtp import SMTP
from moved import DOCS, HAS_MAILERS, made

from mailcore_django.moving.queue_settings import DJANGO_MAILER, POST_OFFICE


COMMANDS = re.compile(r"^\| .*? \| (.*) \|$", re.MULTILINE)


class Mails:
    """What an SMTP server on this machine was given."""

    def __init__(self):
        self.envelopes = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        """Take a mail."""
        self.envelopes.append(envelope)
        return "250 2.0.0 Ok"

    def start(self):
        """Begin to listen; the port."""

        async def listen():
            return await self.loop.create_server(lambda: SMTP(self, loop=self.loop), "127.0.0.1", 0)

        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(listen(), self.loop).result(30)
        return self.server.sockets[0].getsockname()[1]

    def stop(self):
        """End it."""

        async def close():
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def taken(self):
        """Recipient, subject, text, HTML and files of each mail; then they are forgotten."""
        found = []
        for envelope in self.envelopes:
            mail = email.message_from_bytes(envelope.content, policy=policy.default)
            plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
            found.append(
                (
                    *envelope.rcpt_tos,
                    mail["From"],
                    mail["Subject"],
                    plain.get_content().strip(),
                    html.get_content().strip() if html else None,
                    [part.get_filename() for part in mail.iter_attachments()],
                )
            )
        self.envelopes.clear()
        return found


@pytest.fixture
def mails():
    """An SMTP server."""
    server = Mails()
    server.port = server.start()
    yield server
    server.stop()


SETTINGS = """
import os

DEBUG = False
DATABASES["default"]["NAME"] = os.environ["SHOP_DATABASE"]
DEFAULT_FROM_EMAIL = "Shop <shop@example.com>"
"""
# From Django 6.1 on, `startproject` writes MAILERS, which django-mailer does not know.
OF_DJANGO_MAILER = f"""
{"del MAILERS" if HAS_MAILERS else ""}
INSTALLED_APPS += ["mailer"]
EMAIL_BACKEND = "mailer.backend.DbBackend"
MAILER_EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
MAILER_EMAIL_MAX_RETRIES = 5
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["SHOP_SMTP_PORT"])
"""
OF_POST_OFFICE = (
    """
INSTALLED_APPS += ["post_office"]
MAILERS = {
    "default": {"BACKEND": "post_office.EmailBackend"},
    "smtp": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {"host": "127.0.0.1", "port": int(os.environ["SHOP_SMTP_PORT"])},
    },
}
POST_OFFICE = {"DEFAULT_MAILER": "smtp", "MAX_RETRIES": 4}
"""
    if HAS_MAILERS
    else """
INSTALLED_APPS += ["post_office"]
EMAIL_BACKEND = "post_office.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["SHOP_SMTP_PORT"])
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "MAX_RETRIES": 4,
}
"""
)
# Django 6.1 and newer say that EMAIL_BACKEND will go; django-mailer needs it.
QUIET = ["-W", "error", "-W", "ignore::PendingDeprecationWarning"]


def blocks(page):
    """The blocks of a guide that are for a shell."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page):
    """The commands of mailcore that a guide has for those of the other package."""
    text = (DOCS / page).read_text("utf-8")
    _, _, section = text.partition(". Commands\n")
    rows = COMMANDS.findall(section.partition("\n## ")[0])
    return [each for row in rows for each in re.findall(r"`manage\.py (mailcore [^`]+)`", row)]


# Each process takes a second: so what can be is done in one.
RUN = """
from django.core.management import call_command


def run(*command):
    print("$", *command)
    try:
        call_command(*command)
    except SystemExit as end:
        print("exit code", end.code)


"""
CALL = "for each in {0!r}:\n    run(*each.split())\n"


@pytest.mark.slow
def test_from_django_mailer(tmp_path, mails):
    """Mail of either queue arrives as it would have, the deferred one too; addresses stay out."""
    page = "from-django-mailer.md"
    project = made(tmp_path, "django_mailer", SETTINGS + OF_DJANGO_MAILER, "")
    project.environment["SHOP_SMTP_PORT"] = str(mails.port)
    project.warnings = QUIET
    send = "from shop import mail\nmail.order('ada@example.net')\nmail.news('ben@example.net')\n"
    project.script(
        f"{RUN}run('migrate', '--verbosity', '0')\n{send}run('send_mail')\n{send}"
        "from django.utils import timezone\n"
        "from mailer.models import DontSendEntry, Message\n"
        "mail.news('late@example.net')\n"
        "Message.objects.order_by('-pk')[0].defer()\n"
        "Message.objects.create(message_data='nonsense')\n"
        "DontSendEntry.objects.create(to_address='eve@example.net', when_added=timezone.now())"
    )
    before = mails.taken()
    assert ["ada@example.net", "ben@example.net"] == [each[0] for each in before]

    for section in ("1.", "2.", "3."):
        project.change(page, section)
    project.warnings = ["-W", "error"]
    told = project.manage("check", "--fail-level", "WARNING", code=1)
    assert "INSTALLED_APPS has 'mailer'" in told
    told = project.script(
        f"{RUN}run('migrate', '--verbosity', '0')\n"
        + "".join(blocks(page))
        + "run('mailcore', 'take-over', '--dry-run')\n"
        "run('mailcore', 'take-over')\n"
        "run('mailcore', 'take-over')\n"
        f"{send}mail.news('eve@example.net')\n"
        + CALL.format([each for each in commands(page) if each != "mailcore work"])
        + "run('migrate', '--verbosity', '0', 'mailer', 'zero')\n"
    )
    assert "django-mailer: 3 would be moved, 1 left" in told
    assert "its pickle cannot be read any more" in told
    assert "django-mailer: 3 moved, 1 left" in told
    assert "django-mailer: 0 moved, 1 left" in told
    assert 3 == told.count("exit code 1")
    assert {"$ mailcore work --once", "$ mailcore prune"} <= set(told.splitlines())
    after = mails.taken()
    late = [each for each in after if each[0] == "late@example.net"]
    assert 1 == len(late)
    assert sorted(before * 2, key=str) == sorted([e for e in after if e not in late], key=str)
    project.change(page, "6.")
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")


@pytest.mark.slow
def test_from_django_post_office(tmp_path, mails):
    """Templates, times and files come along; what expires at a time of its own stays."""
    page = "from-django-post_office.md"
    project = made(tmp_path, "post_office", SETTINGS + OF_POST_OFFICE, "")
    project.environment["SHOP_SMTP_PORT"] = str(mails.port)
    project.warnings = QUIET
    send = (
        "from shop import mail\n"
        "mail.welcome('Ada', 'ada@example.net')\n"
        "mail.remind('ben@example.net')\n"
        "mail.receipt('cleo@example.net')\n"
    )
    # One that was to be sent tomorrow stays in the queue, and so do those of the second time.
    project.script(
        f"{RUN}run('migrate', '--verbosity', '0')\n"
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from post_office import mail as post_office\n"
        "from post_office.models import EmailTemplate\n"
        "EmailTemplate.objects.create(\n"
        "    name='welcome', subject='Welcome {{ name }}', content='Hello {{ name }}')\n"
        f"{send}run('send_queued_mail')\n{send}"
        "post_office.send('eve@example.net', subject='x', message='x',\n"
        "    expires_at=timezone.now() + timedelta(days=1))\n"
        "post_office.send('dan@example.net', template='welcome', context={'name': 'Dan'},\n"
        "    render_on_delivery=True, priority='low')"
    )
    before = mails.taken()
    assert {"ada@example.net", "cleo@example.net"} == {each[0] for each in before}

    for section in ("1.", "2.", "4."):
        project.change(page, section)
    project.warnings = ["-W", "error"]
    told = project.manage("check", "--fail-level", "WARNING", code=1)
    assert "INSTALLED_APPS has 'post_office'" in told
    told = project.script(
        f"{RUN}run('migrate', '--verbosity', '0')\n"
        + "".join(blocks(page))
        + f"run('mailcore', 'take-over')\n{send}"
        + CALL.format([each for each in commands(page) if each != "mailcore work"])
        + "run('mailcore', 'status', '--json')\n"
        "run('migrate', '--verbosity', '0', 'post_office', 'zero')\n"
    )
    assert "django-post_office: 5 moved, 1 left" in told
    assert "it expires at a time of its own" in told
    after = mails.taken()
    (dan,) = [each for each in after if each[0] == "dan@example.net"]
    assert ("Welcome Dan", "Hello Dan") == dan[2:4]
    assert sorted(before * 2, key=str) == sorted([e for e in after if e != dan], key=str)
    # Two that are for tomorrow in the old queue, and one of the new code.
    assert ('"sent": 5', '"pending": 3') == tuple(re.findall(r'"(?:sent|pending)": \d', told)[::-1])
    project.change(page, "7.")
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")


def names_in(package):
    """The settings that the installed package looks up, and the keys of its own dictionary."""
    folder = Path(importlib.util.find_spec(package).submodule_search_locations[0])
    settings, keys = set(), set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "settings":
                settings.add(node.attr)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
                name = node.args[1]
                if ast.unparse(node.args[0]) == "settings" and isinstance(name, ast.Constant):
                    settings.add(name.value)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "get_config().get":
                keys.add(node.args[0].value)
    return settings, keys


def test_every_setting_of_django_mailer():
    """It has an answer in the check and in the guide."""
    settings, _ = names_in("mailer")
    page = (DOCS / "from-django-mailer.md").read_text("utf-8")

    assert set(DJANGO_MAILER) == {each for each in settings if each.startswith("MAILER_")}
    assert [] == [name for name in DJANGO_MAILER if f"`{name}`" not in page and name not in page]


def test_every_setting_of_django_post_office():
    """It has an answer in the check and in the guide."""
    _, keys = names_in("post_office")
    page = (DOCS / "from-django-post_office.md").read_text("utf-8")

    assert set(POST_OFFICE) == keys
    assert [] == [name for name in POST_OFFICE if f"`{name}`" not in page]


@pytest.mark.parametrize("page", ["from-django-mailer.md", "from-django-post_office.md"])
def test_the_version_that_the_guide_names(page):
    """It is the one that the tests have."""
    from importlib.metadata import version

    package, number = re.search(
        r"project with (django-\w+) ([\d.]+\d)", (DOCS / page).read_text("utf-8").replace("\n", " ")
    ).groups()
    assert version(package) == number
