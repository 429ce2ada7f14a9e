"""
Whether a test of a user has put something of its own in place of requests.

Programs that come from libraries which send through requests have tests that replace it:
``responses``, ``requests-mock``, ``unittest.mock.patch("requests.Session.request")``. While one of
them is in force, what would go by urllib3 goes by requests, so that no test sends real mail, and
instrumentation of requests sees what it expects.
"""

from __future__ import annotations

import sys

from types import FunctionType
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    import requests

_REPLACED = (
    ("requests.sessions", "Session", ("__init__", "request", "send", "get_adapter", "mount")),
    ("requests.adapters", "HTTPAdapter", ("send", "get_connection_with_tls_context")),
)


def requests_is_replaced() -> bool:
    """Whether what sends in requests is not what requests brought."""
    # Nobody replaces what was not imported; while another thread imports it, it has no session.
    session = getattr(sys.modules.get("requests"), "Session", None)
    if session is None:
        return False
    for module_name, class_name, methods in _REPLACED:
        module: Any = sys.modules.get(module_name)
        cls = getattr(module, class_name, None)
        if not isinstance(cls, type):
            return True
        for name in methods:
            method = getattr(cls, name, None)
            # A mock is no function, and a function of somebody else's stands in another file.
            if type(method) is not FunctionType or method.__code__.co_filename != module.__file__:
                return True
    return session is not sys.modules["requests.sessions"].Session


def careful_session() -> requests.Session:
    """A session for one exchange, without credentials from ``~/.netrc``."""
    import requests

    made: Any = requests.Session
    if isinstance(made, type) and made.__module__ == "requests.sessions":
        # It is what requests brought: what a test put in its place stands there.
        made = requests.sessions.Session
    session: requests.Session = made()
    # With any auth set, requests leaves ~/.netrc alone; without, it would replace our header.
    session.auth = lambda prepared: prepared
    return session
