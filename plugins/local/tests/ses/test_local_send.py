from __future__ import annotations

import email
import json

from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from botocore.exceptions import ClientError


RAW = (
    b"From: Shop <shop@example.com>\r\nTo: Ada <ada@example.net>\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"X-Long: a\r\n b\r\nMessage-ID: <own@example.com>\r\nBcc: hidden@example.net\r\n\r\nHello\r\n"
)


def parsed(raw: bytes) -> EmailMessage:
    """The message as the standard library reads it."""
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_raw_is_kept_byte_for_byte(shared_ses, shared_client):
    """Raw content is stored as it came; Message-ID and Date of SES stand beside it."""
    sent = shared_client.send_email(
        Content={"Raw": {"Data": RAW}}, Destination={"ToAddresses": ["someone.else@example.net"]}
    )

    record = shared_ses.messages[-1]

    assert sent["MessageId"] == record.message_id
    assert RAW == record.raw
    assert "Shop <shop@example.com>" == record.from_email
    assert ("someone.else@example.net",) == record.destination
    assert "Grüße" == record.subject
    assert ("X-Long", "a b") in record.headers
    assert f"<{record.message_id}@eu-west-1.amazonses.com>" == record.header_message_id
    assert record.header_date.endswith("+0000")


def test_raw_without_destination_takes_the_headers(shared_ses, shared_client):
    """Without a Destination, the envelope is what To, Cc and Bcc say."""
    shared_client.send_email(Content={"Raw": {"Data": RAW}})

    record = shared_ses.messages[-1]

    assert (("ada@example.net",), (), ("hidden@example.net",)) == (record.to, record.cc, record.bcc)


def test_request_sender_wins_over_the_raw_header(shared_ses, shared_client):
    """FromEmailAddress is the sender even when the raw message has another From."""
    shared_client.send_email(FromEmailAddress="other@example.com", Content={"Raw": {"Data": RAW}})

    assert "other@example.com" == shared_ses.messages[-1].from_email


def test_simple_content_becomes_mime(shared_ses, shared_client):
    """Texts, headers, an inline image and an attachment all arrive, and Bcc shows nowhere."""
    shared_client.send_email(
        FromEmailAddress="Zoë Ünal <shop@example.com>",
        ReplyToAddresses=["Help <help@example.com>"],
        Destination={
            "ToAddresses": [f"To {n} <to{n}@example.net>" for n in range(40)],
            "CcAddresses": ["Žofie <cc@example.net>"],
            "BccAddresses": ["bcc@example.net"],
        },
        Content={
            "Simple": {
                "Subject": {"Data": "Grüße " * 30, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Schöne Grüße\nzwei", "Charset": "ISO-8859-1"},
                    "Html": {"Data": '<img src="cid:logo">'},
                },
                "Headers": [{"Name": "X-Token", "Value": "t" * 900}],
                "Attachments": [
                    {
                        "FileName": "logo.png",
                        "RawContent": b"\x89PNG",
                        "ContentType": "image/png",
                        "ContentDisposition": "INLINE",
                        "ContentId": "logo",
                    },
                    {
                        "FileName": "Übersicht.txt",
                        "RawContent": b"a=b\xff",
                        "ContentTransferEncoding": "QUOTED_PRINTABLE",
                        "ContentDescription": "Größe",
                    },
                    {
                        "FileName": "a.txt",
                        "RawContent": b"plain",
                        "ContentTransferEncoding": "SEVEN_BIT",
                        "ContentType": "text/plain",
                    },
                ],
            }
        },
    )

    record = shared_ses.messages[-1]
    message = parsed(record.raw)

    assert 42 == len(record.destination)
    assert "Zoë Ünal <shop@example.com>" == message["From"]
    assert "Help <help@example.com>" == message["Reply-To"]
    assert 40 == len(message["To"].addresses)
    assert "Žofie <cc@example.net>" == message["Cc"]
    assert ("Grüße " * 30).strip() == message["Subject"].strip()
    assert "t" * 900 == message["X-Token"]
    assert b"bcc@example.net" not in record.raw
    assert all(len(line) <= 998 for line in record.raw.split(b"\r\n"))
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Schöne Grüße\nzwei" == text.get_content().replace("\r\n", "\n")
    assert '<img src="cid:logo">' == html.get_content().strip()
    parts = {p.get_filename(): p for p in message.walk() if p.get_filename()}
    assert {"logo.png", "Übersicht.txt", "a.txt"} == set(parts)
    assert b"\x89PNG" == parts["logo.png"].get_payload(decode=True)
    assert "<logo>" == parts["logo.png"]["Content-ID"]
    assert "inline" == parts["logo.png"].get_content_disposition()
    assert b"a=b\xff" == parts["Übersicht.txt"].get_payload(decode=True)
    assert "Größe" == parts["Übersicht.txt"]["Content-Description"]
    assert "7bit" == parts["a.txt"]["Content-Transfer-Encoding"]
    assert b"plain" == parts["a.txt"].get_payload(decode=True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"Text": {"Data": "only text"}}, "text/plain"),
        ({"Html": {"Data": "<p>only HTML</p>"}}, "text/html"),
        ({"Text": {"Data": "x" * 2000}}, "text/plain"),
    ],
)
def test_simple_content_with_one_body(shared_ses, shared_client, body: Any, kind: str):
    """One body makes a message of one part, whatever the length of its lines."""
    shared_client.send_email(
        FromEmailAddress="shop@example.com",
        Destination={"ToAddresses": ["ada@example.net"]},
        Content={"Simple": {"Subject": {"Data": ""}, "Body": body}},
    )

    message = parsed(shared_ses.messages[-1].raw)
    (expected,) = (part["Data"] for part in body.values())

    assert kind == message.get_content_type()
    assert expected == message.get_content().rstrip("\r\n")
    assert "" == message["Subject"]


def test_stored_template_is_rendered(start, connect):
    """A stored template gets the data, its headers and its attachments."""
    ses = start()
    client = connect(ses)
    client.create_email_template(
        TemplateName="receipt",
        TemplateContent={
            "Subject": "Order {{order.id}}",
            "Text": "{{#each items}}{{@index}}:{{this.name}};{{/each}}",
            "Html": "<b>{{order.id}}</b>",
        },
    )
    data = {"order": {"id": 7}, "items": [{"name": "a&b"}, {"name": "c"}]}

    client.send_email(
        FromEmailAddress="shop@example.com",
        Destination={"ToAddresses": ["ada@example.net"]},
        Content={
            "Template": {
                "TemplateName": "receipt",
                "TemplateData": json.dumps(data),
                "Headers": [{"Name": "X-Order", "Value": "7"}],
                "Attachments": [{"FileName": "r.pdf", "RawContent": b"pdf"}],
            }
        },
    )

    message = parsed(ses.messages[-1].raw)
    text = message.get_body(("plain",))
    assert "Order 7" == message["Subject"]
    assert text is not None
    assert "0:a&b;1:c;" == text.get_content().strip()
    assert "7" == message["X-Order"]
    assert ["r.pdf"] == [part.get_filename() for part in message.iter_attachments()]


@pytest.mark.parametrize("key", ["TemplateArn", "TemplateContent"])
def test_template_by_arn_and_inline(start, connect, key: str):
    """A template may also be named by ARN or brought along."""
    ses = start()
    client = connect(ses)
    client.create_email_template(TemplateName="t", TemplateContent={"Subject": "Hi {{n}}"})
    template: Any = {
        "TemplateArn": "arn:aws:ses:eu-west-1:123456789012:template/t",
        "TemplateContent": {"Subject": "Hi {{n}}", "Text": "x"},
    }[key]

    client.send_email(
        FromEmailAddress="shop@example.com",
        Destination={"ToAddresses": ["ada@example.net"]},
        Content={"Template": {key: template, "TemplateData": '{"n": 1.0}'}},
    )

    assert "Hi 1" == ses.messages[-1].subject


def test_bulk_entries_are_messages_of_their_own(start, connect):
    """Each entry has its data, headers, tags and status, in the order of the request."""
    ses = start()
    client = connect(ses)
    client.create_email_template(
        TemplateName="t", TemplateContent={"Subject": "Hi {{name}} {{x}}", "Text": "{{name}}"}
    )
    to = [{"Destination": {"ToAddresses": [f"r{n}@example.net"]}} for n in range(3)]

    answer = client.send_bulk_email(
        FromEmailAddress="shop@example.com",
        DefaultEmailTags=[{"Name": "kind", "Value": "bulk"}, {"Name": "n", "Value": "0"}],
        DefaultContent={
            "Template": {
                "TemplateName": "t",
                "TemplateData": '{"name": "you", "x": "!"}',
                "Headers": [{"Name": "X-A", "Value": "a"}, {"Name": "X-B", "Value": "b"}],
            }
        },
        BulkEmailEntries=[
            {
                **to[0],
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Ada"}'}
                },
                "ReplacementHeaders": [
                    {"Name": "x-a", "Value": "own"},
                    {"Name": "X-C", "Value": "c"},
                ],
                "ReplacementTags": [{"Name": "n", "Value": "1"}],
            },
            {"Destination": {"ToAddresses": ["no-domain"]}},
            to[2],
        ],
    )

    results = answer["BulkEmailEntryResults"]
    first, second = ses.messages
    assert ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"] == [r["Status"] for r in results]
    assert "Missing final '@domain'" == results[1]["Error"]
    assert [first.message_id, second.message_id] == [
        results[0]["MessageId"],
        results[2]["MessageId"],
    ]
    assert ["Hi Ada !", "Hi you !"] == [first.subject, second.subject]
    message = parsed(first.raw)
    assert ["own", "b", "c"] == [message[name] for name in ("X-A", "X-B", "X-C")]
    assert ("bulk",) == first.tags["kind"]
    assert (("1",), ("0",)) == (first.tags["n"], second.tags["n"])
    assert "SendBulkEmail" == first.operation


def test_tags_of_the_request_replace_those_of_the_header(shared_ses, shared_client):
    """EmailTags and X-SES-MESSAGE-TAGS are not merged, and the control headers are not reported."""
    raw = (
        b"From: a@example.com\r\nTo: b@example.net\r\nX-SES-MESSAGE-TAGS: one=1, two=2\r\n"
        b"X-SES-CONFIGURATION-SET: local\r\n\r\nx"
    )

    shared_client.send_email(Content={"Raw": {"Data": raw}})
    shared_client.send_email(
        Content={"Raw": {"Data": raw}}, EmailTags=[{"Name": "three", "Value": "3"}]
    )

    by_header, by_request = shared_ses.messages[-2:]
    own = [{n for n in r.tags if not n.startswith("ses:")} for r in (by_header, by_request)]
    assert [{"one", "two"}, {"three"}] == own
    assert "local" == by_header.configuration_set_name
    assert ["From", "To"] == [name for name, _ in by_header.headers]


def test_messages_are_written_to_the_directory(start, connect, tmp_path):
    """With a directory, each accepted message is an .eml file in it, numbered in order."""
    ses = start(directory=tmp_path / "new" / "mail")
    client = connect(ses)

    for _ in range(2):
        client.send_email(Content={"Raw": {"Data": RAW}})

    files = sorted((tmp_path / "new" / "mail").iterdir())
    ids = [record.message_id for record in ses.messages]
    assert [f"0001-{ids[0]}.eml", f"0002-{ids[1]}.eml"] == [file.name for file in files]
    assert RAW == files[0].read_bytes()


def test_refused_message_leaves_nothing(shared_ses, shared_client):
    """What is refused is not kept."""
    before = len(shared_ses.messages)

    with pytest.raises(ClientError):
        shared_client.send_email(Content={"Raw": {"Data": b"no header"}})

    assert before == len(shared_ses.messages)
