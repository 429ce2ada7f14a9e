"""
HTTP for every stand-in: Starlette and uvicorn in a thread, with a proxy of raw sockets in front.

The proxy does to a connection what no HTTP server does: see :mod:`mailcore_local.serving.wire`.
"""

from __future__ import annotations

from mailcore_local.serving.bodies import read_body
from mailcore_local.serving.interruptions import Interruptions
from mailcore_local.serving.password import Locked
from mailcore_local.serving.server import LocalServer
from mailcore_local.serving.visitors import Visitors
from mailcore_local.serving.wire import Connection, ConnectionCut, connection_of


__all__ = [
    "Connection",
    "ConnectionCut",
    "Interruptions",
    "LocalServer",
    "Locked",
    "Visitors",
    "connection_of",
    "read_body",
]
