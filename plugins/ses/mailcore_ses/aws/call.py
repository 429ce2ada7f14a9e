"""One call of an AWS API, and the answer to it: plain values, compared without mocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailcore.flow import Request


PROVIDER = "ses"
"""The name of the provider, for errors."""

SES = "sesv2"
SES_V1 = "ses"


@dataclass(frozen=True, kw_only=True)
class AwsCall(Request):
    """
    One call.

    Args:
        service: The service, as boto3 names it, such as ``sesv2``.
        operation: The operation, as the service's API reference names it, such as ``SendEmail``.
        params: The parameters of the operation; they hold addresses, content and tokens, so the
            repr does not show them.
        region_name: Where to; None means the provider's own region.
        is_valid: Whether the parameters are known to fit the operation's model, so that botocore
            need not check them: a quarter of the CPU of a bulk call.
        max_response_bytes: A larger streamed answer, such as an object's content, is an error.
    """

    service: str
    operation: str
    params: Mapping[str, Any] = field(repr=False)
    region_name: str | None = None
    is_valid: bool = field(default=False, repr=False, compare=False)
    max_response_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class AwsResponse:
    """
    The answer to a call, an error among them.

    Args:
        status_code: The HTTP status of the answer.
        body: What the operation returns; empty for an error.
        error_code: AWS's name of the error; empty for success.
        error_message: What AWS says is wrong, in its words.
        headers: HTTP headers, names in lower case.
    """

    status_code: int
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error_code: str = ""
    error_message: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # AWS's own are always of these types; what stands before AWS answers as it likes.
        for name in ("body", "headers"):
            if not isinstance(getattr(self, name), (dict, Mapping)):
                object.__setattr__(self, name, {})
        for name in ("error_code", "error_message"):
            value = getattr(self, name)
            if not isinstance(value, str):
                object.__setattr__(self, name, "" if value is None else str(value))

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return not self.error_code and self.status_code < 300

    def json(self) -> object:
        """
        The answer as plain JSON, as that of a provider with an HTTP API reads.

        Returns:
            What the operation returns, without botocore's ``ResponseMetadata``; for an error
            ``{"Code": …, "Message": …}``. Moments are texts in ISO 8601, octets their number.
        """
        if not self.ok:
            return {"Code": self.error_code, "Message": self.error_message}
        return _plain({k: v for k, v in self.body.items() if k != "ResponseMetadata"})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


class LateParameters(Mapping[str, Any]):
    """
    Parameters that are made when they are first looked at.

    Args:
        make: A function that makes the parameters; it is called once.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make
        self._made: Mapping[str, Any] | None = None

    def _parameters(self) -> Mapping[str, Any]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> Any:
        return self._parameters()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters())

    def __len__(self) -> int:
        return len(self._parameters())

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)
