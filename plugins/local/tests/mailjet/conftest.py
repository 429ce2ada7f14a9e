"""A Mailjet on this machine, with a webhook, asked by plain HTTP."""

from __future__ import annotations

import pytest
import requests

from mailcore_local.app import LocalMail
from mailcore_local.faces import FaceSettings
from mailcore_local.mailjet.face import MailjetFace


@pytest.fixture(params=[False])
def local(request, webhook):
    """The server; with events in arrays if a test asks for it."""
    settings = FaceSettings(webhook_username="u", webhook_password="p")
    face = MailjetFace(settings, groups_events=request.param)
    with LocalMail(
        faces=[face],
        webhooks={"mailjet": webhook.url},
        inbound_webhooks={"mailjet": webhook.url},
    ) as made:
        yield made


@pytest.fixture
def call(local):
    """``call("/v3.1/send", {...})``: the status and the document of the answer."""
    with requests.Session() as session:

        def make(path: str, document=None, *, method: str = "POST", auth=("key", "secret")):
            url = f"{local.face_url('mailjet')}{path}"
            answer = session.request(method, url, json=document, auth=auth, timeout=30)
            return answer.status_code, answer.json() if answer.content else None

        yield make


@pytest.fixture
def send(call):
    """``send({...}, {...})``: the status and the document of the answer to these messages."""

    def make(*messages, **root):
        complete = [
            {
                "From": {"Email": "shop@example.com", "Name": "Büro"},
                "To": [{"Email": "ada@example.net"}],
                "Subject": "Hi",
                "TextPart": "Hello",
                **message,
            }
            for message in messages
        ]
        given = [{k: v for k, v in each.items() if v is not ...} for each in complete]
        return call("/v3.1/send", {"Messages": given, **root})

    return make
