"""What servers say of a mailbox that is gone, beginning with the name of what is missing."""

from __future__ import annotations

from typing import Final


MAILBOX_GONE: Final = """
user unknown
user…unknown
user not found
user was not found
user…was not found
user is not found
user not known
user not exist
user not exits
user no exist
user notfound
user not local
user…does not exist
user doesnt exist
user doesn t exist
user…doesnt exist
user doesnt have a
user does not have a
user…doesnt have a
user dosent exist
user dont exist
user isnt
user cannot be found
user could not be found
user not active
user invalid
user is invalid
user…invalid
user is unknown
user is not known
user is not valid
user is not a
user is not here
user id is unknown
user has no mailbox
user has no account
users email name is not found
user missing home
user no longer
user terminated
user deleted
user has been deleted
username not found
unknownuser
address is unknown
address unknown
address not found
address is not valid
address…not valid
address not known
address not present
address could not be found
address couldnt be found
address cannot be found
address wasnt found
address was not found
address is wrong
address invalid
address does not
address you entered couldnt
address not recogni
address…not found
addresses were unknown
addresses was unknown
address is no longer
recipient unknown
recipient…unknown
recipient is unknown
recipient not found
recipient…not found
recipient was not found
recipient could not be found
recipient not exist
recipient no found
recipient not ok
recipient not known
recipient not recogni
recipient does not
recipient is invalid
recipient invalid
recipient is not known
recipient is not valid
recipient is not local
recipient is not a
recipient is not found
recipient isnt
recipient not on
recipient no longer
recipient address invalid
recipnotfound
recipientnotfound
recip not found
mailbox not found
mailbox was not found
mailbox…not found
mailbox not present
mailbox unknown
mailbox invalid
mailbox does not
mailbox…does not exist
mailbox not exist
mailbox doesnt
mailbox not available here
mailbox has been deleted
mailbox is closed
mailbox closed
mailbox deleted
mailbox name not allowed
mailbox name is not
mailbox is no longer
mailbox no longer
account not found
account does not
account doesnt
account that you tried to reach does not exist
account unknown
account not exist
account has been closed
account is closed
account closed
account deleted
account has been deleted
account…deleted
account has been terminated
account terminated
account has been cancel
account cancel
account has been removed
account no longer
account is no longer
account expired
account has expired
account discontinued
email address lookup
email name is not
name is not in
name not found
name unknown
name not recogni
recipient verify
recipient verification
"""
"""``user unknown``: what is missing, then what is said of it."""
