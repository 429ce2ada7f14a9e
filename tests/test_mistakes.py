"""What a new user gets wrong on the first day is one sentence of mailcore's, with the way out."""

from __future__ import annotations

import asyncio
import re
import sqlite3

from pathlib import Path

import pytest

from mailcore import (
    AsyncMailer,
    Attachment,
    ConfigurationError,
    InboundEvent,
    InvalidMessage,
    MailcoreError,
    Mailer,
    Message,
    ProviderNotFound,
    Registry,
    WebhookRejected,
    WebhookRequest,
    afetch_inbound,
    areceive,
    connect,
    fetch_inbound,
    get_provider,
    receive,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.builtin.null import NullProvider
from mailcore.webhook import MemorySeenStore, SqliteSeenStore, arespond, respond
from mailcore.webhook.asgi import AsgiWebhook
from mailcore.webhook.wsgi import WsgiWebhook


REQUEST = WebhookRequest("POST", {}, b"{}")
BASE = {"from_email": "a@example.com", "to": ["b@example.com"], "text": "t"}


class Reporting(NullProvider):
    """A provider with webhooks."""

    name = "reporting"

    def verify_webhook(self, request):
        raise WebhookRejected("nobody")
        yield

    def __init__(self, *, api_key: str, retries: int = 3, sandbox: bool = False) -> None:
        self.given = (api_key, retries, sandbox)


@pytest.fixture
def registry():
    """With one provider that has options."""
    made = Registry(autoload=False)
    made.register(Reporting)
    return made


@pytest.mark.parametrize("mailer_class", [Mailer, AsyncMailer])
@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (
            (MemoryProvider,),
            {},
            "the class MemoryProvider: write MemoryProvider(...), or 'memory'",
        ),
        ((None,), {}, "must be str, its name, or a mailcore.Provider, not NoneType"),
        (("reporting",), {"api_key": "k", "default": {}}, "did you mean 'defaults'?"),
        (("reporting",), {"api_key": "k", "middlewares": []}, "did you mean 'middleware'?"),
        (("reporting",), {"api_key": "k", "unsuported": {}}, "did you mean 'unsupported'?"),
        (("reporting",), {"apikey": "k"}, "did you mean 'api_key'?"),
        ((MemoryProvider(),), {"default": {}}, "'default' (did you mean 'defaults'?)"),
        (("memory://?x=1",), {}, "not a URL: give that to mailcore.connect()"),
        ((MemoryProvider(),), {"middleware": "retry"}, "must be a list, not str"),
        ((MemoryProvider(),), {"middleware": print}, "must be a list, not builtin_function"),
        (
            (MemoryProvider(),),
            {"transport": "http"},
            "an object with the methods exchange",
        ),
        ((MemoryProvider(),), {"transport": object}, "not the class object"),
        ((MemoryProvider(),), {"unsupported": {"tag": "drop"}}, "did you mean 'tags'?"),
        (
            (MemoryProvider(),),
            {"defaults": {"form_email": "a@b.org"}},
            "did you mean 'from_email'?",
        ),
    ],
)
def test_a_mailer_says_what_is_wanted(registry, mailer_class, arguments, settings, said):
    """A class for an instance, a misspelt argument, a URL for a name."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        mailer_class(*arguments, registry=registry, **settings)


@pytest.mark.parametrize("name", [MemoryProvider, None, "ses://key:s3cret@"])
def test_a_provider_is_looked_up_by_its_name(name):
    """A class, nothing, or a URL with a secret, which is not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        get_provider(name)

    assert not isinstance(caught.value, ProviderNotFound)
    assert "s3cret" not in str(caught.value)


def test_a_url_tells_all_its_mistakes_at_once(registry):
    """Unknown, wrong, twice and missing options, and what stands beside the query."""
    with pytest.raises(ConfigurationError) as caught:
        connect("reporting://host?retrys=2&retries=x&sandbox=perhaps&zzz=1", registry=registry)

    text = str(caught.value)
    for said in (
        "has options in its query only",
        "'retrys', did you mean 'retries'?",
        "unknown option 'zzz'",
        "'retries' in the URL must be int",
        "'sandbox' in the URL must be bool",
        "'api_key' is missing",
    ):
        assert said in text


def test_what_is_given_beside_a_url_is_not_missing(registry):
    """Only what is wrong is told."""
    with pytest.raises(ConfigurationError) as caught:
        connect("reporting://?retries=x", api_key="k", registry=registry)

    assert "reporting: option 'retries' in the URL must be int" == str(caught.value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("reportng", "did you mean 'reporting'?"),
        ("Reporting", "did you mean 'reporting'?"),
        ("postmrk", "did you mean 'postmark'?"),
        ("SES", "did you mean 'ses'?"),
        ("ConfigurationSetName", 'esp_extra is namespaced: {"reporting": {...}}'),
        ("o:tracking", 'esp_extra is namespaced: {"reporting": {...}}'),
    ],
)
@pytest.mark.parametrize("act", ["send", "preview"])
def test_stray_keys_of_esp_extra_are_refused(registry, key, said, act):
    """A misspelt provider, and parameters without one: they would be left out silently."""
    mailer = Mailer("reporting", api_key="k", registry=registry)
    message = Message(**BASE, esp_extra={key: {"a": "b"}, "reporting": {"c": "d"}})

    with pytest.raises(InvalidMessage, match=re.escape(said)):
        getattr(mailer, act)(message)


@pytest.mark.parametrize("key", ["reporting", "postmark", "sendgrid", "another-one", "smtp", "v2"])
def test_esp_extra_may_be_for_others(registry, key):
    """A message may go through a provider that is not installed here."""
    mailer = Mailer("reporting", api_key="k", registry=registry)

    assert mailer.send(Message(**BASE, esp_extra={key: {"a": "b"}})).accepted


def test_flat_esp_extra_says_that_it_is_namespaced():
    """Values that are no mappings are refused by the message itself."""
    with pytest.raises(InvalidMessage, match="esp_extra is namespaced"):
        Message(**BASE, esp_extra={"ConfigurationSetName": "x"})


NO_PROVIDERS = [
    ("ses", "a name: get the provider with mailcore.get_provider('ses', ...)"),
    (MemoryProvider, "the class MemoryProvider: make one with MemoryProvider(...)"),
    (None, "NoneType"),
]


def _run(coroutine_function, *arguments):
    return asyncio.run(coroutine_function(*arguments))


@pytest.mark.parametrize(("provider", "said"), NO_PROVIDERS)
@pytest.mark.parametrize(
    "call",
    [
        lambda provider: receive(provider, REQUEST, print),
        lambda provider: _run(areceive, provider, REQUEST, print),
        lambda provider: respond(provider, REQUEST, print),
        lambda provider: _run(arespond, provider, REQUEST, print),
        lambda provider: AsgiWebhook(provider, print),
        lambda provider: WsgiWebhook(provider, print),
        lambda provider: fetch_inbound(provider, InboundEvent(provider="x")),
        lambda provider: _run(afetch_inbound, provider, InboundEvent(provider="x")),
    ],
)
def test_receiving_takes_a_provider(call, provider, said):
    """Its name is not enough: options say whom to trust."""
    with pytest.raises(ConfigurationError, match=re.escape(f"takes a provider, not {said}")):
        call(provider)


@pytest.mark.parametrize(
    "call",
    [
        lambda: respond(Reporting(api_key="k"), REQUEST, None),
        lambda: _run(arespond, Reporting(api_key="k"), REQUEST, None),
        lambda: AsgiWebhook(Reporting(api_key="k"), None),
        lambda: WsgiWebhook(Reporting(api_key="k"), None),
        lambda: receive(Reporting(api_key="k"), REQUEST, "handler"),
        lambda: _run(areceive, Reporting(api_key="k"), REQUEST, 5),
    ],
)
def test_a_handler_can_be_called(call):
    """Said at once, and not with the first event."""
    with pytest.raises(ConfigurationError, match="needs a handler, a function that takes an event"):
        call()


@pytest.mark.parametrize("webhook_class", [AsgiWebhook, WsgiWebhook])
def test_an_application_needs_a_provider_with_webhooks(webhook_class):
    """One without would refuse every request, for ever."""
    with pytest.raises(ConfigurationError, match="null has no webhooks; `mailcore features` says"):
        webhook_class(NullProvider(), print)


@pytest.mark.parametrize("webhook_class", [AsgiWebhook, WsgiWebhook])
@pytest.mark.parametrize(
    ("application", "path", "said"),
    [
        (print, "webhooks/acme", "must begin with a slash"),
        (print, "", "must begin with a slash"),
        (print, None, "path must be str, not NoneType"),
        (print, "https://example.com/webhooks", "path is a URL"),
        (None, "/webhooks", "takes an application, not NoneType"),
    ],
)
def test_a_webhook_is_mounted_at_a_path(webhook_class, application, path, said):
    """A path that no request has would leave the webhook unreachable, silently."""
    webhook = webhook_class(Reporting(api_key="k"), print)

    with pytest.raises(ConfigurationError, match=said):
        webhook.mounted_in(application, path)


def test_what_is_fetched_is_an_event_of_received_mail():
    """Another event leads to no mail."""
    with pytest.raises(ConfigurationError, match="takes an InboundEvent, not str"):
        fetch_inbound(MemoryProvider(), "event")
    with pytest.raises(ConfigurationError, match="on_message must be a function, not str"):
        fetch_inbound(MemoryProvider(), InboundEvent(provider="memory"), "handler")


@pytest.mark.parametrize("seen", [MemorySeenStore, "seen.db", {}])
def test_a_store_is_one(seen):
    """A class, a path and a dict remember nothing."""
    with pytest.raises(ConfigurationError, match="a store such as"):
        receive(MemoryProvider(), REQUEST, print, seen=seen)


def test_a_store_that_cannot_be_opened_says_where(tmp_path):
    """The path, made absolute, and why."""
    path = tmp_path / "missing" / "seen.db"

    with pytest.raises(ConfigurationError) as caught:
        SqliteSeenStore(path)

    assert str(path) in str(caught.value)
    assert "unable to open" in str(caught.value)
    with pytest.raises(ConfigurationError, match="path of a store is str, not NoneType"):
        SqliteSeenStore(None)


def test_a_store_that_breaks_later_says_where(tmp_path):
    """What is in the file is no table any more."""
    path = tmp_path / "seen.db"
    with SqliteSeenStore(path) as store:
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE seen")
        connection.close()
        for act in (store.seen, store.mark):
            with pytest.raises(MailcoreError, match="no such table") as caught:
                act("key")
            assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Attachment("report.pdf", "report.pdf"),
        lambda: Attachment("report.pdf", "/srv/report.pdf"),
        lambda: Attachment("report.pdf", "C:\\reports\\report.pdf"),
        lambda: Attachment("report.pdf", Path("report.pdf")),
        lambda: Attachment(Path("report.pdf"), b""),
        lambda: Message(attachments=["report.pdf"]),
        lambda: Message(attachments=[Path("report.pdf")]),
        lambda: Message(attachments=[("report.pdf", "report.pdf")]),
    ],
)
def test_a_path_where_content_is_wanted_names_the_way(make):
    """The name of a file is not sent in its place."""
    with pytest.raises(InvalidMessage, match=r"Attachment\.from_path\(path\)"):
        make()


@pytest.mark.parametrize("content", ["see report.pdf", "report.pdf\nand more", "", "report"])
def test_text_about_a_file_is_text(content):
    """Only a text that is nothing but the path is one."""
    assert content.encode() == Attachment("report.pdf", content).content


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    """A relative path depends on the directory of the process."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidMessage) as caught:
        Attachment.from_path("reports/report.pdf")

    assert "'reports/report.pdf': No such file" in str(caught.value)
    assert f"looked for in {tmp_path}" in str(caught.value)
