"""
How often SNS tries to reach a webhook that does not answer.

By default SNS tries three times more, 20 seconds apart, and then discards the message: an outage of
little more than a minute loses events. A policy of one's own may go on for 3600 seconds in total,
"a hard limit", and with 100 retries at most. What a longer outage leaves over goes to a dead-letter
queue, if the subscription has one, where SQS keeps it for 14 days at most.

Only answers with a status outside of 200 to 4xx, and those that take longer than 15 seconds, count
as failed. Other answers with 4xx, such as 401 for a wrong password, are not tried again.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html,
SendMessageToHttp.prepare.html and sns-dead-letter-queues.html (read 2026-11-30).
"""

from __future__ import annotations

import json


LONGEST_MINUTES = 60
"""SNS's limit: "The total policy retry time … cannot be greater than 3,600 seconds"."""

_RETRIES = 60
_LAST_RETRIES = 55
_LEAST_DELAY_SECONDS = 10
_MOST_DELAY_SECONDS = 60

SHORTEST_MINUTES = _LAST_RETRIES * _MOST_DELAY_SECONDS // 60
"""How long the policy below goes on at least: the delays of the other retries come on top."""

# 60 retries of at most 60 seconds are 3600 seconds at most, whatever the backoff function adds up
# to: AWS draws the function, and gives no formula.
DELIVERY_POLICY = json.dumps(
    {
        "healthyRetryPolicy": {
            "minDelayTarget": _LEAST_DELAY_SECONDS,
            "maxDelayTarget": _MOST_DELAY_SECONDS,
            "numRetries": _RETRIES,
            "numMaxDelayRetries": _LAST_RETRIES,
            "backoffFunction": "exponential",
        }
    }
)
"""The value of a subscription's attribute ``DeliveryPolicy``."""
