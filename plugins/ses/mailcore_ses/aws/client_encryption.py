"""
Received mail that SES encrypted before it gave it to S3: the extra ``mailcore-ses[kms]``.

SES uses the S3 encryption client for that: the mail is encrypted under a key of its own, which is
encrypted under a key in KMS and stands in the object's metadata
(https://docs.aws.amazon.com/kms/latest/developerguide/services-ses.html, read 2026-11-21). AWS's
own S3 encryption client for Python, 4.0 or later, reads what any version of it wrote
(https://docs.aws.amazon.com/amazon-s3-encryption-client/latest/developerguide/python-examples.html,
read 2026-11-21). It does all that needs care; the call of KMS is ours, so that it goes through the
transport as every other.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from mailcore.errors import ConfigurationError, FetchError
from mailcore.foundation import redact
from mailcore_ses.aws.call import PROVIDER, AwsCall


# The encrypted key of the formats 1, 2 and 3, the initialisation vector, the ciphers.
_MARKS = frozenset({"x-amz-key", "x-amz-key-v2", "x-amz-3", "x-amz-iv", "x-amz-cek-alg", "x-amz-c"})


def is_encrypted(metadata: Mapping[str, str]) -> bool:
    """Whether an object was encrypted by whoever put it into S3, by its metadata."""
    return not _MARKS.isdisjoint(name.lower() for name in metadata)


def key_call(
    metadata: Mapping[str, str], *, kms_key_arn: str | None, region_name: str | None
) -> AwsCall:
    """
    The call that decrypts the key of an object.

    Args:
        metadata: The metadata of the object in S3.
        kms_key_arn: The only key in KMS that is believed; the one that encrypted it, if None.
        region_name: Where the key in KMS is, if nothing says it.

    Raises:
        ConfigurationError: If the extra is not installed.
        FetchError: If the metadata cannot be read.
    """
    if find_spec("s3_encryption") is None:
        raise ConfigurationError(
            "ses: the mail in S3 is encrypted with KMS: pip install 'mailcore-ses[kms]'"
        )
    try:
        decrypt(b"", metadata, key=None)
    except _KeyNeeded as needed:
        params = dict(needed.parameters)
    else:
        raise _failed("no key in KMS is needed for it")
    region = _region_of(kms_key_arn or params["EncryptionContext"].get("kms_cmk_id"))
    # KMS finds the key by itself, and with KeyId it refuses another.
    params.pop("KeyId")
    if kms_key_arn:
        params["KeyId"] = kms_key_arn
    return AwsCall(
        service="kms", operation="Decrypt", params=params, region_name=region or region_name
    )


def decrypt(content: bytes, metadata: Mapping[str, str], *, key: bytes | None) -> bytes:
    """
    Decrypt an object.

    Args:
        content: The octets of the object in S3.
        metadata: The metadata of the object in S3.
        key: The key of the object, decrypted.

    Raises:
        FetchError: If it cannot be decrypted, or was changed.
    """
    from s3_encryption.exceptions import S3EncryptionClientError, S3EncryptionClientSecurityError
    from s3_encryption.materials.crypto_materials_manager import DefaultCryptoMaterialsManager
    from s3_encryption.materials.kms_keyring import KmsKeyring
    from s3_encryption.materials.materials import CommitmentPolicy
    from s3_encryption.pipelines import GetEncryptedObjectPipeline

    # SES wraps keys in the way of the first version ("kms"), which the library calls legacy. Its
    # mails are authenticated (AES/GCM); what is not (AES/CBC) is refused: anybody could change it.
    keyring = KmsKeyring(_KeyHolder(key), "", enable_legacy_wrapping_algorithms=True)
    pipeline = GetEncryptedObjectPipeline(
        DefaultCryptoMaterialsManager(keyring),
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT,
    )
    answer = {
        "Body": BytesIO(content),
        "Metadata": {name.lower(): value for name, value in metadata.items()},
        "ContentLength": len(content),
    }
    try:
        plaintext: bytes = pipeline.decrypt(
            answer, instruction_suffix=None, enable_delayed_authentication=False
        ).read()
    except _KeyNeeded:
        raise
    except (S3EncryptionClientError, S3EncryptionClientSecurityError) as error:
        # Some of its texts quote the metadata.
        raise _failed(redact(" ".join(str(error).split()))[:200]) from error
    except Exception as error:
        # The library trusts metadata, and that is what anybody who may write to the bucket says.
        raise _failed(f"its metadata cannot be read ({type(error).__name__})") from error
    return plaintext


class _KeyNeeded(Exception):
    """The library asks; nothing is wrong."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        self.parameters = parameters


class _KeyHolder:
    """Stands where the library expects boto3's client of KMS."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        # The library adds its name to the client's.
        self.meta = SimpleNamespace(config=SimpleNamespace(user_agent_extra=""))

    def decrypt(self, **parameters: Any) -> dict[str, bytes]:
        """Answer with the key, or ask for it."""
        if self._key is None:
            raise _KeyNeeded(parameters)
        return {"Plaintext": self._key}


def _failed(reason: str) -> FetchError:
    return FetchError(
        f"the mail in S3 cannot be decrypted: {reason}", provider=PROVIDER, category="decryption"
    )


def _region_of(key_arn: object) -> str | None:
    """The region of a key by its ARN: ``arn:partition:kms:region:account:key/id``."""
    parts = key_arn.split(":") if isinstance(key_arn, str) else []
    return parts[3] if len(parts) >= 6 and parts[2] == "kms" and parts[3] else None
