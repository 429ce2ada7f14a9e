"""Looking at what is there for events, and making the calls that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.flow import Flow
from mailcore_ses.aws.asking import entries, structure
from mailcore_ses.aws.call import SES, SES_V1, AwsCall
from mailcore_ses.setup.event_plan import Existing, plan
from mailcore_ses.setup.event_setup import EventSetup
from mailcore_ses.setup.topic_flow import ask, make, read_topic


def read_existing(wanted: EventSetup) -> Flow[Existing]:
    """
    Look at what is there; changes nothing.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    topic = yield from read_topic(wanted)
    destinations: Mapping[str, Any] | None = None
    if wanted.configuration_set_name is not None:
        named = {"ConfigurationSetName": wanted.configuration_set_name}
        destinations = yield from ask(SES, "GetConfigurationSetEventDestinations", named, None)
    found = entries(destinations or {}, "EventDestinations")
    notifications: dict[str, Mapping[str, Any]] = {}
    for identity in wanted.identities:
        asked = {"Identities": [identity]}
        body = yield from ask(SES_V1, "GetIdentityNotificationAttributes", asked, None)
        attributes = structure(body or {}, "NotificationAttributes")
        notifications[identity] = structure(attributes, identity)
    return Existing(
        **vars(topic),
        has_configuration_set=destinations is not None,
        destination=next(
            (each for each in found if each.get("Name") == wanted.event_destination_name), None
        ),
        notifications=notifications,
    )


def apply(wanted: EventSetup) -> Flow[tuple[AwsCall, ...]]:
    """
    Make the calls that are missing; a second time there are none.

    Returns:
        The calls that were made.

    Raises:
        SendError: At the first call that fails; those before it are done, and not repeated the next
            time.
        ConfigurationError: If an identity publishes to another topic; then nothing is done.
    """
    calls = plan(wanted, (yield from read_existing(wanted)))
    yield from make(calls)
    return calls
