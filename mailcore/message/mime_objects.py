"""Telling objects of the standard library's ``email`` without importing it."""

from __future__ import annotations

import sys

from typing import TYPE_CHECKING, Any, TypeGuard


if TYPE_CHECKING:
    from email.message import Message as StdlibMessage

__all__ = ["is_mime_object"]


def is_mime_object(value: object) -> TypeGuard[StdlibMessage[Any, Any]]:
    """Whether it is an object of the standard library's ``email``, which is not imported for it."""
    module = sys.modules.get("email.message")
    return module is not None and isinstance(value, module.Message)
