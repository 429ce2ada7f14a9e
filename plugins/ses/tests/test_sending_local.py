"""Every kind of call over HTTP against the local SES: what arrives is what was meant."""

from __future__ import annotations

import email
import email.policy

import boto3
import pytest

from mailcore import (
    Attachment,
    Mailer,
    Message,
    MessageRejected,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    SendStatus,
)
from mailcore.errors import AuthenticationFailed, SendError
from mailcore_ses import ses_options


ADA, BOB = "ada@example.net", "bob@example.net"
PDF = Attachment("a.pdf", b"%PDF-1.7 \xff", "application/pdf")


@pytest.fixture
def mailer(local_ses):
    """A mailer to the local SES, which knows a template."""
    with Mailer("ses", endpoint_url=local_ses.url, region_name="eu-west-1") as made:
        made.provider.client.create_email_template(
            TemplateName="welcome",
            TemplateContent={"Subject": "Hi {{name}}", "Text": "{{shop}} greets {{name}}"},
        )
        yield made


def message(**fields: object) -> Message:
    """A message to two, from a template unless it says otherwise."""
    base = {"from_email": "Büro <shop@example.com>", "to": [("宮沢賢治", ADA), BOB]}
    return Message(**{**base, "template_id": "welcome", **fields})


def mime(record):
    """The mail that SES made or got."""
    return email.message_from_bytes(record.raw, policy=email.policy.default)


def test_several_authors(local_ses, mailer):
    """A complete message of two authors is accepted, and arrives with both and a Sender."""
    authors = ["Büro <shop@example.com>", "desk@example.com"]
    result = mailer.send(message(from_email=authors, template_id=None, subject="s", text="t"))

    (record,) = local_ses.messages
    assert result.accepted
    assert "Büro <shop@example.com>, desk@example.com" == mime(record)["From"]
    assert "Büro <shop@example.com>" == mime(record)["Sender"]


def test_template_to_all(local_ses, mailer):
    """A template without a batch is one message to everybody."""
    result = mailer.send(
        message(
            merge_global_data={"name": "all", "shop": "Bücher"},
            metadata={"order": 7},
            tags=["a", "b"],
            attachments=[PDF],
        )
    )

    (record,) = local_ses.messages
    assert record.message_id == result.message_id
    found = mime(record)
    assert "Hi all" == found["Subject"]
    assert f"宮沢賢治 <{ADA}>, {BOB}" == str(found["To"]).replace("\n", "").replace("  ", " ")
    assert "Bücher greets all" == found.get_body().get_content().strip()
    assert ['{"order": 7}'] == found.get_all("X-Metadata")
    assert ["a", "b"] == found.get_all("X-Tag")
    assert [PDF.content] == [part.get_content() for part in found.iter_attachments()]


def test_batch_from_a_template(local_ses, mailer):
    """In a batch everybody gets their own mail, with their own data, metadata and headers."""
    result = mailer.send(
        message(
            merge_data={ADA: {"name": "Ada"}, BOB: {"name": "Bob", "shop": "Kiosk"}},
            merge_global_data={"shop": "Bücher"},
            metadata={"shop": 1},
            merge_metadata={ADA: {"order": 7}},
            merge_headers={BOB: {"X-Note": "Grüße"}},
            attachments=[PDF],
            esp_extra=ses_options(recipient_tags={ADA: {"group": "a"}}),
        )
    )

    ada, bob = local_ses.messages
    assert (ada.message_id, bob.message_id) == result.message_ids
    assert ["Hi Ada", "Hi Bob"] == [mime(record)["Subject"] for record in (ada, bob)]
    bodies = [mime(record).get_body().get_content().strip() for record in (ada, bob)]
    assert ["Bücher greets Ada", "Kiosk greets Bob"] == bodies
    assert ['{"shop": 1, "order": 7}'] == mime(ada).get_all("X-Metadata")
    assert ['{"shop": 1}'] == mime(bob).get_all("X-Metadata")
    assert [None, "Grüße"] == [mime(record)["X-Note"] for record in (ada, bob)]
    assert ("a",) == ada.tags["group"]
    assert "group" not in bob.tags
    assert ADA not in str(mime(bob)["To"])
    assert [PDF.content] == [part.get_content() for part in mime(bob).iter_attachments()]


def test_batch_with_own_bodies(local_ses, mailer):
    """The message's own subject and bodies are filled in for each."""
    mailer.send(
        message(
            template_id=None,
            subject="Hi {{name}}",
            html="<p>{{name}}</p>",
            merge_data={ADA: {"name": "Ada"}},
            merge_global_data={"name": "you"},
        )
    )

    assert ["Hi Ada", "Hi you"] == [mime(record)["Subject"] for record in local_ses.messages]


def test_batch_of_complete_messages(local_ses, mailer):
    """Without a template each gets the message as it is, under an id of their own."""
    result = mailer.send(
        message(
            template_id=None,
            subject="Hi {{name}}",
            text="as it is",
            alternatives=[("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar")],
            merge_metadata={ADA: {"order": 7}},
        )
    )

    ada, bob = local_ses.messages
    assert [ada.message_id, bob.message_id] == [result.recipients[a].message_id for a in (ADA, BOB)]
    assert ["Hi {{name}}"] * 2 == [mime(record)["Subject"] for record in (ada, bob)]
    assert [(ADA,), (BOB,)] == [record.destination for record in (ada, bob)]


def test_simple_content(local_ses):
    """SES writes a message from its parts."""
    options = {"endpoint_url": local_ses.url, "region_name": "eu-west-1", "content": "simple"}
    with Mailer("ses", **options) as mailer:
        mailer.send(
            message(
                template_id=None,
                subject="Grüße",
                text="Hallo ü",
                html="<p>Hallo</p>",
                attachments=[PDF],
                unsubscribe="https://example.com/leave",
            )
        )

    found = mime(local_ses.messages[0])
    assert "Grüße" == found["Subject"]
    assert "Hallo ü" == found.get_body(("plain",)).get_content().strip()
    assert "<https://example.com/leave>" == found["List-Unsubscribe"]
    assert "Büro <shop@example.com>" == str(found["From"])


@pytest.mark.slow
def test_large_batch(local_ses, mailer):
    """112: 120 recipients are three calls, with one id for each."""
    to = [f"user{n}@example.net" for n in range(120)]
    result = mailer.send(message(to=to, merge_data={}, merge_global_data={"name": 1, "shop": 2}))

    assert to == [record.to[0] for record in local_ses.messages]
    assert 120 == len(result.message_ids) == len(result.accepted)


def test_lost_answer_of_a_later_call(local_ses, mailer):
    """112: a connection lost in the second call leaves the ids of the first."""
    local_ses.faults.script("ok", "reset_after_accept")
    to = [f"user{n}@example.net" for n in range(120)]
    result = mailer.send(message(to=to, merge_data={}))

    assert to[:50] == list(result.accepted)
    assert SendStatus.UNKNOWN is result.recipients[to[60]].status
    assert result.recipients[to[60]].maybe_accepted
    assert "not_attempted" == result.recipients[to[110]].code
    assert 100 == len(local_ses.messages)


def test_refused_entries_sent_again(local_ses, mailer):
    """Entries that were throttled are sent again alone."""
    local_ses.faults.script("entries:SUCCESS,ACCOUNT_THROTTLED")
    batch = message(merge_data={})

    first = mailer.send(batch)
    second = mailer.send(batch.replace(to=list(first.retryable)))

    assert (BOB,) == first.retryable == second.accepted
    assert [(ADA,), (BOB,)] == [record.to for record in local_ses.messages]


def test_entries_refused_for_different_reasons(local_ses, mailer):
    """115: when nobody was accepted, each one's reason is kept."""
    local_ses.faults.script("entries:FAILED,TRANSIENT_FAILURE")

    with pytest.raises(RecipientsRefused) as caught:
        mailer.send(message(merge_data={}))

    assert (BOB,) == caught.value.result.retryable


ERRORS = [
    # what goes wrong, message, error, category, retryable
    ("throttle", {}, RateLimited, "sending_rate", True),
    ("sending_rate", {}, RateLimited, "sending_rate", True),
    ("quota", {}, QuotaExceeded, "daily_quota", False),
    ("error:AccountSuspendedException", {}, AuthenticationFailed, "account_suspended", False),
    ("error:SendingPausedException", {}, AuthenticationFailed, "sending_paused", False),
    ("ok", {"template_id": "nowhere"}, MessageRejected, "template_not_found", False),
    (
        "ok",
        {"template_id": "nowhere", "merge_data": {}},
        MessageRejected,
        "template_not_found",
        False,
    ),
    (
        "ok",
        {"esp_extra": ses_options(configuration_set_name="nowhere")},
        MessageRejected,
        "configuration_set_not_found",
        False,
    ),
    ("ok", {"to": [f"u{n}@example.net" for n in range(60)]}, MessageRejected, "bad_request", False),
    pytest.param(
        "ok",
        {"template_id": None, "subject": "x", "attachments": [("a.bin", b"\xff" * 31_000_000)]},
        MessageRejected,
        "too_large",
        False,
        id="ok-too_large",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize(
    ("fault", "fields", "error", "category", "retryable"),
    ERRORS,
    ids=[getattr(row, "id", "") or f"{row[0]}-{row[3]}" for row in ERRORS],
)
def test_errors_by_name(fault, fields, error, category, retryable, local_ses, mailer):
    """Each refusal has its class and category, says whether to retry, and is made once."""
    local_ses.faults.script(fault)

    with pytest.raises(SendError) as caught:
        mailer.send(message(**fields))

    assert error is type(caught.value)
    assert (category, retryable) == (caught.value.category, caught.value.retryable)
    assert [] == local_ses.messages


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "bulk"])
def test_parameters_that_the_api_does_not_have(batch, mailer):
    """120: a message's own parameters are checked by botocore's model before they are sent."""
    with pytest.raises(MessageRejected) as caught:
        mailer.send(message(**batch, esp_extra={"ses": {"Teleport": "Mars"}}))

    assert "invalid_parameters" == caught.value.category
    assert "Teleport" in str(caught.value)
    assert "Mars" not in str(caught.value)


def test_given_client_takes_bulk_calls_too(local_ses):
    """A client of the caller's is used for every call, as it is."""
    client = boto3.client("sesv2", endpoint_url=local_ses.url, region_name="eu-west-1")
    operations = []
    client.meta.events.register(
        "before-call.sesv2", lambda model, **_: operations.append(model.name)
    )

    with Mailer("ses", client=client) as mailer:
        values = {ADA: {"x": 1}}
        mailer.send(message(template_id=None, subject="x", text="{{x}}", merge_data=values))
        mailer.send(message(template_id=None, subject="x", text="x"))

    assert ["SendBulkEmail", "SendEmail"] == operations
