"""Whether SES is ready to send for a provider, and what to do if it is not."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.address import Address
from mailcore.errors import MessageError, NetworkError, SendError
from mailcore.flow import Effect, Exchange
from mailcore.foundation import redact
from mailcore.message import Message
from mailcore_ses.account.findings import Finding, of_account, of_dkim, of_unverified, well, wrong
from mailcore_ses.account.identities import Identity, get_identity, identities_page
from mailcore_ses.account.status import get_status
from mailcore_ses.aws.asking import entries, find, structure, text
from mailcore_ses.aws.call import SES


if TYPE_CHECKING:
    from mailcore_ses.provider import SesProvider

SIMULATOR = "success@simulator.amazonses.com"
"""Takes every message and delivers it to nobody.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html (read 2026-11-21)."""

Findings: TypeAlias = Generator[Effect, Any, list[Finding]]
"""A flow that asks the account, and returns what it found."""

_FIXES = {
    "credentials": "give boto3 credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a "
    "profile, or a role; check that they are not deleted",
    "credentials_expired": "renew the session, with `aws sso login` for example",
    "clock": "set the clock of this machine: AWS refuses requests that are minutes old",
    "region": "beside this command: --option region_name=eu-west-1, or your own region",
    "sending_rate": "wait a moment, and check again",
}
# Nothing else can be looked at either.
_FATAL = frozenset({*_FIXES, "authentication", "configuration"} - {"sending_rate"})


def check(
    provider: SesProvider,
    *,
    sender: str | None = None,
    sandbox_ok: bool = False,
    test_send: bool = False,
) -> Findings:
    """
    Look at everything that sending depends on.

    Args:
        provider: The provider whose set-up is looked at.
        sender: The address to send from; None looks for any identity that is verified.
        sandbox_ok: Whether an account in the sandbox is all right.
        test_send: Whether to send a message from *sender* to SES's mailbox simulator, the only
            way to know whether the credentials may send.

    Returns:
        What was found, in the order it was looked at.

    Raises:
        InvalidAddress: If the sender is not an address.
    """
    address = None if sender is None else Address.parse(sender)
    try:
        status = yield from get_status()
    except SendError as error:
        found = [_failed("account", "GetAccount", error, provider)]
        if error.category in _FATAL or isinstance(error, NetworkError):
            return found
    else:
        found = [
            well("credentials", f"AWS accepts them in {_region_name(provider)}"),
            *of_account(status, sandbox_ok=sandbox_ok),
        ]
    found += yield from _identities(provider, address)
    found += yield from _configuration_set(provider)
    if test_send and address is not None:
        found.append((yield from _test_send(provider, address)))
    return found


def _region_name(provider: SesProvider) -> str:
    return str(provider.client.meta.region_name)


def _identities(provider: SesProvider, address: Address | None) -> Findings:
    if address is None:
        return [(yield from _any_identity(provider))]
    candidates = _candidates(address)
    pending: Identity | None = None
    for name in candidates:
        try:
            identity = yield from get_identity(name)
        except SendError as error:
            return [_failed("identity", "GetEmailIdentity", error, provider)]
        if identity is not None and identity.verified_for_sending:
            return [
                well("identity", f"{redact(name)} is verified"),
                of_dkim(identity),
            ]
        pending = pending or identity
    if pending is not None:
        return [of_unverified(pending)]
    domain = candidates[1]
    return [
        wrong(
            "identity",
            f"neither {redact(candidates[0])} nor {domain} is an identity of "
            f"{_region_name(provider)}",
            f"`mailcore ses identities create {domain}`, and publish the records that it "
            f"prints; or choose the region in which it is verified",
        )
    ]


def _candidates(address: Address) -> list[str]:
    """The address, its domain, and the domains above it: any of them will do for SES."""
    labels = address.ascii_domain.lower().split(".")
    domains = [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]
    return [address.ascii_addr_spec, *domains]


def _any_identity(provider: SesProvider) -> Generator[Effect, Any, Finding]:
    try:
        page = yield from identities_page()
    except SendError as error:
        return _failed("identity", "ListEmailIdentities", error, provider)
    usable = [each for each in page.items if each.verified and each.sending_enabled]
    if usable:
        more = " or more" if page.next_token else ""
        return well(
            "identity",
            f"{len(usable)}{more} of {len(page.items)}{more} are verified in "
            f"{_region_name(provider)}; --from ADDRESS looks at one",
        )
    return wrong(
        "identity",
        f"none of {len(page.items)} is verified in {_region_name(provider)}",
        "`mailcore ses identities create DOMAIN`, and publish the records that it prints; or "
        "choose the region in which yours are verified",
    )


def _configuration_set(provider: SesProvider) -> Findings:
    name = provider.configuration_set_name
    if name is None:
        return [
            well(
                "configuration set",
                "the provider names none: SES publishes no events unless the identity has one",
            )
        ]
    parameters = {"ConfigurationSetName": name}
    try:
        body = yield from find("GetConfigurationSet", parameters, service=SES)
        is_enabled = structure(body or {}, "SendingOptions").get("SendingEnabled", True)
    except SendError as error:
        return [_failed("configuration set", "GetConfigurationSet", error, provider)]
    if body is None:
        return [
            wrong(
                "configuration set",
                f"{name} does not exist in {_region_name(provider)}",
                "create it, or correct configuration_set_name or region_name",
            )
        ]
    if not is_enabled:
        return [
            wrong(
                "configuration set",
                f"sending is paused for {name}",
                "`aws sesv2 put-configuration-set-sending-options --sending-enabled "
                f"--configuration-set-name {name}`",
            )
        ]
    return [
        well("configuration set", f"{name} exists"),
        (yield from _events(provider, name)),
    ]


def _events(provider: SesProvider, name: str) -> Generator[Effect, Any, Finding]:
    operation = "GetConfigurationSetEventDestinations"
    try:
        body = yield from find(operation, {"ConfigurationSetName": name}, service=SES)
        enabled = [d for d in entries(body or {}, "EventDestinations") if d.get("Enabled")]
        topics = {text(structure(d, "SnsDestination"), "TopicArn") for d in enabled} - {""}
    except SendError as error:
        return _failed("events", operation, error, provider)
    believed = provider.trusted_topics
    if not believed:
        found = f"event destinations of {name} that are switched on: {len(enabled)}"
        return well("events", f"{found}; topic_arns is empty")
    if any(believed.find(arn) for arn in topics):
        return well("events", f"{name} publishes to a topic of topic_arns")
    return wrong(
        "events",
        f"{name} publishes to no topic of topic_arns",
        "add an event destination with that SNS topic and switch it on, or correct topic_arns",
    )


def _test_send(provider: SesProvider, address: Address) -> Generator[Effect, Any, Finding]:
    try:
        message = Message(
            from_email=address,
            to=[SIMULATOR],
            subject="mailcore ses check",
            text="Sent to the mailbox simulator by `mailcore ses check --test-send`.",
        )
        for request in provider.build(message):
            response = yield Exchange(request)
            provider.parse(request, response)
    except (SendError, MessageError) as error:
        return wrong("test message", str(error))
    return well("test message", "SES has accepted it")


def _failed(subject: str, operation: str, error: SendError, provider: SesProvider) -> Finding:
    if error.category == "access_denied":
        return Finding(
            subject=subject,
            state="unknown",
            text=f"these credentials may not call {operation}",
            fix=f"allow ses:{operation} in their IAM policy (`python -m mailcore_ses.iam check`)",
        )
    fix = _FIXES.get(error.category, "")
    if isinstance(error, NetworkError):
        fix = "check the network, proxies, endpoint_url" + _region_hint(provider)
    return Finding(
        subject=error.category if error.category in _FIXES else subject,
        state="wrong",
        text=str(error),
        fix=fix,
    )


def _region_hint(provider: SesProvider) -> str:
    import boto3

    name = _region_name(provider)
    session = boto3.session.Session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(SES, partition_name=partition)
    ]
    return f", and the region: boto3 knows no SES in {name}" if name not in known else ""
