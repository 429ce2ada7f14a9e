"""
What the paths of Postmark's API do, without HTTP: a document goes in, a document comes out.
"""

from __future__ import annotations

import json
import uuid

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from mailcore_local.engine import Fate
from mailcore_local.handlebars import TemplateError
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.postmark.bounce_types import asked_type
from mailcore_local.postmark.composed import composed
from mailcore_local.postmark.emails import Email, read_email, read_envelope, with_content
from mailcore_local.postmark.errors import (
    INACTIVE_RECIPIENT,
    TEMPLATE_FIELD_INVALID,
    TOO_MANY_MESSAGES,
    PostmarkError,
    incompatible,
)
from mailcore_local.postmark.fields import Fields, as_object, objects
from mailcore_local.postmark.suppressions import Suppressions
from mailcore_local.postmark.templates import Templates, model_of
from mailcore_local.postmark.webhooks import timestamp


MAX_BATCH = 500


class Sending:
    """
    The four paths that send.

    Args:
        templates: The templates of the server.
        suppressions: The suppression lists of the server.
        fate_of: What becomes of a test address; `None` for all others.
        accept: Takes a mail.
    """

    def __init__(
        self,
        *,
        templates: Templates,
        suppressions: Suppressions,
        fate_of: Callable[[str], Fate | None],
        accept: Callable[[CapturedMail], object],
    ) -> None:
        self._templates = templates
        self._suppressions = suppressions
        self._fate_of = fate_of
        self._accept = accept

    def email(self, fields: object, request: CapturedRequest, *, test: bool) -> dict[str, object]:
        """
        `/email`.

        Args:
            fields: The document of the request.
            request: The request, as it is kept.
            test: Whether the token of tests came with it: it is checked, and not sent.

        Raises:
            PostmarkError: The message is refused.
        """
        return self._send(read_email(as_object(fields)), request, test=test)

    def with_template(
        self, fields: object, request: CapturedRequest, *, test: bool
    ) -> dict[str, object]:
        """
        `/email/withTemplate`.

        Raises:
            PostmarkError: The message is refused.
        """
        return self._send(self._rendered(as_object(fields)), request, test=test)

    def batch(
        self, documents: object, request: CapturedRequest, *, test: bool
    ) -> list[dict[str, object]]:
        """
        `/email/batch`: each message is answered for itself.

        Raises:
            PostmarkError: It is no list, or too long a one.
        """
        if not isinstance(documents, list):
            raise incompatible("the request")
        return self._each(documents, lambda f: self.email(f, _part_of(request, f), test=test))

    def batch_with_templates(
        self, document: object, request: CapturedRequest, *, test: bool
    ) -> list[dict[str, object]]:
        """
        `/email/batchWithTemplates`.

        Raises:
            PostmarkError: There is no list in it, or too long a one.
        """
        messages = objects(as_object(document), "Messages")
        return self._each(
            messages, lambda f: self.with_template(f, _part_of(request, f), test=test)
        )

    def _each(
        self, documents: list[object] | list[Fields], send: Callable[[object], dict[str, object]]
    ) -> list[dict[str, object]]:
        if len(documents) > MAX_BATCH:
            raise PostmarkError(
                TOO_MANY_MESSAGES,
                f"Note: the maximum number of messages in a batch is {MAX_BATCH}.",
            )
        answers = []
        for document in documents:
            try:
                answers.append(send(document))
            except PostmarkError as error:
                answers.append(error.document())
        return answers

    def _rendered(self, fields: Fields) -> Email:
        key = fields.get("TemplateId") or fields.get("TemplateAlias")
        template = self._templates.get(key)
        envelope = read_envelope(fields)
        model = model_of(fields)
        try:
            rendered = self._templates.render(template, model)
        except TemplateError as error:
            raise PostmarkError(TEMPLATE_FIELD_INVALID, str(error)) from None
        return with_content(
            envelope, subject=rendered.subject, html=rendered.html, plain=rendered.plain
        )

    def _send(self, email: Email, request: CapturedRequest, *, test: bool) -> dict[str, object]:
        message_id = str(uuid.uuid4())
        told = {
            "To": ", ".join(map(str, email.to)),
            "SubmittedAt": timestamp(datetime.now(timezone.utc)),
            "MessageID": message_id,
            "ErrorCode": 0,
            "Message": "Test job accepted" if test else "OK",
        }
        for name, mailboxes in (("Cc", email.cc), ("Bcc", email.bcc)):
            if mailboxes:
                told[name] = ", ".join(map(str, mailboxes))
        if test:
            return told
        addresses = list(dict.fromkeys(mailbox.email for mailbox in email.recipients))
        inactive = [each for each in addresses if self._is_inactive(email.stream, each)]
        active = [each for each in addresses if each not in inactive]
        if not active:
            raise PostmarkError(
                INACTIVE_RECIPIENT,
                "You tried to send to recipient(s) that have been marked as inactive. Found"
                f" inactive addresses: {', '.join(inactive)}. Inactive recipients are ones that"
                " have generated a hard bounce, a spam complaint, or a manual suppression.",
            )
        if inactive:
            told["Message"] = (
                "Message OK, but will not deliver to these inactive addresses:"
                f" {', '.join(inactive)}."
            )
        self._accept(_captured(email, message_id, active, request))
        return told

    def _is_inactive(self, stream: str, address: str) -> bool:
        # A test address does what it stands for each time, although its bounce is on the list.
        fate = self._fate_of(address)
        if fate is not None:
            return fate is Fate.SUPPRESSED
        return self._suppressions.find(stream, address) is not None


def _part_of(request: CapturedRequest, document: object) -> CapturedRequest:
    # Hundreds of copies of a batch would fill the store.
    return replace(request, body=json.dumps(document, ensure_ascii=False).encode())


def _captured(
    email: Email, message_id: str, active: list[str], request: CapturedRequest
) -> CapturedMail:
    facts: Mapping[str, object] = {
        "stream": email.stream,
        "sender": email.sender.email,
        "bounce_type": asked_type(email),
        "track_opens": email.track_opens,
        "track_links": email.track_links,
    }
    return CapturedMail(
        face="postmark",
        envelope_sender="pm_bounces@pm.mtasv.net",
        from_email=str(email.sender),
        to=tuple(map(str, email.to)),
        cc=tuple(map(str, email.cc)),
        bcc=tuple(map(str, email.bcc)),
        subject=email.subject,
        raw=composed(email, message_id),
        recipients=tuple(CapturedRecipient(address=a, message_id=message_id) for a in active),
        request=request,
        tags=(email.tag,) if email.tag else (),
        metadata=dict(email.metadata),
        facts=facts,
    )
