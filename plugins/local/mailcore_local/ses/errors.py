"""
Errors that the local SES answers with, in AWS's own terms.
"""

from __future__ import annotations

import uuid


class ServiceError(Exception):
    """
    One AWS error: code, message, HTTP status.

    The codes are those of botocore's service models (read 2026-11-21) where the operation models
    one, and the common AWS codes (`MissingAuthenticationToken`, `ThrottlingException`, …) where it
    does not.
    """

    def __init__(self, code: str, message: str, *, status_code: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status_code = status_code


def bad_request(message: str) -> ServiceError:
    """
    The error for every input that breaks a documented rule of SES.
    """
    return ServiceError("BadRequestException", message)


def not_found(message: str) -> ServiceError:
    """
    The error for a resource that does not exist.
    """
    return ServiceError("NotFoundException", message, status_code=404)


def already_exists(message: str) -> ServiceError:
    """
    The error for a resource that exists already.
    """
    return ServiceError("AlreadyExistsException", message)


def new_request_id() -> str:
    """
    A request id as AWS prints it.
    """
    return str(uuid.uuid4())
