"""A real Postfix: what it says, what it delivers, and what it reports by mail."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from pathlib import Path

import pytest

from mailcore import Mailer
from mailcore.inbound import parse_inbound
from mailcore_smtp import SmtpProvider, smtp_options


POSTFIX = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DEADLINE_SECONDS = 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        POSTFIX is None or os.geteuid() != 0, reason="needs Postfix, which only root can start"
    ),
]

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.example.net
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
message_size_limit = 1000000
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_tls_security_level = encrypt
virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps =
  inline:{{ ada@example.net=ada/, ünü@example.net=ada/, bounces@example.net=bounces/ }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_recipient_restrictions =
  check_recipient_access inline:{{
    {{ busy@example.net = 450 4.2.1 Busy }}, {{ no@example.net = 554 5.7.1 Refused by policy }} }},
  permit_mynetworks, reject
"""
MASTER = """
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{tls} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port():
    """A port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def waited_for(look):
    """What `look` finds, as soon as it finds anything."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.02)  # another program's work
    return found


@pytest.fixture(scope="module")
def postfix(request):
    """A Postfix of its own: its ports by kind of TLS, its mailboxes, and its certificate."""
    import mailcore.testing.faults

    certificate = Path(mailcore.testing.faults.__file__).with_name("loopback.pem")
    # Not tmp_path, where its users may not go.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    ports = {"starttls": free_port(), "tls": free_port()}
    shutil.copy(certificate, folder / "own.pem")
    for name, owner in (("conf", None), ("queue", None), ("data", "postfix"), ("mail", "nobody")):
        (folder / name).mkdir()
        if owner:
            shutil.chown(folder / name, owner)
    main = MAIN.format(folder=folder, certificate=folder / "own.pem")
    (folder / "conf" / "main.cf").write_text(main)
    (folder / "conf" / "master.cf").write_text(MASTER.format(**ports))
    command = [POSTFIX, "-c", str(folder / "conf"), "start-fg"]
    log = (folder / "out").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def greets():
        assert process.poll() is None, (folder / "out").read_text()
        try:
            with socket.create_connection(("127.0.0.1", ports["starttls"]), 1) as connection:
                return connection.recv(100)
        except OSError:
            return b""

    try:
        waited_for(greets)
        yield ports, folder / "mail", certificate
    finally:
        stop = [POSTFIX, "-c", str(folder / "conf"), "stop"]
        subprocess.run(stop, check=False, capture_output=True)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def options(postfix):
    """Options for it, by kind of TLS."""
    ports, _, certificate = postfix

    def made(security="starttls", **changes):
        given = {"host": "127.0.0.1", "port": ports[security], "ca_file": str(certificate)}
        return {**given, "security": security, **changes}

    return made


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_delivers(send, postfix, options, mail_to, security):
    """What arrives is what was sent, over one connection for several mails."""
    mailbox = postfix[1] / "ada" / "new"
    mails = [mail_to(subject=f"{security} {number}", text=".\nHello\n..") for number in range(3)]

    results = send(*mails, **options(security))

    ids = {f"<{result.message_id}>" for result in results}
    assert ["2.0.0"] * 3 == [result.recipients["ada@example.net"].code for result in results]

    def arrived():
        found = [parse_inbound(path.read_bytes()) for path in mailbox.glob("*")]
        own = [mail for mail in found if mail.headers["Message-ID"] in ids]
        return own if len(own) == 3 else None

    assert {".\nHello\n.."} == {mail.text.strip("\n") for mail in waited_for(arrived)}


def test_it_refuses_some(send, options, mail_to):
    """Unknown, busy, refused by a policy: each has the code that Postfix gives."""
    to = ["ada@example.net", "eve@example.net", "busy@example.net", "no@example.net"]

    (result,) = send(mail_to(*to), **options())

    found = [result.recipients[each] for each in to]
    assert ["queued", "invalid", "failed", "rejected"] == [str(each.status) for each in found]
    assert ["2.0.0", "5.1.1", "4.2.1", "5.7.1"] == [each.code for each in found]


def test_it_refuses_what_is_too_large(send, options, mail_to):
    """By the size that it was told, before the content."""
    large = mail_to(attachments=[("a", bytes(2_000_000), "application/octet-stream")])

    (error,) = send(large, **options())

    assert ("too_large", "5.3.4") == (error.category, error.code)
    assert not error.maybe_accepted


def test_it_takes_addresses_outside_ascii(send, options, mail_to):
    """SMTPUTF8 and 8BITMIME."""
    (result,) = send(mail_to("ünü@example.net"), **options())

    assert result.accepted


def test_it_reports_by_mail(postfix, options, mail_to):
    """A delivery report names the mail by its Message-ID and envelope id, and who got it."""
    message = mail_to(
        envelope_sender="bounces@example.net",
        esp_extra=smtp_options(
            dsn_notify=["success"], dsn_return="headers", dsn_envelope_id="order 7"
        ),
    )
    provider = SmtpProvider(**options())
    transport = provider.create_transport()

    result = Mailer(provider, transport=transport).send(message)
    transport.close()

    mailbox = postfix[1] / "bounces" / "new"
    (path,) = waited_for(lambda: list(mailbox.glob("*")))
    report = parse_inbound(path.read_bytes()).delivery_report
    assert "order 7" == report.original_envelope_id
    assert f"<{result.message_id}>" == report.original_message_id
    assert [("ada@example.net", "delivered")] == [
        (each.recipient, each.action) for each in report.recipients
    ]
