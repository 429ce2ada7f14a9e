"""The adapter of requests by which :mod:`mailcore.http.transport` has connections that note."""

from __future__ import annotations

import socket

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection

from mailcore.http.connection import PIECE_BYTES, noting


def _have_noted(manager: PoolManager) -> None:
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: noting(each) for scheme, each in classes.items()}


def _socket_options() -> list[tuple[int, int, int]]:
    options = list(HTTPConnection.default_socket_options)
    # Else megabytes lie in this machine's buffers when the last byte is "written".
    low_water_mark = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if low_water_mark is not None:
        options.append((socket.IPPROTO_TCP, low_water_mark, 4 * PIECE_BYTES))
    return options


class NotingAdapter(HTTPAdapter):
    """An adapter of requests whose connections note what becomes of an exchange."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """As requests does, with connections of ours."""
        super().init_poolmanager(*args, socket_options=_socket_options(), **named)
        _have_noted(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """As requests does, with connections of ours."""
        if proxy not in self.proxy_manager:
            options = _socket_options()
            _have_noted(super().proxy_manager_for(proxy, socket_options=options, **named))
        return self.proxy_manager[proxy]
