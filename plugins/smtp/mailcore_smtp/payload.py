"""
From a message to the mail and envelope that SMTP sends.

=======================================  =======================================================
The message                              What is sent
=======================================  =======================================================
is complete                              one mail, to all recipients
has `merge_headers`                      a mail for each address in `to`, with an own To line and
                                         its own headers; `cc` and `bcc` get a copy of each
=======================================  =======================================================
"""

from __future__ import annotations

import re
import secrets

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from mailcore.address import Address, address_key
from mailcore.errors import ConfigurationError, Problem
from mailcore.message import Message
from mailcore.mime import write_message
from mailcore.sending import requests_for_each
from mailcore_smtp.call import SmtpRequest
from mailcore_smtp.options import NAMESPACE, PARAMETERS, MessageOptions, SmtpOptions, extra_of


Sign: TypeAlias = Callable[[bytes], bytes]

# RFC 3461, section 4: everything but these is hexadecimal behind a "+".
_NOT_XCHAR = re.compile(r"[^!-*,-<>-~]")


def requests_for(
    message: Message, options: SmtpOptions, sign: Sign | None
) -> Sequence[SmtpRequest]:
    """
    The mails that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    if not message.is_batch:
        return [_request(message, options, sign)]
    return requests_for_each(
        message,
        lambda own: _request(own, options, sign),
        attempt=lambda own: _request(own, options, None),
        text="",
        html=None,
        alternatives=None,
        attachments=None,
    )


def _request(message: Message, options: SmtpOptions, sign: Sign | None) -> SmtpRequest:
    recipients = message.deliveries.everybody
    message_id = message.headers.get("Message-ID") or _new_message_id(message)
    message_id = message_id.strip().removeprefix("<").removesuffix(">")
    uses_utf8 = _uses_utf8(message)
    content = write_message(
        message,
        extra_headers=_extra_headers(message, options),
        message_id=message_id,
        smtputf8=uses_utf8,
    )
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    sender = message.envelope_sender or message.authors[0]
    dsn = {**options.parameters(), **extra_of(message)}
    return SmtpRequest(
        sender=sender.smtputf8_addr_spec,
        envelope=tuple([address.smtputf8_addr_spec for address in recipients]),
        content=content if sign is None else sign(content),
        message_id=message_id,
        smtputf8=uses_utf8,
        mail_parameters=tuple(_of_mail(dsn)),
        recipient_parameters=tuple(_of_recipients(dsn, recipients)),
        recipients=message.recipients,
    )


def _new_message_id(message: Message) -> str:
    return f"{secrets.token_hex(16)}@{message.authors[0].ascii_domain}"


def _uses_utf8(message: Message) -> bool:
    addresses = [*message.authors, *message.deliveries.everybody, *message.reply_to]
    if message.envelope_sender is not None:
        addresses.append(message.envelope_sender)
    return any(address.uses_eai for address in addresses)


def _extra_headers(message: Message, options: SmtpOptions) -> list[tuple[str, str]]:
    return [(n, text) for n, text in (options.headers or {}).items() if n not in message.headers]


def _of_mail(dsn: Mapping[str, Any]) -> Iterator[str]:
    """RFC 3461, sections 4.3 and 4.4."""
    if "RET" in dsn:
        yield {"full": "RET=FULL", "headers": "RET=HDRS"}[dsn["RET"]]
    if "ENVID" in dsn:
        yield f"ENVID={_xtext(dsn['ENVID'])}"


def _of_recipients(
    dsn: Mapping[str, Any], recipients: Iterable[Address]
) -> Iterator[tuple[str, ...]]:
    """RFC 3461, sections 4.1 and 4.2."""
    if "NOTIFY" not in dsn and "ORCPT" not in dsn:
        return
    notify = f"NOTIFY={','.join(dsn['NOTIFY']).upper()}" if "NOTIFY" in dsn else ""
    given = dsn.get("ORCPT", {}).items()
    original = {address_key(address): text for address, text in given}
    for recipient in recipients:
        text = original.get(recipient.key)
        orcpt = f"ORCPT=rfc822;{_xtext(text)}" if text else ""
        yield tuple([each for each in (notify, orcpt) if each])


def _xtext(text: str) -> str:
    return _NOT_XCHAR.sub(lambda found: f"+{ord(found.group()):02X}", text)


def check(message: Message) -> Iterator[Problem]:
    """What cannot be sent as it is meant, beside what the features tell."""
    extra, place = extra_of(message), f"esp_extra[{NAMESPACE!r}]"
    unknown = [name for name in extra if name not in PARAMETERS]
    if unknown:
        known = ", ".join(PARAMETERS)
        reason = f"{place} has {len(unknown)} names that are none of {known}"
        yield Problem(place, reason, "see mailcore_smtp.smtp_options()")
    try:
        MessageOptions.check_parameters(extra)
    except ConfigurationError as error:
        yield Problem(place, f"{place}: {error}", "see mailcore_smtp.smtp_options()")
        return
    recipients = {address_key(each) for each in message.recipients}
    strangers = [each for each in extra.get("ORCPT", ()) if address_key(each) not in recipients]
    if strangers:
        reason = f"dsn_original_recipients names {len(strangers)} who get no mail"
        yield Problem(place, reason, "name recipients of the message")
    for headers in (message.merge_headers or {}).values():
        refused = [name for name in headers if name.lower() in ("from", "to", "message-id")]
        if refused:
            reason = f"merge_headers[{refused[0]!r}]: it is written for you"
            yield Problem("merge_headers", reason, feature="merge_headers")
            return
