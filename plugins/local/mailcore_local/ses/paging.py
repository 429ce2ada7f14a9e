"""
`PageSize` and `NextToken`.
"""

from __future__ import annotations

import base64
import binascii

from collections.abc import Sequence
from typing import TypeVar

from mailcore_local.ses.errors import ServiceError, bad_request
from mailcore_local.ses.model import Params


T = TypeVar("T")


def page(
    items: Sequence[T], params: Params, *, largest: int, code: str = "BadRequestException"
) -> tuple[list[T], str | None]:
    """
    One page of `items` and the token of the next.

    Args:
        items: Everything, in a stable order.
        params: The request, with `PageSize` and `NextToken` where given.
        largest: The largest and default page size.
        code: The error for a token that is none.

    Raises:
        ServiceError: A page size out of range or a bad token.
    """
    size = params.get("PageSize", largest)
    if not 1 <= size <= largest:
        raise bad_request(f"PageSize must be between 1 and {largest}.")
    start = 0
    if "NextToken" in params:
        try:
            start = int(base64.urlsafe_b64decode(params["NextToken"].encode()).decode())
        except (binascii.Error, ValueError):
            raise ServiceError(code, "The specified token is invalid.") from None
        if not 0 < start < len(items):
            raise ServiceError(code, "The specified token has expired or is invalid.")
    end = start + size
    token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), token


def with_token(result: Params, token: str | None) -> Params:
    """
    `result` with its `NextToken` where there is one.
    """
    return {**result, "NextToken": token} if token else result
