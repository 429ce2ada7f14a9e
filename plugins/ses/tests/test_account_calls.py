"""What the account is asked, and what is read of the answers: each field in its place."""

from __future__ import annotations

import time

from datetime import datetime, timedelta, timezone

import pytest

from mailcore.account import Page, SendingQuota, SuppressionFilter
from mailcore.flow import run
from mailcore_ses.account.identities import (
    Dkim,
    Identity,
    IdentitySummary,
    create_identity,
    delete_identity,
    get_identity,
    identities_page,
)
from mailcore_ses.account.status import AccountStatus, SendQuota, get_status, sending_quota
from mailcore_ses.account.suppression import SesSuppressions, SuppressedAddress
from mailcore_ses.aws import AwsResponse


AT = datetime(2026, 11, 20, 9, 15, tzinfo=timezone.utc)
BERLIN = timezone(timedelta(hours=1))
ADA = "ada@example.net"
ABSENT = AwsResponse(status_code=404, error_code="NotFoundException")
ACCOUNT = {
    "SendQuota": {"Max24HourSend": 200, "MaxSendRate": 1.5, "SentLast24Hours": 7},
    "SendingEnabled": True,
    "EnforcementStatus": "PROBATION",
    "ProductionAccessEnabled": False,
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]},
}
DOMAIN = {
    "IdentityType": "DOMAIN",
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "DkimAttributes": {
        "SigningEnabled": True,
        "Status": "PENDING",
        "Tokens": ["a", "b"],
        "SigningAttributesOrigin": "AWS_SES",
        "SigningHostedZone": "dkim.example",
    },
    "MailFromAttributes": {"MailFromDomain": "m.x.org", "MailFromDomainStatus": "FAILED"},
    "ConfigurationSetName": "tx",
}
WHOLE = Identity(
    name="x.org",
    kind="DOMAIN",
    verified_for_sending=True,
    verification_status="SUCCESS",
    dkim=Dkim(
        signing_enabled=True,
        status="PENDING",
        tokens=("a", "b"),
        origin="AWS_SES",
        hosted_zone="dkim.example",
    ),
    mail_from_domain="m.x.org",
    mail_from_status="FAILED",
    configuration_set_name="tx",
)
BARE = Identity(
    name="x.org",
    kind="",
    verified_for_sending=False,
    verification_status="",
    dkim=Dkim(signing_enabled=False, status=""),
)
ENTRY = {"EmailAddress": ADA, "Reason": "BOUNCE", "LastUpdateTime": AT.astimezone(BERLIN)}
ATTRIBUTES = {"MessageId": "m-1", "FeedbackId": "f-1"}
SUPPRESSED = SuppressedAddress(email_address=ADA, reason="BOUNCE", updated_at=AT)
BY_BOUNCE = SuppressedAddress(
    email_address=ADA, reason="BOUNCE", updated_at=AT, message_id="m-1", feedback_id="f-1"
)
LIST = SesSuppressions()
GET = ("GetSuppressedDestination", {"EmailAddress": ADA})
DELETE = ("DeleteSuppressedDestination", {"EmailAddress": ADA})
FOUND = {"SuppressedDestination": {**ENTRY, "Attributes": ATTRIBUTES}}
NARROW = SuppressionFilter(reasons=("BOUNCE",), start=AT, end=AT + timedelta(days=1))

TABLE = {
    "status": (
        get_status,
        [("GetAccount", {}, ACCOUNT)],
        AccountStatus(
            quota=SendQuota(max_send_rate=1.5, max_24_hour_send=200, sent_last_24_hours=7),
            sending_enabled=True,
            enforcement_status="PROBATION",
            production_access=False,
            suppressed_reasons=("BOUNCE",),
        ),
    ),
    "quota": (
        sending_quota,
        [("GetAccount", {}, ACCOUNT)],
        SendingQuota(per_second=1.5, per_day=200, used_today=7),
    ),
    "no quota at all": (
        sending_quota,
        [
            (
                "GetAccount",
                {},
                {**ACCOUNT, "SendQuota": {**ACCOUNT["SendQuota"], "Max24HourSend": 0}},
            )
        ],
        SendingQuota(per_second=1.5, per_day=0, used_today=7),
    ),
    "identities": (
        lambda: identities_page("2", page_size=5),
        [
            (
                "ListEmailIdentities",
                {"PageSize": 5, "NextToken": "2"},
                {
                    "EmailIdentities": [
                        {
                            "IdentityName": "x.org",
                            "IdentityType": "DOMAIN",
                            "SendingEnabled": True,
                            "VerificationStatus": "SUCCESS",
                        },
                        {"IdentityName": ADA},
                    ],
                    "NextToken": "3",
                },
            )
        ],
        Page(
            items=(
                IdentitySummary(
                    name="x.org",
                    kind="DOMAIN",
                    sending_enabled=True,
                    verification_status="SUCCESS",
                ),
                IdentitySummary(name=ADA, kind="", sending_enabled=False, verification_status=""),
            ),
            next_token="3",
        ),
    ),
    "first identities": (
        identities_page,
        [("ListEmailIdentities", {"PageSize": 1000}, {})],
        Page(items=(), next_token=""),
    ),
    "identity": (
        lambda: get_identity("x.org"),
        [("GetEmailIdentity", {"EmailIdentity": "x.org"}, DOMAIN)],
        WHOLE,
    ),
    "bare identity": (
        lambda: get_identity("x.org"),
        [("GetEmailIdentity", {"EmailIdentity": "x.org"}, {})],
        BARE,
    ),
    "created": (
        lambda: create_identity("x.org"),
        [("CreateEmailIdentity", {"EmailIdentity": "x.org"}, {})],
        BARE,
    ),
    "created with a set": (
        lambda: create_identity("x.org", configuration_set_name="tx"),
        [
            (
                "CreateEmailIdentity",
                {"EmailIdentity": "x.org", "ConfigurationSetName": "tx"},
                {name: value for name, value in DOMAIN.items() if name != "ConfigurationSetName"},
            )
        ],
        WHOLE,
    ),
    "deleted": (
        lambda: delete_identity("x.org"),
        [("DeleteEmailIdentity", {"EmailIdentity": "x.org"}, {})],
        True,
    ),
    "not deleted": (
        lambda: delete_identity("x.org"),
        [("DeleteEmailIdentity", {"EmailIdentity": "x.org"}, ABSENT)],
        False,
    ),
    "suppressed": (
        lambda: LIST.page("2", NARROW, 7),
        [
            (
                "ListSuppressedDestinations",
                {
                    "PageSize": 7,
                    "NextToken": "2",
                    "Reasons": ["BOUNCE"],
                    "StartDate": AT,
                    "EndDate": AT + timedelta(days=1),
                },
                {"SuppressedDestinationSummaries": [ENTRY], "NextToken": "3"},
            )
        ],
        Page(items=(SUPPRESSED,), next_token="3"),
    ),
    "first suppressed": (
        lambda: LIST.page("", SuppressionFilter(), 7),
        [("ListSuppressedDestinations", {"PageSize": 7}, {})],
        Page(items=(), next_token=""),
    ),
    "one suppressed": (lambda: LIST.get(ADA), [(*GET, FOUND)], BY_BOUNCE),
    "one that is not": (lambda: LIST.get(ADA), [(*GET, ABSENT)], None),
    "put": (
        lambda: LIST.put((ADA, "b@example.net"), "COMPLAINT"),
        [
            ("PutSuppressedDestination", {"EmailAddress": each, "Reason": "COMPLAINT"}, {})
            for each in (ADA, "b@example.net")
        ],
        {},
    ),
    "taken off": (lambda: LIST.delete(ADA, ()), [(*DELETE, {})], True),
    "taken off by nobody": (lambda: LIST.delete(ADA, ()), [(*DELETE, ABSENT)], False),
    "taken off for a reason": (
        lambda: LIST.delete(ADA, ("COMPLAINT", "BOUNCE")),
        [(*GET, FOUND), (*DELETE, {})],
        True,
    ),
    "of another reason": (lambda: LIST.delete(ADA, ("COMPLAINT",)), [(*GET, FOUND)], False),
    "of no reason": (lambda: LIST.delete(ADA, ("COMPLAINT",)), [(*GET, ABSENT)], False),
}


class Aws:
    """A transport that answers by a script, and holds every call against the model of SES."""

    def __init__(self, valid, answers):
        self.valid = valid
        self.answers = iter(answers)
        self.calls = []

    def exchange(self, call):
        assert "sesv2" == self.valid(call).service
        self.calls.append((call.operation, call.params))
        answer = next(self.answers)
        if isinstance(answer, AwsResponse):
            return answer
        return AwsResponse(status_code=200, body=answer)

    def close(self):
        pass


@pytest.mark.parametrize(("flow", "exchanges", "expected"), TABLE.values(), ids=TABLE)
def test_calls_and_answers(flow, exchanges, expected, valid):
    """What is asked fits SES's model; what is answered is read whole."""
    aws = Aws(valid, [answer for _, _, answer in exchanges])

    found = run(flow(), aws)

    assert expected == found
    assert [(operation, params) for operation, params, _ in exchanges] == aws.calls


def test_times_are_in_utc(valid, monkeypatch):
    """Wherever the machine is."""
    monkeypatch.setenv("TZ", "XYZ-3")
    time.tzset()
    try:
        found = run(LIST.get(ADA), Aws(valid, [FOUND]))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert (AT, timezone.utc) == (found.updated_at, found.updated_at.tzinfo)
