"""Requests of strangers, made by Hypothesis: the door stays shut, and nothing but our errors."""

from __future__ import annotations

import json

from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import WebhookError, WebhookRequest, get_provider, receive


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
PROVIDERS = [
    get_provider("ses", topic_arns=[TOPIC], region_name="eu-west-1"),
    get_provider("ses", webhook_secrets=["user:a-secret-of-some-length"], region_name="eu-west-1"),
    get_provider("ses", region_name="eu-west-1"),
]
HEADERS = [
    "x-amz-sns-message-type",
    "x-amz-sns-message-id",
    "x-amz-sns-topic-arn",
    "x-amz-sns-rawdelivery",
    "authorization",
    "content-type",
]
VALUES = st.sampled_from(
    ["Notification", "SubscriptionConfirmation", TOPIC, "true", "Basic", "Basic dTpw", "m", ""]
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = ["Type", "MessageId", "TopicArn", "Message", "Signature", "SigningCertURL", "Timestamp"]
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(FIELDS), json_values).map(
        lambda fields: json.dumps({"Type": "Notification", "TopicArn": TOPIC, **fields}).encode()
    )
)


@pytest.mark.parametrize("provider", PROVIDERS, ids=["topics", "secret", "nothing"])
@given(
    headers=st.dictionaries(st.sampled_from(HEADERS), VALUES | st.text(max_size=20)),
    body=bodies,
    method=st.sampled_from(["POST", "PUT", "", "post"]),
)
def test_requests_of_strangers(provider, headers, body, method):
    """Whatever is sent without a signature or a secret is refused, without a word of detail."""
    with pytest.raises(WebhookError) as caught:
        receive(provider, WebhookRequest(method, headers, body))

    response = caught.value.response
    assert response.status_code in {400, 401, 403, 405, 413}
    assert b"" == response.body
