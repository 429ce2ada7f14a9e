"""No error repeats what it was given: neither secrets nor addresses, in text, repr or traceback."""

from __future__ import annotations

import traceback

import pytest

from mailcore import (
    Address,
    Alternative,
    Attachment,
    Headers,
    MailcoreError,
    Mailer,
    Message,
    Unsubscribe,
    connect,
    get_provider,
    parse_addresses,
)
from mailcore.foundation import redact, shown_name, shown_size
from mailcore.foundation.redaction import shown_text
from mailcore.message import MESSAGE_FIELDS, Defaults


TOKEN = "sk_live_51Hq/T0kEn9x=="  # it is what must not be seen
SECRETS = {
    "token": TOKEN,
    "token with a control": f"{TOKEN}\x1b[31m\n",
    "token with spaces": f"{TOKEN} {TOKEN}",
    "long token": TOKEN * 200,
    "address": "victim.name@private.example",
    "address among words": "to victim.name@private.example, or so",
    "two addresses": "victim.name@private.example victim.name@private.example",
    "broken address": "victim.name@private..example",
    "quoted address": '"victim.name x"@private.example>',
}
HIDDEN = (TOKEN[:12], "T0kEn9x", "victim.name")


class Opaque:
    """An object whose texts hold the secret."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def shapes(secret):
    """Everything that somebody may have put a secret into."""
    yield from (secret, [secret], (secret,), (secret, secret), {secret: secret}, {"x": secret})
    yield from ([[secret]], [(secret, secret)], [(secret, secret, secret)], [("x", secret)])
    yield from ([{secret: secret}], {"a@example.com": secret}, {"a@example.com": {secret: secret}})
    yield from (
        {"a@example.com": {"X\n": secret}},
        {"x": {secret: Opaque(secret)}},
        {"x\n": secret},
    )
    yield from (secret.encode(), [secret.encode()], Opaque(secret), [Opaque(secret)], {secret})
    yield from ({"x": Opaque(secret)}, {secret: float("nan")}, [(secret, b"x", secret)])
    yield from ({"url": secret}, {"mailto": secret}, {"url": secret, secret: 1}, [f"x{secret}\0"])
    yield from ([{"filename": secret, "content": secret, "content_type": secret, "other": 1}],)
    yield from ([{"addr_spec": secret, secret: secret}], [{"content_base64": secret}])
    yield from ({"Subject": secret, secret: "x"}, {"X-A": secret, "x-a": secret, f"{secret}:": "x"})


def told(make):
    """All texts of the error that a call raises; empty if it raises none."""
    try:
        make()
    except (MailcoreError, TypeError) as error:
        # The lines of code, which no value stands in, would take ten times as long.
        text = "".join(traceback.format_exception(error, limit=0))
        problems = [vars(each) for each in getattr(error, "problems", ())]
        return "\n".join([str(error), repr(error), text, repr(problems)])
    return ""


@pytest.mark.parametrize("field", MESSAGE_FIELDS)
def test_a_message_does_not_repeat_what_it_was_given(field):
    """Whatever is wrong with a field, made by code, read from JSON or given as a default."""
    for kind, secret in SECRETS.items():
        for value in shapes(secret):
            for make in (
                lambda value=value: Message(**{field: value}),
                lambda value=value: Message.from_dict({field: value}),
                lambda value=value: Defaults({field: value}),
            ):
                text = told(make)
                if "Invalid email address" in text and "@" not in secret:
                    continue
                assert not [hidden for hidden in HIDDEN if hidden in text], (kind, value, text)


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: Message.from_dict({secret: 1}),
        lambda secret: Message(**{secret: 1}),
        lambda secret: Defaults({secret: 1}),
        lambda secret: Defaults(by_provider={"console": {secret: 1}}),
        lambda secret: Headers({secret: secret}),
        lambda secret: Headers({"X-A": f"{secret}\0"}),
        lambda secret: Headers([(secret, "a"), (secret.upper(), "b")]),
        lambda secret: Address.from_dict({secret: secret}),
        lambda secret: Attachment.from_dict({secret: secret}),
        lambda secret: Alternative.from_dict({secret: secret}),
        lambda secret: Attachment("a", b"", secret),
        lambda secret: Attachment("a", b"", f"text/plain; x={secret}\0"),
        lambda secret: Attachment("a", b"", content_id=f" {secret}"),
        lambda secret: Attachment("a", b"", disposition=secret),
        lambda secret: Attachment(f"{secret}\0", b""),
        lambda secret: Attachment(secret * 100, b""),
        lambda secret: Alternative("x", secret),
        lambda secret: Unsubscribe(url=secret),
        lambda secret: Unsubscribe(url=f"https://[{secret}"),
        lambda secret: Unsubscribe.coerce({secret: 1}, "unsubscribe", []),
        lambda secret: get_provider(f"console://?x={secret}"),
        get_provider,
        Mailer,
        lambda secret: Mailer("console", **{secret: 1}),
        lambda secret: Mailer("console", unsupported={secret: "drop"}),
        lambda secret: Mailer("console", unsupported={"cc": secret}),
        lambda secret: Mailer("console", middleware=[secret]),
        connect,
        lambda secret: connect(f"console://?{secret}=x"),
        lambda secret: connect(f"console://?x={secret}"),
        lambda secret: connect(f"console://u:{secret}@h"),
        lambda secret: connect(f"file://{secret}:x/"),
        lambda secret: connect(f"http://[{secret}"),
        lambda secret: connect(f"{secret}://"),
    ],
)
def test_parts_and_settings_do_not_repeat_what_they_were_given(make):
    """The same for everything else that a user gives."""
    for kind, secret in SECRETS.items():
        text = told(lambda secret=secret: make(secret))

        assert not [hidden for hidden in HIDDEN if hidden in text], (kind, text)


@pytest.mark.parametrize("secret", [secret for kind, secret in SECRETS.items() if "@" in secret])
def test_addresses_are_redacted_where_one_is_wanted(secret):
    """A text that is no address is shown, without what stands before an @."""
    for value in ([secret], [("Ada", secret)], [(secret, secret)]):
        text = told(lambda value=value: parse_addresses(value, field="to"))

        assert "victim.name" not in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("X-Note", "'X-Note'"),
        ("order_id", "'order_id'"),
        ("größe2", "'größe2'"),
        ("a b", "<3 characters>"),
        ("a", "'a'"),
        ("", "<0 characters>"),
        (TOKEN, "<22 characters>"),
        ("0" * 5, "<5 characters>"),
        ("x" * 41, "<41 characters>"),
        ("victim.name@private.example", "<27 characters>"),
        (b"abc", "<3 bytes>"),
        (5, "<int>"),
        (None, "<NoneType>"),
    ],
)
def test_a_name_is_shown_if_it_is_made_of_words(name, shown):
    """Everything else is told by its size."""
    assert shown == shown_name(name)


def test_a_name_takes_linear_time():
    """A pattern that backtracks would not end within the test."""
    assert "<40 characters>" == shown_name("a" * 39 + "!")
    assert "<40 characters>" == shown_name("a-" * 19 + "-!")


def test_sizes_have_a_singular():
    """One character is no characters."""
    assert ["1 character", "1 byte", "list"] == [shown_size(each) for each in ("a", b"a", [])]


def test_a_shown_text_is_one_harmless_line():
    """Redacted, escaped, cut."""
    assert "v***@x.org \\x1b\\u202e…" == shown_text("victim@x.org \x1b\u202e\n", 13)
    assert redact("victim@x.org") == shown_text("victim@x.org", 100)
