"""A Brevo on this machine, with a webhook, asked by plain HTTP."""

from __future__ import annotations

import pytest
import requests

from mailcore_local.app import LocalMail
from mailcore_local.brevo.face import BrevoFace
from mailcore_local.faces import FaceSettings


@pytest.fixture
def local(webhook):
    """The server."""
    face = BrevoFace(FaceSettings(webhook_username="u", webhook_password="p"))
    with LocalMail(
        faces=[face],
        webhooks={"brevo": webhook.url},
        inbound_webhooks={"brevo": webhook.url},
    ) as made:
        yield made


@pytest.fixture
def ask(local):
    """``ask("GET", "/account")``: the whole answer."""
    with requests.Session() as session:

        def make(method: str, path: str, document=None, *, headers=None, **more):
            url = f"{local.face_url('brevo')}/v3{path}"
            sent = {"api-key": "a-key"} if headers is None else headers
            return session.request(method, url, json=document, headers=sent, timeout=30, **more)

        yield make


@pytest.fixture
def call(ask):
    """``call("GET", "/account")``: the status and the document of the answer."""

    def make(*arguments, **more):
        answer = ask(*arguments, **more)
        return answer.status_code, answer.json() if answer.content else None

    return make


@pytest.fixture
def send(call):
    """``send("a@…", subject="Hi")``: the status and the document of the answer."""

    def make(*to, **fields):
        document = {
            "sender": {"email": "shop@example.com", "name": "Büro"},
            "to": [{"email": each} for each in to],
            "subject": "Hi",
            "htmlContent": "<p>Hello</p>",
            **fields,
        }
        return call("POST", "/smtp/email", {k: v for k, v in document.items() if v is not None})

    return make
