"""
Errors as Send API v3.1 answers them.

Codes and forms: `guides/_send-api.md` of https://github.com/mailjet/api-documentation and
https://dev.mailjet.com/docs/email-api/email_api_overview/status_codes (read 2026-11-30). A code may
stand for a whole call (`flat`), or for one message, among others that are sent.
"""

from __future__ import annotations

import uuid

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


# What goes with a status other than 400.
_STATUSES = {
    "mj-0001": 401,
    "mj-0015": 401,
    "send-0006": 403,
    "send-0007": 403,
    "send-0008": 403,
}

MALFORMED = "Malformed JSON, please review the syntax and properties types."
UNAUTHORIZED = (
    "API key authentication/authorization failure. You may be unauthorized to access the API or"
    " your API key may be expired. Visit API keys management section to check your keys."
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    One entry of ``Errors``.

    Attributes:
        code: The error code, such as ``mj-0013``.
        message: The sentence for people.
        related_to: The paths of the properties that it is about.
    """

    code: str
    message: str
    related_to: tuple[str, ...] = ()

    @property
    def status_code(self) -> int:
        """
        The status that goes with the code.
        """
        return _STATUSES.get(self.code, 400)

    def document(self) -> dict[str, Any]:
        """
        The object of the answer.
        """
        return {
            "ErrorIdentifier": str(uuid.uuid4()),
            "ErrorCode": self.code,
            "StatusCode": self.status_code,
            "ErrorMessage": self.message,
            "ErrorRelatedTo": list(self.related_to),
        }


class MailjetError(Exception):
    """
    An answer to a whole call that is no success.

    Args:
        message: The sentence for people.
        code: The error code, or empty.
        status_code: HTTP status code.
    """

    def __init__(self, message: str, *, code: str = "", status_code: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status_code = status_code

    def document(self) -> dict[str, Any]:
        """
        The body of the answer.
        """
        found: dict[str, Any] = {"ErrorIdentifier": str(uuid.uuid4())}
        if self.code:
            found["ErrorCode"] = self.code
        return {**found, "ErrorMessage": self.message, "StatusCode": self.status_code}


class Refused(Exception):
    """
    A message, or the shared fields, that cannot be sent.

    Args:
        problems: What is wrong, in order.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


def problems_of(error: ValidationError) -> list[Problem]:
    """
    What a model found, as entries of ``Errors``.
    """
    found = []
    for each in error.errors(include_url=False, include_context=False, include_input=True):
        path = path_of(each["loc"])
        kind = str(each["type"])
        if kind == "missing":
            found.append(
                Problem(code="mj-0003", message=f'"{path}" is mandatory.', related_to=(path,))
            )
        elif each["input"] is None:
            said = f'"{path}" must not be null.'
            found.append(Problem(code="send-0018", message=said, related_to=(path,)))
        elif kind == "value_error":
            code, _, said = str(each["msg"]).removeprefix("Value error, ").partition(" ")
            found.append(Problem(code=code, message=said, related_to=(path,)))
        elif kind == "string_too_long":
            said = f'"{path}" is too long.'
            found.append(Problem(code="mj-0006", message=said, related_to=(path,)))
        elif kind == "string_too_short":
            said = f'"{path}" must not be empty.'
            found.append(Problem(code="mj-0012", message=said, related_to=(path,)))
        elif kind == "too_short":
            said = f'"{path}" must not be an empty array.'
            found.append(Problem(code="mj-0007", message=said, related_to=(path,)))
        elif kind == "too_long":
            said = f'"{path}" has too many elements.'
            found.append(Problem(code="mj-0008", message=said, related_to=(path,)))
        elif kind in ("literal_error", "greater_than_equal", "less_than_equal"):
            said = f'"{path}" has a value that it cannot have.'
            found.append(Problem(code="mj-0005", message=said, related_to=(path,)))
        else:
            said = f'Type mismatch. Expected type "{kind.removesuffix("_type")}".'
            found.append(Problem(code="mj-0004", message=said, related_to=(path,)))
    return found


def path_of(location: Sequence[str | int]) -> str:
    """
    A place as Mailjet writes it: ``To[0].Email``.
    """
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
