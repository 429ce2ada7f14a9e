"""Mails through servers on the loopback interface, by smtplib and by aiosmtplib."""

from __future__ import annotations

import asyncio
import dataclasses
import email
import email.policy
import gc
import os
import threading
import weakref

import pytest

from mailcore import (
    AsyncMailer,
    AuthenticationFailed,
    Mailer,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    RecipientsRefused,
    SendError,
    SendStatus,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore.flow import Exchange, arun, run
from mailcore.registry import Registry, hookimpl
from mailcore_smtp import SmtpProvider, smtp_options


def test_a_mail_arrives_whole(send, real, mail_to, to_server):
    """Envelope and content: Bcc in the first only, lines with dots as they were."""
    port, kept = real()
    message = mail_to(
        "Ada <ada@example.net>",
        cc=["bob@example.net"],
        bcc=["eve@example.net"],
        envelope_sender="bounces@example.com",
        text="Hello\n.\n..two\nend",
        attachments=[("a.bin", bytes(range(256)), "application/octet-stream")],
    )

    (result,) = send(message, **to_server(port))

    (envelope,) = kept.envelopes
    assert "bounces@example.com" == envelope.mail_from
    assert ["ada@example.net", "bob@example.net", "eve@example.net"] == envelope.rcpt_tos
    assert b"eve@" not in envelope.content
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert "Hello\n.\n..two\nend" == "\n".join(mail.get_body().get_content().splitlines())
    assert bytes(range(256)) == next(mail.iter_attachments()).get_content()
    assert f"<{result.message_id}>" == mail["Message-ID"]
    assert {SendStatus.QUEUED} == result.statuses
    assert "2.0.0" == result.recipients["bob@example.net"].code


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_and_credentials(
    send, real, mail_to, to_server, credentials, tls, only_who_knows, security
):
    """Both ways to TLS, and PLAIN within it; a wrong password is told as such."""
    if security == "tls":
        options = {"ssl_context": tls, "auth_require_tls": False}
    else:
        options = {"tls_context": tls, "require_starttls": True}
    port, kept = real(auth_required=True, authenticator=only_who_knows, **options)
    to = to_server(port, security=security)

    (result,) = send(mail_to(), **to, **credentials)
    (error,) = send(mail_to(), **to, **{**credentials, "password": "wrong"})

    assert result.accepted
    assert 1 == len(kept.envelopes)
    assert isinstance(error, AuthenticationFailed)
    assert "5.7.8" == error.code
    assert "wrong" not in str(error)


@pytest.mark.parametrize(
    ("offered", "auth", "lines"),
    [
        ("PLAIN LOGIN", "auto", ["AUTH PLAIN AG1lAHMzY3JldA=="]),
        ("LOGIN", "auto", ["AUTH LOGIN", "bWU=", "czNjcmV0"]),
        ("PLAIN LOGIN", "login", ["AUTH LOGIN", "bWU=", "czNjcmV0"]),
    ],
)
def test_mechanisms(send, scripted, mail_to, to_server, offered, auth, lines):
    """PLAIN where it is offered, LOGIN where nothing else is or it is wanted."""
    answers = iter([b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"])
    server = scripted({"EHLO": f"250-mail\r\n250 AUTH {offered}\r\n".encode()})
    if "AUTH LOGIN" in lines:
        server.answers["AUTH"] = next(answers)
        server.answers["BWU="] = next(answers)
    server.answers.setdefault("AUTH", b"235 2.7.0 Welcome\r\n")
    server.answers["CZNJCMV0"] = b"235 2.7.0 Welcome\r\n"
    options = to_server(server.port, allow_insecure_auth=True, auth=auth)

    (result,) = send(mail_to(), username="me", password="s3cret", **options)

    assert result.accepted
    assert lines == server.lines[1 : 1 + len(lines)]


def test_xoauth2_asks_for_a_token_for_each_connection(send, scripted, mail_to, to_server):
    """The token is that of the callback; what it raises is told by its type only."""
    server = scripted({"EHLO": b"250-mail\r\n250 AUTH XOAUTH2\r\n", "AUTH": b"235 2.7.0 Ok\r\n"})
    tokens = iter(["t0k3n"])
    options = to_server(server.port, allow_insecure_auth=True, username="me")

    (result,) = send(mail_to(), access_token=lambda: next(tokens), **options)
    (error,) = send(mail_to(), access_token=lambda: {}["s3cret"], **options)

    assert result.accepted
    assert "AUTH XOAUTH2 dXNlcj1tZQFhdXRoPUJlYXJlciB0MGszbgEB" in server.lines
    assert isinstance(error, AuthenticationFailed)
    assert "smtp: access_token raised KeyError" == str(error)
    assert not error.maybe_accepted


@pytest.mark.parametrize(
    ("ehlo", "auth", "told"),
    [
        (b"250 mail\r\n", "auto", "does not offer AUTH PLAIN, but none"),
        (b"250-mail\r\n250 AUTH CRAM-MD5\r\n", "auto", "AUTH PLAIN, but CRAM-MD5"),
        (b"250-mail\r\n250 AUTH=plain\r\n", "login", "AUTH LOGIN, but PLAIN"),
    ],
)
def test_a_mechanism_that_is_not_offered(send, scripted, mail_to, to_server, ehlo, auth, told):
    """Nothing is tried that the server does not know; the credentials stay here."""
    server = scripted({"EHLO": ehlo})
    options = to_server(server.port, allow_insecure_auth=True, auth=auth)

    (error,) = send(mail_to(), username="me", password="s3cret", **options)

    assert isinstance(error, AuthenticationFailed)
    assert told in str(error)
    assert "mechanism" == error.category
    assert 1 == len(server.lines)


def test_a_question_that_the_mechanism_does_not_have(send, scripted, mail_to, to_server):
    """It is taken back (RFC 4954, section 4), and the mail with it."""
    server = scripted(
        {"EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n", "AUTH": b"334 What?\r\n", "*": b"501 5.7.0\r\n"}
    )
    options = to_server(server.port, allow_insecure_auth=True)

    (error,) = send(mail_to(), username="me", password="s3cret", **options)

    assert isinstance(error, AuthenticationFailed)
    assert "*" == server.lines[2]
    assert 3 == len(server.lines)


def test_a_refused_token_is_answered_to_its_end(send, scripted, mail_to, to_server):
    """XOAUTH2 tells its error as a question, which takes an empty line before the refusal."""
    server = scripted(
        {"EHLO": b"250-m\r\n250 AUTH XOAUTH2\r\n", "AUTH": b"334 eyJ9\r\n", "": b"535 5.7.8 No\r\n"}
    )
    options = to_server(server.port, allow_insecure_auth=True, username="me")

    (error,) = send(mail_to(), access_token=lambda: "t", **options)

    assert isinstance(error, AuthenticationFailed)
    assert "5.7.8" == error.code


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {
            "EHLO": b"250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
            "STARTTLS": b"454 4.7.0 No\r\n",
        },
        {
            "EHLO": b"250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
            "STARTTLS": b"220 Go\r\n250-mail\r\n250 AUTH PLAIN\r\n235 Ok\r\n",
        },
        {"EHLO": b"250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "STARTTLS": b"250 Ok\r\n"},
    ],
    ids=["not offered", "refused", "with replies injected", "without TLS behind it"],
)
def test_without_tls_nothing_is_told(send, scripted, mail_to, to_server, credentials, answers):
    """A server, or somebody on the way, that takes STARTTLS away gets neither secret nor mail."""
    server = scripted(answers)
    options = to_server(server.port, security="starttls", timeout_seconds=0.5)

    (error,) = send(mail_to(), **options, **credentials)

    assert isinstance(error, (NetworkError, ProviderUnavailable, UnexpectedResponse))
    assert not error.maybe_accepted
    if not answers:
        assert "tls_unavailable" == error.category
    for word in (b"AUTH", b"MAIL", b"ada@"):
        assert word not in server.in_clear


def test_what_was_said_before_tls_does_not_count(send, scripted, mail_to, to_server):
    """Extensions are asked for again (RFC 3207, section 4.2)."""
    server = scripted({"EHLO": b"250-mail\r\n250-SIZE 10\r\n250 STARTTLS\r\n"}, starts_tls=True)

    (result,) = send(mail_to(), **to_server(server.port, security="starttls"))

    assert result.accepted
    assert ["EHLO", "STARTTLS", "EHLO"] == [line.split()[0] for line in server.lines[:3]]
    assert b"MAIL" not in server.in_clear


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_nobody(send, scripted, mail_to, to_server, security):
    """A server whose certificate nobody vouches for gets nothing."""
    ehlo = b"250-mail\r\n250 STARTTLS\r\n"
    server = scripted({"EHLO": ehlo}, starts_tls=True, tls=security == "tls")
    options = {**to_server(server.port, security=security), "ca_file": None}

    (error,) = send(mail_to(), **options)

    assert isinstance(error, NetworkError)
    assert "certificate" in str(error)
    assert not error.retryable
    assert not error.maybe_accepted


def test_each_recipient_has_a_status(send, scripted, mail_to, to_server):
    """Some are refused, with enhanced codes; the others get the mail."""
    server = scripted(
        {
            "RCPT 2": b"550 5.1.1 <bob@example.net> unknown\r\n",
            "RCPT 3": b"450-4.2.1 Busy\r\n450 4.2.1 later\r\n",
            "RCPT 4": b"554 5.7.1 Blocked by policy\r\n",
        }
    )
    names = ["ada", "bob", "cy", "dan"]

    (result,) = send(mail_to(*[f"{name}@example.net" for name in names]), **to_server(server.port))

    found = [result.recipients[f"{name}@example.net"] for name in names]
    assert ["queued", "invalid", "failed", "rejected"] == [str(each.status) for each in found]
    assert ["2.0.0", "5.1.1", "4.2.1", "5.7.1"] == [each.code for each in found]
    assert [False, False, True, False] == [each.retryable for each in found]
    assert "5.1.1 <bob@example.net> unknown" == found[1].detail


def test_nobody_is_accepted(send, scripted, mail_to, to_server):
    """Without recipients there is no content; the connection takes the next mail."""
    server = scripted({"RCPT": b"550 5.1.1 Unknown\r\n"})

    errors = send(mail_to(), mail_to(), **to_server(server.port))

    assert all(isinstance(each, RecipientsRefused) for each in errors)
    assert ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "QUIT"] == [
        line.split()[0] for line in server.all_lines()
    ]
    assert 1 == server.connections


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"])
@pytest.mark.parametrize("ends", [None, b"250-2.0.0 O"], ids=["hangs up", "half an answer"])
def test_a_connection_that_is_lost(send, scripted, mail_to, to_server, step, ends):
    """After the final dot nobody knows; before it, nothing was sent."""

    def half(connection):
        connection.sendall(ends)

    server = scripted({step: half if ends else None})

    (error,) = send(mail_to(), **to_server(server.port, timeout_seconds=1.0))

    assert isinstance(error, NetworkError)
    assert (step == "content") == error.maybe_accepted
    assert error.retryable != error.maybe_accepted


@pytest.mark.slow
def test_a_connection_lost_within_the_content(send, scripted, mail_to, to_server):
    """A server that ends it while a large mail is written has no mail."""

    def cut(connection):
        connection.sendall(b"354 Go on\r\n")
        connection.recv(1000)

    server = scripted({"DATA": cut})
    large = mail_to(attachments=[("a", bytes(20_000_000), "application/octet-stream")])

    (error,) = send(large, **to_server(server.port))

    assert isinstance(error, NetworkError)
    assert not error.maybe_accepted


@pytest.mark.slow  # the content has ten times as long as each command
def test_no_answer_after_the_content(send, scripted, mail_to, to_server):
    """Waiting has an end, and then nobody knows."""
    server = scripted({"content": lambda connection: connection.recv(1)})

    (error,) = send(mail_to(), **to_server(server.port, timeout_seconds=0.2))

    assert isinstance(error, SendTimeout)
    assert error.maybe_accepted
    assert not error.retryable


def test_a_second_reply_is_not_believed(send, scripted, mail_to, to_server):
    """It would be read as the answer to the next recipient."""
    server = scripted({"RCPT 1": b"250 Ok\r\n250 Ok\r\n", "RCPT 2": b"550 5.1.1 Unknown\r\n"})

    (error,) = send(mail_to("ada@example.net", "bob@example.net"), **to_server(server.port))

    assert isinstance(error, UnexpectedResponse)
    assert not error.maybe_accepted


def test_connections_are_used_again(send, scripted, mail_to, to_server):
    """One connection for mails after each other, asked first whether it still works."""
    server = scripted()

    results = send(mail_to(), mail_to(), mail_to(), **to_server(server.port))

    assert 3 == sum(len(each.accepted) for each in results)
    assert 1 == server.connections
    assert 2 == server.lines.count("NOOP")


@pytest.mark.parametrize(
    "answers",
    [{"NOOP": None}, {"NOOP": b"421 4.4.2 Bye\r\n"}, {"NOOP": b"250 1\r\n250 2\r\n"}],
    ids=["closed", "says that it closes", "says too much"],
)
def test_a_connection_that_has_ended_meanwhile(send, scripted, mail_to, to_server, answers):
    """The next mail gets a new one; nothing is sent twice."""
    server = scripted(answers)

    results = send(mail_to(), mail_to(), **to_server(server.port))

    assert 2 == sum(len(each.accepted) for each in results)
    assert 2 == len(server.mails) == server.connections


def test_a_server_that_takes_one_mail_in_a_connection(send, scripted, mail_to, to_server):
    """421 to MAIL of a connection used before: the same mail goes over a new one, once."""
    ok, no = b"250 Ok\r\n", b"421 4.7.0 Too many mails\r\n"
    server = scripted({"MAIL": iter([ok, no, ok, no, no])})

    first, second, third = send(mail_to(), mail_to(), mail_to(), **to_server(server.port))

    assert first.accepted
    assert second.accepted
    assert isinstance(third, RateLimited)
    assert third.retryable
    assert 2 == len(server.mails)


def test_a_connection_that_the_server_ends_is_not_used_again(send, scripted, mail_to, to_server):
    """After 421, wherever it is said."""
    server = scripted({"RCPT": iter([b"421 4.3.2 Closing\r\n", b"250 Ok\r\n"])})

    error, result = send(mail_to(), mail_to(), **to_server(server.port))

    assert "closing" == error.category
    assert result.accepted
    assert 2 == server.connections
    assert "RSET" not in server.lines


def test_an_idle_connection_is_given_up(send, scripted, mail_to, to_server):
    """One that waited for too long is ended with QUIT."""
    server = scripted()

    send(mail_to(), mail_to(), **to_server(server.port, max_idle_seconds=1e-9))

    assert 2 == server.connections


def test_smtputf8(send, real, scripted, mail_to, to_server):
    """Local parts outside ASCII go where the server takes them, and nowhere else."""
    port, kept = real(enable_SMTPUTF8=True)
    message = mail_to("Jörg <jörg@bücher.example>", reply_to=["ünü@example.com"])

    (result,) = send(message, **to_server(port))
    plain = scripted({"EHLO": b"250-mail\r\n250 SIZE\r\n"})
    (error,) = send(message, **to_server(plain.port))

    (envelope,) = kept.envelopes
    assert result.accepted
    assert ["jörg@xn--bcher-kva.example"] == envelope.rcpt_tos
    assert {"SMTPUTF8", "BODY=8BITMIME"} < set(envelope.mail_options)
    assert "<jörg@xn--bcher-kva.example>".encode() in envelope.content
    assert isinstance(error, MessageRejected)
    assert "smtputf8_unavailable" == error.category
    assert ["EHLO"] == [line.split()[0] for line in plain.lines]


def test_delivery_reports_are_asked_for(send, scripted, mail_to, to_server):
    """NOTIFY, RET, ENVID and ORCPT, those of the message before those of the provider."""
    server = scripted()
    message = mail_to(
        "ada@example.net",
        "bob@example.net",
        esp_extra=smtp_options(
            dsn_notify=["success", "failure"],
            dsn_envelope_id="order 7+1",
            dsn_original_recipients={"BOB@example.net": "list=a@example.org"},
        ),
    )

    send(message, **to_server(server.port, dsn_notify=["never"], dsn_return="headers"))

    mail, ada, bob = server.lines[1:4]
    assert mail.endswith(" RET=HDRS ENVID=order+207+2B1")
    assert "RCPT TO:<ada@example.net> NOTIFY=SUCCESS,FAILURE" == ada
    assert (
        "RCPT TO:<bob@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;list+3Da@example.org" == bob
    )


def test_delivery_reports_that_the_server_does_not_know(send, scripted, mail_to, to_server):
    """What cannot be asked for is not left out silently."""
    server = scripted({"EHLO": b"250 mail\r\n"})

    (error,) = send(mail_to(), **to_server(server.port, dsn_notify=["never"]))

    assert "dsn_unavailable" == error.category
    assert not server.mails


def test_the_size_is_told_and_the_server_decides(send, scripted, mail_to, to_server):
    """A server that offers a SIZE which it does not mean is believed in what it answers."""
    server = scripted({"EHLO": b"250-mail\r\n250 SIZE 1\r\n"})
    strict = scripted({"MAIL": b"552 5.3.4 Too big\r\n"})

    (result,) = send(mail_to(), **to_server(server.port))
    (error,) = send(mail_to(), **to_server(strict.port))

    assert result.accepted
    assert f"SIZE={len(server.mails[0]) - 3}" in server.lines[1]
    assert "too_large" == error.category


def test_own_headers_make_own_mails(send, scripted, mail_to, to_server):
    """A batch: each sees themselves in To, and cc gets a copy of each mail."""
    server = scripted()
    urls = {
        "ada@example.net": "<https://example.com/a>",
        "bob@example.net": "<https://example.com/b>",
    }
    message = mail_to(
        *urls,
        cc=["cy@example.net"],
        merge_headers={to: {"List-Unsubscribe": url} for to, url in urls.items()},
    )

    (result,) = send(message, **to_server(server.port))

    assert 3 == len(result.accepted)
    assert 2 == len(set(result.message_ids))
    for (to, url), mail in zip(urls.items(), server.mails, strict=True):
        assert f"To: {to}\r\n".encode() in mail
        assert f"List-Unsubscribe: {url}\r\n".encode() in mail


@pytest.mark.parametrize("closes", [False, True])
def test_a_fork_makes_its_own_connection(scripted, mail_to, to_server, closes):
    """A child neither uses nor ends the connection of its parent."""
    server = scripted()
    mailer = Mailer(SmtpProvider(**to_server(server.port)))
    (request,) = mailer.preview(mail_to()).requests
    transport = mailer.provider.create_transport()
    run(exchanging(request), transport)
    child = os.fork()
    if not child:
        try:
            if closes:
                transport.close()
            else:
                run(exchanging(request), transport)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    run(exchanging(request), transport)
    quits = server.lines.count("QUIT")
    transport.close()

    assert (1 if closes else 2) == server.connections
    assert (2 if closes else 3) == len(server.mails)
    assert 0 == quits


@pytest.mark.parametrize("drive", [run, lambda *given: asyncio.run(arun(*given))])
def test_a_line_within_a_line_is_no_command(scripted, mail_to, to_server, drive):
    """Addresses have none; an extension that writes requests of its own cannot send one either."""
    server = scripted()
    provider = SmtpProvider(**to_server(server.port))
    (request,) = Mailer(provider).preview(mail_to()).requests
    forged = dataclasses.replace(request, envelope=("ada@example.net>\r\nRCPT TO:<eve@x.example",))

    with pytest.raises(SendError) as caught:
        drive(exchanging(forged), provider.create_transport())

    assert not caught.value.maybe_accepted
    assert ["EHLO", "MAIL"] == [line.split()[0] for line in server.lines]


@pytest.mark.slow
def test_a_loop_that_ended_leaves_nothing(scripted, mail_to, to_server):
    """A program that runs a loop for each mail keeps no loop of before."""
    server = scripted()
    provider = SmtpProvider(**to_server(server.port))
    transport = provider.create_transport()
    (request,) = Mailer(provider).preview(mail_to()).requests

    async def one_mail():
        await arun(exchanging(request), transport)
        transport.close()
        await asyncio.sleep(0.01)
        return asyncio.get_running_loop()

    loops = [weakref.ref(asyncio.run(one_mail())) for _ in range(2)]
    asyncio.run(one_mail())
    gc.collect()

    assert [None, None] == [each() for each in loops]
    assert 3 == len(server.mails)


def exchanging(request):
    """A flow of one exchange."""
    return (yield Exchange(request))


def test_threads_have_connections_of_their_own(scripted, mail_to, to_server):
    """Eight at once, none of whom gets the answers of another."""
    server = scripted()
    transport = SmtpProvider(**to_server(server.port)).create_transport()
    mailer = Mailer(SmtpProvider(**to_server(server.port)), transport=transport)
    found = []

    def work():
        found.extend(mailer.send(mail_to()).accepted for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()

    assert 40 == len(found) == len(server.mails)
    assert 8 >= server.connections


def test_the_log_of_the_wire(send, scripted, mail_to, to_server, caplog):
    """Steps, codes and sizes; neither credentials, full addresses nor content."""
    server = scripted(
        {
            "EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n",
            "AUTH": iter([b"235 2.7.0 Ok\r\n", b"535 5.7.8 No s3cret\r\n"]),
            "RCPT 2": b"550 5.1.1 <bob@example.net> unknown\r\n",
        }
    )
    options = to_server(server.port, allow_insecure_auth=True, username="me", password="s3cret")
    message = mail_to("ada@example.net", "bob@example.net", subject="Confidential")

    with caplog.at_level("DEBUG", logger="mailcore.wire"):
        send(message, **options)
        send(message, **options)

    told = caplog.text
    assert "a***@example.net: 250 | b***@example.net: 550 | content: 250" in told
    assert "auth: 535" in told
    for hidden in ("s3cret", "czNjcmV0", "ada@", "bob@", "shop@", "Confidential"):
        assert hidden not in told


def test_a_task_that_is_cancelled(scripted, mail_to, to_server):
    """Cut off after the final dot, the mail may be accepted; the connection is not used again."""
    arrived, release = threading.Event(), threading.Event()

    def hold(connection):
        arrived.set()
        release.wait(10)

    server = scripted({"content": hold})
    provider = SmtpProvider(**to_server(server.port))
    failures = []
    registry = Registry(autoload=False)
    registry.register_extension(Failures(failures))

    async def cut_off():
        mailer = AsyncMailer(provider, registry=registry)
        task = asyncio.create_task(mailer.send(mail_to()))
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
        server.answers.clear()
        assert (await mailer.send(mail_to())).accepted
        registry.close(provider)
        await asyncio.sleep(0.01)

    asyncio.run(cut_off())

    assert [True] == [error.maybe_accepted for error in failures]
    assert 2 == server.connections


class Failures:
    """Keeps what failed."""

    def __init__(self, failures):
        self._failures = failures

    @hookimpl
    def mailcore_message_failed(self, error):
        self._failures.append(error)
