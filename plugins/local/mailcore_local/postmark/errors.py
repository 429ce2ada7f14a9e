"""
Errors in Postmark's form: an HTTP status, and a document with a code and a message.

The codes are those of https://postmarkapp.com/developer/api/overview#error-codes (read 2026-11-30).
Texts are near Postmark's where SDKs read them, and otherwise say what is wrong.
"""

from __future__ import annotations


BAD_TOKEN = 10
MAINTENANCE = 100
INVALID_REQUEST = 300
INVALID_JSON = 402
INCOMPATIBLE_JSON = 403
INACTIVE_RECIPIENT = 406
JSON_REQUIRED = 409
TOO_MANY_MESSAGES = 410
FORBIDDEN_ATTACHMENT = 411
RATE_LIMIT = 429
TEMPLATE_NOT_FOUND = 1101
NO_TEMPLATE_DATA = 1109
TEMPLATE_FIELD_MISSING = 1120
TEMPLATE_FIELD_INVALID = 1122
STREAM_NOT_FOUND = 1235


class PostmarkError(Exception):
    """
    One error of the API.

    Args:
        code: The `ErrorCode` of the answer.
        message: The `Message` of the answer.
        status_code: The HTTP status; a request that is wrong in itself gets 422.
    """

    def __init__(self, code: int, message: str, *, status_code: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status_code = status_code

    def document(self) -> dict[str, object]:
        """
        What stands in the answer, or in its place within the answer to a batch.
        """
        return {"ErrorCode": self.code, "Message": self.message}


def invalid(message: str) -> PostmarkError:
    """
    The error of everything that breaks a rule for messages.
    """
    return PostmarkError(INVALID_REQUEST, message)


def incompatible(name: str) -> PostmarkError:
    """
    The error of a value that is of another type than the documentation has it.
    """
    return PostmarkError(
        INCOMPATIBLE_JSON,
        f"The JSON you provided is incompatible with this request: '{name}' is of the wrong type.",
    )
