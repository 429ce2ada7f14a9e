"""
The smallest IAM policy for each feature, as JSON and as a page of the documentation.

``python -m mailcore_ses.iam`` writes the page, ``python -m mailcore_ses.iam FEATURE …`` a policy.

The policies and their sources are in :mod:`mailcore_ses.setup.iam_policies`.
"""

from __future__ import annotations

import json
import sys

from collections.abc import Iterable, Sequence

from mailcore_ses.setup.iam_policies import POLICIES, FeaturePolicy, Permission


__all__ = ["POLICIES", "FeaturePolicy", "Permission", "chosen", "page", "policy_document"]


def policy_document(policies: Iterable[FeaturePolicy]) -> dict[str, object]:
    """
    An IAM policy that allows some features, as IAM reads it.

    Regions, accounts and names of the resources are left open: put yours in their place.
    """
    actions: dict[tuple[str, ...], set[str]] = {}
    for policy in policies:
        for each in policy.permissions:
            actions.setdefault(each.resources, set()).update(each.actions)
    statements = [
        {
            "Effect": "Allow",
            "Action": sorted(found),
            "Resource": [_arn(resource) for resource in resources],
        }
        for resources, found in actions.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _arn(resource: str) -> str:
    if resource == "*" or resource.startswith("arn:"):
        return resource
    return f"arn:aws:ses:*:*:{resource}/*"


def chosen(features: Sequence[str]) -> tuple[FeaturePolicy, ...]:
    """
    Policies by the names of their features; all without names.

    Raises:
        ValueError: If a name is not one of a feature.
    """
    known = {policy.feature: policy for policy in POLICIES}
    unknown = [name for name in features if name not in known]
    if unknown:
        raise ValueError(f"no feature {unknown[0]!r}: there are {', '.join(known)}")
    return tuple(known[name] for name in features) if features else POLICIES


_INTRODUCTION = """\
# Amazon SES: permissions

<!-- Written by `python -m mailcore_ses.iam`: do not edit. -->

What the credentials must be allowed to do, by what you use. `mailcore_ses.iam.POLICIES` has the
same as data, and `python -m mailcore_ses.iam send events` prints one policy for several features.
The tests hold it against the calls that the code can make.

Sending through version 2 of the API is checked against actions of version 1 too: raw content, which
is what mailcore sends, against `ses:SendRawEmail`, templates against `ses:SendTemplatedEmail` and
`ses:SendBulkTemplatedEmail`. An error therefore may name an action that you did not call. Both
names are in the policies, as in [AWS's][unauthorized] [answers][denied]. A configuration set is a
resource of its own: a policy that names the identity only refuses messages with a configuration
set.

Put your region, account and names in the place of the asterisks in the ARNs, and your partition
(`aws-us-gov`, `aws-cn`) in the place of `aws`. A `"Resource": ["*"]` stays as it is: AWS knows no
resources for these actions. [Conditions][conditions] can limit senders and recipients.

Sources, read on 2026-11-21: the service authorization reference for
[SES v2](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html),
[SES](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html) and
[SNS](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html),
[SQS](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html).

[unauthorized]: https://repost.aws/knowledge-center/amazon-ses-send-email-unauthorized-error
[denied]: https://repost.aws/knowledge-center/amazon-ses-iam-user-email-access-denied
[conditions]: https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
"""


def page() -> str:
    """The page of the documentation, in Markdown."""
    parts = [_INTRODUCTION]
    for policy in POLICIES:
        operations = ", ".join(f"`{operation}`" for operation in policy.operations)
        document = json.dumps(policy_document([policy]), indent=2)
        parts.append(
            f"## {policy.feature}\n\nFor {policy.purpose}. Calls {operations}.\n\n"
            f"```json\n{document}\n```\n"
        )
    return "\n".join(parts)


def main(features: Sequence[str]) -> str:
    """What to print: the page, or a policy for the features named."""
    if not features:
        return page()
    return json.dumps(policy_document(chosen(features)), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
