"""A SparkPost on this machine, with a webhook, asked by plain HTTP."""

from __future__ import annotations

import pytest
import requests

from mailcore_local.app import LocalMail
from mailcore_local.faces import FaceSettings
from mailcore_local.sparkpost.face import SparkPostFace


@pytest.fixture
def local(webhook):
    """The server."""
    face = SparkPostFace(FaceSettings(webhook_username="u", webhook_password="p"))
    with LocalMail(
        faces=[face],
        webhooks={"sparkpost": webhook.url},
        inbound_webhooks={"sparkpost": webhook.url},
    ) as made:
        # The address is tried first.
        made.hub.drain(30)
        webhook.received.clear()
        yield made


@pytest.fixture
def call(local):
    """``call("GET", "/account")``: the status and the document of the answer."""
    with requests.Session() as session:

        def make(method: str, path: str, document=None, *, key: str = "a-key", **more):
            url = f"{local.face_url('sparkpost')}/api/v1{path}"
            headers = {"Authorization": key} if key else {}
            answer = session.request(
                method, url, json=document, headers=headers, timeout=30, **more
            )
            return answer.status_code, answer.json() if answer.content else None

        yield make


@pytest.fixture
def send(call):
    """``send("a@…", subject="Hi")``: the answer to a transmission that is accepted."""

    def make(*to, top=None, **content):
        content = {"from": "shop@example.com", "subject": "Hi", "text": "Hello", **content}
        recipients = [each if isinstance(each, dict) else {"address": each} for each in to]
        document = {"content": content, "recipients": recipients, **(top or {})}
        status, answer = call("POST", "/transmissions", document)
        assert 200 == status, answer
        return answer

    return make
