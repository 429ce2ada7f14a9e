from __future__ import annotations

import json

from typing import Any

import pytest


SIMULATOR = "simulator.amazonses.com"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def message(*recipients: str, **changes: Any) -> dict[str, Any]:
    """A SendEmail request with the configuration set."""
    return {
        "FromEmailAddress": "Shop <shop@example.com>",
        "Destination": {"ToAddresses": list(recipients)},
        "Content": {"Simple": {"Subject": {"Data": "Grüße"}, "Body": {"Text": {"Data": "t"}}}},
        "ConfigurationSetName": "local",
        **changes,
    }


def summary(event: dict[str, Any]) -> tuple[str, ...]:
    """What tells one event from another."""
    kind = event["eventType"]
    if kind == "Bounce":
        bounce = event["bounce"]
        recipients = [recipient["emailAddress"] for recipient in bounce["bouncedRecipients"]]
        return (kind, bounce["bounceType"], bounce["bounceSubType"], *recipients)
    if kind == "Complaint":
        complaint = event["complaint"]
        recipients = [recipient["emailAddress"] for recipient in complaint["complainedRecipients"]]
        return (kind, str(complaint["complaintSubType"]), *recipients)
    if kind == "Delivery":
        return (kind, *event["delivery"]["recipients"])
    return (kind,)


OUTCOMES = {
    "success": (f"success@{SIMULATOR}", [("Delivery", f"success@{SIMULATOR}")]),
    "bounce": (
        f"bounce@{SIMULATOR}",
        [("Bounce", "Permanent", "General", f"bounce@{SIMULATOR}")],
    ),
    "ooto": (
        f"ooto@{SIMULATOR}",
        [("Delivery", f"ooto@{SIMULATOR}"), ("Bounce", "Transient", "General")],
    ),
    "complaint": (
        f"complaint@{SIMULATOR}",
        [
            ("Delivery", f"complaint@{SIMULATOR}"),
            ("Complaint", "None", f"complaint@{SIMULATOR}"),
        ],
    ),
    "suppressionlist": (
        f"suppressionlist@{SIMULATOR}",
        [("Bounce", "Permanent", "Suppressed", f"suppressionlist@{SIMULATOR}")],
    ),
    "label and case": (
        f"Bounce+Order-7@{SIMULATOR.upper()}",
        [("Bounce", "Permanent", "General", f"Bounce+Order-7@{SIMULATOR.upper()}")],
    ),
    "no simulator": ("ada@example.net", [("Delivery", "ada@example.net")]),
    "looks like the simulator": (
        f"bounce@not{SIMULATOR}",
        [("Delivery", f"bounce@not{SIMULATOR}")],
    ),
    "on the list after a bounce": (
        "Gone@example.net",
        [("Bounce", "Permanent", "OnAccountSuppressionList", "Gone@example.net")],
    ),
    "on the list after a complaint": (
        "angry@example.net",
        [("Complaint", "OnAccountSuppressionList", "angry@example.net")],
    ),
}


@pytest.mark.parametrize(("recipient", "expected"), OUTCOMES.values(), ids=OUTCOMES)
def test_outcome_of_each_recipient(
    shared_ses, shared_client, endpoint, recipient: str, expected: Any
):
    """A Send event, then what the address stands for, in that order."""
    shared_client.put_suppressed_destination(EmailAddress="gone@EXAMPLE.net", Reason="BOUNCE")
    shared_client.put_suppressed_destination(EmailAddress="angry@example.net", Reason="COMPLAINT")
    arn = shared_ses.subscribe(endpoint.url, timeout_seconds=5)

    shared_client.send_email(**message(recipient))
    shared_ses.drain(5)

    assert [("Send",), *expected] == [summary(event) for event in endpoint.events]
    shared_ses.unsubscribe(arn)
    shared_ses.drain(5)


def test_recipients_with_one_outcome_share_an_event(start, connect, endpoint):
    """Recipients of one domain and one outcome stand in one event, each of them once."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)

    connect(ses).send_email(
        **message(
            "a@one.example",
            f"bounce+1@{SIMULATOR}",
            "b@one.example",
            "c@two.example",
            f"bounce+2@{SIMULATOR}",
            "a@one.example",
        )
    )
    ses.wait_for_deliveries(4, 5)

    assert [
        ("Send",),
        ("Delivery", "a@one.example", "b@one.example"),
        ("Bounce", "Permanent", "General", f"bounce+1@{SIMULATOR}", f"bounce+2@{SIMULATOR}"),
        ("Delivery", "c@two.example"),
    ] == [summary(event) for event in endpoint.events]


def test_bounce_event_in_full(start, connect, endpoint):
    """The record has SES's fields: the event's object, mail with headers, and the tags."""
    ses = start(region_name="eu-west-1")
    ses.subscribe(endpoint.url, timeout_seconds=5)
    sent = connect(ses).send_email(
        **message(
            f"bounce@{SIMULATOR}",
            EmailTags=[{"Name": "campaign", "Value": "spring"}],
            Content={
                "Raw": {
                    "Data": b"From: Shop <shop@example.com>\r\n"
                    b"To: =?utf-8?q?Zo=C3=AB?= <z@example.net>\r\nCc: C <c@example.net>\r\n"
                    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
                    b'X-Metadata: {"order": 1}\r\nMessage-ID: <own@example.com>\r\n\r\nx'
                }
            },
        )
    )
    ses.wait_for_deliveries(2, 5)
    event = endpoint.events[1]
    mail = event["mail"]

    assert {"eventType", "bounce", "mail"} == set(event)
    assert [
        {
            "emailAddress": f"bounce@{SIMULATOR}",
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": f"smtp; 550 5.1.1 <bounce@{SIMULATOR}>: user unknown",
        }
    ] == event["bounce"]["bouncedRecipients"]
    assert sent["MessageId"] == mail["messageId"]
    assert "Shop <shop@example.com>" == mail["source"]
    assert "arn:aws:ses:eu-west-1:123456789012:identity/shop@example.com" == mail["sourceArn"]
    assert [f"bounce@{SIMULATOR}"] == mail["destination"]
    assert mail["headersTruncated"] is False
    assert {"name": "X-Metadata", "value": '{"order": 1}'} in mail["headers"]
    assert {"name": "Message-ID", "value": "<own@example.com>"} in mail["headers"]
    common = mail["commonHeaders"]
    assert ["Shop <shop@example.com>"] == common["from"]
    assert ["C <c@example.net>"] == common["cc"]
    assert sent["MessageId"] == common["messageId"]
    assert "Grüße" == common["subject"]
    assert {
        "campaign": ["spring"],
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": ["local"],
        "ses:from-domain": ["example.com"],
        "ses:source-ip": ["127.0.0.1"],
        "ses:caller-identity": ["AKIDLOCAL"],
        "ses:outgoing-ip": ["127.0.0.1"],
    } == mail["tags"]


def test_headers_that_are_not_ascii(start, connect, endpoint):
    """Raw UTF-8 in headers is reported as the text it is, other octets as U+FFFD."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    raw = "From: Zoë <a@example.com>\r\nX-A: ü".encode() + b"\r\nX-B: \xff\r\n\r\nx"

    connect(ses).send_email(
        **message("b@example.net", FromEmailAddress="a@example.com", Content={"Raw": {"Data": raw}})
    )
    ses.wait_for_deliveries(2, 5)

    mail = endpoint.events[0]["mail"]
    headers = {header["name"]: header["value"] for header in mail["headers"]}
    assert {"From": "Zoë <a@example.com>", "X-A": "ü", "X-B": "\ufffd"} == headers
    assert ["Zoë <a@example.com>"] == mail["commonHeaders"]["from"]


def test_many_headers_are_truncated(start, connect, endpoint):
    """Beyond 10 KB of headers the event says that they are truncated."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    headers = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 900) for n in range(20))
    raw = b"From: a@example.com\r\n" + headers + b"\r\nx"

    connect(ses).send_email(**message("b@example.net", Content={"Raw": {"Data": raw}}))
    ses.wait_for_deliveries(2, 5)

    mail = endpoint.events[0]["mail"]
    assert mail["headersTruncated"] is True
    assert 1 < len(mail["headers"]) < 21


def test_missing_attribute_is_a_rendering_failure(start, connect, endpoint):
    """SES accepts a template whose data lacks an attribute, and reports it as the only event."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    client = connect(ses)
    client.create_email_template(TemplateName="t", TemplateContent={"Subject": "{{a.b}}"})

    client.send_email(**message("ada@example.net", Content={"Template": {"TemplateName": "t"}}))
    ses.drain(5)

    (event,) = endpoint.events
    assert "Rendering Failure" == event["eventType"]
    assert {
        "templateName": "t",
        "errorMessage": "Attribute 'a.b' is not present in the rendering data.",
    } == event["failure"]
    assert "" == ses.messages[0].raw.decode()


@pytest.mark.parametrize("virus", [EICAR, EICAR + b"\r\n"], ids=["bare", "with a line end"])
def test_test_virus_is_rejected(start, connect, endpoint, virus: bytes):
    """The EICAR file makes SES report Send and Reject, and deliver nothing."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    content = message("ada@example.net")["Content"]
    content["Simple"]["Attachments"] = [{"FileName": "eicar.txt", "RawContent": virus}]

    connect(ses).send_email(**message("ada@example.net", Content=content))
    ses.drain(5)

    assert ["Send", "Reject"] == [event["eventType"] for event in endpoint.events]
    assert {"reason": "Bad content"} == endpoint.events[1]["reject"]


def test_no_configuration_set_publishes_nothing(start, connect, endpoint):
    """As with SES, events need a configuration set."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    request = message("ada@example.net")
    del request["ConfigurationSetName"]

    connect(ses).send_email(**request)
    ses.drain(5)

    assert [] == endpoint.events


def test_event_destination_chooses_types_and_topic(start, connect, connect_sns, endpoint):
    """Only matching types go to the topic, and none while the destination is disabled."""
    ses = start()
    client, sns = connect(ses), connect_sns(ses)
    topic = sns.create_topic(Name="bounces")["TopicArn"]
    client.create_configuration_set(ConfigurationSetName="tx")
    destination: Any = {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE"],
        "SnsDestination": {"TopicArn": topic},
    }
    client.create_configuration_set_event_destination(
        ConfigurationSetName="tx", EventDestinationName="b", EventDestination=destination
    )
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    ses.drain(5)

    request = message(f"bounce@{SIMULATOR}", "ada@example.net", ConfigurationSetName="tx")
    client.send_email(**request)
    ses.drain(5)
    client.update_configuration_set_event_destination(
        ConfigurationSetName="tx",
        EventDestinationName="b",
        EventDestination={"Enabled": False},
    )
    client.send_email(**request)
    ses.drain(5)

    assert ["Bounce"] == [event["eventType"] for event in endpoint.events]
    assert topic == endpoint.notifications[0].headers["x-amz-sns-topic-arn"]


def test_suppression_reasons_limit_the_list(start, connect, endpoint):
    """The list applies only for the reasons that account or configuration set name."""
    ses = start()
    client = connect(ses)
    ses.subscribe(endpoint.url, timeout_seconds=5)
    client.put_suppressed_destination(EmailAddress="gone@example.net", Reason="BOUNCE")

    client.put_account_suppression_attributes(SuppressedReasons=["COMPLAINT"])
    client.send_email(**message("gone@example.net"))
    client.put_configuration_set_suppression_options(
        ConfigurationSetName="local", SuppressedReasons=["BOUNCE"]
    )
    client.send_email(**message("gone@example.net"))
    ses.drain(5)

    assert ["Send", "Delivery", "Send", "Bounce"] == [e["eventType"] for e in endpoint.events]


BY_HAND = {
    "Send": "send",
    "Reject": "reject",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Delivery": "delivery",
    "Open": "open",
    "Click": "click",
    "Rendering Failure": "failure",
    "DeliveryDelay": "deliveryDelay",
    "Subscription": "subscription",
}


@pytest.mark.parametrize(("event_type", "key"), BY_HAND.items())
def test_events_by_hand(shared_ses, shared_client, endpoint, event_type: str, key: str):
    """Every one of SES's ten event types can be published for an accepted message."""
    message_id = shared_client.send_email(**message("ada@example.net"))["MessageId"]
    arn = shared_ses.subscribe(endpoint.url, timeout_seconds=5)

    shared_ses.emit(message_id, event_type, recipients=["x@example.net"], event={"own": 1})
    shared_ses.drain(5)

    (event,) = endpoint.events
    assert event_type == event["eventType"]
    assert {"eventType", "mail", key} == set(event)
    assert 1 == event[key]["own"]
    assert message_id == event["mail"]["messageId"]
    if key in ("bounce", "complaint", "delivery", "deliveryDelay"):
        assert "x@example.net" in json.dumps(event[key])
    shared_ses.unsubscribe(arn)
    shared_ses.drain(5)


def test_event_by_hand_needs_a_known_type_and_message(shared_ses, shared_client):
    """An unknown type or message is named."""
    message_id = shared_client.send_email(**message("ada@example.net"))["MessageId"]

    with pytest.raises(ValueError, match="unknown event type 'Opened'"):
        shared_ses.emit(message_id, "Opened")
    with pytest.raises(Exception, match="No message with this id"):
        shared_ses.emit("nope", "Open")
