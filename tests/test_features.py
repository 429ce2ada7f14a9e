from __future__ import annotations

from datetime import datetime, timezone

import pytest

from mailcore import (
    Attachment,
    ConfigurationError,
    Feature,
    Features,
    Mailer,
    Message,
    Registry,
    Support,
    UnsupportedFeature,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.features import (
    NO,
    YES,
    advisory,
    checked_policy,
    limited,
    needs,
    partial,
    yes,
)
from mailcore.message.dropping import NEVER_DROPPED as NEVER
from mailcore.message.dropping import unsupported
from mailcore.message.fields import USES
from mailcore.testing.canaries import default_canary


BASIC = Message(from_email="f@example.com", to=["t@example.com"], subject="s", text="t", html="h")

# What a message must have to use each feature.
WRITTEN_OUT = {
    Feature.MULTIPLE_FROM: {"other_authors": ["g@example.com"]},
    Feature.CC: {"cc": ["c@example.com"]},
    Feature.BCC: {"bcc": ["b@example.com"]},
    Feature.REPLY_TO: {"reply_to": ["r@example.com"]},
    Feature.HEADERS: {"headers": {"X-A": "1"}},
    Feature.SPOOFED_TO: {"headers": {"To": "list@example.com"}},
    Feature.ALTERNATIVES: {"alternatives": [("x", "text/calendar")]},
    Feature.AMP_HTML: {"alternatives": [("x", "text/x-amp-html")]},
    Feature.ATTACHMENTS: {"attachments": [("a", b"")]},
    Feature.INLINE_IMAGES: {"attachments": [Attachment.inline_image("a.png", b"")]},
    Feature.ENVELOPE_SENDER: {"envelope_sender": "e@example.com"},
    Feature.METADATA: {"metadata": {"a": 1}},
    Feature.TAGS: {"tags": ["a"]},
    Feature.TRACK_OPENS: {"track_opens": False},
    Feature.TRACK_CLICKS: {"track_clicks": True},
    Feature.SEND_AT: {"send_at": datetime(2030, 1, 1, tzinfo=timezone.utc)},
    Feature.TEMPLATES: {"template_id": "t"},
    Feature.TEMPLATE_SENDER: {"template_id": "t", "from_email": None},
    Feature.MERGE_DATA: {"merge_data": {}},
    Feature.MERGE_GLOBAL_DATA: {"merge_global_data": {"a": 1}},
    Feature.MERGE_METADATA: {"merge_metadata": {}},
    Feature.MERGE_HEADERS: {"merge_headers": {}},
    Feature.UNSUBSCRIBE: {"unsubscribe": "https://example.com/"},
    Feature.IDEMPOTENCY_KEY: {"idempotency_key": "k"},
    Feature.INTERNATIONAL_ADDRESSES: {"from_email": "é@example.com"},
    Feature.RECIPIENTS: {},
}
# One that is new is here by its canary.
USING = {**{feature: default_canary(feature.value, 1).fields for feature in USES}, **WRITTEN_OUT}
RECEIVING = {Feature.EVENT_WEBHOOKS, Feature.WEBHOOK_VERIFICATION, Feature.INBOUND}
NEVER_DROPPED = {
    *(Feature.CC, Feature.BCC, Feature.RECIPIENTS, Feature.INTERNATIONAL_ADDRESSES),
    *(Feature.TEMPLATES, Feature.MERGE_DATA, Feature.MERGE_GLOBAL_DATA, Feature.SEND_AT),
    *(Feature.TEMPLATE_SENDER, Feature.IDEMPOTENCY_KEY),
    *(NEVER - WRITTEN_OUT.keys()),
}


def everything_but(**supports: Support) -> Features:
    """All features supported but those given."""
    return Features(**{**{feature.value: YES for feature in Feature}, **supports})


def mailer_of(features: Features, **settings: object) -> Mailer:
    """A mailer whose provider has these features and keeps what is sent."""
    provider = type("Toy", (MemoryProvider,), {"name": "toy", "features": features})()
    return Mailer(provider, registry=Registry(autoload=False), **settings)


def test_every_feature_of_sending_is_used_by_some_message():
    """The table above, the counters and the features belong together."""
    assert set(Feature) - RECEIVING == set(USING) == set(USES)


@pytest.mark.parametrize("feature", sorted(set(USING) - {Feature.RECIPIENTS}))
def test_what_is_not_declared_is_not_supported(feature):
    """An old plugin cannot drop a new field silently: it raises, and names field and feature."""
    declared = {other.value: YES for other in Feature if other is not feature}
    message = BASIC.replace(**USING[feature])

    with pytest.raises(UnsupportedFeature) as caught:
        mailer_of(Features(**declared)).send(message)

    assert [feature.value] == [problem.feature for problem in caught.value.problems]
    assert "this plugin does not declare it" in str(caught.value)
    assert "toy cannot send this message" in str(caught.value)


class CountsOnASender(MemoryProvider):
    """An old plugin, whose check looks at the sender."""

    name = "toy"

    def check(self, message):
        assert message.from_email.domain
        return ()


@pytest.mark.parametrize("support", [None, NO("templates have none")])
def test_a_plugin_may_count_on_a_sender(support):
    """Where a template's sender is refused, no check and no build sees a message without one."""
    declared = {f.value: YES for f in Feature if f is not Feature.TEMPLATE_SENDER}
    if support is not None:
        declared["template_sender"] = support
    provider = type("Old", (CountsOnASender,), {"features": Features(**declared)})()
    mailer = Mailer(provider, registry=Registry(autoload=False), unsupported={"*": "drop"})

    with pytest.raises(UnsupportedFeature, match="template_sender is not supported") as caught:
        mailer.send(BASIC.replace(from_email=None, template_id="t"))

    assert ["from_email"] == [problem.field for problem in caught.value.problems]


def test_recipients_need_no_declaration():
    """Everybody sends to somebody; only a limit, or a refusal, is worth declaring."""
    declared = {other.value: YES for other in Feature if other is not Feature.RECIPIENTS}
    two = BASIC.replace(to=["t@example.com", "u@example.com"])

    mailer_of(Features(**declared)).send(two)
    with pytest.raises(UnsupportedFeature, match="2 given, at most 1 possible"):
        mailer_of(Features(**declared, recipients=limited(1))).send(two)


@pytest.mark.parametrize("feature", USING)
def test_what_is_declared_is_sent(feature):
    """With the declaration, the same message goes out unchanged."""
    message = BASIC.replace(**USING[feature])
    mailer = mailer_of(everything_but())

    mailer.send(message)

    assert [message] == mailer.provider.outbox


def test_all_problems_at_once():
    """One error has everything that the provider cannot express, with its reasons."""
    features = everything_but(
        cc=NO("no such field"), tags=limited(1, "per message"), send_at=NO("")
    )
    message = BASIC.replace(
        cc=["c@example.com"], tags=["a", "b"], send_at=datetime(2030, 1, 1, tzinfo=timezone.utc)
    )

    with pytest.raises(UnsupportedFeature) as caught:
        mailer_of(features).send(message)

    assert ["cc", "tags", "send_at"] == [problem.feature for problem in caught.value.problems]
    assert "cc is not supported: no such field" in str(caught.value)
    assert "tags: 2 given, at most 1 possible: per message" in str(caught.value)


@pytest.mark.parametrize(
    ("support", "fields", "allowed"),
    [
        (YES, {"tags": ["a"]}, True),
        (yes("as headers"), {"tags": ["a"]}, True),
        (NO("x"), {"tags": ["a"]}, False),
        (NO("x"), {"tags": []}, True),
        (limited(2), {"tags": ["a", "b"]}, True),
        (limited(2), {"tags": ["a", "b", "c"]}, False),
        (limited(0), {"tags": ["a"]}, False),
        (needs(Feature.METADATA), {"tags": ["a"]}, False),
        (needs(Feature.METADATA), {"tags": ["a"], "metadata": {"a": 1}}, True),
        (partial("short ones"), {"tags": ["a"]}, True),
        (advisory(1), {"tags": ["a", "b"]}, True),
    ],
)
def test_kinds_of_support(support, fields, allowed):
    """YES, NO, limited and needs are enforced; partial and advisory are told only."""
    problems = unsupported(BASIC.replace(**fields), everything_but(tags=support))

    assert allowed == (not problems)


@pytest.mark.parametrize("feature", sorted(set(USING) - NEVER_DROPPED))
@pytest.mark.parametrize("policy", [lambda f: {f.value: "drop"}, lambda f: {"*": "drop"}])
def test_drop_leaves_out_that_and_nothing_else(feature, policy):
    """A mailer may be told to leave out what a provider cannot express; the rest is sent."""
    full = {}
    for other, fields in USING.items():
        if other in (Feature.SPOOFED_TO, Feature.AMP_HTML, Feature.INLINE_IMAGES):
            continue
        full.update(fields)
    full["headers"] = {"X-A": "1", "To": "list@example.com"}
    full["alternatives"] = [("x", "text/calendar"), ("x", "text/x-amp-html")]
    full["attachments"] = [("a", b""), Attachment.inline_image("a.png", b"")]
    message = BASIC.replace(**full)
    if feature is Feature.SPOOFED_TO:
        # It hides no recipient from another one.
        message = message.replace(cc=None, bcc=None)
    mailer = mailer_of(everything_but(**{feature.value: NO("x")}), unsupported=policy(feature))

    mailer.send(message)

    (sent,) = mailer.provider.outbox
    assert 0 == USES[feature](sent)
    others = set(USING) - {feature}
    if feature is Feature.INLINE_IMAGES:
        # It became a file.
        others -= {Feature.ATTACHMENTS}
        assert 2 == USES[Feature.ATTACHMENTS](sent)
    assert {f: USES[f](message) for f in others} == {f: USES[f](sent) for f in others}


@pytest.mark.parametrize("feature", sorted(NEVER_DROPPED))
def test_what_is_never_dropped(feature):
    """Without these, somebody would get no mail, or another one than was meant."""
    message = BASIC.replace(**USING[feature])

    with pytest.raises(UnsupportedFeature) as caught:
        mailer_of(everything_but(**{feature.value: NO("x")}), unsupported={"*": "drop"}).send(
            message
        )

    assert [None] == [problem.remedy for problem in caught.value.problems]
    assert feature in NEVER


def test_drop_keeps_what_fits():
    """Lists that are too long keep their first items."""
    features = everything_but(tags=limited(1), reply_to=limited(1))
    mailer = mailer_of(features, unsupported={"*": "drop"})

    mailer.send(BASIC.replace(tags=["a", "b"], reply_to=["r@example.com", "s@example.com"]))

    (sent,) = mailer.provider.outbox
    assert ("a",) == sent.tags
    assert "r@example.com" == ", ".join(map(str, sent.reply_to))


def test_dropping_what_another_feature_needs():
    """What was only possible together with something dropped is dropped, or raised, as well."""
    features = everything_but(metadata=NO("x"), tags=needs(Feature.METADATA))
    message = BASIC.replace(metadata={"a": 1}, tags=["a"])
    both = mailer_of(features, unsupported={"*": "drop"})

    both.send(message)

    assert ((), {}) == (both.provider.outbox[0].tags, both.provider.outbox[0].metadata)
    with pytest.raises(UnsupportedFeature, match="tags is only supported together with metadata"):
        mailer_of(features, unsupported={"metadata": "drop"}).send(message)


def test_policy_by_feature_wins_over_the_rest():
    """`*` is for all that the policy does not name."""
    mailer = mailer_of(
        everything_but(tags=NO("x"), metadata=NO("x")), unsupported={"*": "drop", "tags": "raise"}
    )

    with pytest.raises(UnsupportedFeature) as caught:
        mailer.send(BASIC.replace(tags=["a"], metadata={"a": 1}))

    assert ["tags"] == [problem.feature for problem in caught.value.problems]


@pytest.mark.parametrize(
    "policy", [{"track_open": "drop"}, {"tags": "ignore"}, {5: "drop"}, "drop", ["tags"], {"*": []}]
)
def test_policy_is_checked_when_the_mailer_is_made(policy):
    """A typing error in the policy shows at once, not with the first message."""
    with pytest.raises(ConfigurationError, match="unsupported"):
        mailer_of(everything_but(), unsupported=policy)


def test_policy_may_be_nothing():
    """None and an empty mapping raise everything."""
    assert {} == checked_policy(None) == checked_policy({})


@pytest.mark.parametrize(
    "supports", [{"no_such": YES}, {"tags": True}, {"tags": NO}, {"cc": "yes"}]
)
def test_declarations_are_checked(supports):
    """A plugin's mistake shows when it is imported."""
    with pytest.raises(TypeError, match=r"no such features|declared with"):
        Features(**supports)
    with pytest.raises(TypeError, match="'reply_too', did you mean 'reply_to'"):
        Features(reply_too=YES)


@pytest.mark.parametrize(
    ("support", "text"),
    [
        (YES, "yes"),
        (yes("as X-Tag"), "yes: as X-Tag"),
        (NO("no such field"), "no: no such field"),
        (limited(2), "at most 2"),
        (needs(Feature.TEMPLATES), "with templates"),
        (partial("text only"), "partly: text only"),
        (advisory(50, "by default"), "yes (limit 50): by default"),
    ],
)
def test_support_reads_well(support, text):
    """What the matrix prints."""
    assert text == str(support)


def test_declaration_is_a_mapping_of_all_features():
    """Every feature has an answer."""
    features = Features(cc=YES)

    assert list(Feature) == list(features)
    assert YES == features[Feature.CC] == features["cc"]
    assert "no" == features[Feature.BCC].kind
