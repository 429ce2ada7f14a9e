"""
AWS Signature Version 4 on incoming requests.

Source: AWS General Reference, "Create a signed AWS API request" (read 2026-11-21).
"""

from __future__ import annotations

import hashlib
import hmac
import re

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from mailcore_local.ses.errors import ServiceError


_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM}\s+Credential=(?P<key>[^/,\s]+)/(?P<date>\d{{8}})/(?P<region>[\w-]+)/(?P<service>[\w-]+)"
    r"/aws4_request,\s*SignedHeaders=(?P<headers>[\w;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Credentials:
    """
    The one key pair that the server takes.
    """

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, kw_only=True, repr=False)
class SignedRequest:
    """
    What a signature covers.

    Attributes:
        method: The HTTP method in capitals.
        path: The path as it stood in the request line, percent-encoded.
        query: The query string without `?`.
        headers: The headers by their names in lower case.
        body: The octets of the body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def authenticate(request: SignedRequest, credentials: Credentials | None) -> str:
    """
    Check that a request is signed, and with credentials given, that the signature is right.

    Returns:
        The access key id of the caller.

    Raises:
        ServiceError: 403 with `MissingAuthenticationToken`, `IncompleteSignature`,
            `UnrecognizedClientException` or `SignatureDoesNotMatch`.
    """
    authorization = request.headers.get("authorization", "")
    if not authorization:
        raise ServiceError(
            "MissingAuthenticationToken", "Missing Authentication Token", status_code=403
        )
    match = _HEADER.fullmatch(authorization.strip())
    if match is None:
        raise ServiceError(
            "IncompleteSignature",
            f"Authorization header is not a valid {_ALGORITHM} signature.",
            status_code=403,
        )
    if credentials is not None:
        if match["key"] != credentials.access_key_id:
            raise ServiceError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                status_code=403,
            )
        if not hmac.compare_digest(_signature(request, match, credentials), match["signature"]):
            raise ServiceError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
                " Check your AWS Secret Access Key and signing method.",
                status_code=403,
            )
    return match["key"]


def _signature(request: SignedRequest, match: re.Match[str], credentials: Credentials) -> str:
    scope = f"{match['date']}/{match['region']}/{match['service']}/aws4_request"
    canonical = _canonical_request(request, match["headers"].split(";"))
    to_sign = "\n".join(
        [
            _ALGORITHM,
            request.headers.get("x-amz-date", ""),
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _canonical_request(request: SignedRequest, signed_headers: list[str]) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(request.query, keep_blank_values=True)
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers
    )
    payload_hash = request.headers.get("x-amz-content-sha256", "")
    if payload_hash != "UNSIGNED-PAYLOAD":
        payload_hash = hashlib.sha256(request.body).hexdigest()
    return "\n".join(
        [
            request.method,
            # Every service but S3 encodes the path once more.
            quote(request.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            ";".join(signed_headers),
            payload_hash,
        ]
    )
