"""
The mailbox in the browser: pages made on the server, that read well without JavaScript.

Nothing of a mail acts in their origin: :mod:`mailcore_local.pages.preview` says how HTML is shown,
:mod:`mailcore_local.pages.answers` what else is sent, and the server's guard refuses requests of
other sites before a page sees them.
"""

from __future__ import annotations

from mailcore_local.pages.routes import pages_routes


__all__ = ["pages_routes"]
