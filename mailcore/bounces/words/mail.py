"""What servers say of the mail itself: its size, and what it looks like or holds."""

from __future__ import annotations

from typing import Final


TOO_LARGE: Final = """
message size exceeds
message size exceed
size of the message exceeds
size of message exceeds
message size limit
message size too
message too large
message too big
message is too large
message is too big
message was too large
message file too big
message length exceeds
message exceeds…size
message exceeded…size
message exceeds…limit
message larger than
message is larger than
maximum message size
max message size
maximum size
exceeds the maximum
exceeds size limit
exceeds…size limit
exceeds limit of
size limit exceeded
size exceeds
header size exceeds
mail size
mail is too large
mail too large
mail is too big
email too large
email is too large
too large for
too big for
bytes exceed
rfcsize
exceeds fixed maximum
"""
"""Before a full mailbox, which has limits of size as well."""

SPAM: Final = """
spam
antispam
anti spam
junk
uce$
ube$
unsolicited
bulk mail
bulk email
bulk sender
phish
uribl
urlbl
surbl
suspicious
suspected
scored too high
message looks like
looks like
spammy
advertis
bayes
"""
"""Taken for spam, or looking like it."""

CONTENT: Final = """
virus
malware
trojan
worm$
attachment
content
infected
executable
bare lf
bare linefeed
bare line feed
bare cr
stray lf
line too long
lines too long
line length
rfc 5321
rfc 5322
rfc 2822
rfc5322
rfc5321
rfc2822
rfc 822
header
mime
malformed
message format
message rejected as
dangerous
forbidden
8bit
8 bit
smtputf8
subject
no date
message id
charset
encoding
conversion
"""
"""What is in it, and how it is written."""
