"""What answers of HTTP APIs tell beside the provider's own words: by status and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailcore.http.answers import Meaning, error_answer, seconds_until_reset


if TYPE_CHECKING:
    # Below flow, as mailcore.http.answers is.
    from mailcore.errors import SendError
    from mailcore.flow import HttpResponse


def unexplained_error(
    response: HttpResponse,
    meaning: Meaning,
    missing: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> SendError:
    """
    The exception for an answer that has no error of the provider's in it: a proxy's page, mostly.

    Args:
        response: The answer that is no success.
        meaning: What its status means, from :func:`mailcore.http.answers.meaning_of_status`.
        missing: What the answers of the provider's API have, and this one has not.
        headers: Header fields that say when to try again, as for
            :func:`mailcore.http.answers.error_answer`.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip()[:60]
    words = f"an answer without {missing}{f' ({kind})' if kind else ''}"
    return error_answer(response, meaning, words, headers=headers)


def headers_with_reset(response: HttpResponse, name: str = "x-ratelimit-reset") -> dict[str, str]:
    """
    The headers of an answer that says "too often", with the time to wait where others have it.

    Args:
        response: The answer; one that has a ``Retry-After`` keeps it.
        name: The header that says when the limit is reset, in lower case, as
            :func:`mailcore.http.answers.seconds_until_reset` reads it.
    """
    headers = dict(response.headers)
    reset = headers.get(name, "")
    seconds = seconds_until_reset(reset) if reset and "retry-after" not in headers else None
    if seconds is not None:
        headers["retry-after"] = f"{seconds:.3f}"
    return headers
