"""Headers of a message, as a list of names and values in printable ASCII."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.message import Message
from mailcore.sending import header_texts


REPLY_TO = "reply-to"
# Postmark replaces a Message-ID without it, in its API too: so in Postmark's own
# swiftmailer-postmark, src/Postmark/Transport.php (read 2026-11-21).
KEEP_ID = "X-PM-KeepID"


def api_headers(message: Message, own: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """
    ``Headers``: the message's, those to unsubscribe, and those of one recipient, which win.

    ``Reply-To`` of the recipient is left out: Postmark has a field for it. A ``Message-ID`` comes
    with the instruction to keep it.
    """
    # Postmark does not say how it writes text outside ASCII here, so none is given to it.
    fields = header_texts(message, own, without=(REPLY_TO,))
    names = {name.lower() for name in fields}
    if "message-id" in names and KEEP_ID.lower() not in names:
        fields[KEEP_ID] = "true"
    return [{"Name": name, "Value": value} for name, value in fields.items()]
