"""Whatever comes in a body gets an answer of Postmark's, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.engine import Fate
from mailcore_local.mailbox import CapturedRequest
from mailcore_local.postmark.api import Sending
from mailcore_local.postmark.errors import INVALID_JSON, PostmarkError
from mailcore_local.postmark.fields import read
from mailcore_local.postmark.suppressions import Suppressions
from mailcore_local.postmark.templates import Templates, validation


NAMES = st.sampled_from(
    [
        "From",
        "To",
        "Cc",
        "Bcc",
        "ReplyTo",
        "Subject",
        "TextBody",
        "HtmlBody",
        "Tag",
        "Metadata",
        "Headers",
        "Attachments",
        "Name",
        "Value",
        "Content",
        "ContentType",
        "ContentID",
        "Messages",
        "MessageStream",
        "TrackOpens",
        "TrackLinks",
        "TemplateId",
        "Alias",
        "TemplateAlias",
        "TemplateModel",
        "Suppressions",
        "EmailAddress",
        "TestRenderModel",
        "LayoutTemplate",
    ]
)
KNOWN = (
    "a@example.com|A <a@example.com>|a@example.com, b@example.com|YQ==|a/b|Layout|{{#a}}|{{a}}"
    "|{{{@content}}}|cid:x|X-A|a\r\nb|\0|outbound|order"
)
TEXTS = st.text(max_size=20) | st.sampled_from(KNOWN.split("|"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=6),
    max_leaves=25,
)
MESSAGES = st.fixed_dictionaries(
    {"From": TEXTS, "To": TEXTS}, optional={"TextBody": TEXTS, "Headers": VALUES, "Subject": VALUES}
)
REQUEST = CapturedRequest(method="POST", path="/email")


def sending(kept: list[object]) -> Sending:
    """What keeps mails in a list."""
    templates = Templates()
    templates.add({"Name": "T", "Alias": "order", "Subject": "{{a}}", "TextBody": "{{#a}}{{/a}}"})
    return Sending(
        templates=templates,
        suppressions=Suppressions(),
        fate_of=lambda address: Fate.BOUNCED if address.startswith("b") else None,
        accept=kept.append,
    )


@given(VALUES | st.dictionaries(NAMES, VALUES) | MESSAGES | st.lists(MESSAGES, max_size=2))
def test_any_document_is_answered_or_refused(document: object):
    """By all paths that take one."""
    kept: list[object] = []
    paths = sending(kept)
    works = [
        lambda: paths.email(document, REQUEST, test=False),
        lambda: paths.batch(document, REQUEST, test=False),
        lambda: paths.with_template(document, REQUEST, test=False),
        lambda: paths.batch_with_templates(document, REQUEST, test=False),
        lambda: Suppressions().create("outbound", document),
        lambda: Suppressions().delete("outbound", document),
        lambda: Templates().add(document if isinstance(document, dict) else {}),
        lambda: validation(document if isinstance(document, dict) else {}),
    ]
    statuses = {422}
    for work in works:
        try:
            work()
        except PostmarkError as error:
            statuses.add(error.status_code)
    assert statuses == {422}


@given(st.binary() | st.text().map(str.encode))
def test_any_body_is_read_or_refused(body: bytes):
    """402, with no other error."""
    try:
        read(body)
    except PostmarkError as error:
        code = error.code
    else:
        code = INVALID_JSON
    assert code == INVALID_JSON
