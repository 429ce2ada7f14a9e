"""What a provider's options say about every message that it sends."""

from __future__ import annotations

import re

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mailcore.errors import ConfigurationError


ApiVersion: TypeAlias = Literal["v2", "v1"]
ContentKind: TypeAlias = Literal["raw", "simple"]

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and API_MessageTag.html
# (read 2026-11-21). Two names with a colon are the feedback ids that SES adds to Feedback-ID.
_CONFIGURATION_SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TAG_TEXT = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FEEDBACK_TAGS = ("ses:feedback-id-a", "ses:feedback-id-b")


@dataclass(frozen=True, kw_only=True)
class SendingSettings:
    """
    Options for sending; see :class:`~mailcore_ses.provider.SesProvider` for each.

    Raises:
        ConfigurationError: If one is wrong, or two contradict each other.
    """

    api_version: ApiVersion = "v2"
    content: ContentKind = "raw"
    configuration_set_name: str | None = None
    tenant_name: str | None = None
    endpoint_id: str | None = None
    from_identity_arn: str | None = None
    source_identity_arn: str | None = None
    feedback_identity_arn: str | None = None
    contact_list_name: str | None = None
    topic_name: str | None = None
    email_tags: Mapping[str, str] = field(default_factory=dict)
    message_tag_name: str | None = None
    sign: Callable[[bytes], bytes] | None = field(default=None, repr=False)
    """Puts a DKIM signature in front of a raw message."""

    def __post_init__(self) -> None:
        set_name = self.configuration_set_name
        if set_name is not None and not _CONFIGURATION_SET_NAME.fullmatch(set_name):
            raise ConfigurationError(
                "ses: configuration_set_name must be 1 to 64 letters, digits, '_' and '-'"
            )
        for name in _TEXTS:
            if getattr(self, name) == "":
                raise ConfigurationError(f"ses: {name} is empty: leave it out, or give None")
        if self.topic_name is not None and self.contact_list_name is None:
            raise ConfigurationError("ses: topic_name needs the contact_list_name of its list")
        faults = [
            fault for name, text in self.email_tags.items() if (fault := tag_fault(name, text))
        ]
        if self.message_tag_name is not None:
            faults += [tag_fault(self.message_tag_name, "x")]
        if any(faults):
            raise ConfigurationError(
                f"ses: email_tags and message_tag_name: {next(filter(None, faults))}"
            )
        if self.sign is not None and self.content == "simple":
            raise ConfigurationError("ses: content='simple' cannot be signed with dkim_private_key")
        self._check_api_version()

    def _check_api_version(self) -> None:
        if self.api_version == "v2":
            if self.source_identity_arn is not None:
                raise ConfigurationError(
                    "ses: source_identity_arn is of api_version 'v1'; v2 has from_identity_arn"
                )
            return
        given = [name for name in _ONLY_V2 if getattr(self, name) is not None]
        if given:
            raise ConfigurationError(
                f"ses: SES API v1 has no {', '.join(given)}: use api_version='v2'"
            )
        if self.content == "simple":
            raise ConfigurationError("ses: content='simple' needs api_version='v2'")


_TEXTS = (
    "tenant_name",
    "endpoint_id",
    "from_identity_arn",
    "source_identity_arn",
    "feedback_identity_arn",
    "contact_list_name",
    "topic_name",
    "message_tag_name",
)
_ONLY_V2 = ("tenant_name", "endpoint_id", "contact_list_name", "topic_name")


def tag_fault(name: object, text: object) -> str:
    """What is wrong with an SES message tag; empty if nothing is."""
    if not isinstance(name, str) or not (name in _FEEDBACK_TAGS or TAG_TEXT.fullmatch(name)):
        return "the name of a message tag must be 1 to 256 letters, digits, '_' and '-'"
    if not isinstance(text, str) or not TAG_TEXT.fullmatch(text):
        return "the value of a message tag must be 1 to 256 letters, digits, '_' and '-'"
    return ""
