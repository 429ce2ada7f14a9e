"""
Which calls are missing to receive mail: pure, so that a second run has nothing to do.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html (read 2026-11-30): the
statements of the policies. SES tries to write to bucket and topic when a rule is made, so their
policies come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailcore.errors import ConfigurationError
from mailcore_ses.aws.call import SES_V1, AwsCall
from mailcore_ses.setup.inbound_setup import InboundSetup
from mailcore_ses.setup.topic_plan import (
    ExistingTopic,
    call,
    read_policy,
    statement_for_ses,
    statements_of,
    topic_calls,
    with_statement,
)


PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
"""All that S3 has against public access."""


@dataclass(frozen=True, kw_only=True)
class ExistingInbound(ExistingTopic):
    """
    What is there already, beside topic and listeners; by default nothing.

    Attributes:
        has_bucket: Whether the bucket is there.
        public_access_block: The bucket's configuration against public access.
        bucket_policy: The policy of the bucket, as JSON.
        rules: The rules of the rule set, in order; None if there is no such set.
        active_rule_set_name: The rule set that mail goes by; empty if there is none, None if that
            was not asked.
    """

    has_bucket: bool = False
    public_access_block: Mapping[str, Any] | None = None
    bucket_policy: str | None = None
    rules: tuple[Mapping[str, Any], ...] | None = None
    active_rule_set_name: str | None = None


_NOTHING = ExistingInbound()


def plan(wanted: InboundSetup, existing: ExistingInbound = _NOTHING) -> tuple[AwsCall, ...]:
    """
    The calls that are missing, in order; none if all of it is there.

    Another rule set that is active stays so, unless `replace_active`: see :func:`is_inactive`.

    Raises:
        ConfigurationError: If the bucket is open to everybody, the rule of that name does something
            else, or a policy cannot be read.
    """
    rules = tuple(_rule_calls(wanted, existing))
    return (
        *_bucket_calls(wanted, existing),
        *topic_calls(wanted, existing),
        *rules,
        *_activation(wanted, existing),
    )


def is_inactive(wanted: InboundSetup, existing: ExistingInbound) -> bool:
    """
    Whether another rule set is active, or may be, and remains so.

    Then no mail comes by this one.
    """
    may_be_another = existing.active_rule_set_name not in ("", wanted.rule_set_name)
    return may_be_another and not wanted.replace_active


def _bucket_calls(wanted: InboundSetup, existing: ExistingInbound) -> Iterator[AwsCall]:
    bucket = {"Bucket": wanted.bucket_name}
    if not existing.has_bucket:
        place = {}
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html, from memory: the
        # one region that must not be named.
        if wanted.region_name != "us-east-1":
            place = {"CreateBucketConfiguration": {"LocationConstraint": wanted.region_name}}
        yield call(wanted, "s3", "CreateBucket", **bucket, **place)
    elif _lets_anybody_in(existing.bucket_policy):
        raise ConfigurationError(
            f"the policy of the bucket {wanted.bucket_name!r} lets anybody in, and received mail "
            f"must not lie there: give another bucket_name"
        )
    # A bucket of this name may belong to somebody else, and mail must not go there.
    owned = {**bucket, "ExpectedBucketOwner": wanted.account_id}
    present = existing.public_access_block or {}
    if any(present.get(name) is not True for name in PRIVATE):
        yield call(
            wanted, "s3", "PutPublicAccessBlock", **owned, PublicAccessBlockConfiguration=PRIVATE
        )
    statement = statement_for_ses(wanted, wanted.rule_arn, "s3:PutObject", wanted.objects_arn)
    policy = with_statement(existing.bucket_policy, statement)
    if policy is not None:
        yield call(wanted, "s3", "PutBucketPolicy", **owned, Policy=policy)


def _lets_anybody_in(policy: str | None) -> bool:
    for statement in statements_of(read_policy(policy)):
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        if "*" in (named if isinstance(named, list) else [named]):
            return True
    return False


def _rule_calls(wanted: InboundSetup, existing: ExistingInbound) -> Iterator[AwsCall]:
    named = {"RuleSetName": wanted.rule_set_name}
    if existing.rules is None:
        yield call(wanted, SES_V1, "CreateReceiptRuleSet", **named)
    rules = existing.rules or ()
    present = next((rule for rule in rules if rule.get("Name") == wanted.rule_name), None)
    if present is None:
        # Behind those that are there: a rule that is made without this comes first.
        after = {"After": rules[-1]["Name"]} if rules else {}
        yield call(wanted, SES_V1, "CreateReceiptRule", **named, **after, Rule=_rule(wanted))
        return
    if not _delivers(wanted, present.get("Actions", ())):
        raise ConfigurationError(
            f"the rule {wanted.rule_name!r} of the rule set {wanted.rule_set_name!r} does "
            f"something else than to deliver to this bucket and topic: give another rule_name"
        )
    changed = _completed(wanted, present)
    if changed != present:
        yield call(wanted, SES_V1, "UpdateReceiptRule", **named, Rule=changed)


def _rule(wanted: InboundSetup) -> dict[str, Any]:
    return {
        "Name": wanted.rule_name,
        "Enabled": True,
        "TlsPolicy": "Require" if wanted.require_tls else "Optional",
        "Recipients": list(wanted.recipients),
        "Actions": [{"S3Action": _s3_action(wanted)}],
        # Without it, there are no verdicts on spam and viruses.
        "ScanEnabled": True,
    }


def _s3_action(wanted: InboundSetup) -> dict[str, str]:
    prefix = {"ObjectKeyPrefix": wanted.object_key_prefix} if wanted.object_key_prefix else {}
    return {"BucketName": wanted.bucket_name, **prefix, "TopicArn": wanted.topic_arn}


def _delivers(wanted: InboundSetup, actions: Sequence[Mapping[str, Any]]) -> bool:
    given = _s3_action(wanted)
    return any(
        all((action.get("S3Action") or {}).get(name) == value for name, value in given.items())
        for action in actions
    )


def _completed(wanted: InboundSetup, present: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that is there, with what it lacks; its other actions and recipients stay."""
    recipients = list(present.get("Recipients") or ())
    # "If this field is not specified, this rule will match all recipients": API_ReceiptRule.
    added = [each for each in wanted.recipients if each not in recipients] if recipients else []
    changed = {**present, "Enabled": True, "ScanEnabled": True}
    if added:
        changed["Recipients"] = [*recipients, *added]
    if wanted.require_tls:
        changed["TlsPolicy"] = "Require"
    return changed


def _activation(wanted: InboundSetup, existing: ExistingInbound) -> Iterator[AwsCall]:
    if existing.active_rule_set_name == wanted.rule_set_name or is_inactive(wanted, existing):
        return
    yield call(wanted, SES_V1, "SetActiveReceiptRuleSet", RuleSetName=wanted.rule_set_name)
