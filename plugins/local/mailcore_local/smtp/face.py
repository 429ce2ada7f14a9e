"""
SmtpFace: what is told of SMTP, where the server itself stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.engine import ArgumentRule, Fault
from mailcore_local.faces import CopyLine, Face, FaceSettings
from mailcore_local.hub import Hub


# RFC 5321, sections 4.2.3 and 3.8; RFC 3463 for the enhanced codes.
SMTP_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "throttle": "451 4.7.1 Too many messages, try again later",
        "error500": "451 4.3.0 Requested action aborted: error in processing",
        "error503": "421 4.3.2 Service not available, closing the channel",
        "refuse": "554 5.7.1 Message refused",
    }
)


class SmtpFace(Face):
    """
    SMTP on a port of its own.

    It posts no webhooks: what SMTP tells, it tells in its answers.
    """

    name = "smtp"
    label = "SMTP"
    speaks_http = False
    own_faults: ClassVar[Mapping[str, ArgumentRule | None]] = MappingProxyType(
        dict.fromkeys(SMTP_ERRORS)
    )

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.address: tuple[str, int] | None = None
        """Host and port of the server, while it runs."""

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        Where the server is: what a redirected mailer asks before it sends.
        """

        async def address(_: Request) -> Response:
            if self.address is None:
                return JSONResponse({"message": "This mailbox takes no SMTP."}, 404)
            host, port = self.address
            return JSONResponse({"host": host, "port": port})

        return [Route("/address", address, methods=["GET"])]

    def error_answer(self, fault: Fault) -> Response:
        """
        Never asked for: `SMTP_ERRORS` has the answers.
        """
        return Response(SMTP_ERRORS.get(fault.name, ""), 500)

    def mailcore_url(self, base_url: str) -> str | None:
        """
        Without TLS, which the server does not speak.
        """
        if self.address is None:
            return None
        host, port = self.address
        return f"smtp://{f'[{host}]' if ':' in host else host}:{port}?security=none"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        Where anything that sends by SMTP has to connect to.
        """
        if self.address is None:
            return []
        host, port = self.address
        return [
            CopyLine(
                title="For any SMTP client, without TLS, with any user and password or none",
                line=f"{host}:{port}",
            )
        ]
