"""
Request bodies, read as far as they may go.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request


# 40 MB of raw message, base64 in JSON, with room for the rest of the request.
MAX_BODY_BYTES = 60 * 1024 * 1024


async def read_body(request: Request, *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """
    The whole body of a request.

    Raises:
        ClientDisconnect: The client went away before it had sent all of it.
        HTTPException: 413, when it is larger than `max_bytes`. As much again was read then:
            answering while a client still sends would reset the connection under the answer.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > 2 * max_bytes:
        raise HTTPException(413, "The request is too large.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
        else:
            chunks.clear()
        if size > 2 * max_bytes:
            break
    if size > max_bytes:
        raise HTTPException(413, "The request is too large.")
    return b"".join(chunks)
