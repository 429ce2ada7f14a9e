"""What servers say of the way there, and of themselves: unreachable, too slow, out of order."""

from __future__ import annotations

from typing import Final


TEMPORARY: Final = """
temporarily unavailable
temporarily disabled
temporarily locked
temporary lookup failure
temporary failure
temporary error
temporary problem
temporary server error
host not found try again
try again shortly
"""
"""Before everything: what passes says nothing of the address."""

NETWORK: Final = """
delivery temporarily suspended
connection timed out
connection refused
connection reset
connection was refused
connection dropped
connection lost
connection failed
connection closed
lost connection
connect to…timed out
operation timed out
timed out while
timed out waiting
timed out connecting
conversation with…timed out
no route to host
network is unreachable
network unreachable
host is unreachable
host unreachable
host is down
host not reachable
unable to connect
could not connect
couldnt connect
cannot connect
cant connect
failed to connect
not connect to
all relevant mx
able to establish an smtp connection
establish an smtp
server did not respond
no response from
not responding
did not answer
deferred
"""
"""No server could be reached."""

EXPIRED: Final = """
delivery time expired
delivery expired
delivery timed out
message expired
message has expired
message timed out
message too old
expired
retry timeout exceeded
retry time not reached
retry time exceeded
too old
in the queue too long
in queue too long
queue too long
queue lifetime
cannot send message for
could not send message for
could not be delivered for
could not be delivered within
not been delivered for
unable to deliver message for
undelivered for
giving up
time limit
max retries
maximum retries
time out
timeout
timed out
"""
"""It was tried for too long."""

SYSTEM: Final = """
out of disk
no space left on
insufficient system
insufficient resources
system storage
system is full
system full
mail loop
mail loops
loops back
loop detected
routing loop
forwarding loop
mail forwarding loop
too many hops
hop count
hops
looping
internal error
internal server error
internal software
local configuration
configuration error
configuration problem
local error
server error
system error
system resources
resources temporarily
dns query failed
input output error
i o error
cannot open
cant create
cannot create
cannot append
cannot write
unable to write
permission denied
command died
died with
mailer error
mail system
program
command output
command not
command unrecogni
unrecognized command
unknown error
unable to process
processing error
database
ldap
storedrv
x unix
lookup failure
bad sequence
out of order
not implemented
"""
"""The receiving side is out of order."""
