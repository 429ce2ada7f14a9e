"""Headers of a message, as a list of names and values in printable ASCII."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.message import Message
from mailcore.mime import header_value


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
    fields = {name.lower(): (name, value) for name, value in message.headers.items_as_given()}
    if message.unsubscribe is not None:
        for name, value in message.unsubscribe.headers.items():
            fields.setdefault(name.lower(), (name, value))
    if own and any(name.lower() == "list-unsubscribe" for name in own):
        # The one of all belongs to the URL of all.
        fields.pop("list-unsubscribe-post", None)
    for name, value in (own or {}).items():
        if name.lower() != REPLY_TO:
            fields[name.lower()] = (name, value)
    if "message-id" in fields:
        fields.setdefault(KEEP_ID.lower(), (KEEP_ID, "true"))
    # Postmark does not say how it writes text outside ASCII here, so none is given to it.
    return [{"Name": name, "Value": header_value(name, value)} for name, value in fields.values()]
