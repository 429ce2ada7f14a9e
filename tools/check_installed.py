"""
Check the installed distributions end to end, far from the tree that they were built from.

    python check_installed.py --not-from TREE

Run it in an environment that holds the wheels and their dependencies only, from another directory.
Each plugin must be found by its name and build a message. One message goes through the local SES
with boto3, and the signed events of it are received.
"""

from __future__ import annotations

import argparse
import importlib.resources
import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from pathlib import Path

from mailcore import (
    Event,
    EventType,
    Mailer,
    Message,
    SendStatus,
    TrackingEvent,
    WebhookError,
    WebhookRequest,
    get_provider,
    receive,
)


# What a provider needs to build a message. All are invented, and lead nowhere.
PLUGINS: dict[str, dict[str, str]] = {
    "mailgun": {"api_key": "invented"},
    "brevo": {"api_key": "invented"},
    "mailjet": {"api_key": "invented", "secret_key": "invented"},
    "mandrill": {"api_key": "invented"},
    "postmark": {"server_token": "invented"},
    "sendgrid": {"api_key": "invented"},
    "ses": {"region_name": "eu-west-1"},
    "smtp": {"host": "mail.example.com"},
    "sparkpost": {"api_key": "invented"},
}
MODULES = (
    "mailcore",
    "mailcore_celery",
    "mailcore_django",
    "mailcore_local",
    "mailcore_outbox",
    *(f"mailcore_{name}" for name in PLUGINS),
)
PROVIDERS = {"console", "file", "memory", "null", *PLUGINS}
RECIPIENT = "success@simulator.amazonses.com"
DEADLINE_SECONDS = 30


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition is the subject
    """End with a sentence if something does not hold."""
    if not holds:
        sys.exit(f"FAILED: {otherwise}")


def check_location(tree: Path) -> None:
    """The modules come from this environment, and say that they are typed."""
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        require(origin is not None, f"{name} is not installed")
        directory = Path(str(origin)).resolve().parent
        require(directory.is_relative_to(Path(sys.prefix).resolve()), f"{name} is in {directory}")
        require(not directory.is_relative_to(tree), f"{name} comes from the tree")
        require((directory / "py.typed").is_file(), f"{name} has no py.typed")


def check_command() -> None:
    """The command lists the providers, under its own name and as a module."""
    script = Path(sys.executable).parent / "mailcore"
    for command in ([str(script)], [sys.executable, "-m", "mailcore"]):
        finished = subprocess.run(
            [*command, "providers", "--json"], capture_output=True, check=False, text=True
        )
        require(finished.returncode == 0, f"{command}: {finished.stderr}")
        listed = json.dumps(json.loads(finished.stdout))
        missing = {name for name in PROVIDERS if f'"{name}"' not in listed}
        require(not missing, f"{command} does not list {sorted(missing)}")
    for command in ([str(script), "local"], [str(script.with_name("mailcore-local"))]):
        finished = subprocess.run([*command, "--help"], capture_output=True, check=False, text=True)
        require("--webhook" in finished.stdout, f"{command}: {finished.stderr}")


def check_entry_points() -> None:
    """Every entry point leads to something."""
    for group in ("console_scripts", "mailcore.providers", "pytest11"):
        for entry_point in entry_points(group=group):
            if entry_point.value.startswith(MODULES) and group != "pytest11":
                entry_point.load()
            elif entry_point.value.startswith(MODULES):
                require(
                    importlib.util.find_spec(entry_point.module) is not None,
                    f"{entry_point.value} does not exist",
                )


def check_plugins() -> None:
    """Every plugin is found by its name, in its own distribution, and builds a message."""
    found = {
        entry_point.name: entry_point.dist.name
        for entry_point in entry_points(group="mailcore.providers")
        if entry_point.dist is not None and entry_point.dist.name != "mailcore-esp"
    }
    expected = {name: f"mailcore-{name}" for name in PLUGINS}
    require(found == expected, f"the plugins are {found}, not {expected}")
    message = Message(
        from_email="Shop <shop@example.com>",
        to=["ada@example.net"],
        subject="Grüße",
        text="Hello",
    )
    for name, options in PLUGINS.items():
        requests = get_provider(name, **options).build(message)
        named = [address for request in requests for address in request.recipients]
        require(named == ["ada@example.net"], f"{name} builds requests for {len(named)}")


class Receiver(ThreadingHTTPServer):
    """An endpoint as a user writes one: receives, and answers what mailcore says."""

    daemon_threads = True

    def __init__(self, receive_events: Callable[[WebhookRequest], tuple[Event, ...]]) -> None:
        """Listen on a free port of loopback."""
        self.receive_events = receive_events
        self.events: queue.Queue[Event] = queue.Queue()
        super().__init__(("127.0.0.1", 0), ReceiverHandler)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class ReceiverHandler(BaseHTTPRequestHandler):
    """One request of SNS."""

    server: Receiver

    def do_POST(self) -> None:
        """Hand the request to mailcore."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status_code = 200
        try:
            events = self.server.receive_events(WebhookRequest("POST", dict(self.headers), body))
        except WebhookError as error:
            print(f"refused: {error}", file=sys.stderr)
            status_code, events = error.response.status_code, ()
        for event in events:
            self.server.events.put(event)
        self.send_response(status_code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def check_django() -> None:
    """The apps bring their migrations, which make what their models say, and their templates."""
    settings = (
        "from django.conf import settings; import django; from django.core.management import "
        "call_command as call; from django.template.loader import get_template\n"
        "own = ['mailcore_django', *('mailcore_django.' + each for each in ('seen', 'log', "
        "'dashboard', 'suppression', 'idempotency', 'outbox'))]\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.admin', 'django.contrib.auth', "
        "'django.contrib.contenttypes', 'django.contrib.messages', 'django.contrib.staticfiles', "
        "*own], DATABASES={'default': "
        "{'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}, TEMPLATES=[{'BACKEND': "
        "'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}])\n"
        "django.setup()\n"
        "call('makemigrations', 'mailcore_seen', 'mailcore_log', 'mailcore_dashboard', "
        "'mailcore_suppression', 'mailcore_idempotency', 'mailcore_outbox', check=True, "
        "skip_checks=True)\n"
        "call('migrate', verbosity=0, skip_checks=True)\n"
        "from mailcore_django.log.models import SentMessage\n"
        "assert not SentMessage.objects.count()\n"
        "from mailcore_django.suppression.store import DatabaseSuppressionStore as Store\n"
        "assert not list(Store().entries())\n"
        "get_template('admin/mailcore_log/sentmessage/send_again.html')\n"
        "get_template('admin/mailcore_outbox/outboxmessage/send_again.html')\n"
        "get_template('admin/mailcore_dashboard/dashboard.html')\n"
        "from django.contrib.staticfiles import finders\n"
        "assert finders.find('mailcore_django/pages.css')\n"
        "assert finders.find('mailcore_dashboard/dashboard.css')\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", settings], capture_output=True, check=False, text=True
    )
    require(finished.returncode == 0, f"the apps for Django: {finished.stdout}{finished.stderr}")


def check_outbox() -> None:
    """A message is kept in a transaction, and sent by the command; the migrations are there."""
    from sqlalchemy import create_engine

    from mailcore_outbox import Outbox

    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/outbox.db"
        engine = create_engine(url)
        outbox = Outbox(engine)
        outbox.create()
        message = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hello")
        with engine.begin() as connection:
            row = outbox.add(connection, message, key="order-17")
        command = [sys.executable, "-m", "mailcore", "outbox", "work", "--once", "--json"]
        finished = subprocess.run(
            [*command, "--database", url, "--provider", "null"],
            capture_output=True,
            check=False,
            text=True,
        )
        found = outbox.store.get(row.id)
        engine.dispose()
    require(finished.returncode == 0, f"{command}: {finished.stderr}")
    require(json.loads(finished.stdout)["sent"] == 1, f"{command}: {finished.stdout}")
    require(found is not None and str(found.state) == "sent", f"the message is {found}")
    scripts = importlib.resources.files("mailcore_outbox.migrations.versions")
    require(scripts.joinpath("mailcore_outbox_0001.py").is_file(), "the migrations are not there")


def check_round_trip() -> None:
    """One message leaves through boto3, and its signed delivery event comes back."""
    from mailcore_local.ses import LocalSes

    os.environ |= {"AWS_ACCESS_KEY_ID": "invented", "AWS_SECRET_ACCESS_KEY": "invented"}
    with LocalSes(signature_version="2") as local:
        ses = get_provider("ses", **local.provider_options)
        receiver = Receiver(lambda request: receive(ses, request))
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            local.subscribe(receiver.url, timeout_seconds=DEADLINE_SECONDS)
            mailer = Mailer(
                "ses",
                endpoint_url=local.url,
                region_name=local.region_name,
                configuration_set_name="local",
            )
            result = mailer.send(
                Message(
                    from_email="Shop <shop@example.com>",
                    to=[RECIPIENT],
                    subject="Grüße aus dem Rad",
                    text="Hello",
                    html="<p>Hello</p>",
                    metadata={"user": 42},
                )
            )
            require(
                result.recipients[RECIPIENT].status is SendStatus.QUEUED,
                f"the message was not queued: {result}",
            )
            require(len(local.messages) == 1, f"{len(local.messages)} messages arrived")
            event = receiver.events.get(timeout=DEADLINE_SECONDS)
            while event.event_type is not EventType.DELIVERED:
                event = receiver.events.get(timeout=DEADLINE_SECONDS)
        except queue.Empty:
            sys.exit(f"FAILED: no delivery event within {DEADLINE_SECONDS} seconds")
        finally:
            receiver.shutdown()
            thread.join()
            receiver.server_close()
    require(event.message_id == result.message_id, "the event is about another message")
    require(
        isinstance(event, TrackingEvent) and event.recipient == RECIPIENT,
        "the event is about another recipient",
    )


def main() -> None:
    """Run all checks; the first that fails ends the program."""
    parser = argparse.ArgumentParser(description="Check the installed distributions end to end.")
    parser.add_argument("--not-from", type=Path, required=True, metavar="TREE")
    tree = parser.parse_args().not_from.resolve()
    check_location(tree)
    check_entry_points()
    check_command()
    check_plugins()
    check_django()
    check_outbox()
    check_round_trip()
    print(f"installed in {sys.prefix}: modules, command, plugins and a round trip are in order")


if __name__ == "__main__":
    main()
