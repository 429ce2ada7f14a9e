"""What arrives: a text is a template where the message asks for it, and nowhere else."""

from __future__ import annotations

import email
import email.policy

import pytest

from mailcore import Mailer, Message, UnsupportedFeature


ADA, BOB = "ada@example.net", "bob@example.net"
LITERAL = "Write {{name}} or {{#if x}} into it, or {{year"


@pytest.fixture
def mailer(local_ses):
    """A mailer with values by default, to the local SES."""
    with Mailer(
        "ses",
        endpoint_url=local_ses.url,
        region_name="eu-west-1",
        defaults={"from_email": "shop@example.com", "merge_global_data": {"shop": "Books"}},
    ) as made:
        yield made


def bodies(local_ses) -> dict[tuple[str, ...], str]:
    """The text of each mail that arrived, by its recipients."""
    return {
        record.to: email.message_from_bytes(record.raw, policy=email.policy.default)
        .get_body()
        .get_content()
        .strip()
        for record in local_ses.messages
    }


@pytest.mark.parametrize(
    ("fields", "is_batch"),
    [
        ({}, False),
        ({"merge_data": {}}, True),
        ({"merge_data": {ADA: {}}}, True),
        ({"merge_global_data": {"year": 2026}}, False),
        ({"merge_global_data": {"year": 2026}, "merge_metadata": {}}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("content", ["raw", "simple"])
def test_nothing_is_lost_that_looks_like_a_reference(fields, is_batch, content, local_ses, mailer):
    """A text with braces in it arrives as it is: SES would send nothing of a template."""
    extra = {"ses": {"Content": {content.capitalize(): {}}}}
    result = mailer.send(
        Message(to=[ADA, BOB], subject="Hi", text=LITERAL, esp_extra=extra, **fields)
    )

    assert (ADA, BOB) == result.accepted
    expected = [(ADA,), (BOB,)] if is_batch else [(ADA, BOB)]
    assert dict.fromkeys(expected, LITERAL) == bodies(local_ses)


def test_who_lacks_a_value_gets_an_empty_text(local_ses, mailer):
    """SES would send nothing to them; defaults count, and a literal is a value itself."""
    mailer.send(
        Message(
            to=[ADA, BOB],
            subject="Hi",
            text="{{shop}} greets {{name}}. Write {{literal}}.",
            merge_data={ADA: {"name": "Ada"}},
            merge_global_data={"literal": "{{name}}"},
        )
    )

    assert {
        (ADA,): "Books greets Ada. Write {{name}}.",
        (BOB,): "Books greets . Write {{name}}.",
    } == bodies(local_ses)


@pytest.mark.parametrize(
    "text", ["{{name}}, {{name", "{{name}} {{}}", "{{{name}}} {{{", "{{{{name}}"]
)
def test_what_ses_cannot_read_is_refused(text, local_ses, mailer):
    """Braces that do not end, or hold nothing, beside a value."""
    with pytest.raises(UnsupportedFeature, match="a value without a name"):
        mailer.send(Message(to=[ADA], text=text, merge_data={ADA: {"name": "Ada"}}))

    assert [] == list(local_ses.messages)


def test_what_would_be_lost_is_refused(local_ses, mailer):
    """A misspelt name among values is an error before the send, and no Rendering Failure after."""
    with pytest.raises(UnsupportedFeature, match="refers to the value 'nmae'"):
        mailer.send(Message(to=[ADA], text="Dear {{nmae}}", merge_data={ADA: {"name": "Ada"}}))

    assert [] == list(local_ses.messages)
