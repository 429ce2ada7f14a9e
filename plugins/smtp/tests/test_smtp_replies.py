"""What replies mean: by step, reply code and enhanced status code."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import SendError, SendStatus, UnexpectedResponse
from mailcore_smtp.answers import refusal, statuses_of
from mailcore_smtp.call import Reply, SmtpRequest, SmtpResponse
from mailcore_smtp.errors import error_of
from mailcore_smtp.stuffing import stuffed


# RFC 5321 sections 4.2.2, 4.2.3 and 4.3.2; RFC 3463 section 3; RFC 4954 section 6; RFC 3207 section
# 4; RFC 1870 section 6; RFC 7504 (all read 2026-11-30). SES: the page that the table names.
# Step, reply, error, category, retryable.
WHOLE = """
greeting | 421 4.3.2 Shutting down | ProviderUnavailable | closing | yes
greeting | 451 Not now | ProviderUnavailable | temporary | yes
greeting | 521 Host does not accept mail | ProviderUnavailable | no_mail_here | no
greeting | 554 No SMTP service here | ProviderUnavailable | no_mail_here | no
ehlo | 500 Unknown command | ProviderUnavailable | no_mail_here | no
ehlo | 550 5.7.1 Go away | ProviderUnavailable | no_mail_here | no
starttls | 454 4.7.0 TLS not available | ProviderUnavailable | tls_unavailable | yes
starttls | 501 5.5.4 No parameters | ProviderUnavailable | tls_unavailable | no
auth | 421 4.7.0 Try again | ProviderUnavailable | closing | yes
auth | 432 4.7.12 Transition needed | AuthenticationFailed | password_transition | no
auth | 454 4.7.0 Temporary | ProviderUnavailable | authentication_later | yes
auth | 500 5.5.6 Line too long | AuthenticationFailed | authentication | no
auth | 504 5.5.4 Unrecognized | AuthenticationFailed | mechanism | no
auth | 530 5.7.0 Required | AuthenticationFailed | authentication | no
auth | 534 5.7.9 Too weak | AuthenticationFailed | mechanism | no
auth | 535 5.7.8 Invalid | AuthenticationFailed | authentication | no
auth | 538 5.7.11 Encryption required | AuthenticationFailed | encryption_required | no
mail | 421 4.3.0 Closing | ProviderUnavailable | closing | yes
mail | 450 4.7.1 Greylisted | ProviderUnavailable | temporary | yes
mail | 451 4.3.0 Local error | ProviderUnavailable | temporary | yes
mail | 451 4.7.28 Unusual rate | RateLimited | rate_limited | yes
mail | 452 4.3.1 Storage | ProviderUnavailable | temporary | yes
mail | 454 Throttling failure: Maximum sending rate exceeded | RateLimited | rate_limited | yes
mail | 454 THROTTLED | RateLimited | rate_limited | yes
mail | 455 4.5.4 Parameters | ProviderUnavailable | temporary | yes
mail | 501 5.5.4 Syntax | UnexpectedResponse | protocol | no
mail | 503 5.5.1 Sequence | UnexpectedResponse | protocol | no
mail | 530 5.7.0 Authentication required | AuthenticationFailed | authentication_required | no
mail | 530 5.7.0 Must issue STARTTLS first: no TLS | AuthenticationFailed | encryption_required | no
mail | 550 5.7.1 Sender refused | MessageRejected | sender | no
mail | 552 5.3.4 Message too big | MessageRejected | too_large | no
mail | 553 5.1.7 Syntax of sender | MessageRejected | sender | no
mail | 555 5.5.4 Unsupported parameter | MessageRejected | parameters | no
rcpt | 421 4.4.2 Timeout | ProviderUnavailable | closing | yes
rcpt | 530 5.7.0 Authentication required | AuthenticationFailed | authentication_required | no
data | 451 4.3.0 Local error | ProviderUnavailable | temporary | yes
data | 503 5.5.1 Sequence | UnexpectedResponse | protocol | no
data | 554 5.5.1 No valid recipients | MessageRejected | message_rejected | no
content | 421 4.3.2 Shutting down | ProviderUnavailable | closing | yes
content | 450 4.2.0 Later | ProviderUnavailable | temporary | yes
content | 452 4.3.1 Storage | ProviderUnavailable | temporary | yes
content | 454 Throttling failure: Daily message quota exceeded | QuotaExceeded | quota_exceeded | no
content | 550 5.7.1 Spam | MessageRejected | policy | no
content | 552 5.2.2 Mailbox full | MessageRejected | mailbox_full | no
content | 552 5.2.3 Too long | MessageRejected | too_large | no
content | 552 Too much | MessageRejected | too_large | no
content | 554 5.6.0 Content | MessageRejected | content | no
content | 554 Transaction failed | MessageRejected | message_rejected | no
"""


@pytest.mark.parametrize("row", WHOLE.strip().splitlines())
def test_a_mail_is_refused(row):
    """Each documented refusal is told by kind and category; none leaves it open."""
    step, told, kind, category, retryable = row.split(" | ")
    code, _, words = told.partition(" ")
    reply = Reply(int(code), words)

    error = error_of(SmtpResponse(step=step, reply=reply), reply)

    assert (kind, category) == (type(error).__name__, error.category)
    assert (retryable == "yes") == error.retryable
    assert not error.maybe_accepted
    assert (reply.enhanced or code) == error.code


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        ("content", 550, "the server refuses the mail (550): no <a***@x.example>"),
        ("auth", 535, "the server does not take the credentials (535)"),
        ("mail", 250, "the server answers with 250, which is no answer to this step (mail)"),
        ("content", -1, "the server answers with -1, which is no answer to this step (content)"),
    ],
)
def test_what_a_refusal_says(step, code, told):
    """The server's words without addresses; of credentials none, as they may be repeated."""
    reply = Reply(code, "no <ada@x.example>")
    response = SmtpResponse(step=step, reply=reply)

    error = error_of(response, reply)

    assert told == str(error)
    assert response is error.raw
    assert str(code) == error.code
    assert (step == "content" and code == -1) == error.maybe_accepted


RECIPIENTS = [
    (421, "4.2.1 Busy", "failed", "4.2.1", True),
    (450, "4.2.1 Mailbox busy", "failed", "4.2.1", True),
    (451, "Local error", "failed", "451", True),
    (452, "4.5.3 Too many recipients", "failed", "4.5.3", True),
    (501, "5.1.3 Syntax of the address", "invalid", "5.1.3", False),
    (550, "5.1.1 User unknown", "invalid", "5.1.1", False),
    (550, "No such user here", "invalid", "550", False),
    (550, "5.1.10 Null MX", "invalid", "5.1.10", False),
    (550, "5.7.1 Relaying denied", "rejected", "5.7.1", False),
    (551, "User not local", "invalid", "551", False),
    (552, "Too many recipients", "failed", "552", True),
    (552, "5.5.3 Too many recipients", "failed", "5.5.3", True),
    (552, "5.2.2 Mailbox full", "failed", "5.2.2", False),
    (554, "5.7.1 Blocked by policy", "rejected", "5.7.1", False),
    (556, "", "invalid", "556", False),
    (556, "Domain does not accept mail", "invalid", "556", False),
]


@pytest.mark.parametrize(
    ("code", "words", "status", "told", "retryable"),
    RECIPIENTS,
    ids=[f"{row[0]} {row[1]}" for row in RECIPIENTS],
)
def test_a_recipient_is_refused(code, words, status, told, retryable):
    """Each has an own status, and the code that says most."""
    found = refusal(Reply(code, words))

    assert (status, told, retryable) == (str(found.status), found.code, found.retryable)
    assert words == found.detail


def request_to(*recipients):
    """A mail."""
    return SmtpRequest(
        sender="shop@example.com",
        envelope=recipients,
        recipients=recipients,
        content=b"",
        message_id="1@example.com",
    )


def test_a_refusal_of_the_mail_beside_one_of_a_recipient():
    """Who was refused before keeps that status; the others have that of the mail."""
    replies = {"a@x.example": Reply(250), "b@x.example": Reply(550, "5.1.1 Unknown")}
    response = SmtpResponse(reply=Reply(451, "4.3.0 Later"), recipients=replies)

    found = statuses_of(request_to(*replies), response)

    assert {
        "a@x.example": ("failed", "4.3.0", True),
        "b@x.example": ("invalid", "5.1.1", False),
    } == {address: (str(each.status), each.code, each.retryable) for address, each in found.items()}


@pytest.mark.parametrize(("text", "code"), [("2.0.0 Ok: queued as 7", "2.0.0"), ("Ok", "250")])
def test_an_accepted_mail(text, code):
    """It has the id of its Message-ID header, and the words of the server."""
    found = statuses_of(request_to("a@x.example"), SmtpResponse(reply=Reply(250, text)))

    told = found["a@x.example"]
    assert ("queued", "1@example.com") == (str(told.status), told.message_id)
    assert (code, text) == (told.code, told.detail)


def test_a_refusal_of_the_mail_is_told_in_words():
    """Beside a recipient who was refused before, the status of the others says why."""
    replies = {"a@x.example": Reply(250), "b@x.example": Reply(550, "5.1.1 Unknown")}
    response = SmtpResponse(reply=Reply(451, "4.3.0 Later"), recipients=replies)

    found = statuses_of(request_to(*replies), response)

    assert str(error_of(response, response.reply)) == found["a@x.example"].detail


def test_recipients_without_an_answer_to_the_content():
    """A response that lacks it is none that a conversation makes: nobody was sent to."""
    replies = {"a@x.example": Reply(250), "b@x.example": Reply(550, "5.1.1 Unknown")}

    with pytest.raises(UnexpectedResponse, match="got no content"):
        statuses_of(request_to("a@x.example"), SmtpResponse(reply=None))
    found = statuses_of(request_to(*replies), SmtpResponse(reply=None, recipients=replies))

    assert ("failed", "unexpected_response") == (
        str(found["a@x.example"].status),
        found["a@x.example"].code,
    )


def test_an_answer_to_the_content_that_is_none():
    """Nobody knows whether the server has the mail: of those who were not refused before."""
    replies = {"a@x.example": Reply(250), "b@x.example": Reply(550, "5.1.1 Unknown")}
    response = SmtpResponse(reply=Reply(-1, "What?"), recipients=replies)

    found = statuses_of(request_to(*replies), response)

    assert SendStatus.UNKNOWN is found["a@x.example"].status
    assert found["a@x.example"].maybe_accepted
    assert not found["b@x.example"].maybe_accepted


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (250, "2.1.5 Ok", "2.1.5"),
        (550, "5.1.1", "5.1.1"),
        (550, " 5.1.1 x", "5.1.1"),
        (550, "4.1.1 another class", ""),
        (550, "5.1 short", ""),
        (550, "see 5.1.1", ""),
        (550, "5.1.1111 too long", ""),
        (-1, "", ""),
    ],
)
def test_enhanced_codes(code, text, expected):
    """At the beginning of the text, and of the class that the reply code has (RFC 2034)."""
    assert expected == Reply(code, text).enhanced


STEPS = st.sampled_from(["auth", "mail", "rcpt", "data", "content"])


@given(st.integers(-1, 999), st.text(), STEPS)
def test_any_reply_is_an_error_or_a_status(code, text, step):
    """Whatever a server says is told: as success only by 2xx to the content."""
    response = SmtpResponse(step=step, reply=Reply(code, text))
    if step == "content" and 200 <= code <= 299:
        assert statuses_of(request_to("a@x.example"), response)["a@x.example"].accepted
        return
    with pytest.raises(SendError) as caught:
        statuses_of(request_to("a@x.example"), response)
    assert [True, True] != [caught.value.retryable, caught.value.maybe_accepted]


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\xff"])).map(b"".join))
def test_stuffing(content):
    """No line is the final dot, all lines end in CRLF, and the server gets back each line."""
    wire = stuffed(content)

    assert wire.endswith(b"\r\n")
    lines = wire[:-2].split(b"\r\n")
    assert b"." not in lines
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    plain = b"\n".join(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    unstuffed = b"\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert plain.removesuffix(b"\n") == unstuffed
