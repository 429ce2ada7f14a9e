"""
Mailjet, from its documentation.
"""

from __future__ import annotations
