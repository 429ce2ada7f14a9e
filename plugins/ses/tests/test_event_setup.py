"""What SES events need in AWS: the plan as values, made against moto and the local SES."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
import pytest

from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

from mailcore import ConfigurationError, Registry, get_provider
from mailcore.cli import main
from mailcore.errors import SendError
from mailcore.flow import run
from mailcore_local.ses import LocalSes
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.aws.transport import AwsTransport, ClientSettings
from mailcore_ses.cli.planned_calls import as_command
from mailcore_ses.setup.delivery_policy import DELIVERY_POLICY, LONGEST_MINUTES, SHORTEST_MINUTES
from mailcore_ses.setup.event_flow import apply, read_existing
from mailcore_ses.setup.event_plan import Existing, plan
from mailcore_ses.setup.event_setup import EVENT_TYPES, NOTIFICATION_TYPES, EventSetup
from mailcore_ses.setup.topic_flow import read_account_id
from mailcore_ses.setup.webhook_endpoint import without_password


ACCOUNT = "123456789012"
TOPIC_ARN = f"arn:aws:sns:eu-west-1:{ACCOUNT}:ses-events"
QUEUE_ARN = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:events"
DEAD_ARN = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:events-dead"
ENDPOINT = "https://sns:s3cret@shop.example/hook"


def setup(**changes):
    """A complete one, unless changed."""
    return EventSetup(
        **{
            "account_id": ACCOUNT,
            "region_name": "eu-west-1",
            "https_endpoint": ENDPOINT,
            "queue_name": "events",
            **changes,
        }
    )


def policies(calls):
    """The statements of every policy that the calls set, by resource."""
    found = {}
    for call in calls:
        texts = [call.params.get("Attributes", {}).get("Policy")]
        if call.params.get("AttributeName") == "Policy":
            texts.append(call.params["AttributeValue"])
        for text in filter(None, texts):
            for statement in json.loads(text)["Statement"]:
                found.setdefault(statement["Resource"], []).append(statement)
    return found


def test_everything_in_order():
    """Queues, topic, its policy, who listens, and only then what publishes."""
    calls = plan(setup())

    assert [
        "CreateQueue events-dead",
        "CreateQueue events",
        "CreateTopic ses-events",
        "SetTopicAttributes SignatureVersion",
        "SetTopicAttributes Policy",
        "Subscribe sqs",
        "Subscribe https",
        "CreateConfigurationSet events",
        "CreateConfigurationSetEventDestination mailcore",
    ] == [
        call.operation
        + " "
        + str(
            call.params.get("QueueName")
            or call.params.get("Name")
            or call.params.get("AttributeName")
            or call.params.get("Protocol")
            or call.params.get("EventDestinationName")
            or call.params.get("ConfigurationSetName")
        )
        for call in calls
    ]


def decoded(value):
    """What is JSON within parameters, as values."""
    if isinstance(value, dict):
        return {name: decoded(each) for name, each in value.items()}
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def lets(sid, service, action, resource, condition):
    """A policy with one statement."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


FROM_TOPIC = {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}}
# By the names of statements, a later version finds them again.
INTO_QUEUES = {
    arn: lets("MailcoreSnsc918ee47", "sns.amazonaws.com", "sqs:SendMessage", arn, FROM_TOPIC)
    for arn in (QUEUE_ARN, DEAD_ARN)
}
FROM_SET = {
    "StringEquals": {
        "AWS:SourceAccount": ACCOUNT,
        "AWS:SourceArn": f"arn:aws:ses:eu-west-1:{ACCOUNT}:configuration-set/events",
    }
}
INTO_TOPIC = lets("MailcoreSes829f4ae3", "ses.amazonaws.com", "SNS:Publish", TOPIC_ARN, FROM_SET)
REDRIVE = {"deadLetterTargetArn": DEAD_ARN}
OF_WEBHOOK = {"DeliveryPolicy": json.loads(DELIVERY_POLICY), "RedrivePolicy": REDRIVE}
OF_TOPIC = {"TopicArn": TOPIC_ARN}
DESTINATION = {
    "ConfigurationSetName": "events",
    "EventDestinationName": "mailcore",
    "EventDestination": {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE"],
        "SnsDestination": {"TopicArn": TOPIC_ARN},
    },
}
SETTINGS = {
    "ReceiveMessageWaitTimeSeconds": "20",
    "VisibilityTimeout": "90",
    "MessageRetentionPeriod": "1209600",
}
NEEDED = {"RedrivePolicy": {**REDRIVE, "maxReceiveCount": 7}, "Policy": INTO_QUEUES[QUEUE_ARN]}
QUEUE_URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}"
TOPIC_CHANGES = [
    ("SetTopicAttributes", {**OF_TOPIC, "AttributeName": name, "AttributeValue": value})
    for name, value in (("SignatureVersion", "2"), ("Policy", INTO_TOPIC))
]
SUBSCRIBE_QUEUE = (
    "Subscribe",
    {**OF_TOPIC, "Protocol": "sqs", "Endpoint": QUEUE_ARN, "ReturnSubscriptionArn": True},
)


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (
            Existing(),
            [
                (
                    "CreateQueue",
                    {
                        "QueueName": "events-dead",
                        "Attributes": {
                            "MessageRetentionPeriod": "1209600",
                            "Policy": INTO_QUEUES[DEAD_ARN],
                        },
                    },
                ),
                ("CreateQueue", {"QueueName": "events", "Attributes": {**SETTINGS, **NEEDED}}),
                ("CreateTopic", {"Name": "ses-events"}),
                *TOPIC_CHANGES,
                SUBSCRIBE_QUEUE,
                (
                    "Subscribe",
                    {
                        **OF_TOPIC,
                        "Protocol": "https",
                        "Endpoint": ENDPOINT,
                        "ReturnSubscriptionArn": True,
                        "Attributes": OF_WEBHOOK,
                    },
                ),
                ("CreateConfigurationSet", {"ConfigurationSetName": "events"}),
                ("CreateConfigurationSetEventDestination", DESTINATION),
            ],
        ),
        (
            Existing(
                topic={"SignatureVersion": "1", "Policy": ""},
                queues={"events": {}, "events-dead": {}},
                subscriptions=(
                    {"Protocol": "lambda", "Endpoint": QUEUE_ARN, "SubscriptionArn": "arn:0"},
                    {
                        "Protocol": "https",
                        "Endpoint": "https://sns:****@shop.example/hook",
                        "SubscriptionArn": "arn:1",
                    },
                ),
                webhook_attributes={},
                has_configuration_set=True,
                destination={"Enabled": False},
            ),
            [
                (
                    "SetQueueAttributes",
                    {
                        "QueueUrl": f"{QUEUE_URL}/events-dead",
                        "Attributes": {"Policy": INTO_QUEUES[DEAD_ARN]},
                    },
                ),
                ("SetQueueAttributes", {"QueueUrl": f"{QUEUE_URL}/events", "Attributes": NEEDED}),
                *TOPIC_CHANGES,
                SUBSCRIBE_QUEUE,
                *[
                    (
                        "SetSubscriptionAttributes",
                        {
                            "SubscriptionArn": "arn:1",
                            "AttributeName": name,
                            "AttributeValue": value,
                        },
                    )
                    for name, value in OF_WEBHOOK.items()
                ],
                ("UpdateConfigurationSetEventDestination", DESTINATION),
            ],
        ),
    ],
    ids=["nothing is there", "some of it is there"],
)
def test_calls_as_aws_takes_them(existing, expected):
    """Each of them whole."""
    wanted = setup(max_receive_count=7, visibility_timeout_seconds=90, event_types=["BOUNCE"])

    assert expected == [(call.operation, decoded(call.params)) for call in plan(wanted, existing)]


def test_policies_of_queues_that_are_there():
    """What others may do stays; where the topic may write already, there is nothing to do."""
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Action": "sqs:ReceiveMessage"}
    ours = INTO_QUEUES[DEAD_ARN]["Statement"]
    existing = Existing(
        queues={
            "events": {"Policy": json.dumps({"Id": "x", "Statement": [theirs]})},
            "events-dead": {"Policy": json.dumps({"Statement": [theirs, *ours]})},
        }
    )

    (call,) = [call for call in plan(setup(), existing) if call.service == "sqs"]

    assert f"{QUEUE_URL}/events" == call.params["QueueUrl"]
    assert {
        "Version": "2012-10-17",
        "Id": "x",
        "Statement": [theirs, *INTO_QUEUES[QUEUE_ARN]["Statement"]],
    } == json.loads(call.params["Attributes"]["Policy"])


def test_a_queue_without_a_dead_letter_queue():
    """If it is to be so: what fails comes again until it is too old."""
    calls = plan(setup(https_endpoint=None, dead_letter_queue=False))

    (queue,) = [call for call in calls if call.service == "sqs"]
    assert ("CreateQueue", "events") == (queue.operation, queue.params["QueueName"])
    assert {*SETTINGS, "Policy"} == set(queue.params["Attributes"])


def test_regions_of_calls():
    """That of the set-up, but SES is asked where the provider sends."""
    calls = plan(setup(identities=["shop.example"]))

    assert {("sns", "eu-west-1"), ("sqs", "eu-west-1"), ("sesv2", None), ("ses", None)} == {
        (call.service, call.region_name) for call in calls
    }


def test_who_may_write_where():
    """SES to the topic, for this account and set; the topic to both queues; nobody else."""
    found = policies(plan(setup()))

    assert {TOPIC_ARN, QUEUE_ARN, DEAD_ARN} == set(found)
    (topic,) = found[TOPIC_ARN]
    assert ({"Service": "ses.amazonaws.com"}, "SNS:Publish") == (
        topic["Principal"],
        topic["Action"],
    )
    assert {
        "StringEquals": {
            "AWS:SourceAccount": ACCOUNT,
            "AWS:SourceArn": f"arn:aws:ses:eu-west-1:{ACCOUNT}:configuration-set/events",
        }
    } == topic["Condition"]
    for arn in (QUEUE_ARN, DEAD_ARN):
        (queue,) = found[arn]
        assert ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage") == (
            queue["Principal"],
            queue["Action"],
        )
        assert {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}} == queue["Condition"]
        assert "MailcoreSnsc918ee47" == queue["Sid"]
    # By these names, a later version finds them again.
    assert "MailcoreSes829f4ae3" == topic["Sid"]


def test_a_webhook_only():
    """Without any queue, if it is to be so."""
    calls = plan(setup(queue_name=None, dead_letter_queue=False))

    assert {"sns", "sesv2"} == {call.service for call in calls}
    (subscription,) = [call for call in calls if call.operation == "Subscribe"]
    assert (ENDPOINT, {"DeliveryPolicy": DELIVERY_POLICY}) == (
        subscription.params["Endpoint"],
        subscription.params["Attributes"],
    )


def test_delivery_policy_keeps_within_the_limits_of_sns():
    """100 retries, 3600 seconds in total, the delays in order; and it uses most of them."""
    policy = json.loads(DELIVERY_POLICY)["healthyRetryPolicy"]

    assert 1 <= policy["minDelayTarget"] <= policy["maxDelayTarget"] <= 3600
    assert policy["numMaxDelayRetries"] < policy["numRetries"] <= 100
    assert policy["numRetries"] * policy["maxDelayTarget"] <= LONGEST_MINUTES * 60 == 3600
    assert SHORTEST_MINUTES * 60 == policy["numMaxDelayRetries"] * policy["maxDelayTarget"] > 3000


def test_a_webhook_has_a_dead_letter_queue():
    """Even without a queue to consume from, named after the topic."""
    calls = plan(setup(queue_name=None))

    assert f"arn:aws:sqs:eu-west-1:{ACCOUNT}:ses-events-dead" in policies(calls)


@pytest.mark.parametrize(
    ("topic", "attributes", "expected"),
    [
        ({}, {}, ["DeliveryPolicy", "RedrivePolicy"]),
        ({}, {"DeliveryPolicy": "{}"}, ["RedrivePolicy"]),
        ({}, {"RedrivePolicy": "{}"}, ["DeliveryPolicy"]),
        ({"DeliveryPolicy": "{}"}, {}, ["RedrivePolicy"]),
        ({"DeliveryPolicy": ""}, {"RedrivePolicy": "{}", "DeliveryPolicy": "{}"}, []),
    ],
)
def test_a_subscription_that_is_there_gets_what_it_lacks(topic, attributes, expected):
    """Policies that somebody gave it, or the topic, stay."""
    existing = Existing(
        topic=topic,
        subscriptions=(
            {
                "Protocol": "https",
                "Endpoint": "https://sns:****@shop.example/hook",
                "SubscriptionArn": f"{TOPIC_ARN}:2",
            },
        ),
        webhook_attributes=attributes,
    )

    calls = [
        call
        for call in plan(setup(), existing)
        if call.operation in ("Subscribe", "SetSubscriptionAttributes")
        and call.params.get("Protocol") != "sqs"
    ]

    assert expected == [call.params["AttributeName"] for call in calls]
    assert {f"{TOPIC_ARN}:2"} >= {call.params["SubscriptionArn"] for call in calls}


# --- identities


def test_identities_notify():
    """All three types, with the headers; forwarding stays as it is unless something is said."""
    wanted = setup(identities=["shop.example"], configuration_set_name=None)
    calls = [call for call in plan(wanted) if call.service == "ses"]

    assert [
        (operation, {"Identity": "shop.example", "NotificationType": kind, **own})
        for kind in NOTIFICATION_TYPES
        for operation, own in (
            ("SetIdentityNotificationTopic", {"SnsTopic": TOPIC_ARN}),
            ("SetIdentityHeadersInNotificationsEnabled", {"Enabled": True}),
        )
    ] == [(call.operation, call.params) for call in calls]
    assert not [call for call in plan(wanted) if call.service == "sesv2"]
    (statement,) = policies(plan(wanted))[TOPIC_ARN]
    assert (
        f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/shop.example"
        == (statement["Condition"]["StringEquals"]["AWS:SourceArn"])
    )


def test_identities_and_a_configuration_set():
    """Each may publish on its own account: a statement for each, and none is lost."""
    wanted = setup(identities=["shop.example", "ada@shop.example", "shop.example"])

    assert list(wanted.publisher_arns) == [
        statement["Condition"]["StringEquals"]["AWS:SourceArn"]
        for statement in policies(plan(wanted))[TOPIC_ARN]
    ]
    assert 3 == len(wanted.publisher_arns)


@pytest.mark.parametrize(
    ("present", "wanted", "expected"),
    [
        (True, None, []),
        (True, True, []),
        (True, False, [False]),
        (False, False, []),
        (False, True, [True]),
        # On, where nothing is said of it.
        (None, None, []),
        (None, True, []),
        (None, False, [False]),
    ],
)
def test_feedback_forwarding(present, wanted, expected):
    """It is changed if it is to be, and is not so yet."""
    notifications = {"shop.example": {} if present is None else {"ForwardingEnabled": present}}
    calls = plan(
        setup(identities=["shop.example"], feedback_forwarding=wanted),
        Existing(notifications=notifications),
    )

    assert expected == [
        call.params["ForwardingEnabled"]
        for call in calls
        if call.operation == "SetIdentityFeedbackForwardingEnabled"
    ]


def test_fewer_event_types_are_fewer_notifications():
    """What identities cannot notify of is left to the configuration set."""
    wanted = setup(identities=["shop.example"], event_types=["BOUNCE", "OPEN"])

    assert (("BOUNCE", "OPEN"), ("shop.example",)) == (wanted.event_types, wanted.identities)
    assert {"Bounce"} == {
        call.params["NotificationType"] for call in plan(wanted) if call.service == "ses"
    }


def test_an_identity_that_notifies_already():
    """There is nothing to do."""
    attributes = {
        name: value
        for kind in NOTIFICATION_TYPES
        for name, value in (
            (f"{kind}Topic", TOPIC_ARN),
            (f"HeadersIn{kind}NotificationsEnabled", True),
        )
    }
    existing = Existing(notifications={"shop.example": attributes})

    calls = plan(setup(identities=["shop.example"]), existing)
    assert [] == [call for call in calls if call.service == "ses"]


def test_another_topic_of_an_identity_is_not_replaced():
    """Whoever listens there would hear nothing more: it is told, for all of them at once."""
    other = f"arn:aws:sns:eu-west-1:{ACCOUNT}:others"
    existing = Existing(
        notifications={
            "ada@shop.example": {"BounceTopic": other},
            "shop.example": {"ComplaintTopic": other, "BounceTopic": TOPIC_ARN},
        }
    )

    with pytest.raises(ConfigurationError) as caught:
        plan(setup(identities=["ada@shop.example", "shop.example"]), existing)

    assert f"a***@shop.example sends Bounce notifications to {other}" in str(caught.value)
    assert f"shop.example sends Complaint notifications to {other}" in str(caught.value)


def test_a_webhook_with_a_dead_letter_queue():
    """SNS puts there what the webhook does not take."""
    calls = plan(setup(queue_name=None, dead_letter_queue_name="lost"))
    (subscription,) = [call for call in calls if call.operation == "Subscribe"]
    lost = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:lost"

    assert {
        "DeliveryPolicy": DELIVERY_POLICY,
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": lost}),
    } == subscription.params["Attributes"]
    assert [lost, TOPIC_ARN] == list(policies(calls))


def test_a_queue_only():
    """The dead-letter queue gets messages from the queue, so it needs no policy."""
    calls = plan(setup(https_endpoint=None))
    queue = calls[1].params["Attributes"]

    assert [QUEUE_ARN, TOPIC_ARN] == list(policies(calls))
    assert {"deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 5} == json.loads(
        queue["RedrivePolicy"]
    )
    assert "1209600" == queue["MessageRetentionPeriod"]


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_partitions(region, partition, suffix):
    """ARNs and URLs of each."""
    wanted = setup(region_name=region)

    assert f"arn:{partition}:sns:{region}:{ACCOUNT}:ses-events" == wanted.topic_arn
    assert f"https://sqs.{region}.{suffix}/{ACCOUNT}/events" == wanted.queue_url("events")


def test_what_is_there_stays():
    """Other statements, settings and subscriptions are left alone; ours of old are replaced."""
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Resource": TOPIC_ARN}
    old = {**policies(plan(setup()))[TOPIC_ARN][0], "Condition": {}}
    existing = Existing(
        topic={"SignatureVersion": "1", "Policy": json.dumps({"Statement": [foreign, old]})},
        subscriptions=(
            {"Protocol": "sqs", "Endpoint": QUEUE_ARN, "SubscriptionArn": f"{TOPIC_ARN}:1"},
            {
                "Protocol": "https",
                "Endpoint": "https://sns:****@shop.example/hook",
                "SubscriptionArn": "PendingConfirmation",
            },
        ),
        queues={"events": {"VisibilityTimeout": "5", "RedrivePolicy": "{}"}, "events-dead": {}},
        has_configuration_set=True,
        destination={"Enabled": False, "MatchingEventTypes": ["SEND"]},
    )

    calls = plan(setup(), existing)

    assert [
        "SetQueueAttributes",
        "SetQueueAttributes",
        "SetTopicAttributes",
        "SetTopicAttributes",
        # It was never confirmed: SNS sends another confirmation.
        "Subscribe",
        "UpdateConfigurationSetEventDestination",
    ] == [call.operation for call in calls]
    assert ["Policy"] == list(calls[1].params["Attributes"])
    statements = policies(calls)[TOPIC_ARN]
    assert ["Theirs", old["Sid"]] == [statement["Sid"] for statement in statements]
    assert statements[1]["Condition"]


def test_calls_are_valid():
    """Against the service models of botocore."""
    session = botocore.session.get_session()
    subscription = {
        "Protocol": "https",
        "Endpoint": "https://sns:****@shop.example/hook",
        "SubscriptionArn": f"{TOPIC_ARN}:2",
    }
    foreign = Existing(
        topic={},
        subscriptions=(subscription,),
        queues={"events": {}},
        destination={"Enabled": True},
    )
    wanted = setup(identities=["shop.example"], feedback_forwarding=False)
    for call in (*plan(wanted), *plan(wanted, foreign)):
        model = session.get_service_model(call.service).operation_model(call.operation)
        report = ParamValidator().validate(dict(call.params), model.input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    "changes",
    [
        {"account_id": "1"},
        {"account_id": "12345678901x"},
        {"region_name": "nowhere"},
        {"topic_name": "a b"},
        {"topic_name": "events.fifo"},
        {"queue_name": "a/b"},
        {"queue_name": "events", "dead_letter_queue_name": "events"},
        {"dead_letter_queue_name": ""},
        {"configuration_set_name": ""},
        {"configuration_set_name": "x" * 65},
        {"event_destination_name": "a b"},
        {"event_types": ()},
        {"event_types": ["BOUNCES"]},
        {"https_endpoint": None, "queue_name": None},
        {"https_endpoint": "shop.example/hook"},
        {"https_endpoint": "https://shop.example/\n"},
        {"https_endpoint": "https://["},
        {"https_endpoint": "http://sns:s3cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3/cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3?cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3#cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3@other/cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3cret@shop .example/hook"},
        {"https_endpoint": "https://sns@shop.example/hook"},
        {"https_endpoint": "https://:s3cret@shop.example/hook"},
        {"https_endpoint": "https://sns:s3cret@s3cret@shop.example/hook"},
        {"https_endpoint": 'https://sns:s3cret"@shop.example/hook'},
        {"https_endpoint": "https://sns:s3cret%@shop.example/hook"},
        {"dead_letter_queue": False, "dead_letter_queue_name": "lost"},
        {"configuration_set_name": None},
        {"identities": ["arn:aws:ses:eu-west-1:123456789012:identity/shop.example"]},
        {"identities": ["a b.example"]},
        {"identities": "shop.example"},
        {"identities": [""]},
        {"identities": ["shop.example"], "event_types": ["OPEN"]},
        {"identities": ["shop.example"], "event_types": ["BOUNCE"], "feedback_forwarding": False},
        {"feedback_forwarding": False},
        {"max_receive_count": 0},
        {"max_receive_count": 1001},
        {"visibility_timeout_seconds": -1},
        {"visibility_timeout_seconds": 43_201},
    ],
)
def test_what_aws_would_not_take(changes):
    """It is told before anything is half made, without the endpoint's password."""
    with pytest.raises(ConfigurationError) as caught:
        setup(**changes)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "extreme",
    [
        {"max_receive_count": 1, "visibility_timeout_seconds": 0},
        {"max_receive_count": 1000, "visibility_timeout_seconds": 43_200},
    ],
)
def test_numbers_at_their_limits(extreme):
    """They are taken."""
    assert extreme == {name: getattr(setup(**extreme), name) for name in extreme}


def test_passwords_stay_out_of_sight():
    """In reprs and in what is printed."""
    wanted = setup()
    calls = plan(wanted)
    printed = [as_command(call, "eu-west-1") for call in calls]

    assert "s3cret" not in repr(wanted) + repr(calls) + "".join(printed)
    assert ["https://x/a:b@c", "https://u:****@x/"] == list(
        map(without_password, ["https://x/a:b@c", "https://u:p@x/"])
    )


def test_all_that_is_wrong_is_told_at_once():
    """One look at the text is enough to put it right."""
    with pytest.raises(ConfigurationError) as caught:
        setup(account_id="1", event_types=(), https_endpoint="http://sns:s3cret@shop.example/")

    told = str(caught.value)
    assert all(name in told for name in ("account_id", "event_types", "https_endpoint"))
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("s3cret", "https://sns:s3cret@shop.example/hook"),
        ("o'brien%21$HOME", "https://sns:o'brien%21$HOME@shop.example/hook"),
        (None, None),
    ],
)
def test_what_is_printed_works_when_it_is_pasted(tmp_path, password, expected):
    """A shell puts the password in, which is not in the text; without one nothing is called."""
    stub = tmp_path / "aws"
    stub.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[-1])\n")
    stub.chmod(0o755)
    (subscribe,) = [
        call
        for call in plan(setup(queue_name=None, identities=["o'hara@shop.example"]))
        if call.operation == "Subscribe"
    ]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    if password is not None:
        environment["MAILCORE_WEBHOOK_PASSWORD"] = password

    finished = subprocess.run(
        ["sh", "-c", as_command(subscribe, "eu-west-1")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    if expected is None:
        assert ("", 0) != (finished.stderr, finished.returncode)
        assert "" == finished.stdout
    else:
        given = json.loads(finished.stdout)
        assert {**subscribe.params, "Endpoint": expected} == given


# --- against moto and the local SES


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def local(monkeypatch):
    """A local SES."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with LocalSes(region_name="eu-west-1") as made:
        yield made


class Both:
    """
    SNS, SQS and identities of moto with the SES that is local, which has event destinations.

    moto neither tells the topics of an identity nor knows of headers in notifications: what the
    API reference says of both is done here.
    """

    def __init__(self, moto, local):
        self.calls = []
        self._notifications = {}
        urls = {"sns": moto, "sqs": moto, "sts": moto, "sesv2": local.url}
        self._aws = AwsTransport(ClientSettings(region_name="eu-west-1", endpoint_urls=urls))
        of_identities = {"sesv2": moto}
        self._identities = AwsTransport(
            ClientSettings(region_name="eu-west-1", endpoint_urls=of_identities)
        )
        only = {"sns": local.url}
        self._local = AwsTransport(ClientSettings(region_name="eu-west-1", endpoint_urls=only))

    def exchange(self, call):
        self.calls.append(call)
        if call.operation == "CreateTopic":
            # The local SES publishes to topics that it knows.
            self._local.exchange(call)
        if call.operation == "SetIdentityHeadersInNotificationsEnabled":
            name = f"HeadersIn{call.params['NotificationType']}NotificationsEnabled"
            self._notifications[name] = True
            return AwsResponse(status_code=200)
        answer = (self._identities if call.service == "ses" else self._aws).exchange(call)
        if call.operation == "SetIdentityNotificationTopic" and answer.ok:
            self._notifications[f"{call.params['NotificationType']}Topic"] = call.params["SnsTopic"]
        if call.operation == "GetIdentityNotificationAttributes":
            ((identity, attributes),) = answer.body["NotificationAttributes"].items()
            told = {identity: {**attributes, **self._notifications}}
            return AwsResponse(status_code=200, body={"NotificationAttributes": told})
        return answer

    def close(self):
        self._aws.close()
        self._identities.close()
        self._local.close()


@pytest.mark.parametrize(
    "changes",
    [{}, {"https_endpoint": None}, {"identities": ("shop.example",), "feedback_forwarding": False}],
    ids=["both", "queue", "identity"],
)
def test_a_second_time_there_is_nothing_to_do(moto, local, changes):
    """What was made is found again; what is missing is made again."""
    transport = Both(moto, local)
    names = {"queue_name": f"q-{'-'.join(changes)}", "topic_name": f"t-{'-'.join(changes)}"}
    account_id = run(read_account_id("eu-west-1"), transport)
    wanted = setup(account_id=account_id, **{**names, **changes})
    # moto forgets the signature version; it confirms every subscription.
    always = ["SetTopicAttributes"]

    first = run(apply(wanted), transport)
    second = run(apply(wanted), transport)
    transport.exchange(
        AwsCall(
            service="sesv2",
            operation="DeleteConfigurationSetEventDestination",
            params={"ConfigurationSetName": "events", "EventDestinationName": "mailcore"},
        )
    )
    third = run(apply(wanted), transport)
    existing = run(read_existing(wanted), transport)
    transport.close()

    assert plan(wanted) == first
    assert always == [call.operation for call in second]
    assert [*always, "CreateConfigurationSetEventDestination"] == [call.operation for call in third]
    assert set(EVENT_TYPES) == set(existing.destination["MatchingEventTypes"])


def test_refusals_name_the_call():
    """What was refused, and why."""

    class Refusing:
        def exchange(self, call):
            code = "AuthorizationError" if call.operation == "GetTopicAttributes" else "NotFound"
            return AwsResponse(status_code=403, error_code=code, error_message="no")

        def close(self):
            pass

    with pytest.raises(SendError, match="sns GetTopicAttributes"):
        run(apply(setup()), Refusing())


def test_subscriptions_on_several_pages():
    """All of them are looked at."""
    pages = {
        None: AwsResponse(
            status_code=200, body={"Subscriptions": [{"Endpoint": "a"}], "NextToken": "2"}
        ),
        "2": AwsResponse(status_code=200, body={"Subscriptions": [{"Endpoint": "b"}]}),
    }

    class Paging:
        def exchange(self, call):
            if call.operation == "ListSubscriptionsByTopic":
                return pages[call.params.get("NextToken")]
            return AwsResponse(status_code=200, body={"Attributes": {}})

        def close(self):
            pass

    existing = run(read_existing(setup()), Paging())
    assert ["a", "b"] == [subscription["Endpoint"] for subscription in existing.subscriptions]


# --- the command


def mailcore(*arguments):
    """Run the command line."""
    return main(["ses", "setup-events", *arguments], registry=Registry())


def test_printing_without_asking_aws(capsys):
    """Commands of the AWS CLI that a shell takes as they are."""
    code = mailcore(
        *("--offline", "--account-id", ACCOUNT, "--queue-name", "events"),
        *("--https-endpoint", ENDPOINT, "--option", "region_name=eu-west-1"),
    )
    out, err = capsys.readouterr()

    assert 0 == code
    assert 9 == len(out.splitlines())
    assert out.startswith("aws sqs create-queue --region eu-west-1 --cli-input-json '{")
    assert "s3cret" not in out + err
    assert "mailcore ses consume --queue-url" in err
    assert f'topic_arns=["{TOPIC_ARN}"] and webhook_secrets=["sns:…"]' in err
    assert "is tried for 55 to 60 minutes; then the message waits in 'events-dead'" in err
    assert "read -rs MAILCORE_WEBHOOK_PASSWORD" in err


def test_what_an_outage_costs_without_a_dead_letter_queue(capsys):
    """It is said."""
    code = mailcore(
        *("--offline", "--account-id", ACCOUNT, "--option", "region_name=eu-west-1"),
        *("--https-endpoint", "https://shop.example/hook", "--no-dead-letter-queue"),
    )
    out, err = capsys.readouterr()

    assert (0, False) == (code, "sqs" in out)
    assert "then SNS discards the message" in err
    assert "webhook_secrets" not in err
    assert "MAILCORE_WEBHOOK_PASSWORD" not in out + err


def test_printing_as_json(capsys):
    """The same calls as values."""
    arguments = ("--offline", "--account-id", ACCOUNT, "--queue-name", "events", "--json")
    assert 0 == mailcore(*arguments, "--option", "region_name=eu-west-1")
    printed = json.loads(capsys.readouterr().out)

    expected = plan(setup(https_endpoint=None))
    assert [(call.operation, dict(call.params)) for call in expected] == [
        (call["operation"], call["params"]) for call in printed["calls"]
    ]
    assert {"eu-west-1"} == {call["region_name"] for call in printed["calls"]}


def test_an_endpoint_is_that_of_every_service(capsys, invented_credentials):
    """What sets up an imitation of AWS asks nothing of AWS itself."""
    asked = []

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(403)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        options = ("--option", "region_name=eu-west-1", "--option", f"endpoint_url={url}")
        code = mailcore("--queue-name", "events", *options)
        server.shutdown()

    assert 0 != code
    assert [True] == [b"GetCallerIdentity" in body for body in asked]
    assert "" == capsys.readouterr().out


def test_printed_commands_have_the_endpoint(capsys):
    """Each that of its service."""
    options = [f"{name}={url}" for name, url in URLS.items()]
    code = mailcore(
        *("--offline", "--account-id", ACCOUNT, "--queue-name", "events"),
        *(word for option in options for word in ("--option", option)),
    )
    words = [shlex.split(line) for line in capsys.readouterr().out.splitlines()]

    assert 0 == code
    expected = {"sqs": "http://127.0.0.1:1", "sns": "http://127.0.0.1:2"}
    assert {"sqs", "sns", "sesv2"} == {command[1] for command in words}
    for command in words:
        url = command[command.index("--endpoint-url") + 1]
        assert expected.get(command[1], "http://127.0.0.1:1") == url


URLS = {
    "region_name": "eu-west-1",
    "endpoint_url": "http://127.0.0.1:1",
    "sns_endpoint_url": "http://127.0.0.1:2",
}


USER_ONLY = ("--https-endpoint", "https://sns@shop.example/hook")


def test_a_password_from_the_environment(capsys, monkeypatch):
    """A command line is seen by others: the user may stand there alone."""
    monkeypatch.setenv("MAILCORE_WEBHOOK_PASSWORD", "s3cret")
    arguments = ("--offline", "--account-id", ACCOUNT, "--option", "region_name=eu-west-1")

    assert 0 == mailcore(*arguments, *USER_ONLY)
    out, err = capsys.readouterr()
    assert "s3cret" not in out + err
    assert """https://sns:'"${MAILCORE_WEBHOOK_PASSWORD:?""" in out

    assert 0 == mailcore(*arguments, *USER_ONLY, "--json")
    out, err = capsys.readouterr()
    (subscribe,) = [each for each in json.loads(out)["calls"] if each["operation"] == "Subscribe"]
    assert (
        "https://sns:${MAILCORE_WEBHOOK_PASSWORD}@shop.example/hook"
        == (subscribe["params"]["Endpoint"])
    )

    monkeypatch.setenv("MAILCORE_WEBHOOK_PASSWORD", 's3cret"')
    assert 2 == mailcore(*arguments, *USER_ONLY)
    assert "write other characters as %XX" in capsys.readouterr().err


def test_nothing_is_subscribed_without_the_password(capsys, monkeypatch, invented_credentials):
    """--apply says what to set; printing needs no password."""
    monkeypatch.delenv("MAILCORE_WEBHOOK_PASSWORD", raising=False)
    arguments = ("--account-id", ACCOUNT, "--option", "region_name=eu-west-1")

    assert 2 == mailcore(*arguments, *USER_ONLY, "--apply")
    assert "set MAILCORE_WEBHOOK_PASSWORD to it" in capsys.readouterr().err
    assert 0 == mailcore(*arguments, *USER_ONLY, "--offline")
    assert "not-set" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--offline", "--queue-name", "events"),
        ("--no-dead-letter-queue", "--dead-letter-queue-name", "lost", "--queue-name", "events"),
        ("--no-configuration-set", "--queue-name", "events", "--offline", "--account-id", ACCOUNT),
        ("--account-id", ACCOUNT, "--offline"),
        ("--account-id", ACCOUNT, "--offline", "--apply", "--queue-name", "events"),
        ("--queue-name", "events", "--event-type", "BOUNCES"),
    ],
)
def test_wrong_usage(arguments, capsys):
    """Exit code 2, and nothing on standard output."""
    assert 2 == mailcore(*arguments, "--option", "region_name=eu-west-1")
    assert "" == capsys.readouterr().out


def test_applying(local, capsys):
    """A webhook at the local SES: made once, and then it gets events."""
    wanted = get_provider("ses", **local.provider_options)
    options = ["--option", f"endpoint_url={local.url}", "--option", "region_name=eu-west-1"]
    options += ["--option", f"sns_endpoint_url={local.url}"]
    account_id = local.topic_arn.split(":")[4]
    arguments = ["--account-id", account_id, "--https-endpoint", "http://127.0.0.1:9/hook"]
    # The local SES has no SQS.
    arguments.append("--no-dead-letter-queue")

    codes = [mailcore(*options, *arguments)]
    codes.append(mailcore(*options, *arguments, "--apply"))
    codes.append(mailcore(*options, *arguments, "--json"))
    out = capsys.readouterr().out
    left = json.loads(out[out.index("{\n") :])

    assert [0, 0, 0] == codes
    # Nobody confirms it there.
    assert ["Subscribe"] == [call["operation"] for call in left["calls"]]
    destinations = wanted.client.get_configuration_set_event_destinations(
        ConfigurationSetName="events"
    )
    assert ["mailcore"] == [each["Name"] for each in destinations["EventDestinations"]]


CONSUME = ["-m", "mailcore", "ses", "consume"]


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("app", "MODULE:NAME"),
        ("no_such_module:f", "no module 'no_such_module'"),
        ("json:no_such_function", "has no 'no_such_function'"),
        ("json:decoder", "no function"),
    ],
)
def test_handlers_that_are_not_there(handler, expected, capsys):
    """Told at once, before anything is received."""
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
    code = main(["ses", "consume", "--queue-url", url, "--handler", handler], registry=Registry())

    assert 2 == code
    assert expected in capsys.readouterr().err


def test_consuming(moto, tmp_path, monkeypatch):
    """The command takes a function of this directory, and ends cleanly on SIGTERM."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    transport = AwsTransport(ClientSettings(region_name="eu-west-1", endpoint_urls={"sqs": moto}))
    create = AwsCall(service="sqs", operation="CreateQueue", params={"QueueName": "cli"})
    url = transport.exchange(create).body["QueueUrl"]
    body = json.dumps({"eventType": "Send", "mail": {"messageId": "m-1", "destination": ["a@x"]}})
    for _ in range(2):
        params = {"QueueUrl": url, "MessageBody": body}
        transport.exchange(AwsCall(service="sqs", operation="SendMessage", params=params))
    transport.close()
    (tmp_path / "app.py").write_text(
        "async def on_event(event):\n    print(event.event_type, flush=True)\n"
    )
    command = [sys.executable, *CONSUME, "--queue-url", url, "--handler", "app:on_event"]
    command += ["--wait-seconds", "1", "--workers", "1", "--seen", "seen.db", "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = process.stdout.readline()
        for line in process.stderr:
            if "no dead-letter queue" in line:
                break
        process.terminate()
        out, err = process.communicate(timeout=30)

    assert ("sent\n", 0) == (first, process.returncode)
    stats = json.loads(out)
    assert stats["handled"] == stats["deleted"] >= 1
    assert 1 == stats["events"]
    assert "stopping: signal SIGTERM" in err
