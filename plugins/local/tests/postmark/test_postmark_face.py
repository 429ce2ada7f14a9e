"""The local Postmark over HTTP, against what Postmark documents."""

from __future__ import annotations

import base64
import json
import uuid

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope, FaceSettings
from mailcore_local.known_faces import make_faces


FILE = base64.b64encode(b"%PDF").decode()


def email(**changes):
    """A message that is accepted."""
    fields = {
        "From": "Shop <shop@example.com>",
        "To": "Ada <ada@example.net>",
        "Subject": "Grüße",
        "TextBody": "Hi",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def bodies_of(webhook):
    """What was posted."""
    return [each.json for each in webhook.received]


def headers_of(webhook):
    """With which headers, their names in lower case."""
    return [{n.lower(): v for n, v in each.headers.items()} for each in webhook.received]


def test_a_message_is_answered_and_kept(local, ask):
    """The answer has Postmark's five fields; the mail is what a receiver would get."""
    answer = ask(
        "/email",
        email(
            Cc='"Lovelace, B." <b@example.net>',
            Bcc="c@example.net",
            HtmlBody='<img src="cid:logo">',
            ReplyTo="help@example.com, second@example.com",
            Tag="welcome",
            Metadata={"order": "17"},
            Headers=[{"Name": "X-Own", "Value": "1"}],
            Attachments=[
                {
                    "Name": "l.png",
                    "Content": FILE,
                    "ContentType": "image/png",
                    "ContentID": "cid:logo",
                },
                {"Name": "a.pdf", "Content": FILE, "ContentType": "application/pdf"},
            ],
            MessageStream="broadcast",
        ),
    )

    mail = local.latest()
    assert (200, 0, "OK") == (answer.status, answer.code, answer.json["Message"])
    assert str(uuid.UUID(answer.json["MessageID"])) == answer.json["MessageID"]
    assert "Ada <ada@example.net>" == answer.json["To"]
    assert answer.json["SubmittedAt"].endswith("Z")
    assert ["ada@example.net", "b@example.net", "c@example.net"] == [
        each.address for each in mail.recipients
    ]
    assert {answer.json["MessageID"]} == {each.message_id for each in mail.recipients}
    assert "Grüße" == mail.parsed.subject
    assert "Lovelace, B." == mail.parsed.cc[0].display_name
    assert [] == list(mail.parsed.bcc)
    assert "1" == mail.parsed["X-Own"]
    assert ["a.pdf"] == [each.filename for each in mail.parsed.attachments]
    assert ["logo"] == [each.content_id for each in mail.parsed.inlines]
    assert ("welcome",) == mail.tags
    assert {"order": "17"} == dict(mail.metadata)
    assert ("X-Postmark-Server-Token", "(hidden)") in [
        (name.title(), value) for name, value in mail.request.headers
    ]


def test_a_message_id_of_ones_own_is_kept_if_asked(local, ask):
    """X-PM-KeepID; without it, Postmark writes its own."""
    own = {"Name": "Message-ID", "Value": "<own@example.com>"}
    keep = {"Name": "X-PM-KeepID", "Value": "true"}
    for headers, kept in (([own], False), ([own, keep], True)):
        ask("/email", email(Headers=headers))
        assert kept == (local.latest().parsed.message_id == "<own@example.com>")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"From": ...}, 300, "Invalid 'From' address: ''."),
        ({"From": "a@example.com, b@example.com"}, 300, "'From'"),
        ({"From": "nobody"}, 300, "Error parsing 'From'"),
        ({"To": "ada"}, 300, "must contain the '@' symbol"),
        ({"To": "ada@exa mple.net"}, 300, "Illegal email address"),
        ({"To": '"a b"@example.net'}, 300, "Illegal email mailbox"),
        ({"To": ...}, 300, "Zero recipients"),
        ({"To": ",".join(f"a{n}@example.net" for n in range(51))}, 300, "Maximum of 50"),
        ({"TextBody": ...}, 300, "TextBody or HtmlBody"),
        ({"TextBody": "x" * 5_300_000}, 300, "5 MB"),
        ({"Subject": "x" * 2001}, 300, "2000"),
        ({"Tag": "x" * 1001}, 300, "1000"),
        ({"Metadata": {"a" * 21: "b"}}, 300, "20 characters"),
        ({"Metadata": {"a": "b" * 81}}, 300, "80"),
        ({"Metadata": {str(n): "b" for n in range(11)}}, 300, "10 fields"),
        ({"Headers": [{"Name": "a b", "Value": "c"}]}, 300, "header"),
        ({"Headers": [{"Name": "a", "Value": "b\r\nBcc: eve@example.org"}]}, 300, "line break"),
        ({"Attachments": [{"Name": "a.exe", "Content": FILE, "ContentType": "a/b"}]}, 411, "a.exe"),
        ({"Attachments": [{"Name": "a", "Content": "?", "ContentType": "a/b"}]}, 300, "base64"),
        ({"Attachments": [{"Name": "a", "Content": FILE, "ContentType": "a"}]}, 300, "MIME type"),
        ({"MessageStream": "no stream"}, 1235, "does not exist"),
        ({"TrackLinks": "All"}, 300, "TrackLinks"),
        ({"To": 5}, 403, "'To'"),
        ({"Headers": {"a": "b"}}, 403, "'Headers'"),
        ({"TrackOpens": "yes"}, 403, "'TrackOpens'"),
    ],
)
def test_what_breaks_a_rule_is_refused(ask, changes, code, message):
    """422 with Postmark's code, also in a header."""
    answer = ask("/email", email(**changes))

    assert (422, code) == (answer.status, answer.code)
    assert message in answer.json["Message"]
    assert str(code) == answer.headers["x-pm-apierrorcode"]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"headers": {"X-Postmark-Server-Token": None}}, 401, 10),
        ({"headers": {"Content-Type": "text/plain"}}, 415, 409),
        ({"body": b"{'From': 1}"}, 422, 402),
        ({"body": b"\xff"}, 422, 402),
        ({"body": b"[]"}, 422, 403),
        ({"body": b" " * (10 * 1024 * 1024 + 1)}, 413, 300),
    ],
)
def test_what_is_no_request_of_the_api(ask, given, status, code):
    """Each with its own status."""
    answer = ask("/email", **{"document": email(), **given})

    assert (status, code) == (answer.status, answer.code)


def test_only_the_token_of_the_settings_is_taken(asking):
    """In any case, as Postmark does; any is taken where the settings name none."""
    faces = make_faces(["postmark"], {"postmark": FaceSettings(api_key="Right")})
    with LocalMail(faces=faces) as local:
        ask = asking(local)
        found = {
            token: ask("/email", email(), headers={"X-Postmark-Server-Token": token}).status
            for token in ("right", "wrong", "POSTMARK_API_TEST")
        }

    assert {"right": 200, "wrong": 401, "POSTMARK_API_TEST": 200} == found


def test_the_token_of_tests_sends_nothing(local, ask):
    """The message is checked and answered, and does not show up."""
    before = local.mails.count()
    headers = {"X-Postmark-Server-Token": "POSTMARK_API_TEST"}

    answer = ask("/email", email(), headers=headers)

    assert (200, "Test job accepted") == (answer.status, answer.json["Message"])
    assert 422 == ask("/email", email(To="ada"), headers=headers).status
    assert before == local.mails.count()


def test_a_batch_is_answered_one_by_one(local, ask):
    """200, whatever becomes of each; one mail for each that was taken."""
    before = local.mails.count()

    answer = ask("/email/batch", [email(), email(To="ada"), 5, email(To="bob@example.net")])

    assert 200 == answer.status
    assert [0, 300, 403, 0] == [each["ErrorCode"] for each in answer.json]
    assert ["ErrorCode", "Message"] == list(answer.json[1])
    assert email(To="bob@example.net") == json.loads(local.latest().request.body)
    assert before + 2 == local.mails.count()
    assert 410 == ask("/email/batch", [email()] * 501).code
    assert 403 == ask("/email/batch", email()).code


def test_templates_are_stored_and_rendered(local, ask):
    """By id or alias, within a layout, escaped in HTML only."""
    layout = ask(
        "/templates",
        {
            "Name": "Frame",
            "Alias": "frame",
            "TemplateType": "Layout",
            "HtmlBody": "<main>{{{ @content }}}</main>",
            "TextBody": "-- {{{@content}}} --",
        },
    )
    made = ask(
        "/templates",
        {
            "Name": "Order",
            "Alias": "order",
            "Subject": "Order {{n}}",
            "HtmlBody": "{{#each items}}<li>{{name}}{{/each}}{{^items}}none{{/items}}",
            "TextBody": "{{#who}}{{name}}{{/who}}",
            "LayoutTemplate": "frame",
        },
    )
    model = {"n": 7, "items": [{"name": "a & b"}, {"name": "c"}], "who": {"name": "Ada & Co"}}
    base = email(Subject=..., TextBody=..., TemplateModel=model)

    for key in ({"TemplateAlias": "order"}, {"TemplateId": made.json["TemplateId"]}):
        assert 200 == ask("/email/withTemplate", {**base, **key}).status
        mail = local.latest()
        assert "Order 7" == mail.subject
        assert "<main><li>a &amp; b<li>c</main>" == mail.html
        assert "-- Ada & Co --" == mail.text
    batch = ask(
        "/email/batchWithTemplates",
        {"Messages": [{**base, "TemplateAlias": "order"}, {**base, "TemplateAlias": "other"}]},
    )
    assert [0, 1101] == [each["ErrorCode"] for each in batch.json]
    assert ["Standard", "Layout"] == [
        ask(f"/templates/{key}").json["TemplateType"] for key in ("order", "frame")
    ]
    assert 2 == ask("/templates?count=1&offset=0").json["TotalCount"]
    assert 200 == ask("/templates/order", {"Subject": "New"}, method="PUT").status
    assert "New" == ask("/templates/order").json["Subject"]
    assert 0 == ask(f"/templates/{layout.json['TemplateId']}", method="DELETE").code
    assert 1101 == ask("/templates/frame").code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Name": ""}, 1120),
        ({"Subject": ""}, 1120),
        ({"TextBody": ""}, 1120),
        ({"TextBody": "{{#each}}"}, 1122),
        ({"TextBody": "{{#if x}}{{/if}}"}, 1122),
        ({"Alias": "1 2"}, 1122),
        ({"LayoutTemplate": "nowhere"}, 1101),
        ({"TemplateType": "Other"}, 1122),
        ({"TemplateType": "Layout", "HtmlBody": "no place"}, 1122),
    ],
)
def test_templates_that_are_none_are_refused(ask, changes, code):
    """What Mustachio has not, too."""
    answer = ask("/templates", {"Name": "T", "Subject": "S", "TextBody": "T", **changes})

    assert (422, code) == (answer.status, answer.code)


def test_a_template_is_validated_with_a_model(ask):
    """Each part for itself."""
    answer = ask(
        "/templates/validate",
        {"Subject": "{{a}}", "HtmlBody": "{{a", "TestRenderModel": {"a": "<"}},
    )

    assert not answer.json["AllContentIsValid"]
    assert "<" == answer.json["Subject"]["RenderedContent"]
    assert not answer.json["HtmlBody"]["ContentIsValid"]


def test_suppressed_recipients_are_refused(local, ask):
    """406 if all are, a sentence in the answer if some are: SDKs read the addresses from it."""
    path = "/message-streams/outbound/suppressions"
    made = ask(
        path, {"Suppressions": [{"EmailAddress": "gone@example.net"}, {"EmailAddress": "x"}]}
    )
    refused = ask("/email", email(To="GONE@example.net"))
    partly = ask("/email", email(To="gone@example.net, ada@example.net"))
    elsewhere = ask("/email", email(To="gone@example.net", MessageStream="broadcast"))

    assert ["Suppressed", "Failed"] == [each["Status"] for each in made.json["Suppressions"]]
    assert (422, 406) == (refused.status, refused.code)
    assert "Found inactive addresses: GONE@example.net. Inactive" in refused.json["Message"]
    assert (200, 0) == (partly.status, partly.code)
    assert partly.json["Message"].endswith("these inactive addresses: gone@example.net.")
    assert 200 == elsewhere.status
    (listed,) = ask(f"{path}/dump?emailAddress=gone@example.net").json["Suppressions"]
    assert ("ManualSuppression", "Customer") == (listed["SuppressionReason"], listed["Origin"])
    assert [] == ask(f"{path}/dump?SuppressionReason=HardBounce").json["Suppressions"]
    assert [] == ask(f"{path}/dump?todate=2020-01-01").json["Suppressions"]
    assert 1404 == ask(f"{path}/dump?SuppressionReason=x").code
    assert 1405 == ask(f"{path}/dump?Origin=x").code
    deleted = ask(f"{path}/delete", {"Suppressions": [{"EmailAddress": "gone@example.net"}]})
    assert "Deleted" == deleted.json["Suppressions"][0]["Status"]
    assert 200 == ask("/email", email(To="gone@example.net")).status
    assert 1409 == ask(path, {}).code
    assert 1410 == ask(path, {"Suppressions": [{"EmailAddress": "a@example.net"}] * 51}).code


def test_what_happens_comes_on_the_suppression_list(local, ask):
    """Bounces and complaints made by hand as well; a complaint cannot be taken off."""
    path = "/message-streams/outbound/suppressions"
    ask("/email", email(To="eve@example.net, hans@example.net"))
    mail = local.latest()
    local.hub.make_event(mail.id, "eve@example.net", EventKind.COMPLAINED)
    local.hub.make_event(mail.id, "hans@example.net", EventKind.BOUNCED)

    found = {
        each["EmailAddress"]: (each["SuppressionReason"], each["Origin"])
        for each in ask(f"{path}/dump").json["Suppressions"]
    }
    deleted = ask(
        f"{path}/delete",
        {
            "Suppressions": [
                {"EmailAddress": "eve@example.net"},
                {"EmailAddress": "hans@example.net"},
            ]
        },
    )

    assert ("SpamComplaint", "Recipient") == found["eve@example.net"]
    assert ("HardBounce", "Recipient") == found["hans@example.net"]
    assert ["Failed", "Deleted"] == [each["Status"] for each in deleted.json["Suppressions"]]
    assert 406 == ask("/email", email(To="eve@example.net")).code


def test_test_addresses_do_the_same_each_time(ask):
    """Although their bounce is on the list; only `suppressed@` is refused."""
    assert [200, 200] == [ask("/email", email(To="bounce@example.net")).status for _ in range(2)]
    assert 406 == ask("/email", email(To="suppressed@example.net")).code


@pytest.mark.parametrize(
    ("address", "header", "told"),
    [
        ("hardbounce@bounce-testing.postmarkapp.com", "", ("HardBounce", 1)),
        ("Soft_Bounce@bounce-testing.postmarkapp.com", "", ("SoftBounce", 4096)),
        ("blocked@bounce-testing.postmarkapp.com", "", ("Blocked", 100006)),
        ("DnsError@bounce-testing.postmarkapp.com", "", ("DnsError", 256)),
        ("spamcomplaint@bounce-testing.postmarkapp.com", "", ("HardBounce", 1)),
        ("any@bounce-testing.postmarkapp.com", "SpamNotification", ("SpamNotification", 512)),
        ("bounce+7@example.net", "", ("HardBounce", 1)),
        ("softbounce@example.net", "", ("SoftBounce", 4096)),
        ("deferred@example.net", "", ("Transient", 2)),
        ("ooto@example.net", "", ("AutoResponder", 64)),
    ],
)
def test_addresses_that_bounce(local, ask, webhook, address, header, told):
    """Postmark's own and the common ones, each with its type."""
    local.hub.set_webhooks("postmark", [webhook.url])
    headers = [{"Name": "X-PM-Bounce-Type", "Value": header}] if header else []
    ask("/email", email(To=address, Headers=headers))
    local.hub.drain(30)
    local.hub.set_webhooks("postmark", [])

    (bounce,) = [each for each in bodies_of(webhook) if each["RecordType"] == "Bounce"]
    assert told == (bounce["Type"], bounce["TypeCode"])
    assert address == bounce["Email"]
    assert (bounce["Type"] == "HardBounce") == bounce["Inactive"]


# The fields of each page below https://postmarkapp.com/developer/webhooks/ (read 2026-11-30).
NAMES = {
    "Bounce": "RecordType MessageStream ID Type TypeCode Name Tag MessageID Metadata ServerID"
    " Description Details Email From BouncedAt DumpAvailable Inactive CanActivate Subject",
    "Seen": "RecordType MessageStream Client OS Platform UserAgent Geo MessageID Metadata"
    " ReceivedAt Tag Recipient",
    "Change": "RecordType MessageID ServerID MessageStream ChangedAt Recipient Origin"
    " SuppressSending SuppressionReason Tag Metadata",
    "Delivery": "RecordType MessageStream ServerID MessageID Recipient Tag DeliveredAt Details"
    " Metadata",
}
BOUNCE, SEEN, CHANGE, DELIVERY = (set(names.split()) for names in NAMES.values())


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (EventKind.DELIVERED, [("Delivery", DELIVERY)]),
        (EventKind.BOUNCED, [("Bounce", BOUNCE), ("SubscriptionChange", CHANGE)]),
        (EventKind.COMPLAINED, [("SpamComplaint", BOUNCE), ("SubscriptionChange", CHANGE)]),
        (EventKind.OPENED, [("Open", SEEN | {"FirstOpen"})]),
        (EventKind.CLICKED, [("Click", SEEN | {"ClickLocation", "OriginalLink"})]),
        (EventKind.UNSUBSCRIBED, [("SubscriptionChange", CHANGE)]),
        (EventKind.REJECTED, [("Bounce", BOUNCE)]),
        (EventKind.SENT, []),
    ],
)
def test_each_event_in_postmarks_form(local, ask, webhook, kind, told):
    """The documented fields, and the ids and values of the message."""
    ask(
        "/email",
        email(
            To="zoe@example.net",
            Tag="t",
            Metadata={"a": "b"},
            MessageStream="news",
            HtmlBody='<a href="https://example.com/?a=1&amp;b=2">x</a>',
        ),
    )
    mail = local.latest()
    local.hub.set_webhooks("postmark", [webhook.url])
    local.hub.make_event(mail.id, "zoe@example.net", kind, url="https://example.com/?a=1&b=2")
    local.hub.drain(30)
    local.hub.set_webhooks("postmark", [])
    local.hub.face("postmark").suppressions.remove("news", "zoe@example.net")

    assert told == [(each["RecordType"], set(each)) for each in bodies_of(webhook)]
    for each, headers in zip(bodies_of(webhook), headers_of(webhook), strict=True):
        assert mail.recipients[0].message_id == each["MessageID"]
        assert ("t", {"a": "b"}, "news") == (each["Tag"], each["Metadata"], each["MessageStream"])
        assert "application/json" == headers["content-type"]
        assert headers["authorization"] == local.hub.face("postmark").credentials.header
    if kind is EventKind.CLICKED:
        assert "HTML" == bodies_of(webhook)[0]["ClickLocation"]


def test_webhooks_bring_the_user_of_the_settings(asking, webhook):
    """HTTP Basic; the fault `tamper` brings another password."""
    settings = FaceSettings(webhook_username="u", webhook_password="pä")
    faces = make_faces(["postmark"], {"postmark": settings})
    with LocalMail(faces=faces, webhooks={"postmark": webhook.url}) as local:
        local.hub.faults("postmark").script("tamper")
        for _ in range(2):
            asking(local)("/email", email())
            local.hub.drain(30)

    right = "Basic " + base64.b64encode("u:pä".encode()).decode()
    assert [False, True] == [each["authorization"] == right for each in headers_of(webhook)]


def test_mail_that_comes_in(asking, webhook):
    """Taken apart, with hashes, the stripped reply and files."""
    raw = (
        b"From: Ada <ada+x@example.net>\r\nTo: in+17@inbound.example.com\r\nSubject: Re: Hi\r\n"
        b"In-Reply-To: <a@b>\r\nMessage-ID: <c@d>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nYes!\r\n\r\nOn Monday you'
        b" wrote:\r\n> Hi\r\n--b\r\nContent-Type: text/csv\r\n"
        b'Content-Disposition: attachment; filename="a.csv"\r\n\r\n1,2\r\n--b--\r\n'
    )
    envelope = Envelope(sender="ada@example.net", recipients=("in+17@inbound.example.com",))
    faces = make_faces(["postmark"])
    with LocalMail(faces=faces, inbound_webhooks={"postmark": webhook.url}) as local:
        assert 1 == local.hub.receive(raw, envelope)
        local.hub.drain(30)

    (body,) = bodies_of(webhook)
    assert ("ada+x@example.net", "Ada", "x") == tuple(
        body["FromFull"][name] for name in ("Email", "Name", "MailboxHash")
    )
    assert ("17", "in+17@inbound.example.com") == (body["MailboxHash"], body["OriginalRecipient"])
    assert "Yes!" == body["StrippedTextReply"]
    assert ("", []) == (body["Bcc"], body["BccFull"])
    assert {"Name": "Message-ID", "Value": "<c@d>"} in body["Headers"]
    (file,) = body["Attachments"]
    assert ("a.csv", "text/csv", b"1,2") == (
        file["Name"],
        file["ContentType"],
        base64.b64decode(file["Content"]),
    )


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("throttle", 429, 429), ("error500", 500, 0), ("error503", 503, 100)],
)
def test_faults_in_postmarks_form(local, ask, fault, status, code):
    """The status and the code that Postmark documents; other paths use up no step."""
    local.hub.faults("postmark").script(fault)

    assert 200 == ask("/templates").status
    assert (status, code) == ((answer := ask("/email", email())).status, answer.code)
    assert 200 == ask("/email", email()).status


def test_paths_that_are_not_there(ask):
    """In Postmark's form as well."""
    assert (404, 0) == ((answer := ask("/nowhere")).status, answer.code)
    assert 404 == ask("/email", method="GET").status


def test_lines_to_copy(local):
    """Mailcore's URL and the SDKs'."""
    face = local.hub.face("postmark")

    url = local.mailcore_url("postmark")
    *sdks, webhook = face.lines(local.face_url("postmark"))
    assert url.startswith("postmark://local-token@?base_url=http://127.0.0.1")
    assert url.endswith(f"&webhook_secrets={webhook.line}")
    assert all(str(local.hub.base_url)[7:] in line.line for line in sdks)
