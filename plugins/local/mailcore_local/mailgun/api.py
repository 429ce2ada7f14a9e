"""
What the sending paths do, without HTTP: a form goes in, mails come out.
"""

from __future__ import annotations

import re
import secrets

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from mailcore.inbound import parse_inbound
from mailcore_local.composing import Mailbox, compose
from mailcore_local.handlebars import TemplateError
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.mailgun.errors import MailgunError
from mailcore_local.mailgun.forms import Form
from mailcore_local.mailgun.messages import Message, read_message
from mailcore_local.mailgun.templates import HTML, TEXT, Templates, Version


_PLACE = re.compile(r"%(recipient(?:[._][\w.-]+)?)%")
_LARGE_BODY = 16 * 1024
_SHORTENED = b"The body is kept with the mail of the first recipient."
_TAGS = re.compile(r"<[^>]*>")
# The ends of lines as a mail has them, between which a header stands.
_HEADER = r"(?im)^{}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n"


class Sending:
    """
    The paths that send.

    Args:
        templates: The templates of all domains.
        accept: Takes a mail.
    """

    def __init__(self, *, templates: Templates, accept: Callable[[CapturedMail], object]) -> None:
        self._templates = templates
        self._accept = accept

    def send(
        self, domain: str, form: Form, request: CapturedRequest, *, mime: bool
    ) -> dict[str, object]:
        """
        Check a message and take it: one mail, or one for each recipient of a batch.

        Args:
            domain: The domain in the path.
            form: The form of the request.
            request: The request, as it is kept.
            mime: Whether the form has the whole mail.

        Returns:
            The answer of the API.

        Raises:
            MailgunError: The message is refused.
        """
        message = read_message(form, mime=mime)
        version = None
        if message.template:
            version = self._version(domain, message)
            if message.sender is None and not version.headers.get("From"):
                raise MailgunError("from parameter is missing")
        now = datetime.now(timezone.utc)
        own_id = f"{now:%Y%m%d%H%M%S}.{secrets.token_hex(8)}@{domain}"
        for number, captured in enumerate(_captured(domain, message, version, own_id, request)):
            # A thousand copies would fill the store.
            is_copy = number and len(request.body) > _LARGE_BODY
            kept = replace(request, body=_SHORTENED) if is_copy else request
            self._accept(replace(captured, request=kept))
        return {"id": f"<{own_id}>", "message": "Queued. Thank you."}

    def _version(self, domain: str, message: Message) -> Version:
        try:
            template = self._templates.get(domain, message.template)
        except MailgunError:
            template = None
        version = template.version(message.template_version) if template is not None else None
        if version is None:
            raise MailgunError(
                "template or version not found. The local Mailgun knows those that were made by"
                " POST /v3/DOMAIN/templates."
            )
        return version


def _captured(
    domain: str,
    message: Message,
    version: Version | None,
    own_id: str,
    request: CapturedRequest,
) -> Iterator[CapturedMail]:
    if message.recipient_variables is None:
        groups: list[tuple[tuple[Mailbox, ...], Mapping[str, Any] | None]] = [(message.to, None)]
    else:
        # A batch: everybody in To gets a mail that names nobody else there.
        known = message.recipient_variables
        groups = [((each,), known.get(each.email.lower(), {})) for each in message.to]
    for to, variables in groups:
        failure, raw = "", b""
        try:
            raw = _rendered(message, version, to, variables, own_id)
        except TemplateError as error:
            failure = f"The template could not be rendered: {error}"
        mail = parse_inbound(raw)
        own = _own_variables(message, to[0], variables)
        everybody = (*to, *message.cc, *message.bcc)
        sender = str(message.sender or mail["From"] or "")
        yield CapturedMail(
            face="mailgun",
            envelope_sender=message.sender.email if message.sender else f"postmaster@{domain}",
            from_email=sender,
            to=tuple(map(str, to)),
            cc=tuple(map(str, message.cc)),
            bcc=tuple(map(str, message.bcc)),
            subject=mail.subject or message.subject,
            raw=raw,
            recipients=tuple(
                CapturedRecipient(address=each.email, message_id=f"<{own_id}>")
                for each in everybody
            ),
            request=request,
            tags=message.tags,
            metadata={name: str(value) for name, value in own.items()},
            facts={
                "domain": domain,
                "message_id": own_id,
                "test_mode": message.test_mode,
                "variables": own,
                "template": message.template,
            },
            failure=failure,
        )


def _own_variables(
    message: Message, recipient: Mailbox, variables: Mapping[str, Any] | None
) -> dict[str, Any]:
    # The caller's values may refer to those of the recipient too.
    if variables is None:
        return dict(message.user_variables)
    return {
        name: _filled(value, recipient, variables) if isinstance(value, str) else value
        for name, value in message.user_variables.items()
    }


def _rendered(
    message: Message,
    version: Version | None,
    to: tuple[Mailbox, ...],
    variables: Mapping[str, Any] | None,
    own_id: str,
) -> bytes:
    if message.mime is not None:
        return _of_mime(message.mime, to, variables, own_id)
    subject, text, html = message.subject, message.text, message.html
    sender: Mailbox | str = message.sender or ""
    reply_to = ""
    if version is not None:
        given = {**message.variables, **(variables or {})}
        html = HTML.render(version.template, given)
        text = text or (_TAGS.sub("", html).strip() if message.template_text else None)
        headers = {name: TEXT.render(value, given) for name, value in version.headers.items()}
        subject = subject or headers.get("Subject", "")
        sender = sender or headers.get("From", "")
        reply_to = headers.get("Reply-To", "")

    def filled(value: str) -> str:
        return value if variables is None else _filled(value, to[0], variables)

    own = [(name, filled(value)) for name, value in message.headers]
    return compose(
        message_id=own_id,
        sender=sender,
        to=to,
        cc=message.cc,
        reply_to=[reply_to] if reply_to else [],
        subject=filled(subject),
        text=None if text is None else filled(text),
        html=None if html is None else filled(html),
        headers=[(name, value) for name, value in own if name.lower() != "message-id"],
        files=message.files,
    )


def _of_mime(
    raw: bytes, to: tuple[Mailbox, ...], variables: Mapping[str, Any] | None, own_id: str
) -> bytes:
    head, blank, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    text = head.decode("utf-8", "surrogateescape") + "\n"
    text = re.sub(_HEADER.format("Bcc"), "", text)
    if variables is not None:
        text = re.sub(_HEADER.format("To"), "", text) + f"To: {to[0]}\n"
    if not re.search(_HEADER.format("Message-ID"), text):
        text += f"Message-ID: <{own_id}>\n"
    whole = text.encode("utf-8", "surrogateescape") + (blank[1:] + body if blank else b"\n")
    if variables is not None:
        filled = _filled(whole.decode("utf-8", "surrogateescape"), to[0], variables)
        whole = filled.encode("utf-8", "surrogateescape")
    return whole.replace(b"\n", b"\r\n")


def _filled(text: str, recipient: Mailbox, variables: Mapping[str, Any]) -> str:
    first, _, last = recipient.name.partition(" ")
    known = {
        "recipient": str(recipient),
        "recipient_email": recipient.email,
        "recipient_name": recipient.name,
        "recipient_fname": first,
        "recipient_lname": last,
    }

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in known:
            return known[name]
        if name.startswith("recipient."):
            found = variables.get(name.removeprefix("recipient."))
            return match[0] if found is None else str(found)
        return match[0]

    return _PLACE.sub(value, text)
