"""
Signals: before and after each message that goes out, and for what providers report.

Receivers take ``**kwargs``: more may come. ``esp_name`` is the name that people know a provider by
(``Amazon SES``), ``provider`` the one that mailcore does (``ses``), ``mail`` the
:class:`mailcore.Message` that was made of Django's; None if none could be made.

====================  ============================================================================
Signal                Sent with
====================  ============================================================================
:data:`pre_send`      ``sender`` (the backend's class), ``message``, ``provider``, ``esp_name``,
                      ``using`` (the alias)
:data:`post_send`     the same, ``mail``, ``result`` (:class:`mailcore.SendResult`), ``status``
                      (the result in the words of django-anymail)
:data:`send_failed`   the same as ``pre_send``, ``mail``, ``error``
                      (:class:`mailcore.MailcoreError`)
:data:`tracking`      ``sender`` (the view's class), ``event`` (:class:`mailcore.TrackingEvent`),
                      ``provider``, ``esp_name``
:data:`inbound`       the same with a :class:`mailcore.InboundEvent`
====================  ============================================================================

A receiver of ``pre_send`` may change the message, or raise :class:`mailcore.CancelSend`: it is
then neither sent nor counted. What a receiver of ``post_send`` or ``send_failed`` raises is logged,
and the others are told: the mail has gone. What a receiver of ``tracking`` or ``inbound`` raises
answers the webhook with 500, so that the provider sends the event again.
"""

from __future__ import annotations

from django.dispatch import Signal


__all__ = ["inbound", "post_send", "pre_send", "send_failed", "tracking"]

pre_send = Signal()
"""Before a message is given to its provider."""

post_send = Signal()
"""After a provider took a message, or refused all of its recipients (before that raises)."""

send_failed = Signal()
"""A message was not sent, or nobody knows: ``error.maybe_accepted``."""

tracking = Signal()
"""A provider reports what became of a message."""

inbound = Signal()
"""A provider received a mail."""
