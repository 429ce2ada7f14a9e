"""What servers say where nobody has the address, in other words than those of ``gone``."""

from __future__ import annotations

from typing import Final


NOBODY_THERE: Final = """
unknown user
unknown local
unknown recipient
unknown mailbox
unknown email
unknown e mail
unknown mail address
unknown account
unknown virtual user
unknown addressee
unknown name
unknown rcpt
unknown alias
unknown or illegal
unknown customer
no such user
no such a user
nosuchuser
no such mailbox
no such mail box
no such account
no such address
no such recipient
no such person
no such customer
no such local
no such id
no such virtual
no such name
no such email
no such e mail
no such mail
no such user here
no mailbox
no mail box
no user
no account
no recipient
no valid recipient
no valid user
no local mailbox
no one by
no matches to nameserver
no existe
not a known user
not a valid user
not a valid mailbox
not a valid recipient
not a valid email
not a valid address
not a valid account
not a user
not a local user
not a local address
not a mailbox
not a recipient
not a registered
not an active
not an existing
not a member
not a subscriber
not known here
not known at
not known to
not our customer
not in our directory
not in directory
not listed in public
not listed in domino
not listed in directory
not listed in name
not found in directory
not found in
not found on
not exist
does not exist
doesnt exist
dont exist
no longer exist
no longer valid
no longer available
no longer active
no longer in use
no longer in service
no longer on
no longer accepts
no longer accept
no longer used
no longer monitored
no longer maintained
nonexistent
non existent
non existing
nonexisting
inexist
not exist here
invalid user
invalid recipient
invalid mailbox
invalid address
invalid email
invalid e mail
invalid rcpt
invalid local
invalid account
invalid addressee
invalid or unknown
badrcptto
bad rcpt
bad recipient
bad mailbox
bad destination mailbox
bad destination email
bad address
bad local
badrecipient
deactivated
not able to find
unable to find recipient
cannot find recipient
cant accept user
can t find user
could not find user
couldnt find user
delivery to the following recipients failed permanently…unknown
delivery to this address is restricted…unknown
did not match any
dsn…unknown user
empty local part
we dont have a mailbox
we do not have a mailbox
there is no such
there is no user
there is no one
there is no account
there is no mailbox
there is no recipient
theres no one
undeliverable address
undeliverable recipient
unrouteable address
unroutable address
unrouteable
unable to validate recipient
not local
server rejected recipients
rejected by recipient verification
callout verification failed
mail rejected no such
ldap…not found
ldap…no such
wrong recipient
wrong user
wrong email
incorrect address
misspelled
mispelled
archived recipient
dormant
discontinued
ceased to exist
"""
"""``no such user``: what is said, then perhaps of what."""
