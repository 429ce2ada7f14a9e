"""
One message there and back, without an account: ``make demo``.

Starts the mailbox that speaks SES and a webhook receiver, sends real mail through ``Mailer("ses")``
over HTTP, receives the signed events, verifies and normalises them, and prints both sides. Ends
with exit code 0 only if every expected event arrived, each once. ``make demo-open`` keeps the
mailbox running, to look at it in the browser.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import threading

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sample_files import document, picture

from mailcore import (
    AsyncMailer,
    Event,
    MailcoreError,
    Mailer,
    Message,
    SendResult,
    TrackingEvent,
    WebhookError,
    WebhookRequest,
    inline_image,
    receive,
)
from mailcore.provider import AnyProvider
from mailcore_local import LocalMail
from mailcore_local.ses_face import SesFace, SesSettings


SIMULATOR = "simulator.amazonses.com"
SENDER = "Bücherei <hello@example.com>"
DEADLINE_SECONDS = 30
LINE_CHARACTERS = 80

# What SES reports of each recipient, in mailcore's words.
EXPECTED = {
    "ada@example.net": ["sent", "delivered"],
    "grace@example.org": ["sent", "delivered"],
    "copy@example.org": ["sent", "delivered"],
    "hidden@example.org": ["sent", "delivered"],
    f"success+async@{SIMULATOR}": ["sent", "delivered"],
    f"bounce+demo@{SIMULATOR}": ["sent", "bounced"],
    f"complaint+demo@{SIMULATOR}": ["sent", "delivered", "complained"],
    f"suppressionlist@{SIMULATOR}": ["sent", "rejected"],
    f"ooto@{SIMULATOR}": ["sent", "delivered"],
    # SES does not say who is out of office.
    "None": ["autoresponded"],
}


class Receiver(ThreadingHTTPServer):
    """A webhook as a user writes one, in any framework: verify, parse, keep, answer."""

    daemon_threads = True

    def __init__(self) -> None:
        self.provider: AnyProvider | None = None
        self.events: list[Event] = []
        self.changed = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)

    def keep(self, event: Event) -> None:
        """Store one event."""
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait for that many events, or until the deadline."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.events) >= count, DEADLINE_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        webhook = self.server
        assert isinstance(webhook, Receiver)
        assert webhook.provider is not None
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = WebhookRequest("POST", self.headers, body)
        status_code = 200
        try:
            receive(webhook.provider, request, webhook.keep)
        except WebhookError as error:
            print(f"webhook refused: {error}", file=sys.stderr)
            status_code = error.response.status_code
        self.send_response(status_code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Leave the terminal to the tables."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens on a free port of loopback."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def messages() -> list[Message]:
    """What is sent: everything a mail can hold, and the mailbox simulator's addresses."""
    logo = inline_image(picture(), filename="logo.png")
    welcome = Message(
        from_email=SENDER,
        to=["Ada Lovelace <ada@example.net>", "Grace Hopper <grace@example.org>"],
        cc=["copy@example.org"],
        bcc=["hidden@example.org"],
        reply_to=["Fragen? <help@example.com>"],
        subject="Grüße aus der Bücherei 📚",
        text="Guten Tag!\n\nIhre Bücher liegen bereit.\n",
        html=f"<p>Guten Tag!</p><p>Ihre <b>Bücher</b> liegen bereit.</p>"
        f'<img src="{logo.cid_url}" alt="Logo">',
        attachments=[logo, ("Übersicht.pdf", document("Three books are waiting."))],
        unsubscribe="https://example.com/leave?list=news",
        tags=["welcome", "Bücher"],
        metadata={"user": 42},
    )
    notice = Message(from_email=SENDER, subject="Reminder", text="Please return the books.\n")
    simulated = ("bounce+demo", "complaint+demo", "suppressionlist", "ooto")
    return [welcome, *(notice.replace(to=[f"{name}@{SIMULATOR}"]) for name in simulated)]


async def send_async(url: str) -> SendResult:
    """The async twin of ``Mailer.from_url(…).send(message)``."""
    message = Message(
        from_email=SENDER, to=[f"success+async@{SIMULATOR}"], subject="Async", text="The same.\n"
    )
    async with AsyncMailer.from_url(url) as mailer:
        return await mailer.send(message)


def table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; the last one gets what is left of the line."""
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    widths[-1] = min(widths[-1], LINE_CHARACTERS - sum(widths[:-1]) - 2 * (len(names) - 1))
    print(f"\n{title}")
    for row in (names, ["-" * width for width in widths], *rows):
        cells = (shortened(cell, width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def shortened(text: str, characters: int) -> str:
    """A text of exactly that many characters, padded or with its end cut off."""
    return text.ljust(characters) if len(text) <= characters else f"{text[: characters - 1]}…"


def print_results(results: Sequence[SendResult]) -> None:
    """A row for each recipient."""
    rows = [
        (address, str(status.status), status.message_id or "")
        for result in results
        for address, status in result.recipients.items()
    ]
    table("Sent", ("recipient", "status", "message id"), rows)


def print_events(events: Sequence[Event]) -> None:
    """A row for each event, in the order of the recipients above."""
    tracking = [event for event in events if isinstance(event, TrackingEvent)]
    places = {address: place for place, address in enumerate(EXPECTED)}
    tracking.sort(key=lambda event: places.get(str(event.recipient), len(places)))
    rows = [
        (event.recipient or "(not said)", str(event.event_type), details(event))
        for event in tracking
    ]
    table("Received, verified and normalised", ("recipient", "event", "details"), rows)


def details(event: TrackingEvent) -> str:
    """What else is known: what kind of failure, and what the other mail server said."""
    said = (event.bounce_class, event.smtp_status, event.reject_reason)
    known = [str(each) for each in said if each]
    return ", ".join(known) or (event.mta_response or "")


def print_next_steps(output: Path) -> None:
    """What to try after this."""
    bin_directory = shown(Path(sys.executable).parent)
    print(
        f"""
What to try next:
  - Open a file of {shown(output)} in your mail client.
  - Send to the terminal, without any account:
      {bin_directory}/mailcore send --provider console --from me@example.com \\
        --to you@example.net --subject Hello --text Hi
  - Look at these mails in the browser, and let them bounce by a button:
      make demo-open
  - Keep a mailbox running that speaks every provider:
      {bin_directory}/mailcore local
  - Type along with docs/tutorial/first-message.md; docs/index.md has the rest."""
    )


def shown(path: Path) -> str:
    """A path, from here if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def missing_or_surplus(events: Sequence[Event]) -> list[str]:
    """How the events differ from those expected, in words."""
    expected = Counter((address, kind) for address, kinds in EXPECTED.items() for kind in kinds)
    tracking = [event for event in events if isinstance(event, TrackingEvent)]
    actual = Counter((str(event.recipient), str(event.event_type)) for event in tracking)
    problems = [f"missing: {kind} of {address}" for address, kind in expected - actual]
    problems += [f"not expected: {kind} of {address}" for address, kind in actual - expected]
    return problems


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="One message there and back.")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="for .eml files")
    parser.add_argument("--open", action="store_true", help="keep the mailbox until Ctrl-C")
    parser.add_argument("--port", type=int, default=8025, help="of --open (%(default)s)")
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    for old in output.glob("*.eml"):
        old.unlink()

    ses = SesFace(ses=SesSettings(region_name="eu-west-1", signature_version="2"))
    # The port is always the same where somebody looks at it.
    port = arguments.port if arguments.open else 0
    with LocalMail(faces=[ses], port=port, directory=output) as mailbox, receiver() as webhook:
        problems = send_and_receive(mailbox, webhook)
        print(f"\nThe messages as they left, with their bytes, in {shown(output)}:")
        for path in sorted(output.glob("*.eml")):
            print(f"{path.stat().st_size:7}  {path.name}")
        print()
        for problem in problems:
            print(f"FAILED: {problem}", file=sys.stderr)
        if not problems:
            print(f"Every expected event arrived: {len(webhook.events)} of {len(webhook.events)}.")
            print_next_steps(output)
        if arguments.open:
            stay(mailbox)
    return 1 if problems else 0


def send_and_receive(mailbox: LocalMail, webhook: Receiver) -> list[str]:
    """Everything there and back; what is missing, in words."""
    print(f"Mailbox: {mailbox.url}/")
    own_url = f"http://127.0.0.1:{webhook.server_port}/"
    print(f"Webhook: {own_url}")
    url = mailbox.mailcore_url("ses")
    with Mailer.from_url(url) as mailer:
        webhook.provider = mailer.provider
        mailbox.hub.set_webhooks("ses", [own_url])
        # The receiver confirms the subscription before it answers.
        mailbox.hub.drain(DEADLINE_SECONDS)
        results = [mailer.send(message) for message in messages()]
        results.append(asyncio.run(send_async(url)))
        print_results(results)

        webhook.wait_for(sum(map(len, EXPECTED.values())))
        mailbox.hub.drain(DEADLINE_SECONDS)
    print_events(webhook.events)
    return missing_or_surplus(webhook.events)


def stay(mailbox: LocalMail) -> None:
    """Keep the mailbox until somebody has seen enough."""
    with contextlib.suppress(KeyboardInterrupt):
        print(f"\nThe mailbox is open at {mailbox.url}/ - Ctrl-C closes it.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (MailcoreError, OSError) as error:
        sys.exit(f"FAILED: {error}")
