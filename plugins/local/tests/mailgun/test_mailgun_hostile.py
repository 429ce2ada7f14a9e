"""Whatever comes in a form gets an answer of Mailgun's, and nothing else."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.mailbox import CapturedRequest
from mailcore_local.mailgun.api import Sending
from mailcore_local.mailgun.errors import MailgunError
from mailcore_local.mailgun.forms import Form, FormFile, read_form
from mailcore_local.mailgun.suppressions import Suppressions
from mailcore_local.mailgun.templates import Templates


NAMES = st.sampled_from(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "text",
        "html",
        "template",
        "t:version",
        "t:text",
        "t:variables",
        "o:tag",
        "o:testmode",
        "o:deliverytime",
        "o:deliver-within",
        "h:X-A",
        "h:To",
        "v:a",
        "recipient-variables",
        "message",
        "name",
        "tag",
        "headers",
        "active",
        "description",
    ]
)
KNOWN = (
    'a@example.com|A <a@example.com>|a@example.com, b@example.com|yes|{}|{"a": 1}|['
    '|{"a@example.com": {"x": 1}}|t|%recipient.x%|{{#if}}|{{a}}|a\r\nb|\0|1h30m'
    "|Thu, 13 Oct 2022 18:02:00 GMT"
)
TEXTS = st.text(max_size=20) | st.sampled_from(KNOWN.split("|"))
FIELDS = st.lists(st.tuples(NAMES | TEXTS, TEXTS), max_size=8)
FILES = st.lists(
    st.builds(
        FormFile,
        name=st.sampled_from(["attachment", "inline", "message", "x"]),
        filename=TEXTS,
        content_type=TEXTS,
        content=st.binary(max_size=50) | st.just(b"To: a\nBcc: b\n c\n\nx"),
    ),
    max_size=2,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
USUAL = st.just([("from", "a@example.com"), ("to", "A <a@example.com>, b@example.com")])


@given(USUAL | st.just([]), FIELDS, FILES, VALUES)
def test_any_form_is_answered_or_refused(
    usual: list[tuple[str, str]],
    fields: list[tuple[str, str]],
    files: list[FormFile],
    document: object,
):
    """By all paths that take one."""
    kept: list[object] = []
    templates = Templates()
    templates.add("d", Form([("name", "t"), ("template", "{{a}} {{#if b}}"), ("tag", "1")]))
    sending = Sending(templates=templates, accept=kept.append)
    form = Form([*usual, *fields], files)
    request = CapturedRequest(method="POST", path="/v3/d/messages")
    works = [
        lambda: sending.send("d", form, request, mime=False),
        lambda: sending.send("d", form, request, mime=True),
        lambda: templates.add("d", form),
        lambda: templates.add_version("d", "t", form),
        lambda: Suppressions().create("d", "bounces", document),
        lambda: Suppressions().create("d", "whitelists", [dict(fields)]),
    ]
    statuses = {400}
    for work in works:
        try:
            work()
        except MailgunError as error:
            statuses.add(error.status_code)
    assert statuses == {400}


@given(
    st.sampled_from(
        [
            "multipart/form-data; boundary=b",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "text/plain",
            "",
        ]
    )
    | st.text(st.characters(max_codepoint=255), max_size=20),
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"\r\n",
                b"--",
                b"Content-Disposition: form-data; name=a",
                b": ",
                b"x",
                b"=%ff&",
            ]
        )
        | st.binary(max_size=10)
    ).map(b"".join),
)
def test_any_body_is_read_or_refused(content_type: str, body: bytes):
    """400, with no other error."""
    statuses = {400}
    try:
        asyncio.run(read_form(content_type, body))
    except MailgunError as error:
        statuses.add(error.status_code)
    assert statuses == {400}
