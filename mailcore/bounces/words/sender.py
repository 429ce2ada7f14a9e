"""What servers say of who sends: the address, its authentication, the host, how much it sends."""

from __future__ import annotations

from typing import Final


SENDER: Final = """
sender address rejected
sender rejected
sender was rejected
sender denied
sender unknown
sender verify failed
sender verification failed
sender address verification
sender callout
sender domain
senders domain
sender…does not exist
sender…not found
sender address…invalid
sender is not valid
invalid sender
bad sender
bad senders
unverified sender
verify sender
verify the sender
callback verification
callback setup failed
domain of sender
envelope sender
mail from domain
domain of the sender
invalid mail from
mail from address
return path
from address is not
unresolvable sender
from…badmailfrom
badmailfrom
your address is not allowed
null sender
"""
"""The sender's address; before the mailbox, whose words it shares (``sender … not found``)."""

AUTHENTICATION: Final = """
dmarc
spf check
spf fail
spf record
spf validation
spf hard
spf soft
spf$
dkim
unauthenticated
isnt authenticated
is not authenticated
pass authentication
authentication checks
authentication required
sender id
must issue a starttls
starttls
tls required
tls is required
"""
"""What the sending side has to prove."""

SENDING_HOST: Final = """
cannot find your
cant find your
reverse dns
reverse hostname
reverse lookup
reverse mapping
ptr record
ptr resource record
dns ptr
pointer record
no ptr
rdns
helo command rejected
ehlo command rejected
helo
does not accept mail from
not accept mail from
not accepting mail from
wont accept mail from
we do not accept mail from
my name was rejected
"""
"""The host that sends, told by its own names."""

RATE: Final = """
rate limit
ratelimit
sending rate
mail rate
message rate
throttl
greylist
graylist
grey list
grey listed
gray list
gray listed
too many messages
too many connections
too many concurrent
too many simultaneous
too many recipients
too many sessions
too many errors
too many mails
too many emails
too many failed
too many invalid
too many unknown
too many bad
too frequent
too quickly
too fast
at a rate that
receiving mail at
connection limit
connections exceeded
concurrency limit
daily limit
hourly limit
message limit
sending limit
volume of mail
unusual rate
exceeded the rate
exceeded…rate
max sender
frequency
"""
"""Too many mails, connections or recipients, and greylisting."""

BLOCKED: Final = """
blacklist
black list
blocklist
block list
blockedlist
denylist
deny list
badlist
rbl$
rbls
dnsbl
dnsrbl
spamhaus
spamcop
barracuda
sorbs
senderscore
cbl$
xbl$
sbl$
pbl$
block
blocked
banned
ban$
reputation
listed
your ip
your host
your network
your server
your domain
ip address
client host
client address
ip name
dynamic
residential
dialup
dial up
not allowed to connect
not allowed to send
not accepting connections
connection rejected
connection denied
you are not allowed
you are not welcome
go away
refused to talk
abuse
complaints
hostile
a problem occurred
your mail server
"""
"""Lists and reputation; loose words, which count only where no mailbox is named."""
