"""
Errors in Mailgun's form: an HTTP status and a document with a message.

Source: Mailgun's own OpenAPI description (mailgun/mailgun-mcp-server, read 2026-11-30).
"""

from __future__ import annotations


class MailgunError(Exception):
    """
    One error of the API.

    Args:
        message: The `message` of the answer.
        status_code: The HTTP status of the answer.
    """

    def __init__(self, message: str, *, status_code: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code


def not_found(message: str = "Not Found") -> MailgunError:
    """
    The error of a thing or path that is not there.
    """
    return MailgunError(message, status_code=404)
