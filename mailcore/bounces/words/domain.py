"""What servers say of a domain: not there, taking no mail, not theirs."""

from __future__ import annotations

from typing import Final


RELAYING: Final = """
relay access denied
relay access
relay denied
relay not permitted
relay not allowed
relay not authorized
relay prohibited
relay is prohibited
relaying denied
relaying is denied
relaying not
relaying is not
relaying prohibited
relaying to
relaying mail
relay for
relay to
relay through
unable to relay
cannot relay
cant relay
not permitted to relay
not allowed to relay
do not relay
dont relay
no relaying
no relay
open relay
not a relay
rcpthosts
domain isnt in my list
domain isnt allowed to be relayed
domain not in my list
not a gateway
we do not handle mail
not configured to receive mail for
we are not configured
not our domain
domain not hosted here
not a local domain
not hosted
"""
"""The server that was asked is not in charge; before the domain, which may be in order."""

ACCEPTS_NO_MAIL: Final = """
null mx
nullmx
does not accept mail
does not accept email
does not accept any mail
does not receive mail
doesnt accept mail
doesnt receive mail
doesnt accept email
not accept any mail
host does not accept
domain does not accept
does not send or receive
smtp protocol is not supported
"""
"""Declared to take no mail at all; after the refusals of one sender."""

NO_DOMAIN: Final = """
host or domain name not found
domain name not found
domain not found
domain is not found
domain was not found
domain couldnt be found
domain could not be found
domain does not exist
domain doesnt exist
domain…does not exist
domain…doesnt exist
domain may not exist
domain must exist
domain invalid
domain is invalid
domain unknown
domain…unknown
domain non existent
domain has no mx
domain…no mx
domain not reachable
domain is not reachable
domain has expired
domain expired
recipient domain must exist
recipient domain not found
invalid domain
illegal host
unknown domain
unknown mail domain
unknown host
unrouteable mail domain
unrouteable domain
unroutable domain
no such domain
no such host
nonexistent domain
non existent domain
non existent host
nxdomain
host unknown
host not found
host was not found
host does not exist
bad destination host
bad destination system
bad destination mailbox domain
find any host named
name or service not known
name server…not found
name server…no data
no mx for
no mx record
no mx or
mx lookup
mx…lookup
mx records point to non
no valid mx
no mail exchanger
no route to domain
dns error
dns lookup failed
name lookup
unknown destination
domain name is not valid
"""
"""Not there, or without a route to it."""
