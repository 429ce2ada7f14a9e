"""
What servers say when they refuse a mail: phrases, and the cause that each tells.

A phrase stands for words as :func:`mailcore.bounces.judge` compares them: in lower case, between
single spaces, without punctuation, codes and addresses. It matches where a word begins; ``…``
stands for up to 60 characters, and ``$`` for the end of a word. The first cause with a phrase that
matches decides, so the order of the causes is part of the table: who was refused (the sender, the
address, the mail) is told apart before why. Collected from the documentation and the answers of
Postfix, Exim, Sendmail, qmail, Exchange, Gmail, Yahoo, Proofpoint, Mimecast and others
(2026-11-30).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias


class Cause(str, Enum):
    """Why a mail was not delivered."""

    NO_MAILBOX = "no_mailbox"
    """Nobody has this address."""
    MOVED = "moved"
    """The person has another address now."""
    NO_DOMAIN = "no_domain"
    """The address's domain does not exist, or cannot be routed to."""
    ACCEPTS_NO_MAIL = "accepts_no_mail"
    """The domain or its host declares that it takes no mail at all."""
    DISABLED = "disabled"
    """The mailbox exists and is switched off, perhaps for a time."""
    FULL = "full"
    TOO_LARGE = "too_large"
    RATE = "rate"
    """Too many mails, connections or recipients; greylisting."""
    BLOCKED = "blocked"
    """The sending host or its reputation."""
    SPAM = "spam"
    """The mail looks like spam."""
    CONTENT = "content"
    """The mail holds what is not accepted: a virus, an attachment, a malformed header."""
    POLICY = "policy"
    """A rule of the receiving side, authentication of mail among them."""
    SENDER = "sender"
    """The sender's address is not accepted."""
    RELAYING = "relaying"
    """The server that was asked is not in charge of the domain."""
    EXPIRED = "expired"
    """It was tried for too long."""
    NETWORK = "network"
    """No server could be reached."""
    SYSTEM = "system"
    """The receiving side is out of order."""
    TEMPORARY = "temporary"
    """A 4yz answer that says no more."""
    UNCLEAR = "unclear"

    def __str__(self) -> str:
        return str(self.value)


Table: TypeAlias = "tuple[tuple[Cause, tuple[tuple[str, ...], ...]], ...]"


def _table(*rows: tuple[Cause, str]) -> Table:
    """Phrases, one a line, in the parts that are looked for."""
    return tuple(
        (
            cause,
            tuple(
                tuple(f" {part}" for part in line.strip().replace("$", " ").split("…"))
                for line in phrases.split("\n")
                if line.strip()
            ),
        )
        for cause, phrases in rows
    )


WORDS: Final = _table(
    (
        Cause.TEMPORARY,
        """
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
        """,
    ),
    (
        Cause.SENDER,
        """
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
        """,
    ),
    (
        Cause.POLICY,
        """
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
        """,
    ),
    (
        Cause.BLOCKED,
        """
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
        """,
    ),
    (
        Cause.TOO_LARGE,
        """
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
        """,
    ),
    (
        Cause.FULL,
        """
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
        """,
    ),
    (
        Cause.RELAYING,
        """
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
        """,
    ),
    (
        Cause.RATE,
        """
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
        """,
    ),
    (
        Cause.MOVED,
        """
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
        """,
    ),
    (
        Cause.ACCEPTS_NO_MAIL,
        """
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
        """,
    ),
    (
        Cause.NO_DOMAIN,
        """
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
        """,
    ),
    (
        Cause.DISABLED,
        """
        account is disabled
        mailbox unavailable or access denied
        disabled or discontinued
        """,
    ),
    (
        Cause.NO_MAILBOX,
        """
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
        unknown user
        unknownuser
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
        badrcptto
        bad rcpt
        bad recipient
        bad mailbox
        bad destination mailbox
        bad destination email
        bad address
        bad local
        badrecipient
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
        deactivated
        email address lookup
        email name is not
        name is not in
        name not found
        name unknown
        name not recogni
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
        recipient verify
        recipient verification
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
        """,
    ),
    (
        Cause.NETWORK,
        """
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
        """,
    ),
    (
        Cause.DISABLED,
        """
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
        """,
    ),
    (
        Cause.EXPIRED,
        """
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
        """,
    ),
    (
        Cause.SPAM,
        """
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
        """,
    ),
    (
        Cause.CONTENT,
        """
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
        """,
    ),
    (
        Cause.BLOCKED,
        """
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
        """,
    ),
    (
        Cause.SYSTEM,
        """
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
        """,
    ),
    (
        Cause.POLICY,
        """
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
        """,
    ),
)
"""What a server says and means, whatever codes stand before it."""

FALLBACK_WORDS: Final = _table(
    (
        Cause.TEMPORARY,
        """
        try again
        try later
        later
        """,
    ),
    (
        Cause.NO_MAILBOX,
        """
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
        unknown
        """,
    ),
    (
        Cause.POLICY,
        """
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
        """,
    ),
    (
        Cause.SYSTEM,
        """
        service unavailable
        service not available
        service is unavailable
        service currently
        unavailable
        syntax error
        """,
    ),
    (
        Cause.POLICY,
        """
        in reply to end of data
        in reply to mail from
        in reply to data
        in reply to helo
        in reply to ehlo
        """,
    ),
)
"""What counts only where no status says more."""
