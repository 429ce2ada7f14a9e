"""
A call of SparkPost's API, as the functions that answer it take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from mailcore_local.documents import NotReadable, read_json
from mailcore_local.mailbox import CapturedRequest
from mailcore_local.sparkpost.errors import refused


if TYPE_CHECKING:
    from mailcore_local.hub import Hub


@dataclass(frozen=True, kw_only=True, repr=False)
class Call:
    """
    One request, its key checked.

    Attributes:
        hub: The hub that keeps what is accepted.
        request: The request, for its path, query and header fields.
        body: The JSON of the body; `None` if there is none.
        captured: The request as it is kept with a mail.
    """

    hub: Hub
    request: Request
    body: Any
    captured: CapturedRequest

    def fields(self) -> Mapping[str, Any]:
        """
        The body where it has to be an object.

        Raises:
            SparkPostError: It is none.
        """
        if not isinstance(self.body, dict):
            raise refused(1300, "the body must be a JSON object")
        return self.body


def read_document(request: Request, body: bytes) -> Any:
    """
    The JSON of a body; `None` if it is empty.

    Raises:
        SparkPostError: It is not JSON, or is not called so.
    """
    if not body:
        return None
    content_type = request.headers.get("Content-Type", "application/json")
    if "json" not in content_type.lower():
        raise refused(1700, "Content-Type must be application/json")
    try:
        return read_json(body)
    except NotReadable as error:
        raise refused(1300, f"Problems parsing request as JSON: {error}") from None
