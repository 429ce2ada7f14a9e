"""
Calling AWS: a call and its answer as values, and boto3 behind them.

:class:`AwsCall` and :class:`AwsResponse` are what the rest of the plugin knows of AWS;
:mod:`mailcore_ses.aws.transport` makes the calls, by the clients of
:mod:`mailcore_ses.aws.clients`, and :mod:`mailcore_ses.aws.call_errors` says what boto3's
exceptions mean. :mod:`mailcore_ses.aws.asking` makes calls that may be repeated.
"""

from __future__ import annotations

from mailcore_ses.aws.call import AwsCall, AwsResponse


__all__ = ["AwsCall", "AwsResponse"]
