"""
Configuration sets and their event destinations.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterator

from mailcore_local.ses.errors import ServiceError, already_exists, bad_request, not_found
from mailcore_local.ses.events import EVENT_TYPES
from mailcore_local.ses.model import Params
from mailcore_local.ses.paging import page, with_token


MAX_EVENT_DESTINATIONS = 10
MAX_CONFIGURATION_SETS = 10_000

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DESTINATIONS = (
    "KinesisFirehoseDestination",
    "CloudWatchDestination",
    "SnsDestination",
    "EventBridgeDestination",
    "PinpointDestination",
)
_OPTIONS = (
    "TrackingOptions",
    "DeliveryOptions",
    "ReputationOptions",
    "SendingOptions",
    "Tags",
    "SuppressionOptions",
    "VdmOptions",
    "ArchivingOptions",
)


class ConfigurationSets:
    """
    Configuration sets by name. Not thread-safe: the server's lock guards it.

    Args:
        topic_exists: Whether an SNS topic ARN is known.
        made_for_topic: The ARN of a topic: a set that a message names is then made when it is not
            there, and publishes to that topic.
    """

    def __init__(
        self, *, topic_exists: Callable[[str], bool], made_for_topic: str | None = None
    ) -> None:
        self._topic_exists = topic_exists
        self._made_for_topic = made_for_topic
        self._options: dict[str, Params] = {}
        self._destinations: dict[str, dict[str, Params]] = {}
        self.handlers: dict[str, Callable[[Params], Params]] = {
            "CreateConfigurationSet": self._create,
            "GetConfigurationSet": self._get,
            "ListConfigurationSets": self._list,
            "DeleteConfigurationSet": self._delete,
            "PutConfigurationSetSendingOptions": self._put_sending,
            "PutConfigurationSetSuppressionOptions": self._put_suppression,
            "CreateConfigurationSetEventDestination": self._create_destination,
            "GetConfigurationSetEventDestinations": self._get_destinations,
            "UpdateConfigurationSetEventDestination": self._update_destination,
            "DeleteConfigurationSetEventDestination": self._delete_destination,
        }

    def create_default(self, name: str, topic_arn: str) -> None:
        """
        The configuration set that is there from the start: all events to one topic.
        """
        self._create({"ConfigurationSetName": name})
        self._destinations[name][name] = {
            "Enabled": True,
            "MatchingEventTypes": [matching for _, matching in EVENT_TYPES.values()],
            "SnsDestination": {"TopicArn": topic_arn},
        }

    def check(self, name: str) -> None:
        """
        Check that a message may be sent with the configuration set.

        Raises:
            ServiceError: `NotFoundException`, or `SendingPausedException`.
        """
        if self._made_for_topic is not None and name not in self._options:
            self.create_default(name, self._made_for_topic)
        options = self._existing(name)
        if not options.get("SendingOptions", {}).get("SendingEnabled", True):
            raise ServiceError(
                "SendingPausedException", f"Sending is disabled for configuration set <{name}>."
            )

    def suppressed_reasons(self, name: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
        """
        The reasons for which the suppression list applies: the configuration set's, else `default`.
        """
        options = self._options.get(name or "", {}).get("SuppressionOptions", {})
        return tuple(options.get("SuppressedReasons", default))

    def topics_for(self, name: str | None, matching_type: str) -> Iterator[str]:
        """
        The ARNs of the SNS topics that get an event.
        """
        for destination in self._destinations.get(name or "", {}).values():
            sns = destination.get("SnsDestination")
            wanted = matching_type in destination["MatchingEventTypes"]
            if sns and wanted and destination.get("Enabled", False):
                yield sns["TopicArn"]

    def _create(self, params: Params) -> Params:
        name = params["ConfigurationSetName"]
        if not _NAME.fullmatch(name):
            raise bad_request(f"Invalid configuration set name <{name[:64]}>.")
        if name in self._options:
            raise already_exists(f"Configuration set <{name}> already exists.")
        if len(self._options) >= MAX_CONFIGURATION_SETS:
            limit = f"More than {MAX_CONFIGURATION_SETS} configuration sets."
            raise ServiceError("LimitExceededException", limit)
        self._options[name] = {key: params[key] for key in _OPTIONS if key in params}
        self._destinations[name] = {}
        return {}

    def _get(self, params: Params) -> Params:
        name = params["ConfigurationSetName"]
        defaults = {"SendingOptions": {"SendingEnabled": True}}
        return {"ConfigurationSetName": name, **defaults, **self._existing(name)}

    def _list(self, params: Params) -> Params:
        wanted = params.get("Filter", {}).get("CONFIGURATION_SET_NAME_CONTAINS", "")
        found = [name for name in sorted(self._options) if wanted in name]
        names, token = page(found, params, largest=1000)
        return with_token({"ConfigurationSets": names}, token)

    def _delete(self, params: Params) -> Params:
        name = params["ConfigurationSetName"]
        self._existing(name)
        del self._options[name], self._destinations[name]
        return {}

    def _put_sending(self, params: Params) -> Params:
        options = self._existing(params["ConfigurationSetName"])
        options["SendingOptions"] = {"SendingEnabled": params.get("SendingEnabled", False)}
        return {}

    def _put_suppression(self, params: Params) -> Params:
        options = self._existing(params["ConfigurationSetName"])
        if "SuppressedReasons" in params:
            options["SuppressionOptions"] = {"SuppressedReasons": params["SuppressedReasons"]}
        else:
            options.pop("SuppressionOptions", None)
        return {}

    def _create_destination(self, params: Params) -> Params:
        destinations = self._existing_destinations(params)
        name = params["EventDestinationName"]
        if not _NAME.fullmatch(name):
            raise bad_request(f"Invalid event destination name <{name[:64]}>.")
        if name in destinations:
            raise already_exists(f"Event destination <{name}> already exists.")
        if len(destinations) >= MAX_EVENT_DESTINATIONS:
            limit = f"More than {MAX_EVENT_DESTINATIONS} event destinations."
            raise ServiceError("LimitExceededException", limit)
        self._check_destination(params["EventDestination"])
        destinations[name] = params["EventDestination"]
        return {}

    def _update_destination(self, params: Params) -> Params:
        destinations = self._existing_destinations(params)
        name = self._existing_destination(params)
        merged = {**destinations[name], **params["EventDestination"]}
        self._check_destination(merged)
        destinations[name] = merged
        return {}

    def _delete_destination(self, params: Params) -> Params:
        destinations = self._existing_destinations(params)
        del destinations[self._existing_destination(params)]
        return {}

    def _get_destinations(self, params: Params) -> Params:
        destinations = self._existing_destinations(params)
        return {"EventDestinations": [{"Name": n, **d} for n, d in destinations.items()]}

    def _check_destination(self, destination: Params) -> None:
        given = [key for key in _DESTINATIONS if key in destination]
        if len(given) != 1:
            raise bad_request("An event destination takes exactly one kind of destination.")
        if not destination.get("MatchingEventTypes"):
            raise bad_request("An event destination needs at least one matching event type.")
        if given == ["SnsDestination"]:
            arn = destination["SnsDestination"]["TopicArn"]
            if not self._topic_exists(arn):
                raise bad_request(f"SNS topic <{arn}> not found.")

    def _existing(self, name: str) -> Params:
        if name not in self._options:
            raise not_found(f"Configuration set <{name}> does not exist.")
        return self._options[name]

    def _existing_destinations(self, params: Params) -> dict[str, Params]:
        self._existing(params["ConfigurationSetName"])
        return self._destinations[params["ConfigurationSetName"]]

    def _existing_destination(self, params: Params) -> str:
        name = str(params["EventDestinationName"])
        if name not in self._destinations[params["ConfigurationSetName"]]:
            raise not_found(f"Event destination <{name}> does not exist.")
        return name
