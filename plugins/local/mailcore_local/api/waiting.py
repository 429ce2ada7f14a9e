"""
Waiting for a mail without holding up anybody.
"""

from __future__ import annotations

import asyncio

from mailcore_local.hub import Hub
from mailcore_local.mailbox import CapturedMail, Change, MailQuery


async def wait_for(hub: Hub, query: MailQuery, timeout_seconds: float) -> CapturedMail | None:
    """
    The last mail that fits, as soon as there is one.

    Returns:
        The mail; `None` if none came in time, or the server stops.
    """
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    deadline = loop.time() + timeout_seconds
    stopping = loop.create_task(hub.stopping.wait())

    def tell(_: Change) -> None:
        loop.call_soon_threadsafe(changed.set)

    try:
        with hub.mails.listening(tell):
            while not hub.stopping.is_set():
                mail = hub.mails.latest(query)
                left = deadline - loop.time()
                if mail is not None or left <= 0:
                    return mail
                waiting = loop.create_task(changed.wait())
                await asyncio.wait(
                    [waiting, stopping], timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                waiting.cancel()
                changed.clear()
    finally:
        stopping.cancel()
    return None
