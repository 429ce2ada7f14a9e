"""
The smallest IAM policy for each feature.

Which action allows which operation, and for which kinds of resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html. Of these
the first was read on 2026-11-21, the third in excerpts; the others are cited from memory.

Version 2 of the API checks sending against actions of version 1 too, which these pages do not tell:

* raw content against ``ses:SendRawEmail``:
  https://repost.aws/knowledge-center/amazon-ses-send-email-unauthorized-error, and the text of the
  error in https://github.com/aws/aws-actionmailer-ses-ruby/issues/10;
* templates against ``ses:SendTemplatedEmail`` and ``ses:SendBulkTemplatedEmail``, and bulk sends
  against ``ses:SendBulkEmail`` for all resources:
  https://repost.aws/knowledge-center/amazon-ses-iam-user-email-access-denied and
  https://github.com/anymail/django-anymail/issues/384;
* calls of SQS for several messages against the action for one:
  https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html;
* each that sends for the configuration set too, if there is one:
  https://github.com/medplum/medplum/pull/10102.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Permission:
    """
    Actions that are allowed for the same resources.

    Args:
        actions: The actions with their prefix, such as ``ses:SendEmail``.
        resources: Kinds of SES resources, such as ``identity``, or patterns of ARNs; ``*`` where
            AWS knows no kinds of resources for the actions.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)


@dataclass(frozen=True, kw_only=True)
class FeaturePolicy:
    """
    What a feature needs.

    Args:
        feature: The name of the feature, which `python -m mailcore_ses.iam` takes.
        purpose: What it does, for people.
        operations: What it calls, as service and operation of boto3: ``sesv2:SendEmail``.
        permissions: What must be allowed for that.
    """

    feature: str
    purpose: str
    operations: tuple[str, ...]
    permissions: tuple[Permission, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """All actions, sorted."""
        return tuple(sorted({a for each in self.permissions for a in each.actions}))


_SENT_FROM = ("identity", "configuration-set")
_WITH_TEMPLATE = (*_SENT_FROM, "template")
_ANY = ("*",)
_BUCKET = ("arn:aws:s3:::*",)
_TOPIC = ("arn:aws:sns:*:*:*",)
_QUEUE = ("arn:aws:sqs:*:*:*",)

# For which resources an action is allowed; what is not here is for all, because AWS knows no kinds
# of resources for it. For s3 and kms
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
# (from memory, 2026-11-21).
_ALLOWED_FOR: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("identity",): ("ses:DeleteEmailIdentity", "ses:GetEmailIdentity"),
    ("configuration-set",): (
        "ses:CreateConfigurationSetEventDestination",
        "ses:GetConfigurationSet",
        "ses:GetConfigurationSetEventDestinations",
        "ses:UpdateConfigurationSetEventDestination",
    ),
    _BUCKET: (
        "s3:CreateBucket",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:ListBucket",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
    ),
    ("arn:aws:s3:::*/*",): ("s3:DeleteObject", "s3:GetObject"),
    ("arn:aws:kms:*:*:key/*",): ("kms:Decrypt",),
    _TOPIC: (
        "sns:ConfirmSubscription",
        "sns:CreateTopic",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
    ),
    _QUEUE: (
        "sqs:ChangeMessageVisibility",
        "sqs:CreateQueue",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SetQueueAttributes",
    ),
}
_RESOURCES = {action: kinds for kinds, actions in _ALLOWED_FOR.items() for action in actions}
_ORDER = (_ANY, *_ALLOWED_FOR)

# Operations that an action of another name allows; that of the others has their name.
_ACTIONS = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html,
    # API_GetPublicAccessBlock.html, API_PutPublicAccessBlock.html (from memory).
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html (read 2026-11-21):
# "No permissions are required".
_FREE = frozenset(["sts:GetCallerIdentity"])


def _policy(feature: str, purpose: str, *operations: str) -> FeaturePolicy:
    """What a feature needs whose operations are allowed one by one, by the tables above."""
    actions: dict[tuple[str, ...], set[str]] = {}
    for operation in operations:
        if operation not in _FREE:
            action = _ACTIONS.get(operation, operation.replace("sesv2:", "ses:"))
            actions.setdefault(_RESOURCES.get(action, _ANY), set()).add(action)
    permissions = (
        Permission(actions=tuple(sorted(actions[kinds])), resources=kinds)
        for kinds in sorted(actions, key=_ORDER.index)
    )
    return FeaturePolicy(
        feature=feature, purpose=purpose, operations=operations, permissions=tuple(permissions)
    )


_OF_A_TOPIC = (
    "sns:CreateTopic",
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sqs:CreateQueue",
    "sqs:GetQueueAttributes",
    "sqs:SetQueueAttributes",
    "sts:GetCallerIdentity",
)

POLICIES: tuple[FeaturePolicy, ...] = (
    FeaturePolicy(
        feature="send",
        purpose="complete messages, batches of them too; `mailcore ses check --test-send`",
        operations=("sesv2:SendEmail",),
        permissions=(
            Permission(actions=("ses:SendEmail", "ses:SendRawEmail"), resources=_SENT_FROM),
        ),
    ),
    FeaturePolicy(
        feature="templates",
        purpose="messages with a `template_id`, or with `{{…}}` for merge data",
        operations=("sesv2:SendBulkEmail", "sesv2:SendEmail"),
        permissions=(
            Permission(
                actions=("ses:SendBulkTemplatedEmail", "ses:SendEmail", "ses:SendTemplatedEmail"),
                resources=_WITH_TEMPLATE,
            ),
            Permission(actions=("ses:SendBulkEmail",)),
        ),
    ),
    FeaturePolicy(
        feature="send-v1",
        purpose='all messages with `api_version="v1"`',
        operations=("ses:SendBulkTemplatedEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail"),
        permissions=(
            Permission(actions=("ses:SendRawEmail",), resources=_SENT_FROM),
            Permission(
                actions=("ses:SendBulkTemplatedEmail", "ses:SendTemplatedEmail"),
                resources=_WITH_TEMPLATE,
            ),
        ),
    ),
    _policy(
        "events",
        "confirming the subscription of a webhook (`auto_confirm`), its only call",
        "sns:ConfirmSubscription",
    ),
    _policy(
        "inbound",
        "`fetch_inbound()` of mail that a receipt rule put into S3",
        "s3:GetObject",
    ),
    _policy(
        "inbound-delete",
        "`fetch_inbound()` with `delete_after`, beside `inbound`",
        "s3:DeleteObject",
    ),
    _policy(
        "inbound-kms",
        "`fetch_inbound()` of mail that SES or S3 encrypted under a key in KMS, beside "
        "`inbound`. A key of SES's own needs it too",
        "kms:Decrypt",
    ),
    _policy(
        "queue",
        "events from an SQS queue; `mailcore ses consume`",
        "sqs:ChangeMessageVisibilityBatch",
        "sqs:DeleteMessageBatch",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ),
    _policy(
        "event-setup",
        "`mailcore ses setup-events`, which makes topic, queues, subscriptions and "
        "configuration set, and has identities notify. It asks for the account's number too, "
        "which needs no permission",
        "ses:GetIdentityNotificationAttributes",
        "ses:SetIdentityFeedbackForwardingEnabled",
        "ses:SetIdentityHeadersInNotificationsEnabled",
        "ses:SetIdentityNotificationTopic",
        "sesv2:CreateConfigurationSet",
        "sesv2:CreateConfigurationSetEventDestination",
        "sesv2:GetConfigurationSetEventDestinations",
        "sesv2:UpdateConfigurationSetEventDestination",
        *_OF_A_TOPIC,
    ),
    _policy(
        "inbound-setup",
        "`mailcore ses setup-inbound`, which makes bucket, topic, queues, subscriptions and "
        "receipt rule. It asks for the account's number too, which needs no permission",
        "s3:CreateBucket",
        "s3:GetBucketPolicy",
        "s3:GetPublicAccessBlock",
        "s3:HeadBucket",
        "s3:PutBucketPolicy",
        "s3:PutPublicAccessBlock",
        "ses:CreateReceiptRule",
        "ses:CreateReceiptRuleSet",
        "ses:DescribeActiveReceiptRuleSet",
        "ses:DescribeReceiptRuleSet",
        "ses:SetActiveReceiptRuleSet",
        "ses:UpdateReceiptRule",
        *_OF_A_TOPIC,
    ),
    _policy(
        "account",
        "`account.status()`, `account.quota()`; `mailcore ses quota`",
        "sesv2:GetAccount",
    ),
    _policy(
        "statistics",
        "`account.statistics()`; `mailcore ses stats`",
        "ses:GetSendStatistics",
    ),
    _policy(
        "identities",
        "`account.identities()`, `account.identity()`, `account.create_identity()`, "
        "`account.delete_identity()`; `mailcore ses identities`",
        "sesv2:CreateEmailIdentity",
        "sesv2:DeleteEmailIdentity",
        "sesv2:GetEmailIdentity",
        "sesv2:ListEmailIdentities",
    ),
    _policy(
        "suppression",
        "`account.suppressed()`, `account.get_suppressed()`, `account.put_suppressed()`, "
        "`account.delete_suppressed()`; `mailcore ses suppression`",
        "sesv2:DeleteSuppressedDestination",
        "sesv2:GetSuppressedDestination",
        "sesv2:ListSuppressedDestinations",
        "sesv2:PutSuppressedDestination",
    ),
    _policy(
        "check",
        "`mailcore ses check`, without `--test-send`",
        "sesv2:GetAccount",
        "sesv2:GetConfigurationSet",
        "sesv2:GetConfigurationSetEventDestinations",
        "sesv2:GetEmailIdentity",
        "sesv2:ListEmailIdentities",
    ),
)
