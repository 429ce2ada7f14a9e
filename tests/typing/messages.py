"""What a message is made of, and what is refused before the program runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.message import EmailMessage
from email.mime.image import MIMEImage
from typing import Any

from typing_extensions import assert_type

from mailcore import (
    Address,
    Alternative,
    Attachment,
    Headers,
    Mailer,
    Message,
    Unsubscribe,
    inline_image,
    parse_addresses,
    write_message,
)
from mailcore.message import Defaults, MessageFields
from mailcore_mailgun import mailgun_options
from mailcore_mailjet import mailjet_options
from mailcore_postmark import postmark_options
from mailcore_ses import ses_options


def addresses_come_in_three_forms() -> None:
    Message(from_email="Shop <shop@example.com>", to=["ada@example.net"])
    Message(from_email=("Shop", "shop@example.com"), to=[("Ada", "ada@example.net")])
    Message(from_email=Address("shop@example.com"), to=(Address("ada@example.net", "Ada"),))
    Message(from_email=["a@example.com", "b@example.com"], to=iter(["ada@example.net"]))
    Message(to=[42])  # E: list-item, reportArgumentType
    Message(to=None, reply_to=None)


def a_message_says_what_it_holds(message: Message) -> None:
    assert_type(message.from_email, Address | None)
    assert_type(message.to, tuple[Address, ...])
    assert_type(message.recipients, tuple[str, ...])
    assert_type(message.subject, str | None)
    assert_type(message.text, str | None)
    assert_type(message.attachments, tuple[Attachment, ...])
    assert_type(message.alternatives, tuple[Alternative, ...])
    assert_type(message.headers, Headers)
    assert_type(message.tags, tuple[str, ...])
    assert_type(message.unsubscribe, Unsubscribe | None)
    assert_type(message.send_at, datetime | None)
    assert_type(message.track_opens, bool | None)
    assert_type(write_message(message), bytes)


def fields_that_do_not_exist_are_errors(message: Message) -> None:
    Message(form_email="shop@example.com")  # E: call-arg, reportCallIssue
    message.replace(subjekt="Hello")  # E: call-arg, reportCallIssue
    message.subject = "Hello"  # E: misc, reportAttributeAccessIssue


def values_of_another_type_are_errors() -> None:
    Message(subject=42)  # E: arg-type, reportArgumentType
    Message(track_opens="yes")  # E: arg-type, reportArgumentType
    Message(metadata={"order": object()})  # E: dict-item, reportArgumentType
    Message(esp_extra={"ses": 42})  # E: dict-item, reportArgumentType


def replace_takes_what_the_constructor_takes(message: Message) -> None:
    changed = message.replace(
        to=["bob@example.net"],
        metadata={"order": 42, "paid": True, "note": None},
        headers={"X-Shop": "main"},
        send_at=datetime.now(timezone.utc),
        unsubscribe="https://example.com/leave",
        merge_data={"bob@example.net": {"name": "Bob"}},
    )
    assert_type(changed, Message)


def files_come_in_the_forms_that_programs_have(mail: EmailMessage) -> None:
    logo = inline_image(b"\x89PNG\r\n\x1a\n", filename="logo.png")
    assert_type(logo, Attachment)
    assert_type(logo.cid_url, str)
    Message(
        attachments=[
            logo,
            ("terms.txt", "Be kind."),
            ("terms.pdf", b"%PDF", "application/pdf"),
            MIMEImage(b"\x89PNG\r\n\x1a\n", "png"),
        ]
    )
    Message(attachments=["terms.pdf"])  # E: list-item, reportArgumentType
    assert_type(Message.from_mime(mail), Message)
    assert_type(Message.from_mime(b"Subject: Hello\r\n\r\n"), Message)


def fields_may_be_collected_first(rows: list[tuple[str, str]]) -> None:
    fields: MessageFields = {"from_email": "shop@example.com", "tags": ["news"]}
    news = Message(**fields)
    for address, subject in rows:
        assert_type(news.replace(to=[address], subject=subject), Message)
    fields["sender"] = "a@b.c"  # E: typeddict-unknown-key, reportGeneralTypeIssues


def defaults_are_fields() -> None:
    Mailer("null", defaults={"from_email": "shop@example.com", "track_opens": None})
    Mailer("null", defaults=Defaults({"tags": ["shop"]}, by_provider={"ses": {"tags": []}}))
    Defaults({"tag": ["shop"]})  # E: arg-type, reportArgumentType


def documents_become_messages(document: Mapping[str, object], message: Message) -> None:
    assert_type(message.to_dict(), dict[str, Any])
    assert_type(Message.from_dict(document), Message)


def addresses_are_parsed() -> None:
    found = parse_addresses(["Ada <ada@example.net>, bob@example.net"], field="to")
    assert_type(found, tuple[Address, ...])
    parse_addresses(["ada@example.net"], "to")  # E: call-arg, reportCallIssue
    assert_type(Address("ada@example.net").domain, str)


def options_of_one_provider_have_names() -> None:
    Message(esp_extra=ses_options(configuration_set_name="offers", email_tags={"a": "b"}))
    Message(esp_extra=postmark_options(message_stream="broadcast", track_links="HtmlOnly"))
    Message(esp_extra=mailjet_options(custom_id="order-7", sandbox=True))
    Message(esp_extra=mailgun_options(template_version="spring", require_tls=True))
    Message(esp_extra={**ses_options(tenant_name="a"), **postmark_options(message_stream="b")})
    ses_options(configuration_set="offers")  # E: call-arg, reportCallIssue
    ses_options(content="plain")  # E: arg-type, reportArgumentType
    postmark_options(track_links="Html")  # E: arg-type, reportArgumentType
    mailjet_options(priority="high")  # E: arg-type, reportArgumentType
    mailgun_options(require_tls="yes")  # E: arg-type, reportArgumentType
