"""Sending to the local Mandrill: mails, answers, errors."""

from __future__ import annotations

import base64
import contextlib
import json

from datetime import datetime, timedelta, timezone

import pytest
import requests

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore_local.jinja_subset import TemplateError
from mailcore_local.mandrill import models
from mailcore_local.mandrill.copies import copies_of
from mailcore_local.mandrill.merging import merged
from mailcore_local.mandrill.sending import letters_of
from mailcore_local.mandrill.templates import fill_regions


ADA, BOB = "ada@example.net", "bob@example.net"


def test_a_copy_for_everybody(local, send):
    """Each recipient has an own id and a mail to themselves alone; the key is not kept."""
    results = send(ADA, BOB, html="<p>ü</p>", tags=["welcome"], metadata={"order": 7})

    assert {"sent"} == {each["status"] for each in results.values()}
    assert 2 == len({each["_id"] for each in results.values()})
    mail = local.mails.by_message_id(results[ADA]["_id"])
    assert ((ADA,), "Hi", "Hello", "<p>ü</p>") == (mail.to, mail.subject, mail.text, mail.html)
    assert [ADA] == [each.addr_spec for each in mail.parsed.to]
    assert ("Büro <shop@example.com>", ("welcome",)) == (mail.from_email, mail.tags)
    assert {"order": "7"} == dict(mail.metadata)
    assert b"a-key-of-mine" not in mail.request.body
    assert "/api/1.0/messages/send.json" == mail.request.path


def test_one_mail_to_all(local, send):
    """`preserve_recipients` shows To and Cc to everybody, and Bcc to nobody."""
    to = [{"email": ADA}, {"email": BOB, "type": "cc"}, {"email": "c@example.net", "type": "bcc"}]
    results = send(to=to, preserve_recipients=True)

    (mail,) = [local.mails.get(each.id) for each in local.mails.list()]
    assert ((ADA,), (BOB,), ("c@example.net",)) == (mail.to, mail.cc, mail.bcc)
    assert {each["_id"] for each in results.values()} == {r.message_id for r in mail.recipients}
    assert [BOB] == [each.addr_spec for each in mail.parsed.cc]
    assert b"c@example.net" not in mail.raw


def test_files_and_headers(local, send):
    """Attachments and images are in the mail, and headers that Mandrill obeys are not."""
    content = base64.b64encode(b"octets").decode()
    results = send(
        ADA,
        html='<img src="cid:logo">',
        headers={"Reply-To": "r@example.com", "X-Order": 7, "X-MC-Tags": "a"},
        attachments=[{"type": "application/pdf", "name": "ü.pdf", "content": content}],
        images=[{"type": "image/png", "name": "logo", "content": content}],
    )

    assert ("queued", "attachments") == (results[ADA]["status"], results[ADA]["queued_reason"])
    parsed = local.latest().parsed
    assert [("ü.pdf", b"octets")] == [(p.filename, p.content) for p in parsed.attachments]
    assert [("logo", b"octets")] == [(p.content_id, p.content) for p in parsed.inlines]
    assert ["r@example.com"] == [each.addr_spec for each in parsed.reply_to]
    assert ("7", None) == (parsed["X-Order"], parsed["X-MC-Tags"])


def test_merge_variables(local, send):
    """Values of a recipient go before those for all, in any case; metadata alike."""
    send(
        ADA,
        BOB,
        subject="Hi *|NAME|*",
        text="*|IF:VIP|*Dear *|name|**|ELSE:|*Hello*|END:IF|*, *|unknown|*",
        global_merge_vars=[{"name": "name", "content": "all"}],
        merge_vars=[
            {
                "rcpt": ADA,
                "vars": [{"name": "NAME", "content": "Ada"}, {"name": "vip", "content": "1"}],
            }
        ],
        metadata={"a": 1, "b": 2},
        recipient_metadata=[{"rcpt": BOB, "values": {"b": 3}}],
    )

    ada, bob = local.latest(f"to:{ADA}"), local.latest(f"to:{BOB}")
    assert ("Hi Ada", "Dear Ada, *|unknown|*") == (ada.subject, ada.text)
    assert ("Hi all", "Hello, *|unknown|*") == (bob.subject, bob.text)
    assert ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == (dict(ada.metadata), dict(bob.metadata))


def test_what_is_kept_of_a_call_to_many(local, send):
    """Of each mail its own part; files stand in the first one."""
    content = base64.b64encode(b"octets").decode()
    variables = [{"rcpt": each, "vars": [{"name": "n", "content": each}]} for each in (ADA, BOB)]
    send(
        ADA,
        BOB,
        merge_vars=variables,
        attachments=[{"type": "a/b", "name": "a", "content": content}],
    )

    for address, files in ((ADA, True), (BOB, False)):
        kept = json.loads(local.latest(f"to:{address}").request.body)
        assert "(hidden)" == kept["key"]
        assert [address] == [each["email"] for each in kept["message"]["to"]]
        assert [address] == [each["rcpt"] for each in kept["message"]["merge_vars"]]
        assert files == ("attachments" in kept["message"])


def test_nothing_is_merged_without_variables(local, send):
    """Tags stay as they are, unless `merge` says otherwise."""
    send(ADA, subject="*|NAME|*", text="{{x}}")

    assert ("*|NAME|*", "{{x}}") == (local.latest().subject, local.latest().text)


def test_templates(local, call, send):
    """A stored template is rendered with its regions and its own sender; a missing one is told."""
    made = call(
        "templates/add",
        name="Welcome Mail",
        code='<p mc:edit="main">old</p><b>{{upper name}}</b>',
        subject="Welcome {{name}}",
        from_email="team@example.com",
        text="Hi",
    )
    send(
        ADA,
        template="welcome-mail",
        top={"template_content": [{"name": "main", "content": "new {{name}}"}]},
        subject=None,
        from_email=None,
        text=None,
        merge_language="handlebars",
        global_merge_vars=[{"name": "name", "content": "<Ada>"}],
    )

    assert (200, "welcome-mail") == (made[0], made[1]["slug"])
    mail = local.latest()
    assert "Welcome <Ada>" == mail.subject
    assert '<p mc:edit="main">new &lt;Ada&gt;</p><b>&lt;ADA&gt;</b>' == mail.html
    assert "team@example.com" == mail.envelope_sender
    message = {"to": [{"email": ADA}], "from_email": "a@example.com"}
    missing = call(
        "messages/send-template", template_name="x", template_content=[], message=message
    )
    assert (404, "Unknown_Template", 5) == (missing[0], missing[1]["name"], missing[1]["code"])


def test_who_is_refused_at_once(send, call):
    """Suppressed, on the denylist, no address, without a sender: each in the answer of its own."""
    call("rejects/add", email="Listed@example.net")
    found = send("reject@test.mandrillapp.com", "suppressed@x.example", "listed@example.net", "no")
    unsigned = send(ADA, from_email=None)

    assert [
        ("rejected", "hard-bounce"),
        ("rejected", "hard-bounce"),
        ("rejected", "custom"),
        ("invalid", None),
    ] == [(each["status"], each["reject_reason"]) for each in found.values()]
    assert "invalid-sender" == unsigned[ADA]["reject_reason"]


def test_more_than_ten(local, send):
    """They are queued, whoever is among them: rejections are told by the webhook."""
    results = send("suppressed@example.net", *[f"a{n}@example.net" for n in range(10)])

    assert {("queued", "multiple-recipients")} == {
        (each["status"], each["queued_reason"]) for each in results.values()
    }
    assert "rejected" == local.latest("to:suppressed").recipients[0].state


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"to": "ada"}, ("message", "to")),
        ({"to": [{"name": "x"}]}, ("message", "to", "0", "email")),
        ({"to": [{"email": ADA, "type": "x"}]}, ("message", "to", "0", "type")),
        ({"tags": ["_x"]}, ("message", "tags", "0")),
        ({"tags": ["x" * 51]}, ("message", "tags", "0")),
        ({"from_email": "a b"}, ("message", "from_email")),
        ({"images": [{"type": "text/x", "name": "a", "content": ""}]}, ("message", "images")),
        ({"global_merge_vars": [{"name": "_x", "content": ""}]}, ("message",)),
        ({"text": "*|IF:x|*", "merge": True}, ("message", "merge_vars")),
    ],
)
def test_what_is_no_message(call, local, change, path):
    """A ValidationError names the field, and nothing is sent."""
    message = {"from_email": "a@example.com", "to": [{"email": ADA}], **change}
    status, error = call("messages/send", message=message)

    assert (400, "ValidationError", -2) == (status, error["name"], error["code"])
    assert all(f'"{part}"' in error["message"] for part in path)
    assert 0 == len(local.mails)


@pytest.mark.parametrize("send_at", ["tomorrow", "2099-01-01 00:00:00"])
def test_a_time_that_is_none(call, send_at):
    """Neither words nor a time in more than a year."""
    status, error = call("messages/send", message={"to": []}, send_at=send_at)

    assert (400, "ValidationError") == (status, error["name"])


@pytest.mark.parametrize(("days", "status"), [(1, "scheduled"), (-1, "sent")])
def test_a_time_to_send_at(send, days, status):
    """A later one is told in the answer; one that is past is now."""
    moment = datetime.now(timezone.utc) + timedelta(days=days)
    top = {"send_at": moment.strftime("%Y-%m-%d %H:%M:%S")}

    assert status == send(ADA, top=top)[ADA]["status"]


def test_keys(local, call):
    """Without a key, or with another one than that of the settings, there is an error of 401."""
    local.hub.face("mandrill").settings = type(local.hub.face("mandrill").settings)(api_key="good")
    answers = [call("users/ping", key=key) for key in ("", "bad", "good")]

    assert [401, 401, 200] == [status for status, _ in answers]
    assert ("Invalid_Key", 401) == (answers[0][1]["name"], answers[0][1]["code"])
    assert "PONG!" == answers[2][1]


def test_faults(local, call):
    """Throttling and outages have Mandrill's form; a call that is unknown, too."""
    local.hub.faults("mandrill").script("throttle", "error500", "error503")
    found = [call("messages/send", message={"to": []}) for _ in range(3)]

    assert [429, 500, 503] == [status for status, _ in found]
    assert ["RequestLimitExceeded", "GeneralError", "ServiceUnavailable"] == [
        error["name"] for _, error in found
    ]
    assert 404 == call("ips/list")[0]


def test_a_whole_mime_message(local, call):
    """Octets are kept as they came; recipients are those of the request, or of the headers."""
    raw = "From: Ada <ada@example.com>\r\nTo: b@example.net\r\nSubject: Raw\r\n\r\nHi\r\n"
    status, results = call("messages/send-raw", raw_message=raw)
    call("messages/send-raw", raw_message=raw, to=["c@example.net"])

    assert (200, "b@example.net") == (status, results[0]["email"])
    assert raw.encode() == local.latest("to:b@example.net").raw
    assert "c@example.net" == local.latest("to:c@example.net").recipients[0].address


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from(sorted(models.Message.model_fields)), JSON, max_size=4)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.one_of(JSON, FIELDS), template=JSON)
def test_hostile_requests(call, message, template):
    """Whatever stands in a request, the answer is a success or an error of the client."""
    with contextlib.suppress(requests.exceptions.InvalidJSONError):
        for name in ("send", "send-template", "send-raw"):
            status, _ = call(
                f"messages/{name}",
                message=message,
                raw_message=template,
                template_name=template,
                template_content=template,
                to=template,
            )

            assert status in (200, 400, 401, 404)


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b'{"key": 1}', b"\xff", b"[" * 99999])
def test_bodies_that_are_no_object(local, body):
    """They are refused as such."""
    url = f"{local.face_url('mandrill')}/api/1.0/messages/send"

    assert requests.post(url, data=body, timeout=30).status_code in (400, 401)


@given(st.text("*|IFELSEND:NOTab=!<>'\\\"{}%# ", max_size=40))
def test_any_text_with_merge_tags(source):
    """A text is filled in or refused, whatever it is."""
    for language in ("mailchimp", "handlebars"):
        with contextlib.suppress(TemplateError):
            assert isinstance(merged(source, {"a": "1", "b": None}, language, is_html=True), str)


@pytest.mark.parametrize(
    ("condition", "is_true"),
    [
        ("A=x", True),
        ("A!=x", False),
        ("A", True),
        ("B", False),
        ("C=x", False),
        ("C!=x", True),
        ("N>5", True),
        ("N>=10", True),
        ("N<9", False),
        ("A='", False),
    ],
)
def test_conditions(condition, is_true):
    """Numbers compare as numbers, texts as texts; what is not given is false."""
    source = f"*|IF:{condition}|*yes*|ELSE:|*no*|END:IF|*"
    values = {"a": "x", "b": "", "n": "10"}

    assert ("yes" if is_true else "no") == merged(source, values, "mailchimp", is_html=False)


def test_regions():
    """Only the named region changes."""
    code = '<div mc:edit="a">1</div><div mc:edit="b">2</div>'

    assert '<div mc:edit="a">x</div><div mc:edit="b">2</div>' == fill_regions(code, {"a": "x"})


def test_metadata_that_is_too_large():
    """It is lost, as Mandrill loses it, and the mail goes out."""
    message = models.Message(
        to=[models.Recipient(email=ADA)], metadata={"a": "x" * 300}, from_email="a@example.com"
    )
    copies = copies_of(message, send_async=None, send_at=None, rejected={}, invalid_sender=False)
    letters = letters_of(message, copies, template=None, contents=[], preserves_recipients=False)

    assert [{}] == [dict(copy.metadata) for letter in letters for copy in letter.copies]
