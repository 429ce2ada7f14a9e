"""
Received mail that SES keeps in S3: fetching it, and deleting it afterwards.

What S3 encrypts (SSE) it decrypts by itself. What SES encrypts, the receipt rule having a KMS key,
is recognised by each object's metadata: see :mod:`mailcore_ses.aws.client_encryption`.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (from memory, 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailcore.errors import FetchError, NetworkError, SendError
from mailcore.events import InboundEvent
from mailcore.flow import Exchange, Flow
from mailcore.foundation import redact
from mailcore_ses.aws.call import PROVIDER, AwsCall, AwsResponse
from mailcore_ses.aws.client_encryption import decrypt, is_encrypted, key_call


if TYPE_CHECKING:
    from mailcore_ses.options import SesOptions

_CATEGORIES = {403: "access_denied", 404: "not_found"}
# KMS answers all refusals with status 400.
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html (from memory, 2026-11-21).
_KMS_CATEGORIES = {
    "AccessDeniedException": "access_denied",
    "InvalidCiphertextException": "decryption",
    "IncorrectKeyException": "decryption",
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (from memory, 2026-11-21).
_RETRYABLE_CODES = frozenset({"SlowDown", "RequestTimeout", "ThrottlingException", "Throttling"})


@dataclass(frozen=True, kw_only=True)
class _Place:
    bucket: str
    key: str = field(repr=False)
    region_name: str | None

    @property
    def params(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}


def fetch(event: InboundEvent, options: SesOptions) -> Flow[bytes]:
    """
    Fetch the mail of an event from S3.

    Returns:
        The mail as received.

    Raises:
        FetchError: If the event names no object, or it cannot be read, or is too large.
        ConfigurationError: If it is encrypted and the extra for that is not installed.
    """
    place = _place_of(event)
    if place is None:
        raise FetchError(
            "the event has neither content nor an object in S3: the receipt rule needs an action "
            "for S3, or one for SNS, which brings mails of up to 150 KB along",
            provider=PROVIDER,
            category="no_content",
        )
    response = yield from _call(
        AwsCall(
            service="s3",
            operation="GetObject",
            params=place.params,
            region_name=place.region_name,
            max_response_bytes=options.max_inbound_bytes,
        )
    )
    content = response.body.get("Body")
    if not isinstance(content, bytes):
        raise FetchError("S3's answer has no content", provider=PROVIDER, raw=response)
    metadata = response.body.get("Metadata") or {}
    if not isinstance(metadata, Mapping):
        raise FetchError("S3's answer has unreadable metadata", provider=PROVIDER, raw=response)
    if not is_encrypted(metadata):
        return content
    return (yield from _decrypt(content, metadata, place, options))


def delete(event: InboundEvent) -> Flow[None]:
    """
    Delete the mail of an event from S3, if it is there.

    Raises:
        FetchError: If S3 refuses.
    """
    place = _place_of(event)
    if place is not None:
        yield from _call(
            AwsCall(
                service="s3",
                operation="DeleteObject",
                params=place.params,
                region_name=place.region_name,
            )
        )


def _decrypt(
    content: bytes, metadata: Mapping[str, str], place: _Place, options: SesOptions
) -> Flow[bytes]:
    call = key_call(metadata, kms_key_arn=options.kms_key_arn, region_name=place.region_name)
    response = yield from _call(call)
    key = response.body.get("Plaintext")
    if not isinstance(key, bytes):
        # Not the answer itself: it may hold the key.
        raise FetchError("the answer of KMS has no key", provider=PROVIDER, category="decryption")
    return decrypt(content, metadata, key=key)


def _place_of(event: InboundEvent) -> _Place | None:
    bucket, key = event.location.get("bucketName"), event.location.get("objectKey")
    if not bucket or not key:
        return None
    return _Place(bucket=bucket, key=key, region_name=event.location.get("regionName"))


def _call(call: AwsCall) -> Flow[AwsResponse]:
    try:
        response: AwsResponse = yield Exchange(call)
    except SendError as error:
        # Asking again does no harm, whether or not the request had arrived.
        is_network = isinstance(error, NetworkError)
        raise FetchError(
            f"{call.operation}: {error.args[0]}",
            provider=PROVIDER,
            category=error.category,
            retryable=error.retryable or is_network,
            raw=error.raw,
        ) from error
    if not response.ok:
        raise _refused(call, response) from _client_error(call, response)
    return response


def _refused(call: AwsCall, response: AwsResponse) -> FetchError:
    said = redact(" ".join(response.error_message.split()))[:500] or "no message"
    status = response.status_code
    return FetchError(
        f"{call.operation}: {response.error_code or status}: {said}",
        provider=PROVIDER,
        category=_KMS_CATEGORIES.get(response.error_code) or _CATEGORIES.get(status, "failed"),
        retryable=status >= 500 or status == 429 or response.error_code in _RETRYABLE_CODES,
        status_code=status,
        code=response.error_code,
        raw=response,
    )


def _client_error(call: AwsCall, response: AwsResponse) -> Exception:
    """What boto3 raised, for those who know it; a traceback shows its text, so that is redacted."""
    from botocore.exceptions import ClientError

    answer: Any = {
        "Error": {"Code": response.error_code, "Message": redact(response.error_message)},
        "ResponseMetadata": {
            "HTTPStatusCode": response.status_code,
            "HTTPHeaders": dict(response.headers),
        },
    }
    return ClientError(answer, call.operation)
