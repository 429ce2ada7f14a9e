"""One rule for texts that are no plain str: whatever field they stand in."""

from __future__ import annotations

import json
import pickle

from collections import UserString
from pathlib import Path

import pytest

from django.utils.functional import SimpleLazyObject, lazy
from django.utils.safestring import SafeString
from django.utils.text import format_lazy

from mailcore import Address, Attachment, InvalidMessage, Message, Unsubscribe, write_message
from mailcore.testing.canaries import samples


ADA = "ada@example.net"
KINDS = {
    # What gettext_lazy() returns, which needs settings.
    "gettext_lazy": lazy(str, str),
    "format_lazy": lambda text: format_lazy("{}", text),
    "SimpleLazyObject": lambda text: SimpleLazyObject(lambda: text),
    "SafeString": SafeString,
    "UserString": UserString,
}
FIELDS = {
    "from_email": [
        lambda t: t(ADA),
        lambda t: t(f"Ada <{ADA}>"),
        lambda t: (t("Ada"), t(ADA)),
        lambda t: t("a@b.org, c@d.org"),
        lambda t: [t("a@b.org"), (t("C"), t("c@d.org"))],
    ],
    "other_authors": [lambda t: [t(ADA)], lambda t: [(t("Ada"), t(ADA))]],
    "to": [lambda t: [t(ADA)], lambda t: [(t("Ada"), t(ADA))], lambda t: [t("a@b.org, c@d.org")]],
    "cc": [lambda t: [t(ADA)]],
    "bcc": [lambda t: [t(ADA)]],
    "reply_to": [lambda t: [t(ADA)]],
    "subject": [lambda t: t("Grüße"), lambda t: t("")],
    "text": [lambda t: t("Grüße\n")],
    "html": [lambda t: t("<p>Grüße</p>")],
    "alternatives": [lambda t: [(t("BEGIN:VCALENDAR"), t("text/calendar; method=REQUEST"))]],
    "attachments": [
        lambda t: [(t("ä.txt"), t("content"), t("text/plain"))],
        lambda t: [
            Attachment(
                t("a.png"), b"", t("image/png"), content_id=t("a@b"), disposition=t("inline")
            )
        ],
        lambda t: [Attachment.inline_image(t("a.png"), b"", content_id=t("a@b"))],
        lambda t: [Attachment.from_message(b"A: b\r\n", t("a.eml"))],
    ],
    "headers": [
        lambda t: {t("X-Note"): t("Grüße")},
        lambda t: [(t("X-Note"), t("Grüße"))],
        lambda t: {t("Reply-To"): t(ADA), t("From"): t(ADA)},
    ],
    "envelope_sender": [lambda t: t(ADA)],
    "metadata": [lambda t: {t("key"): t("Grüße")}],
    "tags": [lambda t: [t("Grüße")]],
    "template_id": [lambda t: t("welcome")],
    "merge_data": [lambda t: {t(ADA): {t("a"): t("ä"), t("b"): [t("c"), {t("d"): t("e")}]}}],
    "merge_global_data": [lambda t: {t("a"): t("ä"), t("b"): [t("c"), {t("d"): t("e")}]}],
    "merge_metadata": [lambda t: {t(ADA): {t("key"): t("Grüße")}}],
    "merge_headers": [lambda t: {t(ADA): {t("X-Note"): t("Grüße")}}],
    "unsubscribe": [
        lambda t: t("https://example.com/u"),
        lambda t: {t("url"): t("https://example.com/u"), t("mailto"): t(ADA)},
        lambda t: Unsubscribe(url=t("https://example.com/u"), mailto=t(ADA)),
    ],
    "idempotency_key": [lambda t: t("order-1")],
    "esp_extra": [lambda t: {t("console"): {t("a"): [t("b")]}}],
}


def _with(value, make):
    """A value of which every text is made anew."""
    if isinstance(value, dict):
        return {_with(key, make): _with(item, make) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_with(item, make) for item in value])
    return make(value) if isinstance(value, str) else value


# A field that is new is here by its sample.
for name, sample in samples().items():
    if sample != _with(sample, lambda _text: None):
        FIELDS.setdefault(name, [lambda t, sample=sample: _with(sample, t)])
CASES = [
    pytest.param(name, make, id=f"{name}-{number}")
    for name, makers in FIELDS.items()
    for number, make in enumerate(makers)
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "make"), CASES)
def test_lazy_texts_are_texts_in_every_field(name, make, kind):
    """A message of lazy texts is the one of plain texts, and travels like it."""
    plain = Message(**{name: make(str)})
    message = Message(**{name: make(KINDS[kind])})

    assert plain == message
    assert plain == pickle.loads(pickle.dumps(message))
    assert json.dumps(plain.to_dict()) == json.dumps(message.to_dict())
    assert {str} == _kinds_of_texts(message.to_dict())


def _kinds_of_texts(value):
    if isinstance(value, dict):
        return set().union(*map(_kinds_of_texts, [*value, *value.values()]))
    if isinstance(value, list):
        return set().union(*map(_kinds_of_texts, value))
    return {type(value)} if hasattr(value, "casefold") else set()


@pytest.mark.parametrize("kind", KINDS)
def test_lazy_texts_are_written(kind):
    """A mail of lazy texts is the mail of plain texts, octet by octet."""
    fields = {
        "from_email": lambda t: (t("Ädä"), t(ADA)),
        "subject": lambda t: t("Grüße"),
        "text": lambda t: t("Grüße"),
        "html": lambda t: t("<p>Grüße</p>"),
        "headers": lambda t: {
            t("X-Note"): t("Grüße"),
            "Date": t("Mon, 30 Nov 2026 10:00:00 +0000"),
        },
        "attachments": lambda t: [(t("ä.txt"), t("content"))],
    }
    plain, lazily = (
        write_message(
            Message(**{name: make(kind_of_text) for name, make in fields.items()}),
            boundary="b",
            message_id="m",
        )
        for kind_of_text in (str, KINDS[kind])
    )

    assert plain == lazily


@pytest.mark.parametrize("kind", KINDS)
def test_lazy_texts_in_documents_and_paths(kind, tmp_path):
    """What from_dict() and from_path() read is text by the same rule."""
    text = KINDS[kind]
    path = Path(tmp_path, "ä.txt")
    path.write_text("content", encoding="utf-8")
    made = Message.from_dict(
        {
            "to": [{"addr_spec": text(ADA), "display_name": text("Ada")}],
            "send_at": text("2027-01-02T03:04:05Z"),
            "attachments": [{"filename": text("a.txt"), "content_base64": text("YQ==")}],
        }
    )

    assert (Address(ADA, "Ada"),) == made.to
    assert 2027 == made.send_at.year
    assert b"a" == made.attachments[0].content
    assert Attachment.from_path(path) == Attachment.from_path(text(str(path)))


def test_texts_are_read_when_the_message_is_made():
    """Not when it is sent, which may be in another thread, with another language."""
    language = ["de"]
    greeting = lazy(lambda: {"de": "Grüße", "en": "Greetings"}[language[0]], str)()
    message = Message(subject=greeting, merge_global_data={"greeting": greeting})
    language[0] = "en"

    assert ("Grüße", {"greeting": "Grüße"}) == (message.subject, message.merge_global_data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("track_opens", True),
        ("metadata", {"key": 5}),
        ("metadata", {"key": True}),
        ("merge_global_data", {"key": 5}),
        ("headers", {"X-Number": 5}),
        ("headers", {"X-Number": 1.5}),
    ],
)
def test_wrappers_of_other_values_are_refused(name, value):
    """Text is text when it is wrapped; a number or a flag is to be unwrapped by its owner."""
    if isinstance(value, dict):
        wrapped = {key: SimpleLazyObject(lambda held=held: held) for key, held in value.items()}
    else:
        wrapped = SimpleLazyObject(lambda: value)

    with pytest.raises(InvalidMessage, match="not SimpleLazyObject"):
        Message(**{name: wrapped})
