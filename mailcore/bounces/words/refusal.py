"""What servers say when they refuse by rule, or say hardly more than that they refuse."""

from __future__ import annotations

from typing import Final


POLICY: Final = """
policy
policies
local policy
security
not authorized
not authorised
unauthorized
not permitted
not allowed
restricted
prohibited
administrative
administratively
permission
authoriz
authoris
authenticat
whitelist
white list
allow list
only accepts
only accept
does not accept
not want
refuses
filter
filtered
rule
rules
verboten
denied by
rejected by
user reject
user rejected
refused by
not accepted
violation
violates
"""
"""A rule of the receiving side; loose words, the last of those that count before codes."""

TRY_AGAIN: Final = """
try again
try later
later
"""
"""It is final now, whatever was to be tried again."""

MAILBOX_REFUSED: Final = """
mailbox unavailable
mailbox is unavailable
mailbox…unavailable
mailbox not available
account unavailable
account is unavailable
account not available
user unavailable
recipient unavailable
unavailable mailbox
address rejected
address refused
address is not accepted
recipient rejected
recipient…rejected
recipient refused
recipient…refused
rejected recipient
destination address
unable to deliver to
could not deliver to
not deliver mail to
not found
"""
"""Refused or unavailable, with the address or mailbox named."""

REFUSED: Final = """
access denied
access not allowed
mail rejected
message rejected
message refused
mail refused
not delivered
message denied
rejected
refused
denied
"""
"""Refused, and nothing else."""

UNAVAILABLE: Final = """
service unavailable
service not available
service is unavailable
service currently
unavailable
syntax error
"""
"""Unavailable, and nothing else."""

IN_REPLY: Final = """
in reply to end of data
in reply to mail from
in reply to data
in reply to helo
in reply to ehlo
"""
"""Postfix's note of the command that was refused, where the answer says nothing."""
