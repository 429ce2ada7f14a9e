"""Options of the provider, and what it refuses to send."""

from __future__ import annotations

import json
import pickle

from collections import UserString

import pytest

from hypothesis import given
from hypothesis import strategies as st

import mailcore
import mailcore_mailgun

from mailcore import (
    Attachment,
    ConfigurationError,
    InboundEvent,
    Mailer,
    Message,
    get_provider,
)
from mailcore.errors import FetchError, InvalidMessage
from mailcore.features import Feature
from mailcore.flow import run
from mailcore.http import basic_authorization
from mailcore_mailgun import MailgunProvider, mailgun_options


def message(**fields: object) -> Message:
    """A short message with the fields given."""
    plain = {"from_email": "shop@example.com", "to": ["ada@example.net"], "text": "Hello"}
    return Message(**{**plain, **fields})


def problems(fields: dict, **options: object) -> list[tuple[str, str]]:
    """Field and feature of everything that is refused."""
    provider = MailgunProvider(api_key="key-secret", **options)
    return [(found.field, found.feature) for found in provider.check(message(**fields))]


CALENDAR = {"alternatives": [("BEGIN:VCALENDAR", "text/calendar")]}
EAI = "grüße@example.net"
INTERNATIONAL = Feature.INTERNATIONAL_ADDRESSES.value


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"from_email": EAI}, [("from_email", INTERNATIONAL)]),
        ({"reply_to": [EAI]}, [("reply_to", INTERNATIONAL)]),
        ({"to": [EAI], "cc": [EAI], "bcc": [EAI]}, []),
        ({"to": [EAI], **CALENDAR}, [("to", INTERNATIONAL)]),
        ({"cc": [EAI], **CALENDAR}, [("cc", INTERNATIONAL)]),
        ({"bcc": [EAI], **CALENDAR}, []),
        ({"to": [EAI], **CALENDAR, "merge_data": {}}, [("to", INTERNATIONAL)]),
        ({"template_id": "t"}, [("text", "templates")]),
        ({"template_id": "t", "text": None, "html": "h"}, [("html", "templates")]),
        ({"template_id": "t", "text": None, **CALENDAR}, [("alternatives", "alternatives")]),
        (
            {"template_id": "t", "text": None, "alternatives": [("a", "text/x-amp-html")]},
            [("alternatives", "amp_html")],
        ),
        (
            {"template_id": "t", "text": None, "headers": {"To": "a@example.org"}},
            [("headers['To']", "spoofed_to")],
        ),
        (
            {
                "template_id": "t",
                "text": None,
                "merge_headers": {"ada@example.net": {"To": "a@example.org"}},
            },
            [("merge_headers['To']", "spoofed_to")],
        ),
        ({"template_id": "t", "text": None, "to": [], "cc": ["a@example.org"]}, [("to", "")]),
        ({"merge_data": {}, "to": [], "cc": ["a@example.org"]}, [("to", "")]),
        ({"merge_data": {}, "to": [], "cc": ["a@example.org"], "text": None, "template_id": "t"},
         [("to", "")]),
        (
            {"merge_headers": {"ada@example.net": {"From": "a@example.org"}}},
            [("merge_headers", "merge_headers")],
        ),
        ({"esp_extra": {"mailgun": {"html": "<p>own</p>"}}}, []),
        (
            {"esp_extra": {"mailgun": {"html": "<p>own</p>", "o:tag": "a"}}, **CALENDAR},
            [("esp_extra['mailgun']['html']", "")],
        ),
        *(
            (
                {"esp_extra": {"mailgun": {"sender_domain": domain}}},
                [("esp_extra['mailgun']['sender_domain']", "")],
            )
            for domain in ("", "..", "a/b", "a?b", "a#b", "a b", "a\\b", "a@b", "a\r\nb", 7)
        ),
        ({"esp_extra": {"mailgun": {"sender_domain": "bücher.example"}}}, []),
        *(
            (
                {"esp_extra": {"mailgun": {name: value}}, **more},
                [(f"esp_extra['mailgun']['{name}']", "")],
            )
            for name, value, more in (
                ("to", "eve@example.org", {}),
                ("cc", ["eve@example.org"], {}),
                ("bcc", None, {"bcc": ["carol@example.org"]}),
                ("to", None, CALENDAR),
                ("h:bcc", "eve@example.org", {}),
                ("h:X-A", "a\r\nBcc: eve@example.org", {}),
                ("H:X-A", ["a", "b\nc"], {}),
                ("h:X-A", "a\x00b", {}),
                ("h:X-A", "a\u2028b", {}),
                ("h:X A", "a", {}),
                ("h:", "a", {}),
                ("h:Content-Type", "text/plain", {}),
                ("h:X-Mailgun-Variables", "{}", {}),
                ("H:x-mailgun-recipient-variables", "{}", {}),
                ("o:tag", ["a", "b\x00"], {}),
                ("o:deliver-within", "1h\r\n", {}),
                ("template", "a\x0bb", {}),
                ("subject", "a\x85b", {}),
                ("v:a", "b\x00", {}),
                ("recipient-variables", None, {"merge_data": {}}),
                ("recipient-variables", {"ada@example.net": {}}, {"merge_metadata": {}}),
            )
        ),
        ({"esp_extra": {"mailgun": {"recipient-variables": {"ada@example.net": {}}}}}, []),
        ({"esp_extra": {"mailgun": {"v:a": "two\nlines", "text": "two\nlines"}}}, []),
        *(
            ({field: value}, [(f"{field}['{name}']", field)])
            for name in ("X-Mailgun-Variables", "x-mailgun-drop-message", "X-MAILGUN-Tag")
            for field, value in (
                ("headers", {name: "yes"}),
                ("merge_headers", {"ada@example.net": {name: "yes"}}),
            )
        ),
        *(
            ({"text": None, "template_id": "t", "metadata": {"group": "INTERNAL"}, **values},
             [("metadata", "metadata")])
            for values in (
                {"merge_data": {"ada@example.net": {"group": "Dev"}, "bob@example.net": {}}},
                {"merge_global_data": {"group": "Dev"}},
                {"esp_extra": {"mailgun": {"t:variables": {"group": "Dev"}}}},
            )
        ),
        (
            {
                "text": None,
                "template_id": "t",
                "merge_metadata": {"ada@example.net": {"group": "INTERNAL"}},
                "merge_data": {"ada@example.net": {"group": "Dev"}},
            },
            [("merge_metadata", "merge_metadata")],
        ),
        (
            {"text": None, "template_id": "t", "from_email": None},
            [("from_email", "")],
        ),
        *(
            ({"text": None, "template_id": "t", "from_email": None, **domain, **batch}, [])
            for batch in ({}, {"merge_data": {}}, {"merge_data": {}, "cc": ["c@example.org"]})
            for domain in (
                {"envelope_sender": "b@mg.example.com"},
                {"esp_extra": {"mailgun": {"sender_domain": "mg.example.com"}}},
            )
        ),
        ({"metadata": {"group": "a"}, "merge_global_data": {"group": "b"}}, []),
        (
            {"from_email": '"Müller, Hans" <shop@example.com>', "to": [EAI]},
            [],
        ),
        ({"esp_extra": {"mailgun": {"": "a"}}}, [("esp_extra['mailgun']", "")]),
        ({"esp_extra": {"mailgun": {"v:a\r\nX": "a"}}}, [("esp_extra['mailgun']", "")]),
        ({"attachments": [Attachment(None, b"a", "text/plain")]}, []),
    ],
)  # fmt: skip
def test_what_mailgun_cannot_express_is_refused(fields, expected):
    """Each problem names its field, and the feature if there is one."""
    assert expected == problems(fields)


def test_what_goes_as_mime_by_an_option_is_checked_as_such():
    """Fields that only the form has are refused where every message is written here."""
    extra = {"esp_extra": {"mailgun": {"amp-html": "a"}}}

    assert [("esp_extra['mailgun']['amp-html']", "")] == problems(extra, content="mime")
    assert [("to", INTERNATIONAL)] == problems({"to": [EAI]}, content="mime")


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": ""},
        {"api_key": "  "},
        {"api_key": "key\r\nX: y"},
        {"api_key": "schlüssel"},
        {"api_key": "k", "region": "mars"},
        {"api_key": "k", "base_url": "api.mailgun.net"},
        {"api_key": "k", "base_url": "ftp://api.mailgun.net"},
        {"api_key": "k", "base_url": "https://"},
        {"api_key": "k", "base_url": "https://user:hunter2@api.mailgun.net"},
        {"api_key": "k", "base_url": "https://api.mailgun.net?x=y"},
        {"api_key": "k", "base_url": "https://api.mailgun.net/\nx"},
        {"api_key": "k", "base_url": "https://[x"},
        {"api_key": "k", "sender_domain": ""},
        {"api_key": "k", "sender_domain": ".."},
        {"api_key": "k", "sender_domain": "example.com/x"},
        {"api_key": "k", "region": ["us"]},
        {"api_key": "k", "base_url": 5},
        {"api_key": "k", "timeout_seconds": "30"},
        {"api_key": "k", "max_inbound_bytes": "1"},
        {"api_key": "k", "max_age_seconds": "60"},
        {"api_key": "k", "timeout_seconds": 0},
        {"api_key": "k", "timeout_seconds": -1},
        {"api_key": "k", "max_inbound_bytes": 0},
        {"api_key": "k", "max_age_seconds": 0},
        {"api_key": "k", "content": "html"},
        {"api_key": "k", "secondary_dkim": ""},
        {"api_key": "k", "sending_ip": "192.0.2.1\r\n"},
        {"api_key": "k", "suppress_headers": "all"},
        {"api_key": "k", "webhook_secrets": ["nocolon"]},
        {"api_key": "k", "dkim": "maybe"},
        {"api_key": "k", "unknown": 1},
    ],
)
def test_wrong_options_are_refused(options):
    """At construction, with the option's name and without a secret."""
    with pytest.raises(ConfigurationError) as caught:
        mailcore.get_provider("mailgun", **options)

    assert str(caught.value).startswith("mailgun: ")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://api.mailgun.net", "https://api.mailgun.net/v3/"),
        ("https://api.mailgun.net/", "https://api.mailgun.net/v3/"),
        ("https://api.mailgun.net/v3", "https://api.mailgun.net/v3/"),
        ("https://api.mailgun.net/v3/", "https://api.mailgun.net/v3/"),
        ("http://127.0.0.1:8080/mailgun", "http://127.0.0.1:8080/mailgun/v3/"),
    ],
)
def test_base_url_with_or_without_the_version(given_url, expected):
    """Both spellings that other clients want are understood."""
    provider = MailgunProvider(api_key="key-secret", base_url=given_url)

    (request,) = provider.build(message())

    assert f"{expected}example.com/messages" == request.url


@given(domain=st.text(max_size=20))
def test_no_domain_changes_host_or_path(domain):
    """A sender domain is refused, or stands quoted between /v3/ and /messages."""
    from urllib.parse import unquote, urlsplit

    try:
        provider = MailgunProvider(api_key="key-secret", sender_domain=domain)
    except ConfigurationError:
        return
    (request,) = provider.build(message())
    parts = urlsplit(request.url)

    assert ("https", "api.mailgun.net", "", "") == (
        parts.scheme,
        parts.netloc,
        parts.query,
        parts.fragment,
    )
    empty, version, encoded, endpoint = parts.path.split("/")
    assert ("", "v3", "messages") == (empty, version, endpoint)
    assert unquote(encoded) not in ("", ".", "..")


def test_author_of_an_address_literal():
    """A domain that is an address is quoted, and no port or path."""
    (request,) = MailgunProvider(api_key="k").build(message(from_email="shop@[192.0.2.1]"))

    assert "https://api.mailgun.net/v3/%5B192.0.2.1%5D/messages" == request.url


def test_provider_from_a_url(posted):
    """Every option can be given as text."""
    with mailcore.connect(
        "mailgun://?api_key=key-secret&region=eu&test_mode=yes&tracking=htmlonly&dkim=no"
        "&suppress_headers=X-Mailgun-Tag,X-Mailgun-Sid&webhook_signing_keys=a,b&timeout_seconds=5"
    ) as mailer:
        (request,) = mailer.provider.build(message())

    assert request.url.startswith("https://api.eu.mailgun.net/v3/example.com/")
    assert 5 == request.timeout_seconds
    fields = posted(request).fields
    expected = {
        "o:testmode": ["yes"],
        "o:tracking": ["htmlonly"],
        "o:dkim": ["no"],
        "o:suppress-headers": ["X-Mailgun-Tag,X-Mailgun-Sid"],
    }
    assert expected == {name: value for name, value in fields.items() if name.startswith("o:")}


def test_options_of_a_message_are_plain_json():
    """They travel through a queue with the message."""
    options = mailgun_options(
        tracking_clicks="htmlonly", test_mode=True, template_variables={"items": [{"a": None}]}
    )
    sent = message(esp_extra=options)

    assert {"o:tracking-clicks", "o:testmode", "t:variables"} == set(options["mailgun"])
    assert sent == Message.from_dict(sent.to_dict())
    assert sent == pickle.loads(pickle.dumps(sent))


@pytest.mark.parametrize(
    "options",
    [{"sending_ip": ""}, {"archive_to": "a\nb"}, {"suppress_headers": "all"}],
)
def test_wrong_options_of_a_message_are_refused(options):
    """As those of the provider."""
    with pytest.raises(ConfigurationError):
        mailgun_options(**options)


def test_options_of_a_message_are_fields_of_the_form():
    """Each has the name of Mailgun's API; what can only be on is None to be left out."""
    options = mailgun_options(
        sender_domain="mg.example.com",
        template_version="v2",
        template_text=False,
        dkim=False,
        deliver_within="1h30m",
        test_mode=False,
        tracking="htmlonly",
        tracking_opens=True,
        suppress_headers=["X-Mailgun-Tag", "X-Mailgun-Sid"],
    )

    assert {
        "sender_domain": "mg.example.com",
        "t:version": "v2",
        "t:text": None,
        "o:dkim": "no",
        "o:deliver-within": "1h30m",
        "o:testmode": None,
        "o:tracking": "htmlonly",
        "o:tracking-opens": "yes",
        "o:suppress-headers": "X-Mailgun-Tag,X-Mailgun-Sid",
    } == options["mailgun"]


@pytest.mark.parametrize("options", [{"region": "mars"}, {"content": "html"}])
def test_wrong_choices_are_refused_without_the_registry(options):
    """The class itself checks what the registry would."""
    with pytest.raises(ConfigurationError):
        MailgunProvider(api_key="key-secret", **options)


@pytest.mark.parametrize("field", ["subject", "headers", "unsubscribe"])
def test_no_line_end_gets_into_a_header(field):
    """Wherever a header refers to it, a value with a line end is refused."""
    reference = "https://example.com/%recipient.a%"
    fields = {field: {"X-A": reference} if field == "headers" else reference}
    values = {"ada@example.net": {"a": "1\r\nBcc: eve@example.org"}}

    with pytest.raises(InvalidMessage):
        MailgunProvider(api_key="k").build(message(**fields, merge_data=values))


def test_stored_mail_cannot_be_deleted():
    """Mailgun has no call for it, and says so rather than leave it silently."""
    event = InboundEvent(provider="mailgun", location={"url": "https://example.com/"})

    with pytest.raises(FetchError):
        run(MailgunProvider(api_key="k").delete_inbound(event))


def test_no_option_given_is_no_field():
    """Nothing is sent that nobody asked for."""
    assert {"mailgun": {}} == mailgun_options()


def test_key_stays_inside():
    """No repr of the provider, its settings or its requests shows the key."""
    provider = MailgunProvider(api_key="key-secret", webhook_signing_keys=["signing-secret"])
    shown = f"{provider!r} {provider.build(message())!r} {provider._options!r}"

    assert "secret" not in shown
    assert "YXBpOmtleS1zZWNyZXQ" not in shown


def test_package_has_what_it_names():
    """Names load when they are used; others are no attributes."""
    assert MailgunProvider is mailcore_mailgun.MailgunProvider
    with pytest.raises(AttributeError):
        mailcore_mailgun.nothing  # noqa: B018


def test_options_do_not_show():
    """An option may be a URL with credentials: no repr has it."""
    provider = MailgunProvider(api_key="key-secret", archive_to="https://me:hunter2@example.com/")

    (request,) = provider.build(message())
    assert "hunter2" not in repr([provider, provider._options, request])


def test_lazy_texts_are_options_of_a_message():
    """Whatever counts as text in a message, does so here: in mappings and lists as well."""
    options = {
        "sender_domain": "mg.example.com",
        "template_version": "spring",
        "template_variables": {"name": ["Ada"]},
        "deliver_within": "1h",
        "tracking": "htmlonly",
        "suppress_headers": ["X-Mailgun-Sid"],
    }

    made = mailgun_options(**{name: lazily(value) for name, value in options.items()})
    message = Message(esp_extra=made)

    assert message == Message(esp_extra=mailgun_options(**options))
    assert message == Message.from_dict(json.loads(json.dumps(message.to_dict())))


def lazily(value):
    """The same with texts that are no str."""
    if isinstance(value, dict):
        return {UserString(key): lazily(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lazily(item) for item in value]
    return UserString(value)


def test_who_only_receives_needs_no_key(monkeypatch):
    """A send, and a mailer, say which option and which variable they need."""
    receiver = get_provider("mailgun", webhook_signing_keys=["k"])

    with pytest.raises(ConfigurationError, match=r"sending needs option 'api_key'.*MAILCORE_MAIL"):
        Mailer(receiver).send(message())
    with pytest.raises(ConfigurationError, match=r"'api_key' is missing.*MAILCORE_MAILGUN_API_KEY"):
        Mailer("mailgun", webhook_signing_keys=["k"])

    monkeypatch.setenv("MAILCORE_MAILGUN_API_KEY", "key-of-the-environment")
    (request,) = Mailer("mailgun").preview(message()).requests
    assert basic_authorization("api", "key-of-the-environment") == request.headers["Authorization"]
