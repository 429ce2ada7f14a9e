"""
Addresses of mail that Mailgun stored: which of them may be asked, with the API key.

They stand in webhooks, of which Mailgun signs nothing but the time, so that anybody may have
written them. Mailgun's storage answers at ``storage-us-east4.api.mailgun.net``,
``storage-us-west1.api.mailgun.net`` (https://documentation.mailgun.com/docs/mailgun/user-manual/
webhooks/webhook-payloads), ``storage-europe-west1.api.mailgun.net``
(https://github.com/mailgun/mailgun-php/issues/902) and, in older webhooks, ``se``, ``si``, ``so``,
``sq`` and ``sw.api.mailgun.net`` (https://github.com/mailgun/mailgun-js-boland/issues/144 and
others; all read 2026-11-21), and ``storage.eu.mailgun.net`` (the stored messages of Mailgun's own
client, https://github.com/mailgun/mailgun-go, read 2026-11-30). Mailgun asks to use them as they
are: https://github.com/mailgun/mailgun-go/issues/64.
"""

from __future__ import annotations

import re


# No user, no port, no query, nothing that two programs read in two ways; and no path but that of
# one message, because the key may do more than read.
_MESSAGE = re.compile(
    r"https://(?:(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)?api(?:\.eu)?|storage\.eu)\.mailgun\.net"
    r"/v[1-9]/domains/[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}/messages/"
    r"(?:[A-Za-z0-9_+=-]|%3D|%2B){1,1024}",
    re.ASCII,
)
_FILE = re.compile(r"/attachments/\d{1,6}", re.ASCII)


def is_message_url(url: str) -> bool:
    """Whether that is the address of a stored message, at a host of Mailgun's."""
    return _MESSAGE.fullmatch(url) is not None


def is_file_of(file_url: str, message_url: str) -> bool:
    """Whether that is the address of a file within a stored message."""
    return (
        is_message_url(message_url)
        and file_url.startswith(message_url)
        and _FILE.fullmatch(file_url, len(message_url)) is not None
    )
