"""Whole sends, to a Mailjet on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from mailcore import AsyncMailer, Mailer, Message, SendStatus
from mailcore.errors import AuthenticationFailed, ConfigurationError
from mailcore_mailjet import MailjetProvider, mailjet_options


KEYS = {"api_key": "public-key", "secret_key": "private-key"}
MESSAGE = Message(
    from_email="shop@example.com", to=["ada@example.net", "bob@example.net"], text="Hello"
)


def test_a_send(local_mailjet):
    """The keys go along, and everybody has an id."""
    with Mailer("mailjet", **KEYS, base_url=f"{local_mailjet.url}/") as mailer:
        result = mailer.send(MESSAGE)

    assert {SendStatus.QUEUED} == result.statuses
    assert 2 == len(set(result.message_ids))


def test_an_asynchronous_send(local_mailjet):
    """The same."""

    async def send():
        async with AsyncMailer("mailjet", **KEYS, base_url=local_mailjet.url) as mailer:
            return await mailer.send(MESSAGE)

    assert {SendStatus.QUEUED} == asyncio.run(send()).statuses


def test_a_batch_of_which_some_are_refused(local_mailjet):
    """The call has the status 400, and the others their ids."""
    local_mailjet.refused.add("user60@example.net")
    to = [f"user{n}@example.net" for n in range(120)]
    batch = MESSAGE.replace(to=to, cc=["boss@example.net"], merge_metadata={})

    with Mailer("mailjet", **KEYS, base_url=local_mailjet.url) as mailer:
        result = mailer.send(batch)

    assert [50, 50, 20] == [len(document["Messages"]) for document in local_mailjet.seen]
    assert SendStatus.INVALID == result.recipients["user60@example.net"].status
    others = [each for name, each in result.recipients.items() if name != "user60@example.net"]
    assert 120 == len({each.message_id for each in others})
    assert all(each.accepted for each in others)


def test_the_sandbox(local_mailjet):
    """Everything is checked, and there are no ids."""
    message = MESSAGE.replace(esp_extra=mailjet_options(sandbox=True))

    with Mailer("mailjet", **KEYS, base_url=local_mailjet.url) as mailer:
        result = mailer.send(message)

    assert local_mailjet.seen[0]["SandboxMode"] is True
    assert {(SendStatus.QUEUED, None)} == {
        (each.status, each.message_id) for each in result.recipients.values()
    }


def test_wrong_keys(local_mailjet):
    """One call, and no other: Mailjet locks addresses out."""
    wrong = Mailer("mailjet", api_key="a", secret_key="b", base_url=local_mailjet.url)

    with wrong as mailer, pytest.raises(AuthenticationFailed, match="check api_key") as caught:
        mailer.send(MESSAGE)

    assert 1 == len(local_mailjet.seen)
    assert not caught.value.retryable


def test_redirects_are_not_followed(local_mailjet):
    """They would take the keys elsewhere."""
    local_mailjet.forced.append((307, {"Location": f"{local_mailjet.url}/elsewhere"}, b""))

    with (
        Mailer("mailjet", **KEYS, base_url=local_mailjet.url) as mailer,
        pytest.raises(Exception, match="redirects are not followed"),
    ):
        mailer.send(MESSAGE)

    assert 1 == len(local_mailjet.seen)


OPTIONS = {
    "api_key": "", "secret_key": "a b", "sandbox": "yes", "all_errors": 1, "custom_id": "a\nb",
    "priority": 4, "url_tags": "ü", "monitoring_category": "", "deduplicate_campaign": 0,
    "sender": "desk", "template_language": "x", "template_error_reporting": "a@b.c, d@e.f",
    "template_error_deliver": "deliver", "base_url": "api.mailjet.com", "timeout_seconds": 0,
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OPTIONS.items(), ids=OPTIONS)
def test_options_that_cannot_be_right(name, value):
    """Each is named, and its value is not repeated."""
    with pytest.raises(ConfigurationError, match=f"mailjet: {name} must be"):
        MailjetProvider(**{**KEYS, name: value})


@pytest.mark.parametrize(("length", "is_right"), [(256, True), (257, False)])
def test_how_long_tags_of_links_may_be(length, is_right):
    """As long as Mailjet takes them."""
    with contextlib.nullcontext() if is_right else pytest.raises(ConfigurationError):
        mailjet_options(url_tags="a" * length)


def test_all_wrong_options_are_told():
    """At once."""
    with pytest.raises(ConfigurationError) as caught:
        MailjetProvider(**OPTIONS)

    assert all(f"{name} must be" in str(caught.value) for name in OPTIONS)


def test_options_of_a_message_are_checked_too():
    """By the same rules; texts of any kind are taken."""
    with pytest.raises(ConfigurationError, match="priority must be"):
        mailjet_options(priority=9)

    assert {"mailjet": {"Sender": {"Email": "a@xn--bcher-kva.example", "Name": "A"}}} == (
        mailjet_options(sender="A <a@bücher.example>")
    )


def test_a_url():
    """It has both keys, and the host of another site."""
    (request,) = (
        Mailer.from_url("mailjet://public-key:private-key@api.us.mailjet.com?priority=3")
        .preview(MESSAGE)
        .requests
    )

    assert "https://api.us.mailjet.com/v3.1/send" == request.url
    assert "Basic cHVibGljLWtleTpwcml2YXRlLWtleQ==" == request.headers["Authorization"]


@pytest.mark.parametrize("given", [{}, {"api_key": "a"}, {"secret_key": "b"}])
def test_keys_that_are_missing_are_named(given):
    """Both, or the one."""
    provider = MailjetProvider(**given)

    with pytest.raises(ConfigurationError) as caught:
        provider.build(MESSAGE)

    for name in ("api_key", "secret_key"):
        assert (name in given) is (f"'{name}'" not in str(caught.value))


def test_no_repr_has_a_key():
    """Nor those of webhooks."""
    provider = MailjetProvider(**KEYS, webhook_secrets=["user:hook-password"])

    assert "-key" not in repr(provider)
    assert "hook-password" not in repr(vars(provider))
