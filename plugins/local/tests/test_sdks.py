"""
Clients of Mailjet, Mandrill, Brevo and SparkPost, as they are published, against the stand-ins.

All of PyPI are installed together, and all of npm: see the fixtures `python_client` and
`node_client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.known_faces import make_faces


pytestmark = pytest.mark.slow

ADA = "ada@example.net"
PYTHON_SDKS = (
    "brevo-python==5.1.0",
    "mailchimp-transactional==1.4.1",
    "mailjet-rest==1.9.1",
    "sparkpost==1.3.10",
)
NODE_SDKS = {
    "@getbrevo/brevo": "6.0.3",
    "@mailchimp/mailchimp_transactional": "1.4.1",
    "node-mailjet": "6.0.11",
    "sparkpost": "2.1.4",
}

# Each script gets the URL of its service's stand-in, sends a mail, has another one refused, and
# prints what the client made of both answers.
PYTHON = {
    "mailjet": """
        from mailjet_rest import Client
        from mailjet_rest.errors import ValidationError

        client = Client(auth=("key", "secret"), version="v3.1", api_url=url + "/")
        mail = {"From": {"Email": "shop@example.com"}, "To": [{"Email": "ada@example.net"}],
                "Subject": "Grüße", "TextPart": "Hi"}
        answer = client.send.create(data={"Messages": [mail]}).json()
        sent = [str(to["MessageID"]) for to in answer["Messages"][0]["To"]]
        try:
            client.send.create(data={"Messages": [{**mail, "To": [{"Email": "no"}]}]})
        except ValidationError as error:
            refused = str(error)
        """,
    "mandrill": """
        from mailchimp_transactional import Client
        from mailchimp_transactional.api_client import ApiClientError

        client = Client("a-key")
        client.api_client.host = url + "/api/1.0"
        assert client.users.ping() == "PONG!"
        mail = {"from_email": "shop@example.com", "to": [{"email": "ada@example.net"}],
                "subject": "Grüße", "text": "Hi"}
        sent = [each["_id"] for each in client.messages.send({"message": mail})]
        client.rejects.add({"email": "bob@example.net"})
        assert client.rejects.list({})[0]["reason"] == "custom"
        try:
            client.messages.send_template(
                {"template_name": "gone", "template_content": [], "message": mail})
        except ApiClientError as error:
            refused = str(error.text)
        """,
    "brevo": """
        from brevo import Brevo, SendTransacEmailRequestSender as Sender
        from brevo import SendTransacEmailRequestToItem as To
        from brevo.errors import BadRequestError

        client = Brevo(api_key="a-key", base_url=url + "/v3")
        mail = {"to": [To(email="ada@example.net")], "subject": "Grüße",
                "html_content": "<p>Hi", "text_content": "Hi"}
        emails = client.transactional_emails
        answer = emails.send_transac_email(sender=Sender(email="shop@example.com"), **mail)
        sent = [answer.message_id]
        assert client.account.get_account().plan[0].credits_type == "sendLimit"
        try:
            emails.send_transac_email(**mail)
        except BadRequestError as error:
            refused = str(error.body)
        """,
    "sparkpost": """
        from sparkpost import SparkPost
        from sparkpost.exceptions import SparkPostAPIException

        client = SparkPost("a-key")
        client.transmissions.base_uri = client.templates.base_uri = url + "/api/v1"
        mail = {"from_email": "shop@example.com", "subject": "Grüße", "text": "Hi"}
        answer = client.transmissions.send(recipients=["ada@example.net"], **mail)
        sent = [answer["id"]]
        client.templates.create(id="t", name="T", published=True, **mail)
        assert client.templates.get("t")["id"] == "t"
        try:
            client.transmissions.send(recipients=["no"], **mail)
        except SparkPostAPIException as error:
            refused = str(error)
        """,
}
NODE = {
    "mailjet": """
        const Mailjet = require('node-mailjet');
        const config = {host: url.replace('http://', ''), version: 'v3.1'};
        const client = new Mailjet({apiKey: 'key', apiSecret: 'secret', config});
        client.post('send').constructor.protocol = 'http://';
        const mail = {From: {Email: 'shop@example.com'}, To: [{Email: 'ada@example.net'}],
                      Subject: 'Grüße', TextPart: 'Hi'};
        const send = (mail) => client.post('send').request({Messages: [mail]});
        sent = (await send(mail)).body.Messages[0].To.map((to) => String(to.MessageID));
        try {
          await send({...mail, To: [{Email: 'no'}]});
        } catch (error) {
          refused = error.message;
        }
        """,
    "mandrill": """
        const client = require('@mailchimp/mailchimp_transactional')('a-key');
        client.basePath = url + '/api/1.0';
        if (await client.users.ping() !== 'PONG!') throw new Error('no pong');
        const message = {from_email: 'shop@example.com', to: [{email: 'ada@example.net'}],
                         subject: 'Grüße', text: 'Hi'};
        sent = (await client.messages.send({message})).map((each) => each._id);
        const error = await client.messages.sendTemplate(
          {template_name: 'gone', template_content: [], message});
        refused = JSON.stringify(error.response.data);
        """,
    "brevo": """
        const { BrevoClient } = require('@getbrevo/brevo');
        const client = new BrevoClient({apiKey: 'a-key', baseUrl: url + '/v3'});
        const mail = {sender: {email: 'shop@example.com'}, to: [{email: 'ada@example.net'}],
                      subject: 'Grüße', htmlContent: '<p>Hi', textContent: 'Hi'};
        sent = [(await client.transactionalEmails.sendTransacEmail(mail)).messageId];
        const blocked = await client.transactionalEmails.getTransacBlockedContacts({limit: 10});
        if (blocked.count !== 0) throw new Error('blocked');
        try {
          await client.transactionalEmails.sendTransacEmail({...mail, sender: undefined});
        } catch (error) {
          refused = JSON.stringify(error.body);
        }
        """,
    "sparkpost": """
        const SparkPost = require('sparkpost');
        const client = new SparkPost('a-key', {origin: url});
        const mail = {recipients: [{address: 'ada@example.net'}],
                      content: {from: 'shop@example.com', subject: 'Grüße', text: 'Hi'}};
        sent = [(await client.transmissions.send(mail)).results.id];
        await client.suppressionList.upsert({recipient: 'b@example.net', type: 'transactional'});
        const listed = await client.suppressionList.list();
        if (listed.results[0].recipient !== 'b@example.net') throw new Error('not listed');
        try {
          await client.transmissions.send({...mail, recipients: [{address: 'no'}]});
        } catch (error) {
          refused = JSON.stringify(error.errors);
        }
        """,
}
# What the client of either language says of the second mail.
REFUSALS = {
    "brevo": "sender is missing",
    "mailjet": "is an invalid email address",
    "mandrill": "Unknown_Template",
    "sparkpost": "5002",
}


@pytest.fixture
def python(python_client: Callable[..., Callable[..., Any]]) -> Callable[[str, str], Any]:
    """``python(script, url)``: what a script with the clients of PyPI prints, as JSON."""
    client = python_client(*PYTHON_SDKS)

    def run(script: str, url: str) -> Any:
        lines = ["import json, sys", "url = sys.argv[1]"]
        lines += [line[8:] for line in script.splitlines()]
        lines.append('print(json.dumps({"sent": sent, "refused": refused}))')
        return client("\n".join(lines), url)

    return run


@pytest.fixture
def node(node_client: Callable[..., Callable[..., Any]]) -> Callable[[str, str], Any]:
    """``node(script, url)``: what a script with the clients of npm prints, as JSON."""
    client = node_client(NODE_SDKS)

    def run(script: str, url: str) -> Any:
        text = (
            "const url = process.argv[2];\nlet sent, refused;\n(async () => {\n"
            f"{script}\nconsole.log(JSON.stringify({{sent, refused}}));\n}})();\n"
        )
        return client(text, url)

    return run


@pytest.fixture
def local(request: pytest.FixtureRequest) -> Iterator[LocalMail]:
    """The stand-in of the service that the test names."""
    with LocalMail(faces=make_faces([request.getfixturevalue("name")])) as made:
        yield made


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_clients_of_pypi(local: LocalMail, name: str, python: Callable[[str, str], Any]) -> None:
    """The mail arrives under the id that the client got, and an error is one to the client."""
    told = python(PYTHON[name], local.face_url(name))

    (mail,) = local.mails.mails()
    assert told["sent"] == [each.message_id for each in mail.recipients]
    assert ("Grüße", "Hi") == (mail.subject, (mail.text or "").strip())
    assert [ADA] == [each.address for each in mail.recipients]
    assert REFUSALS[name] in told["refused"]


@pytest.mark.parametrize("name", sorted(NODE))
def test_clients_of_npm(local: LocalMail, name: str, node: Callable[[str, str], Any]) -> None:
    """The same for the clients of Node."""
    told = node(NODE[name], local.face_url(name))

    (mail,) = local.mails.mails()
    assert told["sent"] == [each.message_id for each in mail.recipients]
    assert ("Grüße", "Hi") == (mail.subject, (mail.text or "").strip())
    assert REFUSALS[name] in told["refused"]
