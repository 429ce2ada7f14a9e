"""
Brevo (Sendinblue before), from its documentation.
"""

from __future__ import annotations
