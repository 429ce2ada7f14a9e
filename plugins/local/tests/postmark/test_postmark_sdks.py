"""Postmark's own clients against the local Postmark."""

from __future__ import annotations

import pytest


pytestmark = pytest.mark.slow

OFFICIAL = """
import asyncio, json, sys
import postmark
from postmark.exceptions import InactiveRecipientException, ValidationException

ADDRESSES = {"sender": "shop@example.com", "to": "ada@example.net"}
MESSAGE = {**ADDRESSES, "subject": "Hi", "text_body": "Hi"}

async def main(url):
    told = {}
    async with postmark.ServerClient("token", base_url=url) as client:
        sent = await client.outbound.send({**MESSAGE, "tag": "t", "metadata": {"a": "b"}})
        told["sent"] = [sent.message_id, sent.error_code, sent.message]
        batch = await client.outbound.send_batch([MESSAGE, MESSAGE])
        told["batch"] = [each.error_code for each in batch]
        made = await client.templates.create(
            {"Name": "T", "Alias": "py", "Subject": "S {{n}}", "HtmlBody": "<b>{{n}}</b>"}
        )
        told["template"] = [made.alias, (await client.templates.get("py")).subject]
        await client.outbound.send_with_template(
            {**ADDRESSES, "template_alias": "py", "template_model": {"n": 7}}
        )
        created = await client.suppressions.create("outbound", ["gone@example.net"])
        told["suppressed"] = [each.status for each in created]
        dumped = await client.suppressions.dump("outbound", email_address="gone@example.net")
        told["dump"] = [[each.email_address, each.origin.value] for each in dumped]
        try:
            await client.outbound.send({**MESSAGE, "to": "gone@example.net"})
        except InactiveRecipientException as error:
            told["inactive"] = [error.http_status, error.inactive_recipients]
        try:
            await client.outbound.send({**MESSAGE, "text_body": None})
        except ValidationException as error:
            told["invalid"] = [error.http_status, error.error_code]
        deleted = await client.suppressions.delete("outbound", ["gone@example.net"])
        told["deleted"] = [each.status for each in deleted]
    print(json.dumps(told))

asyncio.run(main(sys.argv[1]))
"""

NODE = """
const { ServerClient, Errors } = require('postmark');
const [requestHost] = process.argv.slice(2);
const client = new ServerClient('token', { useHttps: false, requestHost });
const message = { From: 'shop@example.com', To: 'ada@example.net', Subject: 'Hi', TextBody: 'Hi' };
const failure = async (promise) => {
  try { await promise; } catch (error) {
    return [error.name, error.statusCode, error.code, error.recipients ?? null];
  }
};
(async () => {
  const sent = await client.sendEmail({ ...message, Metadata: { a: 'b' }, Cc: 'b@example.net' });
  const batch = await client.sendEmailBatch([message, { ...message, To: 'nobody' }]);
  const template = { Name: 'T', Alias: 'js', Subject: 'S {{n}}', HtmlBody: '<b>{{n}}</b>' };
  await client.createTemplate(template);
  const templated = await client.sendEmailWithTemplate({
    TemplateAlias: 'js', TemplateModel: { n: 8 }, From: message.From, To: message.To,
  });
  const listed = await client.getTemplates();
  const checked = await client.validateTemplate({
    Subject: 'a', HtmlBody: '{{a', TextBody: 'c', TestRenderModel: {},
  });
  const gone = { Suppressions: [{ EmailAddress: 'js@example.net' }] };
  await client.createSuppressions('outbound', gone);
  const inactive = await failure(client.sendEmail({ ...message, To: 'js@example.net' }));
  const dump = await client.getSuppressions('outbound', { emailAddress: 'js@example.net' });
  const invalid = await failure(client.sendEmail({ ...message, TextBody: undefined }));
  const none = await failure(client.getTemplate(1));
  console.log(JSON.stringify({
    sent: [sent.ErrorCode, sent.To, sent.Cc], batch: batch.map((each) => each.ErrorCode),
    templated: templated.ErrorCode, listed: listed.TotalCount, valid: checked.AllContentIsValid,
    inactive, dump: dump.Suppressions.map((each) => each.SuppressionReason), invalid, none,
  }));
})();
"""


def test_the_official_client_of_python(local, python_client):
    """Its strict models read every answer."""
    run = python_client("postmark-python==0.4.0")

    told = run(OFFICIAL, local.face_url("postmark"))

    mails = local.mails.mails()[-4:]
    assert [mails[0].recipients[0].message_id, 0, "OK"] == told["sent"]
    assert [0, 0] == told["batch"]
    assert ["py", "S {{n}}"] == told["template"]
    assert ("S 7", "<b>7</b>") == (mails[-1].subject, (mails[-1].html or "").strip())
    assert [["gone@example.net", "Customer"]] == told["dump"]
    assert (["Suppressed"], ["Deleted"]) == (told["suppressed"], told["deleted"])
    assert [422, ["gone@example.net"]] == told["inactive"]
    assert [422, 300] == told["invalid"]


def test_the_official_client_of_node(local, node_client):
    """Its errors have the classes, codes and recipients that it makes of Postmark's answers."""
    run = node_client({"postmark": "5.1.0"})

    told = run(NODE, local.face_url("postmark").removeprefix("http://"))

    assert [0, "ada@example.net", "b@example.net"] == told["sent"]
    assert [0, 300] == told["batch"]
    assert ("S 8", "<b>8</b>") == (local.latest().subject, (local.latest().html or "").strip())
    assert ["InactiveRecipientsError", 422, 406, ["js@example.net"]] == told["inactive"]
    assert ["ManualSuppression"] == told["dump"]
    assert ["InvalidEmailRequestError", 422, 300, None] == told["invalid"]
    assert ["ApiInputError", 422, 1101, None] == told["none"]
    assert told["templated"] == 0
    assert told["listed"] >= 1
    assert not told["valid"]
