"""What servers say of a mailbox that is there: full, switched off; and of people who moved."""

from __future__ import annotations

from typing import Final


FULL: Final = """
mailbox full
mailbox is full
mailbox…is full
mailbox…full$
mail box full
mail box is full
mbox full
inbox full
inbox is full
account is full
user is full
folder is full
mailfolder is full
maildir full
quota
overquota
storage limit
storage allocation
storage space
not enough storage
out of storage
mailbox size
mailbox space
mailbox is over
mailbox…exceeded
mailbox exceeds
mailbox has exceeded
exceeded the…mailbox
exceeds…mailbox
insufficient disk space
not enough disk space
disk space limit
user has exhausted
too many messages in
too many messages on
too many mails in
too much mail data
no space left in mailbox
out of space
no room in mailbox
maximum allowed mailbox
has too many messages
recipient storage full
storage full
"""
"""The mailbox has no room; before too many messages, which are those in it."""

MOVED: Final = """
has moved to
user has moved
recipient has moved
user moved
mailbox has moved
mailbox moved
address has changed
address has been changed
email has changed
changed his address
changed email address
new email address
new address is
no longer at this
no longer works
no longer work here
no longer employed
no longer with
no longer associated
left the company
left the organi
has left
been replaced by
"""
"""The person has another address, or has left."""

DISABLED_NOT_GONE: Final = """
account is disabled
mailbox unavailable or access denied
disabled or discontinued
"""
"""Before the words for a mailbox that is gone, which these contain."""

DISABLED: Final = """
is disabled
has been disabled
was disabled
been disabled
account disabled
account inactive
account is inactive
account…disabled
account…suspended
account…inactive
account…locked
account…frozen
account…blocked by
account…not active
account…not activated
account…on hold
account hold
mailbox disabled
mailbox…disabled
mailbox…suspended
mailbox…inactive
mailbox…locked
mailbox…frozen
mailbox inactive
user disabled
user…disabled
user…suspended
user suspended
user…inactive
user inactive
user locked
inactive user
inactive recipient
inactive account
inactive mailbox
recipient…disabled
recipient…suspended
recipient…inactive
recipient suspend
suspended
is inactive
is locked
has been locked
has been suspended
not accepting messages
not accepting mail
disabled
"""
"""Switched off, perhaps for a time."""
