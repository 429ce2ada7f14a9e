"""Bodies that SendGrid's own client makes, and those that mailcore makes of the same mail."""

from __future__ import annotations

import base64
import json

from typing import Any

import pytest

from sendgrid.helpers import mail as sdk

from mailcore import Message
from mailcore_sendgrid import SendGridProvider, sendgrid_options


def theirs(*further: Any, **given: Any) -> Any:
    """What the vendor's client would post."""
    mail = sdk.Mail(
        from_email=sdk.From("shop@example.com", "Shop"),
        subject=given.pop("subject", "Hi"),
        plain_text_content=given.pop("text", "Hello"),
        **given,
    )
    for each in further:
        each(mail)
    body = mail.get()
    # The client has the personalizations of several recipients in the opposite order.
    body["personalizations"].sort(key=lambda personal: personal["to"][0]["email"])
    return body


def ours(**given: Any) -> Any:
    """What mailcore posts, without the ids that it makes."""
    fields = {
        "from_email": "Shop <shop@example.com>",
        "to": ["Ada <ada@example.net>"],
        "subject": "Hi",
        "text": "Hello",
        **given,
    }
    (request,) = SendGridProvider(api_key="SG.secret").build(Message(**fields))
    body = json.loads(request.body)
    for personal in body["personalizations"]:
        del personal["custom_args"]["mailcore_id"]
        if not personal["custom_args"]:
            del personal["custom_args"]
    return body


ADA, BOB = sdk.To("ada@example.net", "Ada"), sdk.To("bob@example.net")
PDF = base64.b64encode(b"%PDF").decode()
CASES: dict[str, tuple[Any, Any]] = {
    "one recipient": (lambda: theirs(to_emails=ADA), {}),
    "HTML too": (lambda: theirs(to_emails=ADA, html_content="<p>Hi</p>"), {"html": "<p>Hi</p>"}),
    "copies": (
        lambda: theirs(
            lambda mail: mail.add_cc("carol@example.org"),
            lambda mail: mail.add_bcc("dave@example.org"),
            to_emails=[ADA, BOB],
        ),
        {
            "to": ["Ada <ada@example.net>", "bob@example.net"],
            "cc": ["carol@example.org"],
            "bcc": ["dave@example.org"],
        },
    ),
    "a mail for each": (
        lambda: theirs(to_emails=[ADA, BOB], is_multiple=True),
        {"to": ["Ada <ada@example.net>", "bob@example.net"], "merge_data": {}},
    ),
    "files": (
        lambda: theirs(
            lambda mail: mail.add_attachment(
                sdk.Attachment(
                    sdk.FileContent(PDF),
                    sdk.FileName("a.pdf"),
                    sdk.FileType("application/pdf"),
                    sdk.Disposition("attachment"),
                )
            ),
            to_emails=ADA,
        ),
        {"attachments": [("a.pdf", b"%PDF", "application/pdf")]},
    ),
    "tags and metadata": (
        lambda: theirs(
            lambda mail: mail.add_category(sdk.Category("welcome")),
            lambda mail: setattr(mail, "send_at", sdk.SendAt(1796112000)),
            to_emails=ADA,
        ),
        {"tags": ["welcome"], "send_at": "2026-12-01T08:00:00+00:00"},
    ),
    "options": (
        lambda: theirs(
            lambda mail: setattr(mail, "asm", sdk.Asm(sdk.GroupId(7), sdk.GroupsToDisplay([7, 8]))),
            lambda mail: setattr(mail, "ip_pool_name", sdk.IpPoolName("news")),
            lambda mail: setattr(
                mail, "mail_settings", sdk.MailSettings(sandbox_mode=sdk.SandBoxMode(True))
            ),
            to_emails=ADA,
        ),
        {
            "esp_extra": sendgrid_options(
                unsubscribe_group=7, unsubscribe_groups_shown=[7, 8], ip_pool="news", sandbox=True
            )
        },
    ),
    "tracking": (
        lambda: theirs(
            lambda mail: setattr(
                mail,
                "tracking_settings",
                sdk.TrackingSettings(
                    click_tracking=sdk.ClickTracking(True), open_tracking=sdk.OpenTracking(False)
                ),
            ),
            to_emails=ADA,
        ),
        {"track_clicks": True, "track_opens": False},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bodies_are_those_of_the_vendors_client(case: str) -> None:
    """As the table of the page about coming from it says."""
    make, fields = CASES[case]
    if "send_at" in fields:
        fields = {**fields, "send_at": Message.from_dict({"send_at": fields["send_at"]}).send_at}

    assert make() == ours(**fields)


def test_a_dynamic_template_of_the_vendors_client() -> None:
    """Values are those of the personalization; an empty subject is left out here."""
    mail = sdk.Mail(from_email="shop@example.com", to_emails="ada@example.net")
    mail.template_id = "d-1"
    mail.dynamic_template_data = {"name": "Ada", "items": [1, 2]}
    message = Message(
        from_email="shop@example.com",
        to=["ada@example.net"],
        template_id="d-1",
        merge_global_data={"name": "Ada", "items": [1, 2]},
    )
    (request,) = SendGridProvider(api_key="SG.secret").build(message)
    body = json.loads(request.body)
    del body["personalizations"][0]["custom_args"]

    assert mail.get() == body
