"""
Events of SES as notifications of SNS, by the destinations of configuration sets.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Sequence

from mailcore_local.engine import Fault, apply_fault
from mailcore_local.ses.configuration_sets import ConfigurationSets
from mailcore_local.ses.deliveries import SnsDelivery
from mailcore_local.ses.events import EVENT_TYPES, event_record
from mailcore_local.ses.model import Params
from mailcore_local.ses.records import MessageRecord
from mailcore_local.ses.topics import Topics


class EventPublishing:
    """
    Publishes what happened to messages. Called with the services locked.

    Args:
        topics: The topics that there are.
        configuration_sets: Which topics are told of which events.
        region_name: The region in the records.
        account_id: The account in the records.
        submit: Takes the notifications that are to be delivered.
    """

    def __init__(
        self,
        *,
        topics: Topics,
        configuration_sets: ConfigurationSets,
        region_name: str,
        account_id: str,
        submit: Callable[[list[SnsDelivery]], None],
    ) -> None:
        self._topics = topics
        self._configuration_sets = configuration_sets
        self._region_name = region_name
        self._account_id = account_id
        self._submit = submit

    def publish(
        self,
        message: MessageRecord,
        events: Sequence[tuple[str, Params, tuple[str, ...]]],
        choose_fault: Callable[[], Fault],
    ) -> None:
        """
        Publish events of a message to the topics that its configuration set names.

        Args:
            message: The message that the events are about.
            events: The type of each event, the record's object about it, and the ids that others
                know it by.
            choose_fault: Says what goes wrong with the notifications; asked if there are any.
        """
        deliveries: list[SnsDelivery] = []
        for event_type, details, event_ids in events:
            matching = EVENT_TYPES[event_type][1]
            name = message.configuration_set_name
            for topic_arn in self._configuration_sets.topics_for(name, matching):
                deliveries += self._deliveries(topic_arn, message, event_type, details, event_ids)
        if deliveries:
            self._submit(apply_fault(deliveries, choose_fault()))

    def _deliveries(
        self,
        topic_arn: str,
        message: MessageRecord,
        event_type: str,
        details: Params,
        event_ids: tuple[str, ...],
    ) -> list[SnsDelivery]:
        if topic_arn not in self._topics.topics:
            return []  # Deleted since: SES publishes into the void.
        record = event_record(
            message,
            event_type,
            details,
            region_name=self._region_name,
            account_id=self._account_id,
        )
        return self._topics.publish(
            topic_arn,
            json.dumps(record),
            subject="Amazon SES Email Event Notification",
            event_type=event_type,
            ses_message_id=message.message_id,
            event_ids=event_ids,
        )
