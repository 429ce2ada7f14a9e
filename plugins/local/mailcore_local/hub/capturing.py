"""
Requests as they are kept: without what is secret.
"""

from __future__ import annotations

import json
import re

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request

from mailcore_local.mailbox import CapturedRequest


HIDDEN = "(hidden)"
"""What stands in place of a credential."""

_SECRET_NAME = re.compile(
    r"auth|cookie|token|secret|password|signature|credential|api[-_]?key|(^|[-_])key$",
    re.IGNORECASE,
)


def captured_request(
    request: Request, body: bytes, *, secrets: Iterable[str] = ()
) -> CapturedRequest:
    """
    A request as the mailbox keeps it.

    The values of header fields and parameters that hold credentials are replaced by `HIDDEN`.

    Args:
        request: The request as Starlette has it.
        body: The whole body of the request.
        secrets: Credentials that stand in the body, as they stand there: each is replaced.
    """
    headers = tuple(
        (name, HIDDEN if _SECRET_NAME.search(name) else value)
        for name, value in (
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
        )
    )
    for secret in secrets:
        if secret:
            body = body.replace(secret.encode(), HIDDEN.encode())
    return CapturedRequest(
        method=request.method, path=_shown_path(request), headers=headers, body=body
    )


def part_of_request(request: CapturedRequest, document: object) -> CapturedRequest:
    """
    A request as if it had brought one mail alone: a thousand copies of it would fill the store.

    Args:
        request: The request with all of its mails.
        document: What is kept of the body; JSON is made of it.
    """
    return replace(request, body=json.dumps(document, ensure_ascii=False).encode())


def _shown_path(request: Request) -> str:
    path = str(request.scope["raw_path"].decode("ascii", "replace"))
    path = path.removeprefix(quote(request.scope.get("root_path", ""))) or "/"
    query = request.scope.get("query_string", b"").decode("latin-1")
    if not query:
        return path
    if not any(_SECRET_NAME.search(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        return f"{path}?{query}"
    pairs = [
        (name, HIDDEN if _SECRET_NAME.search(name) else value)
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return f"{path}?{urlencode(pairs)}"
