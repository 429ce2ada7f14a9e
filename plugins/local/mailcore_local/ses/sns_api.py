"""
The SNS operations, in AWS query in and XML out.
"""

from __future__ import annotations

import uuid

from collections.abc import Callable
from xml.etree import ElementTree as ET

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from mailcore_local.ses.deliveries import SnsDelivery
from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.model import Params
from mailcore_local.ses.topic_attributes import (
    Subscription,
    describe_topic,
    invalid_parameter,
    set_subscription_attribute,
    set_topic_attribute,
)
from mailcore_local.ses.topics import Topics


_SNS_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"


class SnsOperations:
    """
    Handlers by operation name; each takes validated parameters and returns the result's members.
    """

    def __init__(
        self, topics: Topics, *, account_id: str, submit: Callable[[list[SnsDelivery]], None]
    ) -> None:
        self._topics = topics
        self._account_id = account_id
        self._submit = submit
        self.handlers: dict[str, Callable[[Params], Params]] = {
            "CreateTopic": self._create_topic,
            "DeleteTopic": self._delete_topic,
            "ListTopics": self._list_topics,
            "GetTopicAttributes": self._get_topic_attributes,
            "SetTopicAttributes": self._set_topic_attributes,
            "Subscribe": self._subscribe,
            "ConfirmSubscription": self._confirm_subscription,
            "Unsubscribe": self._unsubscribe,
            "ListSubscriptions": self._list_subscriptions,
            "ListSubscriptionsByTopic": self._list_subscriptions_by_topic,
            "GetSubscriptionAttributes": self._get_subscription_attributes,
            "SetSubscriptionAttributes": self._set_subscription_attributes,
            "Publish": self._publish,
        }

    def _create_topic(self, params: Params) -> Params:
        topic = self._topics.create(params["Name"])
        for name, value in params.get("Attributes", {}).items():
            set_topic_attribute(topic, name, value)
        return {"TopicArn": topic.arn}

    def _delete_topic(self, params: Params) -> Params:
        self._topics.delete(params["TopicArn"])
        return {}

    def _list_topics(self, params: Params) -> Params:
        return {"Topics": [{"TopicArn": arn} for arn in self._topics.topics]}

    def _get_topic_attributes(self, params: Params) -> Params:
        topic = self._topics.topic(params["TopicArn"])
        attributes = describe_topic(topic, self._of_topic(topic.arn), self._account_id)
        return {"Attributes": attributes}

    def _set_topic_attributes(self, params: Params) -> Params:
        topic = self._topics.topic(params["TopicArn"])
        set_topic_attribute(topic, params["AttributeName"], params.get("AttributeValue", ""))
        return {}

    def _subscribe(self, params: Params) -> Params:
        endpoint = params.get("Endpoint", "")
        if params["Protocol"] not in ("http", "https"):
            raise invalid_parameter("Protocol: the local SES delivers to http and https only")
        if not endpoint.startswith(f"{params['Protocol']}://"):
            raise invalid_parameter("Endpoint must match the specified protocol")
        attributes = params.get("Attributes", {})
        probe = Subscription(arn="", topic_arn="", endpoint=endpoint, token="")
        for name, value in attributes.items():
            set_subscription_attribute(probe, name, value)
        subscription = self._topics.subscribe(
            params["TopicArn"],
            endpoint,
            raw_message_delivery=probe.raw_message_delivery,
            delivery_policy=probe.delivery_policy,
        )
        show_arn = subscription.confirmed or params.get("ReturnSubscriptionArn", False)
        return {"SubscriptionArn": subscription.arn if show_arn else "pending confirmation"}

    def _confirm_subscription(self, params: Params) -> Params:
        subscription = self._topics.confirm(params["TopicArn"], params["Token"])
        return {"SubscriptionArn": subscription.arn}

    def _unsubscribe(self, params: Params) -> Params:
        self._topics.unsubscribe(params["SubscriptionArn"])
        return {}

    def _list_subscriptions(self, params: Params) -> Params:
        return {"Subscriptions": [self._summary(s) for s in self._topics.subscriptions.values()]}

    def _list_subscriptions_by_topic(self, params: Params) -> Params:
        topic = self._topics.topic(params["TopicArn"])
        return {"Subscriptions": [self._summary(s) for s in self._of_topic(topic.arn)]}

    def _get_subscription_attributes(self, params: Params) -> Params:
        subscription = self._topics.subscription(params["SubscriptionArn"])
        return {
            "Attributes": {
                "SubscriptionArn": subscription.arn,
                "TopicArn": subscription.topic_arn,
                "Owner": self._account_id,
                "Protocol": subscription.protocol,
                "Endpoint": subscription.endpoint,
                "ConfirmationWasAuthenticated": "false",
                "PendingConfirmation": str(not subscription.confirmed).lower(),
                "RawMessageDelivery": str(subscription.raw_message_delivery).lower(),
                **(
                    {"DeliveryPolicy": subscription.delivery_policy}
                    if subscription.delivery_policy
                    else {}
                ),
            }
        }

    def _set_subscription_attributes(self, params: Params) -> Params:
        subscription = self._topics.subscription(params["SubscriptionArn"])
        name, value = params["AttributeName"], params.get("AttributeValue", "")
        set_subscription_attribute(subscription, name, value)
        return {}

    def _publish(self, params: Params) -> Params:
        arn = params.get("TopicArn") or params.get("TargetArn")
        if not arn:
            raise invalid_parameter("TopicArn or TargetArn Reason: no value for required parameter")
        if not params["Message"]:
            raise invalid_parameter("Empty message")
        # SNS takes 256 KB; Publish, Amazon SNS API Reference, read 2026-11-21.
        if len(params["Message"].encode()) > 262_144:
            raise invalid_parameter("Message too long")
        message_id = str(uuid.uuid4())
        deliveries = self._topics.publish(
            arn, params["Message"], subject=params.get("Subject"), message_id=message_id
        )
        self._submit(deliveries)
        return {"MessageId": message_id}

    def _of_topic(self, arn: str) -> list[Subscription]:
        return [s for s in self._topics.subscriptions.values() if s.topic_arn == arn]

    def _summary(self, subscription: Subscription) -> Params:
        return {
            "SubscriptionArn": subscription.arn
            if subscription.confirmed
            else "PendingConfirmation",
            "Owner": self._account_id,
            "Protocol": subscription.protocol,
            "Endpoint": subscription.endpoint,
            "TopicArn": subscription.topic_arn,
        }


def encode_result(operation: OperationModel, result: Params, request_id: str) -> bytes:
    """
    The XML answer of an operation.
    """
    namespace = str(operation.service_model.metadata["xmlNamespace"])
    root = ET.Element(f"{operation.name}Response", xmlns=namespace)
    shape = operation.output_shape
    if shape is not None:
        wrapper = ET.SubElement(root, str(shape.serialization["resultWrapper"]))
        _append(wrapper, result, shape)
    metadata = ET.SubElement(root, "ResponseMetadata")
    ET.SubElement(metadata, "RequestId").text = request_id
    return _document(root)


def encode_error(error: ServiceError, request_id: str) -> bytes:
    """
    The XML answer for an error.
    """
    root = ET.Element("ErrorResponse", xmlns=_SNS_NAMESPACE)
    details = ET.SubElement(root, "Error")
    ET.SubElement(details, "Type").text = "Receiver" if error.status_code >= 500 else "Sender"
    ET.SubElement(details, "Code").text = error.code
    ET.SubElement(details, "Message").text = _xml_text(error.message)
    ET.SubElement(root, "RequestId").text = request_id
    return _document(root)


def _append(parent: ET.Element, value: Params, shape: StructureShape | Shape) -> None:
    assert isinstance(shape, StructureShape)
    for name, item in value.items():
        element = ET.SubElement(parent, name)
        member = shape.members[name]
        if isinstance(member, ListShape):
            for entry in item:
                _append(ET.SubElement(element, "member"), entry, member.member)
        elif isinstance(member, MapShape):
            for key, text in item.items():
                pair = ET.SubElement(element, "entry")
                ET.SubElement(pair, "key").text = _xml_text(key)
                ET.SubElement(pair, "value").text = _xml_text(text)
        else:
            element.text = _xml_text(item)


def _xml_text(text: str) -> str:
    # XML 1.0 has no control characters but tab, line feed and carriage return.
    return "".join(c if c in "\t\n\r" or c >= " " else "\ufffd" for c in text)


def _document(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
