"""
The plugin against software of others that needs Node: aws-ses-v2-local and mailauth.

The packages are installed into a directory of the run. Without npm these tests fail rather than
pass unseen: leave them out with ``-m "not slow"``.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess

import pytest
import requests

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailcore import Attachment, Mailer, Message, MessageRejected
from mailcore_ses import SesProvider, ses_options


pytestmark = pytest.mark.slow

ADA, BOB = "ada@example.net", "bob@example.net"
# aws-ses-v2-local asks for a mailparser that is published no more.
PACKAGES = {
    "private": True,
    "dependencies": {"aws-ses-v2-local": "2.10.2", "mailauth": "4.13.3"},
    "overrides": {"aws-ses-v2-local": {"mailparser": "3.9.12"}},
}
PDF = Attachment("a.pdf", b"%PDF-1.7 \xff", "application/pdf")
VERIFY = """
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const [record] = process.argv.slice(2);
const resolver = async (name, type) => {
  if (name !== 'mail._domainkey.example.com' || type !== 'TXT') throw new Error(name);
  return [[record]];
};
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', async () => {
  const { results } = await dkimVerify(Buffer.concat(chunks), { resolver, minBitLength: 1024 });
  console.log(JSON.stringify(results.map((each) => [each.status.result, each.signingDomain])));
});
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The directory with the Node packages."""
    directory = tmp_path_factory.mktemp("node")
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail('npm is not installed: install Node 18 or later, or run with -m "not slow"')
    (directory / "package.json").write_text(json.dumps(PACKAGES))
    command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error"]
    finished = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, timeout=300
    )
    if finished.returncode:
        pytest.fail(f"npm cannot install {PACKAGES['dependencies']}: {finished.stderr[-1000:]}")
    return directory


@pytest.fixture(scope="module")
def ses(installed):
    """The URL of aws-ses-v2-local."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    program = installed / "node_modules" / ".bin" / "aws-ses-v2-local"
    command = [program, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=installed) as server:
        try:
            for line in server.stdout:
                if "server running" in line:
                    break
            assert server.poll() is None, "aws-ses-v2-local did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def sent(ses):
    """What a test has sent, as aws-ses-v2-local stored it."""
    requests.post(f"{ses}/clear-store", timeout=10)
    return lambda: requests.get(f"{ses}/store", timeout=10).json()["emails"]


@pytest.fixture(params=["http", "boto3"])
def options(request, ses, monkeypatch):
    """Options of a provider for it, by either way."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return {"endpoint_url": ses, "region_name": "eu-west-1", "send_with": request.param}


@pytest.fixture
def mailer(options, sent):
    """A mailer to it, with a template stored."""
    stored = {"Subject": "Hi {{name}}", "Text": "{{shop}}: {{name}}", "Html": "<p>{{name}}</p>"}
    with Mailer("ses", **options) as made:
        # After `sent`, which clears templates as well.
        made.provider.client.create_email_template(TemplateName="welcome", TemplateContent=stored)
        yield made


def message(**fields: object) -> Message:
    """A message to two."""
    return Message(**{"from_email": "Büro <shop@example.com>", "to": [("Ädä", ADA), BOB], **fields})


def test_raw(mailer, sent):
    """Raw content is read by a parser written by somebody else."""
    result = mailer.send(
        message(subject="Grüße", text="Hallo ü\n", html="<p>ü</p>", attachments=[PDF], tags=["t"])
    )

    (stored,) = sent()
    assert result.message_id == stored["messageId"]
    assert ("Grüße", "Hallo ü\n", "<p>ü</p>") == (
        stored["subject"],
        stored["body"]["text"],
        stored["body"]["html"],
    )
    assert ["a.pdf"] == [part["filename"] for part in stored["attachments"]]
    assert all(address in str(stored["destination"]["to"]) for address in (ADA, BOB))


def test_simple(options, sent):
    """Simple content with headers and attachments."""
    with Mailer("ses", **options, content="simple") as mailer:
        mailer.send(
            message(
                subject="Grüße",
                text="Hallo",
                html="<p>ü</p>",
                attachments=[PDF],
                metadata={"order": 7},
                bcc=["hidden@example.org"],
            )
        )

    (stored,) = sent()
    assert ("Grüße", "Hallo", "<p>ü</p>") == (
        stored["subject"],
        stored["body"]["text"],
        stored["body"]["html"],
    )
    assert ["hidden@example.org"] == stored["destination"]["bcc"]
    assert "a.pdf" in json.dumps(stored["attachments"])


def test_template(mailer, sent):
    """A stored template, filled in once."""
    result = mailer.send(
        message(template_id="welcome", merge_global_data={"name": "all", "shop": "Bücher"})
    )

    (stored,) = sent()
    assert result.message_id == stored["messageId"]
    assert ("Hi all", "Bücher: all") == (stored["subject"], stored["body"]["text"])


def test_own_bodies(mailer, sent):
    """The message's own bodies as a template."""
    mailer.send(message(subject="Hi {{name}}", text="{{name}}!", merge_global_data={"name": "all"}))

    (stored,) = sent()
    assert ("Hi all", "all!") == (stored["subject"], stored["body"]["text"])


def test_bulk(mailer, sent):
    """A batch of 60: everybody has their own data, and the id that the answer gave by position."""
    to = [f"user{n}@example.net" for n in range(60)]
    result = mailer.send(
        message(
            to=to,
            template_id="welcome",
            merge_data={address: {"name": address, "shop": "s"} for address in to},
            esp_extra=ses_options(recipient_tags={to[0]: {"group": "a"}}),
        )
    )

    by_id = {stored["messageId"]: stored for stored in sent()}
    assert 60 == len(by_id) == len(result.accepted)
    for address in to:
        stored = by_id[result.recipients[address].message_id]
        assert (f"Hi {address}", [address]) == (stored["subject"], stored["destination"]["to"])


def test_bulk_with_own_bodies(mailer, sent):
    """A batch with the message's own bodies."""
    mailer.send(
        message(
            # In bulk calls it takes bare addresses only; SES takes names as well.
            to=[ADA, BOB],
            subject="Hi {{name}}",
            html="<p>{{name}}</p>",
            merge_data={ADA: {"name": "Ada"}, BOB: {"name": "Bob"}},
        )
    )

    assert ["Hi Ada", "Hi Bob"] == sorted(stored["subject"] for stored in sent())


def test_batch_of_complete_messages(mailer, sent):
    """Everybody gets an own mail."""
    mailer.send(message(subject="Hi", text="{{x}}", merge_metadata={ADA: {"order": 7}}))

    assert ["{{x}}", "{{x}}"] == [stored["body"]["text"].strip() for stored in sent()]


def test_template_missing(mailer):
    """A template that does not exist is refused by name."""
    with pytest.raises(MessageRejected) as caught:
        mailer.send(message(template_id="nowhere"))

    assert not caught.value.retryable


@pytest.mark.parametrize("changed", [False, True], ids=["as signed", "changed"])
def test_dkim(installed, changed):
    """The DKIM verifier of mailauth, which shares no code with ours, finds what is valid."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    provider = SesProvider(
        dkim_domain="example.com", dkim_selector="mail", dkim_private_key=pem.decode()
    )
    (call,) = provider.build(
        message(subject="Grüße  und", text="Hallo \n\n\n", html="<p>", attachments=[PDF])
    )
    mail = call.params["Content"]["Raw"]["Data"].replace(b"Message-ID: <", b"Message-ID: <ses-")
    if changed:
        mail = mail.replace(b"Hallo", b"Hello")
    (installed / "verify.js").write_text(VERIFY)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    finished = subprocess.run(
        ["node", "verify.js", record], cwd=installed, input=mail, capture_output=True, check=True
    )

    expected = "neutral" if changed else "pass"
    assert [[expected, "example.com"]] == json.loads(finished.stdout)
