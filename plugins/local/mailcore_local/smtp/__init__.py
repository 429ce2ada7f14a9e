"""
SMTP as one of several faces: a submission server that keeps what it takes.
"""

from __future__ import annotations

from mailcore_local.smtp.face import SmtpFace


__all__ = ["SmtpFace"]
