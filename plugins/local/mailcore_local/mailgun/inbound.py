"""
Mail that came in, as a route forwards it: a form with its parts, or with the whole mail.

Source: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
(read 2026-11-30). The whole mail is posted to URLs that end with `mime`.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailcore.inbound import InboundMessage, parse_inbound
from mailcore_local.faces import Envelope, WebhookPost
from mailcore_local.mailgun.webhooks import signature


_Fields = list[tuple[str, str | bytes | tuple[str, bytes, str]]]


@dataclass(frozen=True, kw_only=True, repr=False)
class RoutedPost(WebhookPost):
    """
    A post of received mail, which depends on the URL.

    Attributes:
        raw: The mail as it was received.
        envelope: The addresses in MAIL FROM and RCPT TO.
        proof: The fields of the signature.
    """

    raw: bytes
    envelope: Envelope
    proof: Mapping[str, str]


def inbound_post(raw: bytes, envelope: Envelope, key: str) -> RoutedPost:
    """
    The request of a route.

    Args:
        raw: The mail as it was received.
        envelope: The addresses in MAIL FROM and RCPT TO.
        key: The HTTP webhook signing key of the account.
    """
    return _made(raw, envelope, signature(key), whole=False)


def addressed(post: RoutedPost, url: str) -> RoutedPost:
    """
    The request as it goes to a URL, the same each time.
    """
    whole = urlsplit(url).path.endswith("mime")
    return _made(post.raw, post.envelope, post.proof, whole=whole)


def tampered(post: RoutedPost) -> RoutedPost:
    """
    The request with another token than the one that was signed.
    """
    whole = b'name="body-mime"' in post.body
    proof = {**post.proof, "token": post.proof["token"][::-1]}
    return _made(post.raw, post.envelope, proof, whole=whole)


def _made(raw: bytes, envelope: Envelope, proof: Mapping[str, str], *, whole: bool) -> RoutedPost:
    mail = parse_inbound(raw)
    fields: _Fields = [
        ("recipient", ", ".join(envelope.recipients)),
        ("sender", envelope.sender),
        ("from", mail["From"] or ""),
        ("subject", mail.subject or ""),
    ]
    fields += [("body-mime", raw)] if whole else _parts(mail)
    fields += list(proof.items())
    # Not at the start of the command, which is to be quick.
    from urllib3.filepost import encode_multipart_formdata

    body, content_type = encode_multipart_formdata(fields, boundary=f"mg-{proof['signature']}")
    return RoutedPost(
        event_type="inbound",
        headers={"Content-Type": content_type, "User-Agent": "mailgun/routes"},
        body=body,
        raw=raw,
        envelope=envelope,
        proof=proof,
    )


def _parts(mail: InboundMessage) -> _Fields:
    files = [*mail.attachments, *mail.inlines]
    text, html = mail.text, mail.html
    fields: _Fields = [("body-plain", text or ""), ("stripped-text", _stripped(text or ""))]
    if html is not None:
        fields += [("body-html", html), ("stripped-html", html)]
    # The headers of the mail are fields as well, by their own names.
    taken = {"from", "subject", "sender", "recipient"}
    fields += [(name, value) for name, value in mail.headers.pairs if name.lower() not in taken]
    fields.append(("message-headers", json.dumps([list(pair) for pair in mail.headers.pairs])))
    if files:
        fields.append(("attachment-count", str(len(files))))
        ids = {
            f"<{p.content_id}>": f"attachment-{n}" for n, p in enumerate(files, 1) if p.content_id
        }
        if ids:
            fields.append(("content-id-map", json.dumps(ids)))
    fields += [
        (f"attachment-{n}", (part.safe_filename(), part.content, part.content_type))
        for n, part in enumerate(files, start=1)
    ]
    return fields


def _stripped(text: str) -> str:
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines) if line.startswith(">")), len(lines))
    if end < len(lines) and end and lines[end - 1].rstrip().endswith(":"):
        end -= 1
    return "\n".join(lines[:end]).strip()
