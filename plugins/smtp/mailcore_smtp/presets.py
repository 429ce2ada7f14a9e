"""
The SMTP interfaces of services that are not only mail servers: where they are, and what they read.

A preset gives the options for :class:`~mailcore_smtp.SmtpProvider`::

    mailer = Mailer("smtp", **PRESETS["postmark"].options(username=token, password=token))

Each service obeys some headers of the mail; they are told here by name and meaning, and are given
as ``headers`` of a message, or for all messages as ``headers`` of the provider. Their events come
as webhooks, not by SMTP: the service's own plugin reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.errors import ConfigurationError
from mailcore.foundation import FrozenDict
from mailcore_smtp.options import Security


@dataclass(frozen=True, kw_only=True)
class Preset:
    """
    A service's SMTP interface.

    Args:
        label: What people call the service.
        host: The name of the service's server; ``{region_name}`` stands for a region.
        ports: The ports for each value of `security`; the first one is taken.
        username: What all users give, if it is the same for all.
        headers: What each header means that the service reads, by name; ``-*`` at the end of a name
            stands for any ending.
        sources: Pages that say so, read 2026-11-30.
    """

    label: str
    host: str
    ports: Mapping[Security, tuple[int, ...]]
    username: str | None = None
    headers: Mapping[str, str] = field(default_factory=FrozenDict)
    sources: tuple[str, ...] = ()

    def options(
        self,
        *,
        password: str,
        username: str | None = None,
        region_name: str | None = None,
        security: Security = "starttls",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """
        Options for the provider ``smtp``.

        Args:
            password: The password of the account, as the table of presets says.
            username: The user name of the account, where the service has one.
            region_name: Where `host` has a place for it.
            security: How TLS begins: ``starttls`` or ``tls``.
            headers: Some of the headers that the service obeys, with their values, for all
                messages.

        Raises:
            ConfigurationError: If something is missing, or a header is none that the service reads.
        """
        problems = []
        if "{region_name}" in self.host and not region_name:
            problems.append("region_name is missing")
        chosen = username or self.username
        if not chosen:
            problems.append("username is missing")
        if security not in self.ports:
            problems.append(f"security must be {' or '.join(map(repr, self.ports))}")
        strangers = [name for name in headers or {} if not self.reads(name)]
        if strangers:
            problems.append(f"{self.label} does not read {len(strangers)} of the headers")
        if problems:
            raise ConfigurationError(f"smtp: {self.label}: {'; '.join(problems)}")
        return {
            "host": self.host.format(region_name=region_name),
            "port": self.ports[security][0],
            "security": security,
            "username": chosen,
            "password": password,
            **({"headers": dict(headers)} if headers else {}),
        }

    def reads(self, name: str) -> bool:
        """Whether the service obeys a header of that name."""
        key = name.lower()
        return any(
            key.startswith(known[:-1].lower()) if known.endswith("*") else key == known.lower()
            for known in self.headers
        )


_TWILIO = "https://www.twilio.com/docs/sendgrid/for-developers/sending-email"

PRESETS: Mapping[str, Preset] = FrozenDict(
    {
        "ses": Preset(
            label="Amazon SES",
            host="email-smtp.{region_name}.amazonaws.com",
            ports={"starttls": (587, 2587, 25), "tls": (465, 2465)},
            headers={
                "X-SES-CONFIGURATION-SET": "the name of a configuration set",
                "X-SES-MESSAGE-TAGS": "message tags: name=value, name=value",
            },
            sources=(
                "https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html",
                "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html",
            ),
        ),
        "sendgrid": Preset(
            label="SendGrid",
            host="smtp.sendgrid.net",
            ports={"starttls": (587, 2525, 25), "tls": (465,)},
            username="apikey",
            headers={"X-SMTPAPI": "JSON: category, unique_args, send_at, filters and others"},
            sources=(f"{_TWILIO}/integrating-with-the-smtp-api",),
        ),
        "postmark": Preset(
            label="Postmark",
            host="smtp.postmarkapp.com",
            ports={"starttls": (587, 2525, 25)},
            headers={
                "X-PM-Message-Stream": "the ID of the stream",
                "X-PM-Metadata-*": "one value of metadata, whose key ends the name",
                "X-PM-Tag": "the tag",
                "X-PM-TrackOpens": "true or false",
                "X-PM-TrackLinks": "None, HtmlAndText, HtmlOnly or TextOnly",
            },
            sources=(
                "https://postmarkapp.com/developer/user-guide/send-email-with-smtp",
                "https://postmarkapp.com/support/article/1125-custom-metadata-faq-1",
            ),
        ),
    }
)
"""The presets by the name of the service's own plugin."""
