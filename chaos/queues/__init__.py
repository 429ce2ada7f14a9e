"""The queues that a run may go through, by name; each is opened with its servers and its tables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import cast

from chaos.queues.queue import Queue


MODULES = {
    "sqlite": "chaos.queues.sql",
    "postgresql": "chaos.queues.sql",
    "django": "chaos.queues.django",
    "celery": "chaos.queues.celery",
}
"""The module of each queue, which has a function ``open_NAME``."""


def opened(name: str, folder: Path, mailer_url: str) -> AbstractContextManager[Queue]:
    """
    Start what a queue needs.

    Args:
        name: One of :data:`MODULES`.
        folder: An empty directory for databases, sockets and logs.
        mailer_url: What workers make their mailer of.
    """
    # Only what is run has to be installed.
    module = import_module(MODULES[name])
    opening = cast(
        "Callable[[Path, str], AbstractContextManager[Queue]]", getattr(module, f"open_{name}")
    )
    return opening(folder, mailer_url)
