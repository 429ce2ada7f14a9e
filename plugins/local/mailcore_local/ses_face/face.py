"""
SesFace: the local SES in the whole.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from mailcore_local.engine import Faults
from mailcore_local.faces import CopyLine, Face, FaceSettings
from mailcore_local.hub import Hub
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.ses_face.translating import happening_of, record_of


if TYPE_CHECKING:
    from mailcore_local.ses.service import Service
    from mailcore_local.ses.topic_attributes import Subscription

logger = logging.getLogger("mailcore_local.ses")

_ACCOUNT_ID = "123456789012"
_TOPIC = "ses-events"
# Regions of the partition that most accounts are in.
_OF_AWS = re.compile(r"(?:us|eu|ap|sa|ca|me|af|il|mx)-(?!gov)[a-z]+-\d{1,2}", re.ASCII)
_CONFIGURATION_SET = "local"


@dataclass(frozen=True, kw_only=True)
class SesSettings:
    """
    How the local SES behaves: the arguments of :class:`~mailcore_local.ses.LocalSes`.
    """

    region_name: str = "us-east-1"
    signature_version: str = "1"
    access_key_id: str | None = None
    secret_access_key: str | None = None
    sandbox: bool = False
    require_verified_identities: bool = False
    verified_identities: tuple[str, ...] = ()
    max_24_hour_send: float | None = None
    max_send_rate: float | None = None


class SesFace(Face):
    """
    Amazon SES with SNS.

    A configuration set that a message names is made when it is not there, so that code runs
    unchanged whose sets are in an account.
    What it needs is imported, and its key made, when the first request comes or a webhook is there.

    Args:
        settings: Has no effect: SNS signs with a key pair of the server.
        ses: How it behaves.
    """

    name = "ses"
    label = "Amazon SES"

    def __init__(
        self, settings: FaceSettings | None = None, *, ses: SesSettings | None = None
    ) -> None:
        super().__init__(settings)
        self.ses = ses or SesSettings()
        self._lock = threading.Lock()
        self._service: Service | None = None
        self._application: ASGIApp | None = None
        self._asked: dict[str, Subscription] = {}

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        Everything below the path is the local SES's.
        """

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if hub.has_password and _shows_mails(scope):
                refused = PlainTextResponse("The mailbox has a password: see /\n", 403)
                await refused(scope, receive, send)
                return
            if self._application is None:
                # The models and the key take half a second; the others go on meanwhile.
                await asyncio.to_thread(self._prepare, hub)
            assert self._application is not None
            await self._application(scope, receive, send)

        return [Mount("", serve)]

    def make_faults(self, *, seed: int) -> Faults:
        """
        What is going to go wrong with the local SES: nothing so far.
        """
        from mailcore_local.ses import Faults as SesFaults

        return SesFaults(seed=seed)

    def webhooks_changed(self, hub: Hub) -> None:
        """
        Subscribe those that are not.
        """
        if hub.webhooks(self.name):
            service = self.service(hub)
            asked = [service.subscribe(endpoint) for endpoint in hub.webhooks(self.name)]
            self._asked = {subscription.arn: subscription for subscription in asked}

    def asked_again(self) -> bool:
        """
        Ask those again that refused to be asked, and tell of those that took it and did nothing.
        """
        from mailcore_local.ses.confirming import not_confirmed

        service = self._service
        if service is None:
            return False
        for arn, subscription in list(self._asked.items()):
            last = [r for r in service.publisher.records if r.subscription_arn == arn][-1:]
            if subscription.confirmed:
                del self._asked[arn]
            elif last and last[0].state == "delivered":
                logger.warning("%s", not_confirmed(subscription.endpoint))
                del self._asked[arn]
            elif last and last[0].state == "failed":
                service.subscribe(subscription.endpoint)
        return bool(self._asked)

    def stopped(self) -> None:
        """
        End the worker.
        """
        if self._service is not None:
            self._service.publisher.stop()

    def drain(self, timeout_seconds: float) -> None:
        """
        Wait until no notification is on its way.
        """
        if self._service is not None:
            self._service.publisher.drain(timeout_seconds)

    def publish(self, hub: Hub, mail: CapturedMail, events: Sequence[MailEvent]) -> bool:
        """
        Publish events by SNS, to whoever has subscribed.
        """
        service = self.service(hub)
        message = record_of(mail)
        for event in events:
            happening, details = happening_of(event)
            service.publish(message, happening, (event.id,), details)
        return True

    @property
    def topic_arn(self) -> str:
        """
        The topic that configuration sets publish to.
        """
        region = self.ses.region_name
        partition = "aws"
        if not _OF_AWS.fullmatch(region):
            # botocore knows; loading it takes a tenth of a second.
            from mailcore_local.ses.model import partition_of

            partition = partition_of(region)
        return f"arn:{partition}:sns:{region}:{_ACCOUNT_ID}:{_TOPIC}"

    def mailcore_url(self, base_url: str) -> str:
        """
        What `MAILCORE_URL` takes: with invented credentials, unless the server checks them.
        """
        options = {
            "region_name": self.ses.region_name,
            "endpoint_url": base_url,
            "sns_endpoint_url": f"{base_url}/",
            "topic_arns": self.topic_arn,
            "certificate_base_urls": base_url,
            "configuration_set_name": _CONFIGURATION_SET,
        }
        credentials = "" if self.ses.access_key_id else "local:local@"
        return f"ses://{credentials}?{urlencode(options, quote_via=quote, safe=':/')}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        What makes any SDK of AWS send here: variables of the environment.
        """
        region = self.ses.region_name
        return [
            CopyLine(
                title="For any AWS SDK, with any credentials",
                line=f"export AWS_DEFAULT_REGION={region} AWS_ENDPOINT_URL_SESV2={base_url}"
                f" AWS_ENDPOINT_URL_SNS={base_url}/",
            )
        ]

    def service(self, hub: Hub) -> Service:
        """
        The local SES itself: its topics, configuration sets and notifications.
        """
        self._prepare(hub)
        assert self._service is not None
        return self._service

    def _prepare(self, hub: Hub) -> None:
        with self._lock:
            if self._service is None:
                self._make(hub)

    def _make(self, hub: Hub) -> None:
        from mailcore_local.ses import Faults as SesFaults
        from mailcore_local.ses.service import Service, Settings
        from mailcore_local.ses.sigv4 import Credentials
        from mailcore_local.ses.web import application
        from mailcore_local.ses_face.surroundings import InTheWhole

        ses = self.ses
        settings = Settings(
            region_name=ses.region_name,
            signature_version=ses.signature_version,
            sandbox=ses.sandbox,
            require_verified_identities=ses.require_verified_identities,
            verified_identities=ses.verified_identities,
            max_24_hour_send=ses.max_24_hour_send,
            max_send_rate=ses.max_send_rate,
            retry_delays_seconds=hub.retry_delays_seconds,
            delivery_timeout_seconds=hub.delivery_timeout_seconds,
        )
        faults = hub.faults(self.name)
        assert isinstance(faults, SesFaults)
        surroundings = InTheWhole(hub)
        service = Service(
            hub.url_of(self.name),
            settings,
            faults=faults,
            surroundings=surroundings,
            observe=surroundings.observe,
        )
        credentials = None
        if ses.access_key_id is not None and ses.secret_access_key is not None:
            credentials = Credentials(
                access_key_id=ses.access_key_id, secret_access_key=ses.secret_access_key
            )
        service.publisher.start()
        self._service = service
        self._application = application(service, credentials, hub.stopping)


def _shows_mails(scope: Scope) -> bool:
    """
    Whether a request is for the local SES's own pages.
    """
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    page = scope["method"] in ("GET", "HEAD") and b"Action=" not in scope["query_string"]
    return path.startswith("/_local") or (path in ("", "/") and page)
