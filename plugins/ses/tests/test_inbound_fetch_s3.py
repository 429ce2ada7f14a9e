"""Fetching received mail over HTTP: from moto's S3 and KMS, and from servers that misbehave."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import requests

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.server import ThreadedMotoServer
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import AlgorithmSuite, CommitmentPolicy

from mailcore import FetchError, InboundEvent, afetch_inbound, fetch_inbound, get_provider


pytestmark = pytest.mark.slow


BUCKET, KEY = "inbound-mail", "in/3k9 ö"
MAIL = b"From: ada@example.net\r\nSubject: Where is it?\r\n\r\nI wait.\r\n"
EVENT = InboundEvent(provider="ses", location={"bucketName": BUCKET, "objectKey": KEY})
DENIED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User is not authorized to perform: s3:GetObject</Message>
</Error>"""


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(moto, invented_credentials):
    """Make clients of the server, which has forgotten everything but an empty bucket."""
    requests.post(f"{moto}/moto-api/reset", timeout=10)

    def make(service):
        return boto3.client(service, region_name="us-east-1", endpoint_url=moto)

    make("s3").create_bucket(Bucket=BUCKET)
    return make


@pytest.fixture
def ses(moto, client):
    """A provider that finds S3 and KMS there, and SES nowhere (138)."""
    return get_provider(
        "ses",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        s3_endpoint_url=moto,
        kms_endpoint_url=moto,
    )


def keys(client):
    """What is in the bucket."""
    return [each["Key"] for each in client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())]


@pytest.mark.parametrize(
    "how",
    [{}, {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}],
    ids=["plain", "SSE-S3", "SSE-KMS"],
)
def test_mail_in_s3(ses, client, how):
    """What S3 encrypts by itself, it decrypts by itself; the mail stays where it is."""
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=MAIL, **how)

    assert MAIL == fetch_inbound(ses, EVENT).raw
    assert [KEY] == keys(client)


def put_like_ses(client, key_arn):
    """Put the mail as the S3 encryption client of SES does: key wrapped by KMS, AES/GCM."""
    context = {"kms_cmk_id": key_arn}
    data_key = client("kms").generate_data_key(
        KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context
    )
    iv = os.urandom(12)
    client("s3").put_object(
        Bucket=BUCKET,
        Key=KEY,
        Body=AESGCM(data_key["Plaintext"]).encrypt(iv, MAIL, None),
        Metadata={
            "x-amz-key-v2": base64.b64encode(data_key["CiphertextBlob"]).decode(),
            "x-amz-iv": base64.b64encode(iv).decode(),
            "x-amz-cek-alg": "AES/GCM/NoPadding",
            "x-amz-wrap-alg": "kms",
            "x-amz-tag-len": "128",
            "x-amz-matdesc": json.dumps(context),
            "x-amz-unencrypted-content-length": str(len(MAIL)),
        },
    )


def put_by_library(client, key_arn, suite, policy):
    """Put the mail by AWS's own library."""
    config = S3EncryptionClientConfig(
        keyring=KmsKeyring(client("kms"), key_arn),
        encryption_algorithm=suite,
        commitment_policy=policy,
    )
    S3EncryptionClient(client("s3"), config).put_object(Bucket=BUCKET, Key=KEY, Body=MAIL)


@pytest.mark.parametrize("is_key_given", [False, True])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_mail_that_was_encrypted(moto, client, version, is_key_given):
    """Mail of every version of the encryption client is decrypted, with the help of KMS."""
    key_arn = client("kms").create_key()["KeyMetadata"]["Arn"]
    if version == 1:
        put_like_ses(client, key_arn)
    elif version == 2:
        suite = AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF
        put_by_library(client, key_arn, suite, CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
    else:
        suite = AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        put_by_library(client, key_arn, suite, CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    stored = client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    provider = get_provider(
        "ses",
        region_name="us-east-1",
        s3_endpoint_url=moto,
        kms_endpoint_url=moto,
        kms_key_arn=key_arn if is_key_given else None,
    )

    assert b"Subject" not in stored
    assert "Where is it?" == fetch_inbound(provider, EVENT).subject


def test_mail_that_was_encrypted_and_changed(ses, client):
    """One bit of the stored object is wrong: an error, not a mail."""
    put_like_ses(client, client("kms").create_key()["KeyMetadata"]["Arn"])
    stored = client("s3").get_object(Bucket=BUCKET, Key=KEY)
    content = bytearray(stored["Body"].read())
    content[3] ^= 1
    client("s3").put_object(
        Bucket=BUCKET, Key=KEY, Body=bytes(content), Metadata=stored["Metadata"]
    )

    with pytest.raises(FetchError, match="cannot be decrypted"):
        fetch_inbound(ses, EVENT)


def test_deleted_after_the_handler(ses, client):
    """The mail is still there while the handler has it, and gone afterwards."""
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=MAIL)
    seen = []
    fetch_inbound(ses, EVENT, lambda mail: seen.append((mail.raw, keys(client))), delete_after=True)

    assert [(MAIL, [KEY])] == seen
    assert [] == keys(client)


def test_kept_when_the_handler_fails(ses, client):
    """What the handler raises reaches the caller, and the mail can be fetched again."""
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=MAIL)

    def fail(mail):
        raise LookupError("no such customer")

    with pytest.raises(LookupError):
        fetch_inbound(ses, EVENT, fail, delete_after=True)
    assert MAIL == fetch_inbound(ses, EVENT).raw


def test_in_an_event_loop(ses, client):
    """The twin for asyncio, with a coroutine function as the handler."""
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=MAIL)
    seen = []

    async def handle(mail):
        await asyncio.to_thread(seen.append, mail.subject)

    mail = asyncio.run(afetch_inbound(ses, EVENT, handle, delete_after=True))

    assert ["Where is it?"] == seen == [mail.subject]
    assert [] == keys(client)


def test_mail_that_is_gone(ses, client):
    """A 404 of S3 is both our error and boto3's (81)."""
    with pytest.raises(FetchError) as caught:
        fetch_inbound(ses, EVENT)

    error = caught.value
    assert ("not_found", "NoSuchKey", 404) == (error.category, error.code, error.status_code)
    assert "The specified key does not exist." in str(error)
    assert isinstance(error.__cause__, ClientError)


@pytest.mark.parametrize(("limit", "is_fetched"), [(len(MAIL), True), (len(MAIL) - 1, False)])
def test_mail_that_is_too_large(moto, client, limit, is_fetched):
    """A mail may be as large as the limit, and not larger."""
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=MAIL)
    provider = get_provider(
        "ses", region_name="us-east-1", s3_endpoint_url=moto, max_inbound_bytes=limit
    )
    if is_fetched:
        assert MAIL == fetch_inbound(provider, EVENT).raw
        return
    with pytest.raises(FetchError) as caught:
        fetch_inbound(provider, EVENT)
    assert "too_large" == caught.value.category


@pytest.fixture
def misbehaving(invented_credentials):
    """Make a provider whose S3 gives one answer to everything: status, headers, body."""
    servers = []

    def make(status, headers, body, **options):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return get_provider(
            "ses",
            region_name="us-east-1",
            s3_endpoint_url=f"http://127.0.0.1:{server.server_port}",
            **options,
        )

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_permission_is_missing(misbehaving):
    """A 403 of S3 keeps its words, and boto3's exception is the cause (81)."""
    provider = misbehaving(403, {"Content-Length": str(len(DENIED))}, DENIED)
    with pytest.raises(FetchError, match="not authorized to perform: s3:GetObject") as caught:
        fetch_inbound(provider, EVENT)

    assert ("access_denied", False) == (caught.value.category, caught.value.retryable)
    assert "AccessDenied" == caught.value.__cause__.response["Error"]["Code"]


def test_connection_lost_in_the_middle(misbehaving):
    """Half a mail is none: it may be fetched again."""
    provider = misbehaving(200, {"Content-Length": str(2 * len(MAIL))}, MAIL)
    with pytest.raises(FetchError) as caught:
        fetch_inbound(provider, EVENT)

    assert ("network", True) == (caught.value.category, caught.value.retryable)


def test_answer_without_end(misbehaving):
    """Without a length to look at, reading stops at the limit."""
    chunk = b"%x\r\n%s\r\n" % (len(MAIL), MAIL)
    provider = misbehaving(200, {"Transfer-Encoding": "chunked"}, chunk * 100, max_inbound_bytes=99)
    with pytest.raises(FetchError) as caught:
        fetch_inbound(provider, EVENT)

    assert "too_large" == caught.value.category


def test_connection_that_is_refused(invented_credentials):
    """Nobody listens: a typed error, retryable."""
    provider = get_provider("ses", region_name="us-east-1", s3_endpoint_url="http://127.0.0.1:9")
    with pytest.raises(FetchError) as caught:
        fetch_inbound(provider, EVENT)

    assert ("network", True) == (caught.value.category, caught.value.retryable)
