"""
What all pages have: where they are, which providers are spoken, and how to connect to each.
"""

from __future__ import annotations

import shlex

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from mailcore_local.faces import CopyLine, Face
from mailcore_local.hub import outcome_of
from mailcore_local.mailbox import WebhookOutcome
from mailcore_local.pages.answers import page
from mailcore_local.pages.one_click import OneClickOutcome
from mailcore_local.pages.rendering import STATIC_DIRECTORY, render


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_KEPT_OUTCOMES = 200
_HANDED_OVER_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    How to send through one provider.

    Attributes:
        name: The provider's name in mailcore.
        label: What people read.
        url: The address that stands for the provider's API.
        has_webhooks: Whether the provider posts events at all.
        webhooks: Where its events are posted to.
        lines: Lines to copy, each with what it is for.
    """

    name: str
    label: str
    url: str
    has_webhooks: bool
    webhooks: Sequence[str]
    lines: Sequence[CopyLine]


class Places:
    """
    Renders pages with what all of them have.

    Args:
        hub: What has the mails and the providers.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._outcomes: OrderedDict[str, OneClickOutcome] = OrderedDict()
        files = sorted(STATIC_DIRECTORY.iterdir())
        # Part of the addresses of script and style: a new version is never mixed with an old one.
        self._version = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]

    def answer(
        self, request: Request, template: str, *, status_code: int = 200, **values: object
    ) -> Response:
        """
        Answer with a page.

        Args:
            request: The request that asks for it.
            template: The name of its template.
            status_code: The status of the answer.
            values: What the template takes besides.
        """
        html = render(
            template,
            root=request.scope.get("root_path", ""),
            asset_version=self._version,
            version=self._hub.mails.version,
            total=len(self._hub.mails),
            labels=self.labels,
            **values,
        )
        return page(html, status_code=status_code)

    @property
    def labels(self) -> dict[str, str]:
        """
        What people read of each provider, by its name.
        """
        return {name: face.label for name, face in self._hub.faces.items()}

    @property
    def base_url(self) -> str:
        """
        Where the server is reached.
        """
        return self._hub.base_url

    def keep_outcome(self, mail_id: str, outcome: OneClickOutcome) -> None:
        """
        Remember what came of unsubscribing from a mail, the last 200 of them.
        """
        self._outcomes[mail_id] = outcome
        while len(self._outcomes) > _KEPT_OUTCOMES:
            self._outcomes.popitem(last=False)

    def outcome_of(self, mail_id: str) -> OneClickOutcome | None:
        """
        What came of unsubscribing from a mail, or `None` where nobody tried.
        """
        return self._outcomes.get(mail_id)

    def inbound_page(
        self, request: Request, *, problem: str = "", given: Mapping[str, str] | None = None
    ) -> Response:
        """
        The form for mail that comes in.

        Args:
            request: The request that asks for it.
            problem: Why what was given made no mail.
            given: What was given, to be mended.
        """
        return self.answer(
            request,
            "inbound.html",
            status_code=422 if problem else 200,
            problem=problem,
            given=given or {},
            takers=[name for name in self._hub.faces if self._hub.inbound_webhooks(name)],
            handed_over=self._handed_over(),
        )

    def _handed_over(self) -> Sequence[tuple[str, str, WebhookOutcome]]:
        inbound = [record for record in self._hub.posts if record.about is None]
        last = inbound[: -_HANDED_OVER_SHOWN - 1 : -1]
        return [(record.face, record.post_id, outcome_of(record)) for record in last]

    def all(self) -> Sequence[Place]:
        """
        Every provider, in the order of the server.
        """
        return tuple(self._place(name) for name in self._hub.faces)

    def has_webhooks(self, name: str) -> bool:
        """
        Whether a provider posts events at all, unlike a server of SMTP.
        """
        face = self._hub.faces.get(name)
        return face is not None and type(face).webhook_posts is not Face.webhook_posts

    def _place(self, name: str) -> Place:
        face, url = self._hub.faces[name], self._hub.url_of(name)
        lines = list(face.lines(url))
        mailcore_url = face.mailcore_url(url)
        if mailcore_url is not None:
            line = f"export MAILCORE_URL={shlex.quote(mailcore_url)}"
            lines.insert(0, CopyLine(title="For mailcore", line=line))
        return Place(
            name=name,
            label=face.label,
            url=url,
            has_webhooks=self.has_webhooks(name),
            webhooks=self._hub.webhooks(name),
            lines=tuple(lines),
        )
