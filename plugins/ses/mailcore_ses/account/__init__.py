"""
The account behind a provider: ``provider.account``.

What AWS is asked, and how its answer is read, is a flow: in :mod:`~mailcore_ses.account.status`,
:mod:`~mailcore_ses.account.statistics`, :mod:`~mailcore_ses.account.identities` and
:mod:`~mailcore_ses.account.suppression`. :class:`SesAccount` runs them blocking,
:class:`AsyncSesAccount` in an event loop. :func:`~mailcore_ses.account.check.check` looks at
everything that sending depends on, and :class:`StatisticsStore` keeps daily figures longer than SES
does.
"""

from __future__ import annotations

from mailcore_ses.account.identities import Dkim, DnsRecord, Identity, IdentitySummary
from mailcore_ses.account.ses_account import AsyncSesAccount, SesAccount
from mailcore_ses.account.statistics import (
    DailyStatistics,
    SendCounts,
    SendDataPoint,
    SendStatistics,
)
from mailcore_ses.account.statistics_store import StatisticsStore
from mailcore_ses.account.status import AccountStatus, SendQuota
from mailcore_ses.account.suppression import SuppressedAddress


__all__ = [
    "AccountStatus",
    "AsyncSesAccount",
    "DailyStatistics",
    "Dkim",
    "DnsRecord",
    "Identity",
    "IdentitySummary",
    "SendCounts",
    "SendDataPoint",
    "SendQuota",
    "SendStatistics",
    "SesAccount",
    "StatisticsStore",
    "SuppressedAddress",
]
