"""What receiving needs in AWS: the plan as values, made against moto."""

from __future__ import annotations

import json
import shlex

from urllib.request import Request, urlopen

import botocore.session
import pytest

from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

from mailcore import ConfigurationError, Registry
from mailcore.cli import main
from mailcore.errors import SendError
from mailcore.flow import run
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.aws.transport import AwsTransport, ClientSettings
from mailcore_ses.setup.delivery_policy import DELIVERY_POLICY
from mailcore_ses.setup.inbound_flow import apply, read_existing
from mailcore_ses.setup.inbound_plan import PRIVATE, ExistingInbound, is_inactive, plan
from mailcore_ses.setup.inbound_setup import InboundSetup


ACCOUNT = "123456789012"
TOPIC_ARN = f"arn:aws:sns:eu-west-1:{ACCOUNT}:ses-inbound"
RULE_ARN = (
    f"arn:aws:ses:eu-west-1:{ACCOUNT}:receipt-rule-set/mailcore:receipt-rule/mailcore-inbound"
)


def setup(**changes):
    """A complete one, unless changed."""
    return InboundSetup(
        **{
            "account_id": ACCOUNT,
            "region_name": "eu-west-1",
            "queue_name": "inbound",
            "recipients": ["in.shop.example"],
            "bucket_name": "shop-mail",
            "object_key_prefix": "in/",
            **changes,
        }
    )


def named(calls):
    """The operations, and their parameters by operation."""
    return [call.operation for call in calls], {call.operation: call.params for call in calls}


def rule(**changes):
    """The rule as it is made, unless changed."""
    _, params = named(plan(setup()))
    return {**params["CreateReceiptRule"]["Rule"], **changes}


def all_there(**changes):
    """What there is once all calls were made, as far as it is of this module."""
    _, params = named(plan(setup()))
    return ExistingInbound(
        **{
            "has_bucket": True,
            "public_access_block": PRIVATE,
            "bucket_policy": params["PutBucketPolicy"]["Policy"],
            "rules": (rule(),),
            "active_rule_set_name": "mailcore",
            **changes,
        }
    )


def own_calls(calls):
    """Those of bucket and rules."""
    return [call for call in calls if call.service in ("s3", "ses")]


def test_everything_in_order():
    """SES tries bucket and topic when the rule is made, so both are ready before."""
    operations, _ = named(plan(setup(), ExistingInbound(active_rule_set_name="")))

    assert [
        "CreateBucket",
        "PutPublicAccessBlock",
        "PutBucketPolicy",
        "CreateQueue",
        "CreateQueue",
        "CreateTopic",
        "SetTopicAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "CreateReceiptRuleSet",
        "CreateReceiptRule",
        "SetActiveReceiptRuleSet",
    ] == operations


def test_nobody_but_ses_writes_and_the_public_reads_nothing():
    """For this account and this rule, below the prefix; all public access is blocked."""
    _, params = named(plan(setup()))
    (statement,) = json.loads(params["PutBucketPolicy"]["Policy"])["Statement"]

    assert {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::shop-mail/in/*",
        "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT, "AWS:SourceArn": RULE_ARN}},
        # By its name, a later version finds it again.
        "Sid": "MailcoreSes902c7f92",
    } == statement
    assert {
        "Bucket": "shop-mail",
        "ExpectedBucketOwner": ACCOUNT,
        "PublicAccessBlockConfiguration": dict.fromkeys(PRIVATE, True),
    } == params["PutPublicAccessBlock"]
    assert 4 == len(PRIVATE)
    policy = next(
        call.params["AttributeValue"]
        for call in plan(setup())
        if call.params.get("AttributeName") == "Policy"
    )
    (statement,) = json.loads(policy)["Statement"]
    assert ("SNS:Publish", RULE_ARN) == (
        statement["Action"],
        statement["Condition"]["StringEquals"]["AWS:SourceArn"],
    )


def test_the_rule():
    """It delivers to bucket and topic, and mail is looked at for spam and viruses."""
    _, params = named(plan(setup(require_tls=True)))

    assert {
        "RuleSetName": "mailcore",
        "Rule": {
            "Name": "mailcore-inbound",
            "Enabled": True,
            "TlsPolicy": "Require",
            "Recipients": ["in.shop.example"],
            "Actions": [
                {
                    "S3Action": {
                        "BucketName": "shop-mail",
                        "ObjectKeyPrefix": "in/",
                        "TopicArn": TOPIC_ARN,
                    }
                }
            ],
            "ScanEnabled": True,
        },
    } == params["CreateReceiptRule"]
    assert "Optional" == rule()["TlsPolicy"]


@pytest.mark.parametrize(
    ("region", "place"),
    [
        ("us-east-1", None),
        ("eu-west-1", {"LocationConstraint": "eu-west-1"}),
    ],
)
def test_where_the_bucket_lies(region, place):
    """In the region; us-east-1 must not be named."""
    _, params = named(plan(setup(region_name=region)))

    assert place == params["CreateBucket"].get("CreateBucketConfiguration")


def test_a_second_time_there_is_nothing_to_do():
    """Of bucket, rule set and rule."""
    assert [] == own_calls(plan(setup(), all_there()))


@pytest.mark.parametrize(
    ("active", "replace_active", "expected", "remains"),
    [
        ("", False, ["SetActiveReceiptRuleSet"], False),
        ("", True, ["SetActiveReceiptRuleSet"], False),
        ("mailcore", False, [], False),
        ("others", False, [], True),
        ("others", True, ["SetActiveReceiptRuleSet"], False),
        (None, False, [], True),
        (None, True, ["SetActiveReceiptRuleSet"], False),
    ],
)
def test_an_active_rule_set_is_never_replaced_unasked(active, replace_active, expected, remains):
    """Mail of others goes by it; what was not asked may be active too."""
    wanted = setup(replace_active=replace_active)
    existing = all_there(active_rule_set_name=active)
    operations, params = named(own_calls(plan(wanted, existing)))

    assert (expected, remains) == (operations, is_inactive(wanted, existing))
    assert [{"RuleSetName": "mailcore"}] * len(expected) == list(params.values())


def test_in_the_active_rule_set_the_rule_comes_last():
    """Rules that are there go first, as they did."""
    theirs = ({"Name": "first"}, {"Name": "second"})
    existing = all_there(rules=theirs, active_rule_set_name="others")
    calls = own_calls(plan(setup(rule_set_name="others"), existing))
    operations, params = named(calls)

    # The rule has another ARN there, which the policy of the bucket has to let in.
    assert ["PutBucketPolicy", "CreateReceiptRule"] == operations
    assert ("others", "second") == (
        params["CreateReceiptRule"]["RuleSetName"],
        params["CreateReceiptRule"]["After"],
    )
    assert 2 == len(json.loads(params["PutBucketPolicy"]["Policy"])["Statement"])


@pytest.mark.parametrize(
    ("present", "changes"),
    [
        ({}, {}),
        ({"Enabled": False}, {"Enabled": True}),
        ({"Recipients": ["other.example"]}, {"Recipients": ["other.example", "in.shop.example"]}),
        # Without any it is for everybody.
        ({"Recipients": []}, {}),
    ],
)
def test_a_rule_that_is_there_is_completed(present, changes):
    """Its other recipients and actions stay."""
    before = rule(**present)
    before["Actions"] = [{"AddHeaderAction": {"HeaderName": "X-A"}}, *before["Actions"]]
    calls = own_calls(plan(setup(), all_there(rules=(before,))))

    expected = [{"RuleSetName": "mailcore", "Rule": {**before, **changes}}] if changes else []
    assert expected == [call.params for call in calls]


@pytest.mark.parametrize(
    ("present", "require_tls", "expected"),
    [
        ("Optional", False, []),
        ("Optional", True, ["Require"]),
        ("Require", True, []),
        ("Require", False, []),
    ],
)
def test_a_rule_that_is_there_may_come_to_require_tls(present, require_tls, expected):
    """It is never made to do without."""
    existing = all_there(rules=(rule(TlsPolicy=present),))
    calls = own_calls(plan(setup(require_tls=require_tls), existing))

    assert expected == [call.params["Rule"]["TlsPolicy"] for call in calls]


def test_a_bucket_for_mail_alone():
    """Without a prefix none is named, and its objects are all that SES writes."""
    wanted = setup(object_key_prefix="")
    _, params = named(plan(wanted))
    (statement,) = json.loads(params["PutBucketPolicy"]["Policy"])["Statement"]

    assert [{"S3Action": {"BucketName": "shop-mail", "TopicArn": TOPIC_ARN}}] == (
        params["CreateReceiptRule"]["Rule"]["Actions"]
    )
    assert "arn:aws:s3:::shop-mail/*" == statement["Resource"]


@pytest.mark.parametrize(
    "present",
    [
        {"Actions": [{"S3Action": {"BucketName": "others", "TopicArn": TOPIC_ARN}}]},
        {"Actions": [{"BounceAction": {"SmtpReplyCode": "550"}}]},
        {"Actions": []},
        {},
    ],
)
def test_a_rule_that_does_something_else_stays(present):
    """It is told, and nothing is done."""
    other = {"Name": "mailcore-inbound", **present}

    with pytest.raises(ConfigurationError, match="give another rule_name"):
        plan(setup(), all_there(rules=(other,)))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"},
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"},
        {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}},
    ],
)
def test_a_public_bucket_is_none_for_mail(statement):
    """It is not closed either: somebody reads from it."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    for statements in (statement, [statement], [deny, "odd", statement]):
        policy = json.dumps({"Statement": statements})
        with pytest.raises(ConfigurationError, match="lets anybody in"):
            plan(setup(), all_there(bucket_policy=policy))


@pytest.mark.parametrize("policy", ["{", "[]", "1"])
def test_policies_that_cannot_be_read(policy):
    """Nothing is written over them."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        plan(setup(), all_there(bucket_policy=policy))


def test_other_statements_stay():
    """Those that let others than everybody in, or nobody."""
    theirs = [
        {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*"},
        {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": theirs})
    (call,) = own_calls(plan(setup(), all_there(bucket_policy=policy)))

    assert theirs == json.loads(call.params["Policy"])["Statement"][:2]


def test_calls_are_valid():
    """Against the service models of botocore."""
    session = botocore.session.get_session()
    calls = plan(setup(https_endpoint="https://sns:s3cret@shop.example/hook", replace_active=True))
    disabled = all_there(rules=(rule(Enabled=False),))
    for call in (*calls, *plan(setup(), disabled)):
        model = session.get_service_model(call.service).operation_model(call.operation)
        report = ParamValidator().validate(dict(call.params), model.input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": []},
        {"recipients": [""]},
        {"recipients": "in.shop.example"},
        {"recipients": ["localhost"]},
        {"recipients": ["a b@shop.example"]},
        {"recipients": ["shöp.example"]},
        {"recipients": ["*.shop.example"]},
        {"bucket_name": "Shop"},
        {"bucket_name": "s"},
        {"bucket_name": "shop-"},
        {"object_key_prefix": "/in"},
        {"object_key_prefix": "in*"},
        {"object_key_prefix": "${aws:username}"},
        {"rule_set_name": ""},
        {"rule_set_name": "a" * 65},
        {"rule_name": "-a"},
        {"rule_name": "a b"},
        {"queue_name": None},
        {"account_id": "1"},
        {"https_endpoint": "http://sns:s3cret@shop.example/hook"},
    ],
)
def test_what_aws_would_not_take(changes):
    """It is told before anything is half made."""
    with pytest.raises(ConfigurationError) as caught:
        setup(**changes)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("recipients", "names"),
    [
        (["in.shop.example"], ["in.shop.example"]),
        (["help@in.shop.example", "in.shop.example"], ["in.shop.example"]),
        ([".shop.example"], ["*.shop.example"]),
    ],
)
def test_what_needs_an_mx_record(recipients, names):
    """Each domain once."""
    wanted = setup(recipients=recipients)
    assert tuple(dict.fromkeys(recipients)) == wanted.recipients

    assert (names, "inbound-smtp.eu-west-1.amazonaws.com") == (
        list(wanted.mx_names),
        wanted.mx_host,
    )


# --- against moto


@pytest.fixture
def moto(monkeypatch):
    """The URL of a moto server, emptied."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    # All servers of a process share what they know.
    with urlopen(Request(f"{url}/moto-api/reset", method="POST")) as answer:
        assert 200 == answer.status
    yield url
    server.stop()


@pytest.fixture
def transport(moto):
    """A transport to moto for every service."""
    services = ("sesv2", "sns", "sqs", "sts", "s3")
    made = AwsTransport(
        ClientSettings(region_name="eu-west-1", endpoint_urls=dict.fromkeys(services, moto))
    )
    yield made
    made.close()


def ask(transport, service, operation, **params):
    """The answer of moto."""
    call = AwsCall(service=service, operation=operation, params=params)
    answer = transport.exchange(call)
    assert answer.ok, answer
    return answer.body


def test_made_and_found_again(transport):
    """All of it is there; moto forgets the signature version alone."""
    wanted = setup()
    existing = run(read_existing(wanted), transport)
    first = run(apply(wanted, existing), transport)
    second = run(apply(wanted, run(read_existing(wanted), transport)), transport)

    assert plan(wanted, ExistingInbound(active_rule_set_name="")) == first
    assert ["SetTopicAttributes"] == [call.operation for call in second]
    active = ask(transport, "ses", "DescribeActiveReceiptRuleSet")
    assert ("mailcore", ["mailcore-inbound"]) == (
        active["Metadata"]["Name"],
        [each["Name"] for each in active["Rules"]],
    )
    block = ask(transport, "s3", "GetPublicAccessBlock", Bucket="shop-mail")
    assert PRIVATE == block["PublicAccessBlockConfiguration"]


def mailcore(moto, *arguments):
    """Run the command line."""
    words = ["ses", "setup-inbound", "--option", "region_name=eu-west-1"]
    words += ["--option", f"endpoint_url={moto}"]
    return main([*words, *arguments], registry=Registry())


WANTED = ("--recipient", "in.shop.example", "--bucket", "shop-mail", "--prefix", "in/")


def test_the_command(moto, transport, capsys):
    """It prints, makes what it printed, and then says that nothing is to be done."""
    arguments = (*WANTED, "--queue-name", "inbound")

    assert 0 == mailcore(moto, *arguments)
    out, err = capsys.readouterr()
    printed = [shlex.split(line) for line in out.splitlines()]
    assert ["aws", "s3api", "create-bucket"] == printed[0][:3]
    assert ["aws", "ses", "set-active-receipt-rule-set"] == printed[-1][:3]
    assert all(moto in words for words in printed)
    assert "MX record to add: in.shop.example. MX 10 inbound-smtp.eu-west-1.amazonaws.com." in err
    assert "mailcore ses consume --queue-url" in err

    assert 0 == mailcore(moto, *arguments, "--apply", "--json")
    made = json.loads(capsys.readouterr().out)
    assert made["applied"]
    assert [words[2].replace("-", "") for words in printed] == [
        call["operation"].lower() for call in made["calls"]
    ]
    assert 0 == mailcore(moto, *arguments, "--json")
    left = json.loads(capsys.readouterr().out)["calls"]
    assert ["SetTopicAttributes"] == [call["operation"] for call in left]


def test_another_active_rule_set(moto, transport, capsys):
    """It stays; the command warns, ends with 1, and names both ways out, which work."""
    ask(transport, "ses", "CreateReceiptRuleSet", RuleSetName="theirs")
    ask(transport, "ses", "CreateReceiptRule", RuleSetName="theirs", Rule={"Name": "their-rule"})
    ask(transport, "ses", "SetActiveReceiptRuleSet", RuleSetName="theirs")
    arguments = (*WANTED, "--queue-name", "inbound")

    assert 1 == mailcore(moto, *arguments, "--apply")
    out, err = capsys.readouterr()
    assert "set-active-receipt-rule-set" not in out
    assert "warning: the rule set 'theirs' is active" in err
    assert "--rule-set theirs adds the rule there, --replace-active makes" in err
    assert 1 == mailcore(moto, *arguments, "--quiet")
    out, err = capsys.readouterr()
    assert ("", 1) == (out, len(err.splitlines()))
    assert "warning: the rule set 'theirs' is active" in err
    active = ask(transport, "ses", "DescribeActiveReceiptRuleSet")
    assert "theirs" == active["Metadata"]["Name"]

    assert 0 == mailcore(moto, *arguments, "--apply", "--rule-set", "theirs")
    assert "warning" not in capsys.readouterr().err
    active = ask(transport, "ses", "DescribeActiveReceiptRuleSet")
    assert ["their-rule", "mailcore-inbound"] == [each["Name"] for each in active["Rules"]]

    assert 0 == mailcore(moto, *arguments, "--apply", "--replace-active")
    assert "mailcore" == ask(transport, "ses", "DescribeActiveReceiptRuleSet")["Metadata"]["Name"]


def test_a_bucket_of_somebody_else(moto, transport, monkeypatch):
    """Names of buckets are the whole world's: nothing is made."""

    class OfOthers:
        def exchange(self, call):
            if call.operation == "HeadBucket":
                # moto has no other owner: S3 answers so to another ExpectedBucketOwner.
                assert ACCOUNT == call.params["ExpectedBucketOwner"]
                return AwsResponse(status_code=403, error_code="403", error_message="Forbidden")
            return transport.exchange(call)

        def close(self):
            pass

    with pytest.raises(SendError, match="s3 HeadBucket"):
        run(read_existing(setup()), OfOthers())


def test_offline(capsys):
    """All calls but the one that would replace what was not asked about."""
    offline = ("--offline", "--account-id", ACCOUNT, "--queue-name", "inbound")

    assert 0 == mailcore("http://127.0.0.1:1", *WANTED, *offline)
    out, err = capsys.readouterr()
    assert "create-receipt-rule " in out
    assert "set-active-receipt-rule-set" not in out
    assert "AWS was not asked whether another is" in err
    assert 0 == mailcore("http://127.0.0.1:1", *WANTED, *offline, "--replace-active")
    assert "set-active-receipt-rule-set" in capsys.readouterr().out


def test_a_webhook(capsys, monkeypatch):
    """The same care as for events: no password, retries, and a queue for the rest."""
    monkeypatch.setenv("MAILCORE_WEBHOOK_PASSWORD", "s3cret")
    arguments = (
        "--offline",
        "--account-id",
        ACCOUNT,
        "--https-endpoint",
        "https://sns@shop.example/",
    )

    assert 0 == mailcore("http://127.0.0.1:1", *WANTED, *arguments, "--json")
    out, err = capsys.readouterr()
    (subscribe,) = [each for each in json.loads(out)["calls"] if each["operation"] == "Subscribe"]
    assert "s3cret" not in out + err
    assert DELIVERY_POLICY == subscribe["params"]["Attributes"]["DeliveryPolicy"]
    assert "ses-inbound-dead" in subscribe["params"]["Attributes"]["RedrivePolicy"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--queue-name", "inbound"),
        (*WANTED, "--offline", "--queue-name", "inbound"),
        (*WANTED, "--offline", "--account-id", ACCOUNT),
        (*WANTED, "--offline", "--account-id", ACCOUNT, "--queue-name", "i", "--rule-name", "-"),
    ],
)
def test_wrong_usage(arguments, capsys):
    """Exit code 2, and nothing on standard output."""
    try:
        code = mailcore("http://127.0.0.1:1", *arguments)
    except SystemExit as ended:
        code = ended.code

    assert (2, "") == (code, capsys.readouterr().out)
