"""Sending to the local Brevo: mails, answers, errors."""

from __future__ import annotations

import base64
import contextlib
import json

from datetime import datetime, timedelta, timezone

import pytest
import requests

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore_local.brevo.account import IdempotencyKeys
from mailcore_local.brevo.errors import BrevoError
from mailcore_local.brevo.merging import merged
from mailcore_local.faces import FaceSettings
from mailcore_local.jinja_subset import TemplateError


ADA, BOB = "ada@example.net", "bob@example.net"
KEY = "a1b2c3d4-0000-4000-8000-000000000000"


def mails(local):
    """The accepted mails, the first one first."""
    return [local.mails.get(each.id) for each in reversed(local.mails.list())]


def test_one_mail(local, send):
    """One id for all, in angle brackets; headers in title case, and none that Brevo obeys."""
    status, answer = send(
        ADA,
        to=[{"email": ADA, "name": "Ädä"}],
        cc=[{"email": BOB}],
        bcc=[{"email": "c@example.net"}],
        replyTo={"email": "r@example.com"},
        textContent="Hallo ü",
        headers={"x-order": "7", "X-Mailin-custom": '{"order": 7}', "sender.ip": "1.2.3.4"},
        tags=["welcome"],
    )

    assert 201 == status
    assert answer["messageId"].startswith("<")
    (mail,) = mails(local)
    assert {answer["messageId"]} == {each.message_id for each in mail.recipients}
    assert (["Ädä <ada@example.net>"], [BOB], ["c@example.net"]) == (
        list(mail.to),
        list(mail.cc),
        list(mail.bcc),
    )
    assert ("Hallo ü", "<p>Hello</p>", ("welcome",)) == (mail.text, mail.html, mail.tags)
    assert {"order": "7"} == dict(mail.metadata)
    assert answer["messageId"] == mail.parsed["Message-ID"]
    assert b"X-Order: 7\r\n" in mail.raw
    assert b"1.2.3.4" not in mail.raw
    assert b"c@example.net" not in mail.raw
    assert "(hidden)" == dict(mail.request.headers)["api-key"]


def test_versions(local, send):
    """A mail and an id for each, in order; a version's own fields go before those of all."""
    status, answer = send(
        "ignored@example.net",
        subject="Hi {{ params.name }}",
        params={"name": "all"},
        messageVersions=[
            {"to": [{"email": ADA}], "params": {"name": "Ada"}},
            {"to": [{"email": BOB}], "subject": "Own", "htmlContent": "<b>own</b>"},
        ],
    )

    ada, bob = mails(local)
    assert 201 == status
    assert answer["messageIds"] == [each.recipients[0].message_id for each in (ada, bob)]
    assert [("Hi Ada", "<p>Hello</p>", (ADA,)), ("Own", "<b>own</b>", (BOB,))] == [
        (each.subject, each.html, each.to) for each in (ada, bob)
    ]


def test_what_is_kept_of_a_batch(local, send):
    """Of each mail its own version; files stand in the first one."""
    versions = [{"to": [{"email": each}]} for each in (ADA, BOB)]
    send(ADA, messageVersions=versions, attachment=[FILE])

    kept = [json.loads(mail.request.body) for mail in mails(local)]
    assert [versions[:1], versions[1:]] == [each["messageVersions"] for each in kept]
    assert [True, False] == ["attachment" in each for each in kept]


def test_templates(local, call, send):
    """An active template is rendered; the request's subject and sender go before its own."""
    template = {
        "templateName": "Welcome",
        "subject": "Hi {{ params.name }}",
        "htmlContent": "<p>{{ params.name }} {{ contact.EMAIL }}</p>",
        "sender": {"email": "team@example.com"},
        "replyTo": "r@example.com",
        "isActive": False,
    }
    assert (201, {"id": 1}) == call("POST", "/smtp/templates", template)
    fields = {"templateId": 1, "params": {"name": "<Ada>"}, "sender": None, "subject": None}
    assert (403, "permission_denied") == (
        (early := send(ADA, **fields))[0],
        early[1]["code"],
    )
    assert 204 == call("PUT", "/smtp/templates/1", {"isActive": True})[0]
    assert 201 == send(ADA, **fields, htmlContent="ignored", textContent="ignored")[0]

    mail = local.latest()
    assert ("Hi <Ada>", f"<p>&lt;Ada&gt; {ADA}</p>") == (mail.subject, mail.html)
    assert ("team@example.com", 1) == (mail.envelope_sender, mail.facts["template_id"])
    assert ["r@example.com"] == [each.addr_spec for each in mail.parsed.reply_to]
    assert 400 == send(ADA, templateId=7)[0]
    assert 1 == call("GET", "/smtp/templates")[1]["count"]
    assert "Welcome" == call("GET", "/smtp/templates/1")[1]["name"]
    call("PUT", "/smtp/templates/1", {"isActive": False})
    assert 204 == call("DELETE", "/smtp/templates/1")[0]
    assert 404 == call("GET", "/smtp/templates/1")[0]
    assert {"id": 2} == call("POST", "/smtp/templates", template)[1]


def test_a_text_that_cannot_be_filled_in(local, webhook, send):
    """It is accepted, and told of as an error."""
    assert 201 == send(ADA, htmlContent="{% if params.x %}", params={"x": 1})[0]
    local.hub.wait_for_posts(1, 30)

    assert ("error", "failed") == (
        webhook.received[0].json["event"],
        local.latest().recipients[0].state,
    )


def test_files(local, send):
    """The type comes from the name; texts are in UTF-8."""
    content = base64.b64encode("ü".encode()).decode()
    send(ADA, attachment=[{"name": "é.txt", "content": content}])

    (part,) = local.latest().parsed.attachments
    assert ("é.txt", "text/plain", "ü") == (part.filename, part.content_type, part.text())


def test_a_text_alone(local, send):
    """It becomes HTML alone, as Brevo does it."""
    send(ADA, htmlContent=None, textContent="a < b\nü")

    parsed = local.latest().parsed
    assert (None, "a &lt; b<br>\nü") == (parsed.text, parsed.html.strip())


def test_scheduling(send):
    """202 with the id of the batch."""
    at = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    status, answer = send(ADA, scheduledAt=at, batchId=KEY)

    assert (202, KEY) == (status, answer["batchId"])


def test_idempotency(local, send):
    """The second call with the same key is refused, and sends nothing; HTTP headers do nothing."""
    first, second = (send(ADA, headers={"idempotencyKey": KEY}) for _ in range(2))

    assert (201, 400, "duplicate_parameter") == (first[0], second[0], second[1]["code"])
    assert 1 == len(local.mails)


def test_a_key_is_good_again_after_half_an_hour():
    """And one that came to nothing at once."""
    moments = [datetime(2026, 11, 30, tzinfo=timezone.utc)]
    keys = IdempotencyKeys(lambda: moments[0])
    keys.use("a")
    with pytest.raises(BrevoError):
        keys.use("a")
    moments[0] += timedelta(minutes=31)
    keys.use("a")
    keys.release("a")

    keys.use("a")


def test_the_sandbox(local, send):
    """It is answered as if it were sent, and not kept."""
    status, answer = send(ADA, headers={"X-Sib-Sandbox": "drop"})

    assert (201, 0) == (status, len(local.mails))
    assert answer["messageId"]


FILE = {"name": "a.pdf", "content": "AAEC"}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"sender": None}, "missing_parameter", "sender is missing"),
        ({"sender": {}}, "missing_parameter", "email is missing in sender"),
        ({"sender": {"email": "no"}}, "invalid_parameter", "email is not valid in sender"),
        ({"to": None}, "missing_parameter", "to is missing"),
        ({"to": []}, "missing_parameter", "to is missing"),
        ({"to": [{"name": "x"}]}, "missing_parameter", "email is missing in to"),
        ({"to": [{"email": "no"}]}, "invalid_parameter", "email is not valid in to"),
        (
            {"to": [{"email": ADA, "name": "x" * 71}]},
            "invalid_parameter",
            "name is not valid in to",
        ),
        ({"cc": {"email": ADA}}, "invalid_parameter", "cc is not valid"),
        ({"subject": None}, "missing_parameter", "subject is missing"),
        ({"htmlContent": None}, "missing_parameter", "Either of htmlContent or textContent"),
        ({"headers": {"X-A": 7}}, "invalid_parameter", "Invalid headers"),
        ({"attachment": [{**FILE, "content": "A"}]}, "invalid_parameter", "content is not valid"),
        ({"attachment": [{**FILE, "name": "a.exe"}]}, "invalid_parameter", "file extension"),
        ({"attachment": [{"content": "AAEC"}]}, "missing_parameter", "name is missing"),
        ({"attachment": [{"url": "https://x.example/a.pdf"}]}, "invalid_parameter", "not fetched"),
        ({"tags": "x"}, "invalid_parameter", "tags is not valid"),
        ({"scheduledAt": "tomorrow"}, "invalid_parameter", "scheduledAt is not valid"),
        ({"scheduledAt": "2099-01-01T00:00:00Z"}, "invalid_parameter", "scheduledAt"),
        ({"batchId": "x"}, "invalid_parameter", "batchId is not valid"),
        ({"params": {"x": "y" * 110_000}}, "invalid_parameter", "params is not valid"),
        ({"messageVersions": []}, "invalid_parameter", "messageVersions is not valid"),
        (
            {"messageVersions": [{"to": []}]},
            "missing_parameter",
            "to is missing in messageVersions",
        ),
        ({"messageVersions": [{"to": [{"email": ADA}] * 100}]}, "out_of_range", "99"),
        ({"messageVersions": [{"to": [{"email": ADA}] * 90}] * 23}, "out_of_range", "2000"),
        ({"templateId": "x"}, "invalid_parameter", "templateId is not valid"),
    ],
)
def test_what_is_no_mail(local, send, change, code, message):
    """A code and a sentence in Brevo's words; nothing is sent."""
    status, answer = send(ADA, **change)

    assert (400, code) == (status, answer["code"])
    assert message in answer["message"]
    assert 0 == len(local.mails)


def test_keys(local, call):
    """Without a key, or with another one than that of the settings, 401; a bearer token is one."""
    local.hub.face("brevo").settings = FaceSettings(api_key="good")
    found = [
        call("GET", "/account", headers=headers)
        for headers in (
            {},
            {"api-key": "bad"},
            {"api-key": "good"},
            {"Authorization": "Bearer good"},
        )
    ]

    assert [401, 401, 200, 200] == [status for status, _ in found]
    assert ["authentication not found in headers", "Key not found"] == [
        answer["message"] for _, answer in found[:2]
    ]
    assert 405 == call("GET", "/smtp/email", headers={"api-key": "good"})[0]


def test_faults(local, send, ask):
    """Throttling has the headers of the limit; a lack of credits is an answer of its own."""
    local.hub.faults("brevo").script("throttle", "credits", "error500", "error503")
    found = [send(ADA) for _ in range(4)]

    assert [429, 402, 500, 503] == [status for status, _ in found]
    assert "not_enough_credits" == found[1][1]["code"]
    assert "1000" == ask("GET", "/account").headers["x-sib-ratelimit-limit"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "sender",
        "to",
        "cc",
        "bcc",
        "replyTo",
        "subject",
        "htmlContent",
        "textContent",
        "attachment",
        "headers",
        "templateId",
        "params",
        "messageVersions",
        "tags",
        "scheduledAt",
        "batchId",
        "email",
        "name",
        "id",
        "content",
        "url",
        "templateName",
    ]
)
FIELDS = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=JSON | FIELDS, fields=FIELDS)
def test_hostile_requests(call, send, document, fields):
    """Whatever stands in a request, the answer is a success or an error of the client."""
    with contextlib.suppress(requests.exceptions.InvalidJSONError):
        for status, _ in (
            call("POST", "/smtp/email", document),
            send(ADA, **fields),
            send(ADA, messageVersions=[{"to": [{"email": ADA}], **fields}]),
            call("POST", "/smtp/templates", document),
            call("POST", "/smtp/templates", fields),
        ):
            assert status < 500


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"x"', b"[]", b"[" * 99_999])
def test_bodies_that_are_no_object(local, body):
    """They are refused as such."""
    url = f"{local.face_url('brevo')}/v3/smtp/email"
    answer = requests.post(url, data=body, headers={"api-key": "k"}, timeout=30)

    assert (400, "bad_request") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ params.name }} {{params.gone}}", "Ada &amp; Bob "),
        (
            "{{ params.gone|default:'you' }} {{ params.gone | default : \"me: you\" }}",
            "you me: you",
        ),
        ("{{ params.name|upper|truncatechars:4 }}", "ADA…"),
        ("{{ params.price|floatformat:2 }} {{ params.html|safe }}", "40.30 <b>"),
        ("{% if params.n == 3 and not params.gone %}a{% else %}b{% endif %}", "a"),
        ("{% if params.n > 3 || params.name %}a{% endif %}", "a"),
        ("{% for i in params.list %}{{ forloop.Counter }}{{ i.x }};{% endfor %}", "11;22;"),
        ("{{ params.words|join:', ' }} {{ params.words|length }}", "a, b 2"),
        ("{{ params.name|capfirst }}{{ params.name|title|lower }}", "Ada &amp; Bobada &amp; bob"),
    ],
)
def test_the_template_language(source, text):
    """By the examples of https://help.brevo.com/hc/en-us/articles/4405381108626 (2026-11-30)."""
    params = {
        "name": "Ada & Bob",
        "price": 40.3,
        "n": 3,
        "html": "<b>",
        "list": [{"x": 1}, {"x": 2}],
        "words": ["a", "b"],
    }

    assert text == merged(source, {"params": params}, is_html=True)


@given(st.text("{}%|:'\"[]()=<>.ab1ifendfor params\x03", max_size=50))
def test_any_template(source):
    """Whatever the source is, there is a text or an error of the template."""
    with contextlib.suppress(TemplateError):
        assert isinstance(merged(source, {"params": {"a": "b"}}, is_html=True), str)
