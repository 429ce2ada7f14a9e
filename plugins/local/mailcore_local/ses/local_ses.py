"""
The Python API: a local SES that tests start and stop.
"""

from __future__ import annotations

import time

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mailcore_local.ses.faults import Faults
from mailcore_local.ses.records import MessageRecord, NotificationRecord
from mailcore_local.ses.running import RunningServer
from mailcore_local.ses.service import DEFAULT_CONFIGURATION_SET, Service, Settings
from mailcore_local.ses.signing import SIGNATURE_VERSIONS
from mailcore_local.ses.sigv4 import Credentials


if TYPE_CHECKING:
    from typing_extensions import Self


class LocalSes:
    """
    SES v2 and SNS on a loopback port.

    It starts with `start()` or on entering the `with` block, and leaves no thread behind when it
    stops. It may be started once.

    Args:
        host: The address of the interface to listen on.
        port: Port; 0 takes a free one.
        public_url: Where others reach the server, when that is not the loopback address and port
            (a container's name, say); certificate and subscription URLs start with it. Requests
            whose `Host` is neither its host, nor `host`, nor a loopback name are refused.
        region_name: The region of ARNs and error texts.
        signature_version: SNS signature of new topics: `"1"` (SHA-1, SNS's default) or `"2"`
            (SHA-256).
        access_key_id: The key id that requests must be signed with, by `secret_access_key`. Without
            both, any signature will do.
        secret_access_key: The secret key that belongs to `access_key_id`.
        sandbox: Behave like a new account: verified senders and recipients only, 200 a day, one a
            second.
        require_verified_identities: Refuse senders that are not verified.
        verified_identities: Addresses and domains that are verified from the start.
        max_24_hour_send: Daily quota in recipients; `None` is unlimited (200 in the sandbox).
        max_send_rate: Recipients per second; `None` is 10,000 (1 in the sandbox).
        retry_delays_seconds: Pauses before the retries of a notification.
        delivery_timeout_seconds: How many seconds one attempt to deliver a notification may take.
        seed: The seed of the random numbers that faults by rate are drawn with.
        directory: Where accepted messages are also written as `.eml` files, but for those whose
            template could not be rendered; it is created when missing.
        clock: Seconds since the epoch, for the quota.

    Raises:
        ValueError: A value that is none of the above.
        OSError: From `start()`: the port is taken, or the directory cannot be created.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        region_name: str = "us-east-1",
        signature_version: str = "1",
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        sandbox: bool = False,
        require_verified_identities: bool = False,
        verified_identities: Iterable[str] = (),
        max_24_hour_send: float | None = None,
        max_send_rate: float | None = None,
        retry_delays_seconds: Sequence[float] = (0.1, 0.2, 0.4),
        delivery_timeout_seconds: float = 5.0,
        seed: int = 0,
        directory: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if signature_version not in SIGNATURE_VERSIONS:
            raise ValueError(f"signature_version is '1' or '2', not {signature_version!r}")
        if (access_key_id is None) != (secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        if isinstance(port, bool) or not 0 <= port <= 65535:
            raise ValueError(f"port is a number from 0 to 65535, not {port!r}")
        credentials = (
            Credentials(access_key_id=access_key_id, secret_access_key=secret_access_key)
            if access_key_id is not None and secret_access_key is not None
            else None
        )
        self._checks_credentials = credentials is not None
        self._settings = Settings(
            region_name=region_name,
            signature_version=signature_version,
            sandbox=sandbox,
            require_verified_identities=require_verified_identities,
            verified_identities=tuple(verified_identities),
            max_24_hour_send=max_24_hour_send,
            max_send_rate=max_send_rate,
            retry_delays_seconds=tuple(retry_delays_seconds),
            delivery_timeout_seconds=delivery_timeout_seconds,
            seed=seed,
            directory=None if directory is None else Path(directory),
            clock=clock,
        )
        self._running = RunningServer(
            host=host,
            port=port,
            public_url=public_url,
            credentials=credentials,
            settings=self._settings,
        )

    def start(self) -> None:
        """
        Listen and serve in the background.
        """
        self._running.start()

    def stop(self) -> None:
        """
        Stop serving, release everything that hangs, and wait for all threads.

        Stopping twice is fine.
        """
        self._running.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _service(self) -> Service:
        return self._running.service

    @property
    def url(self) -> str:
        """
        What boto3's `endpoint_url` takes, for sesv2 and for sns.
        """
        return self._service.base_url

    @property
    def region_name(self) -> str:
        """
        The region.
        """
        return self._settings.region_name

    @property
    def topic_arn(self) -> str:
        """
        The topic that the configuration set `local` publishes to.
        """
        return self._service.topic_arn

    @property
    def certificate_pem(self) -> bytes:
        """
        The certificate that notifications are signed with, PEM.
        """
        return self._service.signer.certificate_pem

    @property
    def certificate_url(self) -> str:
        """
        The SigningCertURL of every notification.
        """
        return f"{self.url}/{self._service.signer.certificate_name}"

    @property
    def provider_options(self) -> dict[str, Any]:
        """
        Options of the SES provider that make it send to this server and believe its notifications.
        """
        return {
            "region_name": self.region_name,
            "endpoint_url": self.url,
            "sns_endpoint_url": self.url,
            "topic_arns": [self.topic_arn],
            "certificate_base_urls": [self.url],
        }

    @property
    def mailcore_url(self) -> str:
        """
        What `MAILCORE_URL` takes to send here, with the configuration set that publishes events.

        It has invented credentials, unless the server checks them: then they are not in it, and are
        looked for where boto3 finds them.
        """
        options = {**self.provider_options, "configuration_set_name": DEFAULT_CONFIGURATION_SET}
        text = {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in options.items()
        }
        credentials = "" if self._checks_credentials else "local:local@"
        return f"ses://{credentials}?{urlencode(text, quote_via=quote, safe=':/')}"

    @property
    def faults(self) -> Faults:
        """
        What is going to go wrong.
        """
        return self._service.faults

    @property
    def messages(self) -> list[MessageRecord]:
        """
        The accepted messages, in order.
        """
        return self._service.messages.all()

    @property
    def notifications(self) -> list[NotificationRecord]:
        """
        The SNS messages, confirmations included, in order.
        """
        return self._service.publisher.records

    def clear(self) -> None:
        """
        Forget accepted messages and finished notifications.
        """
        self._service.messages.clear()
        self._service.publisher.clear()

    def subscribe(
        self,
        endpoint_url: str,
        *,
        raw_message_delivery: bool = False,
        timeout_seconds: float | None = None,
    ) -> str:
        """
        Subscribe an HTTP endpoint to the default topic.

        It is sent a SubscriptionConfirmation and gets notifications once it has confirmed.

        Args:
            endpoint_url: The URL that notifications are posted to.
            raw_message_delivery: Post events without the SNS envelope and without a signature.
            timeout_seconds: Wait that long for the confirmation; `None` does not wait.

        Returns:
            The subscription's ARN.

        Raises:
            ConfirmationFailed: The endpoint refused to be asked, or redirected; only with
                `timeout_seconds`. Without, it is logged.
            ServiceError: The URL is not one of HTTP.
            TimeoutError: It was not confirmed in time.
        """
        subscription = self._service.subscribe(
            endpoint_url, raw_message_delivery=raw_message_delivery
        )
        if timeout_seconds is not None:
            self.wait_until_confirmed(subscription.arn, timeout_seconds)
        return subscription.arn

    def wait_until_confirmed(self, subscription_arn: str, timeout_seconds: float) -> None:
        """
        Wait until a subscription is confirmed.

        Raises:
            ConfirmationFailed: The endpoint refused to be asked, or redirected: it says at once
                with which status, and what is likely wrong.
            ServiceError: There is no such subscription.
            TimeoutError: It was not confirmed in time.
        """
        service = self._service
        with service.lock:
            subscription = service.topics.subscription(subscription_arn)
            service.lock.wait_for(
                lambda: subscription.confirmed or subscription_arn in service.confirmations.failed,
                timeout_seconds,
            )
            if subscription.confirmed:
                return
            if subscription_arn in service.confirmations.failed:
                raise service.confirmations.failed[subscription_arn]
            raise TimeoutError(
                f"the subscription was not confirmed within {timeout_seconds:g} seconds"
            )

    def is_confirmed(self, subscription_arn: str) -> bool:
        """
        Whether a subscription is confirmed.

        Raises:
            ServiceError: There is no such subscription.
        """
        service = self._service
        with service.lock:
            return service.topics.subscription(subscription_arn).confirmed

    def unsubscribe(self, subscription_arn: str) -> None:
        """
        End a subscription; a confirmed endpoint is sent an UnsubscribeConfirmation.

        Raises:
            ServiceError: There is no such subscription.
        """
        service = self._service
        with service.lock:
            service.topics.unsubscribe(subscription_arn)

    def wait_for_messages(self, count: int, timeout_seconds: float) -> list[MessageRecord]:
        """
        Wait until at least `count` messages were accepted.

        Returns:
            All accepted messages so far.

        Raises:
            TimeoutError: Fewer were accepted in time.
        """
        return self._service.messages.wait_for(count, timeout_seconds)

    def emit(
        self,
        message_id: str,
        event_type: str,
        *,
        recipients: Sequence[str] | None = None,
        event: Mapping[str, object] | None = None,
    ) -> None:
        """
        Publish an event for an accepted message by hand, such as an Open or a DeliveryDelay.

        Args:
            message_id: The id of the message that the event is about.
            event_type: The type in SES's words: `Open`, `Click`, `Rendering Failure`, …
            recipients: Whom it is about, where the event says so; all recipients by default.
            event: Members of the event's object that replace those made up here.

        Raises:
            ServiceError: No such message.
            ValueError: No such event type.
        """
        self._service.emit(message_id, event_type, recipients=recipients, details=event)

    def wait_for_deliveries(self, count: int, timeout_seconds: float) -> list[NotificationRecord]:
        """
        Wait until at least `count` notifications were delivered; confirmations do not count.

        Returns:
            All delivered notifications so far.

        Raises:
            TimeoutError: Fewer were delivered in time.
        """
        return self._service.publisher.wait_for(count, timeout_seconds)

    def drain(self, timeout_seconds: float) -> None:
        """
        Wait until no notification is on its way.

        Raises:
            TimeoutError: One still is.
        """
        self._service.publisher.drain(timeout_seconds)
