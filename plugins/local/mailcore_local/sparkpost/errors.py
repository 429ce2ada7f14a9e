"""
Errors as SparkPost answers them.

Codes and status codes: https://docs.sparkpost.com/docs/tech-resources/extended-error-codes/ (read
2026-11-30, in https://github.com/SparkPost/support-docs). Codes are texts; 401 and 403 have none:
https://github.com/SparkPost/php-sparkpost/issues/64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


_MESSAGES = {
    1200: ("invalid params", 400),
    1300: ("invalid data format/type", 422),
    1301: ("Invalid combination of fields", 422),
    1400: ("required field is missing", 422),
    1600: ("resource not found", 404),
    1602: ("resource in use", 409),
    1700: ("Unsupported Content-Type header", 415),
    2002: ("substitution_data too large", 422),
    2004: ("No draft version of template exists", 422),
    2005: ("No published version of template exists", 422),
    2106: ("Invalid Template ID (sandbox)", 422),
    3000: ("substitution language syntax error in template content", 422),
    3002: ("Invalid header", 422),
    3030: ("template already exists", 400),
    5002: ("At least one valid recipient is required", 400),
    7001: ("Invalid domain", 400),
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    One entry of ``errors``.

    Attributes:
        code: The extended error code.
        description: The sentence about this request, which may name the field.
    """

    code: int
    description: str = ""

    def document(self) -> dict[str, str]:
        """
        The object of the answer.
        """
        found = {"message": _MESSAGES[self.code][0], "code": str(self.code)}
        return {**found, "description": self.description} if self.description else found


class SparkPostError(Exception):
    """
    An answer that is no success.

    Args:
        problems: What is wrong; the first decides the status.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].description)
        self.problems = tuple(problems)

    @property
    def status_code(self) -> int:
        """
        HTTP status code.
        """
        return _MESSAGES[self.problems[0].code][1]

    def document(self) -> dict[str, object]:
        """
        The body of the answer.
        """
        return {"errors": [problem.document() for problem in self.problems]}


class PlainError(Exception):
    """
    An answer that is no success and has no code.

    Args:
        message: The sentence for people.
        status_code: HTTP status code.
    """

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code

    def document(self) -> dict[str, object]:
        """
        The body of the answer.
        """
        return {"errors": [{"message": self.message}]}


def refused(code: int, description: str) -> SparkPostError:
    """
    An error with one entry.
    """
    return SparkPostError([Problem(code=code, description=description)])
