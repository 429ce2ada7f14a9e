"""
Files in the form, and the names that they have there.

Mailgun makes the name of an inline file its Content-ID
(https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-attachments), and
drops a file without a name (``docs/esps/mailgun.rst`` in
https://github.com/anymail/django-anymail, whose author tested it; both read 2026-11-21). So an
image is called by its filename, or by its type, and what the HTML refers to by the Content-ID of
the message it refers to by that name. The HTML of a stored template stands at Mailgun: its images
keep the Content-ID as their name.
"""

from __future__ import annotations

import re

from collections.abc import Container
from urllib.parse import quote, unquote

from mailcore.http import FormFile
from mailcore.message import Attachment, Message, attachments_as_shown
from mailcore_mailgun.options import extra_of


# RFC 2392: the id may be percent-encoded.
_REFERENCE = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_EXTENSIONS = {"image/jpeg": "jpg", "image/svg+xml": "svg", "image/x-icon": "ico"}
_SUBTYPE = re.compile(r"[a-z]+/(?:x-)?([a-z0-9]{1,10})(?:\+[a-z]+)?")


def files_and_html(message: Message) -> tuple[list[FormFile], str | None]:
    """
    The attachments as the form has them, and the HTML that refers to them.

    The HTML may name an image by its Content-ID in any spelling of the URL; anything else in it
    stays as it is.
    """
    # What esp_extra says stays as it is.
    html_is_not_ours = message.template_id is not None or "html" in extra_of(message)
    names: dict[str, str] = {}
    files = []
    parts = message.attachments if html_is_not_ours else attachments_as_shown(message)
    for number, part in enumerate(parts, start=1):
        name = part.filename or _made_up_name(part, number)
        if part.inline and part.content_id is not None:
            if html_is_not_ours:
                name = part.content_id
            elif name != part.content_id:
                # A name that has to be encoded in a URL, or that is taken, is no good reference.
                usable = _PLAIN_NAME.fullmatch(name) and name not in names.values()
                name = name if usable else _made_up_name(part, number, names.values())
            names[part.content_id] = name
        files.append(
            FormFile(
                name="inline" if part.inline else "attachment",
                filename=name,
                content=part.content,
                content_type=part.content_type,
            )
        )
    return files, _renamed(message.html, names)


def _renamed(html: str | None, names: dict[str, str]) -> str | None:
    changed = {old: new for old, new in names.items() if old != new}
    if not html or not changed:
        return html

    def rename(found: re.Match[str]) -> str:
        new = changed.get(found[1]) or changed.get(unquote(found[1]))
        return found[0] if new is None else f"cid:{quote(new)}"

    return _REFERENCE.sub(rename, html)


def _made_up_name(part: Attachment, number: int, taken: Container[str] = ()) -> str:
    """A name by the type, such as ``image-1.png``: one that no program of mail blocks."""
    kind = "image" if part.mime_type.startswith("image/") else "attachment"
    found = _SUBTYPE.fullmatch(part.mime_type)
    extension = _EXTENSIONS.get(part.mime_type) or (
        "txt" if part.mime_type == "text/plain" else found[1] if found else "bin"
    )
    name = f"{kind}-{number}.{extension}"
    while name in taken:
        name = f"{kind}-{name}"
    return name
