from __future__ import annotations

import threading
import time

from typing import Any

import pytest

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore_local.ses import Faults


MESSAGE: dict[str, Any] = {
    "FromEmailAddress": "shop@example.com",
    "Destination": {"ToAddresses": ["complaint@simulator.amazonses.com"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    "ConfigurationSetName": "local",
}


@pytest.mark.parametrize(
    ("step", "code", "status", "text"),
    [
        ("throttle", "TooManyRequestsException", 429, ""),
        ("sending_rate", "ThrottlingException", 400, "Maximum sending rate exceeded."),
        ("quota", "ThrottlingException", 400, "Daily message quota exceeded."),
        ("error500", "InternalFailure", 500, ""),
        ("error503", "ServiceUnavailable", 503, ""),
        ("error:AccountSuspendedException", "AccountSuspendedException", 400, ""),
        ("error:NotFoundException", "NotFoundException", 404, ""),
        ("error:SomethingNew", "SomethingNew", 400, ""),
    ],
)
def test_error_answers(start, connect, step: str, code: str, status: int, text: str):
    """A step of the script fails one request; the next one goes through."""
    ses = start()
    client = connect(ses)
    ses.faults.script(step)

    with pytest.raises(ClientError) as caught:
        client.send_email(**MESSAGE)
    client.send_email(**MESSAGE)

    response = caught.value.response
    assert code == response["Error"]["Code"]
    assert status == response["ResponseMetadata"]["HTTPStatusCode"]
    assert text in response["Error"]["Message"]
    assert 1 == len(ses.messages)


@pytest.mark.parametrize(("step", "accepted"), [("reset", 0), ("reset_after_accept", 1)])
def test_reset(start, connect, caplog, step: str, accepted: int):
    """The connection is lost before or after acceptance; the client sees the same."""
    ses = start()
    ses.faults.script(step)

    with pytest.raises((ConnectionClosedError, EndpointConnectionError, HTTPClientError)):
        connect(ses).send_email(**MESSAGE)

    assert accepted == len(ses.messages)
    ses.stop()
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(("step", "accepted"), [("hang", 0), ("hang_after_accept", 1)])
def test_hang(start, connect, step: str, accepted: int):
    """The client gives up; the server still knows whether it accepted, and stops at once."""
    ses = start()
    ses.faults.script(step)

    with pytest.raises(ReadTimeoutError):
        connect(ses, read_timeout=0.2).send_email(**MESSAGE)

    assert accepted == len(ses.wait_for_messages(accepted, 5))
    began = time.monotonic()
    ses.stop()
    assert time.monotonic() - began < 3


def test_waiting_for_messages_that_do_not_come(start):
    """A deadline that passes names the numbers."""
    with pytest.raises(TimeoutError, match="0 of 2 messages were accepted"):
        start().wait_for_messages(2, 0.01)


def test_hang_for_a_while_is_only_slow(start, connect):
    """With seconds, the request is answered after them."""
    ses = start()
    ses.faults.script("hang:0.1")
    began = time.monotonic()

    connect(ses).send_email(**MESSAGE)

    assert time.monotonic() - began >= 0.1
    assert 1 == len(ses.messages)


def test_stopping_leaves_no_thread(start, connect):
    """Idle connections, hanging requests and undelivered notifications all end with the server."""
    before = set(threading.enumerate())
    ses = start(retry_delays_seconds=(60,))
    client = connect(ses, read_timeout=0.2)
    ses.subscribe("http://127.0.0.1:1/nobody")
    client.send_email(**MESSAGE)
    ses.faults.script("hang")
    with pytest.raises(ReadTimeoutError):
        client.send_email(**MESSAGE)

    ses.stop()

    assert set() == set(threading.enumerate()) - before
    with pytest.raises(EndpointConnectionError):
        client.get_account()


def test_garbage_is_an_answer_nobody_can_read(start, connect):
    """The message is accepted, but the answer is no JSON: botocore finds no MessageId in it."""
    ses = start()
    ses.faults.script("garbage")

    answer = connect(ses).send_email(**MESSAGE)

    assert "MessageId" not in answer
    assert 1 == len(ses.messages)


@pytest.mark.parametrize("step", ["half_answer", "malformed_answer"])
def test_answers_that_are_none(start, connect, caplog, step: str):
    """The message is accepted, and the client cannot know: the answer breaks off, or is no HTTP."""
    ses = start()
    client = connect(ses)
    ses.faults.script(step)

    try:
        # Newer botocores take half an answer for one without an id.
        assert "MessageId" not in client.send_email(**MESSAGE)
        assert "half_answer" == step
    except (ConnectionClosedError, HTTPClientError):
        assert not ses.faults.snapshot()["requests"]
    client.send_email(**MESSAGE)

    assert 2 == len(ses.messages)
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


def test_statuses_of_bulk_entries(start, connect):
    """Entries of a bulk send fail one by one; the others are accepted."""
    ses = start()
    ses.faults.script("entries:TRANSIENT_FAILURE,SUCCESS,ACCOUNT_THROTTLED")
    entry = {"Destination": {"ToAddresses": ["ada@example.net"]}}

    answer = connect(ses).send_bulk_email(
        FromEmailAddress="shop@example.com",
        DefaultContent={"Template": {"TemplateContent": {"Subject": "s", "Text": "t"}}},
        BulkEmailEntries=[entry] * 4,
    )

    statuses = [result["Status"] for result in answer["BulkEmailEntryResults"]]
    assert ["TRANSIENT_FAILURE", "SUCCESS", "ACCOUNT_THROTTLED", "SUCCESS"] == statuses
    assert 2 == len(ses.messages)


def test_script_is_used_up_by_sends_unless_it_says_otherwise(start, connect):
    """Other operations leave the script alone, unless it names them."""
    ses = start()
    client = connect(ses)
    ses.faults.script("throttle")
    client.get_account()
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.send_email(**MESSAGE)

    ses.faults.script("throttle", operations=["*"])
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.get_account()


def test_rates_are_reproducible():
    """The same seed gives the same faults, at about the rate asked for."""

    def draw(seed: int) -> list[str]:
        faults = Faults(seed=seed)
        faults.add("throttle", rate=0.3)
        return [faults.for_request("SendEmail").name for _ in range(1000)]

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
    assert 200 < draw(7).count("throttle") < 400


@pytest.mark.parametrize(("rate", "expected"), [(0, "ok"), (1, "throttle")])
def test_rates_at_the_ends(rate: float, expected: str):
    """Never and always are exact; other operations are spared."""
    faults = Faults()
    faults.add("throttle", rate=rate)

    assert {expected} == {faults.for_request("SendEmail").name for _ in range(100)}
    assert "ok" == faults.for_request("GetAccount").name


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("explode", "unknown fault 'explode'; known are ok, throttle"),
        ("hang:soon", "hang takes seconds"),
        ("error", "error takes an error code"),
        ("entries:success", "entries takes statuses"),
        ("throttle:1", "throttle takes no argument"),
        (3, "a fault is a string, not int"),
    ],
)
def test_steps_that_are_refused(step: Any, text: str):
    """A wrong step is named, and none of the script is taken over."""
    faults = Faults()

    with pytest.raises(ValueError) as caught:
        faults.script("throttle", step)

    assert text in str(caught.value)
    assert [] == faults.snapshot()["requests"]


@pytest.mark.parametrize("rate", [-0.1, 1.1, "often", True, None])
def test_rates_that_are_refused(rate: Any):
    """A rate is a number from 0 to 1."""
    with pytest.raises(ValueError, match="a rate is a number from 0 to 1"):
        Faults().add("throttle", rate=rate)


def test_request_fault_among_notification_faults_is_refused():
    """script_notifications takes notification faults only."""
    with pytest.raises(ValueError, match="'throttle' is a fault of requests"):
        Faults().script_notifications("duplicate", "throttle")


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_any_text_is_a_fault_or_a_value_error(text: str):
    """No text makes the parser fail in another way."""
    faults = Faults()
    try:
        faults.script(text)
    except ValueError:
        assert [] == faults.snapshot()["requests"] + faults.snapshot()["notifications"]
    else:
        assert [text.rstrip(":")] == (
            faults.snapshot()["requests"] + faults.snapshot()["notifications"]
        )


ORDER = ["Send", "Delivery", "Complaint"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("ok", ORDER),
        ("duplicate", [kind for kind in ORDER for _ in range(2)]),
        ("out_of_order", ORDER[::-1]),
        ("drop", []),
    ],
)
def test_notification_faults(start, connect, endpoint, step: str, expected: list[str]):
    """One step concerns the events of one message; those of the next come as usual."""
    ses = start()
    client = connect(ses)
    ses.subscribe(endpoint.url, timeout_seconds=5)
    ses.faults.script_notifications(step)

    for _ in range(2):
        client.send_email(**MESSAGE)
    ses.drain(5)

    assert [*expected, *ORDER] == [event["eventType"] for event in endpoint.events]
    ids = [post.json["MessageId"] for post in endpoint.notifications]
    assert (3 if step == "drop" else 6) == len(set(ids))


def test_tampered_notifications_have_a_signature_that_fails(start, connect, endpoint, verified):
    """A tampered notification is still JSON, but its signature does not hold."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    ses.faults.script("tamper")

    connect(ses).send_email(**MESSAGE)
    ses.drain(5)

    assert ORDER == [event["eventType"] for event in endpoint.events]
    holds = [verified(post.json, ses.certificate_pem) for post in endpoint.notifications]
    assert [False] * 3 == holds


def test_notification_faults_by_rate(start, connect, endpoint):
    """A rule for notifications leaves requests alone."""
    ses = start()
    ses.subscribe(endpoint.url, timeout_seconds=5)
    ses.faults.add("duplicate", rate=1)

    connect(ses).send_email(**MESSAGE)
    ses.drain(5)

    assert 6 == len(endpoint.notifications)
    ses.faults.clear()
    assert {"requests": [], "notifications": [], "rules": []} == ses.faults.snapshot()
