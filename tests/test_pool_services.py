"""Pools across all services: each takes over from the others, and says why it is passed over."""

from __future__ import annotations

import json

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from mailcore import (
    FailoverError,
    HttpResponse,
    Mailer,
    Message,
    ProviderUnavailable,
    UnsupportedFeature,
)
from mailcore.pools import Failover, Member, RoundRobin
from mailcore.testing import Script, VirtualClock
from mailcore_brevo import BrevoProvider
from mailcore_mailgun import MailgunProvider
from mailcore_mailjet import MailjetProvider
from mailcore_mandrill import MandrillProvider
from mailcore_postmark import PostmarkProvider
from mailcore_sendgrid import SendGridProvider
from mailcore_ses import SesProvider
from mailcore_ses.aws.call import AwsResponse
from mailcore_smtp import SmtpProvider
from mailcore_smtp.conversation import Reply, SmtpResponse
from mailcore_sparkpost import SparkPostProvider


MESSAGE = Message(
    from_email="Shop <shop@example.com>",
    to=["Ada <ada@example.net>"],
    cc=["bea@example.net"],
    reply_to=["help@example.com"],
    subject="Your order",
    text="It is on its way.",
    html="<p>It is on its way.</p>",
    headers={"X-Order": "7"},
)
"""What every service can express."""


def answer(status_code, document, **headers):
    """An answer in JSON."""
    headers = {"content-type": "application/json", **headers}
    return HttpResponse(
        status_code=status_code, headers=headers, body=json.dumps(document).encode()
    )


def of_mailjet(request):
    """An id for each recipient, as the request names them."""
    (message,) = json.loads(request.body)["Messages"]
    lists = {
        name: [
            {"Email": each["Email"], "MessageUUID": f"uuid-{at}", "MessageID": 1000 + at}
            for at, each in enumerate(message.get(name, []))
        ]
        for name in ("To", "Cc", "Bcc")
    }
    return answer(200, {"Messages": [{"Status": "success", **lists}]})


def of_mandrill(request):
    """A status for each recipient, as the request names them."""
    listed = json.loads(request.body)["message"]["to"]
    return answer(
        200, [{"email": each["email"], "status": "queued", "_id": "md-1"} for each in listed]
    )


def of_smtp(request):
    """A reply to each recipient, and to the mail."""
    ok = Reply(250, "2.0.0 Ok: queued as 4F3A")
    return SmtpResponse(reply=ok, recipients=dict.fromkeys(request.envelope, ok))


@dataclass(frozen=True)
class Service:
    """A service: how its provider is made, what it answers, and what it answers when it is down."""

    make: object
    takes: object
    is_down: object = HttpResponse(status_code=503)


SERVICES = {
    "brevo": Service(
        lambda: BrevoProvider(api_key="k"),
        answer(201, {"messageId": "<20261130.1@smtp-relay.mailin.fr>"}),
    ),
    "mailgun": Service(
        lambda: MailgunProvider(api_key="k", sender_domain="example.com"),
        answer(200, {"id": "<20261130.1@example.com>", "message": "Queued. Thank you."}),
    ),
    "mailjet": Service(lambda: MailjetProvider(api_key="k", secret_key="s"), of_mailjet),
    "mandrill": Service(lambda: MandrillProvider(api_key="k"), of_mandrill),
    "postmark": Service(
        lambda: PostmarkProvider(server_token="t"),
        answer(200, {"MessageID": "0a129aee", "ErrorCode": 0, "Message": "OK"}),
    ),
    "sendgrid": Service(
        lambda: SendGridProvider(api_key="k"),
        HttpResponse(status_code=202, headers={"x-message-id": "LRzXl_NHStOGhQ4kofSm_A"}),
    ),
    "ses": Service(
        lambda: SesProvider(region_name="eu-west-1"),
        AwsResponse(status_code=200, body={"MessageId": "0107019aa1d0731e-000000"}),
        AwsResponse(status_code=503, error_code="ServiceUnavailable"),
    ),
    "smtp": Service(
        lambda: SmtpProvider(host="mail.example.com"),
        of_smtp,
        SmtpResponse(step="greeting", reply=Reply(421, "4.3.2 Service not available")),
    ),
    "sparkpost": Service(
        lambda: SparkPostProvider(api_key="k"),
        answer(
            200,
            {
                "results": {
                    "total_rejected_recipients": 0,
                    "total_accepted_recipients": 2,
                    "id": "11668787484950529",
                }
            },
        ),
    ),
}


def member(name, *, is_down=False):
    """A member with the provider of a service, over a transport that answers as the service."""
    service = SERVICES[name]
    answers = service.is_down if is_down else service.takes
    return Member(provider=service.make(), transport=Script(otherwise=answers))


@pytest.mark.parametrize("name", SERVICES)
def test_each_takes_over_from_all_others(send, name):
    """Eight services are down, the ninth sends, and the result says what the others answered."""
    others = [each for each in SERVICES if each != name]
    pool = Failover([*(member(each, is_down=True) for each in others), member(name)])

    result = send(pool, MESSAGE)

    assert name == result.provider
    assert ("ada@example.net", "bea@example.net") == result.accepted
    assert [(each, "ProviderUnavailable") for each in others] == [
        (error.provider, type(error).__name__) for error in result.attempts
    ]


def test_all_of_them_are_down(send):
    """The error has what each answered; all of it may be tried again."""
    with pytest.raises(FailoverError) as raised:
        send(Failover([member(each, is_down=True) for each in SERVICES]), MESSAGE)

    assert list(SERVICES) == [error.provider for error in raised.value.attempts]
    assert {ProviderUnavailable} == {type(error) for error in raised.value.attempts}
    assert (True, False) == (raised.value.retryable, raised.value.maybe_accepted)


def test_all_of_them_take_turns(send):
    """Of as many messages as there are services, each takes one."""
    pool = RoundRobin([member(each) for each in SERVICES], clock=VirtualClock())

    assert list(SERVICES) == [send(pool, MESSAGE).provider for _ in SERVICES]


CANNOT = [
    ("send_at", datetime.now(timezone.utc) + timedelta(hours=1)),
    ("tags", ["a", "b"]),
    ("metadata", {"order": "7"}),
    ("track_opens", True),
    ("track_clicks", False),
    ("template_id", "welcome"),
    ("envelope_sender", "bounces@example.com"),
    ("reply_to", ["a@example.com", "b@example.com"]),
    ("from_email", "müller@example.com"),
    ("idempotency_key", "order-7"),
]


@pytest.mark.parametrize(("field", "value"), CANNOT, ids=[field for field, _ in CANNOT])
def test_the_reason_is_named(send, field, value):
    """Who cannot express a message is passed over, with what it would have said alone."""
    message = MESSAGE.replace(**{field: value})
    refusals, able = {}, []
    for name, service in SERVICES.items():
        try:
            Mailer(service.make()).preview(message)
        except UnsupportedFeature as error:
            refusals[name] = str(error)
        else:
            able.append(name)
    assert refusals
    pool = Failover([member(name) for name in (*refusals, *able)])

    result = send(pool, message)

    assert able[0] == result.provider
    assert list(refusals.values()) == [str(error) for error in result.attempts]
