"""One call of an AWS API, and the answer to it: plain values, compared without mocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.flow import Request


@dataclass(frozen=True, kw_only=True)
class AwsCall(Request):
    """
    One call.

    Args:
        service: As boto3 names it, such as ``sesv2``.
        operation: As the service's API reference names it, such as ``SendEmail``.
        params: Of the operation; they hold addresses, content and tokens, so the repr does not
            show them.
        region_name: Where to; None means the provider's own region.
    """

    service: str
    operation: str
    params: Mapping[str, Any] = field(repr=False)
    region_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class AwsResponse:
    """
    The answer to a call, an error among them.

    Args:
        status_code: HTTP status.
        body: What the operation returns; empty for an error.
        error_code: AWS's name of the error; empty for success.
        error_message: AWS's words.
        headers: HTTP headers, names in lower case.
    """

    status_code: int
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error_code: str = ""
    error_message: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return not self.error_code and self.status_code < 300
