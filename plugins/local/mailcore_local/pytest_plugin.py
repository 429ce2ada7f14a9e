"""
The fixture ``local_mail``: a mailbox for one test; pytest finds it where this is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from mailcore_local.app import LocalMail


@pytest.fixture
def local_mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMail]:
    """
    A mailbox that gets what every mailer of the test sends, whatever provider it has.

    ``MAILCORE_REDIRECT`` names it while the test runs, for programs that the test starts too. Each
    test has its own, so that nothing is left of another one's.
    """
    # Not before a test asks for it: pytest loads this in every run.
    from mailcore.http import REDIRECT_VARIABLE
    from mailcore_local.app import LocalMail

    with LocalMail() as running:
        monkeypatch.setenv(REDIRECT_VARIABLE, running.url)
        yield running
