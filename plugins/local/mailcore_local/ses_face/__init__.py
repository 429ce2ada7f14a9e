"""
Amazon SES as one of several faces: the local SES, with its mails and events in the mailbox.
"""

from __future__ import annotations

from mailcore_local.ses_face.face import SesFace, SesSettings


__all__ = ["SesFace", "SesSettings"]
