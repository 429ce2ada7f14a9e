"""The IAM policies are held against the calls that the code makes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from botocore.loaders import Loader
from botocore.model import ServiceModel

from mailcore import InboundEvent, Message, get_provider
from mailcore.flow import HttpRequest, HttpResponse, run
from mailcore_ses import iam
from mailcore_ses.account import SesAccount
from mailcore_ses.account.check import check
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.aws.client_encryption import key_call
from mailcore_ses.intake.sqs_queue import QueueMessage, SqsQueue
from mailcore_ses.setup import inbound_flow as inbound_setup_flow
from mailcore_ses.setup.event_flow import apply
from mailcore_ses.setup.event_setup import EventSetup
from mailcore_ses.setup.inbound_setup import InboundSetup
from mailcore_ses.setup.topic_flow import read_account_id


PACKAGE = Path(iam.__file__).parent
# The services that the code calls, and the prefixes of their actions.
PREFIXES = {
    "sesv2": "ses",
    "ses": "ses",
    "sns": "sns",
    "sqs": "sqs",
    "sts": "sts",
    "s3": "s3",
    "kms": "kms",
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"

# Which kinds of resources an action can be limited to, by AWS's service authorization reference
# (addresses in mailcore_ses.iam; read 2026-11-21): SES v2, SES, SNS. The actions that send are
# checked for each resource that a message uses; nothing is said of ses:SendBulkEmail.
RESOURCES = {
    "ses:SendEmail": {"identity", "configuration-set", "template"},
    "ses:SendRawEmail": {"identity", "configuration-set"},
    "ses:SendTemplatedEmail": {"identity", "configuration-set", "template"},
    "ses:SendBulkTemplatedEmail": {"identity", "configuration-set", "template"},
    "ses:SendBulkEmail": set(),
    "ses:GetAccount": set(),
    "ses:GetSendStatistics": set(),
    "ses:CreateEmailIdentity": set(),
    "ses:ListEmailIdentities": set(),
    "ses:DeleteEmailIdentity": {"identity"},
    "ses:GetEmailIdentity": {"identity"},
    "ses:DeleteSuppressedDestination": set(),
    "ses:GetSuppressedDestination": set(),
    "ses:ListSuppressedDestinations": set(),
    "ses:PutSuppressedDestination": set(),
    "ses:GetConfigurationSet": {"configuration-set"},
    "ses:GetConfigurationSetEventDestinations": {"configuration-set"},
    "ses:CreateConfigurationSet": set(),
    "ses:GetIdentityNotificationAttributes": set(),
    "ses:SetIdentityFeedbackForwardingEnabled": set(),
    "ses:SetIdentityHeadersInNotificationsEnabled": set(),
    "ses:SetIdentityNotificationTopic": set(),
    "ses:CreateConfigurationSetEventDestination": {"configuration-set"},
    "ses:UpdateConfigurationSetEventDestination": {"configuration-set"},
    "ses:CreateReceiptRule": set(),
    "ses:CreateReceiptRuleSet": set(),
    "ses:DescribeActiveReceiptRuleSet": set(),
    "ses:DescribeReceiptRuleSet": set(),
    "ses:SetActiveReceiptRuleSet": set(),
    "ses:UpdateReceiptRule": set(),
    "s3:CreateBucket": {"arn:aws:s3:::*"},
    "s3:GetBucketPolicy": {"arn:aws:s3:::*"},
    "s3:GetBucketPublicAccessBlock": {"arn:aws:s3:::*"},
    "s3:ListBucket": {"arn:aws:s3:::*"},
    "s3:PutBucketPolicy": {"arn:aws:s3:::*"},
    "s3:PutBucketPublicAccessBlock": {"arn:aws:s3:::*"},
    "sns:ConfirmSubscription": {"arn:aws:sns:*:*:*"},
    # Not limited: the reference was not read for these two, and a subscription is no topic.
    "sns:GetSubscriptionAttributes": set(),
    "sns:SetSubscriptionAttributes": set(),
    "sns:CreateTopic": {"arn:aws:sns:*:*:*"},
    "sns:GetTopicAttributes": {"arn:aws:sns:*:*:*"},
    "sns:ListSubscriptionsByTopic": {"arn:aws:sns:*:*:*"},
    "sns:SetTopicAttributes": {"arn:aws:sns:*:*:*"},
    "sns:Subscribe": {"arn:aws:sns:*:*:*"},
    "sqs:CreateQueue": {"arn:aws:sqs:*:*:*"},
    "sqs:SetQueueAttributes": {"arn:aws:sqs:*:*:*"},
    "sqs:ChangeMessageVisibility": {"arn:aws:sqs:*:*:*"},
    "sqs:DeleteMessage": {"arn:aws:sqs:*:*:*"},
    "sqs:GetQueueAttributes": {"arn:aws:sqs:*:*:*"},
    "sqs:ReceiveMessage": {"arn:aws:sqs:*:*:*"},
    "s3:GetObject": {"arn:aws:s3:::*/*"},
    "s3:DeleteObject": {"arn:aws:s3:::*/*"},
    "kms:Decrypt": {"arn:aws:kms:*:*:key/*"},
}
MAIL = InboundEvent(provider="ses", location={"bucketName": "in", "objectKey": "1"})


@dataclass
class Recorder:
    """A transport that notes every call; answers are empty but for what flows cannot do without."""

    certificate: bytes = b""
    calls: list[AwsCall] = field(default_factory=list)
    is_empty: bool = False
    """Whether nothing is there that can be looked at."""

    def exchange(self, request: Any) -> Any:
        if isinstance(request, HttpRequest):
            return HttpResponse(status_code=200, body=self.certificate)
        self.calls.append(request)
        if self.is_empty and request.operation.startswith(("Get", "Head", "DescribeReceipt")):
            code = ABSENT.get(request.operation, "NotFound")
            return AwsResponse(status_code=404, error_code=code)
        return AwsResponse(status_code=200, body=BODIES.get(request.operation, {}))

    def close(self) -> None:
        pass


ABSENT = {"HeadBucket": "404", "DescribeReceiptRuleSet": "RuleSetDoesNotExist"}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "GetAccount": {
        "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0},
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": True,
    },
    "GetEmailIdentity": {"VerifiedForSendingStatus": True},
    "GetConfigurationSetEventDestinations": {"EventDestinations": [{"Name": "mailcore"}]},
    "ListSubscriptionsByTopic": {
        "Subscriptions": [
            {
                "Protocol": "https",
                "Endpoint": "https://x.example/ses",
                "SubscriptionArn": f"{TOPIC}:1",
            }
        ]
    },
    "ConfirmSubscription": {"SubscriptionArn": f"{TOPIC}:1"},
    "DescribeReceiptRuleSet": {
        "Rules": [
            {
                "Name": "mailcore-inbound",
                "Recipients": ["other.example"],
                "Actions": [
                    {
                        "S3Action": {
                            "BucketName": "x-mail",
                            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses-inbound",
                        }
                    }
                ],
            }
        ]
    },
    "GetObject": {"Body": b"From: a@x.example\r\n\r\n"},
}


# By S3's API reference (addresses in mailcore_ses.setup.iam_policies).
ACTIONS_OF_S3 = {
    "HeadBucket": "ListBucket",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def actions_for(call: AwsCall) -> set[str]:
    """The actions that AWS checks a call against: its own name, and for sending some more."""
    if call.operation == "GetCallerIdentity":
        # "No permissions are required to perform this operation": STS, GetCallerIdentity.
        return set()
    # "Specifying SendMessage, DeleteMessage, or ChangeMessageVisibility … also grants permissions
    # for the corresponding batch versions": SQS, AddPermission.
    name = call.operation.removesuffix("Batch") if call.service == "sqs" else call.operation
    if call.service == "s3":
        name = ACTIONS_OF_S3.get(name, name)
    actions = {f"{PREFIXES[call.service]}:{name}"}
    if call.service == "sesv2" and call.operation == "SendEmail":
        content = call.params["Content"]
        if "Raw" in content:
            actions.add("ses:SendRawEmail")
        if "Template" in content:
            actions.add("ses:SendTemplatedEmail")
    if call.service == "sesv2" and call.operation == "SendBulkEmail":
        actions.add("ses:SendBulkTemplatedEmail")
    return actions


def message(**fields: Any) -> Message:
    """A message."""
    base = {"from_email": "a@x.example", "to": ["b@x.example"]}
    return Message(**{**base, **fields})


COMPLETE = [
    message(subject="s", text="t"),
    message(subject="s", text="t", merge_metadata={"b@x.example": {"n": 1}}),
    message(subject="s", text="t", to=["b@x.example", "c@x.example"], merge_metadata={}),
    message(subject="s", text="t", esp_extra={"ses": {"content": "simple"}}),
]
TEMPLATED = [
    message(template_id="t"),
    message(template_id="t", merge_global_data={"n": 1}),
    message(template_id="t", merge_data={"b@x.example": {"n": 1}}),
]
INLINE = message(subject="s", text="{{n}}", merge_data={"b@x.example": {"n": 1}})


def send(messages: list[Message], api_version: str, recorder: Recorder) -> None:
    """Build the calls that send some messages, in every way of writing them."""
    contents = ("raw", "simple") if api_version == "v2" else ("raw",)
    for content in contents:
        provider = get_provider(
            "ses", region_name="eu-west-1", api_version=api_version, content=content
        )
        for each in messages:
            recorder.calls += provider.build(each)


def send_v1(recorder: Recorder) -> None:
    """Send everything that version 1 of the API has."""
    send([*COMPLETE[:3], *TEMPLATED], "v1", recorder)


def confirm(recorder: Recorder, request: Any) -> None:
    """Receive the request of a new subscription."""
    provider = get_provider("ses", region_name="eu-west-1", topic_arns=[TOPIC])
    run(provider.verify_webhook(request), recorder)


def look_after_identities(recorder: Recorder) -> None:
    """Do all that can be done with identities."""
    account = SesAccount(recorder)
    list(account.identities())
    account.identity("x.example")
    account.create_identity("x.example")
    account.delete_identity("x.example")


def look_after_suppression(recorder: Recorder) -> None:
    """Do all that can be done with the suppression list."""
    account = SesAccount(recorder)
    list(account.suppressed())
    account.put_suppressed("a@x.example", "bounce")
    account.delete_suppressed("a@x.example")
    with pytest.raises(Exception, match="SuppressedDestination"):
        account.get_suppressed("a@x.example")


def read_a_queue(recorder: Recorder) -> None:
    """Do all that a consumer does with a queue."""
    queue = SqsQueue("https://sqs.eu-west-1.amazonaws.com/123456789012/events", recorder)
    queue.receive(max_messages=1, wait_seconds=0, visibility_timeout_seconds=30)
    messages = [QueueMessage(message_id="m", receipt_handle="r")]
    queue.set_visibility(messages, 30)
    queue.delete(messages)
    queue.has_dead_letter_queue()


def set_up_events(recorder: Recorder) -> None:
    """Look at what is there, make what is missing, and change what is not as wanted."""
    wanted = EventSetup(
        account_id="123456789012",
        region_name="eu-west-1",
        queue_name="events",
        https_endpoint="https://x.example/ses",
        identities=("x.example",),
        feedback_forwarding=False,
    )
    run(read_account_id("eu-west-1"), recorder)
    run(apply(wanted), recorder)
    recorder.is_empty = True
    run(apply(wanted), recorder)


def set_up_inbound(recorder: Recorder) -> None:
    """The same for receiving."""
    wanted = InboundSetup(
        account_id="123456789012",
        region_name="eu-west-1",
        queue_name="inbound",
        https_endpoint="https://x.example/ses",
        recipients=("in.x.example",),
        bucket_name="x-mail",
    )
    run(read_account_id("eu-west-1"), recorder)
    for is_empty in (False, True):
        recorder.is_empty = is_empty
        existing = run(inbound_setup_flow.read_existing(wanted), recorder)
        run(inbound_setup_flow.apply(wanted, existing), recorder)


def decrypt_mail(recorder: Recorder) -> None:
    """Do what an encrypted mail needs, once it was fetched."""
    metadata = {
        "x-amz-key-v2": "AAAA",
        "x-amz-iv": "AAAAAAAAAAAAAAAA",
        "x-amz-cek-alg": "AES/GCM/NoPadding",
        "x-amz-wrap-alg": "kms",
        "x-amz-matdesc": "{}",
    }
    recorder.calls.append(key_call(metadata, kms_key_arn=None, region_name=None))


def look_at_everything(recorder: Recorder) -> None:
    """Check, with and without a sender."""
    provider = get_provider("ses", region_name="eu-west-1", configuration_set_name="tx")
    for sender in ("a@x.example", None):
        run(check(provider, sender=sender), recorder)


FEATURES: dict[str, Callable[[Recorder], object]] = {
    "send": partial(send, COMPLETE, "v2"),
    "templates": partial(send, [*TEMPLATED, INLINE], "v2"),
    "send-v1": send_v1,
    "queue": read_a_queue,
    "event-setup": set_up_events,
    "inbound-setup": set_up_inbound,
    "inbound": lambda recorder: run(get_provider("ses").fetch_inbound(MAIL), recorder),
    "inbound-delete": lambda recorder: run(get_provider("ses").delete_inbound(MAIL), recorder),
    "inbound-kms": decrypt_mail,
    "account": lambda recorder: SesAccount(recorder).status(),
    "statistics": lambda recorder: SesAccount(recorder).statistics(),
    "identities": look_after_identities,
    "suppression": look_after_suppression,
    "check": look_at_everything,
}


def policy(feature: str) -> iam.FeaturePolicy:
    """The policy of a feature."""
    (found,) = iam.chosen([feature])
    return found


@pytest.fixture
def recorder(invented_credentials, sns_key) -> Recorder:
    """A transport that notes calls."""
    return Recorder(certificate=sns_key.pem)


def assert_policy_fits(feature: str, calls: list[AwsCall]) -> None:
    """A policy names exactly these calls, and allows exactly their actions."""
    found = policy(feature)
    operations = sorted({f"{call.service}:{call.operation}" for call in calls})
    actions = sorted(set[str]().union(*map(actions_for, calls)))

    assert operations == list(found.operations)
    assert actions == list(found.actions)


@pytest.mark.parametrize("feature", FEATURES)
def test_policy_allows_what_the_feature_calls(recorder, feature: str):
    """A feature was run against a transport that notes calls: the policy is just right for them."""
    FEATURES[feature](recorder)

    assert_policy_fits(feature, recorder.calls)


def test_policy_of_events(recorder, sns_key, fields, post):
    """Receiving makes one call: it confirms the subscription."""
    confirm(recorder, post(sns_key.sign(fields("SubscriptionConfirmation", TopicArn=TOPIC))))

    assert_policy_fits("events", recorder.calls)


def test_every_feature_was_run():
    """No policy escapes the tests above."""
    assert {policy.feature for policy in iam.POLICIES} == {*FEATURES, "events"}


def operations_of(service: str) -> set[str]:
    """What a service can be asked for."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return set(model.operation_names)


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts in a module's code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.slow
def test_no_operation_without_a_policy():
    """Every operation that the code names is in a policy, lest a feature is forgotten here."""
    known = set[str]().union(*map(operations_of, PREFIXES))
    allowed = {o.partition(":")[2] for policy in iam.POLICIES for o in policy.operations}
    named: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        # The local SES answers calls and makes none.
        if path.name != "iam_policies.py" and path.relative_to(PACKAGE).parts[0] != "local":
            named |= known.intersection(texts(ast.parse(path.read_text(encoding="utf-8"))))

    assert "SendEmail" in named
    assert set() == named - allowed


@pytest.mark.slow
def test_operations_exist():
    """Policies name operations as the installed boto3 does."""
    for each in iam.POLICIES:
        for operation in each.operations:
            service, _, name = operation.partition(":")
            assert name in operations_of(service)


@pytest.mark.parametrize("feature", [policy.feature for policy in iam.POLICIES])
def test_resources(feature: str):
    """Actions are limited to the kinds of resources that AWS knows for them, else not at all."""
    for permission in policy(feature).permissions:
        for action in permission.actions:
            kinds = set(permission.resources)
            assert kinds <= RESOURCES[action] or (kinds == {"*"} and not RESOURCES[action])


def test_document():
    """Several features make one policy, each action once for the same resources."""
    document = iam.policy_document(iam.chosen(["account", "check", "statistics"]))

    assert {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["ses:GetAccount", "ses:GetSendStatistics", "ses:ListEmailIdentities"],
                "Resource": ["*"],
            },
            {
                "Effect": "Allow",
                "Action": ["ses:GetEmailIdentity"],
                "Resource": ["arn:aws:ses:*:*:identity/*"],
            },
            {
                "Effect": "Allow",
                "Action": ["ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations"],
                "Resource": ["arn:aws:ses:*:*:configuration-set/*"],
            },
        ],
    } == document


def test_feature_that_is_none():
    """A name that is none is refused with those that there are."""
    with pytest.raises(ValueError, match="no feature 'sned': there are send, templates"):
        iam.chosen(["sned"])


@pytest.mark.slow
def test_command():
    """The module prints a policy for the features named."""
    finished = subprocess.run(
        [sys.executable, "-m", "mailcore_ses.iam", "account"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert iam.policy_document(iam.chosen(["account"])) == json.loads(finished.stdout)
