from __future__ import annotations

import datetime as dt

from typing import Any

import pytest

from botocore.exceptions import ClientError


@pytest.fixture
def client(start, connect):
    """A client of a fresh local SES."""
    return connect(start())


def test_account(client):
    """GetAccount answers in SES's shape; unlimited is -1."""
    account = client.get_account()

    assert account["SendQuota"]["Max24HourSend"] == -1.0
    assert account["SendingEnabled"] is True
    assert account["ProductionAccessEnabled"] is True
    assert "HEALTHY" == account["EnforcementStatus"]
    client.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    reasons = client.get_account()["SuppressionAttributes"]["SuppressedReasons"]
    assert ["BOUNCE"] == reasons


def test_sandbox_account(start, connect):
    """A sandbox has its documented quota."""
    account = connect(start(sandbox=True)).get_account()

    assert account["ProductionAccessEnabled"] is False
    assert (200.0, 1.0) == (
        account["SendQuota"]["Max24HourSend"],
        account["SendQuota"]["MaxSendRate"],
    )


def test_suppression_list(client):
    """Addresses are put, found whatever their case, listed with filters and pages, and removed."""
    for n in range(3):
        client.put_suppressed_destination(EmailAddress=f"B{n}@example.net", Reason="BOUNCE")
    client.put_suppressed_destination(EmailAddress="c@example.net", Reason="COMPLAINT")

    found = client.get_suppressed_destination(EmailAddress="b0@example.net")
    assert "BOUNCE" == found["SuppressedDestination"]["Reason"]
    assert isinstance(found["SuppressedDestination"]["LastUpdateTime"], dt.datetime)

    def listed(**filters: Any) -> list[str]:
        summaries = client.list_suppressed_destinations(**filters)["SuppressedDestinationSummaries"]
        return [summary["EmailAddress"] for summary in summaries]

    now = dt.datetime.now(dt.timezone.utc)
    assert 4 == len(listed())
    assert ["c@example.net"] == listed(Reasons=["COMPLAINT"])
    assert [] == listed(StartDate=now + dt.timedelta(hours=1))
    assert [] == listed(EndDate=now - dt.timedelta(hours=1))
    assert 4 == len(listed(StartDate=now - dt.timedelta(hours=1), EndDate=now))
    first = client.list_suppressed_destinations(PageSize=3)
    rest = client.list_suppressed_destinations(PageSize=3, NextToken=first["NextToken"])
    assert (3, 1) == (
        len(first["SuppressedDestinationSummaries"]),
        len(rest["SuppressedDestinationSummaries"]),
    )
    assert "NextToken" not in rest
    client.delete_suppressed_destination(EmailAddress="C@example.net")
    assert 3 == len(listed())


def test_templates(client):
    """Templates are made, shown, listed, changed, rendered and deleted."""
    client.create_email_template(
        TemplateName="t", TemplateContent={"Subject": "Hi {{n}}", "Html": "<p>{{n}}</p>"}
    )
    assert "Hi {{n}}" == client.get_email_template(TemplateName="t")["TemplateContent"]["Subject"]
    rendered = client.test_render_email_template(TemplateName="t", TemplateData='{"n": "Ada"}')
    assert "Subject: Hi Ada" in rendered["RenderedTemplate"]
    assert "<p>Ada</p>" in rendered["RenderedTemplate"]
    with pytest.raises(client.exceptions.BadRequestException, match="'n' is not present"):
        client.test_render_email_template(TemplateName="t", TemplateData="{}")
    client.update_email_template(TemplateName="t", TemplateContent={"Subject": "Bye"})
    assert {"Subject": "Bye"} == client.get_email_template(TemplateName="t")["TemplateContent"]
    (listed,) = client.list_email_templates()["TemplatesMetadata"]
    assert "t" == listed["TemplateName"]
    assert isinstance(listed["CreatedTimestamp"], dt.datetime)
    client.delete_email_template(TemplateName="t")
    assert [] == client.list_email_templates()["TemplatesMetadata"]


@pytest.mark.parametrize("name", ["example.com", "ada@example.com", "a/b@example.com"])
def test_identities(client, name: str):
    """Identities are verified as soon as they are created; names with a slash find their way."""
    created = client.create_email_identity(EmailIdentity=name)
    found = client.get_email_identity(EmailIdentity=name)

    kind = "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
    assert (kind, True) == (created["IdentityType"], created["VerifiedForSendingStatus"])
    assert "SUCCESS" == found["VerificationStatus"]
    (listed,) = client.list_email_identities()["EmailIdentities"]
    assert name == listed["IdentityName"]
    client.delete_email_identity(EmailIdentity=name)
    assert [] == client.list_email_identities()["EmailIdentities"]


def test_configuration_sets(client):
    """The set `local` is there; others come and go with their event destinations."""
    assert ["local"] == client.list_configuration_sets()["ConfigurationSets"]
    destinations = client.get_configuration_set_event_destinations(ConfigurationSetName="local")
    (destination,) = destinations["EventDestinations"]
    assert 10 == len(destination["MatchingEventTypes"])

    client.create_configuration_set(
        ConfigurationSetName="tx", SendingOptions={"SendingEnabled": False}
    )
    found = client.get_configuration_set(ConfigurationSetName="tx")
    assert found["SendingOptions"]["SendingEnabled"] is False
    client.create_configuration_set_event_destination(
        ConfigurationSetName="tx",
        EventDestinationName="d",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND"],
            "SnsDestination": destination["SnsDestination"],
        },
    )
    client.delete_configuration_set_event_destination(
        ConfigurationSetName="tx", EventDestinationName="d"
    )
    left = client.get_configuration_set_event_destinations(ConfigurationSetName="tx")
    assert [] == left["EventDestinations"]
    client.delete_configuration_set(ConfigurationSetName="tx")
    assert ["local"] == client.list_configuration_sets()["ConfigurationSets"]


def test_lists_with_filters_and_pages(client):
    """Identities and configuration sets are filtered and paged."""
    for identity in ("one.example", "two.example", "ada@one.example"):
        client.create_email_identity(EmailIdentity=identity)
    client.create_configuration_set(ConfigurationSetName="tx")

    def identities(**filters: Any) -> list[str]:
        """The names that a request lists."""
        found = client.list_email_identities(**filters)["EmailIdentities"]
        return [identity["IdentityName"] for identity in found]

    assert ["ada@one.example"] == identities(Filter={"IDENTITY_TYPE": "EMAIL_ADDRESS"})
    assert ["two.example"] == identities(Filter={"IDENTITY_NAME_CONTAINS": "two"})
    assert [] == identities(Filter={"VERIFICATION_STATUS": "PENDING"})
    first = client.list_email_identities(PageSize=2)
    assert ["two.example"] == identities(PageSize=2, NextToken=first["NextToken"])
    found = client.list_configuration_sets(Filter={"CONFIGURATION_SET_NAME_CONTAINS": "t"})
    assert ["tx"] == found["ConfigurationSets"]


DESTINATION: dict[str, Any] = {
    "MatchingEventTypes": ["SEND"],
    "SnsDestination": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-events"},
}


def destination(**changes: Any) -> dict[str, Any]:
    """A request for an event destination, changed."""
    return {
        "ConfigurationSetName": "local",
        "EventDestinationName": "d",
        "EventDestination": {**DESTINATION, **changes},
    }


EXISTS, MISSING, BAD = "AlreadyExistsException", "NotFoundException", "BadRequestException"
TEMPLATE: dict[str, Any] = {"TemplateName": "t", "TemplateContent": {"Subject": "s"}}


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("get_email_template", {"TemplateName": "nope"}, MISSING),
        ("update_email_template", {**TEMPLATE, "TemplateName": "nope"}, MISSING),
        ("delete_email_template", {"TemplateName": "nope"}, MISSING),
        ("create_email_template", TEMPLATE, EXISTS),
        (
            "create_email_template",
            {"TemplateName": "x", "TemplateContent": {"Text": "{{#if a}}"}},
            BAD,
        ),
        (
            "create_email_template",
            {"TemplateName": "x", "TemplateContent": {"Text": "x" * 512_001}},
            BAD,
        ),
        ("get_suppressed_destination", {"EmailAddress": "no@example.net"}, MISSING),
        ("delete_suppressed_destination", {"EmailAddress": "no@example.net"}, MISSING),
        ("put_suppressed_destination", {"EmailAddress": "no", "Reason": "BOUNCE"}, BAD),
        ("put_suppressed_destination", {"EmailAddress": "a@b.c", "Reason": "WHIM"}, BAD),
        ("list_suppressed_destinations", {"NextToken": "x"}, "InvalidNextTokenException"),
        ("list_suppressed_destinations", {"PageSize": 0}, BAD),
        (
            "put_suppressed_destination",
            {"EmailAddress": "a@b.example", "Reason": "BOUNCE", "TenantName": "t"},
            "NotImplementedByLocalSes",
        ),
        ("list_email_templates", {"PageSize": 101}, BAD),
        ("get_email_identity", {"EmailIdentity": "nope.example"}, MISSING),
        ("delete_email_identity", {"EmailIdentity": "nope.example"}, MISSING),
        ("create_email_identity", {"EmailIdentity": "known.example"}, EXISTS),
        ("create_email_identity", {"EmailIdentity": "not a domain"}, BAD),
        ("create_email_identity", {"EmailIdentity": "@example.com"}, BAD),
        ("create_configuration_set", {"ConfigurationSetName": "local"}, EXISTS),
        ("create_configuration_set", {"ConfigurationSetName": "a b"}, BAD),
        ("create_configuration_set", {"ConfigurationSetName": "a" * 65}, BAD),
        ("get_configuration_set", {"ConfigurationSetName": "nope"}, MISSING),
        ("delete_configuration_set", {"ConfigurationSetName": "nope"}, MISSING),
        (
            "create_configuration_set_event_destination",
            destination(SnsDestination={"TopicArn": "arn:aws:sns:us-east-1:1:nope"}),
            BAD,
        ),
        ("create_configuration_set_event_destination", destination(MatchingEventTypes=[]), BAD),
        ("create_configuration_set_event_destination", destination(MatchingEventTypes=["X"]), BAD),
        (
            "create_configuration_set_event_destination",
            destination(EventBridgeDestination={"EventBusArn": "arn"}),
            BAD,
        ),
        (
            "create_configuration_set_event_destination",
            {**destination(), "EventDestinationName": "local"},
            EXISTS,
        ),
        (
            "create_configuration_set_event_destination",
            {**destination(), "ConfigurationSetName": "nope"},
            MISSING,
        ),
        ("delete_configuration_set_event_destination", {
            "ConfigurationSetName": "local", "EventDestinationName": "nope"
        }, MISSING),
        ("list_contact_lists", {}, "NotImplementedByLocalSes"),
        ("get_email_identity_policies", {"EmailIdentity": "x"}, "NotImplementedByLocalSes"),
    ],
)  # fmt: skip
def test_errors_of_resources(shared_client, operation: str, params: Any, code: str):
    """What does not exist, exists already or breaks a rule has SES's own error."""
    for prepare, arguments in (
        (shared_client.create_email_template, TEMPLATE),
        (shared_client.create_email_identity, {"EmailIdentity": "known.example"}),
    ):
        try:
            prepare(**arguments)
        except shared_client.exceptions.AlreadyExistsException:
            continue

    with pytest.raises(ClientError) as caught:
        getattr(shared_client, operation)(**params)

    assert code == caught.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def shared_ses():
    """Another one than the other modules': it is left changed."""
    from mailcore_local.ses import LocalSes

    with LocalSes() as ses:
        yield ses


def test_eleventh_event_destination(client, connect_sns):
    """A configuration set has at most ten event destinations."""
    client.create_configuration_set(ConfigurationSetName="tx")
    for n in range(10):
        client.create_configuration_set_event_destination(
            ConfigurationSetName="tx", EventDestinationName=f"d{n}", EventDestination=DESTINATION
        )

    with pytest.raises(client.exceptions.LimitExceededException):
        client.create_configuration_set_event_destination(
            ConfigurationSetName="tx", EventDestinationName="d10", EventDestination=DESTINATION
        )
