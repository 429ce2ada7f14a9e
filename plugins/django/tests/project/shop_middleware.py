"""Middleware that the settings of a test name by its path."""

from __future__ import annotations


def shouting(message, send):
    """Send the subject in capitals."""
    return send(message.replace(subject=message.subject.upper()))
