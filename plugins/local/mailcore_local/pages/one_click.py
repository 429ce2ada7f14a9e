"""
What a mail program does when somebody clicks on “Unsubscribe”: one POST, by RFC 8058.
"""

from __future__ import annotations

import time

from dataclasses import dataclass


TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 4_096

_BODY = b"List-Unsubscribe=One-Click"


@dataclass(frozen=True, kw_only=True)
class OneClickOutcome:
    """
    What came of a POST to the address of List-Unsubscribe.

    Attributes:
        url: The address that was posted to.
        is_fine: Whether it was answered with a status that says it was done.
        status: The status of the answer, or 0 where there is none.
        text: The beginning of the answer, or what went wrong.
        note: What the status means for a mail program.
        took_milliseconds: How long it took.
    """

    url: str
    is_fine: bool
    status: int
    text: str
    note: str
    took_milliseconds: int


def post_one_click(url: str) -> OneClickOutcome:
    """
    Post to an address as a mail program does: no cookies, no redirects followed.

    https://www.rfc-editor.org/rfc/rfc8058#section-3.2 (read 2026-11-30).

    Args:
        url: The address of List-Unsubscribe, http or https.
    """
    # Not before somebody clicks: the command is to start at once.
    import urllib3

    started = time.monotonic()
    status, text = 0, ""
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request(
                "POST",
                url,
                body=_BODY,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                timeout=TIMEOUT_SECONDS,
                redirect=False,
                preload_content=False,
            )
            status = answer.status
            text = answer.read(MAX_ANSWER_BYTES).decode("utf-8", "replace")
            answer.close()
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        text = f"{type(error).__name__}: {error}"[:500]
    is_fine = 200 <= status < 300
    return OneClickOutcome(
        url=url,
        is_fine=is_fine,
        status=status,
        text=text,
        note=_note(status),
        took_milliseconds=round((time.monotonic() - started) * 1000),
    )


def _note(status: int) -> str:
    if status == 0:
        return "No answer: a mail program shows that it failed, or nothing."
    if 300 <= status < 400:
        return "A redirect: mail programs do not follow it. Answer the POST itself."
    if status in (401, 403):
        return "It wants to know who asks: a mail program has no cookies, and no CSRF token."
    if status == 405:
        return "It takes no POST."
    if 200 <= status < 300:
        return "Done, with one click."
    return "It failed: the recipient will use the spam button next time."
