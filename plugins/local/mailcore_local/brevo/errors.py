"""
Errors as Brevo answers them: a code and a sentence.

Codes are those of `errorModel` in `api/swagger.yaml` of https://github.com/getbrevo/brevo-go; which
goes with which status, is not documented but for the names. Sentences as in
https://github.com/getbrevo/brevo-node/issues/9 ("sender is missing") and
https://github.com/getbrevo/brevo-node/issues/40 ("email is not valid in to") (read 2026-11-30).
"""

from __future__ import annotations

from pydantic import ValidationError


class BrevoError(Exception):
    """
    An answer that is no success.

    Args:
        code: The code that programs branch on, such as ``invalid_parameter``.
        message: The sentence for people.
        status_code: HTTP status code.
    """

    def __init__(self, code: str, message: str, *, status_code: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status_code = status_code

    def document(self) -> dict[str, str]:
        """
        The body of the answer.
        """
        return {"code": self.code, "message": self.message}


def missing(name: str, where: str = "") -> BrevoError:
    """
    A field that is not there.

    Args:
        name: The name of the field.
        where: The field that it belongs to, or empty.
    """
    return BrevoError("missing_parameter", f"{name} is missing" + (f" in {where}" if where else ""))


def invalid(name: str, where: str = "") -> BrevoError:
    """
    A field whose value it cannot have.

    Args:
        name: The name of the field.
        where: The field that it belongs to, or empty.
    """
    said = f"{name} is not valid" + (f" in {where}" if where else "")
    return BrevoError("invalid_parameter", said)


def not_found(what: str) -> BrevoError:
    """
    Something that is not there.

    Args:
        what: The sentence about it.
    """
    return BrevoError("document_not_found", what, status_code=404)


def from_model(error: ValidationError) -> BrevoError:
    """
    The first thing that a model found: Brevo tells of one.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    names = [part for part in first["loc"] if isinstance(part, str)]
    if not names:
        return BrevoError("bad_request", "the body must be a JSON object")
    where = names[0] if len(names) > 1 else ""
    return missing(names[-1], where) if first["type"] == "missing" else invalid(names[-1], where)
