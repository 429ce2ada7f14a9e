"""What the set-up of events and of receiving finds in AWS: each answer in its place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mailcore.errors import SendError
from mailcore.flow import run
from mailcore_ses.aws import AwsResponse
from mailcore_ses.setup import event_flow, inbound_flow
from mailcore_ses.setup.event_plan import Existing
from mailcore_ses.setup.event_setup import EventSetup
from mailcore_ses.setup.inbound_plan import ExistingInbound
from mailcore_ses.setup.inbound_plan import plan as inbound_plan
from mailcore_ses.setup.inbound_setup import InboundSetup
from mailcore_ses.setup.topic_flow import read_account_id


ACCOUNT, REGION = "123456789012", "eu-west-1"
SHARED = {
    "account_id": ACCOUNT,
    "region_name": REGION,
    "https_endpoint": "https://sns:s3cret@shop.example/hook",
    "queue_name": "events",
}
EVENTS = EventSetup(**SHARED, identities=["shop.example", "ada@shop.example"])
INBOUND = InboundSetup(**SHARED, recipients=["in.shop.example"], bucket_name="shop-mail")
URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}"
OWNED = {"Bucket": "shop-mail", "ExpectedBucketOwner": ACCOUNT}
SUBSCRIPTION = {
    "SubscriptionArn": "arn:aws:sns:eu-west-1:123456789012:t:1",
    "Protocol": "https",
    "Endpoint": "https://sns:****@shop.example/hook",
}


def refused(code, status_code=400):
    """An answer of AWS with an error."""
    return AwsResponse(status_code=status_code, error_code=code)


class Aws:
    """A transport that answers by operation, and holds every call against the service's model."""

    def __init__(self, valid, answers):
        self.valid = valid
        self.answers = {name: list(each) for name, each in answers.items()}
        self.calls = []

    def exchange(self, call):
        self.valid(call)
        self.calls.append((call.service, call.operation, dict(call.params), call.region_name))
        answer = self.answers[call.operation].pop(0)
        if isinstance(answer, AwsResponse):
            return answer
        return AwsResponse(status_code=200, body=answer)

    def close(self):
        pass


def of_topic(topic_arn):
    """What is asked about topic and listeners, the answers, and what is known then."""
    queues = [
        {"QueueUrl": f"{URL}/{name}", "AttributeNames": ["All"]}
        for name in ("events", "events-dead")
    ]
    subscription = {"SubscriptionArn": SUBSCRIPTION["SubscriptionArn"]}
    calls = [
        ("sns", "GetTopicAttributes", {"TopicArn": topic_arn}, REGION),
        ("sns", "ListSubscriptionsByTopic", {"TopicArn": topic_arn}, REGION),
        ("sns", "ListSubscriptionsByTopic", {"TopicArn": topic_arn, "NextToken": "2"}, REGION),
        ("sns", "GetSubscriptionAttributes", subscription, REGION),
        *[("sqs", "GetQueueAttributes", asked, REGION) for asked in queues],
    ]
    answers = {
        "GetTopicAttributes": [{"Attributes": {"Policy": "{}"}}],
        "ListSubscriptionsByTopic": [
            {"Subscriptions": [{"Protocol": "sqs"}], "NextToken": "2"},
            {"Subscriptions": [SUBSCRIPTION]},
        ],
        "GetSubscriptionAttributes": [{"Attributes": {"RedrivePolicy": "{}"}}],
        "GetQueueAttributes": [
            {"Attributes": {"VisibilityTimeout": "5"}},
            refused("AWS.SimpleQueueService.NonExistentQueue"),
        ],
    }
    known = {
        "topic": {"Policy": "{}"},
        "subscriptions": ({"Protocol": "sqs"}, SUBSCRIPTION),
        "webhook_attributes": {"RedrivePolicy": "{}"},
        "queues": {"events": {"VisibilityTimeout": "5"}},
    }
    return calls, answers, known


def none_of_topic(topic_arn):
    """The same where there is nothing."""
    calls, _, _ = of_topic(topic_arn)
    answers = {
        "GetTopicAttributes": [refused("NotFound", 404)],
        "GetQueueAttributes": [refused("QueueDoesNotExist")] * 2,
    }
    return [call for call in calls if call[1] in answers], answers


def asked_of_events():
    """What is asked about what publishes."""
    return [
        (
            "sesv2",
            "GetConfigurationSetEventDestinations",
            {"ConfigurationSetName": "events"},
            None,
        ),
        *[
            ("ses", "GetIdentityNotificationAttributes", {"Identities": [identity]}, None)
            for identity in EVENTS.identities
        ],
    ]


def test_events(valid):
    """Of each identity its own notifications, of the destinations the one of that name."""
    calls, answers, known = of_topic(EVENTS.topic_arn)
    wanted = {"Name": "mailcore", "Enabled": True}
    notifications = {"shop.example": {"BounceTopic": "a"}, "ada@shop.example": {"BounceTopic": "b"}}
    aws = Aws(
        valid,
        {
            **answers,
            "GetConfigurationSetEventDestinations": [
                {"EventDestinations": [{"Name": "other"}, wanted]}
            ],
            "GetIdentityNotificationAttributes": [
                {"NotificationAttributes": {name: each}} for name, each in notifications.items()
            ],
        },
    )

    existing = run(event_flow.read_existing(EVENTS), aws)

    assert existing == Existing(
        **known, has_configuration_set=True, destination=wanted, notifications=notifications
    )
    assert [*calls, *asked_of_events()] == aws.calls


def test_nothing_for_events(valid):
    """An identity that the account does not have has no notifications."""
    calls, answers = none_of_topic(EVENTS.topic_arn)
    aws = Aws(
        valid,
        {
            **answers,
            "GetConfigurationSetEventDestinations": [refused("NotFoundException", 404)],
            "GetIdentityNotificationAttributes": [{"NotificationAttributes": {}}, {}],
        },
    )

    existing = run(event_flow.read_existing(EVENTS), aws)

    assert existing == Existing(notifications={"shop.example": {}, "ada@shop.example": {}})
    assert [*calls, *asked_of_events()] == aws.calls


def test_events_of_identities_alone(valid):
    """No configuration set is asked for where none is wanted."""
    _, answers = none_of_topic(EVENTS.topic_arn)
    aws = Aws(valid, {**answers, "GetIdentityNotificationAttributes": [{}]})
    wanted = EventSetup(**SHARED, identities=["shop.example"], configuration_set_name=None)

    existing = run(event_flow.read_existing(wanted), aws)

    assert existing == Existing(notifications={"shop.example": {}})


def test_a_webhook_without_a_queue(valid):
    """What its dead-letter queue has is read all the same."""
    _, answers, _ = of_topic(EVENTS.topic_arn)
    answers["GetQueueAttributes"] = [{"Attributes": {"Policy": "{}"}}]
    aws = Aws(valid, {**answers, "GetConfigurationSetEventDestinations": [{}]})
    wanted = EventSetup(**{**SHARED, "queue_name": None})

    existing = run(event_flow.read_existing(wanted), aws)

    assert {"ses-events-dead": {"Policy": "{}"}} == existing.queues


def asked_for_receiving(*, has_bucket):
    """What is asked about bucket and rules."""
    of_bucket = ("GetPublicAccessBlock", "GetBucketPolicy") if has_bucket else ()
    return [
        *[("s3", operation, OWNED, REGION) for operation in ("HeadBucket", *of_bucket)],
        ("ses", "DescribeReceiptRuleSet", {"RuleSetName": "mailcore"}, None),
        ("ses", "DescribeActiveReceiptRuleSet", {}, None),
    ]


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        (
            {
                "GetPublicAccessBlock": {
                    "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}
                },
                "GetBucketPolicy": {"Policy": '{"Statement": []}'},
                "DescribeReceiptRuleSet": {"Rules": [{"Name": "first"}]},
                "DescribeActiveReceiptRuleSet": {"Metadata": {"Name": "others"}},
            },
            {
                "public_access_block": {"BlockPublicAcls": True},
                "bucket_policy": '{"Statement": []}',
                "rules": ({"Name": "first"},),
                "active_rule_set_name": "others",
            },
        ),
        (
            {
                "GetPublicAccessBlock": refused("NoSuchPublicAccessBlockConfiguration", 404),
                "GetBucketPolicy": refused("NoSuchBucketPolicy", 404),
                "DescribeReceiptRuleSet": {},
                "DescribeActiveReceiptRuleSet": {},
            },
            {
                "public_access_block": {},
                "bucket_policy": None,
                "rules": (),
                "active_rule_set_name": "",
            },
        ),
    ],
    ids=["all", "bucket and rule set"],
)
def test_receiving(answers, known, valid):
    """Bucket, what protects it, and rules."""
    calls, of_all, known_of_topic = of_topic(INBOUND.topic_arn)
    aws = Aws(valid, {**of_all, "HeadBucket": [{}], **{n: [each] for n, each in answers.items()}})

    existing = run(inbound_flow.read_existing(INBOUND), aws)

    assert existing == ExistingInbound(**known_of_topic, has_bucket=True, **known)
    assert [*calls, *asked_for_receiving(has_bucket=True)] == aws.calls


@pytest.mark.parametrize("code", ["404", "NoSuchBucket"])
def test_nothing_to_receive(code, valid):
    """Nothing is asked about a bucket that is not there."""
    calls, answers = none_of_topic(INBOUND.topic_arn)
    aws = Aws(
        valid,
        {
            **answers,
            "HeadBucket": [refused(code, 404)],
            "DescribeReceiptRuleSet": [refused("RuleSetDoesNotExist")],
            "DescribeActiveReceiptRuleSet": [{}],
        },
    )

    existing = run(inbound_flow.read_existing(INBOUND), aws)

    assert existing == ExistingInbound(public_access_block={}, active_rule_set_name="")
    assert [*calls, *asked_for_receiving(has_bucket=False)] == aws.calls


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("HeadBucket", "403"),
        ("GetPublicAccessBlock", "NoSuchBucketPolicy"),
        ("GetBucketPolicy", "NotFound"),
        ("DescribeReceiptRuleSet", "NotFound"),
    ],
)
def test_what_is_no_absence(operation, code, valid):
    """Only the error that says so: any other would have something made that is there already."""
    _, answers, _ = of_topic(INBOUND.topic_arn)
    others = {
        "HeadBucket": [{}],
        "GetPublicAccessBlock": [{}],
        "GetBucketPolicy": [{}],
        "DescribeReceiptRuleSet": [{}],
    }
    aws = Aws(valid, {**answers, **others, operation: [refused(code, 403)]})

    with pytest.raises(SendError, match=operation):
        run(inbound_flow.read_existing(INBOUND), aws)


def test_what_is_missing_is_made():
    """All of it, in order; who asked is told what."""
    calls = []

    def exchange(call):
        calls.append(call)
        return AwsResponse(status_code=200)

    made = run(
        inbound_flow.apply(INBOUND, ExistingInbound(has_bucket=True)),
        SimpleNamespace(exchange=exchange, close=lambda: None),
    )

    assert inbound_plan(INBOUND, ExistingInbound(has_bucket=True)) == made == tuple(calls)


@pytest.mark.parametrize(("body", "account_id"), [({"Account": ACCOUNT}, ACCOUNT), ({}, "")])
def test_the_account_of_the_credentials(body, account_id, valid):
    """STS tells it, in the region of the set-up."""
    aws = Aws(valid, {"GetCallerIdentity": [body]})

    assert account_id == run(read_account_id(REGION), aws)
    assert [("sts", "GetCallerIdentity", {}, REGION)] == aws.calls
