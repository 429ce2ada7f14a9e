"""
The pages in the admin as people see them: in Chromium, narrow and wide, light and dark.

The project is one of `startproject`, served by `runserver`, and its pages allow nothing but what
their own server has (`Content-Security-Policy: default-src 'self'`). Chromium is the system's;
where there is none these tests fail. `MAILCORE_SCREENSHOTS=DIRECTORY` keeps the pictures.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time

from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect, sync_playwright
from started import Project

from mailcore import Mailer, Message
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 30
DAY_SECONDS = 24 * 60 * 60
WIDTHS = (360, 768, 1200)
THEMES = ("light", "dark")
DASHBOARD = "/admin/mailcore_dashboard/account/"
LOG = "/admin/mailcore_log/sentmessage/"
OUTBOX = "/admin/mailcore_outbox/outboxmessage/"
PASSWORD = "an invented password"
SMALLEST_TEXT_PIXELS = 10

SETTINGS = """

import os

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES["default"]["NAME"] = os.environ["SHOP_DATABASE"]
INSTALLED_APPS += [
    "mailcore_django",
    "mailcore_django.seen",
    "mailcore_django.log",
    "mailcore_django.dashboard",
    "mailcore_django.outbox",
]
MIDDLEWARE.insert(0, "shop.policy.strict")
DEFAULT_FROM_EMAIL = "Shop <shop@shop.example>"
_OPTIONS = {
    "provider": "ses",
    "region_name": "us-east-1",
    "endpoint_url": {"env": "SHOP_SES"},
    "connect_timeout_seconds": 2.0,
}
_BACKEND = "mailcore_django.EmailBackend"
_DOWN = {"BACKEND": _BACKEND, "OPTIONS": {**_OPTIONS, "endpoint_url": "http://127.0.0.1:9"}}
MAILCORE = {"LOG": {"bodies": True}, "DASHBOARD": {"cache_seconds": 0}}
"""

WITH_MAILERS = """
MAILERS = {"default": {"BACKEND": _BACKEND, "OPTIONS": _OPTIONS}, "down": _DOWN}
"""

WITHOUT_MAILERS = """
EMAIL_BACKEND = _BACKEND
MAILCORE["PROVIDER"] = _OPTIONS.pop("provider")
MAILCORE["OPTIONS"] = _OPTIONS
MAILCORE["MAILERS"] = {"down": {**_DOWN, "OPTIONS": {"provider": "ses", **_DOWN["OPTIONS"]}}}
"""

POLICY = """
def strict(get_response):
    def answer(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return answer
"""

DATA = """
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from mailcore import EventType, TrackingEvent
from mailcore_django.conf import LogSettings
from mailcore_django.log.models import SentMessage
from mailcore_django.log.recording import record_event

User.objects.create_superuser("ada", "ada@example.net", "an invented password")
for subject, to in (
    ("Your order 1042 is on its way", ["ben@example.net"]),
    ("Newsletter of November: everything that is new", ["cleo@example.net", "dan@example.net",
        "a.very.long.name.that.does.not.fit.into.a.narrow.column@department.example.net"]),
    ("Reset your password", ["success@simulator.amazonses.com"]),
):
    mail = EmailMultiAlternatives(subject, "Hello\\n", None, to)
    mail.attach_alternative("<p>Hello</p>", "text/html")
    mail.send()
row = SentMessage.objects.get(subject__startswith="Newsletter")
told = (
    (EventType.DELIVERED, "cleo@example.net", "250 2.0.0 OK"),
    (EventType.BOUNCED, "dan@example.net", "550 5.1.1 The email account that you tried to reach"
        " does not exist. Please try double-checking the recipient's address for typos."),
    (EventType.OPENED, "cleo@example.net", ""),
    (EventType.COMPLAINED, "cleo@example.net", ""),
)
for number, (event_type, recipient, response) in enumerate(told):
    record_event(
        TrackingEvent(
            provider="ses",
            event_type=event_type,
            recipient=recipient,
            message_id=row.message_id,
            timestamp=timezone.now() + timedelta(minutes=number),
            mta_response=response,
            dedupe_key=str(number),
        ),
        LogSettings(),
    )
"""

# Of one of them nobody knows what became of it; another one waits.
KEPT = """
from django.core.mail import EmailMessage

from mailcore_django.log import listening
from mailcore_django.outbox.keeping import keep
from mailcore_django.outbox.models import OutboxMessage
from mailcore_django.outbox.working import made_workers, work_off

listening.disconnect()
for subject, to in (
    ("Your order 1043 is on its way", ["ben@example.net"]),
    ("Newsletter of December: everything that is new", ["cleo@example.net", "dan@example.net",
        "a.very.long.name.that.does.not.fit.into.a.narrow.column@department.example.net"]),
):
    keep(EmailMessage(subject, "Hello", None, to))
document = OutboxMessage.objects.get(subject__startswith="Newsletter").document
work_off(made_workers(mailers=["default"]))
OutboxMessage.objects.filter(subject__startswith="Newsletter").update(
    state="unknown", document=document, error_category="worker_lost",
    error_text="the worker did not come back after it had begun to send")
keep(EmailMessage("A reminder", "Hello", None, ["ben@example.net"]))
"""


@pytest.fixture(scope="module")
def ses():
    """A local SES with two weeks of mail: on some days more, on two none."""
    moment = [time.time()]
    with LocalSes(
        max_24_hour_send=500,
        max_send_rate=10_000,
        verified_identities=[
            "shop.example",
            "a-very-long-name-of-a-domain.of-a-department.of-the-shop.example",
            "ada@elsewhere.example",
        ],
        clock=lambda: moment[0],
    ) as local:
        mailer = Mailer(
            "ses",
            access_key_id="AKIAINVENTED00000000",
            secret_access_key="invented",
            **local.provider_options,
        )
        now = moment[0]
        for before in range(13, -1, -1):
            moment[0] = now - before * DAY_SECONDS
            if before in {5, 6}:
                continue
            for _ in range(3 + before % 4):
                _send(mailer, "success", 40)
            _send(mailer, "bounce", 1 + before % 3)
            if before % 4 == 1:
                _send(mailer, "complaint", 1)
        for address in ("gone@example.net", "angry@example.net"):
            mailer.provider.account.put_suppressed(address, "BOUNCE")
        mailer.close()
        yield local


def _send(mailer: Mailer, fate: str, count: int) -> None:
    to = [f"{fate}+{number}@simulator.amazonses.com" for number in range(count)]
    mailer.send(Message(from_email="shop@shop.example", to=to, subject="Hi", text="Hello"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, ses) -> Iterator[str]:
    """The address of the project, which has sent mail and heard of it."""
    made = Project(tmp_path_factory.mktemp("browser"))
    made.environment["SHOP_SES"] = ses.url
    made.run("-m", "django", "startproject", "shop", ".")
    settings = made.directory / "shop" / "settings.py"
    own = SETTINGS + (WITH_MAILERS if django.VERSION >= (6, 1) else WITHOUT_MAILERS)
    settings.write_text(settings.read_text("utf-8") + own, encoding="utf-8")
    (made.directory / "shop" / "policy.py").write_text(POLICY, encoding="utf-8")
    made.manage("migrate", "--verbosity", "0")
    made.script(DATA)
    made.script(KEPT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-W", "error", "manage.py", "runserver", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        # It serves the admin's files although DEBUG is off.
        [*command, "--noreload", "--insecure"],
        cwd=made.directory,
        env=made.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        _, told = server.communicate(timeout=DEADLINE_SECONDS)
    assert b"Traceback" not in told, told.decode()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/admin/login/")
            if connection.getresponse().status == http.client.OK:
                return
    pytest.fail(f"runserver does not answer: {server.stderr.read1() if server.stderr else b''!r}")


@pytest.fixture(scope="module")
def chromium():
    """The browser; where there is none, that is a failure and no reason to skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            # Without one of the system's: the one that `playwright install chromium` fetches.
            browser = playwright.chromium.launch(executable_path=found)
        except BrowserError as error:
            pytest.fail(f"Chromium cannot be started; `apt-get install chromium`: {error}")
        yield browser
        browser.close()


class Visit:
    """Someone who is logged in, in a window of one width and theme."""

    def __init__(self, context, site, width, theme):
        self.site = site
        self.width = width
        self.name = f"{width}-{theme}"
        self.complaints = []
        self.page = context.new_page()
        self.page.set_default_timeout(DEADLINE_SECONDS * 1000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("response", self._answered)

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _answered(self, response):
        if not response.url.startswith(self.site):
            self.complaints.append(f"asked for {response.url}")
        if response.status >= http.client.BAD_REQUEST:
            self.complaints.append(f"{response.status} of {response.url}")

    def open(self, path):
        """Go to a page."""
        self.page.goto(f"{self.site}{path}", wait_until="load")

    def look(self, name):
        """Keep a picture, and find nothing wrong with the page."""
        directory = os.environ.get("MAILCORE_SCREENSHOTS")
        if directory:
            path = Path(directory) / f"{name}-{self.name}.png"
            self.page.screenshot(path=path, full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.width, f"{name} is {wide} pixels wide"
        assert [] == self.complaints


@pytest.fixture(scope="module")
def logged_in(chromium, site):
    """Cookies of somebody who has logged in at the admin's form."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/admin/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    page.wait_for_selector("#content")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(params=[(width, theme) for width in WIDTHS for theme in THEMES], ids=str)
def visit(request, chromium, site, logged_in):
    """A window of each width and theme."""
    width, theme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, storage_state=logged_in
    )
    yield Visit(context, site, width, theme)
    context.close()


def test_the_log(visit):
    """The list of messages, and one with its recipients and its timeline."""
    visit.open(LOG)
    expect(visit.page.locator("#result_list tbody tr")).to_have_count(3)
    visit.look("log")

    visit.page.get_by_role("link", name=re.compile("20")).first.wait_for()
    visit.page.goto(
        visit.site
        + visit.page.locator("#result_list tr", has_text="Newsletter")
        .locator("th a")
        .get_attribute("href")
    )
    for text in ("bounced", "complained", "550 5.1.1"):
        expect(visit.page.locator(".field-timeline")).to_contain_text(text)
    visit.look("message")


def test_sending_again(visit):
    """Choose a message, read what speaks against it, and go back: nothing is sent."""
    visit.open(LOG)
    visit.page.locator("#result_list tr", has_text="Newsletter").locator(
        "input.action-select"
    ).check()
    visit.page.select_option("select[name=action]", "send_again")
    visit.page.locator(".actions button[type=submit]").first.click()
    expect(visit.page.locator("h1", has_text="Send again?")).to_be_visible()
    expect(visit.page.locator("#content")).to_contain_text("It was accepted for 3 of 3 recipients")
    visit.look("send-again")

    visit.page.locator("a.cancel-link").click()
    expect(visit.page.locator("#result_list tbody tr")).to_have_count(3)


def test_the_outbox(visit):
    """The list, a message with its attempt, and the question before it is sent again."""
    visit.open(OUTBOX)
    expect(visit.page.locator("#result_list tbody tr")).to_have_count(3)
    visit.look("outbox")
    row = visit.page.locator("#result_list tr", has_text="Newsletter")
    address = row.locator("th a").get_attribute("href")
    row.locator("input.action-select").check()
    visit.page.select_option("select[name=action]", "send_again")
    visit.page.locator(".actions button[type=submit]").first.click()
    expect(visit.page.locator("h1", has_text="Send again?")).to_be_visible()
    visit.look("outbox-send-again")

    visit.open(address)
    expect(visit.page.locator(".field-all_attempts")).to_contain_text("all accepted")
    expect(visit.page.locator(".field-error_text")).to_contain_text("did not come back")
    visit.look("outbox-message")


def test_the_dashboard(visit):
    """All its parts, with text that can be read and colours of the theme."""
    visit.open(DASHBOARD)
    page = visit.page
    expect(page.locator("figure.mailcore-panel")).to_have_count(4)
    expect(page.locator("#content")).to_contain_text("of 500 recipients in the past 24 hours")
    for summary in page.locator("details > summary").all():
        summary.click()
    expect(page.locator("#content")).to_contain_text("gone@example.net")
    visit.look("dashboard")

    sizes = page.locator(".mailcore-panel svg").evaluate_all(
        "all => all.map(e => 12 * e.getBoundingClientRect().width / e.viewBox.baseVal.width)"
    )
    assert min(sizes) >= SMALLEST_TEXT_PIXELS
    colour = page.locator(".mailcore-bounces .mailcore-line").first.evaluate(
        "e => getComputedStyle(e).stroke"
    )
    assert ("rgb(230, 159, 0)" if "dark" in visit.name else "rgb(213, 94, 0)") == colour


def test_asking_again(visit):
    """The button asks; an account that cannot be reached is a message on the page."""
    visit.open(DASHBOARD)
    visit.page.get_by_role("button", name="Ask again").click()
    expect(visit.page.locator("figure.mailcore-panel")).to_have_count(4)

    visit.page.get_by_role("link", name="down").click()
    expect(visit.page.locator(".messagelist .error")).to_contain_text("Quota:")
    visit.look("dashboard-down")
