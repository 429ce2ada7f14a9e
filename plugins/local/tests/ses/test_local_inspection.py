from __future__ import annotations

import base64

from typing import Any

import pytest


RAW = (
    b"From: <script>alert(1)</script> <a@example.com>\r\nTo: b@example.net\r\n"
    b"Subject: <i>x</i>\r\n\r\nbody \xff"
)


def send(client: Any, **changes: Any) -> str:
    """Send a raw message; its id."""
    answer = client.send_email(
        **{
            "FromEmailAddress": "a@example.com",
            "Content": {"Raw": {"Data": RAW}},
            "ConfigurationSetName": "local",
            **changes,
        }
    )
    return str(answer["MessageId"])


def test_messages_over_http(start, connect, http_request):
    """List, one message and its .eml; forgetting empties the list."""
    ses = start()
    message_id = send(connect(ses))

    listed = http_request(f"{ses.url}/_local/messages").json["messages"]
    one = http_request(f"{ses.url}/_local/messages/{message_id}").json
    eml = http_request(f"{ses.url}/_local/messages/{message_id}/raw")

    assert [one] == listed
    assert message_id == one["message_id"]
    assert ["b@example.net"] == one["destination"]
    assert RAW == base64.b64decode(one["parameters"]["Content"]["Raw"]["Data"])
    assert RAW == eml.body
    assert "message/rfc822" == eml.headers["content-type"]
    assert 204 == http_request(f"{ses.url}/_local/messages", "DELETE").status
    assert {"messages": []} == http_request(f"{ses.url}/_local/messages").json
    assert [] == ses.messages


def test_page_escapes_what_it_shows(start, connect, http_request):
    """The page lists messages, with nothing of them taken as markup."""
    ses = start()
    message_id = send(connect(ses), FromEmailAddress='"<script>" <a@example.com>')

    page = http_request(f"{ses.url}/")

    assert 200 == page.status
    assert "text/html; charset=utf-8" == page.headers["content-type"]
    assert "default-src 'none'" == page.headers["content-security-policy"]
    assert message_id.encode() in page.body
    assert b"&lt;i&gt;x&lt;/i&gt;" in page.body
    assert b"<script>" not in page.body


def test_a_failed_rendering_is_shown(start, connect, http_request, tmp_path):
    """The row says what is missing, in place of a mail that SES does not send."""
    ses = start(directory=tmp_path)
    content = {"Subject": "Hello {{name}}", "Text": "x"}
    message_id = send(
        connect(ses),
        Destination={"ToAddresses": ["b@example.net"]},
        Content={"Template": {"TemplateContent": content, "TemplateData": "{}"}},
    )

    page = http_request(ses.url).body.decode()
    raw = http_request(f"{ses.url}/_local/messages/{message_id}/raw")

    error = "Attribute &#x27;name&#x27; is not present in the rendering data."
    assert f"<td><strong>Rendering failure:</strong> {error}</td>" in page
    assert f"/_local/messages/{message_id}/raw" not in page
    assert 404 == raw.status
    assert "Attribute 'name' is not present" in raw.json["message"]
    assert [] == list(tmp_path.iterdir())


def test_notifications_over_http(start, connect, http_request, endpoint):
    """Subscribing, and what became of each SNS message."""
    ses = start()
    answer = http_request(f"{ses.url}/_local/subscriptions", "POST", {"endpoint": endpoint.url})
    assert 202 == answer.status
    ses.wait_until_confirmed(answer.json["subscription_arn"], 5)
    message_id = send(connect(ses))
    ses.wait_for_deliveries(2, 5)

    records = http_request(f"{ses.url}/_local/notifications").json["notifications"]

    assert [None, "Send", "Delivery"] == [record["event_type"] for record in records]
    assert [None, message_id, message_id] == [record["ses_message_id"] for record in records]
    assert {"delivered"} == {record["state"] for record in records}
    assert [["200"]] * 3 == [record["attempts"] for record in records]
    assert endpoint.posts[1].body == records[1]["body"]


def test_events_by_hand_over_http(start, connect, http_request, endpoint):
    """POST /_local/events publishes, with own details."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    message_id = send(connect(ses))

    answer = http_request(
        f"{ses.url}/_local/events",
        "POST",
        {"message_id": message_id, "type": "Click", "event": {"link": "https://example.com/x"}},
    )
    ses.wait_for_deliveries(3, 5)

    assert 202 == answer.status
    assert "https://example.com/x" == endpoint.events[-1]["click"]["link"]


def test_faults_over_http(start, connect, http_request):
    """Faults are set, shown and forgotten."""
    ses = start()
    client = connect(ses)
    url = f"{ses.url}/_local/faults"

    shown = http_request(
        url,
        "POST",
        {
            "script": ["throttle", "hang:5"],
            "notifications": ["duplicate"],
            "rules": [{"fault": "error500", "rate": 0.5, "operations": ["GetAccount"]}],
            "seed": 3,
        },
    ).json

    assert {
        "requests": ["throttle", "hang:5"],
        "notifications": ["duplicate"],
        "rules": ["error500=0.5"],
    } == shown
    with pytest.raises(client.exceptions.TooManyRequestsException):
        send(client)
    assert ["hang:5"] == http_request(url).json["requests"]
    assert 204 == http_request(url, "DELETE").status
    assert ["throttle=0.1"] == (
        http_request(url, "POST", {"fault": "throttle", "rate": 0.1}).json["rules"]
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("POST", "faults", {"script": ["explode"]}, 400, "explode"),
        ("POST", "faults", {"scripts": []}, 400, "scripts"),
        ("POST", "faults", {"script": "throttle"}, 400, "'script' must be a list"),
        ("POST", "faults", {"rules": [{"fault": "throttle"}]}, 400, "'rate'"),
        ("POST", "faults", {"rules": ["throttle"]}, 400, "'rules'"),
        ("POST", "faults", {"fault": "throttle", "rate": 2}, 400, "rate"),
        ("POST", "faults", {"seed": "x"}, 400, "seed"),
        ("POST", "faults", {"script": ["throttle"], "notifications": ["reset"]}, 400, "reset"),
        ("POST", "faults", b"[1", 400, "JSON"),
        ("POST", "faults", b"[]", 400, "object"),
        ("POST", "events", {}, 400, "message_id"),
        ("POST", "events", {"message_id": "x", "type": "Open"}, 404, "No message"),
        ("POST", "events", {"message_id": "x", "type": "Opened"}, 400, "Opened"),
        ("POST", "events", {"message_id": "x", "type": "Open", "event": 1}, 400, "event"),
        ("POST", "subscriptions", {"endpoint": "ftp://x/"}, 400, "Endpoint"),
        ("POST", "subscriptions", {}, 400, "endpoint"),
        ("GET", "messages/nope", None, 404, "No message"),
        ("GET", "messages/nope/raw", None, 404, "No message"),
        ("GET", "messages/a/b/c", None, 404, "path"),
        ("GET", "nothing", None, 404, "path"),
        ("PUT", "messages", {}, 405, "allowed"),
        ("GET", "events", None, 405, "allowed"),
        ("PATCH", "faults", {}, 405, "allowed"),
    ],
)
def test_inspection_errors(
    shared_ses, http_request, method: str, path: str, body: Any, status: int, text: str
):
    """A wrong request is named in JSON and changes nothing."""
    answer = http_request(f"{shared_ses.url}/_local/{path}", method, body)

    assert status == answer.status
    assert text in answer.json["message"]
    assert {"requests": [], "notifications": [], "rules": []} == shared_ses.faults.snapshot()
