"""
The faults that only SES has.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.model import OperationModel

from mailcore_local import engine
from mailcore_local.engine import ArgumentRule, Fault
from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.model import error_status


SEND_OPERATIONS = ("SendEmail", "SendBulkEmail")

# The fault's name -> code, message and status of the error.
ERRORS: Mapping[str, tuple[str, str, int]] = {
    "throttle": ("TooManyRequestsException", "Too many requests have been made.", 429),
    "sending_rate": ("ThrottlingException", "Maximum sending rate exceeded.", 400),
    "quota": ("ThrottlingException", "Daily message quota exceeded.", 400),
    "error500": ("InternalFailure", "The request failed because of an unknown error.", 500),
    "error503": ("ServiceUnavailable", "The service is temporarily unavailable.", 503),
}

_OWN: Mapping[str, ArgumentRule | None] = {
    **dict.fromkeys(ERRORS),
    "error": ArgumentRule(
        r"\w+", "error takes an error code, as in 'error:AccountSuspendedException'"
    ),
    "entries": ArgumentRule(
        r"[A-Z_]+(,[A-Z_]+)*",
        "entries takes statuses, as in 'entries:SUCCESS,TRANSIENT_FAILURE'",
    ),
}


class Faults(engine.Faults):
    """
    The faults in force: those of every stand-in, and SES's own.

    `throttle` (429), `sending_rate`, `quota`, `error500`, `error503`, `error:<Code>`, and
    `entries:<Status>,…` of a bulk send. Without `operations`, SendEmail and SendBulkEmail use up
    the steps of a script.

    Args:
        seed: The seed of the random numbers, which makes rates reproducible.
    """

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__(_OWN, SEND_OPERATIONS, seed=seed)


def injected_error(operation: OperationModel, fault: Fault) -> ServiceError | None:
    """
    The error that a fault stands for, or `None` when it is none.
    """
    if fault.name == "error":
        code = fault.argument
        return ServiceError(code, "Injected fault.", status_code=error_status(operation, code))
    described = ERRORS.get(fault.name)
    if described is None:
        return None
    code, message, status_code = described
    return ServiceError(code, message, status_code=status_code)
