"""
A mailer knows the type of its provider: `make types` has mypy and pyright read this, nothing runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from typing_extensions import assert_type

from mailcore import (
    AsyncMailer,
    MailcoreError,
    Mailer,
    Message,
    SendResult,
    connect,
    get_provider,
)
from mailcore.account import SuppressionAccount
from mailcore.provider import AnyProvider
from mailcore.sending import Outcome, Preview, Sent
from mailcore_mailgun import MailgunProvider
from mailcore_postmark import PostmarkProvider
from mailcore_ses import SesProvider
from mailcore_ses.account import SesAccount


def a_provider_that_is_given_keeps_its_type() -> None:
    ses = Mailer(SesProvider(region_name="eu-west-1"), refused="return")
    assert_type(ses, Mailer[SesProvider])
    assert_type(ses.provider, SesProvider)
    assert_type(ses.provider.account, SesAccount)
    # Whatever boto3 makes, which has no types of its own.
    ses.provider.client.create_email_identity(EmailIdentity="example.com")

    postmark = Mailer(PostmarkProvider(server_token="invented"))
    assert_type(postmark.provider.account, SuppressionAccount)
    mailgun = AsyncMailer(MailgunProvider(api_key="invented"))
    assert_type(mailgun, AsyncMailer[MailgunProvider])
    assert_type(mailgun.provider.account, SuppressionAccount)


def a_name_makes_some_provider() -> None:
    assert_type(Mailer("ses", region_name="eu-west-1"), Mailer[AnyProvider])
    assert_type(AsyncMailer("ses", region_name="eu-west-1"), AsyncMailer[AnyProvider])
    assert_type(Mailer("ses").provider, AnyProvider)
    assert_type(Mailer(get_provider("ses")), Mailer)
    assert_type(connect("ses://"), Mailer)
    assert_type(Mailer.from_url("ses://", refused="return"), Mailer)
    assert_type(AsyncMailer.from_env(), AsyncMailer)
    Mailer("ses").provider.account  # E: attr-defined, reportAttributeAccessIssue


def what_a_name_made_may_be_looked_at(mailer: Mailer) -> None:
    assert_type(mailer, Mailer[AnyProvider])
    if isinstance(mailer.provider, SesProvider):
        assert_type(mailer.provider.account, SesAccount)


def either_is_taken(choice: str | SesProvider) -> None:
    provider: AnyProvider = Mailer(choice).provider
    takes_any_mailer(Mailer(provider))


def takes_any_mailer(mailer: Mailer) -> None:
    """What most functions of an application are."""


def takes_ses(mailer: Mailer[SesProvider]) -> None:
    """What looks after an account is."""


def a_mailer_of_one_provider_is_a_mailer() -> None:
    ses = Mailer(SesProvider())
    takes_any_mailer(ses)
    takes_ses(ses)
    takes_ses(Mailer(PostmarkProvider(server_token="invented")))  # E: arg-type, reportArgumentType
    ses_by_name = Mailer("ses")
    takes_ses(ses_by_name)  # E: arg-type, reportArgumentType


class ShopMailer(Mailer[SesProvider]):
    """A mailer that an application derives."""


def a_class_of_your_own_stays_itself() -> None:
    assert_type(ShopMailer(SesProvider()), ShopMailer)
    assert_type(ShopMailer.from_url("ses://"), ShopMailer)
    with ShopMailer.from_env() as mailer:
        assert_type(mailer.provider.account, SesAccount)


def what_no_mailer_takes(ses: Mailer[SesProvider]) -> None:
    Mailer(42)  # E: call-overload, reportCallIssue, reportArgumentType
    Mailer(SesProvider)  # E: call-overload, reportCallIssue, reportArgumentType
    Mailer("ses", refused="drop")  # E: call-overload, reportCallIssue, reportArgumentType
    # The provider is made already, and has its options.
    Mailer(SesProvider(), region_name="x")  # E: call-overload, reportArgumentType
    ses.provider = SesProvider()  # E: misc, reportAttributeAccessIssue


def sending(mailer: Mailer, message: Message) -> None:
    assert_type(mailer.send(message), SendResult)
    assert_type(mailer.preview(message), Preview)
    outcomes = mailer.send_many([message], messages_per_call=500)
    assert_type(outcomes, Iterator[Outcome])
    for outcome in outcomes:
        assert_type(outcome, SendResult | MailcoreError)
        if isinstance(outcome, MailcoreError):
            continue
        assert_type(outcome, SendResult)
    mailer.send("Hello")  # E: arg-type, reportArgumentType
    with mailer as entered:
        assert_type(entered, Mailer)


async def sending_in_an_event_loop(mailer: AsyncMailer, message: Message) -> None:
    assert_type(await mailer.send(message), SendResult)
    assert_type(mailer.send_many([message], concurrency=5), AsyncGenerator[Outcome, None])
    async for each in mailer.send_unordered([message]):
        assert_type(each, Sent)
    async for outcome in mailer.send_many(iter([message])):
        assert_type(outcome, SendResult | MailcoreError)
    async with mailer as entered:
        assert_type(entered, AsyncMailer)
    mailer.send(message).status  # E: attr-defined, reportAttributeAccessIssue
