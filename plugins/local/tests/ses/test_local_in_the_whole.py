"""The local SES as one face among others: its mails in the mailbox, its events in the timelines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.ses.model import partition_of
from mailcore_local.ses_face import SesFace, SesSettings


@pytest.fixture
def local(endpoint):
    """A mailbox with SES and a webhook that has confirmed its subscription."""
    with LocalMail(faces=[SesFace()], webhooks={"ses": endpoint.url}) as running:
        running.hub.drain(30)
        yield running


@pytest.fixture
def send(session, local):
    """Send by boto3; the id of SES."""
    client = session.client("sesv2", endpoint_url=local.face_url("ses"))

    def sending(*to: str, **more: object) -> str:
        given = {"ConfigurationSetName": "local", **more}
        return client.send_email(
            FromEmailAddress="Shop <shop@example.com>",
            Destination={"ToAddresses": list(to)},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hi"}}}},
            **given,
        )["MessageId"]

    yield sending
    client.close()


def test_a_mail_is_in_the_mailbox(local, send):
    """With the request, without its signature, and with the caller's tags."""
    message_id = send(
        "ada@example.com", "bob@example.com", EmailTags=[{"Name": "order", "Value": "17"}]
    )
    mail = local.wait_for("metadata:order", timeout_seconds=30)

    assert ("ses", "shop@example.com", "Hello", "Hi") == (
        mail.face,
        mail.envelope_sender,
        mail.subject,
        mail.text.strip(),
    )
    assert [message_id] * 2 == [each.message_id for each in mail.recipients]
    assert {"order": "17"} == mail.metadata
    assert "/v2/email/outbound-emails" == mail.request.path
    assert "Credential" not in repr(mail.request.headers)
    assert b'"order"' in mail.request.body


@pytest.mark.parametrize(
    ("address", "types", "state"),
    [
        ("ada@example.com", ["Send", "Delivery"], "delivered"),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce"], "bounced"),
        ("bounce+1@example.com", ["Send", "Bounce"], "bounced"),
        ("softbounce@example.com", ["Send", "Bounce"], "soft_bounced"),
        ("complaint@example.com", ["Send", "Delivery", "Complaint"], "complained"),
        ("deferred@example.com", ["Send", "DeliveryDelay", "Delivery"], "delivered"),
        ("suppressed@example.com", ["Send", "Bounce"], "rejected"),
        ("click@example.com", ["Send", "Delivery", "Open", "Click"], "clicked"),
        ("unsubscribe@example.com", ["Send", "Delivery", "Subscription"], "unsubscribed"),
        ("slow+0@example.com", ["Send", "Delivery"], "delivered"),
    ],
)
def test_what_becomes_of_an_address(local, send, endpoint, address, types, state):
    """The simulator's and the common test addresses, told by SNS and in the timeline."""
    send(address)

    def told(mail):
        return len([w for entry in mail.timeline for w in entry.webhooks if w.attempts]) >= len(
            types
        )

    mail = local.wait_for(told, timeout_seconds=30)
    assert types == [event["eventType"] for event in endpoint.events]
    assert (state,) == mail.states
    assert {"200"} == {w.attempts[-1] for entry in mail.timeline for w in entry.webhooks}


def test_events_by_hand(local, send, endpoint):
    """A button publishes what SES would, though SES's own memory is gone."""
    send("ada@example.com", "bob@example.com")
    mail = local.wait_for(timeout_seconds=30)
    local.hub.drain(30)
    local.hub.faces["ses"].service(local.hub).messages.clear()
    local.hub.make_event(mail.id, "bob@example.com", EventKind.CLICKED, url="https://example.org/")
    local.hub.make_event(mail.id, "bob@example.com", EventKind.BOUNCED)
    local.hub.drain(30)

    click, bounce = endpoint.events[-2:]
    assert ("Click", "https://example.org/") == (click["eventType"], click["click"]["link"])
    recipients = bounce["bounce"]["bouncedRecipients"]
    assert ["bob@example.com"] == [each["emailAddress"] for each in recipients]
    assert mail.recipients[0].message_id == bounce["mail"]["messageId"]
    assert ("delivered", "bounced") == local.mails.get(mail.id).states


def test_a_configuration_set_of_the_account(local, send, endpoint):
    """It is made when a message names it, so that production code runs unchanged."""
    send("ada@example.com", ConfigurationSetName="of-production")
    local.hub.drain(30)

    assert ["Send", "Delivery"] == [event["eventType"] for event in endpoint.events]


def test_faults_are_those_of_the_hub(local, send):
    """One place tells all providers what goes wrong, in each one's words."""
    local.hub.faults("ses").script("error:AccountSuspendedException")
    with pytest.raises(Exception, match="AccountSuspendedException"):
        send("ada@example.com")
    assert 0 == len(local.mails)


def test_nothing_is_made_before_it_is_needed():
    """Without a request and without a webhook there is no key and no model."""
    with LocalMail(faces=[SesFace()]) as running:
        face = running.hub.faces["ses"]

        assert face._service is None
        expected = f"ses://local:local@?region_name=us-east-1&endpoint_url={running.url}/ses&"
        assert running.mailcore_url("ses").startswith(expected)


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-west-3", "il-central-1", "us-gov-west-1", "cn-north-1"]
)
def test_the_topic_of_a_region(region):
    """Its partition is the one that botocore knows, which is not loaded for most regions."""
    arn = SesFace(ses=SesSettings(region_name=region)).topic_arn

    assert f"arn:{partition_of(region)}:sns:{region}:123456789012:ses-events" == arn


@pytest.mark.slow
def test_what_a_start_does_not_load():
    """What only some requests need, and takes longer than all else: the SDK and its HTTP."""
    code = (
        "import sys; from mailcore_local import LocalMail\n"
        "from mailcore_local.cli_lines import introduce\n"
        "with LocalMail() as local: introduce(local)\n"
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
