"""What the features are, for readers of the matrix."""

from __future__ import annotations

from mailcore.features import Feature


LEGEND = {
    "yes": "supported",
    "no": "not supported; using it raises `UnsupportedFeature`",
    "at most *n*": "supported up to that number; more raises `UnsupportedFeature`",
    "with *feature*": "supported in messages that use the other feature too; else it raises",
    "partly": "supported in part; what is not raises `UnsupportedFeature`",
    "yes (limit *n*)": "supported; the provider has a limit of its own, which it may change, and "
    "which mailcore leaves to it",
}
"""Answers as :class:`~mailcore.features.Support` prints them, and what follows from them."""

DESCRIPTIONS = {
    Feature.CC: "recipients whom everybody sees",
    Feature.BCC: "recipients whom nobody sees",
    Feature.REPLY_TO: "where answers go",
    Feature.HEADERS: "header fields of your own",
    Feature.SPOOFED_TO: "a To header that differs from the recipients",
    Feature.MULTIPLE_FROM: "several addresses in From",
    Feature.ALTERNATIVES: "further forms of the body, such as a calendar invitation",
    Feature.AMP_HTML: "an AMP body",
    Feature.ATTACHMENTS: "files",
    Feature.INLINE_IMAGES: "images that the HTML shows as `cid:`",
    Feature.ENVELOPE_SENDER: "where bounces go",
    Feature.METADATA: "values that events bring back",
    Feature.TAGS: "words that statistics count by",
    Feature.TRACK_OPENS: "tracking of opens, on or off for a message",
    Feature.TRACK_CLICKS: "tracking of clicks, on or off for a message",
    Feature.SEND_AT: "sending later",
    Feature.TEMPLATES: "templates stored at the provider",
    Feature.TEMPLATE_SENDER: "the template's own sender, with `from_email=None`",
    Feature.MERGE_DATA: "values for each recipient; everybody gets an own mail",
    Feature.MERGE_GLOBAL_DATA: "values for all recipients",
    Feature.MERGE_METADATA: "metadata for each recipient",
    Feature.MERGE_HEADERS: "headers for each recipient",
    Feature.UNSUBSCRIBE: "leaving a list with one click (RFC 8058)",
    Feature.IDEMPOTENCY_KEY: "two sends with one key are one",
    Feature.INTERNATIONAL_ADDRESSES: "letters outside ASCII before the @ (RFC 6531)",
    Feature.RECIPIENTS: "addresses in one message",
    Feature.EVENT_WEBHOOKS: "normalised events about sent mail",
    Feature.WEBHOOK_VERIFICATION: "proof that a webhook request comes from the provider",
    Feature.INBOUND: "received mail",
}
"""A phrase for each feature."""
