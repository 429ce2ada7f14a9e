"""
What `/v3/mail/send` does, without HTTP: a document goes in, mails come out.
"""

from __future__ import annotations

import base64
import json
import secrets
import time

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from mailcore.inbound import ReceivedFile
from mailcore_local.composing import compose
from mailcore_local.handlebars import TemplateError
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.sendgrid.errors import Complaint, SendGridError
from mailcore_local.sendgrid.mail import Mail, Personalization, read_mail
from mailcore_local.sendgrid.templates import (
    Templates,
    Version,
    is_dynamic,
    rendered,
    substituted,
)


class Sending:
    """
    The path that sends.

    Args:
        templates: The templates of the account.
        accept: Takes a mail.
    """

    def __init__(self, *, templates: Templates, accept: Callable[[CapturedMail], object]) -> None:
        self._templates = templates
        self._accept = accept

    def send(self, document: object, request: CapturedRequest) -> str | None:
        """
        Check a call and take its mails, one for each personalization.

        Args:
            document: What the JSON of the body says.
            request: The request, as it is kept.

        Returns:
            The `X-Message-Id` of the call; `None` in sandbox mode, in which nothing is sent.

        Raises:
            SendGridError: The call is refused, all of it.
        """
        template_id = document.get("template_id") if isinstance(document, dict) else None
        mail = read_mail(document, now_seconds=time.time(), is_dynamic=is_dynamic(template_id))
        version = self._version(mail) if mail.template_id else None
        if version is not None and not version.subject and not _has_subjects(mail):
            raise SendGridError(Complaint("The subject is required.", "subject"))
        if mail.sandbox:
            return None
        message_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        assert isinstance(document, dict)
        for number, captured in enumerate(_captured(mail, version, message_id, request)):
            kept = request
            if len(mail.personalizations) > 1:
                kept = replace(request, body=_part_of(document, number))
            self._accept(replace(captured, request=kept))
        return message_id

    def _version(self, mail: Mail) -> Version:
        try:
            version = self._templates.get(mail.template_id).active
        except SendGridError:
            version = None
        if version is None:
            raise SendGridError(
                Complaint(
                    "The template_id must be that of a template with an active version. The local"
                    " SendGrid knows those that were made by POST /v3/templates.",
                    "template_id",
                )
            )
        return version


def _part_of(document: Mapping[str, object], number: int) -> bytes:
    """
    The call as if it had one personalization: a thousand copies of it would fill the store.

    The files stand in the first one only.
    """
    personalizations = document["personalizations"]
    assert isinstance(personalizations, list)
    part = {**document, "personalizations": personalizations[number : number + 1]}
    if number:
        part.pop("attachments", None)
    return json.dumps(part, ensure_ascii=False).encode()


def _has_subjects(mail: Mail) -> bool:
    return bool(mail.subject) or all(each.subject for each in mail.personalizations)


def _captured(
    mail: Mail, version: Version | None, message_id: str, request: CapturedRequest
) -> Iterator[CapturedMail]:
    for number, personal in enumerate(mail.personalizations):
        smtp_id = f"<{message_id}-{number}@geopod-ismtpd-local>"
        failure, raw = "", b""
        subject = personal.subject or mail.subject
        try:
            content = _content(mail, personal, version)
            subject = content[0]
            raw = _composed(mail, personal, content, smtp_id)
        except TemplateError as error:
            failure = f"The template could not be rendered: {error}"
        addresses = dict.fromkeys(mailbox.email for mailbox in personal.recipients)
        sender = personal.sender or mail.sender
        yield CapturedMail(
            face="sendgrid",
            envelope_sender=f"bounces+{number}@em.{sender.email.rpartition('@')[2]}",
            from_email=str(sender),
            to=tuple(map(str, personal.to)),
            cc=tuple(map(str, personal.cc)),
            bcc=tuple(map(str, personal.bcc)),
            subject=subject,
            raw=raw,
            recipients=tuple(
                CapturedRecipient(address=address, message_id=message_id) for address in addresses
            ),
            request=request,
            tags=mail.categories,
            metadata={**mail.custom_args, **personal.custom_args},
            facts={
                "smtp_id": smtp_id,
                "group_id": mail.group_id,
                "template_id": mail.template_id,
            },
            failure=failure,
        )


def _content(
    mail: Mail, personal: Personalization, version: Version | None
) -> tuple[str, str, str]:
    own = dict(mail.content)
    subject = personal.subject or mail.subject
    html, plain = own.get("text/html", ""), own.get("text/plain", "")
    if version is not None and is_dynamic(version.template_id):
        made, html, plain = rendered(version, personal.data)
        return made or subject, html, plain
    if version is not None:
        # Where the content of a call goes in a legacy template.
        subject = (version.subject or "<%subject%>").replace("<%subject%>", subject)
        html = (version.html or "<%body%>").replace("<%body%>", html)
        plain = (version.plain or "<%body%>").replace("<%body%>", plain)
    replaced = personal.substitutions
    return (
        substituted(subject, replaced),
        substituted(html, replaced),
        substituted(plain, replaced),
    )


def _composed(
    mail: Mail, personal: Personalization, content: tuple[str, str, str], smtp_id: str
) -> bytes:
    subject, html, plain = content
    # Calendars and AMP are alternatives of the bodies; here they stand beside them.
    others = [
        ReceivedFile(content=text.encode(), content_type=f"{kind}; charset=utf-8", inline=True)
        for kind, text in mail.content
        if kind not in ("text/plain", "text/html")
    ]
    headers = {**mail.headers, **personal.headers}
    return compose(
        message_id=smtp_id,
        sender=personal.sender or mail.sender,
        to=personal.to,
        cc=personal.cc,
        reply_to=mail.reply_to,
        subject=subject,
        text=plain or None,
        html=html or None,
        headers=[(name, substituted(v, personal.substitutions)) for name, v in headers.items()],
        files=[*others, *mail.files],
    )
