"""A message and the requests that send it, in pairs of files; and what is refused before."""

from __future__ import annotations

import json
import tracemalloc

from pathlib import Path

import pytest

from mailcore import (
    Attachment,
    InvalidMessage,
    Mailer,
    Message,
    SerializationError,
    UnsupportedFeature,
)
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore_postmark import PostmarkProvider, postmark_options


FIXTURES = Path(__file__).parent / "fixtures" / "requests"
NAMES = sorted(path.name.removesuffix(".message.json") for path in FIXTURES.glob("*.message.json"))
TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"

BASE = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net"],
    "subject": "Hi",
    "text": "Hello",
}


def read(name: str):
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def build(message: Message, **options: object):
    """The requests of a message that passed the checks."""
    provider = PostmarkProvider(**{"server_token": TOKEN, **options})
    return provider.build(checked(provider, message, Hooks(), {}))


def payload(fields: dict, **options: object):
    """The JSON of a message's one request."""
    (request,) = build(Message(**{**BASE, **fields}), **options)
    return json.loads(request.body)


def as_fixture(request) -> dict:
    """A request as its file has it."""
    assert "https://api.postmarkapp.com" == request.url[:27]
    assert ("POST", 30.0) == (request.method, request.timeout_seconds)
    assert {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-Postmark-Server-Token": TOKEN,
    } == request.headers
    return {
        "path": request.url[27:],
        "recipients": list(request.recipients),
        "json": json.loads(request.body),
    }


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_as_documented(name):
    """Each message becomes the requests in the file beside it."""
    expected = read(f"{name}.request.json")

    requests = build(Message.from_dict(read(f"{name}.message.json")), **expected["options"])

    assert expected["requests"] == [as_fixture(request) for request in requests]


def test_there_is_a_pair_for_each():
    """No file of requests lacks its message."""
    expected = sorted(p.name.removesuffix(".request.json") for p in FIXTURES.glob("*.request.json"))

    assert expected == NAMES
    assert len(NAMES) > 20


REFUSED = {
    "subject beside a template": ({"template_id": "7", "text": None}, "`subject` beside"),
    "text beside a template": ({"template_id": "7", "subject": None}, "`text` beside"),
    "html beside a template": (
        {"template_id": "7", "subject": None, "text": None, "html": "<p>"},
        "`html` beside",
    ),
    "bodies beside a template of esp_extra": (
        {"esp_extra": {"postmark": {"TemplateAlias": "welcome"}}, "text": None},
        "`subject` beside",
    ),
    "merge_data without a template": (
        {"merge_data": {"ada@example.net": {"name": "Ada"}}},
        "Postmark fills in nothing",
    ),
    "merge_global_data without a template": (
        {"merge_global_data": {"name": "Ada"}},
        "only supported together with templates",
    ),
    "a batch without to": (
        {"to": [], "cc": ["bob@example.net"], "merge_metadata": {}},
        "no `to` recipients",
    ),
    "From of a recipient": (
        {"merge_headers": {"ada@example.net": {"from": "eve@example.org"}}},
        "written for you",
    ),
    "To of a recipient": (
        {"merge_headers": {"ada@example.net": {"To": "eve@example.org"}}},
        "written for you",
    ),
    "Date of a recipient": (
        {"merge_headers": {"ada@example.net": {"Date": "Sat, 21 Nov 2026 07:25:01 +0000"}}},
        "Postmark writes it",
    ),
    "Date": ({"headers": {"date": "Sat, 21 Nov 2026 07:25:01 +0000"}}, "Postmark writes it"),
    "Sender": ({"headers": {"Sender": "desk@example.com"}}, "Postmark writes it"),
    "an instruction for SMTP": ({"headers": {"X-PM-Tag": "welcome"}}, "SMTP server"),
    "To of the message": ({"headers": {"To": "friends@example.org"}}, "Postmark writes To"),
    "To of esp_extra": (
        {"esp_extra": {"postmark": {"To": "eve@example.org"}}, "merge_data": {}},
        "have no status",
    ),
    "Cc of esp_extra": ({"esp_extra": {"postmark": {"Cc": None}}}, "have no status"),
    "Bcc of esp_extra": (
        {"esp_extra": {"postmark": {"bcc": "eve@example.org"}}},
        r"have no status \(use bcc=",
    ),
    "an inline image without id": (
        {"attachments": [Attachment("a.png", b"png", disposition="inline")]},
        "without a content_id",
    ),
    "no value in metadata": ({"metadata": {"order": None}}, "texts only"),
    "no value in merge_metadata": (
        {"merge_metadata": {"ada@example.net": {"order": None}}},
        "texts only",
    ),
    "no body": ({"text": None, "attachments": [("a.pdf", b"x")]}, "without a body"),
    "an empty body": ({"text": "", "html": ""}, "without a body"),
    "an empty body in a batch": ({"text": "", "merge_data": {}}, "without a body"),
    "a control character in esp_extra": (
        {"esp_extra": {"postmark": {"Tag": "a\x00b"}}},
        r"U\+0000",
    ),
    "one in metadata of esp_extra": (
        {"esp_extra": {"postmark": {"Metadata": {"a": "b\u2028"}}}},
        r"U\+2028",
    ),
    "one in a key there": ({"esp_extra": {"postmark": {"Metadata": {"a\n": "b"}}}}, r"U\+000A"),
    "one in a template's alias": (
        {"esp_extra": {"postmark": {"TemplateAlias": "a\x85"}}, "subject": None, "text": None},
        r"U\+0085",
    ),
    "a line end in a header of esp_extra": (
        {"esp_extra": {"postmark": {"Headers": [{"Name": "X-A", "Value": "a\r\nBcc: b"}]}}},
        r"U\+000D",
    ),
    "a header of esp_extra that shows copies": (
        {"esp_extra": {"postmark": {"Headers": [{"Name": "Bcc", "Value": "b@example.org"}]}}},
        "bcc=",
    ),
    "an instruction in esp_extra": (
        {"esp_extra": {"postmark": {"Headers": [{"Name": "x-pm-tag", "Value": "b"}]}}},
        "SMTP server",
    ),
    "an instruction to one recipient": (
        {"merge_headers": {"ada@example.net": {"X-PM-TrackOpens": "true"}}},
        "SMTP server",
    ),
    "two authors": ({"from_email": ["a@example.com", "b@example.com"]}, "the first of them only"),
    "a template's sender": (
        {"from_email": None, "template_id": "t", "subject": None, "text": None},
        "templates have no sender",
    ),
    "two tags": ({"tags": ["one", "two"]}, "at most 1"),
    "a moment": ({"send_at": "2026-12-01T09:00:00+00:00"}, "sends at once"),
    "an envelope sender": ({"envelope_sender": "bounces@example.com"}, "Return-Path"),
    "an alternative": ({"alternatives": [("BEGIN:VCALENDAR", "text/calendar")]}, "text and HTML"),
    "an idempotency key": ({"idempotency_key": "once"}, "no idempotency key"),
    "letters outside ASCII before the @": ({"to": ["grüße@example.net"]}, "ASCII before the @"),
}


@pytest.mark.parametrize(("fields", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_expressed_is_refused(fields, reason):
    """Whatever Postmark would drop or garble raises before anything is sent."""
    message = Message.from_dict({**Message(**BASE).to_dict(), "send_at": fields.get("send_at")})
    rest = {name: value for name, value in fields.items() if name != "send_at"}

    with pytest.raises(UnsupportedFeature, match=reason) as caught:
        build(message.replace(**rest))

    assert "postmark" == caught.value.provider


def test_all_problems_are_named_at_once():
    """Nobody has to mend a message one problem at a time."""
    fields = {"headers": {"Date": "now", "Sender": "x@example.com"}, "metadata": {"a": None}}

    with pytest.raises(UnsupportedFeature) as caught:
        build(Message(**{**BASE, **fields}))

    assert ["headers['Date']", "headers['Sender']", "metadata"] == [
        problem.field for problem in caught.value.problems
    ]


@pytest.mark.parametrize("fields", [{}, {"merge_data": {}}], ids=["one", "batch"])
def test_empty_texts_beside_a_template_are_left_out(fields):
    """As a message of Django's has them; Postmark refuses them (behaviour 61)."""
    empty = {"subject": "", "text": "", "html": ""}

    given = payload({**fields, **empty, "template_id": "welcome"})
    given = given["Messages"][0] if fields else given

    assert {"From", "To", "TemplateAlias", "TemplateModel"} == given.keys()
    assert not {"Subject", "TextBody"} & payload({**empty, "html": "<p>"}).keys()


@pytest.mark.parametrize("template_id", ["7", "welcome"])
def test_a_template_of_esp_extra_comes_instead(template_id):
    """Never beside that of the message: Postmark would choose."""
    fields = {"template_id": template_id, "subject": None, "text": None}

    by_alias = payload({**fields, "esp_extra": {"postmark": {"TemplateAlias": "x"}}})
    by_id = payload({**fields, "esp_extra": {"postmark": {"TemplateId": 9}}})

    assert ("x", None) == (by_alias["TemplateAlias"], by_alias.get("TemplateId"))
    assert (9, None) == (by_id["TemplateId"], by_id.get("TemplateAlias"))


def test_no_template_in_esp_extra_is_none():
    """None is no template: the message is complete without."""
    (request,) = build(Message(**BASE, esp_extra={"postmark": {"TemplateId": None}}))

    assert "https://api.postmarkapp.com/email" == request.url


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"headers": {"message-id": "<7@example.com>"}}, ["message-id", "X-PM-KeepID"]),
        (
            {"headers": {"X-PM-KeepID": "false", "Message-ID": "<7@example.com>"}},
            ["X-PM-KeepID", "Message-ID"],
        ),
        (
            {"merge_headers": {"ada@example.net": {"Message-ID": "<7@example.com>"}}},
            ["Message-ID", "X-PM-KeepID"],
        ),
    ],
    ids=["of the message", "the user decides", "of a recipient"],
)
def test_a_message_id_is_kept(fields, expected):
    """Postmark replaces it silently, unless it is told not to."""
    given = payload(fields)
    given = given[0] if isinstance(given, list) else given

    assert expected == [header["Name"] for header in given["Headers"]]


def test_a_value_that_json_lacks_is_refused():
    """In a template's model too, and before the first call of a batch."""
    model = {"template_id": "7", "subject": None, "text": None}
    for fields in (
        {"merge_global_data": {"when": object()}},
        {"merge_data": {"ada@example.net": {"price": float("nan")}}},
    ):
        with pytest.raises((SerializationError, InvalidMessage)):
            build(Message(**{**BASE, **model, **fields}))


def test_batches_are_cut_at_500():
    """Postmark takes 500 messages in a call; who gets copies is named in the first."""
    message = Message(
        **{
            **BASE,
            "to": [f"user{n}@example.net" for n in range(1001)],
            "cc": ["boss@example.net"],
            "merge_data": {},
        }
    )

    requests = build(message)

    assert [500, 500, 1] == [len(json.loads(request.body)) for request in requests]
    assert [500, 500, 1] == [request.messages for request in requests]
    assert [501, 500, 1] == [len(request.recipients) for request in requests]
    assert "boss@example.net" == requests[0].recipients[-1]
    assert all(item["Cc"] == "boss@example.net" for item in json.loads(requests[1].body))
    assert requests[-1] == requests[2:][0]
    with pytest.raises(IndexError):
        _ = requests[3]


def test_a_batch_for_nobody_makes_no_call():
    """Whoever builds one without checking it gets nothing to send."""
    message = Message(from_email="shop@example.com", cc=["boss@example.net"], merge_data={})

    assert [] == list(PostmarkProvider(server_token=TOKEN).build(message))


def test_what_all_mails_share_may_be_nothing():
    """The JSON is right all the same."""
    (request,) = PostmarkProvider(server_token=TOKEN).build(
        Message(to=["ada@example.net"], merge_data={})
    )

    assert [{"To": "ada@example.net"}] == json.loads(request.body)


def test_a_failed_batch_needs_no_more_memory():
    """Who is in the calls that are left can be told without writing them."""
    file = Attachment("film.bin", bytes(10_000_000))
    to = [f"user{n}@example.net" for n in range(40)]
    requests = build(Message(**{**BASE, "to": to, "merge_data": {}, "attachments": [file]}))

    tracemalloc.start()
    rest = requests[1:]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(requests) - 1 == len(rest)
    assert peak < 1_000_000


@pytest.mark.slow
def test_batches_are_cut_at_50_megabytes():
    """No call of a batch with files is larger than Postmark takes."""
    file = Attachment("film.bin", bytes(9_000_000))
    to = [f"user{n}@example.net" for n in range(9)]

    requests = build(Message(**{**BASE, "to": to, "merge_data": {}, "attachments": [file]}))

    assert [4, 4, 1] == [request.messages for request in requests]
    assert all(len(request.body) <= 50_000_000 for request in requests)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields", [{}, {"template_id": "7", "subject": None, "text": None}], ids=["plain", "template"]
)
def test_what_holds_the_mails_of_a_call_counts_too(fields):
    """The last byte of 50 MB is one of the call, not of its mails."""
    to = ["a@example.net", "b@example.net"]
    fields = {**BASE, **fields, "to": to, "merge_data": {}}

    def built(length: int):
        return build(Message(**fields, metadata={"a": "x" * length}))

    (one,) = built(1)
    fits = 1 + (50_000_000 - len(one.body)) // 2

    for length, calls in ((fits - 20, 1), (fits + 3, 2)):
        requests = built(length)
        assert calls == len(requests)
        assert all(len(request.body) <= 50_000_000 for request in requests)


def test_fields_that_are_not_given_are_not_sent():
    """The settings of the server and of the stream apply."""
    assert {"From", "To", "Subject", "TextBody"} == payload({}).keys()


LINKS = [
    # track_clicks, the provider's track_links → TrackLinks
    (None, None, None),
    (None, "HtmlOnly", "HtmlOnly"),
    (None, "None", "None"),
    (True, None, "HtmlAndText"),
    (True, "None", "HtmlAndText"),
    (True, "TextOnly", "TextOnly"),
    (False, None, "None"),
    (False, "HtmlAndText", "None"),
]


@pytest.mark.parametrize(("track_clicks", "track_links", "expected"), LINKS)
def test_links_are_tracked_where_it_says(track_clicks, track_links, expected):
    """The message decides whether, the option where."""
    given = payload({"track_clicks": track_clicks}, track_links=track_links)

    assert expected == given.get("TrackLinks")


def test_options_of_one_message_win():
    """Over the provider's options and over the message's own fields."""
    extra = postmark_options(message_stream="broadcast", track_links="TextOnly")

    given = payload(
        {"esp_extra": extra, "track_clicks": True}, message_stream="outbound", track_links="None"
    )

    assert ("broadcast", "TextOnly") == (given["MessageStream"], given["TrackLinks"])


def test_a_message_can_have_another_server():
    """Its token is sent in the header, and nowhere else."""
    extra = postmark_options(server_token="another-server")
    for fields in ({}, {"merge_data": {}}):
        (request,) = build(Message(**{**BASE, **fields, "esp_extra": extra}))

        assert "another-server" == request.headers["X-Postmark-Server-Token"]
        assert b"another-server" not in request.body
        assert "another-server" not in repr(request)


def test_the_options_of_another_provider_are_ignored():
    """esp_extra has a namespace for each."""
    assert payload({}) == payload({"esp_extra": {"acme": {"MessageStream": "x"}}})


@pytest.mark.parametrize("fields", [{}, {"merge_metadata": {}}], ids=["one", "batch"])
def test_raw_parameters_come_last(fields):
    """Mappings merge into what the message says, everything else replaces it."""
    raw = {"Metadata": {"b": "raw"}, "Tag": "raw", "Future": {"deep": [1, {"x": None}]}}
    fields = {**fields, "metadata": {"a": "1", "b": "2"}, "tags": ["own"]}

    given = payload({**fields, "esp_extra": {"postmark": raw}})
    given = given[0] if isinstance(given, list) else given

    assert {"a": "1", "b": "raw"} == given["Metadata"]
    assert ("raw", {"deep": [1, {"x": None}]}) == (given["Tag"], given["Future"])


def test_raw_parameters_win_over_a_recipients_own():
    """In a batch they are merged into each mail, last as ever."""
    fields = {
        "to": ["ada@example.net", "bob@example.net"],
        "metadata": {"a": "1"},
        "merge_metadata": {"ada@example.net": {"b": "ada"}},
        "esp_extra": {"postmark": {"Metadata": {"b": "raw"}}},
    }

    assert [{"a": "1", "b": "raw"}] * 2 == [item["Metadata"] for item in payload(fields)]


def test_recipients_are_found_in_any_spelling(caplog):
    """Keys differ in case or in punycode; strangers are named in a warning, redacted."""
    fields = {
        "to": ["Ada@Bücher.example"],
        "merge_metadata": {
            "ada@xn--bcher-kva.example": {"n": 1},
            "stranger@example.org": {"n": 2},
        },
    }

    (item,) = payload(fields)

    assert {"n": "1"} == item["Metadata"]
    assert "merge_metadata: not among the recipients" in caplog.text
    assert "stranger@example.org" not in caplog.text


@pytest.mark.parametrize(
    "extra",
    [
        {"TextBody": "two\nlines"},
        {"TextBody": "x", "Metadata": {"a": "b"}, "Tag": "c"},
        {"HtmlBody": "<p>", "Headers": [{"Name": "X-A", "Value": "b"}]},
        {"TemplateAlias": "t", "TemplateModel": {"a": "two\nlines"}},
    ],
)
def test_a_body_may_be_that_of_esp_extra(extra):
    """And it may have lines."""
    fields = {"text": None, "subject": None, "esp_extra": {"postmark": extra}}

    assert extra.items() <= payload(fields).items()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"html": "<img src=cid:logo>"}, True),
        ({"html": "<p>"}, False),
        ({"html": None, "text": None, "template_id": "t", "subject": None}, True),
    ],
)
def test_picture_that_the_html_does_not_name(fields, named):
    """It is a plain attachment, which clients do not hide; of a template nobody knows."""
    image = Attachment("a.png", b"1", content_id="logo")
    (request,) = build(Message(**{**BASE, **fields, "attachments": [image]}))

    (part,) = json.loads(request.body)["Attachments"]
    assert named == ("ContentID" in part)


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "batch"])
def test_default_values_refuse_no_plain_message(batch):
    """A default of merge_global_data is for templates: other messages go as they are."""
    mailer = Mailer(
        PostmarkProvider(server_token=TOKEN), defaults={"merge_global_data": {"shop": "Books"}}
    )
    template = {**BASE, "subject": None, "text": None, "template_id": "7"}

    (plain,) = mailer.preview(Message(**{**BASE, "text": "{{name}}", **batch})).requests
    (filled,) = mailer.preview(Message(**template, **batch)).requests

    assert b"{{name}}" in plain.body
    assert b"Books" not in plain.body
    assert b'"TemplateModel": {"shop": "Books"}' in filled.body
