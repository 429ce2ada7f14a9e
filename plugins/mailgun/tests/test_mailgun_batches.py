"""Batches: which recipients share a call, and what each of them gets."""

from __future__ import annotations

import json
import logging
import re
import string

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore import Attachment, Mailer, Message
from mailcore.errors import InvalidMessage, MessageError
from mailcore_mailgun import MailgunProvider
from mailcore_mailgun.recipient_variables import fill_in, made_up_prefix


PROVIDER = MailgunProvider(api_key="key-secret")
REFERENCE = re.compile(r"%recipient\.([^%]+)%")


MISQUOTED = ['"Zoë (home)" <r1@example.net>', "r2@example.net"]


def batch(count: int = 2, **fields: object) -> Message:
    """A batch to so many recipients."""
    plain = {
        "from_email": "shop@example.com",
        "to": [f"r{number}@example.net" for number in range(count)],
        "subject": "Hi",
        "text": "Hello",
        "merge_data": {},
    }
    return Message(**{**plain, **fields})


def test_every_author_is_filled_in_where_calls_are_individual(posted):
    """What Mailgun would fill into the further authors of a batch, is filled in here as well."""
    message = batch(
        from_email=["%recipient.a% <shop@example.com>", "%recipient.b% <desk@example.com>"],
        cc=["c@example.org"],
        merge_data={"r0@example.net": {"a": "A", "b": "B"}, "r1@example.net": {"a": "C"}},
    )

    found = [posted(request).fields for request in PROVIDER.build(message)]

    assert [
        ["A <shop@example.com>", "B <desk@example.com>"],
        ["C <shop@example.com>", "desk@example.com"],
    ] == [fields["from"] for fields in found]
    assert [["A <shop@example.com>"], ["C <shop@example.com>"]] == [f["h:Sender"] for f in found]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])],
)
def test_a_call_has_at_most_1000_recipients(count, expected, posted):
    """More recipients make more calls, each recipient in one of them, with own variables."""
    requests = PROVIDER.build(batch(count))

    assert expected == [len(request.recipients) for request in requests]
    for request in requests:
        form = posted(request)
        assert list(request.recipients) == form.fields["to"]
        assert list(request.recipients) == list(form.json("recipient-variables"))


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        pytest.param({}, 1, id="nothing special"),
        pytest.param({"cc": ["c@example.org"]}, 3, id="cc"),
        pytest.param({"bcc": ["c@example.org"]}, 3, id="bcc"),
        pytest.param({"text": None}, 3, id="no body"),
        pytest.param({"headers": {"To": "all@example.org"}}, 3, id="a To header"),
        pytest.param({"alternatives": [("x", "text/calendar")]}, 3, id="a calendar"),
        pytest.param({"alternatives": [("x", "text/x-amp-html")]}, 1, id="AMP"),
        pytest.param({"merge_global_data": {"a b": 1}}, 3, id="a key that is no word"),
        pytest.param({"merge_global_data": {"a": "%recipient.b%"}}, 3, id="a value as a reference"),
        pytest.param({"merge_global_data": {"a": "100 %"}}, 1, id="a value with a percent sign"),
        pytest.param({"merge_global_data": {"a": [1, {"b": 2}]}}, 1, id="a list as text"),
        pytest.param({"merge_metadata": {"r0@example.net": {"a": 'x"y'}}}, 3, id="a quote"),
        pytest.param({"merge_metadata": {"r0@example.net": {"a": "%recipient%"}}}, 3, id="marks"),
        pytest.param(
            {"merge_headers": {"r0@example.net": {"To": "a@example.org"}}}, 3, id="own To"
        ),
        pytest.param({"merge_headers": {"r0@example.net": {"X-A": "b"}}}, 2, id="own header"),
        pytest.param({"to": ["r0@example.net", *MISQUOTED]}, 3, id="a name that is misquoted"),
        pytest.param(
            {"to": ["r0@example.net", *MISQUOTED], "text": None, "template_id": "t"},
            1,
            id="a name that is misquoted, with a template",
        ),
        pytest.param(
            {"metadata": {"who": "%recipient.a%"}, "merge_global_data": {"a": 'x"y'}},
            3,
            id="a quote in metadata of all",
        ),
        pytest.param(
            {"metadata": {"who": "%recipient.a%"}, "merge_global_data": {"a": "xy"}},
            1,
            id="a word in metadata of all",
        ),
        pytest.param(
            {"reply_to": ["re+%recipient.a%@example.com"], "merge_global_data": {"a": "7"}},
            1,
            id="an address for each",
        ),
        pytest.param(
            {"reply_to": ["R %recipient.a% <a@example.com>"], "merge_global_data": {"a": 'b"'}},
            3,
            id="a name with a quote",
        ),
        pytest.param(
            {"unsubscribe": "https://example.com/%recipient.a%", "merge_global_data": {"a": "7"}},
            1,
            id="a URL for each",
        ),
        pytest.param(
            {
                "unsubscribe": "https://example.com/%recipient.a%",
                "merge_global_data": {"a": "7", "b": "two words, and more"},
            },
            1,
            id="a URL for each, beside words",
        ),
        pytest.param({"text": None, "template_id": "t"}, 1, id="template"),
        pytest.param(
            {"text": None, "template_id": "t", "merge_global_data": {"a": "b"}},
            1,
            id="template with a text",
        ),
        *(
            pytest.param(
                {"text": None, "template_id": "t", "merge_global_data": {"a": value}},
                3,
                id=f"template with {value!r}",
            )
            for value in (None, True, 0, 1.5, ["x"], {"b": "c"}, 'a "quote"', "back\\slash", "a\nb")
        ),
        pytest.param({"text": ""}, 3, id="an empty body"),
        pytest.param(
            {"merge_global_data": {"a": "b\x0bc"}}, 1, id="a control character that lands nowhere"
        ),
    ],
)
def test_recipients_share_a_call_where_it_says_the_same(fields, calls):
    """What recipient variables cannot express makes a call for each recipient."""
    message = batch(3, **fields)

    assert [] == list(PROVIDER.check(message))
    assert calls == len(PROVIDER.build(message))


def test_line_ends_in_values_do_not_reach_a_header():
    """A value with a line end may stand in a body, and not in a subject."""
    values = {"r0@example.net": {"name": "Ada\r\nBcc: eve@example.org"}}

    assert 1 == len(PROVIDER.build(batch(text="%recipient.name%", merge_data=values)))
    with pytest.raises(InvalidMessage):
        PROVIDER.build(batch(subject="Hi %recipient.name%", merge_data=values))


@pytest.mark.parametrize(
    "fields",
    [
        {"from_email": "Shop %recipient.a% <shop@example.com>"},
        {"reply_to": ["Shop %recipient.a% <shop@example.com>"]},
        {"tags": ["%recipient.a%"]},
        {"unsubscribe": "https://example.com/%recipient.a%"},
        {"esp_extra": {"mailgun": {"h:X-A": "%recipient.a%"}}},
        {"esp_extra": {"mailgun": {"o:tag": ["b", "%recipient.a%"]}}},
    ],
    ids=["from", "reply_to", "tags", "unsubscribe", "esp_extra", "a list of esp_extra"],
)
def test_no_value_writes_a_header(fields):
    """Wherever a header takes its text from, a line end in a recipient's value is refused."""
    values = {"r1@example.net": {"a": "b\r\nBcc: eve@example.org"}}

    with pytest.raises(MessageError):
        PROVIDER.build(batch(merge_data=values, **fields))


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"from_email": '"Shop %recipient.a%" <shop@example.com>'}, 'x" <eve@example.org>, "y'),
        ({"reply_to": ["re+%recipient.a%@example.com"]}, "1@example.org, eve"),
        ({"unsubscribe": "https://example.com/%recipient.a%"}, "1>, <https://example.org/"),
    ],
    ids=["from", "reply_to", "unsubscribe"],
)
def test_no_value_adds_an_address_or_a_url(fields, value, posted):
    """A value does not end the name, the address or the URL in which it stands."""
    message = batch(1, merge_data={"r0@example.net": {"a": value}}, **fields)
    try:
        (request,) = PROVIDER.build(message)
    except MessageError:
        return
    form = posted(request)
    assert "recipient-variables" not in form.fields
    assert ['"Shop x\\" <eve@example.org>, \\"y" <shop@example.com>'] == form.fields["from"]


def test_individual_calls_are_filled_in_everywhere(posted):
    """What Mailgun would fill in of a batch is filled in where it does not see one."""
    message = batch(
        2,
        cc=["c@example.org"],
        from_email="Shop %recipient.a% <shop@example.com>",
        reply_to=["re+%recipient.a%@example.com"],
        tags=["all", "%recipient.a%"],
        esp_extra={
            "mailgun": {"h:X-A": "<%recipient.a%>", "o:dkim": False, "v:b": ["%recipient.a%"]}
        },
        merge_data={"r0@example.net": {"a": "7"}},
    )
    first, second = (posted(request).fields for request in PROVIDER.build(message))

    assert ["Shop 7 <shop@example.com>"] == first["from"]
    assert ["re+7@example.com"] == first["h:Reply-To"]
    assert (["all", "7"], ["all"]) == (first["o:tag"], second["o:tag"])
    assert (["<7>"], ["<>"]) == (first["h:X-A"], second["h:X-A"])
    assert (["7"], ["no"]) == (first["v:b"], first["o:dkim"])


def test_nothing_fails_after_the_first_call():
    """What is wrong with the last recipient's mail is found before the first is sent."""
    values = {"r1@example.net": {"name": "a\nb"}}
    message = batch(cc=["c@example.org"], subject="Hi %recipient.name%", merge_data=values)

    with pytest.raises(InvalidMessage):
        PROVIDER.build(message)


def test_data_of_strangers_are_named_in_a_warning(caplog):
    """Keys that are no recipients' are not dropped in silence, nor shown in full."""
    values = {"eve@example.org": {"name": "Eve"}}
    with caplog.at_level(logging.WARNING, "mailcore_mailgun"):
        PROVIDER.build(batch(merge_data=values))

    (record,) = caplog.records
    assert "merge_data: not among the recipients: e***@example.org (1)" == record.getMessage()


def test_individual_requests_are_a_sequence():
    """They can be counted, indexed from both ends and sliced, as a list can."""
    requests = PROVIDER.build(batch(3, cc=["c@example.org"]))

    assert [("r0@example.net", "c@example.org"), ("r1@example.net",), ("r2@example.net",)] == [
        request.recipients for request in requests
    ]
    assert ("r2@example.net",) == requests[-1].recipients
    assert [("r1@example.net",), ("r2@example.net",)] == [r.recipients for r in requests[1:]]
    with pytest.raises(IndexError):
        requests[3]


def test_files_of_a_batch_are_never_without_a_name(posted):
    """Mailgun drops a file without one; what is made up is made of the type."""
    message = batch(
        html="<img src=cid:logo@inline>",
        attachments=[
            Attachment(None, b"a", "application/pdf"),
            Attachment("Logo.png", b"b", "image/png", content_id="logo@inline"),
            Attachment(None, b"c", "image/png", disposition="inline"),
            Attachment(None, b"d", "application/x-unheard-of"),
        ],
    )
    (request,) = PROVIDER.build(message)

    found = [(file["field"], file["filename"]) for file in posted(request).files]
    assert {
        ("attachment", "attachment-1.pdf"),
        ("inline", "Logo.png"),
        ("inline", "image-3.png"),
        ("attachment", "attachment-4.bin"),
    } == set(found)
    assert 4 == len(found)


def test_picture_that_the_html_does_not_name(posted):
    """It is a plain attachment, which clients do not hide; one that is filled in may be meant."""
    image = Attachment("a.png", b"1", "image/png", content_id="logo")
    found = [
        posted(
            PROVIDER.build(
                batch(
                    html=html,
                    attachments=[image],
                    merge_data={"r0@example.net": {"name": "logo"}},
                )
            )[0]
        ).files[0]["field"]
        for html in ("<img src=cid:logo>", "<p>", "<img src=cid:%recipient.name%>")
    ]

    assert ["inline", "attachment", "inline"] == found


KEYS = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
HEADER_NAMES = st.sampled_from(["X-A", "x-b", "List-Unsubscribe", "X-C"])
HEADER_TEXTS = st.text(string.ascii_letters + "<>% .", min_size=1, max_size=8).map(
    lambda text: f"v{text}".strip()
)
ADDRESSES = [f"r{number}@example.net" for number in range(4)]


def for_some(values: st.SearchStrategy) -> st.SearchStrategy:
    """Values for some of the recipients."""
    return st.dictionaries(st.sampled_from(ADDRESSES), values, max_size=4)


@pytest.mark.slow
@settings(max_examples=150)
@given(
    data=for_some(st.dictionaries(KEYS, TEXTS | st.integers() | st.booleans(), max_size=3)),
    shared=st.dictionaries(KEYS, TEXTS, max_size=3),
    metadata=for_some(st.dictionaries(KEYS, TEXTS | st.integers() | st.none(), max_size=3)),
    headers=for_some(st.dictionaries(HEADER_NAMES, HEADER_TEXTS, max_size=2)),
    own=st.dictionaries(KEYS, TEXTS, max_size=2),
    text=st.lists(KEYS | st.just("%") | TEXTS, max_size=5),
)
def test_every_recipient_gets_what_is_theirs(data, shared, metadata, headers, own, text, posted):
    """Filled in as Mailgun would, the fields of each recipient are what the message said."""
    body = "t" + "".join(f"%recipient.{piece}%" if piece in shared else piece for piece in text)
    message = batch(
        4,
        text=body,
        metadata=own,
        merge_data=data,
        merge_global_data=shared,
        merge_metadata=metadata,
        merge_headers=headers,
    )
    seen = []
    for request in PROVIDER.build(message):
        form = posted(request)
        variables = {to: {} for to in request.recipients}
        if "recipient-variables" in form.fields:
            variables = form.json("recipient-variables")
        for recipient, values in variables.items():
            seen.append(recipient)
            fields = {
                name: filled(each[0], values)
                for name, each in form.fields.items()
                if name not in ("to", "recipient-variables")
            }
            meant = {**own, **metadata.get(recipient, {})}
            assert {k: v if isinstance(v, str) else json.dumps(v) for k, v in meant.items()} == {
                name[2:]: value for name, value in fields.items() if name.startswith("v:")
            }
            assert {k.lower(): v for k, v in headers.get(recipient, {}).items()} == {
                name[2:].lower(): value for name, value in fields.items() if name.startswith("h:")
            }
            everything = {**shared, **data.get(recipient, {})}
            expected = filled(body, {name: shown(value) for name, value in everything.items()})
            assert expected == fields["text"]
    assert ADDRESSES == sorted(seen)


def filled(text: str, values: dict) -> str:
    """What Mailgun makes of a text with references."""
    return REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)


def shown(value: object) -> str:
    """A value as it stands in a mail."""
    return value if isinstance(value, str) else json.dumps(value)


@given(
    values=st.dictionaries(st.text(min_size=1, max_size=4), TEXTS, max_size=4),
    pieces=st.lists(TEXTS, max_size=4),
)
def test_filling_in_reads_no_value_again(values, pieces):
    """References are replaced once, whatever characters their names and values have."""
    text = "|".join(pieces)
    references = "|".join(f"%recipient.{name}%" for name in values)
    message = Message(text=f"{text.replace('%', '')}|{references}")

    expected = "|".join([text.replace("%", ""), *values.values()])
    assert expected == fill_in(message, values).text or not values


def test_a_name_is_taken_as_it_is(posted):
    """With a space before it, it is another name."""
    mailer = Mailer(PROVIDER)
    message = batch(text="Hi %recipient. a%.", merge_data={"r0@example.net": {" a": "you"}})

    requests = mailer.preview(message).requests

    assert [["Hi you."], ["Hi ."]] == [posted(each).fields["text"] for each in requests]
    with pytest.raises(MessageError, match="refers to the value"):
        mailer.preview(message.replace(merge_data={"r0@example.net": {"a": "you"}}))


LITERAL = "%recipient._m0% %recipient.__m0% %RECIPIENT.___h0%"


@pytest.mark.parametrize(
    "fields",
    [
        {"text": LITERAL},
        {"html": LITERAL},
        {"subject": LITERAL},
        {"alternatives": [(LITERAL, "text/x-amp-html")]},
        {"headers": {"X-A": LITERAL}},
        {"metadata": {"a": LITERAL}},
        {"tags": [LITERAL]},
        {"from_email": (LITERAL, "shop@example.com")},
        {"reply_to": [(LITERAL, "shop@example.com")]},
        {"to": [(LITERAL, "r0@example.net"), "r1@example.net"]},
        {"unsubscribe": "https://example.com/%recipient._m0%/%recipient.__m0%/%RECIPIENT.___h0%"},
        {"esp_extra": {"mailgun": {"h:X-B": LITERAL}}},
        {"esp_extra": {"mailgun": {"v:a": [LITERAL]}}},
        {"text": None, "template_id": LITERAL},
    ],
)
def test_what_a_user_wrote_is_no_variable_of_ours(fields, posted):
    """A text that reads like a made-up name stays as it is, wherever it stands."""
    own = {"r0@example.net": {"note": "INTERNAL"}, "r1@example.net": {"note": "OTHER"}}
    headers = {"r0@example.net": {"X-Own": "h"}, "r1@example.net": {"X-Own": "i"}}
    # A value that is used makes it one call with recipient variables.
    refers = "text" if "subject" in fields else "subject"
    used = {refers: "%recipient.a%", "merge_data": {"r0@example.net": {"a": "1"}}}
    message = batch(**{**used, "merge_metadata": own, "merge_headers": headers, **fields})

    assert [] == list(PROVIDER.check(message))
    (request,) = PROVIDER.build(message)

    form = posted(request)
    ours = form.json("recipient-variables")["r0@example.net"]
    assert "1" == ours.pop("a")
    assert ["INTERNAL", "h"] == list(ours.values())
    for name, values in form.fields.items():
        if name not in ("recipient-variables", "v:note", "h:X-Own"):
            referred = {found.lower() for each in values for found in REFERENCE.findall(each)}
            assert not referred & {each.lower() for each in ours}
    assert "INTERNAL" == filled(form.fields["v:note"][0], ours)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "%recipient.a%"},
        {"html": "%RECIPIENT.a% and %recipient%"},
        {"headers": {"X-A": "%recipient.a%"}},
        {"tags": ["%recipient.a%"]},
        {"to": [("%recipient.a%", "r0@example.net"), "r1@example.net"]},
        {
            "text": "%recipient.a%",
            "merge_data": None,
            "merge_metadata": {"r0@example.net": {"b": 1}},
        },
        {"text": "%recipient.a%", "merge_data": {"r0@example.net": {"b": 1}}},
    ],
)
def test_reference_without_a_value_is_a_text(fields, posted):
    """Nothing is filled in where nothing is asked for: no call has variables."""
    requests = PROVIDER.build(batch(**fields))

    assert [["r0@example.net"], ["r1@example.net"]] == [list(each.recipients) for each in requests]
    for request in requests:
        assert "recipient-variables" not in posted(request).fields


@given(names=st.lists(KEYS), texts=st.lists(TEXTS | KEYS.map(lambda key: f"%recipient.{key}%")))
def test_made_up_names_begin_as_no_other(names, texts):
    """Neither a variable of the message nor a reference in its texts begins so."""
    prefix = made_up_prefix(names, texts)

    assert not any(name.startswith(prefix) for name in names)
    assert f"%recipient.{prefix}" not in "".join(texts)


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x85", "\u2028", "\n"])
@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Hi %recipient.a%"},
        {"headers": {"X-A": "%recipient.a%"}},
        {"tags": ["%recipient.a%"]},
        {"esp_extra": {"mailgun": {"h:X-A": "%recipient.a%"}}},
        {"esp_extra": {"mailgun": {"o:tag": ["%recipient.a%"]}}},
    ],
)
def test_no_value_brings_a_control_character_into_a_line(fields, character):
    """It is refused before the first call, as it is in the message's own fields."""
    message = batch(merge_global_data={"a": f"x{character}y"}, **fields)

    with pytest.raises(MessageError):
        list(PROVIDER.build(message))


IMAGE = Attachment(None, b"1", "image/png", content_id="logo@example.com")


@pytest.mark.parametrize(
    ("html", "images", "expected", "names"),
    [
        ("<img src=cid:logo@example.com>", [IMAGE], "<img src=cid:image-1.png>", ["image-1.png"]),
        (
            '<img src="CID:logo%40example.com">',
            [IMAGE],
            '<img src="cid:image-1.png">',
            ["image-1.png"],
        ),
        (
            "<img src='cid:other@example.com'>",
            [IMAGE],
            "<img src='cid:other@example.com'>",
            ["image-1.png"],
        ),
        (
            "<img src='cid:a'><img src='cid:b'>",
            [
                Attachment("x.png", b"1", "image/png", content_id="a"),
                Attachment("x.png", b"2", "image/png", content_id="b"),
            ],
            "<img src='cid:x.png'><img src='cid:image-2.png'>",
            ["x.png", "image-2.png"],
        ),
        (
            "<img src='cid:a'>",
            [Attachment("Ü ber.jpg", b"1", "image/jpeg", content_id="a")],
            "<img src='cid:image-1.jpg'>",
            ["image-1.jpg"],
        ),
        (
            "<img src='cid:logo.png'>",
            [Attachment("logo.png", b"1", "image/png", content_id="logo.png")],
            "<img src='cid:logo.png'>",
            ["logo.png"],
        ),
    ],
)
def test_images_of_a_batch_have_names_that_are_shown(html, images, expected, names, posted):
    """The name is that of the file, or made of its type, and the HTML refers to it."""
    (request,) = PROVIDER.build(batch(html=html, attachments=images))

    form = posted(request)
    assert [expected] == form.fields["html"]
    assert names == [file["filename"] for file in form.files]


def test_images_of_a_template_keep_their_name():
    """The HTML that refers to them stands at Mailgun."""
    (request,) = PROVIDER.build(batch(text=None, template_id="t", attachments=[IMAGE]))

    assert b'filename="logo@example.com"' in request.body
