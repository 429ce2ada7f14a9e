"""
Errors as Mandrill answers them.

The names, codes and status codes are those of the OpenAPI description of Mailchimp Transactional
1.4.0 (https://github.com/mailchimp/mailchimp-client-lib-codegen, spec/transactional.openapi.json;
read 2026-11-30). It has no ValidationError for the calls that send; the release notes of 2023-07-03
(https://mailchimp.com/developer/release-notes, read 2026-11-30) have one with status 400.
"""

from __future__ import annotations

import json

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError


class MandrillError(Exception):
    """
    An answer that is no success.

    Args:
        name: The name that programs branch on, such as ``Invalid_Key``.
        message: The sentence for people.
        code: The number of the error.
        status_code: HTTP status code.
    """

    def __init__(self, name: str, message: str, *, code: int, status_code: int) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.code = code
        self.status_code = status_code

    def document(self) -> dict[str, object]:
        """
        The body of the answer.
        """
        return {
            "status": "error",
            "code": self.code,
            "name": self.name,
            "message": self.message,
        }


def invalid_key() -> MandrillError:
    """
    The key is missing, or none that is accepted.
    """
    return MandrillError("Invalid_Key", "Invalid API key", code=401, status_code=401)


def invalid(problems: Mapping[str, object]) -> MandrillError:
    """
    Fields that are wrong.

    Args:
        problems: What is wrong, by field; nested as the request is.
    """
    message = f"Validation error: {json.dumps(problems)}"
    return MandrillError("ValidationError", message, code=-2, status_code=400)


def unreadable() -> MandrillError:
    """
    A body that is no JSON object.
    """
    message = "You must specify a key value"
    return MandrillError("ValidationError", message, code=-2, status_code=400)


def unknown_template(name: str) -> MandrillError:
    """
    There is no template of this name.
    """
    message = f'No such template "{name}"'
    return MandrillError("Unknown_Template", message, code=5, status_code=404)


def unknown_message(identifier: str) -> MandrillError:
    """
    There is no message with this id.
    """
    message = f"No message exists with the id '{identifier}'"
    return MandrillError("Unknown_Message", message, code=11, status_code=404)


def invalid_template(message: str) -> MandrillError:
    """
    A template that cannot be stored.
    """
    return MandrillError("Invalid_Template", message, code=6, status_code=422)


def invalid_reject() -> MandrillError:
    """
    An address that is to be taken off a list and is not on it.
    """
    message = "Email address is not in the rejection list and is not invalid"
    return MandrillError("Invalid_Reject", message, code=4, status_code=404)


def from_model(error: ValidationError) -> MandrillError:
    """
    What a model found, nested by field as Mandrill does it.
    """
    problems: dict[str, Any] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        _put(problems, [str(part) for part in each["loc"]] or ["request"], str(each["msg"]))
    return invalid(problems)


def _put(problems: dict[str, Any], path: Sequence[str], message: str) -> None:
    inner = problems
    for part in path[:-1]:
        found = inner.setdefault(part, {})
        if not isinstance(found, dict):
            return
        inner = found
    inner.setdefault(path[-1], message)
