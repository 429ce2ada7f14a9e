"""
Signatures of AWS, version 4, with HMAC: who asks, and that what is asked is whole.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read
2026-11-30). Of a service other than S3: its path is quoted twice, and there is no header with the
hash of the body. Tests hold each signature against botocore's.
"""

from __future__ import annotations

import functools
import hashlib
import hmac

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit


ALGORITHM = "AWS4-HMAC-SHA256"

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """
    Credentials at a moment.

    Args:
        access_key_id: The access key id.
        secret_access_key: The secret key that belongs to it.
        session_token: The token of temporary credentials.
    """

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Keys,
    region_name: str,
    service: str,
    now: datetime | None = None,
) -> dict[str, str]:
    """
    Sign a request.

    Args:
        method: The HTTP method in capitals.
        url: The absolute URL, quoted as it goes out.
        headers: The headers that are signed beside those that signing adds.
        body: The octets of the body.
        keys: The access keys that the call is signed with.
        region_name: The region of the endpoint, such as ``eu-west-1``.
        service: The name that the service has in signatures, such as ``ses``.
        now: The moment of signing; the present if None.

    Returns:
        The headers with ``X-Amz-Date``, ``X-Amz-Security-Token`` for temporary credentials, and
        ``Authorization``. Host is signed and not among them: whoever sends adds it.
    """
    stamp = (now or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "X-Amz-Date": stamp}
    if keys.session_token is not None:
        signed["X-Amz-Security-Token"] = keys.session_token
    host, path, query = _parts_of(url)
    named = {name.lower(): " ".join(value.split()) for name, value in signed.items()}
    named["host"] = host
    names = sorted(named)
    listed = ";".join(names)
    canonical = "\n".join(
        (
            method,
            path,
            query,
            *(f"{name}:{named[name]}" for name in names),
            "",
            listed,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{stamp[:8]}/{region_name}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
    key = _signing_key(keys.secret_access_key, stamp[:8], region_name, service)
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode()
    signature = hmac.digest(key, text, "sha256").hex()
    signed["Authorization"] = (
        f"{ALGORITHM} Credential={keys.access_key_id}/{scope}, "
        f"SignedHeaders={listed}, Signature={signature}"
    )
    return signed


def prepare() -> None:
    """
    Have OpenSSL load what a signature needs.

    It does so at the first use, and holds locks meanwhile: a process that forks while a thread
    signs for the first time would leave them held in its child, which then waits for ever.
    """
    hmac.digest(b"", hashlib.sha256(b"").digest(), "sha256")


@functools.lru_cache(maxsize=32)
def _parts_of(url: str) -> tuple[str, str, str]:
    """The host, the path and the query of a URL, as they are signed."""
    parts = urlsplit(url)
    query = "&".join(f"{name}={value}" for name, value in _pairs(parts.query))
    return _host(url), _canonical_path(parts.path), query


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return host


def _canonical_path(path: str) -> str:
    """Without dot segments and doubled slashes, and quoted once more (RFC 3986, section 5.2.4)."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    plain = "/" + "/".join(segments)
    if segments and path.endswith("/"):
        plain += "/"
    return quote(plain)


def _pairs(query: str) -> list[tuple[str, str]]:
    found = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        found.append((name, value))
    return sorted(found)


@functools.lru_cache(maxsize=32)
def _signing_key(secret: str, date: str, region_name: str, service: str) -> bytes:
    """The key of a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for word in (date, region_name, service, "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    return key
