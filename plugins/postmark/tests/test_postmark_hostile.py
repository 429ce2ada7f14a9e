"""Whatever is posted becomes an event or one typed error."""

from __future__ import annotations

import copy
import json

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import MalformedWebhook
from mailcore.events import InboundEvent
from mailcore.inbound import parse_inbound
from mailcore.webhook import WebhookRequest
from mailcore_postmark.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = {
    f"{path.parent.name}/{path.name.removesuffix('.input.json')}": json.loads(
        path.read_text("utf-8")
    )
    for path in sorted(FIXTURES.glob("*/*.input.json"))
    if path.parent.name in ("events", "inbound")
}
ONE_OF_EACH = [
    "events/bounce",
    "events/click",
    "events/delivery",
    "events/open",
    "events/spam_complaint",
    "events/subscription_unsubscribed",
    "events/unknown_type",
    "inbound/headers_repeated_and_forged",
    "inbound/raw_email",
]
WRONG = [None, True, 0, -1.5, 10**30, "", "text", [], [None], [[1]], ["x"], {}, {"a": []}, "\ud800"]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def post(body):
    """The events of a body."""
    return parse_events("postmark", WebhookRequest("POST", {}, body))


def places(value, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def put(document, path, value):
    """A copy of a JSON document with another value at a path."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed


def drop(document, path):
    """A copy of a JSON document without the value at a path."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return changed


def is_sound(events):
    """Each event can be written, told from others, hashed, printed; each mail read to its end."""
    (event,) = events
    if isinstance(event, InboundEvent):
        mail = parse_inbound(event.content)
        for part in (*mail.attachments, *mail.inlines):
            len(part.content)
        repr((mail.headers, mail.from_email, mail.to, mail.text, mail.html, mail.defects))
    return bool(
        json.dumps(event.to_dict())
        and event.dedupe_key
        and repr(event)
        and isinstance(hash(event), int)
        and event.esp_event == event.esp_event
    )


def slow_mails(name):
    """Mails of many headers have many places."""
    large = ("inbound/headers_repeated_and_forged", "inbound/raw_email")
    return pytest.param(name, marks=pytest.mark.slow) if name in large else name


@pytest.mark.parametrize("name", [slow_mails(name) for name in ONE_OF_EACH])
def test_wrong_types_at_every_node(name):
    """Any node may be missing or of any type: there is an event all the same."""
    payload = SAMPLES[name]
    for path in filter(None, places(payload)):
        for wrong in WRONG:
            assert is_sound(post(json.dumps(put(payload, path, wrong)).encode()))
        if path != ("RecordType",):
            assert is_sound(post(json.dumps(drop(payload, path)).encode()))


@pytest.mark.parametrize("name", [name for name in ONE_OF_EACH if name.startswith("events/")])
def test_missing_and_wrong_fields_are_told(name):
    """Every field that is read is a defect where it has a type that it cannot have."""
    payload = SAMPLES[name]
    unread = {"MessageStream", "ServerID", "DumpAvailable", "Inactive", "CanActivate", "Content"}
    unread |= {"Name", "From", "Subject", "TypeCode", "Client", "OS", "Platform", "ReadSeconds"}
    unread |= {"FirstOpen", "ClickLocation", "TeleportedAt"}
    if name == "events/spam_complaint":
        unread |= {"Type", "Details"}
    for field in payload.keys() - unread:
        (event,) = post(json.dumps({**payload, field: [5]}).encode())

        assert any(f"`{field}`" in defect for defect in event.defects), field


BODIES = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\x00\xff", id="bytes"),
    pytest.param(b"hello", id="text"),
    pytest.param(b"RecordType=Bounce", id="a form"),
    pytest.param(b"<html></html>", id="HTML"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b'[{"RecordType": "Bounce"}]', id="a list of records"),
    pytest.param(b"5", id="a number"),
    pytest.param(b"null", id="null"),
    pytest.param(b'"text"', id="a text"),
    pytest.param(b"{}", id="empty"),
    pytest.param(b'{"Email": "ada@example.net", "Type": "HardBounce"}', id="anybody's"),
    pytest.param(b'{"RecordType": "Bounce"', id="cut off"),
    pytest.param(b'{"RecordType": NaN}', id="NaN"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="a huge number"),
    pytest.param(b'{"a":' * 200 + b"1" + b"}" * 200, id="deep objects"),
    pytest.param(b"[" * 500_000, id="deep lists"),
    pytest.param(b'{"a":' * 200_000, id="deep and unfinished"),
    pytest.param('{"RecordType": "Bounce"}'.encode("utf-16"), id="UTF-16"),
    pytest.param(b"\x9c" * (5 * 1024 * 1024), id="5 MB of garbage"),
]


@pytest.mark.parametrize("body", BODIES)
def test_hostile_bodies(body):
    """A body that is none of Postmark's is one typed error, which tells nothing of its content."""
    with pytest.raises(MalformedWebhook) as caught:
        post(body)

    assert 400 == caught.value.response.status_code
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_cut_off_bodies(name):
    """A body that ends too early is one typed error, wherever it ends."""
    body = json.dumps(SAMPLES[name]).encode()
    for cut in range(0, len(body), 7):
        with pytest.raises(MalformedWebhook):
            post(body[:cut])


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_unknown_fields_change_nothing(name):
    """Fields that Postmark may add are ignored, wherever they stand."""
    payload = copy.deepcopy(SAMPLES[name])
    if name == "events/unknown_type":
        # Its time is unknown, so that all of it tells it from others.
        return
    (expected,) = post(json.dumps(payload).encode())
    for path in list(places(payload)):
        target = payload
        for key in path:
            target = target[key]
        if isinstance(target, dict) and path != ("Metadata",):
            target["zNew"] = {"x": [1]}

    (event,) = post(json.dumps(payload).encode())

    assert expected == event


@given(json_values)
def test_any_json(value):
    """Any JSON gives an event or the typed error."""
    try:
        events = post(json.dumps(value).encode())
    except MalformedWebhook:
        return
    assert is_sound(events)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_body(body):
    """Any bytes give the typed error."""
    with pytest.raises(MalformedWebhook):
        post(body)


@st.composite
def mutated(draw):
    """A genuine record with some nodes replaced."""
    payload = draw(st.sampled_from(list(SAMPLES.values())))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for path in places(payload) if path]))
        payload = put(payload, path, draw(json_values | st.sampled_from(WRONG)))
    return payload


@given(mutated())
def test_mutated_records(payload):
    """A genuine record with some nodes replaced gives an event."""
    assert is_sound(post(json.dumps(payload).encode()))


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(texts, texts, texts, st.binary(max_size=60))
def test_received_values_come_back(subject, text, html, content):
    """Whatever a mail says, it says the same after it was composed of its parts."""
    from base64 import b64encode

    payload = {
        **SAMPLES["inbound/nearly_empty"],
        "Subject": subject,
        "TextBody": text,
        "HtmlBody": html,
        "Attachments": [{"Name": "file.bin", "Content": b64encode(content).decode()}],
    }

    (event,) = post(json.dumps(payload).encode())
    mail = parse_inbound(event.content)

    assert " ".join(subject.split()) == " ".join((mail.subject or "").split())
    assert (text, html) == (mail.text or "", mail.html or "")
    assert [content] == [part.content for part in mail.attachments]
