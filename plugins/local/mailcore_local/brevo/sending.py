"""
What Brevo makes of a request: one mail, or one for each version.

https://developers.brevo.com/reference/sendtransacemail,
https://developers.brevo.com/docs/batch-send-transactional-emails,
https://developers.brevo.com/docs/using-sandbox-mode-to-send-an-email and
https://developers.brevo.com/docs/heterogenous-versions-batch-emails (idempotency) (read
2026-11-30).
"""

from __future__ import annotations

import base64
import json
import mimetypes
import secrets

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape as html_escape

from mailcore.inbound import ReceivedFile
from mailcore_local.brevo.errors import BrevoError, invalid, missing
from mailcore_local.brevo.merging import merged
from mailcore_local.brevo.models import (
    EXTENSIONS,
    MAX_ALL_PARAMS_BYTES,
    MAX_BYTES,
    MAX_RECIPIENTS,
    MAX_RECIPIENTS_OF_A_VERSION,
    Attachment,
    Person,
    Send,
    Sender,
    Version,
)
from mailcore_local.composing import Mailbox, compose
from mailcore_local.jinja_subset import TemplateError


SANDBOX_HEADER = "x-sib-sandbox"
IDEMPOTENCY_HEADER = "idempotencyKey"
CUSTOM_HEADER = "x-mailin-custom"
TAG_HEADER = "x-mailin-tag"

# What it obeys is not sent on; what describes the mail it writes itself.
_OBEYED = frozenset(["sender.ip", "idempotencykey", SANDBOX_HEADER, TAG_HEADER])
_WRITTEN = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "reply-to",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    ]
)


@dataclass(frozen=True, kw_only=True)
class StoredTemplate:
    """
    A template of the account.

    Attributes:
        id: The number that mails name it by.
        name: The name for people.
        sender: Who mails are from that name nobody.
        subject: The subject of a mail that has none.
        html: The HTML with its values.
        reply_to: Where answers go, or empty.
        is_active: Whether mails may be sent with it.
        tag: The tag of its mails, or empty.
        changed_at: When it was changed last, in UTC.
    """

    id: int
    name: str
    sender: Sender
    subject: str
    html: str
    reply_to: str
    is_active: bool
    tag: str
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    One MIME message with those who get it.

    Attributes:
        message_id: The id of the answer and the events, with its angle brackets.
        sender: Who stands in From.
        to: Who stands in To.
        cc: Who stands in Cc.
        bcc: Who gets it besides.
        subject: The subject, filled in.
        raw: The MIME message; empty if it could not be made.
        failure: Why it could not be made, or empty.
        template_id: The number of its template, or None.
        custom: The value of X-Mailin-custom, or None.
    """

    message_id: str
    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    subject: str
    raw: bytes
    failure: str
    template_id: int | None
    custom: str | None


def new_message_id() -> str:
    """
    An id as Brevo gives it, with its angle brackets.
    """
    moment = datetime.now(timezone.utc).strftime("%Y%m%d%H%M")
    return f"<{moment}.{secrets.randbelow(10**11):011d}@smtp-relay.mailin.fr>"


def check(request: Send) -> None:
    """
    Look at what a model does not see: what goes with what, and the limits of a call.

    Raises:
        BrevoError: Something is missing, or too much.
    """
    versions = request.versions
    if versions is None and not request.to:
        raise missing("to")
    if request.template_id is None:
        _check_content(request)
    elif request.sender is not None:
        _check_sender(request.sender)
    people = versions_of(request)
    counts = [len(p.to) + len(p.cc or ()) + len(p.bcc or ()) for p in people]
    if any(not each.to for each in people):
        raise missing("to", "messageVersions")
    if max(counts) > MAX_RECIPIENTS_OF_A_VERSION and versions is not None:
        said = f"a message version may have up to {MAX_RECIPIENTS_OF_A_VERSION} recipients"
        raise BrevoError("out_of_range", said)
    if sum(counts) > MAX_RECIPIENTS:
        raise BrevoError("out_of_range", f"a call may have up to {MAX_RECIPIENTS} recipients")
    params = sum(len(json.dumps(each.params or {})) for each in people)
    if params > MAX_ALL_PARAMS_BYTES:
        raise BrevoError("out_of_range", f"all params may have up to {MAX_ALL_PARAMS_BYTES} bytes")
    for headers in [request.headers, *(each.headers for each in people)]:
        _check_headers(headers or {})
    _check_files(request.attachment or ())


def _check_content(request: Send) -> None:
    if request.sender is None:
        raise missing("sender")
    _check_sender(request.sender)
    if not request.subject:
        raise missing("subject")
    if not request.html and not request.text:
        # The sentence of https://github.com/getbrevo/brevo-ruby/issues/8 (read 2026-11-30).
        said = "Either of htmlContent or textContent is required"
        raise BrevoError("missing_parameter", said)


def _check_sender(sender: Sender) -> None:
    if sender.email is None and sender.id is None:
        raise missing("email", "sender")


def _check_headers(headers: Mapping[str, object]) -> None:
    if not all(isinstance(value, str) for value in headers.values()):
        raise BrevoError("invalid_parameter", "Invalid headers")


def _check_files(files: Iterable[Attachment]) -> None:
    size = 0
    for file in files:
        if file.content is None:
            if file.url is None:
                raise missing("content", "attachment")
            # Nothing is fetched for somebody who asks over HTTP.
            said = "attachment by url is not fetched by this server; give its content"
            raise BrevoError("invalid_parameter", said)
        if not file.name:
            raise missing("name", "attachment")
        if file.name.rpartition(".")[2].lower() not in EXTENSIONS:
            raise BrevoError("invalid_parameter", "Unsupported file extension in attachment")
        size += len(file.content) * 3 // 4
    if size > MAX_BYTES:
        raise BrevoError("out_of_range", f"a mail may have up to {MAX_BYTES} bytes")


def versions_of(request: Send) -> Sequence[Version]:
    """
    The versions of a batch; of a single mail, that mail as the only one.
    """
    if request.versions is not None:
        return request.versions
    return [Version(to=request.to or [], cc=request.cc, bcc=request.bcc)]


def header(request: Send, name: str) -> str | None:
    """
    The value of one of the headers that Brevo obeys, whatever its case.

    Args:
        request: A request that was checked.
        name: The name of the header.
    """
    for key, value in (request.headers or {}).items():
        if key.lower() == name.lower() and isinstance(value, str):
            return value
    return None


def letters_of(request: Send, templates: Mapping[int, StoredTemplate]) -> list[Letter]:
    """
    The mails of a request that was checked.

    Args:
        request: A request that `check` let pass.
        templates: The templates that it names, by id.

    Raises:
        BrevoError: A template has no sender, and the request has none either.
    """
    return [_letter(request, version, templates) for version in versions_of(request)]


def _letter(request: Send, version: Version, templates: Mapping[int, StoredTemplate]) -> Letter:
    batch = request.versions is not None
    template_id = request.template_id
    if template_id is not None and version.template_id is not None:
        template_id = version.template_id
    template = templates[template_id] if template_id is not None else None
    # A version overrides a body only where the request has one as well.
    own_bodies = bool(request.html or request.text)
    html = (version.html if own_bodies else None) or request.html
    text = (version.text if own_bodies else None) or request.text
    subject = version.subject or request.subject
    sender = _mailbox_of(request.sender)
    reply_to = version.reply_to or request.reply_to
    if template is not None:
        html, text = template.html, None
        subject = subject or template.subject
        sender = sender or _mailbox_of(template.sender)
        if reply_to is None and template.reply_to:
            reply_to = Person(email=template.reply_to)
    if sender is None:
        raise missing("sender")
    headers = {**(request.headers or {}), **(version.headers or {})}
    to = _mailboxes(version.to)
    cc = _mailboxes(version.cc if version.cc is not None or batch else request.cc)
    bcc = _mailboxes(version.bcc if version.bcc is not None or batch else request.bcc)
    if batch:
        cc = cc or _mailboxes(request.cc)
        bcc = bcc or _mailboxes(request.bcc)
    params = version.params if version.params is not None else request.params
    values = {
        "params": params or {},
        "contact": {"EMAIL": to[0].email, "FIRSTNAME": to[0].name},
    }
    message_id = new_message_id()
    failure, raw = "", b""
    try:
        # Without params and a template nothing is filled in.
        fills_in = params is not None or template is not None
        filled = [
            merged(source, values, is_html=is_html) if source and fills_in else source
            for source, is_html in ((subject, False), (text, False), (html, True))
        ]
    except TemplateError as error:
        failure = str(error)
    else:
        subject = filled[0]
        if filled[1] and not filled[2]:
            # It turns a text that stands alone into HTML that stands alone:
            # https://github.com/anymail/django-anymail/pull/487 (read 2026-11-30).
            filled[1:] = [None, "<br>\n".join(html_escape(filled[1]).splitlines())]
        raw = compose(
            message_id=message_id,
            sender=sender,
            to=to,
            cc=cc,
            reply_to=_mailboxes([reply_to] if reply_to else None),
            subject=subject or "",
            text=filled[1],
            html=filled[2],
            headers=list(_sent_headers(headers)),
            files=list(_files(request.attachment or ())),
        )
    custom = next((v for k, v in headers.items() if k.lower() == CUSTOM_HEADER), None)
    return Letter(
        message_id=message_id,
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=subject or "",
        raw=raw,
        failure=failure,
        template_id=template_id,
        custom=custom,
    )


def _mailbox_of(sender: Sender | None) -> Mailbox | None:
    if sender is None:
        return None
    if sender.email is None:
        # Whose address it is, only Brevo knows.
        return Mailbox(f"sender-{sender.id}@brevo.invalid")
    return Mailbox(sender.email, sender.name or "")


def _mailboxes(people: Iterable[Person] | None) -> tuple[Mailbox, ...]:
    return tuple(Mailbox(each.email, each.name or "") for each in people or ())


def _sent_headers(headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in headers.items():
        if name.lower() not in _OBEYED and name.lower() not in _WRITTEN:
            yield "-".join(part.capitalize() for part in name.split("-")), value


def _files(files: Iterable[Attachment]) -> Iterable[ReceivedFile]:
    for file in files:
        name = file.name or ""
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if content_type.startswith("text/"):
            content_type += "; charset=utf-8"
        yield ReceivedFile(
            content=base64.b64decode(file.content or ""), filename=name, content_type=content_type
        )


def checked_template(
    template: StoredTemplate | None,
) -> StoredTemplate:
    """
    A template that a mail may be sent with.

    Raises:
        BrevoError: There is none, or it is not active.
    """
    if template is None:
        raise invalid("templateId")
    if not template.is_active:
        raise BrevoError("permission_denied", "Template is inactive", status_code=403)
    return template
