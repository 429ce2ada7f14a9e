"""
Errors in SendGrid's form: a list, each with a sentence and the field that is meant.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message"


class Complaint(NamedTuple):
    """
    One thing that is wrong.

    Attributes:
        message: What is wrong, in a sentence.
        field: Where in the body, such as ``personalizations.0.to``; `None` if it is nowhere.
    """

    message: str
    field: str | None = None


class SendGridError(Exception):
    """
    An answer with errors.

    Args:
        complaints: What is wrong; several at once, as SendGrid tells them.
        status_code: The HTTP status of the answer.
    """

    def __init__(self, *complaints: Complaint, status_code: int = 400) -> None:
        super().__init__("; ".join(each.message for each in complaints))
        self.complaints: Sequence[Complaint] = complaints
        self.status_code = status_code

    def document(self) -> dict[str, object]:
        """
        The body of the answer.
        """
        errors = [
            {
                "message": each.message,
                "field": each.field,
                "help": None if each.field is None else f"{HELP}.{each.field.partition('.')[0]}",
            }
            for each in self.complaints
        ]
        return {"errors": errors}


def not_found(message: str = "not found") -> SendGridError:
    """
    The error of a thing or path that is not there.
    """
    return SendGridError(Complaint(message), status_code=404)
