"""
Fixtures for pytest, there as soon as mailcore-django is installed, and silent until used.

::

    def test_sign_up_welcomes(client, mailcore_mail):
        client.post("/sign-up/", {"email": "ada@example.net"})

        mailcore_mail().assert_sent(count=1, to="ada@example.net", subject="Welcome")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from mailcore.testing import Outbox


@pytest.fixture
def mailcore_mail() -> Iterator[Callable[[], Outbox]]:
    """
    Mail of this test is checked as the provider of the settings would, and kept.

    See :mod:`mailcore_django.test`; the fixture is its function ``sent``, which returns what was
    sent so far. Django's messages are in ``mail.outbox``.
    """
    from mailcore_django.test import override_mailers, sent

    with override_mailers():
        yield sent
