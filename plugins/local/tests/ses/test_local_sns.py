from __future__ import annotations

import json

from typing import Any
from urllib.request import urlopen

import pytest

from botocore.exceptions import ClientError


MESSAGE: dict[str, Any] = {
    "FromEmailAddress": "shop@example.com",
    "Destination": {"ToAddresses": ["ada@example.net"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "Zoë"}}}},
    "ConfigurationSetName": "local",
}


@pytest.mark.parametrize("version", ["1", "2"])
def test_signatures_hold(start, connect, endpoint, verified, version: str):
    """Notification and confirmations carry a signature that another implementation accepts."""
    ses = start(signature_version=version)
    arn = ses.subscribe(endpoint.url, timeout_seconds=5)
    connect(ses).send_email(**MESSAGE)
    ses.wait_for_deliveries(2, 5)
    with urlopen(f"{ses.url}/?Action=Unsubscribe&SubscriptionArn={arn}") as response:
        assert 200 == response.status
    ses.drain(5)

    kinds = [post.json["Type"] for post in endpoint.posts]
    assert [
        "SubscriptionConfirmation",
        "Notification",
        "Notification",
        "UnsubscribeConfirmation",
    ] == kinds
    for post in endpoint.posts:
        envelope = post.json
        with urlopen(envelope["SigningCertURL"]) as response:
            certificate = response.read()
        assert ses.certificate_pem == certificate
        assert version == envelope["SignatureVersion"]
        assert verified(envelope, certificate)
        assert not verified({**envelope, "Message": envelope["Message"] + " "}, certificate)


def test_golden_text(start, connect_sns, endpoint, opens):
    """The signature covers the canonical text, written here by hand."""
    ses = start(signature_version="2", region_name="eu-west-1")
    ses.subscribe(endpoint.url, timeout_seconds=5)
    connect_sns(ses).publish(TopicArn=ses.topic_arn, Message="Grüße\nzwei", Subject="Betreff")
    ses.wait_for_deliveries(1, 5)
    envelope = endpoint.notifications[0].json

    text = (
        "Message\nGrüße\nzwei\n"
        f"MessageId\n{envelope['MessageId']}\n"
        "Subject\nBetreff\n"
        f"Timestamp\n{envelope['Timestamp']}\n"
        "TopicArn\narn:aws:sns:eu-west-1:123456789012:ses-events\n"
        "Type\nNotification\n"
    ).encode()

    assert opens(text, envelope, ses.certificate_pem)


def test_post_looks_like_sns(start, connect, endpoint):
    """Method, headers and envelope are those of SNS over HTTP."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    connect(ses).send_email(**MESSAGE)
    ses.wait_for_deliveries(2, 5)

    confirmation, post = endpoint.posts[0], endpoint.posts[1]
    envelope = post.json
    arn = post.headers["x-amz-sns-subscription-arn"]
    assert "text/plain; charset=UTF-8" == post.headers["content-type"]
    assert "Amazon Simple Notification Service Agent" == post.headers["user-agent"]
    assert envelope["MessageId"] == post.headers["x-amz-sns-message-id"]
    assert ses.topic_arn == post.headers["x-amz-sns-topic-arn"] == envelope["TopicArn"]
    assert arn.startswith(f"{ses.topic_arn}:")
    assert "x-amz-sns-subscription-arn" not in confirmation.headers
    assert f"{ses.url}/?Action=Unsubscribe&SubscriptionArn={arn}" == envelope["UnsubscribeURL"]
    assert "Amazon SES Email Event Notification" == envelope["Subject"]
    assert ses.certificate_url == envelope["SigningCertURL"]
    assert {"Token", "SubscribeURL"} <= set(confirmation.json)
    assert "Subject" not in confirmation.json


def test_confirmation_through_boto3(start, connect, connect_sns, endpoint):
    """Nothing is published before ConfirmSubscription; a wrong token confirms nothing."""
    ses = start(region_name="eu-west-1")
    client, sns = connect(ses), connect_sns(ses)
    endpoint.confirms = False
    pending = sns.subscribe(TopicArn=ses.topic_arn, Protocol="http", Endpoint=endpoint.url)
    ses.drain(5)
    token = endpoint.posts[0].json["Token"]
    client.send_email(**MESSAGE)
    ses.drain(5)
    assert "pending confirmation" == pending["SubscriptionArn"]
    assert [] == endpoint.notifications

    with pytest.raises(ClientError, match="Invalid parameter: Token"):
        sns.confirm_subscription(TopicArn=ses.topic_arn, Token=token[:-1])
    arn = sns.confirm_subscription(TopicArn=ses.topic_arn, Token=token)["SubscriptionArn"]
    client.send_email(**MESSAGE)
    ses.wait_for_deliveries(2, 5)

    assert arn == endpoint.notifications[0].headers["x-amz-sns-subscription-arn"]
    assert [arn] == [
        s["SubscriptionArn"]
        for s in sns.list_subscriptions_by_topic(TopicArn=ses.topic_arn)["Subscriptions"]
    ]


def test_waiting_for_a_confirmation_that_does_not_come(start, endpoint):
    """subscribe() with a deadline says so when the endpoint does not confirm."""
    ses = start()
    endpoint.confirms = False

    with pytest.raises(TimeoutError, match=r"not confirmed within 0\.05 seconds"):
        ses.subscribe(endpoint.url, timeout_seconds=0.05)


def test_unsubscribed_endpoint_can_come_back(start, connect, connect_sns, endpoint):
    """After Unsubscribe nothing arrives until the token of the UnsubscribeConfirmation is used."""
    ses = start()
    client, sns = connect(ses), connect_sns(ses)
    arn = ses.subscribe(endpoint.url, timeout_seconds=5)

    sns.unsubscribe(SubscriptionArn=arn)
    client.send_email(**MESSAGE)
    ses.drain(5)
    assert [] == endpoint.notifications
    farewell = endpoint.posts[-1].json
    assert "UnsubscribeConfirmation" == farewell["Type"]

    sns.confirm_subscription(TopicArn=ses.topic_arn, Token=farewell["Token"])
    client.send_email(**MESSAGE)
    ses.wait_for_deliveries(2, 5)

    assert 2 == len(endpoint.notifications)


def test_raw_message_delivery(start, connect, connect_sns, endpoint):
    """With raw delivery the body is the event alone, unsigned, and marked by a header."""
    ses = start()
    arn = ses.subscribe(endpoint.url, timeout_seconds=5)
    connect_sns(ses).set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true"
    )

    connect(ses).send_email(**MESSAGE)
    ses.wait_for_deliveries(2, 5)

    post = endpoint.notifications[0]
    assert "Send" == json.loads(post.body)["eventType"]
    assert "true" == post.headers["x-amz-sns-rawdelivery"]


def test_basic_auth_of_the_endpoint(start, endpoint):
    """Credentials in the endpoint's URL become Basic authentication, as with SNS."""
    ses = start()
    url = endpoint.url.replace("http://", "http://user:p%40ss@")

    ses.subscribe(url, timeout_seconds=5)

    assert "Basic dXNlcjpwQHNz" == endpoint.posts[0].headers["authorization"]


@pytest.mark.parametrize(
    ("statuses", "attempts", "state"),
    [
        ([503, 500, 200], ("503", "500", "200"), "delivered"),
        ([429, 200], ("429", "200"), "delivered"),
        ([500, 500, 500, 500], ("500", "500", "500"), "failed"),
        ([403], ("403",), "failed"),
        ([307], ("307",), "failed"),
    ],
    ids=["server errors", "too many requests", "out of retries", "refused", "sent elsewhere"],
)
def test_retries(start, connect_sns, endpoint, statuses: Any, attempts: Any, state: str):
    """Server errors are tried again with the same body, others are final."""
    ses = start(retry_delays_seconds=(0.01, 0.01))
    ses.subscribe(endpoint.url, timeout_seconds=5)
    endpoint.statuses = list(statuses)

    connect_sns(ses).publish(TopicArn=ses.topic_arn, Message="m")
    ses.drain(5)

    record = ses.notifications[-1]
    assert (attempts, state) == (record.attempts, record.state)
    assert len(attempts) == len(endpoint.notifications)
    assert 1 == len({post.body for post in endpoint.notifications})


def test_endpoint_that_is_not_there(start, connect_sns, endpoint):
    """A refused connection is retried and ends as failed, without hurting the others."""
    ses = start(retry_delays_seconds=(0.01,))
    ses.subscribe(endpoint.url, timeout_seconds=5)
    ses.subscribe("http://127.0.0.1:1/nobody")
    ses.drain(5)

    refused = ses.notifications[-1]
    assert ("ConnectionRefusedError",) * 2 == refused.attempts
    assert "failed" == refused.state


def test_wait_for_deliveries_says_what_came(start, endpoint):
    """A deadline that passes names the numbers."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)

    with pytest.raises(TimeoutError, match=r"0 of 1 notifications .* \(1 delivered\)"):
        ses.wait_for_deliveries(1, 0.05)


def test_topics(start, connect_sns):
    """Topics are made, described, changed, listed and deleted as with SNS."""
    ses = start(region_name="cn-north-1")
    sns = connect_sns(ses)

    arn = sns.create_topic(Name="t", Attributes={"SignatureVersion": "2"})["TopicArn"]
    assert arn == sns.create_topic(Name="t")["TopicArn"]
    assert "arn:aws-cn:sns:cn-north-1:123456789012:t" == arn
    assert "2" == sns.get_topic_attributes(TopicArn=arn)["Attributes"]["SignatureVersion"]
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="DisplayName", AttributeValue="a & <b>\x01"
    )
    assert "a & <b>\ufffd" == sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
    assert {ses.topic_arn, arn} == {t["TopicArn"] for t in sns.list_topics()["Topics"]}
    subscribed = sns.subscribe(
        TopicArn=arn,
        Protocol="http",
        Endpoint="http://127.0.0.1:1/",
        ReturnSubscriptionArn=True,
        Attributes={"RawMessageDelivery": "true", "DeliveryPolicy": "{}"},
    )["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscribed)["Attributes"]
    assert ("true", "true") == (attributes["RawMessageDelivery"], attributes["PendingConfirmation"])
    assert "{}" == attributes["DeliveryPolicy"]
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.set_subscription_attributes(
            SubscriptionArn=subscribed, AttributeName="DeliveryPolicy", AttributeValue="{"
        )
    (listed,) = sns.list_subscriptions()["Subscriptions"]
    assert "PendingConfirmation" == listed["SubscriptionArn"]
    sns.delete_topic(TopicArn=arn)
    assert [] == sns.list_subscriptions()["Subscriptions"]
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=arn)


ARN = "arn:aws:sns:us-east-1:123456789012:ses-events"


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("publish", {"TopicArn": f"{ARN}-not", "Message": "m"}, "NotFound"),
        ("publish", {"TopicArn": ARN, "Message": ""}, "InvalidParameter"),
        ("publish", {"TopicArn": ARN, "Message": "m" * 262_145}, "InvalidParameter"),
        ("publish", {"Message": "m"}, "InvalidParameter"),
        ("create_topic", {"Name": "a b"}, "InvalidParameter"),
        (
            "set_topic_attributes",
            {"TopicArn": ARN, "AttributeName": "SignatureVersion", "AttributeValue": "3"},
            "InvalidParameter",
        ),
        (
            "set_topic_attributes",
            {"TopicArn": ARN, "AttributeName": "Colour", "AttributeValue": "3"},
            "InvalidParameter",
        ),
        (
            "subscribe",
            {"TopicArn": ARN, "Protocol": "sqs", "Endpoint": "arn:x"},
            "InvalidParameter",
        ),
        (
            "subscribe",
            {"TopicArn": ARN, "Protocol": "http", "Endpoint": "https://x.example/"},
            "InvalidParameter",
        ),
        (
            "subscribe",
            {"TopicArn": ARN, "Protocol": "http", "Endpoint": "http:///x"},
            "InvalidParameter",
        ),
        ("unsubscribe", {"SubscriptionArn": f"{ARN}:nope"}, "NotFound"),
        ("confirm_subscription", {"TopicArn": ARN, "Token": "nope"}, "InvalidParameter"),
        ("list_tags_for_resource", {"ResourceArn": ARN}, "NotImplementedByLocalSes"),
    ],
)
def test_sns_errors(shared_sns, operation: str, params: Any, code: str):
    """SNS's own codes for what it refuses."""
    with pytest.raises(ClientError) as caught:
        getattr(shared_sns, operation)(**params)

    assert code == caught.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def shared_sns(session):
    """An SNS client for requests that change nothing."""
    from botocore.config import Config

    from mailcore_local.ses import LocalSes

    with LocalSes() as ses:
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        yield session.client("sns", endpoint_url=ses.url, config=config)
