"""
Parameters that a message brings for SES itself: ``esp_extra={"ses": {...}}``.

They have the names of ``SendEmail`` and are merged in last: mappings merge, everything else
replaces. ``ListManagementOptions`` that name a list replace those of the provider, because a topic
is one of its list. For the other operations, names that mean the same are translated.

``BulkEmailEntries`` is no list here but a mapping from a recipient's address to what is merged into
that recipient's entry, such as ``ReplacementTags``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from mailcore.address import address_key
from mailcore.errors import ConfigurationError
from mailcore.foundation import thaw, with_plain_texts
from mailcore.message import Message
from mailcore_ses.payload.fragments import Parameters, given, tag_list
from mailcore_ses.payload.settings import tag_fault


NAMESPACE = "ses"
ENTRIES = "BulkEmailEntries"
LIST = "ListManagementOptions"

_V1 = {
    "EmailTags": ("Tags",),
    "FromEmailAddress": ("Source",),
    "FromEmailAddressIdentityArn": ("SourceArn",),
    "FeedbackForwardingEmailAddress": ("ReturnPath",),
    "FeedbackForwardingEmailAddressIdentityArn": ("ReturnPathArn",),
}
_TRANSLATED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "SendEmail": {},
    "SendBulkEmail": {"EmailTags": ("DefaultEmailTags",), "Content": ("DefaultContent",)},
    "SendRawEmail": {
        **_V1,
        "FromEmailAddressIdentityArn": ("FromArn", "SourceArn"),
        "FeedbackForwardingEmailAddress": ("Source",),
    },
    "SendTemplatedEmail": _V1,
    "SendBulkTemplatedEmail": {**_V1, "EmailTags": ("DefaultTags",)},
}


def extra_of(message: Message) -> Mapping[str, Any]:
    """What the message has for SES, and for no other provider."""
    return message.esp_extra.get(NAMESPACE) or {}


def asked_content(message: Message) -> str | None:
    """Which kind of content the message asks for: ``raw``, ``simple`` or neither."""
    content = extra_of(message).get("Content")
    if isinstance(content, Mapping):
        for kind in ("Simple", "Raw"):
            if kind in content:
                return kind.lower()
    return None


def with_extra(parameters: Parameters, message: Message, operation: str) -> Parameters:
    """The parameters of an operation with the message's own merged in; changes and returns them."""
    for name, value in extra_of(message).items():
        if name == ENTRIES:
            continue
        if name == "Content" and isinstance(value, Mapping):
            # An empty kind of content is a choice, and no content.
            value = {k: v for k, v in value.items() if v or k not in ("Raw", "Simple")}  # noqa: PLW2901
            if not value:
                continue
        if name == LIST and isinstance(value, Mapping):
            value = _list_options(parameters.get(LIST, {}), value)  # noqa: PLW2901
            parameters.pop(LIST, None)
        for own_name in _TRANSLATED[operation].get(name, (name,)):
            merge(parameters, {own_name: value})
    return parameters


def _list_options(providers: Mapping[str, Any], messages: Mapping[str, Any]) -> Mapping[str, Any]:
    """A list with its topic; None is no topic, whatever the mailer's defaults say."""
    kept = {} if messages.get("ContactListName") else providers
    return {name: value for name, value in {**kept, **messages}.items() if value is not None}


def entry_extra(message: Message) -> dict[str, Mapping[str, Any]]:
    """What the message has for the entries of single recipients, by the key of their address."""
    entries = extra_of(message).get(ENTRIES)
    if not isinstance(entries, Mapping):
        return {}
    return {address_key(address): extra for address, extra in entries.items()}


def merge(into: Parameters, extra: Mapping[str, Any]) -> None:
    """Deep-merge: mappings merge, everything else replaces."""
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = thaw(value)


def merged_tags(tags: Iterable[Parameters], own: Iterable[Parameters]) -> list[Parameters]:
    """Message tags with those of a recipient, which win by name."""
    return list({tag["Name"]: thaw(tag) for tag in (*tags, *own)}.values())


@with_plain_texts
def ses_options(
    *,
    configuration_set_name: str | None = None,
    tenant_name: str | None = None,
    endpoint_id: str | None = None,
    from_identity_arn: str | None = None,
    feedback_identity_arn: str | None = None,
    contact_list_name: str | None = None,
    topic_name: str | None = None,
    email_tags: Mapping[str, str] | None = None,
    recipient_tags: Mapping[str, Mapping[str, str]] | None = None,
    content: Literal["raw", "simple"] | None = None,
) -> dict[str, dict[str, Any]]:
    """
    Options of SES for one message: ``Message(..., esp_extra=ses_options(tenant_name="acme"))``.

    Each wins over the provider's option of the same name; those that are not given leave it.

    Args:
        configuration_set_name: Of the configuration set.
        tenant_name: Of the tenant.
        endpoint_id: Of a global endpoint.
        from_identity_arn: Of the identity to send from, if it is another account's.
        feedback_identity_arn: Of the envelope sender's identity, if it is another account's.
        contact_list_name: The list that the message belongs to; without a `topic_name` to none of
            its topics, whatever the provider's options and the mailer's defaults say.
        topic_name: Its topic.
        email_tags: Message tags by name; all of them, in place of the provider's.
        recipient_tags: Message tags for single recipients of a batch, by address; they win over
            the others by name.
        content: ``raw`` or ``simple``.

    Returns:
        A mapping for ``esp_extra``, with the names of SES's API.

    Raises:
        ConfigurationError: If a tag has characters that SES does not take, or a topic no list.
    """
    own_tags = (recipient_tags or {}).values()
    for tags in (email_tags or {}, *own_tags):
        for name, text in tags.items():
            fault = tag_fault(name, text)
            if fault:
                raise ConfigurationError(f"ses: {fault}")
    if topic_name is not None and contact_list_name is None:
        raise ConfigurationError("ses: topic_name needs the contact_list_name of its list")
    parameters = given(
        FromEmailAddressIdentityArn=from_identity_arn,
        FeedbackForwardingEmailAddressIdentityArn=feedback_identity_arn,
        ConfigurationSetName=configuration_set_name,
        EndpointId=endpoint_id,
        TenantName=tenant_name,
        ListManagementOptions=(
            # None takes away the topic of another list, which a default may name.
            contact_list_name and {"ContactListName": contact_list_name, "TopicName": topic_name}
        ),
        BulkEmailEntries={
            address: {"ReplacementTags": tag_list(tags.items())}
            for address, tags in (recipient_tags or {}).items()
        },
    )
    if content is not None:
        parameters["Content"] = {content.capitalize(): {}}
    if email_tags is not None:
        parameters["EmailTags"] = tag_list(email_tags.items())
    return {NAMESPACE: parameters}
