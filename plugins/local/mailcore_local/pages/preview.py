"""
The HTML of a mail as it is shown: in a frame of its own, which may do nothing.

Three walls stand between a mail and the pages, each of which would be enough: the frame has the
attribute `sandbox`, the answer has the directive `sandbox` of a Content-Security-Policy (also when
it is opened outside of the frame), and that policy allows neither scripts nor requests. Without
`allow-same-origin` the mail has an origin of its own, and the server refuses what comes from
another: pictures of the mail therefore stand in the HTML itself, as `data:` addresses.
"""

from __future__ import annotations

import base64
import html as html_entities
import re

from collections.abc import Mapping
from urllib.parse import unquote

from mailcore.inbound import InboundMessage, InboundPart
from mailcore_local.pages.html_facts import read_html


SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
"""Links open in new tabs; no scripts, forms, downloads, and no origin of the server."""

SHOWN_IMAGE_TYPES = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp")
)
"""Types that hold pixels only, in the order in which they are met in mail; SVG is a document."""

MAX_INLINE_BYTES = 20 * 1024 * 1024
"""What the pictures of one mail may add to its HTML."""

_CID = re.compile(r"(?P<before>[\"'(=]\s*)cid:(?P<id>[^\"'()<>\s]+)", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<!--(?:(?!-->).)*-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
_HEADS = tuple(re.compile(rf"<{name}(?:\s[^>]*)?>", re.IGNORECASE) for name in ("head", "html"))
_HEAD_WITHIN = 20_000
# How a tokenizer reads a tag: <, the name, then white space, a slash or the end.
_LINK_ELEMENT = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
# The scheme of the browser is that of the machine, and no frame is told another one.
_SCHEME_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:0px)"
_INVERTED = (
    ":root{color-scheme:light!important}"
    "html{background:#fff;filter:invert(.92) hue-rotate(180deg)}"
    "img,video,[background]{filter:invert(1) hue-rotate(180deg)}"
)


def preview_headers(*, remote: bool) -> Mapping[str, str]:
    """
    The headers of the answer that the frame shows.

    Args:
        remote: Whether pictures, fonts and styles may be loaded from elsewhere.
    """
    elsewhere = "http: https:" if remote else ""
    policy = (
        f"sandbox {SANDBOX}",
        "default-src 'none'",
        f"img-src data: {elsewhere}".strip(),
        f"media-src data: {elsewhere}".strip(),
        f"font-src data: {elsewhere}".strip(),
        f"style-src 'unsafe-inline' {elsewhere}".strip(),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def preview_document(mail: InboundMessage, *, remote: bool, dark: bool) -> str:
    """
    The HTML that the frame shows.

    Args:
        mail: The mail, which has HTML.
        remote: Whether things may be loaded from elsewhere; where not, elements that make a
            browser connect before they are used are taken out too, since no policy covers them.
        dark: Whether to show it as in dark mode: with its own dark styles, and inverted where it
            has none, as some mail programs do.
    """
    html = mail.html or ""
    wanted = "dark" if dark else "light"
    inverted = dark and not read_html(html).has_dark_styles
    scheme = _INVERTED if inverted else f":root{{color-scheme:{wanted}!important}}"
    own = (
        f'<base target="_blank"><meta name="referrer" content="no-referrer"><style>{scheme}</style>'
    )
    html = _SCHEME_QUERY.sub(lambda query: _ALWAYS if query[1].lower() == wanted else _NEVER, html)
    if not remote:
        html = _LINK_ELEMENT.sub("<blocked-link", html)
    return _with_head(_with_pictures(html, mail), own)


def is_referred_to(mail: InboundMessage) -> frozenset[str]:
    """
    The Content-IDs that the HTML of a mail refers to.
    """
    return frozenset(_content_id(match) for match in _CID.finditer(mail.html or ""))


def _with_head(html: str, own: str) -> str:
    # Before the doctype, the browser would be put into quirks mode.
    doctype = _DOCTYPE.match(html)
    start = doctype.end() if doctype else 0
    found = (each.search(html, start, start + _HEAD_WITHIN) for each in _HEADS)
    place = next((head.end() for head in found if head), start)
    return f"{html[:place]}{own}{html[place:]}"


def _with_pictures(html: str, mail: InboundMessage) -> str:
    parts: dict[str, InboundPart] = {}
    for part in (*mail.inlines, *mail.attachments):
        if part.content_id is not None and part.content_type in SHOWN_IMAGE_TYPES:
            parts.setdefault(part.content_id, part)
    addresses: dict[str, str] = {}
    room = MAX_INLINE_BYTES

    def address(match: re.Match[str]) -> str:
        nonlocal room
        content_id = _content_id(match)
        if content_id not in addresses and content_id in parts:
            part = parts[content_id]
            if part.approximate_size <= room:
                encoded = base64.b64encode(part.content).decode("ascii")
                addresses[content_id] = f"data:{part.content_type};base64,{encoded}"
        shown = addresses.get(content_id)
        # A picture that stands in the HTML a hundred times is written a hundred times.
        if shown is None or len(shown) > room:
            return match[0]
        room -= len(shown)
        return match["before"] + shown

    return _CID.sub(address, html)


def _content_id(match: re.Match[str]) -> str:
    # RFC 2392: percent-encoded in the address, and within an attribute of HTML.
    return unquote(html_entities.unescape(match["id"]))
