"""Errors as people read them on standard error, and as scripts read them with ``--json``."""

from __future__ import annotations

from pathlib import Path

from mailcore.cli import exit_codes
from mailcore.cli.output import note
from mailcore.errors import (
    ConfigurationError,
    MailcoreError,
    MessageError,
    PluginLoadError,
    ProviderNotFound,
    RecipientsRefused,
    SendError,
    StoreError,
    WebhookError,
)


__all__ = ["UsageError"]


class UsageError(ConfigurationError):
    """The command line is not one that mailcore understands."""


class InputError(ConfigurationError):
    """A file named on the command line cannot be read."""


def report(error: BaseException) -> None:
    """Say what is wrong on standard error: one line, and one for each further problem."""
    more = isinstance(error, StoreError) and error.__cause__ is not None
    note(f"error: {_text(error)}{'; --debug shows it' if more else ''}", always=True)


def _text(error: BaseException) -> str:
    if not isinstance(error, MailcoreError):
        # Nobody knows what the text of a stranger's exception holds.
        where = _where(error)
        return f"unexpected {type(error).__name__}{where}; --debug shows the traceback"
    text = str(error)
    if isinstance(error, MessageError) and len(error.problems) > 1:
        return text
    return " ".join(text.split())


def _where(error: BaseException) -> str:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f" in {Path(traceback.tb_frame.f_code.co_filename).name}, line {traceback.tb_lineno}"


def describe(error: BaseException) -> dict[str, object]:
    """Plain JSON of an error, without addresses and secrets as its text is."""
    described: dict[str, object] = {
        "type": type(error).__name__,
        "message": _text(error),
        "exit_code": exit_codes.of_error(error),
    }
    if isinstance(error, MessageError):
        described["problems"] = [
            {
                "field": problem.field,
                "reason": problem.reason,
                "hint": problem.hint,
                "feature": problem.feature,
            }
            for problem in error.problems
        ]
    elif isinstance(error, SendError):
        described |= {
            "provider": error.provider,
            "category": error.category,
            "retryable": error.retryable,
            "maybe_accepted": error.maybe_accepted,
            "retry_after_seconds": error.retry_after_seconds,
            "status_code": error.status_code,
            "code": error.code,
        }
        if error.attempts:
            described["attempts"] = [str(attempt) for attempt in error.attempts]
    elif isinstance(error, ProviderNotFound):
        described |= {
            "name": error.name,
            "installed": list(error.installed),
            "similar": list(error.similar),
            "install_hint": error.install_hint,
        }
    elif isinstance(error, PluginLoadError):
        described |= {"name": error.name, "distribution": error.distribution}
    elif isinstance(error, WebhookError):
        described |= {"provider": error.provider, "status_code": error.status_code}
    if isinstance(error, RecipientsRefused) and error.result is not None:
        described["result"] = error.result.to_dict()
    return described
