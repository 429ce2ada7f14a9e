"""Sending to the local Mailjet: mails, answers, errors."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
import requests

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore_local.faces import FaceSettings
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.mailjet.merging import merged, personalized


ADA, BOB = "ada@example.net", "bob@example.net"
CONTENT = base64.b64encode("ü".encode()).decode()


def mails(local):
    """The accepted mails, the first one first."""
    return [local.mails.get(each.id) for each in reversed(local.mails.list())]


def test_messages(local, send):
    """An item for each in order, with an id and a GUID for each recipient."""
    status, answer = send(
        {
            "To": [{"Email": ADA, "Name": "Ädä"}],
            "Cc": [{"Email": BOB}],
            "Bcc": [{"Email": "c@example.net"}],
            "ReplyTo": {"Email": "r@example.com"},
            "HTMLPart": "<p>ü</p>",
            "Headers": {"X-Order": "7"},
            "CustomID": "mine",
            "CustomCampaign": "welcome",
            "EventPayload": '{"order": 7}',
        },
        {"Subject": "Second"},
    )

    first, second = answer["Messages"]
    assert (200, ["success"] * 2) == (status, [first["Status"], second["Status"]])
    assert "mine" == first["CustomID"]
    entries = [*first["To"], *first["Cc"], *first["Bcc"]]
    assert [ADA, BOB, "c@example.net"] == [each["Email"] for each in entries]
    assert 3 == len({each["MessageID"] for each in entries})
    assert all(each["MessageID"] > 2**53 and each["MessageUUID"] for each in entries)
    mail, other = mails(local)
    assert [str(each["MessageID"]) for each in entries] == [r.message_id for r in mail.recipients]
    assert ("Hello", "<p>ü</p>", ("welcome",)) == (mail.text, mail.html, mail.tags)
    assert {"order": "7"} == dict(mail.metadata)
    assert ["Ädä"] == [each.display_name for each in mail.parsed.to]
    assert ["r@example.com"] == [each.addr_spec for each in mail.parsed.reply_to]
    assert b"X-Order: 7\r\n" in mail.raw
    assert b"c@example.net" not in mail.raw
    assert "Second" == other.subject
    assert "(hidden)" == dict(mail.request.headers)["authorization"]


def test_what_all_messages_share(local, send):
    """A message's own property goes before it, and variables are joined."""
    shared = {"Subject": "Hi {{var:a}}{{var:b}}", "TemplateLanguage": True, "Variables": {"a": "A"}}
    send(
        {"Subject": ..., "Variables": {"b": "1"}},
        {"Subject": "Own", "Variables": {"b": "2"}},
        Globals=shared,
    )

    assert ["Hi A1", "Own"] == [each.subject for each in mails(local)]


def test_what_is_kept_of_a_call(local, send):
    """Of each mail its own message; files that are shared stand in the first one."""
    send({"Subject": "1"}, {"Subject": "2"}, Globals={"Attachments": [FILE], "CustomID": "x"})

    kept = [json.loads(mail.request.body) for mail in mails(local)]
    assert [["1"], ["2"]] == [[m["Subject"] for m in each["Messages"]] for each in kept]
    assert [True, False] == ["Attachments" in each["Globals"] for each in kept]
    assert ["x", "x"] == [each["Globals"]["CustomID"] for each in kept]


def test_files(local, send):
    """Texts are in UTF-8, pictures have their Content-ID or else their name."""
    file = {"ContentType": "text/plain", "Filename": "é.txt", "Base64Content": CONTENT}
    picture = {"ContentType": "image/png", "Filename": "logo.png", "Base64Content": CONTENT}
    send(
        {
            "HTMLPart": '<img src="cid:a"><img src="cid:logo.png">',
            "Attachments": [file],
            "InlinedAttachments": [{**picture, "ContentID": "a"}, picture],
        }
    )

    parsed = local.latest().parsed
    assert [("é.txt", "ü")] == [(part.filename, part.text()) for part in parsed.attachments]
    assert ["a", "logo.png"] == [part.content_id for part in parsed.inlines]


def test_some_messages_are_refused(local, send):
    """The others are sent; the status tells of it, and the error of what it is about."""
    status, answer = send({"To": [{"Email": "no"}]}, {"Subject": "Sent"})

    error = answer["Messages"][0]["Errors"][0]
    assert (400, ["error", "success"]) == (status, [m["Status"] for m in answer["Messages"]])
    assert ("mj-0013", 400, '"no" is an invalid email address.', ["To[0].Email"]) == (
        error["ErrorCode"],
        error["StatusCode"],
        error["ErrorMessage"],
        error["ErrorRelatedTo"],
    )
    assert ["Sent"] == [each.subject for each in mails(local)]


def test_all_errors_or_the_first_one(send):
    """As the call asks for it."""
    broken = {"From": {"Email": "no"}, "To": [], "Subject": ""}
    first, all_of_them = send(broken), send(broken, AdvanceErrorHandling=True)

    assert 1 == len(first[1]["Messages"][0]["Errors"])
    assert ["mj-0013", "mj-0007", "mj-0012"] == [
        error["ErrorCode"] for error in all_of_them[1]["Messages"][0]["Errors"]
    ]


def test_errors_of_what_is_shared(local, send):
    """None is sent."""
    status, answer = send({}, Globals={"From": {"Email": "no"}})

    assert (400, "error", 0) == (status, answer["Globals"]["Status"], len(local.mails))
    assert "mj-0013" == answer["Globals"]["Errors"][0]["ErrorCode"]


def test_the_sandbox(local, send):
    """The message is checked, and has no ids."""
    status, answer = send({}, SandboxMode=True)

    entry = answer["Messages"][0]["To"][0]
    assert (200, 0, "", 0) == (status, entry["MessageID"], entry["MessageUUID"], len(local.mails))


FILE = {"ContentType": "a/b", "Filename": "a", "Base64Content": "AAEC"}
MANY = [{"Email": f"a{n}@example.net"} for n in range(51)]


@pytest.mark.parametrize(
    ("change", "code", "related_to"),
    [
        ({"From": ...}, "mj-0003", "From"),
        ({"To": ...}, "mj-0003", "To"),
        ({"To": "x"}, "mj-0004", "To"),
        ({"To": [{"Name": "x"}]}, "mj-0003", "To[0].Email"),
        ({"To": [{"Email": ""}]}, "mj-0012", "To[0].Email"),
        ({"To": MANY}, "send-0015", "To"),
        ({"ReplyTo": {"Email": ADA, "Name": None}}, "send-0018", "ReplyTo.Name"),
        ({"Subject": "x" * 256}, "mj-0006", "Subject"),
        ({"TextPart": ...}, "send-0003", "HTMLPart"),
        ({"TextPart": ""}, "mj-0012", "TextPart"),
        ({"TemplateID": 7}, "send-0010", "TemplateID"),
        ({"TemplateID": "7"}, "mj-0004", "TemplateID"),
        ({"Headers": {"X-A": 7}}, "mj-0004", "Headers.X-A"),
        ({"Headers": {"Reply-To": "x"}}, "send-0011", "Headers.Reply-To"),
        ({"Headers": {"x-mj-customid": "x"}}, "send-0011", "Headers.x-mj-customid"),
        ({"DeduplicateCampaign": True}, "send-0012", "DeduplicateCampaign"),
        ({"TemplateErrorDeliver": True}, "send-0016", "TemplateLanguage"),
        ({"Variables": {"a": None}}, "mj-0003", "Variables.a"),
        ({"Priority": 4}, "mj-0005", "Priority"),
        ({"TrackOpens": "yes"}, "mj-0005", "TrackOpens"),
        ({"Attachments": []}, "mj-0007", "Attachments"),
        ({"Attachments": [{**FILE, "Filename": ""}]}, "mj-0012", "Attachments[0].Filename"),
        ({"Attachments": [{**FILE, "Base64Content": "A"}]}, "mj-0005", "Attachments[0]"),
    ],
)
def test_what_is_no_message(local, send, change, code, related_to):
    """The code and the property that it is about; nothing is sent."""
    status, answer = send(change)

    (error,) = answer["Messages"][0]["Errors"]
    assert (400, code) == (status, error["ErrorCode"])
    assert error["ErrorRelatedTo"][0].startswith(related_to)
    assert 0 == len(local.mails)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "mj-0002"),
        ({}, "mj-0003"),
        ({"Messages": {}}, "mj-0004"),
        ({"Messages": []}, "mj-0007"),
        ({"Messages": [{}] * 51}, "mj-0008"),
        ({"Messages": [{}], "SandboxMode": "yes"}, "mj-0004"),
    ],
)
def test_what_is_no_call(call, document, code):
    """One error for the whole."""
    status, answer = call("/v3.1/send", document)

    assert (400, 400, code) == (status, answer["StatusCode"], answer["ErrorCode"])


def test_keys(local, call):
    """Both keys are needed; a settled one may be the public key, or both."""
    face = local.hub.face("mailjet")
    document = {"Messages": [{}]}
    face.settings = FaceSettings(api_key="key")
    found = [
        call("/v3.1/send", document, auth=auth)[0] for auth in (None, ("key", "x"), ("k", "x"))
    ]
    face.settings = FaceSettings(api_key="key:secret")
    found += [call("/v3.1/send", document, auth=("key", each))[0] for each in ("secret", "x")]

    assert [401, 400, 401, 400, 401] == found
    assert "mj-0015" == call("/v3.1/send", document, auth=("", ""))[1]["ErrorCode"]


def test_faults(local, send):
    """Throttling and outages have Mailjet's form."""
    local.hub.faults("mailjet").script("throttle", "error500", "error503")
    found = [send({}) for _ in range(3)]

    assert [429, 500, 503] == [status for status, _ in found]
    assert [429, 500, 503] == [answer["StatusCode"] for _, answer in found]


def test_templates(local, call, send):
    """A stored template has content, sender and subject, and is filled in if it is asked for."""
    status, made = call("/v3/REST/template", {"Name": "Welcome"})
    number = made["Data"][0]["ID"]
    content = {
        "Html-part": "<p>{{var:name}}</p>",
        "Text-part": "{{var:name}}",
        "Headers": {"From": "Team <team@example.com>", "Subject": "Hi {{var:name}}"},
    }
    path = f"/v3/REST/template/{number}/detailcontent"
    assert (201, 201) == (status, call(path, content)[0])
    assert 200 == call(path, {"Text-part": "Hello {{var:name}}"}, method="PUT")[0]
    bare = {"From": ..., "Subject": ..., "TextPart": ..., "TemplateID": number}
    send({**bare, "TemplateLanguage": True, "Variables": {"name": "Ada"}}, bare)

    filled, plain = mails(local)
    assert ("Hi Ada", "Hello Ada", "<p>Ada</p>") == (filled.subject, filled.text, filled.html)
    assert ("Team <team@example.com>", "Hi {{var:name}}") == (filled.from_email, plain.subject)
    assert content["Html-part"] == call(path, method="GET")[1]["Data"][0]["Html-part"]
    assert "Welcome" == call(f"/v3/REST/template/{number}", method="GET")[1]["Data"][0]["Name"]
    assert 404 == call("/v3/REST/template/99", method="GET")[0]
    both = send({**bare, "HTMLPart": "x"})[1]["Messages"][0]["Errors"][0]
    assert "send-0004" == both["ErrorCode"]


@pytest.mark.parametrize(
    "change",
    [
        {"TextPart": "{{var:gone}}"},
        {"TextPart": "{% if var:x %}"},
        {"TextPart": "x", "Variables": {"n": 2**31}},
    ],
)
def test_an_error_in_the_template(local, webhook, send, change):
    """It is accepted, and blocked afterwards; or delivered, if that is wanted."""
    status, _ = send({"TemplateLanguage": True, **change})
    local.hub.wait_for_posts(1, 30)
    send({"TemplateLanguage": True, "TemplateErrorDeliver": True, **change})

    told = webhook.received[0].json
    assert (200, "blocked", "error in template language") == (status, told["event"], told["error"])
    assert ["failed", "delivered"] == [mail.recipients[0].state for mail in mails(local)]
    assert change["TextPart"] == mails(local)[1].text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "From",
        "Sender",
        "To",
        "Cc",
        "Bcc",
        "ReplyTo",
        "Subject",
        "TextPart",
        "HTMLPart",
        "TemplateID",
        "TemplateLanguage",
        "Headers",
        "Attachments",
        "InlinedAttachments",
        "Variables",
        "CustomID",
        "EventPayload",
        "Email",
        "Name",
        "Priority",
        "Messages",
        "Globals",
        "SandboxMode",
    ]
)
FIELDS = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=JSON | FIELDS, message=FIELDS, shared=JSON | FIELDS)
def test_hostile_requests(call, send, document, message, shared):
    """Whatever stands in a request, the answer is a success or an error of the client."""
    with contextlib.suppress(requests.exceptions.InvalidJSONError):
        for status, _ in (
            call("/v3.1/send", document),
            call("/v3.1/send", {"Messages": [document]}),
            send(message, {}),
            send({}, Globals=shared),
            call("/v3/REST/template", document),
            call("/v3/REST/template/1/detailcontent", document),
        ):
            assert status < 500


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 99_999, b'{"a": NaN}'])
def test_bodies_that_are_no_document(local, body):
    """They are refused as such."""
    url = f"{local.face_url('mailjet')}/v3.1/send"
    answer = requests.post(url, data=body, auth=("k", "s"), timeout=30)

    assert (400, "mj-0002") == (answer.status_code, answer.json()["ErrorCode"])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {{var:name}} {{ var:who.city }}", "Hi <Ada> Köln"),
        ('{{var:gone:"dear: customer"}} {{var:gone:you}} {{data:x:""}}!', "dear: customer you !"),
        ("{{var:n:5}}{{var:gone:5}}", "35"),
        ('{% if var:name = "<Ada>" and var:n >= 3 %}a{% else %}b{% endif %}', "a"),
        ("{% if var:gone %}a{% elseif var:n === 3 %}b{% endif %}", "b"),
        ("{% if var:n <> 3 %}a{% elseif var:n != 4 %}c{% endif %}", "c"),
        ("{% if var:n == 3 %}d{% endif %}", "d"),
        ("{% for i in var:list %}{{ i.x }};{% endfor %}", "1;2;"),
        ('{% set x = var:who.city %}{{ x }}{{ UpperCase(var:name:"") }}', "Köln<ADA>"),
        ("{{EscapeHtml(var:name)}}", "&lt;Ada&gt;"),
    ],
)
def test_the_template_language(source, text):
    """By https://dev.mailjet.com/template-language/reference/ (read 2026-11-30)."""
    values = {"name": "<Ada>", "n": 3, "who": {"city": "Köln"}, "list": [{"x": 1}, {"x": 2}]}

    assert text == merged(source, values)


@pytest.mark.parametrize(
    "source",
    ["{{var:gone}}", "{{mj:contact.email}}", "{{var:n + 1}}", "{{ Range(1) }}", "{% if var:n %}"],
)
def test_what_the_language_has_not(source):
    """It is refused with a sentence."""
    with pytest.raises(TemplateError):
        merged(source, {"n": 1})


def test_personalization():
    """Brackets are filled in with a value, a default or nothing."""
    source = "[[var:a]] [[var:b.c:x]] [[var:gone:there]] [[data:x]]."

    assert "1 2 there ." == personalized(source, {"a": 1, "b": {"c": 2}})


@given(st.text("{}%[]:'\"()=<>.ab1 varifendfor set\x03", max_size=50))
def test_any_template(source):
    """Whatever the source is, there is a text or an error of the template."""
    with contextlib.suppress(TemplateError):
        assert isinstance(merged(source, {"a": "b"}), str)
    assert isinstance(personalized(source, {"a": "b"}), str)
