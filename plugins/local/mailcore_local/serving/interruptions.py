"""
The faults of requests that need no provider, as they happen to a connection.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from mailcore_local.engine import Fault
from mailcore_local.serving.wire import ConnectionCut, connection_of


# The first octets of a TLS record: no HTTP client takes them for an answer.
_MALFORMED_ANSWER = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"


class Interruptions:
    """
    Lets requests hang, cuts connections and spoils answers.

    Args:
        stopping: Is set when requests that hang are to end.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def before_accepting(self, request: Request, fault: Fault) -> None:
        """
        Do what the faults `hang` and `reset` say, before the request is accepted.

        Raises:
            ConnectionCut: The request is not to be accepted.
        """
        await self._interrupt(request, fault, "hang", "reset")

    async def after_accepting(self, request: Request, fault: Fault, body: bytes) -> bytes:
        """
        Do what the other faults say, once the request was accepted.

        Args:
            request: The request, which was accepted.
            fault: The fault that is to happen.
            body: The body of the answer.

        Returns:
            The body to answer with.

        Raises:
            ConnectionCut: The request is not to be answered.
        """
        await self._interrupt(request, fault, "hang_after_accept", "reset_after_accept")
        if fault.name == "garbage":
            return b"<html>not what you asked for"
        if fault.name == "half_answer":
            connection_of(request.scope).break_off(len(body) // 2)
        elif fault.name == "malformed_answer":
            connection_of(request.scope).replace_answer(_MALFORMED_ANSWER)
        return body

    async def _interrupt(self, request: Request, fault: Fault, hang: str, reset: str) -> None:
        if fault.name == hang:
            try:
                await asyncio.wait_for(self._stopping.wait(), fault.seconds)
            except asyncio.TimeoutError:
                return
            raise ConnectionCut
        if fault.name == reset:
            connection_of(request.scope).reset()
            raise ConnectionCut
