"""
Write the pictures of the mailbox in docs/images anew: `.venv/bin/python tools/screenshots.py`.

It needs Chromium (`apt-get install chromium`, or `playwright install chromium`). Times and ports in
the pictures are those of the run, so that each run changes them.
"""

from __future__ import annotations

import shutil
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mailcore import Message, connect
from mailcore.message import Attachment, Unsubscribe
from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind


IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SHOP = "The Tea Shop <hello@shop.example>"
LOGO = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40" width="120" height="40">
<rect width="120" height="40" rx="8" fill="#e3efe7"/>
<path d="M18 12h22v10a9 9 0 0 1-18 0zM40 14h5a5 5 0 0 1 0 9h-5" fill="none" stroke="#1f4d3a"
 stroke-width="3"/>
<text x="56" y="26" font-size="16" font-family="sans-serif" fill="#1f4d3a">tea</text></svg>
"""

ORDER = """<!doctype html>
<html>
<head>
<style>
body { margin: 0; background: #f1efe8; font-family: Georgia, serif }
.page { padding: 32px 12px }
.card { max-width: 520px; margin: 0 auto; background: #fff; border-radius: 12px; overflow: hidden;
  color: #26302b; font-size: 16px; line-height: 1.6 }
.title { background: #1f4d3a; color: #fff; padding: 22px 32px; font-size: 22px }
.body { padding: 24px 32px }
.button { display: inline-block; background: #1f4d3a; color: #fff; padding: 11px 20px;
  border-radius: 8px; text-decoration: none }
.small { color: #66736c; font-size: 13px }
.small a { color: inherit }
@media (prefers-color-scheme: dark) {
  body { background: #14201a }
  .card { background: #1d2b24; color: #e4ece7 }
  .small { color: #a3b5ab }
}
</style>
</head>
<body><div class="page"><div class="card">
<div class="title">The Tea Shop</div>
<div class="body">
<p>Dear Ada,</p>
<p>your order <b>1042</b> left our shop this morning. It should arrive on Thursday.</p>
<p><img src="cid:logo" width="120" height="40" alt="Tea"></p>
<p><a class="button" href="https://shop.example/orders/1042">Follow the parcel</a></p>
<p class="small">You get this mail because you ordered at shop.example.
<a href="https://shop.example/leave">Unsubscribe</a></p>
</div></div></div>
<img src="https://shop.example/open.gif" width="1" height="1" alt="">
</body>
</html>"""

NEWS = """<p>Dear {{ name }},</p><p>new teas have arrived: <a href="#teas">look at them</a>, or read
<a href="http://localhost:3000/blog">shop.example</a>.</p><img src="cid:harvest">"""


def main() -> None:
    """Send some mails, and look at them."""
    IMAGES.mkdir(exist_ok=True)
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with _webhook() as url, sync_playwright() as playwright:
        services = ("postmark", "mailgun", "sendgrid")
        with LocalMail(webhooks={name: f"{url}/{name}" for name in services}) as local:
            browser = playwright.chromium.launch(executable_path=found)
            mails = _send(local, _picture(browser))
            _look(browser, local, mails)
            browser.close()
    total = sum(each.stat().st_size for each in IMAGES.glob("mailbox-*.png"))
    print(f"{IMAGES}: {total // 1024} KB")


def _send(local: LocalMail, logo: bytes) -> dict[str, str]:
    with connect(local.mailcore_url("sendgrid")) as mailer:
        mailer.send(
            Message(
                from_email=SHOP,
                to=["Grace Hopper <grace@example.net>"],
                subject="Reset your password",
                text="Hello Grace,\n\nwithin an hour: https://shop.example/reset/7f3a",
                tags=["password"],
            )
        )
    with connect(local.mailcore_url("mailgun")) as mailer:
        mailer.send(
            Message(
                from_email=SHOP,
                to=["bounce@example.net", "alan@example.net", "complaint@example.net"],
                subject="New teas in November",
                html=NEWS,
                tags=["newsletter"],
                unsubscribe=Unsubscribe(url="https://shop.example/leave/42"),
            )
        )
    with connect(local.mailcore_url("ses")) as mailer:
        mailer.send(
            Message(
                from_email="Billing <billing@shop.example>",
                to=["deferred@example.net"],
                subject="Invoice 1042",
                text="Please find the invoice attached.",
                attachments=[Attachment("invoice-1042.pdf", b"%PDF-1.7" * 2_000)],
                metadata={"invoice": 1042},
            )
        )
    with connect(local.mailcore_url("postmark")) as mailer:
        mailer.send(
            Message(
                from_email=SHOP,
                to=["Ada Lovelace <ada@example.net>"],
                subject="Your order 1042 is on its way",
                text="Dear Ada,\n\nyour order 1042 left our shop this morning."
                " It should arrive on Thursday.\n\nhttps://shop.example/orders/1042",
                html=ORDER,
                attachments=[Attachment("logo.png", logo, content_id="logo", disposition="inline")],
                tags=["shipping"],
                metadata={"order": 1042},
            )
        )
    mails = {mail.subject.split()[0]: mail.id for mail in local.mails.list()}
    local.hub.drain(30)
    for kind in (EventKind.OPENED, EventKind.CLICKED):
        local.hub.make_event(mails["Your"], "ada@example.net", kind)
    local.hub.drain(30)
    return mails


def _look(browser: Browser, local: LocalMail, mails: dict[str, str]) -> None:
    for name, path, size, theme in (
        ("list", "/", (1100, 300), "light"),
        ("message", f"/messages/{mails['Your']}", (1320, 780), "light"),
        ("dark", f"/messages/{mails['Your']}?view=html&phone=1&dark=1", (1320, 780), "dark"),
        ("checks", f"/messages/{mails['New']}?view=checks", (1100, 780), "light"),
    ):
        width, height = size
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page.goto(f"{local.url}{path}", wait_until="load")
        page.screenshot(path=IMAGES / f"mailbox-{name}.png")
        page.close()


def _picture(browser: Browser) -> bytes:
    page = browser.new_page(viewport={"width": 120, "height": 40})
    page.set_content(f"<body style='margin:0'>{LOGO}")
    picture = page.screenshot()
    page.close()
    return picture


@contextmanager
def _webhook() -> Iterator[str]:
    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks"
        server.shutdown()


if __name__ == "__main__":
    main()
