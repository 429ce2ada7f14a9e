"""
Mandrill (Mailchimp Transactional), from its documentation.
"""

from __future__ import annotations
