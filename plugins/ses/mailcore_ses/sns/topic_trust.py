"""Which topics are believed: those named and, if asked for, those of an account or a pattern."""

from __future__ import annotations

import re

from collections.abc import Iterable

from mailcore.errors import ConfigurationError
from mailcore.foundation import shown_name, shown_text
from mailcore_ses.sns.topic_arn import Topic, parse_topic_arn


_LONGEST_SHOWN = 300
_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
# The account is never a wildcard: everybody has an account, and may name a topic as they like.
_PATTERN = re.compile(r"arn:[a-z-]+:sns:[a-z0-9*-]+:[0-9]{12}:[A-Za-z0-9_*-]+(?:\.fifo)?", re.ASCII)


class TrustedTopics:
    """
    The topics whose messages are believed.

    Args:
        arns: The ARNs of the topics that are believed.
        account_ids: Accounts all of whose topics are believed, in every region.
        arn_patterns: ARNs with ``*`` in the region or the name, for any characters there.

    Raises:
        ConfigurationError: If one of them is not what it should be.
    """

    def __init__(
        self,
        arns: Iterable[str] = (),
        account_ids: Iterable[str] = (),
        arn_patterns: Iterable[str] = (),
    ) -> None:
        self._topics = {arn: _topic(arn) for arn in _texts("topic_arns", arns)}
        self._account_ids = frozenset(_texts("topic_account_ids", account_ids))
        for account_id in self._account_ids:
            if not _ACCOUNT_ID.fullmatch(account_id):
                raise ConfigurationError(
                    f"ses: topic_account_ids: {_shown(account_id)} is not an AWS account's 12 "
                    "digits"
                )
        self._patterns = [
            _compiled(pattern) for pattern in _texts("topic_arn_patterns", arn_patterns)
        ]

    def __bool__(self) -> bool:
        return bool(self._topics or self._account_ids or self._patterns)

    def find(self, arn: str) -> Topic | None:
        """The topic, if it is one of them."""
        topic = self._topics.get(arn)
        if topic is not None or not (self._account_ids or self._patterns):
            return topic
        topic = parse_topic_arn(arn)
        if topic is None:
            return None
        is_trusted = arn.split(":")[4] in self._account_ids or any(
            pattern.fullmatch(arn) for pattern in self._patterns
        )
        return topic if is_trusted else None


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise ConfigurationError(f"ses: {name} is a list, not one text")
    try:
        texts = tuple(values)
    except TypeError:
        raise ConfigurationError(f"ses: {name} is a list of text") from None
    if not all(isinstance(text, str) for text in texts):
        raise ConfigurationError(f"ses: {name} is a list of text")
    return texts


def _shown(text: str) -> str:
    """What of it an error may say: of what is no ARN nor number, its size. It may be a secret."""
    is_known = text.startswith("arn:") or (text.isascii() and text.isdecimal())
    return repr(shown_text(text, _LONGEST_SHOWN)) if is_known else shown_name(text)


def _topic(arn: str) -> Topic:
    topic = parse_topic_arn(arn)
    if topic is None:
        hint = "; topic_arn_patterns takes patterns" if "*" in arn else ""
        raise ConfigurationError(
            f"ses: topic_arns: {_shown(arn)} is not the ARN of an SNS topic, "
            f"such as arn:aws:sns:eu-west-1:123456789012:ses-events{hint}"
        )
    return topic


def _compiled(pattern: str) -> re.Pattern[str]:
    if not _PATTERN.fullmatch(pattern):
        raise ConfigurationError(
            f"ses: topic_arn_patterns: {_shown(pattern)} is not an ARN with * in its region or "
            f"name, such as arn:aws:sns:*:123456789012:ses-*"
        )
    pieces = [re.escape(piece) for piece in pattern.split("*")]
    return re.compile("[^:]*".join(pieces), re.ASCII)
