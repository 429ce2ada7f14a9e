"""Whatever is posted becomes events or one typed error."""

from __future__ import annotations

import copy
import functools
import json

from pathlib import Path
from urllib.parse import unquote_to_bytes, urlencode

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import MalformedWebhook
from mailcore.events import EventType, InboundEvent
from mailcore.inbound import parse_inbound
from mailcore.webhook import WebhookRequest
from mailcore.webhook.forms import MAX_FIELDS, MAX_PART_HEADER_BYTES, read_form
from mailcore_mailgun.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
WRONG = [None, True, 0, -1.5, "", "text", [], [None], [[1]], ["x"], {}, {"a": []}, "\ud800"]


def load(path):
    """The JSON of a file."""
    return json.loads(path.read_text("utf-8"))


EVENTS = {
    path.name.removesuffix(".input.json"): load(path)
    for path in sorted((FIXTURES / "events").glob("*.input.json"))
}
DOCUMENTS = {name: event for name, event in EVENTS.items() if isinstance(event, dict)}
FORMS = {name: event for name, event in EVENTS.items() if isinstance(event, list)} | {
    path.name.removesuffix(".input.json"): load(path)["fields"]
    for path in sorted((FIXTURES / "inbound").glob("*.input.json"))
}
ONE_OF_EACH = {event["event-data"]["event"]: event for event in DOCUMENTS.values()}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def places(value, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def changed(document, path, value, *, drop=False):
    """A copy of a JSON document with another value at a path, or none."""
    copied = copy.deepcopy(document)
    target = copied
    for key in path[:-1]:
        target = target[key]
    if drop:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return copied


def read(document):
    """The events of a JSON document."""
    return parse_events("mailgun", WebhookRequest("POST", JSON, json.dumps(document).encode()))


def read_fields(fields):
    """The events of a form."""
    body = "&".join(encoded(*pair) for pair in fields)
    return parse_events("mailgun", WebhookRequest("POST", FORM, body.encode()))


@functools.cache
def encoded(name, value):
    """One field of a form: most are the same in the next one."""
    return urlencode([(name.encode("utf-8", "replace"), value)])


def is_sound(events):
    """Every event can be written as JSON, told from others, and printed; mails can be read."""
    return all(
        json.dumps(event.to_dict())
        and event.dedupe_key
        and repr(event)
        and event.esp_event == event.esp_event
        and (
            not isinstance(event, InboundEvent)
            or event.content is None
            or is_readable(event.content)
        )
        for event in events
    )


@functools.cache
def is_readable(content):
    """A mail can be read; many events bring the same."""
    return parse_inbound(content).defects is not None


def few_at_once(names):
    """Each of them; all but the first three are slow."""
    return [
        pytest.param(name, marks=pytest.mark.slow if place > 2 else ())
        for place, name in enumerate(names)
    ]


@pytest.mark.parametrize("name", few_at_once(ONE_OF_EACH))
def test_wrong_types_at_every_node(name):
    """Any node of a webhook may be missing or of any type: there is one event all the same."""
    document = ONE_OF_EACH[name]
    for path in filter(None, places(document)):
        for wrong in WRONG:
            events = read(changed(document, path, wrong))
            assert len(events) == 1
            assert is_sound(events)
        assert is_sound(read(changed(document, path, None, drop=True)))


@pytest.mark.parametrize("name", few_at_once(FORMS))
def test_wrong_values_of_every_field(name):
    """Any field of a form may be missing, repeated or of any value: there is one event."""
    fields = FORMS[name]
    for position, (field, _) in enumerate(fields):
        rest = fields[:position] + fields[position + 1 :]
        assert is_sound(read_fields(rest))
        for wrong in (b"", b"\xff\x00", b"text", b"[]", b"{}", b"[[1]]", b"9" * 5000, b"[" * 9999):
            events = read_fields([*rest, [field, wrong]])
            assert len(events) == 1
            assert is_sound(events)
            assert is_sound(read_fields([*fields, [field, wrong]]))


def test_missing_parts_are_told():
    """What is missing makes a defect, not an exception."""
    (event,) = read({"event-data": {"event": "failed", "severity": "permanent"}})

    assert (EventType.BOUNCED, None, None) == (event.event_type, event.recipient, event.timestamp)
    assert {
        "`timestamp` cannot be read",
        "`message.headers` is not an object",
        "`recipient` is missing",
    } == set(event.defects)


@pytest.mark.parametrize(
    ("document", "defect"),
    [
        ({}, "`event-data` is missing"),
        ({"event-data": []}, "`event-data` is not an object"),
        ({"event-data": {}}, "`event` is missing"),
        ({"event-data": {"event": 5}}, "`event` is not a string"),
        ({"signature": [], "event-data": None}, "`event-data` is missing"),
    ],
)
def test_objects_that_are_no_event_are_unknown_events(document, defect):
    """A JSON object is never lost: it is one event of unknown type that says what is wrong."""
    (event,) = read(document)

    assert EventType.UNKNOWN is event.event_type
    assert defect in event.defects
    assert document == event.esp_event


def part(*lines):
    """The body of a multipart form."""
    return "\r\n".join(lines).encode()


BODIES = [
    pytest.param(JSON, b"", id="nothing"),
    pytest.param(JSON, b"\x00\xff", id="bytes"),
    pytest.param(JSON, b"hello", id="text"),
    pytest.param(JSON, b"[]", id="a list"),
    pytest.param(JSON, b"5", id="a number"),
    pytest.param(JSON, b"null", id="null"),
    pytest.param(JSON, b'{"event-data": NaN}', id="NaN"),
    pytest.param(JSON, b'{"a": ' + b"9" * 5000 + b"}", id="a huge number"),
    pytest.param(JSON, b'{"a":' * 200 + b"1" + b"}" * 200, id="deep objects"),
    pytest.param(JSON, b"[" * 500_000, id="deep lists"),
    pytest.param(JSON, '{"event-data": {}}'.encode("utf-16"), id="UTF-16"),
    pytest.param(JSON, b"event=delivered", id="a form that says it is JSON"),
    pytest.param({}, b"<html>", id="HTML"),
    pytest.param(FORM, b"{}", id="JSON that says it is a form"),
    pytest.param(FORM, b"&".join([b"a=1"] * (MAX_FIELDS + 1)), id="too many fields"),
    pytest.param(FORM, b"a=" + b"%" * 1_000_000, id="too many broken escapes"),
    pytest.param(JSON, b'{"event-data":[' + b"{}," * 400_000 + b"1]}", id="too much JSON"),
    pytest.param({"Content-Type": "multipart/form-data"}, b"--b--", id="no boundary"),
    pytest.param(MULTIPART, b"", id="an empty multipart"),
    pytest.param(MULTIPART, b"hello", id="a multipart that is none"),
    pytest.param(
        MULTIPART,
        part("--b", 'Content-Disposition: form-data; name="a"', "", "1", "--b", ""),
        id="cut off between parts",
    ),
    pytest.param(
        MULTIPART,
        part("--b", 'Content-Disposition: form-data; name="a"', "", "1"),
        id="cut off within a part",
    ),
    pytest.param(
        MULTIPART, part("--b", "Content-Type: text/plain", "", "1", "--b--"), id="no name"
    ),
    pytest.param(
        MULTIPART,
        part("--b", f"X: {'x' * MAX_PART_HEADER_BYTES}", "", "1", "--b--"),
        id="a header too large",
    ),
    pytest.param(
        MULTIPART,
        part(
            *["--b", 'Content-Disposition: form-data; name="a"', "", "1"] * (MAX_FIELDS + 1),
            "--b--",
        ),
        id="too many parts",
    ),
    pytest.param(
        {"Content-Type": f"multipart/form-data; boundary={'b' * 5000}"},
        b"--b--",
        id="long boundary",
    ),
    pytest.param(
        {"Content-Type": 'multipart/form-data; boundary="\u20ac"'}, b"--b--", id="odd boundary"
    ),
]


@pytest.mark.parametrize(("headers", "body"), BODIES)
def test_hostile_bodies(headers, body):
    """A body that is neither JSON nor a form is one typed error, which tells little of it."""
    with pytest.raises(MalformedWebhook) as caught:
        parse_events("mailgun", WebhookRequest("POST", headers, body))

    assert caught.value.response.status_code == 400
    assert len(str(caught.value)) < 200


def test_parts_of_a_form_are_read_as_they_are():
    """Names, file names and bytes come through; line ends in content belong to it."""
    body = (
        b'--b\r\ncontent-disposition: form-data; name="\xc3\xbc"\r\n\r\n\xff\r\n--c\r\n--b\r\n'
        b'Content-Disposition: form-data; name="attachment-1"; filename="a%22\xc3\xbc\\".txt"\r\n'
        b"Content-Type: text/plain; charset=latin-1\r\n\r\n\r\n\r\n--b--\r\n"
    )

    form = read_form(WebhookRequest("POST", MULTIPART, body))

    assert (("ü", b"\xff\r\n--c"),) == form.fields
    (file,) = form.files
    assert ("attachment-1", 'a"ü".txt', "text/plain; charset=latin-1", b"\r\n") == (
        file.name,
        file.filename,
        file.content_type,
        file.content,
    )
    assert "txt" not in repr(form)


def test_urlencoded_fields_keep_their_bytes():
    """Plus is a space, percent signs are bytes, and a name may repeat or have no value."""
    body = b"a=1+%2B%FF&a=&b&%C3%BC=%zz&&"

    form = read_form(WebhookRequest("POST", FORM, body))

    assert (("a", b"1 +\xff"), ("a", b""), ("b", b""), ("ü", b"%zz")) == form.fields


@given(
    st.lists(
        st.sampled_from([b"%", b"%4", b"%41", b"%fF", b"%3d", b"=", b"=41", b"\r\n", b" ", b"\t"])
        | st.binary(max_size=3)
    ).map(b"".join)
)
def test_percent_signs_are_read_as_everybody_reads_them(value):
    """Quickly, and with the result of the standard library."""
    body = b"a=" + value.replace(b"&", b"").replace(b"+", b"")

    form = read_form(WebhookRequest("POST", FORM, body))

    assert (("a", unquote_to_bytes(body[2:])),) == form.fields


@given(json_values)
def test_any_json(value):
    """Any JSON gives one event or the typed error."""
    try:
        events = read(value)
    except MalformedWebhook:
        assert not isinstance(value, dict)
    else:
        assert is_sound(events)


@given(st.sampled_from([JSON, FORM, MULTIPART]), st.binary())
def test_any_body(headers, body):
    """Any bytes give events or the typed error."""
    try:
        events = parse_events("mailgun", WebhookRequest("POST", headers, body))
    except MalformedWebhook:
        return
    assert is_sound(events)


@given(st.data())
def test_any_multipart(data):
    """Any parts give events or the typed error."""
    names = st.sampled_from(sorted({name for fields in FORMS.values() for name, _ in fields}))
    pieces = []
    for name in data.draw(st.lists(names | st.text(st.characters(codec="ascii"), max_size=9))):
        file = data.draw(st.sampled_from(["", '; filename="a"', "; filename=", "; filename*=x''y"]))
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        pieces += [head.encode(), data.draw(st.binary(max_size=30)), b"\r\n"]
    body = b"".join(pieces) + b"--b--\r\n"
    try:
        events = parse_events("mailgun", WebhookRequest("POST", MULTIPART, body))
    except MalformedWebhook:
        return
    assert is_sound(events)


@st.composite
def mutated(draw):
    """A genuine webhook with some nodes replaced."""
    document = draw(st.sampled_from(list(DOCUMENTS.values())))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for path in places(document) if path]))
        document = changed(document, path, draw(json_values | st.sampled_from(WRONG)))
    return document


@given(mutated())
def test_mutated_webhooks(document):
    """A genuine webhook with some nodes replaced gives events."""
    assert is_sound(read(document))
