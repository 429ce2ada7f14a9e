"""What mailcore writes of Django's messages, held against what Django itself writes."""

from __future__ import annotations

import email

from email import policy

import pytest

from django.core.mail import EmailMultiAlternatives
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mailcore import get_provider, write_message
from mailcore_django.conversion import to_mailcore
from mailcore_django.rebuilding import to_django


MEMORY = get_provider("memory")

letters = st.characters(codec="utf-8", categories=["L", "N", "P"])
line = st.text(st.one_of(letters, st.just(" ")), min_size=1, max_size=40).map(
    lambda text: " ".join(text.split()) or "x"
)
# Lone brackets and the like are Django's to refuse: tests/test_address.py is about names.
name = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=20)
mailbox = st.from_regex(r"[a-z]{1,10}@[a-z]{1,10}\.example", fullmatch=True)
address = st.one_of(mailbox, st.builds("{} <{}>".format, name, mailbox))
body = st.lists(line, max_size=4).map("\n".join)
file = st.tuples(
    st.builds("{}.txt".format, name), st.binary(max_size=60), st.just("application/octet-stream")
)
headers = st.dictionaries(st.sampled_from(["X-One", "X-Two", "X-Three"]), name, max_size=2)


@st.composite
def messages(draw):
    """Messages that Django can send."""
    made = EmailMultiAlternatives(
        draw(line),
        draw(body),
        draw(address),
        draw(st.lists(address, min_size=1, max_size=3, unique=True)),
        cc=draw(st.lists(address, max_size=2)),
        reply_to=draw(st.lists(address, max_size=1)),
        attachments=draw(st.lists(file, max_size=2)),
        headers={key: f"<{value}>" for key, value in draw(headers).items()},
    )
    html = draw(st.none() | line)
    if html is not None:
        made.attach_alternative(html, "text/html")
    return made


def unfolded(text):
    """A header without its spaces: the standard library adds some where it folds a long word."""
    return "".join(str(text).split())


def seen(octets):
    """What a reader sees of a mail."""
    mail = email.message_from_bytes(octets, policy=policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    fields = {
        field: [(unfolded(each.display_name), each.addr_spec) for each in mail[field].addresses]
        for field in ("From", "To", "Cc", "Reply-To")
        if mail[field]
    }
    return {
        "subject": unfolded(mail["Subject"]),
        "text": "\n".join(plain.get_content().split("\r\n")).strip() if plain else "",
        "html": html.get_content().strip() if html else None,
        "files": [
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
            for part in mail.iter_attachments()
        ],
        "others": {key: unfolded(value) for key, value in mail.items() if key.startswith("X-")},
        **fields,
    }


@pytest.mark.slow
@settings(phases=[Phase.generate], deadline=None)
@given(messages())
def test_readers_see_what_django_would_have_written(message):
    """Subject, addresses, bodies, files and headers."""
    written = write_message(to_mailcore(message, MEMORY))

    assert seen(message.message().as_bytes()) == seen(written)


@pytest.mark.slow
@settings(phases=[Phase.generate], deadline=None)
@given(messages())
def test_a_message_that_was_kept_reads_as_before(message):
    """What is made of mailcore's message is read as that message, and sent as Django's."""
    mail = to_mailcore(message, MEMORY)

    again = to_django(mail)

    assert mail == to_mailcore(again, MEMORY)
    assert seen(message.message().as_bytes()) == seen(again.message().as_bytes())
