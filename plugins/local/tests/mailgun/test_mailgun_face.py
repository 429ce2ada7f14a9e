"""The local Mailgun over HTTP, against what Mailgun documents."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json

from email import policy

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope, FaceSettings
from mailcore_local.known_faces import make_faces


SEND = "/mg.example.com/messages"


def message(*further, **changes):
    """The fields of a message that is accepted."""
    fields = {
        "from": "Shop <shop@mg.example.com>",
        "to": "Ada <ada@example.net>",
        "subject": "Grüße",
        "text": "Hi",
        **changes,
    }
    return [(name, value) for name, value in fields.items() if value is not ...] + list(further)


def genuine(signature, key):
    """Whether the signature is that of its timestamp and token."""
    signed = f"{signature['timestamp']}{signature['token']}".encode()
    expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    return len(signature["token"]) == 50 and expected == signature["signature"]


@pytest.mark.parametrize("urlencoded", [False, True])
def test_a_message_is_answered_and_kept(local, ask, urlencoded):
    """The id in brackets; the mail is what a receiver would get."""
    further = [
        ("to", "b@example.net, Ada <ADA@example.net>"),
        ("cc", '"Lovelace, C." <c@example.net>'),
        ("bcc", "d@example.net"),
        ("h:Reply-To", "help@example.com"),
        ("h:X-Own", "1"),
        ("v:order", "17"),
        ("v:cart", '{"n": 1}'),
        ("o:tag", "a"),
        ("o:tag", "b"),
        ("o:tracking", "yes"),
    ]
    files = [
        ("inline", ("logo.png", b"\x89PNG", "image/png")),
        ("attachment", ("a.pdf", b"%PDF", "application/pdf")),
    ]
    html = '<img src="cid:logo.png">'
    fields = message(*further, *([] if urlencoded else files), html=html)

    answer = ask(SEND, fields, urlencoded=urlencoded)

    kept = local.latest()
    assert (200, "Queued. Thank you.") == (answer.status, answer.json["message"])
    assert answer.json["id"].startswith("<")
    assert answer.json["id"].endswith("@mg.example.com>")
    assert answer.json["id"] == kept.parsed.message_id
    assert {answer.json["id"]} == {each.message_id for each in kept.recipients}
    assert ["ada@example.net", "b@example.net", "c@example.net", "d@example.net"] == [
        each.address for each in kept.recipients
    ]
    assert ("Grüße", "1") == (kept.parsed.subject, kept.parsed["X-Own"])
    assert "help@example.com" == kept.parsed.reply_to[0].addr_spec
    assert [] == list(kept.parsed.bcc)
    assert ("a", "b") == kept.tags
    assert {"n": 1} == kept.facts["variables"]["cart"]
    if not urlencoded:
        assert ["a.pdf"] == [each.filename for each in kept.parsed.attachments]
        assert ["logo.png"] == [each.content_id for each in kept.parsed.inlines]


def test_a_whole_mail_is_passed_on(local, ask):
    """Without its Bcc, to those whom the form names; a Message-ID is added if there is none."""
    raw = (
        b"From: shop@example.com\nTo: list@example.com\nBcc: x@example.net,\n y@example.net\n"
        b"Subject: S\n\nHi\n"
    )
    fields = [("to", "ada@example.net"), ("message", ("m.eml", raw, "message/rfc822"))]

    answer = ask("/mg.example.com/messages.mime", fields)

    kept = local.latest()
    assert 200 == answer.status
    assert ["ada@example.net"] == [each.address for each in kept.recipients]
    assert "list@example.com" == kept.parsed.to[0].addr_spec
    assert b"Bcc" not in kept.raw
    assert b"y@example.net" not in kept.raw
    assert answer.json["id"] == kept.parsed.message_id
    assert "Hi" == (kept.text or "").strip()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from": ...}, "from parameter is missing"),
        ({"from": "nobody"}, "from parameter is not a valid address"),
        ({"to": ...}, "to parameter is missing"),
        ({"to": "a@b@c"}, "to parameter is not a valid address"),
        ({"to": ",".join(f"a{n}@b.net" for n in range(1001))}, "1000"),
        ({"text": ...}, "Need at least one of"),
        ({"html": "x", "template": "t"}, "'html' or 'template'"),
        ({"template": "nowhere"}, "template or version not found"),
        ({"v:a": "x" * 17_000}, "16KB"),
        ({"o:tracking": "perhaps"}, "o:tracking"),
        ({"o:deliverytime": "tomorrow"}, "RFC-2822"),
        ({"o:deliver-within": "a day"}, "o:deliver-within"),
        ({"o:tag": "x" * 129}, "tags"),
        ({"h:X A": "1"}, "h:"),
        ({"h:X-A": "1\r\nBcc: eve@example.org"}, "line break"),
        ({"t:variables": "["}, "t:variables"),
        ({"recipient-variables": '{"a@b.net": 1}'}, "recipient-variables"),
    ],
)
def test_what_breaks_a_rule_is_refused(local, ask, changes, said):
    """400 with a message."""
    before = local.mails.count()

    answer = ask(SEND, message(**changes))

    assert 400 == answer.status
    assert said in answer.json["message"]
    assert before == local.mails.count()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"headers": {"Authorization": None}}, 401),
        ({"headers": {"Authorization": "Bearer x"}}, 401),
        ({"headers": {"Authorization": "Basic ???"}}, 401),
        # api:key, and not as a password.
        ({"headers": {"Authorization": "Bearer YXBpOmtleQ=="}}, 401),
        ({"fields": None, "body": b"--b", "content_type": "multipart/form-data"}, 400),
        ({"fields": None, "body": b"x", "content_type": "multipart/form-data; boundary=b"}, 400),
        ({"fields": None, "body": b"x", "content_type": "text/plain"}, 400),
        ({"fields": None, "body": b"[]", "content_type": "application/json"}, 400),
    ],
)
def test_what_is_no_request_of_the_api(ask, given, status):
    """`Forbidden` as text, and 400 in Mailgun's form."""
    answer = ask(SEND, **{"fields": message(), **given})

    assert status == answer.status
    assert answer.body == b"Forbidden" if status == 401 else answer.json["message"]


@pytest.mark.slow
def test_a_message_may_be_too_large(ask):
    """25 MB."""
    file = ("attachment", ("a", b"x" * (25 * 1024 * 1024), "a/b"))

    assert 413 == ask(SEND, message(file)).status


def test_only_the_key_of_the_settings_is_taken(asking):
    """Any is taken where the settings name none."""
    faces = make_faces(["mailgun"], {"mailgun": FaceSettings(api_key="right")})
    with LocalMail(faces=faces) as local:
        found = [
            asking(local)(
                "/mg.example.com/bounces",
                headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
            ).status
            for pair in (b"api:right", b"api:wrong", b"me:right")
        ]

    assert [200, 401, 401] == found


def test_a_batch_is_a_mail_for_each_recipient(local, ask):
    """With its own variables, and nobody else in To."""
    before = local.mails.count()
    variables = {"ada@example.net": {"code": "A<1"}, "BOB@example.net": {"code": 2}}
    answer = ask(
        SEND,
        message(
            to="Ada Lovelace <ada@example.net>, bob@example.net",
            subject="%recipient.code%",
            html="%recipient_fname% %recipient_email% %recipient.other% 100%",
            **{
                "recipient-variables": json.dumps(variables),
                "h:X-Code": "%recipient.code%",
                "v:code": "<%recipient.code%>",
            },
        ),
    )

    ada, bob = list(local.mails.mails())[-2:]
    assert 200 == answer.status
    assert before + 2 == local.mails.count()
    assert [("A<1", ("ada@example.net",)), ("2", ("bob@example.net",))] == [
        (each.parsed["X-Code"], tuple(a.addr_spec for a in each.parsed.to)) for each in (ada, bob)
    ]
    assert "Ada ada@example.net %recipient.other% 100%" == (ada.html or "").strip()
    assert ("A<1", "2") == (ada.subject, bob.subject)
    assert ("<A<1>", "<2>") == (ada.metadata["code"], bob.metadata["code"])
    assert {answer.json["id"]} == {ada.recipients[0].message_id, bob.recipients[0].message_id}


def test_a_large_batch_is_kept_once(local, ask):
    """A thousand copies of a request would fill the store."""
    variables = json.dumps({f"u{n}@example.net": {} for n in range(3)})
    to = ",".join(json.loads(variables))
    ask(SEND, message(to=to, text="x" * 20_000, **{"recipient-variables": variables}))

    first, second, third = list(local.mails.mails())[-3:]
    assert len(first.request.body) > 20_000
    assert {b"first recipient"} == {each.request.body[-16:-1] for each in (second, third)}


def test_templates_are_stored_and_rendered(local, ask):
    """With variables of three kinds, versions, and headers of their own."""
    path = "/mg.example.com/templates"
    made = ask(
        path,
        [
            ("name", "Order"),
            ("template", "<p>{{name}} {{#equal kind 'b'}}B{{else}}-{{/equal}}</p>"),
            ("headers", '{"Subject": "Order {{n}}", "From": "T <t@mg.example.com>"}'),
        ],
    )
    version = ask(f"{path}/order/versions", [("tag", "v2"), ("template", "two {{code}}")])
    sent = ask(
        SEND,
        message(
            **{
                "from": ...,
                "subject": ...,
                "text": ...,
                "template": "order",
                "t:variables": '{"name": "A & B", "n": 7}',
                "v:kind": "b",
                "t:text": "yes",
            }
        ),
    )
    kept = local.latest()
    second = ask(
        SEND,
        message(
            template="order",
            text=...,
            **{"t:version": "v2", "recipient-variables": '{"ada@example.net": {"code": 5}}'},
        ),
    )

    assert [200, 200, 200, 200] == [each.status for each in (made, version, sent, second)]
    assert ("Order 7", "T <t@mg.example.com>") == (kept.subject, kept.from_email)
    assert "<p>A &amp; B B</p>" == (kept.html or "").strip()
    assert "two 5" == (local.latest().html or "").strip()
    assert 400 == ask(path, [("name", "order")]).status
    assert 400 == ask(path, []).status
    assert 400 == ask(f"{path}/order/versions", [("tag", "v2"), ("template", "x")]).status
    assert "initial" == ask(f"{path}/order?active=yes").json["template"]["version"]["tag"]
    assert ["order"] == [each["name"] for each in ask(path).json["items"]]
    assert [] == ask("/other.example.com/templates").json["items"]
    assert [200, 404] == [ask(f"{path}/order", method="DELETE").status, ask(f"{path}/order").status]


def test_a_template_that_fails_is_rejected(local, ask, webhook):
    """The call is accepted; the mail says why there is nothing to see."""
    ask("/mg.example.com/templates", [("name", "broken"), ("template", "{{#if x}}")])
    local.hub.set_webhooks("mailgun", [webhook.url])
    answer = ask(SEND, message(template="broken", text=...))
    local.hub.drain(30)
    local.hub.set_webhooks("mailgun", [])

    assert 200 == answer.status
    assert "unclosed block" in local.latest().failure
    assert ["rejected"] == [each.json["event-data"]["event"] for each in webhook.received]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ada@example.net", ["accepted", "delivered"]),
        ("bounce@example.net", ["accepted", "failed permanent bounce 550"]),
        ("softbounce@example.net", ["accepted", "failed temporary generic 452"]),
        ("deferred@example.net", ["accepted", "failed temporary generic 450", "delivered"]),
        ("complaint@example.net", ["accepted", "delivered", "complained"]),
        ("click@example.net", ["accepted", "delivered", "opened", "clicked"]),
        ("unsubscribe@example.net", ["accepted", "delivered", "unsubscribed"]),
        ("ooto@example.net", ["accepted", "delivered"]),
        ("suppressed@example.net", ["failed permanent suppress-bounce 605"]),
    ],
)
def test_what_happens_is_told_one_by_one(local, ask, webhook, address, told):
    """Each with its own signature, and what the caller gave."""
    local.hub.set_webhooks("mailgun", [webhook.url])
    sent = ask(SEND, message(("v:order", "17"), ("o:tag", "a"), to=address))
    local.hub.drain(30)
    local.hub.set_webhooks("mailgun", [])
    key = local.hub.face("mailgun").signing_key
    events = [each.json["event-data"] for each in webhook.received]

    assert told == [
        " ".join(
            [
                event["event"],
                *(
                    [event["severity"], event["reason"], str(event["delivery-status"]["code"])]
                    if event["event"] == "failed"
                    else []
                ),
            ]
        )
        for event in events
    ]
    assert all(genuine(each.json["signature"], key) for each in webhook.received)
    assert len(told) == len({each.json["signature"]["token"] for each in webhook.received})
    for event in events:
        assert ({"order": "17"}, ["a"]) == (event["user-variables"], event["tags"])
        assert address == event["recipient"]
        assert sent.json["id"] == f"<{event['message']['headers']['message-id']}>"
        assert isinstance(event["timestamp"], float)
        assert not event["flags"]["is-test-mode"]


def test_test_mode_is_told(local, ask, webhook):
    """In the flags of the events."""
    local.hub.set_webhooks("mailgun", [webhook.url])
    ask(SEND, message(("o:testmode", "yes")))
    local.hub.drain(30)
    local.hub.set_webhooks("mailgun", [])

    assert {True} == {r.json["event-data"]["flags"]["is-test-mode"] for r in webhook.received}


def test_a_message_can_be_fetched(local, ask, webhook):
    """By the URL of its events, as a whole if it is asked for."""
    local.hub.set_webhooks("mailgun", [webhook.url])
    ask(SEND, message())
    local.hub.drain(30)
    local.hub.set_webhooks("mailgun", [])
    url = webhook.received[0].json["event-data"]["storage"]["url"]
    path = url.removeprefix(f"{local.face_url('mailgun')}/v3")

    whole = ask(path, headers={"Accept": "message/rfc2822"})

    assert local.latest().raw.decode() == whole.json["body-mime"]
    assert "Hi" == ask(path).json["body-plain"].strip()
    assert 404 == ask(f"{path}x").status


def test_a_key_of_ones_own_signs(asking, webhook):
    """So that the application keeps its signing key; `tamper` breaks the signature."""
    faces = make_faces(["mailgun"], {"mailgun": FaceSettings(webhook_secret="own key")})
    with LocalMail(faces=faces, webhooks={"mailgun": webhook.url}) as local:
        local.hub.faults("mailgun").script("tamper")
        for _ in range(2):
            asking(local)(SEND, message())
            local.hub.drain(30)

    assert [False, False, True, True] == [
        genuine(each.json["signature"], "own key") for each in webhook.received
    ]


def test_what_happens_comes_on_the_lists(local, ask, webhook):
    """And is told of what is sent afterwards, until the address is taken off."""
    ask(SEND, message(to="hans@example.net"))
    local.hub.make_event(local.latest().id, "hans@example.net", EventKind.COMPLAINED)
    path = "/mg.example.com/complaints/hans@example.net"
    listed = ask(path)
    local.hub.set_webhooks("mailgun", [webhook.url])
    ask(SEND, message(to="hans@example.net"))
    local.hub.drain(30)
    local.hub.set_webhooks("mailgun", [])
    (event,) = [each.json["event-data"] for each in webhook.received]

    assert {"address", "created_at"} == set(listed.json)
    assert ("suppress-complaint", 607) == (event["reason"], event["delivery-status"]["code"])
    assert [200, 404, 404] == [
        ask(path, method="DELETE").status,
        ask(path, method="DELETE").status,
        ask(path).status,
    ]


def test_the_lists_of_a_domain(ask):
    """By form and by JSON, page by page, and emptied."""
    path = "/lists.example.com/bounces"
    items = json.dumps([{"address": f"u{n}@example.net", "code": "550"} for n in range(4)])
    added = ask(path, body=items.encode(), content_type="application/json")
    formed = ask(path, [("address", "u4@example.net"), ("error", "gone")])
    first = ask(f"{path}?limit=2")
    pages = [[each["address"] for each in first.json["items"]]]
    url = first.json["paging"]["next"]
    for _ in range(3):
        page = ask(url.partition("/v3")[2])
        pages.append([each["address"] for each in page.json["items"]])
        url = page.json["paging"]["next"]

    assert "4 addresses have been added to the bounces table" == added.json["message"]
    assert 200 == formed.status
    names = [f"u{n}@example.net" for n in range(5)]
    assert [names[:2], names[2:4], names[4:], []] == pages
    assert ["u3@example.net", "u4@example.net"] == [
        each["address"] for each in ask(f"{path}?page=last&limit=2").json["items"]
    ]
    assert ["u2@example.net"] == [
        each["address"]
        for each in ask(f"{path}?page=previous&address=u3@example.net&limit=1").json["items"]
    ]
    assert ("gone", "550") == tuple(
        ask(f"{path}/u4@example.net").json[name] for name in ("error", "code")
    )
    assert 400 == ask(f"{path}?limit=x").status
    assert 400 == ask(path, [("code", "1")]).status
    assert 400 == ask(path, body=b"{", content_type="application/json").status
    assert 400 == ask(path, body=b"[1]", content_type="application/json").status
    allowlist = "/lists.example.com/whitelists"
    assert 400 == ask(allowlist, body=b"[]", content_type="application/json").status
    many = json.dumps([{"address": "a@b.net"}] * 1001).encode()
    assert 400 == ask(path, body=many, content_type="application/json").status
    assert 200 == ask(path, method="DELETE").status
    assert [] == ask(path).json["items"]
    allowed = ask("/lists.example.com/whitelists", [("domain", "example.org")])
    assert ("domain", "example.org") == (allowed.json["type"], allowed.json["value"])
    tagged = ask("/lists.example.com/unsubscribes", [("address", "t@b.net"), ("tag", "news")])
    assert 200 == tagged.status
    assert ["news"] == ask("/lists.example.com/unsubscribes/t@b.net").json["tags"]


RAW = (
    b"From: Ada <ada@example.net>\r\nTo: in@mg.example.com\r\nSubject: Re: Hi\r\nX-Own: 1\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\x9cber\r\n\r\nYou wrote:\r\n> Hi\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-ID: <i>\r\n"
    b'Content-Disposition: inline; filename="i.png"\r\n\r\nPNG\r\n--b--\r\n'
)


@pytest.mark.parametrize("path", ["", "/mime"])
def test_mail_that_comes_in(webhook, path):
    """A form with the parts, or with the whole mail for URLs that end with `mime`; signed."""
    faces = make_faces(["mailgun"])
    envelope = Envelope(sender="ada@example.net", recipients=("in@mg.example.com",))
    inbound = {"mailgun": webhook.url + path}
    with LocalMail(faces=faces, inbound_webhooks=inbound) as local:
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
    signature = {name: parts[name].decode() for name in ("timestamp", "token", "signature")}

    broken = faces[0].tampered(faces[0].inbound_post(RAW, envelope))
    assert genuine(signature, faces[0].signing_key)
    assert not genuine(broken.proof, faces[0].signing_key)
    assert broken.proof["token"].encode() in broken.body
    assert (b"in@mg.example.com", b"ada@example.net") == (parts["recipient"], parts["sender"])
    if path:
        assert RAW == parts["body-mime"]
        return
    assert "Über" == parts["stripped-text"].decode()
    assert "> Hi" in parts["body-plain"].decode()
    assert (b"1", b"PNG") == (parts["X-Own"], parts["attachment-1"])
    assert {"<i>": "attachment-1"} == json.loads(parts["content-id-map"])
    assert ["X-Own", "1"] in json.loads(parts["message-headers"])


@pytest.mark.parametrize(
    ("fault", "status"), [("throttle", 429), ("error500", 500), ("error503", 503)]
)
def test_faults_in_mailguns_form(local, ask, fault, status):
    """Other paths use up no step."""
    local.hub.faults("mailgun").script(fault)

    assert 200 == ask("/mg.example.com/bounces").status
    answer = ask(SEND, message())
    assert status == answer.status
    assert answer.json["message"]
    assert 200 == ask(SEND, message()).status


def test_paths_that_are_not_there(ask):
    """In Mailgun's form as well."""
    assert (404, "Not Found") == ((answer := ask("/x/y")).status, answer.json["message"])


def test_lines_to_copy(local):
    """Mailcore's URL, the SDKs' and the signing key."""
    face = local.hub.face("mailgun")
    lines = [each.line for each in face.lines(local.face_url("mailgun"))]

    assert local.mailcore_url("mailgun").startswith("mailgun://?api_key=local-key&base_url=http")
    assert face.signing_key == lines[-1]
    assert all(local.face_url("mailgun") in line for line in lines[:-1])
