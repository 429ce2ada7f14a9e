"""What a parameter of ``SendEmail`` is called by the other operations."""

from __future__ import annotations

from collections.abc import Mapping


ENTRIES = "BulkEmailEntries"
LIST = "ListManagementOptions"
OVERRIDES = "ConfigurationOverrides"

V1_NAMES: Mapping[str, tuple[str, ...]] = {
    "ConfigurationSetName": ("ConfigurationSetName",),
    "EmailTags": ("Tags",),
    "FromEmailAddress": ("Source",),
    "FromEmailAddressIdentityArn": ("SourceArn",),
    "SourceArn": ("SourceArn",),
    "FeedbackForwardingEmailAddress": ("ReturnPath",),
    "FeedbackForwardingEmailAddressIdentityArn": ("ReturnPathArn",),
}
"""Everything that API v1 has of an option or of a message, beside its content and recipients."""

_TRANSLATED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "SendEmail": {},
    "SendBulkEmail": {"EmailTags": ("DefaultEmailTags",), "Content": ("DefaultContent",)},
    "SendRawEmail": {
        **V1_NAMES,
        "FromEmailAddressIdentityArn": ("FromArn", "SourceArn"),
        # Bounces go to Source; without it, to the From of the header.
        "FeedbackForwardingEmailAddress": ("Source",),
    },
    "SendTemplatedEmail": V1_NAMES,
    "SendBulkTemplatedEmail": {**V1_NAMES, "EmailTags": ("DefaultTags",)},
}


def names_in(operation: str, name: str) -> tuple[str, ...]:
    """The parameters of an operation that are meant by one of ``SendEmail``."""
    return _TRANSLATED[operation].get(name) or (name,)
