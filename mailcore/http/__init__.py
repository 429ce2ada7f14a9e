"""
Providers with an HTTP API: their requests, the transport, and which answer means what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.http.aiohttp_transport import AiohttpTransport
    from mailcore.http.answers import (
        Meaning,
        error_answer,
        json_or_none,
        may_be_accepted,
        meaning_of_status,
        not_understood,
        read_json,
        retry_after_seconds,
        seconds_until_reset,
        send_error,
        text_in,
    )
    from mailcore.http.checking import USER_AGENT
    from mailcore.http.choosing import default_transport
    from mailcore.http.fetching import PieceFetcher
    from mailcore.http.redirect_variable import REDIRECT_VARIABLE, redirect_target
    from mailcore.http.redirecting import (
        REPLACED_CREDENTIAL,
        RedirectedTransport,
        redirected_url,
        without_credentials,
    )
    from mailcore.http.repeatable import ask, settled
    from mailcore.http.requests import (
        JSON_HEADERS,
        FormFile,
        basic_authorization,
        form_request,
        json_bytes,
        json_request,
    )
    from mailcore.http.session_transport import RequestsTransport
    from mailcore.http.transport import HttpTransport
    from mailcore.http.unexplained import headers_with_reset, unexplained_error
    from mailcore.http.wire import logged
    from mailcore.http.wire_text import Sheet
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "AiohttpTransport": "http.aiohttp_transport",
            "Meaning": "http.answers",
            "error_answer": "http.answers",
            "json_or_none": "http.answers",
            "may_be_accepted": "http.answers",
            "meaning_of_status": "http.answers",
            "not_understood": "http.answers",
            "read_json": "http.answers",
            "retry_after_seconds": "http.answers",
            "seconds_until_reset": "http.answers",
            "send_error": "http.answers",
            "text_in": "http.answers",
            "PieceFetcher": "http.fetching",
            "default_transport": "http.choosing",
            "REDIRECT_VARIABLE": "http.redirect_variable",
            "REPLACED_CREDENTIAL": "http.redirecting",
            "RedirectedTransport": "http.redirecting",
            "redirect_target": "http.redirect_variable",
            "redirected_url": "http.redirecting",
            "without_credentials": "http.redirecting",
            "ask": "http.repeatable",
            "settled": "http.repeatable",
            "FormFile": "http.requests",
            "JSON_HEADERS": "http.requests",
            "basic_authorization": "http.requests",
            "form_request": "http.requests",
            "json_bytes": "http.requests",
            "json_request": "http.requests",
            "RequestsTransport": "http.session_transport",
            "HttpTransport": "http.transport",
            "headers_with_reset": "http.unexplained",
            "unexplained_error": "http.unexplained",
            "USER_AGENT": "http.checking",
            "logged": "http.wire",
            "Sheet": "http.wire_text",
        },
    )

__all__ = [
    "JSON_HEADERS",
    "REDIRECT_VARIABLE",
    "REPLACED_CREDENTIAL",
    "USER_AGENT",
    "AiohttpTransport",
    "FormFile",
    "HttpTransport",
    "Meaning",
    "PieceFetcher",
    "RedirectedTransport",
    "RequestsTransport",
    "Sheet",
    "ask",
    "basic_authorization",
    "default_transport",
    "error_answer",
    "form_request",
    "headers_with_reset",
    "json_bytes",
    "json_or_none",
    "json_request",
    "logged",
    "may_be_accepted",
    "meaning_of_status",
    "not_understood",
    "read_json",
    "redirect_target",
    "redirected_url",
    "retry_after_seconds",
    "seconds_until_reset",
    "send_error",
    "settled",
    "text_in",
    "unexplained_error",
    "without_credentials",
]
