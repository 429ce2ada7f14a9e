"""What a mailer drops where it is told to, what it says of it, and what it never drops."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle

from dataclasses import dataclass

import pytest

from mailcore import (
    AsyncMailer,
    Attachment,
    Feature,
    Features,
    Mailer,
    Message,
    Problem,
    RecipientsRefused,
    RecipientStatus,
    Registry,
    SendStatus,
    UnsupportedFeature,
    hookimpl,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.features import NO, YES, limited
from mailcore.message import (
    AsFiles,
    Emptied,
    First,
    Named,
    Remedy,
    SeparateBy,
    Without,
    WithoutHeaders,
    WithoutItems,
    WithoutKeys,
)
from mailcore.message.dropping import breaches
from mailcore.message.remedies import KEPT
from mailcore.testing.canaries import samples


TO = ["ada@example.net", "bob@example.net"]
BASIC = Message(from_email="f@example.com", to=TO, subject="s", text="t", html="h")
DROP = {"*": "drop"}


def provider_of(check=None, **supports):
    """A provider that keeps what is sent, supports all but `supports`, and checks so."""
    features = Features(**{**{feature.value: YES for feature in Feature}, **supports})
    members = {"name": "toy", "features": features}
    if check is not None:
        members["check"] = lambda _self, message: check(message)
    return type("Toy", (MemoryProvider,), members)()


def mailer_of(provider, **settings):
    """A mailer of its own registry."""
    return Mailer(provider, registry=Registry(autoload=False), **settings)


def one_tag(message):
    """A check as plugins have them."""
    if len(message.tags) > 1:
        reason = "several tags"
        yield Problem("tags", reason, "give one", feature="tags", remedy=First("tags", 1))


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ({"*": "drop"}, True),
        ({"tags": "drop"}, True),
        ({"metadata": "drop"}, False),
        ({"*": "drop", "tags": "raise"}, False),
        ({}, False),
    ],
)
def test_what_check_finds_is_dropped_by_its_feature(policy, kept):
    """The policy reaches the provider's own checks: by feature, or `*` for all others."""
    mailer = mailer_of(provider_of(one_tag), unsupported=policy)
    message = BASIC.replace(tags=["a", "b"])
    if kept:
        mailer.send(message)
        assert [BASIC.replace(tags=["a"])] == mailer.provider.outbox
        return
    with pytest.raises(UnsupportedFeature, match=r"several tags \(give one\)"):
        mailer.send(message)


def test_a_problem_without_feature_is_one_of_the_rest():
    """Only `*` is for it."""

    def check(message):
        if message.unsubscribe is not None:
            yield Problem("unsubscribe", "no", remedy=Without("unsubscribe"))

    message = BASIC.replace(unsubscribe="https://example.com/u")
    mailer = mailer_of(provider_of(check), unsupported=DROP)
    mailer.send(message)

    assert [None] == [sent.unsubscribe for sent in mailer.provider.outbox]
    with pytest.raises(UnsupportedFeature):
        mailer_of(provider_of(check), unsupported={"unsubscribe": "drop"}).send(message)


def test_checked_again_until_nothing_is_left():
    """What is found afterwards is dropped as well; what vanished with another thing is not."""

    def check(message):
        if message.tags:
            yield Problem("tags", "1", feature="tags", remedy=Without("tags"))
            yield Problem("metadata", "2", feature="metadata", remedy=Without("metadata"))
        elif message.track_opens:
            yield Problem("track_opens", "3", feature="track_opens", remedy=Without("track_opens"))

    message = BASIC.replace(tags=["a"], metadata={"k": "v"}, track_opens=True)
    mailer = mailer_of(provider_of(check), unsupported=DROP)

    result = mailer.send(message)

    assert [BASIC.replace(metadata={"k": "v"}, tags=None, track_opens=None)] == [
        sent.replace() for sent in mailer.provider.outbox
    ]
    assert ["1", "3"] == [problem.reason for problem in result.dropped]


def test_declared_features_come_first():
    """A check sees the message without what the declaration already excludes."""

    def check(message):
        if message.tags:
            yield Problem("metadata", "not with tags", remedy=Without("metadata"))

    message = BASIC.replace(tags=["a"], metadata={"k": "v"})
    mailer = mailer_of(provider_of(check, tags=NO("x")), unsupported=DROP)

    result = mailer.send(message)

    assert ["tags"] == [problem.field for problem in result.dropped]
    assert {"k": "v"} == mailer.provider.outbox[0].metadata


@dataclass(frozen=True, repr=False)
class Meddling(Remedy):
    """What a plugin must not do."""

    changes: tuple

    def apply(self, message):
        """Change what no remedy may change."""
        return message.replace(**dict(self.changes))

    def __str__(self):
        return "meddled"


# A field that is new is here by its sample.
OTHER = {
    **samples(),
    "from_email": "eve@example.com",
    "to": ["eve@example.com"],
    "cc": ["eve@example.com"],
    "bcc": ["eve@example.com"],
    "subject": "other",
    "text": "other",
    "html": "other",
    "template_id": "other",
    "merge_data": {TO[0]: {"a": 1}},
    "merge_global_data": {"a": 1},
    "send_at": 2_000_000_000,
    "idempotency_key": "other",
    "esp_extra": {"toy": {"a": 1}},
    "merge_headers": None,
}


@pytest.mark.parametrize("field", sorted({*KEPT, "merge_headers"}))
def test_no_remedy_touches_what_is_kept(field):
    """Whatever a plugin says: who gets what, when, and who sees whom, is not dropped."""
    whole = BASIC.replace(merge_headers={TO[0]: {"X-A": "1"}})

    def check(message):
        if getattr(message, field) == getattr(whole, field):
            yield Problem("tags", "no", feature="tags", remedy=Meddling(((field, OTHER[field]),)))

    mailer = mailer_of(provider_of(check), unsupported=DROP)

    with pytest.raises(UnsupportedFeature):
        mailer.send(whole)
    assert [] == mailer.provider.outbox


def test_a_check_that_is_never_content_is_given_up():
    """It ends, with what was found last."""

    class Growing(Remedy):
        def apply(self, message):
            return message.replace(tags=[*message.tags, "a"])

        def __str__(self):
            return "one more"

    def never(message):
        yield Problem("tags", "too few", feature="tags", remedy=Growing())

    with pytest.raises(UnsupportedFeature, match="too few"):
        mailer_of(provider_of(never), unsupported=DROP).send(BASIC)


def test_what_must_be_raised_is_raised_beside_what_is_dropped():
    """Nothing is sent, and the error has what no policy drops."""
    message = BASIC.replace(cc=["c@example.com"], tags=["a", "b"])
    mailer = mailer_of(provider_of(one_tag, cc=NO("x")), unsupported=DROP)

    with pytest.raises(UnsupportedFeature) as caught:
        mailer.send(message)

    assert ["cc"] == [problem.feature for problem in caught.value.problems]
    assert [] == mailer.provider.outbox


@pytest.mark.parametrize("field", ["merge_metadata", "merge_headers"])
@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, {"merge_metadata", "merge_headers", "merge_data"}),
        ({"merge_data": NO("x")}, {"merge_metadata", "merge_headers"}),
        ({"merge_data": NO("x"), "merge_metadata": NO("x"), "merge_headers": NO("x")}, set()),
    ],
    ids=["by any", "by the other", "by none"],
)
def test_recipients_of_a_batch_do_not_come_to_see_each_other(field, others, expected):
    """The mails stay separate, or the message is refused."""
    provider = provider_of(**{**others, field: NO("x")})
    message = BASIC.replace(**{field: {TO[0]: {"X-A": "1"}}})
    mailer = mailer_of(provider, unsupported=DROP)
    if not expected:
        with pytest.raises(UnsupportedFeature):
            mailer.send(message)
        return
    mailer.send(message)

    (sent,) = provider.outbox
    assert sent.is_batch
    assert getattr(sent, field) is None
    (other,) = [name for name in expected if getattr(sent, name) is not None]
    assert {} == getattr(sent, other)


def test_one_recipient_needs_no_batch():
    """The field goes, and nothing comes in its place."""
    mailer = mailer_of(provider_of(merge_headers=NO("x")), unsupported=DROP)
    mailer.send(BASIC.replace(to=TO[:1], merge_headers={TO[0]: {"X-A": "1"}}))

    assert [False] == [sent.is_batch for sent in mailer.provider.outbox]


@pytest.mark.parametrize("support", [YES, NO("x")], ids=["files", "no files"])
def test_an_inline_image_becomes_a_file(support):
    """Where files cannot be had either, it is left out."""
    image = Attachment("a.png", b"\x89PNG", "image/png", content_id="a@b")
    provider = provider_of(inline_images=NO("x"), attachments=support)
    mailer = mailer_of(provider, unsupported={"inline_images": "drop"})

    result = mailer.send(BASIC.replace(attachments=[("b.txt", b"b")] * (support is YES) + [image]))

    parts = [(part.filename, part.inline) for part in provider.outbox[0].attachments]
    assert parts == ([("b.txt", False), ("a.png", False)] if support is YES else [])
    (dropped,) = result.dropped
    assert str(dropped.remedy) == (
        "`attachments[1]` is a plain attachment"
        if support is YES
        else "`attachments[0]` is left out"
    )


def both(provider, message, **settings):
    """Results of send and send_many, of both mailers."""
    yield mailer_of(provider, **settings).send(message)
    yield from mailer_of(provider, **settings).send_many([message], messages_per_call=1)
    yield from mailer_of(provider, **settings).send_many([message], messages_per_call=2)
    mailer = AsyncMailer(provider, registry=Registry(autoload=False), **settings)

    async def outcomes():
        return [await mailer.send(message), *[each async for each in mailer.send_many([message])]]

    yield from asyncio.run(outcomes())


def test_what_was_dropped_is_told(caplog):
    """On the result, in its JSON, in the preview, and in the log."""
    caplog.set_level(logging.INFO, "mailcore")
    provider = provider_of(one_tag, metadata=NO("no place for them"))
    message = BASIC.replace(tags=["a", "b"], metadata={"secret-key": "v"})

    results = list(both(provider, message, unsupported=DROP))

    told = [("metadata", "metadata"), ("tags", "tags")]
    for result in results:
        assert told == [(each.field, each.feature) for each in result.dropped]
        document = json.loads(json.dumps(result.to_dict()))
        assert {
            "field": "tags",
            "feature": "tags",
            "reason": "several tags",
            "done": "the first 1 of `tags` stays",
        } == document["dropped"][1]
    preview = mailer_of(provider, unsupported=DROP).preview(message)
    assert told == [(each.field, each.feature) for each in preview.dropped]
    assert len(results) == 5
    assert caplog.messages.count("toy: the first 1 of `tags` stays (several tags)") == 5
    assert "secret-key" not in caplog.text + repr(results) + repr(preview.dropped)


def test_nothing_dropped_nothing_told(caplog):
    """A message that can be sent is sent as it is."""
    caplog.set_level(logging.DEBUG, "mailcore.checking")
    result = mailer_of(provider_of(one_tag), unsupported=DROP).send(BASIC)

    assert ((), []) == (result.dropped, result.to_dict()["dropped"])
    assert [] == caplog.records


def test_a_refusal_tells_it_too():
    """The result in RecipientsRefused says what was dropped."""
    provider = provider_of(one_tag)
    provider.parse = lambda request, response: dict.fromkeys(
        request.recipients, RecipientStatus(SendStatus.REJECTED)
    )
    with pytest.raises(RecipientsRefused) as caught:
        mailer_of(provider, unsupported=DROP).send(BASIC.replace(tags=["a", "b"]))

    assert ["tags"] == [each.feature for each in caught.value.result.dropped]


def test_policies_of_extensions_are_dropped_alike():
    """What `mailcore_check_features` finds may have a remedy as well."""

    class House:
        @hookimpl
        def mailcore_check_features(self, provider, message):
            return list(one_tag(message))

    registry = Registry(autoload=False)
    registry.register_extension(House())
    mailer = Mailer(provider_of(), registry=registry, unsupported=DROP)

    result = mailer.send(BASIC.replace(tags=["a", "b"]))

    assert ["several tags"] == [each.reason for each in result.dropped]


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([Problem("tags", "no", feature="tags", remedy=Without("tags"))], "{'tags': 'drop'}"),
        ([Problem("tags", "no", remedy=Without("tags"))], "{'*': 'drop'}"),
        (
            [
                Problem("tags", "no", feature="tags", remedy=Without("tags")),
                Problem("cc", "no", feature="cc"),
            ],
            "",
        ),
        ([Problem("cc", "no", feature="cc")], ""),
    ],
    ids=["by feature", "the rest", "not all", "never"],
)
def test_the_error_says_which_policy_would_send(problems, expected):
    """Only if one would: all problems have a remedy."""
    text = str(UnsupportedFeature(problems, provider="toy"))

    assert (f"unsupported={expected}" if expected else "no") in text
    assert bool(expected) == ("unsupported=" in text)


IMAGE = Attachment("a.png", b"\x89PNG", "image/png", content_id="a@b")
FULL = BASIC.replace(
    reply_to=["r@example.com", "s@example.com"],
    tags=["a", "b", "c"],
    alternatives=[("x", "text/calendar"), ("y", "text/x-amp-html")],
    attachments=[("b.txt", b"b"), IMAGE, Attachment(None, b"%PDF", "application/pdf")],
    headers={"X-A": "1", "x-b": "2", "To": "list@example.com"},
    metadata={"a": 1, "b": 2},
    merge_metadata={TO[0]: {"a": 1, "b": 2}},
    merge_headers={TO[0]: {"X-A": "1", "X-B": "2"}},
    unsubscribe="https://example.com/u",
)


@pytest.mark.parametrize(
    ("remedy", "seen", "text"),
    [
        (Without("unsubscribe"), lambda m: m.unsubscribe is None, "`unsubscribe` is left out"),
        (First("tags", 2), lambda m: m.tags == ("a", "b"), "the first 2 of `tags` stay"),
        (
            WithoutItems("tags", (0, 2)),
            lambda m: m.tags == ("b",),
            "`tags[0]`, `tags[2]` are left out",
        ),
        (
            WithoutHeaders(("x-a", "X-B")),
            lambda m: list(m.headers) == ["To"],
            "of `headers`, 'x-a', 'X-B' are left out",
        ),
        (
            WithoutHeaders(("sk_live_51Hq9",), "merge_headers"),
            lambda m: True,
            "of `merge_headers`, <13 characters> is left out",
        ),
        (
            WithoutHeaders(("x-a",), "merge_headers"),
            lambda m: list(m.merge_headers[TO[0]]) == ["X-B"],
            "of `merge_headers`, 'x-a' is left out",
        ),
        (
            WithoutKeys(("a",)),
            lambda m: m.metadata == {"b": 2} and m.merge_metadata[TO[0]] == {"a": 1, "b": 2},
            "of `metadata`, 1 entry is left out",
        ),
        (
            WithoutKeys(("a", "b"), "merge_metadata"),
            lambda m: m.merge_metadata == {TO[0]: {}} and m.metadata == {"a": 1, "b": 2},
            "of `merge_metadata`, 2 entries are left out",
        ),
        (
            Emptied("merge_headers"),
            lambda m: m.merge_headers == {},
            "what `merge_headers` has is left out",
        ),
        (
            SeparateBy("merge_headers", "merge_metadata"),
            lambda m: (m.merge_metadata, m.merge_headers) == (None, {}),
            "`merge_metadata` is left out; the mails stay separate by an empty `merge_headers`",
        ),
        (
            AsFiles((1,)),
            lambda m: [part.inline for part in m.attachments] == [False] * 3,
            "`attachments[1]` is a plain attachment",
        ),
        (
            Named(2),
            lambda m: [p.filename for p in m.attachments] == ["b.txt", "a.png", "attachment.pdf"],
            "`attachments[2]` gets a name",
        ),
        (
            WithoutItems("alternatives", (0,)),
            lambda m: [part.mime_type for part in m.alternatives] == ["text/x-amp-html"],
            "`alternatives[0]` is left out",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Remedy) else "",
)
def test_remedies(remedy, seen, text):
    """Each does what it says, touches nothing that is kept, and travels with an exception."""
    after = remedy.apply(FULL)

    assert seen(after)
    assert [] == breaches(FULL, after)
    assert text == str(remedy)
    assert f"<{type(remedy).__name__}: {text}>" == repr(remedy)
    error = UnsupportedFeature([Problem("x", "y", remedy=remedy)], provider="toy")
    assert [remedy] == [each.remedy for each in pickle.loads(pickle.dumps(error)).problems]


def test_a_limit_of_inline_images_keeps_the_first():
    """Those beyond it become files."""
    images = [Attachment(f"{n}.png", b"\x89PNG", "image/png", content_id=f"{n}@b") for n in "abc"]
    mailer = mailer_of(provider_of(inline_images=limited(2)), unsupported=DROP)
    mailer.send(BASIC.replace(attachments=images))

    assert [True, True, False] == [part.inline for part in mailer.provider.outbox[0].attachments]


@pytest.mark.parametrize(
    ("fields", "stays"),
    [
        ({"to": ["ada@example.net"]}, False),
        ({"to": TO, "merge_data": {}}, False),
        ({"to": [], "bcc": TO}, False),
        ({"to": TO}, True),
        ({"to": ["ada@example.net"], "cc": ["bob@example.net"]}, True),
        ({"to": ["ada@example.net"], "bcc": ["bob@example.net"]}, True),
        ({"to": TO, "merge_data": {}, "cc": ["cy@example.net"]}, True),
    ],
)
def test_a_to_header_stays_where_it_keeps_recipients_from_each_other(fields, stays):
    """Without it, the recipients of a list would read each other's addresses."""
    provider = provider_of(spoofed_to=NO("it writes To"))
    message = BASIC.replace(headers={"To": "list@example.org"}, **fields)
    if stays:
        for policy in ({}, DROP):
            with pytest.raises(UnsupportedFeature, match="spoofed_to") as caught:
                mailer_of(provider, unsupported=policy).send(message)
            assert "drop" not in str(caught.value)
        return
    result = mailer_of(provider, unsupported=DROP).send(message)
    assert [problem.feature for problem in result.dropped] == ["spoofed_to"]


@pytest.mark.parametrize(("cc", "stays"), [([], False), (["cy@example.net"], True)])
def test_a_to_header_of_one_recipient_stays_too(cc, stays):
    """Who gets a copy of each mail would read whom it is for."""
    own = {TO[0]: {"To": "list@example.org"}}
    message = BASIC.replace(merge_headers=own, merge_data={}, cc=cc)
    provider = provider_of(merge_headers=NO("no headers of single recipients"))
    if stays:
        with pytest.raises(UnsupportedFeature, match="merge_headers"):
            mailer_of(provider, unsupported=DROP).send(message)
        return
    assert mailer_of(provider, unsupported=DROP).send(message).dropped
