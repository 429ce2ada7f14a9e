"""A Mandrill on this machine, with a webhook, asked by plain HTTP."""

from __future__ import annotations

import pytest
import requests

from mailcore_local.app import LocalMail
from mailcore_local.faces import FaceSettings
from mailcore_local.mandrill.face import MandrillFace


@pytest.fixture
def local(webhook):
    """The server."""
    face = MandrillFace(FaceSettings(webhook_secret="hook-key"))
    with LocalMail(
        faces=[face],
        webhooks={"mandrill": f"{webhook.url}?a=1"},
        inbound_webhooks={"mandrill": webhook.url},
    ) as made:
        # The address is tried first.
        made.hub.drain(30)
        webhook.received.clear()
        yield made


@pytest.fixture
def call(local):
    """``call("users/ping", **fields)``: the status and the document of the answer."""
    with requests.Session() as session:

        def make(name: str, /, *, key: str = "a-key-of-mine", **fields: object):
            url = f"{local.face_url('mandrill')}/api/1.0/{name}.json"
            answer = session.post(url, json={"key": key, **fields}, timeout=30)
            return answer.status_code, answer.json()

        yield make


@pytest.fixture
def send(call):
    """``send(to=["a@…"], **message)``: the results by address."""

    def make(*to: str, template: str | None = None, top=None, **message: object):
        sent = {
            "from_email": "shop@example.com",
            "from_name": "Büro",
            "subject": "Hi",
            "text": "Hello",
            "to": [{"email": address, "type": "to"} for address in to],
            **message,
        }
        fields = {"message": sent, **(top or {})}
        if template is not None:
            fields |= {"template_name": template}
            fields.setdefault("template_content", [])
        status, results = call(
            "messages/send" if template is None else "messages/send-template", **fields
        )
        assert 200 == status, results
        return {each["email"]: each for each in results}

    return make
