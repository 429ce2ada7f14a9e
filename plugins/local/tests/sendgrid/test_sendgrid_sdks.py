"""SendGrid's own clients against the local SendGrid: sending, lists, and who posts events."""

from __future__ import annotations

import json

import pytest


pytestmark = pytest.mark.slow

PYTHON = """
import base64, json, sys
from python_http_client.exceptions import BadRequestsError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    Attachment, Category, CustomArg, Email, FileContent, FileName, FileType, Mail, To,
)

client = SendGridAPIClient("SG.key", host=sys.argv[1])
mail = Mail(
    from_email=("shop@example.com", "Shop"),
    to_emails=[To("ada@example.net", "Ada"), To("bob@example.net")],
    subject="Hi",
    plain_text_content="Hi",
    html_content="<b>Hi</b>",
    is_multiple=True,
)
mail.add_category(Category("welcome"))
mail.add_custom_arg(CustomArg("order", "17"))
content = FileContent(base64.b64encode(b"%PDF").decode())
mail.add_attachment(Attachment(content, FileName("a.pdf"), FileType("application/pdf")))
sent = client.send(mail)
told = {"sent": [sent.status_code, sent.headers["X-Message-Id"]]}
try:
    client.send(Mail(from_email="nobody", to_emails="ada@example.net", subject="S"))
except BadRequestsError as error:
    told["refused"] = [error.status_code, [each["field"] for each in error.to_dict["errors"]]]
template = client.client.templates.post(request_body={"name": "T", "generation": "dynamic"})
number = json.loads(template.body)["id"]
version = {"name": "v", "subject": "S {{n}}", "html_content": "<b>{{n}}</b>", "active": 1}
client.client.templates._(number).versions.post(request_body=version)
templated = Mail(from_email="shop@example.com", to_emails="ada@example.net")
templated.template_id = number
templated.dynamic_template_data = {"n": 7}
told["templated"] = client.send(templated).status_code
added = client.client.asm.suppressions._("global").post(
    request_body={"recipient_emails": ["gone@example.net"]}
)
told["added"] = added.status_code
listed = client.client.suppression.unsubscribes.get(query_params={"limit": 1})
told["listed"] = [each["email"] for each in json.loads(listed.body)]
gone = client.client.asm.suppressions._("global")._("gone@example.net").delete()
told["deleted"] = gone.status_code
print(json.dumps(told))
"""

VERIFY_PYTHON = """
import json, sys
from sendgrid.helpers.eventwebhook import EventWebhook

key, body, signature, timestamp = json.load(open(sys.argv[1]))
webhook = EventWebhook(key)
print(json.dumps([
    webhook.verify_signature(body, signature, timestamp),
    webhook.verify_signature(body + " ", signature, timestamp),
]))
"""

NODE = """
const mail = require('@sendgrid/mail');
const { Client } = require('@sendgrid/client');
const client = new Client();
client.setApiKey('SG.key');
client.setDefaultRequest('baseUrl', process.argv[2] + '/');
mail.setClient(client);
(async () => {
  const message = {
    from: 'Shop <shop@example.com>', to: ['ada@example.net', 'bob@example.net'],
    subject: 'Hi -name-', text: 'Hi -name-',
    categories: ['a'], customArgs: { order: '17' }, isMultiple: true,
    substitutions: { name: 'you' }, substitutionWrappers: ['-', '-'],
  };
  const [sent] = await mail.send(message);
  let refused;
  try { await mail.send({ ...message, subject: undefined, text: 'x' }); }
  catch (error) { refused = [error.code, error.response.body.errors.map((each) => each.field)]; }
  console.log(JSON.stringify({ sent: [sent.statusCode, sent.headers['x-message-id']], refused }));
})();
"""

VERIFY_NODE = """
const { EventWebhook } = require('@sendgrid/eventwebhook');
const [key, body, signature, timestamp] = JSON.parse(require('fs').readFileSync(process.argv[2]));
const webhook = new EventWebhook();
const publicKey = webhook.convertPublicKeyToECDSA(key);
const verify = (text) => webhook.verifySignature(publicKey, text, signature, timestamp);
console.log(JSON.stringify([verify(body), verify(body + ' ')]));
"""


@pytest.fixture
def posted(local, ask, webhook, tmp_path):
    """A file with the verification key, and one request of the event webhook."""
    local.hub.set_webhooks("sendgrid", [webhook.url])
    ask(
        "/mail/send",
        {
            "personalizations": [{"to": [{"email": "bounce@example.net"}]}],
            "from": {"email": "shop@example.com"},
            "subject": "Grüße",
            "content": [{"type": "text/plain", "value": "Hi"}],
            "custom_args": {"name": "Zoë"},
        },
    )
    local.hub.drain(30)
    local.hub.set_webhooks("sendgrid", [])
    (post,) = webhook.received
    headers = {name.lower(): value for name, value in post.headers.items()}
    file = tmp_path / "posted.json"
    prefix = "x-twilio-email-event-webhook-"
    file.write_text(
        json.dumps(
            [
                local.hub.face("sendgrid").signer.verification_key,
                post.body.decode(),
                headers[f"{prefix}signature"],
                headers[f"{prefix}timestamp"],
            ]
        )
    )
    return str(file)


def test_the_client_of_python(local, python_client):
    """Mails, templates, lists, and the fields of what is refused."""
    run = python_client("sendgrid==6.12.5")

    told = run(PYTHON, local.face_url("sendgrid"))

    *_, first, second, templated = local.mails.mails()
    assert [202, first.recipients[0].message_id] == told["sent"]
    assert {"ada@example.net", "bob@example.net"} == {
        each.recipients[0].address for each in (first, second)
    }
    assert ["a.pdf"] == [each.filename for each in first.parsed.attachments]
    assert (("welcome",), "17") == (first.tags, first.metadata["order"])
    assert told["refused"][0] == 400
    assert {"from.email", "content"} == set(told["refused"][1])
    assert (202, "S 7") == (told["templated"], templated.subject)
    assert ["gone@example.net"] == told["listed"]
    assert (201, 204) == (told["added"], told["deleted"])


def test_the_client_of_node(local, node_client):
    """One mail for each recipient, with substitutions."""
    run = node_client({"@sendgrid/mail": "8.1.6", "@sendgrid/client": "8.1.6"})

    told = run(NODE, local.face_url("sendgrid"))

    assert [202, local.latest().recipients[0].message_id] == told["sent"]
    assert ("Hi you", "Hi you") == (local.latest().subject, (local.latest().text or "").strip())
    assert [400, ["subject"]] == told["refused"]


def test_its_verifier_of_python_believes_the_events(python_client, posted):
    """And does not, when something was changed."""
    assert [True, False] == python_client("sendgrid==6.12.5")(VERIFY_PYTHON, posted)


def test_its_verifier_of_node_believes_the_events(node_client, posted):
    """The same in JavaScript."""
    run = node_client({"@sendgrid/eventwebhook": "8.0.0"})

    assert [True, False] == run(VERIFY_NODE, posted)
