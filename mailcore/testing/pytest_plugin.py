"""
Fixtures for pytest, there as soon as mailcore is installed, and silent until used.

::

    def test_sign_up_welcomes(mailcore_outbox):
        sign_up("ada@example.net")

        mailcore_outbox.assert_sent(count=1, to="ada@example.net", subject="Welcome")

To keep the mail of every test in a folder, put into its ``conftest.py``::

    @pytest.fixture(autouse=True)
    def no_mail_leaves(mailcore_outbox):
        return mailcore_outbox
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from mailcore.testing.outbox import Outbox


@pytest.fixture
def mailcore_outbox() -> Iterator[Outbox]:
    """
    Messages sent by this test: every mailer of the default registry keeps them in this outbox.

    The provider's checks and its payload builder run as in production; nothing reaches a network.
    See ``mailcore.testing.capture``.
    """
    from mailcore.testing.capturing import capture

    with capture() as outbox:
        yield outbox
