"""Mailgun's own clients against the local Mailgun."""

from __future__ import annotations

import sys

import pytest


pytestmark = pytest.mark.slow

# The last one for Python 3.10.
CLIENT = "mailgun==1.10.0" if sys.version_info >= (3, 11) else "mailgun==1.8.0"

PYTHON = """
import json, sys
from mailgun.client import Client

domain = "py.example.com"
with Client(auth=("api", "key"), api_url=sys.argv[1] + "/") as client:
    told = {}
    data = {
        "from": "Shop <shop@py.example.com>",
        "to": ["ada@example.net", "bob@example.net"],
        "subject": "Hi",
        "text": "Hi %recipient.name%",
        "o:tag": ["a", "b"],
        "v:order": "17",
        "recipient-variables": json.dumps({"ada@example.net": {"name": "Ada"}}),
    }
    files = [("attachment", ("a.pdf", b"%PDF")), ("inline", ("l.png", b"PNG"))]
    sent = client.messages.create(data=data, files=files, domain=domain)
    told["sent"] = [sent.status_code, sent.json()]
    refused = client.messages.create(data={**data, "to": "nobody"}, domain=domain)
    told["refused"] = [refused.status_code, refused.json()["message"]]
    mime = {"to": "ada@example.net"}
    raw = {"message": b"From: shop@py.example.com\\nTo: ada@example.net\\nSubject: raw\\n\\nHi"}
    told["mime"] = client.mimemessage.create(data=mime, files=raw, domain=domain).status_code
    client.bounces.create(data={"address": "gone@example.net", "code": 550}, domain=domain)
    found = client.bounces.get(domain=domain, bounce_address="gone@example.net")
    told["bounce"] = [found.status_code, found.json()["code"]]
    told["listed"] = [each["address"] for each in client.bounces.get(domain=domain).json()["items"]]
    gone = client.bounces.delete(domain=domain, bounce_address="gone@example.net")
    told["deleted"] = gone.status_code
print(json.dumps(told))
"""

NODE = """
const FormData = require('form-data');
const imported = require('mailgun.js');
const Mailgun = imported.default ?? imported;
const [url] = process.argv.slice(2);
const domain = 'js.example.com';
(async () => {
  const client = new Mailgun(FormData).client({ username: 'api', key: 'key', url });
  const message = {
    from: 'Shop <shop@js.example.com>', to: ['ada@example.net'], subject: 'Hi', text: 'Hi',
    'o:tag': ['a'], 'v:order': '17', attachment: [{ filename: 'a.pdf', data: Buffer.from('%PDF') }],
  };
  const sent = await client.messages.create(domain, message);
  const failure = async (promise) => {
    try { await promise; } catch (error) { return [error.status, error.details]; }
  };
  const refused = await failure(client.messages.create(domain, { ...message, text: '' }));
  const template = { name: 'T', description: '', template: '<b>{{n}}</b>' };
  await client.domains.domainTemplates.create(domain, template);
  await client.messages.create(domain, {
    from: message.from, to: message.to, subject: 'S', template: 'T',
    't:variables': JSON.stringify({ n: 7 }),
  });
  const bounced = [{ address: 'gone@example.net', code: 550 }];
  await client.suppressions.create(domain, 'bounces', bounced);
  const left = [{ address: 'u@example.net', tags: ['a'] }];
  await client.suppressions.create(domain, 'unsubscribes', left);
  const bounces = await client.suppressions.list(domain, 'bounces');
  const one = await client.suppressions.get(domain, 'unsubscribes', 'u@example.net');
  const gone = await client.suppressions.destroy(domain, 'bounces', 'gone@example.net');
  const missing = await failure(client.suppressions.get(domain, 'bounces', 'gone@example.net'));
  console.log(JSON.stringify({
    sent, refused, bounces: bounces.items.map((each) => each.address), tags: one.tags,
    gone: gone.status, missing,
  }));
})();
"""


def test_the_client_of_python(local, python_client):
    """Forms with files, whole mails, and the list of bounces."""
    told = python_client(CLIENT)(PYTHON, local.face_url("mailgun"))

    *_, ada, _, raw = local.mails.mails()
    assert [200, {"id": ada.recipients[0].message_id, "message": "Queued. Thank you."}] == (
        told["sent"]
    )
    assert ("Hi Ada", ("a", "b"), "17") == (
        (ada.text or "").strip(),
        ada.tags,
        ada.metadata["order"],
    )
    assert ["a.pdf"] == [each.filename for each in ada.parsed.attachments]
    assert told["refused"][0] == 400
    assert "not a valid address" in told["refused"][1]
    assert (200, "raw") == (told["mime"], raw.subject)
    assert [200, "550"] == told["bounce"]
    assert "gone@example.net" in told["listed"]
    assert told["deleted"] == 200


def test_the_client_of_node(local, node_client):
    """Its classes read what is answered."""
    run = node_client({"mailgun.js": "14.0.1", "form-data": "4.0.6"})

    told = run(NODE, local.face_url("mailgun"))

    *_, first, templated = local.mails.mails()
    assert first.recipients[0].message_id == told["sent"]["id"]
    assert ["a.pdf"] == [each.filename for each in first.parsed.attachments]
    assert "<b>7</b>" == (templated.html or "").strip()
    assert told["refused"][0] == 400
    assert ["gone@example.net"] == told["bounces"]
    assert ["a"] == told["tags"]
    assert 200 == told["gone"]
    assert told["missing"][0] == 404
