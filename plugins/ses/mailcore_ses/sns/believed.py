"""Whom to believe: values that every provider has, apart from what verifies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mailcore.errors import ConfigurationError
from mailcore_ses.sns.certificates import check_base_url
from mailcore_ses.sns.topic_trust import TrustedTopics


RAW_DELIVERY = {"x-amz-sns-rawdelivery": "true"}
"""The header field that says of a message that it has no envelope."""

READ_HEADERS = frozenset({*RAW_DELIVERY, "x-amz-sns-message-id"})
"""Header fields that events are read from."""

_MIN_MAX_AGE_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class SnsTrust:
    """
    Which SNS messages are believed.

    Args:
        topic_arns: The topics. Without any, and without the next two, every message is refused.
        topic_account_ids: AWS accounts all of whose topics are believed.
        topic_arn_patterns: ARNs with ``*`` in the region or the name, such as
            ``arn:aws:sns:*:123456789012:ses-*``.
        certificate_base_urls: Where signing certificates may lie besides the SNS host of the
            topic's region, such as ``http://127.0.0.1:8005`` for a local SES; a path is fine.
            Whoever controls such a place can forge events.
        auto_confirm: Whether to confirm subscriptions to these topics. If not, they are logged as
            a warning, with the token to confirm them with.
        max_age_seconds: Refuse messages that were made longer ago; at least 3600, because SNS goes
            on trying for an hour by a topic's delivery policy. None: any age; replays are
            recognised by the events' `dedupe_key`.

    Raises:
        ConfigurationError: If one of them is not what it should be.
    """

    topic_arns: Iterable[str] = frozenset()
    topic_account_ids: Iterable[str] = ()
    topic_arn_patterns: Iterable[str] = ()
    certificate_base_urls: Iterable[str] = ()
    auto_confirm: bool = True
    max_age_seconds: float | None = None
    topics: TrustedTopics = field(init=False, repr=False)
    """What the first three come to."""

    def __post_init__(self) -> None:
        topics = TrustedTopics(self.topic_arns, self.topic_account_ids, self.topic_arn_patterns)
        if isinstance(self.certificate_base_urls, str):
            raise ConfigurationError("ses: certificate_base_urls is a list, not one text")
        try:
            base_urls = tuple(check_base_url(url) for url in self.certificate_base_urls)
        except TypeError:
            raise ConfigurationError("ses: certificate_base_urls is a list of text") from None
        if self.max_age_seconds is not None and not self.max_age_seconds >= _MIN_MAX_AGE_SECONDS:
            reason = "ses: max_age_seconds must be at least 3600: SNS goes on trying for an hour"
            raise ConfigurationError(reason)
        object.__setattr__(self, "topics", topics)
        object.__setattr__(self, "certificate_base_urls", base_urls)
