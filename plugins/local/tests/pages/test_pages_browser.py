"""
The mailbox as people use it: in Chromium, narrow and wide, light and dark, without a script too.

Chromium is the system's; where there is none these tests fail. `MAILCORE_SCREENSHOTS=DIRECTORY`
keeps the pictures of the pages.
"""

from __future__ import annotations

import base64
import os
import shutil
import threading

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect, sync_playwright

from mailcore_local.engine import EventKind


pytestmark = pytest.mark.slow

DEADLINE_MILLISECONDS = 30_000
WIDTHS = (360, 768, 1400)
THEMES = ("light", "dark")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VIEWS = ("html", "text", "headers", "source", "request", "files", "checks")
ONE_CLICK = {
    "List-Unsubscribe": "<https://shop.example/leave>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"
# The ratio of every text that is shown and its ground, as of WCAG 2.2, 1.4.3.
TOO_FAINT = """
() => {
  const light = (c) => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
  const luminance = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
  const colour = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const both = [luminance(colour(style.color)), luminance(ground(element))];
    const ratio = (Math.max(...both) + .05) / (Math.min(...both) + .05);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if (ratio < least) faint.push(`${node.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
"""


@pytest.fixture(scope="module")
def chromium():
    """The browser; where there is none, that is a failure and no reason to skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found)
        except BrowserError as error:
            pytest.fail(f"Chromium cannot be started; `apt-get install chromium`: {error}")
        yield browser
        browser.close()


class Visit:
    """Someone at the pages, in a window of one width and theme."""

    def __init__(self, context, site, width, theme):
        self.site = site
        self.width = width
        self.name = f"{width}-{theme}"
        self.complaints = []
        self.context = context
        self.page = context.new_page()
        self.page.set_default_timeout(DEADLINE_MILLISECONDS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.page.on("dialog", self._asked_back)

    def _heard(self, message):
        # What a mail wants is blocked, and Chromium tells of it: that is no fault of ours.
        of_the_mail = "/html?" in message.location["url"] or "frame" in message.text
        if message.type in {"error", "warning"} and not of_the_mail:
            self.complaints.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.site, "data:", "about:", "cid:")):
            self.complaints.append(f"asked for {request.url}")

    def _asked_back(self, dialog):
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path):
        """Go to a page."""
        self.page.goto(f"{self.site}{path}", wait_until="load")

    def is_live(self):
        """Wait until news are heard."""
        expect(self.page.locator("body")).to_have_attribute(
            "data-live", "yes", timeout=DEADLINE_MILLISECONDS
        )

    def look(self, name):
        """Keep a picture, and find nothing wrong with the page."""
        directory = os.environ.get("MAILCORE_SCREENSHOTS")
        if directory:
            path = Path(directory) / f"mailbox-{name}-{self.name}.png"
            self.page.screenshot(path=path, full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.width, f"{name} is {wide} pixels wide"
        assert [] == self.page.evaluate(TOO_FAINT), name
        assert [] == self.complaints


@pytest.fixture
def window(chromium, mailbox):
    """Opens a window of some width and theme."""
    contexts = []

    def open_window(width=1400, theme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, **options
        )
        contexts.append(context)
        return Visit(context, mailbox.url, width, theme)

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def visit(window):
    """A wide and light one."""
    return window()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that mails load things from: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(PNG)))
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def shown(locator, text):
    """Wait until a text is shown."""
    expect(locator).to_contain_text(text, timeout=DEADLINE_MILLISECONDS)


@pytest.mark.parametrize(
    ("button", "kind", "posts"),
    [
        ("Deliver", "delivered", True),
        ("Defer", "deferred", False),
        ("Bounce", "bounced", True),
        ("Soft bounce", "soft bounced", True),
        ("Complain", "complained", True),
        ("Open", "opened", True),
        ("Click", "clicked", True),
        ("Unsubscribe", "unsubscribed", True),
    ],
)
def test_buttons_make_events(visit, deliver, webhook, button, kind, posts):
    """The page stays, and shows the event, the state, and what the webhook answered."""
    mail = deliver(html='<a href="https://shop.example/x">x</a>')
    before = len(webhook.received)
    visit.open(f"/messages/{mail.id}")
    visit.page.evaluate("window.stays = true")

    visit.page.get_by_role("button", name=button, exact=True).click()

    entry = visit.page.locator("#timeline li").last
    shown(entry, kind)
    shown(entry, "by hand")
    if posts:
        shown(entry.locator(".webhook-answer"), "200")
        entry.locator("summary").click()
        shown(entry, "thank you")
        assert kind.replace(" ", "-") == webhook.received[before].json["type"]
    state = visit.page.locator("#recipients .pill")
    shown(state, kind)
    assert visit.page.evaluate("window.stays")
    assert [] == visit.complaints


def test_the_chosen_recipient_stays_chosen(visit, deliver, mailbox):
    """Events are for whom the radio button says, and news do not change that."""
    mail = deliver(to=["ada@example.net", "grace@example.net"])
    visit.open(f"/messages/{mail.id}")
    visit.is_live()
    visit.page.get_by_label("grace@example.net").check()

    mailbox.hub.make_event(mail.id, "ada@example.net", EventKind.OPENED)
    shown(visit.page.locator("#recipients"), "opened")
    visit.page.get_by_role("button", name="Bounce", exact=True).click()

    shown(visit.page.locator("#recipients li").nth(1), "bounced")
    shown(visit.page.locator("#recipients li").nth(0), "opened")
    expect(visit.page.get_by_label("grace@example.net")).to_be_checked()


def test_an_event_in_other_words(visit, deliver, mailbox):
    """What the server says, and the link that is clicked, are chosen."""
    mail = deliver(
        html='<a href="https://shop.example/a">a</a><a href="https://shop.example/b">b</a>'
    )
    visit.open(f"/messages/{mail.id}")
    visit.page.get_by_text("With other words").click()
    visit.page.get_by_label("What the server or the person says").fill("said <b>so</b>")
    visit.page.get_by_label("The link that is clicked").select_option("https://shop.example/b")

    visit.page.get_by_role("button", name="Click", exact=True).click()

    shown(visit.page.locator("#timeline li").last, "https://shop.example/b")
    shown(visit.page.locator("#timeline li").last, "said <b>so</b>")


def test_the_list_is_live(visit, deliver, mailbox):
    """From nothing to the first mail, its states, more mails, and back to nothing."""
    visit.open("/")
    visit.is_live()
    shown(visit.page.locator("main"), "Nothing came yet")
    visit.page.evaluate("window.stays = true")

    mail = deliver(subject="The first one")
    shown(visit.page.locator("#rows li").first, "The first one")
    expect(visit.page).to_have_title("1 mail · mailcore local")
    mailbox.hub.make_event(mail.id, "ada@example.net", EventKind.COMPLAINED)
    shown(visit.page.locator("#rows li").first, "complained")
    for number in range(20):
        deliver(subject=f"Number {number}")
    expect(visit.page.locator("#rows li")).to_have_count(21, timeout=DEADLINE_MILLISECONDS)
    shown(visit.page.locator("#rows li").first, "Number 19")
    mailbox.mails.clear()
    shown(visit.page.locator("main"), "Nothing came yet")

    assert visit.page.evaluate("window.stays")
    assert [] == visit.complaints


def test_news_disturb_nobody(visit, deliver):
    """What is focused, opened and typed stays."""
    mail = deliver(subject="The first one")
    visit.open("/")
    visit.is_live()
    visit.page.keyboard.press("j")
    visit.page.get_by_text("How to search").click()
    visit.page.locator(f"#mail-{mail.id} a").focus()

    deliver(subject="Another one")

    shown(visit.page.locator("#rows li").first, "Another one")
    expect(visit.page.locator(f"#mail-{mail.id} a")).to_be_focused()
    expect(visit.page.locator("#search-help")).to_have_attribute("open", "")


def test_a_mail_that_was_deleted_says_so(visit, deliver, mailbox):
    """The page stays, to be read."""
    mail = deliver()
    visit.open(f"/messages/{mail.id}")
    visit.is_live()

    mailbox.mails.delete(mail.id)

    shown(visit.page.locator("#told"), "This mail was deleted.")
    shown(visit.page.locator("h1"), "Hello")


def test_keys_in_the_list(visit, deliver):
    """j, k, Enter, /, Escape, and ? for all of them."""
    mails = [deliver(subject=f"Mail {number}") for number in range(3)][::-1]
    visit.open("/")
    keyboard = visit.page.keyboard
    link = lambda number: visit.page.locator(f"#mail-{mails[number].id} a")  # noqa: E731

    keyboard.press("j")
    expect(link(0)).to_be_focused()
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("j")
    expect(link(2)).to_be_focused()
    keyboard.press("k")
    expect(link(1)).to_be_focused()

    keyboard.press("/")
    search = visit.page.get_by_role("searchbox")
    expect(search).to_be_focused()
    keyboard.type("jk?")
    expect(search).to_have_value("jk?")
    keyboard.press("Escape")
    expect(search).not_to_be_focused()

    keyboard.press("?")
    dialog = visit.page.get_by_role("dialog")
    shown(dialog, "next mail")
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    keyboard.press("j")
    keyboard.press("Enter")
    shown(visit.page.locator("main.message h1"), "Mail 2")
    assert [] == visit.complaints


@pytest.mark.parametrize("width", [360, 1400])
def test_keys_in_a_mail(window, deliver, width):
    """J and k go to the neighbours, u to the list, whether the list is seen or not."""
    visit = window(width)
    mails = [deliver(subject=f"Mail {number}") for number in range(3)]
    visit.open(f"/messages/{mails[1].id}")
    heading = visit.page.locator("main.message h1")

    visit.page.keyboard.press("j")
    shown(heading, "Mail 0")
    visit.page.keyboard.press("k")
    shown(heading, "Mail 1")
    visit.page.keyboard.press("k")
    shown(heading, "Mail 2")
    visit.page.keyboard.press("u")
    expect(visit.page.locator("[data-page=mailbox]")).to_be_visible()


def test_search(visit, deliver):
    """By the field, and by an example of the help."""
    deliver(subject="Invoice 1042")
    deliver(subject="Newsletter", to=["bounce@example.net"])
    visit.open("/")

    visit.page.keyboard.press("/")
    visit.page.keyboard.type("subject:invoice\n")
    expect(visit.page.locator("#rows li")).to_have_count(1)
    shown(visit.page.locator("#rows"), "Invoice 1042")
    visit.page.get_by_text("How to search").click()
    visit.page.get_by_role("link", name="state:bounced").click()
    shown(visit.page.locator("#rows"), "Newsletter")
    expect(visit.page.locator("#rows li")).to_have_count(1)


def test_deleting(visit, deliver, mailbox):
    """One, and all of them, which asks first."""
    first, second = deliver(subject="First"), deliver(subject="Second")
    visit.open(f"/messages/{second.id}")

    visit.page.get_by_role("button", name="Delete").click()
    shown(visit.page.locator("main.message h1"), "First")
    assert [first.id] == [each.id for each in mailbox.mails.list()]
    visit.open("/")
    visit.page.get_by_text("Delete all").click()
    visit.page.get_by_role("button", name="Delete 1 mail").click()
    shown(visit.page.locator("main"), "Nothing came yet")
    assert 0 == len(mailbox.mails)


def test_downloading(visit, deliver, tmp_path):
    """The mail, and a file of it, under names without directories."""
    mail = deliver(files={"../../invoice.pdf": b"%PDF"})
    visit.open(f"/messages/{mail.id}?view=files")

    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="Download").click()
    assert f"{mail.id}.eml" == download.value.suggested_filename
    download.value.save_as(tmp_path / "mail")
    assert mail.raw == (tmp_path / "mail").read_bytes()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="invoice.pdf").click()
    assert "invoice.pdf" == download.value.suggested_filename


def test_one_click(visit, deliver, webhook):
    """The button posts as a mail program does, and says what came of it."""
    headers = {**ONE_CLICK, "List-Unsubscribe": f"<{webhook.url}/leave>"}
    mail = deliver(headers=headers)
    visit.open(f"/messages/{mail.id}?view=checks")

    webhook.statuses += [403]
    visit.page.get_by_role("button", name="Post it now").click()
    shown(visit.page.locator("#one-click"), "It wants to know who asks")
    visit.page.get_by_role("button", name="Post it now").click()
    shown(visit.page.locator("#one-click"), "Done, with one click.")
    assert b"List-Unsubscribe=One-Click" == webhook.received[-1].body


def test_receiving(visit, webhook, tmp_path):
    """The form, with a file; what the webhook answered; and what was wrong with the first try."""
    (tmp_path / "order.txt").write_text("1042")
    visit.open("/inbound")
    visit.page.get_by_role("button", name="Hand it in").click()
    shown(visit.page.get_by_role("alert"), "an address is needed")

    visit.page.get_by_label("To", exact=True).fill("support@shop.example")
    visit.page.get_by_label("Files").set_input_files(tmp_path / "order.txt")
    visit.page.get_by_role("button", name="Hand it in").click()

    shown(visit.page.locator("#handed-over"), "200")
    assert b"order.txt" in webhook.received[-1].body
    assert "support@shop.example" == webhook.received[-1].headers["X-To"]


def test_copying(window, mailbox):
    """A line of how to connect is in the clipboard."""
    visit = window(permissions=["clipboard-read", "clipboard-write"])
    visit.open("/connect")

    visit.page.get_by_role("button", name="Copy").first.click()

    shown(visit.page.locator("#told"), "Copied.")
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert f"export MAILCORE_REDIRECT={mailbox.url}" == copied


def test_remote_content_waits_to_be_asked_for(window, deliver, elsewhere):
    """Nothing is loaded from elsewhere before somebody says so; then it is."""
    url, asked = elsewhere
    mail = deliver(
        html=f'<link rel=preconnect href="{url}"><link rel=stylesheet href="{url}/style">'
        f'<img src="{url}/picture"><img srcset="{url}/set 1x">'
        f'<div style="background:url({url}/ground)">x</div><video poster="{url}/poster"></video>'
        f'<style>@import "{url}/import";@font-face{{font-family:f;src:url({url}/font)}}'
        "p{font-family:f}</style><p>x</p>"
        f'<iframe src="{url}/frame"></iframe><object data="{url}/object"></object>'
    )
    visit = window()
    visit.page.remove_listener("request", visit._asked)
    visit.open(f"/messages/{mail.id}")
    shown(visit.page.frame_locator("iframe").locator("p"), "x")
    visit.page.wait_for_load_state("networkidle")

    assert [] == asked
    shown(visit.page.locator(".remote"), "remote items blocked")
    visit.page.get_by_role("link", name="Load", exact=True).click()
    picture = visit.page.frame_locator("iframe").locator("img").first
    expect(picture).to_have_js_property("naturalWidth", 1, timeout=DEADLINE_MILLISECONDS)
    assert "/picture" in asked
    assert not {"/frame", "/object"} & set(asked)


def test_inline_pictures_are_shown(visit, deliver):
    """From the mail itself, in the frame and among the files."""
    mail = deliver(html='<img src="cid:logo"><p>x', inline={"logo": PNG})
    visit.open(f"/messages/{mail.id}")

    picture = visit.page.frame_locator("iframe").locator("img")
    expect(picture).to_have_js_property("naturalWidth", 1, timeout=DEADLINE_MILLISECONDS)
    visit.open(f"/messages/{mail.id}?view=files")
    thumbnail = visit.page.locator(".files img")
    expect(thumbnail).to_have_js_property("naturalWidth", 1, timeout=DEADLINE_MILLISECONDS)
    assert [] == visit.complaints


def test_phone_and_dark(visit, deliver):
    """The frame is narrow, and the mail is told that people want it dark."""
    mail = deliver(
        html="<style>p{color:rgb(1,2,3)}@media (prefers-color-scheme:dark){p{color:rgb(4,5,6)}}"
        "@media (max-width:400px){p{font-size:33px}}</style><p>x"
    )
    visit.open(f"/messages/{mail.id}")
    words = visit.page.frame_locator("iframe").locator("p")
    expect(words).to_have_css("color", "rgb(1, 2, 3)")
    expect(words).to_have_css("font-size", "16px")

    visit.page.get_by_role("link", name="Phone").click()
    expect(words).to_have_css("font-size", "33px")
    visit.page.get_by_role("link", name="Dark").click()
    expect(words).to_have_css("color", "rgb(4, 5, 6)")
    expect(words).to_have_css("font-size", "33px")
    visit.page.get_by_role("link", name="Light").click()
    expect(words).to_have_css("color", "rgb(1, 2, 3)")


HOSTILE = """
<script>top.pwned = parent.pwned = 1; location = 'https://evil.example/'</script>
<img src=x onerror="parent.pwned=1"><svg onload="parent.pwned=1"></svg>
<body onload="parent.pwned=1"><details open ontoggle="parent.pwned=1"></details>
<meta http-equiv="refresh" content="0;url=/delete">
<form id=f method=post action="{site}/delete" target=_top><button id=press>Win</button></form>
<img src="{site}/messages/{id}/source"><iframe src="{site}/"></iframe>
<iframe src="javascript:parent.parent.pwned=1"></iframe>
<object data="{site}/"></object><embed src="{site}/">
<a id=top target=_top href="{site}/?pwned">x</a> <a id=self target=_self href="{site}/?pwned">x</a>
<a id=script href="javascript:parent.pwned=1">x</a>
<base href="https://evil.example/"><link rel=stylesheet href="{site}/static/mailbox.css">
<style>@import "{site}/static/mailbox.css";</style>
<input autofocus onfocus="parent.pwned=1"><marquee onstart="parent.pwned=1">x</marquee>
"""


@pytest.mark.parametrize("name", ["press", "top", "self", "script"])
def test_nothing_of_a_mail_acts(window, deliver, mailbox, name):
    """No script runs, no form is sent, no page moves, and no other page is shown or asked for."""
    visit = window()
    mail = deliver()
    hostile = deliver(html=HOSTILE.format(site=mailbox.url, id=mail.id))
    answered = []

    def note(response):
        answered.append(response)

    visit.page.on("response", note)
    visit.open(f"/messages/{hostile.id}")
    frame = visit.page.frames[1]
    assert "null" == frame.evaluate("self.origin")
    address = visit.page.url

    visit.page.frame_locator("iframe").locator(f"#{name}").click(no_wait_after=True)
    # What the click began is under way before what is asked for behind it.
    visit.page.evaluate("fetch('/connect').then((answer) => answer.text())")

    assert address == visit.page.url
    assert visit.page.evaluate("window.pwned") is None
    assert 2 == len(mailbox.mails)
    of_the_mail = {(r.url, r.status) for r in answered if r.frame != visit.page.main_frame}
    own = f"{mailbox.url}/messages/{hostile.id}/html?view=html"
    # The frame may go where it likes, and the server refuses what comes from there.
    assert of_the_mail <= {(own, 200), (f"{mailbox.url}/?pwned", 403)}


def test_a_mail_alone_acts_no_more(window, deliver, mailbox):
    """Its policy has the sandbox, where no frame has it."""
    visit = window()
    mail = deliver(html=HOSTILE.format(site=mailbox.url, id="x").replace("<meta", "<x-meta"))
    visit.open(f"/messages/{mail.id}/html")

    assert "null" == visit.page.evaluate("self.origin")
    assert visit.page.evaluate("self.pwned") is None
    visit.page.locator("#press").click(no_wait_after=True)
    assert 1 == len(mailbox.mails)


def test_links_of_a_mail_open_elsewhere(window, deliver, elsewhere):
    """In a tab of their own, as in a mail program; the page stays where it is."""
    url, _ = elsewhere
    visit = window()
    mail = deliver(html=f'<a href="{url}/shop">shop</a>')
    visit.open(f"/messages/{mail.id}")

    with visit.context.expect_page() as opened:
        visit.page.frame_locator("iframe").get_by_text("shop").click()
    opened.value.wait_for_load_state()

    assert f"{url}/shop" == opened.value.url
    assert opened.value.evaluate("window.opener") is None
    assert visit.page.url.endswith(mail.id)


XSS = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg/onload=window.pwned=1>",
    "</title></textarea></option></select><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    '" autofocus onfocus=window.pwned=1 x="',
    "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<base href=https://evil.example/><form action=https://evil.example><button>x",
)


@pytest.mark.parametrize("text", XSS)
def test_hostile_texts_do_not_run(visit, deliver, mailbox, webhook, text):
    """In subject, names, addresses, bodies, file names, headers, tags, metadata, events."""
    mail = deliver(
        subject=text,
        from_email=f"{text} <a@shop.example>",
        to=[text],
        cc=(text,),
        tags=(text,),
        metadata={text: text},
        raw=(
            "From: a@shop.example\r\nTo: b@example.net\r\nMIME-Version: 1.0\r\n"
            f"X-Odd: {text}\r\nSubject: {text}\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
            f"{text}\r\n--b\r\nContent-Type: application/x\r\n"
            f"Content-Disposition: attachment; filename*=utf-8''{text.encode().hex('%')}\r\n\r\nx"
            "\r\n--b--\r\n"
        )
        .encode()
        .replace(b"utf-8''", b"utf-8''%"),
    )
    mailbox.hub.make_event(mail.id, text, EventKind.CLICKED, detail=text, url=text)
    mailbox.hub.drain(30)

    for path in ("/", *(f"/messages/{mail.id}?view={view}" for view in VIEWS)):
        visit.open(path)
        visit.is_live()
        visit.page.evaluate(OPEN_ALL)
        assert visit.page.evaluate("window.pwned") is None, path
    # News take the other way into the page: by the script.
    visit.open("/")
    visit.is_live()
    deliver(subject=f"{text} again")
    shown(visit.page.locator("#rows li").first, "again")
    assert visit.page.evaluate("window.pwned") is None
    assert [] == visit.complaints


def test_without_a_script(window, deliver, webhook, mailbox):
    """Reading, searching, making events, deleting and receiving need none."""
    visit = window(java_script_enabled=False)
    mail = deliver(subject="Readable", text="In plain words", html="<p>In colour")
    deliver(subject="Another")
    visit.open("/")
    page = visit.page
    shown(page.locator("#rows li").nth(1), "Readable")
    page.get_by_role("searchbox").fill("readable")
    page.get_by_role("searchbox").press("Enter")
    page.locator("#rows li a").click()
    shown(page.frame_locator("iframe").locator("p"), "In colour")
    page.get_by_role("link", name="Text").click()
    shown(page.locator("pre.text"), "In plain words")

    page.get_by_role("button", name="Bounce", exact=True).click()
    entry = page.locator("#timeline li").last
    shown(entry, "bounced")
    shown(entry.locator(".webhook-answer"), "200")
    assert "view=text" in page.url
    page.get_by_role("button", name="Delete").click()
    assert mail.id not in [each.id for each in mailbox.mails.list()]
    visit.open("/inbound")
    page.get_by_label("To", exact=True).fill("support@shop.example")
    page.get_by_role("button", name="Hand it in").click()
    shown(page.locator("#handed-over"), "200")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_looks(window, deliver, mailbox, width, theme):
    """Every page fits into its window, and all its text stands out from its ground."""
    visit = window(width, theme)
    visit.open("/")
    visit.look("empty")
    address = "a.very.long.name.that.does.not.fit.into.a.narrow.column@department.shop.example"
    deliver(
        subject="A subject that has " + "many words and " * 8 + "Donaudampfschiffahrt" * 10,
        to=["bounce@example.net", address, "complaint@example.net", "deferred@example.net"],
        text=None,
        html='<a href="#gone">x</a><img src="cid:gone">',
        tags=("a-tag", "x" * 60),
        metadata={"order": "1042", "y" * 50: "z" * 50},
    )
    mail = deliver(
        subject="Your order",
        text="Hello",
        html="<p>Hello",
        headers={**ONE_CLICK, "X-Long": "x" * 300},
        files={"invoice.pdf": b"%PDF", "n" * 80 + ".txt": b"x"},
        inline={"logo": PNG},
    )
    for kind in (EventKind.OPENED, EventKind.COMPLAINED, EventKind.DEFERRED):
        mailbox.hub.make_event(mail.id, "ada@example.net", kind)
    mailbox.hub.drain(30)
    visit.open("/")
    visit.look("list")
    for menu in ("How to search", "Delete all"):
        visit.page.get_by_text(menu, exact=True).click()
        visit.look(f"menu-{menu.split()[0].lower()}")
        visit.page.get_by_text(menu, exact=True).click()
    for each in mailbox.mails.list():
        for view in VIEWS:
            visit.open(f"/messages/{each.id}?view={view}&phone=1")
            visit.look(f"{'long' if each.id != mail.id else 'mail'}-{view}")
    visit.page.evaluate(OPEN_ALL)
    visit.look("opened")
    visit.open("/inbound")
    visit.page.locator("summary").click()
    visit.look("inbound")
    visit.open("/connect")
    visit.look("connect")
    visit.page.keyboard.press("?")
    visit.look("keys")
