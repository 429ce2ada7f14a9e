"""The pages as a program asks for them: what they say, and what they refuse."""

from __future__ import annotations

import base64
import re

from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope
from mailcore_local.mailbox import CapturedRequest, NotKept


VIEWS = ("html", "text", "headers", "source", "request", "files", "checks")

# What gets out of text, attributes, comments, scripts, styles and addresses, if anything does.
XSS = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg onload=window.pwned=1>",
    "</title><script>window.pwned=1</script>",
    "</textarea><script>window.pwned=1</script>",
    "--><script>window.pwned=1</script>",
    "]]><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    '" autofocus onfocus=window.pwned=1 x="',
    "' onmouseover='window.pwned=1",
    "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "<a href=javascript:window.pwned=1>x</a>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example><button>x",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;&#60;script&#62;",
    "\u2028</script><script>window.pwned=1</script>",
    "\ufeff<\x00script>window.pwned=1</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "\u202e\u2066<b>",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
)


class _Structure(HTMLParser):
    """Elements with the names of their attributes, in order; and the addresses in them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.addresses += [v or "" for name, v in attrs if name in ("href", "src", "action")]


def structure(html: str) -> list[tuple[str, ...]]:
    """What elements a page has."""
    return _read(html).elements


def _read(html: str) -> _Structure:
    reader = _Structure()
    reader.feed(html)
    reader.close()
    return reader


# What pages of ours lead to: themselves, and the sources of what they say.
OWN = re.compile(
    r"#main|/(?!/)|https://(www\.rfc-editor\.org|www\.unicode\.org|support\.google\.com"
    r"|www\.spamresource\.com)/"
)
NEVER = {"svg", "base", "math", "style", "object", "embed", "mtext", "title/", "audio", "video"}


def assert_only_ours(html: str) -> None:
    """No element, no handler and no address of a page was made by a text in it."""
    page = _read(html)
    names = [each[0] for each in page.elements]
    assert 1 == names.count("script")
    assert 1 == names.count("title")
    assert 3 == names.count("meta")
    assert not NEVER & set(names)
    attributes = {name for each in page.elements for name in each[1:]}
    assert not [name for name in attributes if name.startswith("on")]
    assert not {"srcdoc", "style", "autofocus", "formaction", "background"} & attributes
    assert [] == [each for each in page.addresses if not OWN.match(each)]


def test_an_empty_mailbox_says_how_to_connect(mailbox, ask):
    """The variable for all providers, the lines of each, and the addresses whose fate is known."""
    page = ask("/").text

    assert "Nothing came yet" in page
    assert f"MAILCORE_REDIRECT={mailbox.url}" in page
    assert f"export MAILCORE_URL=&#39;plain://?base_url={mailbox.url}/plain&#39;" in page
    assert "whsec-plain" in page
    assert "softbounce@" in page
    assert "MAILCORE_REDIRECT" in ask("/connect").text


def test_the_list(deliver, ask):
    """The last mail first, with states, tags and links to each."""
    first = deliver(subject="First", to=["bounce@example.net", "ada@example.net"], tags=("a-tag",))
    second = deliver(subject="Second")

    page = ask("/").text

    assert page.index("Second") < page.index("First")
    assert 0 < page.index(f"/messages/{second.id}") < page.index(f"/messages/{first.id}")
    assert '<span class="pill bad">bounced</span>' in page
    assert "a-tag" in page
    assert "+1" in page
    assert "2 mails" in page
    assert "Nothing came yet" not in page


def test_paging(deliver, ask):
    """Fifty to a page, and the rest behind it."""
    for number in range(51):
        deliver(subject=f"Mail {number:02d}", to=["ada@example.net"])

    first = ask("/").text
    older = re.search(r'href="(/\?before=\w+)"', first)
    assert older
    second = ask(older[1]).text

    assert 50 == first.count('class="row"')
    assert "Mail 50" in first
    assert "Mail 00" not in first
    assert 1 == second.count('class="row"')
    assert "Mail 00" in second
    assert "was deleted" in ask("/?before=gone").text


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("invoice", True),
        ("to:grace", True),
        ("from:shop", True),
        ("subject:invoice", True),
        ("tag:paid", True),
        ("metadata:1042", True),
        ("provider:plain", True),
        ("state:bounced", True),
        ("state:opened", False),
        ("to:nobody", False),
    ],
)
def test_search(deliver, ask, search, found):
    """By everything that the list of the task names."""
    deliver(
        subject="The invoice",
        to=["bounce+grace@example.net", "grace@example.net"],
        tags=("paid",),
        metadata={"order": "1042"},
    )

    page = ask(f"/?q={quote(search)}").text

    assert found == ("The invoice" in page)
    assert f'value="{search}"' in page
    assert found != ("No mail fits" in page)


def test_a_search_for_no_state_is_told(deliver, ask):
    """With the states that there are."""
    deliver()

    page = ask("/?q=state:exploded").text

    assert "unknown state" in page
    assert "No mail fits" not in page


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("html", ["<iframe", 'sandbox="allow-popups allow-popups-to-escape-sandbox"', "2 remote"]),
        ("text", ["In plain words"]),
        ("headers", ["List-Unsubscribe", "How a recipient leaves.", "RFC 2369, section 3.2"]),
        ("source", ["Content-Type: multipart/mixed"]),
        ("request", ["POST", "/send", "X-Key: (hidden)", "&#34;subject&#34;: &#34;Hello&#34;"]),
        ("files", ["invoice.pdf", "application/octet-stream", "cid:logo"]),
        ("checks", ["A link has no host", "Post it now"]),
    ],
)
def test_views(deliver, ask, view, words):
    """What each shows, beside recipients, tags, metadata and the timeline."""
    mail = deliver(
        text="In plain words",
        html='<a href="/x">x</a><img src="https://a.example/1"><img src="//a.example/2">'
        '<img src="cid:logo">',
        headers={
            "List-Unsubscribe": "<https://shop.example/leave>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        inline={"logo": b"png"},
        files={"invoice.pdf": b"%PDF"},
        tags=("a-tag",),
        metadata={"order": "1042"},
    )

    page = ask(f"/messages/{mail.id}?view={view}").text

    for word in [*words, "a-tag", "order", "1042", "ada@example.net", "delivered", "2.0.0 OK"]:
        assert word in page, word


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"html": "<p>x"}, "<iframe"),
        ({"text": "Only text"}, "Only text"),
        ({"raw": b"", "failure": "{{name}} is missing"}, "{{name}} is missing"),
    ],
)
def test_the_first_view(deliver, ask, fields, words):
    """HTML, or text, or why there is nothing."""
    page = ask(f"/messages/{deliver(**fields).id}")

    assert 200 == page.status
    assert words in page.text


@pytest.mark.parametrize("view", VIEWS)
def test_a_mail_without_anything(deliver, ask, view):
    """Every view of an empty mail is a page."""
    mail = deliver(raw=b"", to=[], subject="", from_email="", failure="broken")

    answer = ask(f"/messages/{mail.id}?view={view}")

    assert 200 == answer.status
    assert "(no subject)" in answer.text


def test_the_webhooks_answer_is_shown(deliver, ask, webhook):
    """With its status, what it said and what was posted."""
    webhook.statuses.append(500)
    mail = deliver()

    page = ask(f"/messages/{mail.id}").text

    assert '<span class="webhook-answer bad">500</span>' in page
    assert "thank you" in page
    assert "&#34;type&#34;: &#34;delivered&#34;" in page


@pytest.mark.slow
def test_what_is_shown_is_bounded(mailbox, deliver, ask):
    """Recipients, events and what was posted: the page says how many are left out."""
    mail = deliver(to=[f"a{number}@example.net" for number in range(600)])
    mailbox.hub.make_event(mail.id, "a0@example.net", EventKind.CLICKED, url="x" * 9_000)
    mailbox.hub.drain(30)

    page = ask(f"/messages/{mail.id}").text

    assert 500 == page.count('name="recipient"')
    assert "100 more are not shown" in page
    assert 200 == page.count('id="event-') - page.count('id="event-options"')
    assert "1,001 events before these are not shown" in page
    assert "characters more" in page


@pytest.mark.parametrize(
    "kind",
    ["delivered", "deferred", "bounced", "soft-bounced", "complained", "opened", "clicked"],
)
def test_buttons(mailbox, deliver, ask, kind):
    """Each makes an event, and leads to the page that shows it."""
    mail = deliver(html='<a href="https://shop.example/x">x</a>')

    answer = ask(f"/messages/{mail.id}/events", form={"recipient": "ada@example.net", "kind": kind})

    assert 303 == answer.status
    event = mailbox.mails.get(mail.id).timeline[-1].event
    assert (kind, "ada@example.net", True) == (event.kind.value, event.recipient, event.by_hand)
    page = ask(answer.headers["location"].partition("#")[0]).text
    assert f"<b>{kind.replace('-', ' ')}</b>" in page
    assert "by hand" in page


def test_an_event_in_other_words(mailbox, deliver, ask, webhook):
    """What the server said, and the link that was clicked."""
    mail = deliver()
    form = {"recipient": "ada@example.net", "kind": "clicked", "url": "https://shop.example/x"}

    ask(f"/messages/{mail.id}/events", form={**form, "detail": "by a <robot>"})

    event = mailbox.mails.get(mail.id).timeline[-1].event
    assert ("https://shop.example/x", "by a <robot>") == (event.url, event.detail)
    assert "https://shop.example/x" == webhook.received[-1].json["url"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"recipient": "ada@example.net", "kind": "exploded"}, 400),
        ({"recipient": "ada@example.net", "kind": "sent"}, 400),
        ({"recipient": "nobody@example.net", "kind": "opened"}, 404),
        ({}, 400),
        ({str(number): "x" for number in range(100)}, 400),
        ({"recipient": "x" * 200_000, "kind": "opened"}, 413),
    ],
)
def test_events_that_cannot_be(mailbox, deliver, ask, form, status):
    """A page says so, and nothing happens."""
    mail = deliver()
    before = len(mailbox.mails.get(mail.id).timeline)

    answer = ask(f"/messages/{mail.id}/events", form=form)

    assert status == answer.status
    assert "<!doctype html>" in answer.text
    assert before == len(mailbox.mails.get(mail.id).timeline)


def test_a_full_timeline_is_told(mailbox, deliver, ask, monkeypatch):
    """No event is made that could not be kept."""
    mail = deliver()

    def full(*_: object, **__: object) -> None:
        raise NotKept("the timeline of a mail ends after 1000 events")

    monkeypatch.setattr(mailbox.hub, "make_event", full)
    form = {"recipient": "ada@example.net", "kind": "opened"}

    assert 409 == ask(f"/messages/{mail.id}/events", form=form).status


def test_one_click(deliver, ask, webhook):
    """The address of the mail is posted to, and the page shows what came of it."""
    mail = deliver(
        headers={
            "List-Unsubscribe": f"<{webhook.url}/leave>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    )
    webhook.statuses += [302]

    answer = ask(f"/messages/{mail.id}/unsubscribe", form={})
    page = ask(answer.headers["location"].partition("#")[0]).text

    assert b"List-Unsubscribe=One-Click" == webhook.received[-1].body
    assert "/hook/leave" == webhook.received[-1].path
    assert "<b>302</b>" in page
    assert "A redirect" in page
    assert 409 == ask(f"/messages/{deliver().id}/unsubscribe", form={}).status


def test_delete(mailbox, deliver, ask):
    """One leads to the next; all lead to the empty list."""
    first, second, third = (deliver(subject=subject) for subject in "abc")

    assert (
        f"/messages/{first.id}" == ask(f"/messages/{second.id}/delete", form={}).headers["location"]
    )
    assert [third.id, first.id] == [each.id for each in mailbox.mails.list()]
    assert 404 == ask(f"/messages/{second.id}").status
    assert "/" == ask("/delete", form={}).headers["location"]
    assert 0 == len(mailbox.mails)
    assert "/" == ask(f"/messages/{third.id}/delete", form={}).headers["location"]


def multipart(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, dict]:
    """A form with files."""
    pieces = [
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    pieces += [
        f'--xx\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        + b"\r\n"
        for field, (name, content) in files.items()
    ]
    return b"".join([*pieces, b"--xx--\r\n"]), {"Content-Type": "multipart/form-data; boundary=xx"}


def test_receiving_a_mail(ask, webhook):
    """Fields and a file become a mail, which the provider's webhook gets with its envelope."""
    body, headers = multipart(
        {
            "from": "Zoë <zoe@example.net>",
            "to": "support@shop.example, sales@shop.example",
            "subject": "Where is\r\nmy order?",
            "text": "Hello",
            "html": "<p>Hello",
        },
        {"files": ("order.txt", b"1042")},
    )

    answer = ask("/inbound", "POST", body=body, headers=headers)

    assert 303 == answer.status
    (received,) = webhook.received
    assert "zoe@example.net" == received.headers["X-From"]
    assert "support@shop.example,sales@shop.example" == received.headers["X-To"]
    assert b"Subject: Where is my order?" in received.body
    assert b'filename="order.txt"' in received.body
    page = ask("/inbound").text
    assert "Handed over" in page
    assert '<span class="webhook-answer good">200</span>' in page


@pytest.mark.parametrize("by", ["message", "source"])
def test_receiving_a_whole_message(ask, webhook, by):
    """Its own addresses stand for the envelope, unless others are given."""
    raw = b"From: a@example.net\r\nTo: b@shop.example\r\nSubject: x\r\n\r\n.\r\n"
    fields = {"from": "", "to": ""}
    if by == "message":
        body, headers = multipart(fields, {"message": ("x.eml", raw)})
    else:
        body, headers = multipart({**fields, "source": raw.decode()}, {})

    assert 303 == ask("/inbound", "POST", body=body, headers=headers).status
    (received,) = webhook.received
    assert ("a@example.net", "b@shop.example") == (
        received.headers["X-From"],
        received.headers["X-To"],
    )
    assert raw.rstrip() == received.body.rstrip()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"from": "ada@example.net", "to": ""}, "An address is needed"),
        ({"from": "nonsense", "to": "b@shop.example"}, "from"),
        ({"from": "ada@example.net", "to": "<script>"}, "to"),
        ({"from": "ada@example.net", "to": "b@shop.example", "face": "nobody"}, "no such provider"),
    ],
)
def test_what_cannot_be_received(ask, webhook, fields, problem):
    """The page says why, and keeps what was written."""
    body, headers = multipart({**fields, "subject": "Keep <this>"}, {})

    answer = ask("/inbound", "POST", body=body, headers=headers)

    assert 422 == answer.status
    assert problem.lower() in answer.text.lower()
    assert 'value="Keep &lt;this&gt;"' in answer.text
    assert [] == webhook.received


def test_without_a_webhook_nothing_is_received(mailbox, ask):
    """It is said, before and after, since nothing else would be seen."""
    assert "--inbound-webhook" not in ask("/inbound").text
    mailbox.hub.set_inbound_webhooks("plain", [])
    assert "--inbound-webhook plain=URL" in ask("/inbound").text
    body, headers = multipart({"from": "a@example.net", "to": "b@shop.example"}, {})

    answer = ask("/inbound", "POST", body=body, headers=headers)

    assert "No webhook for inbound mail is configured" in answer.text


def test_a_form_that_is_too_large_is_refused(ask):
    """Before it is read."""
    body, headers = multipart({"text": "x" * 27_000_000}, {})

    assert 413 == ask("/inbound", "POST", body=body, headers=headers).status


@pytest.mark.parametrize(
    "path",
    [
        "/messages/{id}/events",
        "/messages/{id}/unsubscribe",
        "/messages/{id}/delete",
        "/delete",
        "/inbound",
    ],
)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
    ],
)
def test_other_sites_press_no_buttons(mailbox, deliver, ask, path, headers, status):
    """By no form, and by no name of their own for this machine."""
    mail = deliver()

    answer = ask(
        path.format(id=mail.id),
        form={"recipient": "ada@example.net", "kind": "opened"},
        headers=headers,
    )

    assert status == answer.status
    assert [mail.id] == [each.id for each in mailbox.mails.list()]
    assert EventKind.OPENED not in [e.event.kind for e in mailbox.mails.get(mail.id).timeline]


@pytest.mark.parametrize(
    "path",
    ["/messages/{id}/events", "/messages/{id}/unsubscribe", "/messages/{id}/delete", "/delete"],
)
def test_nothing_happens_by_get(mailbox, deliver, ask, path):
    """A link or a picture of a mail presses no button."""
    mail = deliver()

    assert 405 == ask(path.format(id=mail.id)).status
    assert [mail.id] == [each.id for each in mailbox.mails.list()]


def test_policies(deliver, ask):
    """Pages run our own script only; the frame runs nothing; files act nowhere."""
    mail = deliver(html="<p>x", files={"x.svg": b"<svg onload=alert(1)>", "x.html": b"<script>"})
    pages = ["/", f"/messages/{mail.id}", "/inbound", "/connect", "/messages/none"]

    for path in pages:
        headers = ask(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy, path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "base-uri 'none'" in policy, path
        assert "nosniff" == headers["x-content-type-options"], path
        assert "same-origin" == headers["referrer-policy"], path
        assert "no-store" == headers["cache-control"], path
    frame = ask(f"/messages/{mail.id}/html").headers
    assert frame["content-security-policy"].startswith("sandbox allow-popups ")
    for name in ("1/x.svg", "2/x.html", "3/y"):
        file = ask(f"/messages/{mail.id}/files/{name}")
        if file.status == 404:
            continue
        assert "application/octet-stream" == file.headers["content-type"]
        assert "sandbox; default-src 'none'" == file.headers["content-security-policy"]
        assert file.headers["content-disposition"].startswith("attachment;")


def test_no_inline_script_or_style(deliver, ask):
    """The policy would block them; there are none to block."""
    mail = deliver(html="<p>x")
    for path in ("/", f"/messages/{mail.id}", "/inbound", "/connect"):
        page = ask(path).text
        assert not re.search(r"<[^>]+\son\w+=", page)
        assert not re.search(r"<[^>]+\sstyle=", page)
        assert ["<script src="] == re.findall(r"<script [^>]*?src=|<script[^>]*>", page)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\win.ini", "win.ini"),
        ('a"; filename=evil.exe', "evil.exe"),
        ("x\r\nSet-Cookie: a=b", None),
        ("\u202egpj.exe", "gpj.exe"),
        ("CON", "_CON"),
        ("", "attachment.bin"),
    ],
)
def test_file_names_stay_names(mailbox, deliver, ask, name, kept):
    """The answer names a file and no directory, whatever the mail calls it."""
    encoded = quote(name)
    raw = (
        "From: a@shop.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/octet-stream\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{encoded}\r\n\r\ncontent\r\n"
    ).encode()
    mail = deliver(raw=raw)

    answer = ask(f"/messages/{mail.id}/files/0/whatever")
    disposition = answer.headers["content-disposition"]
    page = ask(f"/messages/{mail.id}?view=files")

    assert 200 == answer.status
    assert "set-cookie" not in answer.headers
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w.%~-]+", disposition)
    assert "/" not in disposition.partition("''")[2]
    assert "%2F" not in disposition
    assert "%5C" not in disposition
    if kept:
        assert kept in disposition or kept in page.text
    assert re.search(rf'href="/messages/{mail.id}/files/0/[^"/]+"', page.text)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../reading.py",
        "/static/%2e%2e/reading.py",
        "/static/..%2freading.py",
        "/static//etc/passwd",
        "/messages/../static/mailbox.css/../../reading.py",
        "/messages/%2e%2e%2f%2e%2e/html",
        "/messages/x/files/0/..%2f..%2fx",
        "/messages/x/files/-1/x",
        "/messages/x/files/99999999999999999999999/x",
    ],
)
def test_no_path_leaves_its_place(ask, path):
    """Neither through the store nor through our own files."""
    answer = ask(path)

    assert answer.status in (403, 404)
    assert "class Reading" not in answer.text


@pytest.mark.parametrize("position", [1, 5, 999999])
def test_parts_that_are_not_there(deliver, ask, position):
    """A mail has as many as it has."""
    assert 404 == ask(f"/messages/{deliver().id}/files/{position}/x").status


def hostile(deliver, text: str):
    """A mail that has this text everywhere that a text may stand."""
    encoded = text.encode("utf-8", "replace").decode()
    word = f"=?utf-8?b?{base64.b64encode(encoded.encode()).decode()}?="
    raw = (
        (
            f"From: {word} <a@shop.example>\r\nTo: {word} <b@example.net>\r\nSubject: {word}\r\n"
            f"X-Odd: {word}\r\nList-Unsubscribe: <https://x.example/{quote(text)}>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        ).encode()
        + encoded.encode()
        + (
            "\r\n--b\r\nContent-Type: application/x-odd\r\nContent-ID: <"
            f"{word}>\r\nContent-Disposition: attachment; filename*=utf-8''{quote(encoded)}\r\n\r\n"
            "x\r\n--b--\r\n"
        ).encode()
    )
    return deliver(
        raw=raw,
        subject=text,
        from_email=f"{text} <a@shop.example>",
        to=[f"{text} <b@example.net>"],
        cc=(text,),
        bcc=(text,),
        tags=(text,),
        metadata={text: text},
        facts={text: text},
        request=CapturedRequest(
            method=text, path=text, headers=((text, text),), body=text.encode("utf-8", "replace")
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", XSS)
def test_hostile_texts_stay_texts(mailbox, deliver, ask, text):
    """Whatever stands in a mail, a page has our elements, and leads where we say."""
    odd = hostile(deliver, text)
    recipient = odd.recipients[0].address
    mailbox.hub.make_event(odd.id, recipient, EventKind.CLICKED, detail=text, url=text)
    mailbox.hub.drain(30)

    for path in (
        *(f"/messages/{odd.id}?view={view}" for view in VIEWS),
        *(
            "/",
            f"/?q={quote(text)}",
            f"/?before={quote(text)}",
            f"/messages/{quote(text, safe='')}",
        ),
        f"/messages/{odd.id}?to={quote(text)}&view={quote(text)}",
    ):
        page = ask(path)
        assert page.status in (200, 404), path
        if page.headers["content-type"].startswith("text/html"):
            assert_only_ours(page.text)


def test_the_inbound_list_escapes_too(mailbox, ask):
    """Answers of webhooks and posted bodies are texts."""
    envelope = Envelope(sender="", recipients=("a@b.example",))
    mailbox.hub.receive(b"Subject: <script>x</script>\r\n\r\n", envelope)
    mailbox.hub.drain(30)

    page = ask("/inbound").text

    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
@example(text="\x00<>&\"'`")
def test_any_text_is_escaped_in_lists(deliver, ask, mailbox: LocalMail, text):
    """As elements see it: the list has the same ones whatever a subject says."""
    mailbox.mails.clear()
    deliver(raw=b"x", subject="x" + text, tags=(text,))
    odd = structure(ask("/").text)
    mailbox.mails.clear()
    deliver(raw=b"x", subject="x", tags=("y",))

    assert structure(ask("/").text) == odd
