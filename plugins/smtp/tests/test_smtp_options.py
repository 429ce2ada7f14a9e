"""Options: what they may be, where they may stand, and what becomes of them."""

from __future__ import annotations

import pytest

import mailcore

from mailcore import ConfigurationError, Mailer, Message, UnsupportedFeature, get_provider
from mailcore_smtp import PRESETS, SmtpProvider, smtp_options


def options_of(url):
    """The options of a URL, those that are not as always."""
    options = vars(mailcore.connect(url).provider)["_options"]
    plain = SmtpProvider()._options
    return {name: value for name, value in vars(options).items() if value != getattr(plain, name)}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", {"host": "mail.example.com"}),
        (
            "smtp://mail.example.com:25/?security=none",
            {"host": "mail.example.com", "port": 25, "security": "none"},
        ),
        (
            "smtp://a%40b.example:p%2Fw@m.example",
            {"host": "m.example", "username": "a@b.example", "password": "p/w"},
        ),
        ("smtps://m.example", {"host": "m.example", "security": "tls"}),
        ("smtp://[::1]:2525", {"host": "::1", "port": 2525}),
        ("smtp://?dsn_notify=success,failure", {"dsn_notify": ("success", "failure")}),
    ],
)
def test_urls(url, expected):
    """Server and credentials stand where URLs have them."""
    assert expected == options_of(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("smtp://m.example/path", "has no path"),
        ("smtp://m.example:no", "'port' in the URL must be int"),
        ("smtps://m.example?security=none", "'security' is given twice"),
        ("smtp://m.example?port=0", "port must be 1 to 65535"),
        ("smtp://u@m.example", "go together"),
        ("smtp://u:s3cret@m.example?security=none", "readably"),
    ],
)
def test_urls_that_cannot_be_right(url, told):
    """What is wrong is told, without what may be a secret."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        mailcore.connect(url)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"host": "a b"}, "host must be a host"),
        ({"security": "ssl"}, "security must be"),
        ({"password": "x"}, "go together"),
        ({"username": "u", "password": "p", "access_token": str}, "either password or"),
        ({"username": "u", "password": "p", "auth": "xoauth2"}, "needs access_token"),
        ({"username": "u", "access_token": str, "auth": "plain"}, "needs password"),
        ({"dsn_notify": ["never", "delay"]}, "dsn_notify must be"),
        ({"dsn_notify": ["sometimes"]}, "dsn_notify must be"),
        ({"dsn_return": "some"}, "dsn_return must be"),
        ({"dkim_domain": "example.com"}, "DKIM needs"),
        ({"client_name": "a\r\nMAIL FROM:<x>"}, "client_name must be"),
        ({"headers": {"X-A": "a\r\nBcc: x"}}, "headers must be"),
        ({"timeout_seconds": 0}, "timeout_seconds must be"),
    ],
)
def test_options_that_cannot_be_right(options, told):
    """Refused when the provider is made."""
    with pytest.raises(ConfigurationError, match=told):
        SmtpProvider(**options)


def test_certificates_that_are_not_there(scripted, mail_to):
    """A path that leads nowhere is a wrong option, told by the first mail."""
    server = scripted(tls=True)
    mailer = Mailer(
        "smtp", host="127.0.0.1", port=server.port, security="tls", ca_file="/no/such/file"
    )

    told = r"ca_file /no/such/file has .*No such file or directory\): name a file"
    with mailer, pytest.raises(ConfigurationError, match=told):
        mailer.send(mail_to())


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"HELO": "x"}, "none of NOTIFY, RET, ENVID, ORCPT"),
        ({"NOTIFY": "never"}, "dsn_notify must be"),
        ({"ENVID": "ü"}, "dsn_envelope_id must be"),
        ({"ENVID": "a\r\nDATA"}, "dsn_envelope_id must be"),
        ({"ORCPT": {"ada@example.net": "a\r\nDATA"}}, "dsn_original_recipients must be"),
        ({"ORCPT": {"eve@example.net": "a@example.org"}}, "who get no mail"),
    ],
)
def test_extra_that_cannot_be_right(mail_to, extra, told):
    """What would stand in a command is checked, and what is unknown is no option."""
    mailer = Mailer("smtp", host="mail.example.com")

    with pytest.raises(UnsupportedFeature, match=told):
        mailer.preview(mail_to(esp_extra={"smtp": extra}))


def test_headers_of_the_provider(mail_to):
    """They stand in each mail that lacks them."""
    mailer = Mailer("smtp", host="mail.example.com", headers={"X-Stream": "all", "X-Pool": "1"})

    (request,) = mailer.preview(mail_to(headers={"X-Stream": "own"})).requests

    assert b"X-Stream: own\r\n" in request.content
    assert b"X-Stream: all" not in request.content
    assert b"X-Pool: 1\r\n" in request.content


@pytest.mark.parametrize("name", PRESETS)
def test_presets_make_providers(name):
    """Each gives options that the provider takes."""
    given = {"username": "user", "password": "secret", "region_name": "eu-west-1"}

    for security in PRESETS[name].ports:
        options = PRESETS[name].options(**given, security=security)
        assert get_provider("smtp", **options)._options.chosen_port == options["port"]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("ses", {"username": "u"}, "region_name is missing"),
        ("postmark", {}, "username is missing"),
        ("postmark", {"username": "t", "security": "tls"}, "security must be 'starttls'"),
        ("sendgrid", {"headers": {"X-PM-Tag": "a"}}, "does not read 1 of the headers"),
    ],
)
def test_presets_that_lack_something(name, given, told):
    """What is missing is told."""
    with pytest.raises(ConfigurationError, match=told):
        PRESETS[name].options(password="secret", **given)


def test_headers_that_presets_read():
    """By name, without regard to case, and by the beginning where a name goes on."""
    assert PRESETS["postmark"].reads("x-pm-metadata-color")
    assert PRESETS["ses"].reads("x-ses-message-tags")
    assert not PRESETS["ses"].reads("X-SES-MESSAGE-TAGS-2")


def test_dkim(mail_to):
    """Mails are signed whole, with what is written in UTF-8 too."""
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    mailer = Mailer(
        "smtp",
        host="mail.example.com",
        dkim_domain="example.com",
        dkim_selector="a",
        dkim_private_key=pem.decode(),
    )

    for recipient in ("ada@example.net", "jörg@example.net"):
        (request,) = mailer.preview(mail_to(recipient)).requests
        assert request.content.startswith(b"DKIM-Signature: ")


def test_what_smtp_has_no_field_for_is_refused():
    """All of it at once, with the reason."""
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        text="Hello",
        metadata={"order": 1},
        tags=["a"],
        track_opens=True,
        template_id="t",
        idempotency_key="k",
    )

    with pytest.raises(UnsupportedFeature) as caught:
        Mailer("smtp", host="mail.example.com").preview(message)

    found = {problem.feature for problem in caught.value.problems}
    assert {"metadata", "tags", "track_opens", "templates", "idempotency_key"} <= found


def test_the_helper_takes_the_names_of_the_rfc():
    """`smtp_options` writes what `esp_extra` holds."""
    assert {"smtp": {"NOTIFY": ("delay",), "RET": "full"}} == smtp_options(
        dsn_notify=["delay"], dsn_return="full"
    )
