"""
Mail that came in, as Inbound Parse hands it over: a form with its parts, or with the whole mail.

Sources (read 2026-11-30), below https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/:
`inbound-email` and `setting-up-the-inbound-parse-webhook`.
No SPF and no DKIM is looked up here: both are told as `none`. The form is signed as events are.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Mapping

from mailcore.inbound import InboundMessage, InboundPart, parse_inbound
from mailcore_local.faces import Envelope, WebhookPost


_Fields = list[tuple[str, str | bytes | tuple[str, bytes, str]]]


def inbound_post(
    raw: bytes,
    envelope: Envelope,
    sign: Callable[[bytes], Mapping[str, str]],
    *,
    send_raw: bool,
) -> WebhookPost:
    """
    The request of Inbound Parse.

    Args:
        raw: The mail as it was received.
        envelope: The addresses in MAIL FROM and RCPT TO.
        sign: Gives the headers that sign a body.
        send_raw: Whether the whole mail is posted, and not its parts.
    """
    mail = parse_inbound(raw)
    fields = _envelope_fields(mail, envelope)
    fields += [("email", raw)] if send_raw else _parts(mail)
    # Not at the start of the command, which is to be quick.
    from urllib3.filepost import encode_multipart_formdata

    body, content_type = encode_multipart_formdata(fields)
    return WebhookPost(
        event_type="inbound",
        headers={
            "Content-Type": content_type,
            "User-Agent": "Sendlib/1.0 server",
            **sign(body),
        },
        body=body,
    )


def _envelope_fields(mail: InboundMessage, envelope: Envelope) -> _Fields:
    parties = {"to": list(envelope.recipients), "from": envelope.sender}
    return [
        ("dkim", "none"),
        ("SPF", "none"),
        ("sender_ip", envelope.client),
        ("envelope", json.dumps(parties)),
        ("to", mail["To"] or ""),
        ("cc", mail["Cc"] or ""),
        ("from", mail["From"] or ""),
        ("subject", mail.subject or ""),
    ]


def _parts(mail: InboundMessage) -> _Fields:
    files = [*mail.attachments, *mail.inlines]
    headers = "".join(f"{name}: {value}\n" for name, value in mail.headers.pairs)
    fields: _Fields = [("headers", headers)]
    charsets = dict.fromkeys(("to", "cc", "from", "subject", "headers"), "UTF-8")
    for name, text in (("text", mail.text), ("html", mail.html)):
        if text is not None:
            fields.append((name, text))
            charsets[name] = "UTF-8"
    fields += [("charsets", json.dumps(charsets)), ("attachments", str(len(files)))]
    if files:
        about = {f"attachment{n}": _about(part) for n, part in enumerate(files, start=1)}
        fields.append(("attachment-info", json.dumps(about)))
        ids = {part.content_id: f"attachment{n}" for n, part in enumerate(files, 1)}
        fields.append(("content-ids", json.dumps({k: v for k, v in ids.items() if k})))
    fields += [
        (f"attachment{n}", (part.safe_filename(), part.content, part.content_type))
        for n, part in enumerate(files, start=1)
    ]
    return fields


def _about(part: InboundPart) -> dict[str, str]:
    name = part.filename or part.safe_filename()
    about = {"filename": name, "name": name, "type": part.content_type}
    if part.charset:
        about["charset"] = part.charset
    if part.content_id:
        about["content-id"] = part.content_id
    return about
