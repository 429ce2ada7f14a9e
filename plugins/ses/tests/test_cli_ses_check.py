"""`mailcore ses check`: what is wrong, in words that name the fix."""

from __future__ import annotations

import json

from collections.abc import Callable
from typing import Any

import pytest

from mailcore import get_provider
from mailcore.cli import main
from mailcore.errors import AuthenticationFailed, NetworkError, SendError
from mailcore.flow import run
from mailcore_local.ses import LocalSes
from mailcore_ses.account.check import check
from mailcore_ses.account.findings import Finding
from mailcore_ses.aws import AwsCall, AwsResponse


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
ACCOUNT = {
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 10.0},
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
}
IDENTITY = {
    "IdentityType": "DOMAIN",
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["t"]},
}
ABSENT = AwsResponse(status_code=404, error_code="NotFoundException", error_message="absent")
DENIED = AwsResponse(status_code=403, error_code="AccessDeniedException", error_message="no")
DESTINATION = {"Name": "d", "Enabled": True, "SnsDestination": {"TopicArn": TOPIC}}


class Aws:
    """A transport that answers each operation with a value, or one for each name asked for."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {
            "GetAccount": ACCOUNT,
            "GetEmailIdentity": {"example.com": IDENTITY},
            "ListEmailIdentities": {
                "EmailIdentities": [
                    {
                        "IdentityName": "example.com",
                        "IdentityType": "DOMAIN",
                        "SendingEnabled": True,
                        "VerificationStatus": "SUCCESS",
                    }
                ]
            },
            "GetConfigurationSet": {"SendingOptions": {"SendingEnabled": True}},
            "GetConfigurationSetEventDestinations": {"EventDestinations": [DESTINATION]},
            "SendEmail": {"MessageId": "m-1"},
            **answers,
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def exchange(self, request: AwsCall) -> AwsResponse:
        self.asked.append((request.operation, dict(request.params)))
        answer = self._answers[request.operation]
        if request.operation == "GetEmailIdentity" and isinstance(answer, dict):
            answer = answer.get(request.params["EmailIdentity"], ABSENT)
        if isinstance(answer, SendError):
            raise answer
        if isinstance(answer, AwsResponse):
            return answer
        return AwsResponse(status_code=200, body=answer)

    def close(self) -> None:
        pass


@pytest.fixture
def asked() -> list[tuple[str, dict[str, Any]]]:
    """What was asked last: operations and their parameters."""
    return []


@pytest.fixture
def look(invented_credentials, asked) -> Callable[..., dict[str, Finding]]:
    """Check with prepared answers; findings by subject."""

    def make(
        answers: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> dict[str, Finding]:
        usual = {
            "region_name": "eu-west-1",
            "configuration_set_name": "tx",
            "topic_arns": [TOPIC],
        }
        provider = get_provider("ses", **{**usual, **(options or {})})
        arguments.setdefault("sender", "shop@mail.example.com")
        aws = Aws(**(answers or {}))
        found = run(check(provider, **arguments), aws)
        provider.create_transport().close()
        asked[:] = aws.asked
        return {each.subject: each for each in found}

    return make


def test_all_is_well(look):
    """Everything is looked at, and nothing is wrong."""
    found = look(test_send=True)

    assert [
        "credentials",
        "sending",
        "reputation",
        "sandbox",
        "quota",
        "identity",
        "dkim",
        "configuration set",
        "events",
        "test message",
    ] == list(found)
    assert {("ok", "")} == {(each.state, each.fix) for each in found.values()}


OF_SET = {"ConfigurationSetName": "tx"}
LOOKED_AT = [
    ("GetAccount", {}),
    ("GetEmailIdentity", {"EmailIdentity": "shop@mail.example.com"}),
    ("GetEmailIdentity", {"EmailIdentity": "mail.example.com"}),
    ("GetEmailIdentity", {"EmailIdentity": "example.com"}),
    ("GetConfigurationSet", OF_SET),
    ("GetConfigurationSetEventDestinations", OF_SET),
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, LOOKED_AT),
        (
            {"sender": None, "test_send": True},
            [LOOKED_AT[0], ("ListEmailIdentities", {"PageSize": 1000}), *LOOKED_AT[4:]],
        ),
    ],
    ids=["unasked", "without a sender"],
)
def test_nothing_is_sent(look, asked, arguments, expected):
    """Unless it is asked for, and there is somebody to send from."""
    found = look(**arguments)

    assert "test message" not in found
    assert expected == asked


def test_the_test_message(look, asked):
    """It goes from the sender to SES's simulator, by the way of every message."""
    look(test_send=True)
    operation, params = asked[-1]

    assert ("SendEmail", "tx") == (operation, params["ConfigurationSetName"])
    assert {"ToAddresses": ["success@simulator.amazonses.com"]} == params["Destination"]
    assert b"\nFrom: shop@mail.example.com\r\n" in b"\n" + params["Content"]["Raw"]["Data"]


QUOTA = {"MaxSendRate": 14.0, "SentLast24Hours": 10.0}


@pytest.mark.parametrize(
    ("subject", "answers", "options", "said"),
    [
        ("quota", {}, {}, "14 recipients per second; 49990 of 50000 are left of 24 hours"),
        (
            "quota",
            {"GetAccount": {**ACCOUNT, "SendQuota": {**QUOTA, "Max24HourSend": -1.0}}},
            {},
            "14 recipients per second, unlimited per day",
        ),
        (
            "quota",
            {"GetAccount": {**ACCOUNT, "SendQuota": {**QUOTA, "Max24HourSend": 11.0}}},
            {},
            "14 recipients per second; 1 of 11 are left of 24 hours",
        ),
        ("identity", {}, {}, "example.com is verified"),
        ("dkim", {}, {}, "SES signs mail of example.com"),
        ("credentials", {}, {}, "AWS accepts them in eu-west-1"),
        ("configuration set", {}, {}, "tx exists"),
        ("configuration set", {"GetConfigurationSet": {}}, {}, "tx exists"),
        ("events", {}, {}, "tx publishes to a topic of topic_arns"),
        (
            "events",
            {},
            {"topic_arns": []},
            "event destinations of tx that are switched on: 1; topic_arns is empty",
        ),
    ],
)
def test_what_is_well(look, subject, answers, options, said):
    """It says what was found."""
    found = look(answers, options)[subject]

    assert ("ok", said, "") == (found.state, found.text, found.fix)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "1 of 2 are verified in eu-west-1; --from ADDRESS looks at one"),
        (
            {"NextToken": "2"},
            "1 or more of 2 or more are verified in eu-west-1; --from ADDRESS looks at one",
        ),
    ],
)
def test_how_many_are_verified(look, body, said):
    """As far as the first thousand tell."""
    entries = [
        {"IdentityName": "a.example", "VerificationStatus": "SUCCESS", "SendingEnabled": True},
        {"IdentityName": "b.example", "VerificationStatus": "PENDING", "SendingEnabled": True},
    ]

    found = look({"ListEmailIdentities": {"EmailIdentities": entries, **body}}, sender=None)

    assert said == found["identity"].text


@pytest.mark.parametrize(
    ("subject", "answers", "said", "fix"),
    [
        ("sending", {"GetAccount": {**ACCOUNT, "SendingEnabled": False}}, "paused", "enabled"),
        (
            "reputation",
            {"GetAccount": {**ACCOUNT, "EnforcementStatus": "PROBATION"}},
            "under review",
            "Support",
        ),
        (
            "reputation",
            {"GetAccount": {**ACCOUNT, "EnforcementStatus": "SHUTDOWN"}},
            "stopped",
            "Support",
        ),
        ("reputation", {"GetAccount": {**ACCOUNT, "EnforcementStatus": "NEW"}}, "NEW", "Support"),
        (
            "sandbox",
            {"GetAccount": {**ACCOUNT, "ProductionAccessEnabled": False}},
            "verified addresses",
            "request production access",
        ),
        (
            "quota",
            {
                "GetAccount": {
                    **ACCOUNT,
                    "SendQuota": {
                        "Max24HourSend": 200.0,
                        "MaxSendRate": 1.0,
                        "SentLast24Hours": 200.0,
                    },
                }
            },
            "0 of 200",
            "higher quota",
        ),
        ("identity", {"GetEmailIdentity": {}}, "nor mail.example.com", "identities create"),
        (
            "identity",
            {
                "GetEmailIdentity": {
                    "example.com": {
                        **IDENTITY,
                        "VerifiedForSendingStatus": False,
                        "VerificationStatus": "PENDING",
                    }
                }
            },
            "example.com is not verified: its verification is pending",
            "identities show example.com",
        ),
        (
            "identity",
            {
                "GetEmailIdentity": {
                    "shop@mail.example.com": {
                        "IdentityType": "EMAIL_ADDRESS",
                        "VerificationStatus": "FAILED",
                    }
                }
            },
            "verification is failed",
            "follow the link",
        ),
        (
            "dkim",
            {
                "GetEmailIdentity": {
                    "example.com": {
                        **IDENTITY,
                        "DkimAttributes": {"SigningEnabled": True, "Status": "PENDING"},
                    }
                }
            },
            "records is pending",
            "publish the records",
        ),
        (
            "dkim",
            {
                "GetEmailIdentity": {
                    "example.com": {**IDENTITY, "DkimAttributes": {"SigningEnabled": False}}
                }
            },
            "it is off",
            "put-email-identity-dkim-attributes",
        ),
        ("configuration set", {"GetConfigurationSet": ABSENT}, "tx does not exist", "create it"),
        (
            "configuration set",
            {"GetConfigurationSet": {"SendingOptions": {"SendingEnabled": False}}},
            "paused for tx",
            "put-configuration-set-sending-options",
        ),
        (
            "events",
            {"GetConfigurationSetEventDestinations": {"EventDestinations": []}},
            "no topic of topic_arns",
            "add an event destination",
        ),
        (
            "events",
            {
                "GetConfigurationSetEventDestinations": {
                    "EventDestinations": [{**DESTINATION, "Enabled": False}]
                }
            },
            "no topic of topic_arns",
            "switch it on",
        ),
    ],
)
def test_what_is_wrong(look, subject: str, answers: dict[str, Any], said: str, fix: str):
    """Each fault has a finding that says what it is and what to do; nothing else is wrong."""
    found = look(answers)

    assert [subject] == [each.subject for each in found.values() if each.state != "ok"]
    assert said in found[subject].text
    assert fix in found[subject].fix
    assert "shop@" not in found[subject].text + found[subject].fix


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("GetAccount", "account"),
        ("GetEmailIdentity", "identity"),
        ("GetConfigurationSet", "configuration set"),
        ("GetConfigurationSetEventDestinations", "events"),
    ],
)
def test_permissions(look, operation: str, subject: str):
    """What the credentials may not look at is unknown, with the action to allow."""
    found = look({operation: DENIED})

    assert [subject] == [each.subject for each in found.values() if each.state == "unknown"]
    assert f"ses:{operation}" in found[subject].fix
    assert "identity" in found


@pytest.mark.parametrize(
    ("error", "subject", "fix"),
    [
        (AuthenticationFailed("none", category="credentials"), "credentials", "AWS_ACCESS_KEY_ID"),
        (
            AwsResponse(status_code=403, error_code="ExpiredToken", error_message="old"),
            "credentials_expired",
            "renew",
        ),
        (
            AwsResponse(status_code=403, error_code="InvalidClientTokenId", error_message="?"),
            "credentials",
            "AWS_ACCESS_KEY_ID",
        ),
        (AwsResponse(status_code=403, error_code="RequestExpired"), "clock", "clock"),
        (SendError("none", category="region"), "region", "--option region_name="),
        (NetworkError("refused"), "account", "network"),
    ],
)
def test_faults_that_end_the_check(look, error: Any, subject: str, fix: str):
    """Where nothing else can be looked at, there is one finding."""
    found = look({"GetAccount": error})

    assert [(subject, "wrong")] == [(each.subject, each.state) for each in found.values()]
    assert fix in found[subject].fix


@pytest.mark.parametrize(("region", "hint"), [("eu-west-1", False), ("eu-middle-9", True)])
def test_region_that_is_none(look, region: str, hint: bool):
    """If nobody answers and boto3 does not know the region, that may be why."""
    found = look({"GetAccount": NetworkError("refused")}, {"region_name": region})

    assert hint == ("boto3 knows no SES in eu-middle-9" in found["account"].fix)


def test_address_that_is_verified_by_itself(look):
    """An address may be verified without its domain; then there is no DKIM to look at."""
    answer = {"shop@mail.example.com": {**IDENTITY, "DkimAttributes": {}}}

    found = look({"GetEmailIdentity": answer})

    assert ("ok", "ok") == (found["identity"].state, found["dkim"].state)


@pytest.mark.parametrize(
    ("listed", "state"),
    [
        ([("SUCCESS", True)], "ok"),
        ([("PENDING", False), ("SUCCESS", True)], "ok"),
        ([("PENDING", False)], "wrong"),
        ([("SUCCESS", False)], "wrong"),
        ([], "wrong"),
    ],
)
def test_any_identity(look, listed: list[tuple[str, bool]], state: str):
    """Without a sender, one verified identity is enough."""
    entries = [
        {"IdentityName": f"d{n}.example", "VerificationStatus": status, "SendingEnabled": enabled}
        for n, (status, enabled) in enumerate(listed)
    ]

    found = look({"ListEmailIdentities": {"EmailIdentities": entries}}, sender=None)

    assert state == found["identity"].state


def test_sandbox_that_is_all_right(look):
    """Whoever develops in the sandbox says so."""
    answers = {"GetAccount": {**ACCOUNT, "ProductionAccessEnabled": False}}

    assert "ok" == look(answers, sandbox_ok=True)["sandbox"].state


def test_no_configuration_set(look):
    """A provider without a configuration set is well, and is told what it misses."""
    found = look(options={"configuration_set_name": None})["configuration set"]

    assert "ok" == found.state
    assert "no events" in found.text


def test_test_message_that_is_refused(look):
    """Only sending shows whether the credentials may send."""
    found = look({"SendEmail": DENIED}, test_send=True)

    assert "wrong" == found["test message"].state
    assert "IAM policy" in found["test message"].text


@pytest.fixture
def ses(invented_credentials):
    """A local SES."""
    with LocalSes(region_name="eu-west-1") as running:
        yield running


def test_command(ses, capsys):
    """On the command line the exit code is 0 only if all is well."""
    options = ["--option", "region_name=eu-west-1", "--option", f"endpoint_url={ses.url}"]
    arguments = ["ses", "check", "--from", "Shop <shop@example.com>", "--test-send", *options]
    before = main(arguments)
    table = capsys.readouterr().out
    main(["ses", "identities", "create", "example.com", *options])
    capsys.readouterr()
    after = main([*arguments, "--json"])
    value = json.loads(capsys.readouterr().out)

    assert (1, 0) == (before, after)
    assert "identities create example.com" in table
    assert value["ok"]
    assert {"ok"} == {each["state"] for each in value["findings"]}
    assert ["success@simulator.amazonses.com"] * 2 == [each.to[0] for each in ses.messages]


def test_command_without_credentials(invented_credentials, capsys, monkeypatch):
    """Missing credentials and a missing region are findings, not tracebacks."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = []
    for options in (["--option", "region_name=eu-west-1"], []):
        assert 1 == main(["ses", "check", "--json", *options])
        (finding,) = json.loads(capsys.readouterr().out)["findings"]
        found.append((finding["subject"], finding["state"]))

    assert [("credentials", "wrong"), ("region", "wrong")] == found


def test_quiet(ses, capsys):
    """What is well is not told: cron writes no mail, or one that says what to do."""
    options = ["--option", "region_name=eu-west-1", "--option", f"endpoint_url={ses.url}"]
    arguments = ["ses", "check", "--from", "shop@example.com", "--quiet", *options]

    assert 1 == main(arguments)
    written = capsys.readouterr()

    assert "" == written.out
    assert "mailcore: error: identity: " in written.err
    assert "credentials" not in written.err
