"""Who is believed, what comes out of `receive()`, and what strangers may post."""

from __future__ import annotations

import asyncio
import copy
import json

from base64 import b64encode
from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookRejected
from mailcore.events import EventType, InboundEvent
from mailcore.flow import run
from mailcore.inbound import parse_inbound
from mailcore.webhook import MemorySeenStore, WebhookRequest, areceive, receive
from mailcore_mailjet import MailjetProvider
from mailcore_mailjet.events import parse_events
from mailcore_mailjet.webhooks import WebhookTrust


FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = {
    f"{path.parent.name}/{path.name.removesuffix('.input.json')}": json.loads(
        path.read_text("utf-8")
    )
    for folder in ("events", "inbound")
    for path in sorted((FIXTURES / folder).glob("*.input.json"))
}
SINGLE = [name for name, payload in SAMPLES.items() if isinstance(payload, dict)]
WRONG = [None, True, 0, -1.5, 10**30, "", "text", [], [None], [[1]], ["x"], {}, {"a": []}, "\ud800"]
OLD, NEW = "mailjet:0ld-Pässword", "mailjet:new:with:colons"


def basic(credentials):
    """The Authorization header that a URL's user and password become."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def post(payload, credentials=OLD, **headers):
    """A request; a text or octets as they are."""
    given = {} if credentials is None else {"authorization": basic(credentials)}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return WebhookRequest("POST", {**given, **headers}, body)


def provider(*secrets):
    """A provider that receives."""
    return MailjetProvider(webhook_secrets=secrets)


@pytest.mark.parametrize("credentials", [OLD, NEW])
@pytest.mark.parametrize("name", SAMPLES)
def test_each_secret_is_believed(name, credentials):
    """While the secret changes, the old one and the new one are; also in a coroutine."""
    request = post(SAMPLES[name], credentials)

    events = receive(provider(OLD, NEW), request)

    assert 1 <= len(events)
    assert events == asyncio.run(areceive(provider(OLD, NEW), request))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({"Authorization": ""}, id="empty"),
        pytest.param({"Authorization": basic("mailjet:wrong")}, id="wrong password"),
        pytest.param({"Authorization": basic("other:0ld-Pässword")}, id="wrong user"),
        pytest.param({"Authorization": basic("mailjet")}, id="no password"),
        pytest.param({"Authorization": OLD}, id="no scheme"),
        pytest.param({"Authorization": f"Bearer {basic(OLD)[6:]}"}, id="other scheme"),
        pytest.param({"Authorization": "Basic \u20ac"}, id="no base64"),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b"junk", b'[{"event": "sent"}]'])
def test_others_are_rejected(headers, body):
    """401 with a challenge for everybody else, whatever they post; the error tells no secret."""
    with pytest.raises(WebhookRejected) as caught:
        receive(provider(OLD, NEW), WebhookRequest("POST", headers, body))

    assert 401 == caught.value.response.status_code
    assert caught.value.response.headers["www-authenticate"].startswith("Basic ")
    assert "ssword" not in repr(caught.value)


@pytest.mark.parametrize("secrets", [(), [], None])
def test_nobody_is_believed_without_secrets(secrets):
    """And the log says what to configure."""
    with pytest.raises(WebhookRejected, match="webhook_secrets") as caught:
        run(WebhookTrust(secrets).verify(post({})))

    assert (401, "mailjet") == (caught.value.response.status_code, caught.value.provider)
    assert "and Mailjet the URL" in str(caught.value)


@pytest.mark.parametrize("secrets", [OLD, ["password"], ["user:"], [":password"], [5], ["a:\n"]])
def test_secrets_that_are_none(secrets):
    """What is no `user:password` is refused when the provider is made, without repeating it."""
    with pytest.raises(ConfigurationError) as caught:
        WebhookTrust(secrets)

    assert "0ld" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"[]", {}), (b" {}\n", {}), (b"", {"content-length": "0"})],
)
def test_probes_reach_nobody(body, headers):
    """What is proven and says nothing is answered with 200."""
    assert () == receive(provider(OLD), post(body, **headers))


def test_repetitions_reach_a_handler_once():
    """Mailjet posts again what it believes is lost."""
    seen, found = MemorySeenStore(), []
    for _ in range(3):
        receive(provider(OLD), post(SAMPLES["events/group"]), found.append, seen=seen)

    assert [EventType.DELIVERED, EventType.OPENED] == [event.event_type for event in found]


BODIES = [
    pytest.param(b"\x00\xff", id="bytes"),
    pytest.param(b"hello", id="text"),
    pytest.param(b"", id="cut off at once"),
    pytest.param(b"event=sent", id="a form"),
    pytest.param(b"<html></html>", id="HTML"),
    pytest.param(b"5", id="a number"),
    pytest.param(b"null", id="null"),
    pytest.param(b"[5]", id="a list of numbers"),
    pytest.param(b'[{"event": "sent"}, null]', id="one event is none"),
    pytest.param(b'[{"b": 1}, {"a": 1}]', id="all are anybody's"),
    pytest.param(b'{"email": "ada@example.net", "time": 5}', id="anybody's"),
    pytest.param(b'[{"event": "sent"}', id="cut off"),
    pytest.param(b'{"event": NaN}', id="NaN"),
    pytest.param(b'{"event":' * 200 + b"1" + b"}" * 200, id="deep objects"),
    pytest.param(b"[" * 500_000, id="deep lists"),
    pytest.param('{"event": "sent"}'.encode("utf-16"), id="UTF-16"),
    pytest.param(b"\x9c" * (5 * 1024 * 1024), id="5 MB of garbage"),
]


@pytest.mark.parametrize("body", BODIES)
def test_hostile_bodies(body):
    """A body that is none of Mailjet's is one typed error, which tells nothing of its content."""
    with pytest.raises(MalformedWebhook) as caught:
        receive(provider(OLD), post(body))

    assert 400 == caught.value.response.status_code
    assert len(str(caught.value)) < 200


def test_a_large_group():
    """Thousands of events in one request are thousands of events."""
    payload = SAMPLES["events/sent"]

    events = receive(provider(OLD), post([{**payload, "MessageID": n + 1} for n in range(3000)]))

    assert 3000 == len({event.dedupe_key for event in events})


def places(value, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def put(document, path, value):
    """A copy of a JSON document with another value at a path; `...` takes it away."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return changed


def slow_mails(name):
    """Mails of several parts have many places."""
    large = ("inbound/files", "inbound/text_and_html")
    return pytest.param(name, marks=pytest.mark.slow) if name in large else name


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
    )


@pytest.mark.parametrize("name", [slow_mails(name) for name in SINGLE])
def test_wrong_types_at_every_node(name):
    """Any node may be missing or of any type: there is an event all the same."""
    payload = SAMPLES[name]
    for path in filter(None, places(payload)):
        for wrong in (*WRONG, ...):
            document = put(payload, path, wrong)
            assert is_sound(parse_events("mailjet", post(document)))


@pytest.mark.parametrize("name", [name for name in SINGLE if name.startswith("events/")])
def test_wrong_fields_are_told(name):
    """Every field that is read is a defect where it has a type that it cannot have."""
    unread = {"Message_GUID", "mj_campaign_id", "mj_contact_id", "mj_list_id", "geo", "blocked"}
    unread |= {"CustomID", "mj_message_id"} if "of_2015" not in name else set()
    for field in SAMPLES[name].keys() - unread:
        (event,) = parse_events("mailjet", post({**SAMPLES[name], field: [5]}))

        assert any(f"`{field}`" in defect for defect in event.defects), field


@pytest.mark.parametrize("name", ["events/click", "events/group", "inbound/files"])
def test_cut_off_bodies(name):
    """A body that ends too early is one typed error, wherever it ends."""
    body = json.dumps(SAMPLES[name]).encode()
    for cut in range(0, len(body), 7):
        with pytest.raises(MalformedWebhook):
            parse_events("mailjet", post(body[:cut]))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(json_values | st.lists(st.sampled_from([SAMPLES[name] for name in SINGLE]) | json_values))
def test_any_json(value):
    """Any JSON gives events or the typed error."""
    try:
        events = parse_events("mailjet", post(value))
    except MalformedWebhook:
        return
    assert all(is_sound([event]) for event in events)


@given(st.binary())
def test_any_body(body):
    """Any bytes give the typed error, or nothing at all."""
    try:
        assert () == parse_events("mailjet", post(body))
    except MalformedWebhook:
        return


@st.composite
def mutated(draw):
    """A genuine post with some nodes replaced."""
    payload = SAMPLES[draw(st.sampled_from(SINGLE))]
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for path in places(payload) if path]))
        payload = put(payload, path, draw(json_values | st.sampled_from(WRONG)))
    return payload


@given(mutated())
def test_mutated_posts(payload):
    """A genuine post with some nodes replaced gives an event."""
    assert is_sound(parse_events("mailjet", post(payload)))
