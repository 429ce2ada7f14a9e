"""The local SendGrid over HTTP, against what SendGrid documents."""

from __future__ import annotations

import base64
import email
import json

from email import policy

import pytest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope, FaceSettings
from mailcore_local.known_faces import make_faces


FILE = base64.b64encode(b"%PDF").decode()
ADA = {"email": "ada@example.net", "name": "Ada"}


def mail(*personalizations, **changes):
    """A call that is accepted."""
    fields = {
        "personalizations": list(personalizations) or [{"to": [ADA]}],
        "from": {"email": "shop@example.com", "name": "Shop"},
        "subject": "Grüße",
        "content": [{"type": "text/plain", "value": "Hi"}],
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def signed(webhook, key):
    """Whether the last request's signature holds, by an implementation of the test's own."""
    post = webhook.received[-1]
    headers = {name.lower(): value for name, value in post.headers.items()}
    public = serialization.load_der_public_key(base64.b64decode(key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    try:
        public.verify(
            base64.b64decode(headers["x-twilio-email-event-webhook-signature"]),
            headers["x-twilio-email-event-webhook-timestamp"].encode() + post.body,
            ec.ECDSA(hashes.SHA256()),
        )
    except InvalidSignature:
        return False
    return True


def test_a_call_is_answered_and_its_mails_are_kept(local, ask):
    """202 with an id and no body; one mail for each personalization."""
    answer = ask(
        "/mail/send",
        mail(
            {
                "to": [ADA, {"email": "b@example.net"}],
                "cc": [{"email": "c@example.net"}],
                "bcc": [{"email": "d@example.net"}],
                "custom_args": {"order": "17"},
                "headers": {"X-Own": "1"},
            },
            {"to": [{"email": "e@example.net"}], "subject": "Other"},
            content=[
                {"type": "text/plain", "value": "Hi"},
                {"type": "text/html", "value": '<img src="cid:logo">'},
                {"type": "text/calendar", "value": "BEGIN:VCALENDAR"},
            ],
            reply_to={"email": "help@example.com"},
            categories=["a", "b"],
            custom_args={"shop": "1"},
            headers={"X-All": "2"},
            attachments=[
                {
                    "content": FILE,
                    "filename": "l.png",
                    "type": "image/png",
                    "disposition": "inline",
                    "content_id": "logo",
                },
                {"content": FILE, "filename": "a.pdf"},
            ],
        ),
    )

    first, second = list(local.mails.mails())[-2:]
    assert (202, b"") == (answer.status, answer.body)
    assert {answer.headers["x-message-id"]} == {each.message_id for each in first.recipients}
    assert ["ada@example.net", "b@example.net", "c@example.net", "d@example.net"] == [
        each.address for each in first.recipients
    ]
    assert ("Grüße", "Other") == (first.parsed.subject, second.parsed.subject)
    assert ("1", "2") == (first.parsed["X-Own"], first.parsed["X-All"])
    assert {"shop": "1", "order": "17"} == dict(first.metadata)
    assert ("a", "b") == first.tags
    assert "help@example.com" == first.parsed.reply_to[0].addr_spec
    assert ["a.pdf"] == [each.filename for each in first.parsed.attachments]
    bodies = [json.loads(each.request.body) for each in (first, second)]
    assert [1, 1] == [len(each["personalizations"]) for each in bodies]
    assert [True, False] == ["attachments" in each for each in bodies]
    assert {"image/png", "text/calendar"} == {each.content_type for each in first.parsed.inlines}
    assert [] == list(first.parsed.bcc)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"from": ...}, "from", "must be provided"),
        ({"from": {"email": "nobody"}}, "from.email", "valid address"),
        ({"personalizations": ...}, "personalizations", "at least one personalization"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to", "required"),
        (
            {"personalizations": [{"to": [{"email": "x"}]}]},
            "personalizations.0.to.0.email",
            "valid",
        ),
        ({"personalizations": [{"to": [ADA], "cc": [ADA]}]}, "personalizations.0", "duplicate"),
        ({"personalizations": [{"to": [ADA]}] * 1001}, "personalizations", "limited to 1000"),
        (
            {"personalizations": [{"to": [{"email": f"a{n}@b.net"} for n in range(1001)]}]},
            "personalizations",
            "1000 total recipients",
        ),
        ({"subject": ...}, "subject", "The subject is required"),
        ({"content": ...}, "content", "content parameter is required"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value", "one character"),
        ({"content": [{"type": "a;b", "value": "x"}]}, "content.0.type", "type"),
        (
            {"content": [{"type": f"text/{t}", "value": "x"} for t in ("html", "plain")]},
            "content",
            "must be first",
        ),
        ({"custom_args": {}}, "custom_args", "empty"),
        ({"custom_args": {"a": 1}}, "custom_args.a", "string"),
        ({"custom_args": {"a": "b" * 10_000}}, "custom_args", "10,000"),
        ({"categories": ["a", "a"]}, "categories", "unique"),
        ({"categories": list(map(str, range(11)))}, "categories", "10"),
        ({"headers": {"Subject": "x"}}, "headers.Subject", "header"),
        ({"headers": {"X-A": "x\r\nBcc: eve@example.org"}}, "headers.X-A", "line break"),
        ({"attachments": [{"content": "?", "filename": "a"}]}, "attachments.0.content", "base64"),
        ({"attachments": [{"content": FILE}]}, "attachments.0.filename", "required"),
        ({"reply_to": ADA, "reply_to_list": [ADA]}, "reply_to_list", "not both"),
        ({"send_at": 99_999_999_999}, "send_at", "72 hours"),
        ({"template_id": "d-0"}, "template_id", "POST /v3/templates"),
        ({"personalizations": "x"}, "personalizations", "array"),
    ],
)
def test_what_breaks_a_rule_is_refused(local, ask, changes, field, message):
    """400 with a sentence and the field; nothing of the call is sent."""
    before = local.mails.count()

    answer = ask("/mail/send", mail(**changes))

    errors = {each["field"]: each["message"] for each in answer.json["errors"]}
    assert 400 == answer.status
    assert message in errors[field]
    assert before == local.mails.count()


def test_all_that_is_wrong_is_told_at_once(ask):
    """With a link to the page of errors."""
    answer = ask("/mail/send", mail(**{"from": ..., "subject": ..., "content": ...}))

    assert ["from", "subject", "content"] == [each["field"] for each in answer.json["errors"]]
    assert answer.json["errors"][0]["help"].endswith("errors.html#message.from")


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"headers": {"Authorization": None}}, 401, "authorization required"),
        ({"headers": {"Authorization": "Basic x"}}, 401, "authorization required"),
        ({"headers": {"Content-Type": "text/plain"}}, 415, "application/json"),
        ({"body": b"{"}, 400, "Bad Request"),
        ({"body": b"[]"}, 400, "Bad Request"),
    ],
)
def test_what_is_no_request_of_the_api(ask, given, status, message):
    """In SendGrid's form."""
    answer = ask("/mail/send", **{"document": mail(), **given})

    assert status == answer.status
    assert message in answer.json["errors"][0]["message"]
    assert answer.json["errors"][0]["field"] is None


def test_a_large_body_gets_a_page(ask):
    """As of the web server in front."""
    answer = ask("/mail/send", body=b" " * (30 * 1024 * 1024 + 1))

    assert (413, "text/html") == (answer.status, answer.headers["content-type"])


def test_only_the_key_of_the_settings_is_taken(asking):
    """Any is taken where the settings name none."""
    faces = make_faces(["sendgrid"], {"sendgrid": FaceSettings(api_key="SG.right")})
    with LocalMail(faces=faces) as local:
        found = [
            asking(local)("/scopes", headers={"Authorization": f"Bearer {key}"}).status
            for key in ("SG.right", "SG.wrong")
        ]

    assert [200, 401] == found


def test_sandbox_mode_checks_and_does_not_send(local, ask):
    """200 without a body."""
    before = local.mails.count()
    settings = {"sandbox_mode": {"enable": True}}

    answer = ask("/mail/send", mail(mail_settings=settings))

    assert (200, b"") == (answer.status, answer.body)
    assert 400 == ask("/mail/send", mail(subject=..., mail_settings=settings)).status
    assert before == local.mails.count()


def test_dynamic_templates_are_rendered(local, ask):
    """By Handlebars with SendGrid's helpers; the version's subject wins."""
    template = ask("/templates", {"name": "Order", "generation": "dynamic"})
    path = f"/templates/{template.json['id']}"
    broken = ask(f"{path}/versions", {"name": "v0", "html_content": "{{#if}}"})
    version = ask(
        f"{path}/versions",
        {
            "name": "v1",
            "subject": "Order {{n}}",
            "html_content": "{{#each items}}<li>{{this}}{{/each}}"
            "{{#greaterThan (length items) 1}}many{{else}}one{{/greaterThan}}"
            '{{#equals n "7"}}seven{{/equals}}{{insert who "default=you"}}',
            "plain_content": "{{who}}",
        },
    )
    answer = ask(
        "/mail/send",
        mail(
            {"to": [ADA], "dynamic_template_data": {"n": 7, "items": ["a&b", "c"], "who": "A&B"}},
            content=...,
            subject=...,
            template_id=template.json["id"],
        ),
    )
    substituting = ask(
        "/mail/send",
        mail({"to": [ADA], "substitutions": {"a": "b"}}, template_id=template.json["id"]),
    )

    kept = local.latest()
    assert [201, 400, 201, 202, 400] == [
        each.status for each in (template, broken, version, answer, substituting)
    ]
    assert "Order 7" == kept.subject
    assert "<li>a&amp;b<li>cmanysevenA&amp;B" == (kept.html or "").strip()
    assert "A&B" == (kept.text or "").strip()
    assert 1 == len(ask("/templates?generations=dynamic").json["result"])
    assert "v1" == ask(path).json["versions"][0]["name"]
    assert [204, 404] == [ask(path, method="DELETE").status, ask(path).status]


def test_a_template_that_fails_is_dropped(local, ask, webhook):
    """The call is accepted; the mail says why there is nothing to see."""
    template = ask("/templates", {"name": "T", "generation": "dynamic"}).json["id"]
    loop = "{{#each a}}{{#each @root.a}}{{#each @root.a}}x{{/each}}{{/each}}{{/each}}"
    ask(f"/templates/{template}/versions", {"subject": "S", "html_content": loop})
    data = {"to": [ADA], "dynamic_template_data": {"a": [0] * 100}}
    local.hub.set_webhooks("sendgrid", [webhook.url])
    answer = ask("/mail/send", mail(data, content=..., template_id=template))
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])

    assert 202 == answer.status
    assert "too often" in local.latest().failure
    assert ["dropped"] == [each["event"] for each in webhook.received[0].json]


def test_substitutions_replace_wherever_they_stand(local, ask):
    """In the subject, the bodies and headers; a legacy template takes the content in."""
    template = ask("/templates", {"name": "Frame"}).json["id"]
    frame = {"subject": "[<%subject%>]", "html_content": "<b><%body%></b>"}
    ask(f"/templates/{template}/versions", frame)
    personal = {
        "to": [ADA],
        "substitutions": {"-name-": "Ada & Co"},
        "headers": {"X-Name": "-name-"},
    }

    ask(
        "/mail/send",
        mail(
            personal,
            subject="Hi -name-",
            content=[{"type": "text/html", "value": "-name-!"}],
            template_id=template,
        ),
    )

    kept = local.latest()
    assert ("[Hi Ada & Co]", "<b>Ada & Co!</b>", "Ada & Co") == (
        kept.subject,
        (kept.html or "").strip(),
        kept.parsed["X-Name"],
    )


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ada@example.net", ["processed", "delivered"]),
        ("bounce@example.net", ["processed", "bounce"]),
        ("softbounce@example.net", ["processed", "bounce"]),
        ("deferred@example.net", ["processed", "deferred", "delivered"]),
        ("complaint@example.net", ["processed", "delivered", "spamreport"]),
        ("click@example.net", ["processed", "delivered", "open", "click"]),
        ("unsubscribe@example.net", ["processed", "delivered", "unsubscribe"]),
        ("ooto@example.net", ["processed", "delivered"]),
        ("suppressed@example.net", ["dropped"]),
    ],
)
def test_what_happens_is_told_in_one_signed_request(local, ask, webhook, address, told):
    """In order, with the custom arguments beside SendGrid's own fields."""
    local.hub.set_webhooks("sendgrid", [webhook.url])
    sent = ask(
        "/mail/send",
        mail(
            {"to": [{"email": address}]},
            custom_args={"order": "17", "email": "x"},
            categories=["a"],
            content=[{"type": "text/html", "value": '<a href="https://example.com/">x</a>'}],
        ),
    )
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])
    (post,) = webhook.received

    assert signed(webhook, local.hub.face("sendgrid").signer.verification_key)
    assert post.body.endswith(b"]\r\n")
    assert told == [each["event"] for each in post.json]
    for event in post.json:
        assert ("17", address, ["a"]) == (event["order"], event["email"], event["category"])
        assert isinstance(event["timestamp"], int)
        assert event["sg_message_id"].startswith(sent.headers["x-message-id"] + ".")
    assert len(told) == len({event["sg_event_id"] for event in post.json})


FIELDS = {
    EventKind.SENT: ("processed", "smtp-id"),
    EventKind.DELIVERED: ("delivered", "smtp-id response ip tls"),
    EventKind.DEFERRED: ("deferred", "smtp-id response attempt tls"),
    EventKind.BOUNCED: ("bounce", "smtp-id type status reason bounce_classification ip tls"),
    EventKind.REJECTED: ("dropped", "smtp-id reason status"),
    EventKind.OPENED: ("open", "useragent ip sg_machine_open sg_content_type"),
    EventKind.CLICKED: ("click", "useragent ip url url_offset"),
    EventKind.COMPLAINED: ("spamreport", ""),
    EventKind.UNSUBSCRIBED: ("group_unsubscribe", "useragent ip url"),
}


@pytest.mark.parametrize("kind", FIELDS)
def test_each_event_has_the_documented_fields(local, ask, webhook, kind):
    """Beside those that all have."""
    ask("/mail/send", mail(asm={"group_id": 7}))
    kept = local.latest()
    local.hub.set_webhooks("sendgrid", [webhook.url])
    local.hub.make_event(kept.id, "ada@example.net", kind)
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])
    for name in ("bounces", "spam_reports"):
        local.hub.face("sendgrid").suppressions.remove(name, "ada@example.net")
    (event,) = webhook.received[0].json

    name, fields = FIELDS[kind]
    common = {"email", "timestamp", "event", "sg_event_id", "sg_message_id", "asm_group_id"}
    assert (name, common | set(fields.split())) == (event["event"], set(event))


def test_every_event_has_an_id_of_its_own(local, ask, webhook):
    """Applications know by it what they had already: two openings are two events."""
    ask("/mail/send", mail())
    kept = local.latest()
    local.hub.set_webhooks("sendgrid", [webhook.url])
    for _ in range(2):
        local.hub.make_event(kept.id, "ada@example.net", EventKind.OPENED)
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])

    assert 2 == len({each.json[0]["sg_event_id"] for each in webhook.received})


def test_a_key_of_ones_own_signs(asking, webhook):
    """So that the application keeps its verification key; `tamper` breaks the signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    faces = make_faces(["sendgrid"], {"sendgrid": FaceSettings(webhook_secret=pem)})
    found = []
    with LocalMail(faces=faces, webhooks={"sendgrid": webhook.url}) as local:
        local.hub.faults("sendgrid").script("tamper")
        for _ in range(2):
            asking(local)("/mail/send", mail())
            local.hub.drain(30)
            found.append(signed(webhook, faces[0].signer.verification_key))

    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert base64.b64encode(der).decode() == faces[0].signer.verification_key
    assert [False, True] == found


def test_a_key_that_is_none_is_refused():
    """When the face is made."""
    with pytest.raises(ValueError, match=r"PEM|P-256"):
        make_faces(["sendgrid"], {"sendgrid": FaceSettings(webhook_secret="secret")})


def test_what_happens_comes_on_the_lists(local, ask, webhook):
    """And drops what is sent afterwards, until the address is taken off."""
    ask("/mail/send", mail({"to": [{"email": "hans@example.net"}]}))
    local.hub.make_event(local.latest().id, "hans@example.net", EventKind.BOUNCED)
    (entry,) = ask("/suppression/bounces/hans@example.net").json
    local.hub.set_webhooks("sendgrid", [webhook.url])
    ask("/mail/send", mail({"to": [{"email": "hans@example.net"}]}))
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])
    (event,) = webhook.received[0].json

    assert {"created", "email", "reason", "status"} == set(entry)
    assert ("dropped", "Bounced Address") == (event["event"], event["reason"])
    assert [204, 404] == [
        ask("/suppression/bounces/hans@example.net", method="DELETE").status for _ in range(2)
    ]
    assert [] == ask("/suppression/bounces/hans@example.net").json


def test_the_lists_of_the_account(ask):
    """Global and group suppressions, pages, and emptying a list."""
    assert 204 == ask("/suppression/unsubscribes", {"delete_all": True}, method="DELETE").status
    emails = [f"u{n}@example.net" for n in range(3)]
    assert 201 == ask("/asm/suppressions/global", {"recipient_emails": emails}).status
    assert 201 == ask("/asm/groups/9/suppressions", {"recipient_emails": emails[:1]}).status
    pages = [
        [each["email"] for each in ask(f"/suppression/unsubscribes?limit=2&offset={n}").json]
        for n in (0, 2)
    ]

    assert [["u2@example.net", "u1@example.net"], ["u0@example.net"]] == pages
    assert emails[:1] == ask("/asm/groups/9/suppressions").json
    found = "/asm/suppressions/global/u0@example.net"
    assert {"recipient_email": "u0@example.net"} == ask(found).json
    assert 204 == ask(found, method="DELETE").status
    assert {} == ask(found).json
    path = "/suppression/unsubscribes"
    assert 400 == ask(path, {}, method="DELETE").status
    assert 204 == ask(path, {"delete_all": True}, method="DELETE").status
    assert [] == ask(path).json
    assert 400 == ask(f"{path}?limit=x").status
    assert 400 == ask("/asm/suppressions/global", {"recipient_emails": 1}).status
    assert 404 == ask("/suppression/nothing").status


RAW = (
    b"From: =?utf-8?q?=C3=84da?= <ada@example.net>\r\nTo: in@parse.example.com\r\n"
    b"Subject: Re: Hi\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc3\x9cber\r\n--b\r\n"
    b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n1,2\r\n'
    b"--b--\r\n"
)


@pytest.mark.parametrize("send_raw", [False, True])
def test_mail_that_comes_in(webhook, send_raw):
    """A form with the parts, or with the whole mail; signed."""
    (face,) = make_faces(["sendgrid"])
    face.send_raw = send_raw
    envelope = Envelope(sender="ada@example.net", recipients=("in@parse.example.com",))
    with LocalMail(faces=[face], inbound_webhooks={"sendgrid": webhook.url}) as local:
        local.hub.receive(RAW, envelope)
        local.hub.drain(30)
    (post,) = webhook.received
    kind = next(v for n, v in post.headers.items() if n.lower() == "content-type")
    form = email.message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + post.body, policy=policy.default
    )
    parts = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in form.iter_parts()
    }

    assert signed(webhook, face.signer.verification_key)
    assert {"to": ["in@parse.example.com"], "from": "ada@example.net"} == json.loads(
        parts["envelope"]
    )
    if send_raw:
        assert RAW == parts["email"]
        assert "text" not in parts
        return
    assert ("Über", b"1") == (parts["text"].decode(), parts["attachments"])
    assert b"1,2" == parts["attachment1"].strip()
    assert "a.csv" == json.loads(parts["attachment-info"])["attachment1"]["filename"]
    assert "UTF-8" == json.loads(parts["charsets"])["text"]


@pytest.mark.parametrize(
    ("fault", "status"), [("throttle", 429), ("error500", 500), ("error503", 503)]
)
def test_faults_in_sendgrids_form(local, ask, fault, status):
    """Too many requests say when to go on; other paths use up no step."""
    local.hub.faults("sendgrid").script(fault)

    assert 200 == ask("/user/credits").status
    answer = ask("/mail/send", mail())
    assert status == answer.status
    assert answer.json["errors"][0]["message"]
    assert (status == 429) == ("x-ratelimit-reset" in answer.headers)
    assert 202 == ask("/mail/send", mail()).status


def test_lines_to_copy(local):
    """Mailcore's URL, the SDKs' and the verification key."""
    face = local.hub.face("sendgrid")
    lines = [each.line for each in face.lines(local.face_url("sendgrid"))]

    assert local.mailcore_url("sendgrid").startswith("sendgrid://SG.local@?base_url=http%3A")
    assert face.signer.verification_key == lines[-1]
    assert all(local.face_url("sendgrid") in line for line in lines[:-1])
