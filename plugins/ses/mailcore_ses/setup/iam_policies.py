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

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Permission:
    """
    Actions that are allowed for the same resources.

    Args:
        actions: With their prefix, such as ``ses:SendEmail``.
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
_TOPIC = "arn:aws:sns:*:*:*"
_QUEUE = "arn:aws:sqs:*:*:*"
_BUCKET = "arn:aws:s3:::*"
_OBJECT = "arn:aws:s3:::*/*"
_KEY = "arn:aws:kms:*:*:key/*"

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
    FeaturePolicy(
        feature="events",
        purpose="confirming the subscription of a webhook (`auto_confirm`), its only call",
        operations=("sns:ConfirmSubscription",),
        permissions=(Permission(actions=("sns:ConfirmSubscription",), resources=(_TOPIC,)),),
    ),
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
    # (from memory, 2026-11-21).
    FeaturePolicy(
        feature="inbound",
        purpose="`fetch_inbound()` of mail that a receipt rule put into S3",
        operations=("s3:GetObject",),
        permissions=(Permission(actions=("s3:GetObject",), resources=(_OBJECT,)),),
    ),
    FeaturePolicy(
        feature="inbound-delete",
        purpose="`fetch_inbound()` with `delete_after`, beside `inbound`",
        operations=("s3:DeleteObject",),
        permissions=(Permission(actions=("s3:DeleteObject",), resources=(_OBJECT,)),),
    ),
    FeaturePolicy(
        feature="inbound-kms",
        purpose="`fetch_inbound()` of mail that SES or S3 encrypted under a key in KMS, beside "
        "`inbound`. A key of SES's own needs it too",
        operations=("kms:Decrypt",),
        permissions=(Permission(actions=("kms:Decrypt",), resources=(_KEY,)),),
    ),
    FeaturePolicy(
        feature="queue",
        purpose="events from an SQS queue; `mailcore ses consume`",
        operations=(
            "sqs:ChangeMessageVisibilityBatch",
            "sqs:DeleteMessageBatch",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ),
        permissions=(
            Permission(
                actions=(
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                ),
                resources=(_QUEUE,),
            ),
        ),
    ),
    FeaturePolicy(
        feature="event-setup",
        purpose="`mailcore ses setup-events`, which makes topic, queues, subscriptions and "
        "configuration set, and has identities notify. It asks for the account's number too, "
        "which needs no permission",
        operations=(
            "ses:GetIdentityNotificationAttributes",
            "ses:SetIdentityFeedbackForwardingEnabled",
            "ses:SetIdentityHeadersInNotificationsEnabled",
            "ses:SetIdentityNotificationTopic",
            "sesv2:CreateConfigurationSet",
            "sesv2:CreateConfigurationSetEventDestination",
            "sesv2:GetConfigurationSetEventDestinations",
            "sesv2:UpdateConfigurationSetEventDestination",
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
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
            # (read 2026-11-21): "No permissions are required".
            "sts:GetCallerIdentity",
        ),
        permissions=(
            Permission(
                actions=(
                    "ses:CreateConfigurationSet",
                    "ses:GetIdentityNotificationAttributes",
                    "ses:SetIdentityFeedbackForwardingEnabled",
                    "ses:SetIdentityHeadersInNotificationsEnabled",
                    "ses:SetIdentityNotificationTopic",
                    "sns:GetSubscriptionAttributes",
                    "sns:SetSubscriptionAttributes",
                )
            ),
            Permission(
                actions=(
                    "ses:CreateConfigurationSetEventDestination",
                    "ses:GetConfigurationSetEventDestinations",
                    "ses:UpdateConfigurationSetEventDestination",
                ),
                resources=("configuration-set",),
            ),
            Permission(
                actions=(
                    "sns:CreateTopic",
                    "sns:GetTopicAttributes",
                    "sns:ListSubscriptionsByTopic",
                    "sns:SetTopicAttributes",
                    "sns:Subscribe",
                ),
                resources=(_TOPIC,),
            ),
            Permission(
                actions=("sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
                resources=(_QUEUE,),
            ),
        ),
    ),
    FeaturePolicy(
        feature="inbound-setup",
        purpose="`mailcore ses setup-inbound`, which makes bucket, topic, queues, subscriptions "
        "and receipt rule. It asks for the account's number too, which needs no permission",
        operations=(
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
        ),
        permissions=(
            Permission(
                actions=(
                    "ses:CreateReceiptRule",
                    "ses:CreateReceiptRuleSet",
                    "ses:DescribeActiveReceiptRuleSet",
                    "ses:DescribeReceiptRuleSet",
                    "ses:SetActiveReceiptRuleSet",
                    "ses:UpdateReceiptRule",
                    "sns:GetSubscriptionAttributes",
                    "sns:SetSubscriptionAttributes",
                )
            ),
            # HeadBucket is allowed by ListBucket, the others by names of their own:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html,
            # API_GetPublicAccessBlock.html, API_PutPublicAccessBlock.html (from memory).
            Permission(
                actions=(
                    "s3:CreateBucket",
                    "s3:GetBucketPolicy",
                    "s3:GetBucketPublicAccessBlock",
                    "s3:ListBucket",
                    "s3:PutBucketPolicy",
                    "s3:PutBucketPublicAccessBlock",
                ),
                resources=(_BUCKET,),
            ),
            Permission(
                actions=(
                    "sns:CreateTopic",
                    "sns:GetTopicAttributes",
                    "sns:ListSubscriptionsByTopic",
                    "sns:SetTopicAttributes",
                    "sns:Subscribe",
                ),
                resources=(_TOPIC,),
            ),
            Permission(
                actions=("sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
                resources=(_QUEUE,),
            ),
        ),
    ),
    FeaturePolicy(
        feature="account",
        purpose="`account.status()`, `account.quota()`; `mailcore ses quota`",
        operations=("sesv2:GetAccount",),
        permissions=(Permission(actions=("ses:GetAccount",)),),
    ),
    FeaturePolicy(
        feature="statistics",
        purpose="`account.statistics()`; `mailcore ses stats`",
        operations=("ses:GetSendStatistics",),
        permissions=(Permission(actions=("ses:GetSendStatistics",)),),
    ),
    FeaturePolicy(
        feature="identities",
        purpose="`account.identities()`, `account.identity()`, `account.create_identity()`, "
        "`account.delete_identity()`; `mailcore ses identities`",
        operations=(
            "sesv2:CreateEmailIdentity",
            "sesv2:DeleteEmailIdentity",
            "sesv2:GetEmailIdentity",
            "sesv2:ListEmailIdentities",
        ),
        permissions=(
            Permission(actions=("ses:CreateEmailIdentity", "ses:ListEmailIdentities")),
            Permission(
                actions=("ses:DeleteEmailIdentity", "ses:GetEmailIdentity"),
                resources=("identity",),
            ),
        ),
    ),
    FeaturePolicy(
        feature="suppression",
        purpose="`account.suppressed()`, `account.get_suppressed()`, `account.put_suppressed()`, "
        "`account.delete_suppressed()`; `mailcore ses suppression`",
        operations=(
            "sesv2:DeleteSuppressedDestination",
            "sesv2:GetSuppressedDestination",
            "sesv2:ListSuppressedDestinations",
            "sesv2:PutSuppressedDestination",
        ),
        permissions=(
            Permission(
                actions=(
                    "ses:DeleteSuppressedDestination",
                    "ses:GetSuppressedDestination",
                    "ses:ListSuppressedDestinations",
                    "ses:PutSuppressedDestination",
                )
            ),
        ),
    ),
    FeaturePolicy(
        feature="check",
        purpose="`mailcore ses check`, without `--test-send`",
        operations=(
            "sesv2:GetAccount",
            "sesv2:GetConfigurationSet",
            "sesv2:GetConfigurationSetEventDestinations",
            "sesv2:GetEmailIdentity",
            "sesv2:ListEmailIdentities",
        ),
        permissions=(
            Permission(actions=("ses:GetAccount", "ses:ListEmailIdentities")),
            Permission(actions=("ses:GetEmailIdentity",), resources=("identity",)),
            Permission(
                actions=(
                    "ses:GetConfigurationSet",
                    "ses:GetConfigurationSetEventDestinations",
                ),
                resources=("configuration-set",),
            ),
        ),
    ),
)
