"""ARNs of SNS topics, and the SNS host of their region."""

from __future__ import annotations

import re

from typing import NamedTuple


# https://docs.aws.amazon.com/general/latest/gr/sns.html and botocore's endpoints.json
# (read 2026-11-21).
DNS_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
}
"""What the names of hosts end in, by the part of AWS that ARNs name."""

# A name has up to 256 letters, digits, "-" and "_"; that of a FIFO topic ends in ".fifo".
# https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html (read 2026-11-21).
_TOPIC_ARN = re.compile(
    r"arn:(aws(?:-[a-z]+){0,2}):sns:([a-z]{2,4}(?:-[a-z]{2,9}){1,2}-[0-9]{1,2}):[0-9]{12}:"
    r"[A-Za-z0-9_-]{1,256}(?:\.fifo)?"
)


class Topic(NamedTuple):
    """A topic by what its ARN tells: where its messages are signed and its subscriptions live."""

    arn: str
    region_name: str
    sns_host: str


def parse_topic_arn(arn: object) -> Topic | None:
    """Read the ARN of a topic in a partition that is known; None if it is none."""
    match = _TOPIC_ARN.fullmatch(arn) if isinstance(arn, str) else None
    suffix = DNS_SUFFIXES.get(match[1]) if match else None
    if match is None or suffix is None:
        return None
    return Topic(match[0], match[2], f"sns.{match[2]}.{suffix}")
