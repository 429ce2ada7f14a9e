"""What the live tests are run for: the providers of this repository, and those of the file."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest

from live.accounts import PAGE, VARIABLE, Account, AccountsError, read_accounts
from live.events import TEST_RECIPIENTS
from mailcore import Mailer, Message, SendResult


PROVIDERS = (
    *("ses", "postmark", "mailgun", "sendgrid", "mailjet", "mandrill", "brevo", "sparkpost"),
    "smtp",
)


@dataclasses.dataclass(frozen=True)
class Sent:
    """A message that a service has."""

    account: Account
    mailer: Mailer
    message: Message
    result: SendResult


# A mail server has no place for them.
_NOT_EVERYWHERE: Mapping[str, Literal["drop"]] = {"tags": "drop", "metadata": "drop"}
_ACCOUNTS: dict[str, Account] = {}


def pytest_configure() -> None:
    """Read the file once, and end with a sentence if it cannot be used."""
    try:
        _ACCOUNTS.update(read_accounts())
    except AccountsError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test for each provider."""
    if "provider_name" in metafunc.fixturenames:
        names = dict.fromkeys([*PROVIDERS, *_ACCOUNTS])
        metafunc.parametrize("provider_name", names, scope="session")


@pytest.fixture(scope="session")
def sent(provider_name: str) -> Iterator[Sent]:
    """One message, sent once for all tests of a provider."""
    if not _ACCOUNTS:
        pytest.skip(f"nothing was sent: {VARIABLE} names no file with accounts, see {PAGE}")
    if provider_name not in _ACCOUNTS:
        pytest.skip(f"the file that {VARIABLE} names has no section [{provider_name}]")
    account = _ACCOUNTS[provider_name]
    with Mailer(provider_name, unsupported=_NOT_EVERYWHERE, **_options(account)) as mailer:
        message = message_for(account)
        yield Sent(account, mailer, message, mailer.send(message))


def message_for(account: Account) -> Message:
    """A message with what comes back with events, and with something for every part of the mail."""
    return Message(
        from_email=account.from_email,
        to=[account.to or TEST_RECIPIENTS.get(account.provider, account.from_email)],
        subject="mailcore live test: größer",
        text="Sent by `make live` of mailcore.\n",
        html="<p>Sent by <code>make live</code> of mailcore.</p>",
        attachments=[("note.txt", "Not for people.")],
        tags=["mailcore-live"],
        metadata={"run": "live", "number": 7},
    )


def _options(account: Account) -> dict[str, Any]:
    options = dict(account.options)
    if account.provider == "mailgun":
        # Nobody gets the message, unless the file says so.
        options.setdefault("test_mode", True)
    return options
