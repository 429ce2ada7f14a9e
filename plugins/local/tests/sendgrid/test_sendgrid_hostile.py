"""Whatever comes in a body gets an answer of SendGrid's, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.mailbox import CapturedRequest
from mailcore_local.sendgrid.api import Sending
from mailcore_local.sendgrid.errors import SendGridError
from mailcore_local.sendgrid.templates import Templates


NAMES = st.sampled_from(
    [
        "personalizations",
        "from",
        "to",
        "cc",
        "bcc",
        "email",
        "name",
        "subject",
        "content",
        "type",
        "value",
        "attachments",
        "filename",
        "disposition",
        "content_id",
        "reply_to",
        "reply_to_list",
        "headers",
        "substitutions",
        "dynamic_template_data",
        "custom_args",
        "categories",
        "template_id",
        "asm",
        "group_id",
        "mail_settings",
        "sandbox_mode",
        "enable",
        "send_at",
        "generation",
        "html_content",
        "plain_content",
        "active",
    ]
)
KNOWN = "a@example.com|YQ==|text/plain|text/html|inline|dynamic|{{#if}}|{{a}}|d-1|X-A|a\r\nb|\0"
TEXTS = st.text(max_size=20) | st.sampled_from(KNOWN.split("|"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=6),
    max_leaves=25,
)
MAILBOXES = st.fixed_dictionaries({"email": TEXTS}, optional={"name": VALUES})
MAILS = st.fixed_dictionaries(
    {
        "from": MAILBOXES,
        "personalizations": st.lists(
            st.fixed_dictionaries(
                {"to": st.lists(MAILBOXES, max_size=2)},
                optional={"headers": VALUES, "substitutions": VALUES, "custom_args": VALUES},
            ),
            max_size=2,
        ),
        "subject": TEXTS,
        "content": st.lists(st.fixed_dictionaries({"type": TEXTS, "value": TEXTS}), max_size=2),
    },
    optional={"attachments": VALUES, "categories": VALUES, "send_at": VALUES, "asm": VALUES},
)


@given(VALUES | MAILS)
def test_any_document_is_answered_or_refused(document: object):
    """By all paths that take one."""
    kept: list[object] = []
    templates = Templates()
    made = templates.add({"name": "T", "generation": "dynamic"})
    fields = document if isinstance(document, dict) else {}
    request = CapturedRequest(method="POST", path="/v3/mail/send")
    works = [
        lambda: Sending(templates=templates, accept=kept.append).send(document, request),
        lambda: templates.add(fields),
        lambda: templates.add_version(made.id, fields),
    ]
    statuses = {400}
    for work in works:
        try:
            work()
        except SendGridError as error:
            statuses.add(error.status_code)
    assert statuses == {400}
