"""Signing certificates: where they may come from, and their keys, fetched once."""

from __future__ import annotations

import re
import threading

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mailcore.errors import (
    ConfigurationError,
    SendError,
    UnexpectedResponse,
    WebhookError,
    WebhookRejected,
)
from mailcore.flow import Exchange, Flow, HttpRequest, HttpResponse
from mailcore_ses.sns.topic_arn import Topic


if TYPE_CHECKING:
    from mailcore_ses.sns.signature import SigningKey


T = TypeVar("T")

# SNS gives up on a delivery after 15 seconds.
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html (read 2026-11-21).
FETCH_TIMEOUT_SECONDS = 5.0
MAX_CERTIFICATE_BYTES = 64 * 1024
REFETCH_INTERVAL_SECONDS = 60.0
"""Between two fetches for one URL that forged messages can provoke."""
MAX_KEYS = 16
MAX_VAIN_FETCHES = 16
"""In a minute: fetches that found no certificate, or one that had not signed the message."""
VAIN_SECONDS = 60.0

_FILE_NAME = re.compile(r"/SimpleNotificationService-[0-9a-f]{32}\.pem", re.ASCII)
_BASE_URL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:/[\w.~-]+)*",
    re.ASCII | re.IGNORECASE,
)


def check_base_url(url: object) -> str:
    """
    A place that certificates may come from besides AWS, without a slash at its end.

    Raises:
        ConfigurationError: If it has other parts than scheme, host, port and path.
    """
    base = url.rstrip("/") if isinstance(url, str) else ""
    if not _BASE_URL.fullmatch(base) or "/." in base:
        raise ConfigurationError(
            "ses: each of certificate_base_urls must be a URL such as http://127.0.0.1:8005/path, "
            "without user, query and fragment"
        )
    return base


def is_certificate_url(url: str, topic: Topic, base_urls: tuple[str, ...]) -> bool:
    """
    Whether a URL may name the certificate of a topic's messages.

    The text is compared and never parsed, so no parser can be made to see another host in it:
    ``https://sns.<region of the topic>.<its partition's suffix>/SimpleNotificationService-<32 hex
    digits>.pem``, or such a file right below one of *base_urls*. This shuts out, among others,
    the hosts of an S3 bucket with the name ``sns``.
    """
    for base in (f"https://{topic.sns_host}", *base_urls):
        if url.startswith(base) and _FILE_NAME.fullmatch(url, len(base)):
            return True
    return False


class SigningKeys:
    """
    The public keys of certificates by URL: fetched on first use, the last ones kept.

    Only successes are kept, so a failure is tried again with the next message; threads that need
    the same key at once may each fetch it. Whoever forges messages can name ever new certificates,
    so after `MAX_VAIN_FETCHES` within a minute nothing is fetched: the answer is 503, for SNS to
    try again, because a genuine message may be among them. Keys that are known need no fetch.

    Args:
        clock: A function that returns seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, SigningKey] = {}
        self._refetched_at: dict[str, float] = {}
        self._vain_at: deque[float] = deque(maxlen=MAX_VAIN_FETCHES)

    def cached(self, url: str) -> SigningKey | None:
        """The key of a certificate that was fetched before."""
        return self._keys.get(url)

    def fetch(self, url: str) -> Flow[SigningKey]:
        """
        Fetch a certificate, whatever is cached.

        Raises:
            WebhookRejected: If there is none at the URL.
            WebhookError: With status 503, if that is for now unknown, or too many were asked for:
                SNS tries again after a 5xx and drops the message after a 4xx.
        """
        self._check_rate()
        request = HttpRequest(
            method="GET",
            url=url,
            timeout_seconds=FETCH_TIMEOUT_SECONDS,
            max_response_bytes=MAX_CERTIFICATE_BYTES,
        )
        try:
            response: HttpResponse = yield Exchange(request)
        except UnexpectedResponse as error:
            raise WebhookRejected("the signing certificate is too large") from error
        except SendError as error:
            raise WebhookError("cannot fetch the signing certificate", status_code=503) from error
        if response.status_code >= 500 or response.status_code == 429:
            reason = f"fetching the signing certificate was answered {response.status_code}"
            raise WebhookError(reason, status_code=503)
        if response.status_code != 200:
            # Redirects among them.
            self.fetched_in_vain()
            reason = f"there is no signing certificate at its URL ({response.status_code})"
            raise WebhookRejected(reason)
        if len(response.body) > MAX_CERTIFICATE_BYTES:
            raise WebhookRejected("the signing certificate is too large")
        # Loading cryptography takes longer than all the rest: only who receives needs it.
        from mailcore_ses.sns.signature import SigningKey

        key = SigningKey(response.body)
        with self._lock:
            _put_last(self._keys, url, key)
        return key

    def fetched_in_vain(self) -> None:
        """Count a fetch that proved nothing: that is what forged messages provoke."""
        with self._lock:
            self._vain_at.append(self._clock())

    def _check_rate(self) -> None:
        with self._lock:
            is_full = len(self._vain_at) == MAX_VAIN_FETCHES
            if is_full and 0 <= self._clock() - self._vain_at[0] < VAIN_SECONDS:
                reason = "too many signing certificates were fetched in vain within a minute"
                raise WebhookError(reason, status_code=503)

    def may_refetch(self, url: str) -> bool:
        """Whether a key that does not match may be fetched again; if so, that counts as done."""
        now = self._clock()
        with self._lock:
            last = self._refetched_at.get(url)
            if last is not None and now - last < REFETCH_INTERVAL_SECONDS:
                return False
            _put_last(self._refetched_at, url, now)
            return True


def _put_last(values: dict[str, T], url: str, value: T) -> None:
    values.pop(url, None)
    values[url] = value
    if len(values) > MAX_KEYS:
        del values[next(iter(values))]
