"""
The services behind the HTTP server: dispatch, state, events.
"""

from __future__ import annotations

import functools
import threading
import time

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.model import OperationModel

from mailcore_local.engine import (
    Accepted,
    Fate,
    Fault,
    Happening,
    Publisher,
    grouped,
    happenings,
    is_test_virus,
)
from mailcore_local.ses.account import Account
from mailcore_local.ses.configuration_sets import ConfigurationSets
from mailcore_local.ses.confirming import Confirmations
from mailcore_local.ses.decoding import decode_query, decode_rest_json
from mailcore_local.ses.deliveries import may_retry
from mailcore_local.ses.errors import ServiceError, not_found
from mailcore_local.ses.event_publishing import EventPublishing
from mailcore_local.ses.events import EVENT_TYPES, event_object, event_of, kind_of
from mailcore_local.ses.faults import Faults
from mailcore_local.ses.model import Params, Route, partition_of, service_model
from mailcore_local.ses.observing import Surroundings, slow_ones
from mailcore_local.ses.records import MessageRecord, NotificationRecord
from mailcore_local.ses.sending import Caller, Sending
from mailcore_local.ses.signing import Signer
from mailcore_local.ses.simulator import fate_of, is_simulator
from mailcore_local.ses.sns_api import SnsOperations
from mailcore_local.ses.statistics import API_VERSION, Statistics
from mailcore_local.ses.suppression import SuppressionList
from mailcore_local.ses.template_store import TemplateStore
from mailcore_local.ses.topic_attributes import Subscription
from mailcore_local.ses.topics import Topics
from mailcore_local.ses.validation import validate


ACCOUNT_ID = "123456789012"
DEFAULT_CONFIGURATION_SET = "local"
DEFAULT_TOPIC = "ses-events"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    How a local SES behaves; the fields are described at `LocalSes`.
    """

    region_name: str = "us-east-1"
    signature_version: str = "1"
    sandbox: bool = False
    require_verified_identities: bool = False
    verified_identities: tuple[str, ...] = ()
    max_24_hour_send: float | None = None
    max_send_rate: float | None = None
    retry_delays_seconds: tuple[float, ...] = (0.1, 0.2, 0.4)
    delivery_timeout_seconds: float = 5.0
    seed: int = 0
    directory: Path | None = None
    clock: Callable[[], float] = time.time


class Service:
    """
    SES and SNS on one lock.

    Args:
        base_url: Where the server is reached, without a slash at the end.
        settings: How it behaves.
        faults: What is going to go wrong; nothing so far by default.
        surroundings: Who keeps its mails and tells of them, where it is one of several stand-ins.
        observe: Called with the record of a notification after each attempt.
    """

    def __init__(
        self,
        base_url: str,
        settings: Settings,
        *,
        faults: Faults | None = None,
        surroundings: Surroundings | None = None,
        observe: Callable[[NotificationRecord], None] = lambda _: None,
    ) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.base_url = base_url
        self.settings = settings
        self.signer = Signer()
        self.faults = Faults(seed=settings.seed) if faults is None else faults
        self.surroundings = Surroundings() if surroundings is None else surroundings
        self._observe_notification = observe
        self.confirmations = Confirmations(self.lock)
        self.messages = Accepted[MessageRecord](
            self.lock,
            directory=settings.directory,
            max_messages=self.surroundings.max_messages,
        )
        self.publisher = Publisher[NotificationRecord](
            retry_delays_seconds=settings.retry_delays_seconds,
            timeout_seconds=settings.delivery_timeout_seconds,
            may_retry=may_retry,
            observe=self._observe,
        )
        partition = partition_of(settings.region_name)
        self.topics = Topics(
            base_url=base_url,
            signer=self.signer,
            arn_prefix=f"arn:{partition}:sns:{settings.region_name}:{ACCOUNT_ID}:",
            signature_version=settings.signature_version,
            submit=self.publisher.submit,
        )
        self.topic_arn = self.topics.create(DEFAULT_TOPIC).arn
        self.configuration_sets = ConfigurationSets(
            topic_exists=lambda arn: arn in self.topics.topics,
            made_for_topic=(
                self.topic_arn if self.surroundings.creates_configuration_sets else None
            ),
        )
        self.configuration_sets.create_default(DEFAULT_CONFIGURATION_SET, self.topic_arn)
        self._events = EventPublishing(
            topics=self.topics,
            configuration_sets=self.configuration_sets,
            region_name=settings.region_name,
            account_id=ACCOUNT_ID,
            submit=self.publisher.submit,
        )
        self.account = Account(
            region_name=settings.region_name,
            sandbox=settings.sandbox,
            require_verified_identities=settings.require_verified_identities,
            max_24_hour_send=settings.max_24_hour_send,
            max_send_rate=settings.max_send_rate,
            clock=settings.clock,
        )
        for identity in settings.verified_identities:
            self.account.verify(identity)
        self._suppression = SuppressionList()
        self._statistics = Statistics(settings.clock)
        templates = TemplateStore()
        self._sending = Sending(
            account=self.account,
            templates=templates,
            configuration_sets=self.configuration_sets,
            region_name=settings.region_name,
            accept=self._accept,
        )
        self._handlers: dict[str, Callable[[Params], Params]] = {
            **self.account.handlers,
            **self._suppression.handlers,
            **templates.handlers,
            **self.configuration_sets.handlers,
        }
        self._sns = SnsOperations(self.topics, account_id=ACCOUNT_ID, submit=self.publisher.submit)

    def call_ses(
        self,
        route: Route,
        query: str,
        body: bytes,
        *,
        source_ip: str,
        access_key_id: str,
        fault: Fault,
    ) -> Params:
        """
        One sesv2 request.

        Raises:
            ServiceError: The answer is an error.
        """
        name = route.operation.name
        params = decode_rest_json(route, query, body)
        validate(route.operation, params, code="BadRequestException")
        caller = Caller(source_ip=source_ip, identity=access_key_id)
        with self.lock:
            if name == "SendEmail":
                return self._sending.send_email(params, caller)
            if name == "SendBulkEmail":
                statuses = fault.argument.split(",") if fault.name == "entries" else []
                return self._sending.send_bulk_email(params, caller, tuple(statuses))
            if name not in self._handlers:
                raise _not_implemented(name)
            return self._handlers[name](params)

    def call_query(self, form: Mapping[str, str]) -> tuple[OperationModel, Params]:
        """
        One request of the query protocol: SNS, or version 1 of SES.

        Raises:
            ServiceError: The answer is an error.
        """
        name = form.get("Action", "")
        v1 = form.get("Version") == API_VERSION
        model = service_model("ses" if v1 else "sns")
        handlers = self._statistics.handlers if v1 else self._sns.handlers
        if name not in model.operation_names:
            raise ServiceError(
                "InvalidAction", f"The action {name[:64]} is not valid for this endpoint."
            )
        if name not in handlers:
            raise _not_implemented(name)
        operation = model.operation_model(name)
        params = decode_query(operation, form)
        validate(operation, params, code="InvalidParameter")
        with self.lock:
            result = handlers[name](params)
            if name == "ConfirmSubscription":
                confirmed = self.topics.subscription(result["SubscriptionArn"])
                self.confirmations.confirmed(confirmed)
            self.lock.notify_all()
        return operation, result

    def subscribe(self, endpoint: str, *, raw_message_delivery: bool = False) -> Subscription:
        """
        Subscribe an endpoint to the default topic; it is asked to confirm.

        Raises:
            ServiceError: The URL is not one of HTTP.
        """
        with self.lock:
            subscription = self.topics.subscribe(
                self.topic_arn, endpoint, raw_message_delivery=raw_message_delivery
            )
            self.confirmations.asked(subscription)
            return subscription

    def emit(
        self,
        message_id: str,
        event_type: str,
        *,
        recipients: Sequence[str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """
        Publish an event for an accepted message by hand.

        Raises:
            ServiceError: `NotFoundException` for the message.
            ValueError: An unknown event type.
        """
        if event_type not in EVENT_TYPES:
            known = ", ".join(EVENT_TYPES)
            raise ValueError(f"unknown event type {event_type!r}; known are {known}")
        with self.lock:
            message = self.messages.get(message_id)
            if message is None:
                raise not_found("No message with this id was accepted.")
            told = Happening(kind_of(event_type), tuple(recipients or message.destination))
            ids = self.surroundings.happened(message, told)
            event = {**event_object(message, event_type, recipients), **(details or {})}
            self._events.publish(message, [(event_type, event, ids)], _no_fault)

    def publish(
        self,
        message: MessageRecord,
        happening: Happening,
        event_ids: tuple[str, ...],
        details: Mapping[str, object],
    ) -> None:
        """
        Publish an event that others have decided on.

        Args:
            message: The message, which may be forgotten here.
            happening: The happening, with the recipients that it is about.
            event_ids: The ids that others know it by.
            details: Members of the event's object that replace those made up here.
        """
        with self.lock:
            event_type, event = event_of(message, happening)
            told = [(event_type, {**event, **details}, event_ids)]
            self._events.publish(message, told, _no_fault)

    def _observe(self, record: NotificationRecord) -> None:
        self.confirmations.observe(record)
        self._observe_notification(record)

    def _accept(self, message: MessageRecord) -> None:
        self.messages.add(message)
        self.surroundings.accepted(message)
        reasons = self.configuration_sets.suppressed_reasons(
            message.configuration_set_name, self.account.suppressed_reasons
        )

        def fate(address: str) -> Fate:
            reason = self._suppression.reason(address)
            applies = reason if reason in reasons else None
            other = None if applies or is_simulator(address) else self.surroundings.fate_of(address)
            return fate_of(address, applies) if other is None else other

        groups = grouped(message.destination, fate)
        self._statistics.count(groups, rejected=is_test_virus(message.raw))
        at_once, slow = slow_ones(happenings(message, groups))
        self._tell(message, at_once)
        for each in slow:
            self.surroundings.later(each, functools.partial(self._tell, message, [each]))

    def _tell(self, message: MessageRecord, happened: Sequence[Happening]) -> None:
        with self.lock:
            events = [
                (*event_of(message, each), self.surroundings.happened(message, each))
                for each in happened
            ]
            self._events.publish(message, events, self.faults.for_notifications)


def _no_fault() -> Fault:
    return Fault("ok")


def _not_implemented(name: str) -> ServiceError:
    return ServiceError(
        "NotImplementedByLocalSes", f"The local SES does not implement {name}.", status_code=501
    )
