"""
Received mail that a service keeps, asked for piece by piece.

For the `fetch_inbound()` of services with an HTTP API: what goes wrong is a
:class:`~mailcore.errors.FetchError` that says whether asking again may help, and what is fetched
together stays below a limit.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.errors import FetchError, NetworkError, SendError, SendTimeout, UnexpectedResponse
from mailcore.flow import Exchange, Flow, HttpRequest, HttpResponse
from mailcore.foundation.redaction import redact
from mailcore.http.answers import json_or_none, retry_after_seconds


_CATEGORIES = {401: "access_denied", 403: "access_denied", 404: "not_found"}


class PieceFetcher:
    """
    Asks for the pieces of one mail, and counts what came.

    Args:
        provider: The name of the provider, for errors.
        headers: What every request has, such as the key; secrets.
        timeout_seconds: How many seconds each request may take.
        max_bytes: How large all pieces together may be.
    """

    def __init__(
        self,
        *,
        provider: str,
        headers: Mapping[str, str],
        timeout_seconds: float,
        max_bytes: int,
    ) -> None:
        self._provider = provider
        self._headers = headers
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self.bytes_left = max_bytes
        """How much more may come."""

    def count(self, size: int) -> None:
        """
        Count bytes of the mail.

        Args:
            size: How many came.

        Raises:
            FetchError: If they are too many.
        """
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise self._too_large()

    def get(self, url: str, *, accept: str, max_bytes: int | None = None) -> Flow[HttpResponse]:
        """
        Ask for a piece.

        Args:
            url: The absolute URL of the piece: one that the service's own API has, for the key
                goes there.
            accept: The media type that is wanted.
            max_bytes: A larger answer is not read; what is left if None.

        Returns:
            The answer, with status 200; its size is not counted yet.

        Raises:
            FetchError: If there is none.
        """
        most = max(self.bytes_left, 1) if max_bytes is None else max_bytes
        request = HttpRequest(
            method="GET",
            url=url,
            headers={"Accept": accept, **self._headers},
            timeout_seconds=self._timeout_seconds,
            max_response_bytes=most,
        )
        try:
            response: HttpResponse = yield Exchange(request)
        except UnexpectedResponse as error:
            # The transport raises no other: what it reads is larger than the request allows.
            raise self._too_large() from error
        except SendError as error:
            # Asking again does no harm, whether or not the request had arrived.
            is_network = isinstance(error, (NetworkError, SendTimeout))
            raise FetchError(
                str(error.args[0] if error.args else "no answer"),
                provider=self._provider,
                category="network" if is_network else error.category,
                retryable=error.retryable or error.maybe_accepted,
                raw=error.raw,
            ) from error
        if response.status_code != 200:
            raise self._refused(response)
        return response

    def _too_large(self) -> FetchError:
        return FetchError(
            f"the mail is larger than {self._max_bytes} bytes",
            provider=self._provider,
            category="too_large",
        )

    def _refused(self, response: HttpResponse) -> FetchError:
        status = response.status_code
        answer = json_or_none(response)
        said = str(answer.get("message") or "") if isinstance(answer, dict) else ""
        words = redact(" ".join(said.split()))[:300] or "no message"
        waits = retry_after_seconds(response.headers)
        hint = f" (wait {waits:.0f} seconds)" if waits is not None else ""
        return FetchError(
            f"{status}: {words}{hint}",
            provider=self._provider,
            category=_CATEGORIES.get(status, "failed"),
            retryable=status >= 500 or status in (408, 429),
            status_code=status,
            raw=response,
        )
