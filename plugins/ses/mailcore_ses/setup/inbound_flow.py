"""Looking at what is there to receive mail, and making the calls that are missing."""

from __future__ import annotations

from typing import Any

from mailcore.flow import Flow
from mailcore_ses.aws.asking import entries, structure, text
from mailcore_ses.aws.call import SES_V1, AwsCall
from mailcore_ses.setup.inbound_plan import ExistingInbound, plan
from mailcore_ses.setup.inbound_setup import InboundSetup
from mailcore_ses.setup.topic_flow import ask, make, read_topic


# HeadBucket has no body, so the status is all that is known of the error.
_NO_BUCKET = ("404", "NoSuchBucket")
_NO_BLOCK = ("NoSuchPublicAccessBlockConfiguration",)
_NO_POLICY = ("NoSuchBucketPolicy",)
_NO_RULE_SET = ("RuleSetDoesNotExist",)


def read_existing(wanted: InboundSetup) -> Flow[ExistingInbound]:
    """
    Look at what is there; changes nothing.

    Raises:
        SendError: If AWS cannot be asked, or refuses; also if a bucket of this name belongs to
            another account.
    """
    topic = yield from read_topic(wanted)
    region = wanted.region_name
    # Refused with 403 if the bucket is of another account.
    owned = {"Bucket": wanted.bucket_name, "ExpectedBucketOwner": wanted.account_id}
    bucket = yield from ask("s3", "HeadBucket", owned, region, absent=_NO_BUCKET)
    block, policy = None, None
    if bucket is not None:
        block = yield from ask("s3", "GetPublicAccessBlock", owned, region, absent=_NO_BLOCK)
        policy = yield from ask("s3", "GetBucketPolicy", owned, region, absent=_NO_POLICY)
    named: dict[str, Any] = {"RuleSetName": wanted.rule_set_name}
    rules = yield from ask(SES_V1, "DescribeReceiptRuleSet", named, None, absent=_NO_RULE_SET)
    active = yield from ask(SES_V1, "DescribeActiveReceiptRuleSet", {}, None)
    return ExistingInbound(
        **vars(topic),
        has_bucket=bucket is not None,
        public_access_block=structure(block or {}, "PublicAccessBlockConfiguration"),
        bucket_policy=text(policy or {}, "Policy") or None,
        rules=None if rules is None else entries(rules, "Rules"),
        active_rule_set_name=text(structure(active or {}, "Metadata"), "Name"),
    )


def apply(wanted: InboundSetup, existing: ExistingInbound) -> Flow[tuple[AwsCall, ...]]:
    """
    Make the calls that are missing; a second time there are none.

    Args:
        wanted: What is to be there.
        existing: What :func:`read_existing` found.

    Returns:
        The calls that were made.

    Raises:
        SendError: At the first call that fails; those before it are done, and not repeated the next
            time.
        ConfigurationError: As :func:`mailcore_ses.setup.inbound_plan.plan`; then nothing is done.
    """
    calls = plan(wanted, existing)
    yield from make(calls)
    return calls
