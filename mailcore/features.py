"""
What a message can ask for, and what a provider says to it.

A provider declares its support once, as :class:`Features`; mailcore enforces it before every
send, prints it (``mailcore features``) and proves it (:mod:`mailcore.testing`). What a provider
does not mention it does not support: a new field cannot be dropped silently by an old plugin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.foundation.suggesting import unknown


__all__ = [
    "AMP",
    "NO",
    "YES",
    "Feature",
    "Features",
    "Support",
    "UnsupportedPolicy",
    "advisory",
    "limited",
    "needs",
    "partial",
    "yes",
]


AMP = "text/x-amp-html"
"""The type of a body in AMP, which the feature ``amp_html`` is about."""


class Feature(str, Enum):
    """Something that not every provider can express."""

    # Equal to its text, so hashed like it; and Enum's own, in Python, takes as long as a look-up
    # (benchmarks/build.py).
    __hash__ = str.__hash__

    CC = "cc"
    BCC = "bcc"
    REPLY_TO = "reply_to"
    """Addresses in reply_to; `limited(1)` for providers that take one."""
    HEADERS = "headers"
    """Header fields of the message's own."""
    SPOOFED_TO = "spoofed_to"
    """A To header that differs from the recipients."""
    MULTIPLE_FROM = "multiple_from"
    """Addresses of the From header beside the first."""
    ALTERNATIVES = "alternatives"
    AMP_HTML = "amp_html"
    ATTACHMENTS = "attachments"
    INLINE_IMAGES = "inline_images"
    ENVELOPE_SENDER = "envelope_sender"
    METADATA = "metadata"
    TAGS = "tags"
    TRACK_OPENS = "track_opens"
    TRACK_CLICKS = "track_clicks"
    SEND_AT = "send_at"
    TEMPLATES = "templates"
    TEMPLATE_SENDER = "template_sender"
    """The sender that a stored template has: from_email=None beside a template_id."""
    MERGE_DATA = "merge_data"
    MERGE_GLOBAL_DATA = "merge_global_data"
    MERGE_METADATA = "merge_metadata"
    MERGE_HEADERS = "merge_headers"
    UNSUBSCRIBE = "unsubscribe"
    IDEMPOTENCY_KEY = "idempotency_key"
    INTERNATIONAL_ADDRESSES = "international_addresses"
    """Local parts outside ASCII (RFC 6531)."""
    RECIPIENTS = "recipients"
    """Addresses in one message."""
    EVENT_WEBHOOKS = "event_webhooks"
    """Events about sent mail, normalised."""
    WEBHOOK_VERIFICATION = "webhook_verification"
    """A proof that a webhook request comes from the provider."""
    INBOUND = "inbound"
    """Received mail."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Support:
    """
    A provider's answer to one feature: use the names below it.

    Args:
        kind: ``yes``; ``no``; ``limited`` to `limit`; ``needs`` the feature `needed`; ``partial``,
            with the provider's own check deciding; ``advisory``: a limit that the provider may
            change or lift, printed but not enforced.
        note: The reason or the condition, for people.
    """

    kind: Literal["yes", "no", "limited", "needs", "partial", "advisory"]
    note: str = ""
    limit: int | None = None
    needed: Feature | None = None

    def __str__(self) -> str:
        text = {
            "yes": "yes",
            "no": "no",
            "limited": f"at most {self.limit}",
            "needs": f"with {self.needed}",
            "partial": "partly",
            "advisory": f"yes (limit {self.limit})",
        }[self.kind]
        return f"{text}: {self.note}" if self.note else text


YES = Support("yes")
"""Supported, without a limit or a condition."""


def yes(note: str) -> Support:
    """Supported; *note* says how."""
    return Support("yes", note)


def NO(reason: str) -> Support:  # noqa: N802  # a constant with a reason, read as one
    """Not supported, and why."""
    return Support("no", reason)


def limited(limit: int, note: str = "") -> Support:
    """Supported up to *limit* of them."""
    return Support("limited", note, limit=limit)


def needs(feature: Feature, note: str = "") -> Support:
    """Supported in messages that use *feature* as well."""
    return Support("needs", note, needed=feature)


def partial(note: str) -> Support:
    """Supported in part; the provider's ``check()`` refuses the rest."""
    return Support("partial", note)


def advisory(limit: int, note: str = "") -> Support:
    """Supported; the provider documents a limit that is its own to enforce."""
    return Support("advisory", note, limit=limit)


_ENFORCED = frozenset(["no", "limited", "needs"])
OF_RECEIVING = frozenset([Feature.EVENT_WEBHOOKS, Feature.WEBHOOK_VERIFICATION, Feature.INBOUND])
"""Features that no message uses."""

NOT_DECLARED = Support("no", "this plugin does not declare it")


class Features(Mapping[Feature, Support]):
    """
    A provider's declaration: ``Features(cc=YES, tags=limited(1), send_at=NO("no such field"))``.

    Raises:
        TypeError: If a keyword is no feature.
    """

    def __init__(self, **supports: Support) -> None:
        known = [feature.value for feature in Feature]
        strange = [unknown(name, known) for name in sorted(set(supports).difference(known))]
        if strange:
            raise TypeError(f"no such features: {'; '.join(strange)}")
        odd = sorted(name for name, support in supports.items() if type(support) is not Support)
        if odd:
            raise TypeError(f"not declared with YES, NO(reason), limited(n), ...: {', '.join(odd)}")
        self._declared = {Feature(name): support for name, support in supports.items()}
        self.enforced: tuple[tuple[Feature, Support], ...] = tuple(
            (feature, self[feature])
            for feature in Feature
            if feature not in OF_RECEIVING and self[feature].kind in _ENFORCED
        )
        """What a message may ask for and not get, at all or beyond a limit."""

    def __getitem__(self, feature: Feature) -> Support:
        chosen = Feature(feature)
        # Every provider sends to at least somebody; the others are limits, not abilities.
        absent = YES if chosen is Feature.RECIPIENTS else NOT_DECLARED
        return self._declared.get(chosen, absent)

    def __iter__(self) -> Iterator[Feature]:
        return iter(Feature)

    def __len__(self) -> int:
        return len(Feature)

    def __repr__(self) -> str:
        return f"Features({', '.join(f'{f}={s.kind}' for f, s in self._declared.items())})"


UnsupportedPolicy: TypeAlias = Mapping[str, Literal["raise", "drop"]]
"""What to do with unsupported features: by feature, ``*`` for all others; default: raise."""


def checked_policy(policy: object) -> UnsupportedPolicy:
    """
    The policy given to a mailer; None is an empty one.

    Raises:
        ConfigurationError: If it names no feature, or something else than to raise or drop it.
    """
    if policy is None:
        return {}
    if not isinstance(policy, Mapping):
        raise ConfigurationError(f"unsupported must be a mapping, not {type(policy).__name__}")
    known = {"*", *(feature.value for feature in Feature)}
    for name, choice in policy.items():
        if name not in known:
            raise ConfigurationError(
                f"unsupported: there is no feature {unknown(name, sorted(known))}"
            )
        if choice not in ("raise", "drop"):
            raise ConfigurationError(f"unsupported['{name}'] must be 'raise' or 'drop'")
    return dict(policy)
